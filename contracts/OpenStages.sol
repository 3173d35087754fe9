// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "./interfaces/IMarket.sol";
import {Auctions} from "./Auctions.sol";
import {Verification} from "./Verification.sol";
import {IAnnex} from "./interfaces/IAnnex.sol";
import {Cause, ON_PROOF} from "./types/Ask.sol";
import {LedgerSlot} from "./types/Prover.sol";
import {Request} from "./types/Request.sol";

/// How requests are proven that nobody has been awarded.
abstract contract OpenStages is IAnnex, Auctions, Verification {
    /* EXTERNAL */

    /// @inheritdoc IAnnex
    function prove(Request calldata request, address prover, bytes calldata proof, bytes calldata data)
        external
        nonReentrant
    {
        Case memory c = _case(request);
        _requireOpen(c);
        uint256 deadline = c.request.deadline();
        require(block.timestamp < deadline, IMarket.DeadlinePassed(block.timestamp, deadline));
        _configure(c);
        require(c.config.flags() & ON_PROOF != 0, IMarket.NoOpenStage(c.id, c.state.instance()));
        (bytes32 have, bytes32 want) = (data.length < 32 ? bytes32(0) : bytes32(data[:32]), keccak256(proof));
        require(have == want, IMarket.WrongProofHash(have, want));
        _requireNone(_unverified(c, prover, proof));

        bool first = c.state.proofs() == 0;
        c.state = c.state.prove();
        LedgerSlot ledger = _ledger(prover);
        if (ledger.id() != 0) _store(prover, ledger.keep());
        emit IMarket.Proven(c.id, prover, proof);
        _consult(c, _turn(c, Cause.Proof, prover), data);
        _storeState(c);
        if (first) _callBack(c, proof);
    }
}
