// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism, InsufficientBond, NotYet, TooLate, Unacceptable, Unexpected} from "../interfaces/IMechanism.sol";
import {Answers} from "../libraries/Answers.sol";
import {Params} from "../libraries/Params.sol";
import {
    Answer,
    Ask,
    BINDING,
    CAP_FIXED_PRICE,
    CAP_OPEN_ENTRY,
    Cause,
    Envelope,
    Move,
    ON_PROOF,
    Shape
} from "../types/Ask.sol";
import {Request} from "../types/Request.sol";
import {BPS, Status} from "../types/State.sol";

/// Seconds, blocks, and basis points.
struct RaceParams {
    /// How long the request waits for its first proof, from opening (inclusive); then it is given up.
    uint32 patience;
    /// How long further proofs are taken after the first (inclusive). 0 if and only if one wins and proofs bind their author.
    uint32 window;
    /// At least so many blocks before its proof a prover commits to it. 0: the request's proof system binds proofs to their author.
    uint16 commitBlocks;
    /// What all winners get together at most: a share of the request's `maxPrice`, rounded down.
    uint16 bountyBps;
    /// What each rank gets of what the one before it gets: 10,000 is equal shares. 0 if and only if one wins.
    uint16 decayBps;
    /// How many are paid: 1 to 8, or 7 with commitments.
    uint8 winners;
    /// What it costs to enter, in the stake token. 0, which takes proofs from anyone, only without commitments.
    uint80 deposit;
}

/// Proof race: whoever has a proof first is paid, without having been chosen before; and with several winners the next ones
/// too, less by rank.
///
/// For a prover, if proofs bind their author (`commitBlocks` 0):
/// 1. Prove for yourself, and bring the proof within `patience` of the opening. Whose proof lands is paid the share of its
///    rank in the same call: `shares` says how much. The ranks after the first are open for `window` seconds more.
/// 2. With a deposit, bid first (price 0, no data): it is back with your proof, or once the race is over.
///
/// If they do not (`commitBlocks` above 0), a proof is of use to everybody who sees it, so that you commit before you show it:
/// 1. When you have the proof, bid: price 0, data the `commitment` to its hash. You may replace a commitment; what counts is then
///    the block of the new one.
/// 2. Bring the proof at least `commitBlocks` blocks later. The first that is taken ends all commitments: only those made in blocks
///    before it can still be proven, within `window` of it. A copy of your proof is thus either too late, or ranks below you.
/// 3. Ranks go by the block of the commitment, and by arrival within a block: whoever holds your proof back for less than `window`
///    gains nothing. Everybody is paid in the call that proves the last standing commitment, or by a tick after the window.
///
/// The deposit of a loser comes back by a tick about it, once the race has been won. If nobody proves, all deposits are taken: an
/// entry says that a proof will come, and a commitment that it is there. A commitment to nothing, or to a proof that would be too
/// late, gains its maker nothing; it can make a winner wait for its money until the end of the window. A deposit cannot be
/// had back before.
///
/// What ranks that nobody reached would have got stays with the requester: it pays for the redundancy that it got, and a
/// share is known from the start. Shares are per prover, and nobody can tell whether two provers are two: whoever
/// enters the same work under several names collects several ranks, for a deposit each that comes back. A small
/// `decayBps` makes that worth less.
///
/// Words: the first says until when proofs are taken, `end << 192` (unix seconds; 0 before the first proof), with the winners'
/// numbers in its lowest bits, 24 bits each, by rank; or, with commitments, the block of the first proof. Then with
/// commitments the winners, `block << 160 | prover`, the oldest commitment first. A ticket's tag is the first 17 bytes of
/// the commitment and its block, `commitment << 40 | block`; without commitments it is 0.
contract Race is IMechanism {
    uint8 internal constant MAX_WINNERS = 8;
    /// Less is not worth proving for.
    uint16 internal constant MIN_DECAY_BPS = 1_000;
    /// A day on the slowest chains.
    uint16 internal constant MAX_COMMIT_BLOCKS = 7_200;
    /// As many deposits as the market counts on a request.
    uint8 internal constant MAX_ENTRANTS = type(uint8).max;
    uint32 internal constant STEP_GAS = 80_000;
    uint256 private constant HEAD = 0;
    /// The weight of the first rank. Times any price it has 128 bits.
    uint256 private constant WEIGHT = 1e12;

    function name() external pure returns (string memory) {
        return "race";
    }

    function check(bytes calldata params) external pure returns (Shape memory shape) {
        RaceParams memory p = abi.decode(params, (RaceParams));
        bool commits = p.commitBlocks != 0;
        bool alone = p.winners == 1;
        Params.within("patience", p.patience, 1, Params.LONGEST);
        Params.within("winners", p.winners, 1, commits ? MAX_WINNERS - 1 : MAX_WINNERS);
        Params.within("commitBlocks", p.commitBlocks, 0, MAX_COMMIT_BLOCKS);
        Params.within("window", p.window, alone && !commits ? 0 : 1, alone && !commits ? 0 : Params.LONGEST);
        Params.within("bountyBps", p.bountyBps, 1, BPS);
        Params.within("decayBps", p.decayBps, alone ? 0 : MIN_DECAY_BPS, alone ? 0 : BPS);
        // A commitment is the tag of a deposit.
        Params.within("deposit", p.deposit, commits ? 1 : 0, type(uint80).max);
        shape.words = commits ? 1 + p.winners : 1;
        shape.gas = STEP_GAS;
        // A proof is public as soon as it is sent: a requester that could still cancel would have it for nothing.
        shape.flags = ON_PROOF | BINDING;
    }

    function envelope(bytes calldata params, Request calldata request) external pure returns (Envelope memory) {
        RaceParams memory p = abi.decode(params, (RaceParams));
        return Envelope({
            price: _bounty(p, request.maxPrice),
            award: uint40(p.patience) + 1,
            proof: p.window,
            bond: 0,
            standbys: 0,
            // Everybody who races needs the input.
            capabilities: CAP_OPEN_ENTRY | CAP_FIXED_PRICE
        });
    }

    /// What a prover commits to: the hash of the words `id, prover, keccak256(proof)`. The id binds the chain, the market, the
    /// instance and its version.
    function commitment(bytes32 id, address prover, bytes32 proofHash) external pure returns (bytes32) {
        return _commitment(id, prover, proofHash);
    }

    /// What each rank is paid for a request of this `maxPrice`, in the instance's token; in sum no more than the bounty.
    function shares(bytes calldata params, uint88 maxPrice) external pure returns (uint88[] memory) {
        return _shares(abi.decode(params, (RaceParams)), maxPrice);
    }

    /// `Bid`: holds the deposit; see `_enter` for what is refused.
    /// `Proof`: pays or ranks the prover, and gives its deposit back; see `_arrive` and `_reveal`. Closes when no other can come.
    /// `Tick`: after the window, pays who is to be paid and closes. If the patience ran out without a proof: takes the deposit of
    /// whom it is about, and closes when none is left. `NotYet` before. Once the request has ended: the same, or gives the
    /// deposit back if somebody has proven.
    function step(Ask calldata ask) external pure returns (Answer memory) {
        RaceParams memory p = abi.decode(ask.params, (RaceParams));
        if (ask.cause == Cause.Proof) return p.commitBlocks == 0 ? _arrive(p, ask) : _reveal(p, ask);
        if (ask.cause == Cause.Bid) return _enter(p, ask);
        require(ask.cause == Cause.Tick, Unexpected(uint8(ask.cause)));
        return ask.status == Status.Open ? _settle(p, ask) : _leave(ask);
    }

    /// Refuses, in this order: a bid where none is needed, or a commitment after the first proof (`Unexpected`), what comes after
    /// the patience or the window (`TooLate`), a price (`Unacceptable(price, 0)`), data other than the 32 bytes of a
    /// commitment, or of nothing (`Unacceptable(length, want)`), an entrant too many (`Unacceptable(holds, most)`), and too
    /// little stake (`InsufficientBond`).
    function _enter(RaceParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        bool commits = p.commitBlocks != 0;
        uint256 end = _end(ask.words[HEAD]);
        require(p.deposit != 0 && !(commits && end != 0), Unexpected(uint8(ask.cause)));
        uint256 last = end == 0 ? _lastFirst(p, ask) : end;
        require(ask.time <= last, TooLate(ask.time, last));
        require(ask.price == 0, Unacceptable(ask.price, 0));
        uint256 size = commits ? 32 : 0;
        require(ask.data.length == size, Unacceptable(ask.data.length, size));
        require(ask.actor.held != 0 || ask.holds < MAX_ENTRANTS, Unacceptable(ask.holds, MAX_ENTRANTS - 1));
        uint256 stake = uint256(ask.actor.free) + ask.actor.held;
        require(stake >= p.deposit, InsufficientBond(stake, p.deposit));

        uint176 tag = commits ? uint176(_short(bytes32(ask.data))) << 40 | uint40(ask.blockNumber) : 0;
        answer.moves = Answers.only(Answers.hold(ask.actor.prover, p.deposit, tag));
        answer.words = ask.words;
        answer.wake = uint40(last + 1);
    }

    /// A proof that binds its author. Refuses, in this order: what comes after the patience or the window (`TooLate`), a prover
    /// that has not entered (`InsufficientBond(held, deposit)`), has no number (`Unacceptable(0, 1)`) or has been paid
    /// (`Unacceptable(its rank from 1, 0)`), and one too many.
    function _arrive(RaceParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        (uint256 end, bool isFirst) = _onTime(p, ask);
        require(ask.actor.held >= p.deposit, InsufficientBond(ask.actor.held, p.deposit));
        require(ask.actor.id != 0, Unacceptable(0, 1));
        uint256 head = uint256(ask.words[HEAD]);
        uint256 rank;
        for (uint24 other = uint24(head); other != 0; other = _number(head, rank)) {
            ++rank;
            require(other != ask.actor.id, Unacceptable(rank, 0));
        }
        require(rank < p.winners, Unacceptable(rank, p.winners - 1));

        bool ends = rank + 1 == p.winners;
        bool held = ask.actor.held != 0;
        Move[] memory moves = new Move[](1 + (held ? 1 : 0) + (ends ? 1 : 0));
        moves[0] = Answers.reward(ask.actor.prover, _shares(p, ask.request.maxPrice)[rank]);
        if (held) moves[1] = Answers.release(ask.actor.prover);
        if (ends) moves[moves.length - 1] = Answers.close();
        else answer.wake = uint40(end + 1);
        answer.moves = moves;
        answer.words = ask.words;
        if (isFirst) head |= end << 192;
        answer.words[HEAD] = bytes32(head | uint256(ask.actor.id) << 24 * rank);
    }

    /// A proof that was committed to. Refuses, in this order: what comes after the patience or the window (`TooLate`), a prover
    /// without a commitment (`InsufficientBond(0, deposit)`), another proof than it committed to (`Unacceptable(commitment,
    /// its own)`, 17 bytes each), and a commitment that is too young (`Unacceptable(its block, the latest that counts)`).
    function _reveal(RaceParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        (uint256 end, bool isFirst) = _onTime(p, ask);
        require(ask.actor.held != 0, InsufficientBond(0, p.deposit));
        address prover = ask.actor.prover;
        uint136 short = _short(_commitment(ask.id, prover, bytes32(ask.data)));
        uint136 own = uint136(ask.actor.tag >> 40);
        require(short == own, Unacceptable(short, own));
        bytes32[] memory words = ask.words;
        if (isFirst) words[HEAD] = bytes32(end << 192 | uint40(ask.blockNumber));
        uint256 made = uint40(ask.actor.tag);
        uint256 latest = _latest(p, ask, words[HEAD]);
        require(made <= latest, Unacceptable(made, latest));

        _insert(words, prover, made);
        // Nobody else can come.
        if (ask.holds <= 1) {
            answer.moves = _payAll(p, ask.request.maxPrice, words, 1);
            answer.moves[0] = Answers.release(prover);
        } else {
            answer.moves = Answers.only(Answers.release(prover));
            answer.wake = uint40(end + 1);
        }
        answer.words = words;
    }

    /// A tick while the request is open.
    function _settle(RaceParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        answer.words = ask.words;
        uint256 end = _end(ask.words[HEAD]);
        uint256 last = end == 0 ? _lastFirst(p, ask) : end;
        require(ask.time > last, NotYet(ask.time, last + 1));
        if (end != 0) {
            answer.moves = _payAll(p, ask.request.maxPrice, ask.words, 0);
            return answer;
        }
        bool taken = ask.actor.held != 0;
        bool ends = ask.holds <= (taken ? 1 : 0);
        Move[] memory moves = new Move[]((taken ? 1 : 0) + (ends ? 1 : 0));
        if (taken) moves[0] = Answers.forfeit(ask.actor.prover);
        if (ends) moves[moves.length - 1] = Answers.close();
        else answer.wake = ask.time;
        answer.moves = moves;
    }

    /// A tick about a ticket that outlived the race.
    function _leave(Ask calldata ask) private pure returns (Answer memory answer) {
        address prover = ask.actor.prover;
        bool won = _end(ask.words[HEAD]) != 0;
        answer.moves = Answers.only(won ? Answers.release(prover) : Answers.forfeit(prover));
        answer.words = ask.words;
    }

    /// Until when proofs are taken, and whether this is the first.
    function _onTime(RaceParams memory p, Ask calldata ask) private pure returns (uint256 end, bool isFirst) {
        end = _end(ask.words[HEAD]);
        isFirst = end == 0;
        uint256 last = isFirst ? _lastFirst(p, ask) : end;
        require(ask.time <= last, TooLate(ask.time, last));
        if (isFirst) end = uint256(ask.time) + p.window;
    }

    /// The latest block whose commitments count now.
    function _latest(RaceParams memory p, Ask calldata ask, bytes32 head) private pure returns (uint256 latest) {
        latest = ask.blockNumber > p.commitBlocks ? ask.blockNumber - p.commitBlocks : 0;
        uint256 first = uint40(uint256(head));
        if (latest >= first) latest = first == 0 ? 0 : first - 1;
    }

    /// Ranks a commitment by its block; behind all there is room for, it is not ranked.
    function _insert(bytes32[] memory words, address prover, uint256 made) private pure {
        uint256 i = words.length;
        while (i > 1 && (words[i - 1] == 0 || uint256(words[i - 1]) >> 160 > made)) --i;
        if (i == words.length) return;
        for (uint256 j = words.length - 1; j > i; --j) {
            words[j] = words[j - 1];
        }
        words[i] = bytes32(made << 160 | uint160(prover));
    }

    /// Pays who is ranked, and closes; leaves room for `before` moves.
    function _payAll(RaceParams memory p, uint88 maxPrice, bytes32[] memory words, uint256 before)
        private
        pure
        returns (Move[] memory moves)
    {
        uint256 count;
        while (count + 1 < words.length && words[count + 1] != 0) ++count;
        moves = new Move[](before + count + 1);
        uint88[] memory all = _shares(p, maxPrice);
        for (uint256 i; i < count; ++i) {
            moves[before + i] = Answers.reward(address(uint160(uint256(words[i + 1]))), all[i]);
        }
        moves[before + count] = Answers.close();
    }

    /// The last second at which a first proof is taken. With commitments winners are paid after the window, and as long again as
    /// that is left to do so.
    function _lastFirst(RaceParams memory p, Ask calldata ask) private pure returns (uint256 last) {
        last = uint256(ask.openedAt) + p.patience;
        uint256 rest = p.commitBlocks == 0 ? 1 : 2 * uint256(p.window) + 1;
        uint256 deadline = ask.request.deadline;
        uint256 latest = deadline > rest ? deadline - rest : 0;
        if (latest < last) last = latest;
    }

    function _shares(RaceParams memory p, uint88 maxPrice) private pure returns (uint88[] memory all) {
        all = new uint88[](p.winners);
        uint256 total;
        uint256 weight = WEIGHT;
        for (uint256 i; i < all.length; ++i) {
            all[i] = uint88(weight);
            total += weight;
            weight = weight * p.decayBps / BPS;
        }
        uint256 bounty = _bounty(p, maxPrice);
        for (uint256 i; i < all.length; ++i) {
            all[i] = uint88(bounty * all[i] / total);
        }
    }

    function _bounty(RaceParams memory p, uint88 maxPrice) private pure returns (uint88) {
        return uint88(uint256(maxPrice) * p.bountyBps / BPS);
    }

    function _commitment(bytes32 id, address prover, bytes32 proofHash) private pure returns (bytes32) {
        return keccak256(abi.encode(id, prover, proofHash));
    }

    /// As much of a commitment as there is room for in a tag.
    function _short(bytes32 commitment_) private pure returns (uint136) {
        return uint136(uint256(commitment_) >> 120);
    }

    function _end(bytes32 head) private pure returns (uint256) {
        return uint256(head) >> 192;
    }

    function _number(uint256 head, uint256 rank) private pure returns (uint24) {
        return rank < MAX_WINNERS ? uint24(head >> 24 * rank) : 0;
    }
}
