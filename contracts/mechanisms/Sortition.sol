// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism, InsufficientBond, NotYet, TooLate, Unacceptable, Unexpected} from "../interfaces/IMechanism.sol";
import {Answers} from "../libraries/Answers.sol";
import {Lots} from "../libraries/Lots.sol";
import {Params} from "../libraries/Params.sol";
import {Standing} from "../libraries/Standing.sol";
import {
    Answer,
    Ask,
    BINDING,
    CAP_FIXED_PRICE,
    CAP_OPEN_ENTRY,
    CAP_SINGLE_RECIPIENT,
    Cause,
    DRAWS,
    Envelope,
    Move,
    ON_FAILED,
    ON_OPEN,
    SEATS,
    Shape
} from "../types/Ask.sol";
import {Request} from "../types/Request.sol";
import {Status} from "../types/State.sol";

/// Prices in the instance's token, deposits in the stake token, seconds unless said.
struct SortitionParams {
    /// Paid for any request.
    uint88 base;
    /// Paid on top for every million units of work.
    uint88 rate;
    /// What a prover deposits in the pool is its weight. At most a million times the least.
    uint80 minDeposit;
    uint80 maxDeposit;
    /// From notice to the end of a deposit.
    uint32 notice;
    /// How many blocks after the opening of a request its lots are drawn.
    uint8 distance;
    /// From opening to when the first stage would begin if blocks came in time; it begins with the draw. What `distance` blocks
    /// take, or more.
    uint32 lead;
    /// How long each stage lasts but the last, and how many there are.
    uint32 stagger;
    uint8 stages;
    /// How long the last stage lasts, in which it is everybody's turn.
    uint32 patience;
    /// Who stands ready to take over.
    uint8 backups;
}

/// Sortition by stake: whose turn it is to prove a request is drawn from the pool of provers, by weight, once the request can be
/// taken back no more. Those that are drawn next stand ready. The request pays its tariff, `base + rate * work / 1,000,000`
/// rounded down, or its `maxPrice` where that is less.
///
/// For a prover:
/// 1. Enrol in the pool: `bidInstance` with the deposit as 32 bytes of data, from `minDeposit` to `maxDeposit`. It is your weight
///    for all requests that open in later blocks, and nothing can take it. Bid more to raise it. To have it back,
///    give notice: `bidInstance` with a 0 as data; from then on you are not drawn, and after `notice` seconds a tick of the
///    instance about you gives it back. Until then you can enrol again.
/// 2. Once the block `distance` after the opening is known, you know your lot (`Lots.key`), and from it the stage in which it is
///    your turn. Stage `s` admits keys up to which `(s + 1) * (2 + backups)` lots are expected; the last one admits all. The first
///    lasts from the draw until `lead + stagger` after the opening, the last one `patience`, the others `stagger`.
/// 3. When it is your turn, and you can prove the request in time at the price: bid, with a price that is not above it and no data. That
///    holds the request's `bond`, and 1 at least. It cannot be taken back. It is given back in the call by which lower keys fill all
///    `1 + backups` places. Who lets its turn pass loses nothing but the turn.
/// 4. At the end of the stage in which all places are taken, or of the last one, anyone ticks, and the lowest key is awarded.
///    If it fails, the next one is at once, and so on. A deposit that is not needed any more is given back by a
///    tick about it, when the request has ended or its deadline has passed.
///
/// To come first in the block, or to wait, gains nothing: only the key counts. Nor does it gain the first place to enrol under many names; it
/// does gain places among the backups. The requester cannot reopen a request until it likes the draw, and whoever proposes the block of the
/// draw cannot but give up its block for another draw.
///
/// A deposit that its prover takes back past this rule (`leave`) stays in the total weight: turns come later than they need to, in the
/// same order. Nobody walks the pool, so nothing limits how many are in it. A request that finds it empty is closed by the first tick.
///
/// Shared word: `count << 128 | total weight`, without those who have given notice. The tag of a ticket on the instance: `leaves <<
/// 40 | the block of enrolment`; leaves (unix seconds) is 0 without notice. That of a ticket on a request is 0.
/// Words: `over << 248 | last << 208 | drawn << 168 | opened << 128 | total`: whether there has been an award, the last second for bids,
/// after which a tick awards or closes (unix seconds), the blocks of the draw and of the opening, the total weight then; the beacon, 0
/// before the first bid; then the places, `key << 160 | prover`, the lowest first, 0 for nobody.
contract Sortition is IMechanism {
    using Answers for Move;
    using Lots for bytes32;
    using Lots for bytes32[];

    /// The first word, in parts.
    struct Drawing {
        uint256 total;
        uint256 opened;
        uint256 drawn;
        uint256 last;
        bool over;
    }

    uint256 internal constant MAX_SPREAD = 1_000_000;
    uint8 internal constant MAX_DISTANCE = 64;
    uint8 internal constant MAX_STAGES = 32;
    uint8 internal constant MAX_BACKUPS = 5;
    uint32 internal constant STEP_GAS = 60_000;
    uint256 private constant DRAWING = 0;
    uint256 private constant BEACON = 1;
    uint8 private constant PLACES = 2;

    function name() external pure returns (string memory) {
        return "sortition";
    }

    function check(bytes calldata params) external pure returns (Shape memory shape) {
        SortitionParams memory p = abi.decode(params, (SortitionParams));
        // Nobody proves for nothing: a tariff of zero is a tariff that was forgotten.
        if (p.rate == 0) Params.within("base", p.base, 1, type(uint88).max);
        Params.within("minDeposit", p.minDeposit, 1, type(uint80).max);
        uint256 most = p.minDeposit * MAX_SPREAD;
        Params.within("maxDeposit", p.maxDeposit, p.minDeposit, most);
        Params.within("notice", p.notice, 1, Params.LONGEST);
        Params.within("distance", p.distance, 1, MAX_DISTANCE);
        Params.within("lead", p.lead, 1, Params.LONGEST);
        Params.within("stagger", p.stagger, 1, Params.LONGEST);
        Params.within("stages", p.stages, 1, MAX_STAGES);
        Params.within("patience", p.patience, 1, Params.LONGEST);
        Params.within("backups", p.backups, 0, MAX_BACKUPS);
        shape.words = PLACES + 1 + p.backups;
        shape.shared = 1;
        shape.gas = STEP_GAS;
        shape.flags = ON_OPEN | ON_FAILED | DRAWS | SEATS | BINDING;
    }

    function envelope(bytes calldata params, Request calldata request) external pure returns (Envelope memory) {
        SortitionParams memory p = abi.decode(params, (SortitionParams));
        return Envelope({
            price: _price(p, request),
            award: uint40(_opens(p, _lastStage(p))) + p.patience,
            proof: request.window,
            bond: request.bond,
            standbys: p.backups,
            // A standby needs the input too.
            capabilities: p.backups == 0
                ? CAP_FIXED_PRICE | CAP_OPEN_ENTRY | CAP_SINGLE_RECIPIENT
                : CAP_FIXED_PRICE | CAP_OPEN_ENTRY
        });
    }

    /// About the instance (`ask.status` is `None`):
    /// `Bid`: holds the deposit, or notes the notice. `Unexpected` for other data, and for a notice of who is not enrolled or gave it;
    /// `Unacceptable(deposit, maxDeposit)`; `InsufficientBond` if the deposit is too small or goes down, or the stake does not cover it.
    /// `Tick`: gives the deposit back of whom it is about. `NotYet`, or `Unexpected` if it has not given notice.
    ///
    /// About a request: what comes first, even a bid, fixes the draw. Then
    /// `Bid`: holds the bond, releases who is no longer needed. Refuses, in this order: what comes after an award (`Unexpected`), after the
    /// end (`TooLate`), before the draw (`NotYet`, with the next second); who is not enrolled, gave notice or has bid
    /// (`Unexpected`); who enrolled too late (`Unacceptable(its block, the last one)`); a price that is too high (`Unacceptable(price,
    /// most)`); whose turn has not come (`NotYet`); a key that is not below those in the places (`Unacceptable(key, highest)`);
    /// too little stake (`InsufficientBond`).
    /// `Tick`: at the end awards the lowest, or the next if that could not take it, or closes; `NotYet` before. Draws again if nobody looked at
    /// the draw as long as the chain knew it. Once the request is no longer open: gives the deposit back of whom it is about.
    /// `Failed`: awards the next.
    function step(Ask calldata ask) external pure returns (Answer memory answer) {
        SortitionParams memory p = abi.decode(ask.params, (SortitionParams));
        bool bids = ask.cause == Cause.Bid;
        if (ask.status == Status.None && bids) return _enrol(p, ask);
        answer.words = ask.words;
        answer.shared = ask.shared;
        Drawing memory d = _drawing(answer.words[DRAWING]);
        if (ask.status == Status.Open && ask.cause == Cause.Failed) {
            _award(p, ask, d, answer);
            return answer;
        }
        bool fresh = ask.status == Status.Open && d.opened == 0;
        if (fresh && ask.cause != Cause.Proof) {
            _open(p, ask, d, answer);
            return answer;
        }
        if (ask.status == Status.Open && bids) {
            _claim(p, ask, d, answer);
            return answer;
        }
        require(ask.cause == Cause.Tick, Unexpected(uint8(ask.cause)));
        if (ask.status == Status.Open) _settle(p, ask, d, answer);
        else if (ask.status == Status.None) _quit(ask, answer);
        else _leave(ask, answer);
    }

    /* THE POOL */

    function _enrol(SortitionParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        require(ask.data.length == 32, Unexpected(uint8(ask.cause)));
        uint256 deposit = uint256(bytes32(ask.data));
        uint256 held = ask.actor.held;
        bool counted = held != 0 && _leaves(ask.actor.tag) == 0;
        uint256 pool = uint256(ask.shared[0]);
        uint256 leaves;
        if (deposit == 0) {
            require(counted, Unexpected(uint8(ask.cause)));
            (deposit, leaves) = (held, uint256(ask.time) + p.notice);
            pool = _without(pool, held);
        } else {
            require(deposit <= p.maxDeposit, Unacceptable(deposit, p.maxDeposit));
            uint256 least = held < p.minDeposit ? p.minDeposit : held;
            require(least <= deposit, InsufficientBond(deposit, least));
            uint256 stake = ask.actor.free + held;
            require(deposit <= stake, InsufficientBond(stake, deposit));
            if (counted) pool = _without(pool, held);
            unchecked {
                pool += 1 << 128 | deposit;
            }
        }
        uint176 tag = uint176(leaves << 40 | uint40(ask.blockNumber));
        answer.moves = Answers.only(Answers.hold(ask.actor.prover, uint80(deposit), tag).onInstance());
        answer.words = ask.words;
        answer.shared = new bytes32[](1);
        answer.shared[0] = bytes32(pool);
        answer.wake = uint40(leaves);
    }

    /// A tick of the instance.
    function _quit(Ask calldata ask, Answer memory answer) private pure {
        uint256 leaves = _leaves(ask.actor.tag);
        require(ask.actor.held != 0 && leaves != 0, Unexpected(uint8(ask.cause)));
        require(leaves <= ask.time, NotYet(ask.time, leaves));
        answer.moves = Answers.only(Answers.release(ask.actor.prover).onInstance());
    }

    /// Takes one out of the pool.
    function _without(uint256 pool, uint256 weight) private pure returns (uint256) {
        unchecked {
            (uint256 count, uint256 total) = (pool >> 128, uint128(pool));
            // Only the words of another rule could have less than one that is in them.
            count = count == 0 ? 0 : count - 1;
            total = total < weight ? 0 : total - weight;
            return count << 128 | total;
        }
    }

    /* A REQUEST */

    function _open(SortitionParams memory p, Ask calldata ask, Drawing memory d, Answer memory answer) private pure {
        d.total = uint128(uint256(answer.shared[0]));
        d.opened = ask.blockNumber;
        d.last = ask.openedAt + _opens(p, _lastStage(p)) + p.patience - 1;
        // A second is left to award it.
        uint256 latest = ask.request.deadline < 2 ? 0 : ask.request.deadline - 2;
        if (latest < d.last) d.last = latest;
        _draw(p, ask, d, answer);
        // An empty pool does not fill in time.
        if (d.total == 0) answer.wake = ask.time;
    }

    function _claim(SortitionParams memory p, Ask calldata ask, Drawing memory d, Answer memory answer) private pure {
        bytes32[] memory words = answer.words;
        require(!d.over && d.total != 0, Unexpected(uint8(ask.cause)));
        require(ask.time <= d.last, TooLate(ask.time, d.last));
        if (words[BEACON] == 0) words[BEACON] = ask.beacon;
        require(words[BEACON] != 0, NotYet(ask.time, uint256(ask.time) + 1));
        _assertEligible(ask, d.opened);
        uint256 price = _price(p, ask.request);
        require(ask.price <= price, Unacceptable(ask.price, price));

        uint256 key = _turn(p, ask, words[BEACON], d.total);
        address prover = ask.actor.prover;
        address out = words.place(PLACES, prover, key);
        uint80 deposit = ask.request.bond == 0 ? 1 : ask.request.bond;
        require(deposit <= ask.actor.free, InsufficientBond(ask.actor.free, deposit));
        if (words[words.length - 1] != 0) {
            uint256 last = ask.openedAt + _stageEnd(p, ask.time - ask.openedAt) - 1;
            if (last < d.last) d.last = last;
        }
        words[DRAWING] = _word(d);
        answer.moves = new Move[](out == address(0) ? 1 : 2);
        answer.moves[0] = Answers.hold(prover, deposit, 0);
        if (out != address(0)) answer.moves[1] = Answers.release(out);
        answer.wake = uint40(d.last + 1);
    }

    /// Of the pool, and since before the request opened.
    function _assertEligible(Ask calldata ask, uint256 opened) private pure {
        uint176 tag = ask.actor.tag;
        uint256 enrolled = uint40(tag);
        bool enlisted = ask.actor.held != 0 && enrolled != 0 && _leaves(tag) == 0;
        require(enlisted, Unexpected(uint8(ask.cause)));
        require(enrolled < opened, Unacceptable(enrolled, opened - 1));
    }

    /// @return key of the actor, whose turn has come.
    function _turn(SortitionParams memory p, Ask calldata ask, bytes32 beacon, uint256 total)
        private
        pure
        returns (uint256 key)
    {
        uint256 weight = ask.actor.held < p.maxDeposit ? ask.actor.held : p.maxDeposit;
        key = Lots.key(beacon, ask.id, ask.actor.prover, weight, p.maxDeposit);
        uint256 reach = Lots.reach(2 + p.backups, p.maxDeposit, total);
        uint256 stage = _lastStage(p);
        if (reach != 0 && (key - 1) / reach < stage) stage = (key - 1) / reach;
        if (stage == 0) return key;
        uint256 opens = ask.openedAt + _opens(p, stage);
        require(opens <= ask.time, NotYet(ask.time, opens));
    }

    /// A tick while the request is open.
    function _settle(SortitionParams memory p, Ask calldata ask, Drawing memory d, Answer memory answer) private pure {
        if (d.over || d.total == 0 || d.last < ask.time) {
            _award(p, ask, d, answer);
            if (answer.moves.length == 0) answer.moves = Answers.only(Answers.close());
            return;
        }
        bool lost = answer.words[BEACON] == 0 && ask.beacon == 0 && d.drawn < ask.blockNumber;
        require(lost, NotYet(ask.time, d.last + 1));
        _draw(p, ask, d, answer);
    }

    /// Awards the lowest of those that are left; no move if nobody is.
    function _award(SortitionParams memory p, Ask calldata ask, Drawing memory d, Answer memory answer) private pure {
        bytes32[] memory words = answer.words;
        bytes32 first = words[PLACES];
        if (first == 0) return;
        words.remove(PLACES);
        d.over = true;
        words[DRAWING] = _word(d);
        answer.moves = Answers.only(Answers.award(first.prover(), _price(p, ask.request)));
    }

    /// A tick about a ticket that outlived the sortition.
    function _leave(Ask calldata ask, Answer memory answer) private pure {
        // A standby may be needed as long as an award can fail and another can be made.
        uint40 deadline = ask.request.deadline;
        require(ask.status != Status.Awarded || ask.time >= deadline, NotYet(ask.time, deadline));
        address prover = ask.actor.prover;
        bytes32[] memory words = answer.words;
        for (uint256 i = PLACES; i < words.length; ++i) {
            if (words[i].prover() == prover) words.remove(i);
        }
        answer.moves = Answers.only(Answers.release(prover));
    }

    /* PARTS */

    function _draw(SortitionParams memory p, Ask calldata ask, Drawing memory d, Answer memory answer) private pure {
        d.drawn = uint256(ask.blockNumber) + p.distance;
        answer.words[DRAWING] = _word(d);
        answer.moves = Answers.only(Answers.draw(p.distance));
        answer.wake = uint40(d.last + 1);
    }

    function _lastStage(SortitionParams memory p) private pure returns (uint256) {
        return p.stages == 0 ? 0 : p.stages - 1;
    }

    /// When a stage but the first begins, in seconds from opening.
    function _opens(SortitionParams memory p, uint256 stage) private pure returns (uint256) {
        return uint256(p.lead) + stage * p.stagger;
    }

    /// The end of the stage that it is `passed` seconds from opening.
    function _stageEnd(SortitionParams memory p, uint256 passed) private pure returns (uint256) {
        uint256 stage = passed < p.lead ? 0 : (passed - p.lead) / p.stagger;
        uint256 last = _lastStage(p);
        return stage < last ? _opens(p, stage + 1) : _opens(p, last) + p.patience;
    }

    function _price(SortitionParams memory p, Request calldata request) private pure returns (uint88) {
        uint256 price = Standing.price(p.base, p.rate, request.work);
        return price < request.maxPrice ? uint88(price) : request.maxPrice;
    }

    function _drawing(bytes32 word) private pure returns (Drawing memory) {
        uint256 all = uint256(word);
        return Drawing(uint128(all), uint40(all >> 128), uint40(all >> 168), uint40(all >> 208), all >> 248 != 0);
    }

    function _word(Drawing memory d) private pure returns (bytes32) {
        uint256 over = d.over ? 1 : 0;
        uint256 blocks = uint256(uint40(d.drawn)) << 168 | uint256(uint40(d.opened)) << 128;
        return bytes32(over << 248 | d.last << 208 | blocks | d.total);
    }

    function _leaves(uint176 tag) private pure returns (uint256) {
        return uint40(tag >> 40);
    }
}
