// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Answer, Ask, Cause, INSTANCE, Move, MoveKind, SEATS, Shape} from "../../contracts/types/Ask.sol";
import {Ticket} from "../../contracts/types/Prover.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";

/// Drives one request through a mechanism's `step`, and its instance; keeps words, tickets and status as the market does.
abstract contract Harness is Test {
    uint40 internal constant START = 1_800_000_000;
    uint88 internal constant MAX_PRICE = 1 ether;
    uint80 internal constant FREE = 100 ether;

    IMechanism internal mechanism;
    bytes internal params;
    Request internal request;
    bytes32 internal id = keccak256("request");

    Status internal status;
    uint8 internal holds;
    uint40 internal openedAt;
    bytes32[] internal words;
    bytes32[] internal shared;
    mapping(address prover => Ticket) internal tickets;
    /// On the instance.
    mapping(address prover => Ticket) internal seats;

    address internal winner;
    uint88 internal paid;
    uint40 internal wake;
    /// Proofs accepted, what was paid for them, and the distance of the last beacon asked for.
    uint256 internal proofs;
    mapping(address prover => uint256) internal rewards;
    uint256 internal spent;
    uint256 internal drawn;
    bytes32 internal beacon;
    address[] internal released;
    address[] internal forfeited;

    Shape private _shape;

    function _open(IMechanism mechanism_, bytes memory params_) internal {
        mechanism = mechanism_;
        params = params_;
        _shape = mechanism_.check(params_);
        words = new bytes32[](_shape.words);
        shared = new bytes32[](_shape.shared);
        request.requester = address(this);
        request.instance = 1;
        request.maxPrice = MAX_PRICE;
        request.bond = 1 ether;
        request.work = 1_000_000;
        request.deadline = START + 100_000;
        request.window = 1_000;
        openedAt = START;
        status = Status.Open;
        vm.warp(START);
    }

    function _bid(address prover, uint88 price, bytes memory data) internal returns (Answer memory) {
        return _apply(_bidding(prover, price, data));
    }

    function _tick() internal returns (Answer memory) {
        return _tickAbout(address(0));
    }

    function _tickAbout(address about) internal returns (Answer memory) {
        return _apply(_ticking(about));
    }

    /// The award runs out without a proof, now; as `expire` does.
    function _fail() internal returns (Answer memory) {
        assertEq(uint8(status), uint8(Status.Awarded));
        status = Status.Open;
        openedAt = uint40(block.timestamp);
        Ask memory ask = _ask(Cause.Failed, winner);
        winner = address(0);
        paid = 0;
        return _apply(ask);
    }

    /// The request enters without a bid.
    function _enter() internal returns (Answer memory) {
        return _apply(_ask(Cause.Opened, address(0)));
    }

    /// A valid proof of `prover`, while no award stands.
    function _prove(address prover, bytes32 proofHash, bytes memory data) internal returns (Answer memory) {
        Ask memory ask = _ask(Cause.Proof, prover);
        ask.data = bytes.concat(proofHash, data);
        ++proofs;
        return _apply(ask);
    }

    function _bidInstance(address prover, uint88 price, bytes memory data) internal returns (Answer memory) {
        Ask memory ask = _aboutInstance(Cause.Bid, prover);
        ask.price = price;
        ask.data = data;
        return _apply(ask);
    }

    function _tickInstance(address about, bytes memory data) internal returns (Answer memory) {
        Ask memory ask = _aboutInstance(Cause.Tick, about);
        ask.data = data;
        return _apply(ask);
    }

    /// A question about the instance itself.
    function _aboutInstance(Cause cause, address actor) internal view returns (Ask memory ask) {
        ask = _ask(cause, actor);
        Request memory blank;
        (blank.requester, blank.instance, blank.version) = (request.requester, request.instance, 1);
        (ask.id, ask.status, ask.request) = (bytes32(uint256(request.instance)), Status.None, blank);
        (ask.holds, ask.openedAt, ask.beacon) = (0, 0, 0);
        ask.words = new bytes32[](words.length);
        if (actor == address(0)) return ask;
        (ask.actor.held, ask.actor.tag) = (seats[actor].amount, seats[actor].tag);
    }

    function _bidding(address prover, uint88 price, bytes memory data) internal view returns (Ask memory ask) {
        ask = _ask(Cause.Bid, prover);
        ask.price = price;
        ask.data = data;
    }

    function _ticking(address about) internal view returns (Ask memory) {
        return _ask(Cause.Tick, about);
    }

    function _ask(Cause cause, address actor) internal view returns (Ask memory ask) {
        ask.cause = cause;
        ask.id = id;
        ask.status = status;
        ask.request = request;
        ask.holds = holds;
        ask.openedAt = openedAt;
        ask.time = uint40(block.timestamp);
        (ask.blockNumber, ask.baseFee) = (uint64(block.number), uint64(block.basefee));
        ask.beacon = beacon;
        ask.params = params;
        ask.words = words;
        ask.shared = shared;
        if (actor == address(0)) return ask;
        ask.actor.prover = actor;
        Ticket memory ticket = tickets[actor];
        if (ticket.amount == 0 && shared.length != 0) ticket = seats[actor];
        (ask.actor.held, ask.actor.tag) = (ticket.amount, ticket.tag);
        ask.actor.free = FREE - tickets[actor].amount - seats[actor].amount;
    }

    /// That the mechanism says no, in these words.
    function _assertRefuses(Ask memory ask, bytes memory why) internal {
        vm.expectRevert(why);
        mechanism.step(ask);
    }

    /// What the market pays for the mechanism's own work on `ask`.
    function _gasOf(Ask memory ask) internal view returns (uint256 used) {
        address target = address(mechanism);
        bytes memory question = abi.encodeCall(IMechanism.step, (ask));
        // Only a warm account: the first touch is the market's `EXTCODEHASH`.
        uint256 size = target.code.length;
        bool ok;
        assembly ("memory-safe") {
            size := gas()
            ok := staticcall(gas(), target, add(question, 0x20), mload(question), 0, 0)
            used := sub(size, gas())
        }
        assertTrue(ok);
    }

    function _apply(Ask memory ask) internal returns (Answer memory answer) {
        answer = mechanism.step(ask);
        assertEq(answer.words.length, words.length, "words");
        assertEq(answer.shared.length, shared.length, "shared");
        if (ask.id == id) words = answer.words;
        shared = answer.shared;
        wake = answer.wake;
        for (uint256 i; i < answer.moves.length; ++i) {
            _do(ask, answer.moves[i]);
        }
    }

    /// What a move about another request than the one driven here does.
    function _doAbout(Move memory) internal virtual {
        revert("no other requests");
    }

    function _do(Ask memory ask, Move memory move) private {
        if (move.subject == INSTANCE) return _doOnInstance(ask, move);
        if (move.subject != 0) return _doAbout(move);
        address prover = move.prover;
        if (ask.status != Status.Open) {
            assertEq(prover, ask.actor.prover, "only the actor's ticket is in question");
            assertTrue(move.kind == MoveKind.Release || move.kind == MoveKind.Forfeit, "only a ticket is");
        }
        if (move.kind == MoveKind.Hold) {
            assertTrue(ask.cause == Cause.Bid && prover == ask.actor.prover, "hold without consent");
            assertLe(move.amount, FREE, "hold beyond the stake");
            if (tickets[prover].amount == 0) ++holds;
            tickets[prover] = Ticket(uint80(move.amount), move.tag);
        } else if (move.kind == MoveKind.Release) {
            _tear(prover);
            released.push(prover);
        } else if (move.kind == MoveKind.Forfeit) {
            _tear(prover);
            forfeited.push(prover);
        } else if (move.kind == MoveKind.Award) {
            _award(ask, move);
        } else if (move.kind == MoveKind.Draw) {
            assertTrue(0 < move.amount && move.amount <= 64, "draw");
            (drawn, beacon) = (block.number + move.amount, 0);
        } else if (move.kind == MoveKind.Reward) {
            assertGt(proofs, 0, "reward without a proof");
            spent += move.amount;
            rewards[prover] += move.amount;
            assertLe(spent, request.maxPrice, "rewards above the price");
        } else {
            assertTrue(move.kind == MoveKind.Close, "unknown move");
            if (proofs == 0) assertEq(holds, 0, "deposits stand");
            status = proofs == 0 ? Status.Closed : Status.Fulfilled;
        }
    }

    function _doOnInstance(Ask memory ask, Move memory move) private {
        address prover = move.prover;
        if (move.kind == MoveKind.Hold) {
            assertTrue(ask.cause == Cause.Bid && prover == ask.actor.prover, "hold without consent");
            assertLe(move.amount, FREE, "hold beyond the stake");
            seats[prover] = Ticket(uint80(move.amount), move.tag);
            return;
        }
        assertNotEq(seats[prover].amount, 0, "no ticket on the instance");
        if (move.kind == MoveKind.Release) {
            delete seats[prover];
            released.push(prover);
            return;
        }
        assertTrue(move.kind == MoveKind.Forfeit, "a move that is not about a ticket");
        forfeited.push(prover);
        if (move.amount == 0 || move.amount >= seats[prover].amount) delete seats[prover];
        else seats[prover].amount -= uint80(move.amount);
    }

    function _award(Ask memory ask, Move memory move) private {
        address prover = move.prover;
        bool bids = ask.cause == Cause.Bid && prover == ask.actor.prover;
        bool seated = seats[prover].amount != 0;
        assertTrue(bids || tickets[prover].amount != 0 || seated, "award without consent");
        assertEq(proofs, 0, "award after a proof");
        assertLe(move.amount, request.maxPrice, "award above the price");
        assertLt(block.timestamp, request.deadline, "award after the deadline");
        if (tickets[prover].amount != 0) _tear(prover);
        else if (seated && !bids && _shape.flags & SEATS == 0) delete seats[prover];
        (status, winner, paid) = (Status.Awarded, prover, move.amount);
    }

    function _tear(address prover) private {
        assertNotEq(tickets[prover].amount, 0, "no ticket");
        delete tickets[prover];
        --holds;
    }
}
