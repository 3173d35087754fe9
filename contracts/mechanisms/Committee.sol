// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism, InsufficientBond, NotYet, TooLate, Unacceptable, Unexpected} from "../interfaces/IMechanism.sol";
import {Answers} from "../libraries/Answers.sol";
import {Crew} from "../libraries/Crew.sol";
import {Params} from "../libraries/Params.sol";
import {Quorum} from "../libraries/Quorum.sol";
import {Answer, Ask, CAP_FIXED_PRICE, CAP_OPEN_ENTRY, Cause, Envelope, Move, ON_PROOF, Shape} from "../types/Ask.sol";
import {Request} from "../types/Request.sol";
import {BPS, Status} from "../types/State.sol";

/// Seconds, and basis points.
struct CommitteeParams {
    /// Seats; the work is split into as many shards as there are members.
    uint8 seats;
    /// Members with whom the work starts if enrolment ends before all seats are taken.
    uint8 least;
    /// Members whose shards are enough; so many are paid, whatever the others say.
    uint8 needed;
    /// How long seats are given out, from opening (inclusive).
    uint32 enrolment;
    /// From the start until a shard is late, and from there until any member may bring the whole.
    uint32 shards;
    uint32 aggregation;
    /// From there until nobody may any more.
    uint32 open;
    /// How long after the seat before it the next may bring the whole; and how long after all members anybody may. At most `open`.
    uint32 stagger;
    /// What is paid in all: a share of the request's `maxPrice`, rounded down; and of it what is paid to who brings the whole.
    uint16 feeBps;
    uint16 aggregatorBps;
    /// A member's deposit in the stake token: a share of the request's `bond`, rounded up, and the least it is.
    uint16 depositBps;
    uint80 depositFloor;
    /// 1: all members lose their deposits if no proof comes. 0: nobody ever loses one.
    uint8 bonded;
}

/// A committee proves together: each member a shard, one of them the whole from the shards.
///
/// For a prover, with the clock in the words:
/// 1. Up to `enrolment` after opening: bid for a seat; the deposit is held, and the number of the seat is the ticket's tag.
///    `bid.price` is the least you want for your shard, and may be no more than an equal share among all seats. The work starts when
///    the last seat is taken, or at the end of enrolment with `least` members; with fewer, all get their deposits back.
/// 2. Up to `shards` after the start: prove yours, and send it to the others. Shards and how they are cut are between members; the
///    chain sees neither. If the requester withholds the input, a quorum says so by a tick, and all go free.
/// 3. Then a quorum may declare members late, by a tick: they go free without a share, and whoever bids first has the seat, until
///    `aggregation` after the shards. They may, too, leave them out of the split.
/// 4. Whoever's turn it is brings the whole with `prove`, and all are paid and free in that call: seat 0 from the start, seat
///    i from `i * stagger` after the shards, any member from `aggregation` after them, and anybody `stagger` later. With it
///    comes the split that a quorum has signed; without, or with one that does not count, members are paid alike.
/// 5. `open` after `aggregation` a tick ends it: `bonded` members lose their deposits, others are free.
///
/// A quorum is all but f = floor((m - 1) / 3) of m members. What a quorum of crooks can do to the others: leave at most
/// f of them, and no more than m - `needed`, without pay, pay the others half of an equal share, and give the request up before
/// shards are due. It never takes a deposit.
///
/// A verifier that does not bind a proof to its author lets whoever may bring the whole copy one from the pool of pending transactions: what
/// it gets by that is the aggregator's share, and the choice between the signed split and the equal one. The members' shares are
/// safe. Seat 0's turn has no rival; `stagger` and `aggregation` say how long.
/// Under `bonded`, who registered the verifier can make members lose their deposits by freezing it: look at whose it is.
///
/// Words: see `Crew`; as many as the seats need. Signatures are by the members' own keys, of `statement`, as a personal message
/// (EIP-191). What is signed, and where the signatures come: `_notice`, and `Quorum.split`.
contract Committee is IMechanism {
    uint16 internal constant MAX_AGGREGATOR_BPS = 5_000;
    uint32 internal constant STEP_GAS = 250_000;

    /// A clock and a count, as the words of a question give them; times are unix seconds, inclusive.
    struct Stage {
        uint256 enrolled;
        /// When the work starts, if enough come; the others from there.
        uint256 start;
        uint256 shards;
        uint256 members;
        uint256 last;
        uint256 count;
        uint256 flagged;
        bool full;
        bool begun;
    }

    function name() external pure returns (string memory) {
        return "committee";
    }

    function check(bytes calldata params) external pure returns (Shape memory shape) {
        CommitteeParams memory p = abi.decode(params, (CommitteeParams));
        Params.within("seats", p.seats, 2, Crew.MAX_SEATS);
        Params.within("least", p.least, 2, p.seats);
        Params.within("needed", p.needed, 1, p.least);
        Params.within("enrolment", p.enrolment, 1, Params.LONGEST);
        Params.within("shards", p.shards, 1, Params.LONGEST);
        Params.within("aggregation", p.aggregation, 1, Params.LONGEST);
        Params.within("open", p.open, 1, Params.LONGEST);
        Params.within("stagger", p.stagger, 1, p.open);
        Params.within("feeBps", p.feeBps, 1, BPS);
        // For nothing, nobody brings the whole.
        Params.within("aggregatorBps", p.aggregatorBps, 1, MAX_AGGREGATOR_BPS);
        Params.within("depositBps", p.depositBps, 0, BPS);
        // A seat must cost something even where the bond is 0.
        Params.within("depositFloor", p.depositFloor, 1, type(uint80).max);
        Params.within("bonded", p.bonded, 0, 1);
        shape.words = Crew.size(p.seats);
        shape.gas = STEP_GAS;
        shape.flags = ON_PROOF;
    }

    /// Nothing is awarded: `award` is until the work starts, `proof` from there. The bond is that of the fewest members. All but
    /// one of them stand by to bring the whole.
    function envelope(bytes calldata params, Request calldata request) external pure returns (Envelope memory) {
        CommitteeParams memory p = abi.decode(params, (CommitteeParams));
        uint256 bond = p.bonded == 0 ? 0 : uint256(p.least) * _deposit(p, request.bond);
        return Envelope({
            price: uint88(_fee(p, request.maxPrice)),
            award: uint40(p.enrolment) + 1,
            proof: uint40(_work(p)),
            bond: bond > type(uint80).max ? type(uint80).max : uint80(bond),
            standbys: p.least == 0 ? 0 : p.least - 1,
            capabilities: CAP_OPEN_ENTRY | CAP_FIXED_PRICE
        });
    }

    /// What members sign, each for itself, as a personal message.
    /// @param id the request's; it binds the chain, the market, the instance and its version.
    /// @param rung of its ladder.
    /// @param kind 1: late, 2: withheld, 3: split.
    /// @param members who holds the seats, in order, address(0) for nobody.
    /// @param said the bytes that are said; see `_notice` and `Quorum.split`.
    function statement(bytes32 id, uint8 rung, uint8 kind, address[] calldata members, bytes calldata said)
        external
        pure
        returns (bytes32)
    {
        bytes memory packed;
        for (uint256 i; i < members.length; ++i) {
            packed = bytes.concat(packed, bytes20(members[i]));
        }
        return Quorum.statement(id, rung, kind, keccak256(packed), said);
    }

    /// `Bid`: holds the deposit, gives a seat. Refuses, in this order: who has one (`Unexpected`); what comes after enrolment
    /// with too few (`TooLate`), or when no seat is free (`Unacceptable(members, one less)`), or, for a seat of somebody late,
    /// after the aggregation (`TooLate`); a price above an equal share (`Unacceptable(price, most)`); too little stake
    /// (`InsufficientBond`).
    /// `Proof`: pays, releases, closes. `NotYet` before the turn of who brings it, `TooLate` after the end.
    /// `Tick`: with data, what a quorum says; without, the end. Once the request is no longer open: the ticket of whom
    /// it is about. `NotYet` before.
    function step(Ask calldata ask) external pure returns (Answer memory) {
        CommitteeParams memory p = abi.decode(ask.params, (CommitteeParams));
        bytes32[] memory words = ask.words;
        Stage memory s = _stage(p, ask, words);
        if (ask.cause == Cause.Bid) return _enrol(p, ask, s, words);
        if (ask.cause == Cause.Proof) return _prove(p, ask, s, words);
        require(ask.cause == Cause.Tick, Unexpected(uint8(ask.cause)));
        if (ask.status != Status.Open) return _leave(p, ask, s, words);
        return ask.data.length == 0 ? _end(p, ask, s, words) : _notice(p, ask, s, words);
    }

    function _enrol(CommitteeParams memory p, Ask calldata ask, Stage memory s, bytes32[] memory words)
        private
        pure
        returns (Answer memory answer)
    {
        require(ask.actor.held == 0, Unexpected(uint8(ask.cause)));
        uint256 seat = s.count;
        uint256 most;
        if (!s.full && ask.time <= s.enrolled) {
            most = _rest(p, ask.request.maxPrice) / p.seats;
            bool last = ++s.count == p.seats;
            Crew.setHead(words, last ? ask.time : 0, s.count, s.flagged);
            if (last) _clock(p, s, ask.time);
            else if (s.count < p.least) s.last = s.enrolled;
            else _clock(p, s, s.enrolled);
        } else {
            require(s.begun, TooLate(ask.time, s.enrolled));
            seat = Crew.seatOf(words, s.count, address(0));
            require(seat != Crew.NONE, Unacceptable(s.count, s.count - 1));
            require(ask.time <= s.members, TooLate(ask.time, s.members));
            most = _rest(p, ask.request.maxPrice) / s.count;
        }
        require(ask.price <= most, Unacceptable(ask.price, most));
        uint80 deposit = _deposit(p, ask.request.bond);
        require(ask.actor.free >= deposit, InsufficientBond(ask.actor.free, deposit));

        Crew.put(words, seat, ask.actor.prover);
        answer.moves = Answers.only(Answers.hold(ask.actor.prover, deposit, uint176(seat)));
        answer.words = words;
        answer.wake = uint40(s.last + 1);
    }

    /// The whole is there.
    function _prove(CommitteeParams memory p, Ask calldata ask, Stage memory s, bytes32[] memory words)
        private
        pure
        returns (Answer memory answer)
    {
        _requireBegun(ask, s);
        require(ask.time <= s.last, TooLate(ask.time, s.last));
        uint256 turn = _turn(p, s, Crew.seatOf(words, s.count, ask.actor.prover));
        require(ask.time >= turn, NotYet(ask.time, turn));

        uint256 rest = _rest(p, ask.request.maxPrice);
        uint256[] memory pay = Quorum.split(ask, words, s.count, s.flagged, p.needed, rest);
        if (pay.length == 0) pay = _equally(s, words, rest);
        Move[] memory moves = new Move[](2 * s.count + 2);
        uint256 length;
        uint256 share = _fee(p, ask.request.maxPrice) - rest;
        if (share != 0) moves[length++] = Answers.reward(ask.actor.prover, uint88(share));
        for (uint256 seat; seat < s.count; ++seat) {
            address member = Crew.at(words, seat);
            if (member == address(0)) continue;
            if (pay[seat] != 0) moves[length++] = Answers.reward(member, uint88(pay[seat]));
            moves[length++] = Answers.release(member);
        }
        moves[length++] = Answers.close();
        answer.moves = _first(moves, length);
        answer.words = words;
    }

    /// What a quorum says before the end: `kind signers late signatures`, of 1, 2, 2 and 65 bytes for each signer; `late`
    /// is what is said: seats, a bit each from the lowest. Refuses, in this order: what comes before the work has
    /// begun; data that are too short, of another kind or another length (`Unacceptable(have, want)`); what comes too early or too late;
    /// seats that cannot be declared late, or too many (`Unacceptable(seats, possible)`); too few valid signatures.
    /// Kind 1, late: after the shards, up to the aggregation; no seat twice. Kind 2, withheld: up to the shards, `late` is 0.
    function _notice(CommitteeParams memory p, Ask calldata ask, Stage memory s, bytes32[] memory words)
        private
        pure
        returns (Answer memory answer)
    {
        _requireBegun(ask, s);
        uint256 late = _heard(p, ask, s, words);
        uint256 signed = Quorum.signed(ask, words, s.count, uint8(ask.data[0]), ask.data[1:], 2);
        uint256 quorum = Quorum.least(s.count);
        require(signed >= quorum, Unacceptable(signed, quorum));

        answer.words = words;
        if (late == 0) {
            answer.moves = _part(words, Crew.held(words, s.count), false, true);
            return answer;
        }
        answer.moves = _part(words, late, false, false);
        Crew.setHead(words, s.full ? s.start : 0, s.count, s.flagged | late);
        for (uint256 seat; seat < s.count; ++seat) {
            if (late >> seat & 1 == 1) Crew.put(words, seat, address(0));
        }
        answer.wake = uint40(s.last + 1);
    }

    /// @return late what is said, if that is possible now: who is late, or 0 that the input is withheld.
    function _heard(CommitteeParams memory p, Ask calldata ask, Stage memory s, bytes32[] memory words)
        private
        pure
        returns (uint256 late)
    {
        bytes calldata data = ask.data;
        require(data.length >= 5, Unacceptable(data.length, 5));
        uint256 wanted = 5 + Crew.signatureBytes(Quorum.signers(s.count, data[1:]));
        require(data.length == wanted, Unacceptable(data.length, wanted));
        uint8 kind = uint8(data[0]);
        require(kind == Quorum.LATE || kind == Quorum.WITHHELD, Unacceptable(kind, Quorum.WITHHELD));
        late = uint16(bytes2(data[3:5]));
        if (kind == Quorum.LATE) {
            require(ask.time > s.shards, NotYet(ask.time, s.shards + 1));
            require(ask.time <= s.members, TooLate(ask.time, s.members));
            uint256 possible = Crew.held(words, s.count) & ~s.flagged;
            require(late != 0 && late & ~possible == 0, Unacceptable(late, possible));
            uint256 flagged = Crew.ones(s.flagged | late);
            uint256 most = Quorum.most(s.count, p.needed);
            require(flagged <= most, Unacceptable(flagged, most));
        } else {
            require(ask.time <= s.shards, TooLate(ask.time, s.shards));
            require(late == 0, Unacceptable(late, 0));
        }
    }

    /// A tick when the time is over.
    function _end(CommitteeParams memory p, Ask calldata ask, Stage memory s, bytes32[] memory words)
        private
        pure
        returns (Answer memory answer)
    {
        require(ask.time > s.last, NotYet(ask.time, s.last + 1));
        answer.moves = _part(words, Crew.held(words, s.count), p.bonded != 0 && s.begun, true);
        answer.words = words;
    }

    /// A tick about a ticket that outlived the request, because its deadline came first.
    function _leave(CommitteeParams memory p, Ask calldata ask, Stage memory s, bytes32[] memory words)
        private
        pure
        returns (Answer memory answer)
    {
        address member = ask.actor.prover;
        bool fault = p.bonded != 0 && s.begun && ask.status == Status.Closed && ask.time > s.last;
        answer.moves = Answers.only(fault ? Answers.forfeit(member) : Answers.release(member));
        answer.words = words;
    }

    function _equally(Stage memory s, bytes32[] memory words, uint256 rest)
        private
        pure
        returns (uint256[] memory pay)
    {
        pay = new uint256[](s.count);
        uint256 held = Crew.held(words, s.count);
        uint256 share = rest / Crew.ones(held);
        for (uint256 seat; seat < s.count; ++seat) {
            if (held >> seat & 1 == 1) pay[seat] = share;
        }
    }

    /// The deposits of some members end, and the request with them if it `closes`.
    function _part(bytes32[] memory words, uint256 seats, bool fault, bool closes)
        private
        pure
        returns (Move[] memory moves)
    {
        uint256 leavers = Crew.ones(seats);
        moves = new Move[](leavers + (closes ? 1 : 0));
        uint256 next;
        for (uint256 seat; next < leavers; ++seat) {
            if (seats >> seat & 1 == 0) continue;
            address member = Crew.at(words, seat);
            moves[next++] = fault ? Answers.forfeit(member) : Answers.release(member);
        }
        if (closes) moves[next] = Answers.close();
    }

    function _stage(CommitteeParams memory p, Ask calldata ask, bytes32[] memory words)
        private
        pure
        returns (Stage memory s)
    {
        uint256 start;
        (start, s.count, s.flagged) = Crew.head(words);
        // Even if it takes as long as it can, a second is left to end it before the deadline.
        s.enrolled = uint256(ask.openedAt) + p.enrolment;
        uint256 longest = _work(p) + 2;
        uint256 latest = ask.request.deadline > longest ? ask.request.deadline - longest : 0;
        if (latest < s.enrolled) s.enrolled = latest;
        s.full = start != 0;
        bool enough = s.count >= p.least;
        s.begun = s.full || enough && ask.time > s.enrolled;
        _clock(p, s, s.full ? start : s.enrolled);
        if (!enough) s.last = s.enrolled;
    }

    function _clock(CommitteeParams memory p, Stage memory s, uint256 start) private pure {
        s.start = start;
        s.shards = start + p.shards;
        s.members = s.shards + p.aggregation;
        s.last = s.members + p.open;
    }

    function _requireBegun(Ask calldata ask, Stage memory s) private pure {
        if (s.begun) return;
        require(ask.time > s.enrolled, NotYet(ask.time, s.enrolled + 1));
        revert TooLate(ask.time, s.enrolled);
    }

    /// From when a seat may bring the whole, or who has none.
    function _turn(CommitteeParams memory p, Stage memory s, uint256 seat) private pure returns (uint256 turn) {
        if (seat == 0) return s.start;
        if (seat == Crew.NONE) return s.members + p.stagger;
        turn = s.shards + seat * p.stagger;
        if (s.members < turn) turn = s.members;
    }

    function _work(CommitteeParams memory p) private pure returns (uint256) {
        return uint256(p.shards) + p.aggregation + p.open;
    }

    function _fee(CommitteeParams memory p, uint88 maxPrice) private pure returns (uint256) {
        return uint256(maxPrice) * p.feeBps / BPS;
    }

    /// What the members are paid together.
    function _rest(CommitteeParams memory p, uint88 maxPrice) private pure returns (uint256) {
        uint256 fee = _fee(p, maxPrice);
        return fee - fee * p.aggregatorBps / BPS;
    }

    function _deposit(CommitteeParams memory p, uint80 bond) private pure returns (uint80) {
        uint256 share = (uint256(bond) * p.depositBps + BPS - 1) / BPS;
        return share > p.depositFloor ? uint80(share) : p.depositFloor;
    }

    function _first(Move[] memory moves, uint256 length) private pure returns (Move[] memory) {
        assembly ("memory-safe") {
            mstore(moves, length)
        }
        return moves;
    }
}
