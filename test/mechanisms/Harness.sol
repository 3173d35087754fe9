// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Answer, Ask, Cause, Move, MoveKind} from "../../contracts/types/Ask.sol";
import {Ticket} from "../../contracts/types/Prover.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";

/// Drives one request through a mechanism's `step`, and keeps its words, tickets and status as the market does.
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
    mapping(address prover => Ticket) internal tickets;

    address internal winner;
    uint88 internal paid;
    uint40 internal wake;
    address[] internal released;
    address[] internal forfeited;

    function _open(IMechanism mechanism_, bytes memory params_) internal {
        mechanism = mechanism_;
        params = params_;
        words = new bytes32[](mechanism_.check(params_).words);
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
        ask.params = params;
        ask.words = words;
        if (actor == address(0)) return ask;
        ask.actor.prover = actor;
        ask.actor.held = tickets[actor].amount;
        ask.actor.tag = tickets[actor].tag;
        ask.actor.free = FREE - ask.actor.held;
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
        assertEq(answer.shared.length, 0, "shared");
        words = answer.words;
        wake = answer.wake;
        for (uint256 i; i < answer.moves.length; ++i) {
            _do(ask, answer.moves[i]);
        }
    }

    function _do(Ask memory ask, Move memory move) private {
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
            bool bids = ask.cause == Cause.Bid && prover == ask.actor.prover;
            assertTrue(bids || tickets[prover].amount != 0, "award without consent");
            assertLe(move.amount, request.maxPrice, "award above the price");
            assertLt(block.timestamp, request.deadline, "award after the deadline");
            if (tickets[prover].amount != 0) _tear(prover);
            (status, winner, paid) = (Status.Awarded, prover, move.amount);
        } else {
            assertTrue(move.kind == MoveKind.Close, "unknown move");
            assertEq(holds, 0, "deposits stand");
            status = Status.Closed;
        }
    }

    function _tear(address prover) private {
        assertNotEq(tickets[prover].amount, 0, "no ticket");
        delete tickets[prover];
        --holds;
    }
}
