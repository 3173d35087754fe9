// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism, InsufficientBond, NotYet, Unacceptable, Unexpected} from "../interfaces/IMechanism.sol";
import {Answers} from "../libraries/Answers.sol";
import {Params} from "../libraries/Params.sol";
import {Clock, Reservation, Reservations} from "../libraries/Reservations.sol";
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
struct ReservedParams {
    /// Paid for any request.
    uint88 base;
    /// The highest rate: paid on top for every million units of work.
    uint88 ceiling;
    /// How far a bid has to go below the one that it replaces: a share of that.
    uint16 decrementBps;
    /// From the first bid to the start of the contract. The next one is sold in as many seconds before this one ends.
    uint32 offering;
    /// At most 31 days, less the offering and the time for which who left is liable.
    uint32 term;
    /// From a holder's notice to its end.
    uint32 notice;
    /// A holder's collateral, and the share of it that each miss costs, rounded up.
    uint80 deposit;
    uint16 creditBps;
    /// So many misses within `period` seconds of the first of them end the holder's contract.
    uint8 maxMisses;
    uint32 period;
    /// 1: a holder whose contract ends by misses loses all that is left of its collateral.
    uint8 terminal;
    /// 1 or 2. The second one serves what comes too fast for the first, and what that missed.
    uint8 holders;
    /// How long a request that came too fast waits, from opening (inclusive).
    uint32 patience;
    /// Each holder has to take up to `burst` requests at once, and one more every `refill` seconds.
    uint16 burst;
    uint32 refill;
    /// It has to take only what has no more work and bond.
    uint64 maxWork;
    uint80 maxBond;
    /// A proof is due `latency` seconds after the award, and `pace` more for every million units of work, rounded up.
    uint32 latency;
    uint32 pace;
}

/// Reserved capacity: one or two provers hold a contract for a term, and are awarded the instance's requests as they open, at their rate
/// and with the contract's latency as the time to prove.
///
/// For a prover:
/// 1. Bid on the instance: `bidInstance` at the rate that you ask, with no data, when no contract runs or in the last `offering` seconds of
///    one. At most `ceiling` as long as there are fewer bids than places; then at most the highest bid less the decrement,
///    rounded down; if you have bid already, your own bid less the decrement. The bid holds `deposit` and cannot be taken back.
/// 2. `offering` seconds after the first bid the contract starts, at the rate that each has bid, for `term`. Nobody can bid you down.
/// 3. A request that pays `base + rate * work / 1,000,000`, within `maxWork` and `maxBond`, with time for
///    `latency + pace * work / 1,000,000`, is awarded to the first holder, or the second, whose bucket of `burst` and `refill` has one left. Keep stake
///    and capacity for `burst` awards free, and your floor below your rate. You cannot look at a request before: hold contracts
///    only of requesters that you trust, or with verifiers whose statements are provable.
/// 4. A miss is an award that you did not prove in time, or could not take. It costs `creditBps` of the deposit, besides the bond: half of
///    both is burned, most of the rest pays the requester for buying elsewhere. `maxMisses` in a period end the contract.
/// 5. To leave, give notice: `bidInstance` with the byte 0x01; you are released `notice` seconds later. After your end you are
///    liable for your awards for as long as the largest may take, and an hour; then a tick gives the deposit back.
///
/// Who holds a contract has agreed to the parameters of its bid. Under others it is awarded nothing: the first bid or tick after a retune ends
/// all contracts and gives all deposits back, and a miss of what was awarded before costs the bond alone.
///
/// For a requester: nothing is owed for capacity that is not used; what standing by costs has to be in `base`. Small requests,
/// opened from time to time, are drills and pay a retainer. To stop, ask for nothing. A request beyond the bucket waits for `patience`, and goes down
/// the ladder, to the spot market; one that is out of scope, or was missed and that no other holder takes, does so at once.
///
/// Shared words: two holders and two bids, lowest first, `rate << 160 | prover`, 0 for nobody; the holders' clocks, that of the second `<< 128`:
/// `misses << 120 | since << 80 | leaves << 40 | full` (unix seconds: when its period of misses began, when its notice ends or 0, when its
/// bucket is full); `print << 80 | effect << 40 | until` (`Params.print` of the bids, when they become the contract, when it ends); two that left and until when they are
/// liable, `until << 160 | prover`. Words may lag: what time has changed is written by the next event. A ticket's tag is its rate.
contract Reserved is IMechanism {
    using Answers for Move;
    using Reservations for Reservation;
    using Standing for bytes32;
    using Standing for Scope;

    /// The data of a bid that is a notice.
    bytes1 internal constant NOTICE = 0x01;
    uint16 internal constant MIN_DECREMENT_BPS = 100;
    uint16 internal constant MAX_DECREMENT_BPS = 5_000;
    /// The market gives a ticket back after so long, without asking: a bid, its term and its liability have to be over by then.
    uint256 internal constant TICKET = 31 days;
    uint32 internal constant LONGEST_OFFERING = 10 days;
    uint32 internal constant LONGEST_WINDOW = 10 days;
    /// For somebody to say that an award was missed.
    uint256 internal constant GRACE = 1 hours;
    uint32 internal constant STEP_GAS = 150_000;

    function name() external pure returns (string memory) {
        return "reserved";
    }

    function check(bytes calldata params) external pure returns (Shape memory shape) {
        ReservedParams memory p = abi.decode(params, (ReservedParams));
        // A tariff of zero is a tariff that was forgotten.
        if (p.ceiling == 0) Params.within("base", p.base, 1, type(uint88).max);
        Params.within("decrementBps", p.decrementBps, MIN_DECREMENT_BPS, MAX_DECREMENT_BPS);
        Params.within("offering", p.offering, 1, LONGEST_OFFERING);
        Params.within("notice", p.notice, p.offering, Params.LONGEST);
        Params.within("deposit", p.deposit, 1, type(uint80).max);
        Params.within("creditBps", p.creditBps, 1, BPS);
        Params.within("maxMisses", p.maxMisses, 1, type(uint8).max);
        Params.within("period", p.period, 1, Params.LONGEST);
        Params.within("terminal", p.terminal, 0, 1);
        Params.within("holders", p.holders, 1, 2);
        Params.within("patience", p.patience, 0, Params.LONGEST);
        Params.within("burst", p.burst, 1, type(uint16).max);
        Params.within("refill", p.refill, 1, Params.LONGEST);
        Params.within("maxWork", p.maxWork, 1, type(uint64).max);
        Params.within("latency", p.latency, 1, LONGEST_WINDOW);
        Params.within("pace", p.pace, 0, LONGEST_WINDOW);
        // That of the largest request.
        Params.within("latency", _window(p, p.maxWork), 1, LONGEST_WINDOW);
        Params.within("term", p.term, uint256(p.offering) + 1, TICKET - p.offering - _tail(p));
        shape.shared = Reservations.WORDS;
        shape.gas = STEP_GAS;
        shape.flags = ON_OPEN | ON_FAILED | SEATS;
    }

    function envelope(bytes calldata params, Request calldata request) external pure returns (Envelope memory) {
        ReservedParams memory p = abi.decode(params, (ReservedParams));
        uint256 price = Standing.price(p.base, p.ceiling, request.work);
        uint256 window = _window(p, request.work);
        return Envelope({
            price: price < request.maxPrice ? uint88(price) : request.maxPrice,
            award: p.patience,
            proof: window < request.window ? uint40(window) : request.window,
            bond: request.bond,
            standbys: p.holders - 1,
            // A standby needs the input too.
            capabilities: p.holders == 1 ? CAP_OPEN_ENTRY | CAP_SINGLE_RECIPIENT : CAP_OPEN_ENTRY
        });
    }

    /// About the instance (`ask.status` is `None`):
    /// `Bid`: holds the deposit, releases the bid that it replaces. `NotYet` while a contract runs; `Unexpected` if the rate to go below is
    /// 0; `Unacceptable(rate, most)`; `InsufficientBond`. A notice: `Unacceptable(bidder, first holder)`, both as numbers, from who
    /// holds nothing; `Unexpected` if one was given or the term ends sooner, and for other data.
    /// `Tick`: releases who is no longer liable. `NotYet`, or `Unexpected` if nobody is there to be released.
    ///
    /// About a request: `Opened`: awards, or closes if no holder ever takes it. `Tick`: awards as soon as it can, closes
    /// after the patience, `NotYet` before. `Failed`: counts and fines the miss; awards to the other holder, closes otherwise.
    /// `Unexpected` for any bid.
    function step(Ask calldata ask) external pure returns (Answer memory) {
        ReservedParams memory p = abi.decode(ask.params, (ReservedParams));
        Reservation memory s = Reservations.read(ask, p.term, _tail(p));
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

    function _bid(ReservedParams memory p, Ask calldata ask, Reservation memory s)
        private
        pure
        returns (Answer memory)
    {
        uint256 time = ask.time;
        if (s.bids[0] == 0) {
            uint256 end = s.lastEnd();
            if (end > time + p.offering) revert NotYet(time, end - p.offering);
            s.effect = time + p.offering;
        }
        (uint256 most, uint256 place) = _most(p, s, ask.actor.prover);
        require(ask.price <= most, Unacceptable(ask.price, most));
        uint256 stake = uint256(ask.actor.free) + ask.actor.held;
        require(stake >= p.deposit, InsufficientBond(stake, p.deposit));

        address outbid = s.bids[place].prover();
        bytes32 bid = Standing.word(ask.actor.prover, ask.price);
        // Of equal bids the earlier one is first.
        if (place == 1 && ask.price < s.bids[0].number()) (s.bids[0], s.bids[1]) = (bid, s.bids[0]);
        else s.bids[place] = bid;
        // A new ticket: the time after which it can be taken back without asking begins anew.
        if (ask.actor.held != 0 && !Answers.names(s.moves, ask.actor.prover)) {
            s.push(Answers.release(ask.actor.prover).onInstance());
        }
        s.push(Answers.hold(ask.actor.prover, p.deposit, ask.price).onInstance());
        s.free(outbid);
        return s.answer(s.settles(p.term, _tail(p)));
    }

    /// The highest rate that is taken from `bidder` now, and which bid it replaces.
    function _most(ReservedParams memory p, Reservation memory s, address bidder)
        private
        pure
        returns (uint256 most, uint256 place)
    {
        place = p.holders - 1;
        if (s.bids[0] == 0 || s.bids[0].prover() == bidder) place = 0;
        if (s.bids[place] == 0) return (p.ceiling, place);
        uint256 rate = s.bids[place].number();
        require(rate != 0, Unexpected(uint8(Cause.Bid)));
        most = rate * (BPS - p.decrementBps) / BPS;
    }

    /// A holder gives notice.
    function _leave(ReservedParams memory p, Ask calldata ask, Reservation memory s)
        private
        pure
        returns (Answer memory)
    {
        bool meant = ask.data.length == 1 && ask.data[0] == NOTICE;
        require(meant, Unexpected(uint8(ask.cause)));
        address who = ask.actor.prover;
        uint256 i = s.holders[0].prover() == who ? 0 : 1;
        require(s.holders[i].prover() == who, Unacceptable(uint160(who), uint160(s.holders[0].prover())));
        uint256 leaves = uint256(ask.time) + p.notice;
        require(s.clocks[i].leaves == 0 && leaves < s.until, Unexpected(uint8(ask.cause)));
        s.clocks[i].leaves = leaves;
        return s.answer(s.settles(p.term, _tail(p)));
    }

    /// A tick of the instance.
    function _settle(ReservedParams memory p, Ask calldata ask, Reservation memory s)
        private
        pure
        returns (Answer memory)
    {
        uint256 wake = s.settles(p.term, _tail(p));
        if (s.count == 0) {
            require(wake != 0, Unexpected(uint8(ask.cause)));
            revert NotYet(ask.time, wake);
        }
        return s.answer(wake);
    }

    /* REQUESTS */

    /// An opening, or a tick.
    function _serve(ReservedParams memory p, Ask calldata ask, Reservation memory s)
        private
        pure
        returns (Answer memory)
    {
        if (_award(p, ask, s, address(0))) return s.answer(0);
        uint256 time = ask.time;
        uint256 last = uint256(ask.openedAt) + p.patience;
        if (p.patience == 0 || last < time || !_scope(p, ask.request.work).covers(ask.request, time)) {
            s.push(Answers.close());
            return s.answer(0);
        }
        uint256 again = last + 1;
        if (s.bids[0] != 0 && s.effect < again) again = s.effect;
        for (uint256 i; i < 2; ++i) {
            uint256 ready = Standing.readyAt(s.clocks[i].full, p.burst, p.refill);
            if (s.holders[i] != 0 && time < ready && ready < again) again = ready;
        }
        require(ask.cause == Cause.Opened, NotYet(time, again));
        return s.answer(again);
    }

    function _missed(ReservedParams memory p, Ask calldata ask, Reservation memory s)
        private
        pure
        returns (Answer memory)
    {
        (address who, uint256 held, uint256 time) = (ask.actor.prover, ask.actor.held, ask.time);
        if (s.liable(who)) {
            bool ends;
            uint256 i = s.holders[0].prover() == who ? 0 : 1;
            bool holds = s.holders[i].prover() == who;
            if (holds) {
                Clock memory clock = s.clocks[i];
                if (clock.misses == 0 || clock.since + p.period <= time) (clock.since, clock.misses) = (time, 0);
                ends = ++clock.misses >= p.maxMisses;
            }
            Move memory fine = Standing.fine(who, p.deposit, ends && p.terminal == 1 ? BPS : p.creditBps, held);
            if (held != 0) s.push(fine);
            if (held == 0 || fine.amount == 0) {
                s.remove(who);
            } else if (ends) {
                s.remove(who);
                // It is liable for its other awards, and then released.
                s.retire(i, who, time + _tail(p));
            }
        }
        if (!_award(p, ask, s, who)) s.push(Answers.close());
        return s.answer(0);
    }

    /// @param except who is not awarded.
    /// @return whether a holder is.
    function _award(ReservedParams memory p, Ask calldata ask, Reservation memory s, address except)
        private
        pure
        returns (bool)
    {
        (uint256 time, uint256 work) = (ask.time, ask.request.work);
        Scope memory scope = _scope(p, work);
        if (!scope.covers(ask.request, time)) return false;
        for (uint256 i; i < 2; ++i) {
            address holder = s.holders[i].prover();
            if (holder == address(0) || holder == except) continue;
            uint256 price = Standing.price(p.base, s.holders[i].number(), work);
            if (ask.request.maxPrice < price || !_draw(p, s.clocks[i], time)) continue;
            Move memory award = Answers.award(holder, uint88(price));
            award.due = uint40(time + scope.minWindow);
            s.push(award);
            return true;
        }
        return false;
    }

    /// Takes one from a bucket, if there is one left.
    function _draw(ReservedParams memory p, Clock memory clock, uint256 time) private pure returns (bool) {
        if (time < Standing.readyAt(clock.full, p.burst, p.refill)) return false;
        clock.full = Standing.drawn(clock.full, time, p.refill);
        return true;
    }

    function _scope(ReservedParams memory p, uint256 work) private pure returns (Scope memory) {
        uint256 window = _window(p, work);
        return Scope(p.maxWork, p.maxBond, window < type(uint32).max ? uint32(window) : type(uint32).max);
    }

    function _window(ReservedParams memory p, uint256 work) private pure returns (uint256) {
        return p.latency + (p.pace * work + Standing.RATE_UNIT - 1) / Standing.RATE_UNIT;
    }

    /// For how long a holder that left is liable.
    function _tail(ReservedParams memory p) private pure returns (uint256) {
        return _window(p, p.maxWork) + GRACE;
    }
}
