// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism, InsufficientBond, NotYet, TooLate, Unacceptable, Unexpected} from "../interfaces/IMechanism.sol";
import {Answers} from "../libraries/Answers.sol";
import {Params} from "../libraries/Params.sol";
import {
    Answer,
    Ask,
    CAP_INSTANT,
    CAP_OPEN_ENTRY,
    CAP_SINGLE_RECIPIENT,
    Cause,
    Envelope,
    Move,
    ON_FAILED,
    ON_OPEN,
    Shape
} from "../types/Ask.sol";
import {Request} from "../types/Request.sol";
import {BPS, Status} from "../types/State.sol";

/// Seconds, and basis points.
struct RfqParams {
    /// How long from opening a quote is only held, and can be overridden. 0: the first quote is awarded at once.
    uint32 exclusivity;
    /// How far an override has to go below the best quote: a share of that.
    uint16 overrideBps;
    /// How long a request that entered without a quote waits for one, from opening (inclusive); 0, or at least `exclusivity`.
    uint32 patience;
    /// The most that the first quote for such a request may ask: a share of its `maxPrice`, rounded down.
    uint16 startBps;
    /// The deposit behind a quote that is held, in the stake token: a share of the request's `bond`, rounded up, and the least it is.
    uint16 depositBps;
    uint80 depositFloor;
    /// How many quotes are kept to take over.
    uint8 standbys;
}

/// Request for quotes. The requester asks provers off the chain; a quote is their signed bid, and the requester enters its
/// request with those it likes. Who pays selects: a request that enters with a quote has no other way in but its requester's
/// transaction, or its signature in the hands of whom it gave it to.
///
/// For a requester, in one call of `bid` or `bidBatch`: the quotes that stand by, in any order, and last the one to be awarded.
/// Send it yourself: whoever holds your signature over the request can bring it with any quote up to `maxPrice`. A quote that you bring
/// with the request may ask up to `maxPrice`, and so may anybody's in the second in which standbys came alone. A request that enters without
/// any is open to every prover, with `patience`, at up to `startBps` of `maxPrice`; without patience it goes down the ladder at once.
///
/// For a prover:
/// 1. A quote with no data says: award me at this price. One with the single byte 1: I stand by, and take over at this price. Sign both
///    if you are asked for both; of one request you hold at most one ticket, and a quote of yours replaces the one before.
/// 2. A quote is a free option for the requester until `validUntil`: keep that short. A standby gives a longer one, until the request has
///    ended or its deadline has passed: price it. Neither takes stake or capacity before it is brought. If your stake backs something else
///    by then the quote fails, and costs you nothing.
/// 3. With an `exclusivity`, everybody sees the best quote until it is over, and may go below it by `overrideBps`, rounded down: who was
///    overridden stands by, if it is among the cheapest. Then anyone ticks, and the best is awarded.
/// 4. After that, and up to `patience`, an unquoted request goes to the first quote at up to `startBps` of `maxPrice`.
///
/// Standbys are ordered by price, the earlier first among equals; a list that is full drops its dearest. If the winner fails, they are
/// awarded in that order, each at its own price. Who cannot take the award (stake gone, floor raised above its quote) loses
/// the deposit, and the next is asked. When the request has ended, or its deadline has passed, a tick about each gives its deposit back.
///
/// Words: none without exclusivity, patience and standbys. Else the best quote that is held, `price << 160 | prover`, with bit 248 if the
/// request entered without a quote; then the standbys, likewise. Who is in a word holds a ticket, and nobody else does. A quote that is
/// awarded leaves its word. A ticket's tag is its price.
contract Rfq is IMechanism {
    /// What is less makes overriding free.
    uint16 internal constant MIN_OVERRIDE_BPS = 10;
    uint16 internal constant MAX_OVERRIDE_BPS = 5_000;
    uint8 internal constant MAX_STANDBYS = 4;
    uint32 internal constant STEP_GAS = 60_000;
    uint256 private constant BEST = 0;
    uint256 private constant INVITED = 1 << 248;
    bytes1 private constant STANDBY = 0x01;

    function name() external pure returns (string memory) {
        return "rfq";
    }

    function check(bytes calldata params) external pure returns (Shape memory shape) {
        RfqParams memory p = abi.decode(params, (RfqParams));
        Params.within("exclusivity", p.exclusivity, 0, Params.LONGEST);
        Params.within("overrideBps", p.overrideBps, MIN_OVERRIDE_BPS, MAX_OVERRIDE_BPS);
        if (p.patience != 0) Params.within("patience", p.patience, p.exclusivity, Params.LONGEST);
        Params.within("startBps", p.startBps, 1, BPS);
        Params.within("depositBps", p.depositBps, 0, BPS);
        // Not to honour a quote must cost something even where the bond is 0.
        Params.within("depositFloor", p.depositFloor, 1, type(uint80).max);
        Params.within("standbys", p.standbys, 0, MAX_STANDBYS);
        bool plain = p.exclusivity == 0 && p.patience == 0 && p.standbys == 0;
        shape.words = plain ? 0 : 1 + p.standbys;
        shape.gas = STEP_GAS;
        shape.flags = p.standbys == 0 ? ON_OPEN : ON_OPEN | ON_FAILED;
    }

    function envelope(bytes calldata params, Request calldata request) external pure returns (Envelope memory e) {
        RfqParams memory p = abi.decode(params, (RfqParams));
        e.price = request.maxPrice;
        e.award = p.patience > p.exclusivity ? p.patience : p.exclusivity;
        // Of standbys alone, one is awarded by a tick.
        if (e.award == 0 && p.standbys != 0) e.award = 1;
        e.proof = request.window;
        e.bond = request.bond;
        e.standbys = p.standbys;
        if (p.exclusivity == 0) e.capabilities = CAP_INSTANT;
        else e.capabilities = CAP_OPEN_ENTRY;
        // A standby needs the input too.
        if (p.standbys == 0) e.capabilities |= CAP_SINGLE_RECIPIENT;
    }

    /// `Opened`: remembers that the request came without a quote; closes if there is no patience.
    /// `Bid`: awards, or holds the deposit of a new best or standby and releases who is no longer needed. Refuses, in this order:
    /// data that are neither empty nor the byte 1 (`Unacceptable(length, 1)`); a standby where none is kept, where the request
    /// came without a quote, or once a best is held, and any override below a price of 0 (`Unexpected`); what comes too late
    /// (`TooLate`); a price above the start, too near to the best, or not below the dearest of as many standbys as there can be
    /// (`Unacceptable(price, most)`); too little stake for a deposit (`InsufficientBond`).
    /// `Tick`: once the exclusivity is over, awards the best, or the first standby; closes if nobody is left, or
    /// nobody came. Once the request is no longer open: gives the deposit back of whom it is about. `NotYet` before.
    /// `Failed`: awards the next standby, if there is one.
    function step(Ask calldata ask) external pure returns (Answer memory answer) {
        if (ask.words.length == 0) return _plain(ask);
        RfqParams memory p = abi.decode(ask.params, (RfqParams));
        if (ask.cause == Cause.Bid) return ask.data.length == 0 ? _quote(p, ask) : _standBy(p, ask);
        if (ask.cause == Cause.Tick) return ask.status == Status.Open ? _settle(p, ask) : _leave(ask);
        if (ask.cause == Cause.Failed) return _next(ask);
        require(ask.cause == Cause.Opened, Unexpected(uint8(ask.cause)));
        answer.words = ask.words;
        if (p.patience == 0) {
            answer.moves = Answers.only(Answers.close());
            return answer;
        }
        answer.words[BEST] = bytes32(INVITED);
        answer.wake = ask.openedAt + p.patience + 1;
    }

    /// One quote, and nothing to remember: awarded with the request, or never.
    function _plain(Ask calldata ask) private pure returns (Answer memory answer) {
        if (ask.cause == Cause.Opened) {
            answer.moves = Answers.only(Answers.close());
            return answer;
        }
        if (ask.cause != Cause.Bid) {
            require(ask.cause == Cause.Tick, Unexpected(uint8(ask.cause)));
            return Answers.closeAfter(ask.time, ask.openedAt);
        }
        require(ask.data.length == 0, Unacceptable(ask.data.length, 0));
        uint256 last = _lastEntry(ask);
        require(ask.time <= last, TooLate(ask.time, last));
        Answers.sell(ask.actor.prover, ask.price);
    }

    /// A quote to be awarded.
    function _quote(RfqParams memory p, Ask calldata ask) private pure returns (Answer memory) {
        bytes32[] memory words = ask.words;
        uint256 end = uint256(ask.openedAt) + p.exclusivity;
        uint256 most = _prover(words[BEST]) == address(0) ? _first(p, ask) : _override(p, ask, end);
        require(ask.price <= most, Unacceptable(ask.price, most));
        address prover = ask.actor.prover;
        if (ask.time >= end) {
            _strike(words, prover);
            words[BEST] = 0;
            return _answer(words, Answers.award(prover, ask.price), address(0), 0);
        }
        uint256 deadline = ask.request.deadline;
        uint256 latest = deadline > p.exclusivity ? deadline - p.exclusivity - 1 : 0;
        require(ask.openedAt <= latest, TooLate(ask.openedAt, latest));
        Move memory hold = Answers.hold(prover, _deposit(p, ask), ask.price);
        return _answer(words, hold, _place(words, prover, ask.price), uint40(end));
    }

    /// The most that a quote may ask if none is held.
    function _first(RfqParams memory p, Ask calldata ask) private pure returns (uint256 most) {
        bool invited = uint256(ask.words[BEST]) & INVITED != 0;
        uint256 last = invited ? uint256(ask.openedAt) + p.patience : _lastEntry(ask);
        require(ask.time <= last, TooLate(ask.time, last));
        most = invited ? uint256(ask.request.maxPrice) * p.startBps / BPS : ask.request.maxPrice;
    }

    /// The most that a quote may ask if one is held.
    function _override(RfqParams memory p, Ask calldata ask, uint256 end) private pure returns (uint256) {
        uint256 best = _price(ask.words[BEST]);
        require(best != 0, Unexpected(uint8(ask.cause)));
        require(ask.time < end, TooLate(ask.time, end - 1));
        return best * (BPS - p.overrideBps) / BPS;
    }

    /// A quote to stand by.
    function _standBy(RfqParams memory p, Ask calldata ask) private pure returns (Answer memory) {
        bytes calldata data = ask.data;
        require(data.length == 1 && data[0] == STANDBY, Unacceptable(data.length, 1));
        bytes32[] memory words = ask.words;
        require(p.standbys != 0 && words[BEST] == 0, Unexpected(uint8(ask.cause)));
        uint256 last = _lastEntry(ask);
        require(ask.time <= last, TooLate(ask.time, last));
        address prover = ask.actor.prover;
        _strike(words, prover);
        bytes32 dearest = words[p.standbys];
        if (dearest != 0) {
            uint256 price = _price(dearest);
            require(price != 0, Unexpected(uint8(ask.cause)));
            require(ask.price < price, Unacceptable(ask.price, price - 1));
        }
        Move memory hold = Answers.hold(prover, _deposit(p, ask), ask.price);
        return _answer(words, hold, _insert(words, _word(prover, ask.price)), _tickable(p, ask));
    }

    /// A tick while the request is open.
    function _settle(RfqParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        answer = _next(ask);
        uint256 from = _tickable(p, ask);
        if (answer.moves.length == 0) {
            answer.moves = Answers.only(Answers.close());
            bool invited = uint256(ask.words[BEST]) & INVITED != 0;
            from = uint256(ask.openedAt) + 1 + (invited ? p.patience : 0);
        }
        require(ask.time >= from, NotYet(ask.time, from));
    }

    /// Awards the best of those that are left; no move if nobody is.
    function _next(Ask calldata ask) private pure returns (Answer memory answer) {
        bytes32[] memory words = ask.words;
        answer.words = words;
        for (uint256 i; i < words.length; ++i) {
            address prover = _prover(words[i]);
            if (prover == address(0)) continue;
            answer.moves = Answers.only(Answers.award(prover, _price(words[i])));
            words[i] = 0;
            return answer;
        }
    }

    /// A tick about a ticket that outlived the selection.
    function _leave(Ask calldata ask) private pure returns (Answer memory answer) {
        // A standby may be needed as long as an award can fail and another can be made.
        uint40 deadline = ask.request.deadline;
        require(ask.status != Status.Awarded || ask.time >= deadline, NotYet(ask.time, deadline));
        address prover = ask.actor.prover;
        bytes32[] memory words = ask.words;
        for (uint256 i; i < words.length; ++i) {
            if (_prover(words[i]) == prover) words[i] = 0;
        }
        answer.moves = Answers.only(Answers.release(prover));
        answer.words = words;
    }

    /// Makes a quote the best; who was it stands by, but not for itself.
    /// @return out whose ticket is no longer needed, or nobody.
    function _place(bytes32[] memory words, address prover, uint88 price) private pure returns (address out) {
        bytes32 before = words[BEST];
        address rival = _prover(before);
        words[BEST] = bytes32(uint256(before) & INVITED | uint256(_word(prover, price)));
        _strike(words, prover);
        if (rival == prover || rival == address(0)) return address(0);
        return _insert(words, _word(rival, _price(before)));
    }

    /// Puts a quote among the standbys.
    /// @return out who finds no room there any more, or nobody.
    function _insert(bytes32[] memory words, bytes32 entry) private pure returns (address out) {
        uint256 i = 1;
        while (i < words.length && words[i] != 0 && _price(words[i]) <= _price(entry)) ++i;
        for (; i < words.length; ++i) {
            (words[i], entry) = (entry, words[i]);
        }
        return _prover(entry);
    }

    /// Takes a prover off the standbys; those behind it move up.
    function _strike(bytes32[] memory words, address prover) private pure {
        uint256 to = 1;
        for (uint256 i = 1; i < words.length; ++i) {
            bytes32 entry = words[i];
            if (_prover(entry) != prover) words[to++] = entry;
        }
        if (to < words.length) words[to] = 0;
    }

    function _answer(bytes32[] memory words, Move memory move, address out, uint256 wake)
        private
        pure
        returns (Answer memory answer)
    {
        answer.moves = new Move[](out == address(0) ? 1 : 2);
        answer.moves[0] = move;
        if (out != address(0)) answer.moves[1] = Answers.release(out);
        answer.words = words;
        answer.wake = uint40(wake);
    }

    /// The last second at which a quote comes with its request: that of opening, and none where the request came down a ladder.
    function _lastEntry(Ask calldata ask) private pure returns (uint256) {
        return ask.rung == 0 ? ask.openedAt : uint256(ask.openedAt) - 1;
    }

    /// From when on who is held can be awarded: standbys alone wait a second for the quote that was to come with them.
    function _tickable(RfqParams memory p, Ask calldata ask) private pure returns (uint256) {
        return uint256(ask.openedAt) + (p.exclusivity == 0 ? 1 : p.exclusivity);
    }

    function _deposit(RfqParams memory p, Ask calldata ask) private pure returns (uint80 deposit) {
        uint256 share = (uint256(ask.request.bond) * p.depositBps + BPS - 1) / BPS;
        deposit = share > p.depositFloor ? uint80(share) : p.depositFloor;
        uint256 stake = uint256(ask.actor.free) + ask.actor.held;
        require(stake >= deposit, InsufficientBond(stake, deposit));
    }

    function _word(address prover, uint88 price) private pure returns (bytes32) {
        return bytes32(uint256(price) << 160 | uint160(prover));
    }

    function _prover(bytes32 word) private pure returns (address) {
        return address(uint160(uint256(word)));
    }

    function _price(bytes32 word) private pure returns (uint88) {
        return uint88(uint256(word) >> 160);
    }
}
