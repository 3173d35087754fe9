// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism, InsufficientBond, NotYet, Unacceptable, Unexpected} from "../interfaces/IMechanism.sol";
import {Answers} from "../libraries/Answers.sol";
import {Params} from "../libraries/Params.sol";
import {Scope, Standing} from "../libraries/Standing.sol";
import {
    Answer,
    Ask,
    CAP_OPEN_ENTRY,
    CAP_SINGLE_RECIPIENT,
    Cause,
    Envelope,
    Move,
    ON_FAILED,
    ON_OPEN,
    SEATS,
    Shape
} from "../types/Ask.sol";
import {Request} from "../types/Request.sol";
import {BPS, Status} from "../types/State.sol";

/// Prices in the instance's token, collateral in the stake token, seconds, basis points.
struct SeatParams {
    /// Paid for any request.
    uint88 base;
    /// The highest rate: paid on top for every million units of work.
    uint88 ceiling;
    /// How far a bid has to go below the rate that it is to replace: a share of that.
    uint16 decrementBps;
    /// From the first bid to the change. The next term is sold in as many seconds before the end of the one that runs; and who left the
    /// seat is liable for as many seconds more.
    uint32 handover;
    /// After this the seat is sold again, from the ceiling: nobody sits for ever. At most 31 days, less twice the handover.
    uint32 term;
    /// From notice to the incumbent's end. At least `handover`.
    uint32 notice;
    /// The incumbent's collateral, and the share of it that each miss costs, rounded up.
    uint80 deposit;
    uint16 missBps;
    /// The miss that ends the seat.
    uint8 maxMisses;
    /// How long a request waits for an incumbent, from opening (inclusive).
    uint32 patience;
    /// The incumbent has to take up to `burst` requests at once, and one more every `refill` seconds.
    uint16 burst;
    uint32 refill;
    /// It has to take only what has no more work and bond, and at least this window.
    uint64 maxWork;
    uint80 maxBond;
    uint32 minWindow;
}

/// Perpetual seat: one prover, the incumbent, is awarded the instance's requests as they open, at `base + rate * work / 1,000,000`
/// rounded down, until another offers a rate that is lower by the decrement, or its term ends.
///
/// For a prover:
/// 1. Bid on the instance: `bidInstance` at the rate that you ask, with no data. While somebody sits, at most its rate less the decrement,
///    rounded down; for a seat that will be empty, at most `ceiling`. The bid holds `deposit`. After `handover` seconds you sit, unless
///    somebody goes below you until then: no later bid prolongs that, and a bid cannot be taken back or raised.
/// 2. While you sit, requests are awarded to you when they open, without asking: those that `burst`, `refill`, `maxWork`, `maxBond` and `minWindow`
///    let through and whose `maxPrice` is enough. Keep stake and capacity for `burst` awards free, and your floor below your
///    rate. You cannot look at a request before: sit only where you trust the requester, or the statements of the verifier,
///    to be provable.
/// 3. A miss is an award that you did not prove in time, or could not take. It costs `missBps` of the deposit, besides
///    the bond; at `maxMisses` the seat is empty. The miss of an award from your time also counts within
///    `handover` seconds after you left.
/// 4. To leave, give notice: `bidInstance` with the byte 0x01. After `notice` seconds, or the end of the term, or when a lower bid takes
///    over, you sit no more; `handover` seconds later, or when the next one leaves, a tick gives your deposit back.
/// 5. In the last `handover` seconds of a term, or of a notice, the next term is sold from the ceiling. Bid then if you want to stay.
///
/// A change does not prolong the term, and changes are `handover` apart, whoever makes them: two that take turns gain nothing
/// by it. Rates go down within a term only, so the seat is worth taking even after somebody bid nearly nothing and does not serve:
/// its misses or the end of the term empty it.
///
/// Who sits has agreed to the parameters of its bid. Under others it is awarded nothing: the first bid or tick after a retune empties the seat
/// and gives all deposits back, and a miss of what was awarded before costs the bond alone.
///
/// Requests that nobody sits for, or that cost more than they pay, or come faster than agreed, wait for `patience`, and go down the
/// ladder; those that the seat never takes, and those that were missed, do so at once. Nobody can bid on a request.
///
/// Shared words: the incumbent and the pending bid, `rate << 160 | prover`, 0 for nobody; the clock, `misses << 160 | full << 120 |
/// effect << 80 | leaves << 40 | until`, and `print << 168` (unix seconds: when the bucket of requests is full, when the pending bid takes over, when the
/// incumbent's notice ends or 0, when the term ends; `Params.print` of the bids); who left and until when it is liable, `until << 160 | prover`. Words may lag: what time has
/// changed is written by the next event. A ticket's tag is its rate.
contract Seat is IMechanism {
    using Answers for Move;
    using Standing for bytes32;
    using Standing for Scope;

    /// The words, and the answer as it grows.
    struct Seating {
        bytes32 holder;
        bytes32 next;
        bytes32 out;
        uint256 until;
        uint256 leaves;
        uint256 effect;
        uint256 full;
        uint256 misses;
        uint256 print;
        /// The words of other parameters, which stay as they are. Empty if these are ours.
        bytes32[] kept;
        Move[] moves;
        uint256 count;
    }

    /// The data of a bid that is a notice.
    bytes1 internal constant NOTICE = 0x01;
    uint16 internal constant MIN_DECREMENT_BPS = 100;
    uint16 internal constant MAX_DECREMENT_BPS = 5_000;
    /// The market gives a ticket back after so long, without asking: a bid, its term and its liability have to be over by then.
    uint32 internal constant TICKET = 31 days;
    uint32 internal constant LONGEST_HANDOVER = 10 days;
    uint32 internal constant STEP_GAS = 100_000;
    uint8 private constant WORDS = 4;
    /// Of one answer: two that leave, a third that is no longer liable, and what the event itself leads to.
    uint256 private constant MOST_MOVES = 7;

    function name() external pure returns (string memory) {
        return "seat";
    }

    function check(bytes calldata params) external pure returns (Shape memory shape) {
        SeatParams memory p = abi.decode(params, (SeatParams));
        // A tariff of zero is a tariff that was forgotten.
        if (p.ceiling == 0) Params.within("base", p.base, 1, type(uint88).max);
        Params.within("decrementBps", p.decrementBps, MIN_DECREMENT_BPS, MAX_DECREMENT_BPS);
        Params.within("handover", p.handover, 1, LONGEST_HANDOVER);
        Params.within("notice", p.notice, p.handover, Params.LONGEST);
        Params.within("term", p.term, uint256(p.handover) + 1, TICKET - 2 * p.handover);
        Params.within("deposit", p.deposit, 1, type(uint80).max);
        Params.within("missBps", p.missBps, 1, BPS);
        Params.within("maxMisses", p.maxMisses, 1, type(uint8).max);
        Params.within("patience", p.patience, 0, Params.LONGEST);
        Params.within("burst", p.burst, 1, type(uint16).max);
        Params.within("refill", p.refill, 1, Params.LONGEST);
        Params.within("maxWork", p.maxWork, 1, type(uint64).max);
        Params.within("minWindow", p.minWindow, 1, Params.LONGEST);
        shape.shared = WORDS;
        shape.gas = STEP_GAS;
        shape.flags = ON_OPEN | ON_FAILED | SEATS;
    }

    function envelope(bytes calldata params, Request calldata request) external pure returns (Envelope memory) {
        SeatParams memory p = abi.decode(params, (SeatParams));
        uint256 price = Standing.price(p.base, p.ceiling, request.work);
        return Envelope({
            price: price < request.maxPrice ? uint88(price) : request.maxPrice,
            award: p.patience,
            proof: request.window,
            bond: request.bond,
            standbys: 0,
            capabilities: CAP_OPEN_ENTRY | CAP_SINGLE_RECIPIENT
        });
    }

    /// About the instance (`ask.status` is `None`):
    /// `Bid`: holds the deposit of the pending bid, releases the one it went below. `Unexpected` if the rate to go below is 0;
    /// `Unacceptable(rate, most)`; `InsufficientBond`. A notice: `Unacceptable(bidder, incumbent)`, both as numbers; `Unexpected` if one was given
    /// or the term ends sooner, and for other data.
    /// `Tick`: releases who is no longer liable. `NotYet`, or `Unexpected` if nobody is there to be released.
    ///
    /// About a request: `Opened`: awards to the incumbent, or closes if it will never. `Tick`: awards as soon as
    /// it can, closes after the patience, `NotYet` before. `Failed`: counts and fines the miss; awards if somebody else sits now, closes
    /// otherwise. `Unexpected` for any bid.
    function step(Ask calldata ask) external pure returns (Answer memory) {
        SeatParams memory p = abi.decode(ask.params, (SeatParams));
        Seating memory s = _seating(p, ask);
        if (ask.status == Status.None) {
            if (ask.cause == Cause.Bid) return ask.data.length == 0 ? _bid(p, ask, s) : _leave(p, ask, s);
            require(ask.cause == Cause.Tick, Unexpected(uint8(ask.cause)));
            return _settle(p, ask, s);
        }
        bool open = ask.status == Status.Open;
        if (open && (ask.cause == Cause.Opened || ask.cause == Cause.Tick)) return _serve(p, ask, s);
        require(open && ask.cause == Cause.Failed, Unexpected(uint8(ask.cause)));
        return _missed(p, ask, s);
    }

    /* THE INSTANCE */

    function _bid(SeatParams memory p, Ask calldata ask, Seating memory s) private pure returns (Answer memory) {
        uint256 most = _most(p, s, ask.time);
        require(ask.price <= most, Unacceptable(ask.price, most));
        uint256 stake = uint256(ask.actor.free) + ask.actor.held;
        require(stake >= p.deposit, InsufficientBond(stake, p.deposit));

        address bidder = ask.actor.prover;
        address outbid = s.next.prover();
        if (outbid == address(0)) s.effect = uint256(ask.time) + p.handover;
        s.next = Standing.word(bidder, ask.price);
        // A new ticket: the time after which it can be taken back without asking begins anew.
        if (ask.actor.held != 0 && !Answers.names(s.moves, bidder)) _push(s, Answers.release(bidder).onInstance());
        _push(s, Answers.hold(bidder, p.deposit, ask.price).onInstance());
        _free(s, outbid);
        return _answer(s, _settles(p, s));
    }

    /// The highest rate that is taken now.
    function _most(SeatParams memory p, Seating memory s, uint256 time) private pure returns (uint256) {
        bytes32 rival = s.next;
        if (rival == 0 && time + p.handover < _end(s)) rival = s.holder;
        if (rival == 0) return p.ceiling;
        uint256 rate = rival.number();
        require(rate != 0, Unexpected(uint8(Cause.Bid)));
        return rate * (BPS - p.decrementBps) / BPS;
    }

    /// The incumbent gives notice.
    function _leave(SeatParams memory p, Ask calldata ask, Seating memory s) private pure returns (Answer memory) {
        bool meant = ask.data.length == 1 && ask.data[0] == NOTICE;
        require(meant, Unexpected(uint8(ask.cause)));
        (address who, address holder) = (ask.actor.prover, s.holder.prover());
        require(who == holder, Unacceptable(uint160(who), uint160(holder)));
        uint256 leaves = uint256(ask.time) + p.notice;
        require(leaves < _end(s), Unexpected(uint8(ask.cause)));
        s.leaves = leaves;
        return _answer(s, _settles(p, s));
    }

    /// A tick of the instance.
    function _settle(SeatParams memory p, Ask calldata ask, Seating memory s) private pure returns (Answer memory) {
        uint256 wake = _settles(p, s);
        if (s.count == 0) {
            require(wake != 0, Unexpected(uint8(ask.cause)));
            revert NotYet(ask.time, wake);
        }
        return _answer(s, wake);
    }

    /* REQUESTS */

    /// An opening, or a tick.
    function _serve(SeatParams memory p, Ask calldata ask, Seating memory s) private pure returns (Answer memory) {
        if (_award(p, ask, s, address(0))) return _answer(s, 0);
        uint256 time = ask.time;
        uint256 last = uint256(ask.openedAt) + p.patience;
        if (p.patience == 0 || last < time || !_scope(p).covers(ask.request, time)) {
            _push(s, Answers.close());
            return _answer(s, 0);
        }
        uint256 again = last + 1;
        if (s.next != 0 && s.effect < again) again = s.effect;
        uint256 ready = Standing.readyAt(s.full, p.burst, p.refill);
        if (s.holder != 0 && time < ready && ready < again) again = ready;
        require(ask.cause == Cause.Opened, NotYet(time, again));
        return _answer(s, again);
    }

    function _missed(SeatParams memory p, Ask calldata ask, Seating memory s) private pure returns (Answer memory) {
        (address who, uint256 held) = (ask.actor.prover, ask.actor.held);
        bool sits = who != address(0) && s.holder.prover() == who;
        if (sits || (who != address(0) && s.out.prover() == who)) {
            bool stays;
            if (held != 0) {
                Move memory fine = Standing.fine(who, p.deposit, p.missBps, held);
                stays = fine.amount != 0;
                _push(s, fine);
            }
            if (!stays) {
                _remove(s, who, ask.time);
            } else if (sits && ++s.misses >= p.maxMisses) {
                _remove(s, who, ask.time);
                // It is liable for its other awards, and then released.
                _retire(s, who, uint256(ask.time) + p.handover);
            }
        }
        if (!_award(p, ask, s, who)) _push(s, Answers.close());
        return _answer(s, 0);
    }

    /// @param except who is not awarded.
    /// @return whether somebody is.
    function _award(SeatParams memory p, Ask calldata ask, Seating memory s, address except)
        private
        pure
        returns (bool)
    {
        address holder = s.holder.prover();
        if (holder == except || holder == address(0)) return false;
        uint256 price = Standing.price(p.base, s.holder.number(), ask.request.work);
        uint256 time = ask.time;
        if (ask.request.maxPrice < price || !_scope(p).covers(ask.request, time)) return false;
        if (time < Standing.readyAt(s.full, p.burst, p.refill)) return false;
        s.full = Standing.drawn(s.full, time, p.refill);
        _push(s, Answers.award(holder, uint88(price)));
        return true;
    }

    function _scope(SeatParams memory p) private pure returns (Scope memory) {
        return Scope(p.maxWork, p.maxBond, p.minWindow);
    }

    /* WHO SITS */

    /// Reads the words, and does what time has done since they were written, in that order.
    function _seating(SeatParams memory p, Ask calldata ask) private pure returns (Seating memory s) {
        (s.holder, s.next, s.out) = (ask.shared[0], ask.shared[1], ask.shared[3]);
        uint256 clock = uint256(ask.shared[2]);
        (s.until, s.leaves, s.effect) = (uint40(clock), uint40(clock >> 40), uint40(clock >> 80));
        (s.full, s.misses, s.print) = (uint40(clock >> 120), uint8(clock >> 160), uint64(clock >> 168));
        s.moves = new Move[](MOST_MOVES);
        uint256 time = ask.time;
        uint256 print = Params.print(ask.params);
        if (s.print != print) return _anew(s, ask, print);
        if (s.next == 0 || _end(s) <= s.effect) _vacate(p, s, time);
        if (s.next != 0 && s.effect <= time) {
            _takeOver(p, s);
            _vacate(p, s, time);
        }
        if (s.out != 0 && s.out.number() <= time) _retire(s, address(0), 0);
    }

    /// Nobody sits under these parameters. A request leaves those who sit under others alone; what is about the instance lets them go.
    function _anew(Seating memory s, Ask calldata ask, uint256 print) private pure returns (Seating memory fresh) {
        (fresh.print, fresh.moves) = (print, s.moves);
        if (ask.status != Status.None) {
            fresh.kept = ask.shared;
            return fresh;
        }
        bytes32[3] memory known = [s.holder, s.next, s.out];
        for (uint256 i; i < known.length; ++i) {
            address who = known[i].prover();
            if (!Answers.names(fresh.moves, who)) _free(fresh, who);
        }
    }

    /// The second in which the incumbent sits no more.
    function _end(Seating memory s) private pure returns (uint256) {
        return s.leaves == 0 ? s.until : s.leaves;
    }

    /// Empties the seat if its end has come.
    function _vacate(SeatParams memory p, Seating memory s, uint256 time) private pure {
        uint256 end = _end(s);
        if (s.holder == 0 || time < end) return;
        address holder = s.holder.prover();
        (s.holder, s.leaves, s.until) = (0, 0, end);
        _retire(s, holder, end + p.handover);
    }

    /// Seats the pending bid. The term goes on if one runs.
    function _takeOver(SeatParams memory p, Seating memory s) private pure {
        (address before, address holder, uint256 at) = (s.holder.prover(), s.next.prover(), s.effect);
        (s.holder, s.next, s.effect, s.leaves) = (s.next, 0, 0, 0);
        if (before == address(0)) s.until = at + p.term;
        if (before == holder) return;
        s.misses = 0;
        if (before != address(0)) _retire(s, before, at + p.handover);
    }

    /// Somebody is liable until some time for what it was awarded, in the place of who was before.
    function _retire(Seating memory s, address who, uint256 until) private pure {
        address before = s.out.prover();
        s.out = Standing.word(who, until);
        _free(s, before);
    }

    /// Gives a ticket back that is not needed any more.
    function _free(Seating memory s, address who) private pure {
        if (who != address(0) && !_knows(s, who)) _push(s, Answers.release(who).onInstance());
    }

    /// Takes a prover out of all words; its ticket, if there is one, is not looked at.
    function _remove(Seating memory s, address who, uint256 time) private pure {
        if (s.holder.prover() == who) (s.holder, s.leaves, s.until) = (0, 0, time);
        if (s.next.prover() == who) (s.next, s.effect) = (0, 0);
        if (s.out.prover() == who) s.out = 0;
    }

    function _knows(Seating memory s, address who) private pure returns (bool) {
        bool known = s.holder.prover() == who || s.next.prover() == who || s.out.prover() == who;
        return known && who != address(0);
    }

    /// When a ticket may next be given back; 0 if there is none.
    function _settles(SeatParams memory p, Seating memory s) private pure returns (uint256) {
        if (s.out != 0) return s.out.number();
        uint256 change = s.holder == 0 ? type(uint40).max : _end(s);
        if (s.next != 0 && s.effect < change) change = s.effect;
        return change == type(uint40).max ? 0 : change + p.handover;
    }

    function _push(Seating memory s, Move memory move) private pure {
        s.moves[s.count++] = move;
    }

    function _answer(Seating memory s, uint256 wake) private pure returns (Answer memory answer) {
        answer.moves = Answers.first(s.moves, s.count);
        answer.wake = uint40(wake);
        answer.shared = s.kept;
        if (s.kept.length != 0) return answer;
        answer.shared = new bytes32[](WORDS);
        (answer.shared[0], answer.shared[1], answer.shared[3]) = (s.holder, s.next, s.out);
        uint256 clock = s.full << 120 | s.effect << 80 | s.leaves << 40 | s.until;
        answer.shared[2] = bytes32(s.print << 168 | s.misses << 160 | clock);
    }
}
