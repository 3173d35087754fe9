// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism, InsufficientBond, NotYet, TooLate, Unacceptable, Unexpected} from "../interfaces/IMechanism.sol";
import {Answers} from "../libraries/Answers.sol";
import {BatchBook} from "../libraries/BatchBook.sol";
import {BatchMatch} from "../libraries/BatchMatch.sol";
import {Params} from "../libraries/Params.sol";
import {
    Answer,
    Ask,
    BINDING,
    CAP_OPEN_ENTRY,
    CAP_SINGLE_RECIPIENT,
    CAP_TRUTHFUL,
    Cause,
    Envelope,
    Move,
    ON_OPEN,
    Shape
} from "../types/Ask.sol";
import {Request} from "../types/Request.sol";
import {Status} from "../types/State.sol";

/// Of one class of work: an offer serves any order of it, so that only prices are to be compared.
struct BatchParams {
    /// Seconds of a batch. Its number is the unix time divided by this, so that all batches end at multiples of it.
    uint32 interval;
    /// Seconds after its end in which it can be cleared; then it is void. At most `interval`.
    uint32 grace;
    /// The least `window` of an order, in seconds.
    uint32 window;
    /// Units of work that a price is for, at most 2^40 - 1.
    uint40 lot;
    /// The least that an order has to be able to pay for a lot, and the most that an offer may ask, in the instance's token.
    uint88 floor;
    uint88 ceiling;
    /// The most work of an order.
    uint64 work;
    /// The deposit behind an offer, and so the most `bond` of an order, in the stake token.
    uint80 bond;
    /// The most orders and offers of a batch; together they bound what clearing costs.
    uint8 orders;
    uint8 offers;
    /// How often an order that found no offer is put into the next batch.
    uint8 carry;
}

/// Batch double auction: many requests and many provers meet at one price for a lot, which none of the provers that sell at it has set
/// (R. P. McAfee, "A dominant strategy double auction", Journal of Economic Theory 56, 1992).
///
/// For a prover:
/// 1. At any time: `bidInstance` with what a lot of work costs you as the price. That offers to do one order of the class, whichever you
///    are matched with, and holds `bond` until the batch is cleared. One offer a batch; it cannot be changed or taken back.
/// 2. Bidding your cost is best, whatever the others do: your price decides only whether you sell. Two accounts of one prover are not covered by this:
///    a second offer can move the price for the first.
/// 3. In `grace` after the end of the batch anyone clears it by a tick of the instance, if there are offers. You are awarded an order, with the deposit in
///    the place of its bond, or have the deposit back. If nobody clears it, a tick about you gives it back.
/// 4. Have a floor no higher than your price, a bond limit of `bond`, a throughput of at least `work` in `window`, and accept each verifier
///    that the instance lists: who cannot take its award forfeits the deposit.
///
/// For a requester: an order is worth `maxPrice * lot / work` for a lot, rounded down, but no more than `ceiling`; it enters the batch that is being
/// collected, and cannot be cancelled. Unmatched orders go into the next batch up to `carry` times; then, and when a batch is not
/// cleared, a tick sends them down the ladder.
///
/// The price. Sort orders by what they are worth, most first, and offers by what they ask, least first; `k` is the last rank at which an order is
/// worth what the offer asks. Half of what those of rank `k + 1` name together is `p`. If there are both, and `p` is neither below the `k`-th
/// offer nor above the `k`-th order, all `k` trade at `p`. Otherwise `k - 1` trade, at the price of the `k`-th offer.
/// McAfee has the orders pay the price of the `k`-th order then, and gives the difference to nobody. A request has one price, so here the
/// requesters keep the difference. For provers that changes nothing. A requester never gains by naming less than its work is worth to it; but
/// the one of rank `k` could gain by naming more, if it risks to pay that. At most one trade is lost, the least valuable one of the `k`; a market of one pair
/// loses all.
/// Equal prices are ranked by a hash over both books. Who trades with whom follows from the order of arrival among those who trade, so that nobody's
/// price decides how large its order is.
///
/// A tick that clears brings as `data`: the orders in order of arrival, each its id and its entry (`BatchBook`); the offers likewise, a word each; then
/// the ranks of orders and of offers, a byte each: which order or offer is the first, the second, and so on. And it brings the requests that trade, in
/// order of arrival.
///
/// After a retune orders are taken under the new parameters as soon as there was an offer under them, which voids the books of the old ones.
contract Batch is IMechanism {
    using BatchBook for BatchBook.Book;

    /// Of orders and of offers: an answer has a move for each offer, and fits into 16 KiB.
    uint8 internal constant MOST = 64;
    uint8 internal constant MAX_CARRY = 8;
    uint32 internal constant STEP_GAS = 60_000;
    uint32 internal constant ENTRY_GAS = 8_000;

    function name() external pure returns (string memory) {
        return "batch";
    }

    function check(bytes calldata params) external pure returns (Shape memory shape) {
        BatchParams memory p = abi.decode(params, (BatchParams));
        Params.within("interval", p.interval, 1, Params.LONGEST / 2);
        Params.within("grace", p.grace, 1, p.interval);
        Params.within("window", p.window, 1, Params.LONGEST);
        Params.within("lot", p.lot, 1, type(uint40).max);
        Params.within("ceiling", p.ceiling, 1, type(uint88).max);
        Params.within("floor", p.floor, 1, p.ceiling);
        Params.within("work", p.work, 1, type(uint64).max);
        Params.within("bond", p.bond, 1, type(uint80).max);
        // With fewer than two of each nothing is ever traded.
        Params.within("orders", p.orders, 2, MOST);
        Params.within("offers", p.offers, 2, MOST);
        Params.within("carry", p.carry, 0, MAX_CARRY);
        shape.shared = uint8(BatchBook.WORDS);
        shape.gas = STEP_GAS + (uint32(p.orders) + p.offers) * ENTRY_GAS;
        shape.flags = ON_OPEN | BINDING;
    }

    function envelope(bytes calldata params, Request calldata request) external pure returns (Envelope memory) {
        BatchParams memory p = abi.decode(params, (BatchParams));
        uint256 work = request.work == 0 ? 1 : request.work;
        return Envelope({
            price: uint88(_price(p, _value(p, request.maxPrice, work), work)),
            award: uint40((uint256(p.carry) + 1) * p.interval + p.grace),
            proof: request.window,
            bond: request.bond,
            standbys: 0,
            capabilities: CAP_OPEN_ENTRY | CAP_SINGLE_RECIPIENT | CAP_TRUTHFUL
        });
    }

    /// `Opened`: the order enters the batch. Refuses other parameters than those of the books (`Unexpected`), an order that might be
    /// cleared too late to be proven (`TooLate`), and, by `Unacceptable`, too much work, too large a bond, too short a window, too low a
    /// price, or one order too many. On a lower rung of a ladder an order that is refused goes on down.
    /// `Bid` on the instance: the offer enters the batch. Refuses a price above the ceiling, too little throughput, and one offer too many
    /// (`Unacceptable(have, most)`); a second offer (`NotYet`); too little stake (`InsufficientBond`).
    /// `Tick` of the instance: clears the last batch. `NotYet` if there is nothing to clear, `TooLate` if it is void; `Unacceptable` if what is brought
    /// along has not the size, the hashes or the order (of two ranks, by number) that it has to have. About a prover: gives the deposit of a void batch back.
    /// `Tick` of an open request: closes it, once no batch can have it any longer.
    function step(Ask calldata ask) external pure returns (Answer memory) {
        BatchParams memory p = abi.decode(ask.params, (BatchParams));
        require(ask.shared.length == BatchBook.WORDS, Unexpected(uint8(ask.cause)));
        if (ask.cause == Cause.Opened) return _enter(p, ask);
        bool about = ask.status == Status.None;
        if (ask.cause == Cause.Bid && about) return _offer(p, ask);
        require(ask.cause == Cause.Tick, Unexpected(uint8(ask.cause)));
        if (ask.status == Status.Open) return _leave(p, ask);
        require(about, Unexpected(uint8(ask.cause)));
        return ask.actor.prover == address(0) ? _clear(p, ask) : _release(ask);
    }

    function _enter(BatchParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        bytes32[] memory shared = ask.shared;
        uint256 print = Params.print(ask.params);
        uint256 batch = ask.time / p.interval;
        if (BatchBook.print(shared) == 0) BatchBook.restart(shared, print);
        BatchBook.Book memory book = BatchBook.load(shared, batch);
        uint256 value = _value(p, ask.request.maxPrice, ask.request.work);
        (uint256 have, uint256 want) = _misfit(p, ask.request, value, book.orders + 1);
        uint256 last = _lastEntry(p, ask.request.deadline);
        bool same = BatchBook.print(shared) == print;
        answer.shared = shared;
        if (ask.rung != 0 && (!same || ask.time > last || have > want)) {
            answer.moves = Answers.only(Answers.close());
            return answer;
        }
        require(same, Unexpected(uint8(ask.cause)));
        require(ask.time <= last, TooLate(ask.time, last));
        require(have <= want, Unacceptable(have, want));
        book.order(ask.id, BatchBook.entryOf(value, ask.request.work, ask.request.deadline, 0));
        book.store(shared);
        answer.wake = uint40(_void(p, batch));
    }

    function _offer(BatchParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        bytes32[] memory shared = _current(ask);
        uint256 batch = ask.time / p.interval;
        BatchBook.Book memory book = BatchBook.load(shared, batch);
        require(ask.price <= p.ceiling, Unacceptable(ask.price, p.ceiling));
        uint256 feasible = uint256(ask.actor.throughput) * p.window;
        require(feasible == 0 || p.work <= feasible, Unacceptable(p.work, feasible));
        uint256 until = _until(ask);
        require(ask.actor.held == 0 || ask.time >= until, NotYet(ask.time, until));
        require(book.offers < p.offers, Unacceptable(book.offers + 1, p.offers));
        uint256 stake = uint256(ask.actor.free) + ask.actor.held;
        require(stake >= p.bond, InsufficientBond(stake, p.bond));

        book.offer(uint256(ask.price) << 160 | uint160(ask.actor.prover));
        book.store(shared);
        uint176 tag = uint176(_void(p, batch) << 88 | ask.price);
        bool stale = ask.actor.held != 0;
        answer.moves = new Move[](stale ? 2 : 1);
        // The ticket of a void batch ends, and with it any wish to leave: a new one stays until this batch is over.
        if (stale) answer.moves[0] = Answers.onInstance(Answers.release(ask.actor.prover));
        answer.moves[stale ? 1 : 0] = Answers.onInstance(Answers.hold(ask.actor.prover, p.bond, tag));
        answer.shared = shared;
        answer.wake = uint40((batch + 1) * p.interval);
    }

    /// A tick about an offer that nobody cleared.
    function _release(Ask calldata ask) private pure returns (Answer memory answer) {
        require(ask.actor.held != 0, Unexpected(uint8(ask.cause)));
        uint256 until = _until(ask);
        require(ask.time >= until, NotYet(ask.time, until));
        answer.moves = Answers.only(Answers.onInstance(Answers.release(ask.actor.prover)));
        answer.shared = ask.shared;
    }

    /// A tick of a request that found no offer: no batch that it is in can be cleared any longer.
    function _leave(BatchParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        bytes32[] memory shared = ask.shared;
        uint256 batch = ask.openedAt / p.interval;
        uint256 last = _void(p, batch + p.carry);
        BatchBook.Book memory book = BatchBook.load(shared, batch);
        if (BatchBook.print(shared) == Params.print(ask.params) && book.orders != 0) {
            // Nothing is carried out of a batch that nobody cleared.
            if (!book.cleared) last = _void(p, batch);
            else if (p.carry == 0) last = 0;
        }
        require(ask.time >= last, NotYet(ask.time, last));
        answer.moves = Answers.only(Answers.close());
        answer.shared = shared;
    }

    /* CLEARING */

    function _clear(BatchParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        bytes32[] memory shared = _current(ask);
        uint256 current = ask.time / p.interval;
        BatchBook.Book memory book = BatchBook.load(shared, current - 1);
        uint256 end = current * p.interval;
        require(book.offers != 0 && !book.cleared, NotYet(ask.time, end + p.interval));
        require(ask.time < end + p.grace, TooLate(ask.time, end + p.grace - 1));
        BatchMatch.Match memory found = BatchMatch.find(book, ask.data);
        answer.moves = _trade(p, book, found, ask.data);
        answer.shared = shared;
        BatchBook.Book memory next = BatchBook.load(shared, current);
        _carry(p, book, found, ask.data, next);
        book.cleared = true;
        book.store(shared);
        next.store(shared);
        answer.wake = uint40(end + p.interval);
    }

    /// A move for each offer: an award, or its deposit back.
    function _trade(
        BatchParams memory p,
        BatchBook.Book memory book,
        BatchMatch.Match memory found,
        bytes calldata data
    ) private pure returns (Move[] memory moves) {
        moves = new Move[](book.offers);
        uint256 at;
        uint16 subject;
        for (uint256 i; i < book.offers; ++i) {
            address prover = address(uint160(BatchBook.word(data, 64 * book.orders + 32 * i)));
            if (found.offers >> i & 1 == 0) {
                moves[i] = Answers.onInstance(Answers.release(prover));
                continue;
            }
            while (found.orders >> at & 1 == 0) ++at;
            uint256 work = uint64(BatchBook.word(data, 64 * at + 32) >> 48);
            Move memory award = Answers.award(prover, uint88(_price(p, found.price, work)));
            moves[i] = Answers.about(award, ++subject, bytes32(BatchBook.word(data, 64 * at)));
            ++at;
        }
    }

    /// Puts orders that found no offer into the next batch, as long as that has room.
    function _carry(
        BatchParams memory p,
        BatchBook.Book memory book,
        BatchMatch.Match memory found,
        bytes calldata data,
        BatchBook.Book memory next
    ) private pure {
        for (uint256 i; i < book.orders; ++i) {
            uint256 entry = BatchBook.word(data, 64 * i + 32);
            bool stays = found.orders >> i & 1 == 0 && uint8(entry) < p.carry && next.orders < p.orders
                && next.batch * p.interval <= _lastEntry(p, uint40(entry >> 8));
            if (stays) next.order(bytes32(BatchBook.word(data, 64 * i)), entry + 1);
        }
    }

    /* SMALL THINGS */

    /// The shared words, under the parameters of now: only those are ever asked about the instance itself.
    function _current(Ask calldata ask) private pure returns (bytes32[] memory shared) {
        shared = ask.shared;
        uint256 print = Params.print(ask.params);
        if (BatchBook.print(shared) != print) BatchBook.restart(shared, print);
    }

    /// What about an order is more than it may be; nothing if `have` is no more than `want`.
    function _misfit(BatchParams memory p, Request calldata request, uint256 value, uint256 count)
        private
        pure
        returns (uint256 have, uint256 want)
    {
        if (request.work > p.work) return (request.work, p.work);
        if (request.bond > p.bond) return (request.bond, p.bond);
        if (p.window > request.window) return (p.window, request.window);
        if (p.floor > value) return (p.floor, value);
        return (count, p.orders);
    }

    /// What an order pays at most for a lot.
    function _value(BatchParams memory p, uint256 maxPrice, uint256 work) private pure returns (uint256 value) {
        value = maxPrice * p.lot / work;
        if (value > p.ceiling) value = p.ceiling;
    }

    /// Of an order, at `price` for a lot; rounded up, which is never more than an order of at least that value pays.
    function _price(BatchParams memory p, uint256 price, uint256 work) private pure returns (uint256) {
        return (price * work + p.lot - 1) / p.lot;
    }

    /// From when on a batch cannot be cleared any longer.
    function _void(BatchParams memory p, uint256 batch) private pure returns (uint256) {
        return (batch + 1) * p.interval + p.grace;
    }

    /// The last second at which an order enters a batch that is, at the latest, cleared a window before the deadline.
    function _lastEntry(BatchParams memory p, uint256 deadline) private pure returns (uint256) {
        uint256 after_ = uint256(p.grace) + p.window;
        uint256 batches = deadline > after_ ? (deadline - after_) / p.interval : 0;
        return batches == 0 ? 0 : batches * p.interval - 1;
    }

    /// Until when the actor's offer stands.
    function _until(Ask calldata ask) private pure returns (uint256) {
        return uint40(ask.actor.tag >> 88);
    }
}
