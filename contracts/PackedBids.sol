// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bids} from "./Bids.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {IRequests} from "./interfaces/IRequests.sol";
import {Memory} from "./libraries/Memory.sol";
import {Cause} from "./types/Ask.sol";
import {OrderRef, proverIn} from "./types/OrderRef.sol";
import {LedgerSlot} from "./types/Prover.sol";
import {saleTo} from "./types/ReplyRef.sol";
import {RequestRef, unpack} from "./types/RequestRef.sol";
import {BPS, StateSlot} from "./types/State.sol";

/// How bids are brought in the packed form, for the least gas: the commonest answer to them is done without detours.
abstract contract PackedBids is IRequests, Bids {
    /// Sizes of the structs in memory, a word a field.
    uint256 private constant CASE_SIZE = 0xc0;
    uint256 private constant TURN_SIZE = 0x100;

    /* EXTERNAL */

    /// @inheritdoc IRequests
    function bidBatch(bytes calldata orders) external nonReentrant {
        require(orders.length != 0, IMarket.EmptyBatch());
        (
            function(uint256) internal pure returns (Case memory) caseAt,
            function(uint256) internal pure returns (Turn memory) turnAt
        ) = _at();
        Case memory c = caseAt(Memory.room(CASE_SIZE));
        Turn memory turn = turnAt(Memory.room(TURN_SIZE));
        c.caller = msg.sender;
        (turn.cause, turn.bids) = (Cause.Bid, true);
        uint256 mark = Memory.mark();
        uint256 at;
        uint256 last;
        assembly ("memory-safe") {
            at := orders.offset
            last := add(at, orders.length)
        }
        while (at < last) {
            uint64 edition = c.edition;
            at = _bidPacked(c, turn, at, last);
            if (edition == c.edition) Memory.release(mark);
            else mark = Memory.mark();
        }
    }

    /* INTERNAL */

    function _heed(Case memory c, Turn memory turn, bytes memory result) internal override {
        if (!_sold(c, turn, result)) super._heed(c, turn, result);
    }

    /* PRIVATE */

    /// What is at a place in memory, as a case and as a turn. The compiler would clear either field by field before it looks; so it
    /// sees a function that returns what it is given, under another type.
    function _at()
        private
        pure
        returns (
            function(uint256) internal pure returns (Case memory) caseAt,
            function(uint256) internal pure returns (Turn memory) turnAt
        )
    {
        function(uint256) internal pure returns (uint256) same = _same;
        assembly ("memory-safe") {
            caseAt := same
            turnAt := same
        }
    }

    function _same(uint256 place) private pure returns (uint256) {
        return place;
    }

    /// Brings the order that is packed at `at` in calldata; returns where the next one would begin, which is not behind `last`.
    function _bidPacked(Case memory c, Turn memory turn, uint256 at, uint256 last) private returns (uint256) {
        (RequestRef request, uint256 rest) = unpack(at);
        OrderRef order = OrderRef.wrap(rest);
        (
            bytes calldata requesterSignature,
            bytes calldata signature,
            bytes calldata data,
            bytes calldata input,
            uint256 next
        ) = order.parts();
        unchecked {
            if (next > last) revert IMarket.TruncatedOrder(last - at, next - at);
        }
        (turn.price, turn.maxBond, turn.validUntil) = order.terms();
        if (signature.length == 0) {
            turn.actor = msg.sender;
        } else {
            if (signature.length < 20) revert IMarket.TruncatedOrder(signature.length, 20);
            (turn.actor, signature) = proverIn(signature);
        }
        _take(c, request);
        _bid(c, turn, data, input, requesterSignature, signature);
        return next;
    }

    /// Does the commonest of answers without the detours of the others: a sale to the bidder, of a request without deposits, by a
    /// rule without words. False, and nothing done, if the answer is another.
    function _sold(Case memory c, Turn memory turn, bytes memory result) private returns (bool sold) {
        if (c.state.holds() != 0 || c.config.keepsWords()) return false;
        address prover = turn.actor;
        uint256 price;
        (sold, price) = saleTo(result, prover);
        if (!sold) return false;
        RequestRef request = c.request;
        (StateSlot terms, uint256 bond) = _terms(request, price, 0, BPS);
        _requireConsent(turn, price, bond);
        bytes memory why;
        LedgerSlot ledger;
        unchecked {
            // A due time is after now.
            why = _refuses(prover, turn.offer, request, price, bond, terms.time() - block.timestamp);
        }
        // Nothing has touched the ledger since it was read.
        if (why.length == 0) (why, ledger) = _engage(prover, turn.ledger, bond, false);
        if (why.length != 0) _requireNone(why);
        _store(prover, ledger);
        _grant(c, prover, terms, ledger.id(), request.requester());
    }
}
