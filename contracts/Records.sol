// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "./interfaces/IMarket.sol";
import {IRecords} from "./interfaces/IRecords.sol";
import {ISupply} from "./interfaces/ISupply.sol";
import {Auctions} from "./Auctions.sol";
import {Supply} from "./Supply.sol";
import {Verification} from "./Verification.sol";
import {ON_PROOF} from "./types/Ask.sol";
import {LANE} from "./types/Lane.sol";
import {DRILLS, LedgerSlot, OfferSlot} from "./types/Prover.sol";
import {Request} from "./types/Request.sol";
import {BPS, StateSlot, Status} from "./types/State.sol";

/// What a prover has shown that it can do: the awards it kept, and those that others order to see whether it does. The annex, which has no room for this
/// code, places it, and runs it in the storage of the market.
contract Records is IRecords, Auctions, Verification {
    /// What a kept award costs to have recorded, of its price: a record that a prover buys from itself is bought at this price.
    uint256 private constant RECORD_BPS = 100;

    constructor(address stakeToken_) Supply(stakeToken_) {}

    /* EXTERNAL */

    /// @inheritdoc IRecords
    function record(Request[] calldata requests) external nonReentrant {
        require(requests.length != 0, IMarket.EmptyBatch());
        uint24 number = _ledger(msg.sender).id();
        require(number != 0, ISupply.NotAProver(msg.sender));
        for (uint256 i; i < requests.length; ++i) {
            Case memory c = _case(requests[i]);
            Status status = c.state.status();
            if (status != Status.Fulfilled) revert IMarket.WrongStatus(c.id, status, Status.Fulfilled);
            if (c.state.prover() != number) revert IMarket.WrongProver(c.id, msg.sender);
            _configure(c);
            // In an open stage the prover is the last one that failed, and what stands for the bond is how many proofs there were.
            bool kept = c.state.bondBps() != 0 && c.config.flags() & ON_PROOF == 0;
            require(kept, ISupply.NothingToRecord(c.id));
            uint256 price = c.state.price();
            c.state = c.state.recorded();
            _storeState(c);
            uint256 fee = (price * RECORD_BPS + BPS - 1) / BPS;
            _debit(c.request.token(), msg.sender, fee);
            _credit(c.request.token(), BURNED, fee);
            _keep(msg.sender, c.request, price);
            emit ISupply.Recorded(c.id, msg.sender, fee);
        }
    }

    /// @inheritdoc IRecords
    function drill(Request calldata request, address prover, bytes calldata input, bytes calldata proof)
        external
        nonReentrant
    {
        require(msg.sender == request.requester, IMarket.NotRequester(msg.sender, request.requester));
        require(request.instance < LANE, IMarket.FieldOutOfRange("instance", request.instance, 1, LANE - 1));
        Case memory c = _case(request);
        _enter(c, input, msg.data[:0]);
        // A rule that keeps words would not know of this award.
        uint256 words = uint256(c.config.words()) + c.config.shared();
        require(words == 0, IMarket.FieldOutOfRange("words", words, 0, 0));
        // Nobody is drilled with what cannot be proven.
        _requireNone(_unverified(c, msg.sender, proof));
        _order(c, prover);
        _storeState(c);
    }

    /// Nothing is signed for this code.
    function eip712Domain()
        public
        pure
        override
        returns (bytes1, string memory, string memory, uint256, address, bytes32, uint256[] memory)
    {
        revert();
    }

    /* PRIVATE */

    /// Takes a prover up on its offer.
    function _order(Case memory c, address prover) private {
        LedgerSlot ledger = _ledger(prover);
        require(ledger.flags() & DRILLS != 0, ISupply.NoDrills(prover));
        _requireServes(prover, ledger, c.config.mechanism(), c.request.verifier());
        OfferSlot offer = _offer(prover, c.request.token());
        (StateSlot terms, uint256 bond) = _terms(c.request, c.request.maxPrice(), 0, 0);
        Consent memory none;
        (bytes memory why, uint256 number) = _bind(c, prover, offer, terms, bond, none);
        _requireNone(why);
        emit ISupply.Drilled(c.id, prover);
        _grant(c, prover, terms, number, msg.sender);
    }
}
