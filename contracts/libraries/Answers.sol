// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotYet} from "../interfaces/IMechanism.sol";
import {Answer, INSTANCE, Move, MoveKind} from "../types/Ask.sol";

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

    /// Fixes the block, `distance` blocks from now, whose hash is the request's beacon.
    function draw(uint8 distance) internal pure returns (Move memory move) {
        move.kind = MoveKind.Draw;
        move.amount = distance;
    }

    /// Pays for an accepted proof.
    function reward(address prover, uint88 amount) internal pure returns (Move memory move) {
        move.kind = MoveKind.Reward;
        move.prover = prover;
        move.amount = amount;
    }

    /// The same move about a ticket on the instance.
    function onInstance(Move memory move) internal pure returns (Move memory) {
        move.subject = INSTANCE;
        return move;
    }

    /// The same move about the `number`th request, from 1, of those brought along with a tick of the instance, which has this `id`.
    function about(Move memory move, uint16 number, bytes32 id) internal pure returns (Move memory) {
        move.subject = number;
        move.tag = uint176(uint256(id));
        return move;
    }

    function close() internal pure returns (Move memory move) {
        move.kind = MoveKind.Close;
    }

    /// The first `count` moves, in the place of all.
    function first(Move[] memory moves, uint256 count) internal pure returns (Move[] memory) {
        assembly ("memory-safe") {
            mstore(moves, count)
        }
        return moves;
    }

    /// Whether one of the moves is about `prover`.
    function names(Move[] memory moves, address prover) internal pure returns (bool named) {
        for (uint256 i; i < moves.length; ++i) {
            named = named || moves[i].prover == prover;
        }
    }

    function only(Move memory move) internal pure returns (Move[] memory moves) {
        moves = new Move[](1);
        moves[0] = move;
    }

    /// The request is awarded to a bidder, and nothing else happens, under a rule that keeps no words. Ends the call: it is
    /// the answer whose cost matters, and what follows in the caller would only be encoding it.
    function sell(address prover, uint256 price) internal pure {
        uint256 kind = uint256(MoveKind.Award);
        assembly ("memory-safe") {
            let answer := mload(0x40)
            // Behind its end, calldata is all zeros.
            calldatacopy(answer, calldatasize(), 0x1e0)
            // The offset of the answer, and in it those of moves, words and shared; no time to wake.
            mstore(answer, 0x20)
            mstore(add(answer, 0x20), 0x80)
            mstore(add(answer, 0x40), 0x180)
            mstore(add(answer, 0x60), 0x1a0)
            // One move, of which kind, prover and amount are not 0. No words.
            mstore(add(answer, 0xa0), 1)
            mstore(add(answer, 0xc0), kind)
            mstore(add(answer, 0x100), shr(96, shl(96, prover)))
            mstore(add(answer, 0x120), price)
            return(answer, 0x1e0)
        }
    }

    /// What a tick does under a rule that holds no deposits: after `last` the request is given up.
    function closeAfter(uint40 time, uint40 last) internal pure returns (Answer memory answer) {
        require(time > last, NotYet(time, last + 1));
        answer.moves = only(close());
    }
}
