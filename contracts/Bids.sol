// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Auctions} from "./Auctions.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {bidHash} from "./types/Bid.sol";

/// How a bid is brought.
abstract contract Bids is Auctions {
    /* INTERNAL */

    /// Brings the bid that `turn` holds the terms of.
    function _bid(
        Case memory c,
        Turn memory turn,
        bytes calldata data,
        bytes calldata input,
        bytes calldata requesterSignature,
        bytes calldata proverSignature
    ) internal {
        address prover = turn.actor;
        require(block.timestamp <= turn.validUntil, IMarket.BidExpired(block.timestamp, turn.validUntil));
        bool enters = c.state.isNew();
        if (!enters) {
            _requireOpen(c);
            uint256 deadline = c.request.deadline();
            require(block.timestamp < deadline, IMarket.DeadlinePassed(block.timestamp, deadline));
        }
        if (msg.sender != prover) _requireSignature(prover, _bidDigest(c, turn, data), proverSignature);
        if (enters) _enter(c, input, requesterSignature);
        else _configure(c);
        _look(c, turn);
        // Who holds a ticket was taken on already: a prover that drains since can still reveal.
        if (c.state.holds() == 0 || _held(c, prover) == 0) {
            _requireServes(prover, turn.ledger, c.config.mechanism(), c.request.verifier());
            if (_onLane(c.request)) _requireFit(c.request, prover, turn.ledger);
        }
        _heed(c, turn, _ask(c, turn, data));
        _storeState(c);
    }

    /// Does what the mechanism says to a bid.
    function _heed(Case memory c, Turn memory turn, bytes memory result) internal virtual {
        _follow(c, turn, _read(c, result));
    }

    /* PRIVATE */

    function _bidDigest(Case memory c, Turn memory turn, bytes calldata data) private view returns (bytes32) {
        uint256 reopenedAt = c.state.reopenedAt();
        return _hashTypedData(bidHash(c.id, reopenedAt, turn.actor, turn.price, turn.maxBond, turn.validUntil, data));
    }
}
