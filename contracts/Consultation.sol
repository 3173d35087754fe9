// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "./interfaces/IMarket.sol";
import {BlockHashLib} from "solady/utils/BlockHashLib.sol";

import {Requests} from "./Requests.sol";
import {ForeignCall} from "./libraries/ForeignCall.sol";
import {Question} from "./libraries/Question.sol";
import {Cause, DRAWS, MoveKind} from "./types/Ask.sol";
import {ConfigRef} from "./types/ConfigRef.sol";
import {LedgerSlot, OfferSlot, Ticket} from "./types/Prover.sol";
import {MoveRef, ReplyRef, refTo} from "./types/ReplyRef.sol";

/// How mechanisms are asked, and what the market keeps for them from one question to the next: words, beacons, tickets.
abstract contract Consultation is Requests {
    using Question for bytes;

    /// The event a mechanism is asked about.
    struct Turn {
        Cause cause;
        /// Whom it is about, or nobody; what it declared, as of now.
        address actor;
        LedgerSlot ledger;
        OfferSlot offer;
        /// The actor bids: it accepts no less than `price`, puts at most `maxBond` at risk, and stands by that until `validUntil`.
        bool bids;
        uint256 price;
        uint256 maxBond;
        uint256 validUntil;
    }

    /// Longest answer of a mechanism.
    uint256 private constant MAX_ANSWER = 16_384;
    /// Furthest beacon, in blocks.
    uint256 private constant MAX_DRAW = 64;

    /* STORAGE */

    /// On requests, by their ids, and on instances, by their numbers.
    mapping(bytes32 id => mapping(address prover => Ticket)) internal _tickets;
    /// Each rung has words of its own, so that climbing need not clear them.
    mapping(bytes32 id => mapping(uint256 rung => bytes32[8])) internal _words;
    mapping(uint32 instance => bytes32[8]) internal _shared;
    mapping(bytes32 id => uint64 blockNumber) private _beacons;

    /* INTERNAL */

    function _turn(Case memory c, Cause cause, address actor) internal view returns (Turn memory turn) {
        turn.cause = cause;
        if (actor == address(0)) return turn;
        turn.actor = actor;
        _look(c, turn);
    }

    /// Reads what the actor has declared.
    function _look(Case memory c, Turn memory turn) internal view {
        address actor = turn.actor;
        turn.ledger = _ledger(actor);
        turn.offer = _offer(actor, c.request.token());
    }

    /// What the mechanism says, not looked at yet.
    function _ask(Case memory c, Turn memory turn, bytes calldata data) internal view returns (bytes memory result) {
        ConfigRef config = c.config;
        address mechanism = config.mechanism();
        (bytes32 have, bytes32 want) = (mechanism.codehash, config.codehash());
        require(have == want, IMarket.CodeChanged(mechanism, have, want));
        bool ok;
        (ok, result) = ForeignCall.ask(mechanism, config.gas(), _question(c, turn, data), MAX_ANSWER);
        require(ok, IMarket.MechanismFailed(mechanism, result));
    }

    /// The answer that `result` has to be.
    function _read(Case memory c, bytes memory result) internal pure returns (ReplyRef reply) {
        ConfigRef config = c.config;
        bool ok;
        (ok, reply) = refTo(result);
        if (!ok) revert IMarket.MalformedAnswer(config.mechanism(), result.length);
        (uint256 words, uint256 most) = (reply.words().length, config.words());
        require(words == most, IMarket.TooMuch("words", words, most));
        (words, most) = (reply.shared().length, config.shared());
        require(words == most, IMarket.TooMuch("shared", words, most));
    }

    /// Keeps the words of an answer.
    function _note(Case memory c, ReplyRef reply) internal {
        bytes32[] memory words = reply.words();
        // What is about the instance itself keeps no words of a request.
        if (words.length != 0 && !c.state.isNew() && _write(_words[c.id][c.state.rung()], words)) {
            emit IMarket.Noted(c.id, words);
        }
        words = reply.shared();
        if (words.length == 0) return;
        uint32 instance = c.state.instance();
        if (_write(_shared[instance], words)) emit IMarket.NotedInstance(instance, words);
    }

    function _draw(Case memory c, MoveRef move) internal {
        bool draws = c.config.flags() & DRAWS != 0;
        uint256 distance = move.amount();
        require(draws, IMarket.MoveRefused(MoveKind.Draw, move.prover(), "flag"));
        require(0 < distance && distance <= MAX_DRAW, IMarket.FieldOutOfRange("draw", distance, 1, MAX_DRAW));
        uint64 drawn = uint64(block.number + distance);
        _beacons[c.id] = drawn;
        emit IMarket.BeaconFixed(c.id, drawn);
    }

    /// The deposit of `prover`. A request without deposits has no tickets, and none is looked up.
    function _held(Case memory c, address prover) internal view returns (uint80) {
        return c.state.holds() == 0 ? 0 : _tickets[c.id][prover].amount;
    }

    /// The deposit of `prover` on the instance. Only instances that keep words have any.
    function _seated(Case memory c, address prover) internal view returns (uint80) {
        return c.config.shared() == 0 ? 0 : _tickets[_placeOf(c)][prover].amount;
    }

    /// The key of tickets on the instance.
    function _placeOf(Case memory c) internal pure returns (bytes32) {
        return bytes32(uint256(c.state.instance()));
    }

    /* PRIVATE */

    function _question(Case memory c, Turn memory turn, bytes calldata data)
        private
        view
        returns (bytes memory question)
    {
        ConfigRef config = c.config;
        question = Question.blank(config, data);
        question.setEvent(turn.cause, turn.price);
        question.setRequest(c.id, c.request, c.state, config.flags() & DRAWS == 0 ? bytes32(0) : _beacon(c.id));
        address actor = turn.actor;
        if (actor == address(0)) {
            question.setNobody();
        } else {
            (uint256 held, uint256 tag) = c.state.holds() == 0 ? (0, 0) : _ticket(c.id, actor);
            if (held == 0 && config.shared() != 0) (held, tag) = _ticket(_placeOf(c), actor);
            question.setActor(actor, turn.ledger, turn.offer.throughput(), held, tag);
        }
        if (config.words() != 0) question.setWords(_words[c.id][c.state.rung()]);
        if (config.shared() != 0) question.setShared(_shared[c.state.instance()]);
    }

    function _ticket(bytes32 place, address prover) private view returns (uint256 held, uint256 tag) {
        Ticket storage ticket = _tickets[place][prover];
        return (ticket.amount, ticket.tag);
    }

    function _write(bytes32[8] storage to, bytes32[] memory words) private returns (bool changed) {
        for (uint256 i; i < words.length; ++i) {
            if (to[i] == words[i]) continue;
            to[i] = words[i];
            changed = true;
        }
    }

    function _beacon(bytes32 id) private view returns (bytes32) {
        uint64 drawn = _beacons[id];
        return drawn == 0 || drawn >= block.number ? bytes32(0) : BlockHashLib.blockHash(drawn);
    }
}
