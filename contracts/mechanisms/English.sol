// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism, InsufficientBond, NotYet, TooLate, Unacceptable, Unexpected} from "../interfaces/IMechanism.sol";
import {Answers} from "../libraries/Answers.sol";
import {Params} from "../libraries/Params.sol";
import {
    Answer,
    Ask,
    CAP_OPEN_ENTRY,
    CAP_SINGLE_RECIPIENT,
    Cause,
    Envelope,
    Move,
    ON_FAILED,
    Shape
} from "../types/Ask.sol";
import {Request} from "../types/Request.sol";
import {BPS, Status} from "../types/State.sol";

/// Seconds, and basis points.
struct EnglishParams {
    /// How long the auction lasts from its first bid (inclusive), if nobody bids late.
    uint32 duration;
    /// A bid that comes when fewer seconds than this are left moves the end to `extension` seconds after it.
    uint32 closing;
    /// At least `closing`.
    uint32 extension;
    /// The most by which late bids move the end, in all. At least `extension`; a multiple of it leaves rivals time to answer.
    uint32 overtime;
    /// How long the request waits for its first bid, from opening (inclusive); then it is given up.
    uint32 patience;
    /// How far a bid has to go below the best one: a share of that.
    uint16 decrementBps;
    /// The most that the first bid may ask: a share of the request's `maxPrice`, rounded down.
    uint16 startBps;
    /// A bidder's deposit in the stake token: a share of the request's `bond`, rounded up, and the least it is.
    uint16 depositBps;
    uint80 depositFloor;
    /// 1: who was outbid last stands ready to take over.
    uint8 standbys;
}

/// Open descending auction with a soft close: everybody sees the best bid and can go below it, until nobody does.
///
/// For a prover:
/// 1. Up to `patience` after opening: bid at most `startBps` of `maxPrice`. The first bid starts the clock.
/// 2. Until the end that is in the words: bid at most the best price less the decrement, rounded down. Go down as long as
///    that is above what the work costs you. `bid.price` is what you are paid if nobody goes below it. A bid cannot be
///    taken back; it costs a deposit, which is back in the very call that outbids you, or, if there is a standby,
///    in the call that outbids the one that outbid you. Who is best may go lower too, by the same decrement.
/// 3. There is nothing to gain by waiting for the last second: a late bid leaves everybody `extension` more, up to the
///    hard end, which is in the words too.
/// 4. After the end anyone ticks, and the best is awarded at its own price. Who cannot take the award (stake gone,
///    floor raised above its bid) loses the deposit.
///
/// If the winner fails, the standby is awarded at the price that it bid. Its deposit stays until the request has ended, or
/// its deadline has passed; then a tick about it gives it back.
///
/// A bid that nobody goes below and nobody honours costs the bond, or the deposit of a bidder that makes itself unable to
/// take the award: `depositBps` of 10,000 leaves no choice between the two. A requester that fears it names a fallback: a first
/// bid of nearly nothing keeps everybody else out of this auction.
///
/// Words: the best bid, `price << 160 | prover`, 0 for none; the hard end and the end (inclusive; unix seconds),
/// `hardEnd << 40 | end`, 0 before the first bid; and with a standby its bid, like the best. Who is in a word holds a
/// ticket, and nobody else does. A bid that is awarded leaves its word. A ticket's tag is its price.
contract English is IMechanism {
    /// What is less makes undercutting free, what is more skips prices that rivals would still go to.
    uint16 internal constant MIN_DECREMENT_BPS = 100;
    uint16 internal constant MAX_DECREMENT_BPS = 5_000;
    uint8 internal constant MAX_STANDBYS = 1;
    uint32 internal constant STEP_GAS = 50_000;
    uint256 private constant BEST = 0;
    uint256 private constant CLOCK = 1;
    uint256 private constant STANDBY = 2;

    function name() external pure returns (string memory) {
        return "english";
    }

    function check(bytes calldata params) external pure returns (Shape memory shape) {
        EnglishParams memory p = abi.decode(params, (EnglishParams));
        Params.within("duration", p.duration, 1, Params.LONGEST);
        Params.within("extension", p.extension, 1, Params.LONGEST);
        Params.within("closing", p.closing, 1, p.extension);
        Params.within("overtime", p.overtime, p.extension, Params.LONGEST);
        Params.within("patience", p.patience, 1, Params.LONGEST);
        Params.within("decrementBps", p.decrementBps, MIN_DECREMENT_BPS, MAX_DECREMENT_BPS);
        Params.within("startBps", p.startBps, 1, BPS);
        Params.within("depositBps", p.depositBps, 0, BPS);
        // Not to honour a bid must cost something even where the bond is 0.
        Params.within("depositFloor", p.depositFloor, 1, type(uint80).max);
        Params.within("standbys", p.standbys, 0, MAX_STANDBYS);
        shape.words = 2 + p.standbys;
        shape.gas = STEP_GAS;
        if (p.standbys != 0) shape.flags = ON_FAILED;
    }

    function envelope(bytes calldata params, Request calldata request) external pure returns (Envelope memory) {
        EnglishParams memory p = abi.decode(params, (EnglishParams));
        return Envelope({
            price: _start(p, request.maxPrice),
            award: uint40(p.patience) + p.duration + p.overtime + 1,
            proof: request.window,
            bond: request.bond,
            standbys: p.standbys,
            // A standby needs the input too.
            capabilities: p.standbys == 0 ? CAP_OPEN_ENTRY | CAP_SINGLE_RECIPIENT : CAP_OPEN_ENTRY
        });
    }

    /// `Bid`: holds the deposit of the new best, releases who is no longer needed. Refuses, in this order: what comes after
    /// the patience, too late for an award before the deadline, or after the end (`TooLate`); any bid below a price
    /// of 0 (`Unexpected`); a price above the start or too near to the best (`Unacceptable(price, most)`); too little
    /// stake (`InsufficientBond`).
    /// `Tick`: after the end, awards the best, or whoever stands by if that could not take it; closes if nobody is left, or
    /// nobody came. Once the request is no longer open: gives the deposit back of whom it is about. `NotYet` before.
    /// `Failed`: awards the standby, if there is one.
    function step(Ask calldata ask) external pure returns (Answer memory) {
        EnglishParams memory p = abi.decode(ask.params, (EnglishParams));
        if (ask.cause == Cause.Bid) return _bid(p, ask);
        if (ask.cause == Cause.Tick) return ask.status == Status.Open ? _settle(p, ask) : _leave(ask);
        require(ask.cause == Cause.Failed, Unexpected(uint8(ask.cause)));
        return _next(ask);
    }

    function _bid(EnglishParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        bytes32[] memory words = ask.words;
        (uint256 end, uint256 most) = words[CLOCK] == 0 ? _first(p, ask, words) : _later(p, ask, words);
        require(ask.price <= most, Unacceptable(ask.price, most));
        uint80 deposit = _deposit(p, ask.request.bond);
        uint256 stake = uint256(ask.actor.free) + ask.actor.held;
        require(stake >= deposit, InsufficientBond(stake, deposit));

        address bidder = ask.actor.prover;
        address out = _place(words, bidder, ask.price);
        answer.moves = new Move[](out == address(0) ? 1 : 2);
        answer.moves[0] = Answers.hold(bidder, deposit, ask.price);
        if (out != address(0)) answer.moves[1] = Answers.release(out);
        answer.words = words;
        answer.wake = uint40(end + 1);
    }

    /// Starts the clock.
    /// @return end the last second of the auction, unless it is moved.
    /// @return most the highest price that is taken.
    function _first(EnglishParams memory p, Ask calldata ask, bytes32[] memory words)
        private
        pure
        returns (uint256 end, uint256 most)
    {
        uint256 last = _lastFirst(p, ask);
        require(ask.time <= last, TooLate(ask.time, last));
        end = uint256(ask.time) + p.duration;
        words[CLOCK] = bytes32((end + p.overtime) << 40 | end);
        most = _start(p, ask.request.maxPrice);
    }

    /// Leaves time to answer. Returns the same as `_first`.
    function _later(EnglishParams memory p, Ask calldata ask, bytes32[] memory words)
        private
        pure
        returns (uint256 end, uint256 most)
    {
        uint256 hardEnd;
        (hardEnd, end) = _ends(words);
        require(ask.time <= end, TooLate(ask.time, end));
        uint256 best = _price(words[BEST]);
        require(best != 0, Unexpected(uint8(ask.cause)));
        most = best * (BPS - p.decrementBps) / BPS;
        if (end - ask.time < p.closing) {
            end = uint256(ask.time) + p.extension;
            if (end > hardEnd) end = hardEnd;
            words[CLOCK] = bytes32(hardEnd << 40 | end);
        }
    }

    /// A tick while the request is open.
    function _settle(EnglishParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        uint256 last;
        if (ask.words[CLOCK] == 0) last = _lastFirst(p, ask);
        else (, last) = _ends(ask.words);
        require(ask.time > last, NotYet(ask.time, last + 1));
        answer = _next(ask);
        if (answer.moves.length == 0) answer.moves = Answers.only(Answers.close());
    }

    /// Awards the best of those that are left; no move if nobody is.
    function _next(Ask calldata ask) private pure returns (Answer memory answer) {
        bytes32[] memory words = ask.words;
        answer.words = words;
        uint256 i = BEST;
        if (words[BEST] == 0) i = STANDBY;
        if (i == words.length || words[i] == 0) return answer;
        answer.moves = Answers.only(Answers.award(_prover(words[i]), _price(words[i])));
        words[i] = 0;
    }

    /// A tick about a ticket that outlived the auction.
    function _leave(Ask calldata ask) private pure returns (Answer memory answer) {
        // The standby may be needed as long as an award can fail and another can be made.
        uint40 deadline = ask.request.deadline;
        require(ask.status != Status.Awarded || ask.time >= deadline, NotYet(ask.time, deadline));
        address prover = ask.actor.prover;
        bytes32[] memory words = ask.words;
        if (_prover(words[BEST]) == prover) words[BEST] = 0;
        if (words.length > STANDBY && _prover(words[STANDBY]) == prover) words[STANDBY] = 0;
        answer.moves = Answers.only(Answers.release(prover));
        answer.words = words;
    }

    /// Makes a bid the best.
    /// @return out whose ticket is no longer needed, or nobody.
    function _place(bytes32[] memory words, address bidder, uint88 price) private pure returns (address out) {
        bytes32 before = words[BEST];
        words[BEST] = bytes32(uint256(price) << 160 | uint160(bidder));
        // Who goes below its own bid pushes nobody out, least of all itself.
        if (_prover(before) == bidder) return address(0);
        if (words.length == STANDBY) return _prover(before);
        out = _prover(words[STANDBY]);
        words[STANDBY] = before;
        // The ticket of a standby that comes back has become that of the best.
        if (out == bidder) out = address(0);
    }

    /// The last second at which a first bid is taken: even if its auction ends as late as it can, a second is left to award it.
    function _lastFirst(EnglishParams memory p, Ask calldata ask) private pure returns (uint256 last) {
        last = uint256(ask.openedAt) + p.patience;
        uint256 longest = uint256(p.duration) + p.overtime + 2;
        uint256 deadline = ask.request.deadline;
        uint256 latest = deadline > longest ? deadline - longest : 0;
        if (latest < last) last = latest;
    }

    function _deposit(EnglishParams memory p, uint80 bond) private pure returns (uint80) {
        uint256 share = (uint256(bond) * p.depositBps + BPS - 1) / BPS;
        return share > p.depositFloor ? uint80(share) : p.depositFloor;
    }

    function _start(EnglishParams memory p, uint88 maxPrice) private pure returns (uint88) {
        return uint88(uint256(maxPrice) * p.startBps / BPS);
    }

    function _ends(bytes32[] memory words) private pure returns (uint256 hardEnd, uint256 end) {
        uint256 clock = uint256(words[CLOCK]);
        return (clock >> 40, uint40(clock));
    }

    function _prover(bytes32 word) private pure returns (address) {
        return address(uint160(uint256(word)));
    }

    function _price(bytes32 word) private pure returns (uint88) {
        return uint88(uint256(word) >> 160);
    }
}
