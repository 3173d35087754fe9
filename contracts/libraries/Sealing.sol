// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {InsufficientBond, NotYet, TooLate, Unacceptable} from "../interfaces/IMechanism.sol";
import {Answer, Ask} from "../types/Ask.sol";
import {BPS, Status} from "../types/State.sol";
import {Answers} from "./Answers.sol";

/// How sealed bids are committed to, and who has revealed: what auctions of them share, whatever it is that their bids say.
///
/// A ticket's tag is the first 22 bytes of a commitment. Revealed bids are ranked in the words, `stride` words for each, the first of
/// which ends with the prover. A ticket whose holder is in no word is one that was not revealed.
library Sealing {
    /// Where the best bid was, once the auction was settled; no bid: its prover is 0.
    bytes32 internal constant SETTLED = bytes32(uint256(1 << 255));

    /// Holds a deposit for a commitment: basis points of the request's `bond`, rounded up, and `floor` at least. Refuses, in this order: an
    /// auction that could not be settled by the deadline (`TooLate`), a price (it would be public: the price of a commitment is 0),
    /// data other than 32 bytes, a bidder too many (all `Unacceptable`), and too little stake (`InsufficientBond`).
    /// @param revealEnd the last second at which a bid can be revealed.
    function commit(Ask calldata ask, uint40 revealEnd, uint256 bidders, uint256 bps, uint80 floor)
        internal
        pure
        returns (Answer memory answer)
    {
        uint40 settled = revealEnd + 1;
        require(settled < ask.request.deadline, TooLate(settled, ask.request.deadline - 1));
        require(ask.price == 0, Unacceptable(ask.price, 0));
        require(ask.data.length == 32, Unacceptable(ask.data.length, 32));
        require(ask.actor.held != 0 || ask.holds < bidders, Unacceptable(ask.holds, bidders - 1));

        uint256 share = (uint256(ask.request.bond) * bps + BPS - 1) / BPS;
        uint80 deposit = share > floor ? uint80(share) : floor;
        uint256 stake = uint256(ask.actor.free) + ask.actor.held;
        require(stake >= deposit, InsufficientBond(stake, deposit));

        answer.moves = Answers.only(Answers.hold(ask.actor.prover, deposit, tagOf(bytes32(ask.data))));
        answer.words = ask.words;
        answer.wake = settled;
    }

    /// Refuses a tick before the last second for reveals has passed, or all have revealed: `NotYet`.
    /// @param silent deposits of bidders that have not revealed.
    function requireOver(Ask calldata ask, uint40 commitEnd, uint40 revealEnd, uint256 silent) internal pure {
        if (ask.words[0] == SETTLED || ask.time > revealEnd) return;
        require(ask.time > commitEnd, NotYet(ask.time, commitEnd + 1));
        require(silent == 0, NotYet(ask.time, revealEnd + 1));
    }

    /// A tick about a ticket that outlived the auction: takes that of a bidder that has not revealed, and gives that of a standby back, with its
    /// words, once no award can fail any more; `NotYet` before.
    function leave(Ask calldata ask, uint256 stride) internal pure returns (Answer memory answer) {
        address prover = ask.actor.prover;
        bytes32[] memory words = ask.words;
        answer.words = words;
        if (!revealed(words, stride, prover)) {
            answer.moves = Answers.only(Answers.forfeit(prover));
            return answer;
        }
        // A standby may be needed as long as an award can fail and another can be made.
        uint40 deadline = ask.request.deadline;
        require(ask.status != Status.Awarded || ask.time >= deadline, NotYet(ask.time, deadline));
        for (uint256 i; i + stride <= words.length; i += stride) {
            if (proverIn(words[i]) != prover) continue;
            for (uint256 j; j < stride; ++j) {
                words[i + j] = 0;
            }
        }
        answer.moves = Answers.only(Answers.release(prover));
    }

    /// How many bids that could be awarded are in the words, if `ranks` are kept.
    function ranked(bytes32[] memory words, uint256 stride, uint256 ranks) internal pure returns (uint256 count) {
        for (uint256 i; i < ranks; ++i) {
            if (proverIn(words[stride * i]) != address(0)) ++count;
        }
    }

    function revealed(bytes32[] memory words, uint256 stride, address prover) internal pure returns (bool) {
        for (uint256 i; i < words.length; i += stride) {
            if (proverIn(words[i]) == prover) return true;
        }
        return false;
    }

    function proverIn(bytes32 word) internal pure returns (address) {
        return address(uint160(uint256(word)));
    }

    /// 176 bits: to find two bids under one tag takes 2^88 hashes, to open another's 2^176.
    function tagOf(bytes32 commitment) internal pure returns (uint176) {
        return uint176(bytes22(commitment));
    }
}
