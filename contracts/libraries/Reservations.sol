// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Answer, Ask, Move} from "../types/Ask.sol";
import {Status} from "../types/State.sol";
import {Answers} from "./Answers.sol";
import {Params} from "./Params.sol";
import {Standing} from "./Standing.sol";

/// A holder's: unix seconds.
struct Clock {
    /// When its bucket of requests is full.
    uint256 full;
    /// When its notice ends, or 0.
    uint256 leaves;
    /// When its period of misses began, and how many there were in it.
    uint256 since;
    uint256 misses;
}

/// Who holds a contract for an instance's requests, who will, and who is still liable: the shared words of `Reserved`, and
/// its answer as it grows.
struct Reservation {
    bytes32[2] holders;
    bytes32[2] bids;
    bytes32[2] out;
    Clock[2] clocks;
    uint256 until;
    uint256 effect;
    uint256 print;
    /// The words of other parameters, which stay as they are. Empty if these are ours.
    bytes32[] kept;
    Move[] moves;
    uint256 count;
}

/// How such contracts begin and end.
library Reservations {
    using Answers for Move;
    using Reservations for Reservation;
    using Standing for bytes32;

    uint8 internal constant WORDS = 8;
    /// Of one answer: all six that the words may name, and what the event itself leads to.
    uint256 private constant MOST_MOVES = 11;

    /// Reads the words, and does what time has done since they were written, in that order.
    /// @param term how long a contract lasts.
    /// @param tail for how long who left is liable.
    function read(Ask calldata ask, uint256 term, uint256 tail) internal pure returns (Reservation memory s) {
        bytes32[] calldata shared = ask.shared;
        uint256 time = ask.time;
        s.moves = new Move[](MOST_MOVES);
        uint256 times = uint256(shared[5]);
        (s.until, s.effect, s.print) = (uint40(times), uint40(times >> 40), uint64(times >> 80));
        for (uint256 i; i < 2; ++i) {
            (s.holders[i], s.bids[i], s.out[i]) = (shared[i], shared[2 + i], shared[6 + i]);
            uint256 clock = uint256(shared[4]) >> 128 * i;
            s.clocks[i] = Clock(uint40(clock), uint40(clock >> 40), uint40(clock >> 80), uint8(clock >> 120));
        }
        uint256 print = Params.print(ask.params);
        if (s.print != print) return s.anew(ask, print);
        s.expire(time, tail);
        if (s.bids[0] != 0 && s.effect <= time) {
            (s.holders, s.until) = (s.bids, s.effect + term);
            (s.bids, s.effect) = ([bytes32(0), bytes32(0)], 0);
            s.expire(time, tail);
        }
        for (uint256 i; i < 2; ++i) {
            if (s.out[i] != 0 && s.out[i].number() <= time) s.retire(i, address(0), 0);
        }
    }

    /// Nobody holds a contract under these parameters. A request leaves those who hold one under others alone; what is about the instance
    /// lets them go.
    function anew(Reservation memory s, Ask calldata ask, uint256 print)
        internal
        pure
        returns (Reservation memory fresh)
    {
        (fresh.print, fresh.moves) = (print, s.moves);
        if (ask.status != Status.None) {
            fresh.kept = ask.shared;
            return fresh;
        }
        bytes32[2][3] memory known = [s.holders, s.bids, s.out];
        for (uint256 i; i < 6; ++i) {
            address who = known[i / 2][i % 2].prover();
            if (!Answers.names(fresh.moves, who)) fresh.free(who);
        }
    }

    /// Ends the contracts whose end has come.
    function expire(Reservation memory s, uint256 time, uint256 tail) internal pure {
        for (uint256 i; i < 2; ++i) {
            uint256 end = s.endOf(i);
            if (s.holders[i] == 0 || time < end) continue;
            address who = s.holders[i].prover();
            (s.holders[i], s.clocks[i]) = (0, Clock(0, 0, 0, 0));
            s.retire(i, who, end + tail);
        }
    }

    /// When the contract of a holder ends, by its term or by notice.
    function endOf(Reservation memory s, uint256 i) internal pure returns (uint256) {
        return s.clocks[i].leaves == 0 ? s.until : s.clocks[i].leaves;
    }

    /// When the last holder's contract ends; 0 if there is none.
    function lastEnd(Reservation memory s) internal pure returns (uint256 last) {
        for (uint256 i; i < 2; ++i) {
            if (s.holders[i] != 0 && s.endOf(i) > last) last = s.endOf(i);
        }
    }

    /// Somebody is liable until some time for what it was awarded, in the place of who was before.
    function retire(Reservation memory s, uint256 i, address who, uint256 until) internal pure {
        address before = s.out[i].prover();
        s.out[i] = Standing.word(who, until);
        s.free(before);
    }

    /// Gives a ticket back that is not needed any more.
    function free(Reservation memory s, address who) internal pure {
        if (who != address(0) && !s.knows(who)) s.push(Answers.release(who).onInstance());
    }

    /// Takes a prover out of all words; its ticket, if there is one, is not looked at.
    function remove(Reservation memory s, address who) internal pure {
        for (uint256 i; i < 2; ++i) {
            if (s.holders[i].prover() == who) (s.holders[i], s.clocks[i]) = (0, Clock(0, 0, 0, 0));
            if (s.out[i].prover() == who) s.out[i] = 0;
        }
        if (s.bids[1].prover() == who) s.bids[1] = 0;
        if (s.bids[0].prover() == who) (s.bids[0], s.bids[1]) = (s.bids[1], 0);
        if (s.bids[0] == 0) s.effect = 0;
    }

    /// Whether it holds, will, or is liable.
    function knows(Reservation memory s, address who) internal pure returns (bool known) {
        for (uint256 i; i < 2; ++i) {
            known = known || s.holders[i].prover() == who || s.bids[i].prover() == who || s.out[i].prover() == who;
        }
        return known && who != address(0);
    }

    /// When a ticket may next be given back; 0 if there is none.
    function settles(Reservation memory s, uint256 term, uint256 tail) internal pure returns (uint256 next) {
        next = type(uint40).max;
        for (uint256 i; i < 2; ++i) {
            uint256 at = s.out[i].number();
            if (at == 0 && s.holders[i] != 0) at = s.endOf(i) + tail;
            if (at != 0 && at < next) next = at;
        }
        if (next == type(uint40).max) next = s.bids[0] == 0 ? 0 : s.effect + term + tail;
    }

    /// Whether it was awarded what may still be missed.
    function liable(Reservation memory s, address who) internal pure returns (bool) {
        bool holds = s.holders[0].prover() == who || s.holders[1].prover() == who;
        return who != address(0) && (holds || s.out[0].prover() == who || s.out[1].prover() == who);
    }

    /// Adds to the answer.
    function push(Reservation memory s, Move memory move) internal pure {
        s.moves[s.count++] = move;
    }

    /// The answer so far.
    function answer(Reservation memory s, uint256 wake) internal pure returns (Answer memory done) {
        done.moves = Answers.first(s.moves, s.count);
        done.wake = uint40(wake);
        done.shared = s.kept;
        if (s.kept.length != 0) return done;
        done.shared = new bytes32[](WORDS);
        uint256 clocks;
        for (uint256 i; i < 2; ++i) {
            (done.shared[i], done.shared[2 + i], done.shared[6 + i]) = (s.holders[i], s.bids[i], s.out[i]);
            Clock memory clock = s.clocks[i];
            clocks |= (clock.misses << 120 | clock.since << 80 | clock.leaves << 40 | clock.full) << 128 * i;
        }
        done.shared[4] = bytes32(clocks);
        done.shared[5] = bytes32(s.print << 80 | s.effect << 40 | s.until);
    }
}
