// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotYet} from "../interfaces/IMechanism.sol";
import {Answer, Move, MoveKind} from "../types/Ask.sol";

/// The moves that mechanisms answer with, one line each.
library Answers {
    /// To the actor of a bid or a ticket holder, in the request's own window and at its whole bond.
    function award(address prover, uint88 price) internal pure returns (Move memory move) {
        move.kind = MoveKind.Award;
        move.prover = prover;
        move.amount = price;
    }

    function hold(address prover, uint80 deposit, uint176 tag) internal pure returns (Move memory move) {
        move.kind = MoveKind.Hold;
        move.prover = prover;
        move.amount = deposit;
        move.tag = tag;
    }

    function release(address prover) internal pure returns (Move memory move) {
        move.kind = MoveKind.Release;
        move.prover = prover;
    }

    function forfeit(address prover) internal pure returns (Move memory move) {
        move.kind = MoveKind.Forfeit;
        move.prover = prover;
    }

    function close() internal pure returns (Move memory move) {
        move.kind = MoveKind.Close;
    }

    function only(Move memory move) internal pure returns (Move[] memory moves) {
        moves = new Move[](1);
        moves[0] = move;
    }

    /// The request is awarded to a bidder, and nothing else happens.
    function sell(address prover, uint88 price) internal pure returns (Answer memory answer) {
        answer.moves = only(award(prover, price));
    }

    /// What a tick does under a rule that holds no deposits: after `last` the request is given up.
    function closeAfter(uint40 time, uint40 last) internal pure returns (Answer memory answer) {
        require(time > last, NotYet(time, last + 1));
        answer.moves = only(close());
    }
}
