// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism, TooLate, Unacceptable, Unexpected} from "../interfaces/IMechanism.sol";
import {Answers} from "../libraries/Answers.sol";
import {Params} from "../libraries/Params.sol";
import {ScoredOffer, Scores, Weights} from "../libraries/Scores.sol";
import {Sealing} from "../libraries/Sealing.sol";
import {
    Answer,
    Ask,
    CAP_OPEN_ENTRY,
    CAP_SEALED,
    CAP_SINGLE_RECIPIENT,
    CAP_TRUTHFUL,
    Cause,
    Envelope,
    Move,
    MoveKind,
    ON_FAILED,
    Shape
} from "../types/Ask.sol";
import {Request} from "../types/Request.sol";
import {BPS, Status, bondAt} from "../types/State.sol";

/// What the winner is paid.
enum ScorePayment {
    /// Its own price.
    FirstScore,
    /// The price at which its score would be that of the next revealed bid, or 0 if there is none.
    SecondScore
}

struct ScoringParams {
    ScorePayment payment;
    /// Seconds from opening (inclusive) in which bids are committed to.
    uint32 commit;
    /// Seconds after that (inclusive) in which they are revealed.
    uint32 reveal;
    /// Encoded in place, as if its fields stood here.
    Weights weights;
    /// A bidder's deposit in the stake token: basis points of the request's `bond`, rounded up, and the least it is.
    uint16 depositBps;
    uint80 depositFloor;
    /// Bidders next to the best that stand ready to take over.
    uint8 standbys;
    /// Bidders admitted.
    uint8 bidders;
}

/// A scoring auction: sealed bids of a price, the seconds it takes to prove and the share of the bond put at risk; the
/// highest score wins, and is held to all three.
///
/// The score is what the offer is worth to the requester, less its price: `value - price`, in the instance's token, with
///
///     value = baseBps + timeBps * (window - promised) / window + bondBps * share / 10,000     of maxPrice
///
/// so that bidders in equilibrium offer the time and the bond at which value less their own cost is greatest, and only
/// then compete (Che, Design competition through multidimensional auctions, RAND 1993). A score is never a ratio: this
/// holds for quasilinear ones only (Asker and Cantillon, RAND 2008). No value is above `maxPrice`, so no price has to be cut.
///
/// For a prover, with all times counted from `openedAt`:
/// 1. Up to `commit`: bid with price 0 and, as data, the 32 bytes of `commitment(id, prover, price, promised, share, salt)`.
///    The salt has to be 32 bytes that nobody can guess. It costs a deposit. Another commitment in this time replaces the first.
/// 2. Then up to `commit + reveal`: bid with the price and, as data, 38 bytes: salt, promised seconds (4), share in basis
///    points (2). Who does not reveal loses the deposit. Who can no longer win, or offers what `score` says is not eligible,
///    gets it back at once.
/// 3. Then, or as soon as all have revealed, anyone ticks, and the highest score is awarded; of equal ones, the first
///    revealed. It has the promised seconds from the award, and loses its share of the bond by being later, if only by one.
///    The deposits of the best and of the standbys stay until they are awarded or the request has ended; then a tick about
///    the standby gives it back.
///
/// Why to promise more than one can keep does not pay. A second of the window that is promised away adds
/// `timeBps * maxPrice / window` to the score, and to the price by which the same score is reached. It adds at least
/// `penaltyBps`, so no less, to the stake that has to be at risk (`leastShare`): the slope of the penalty is w_t / w_p or more,
/// where w_p = 1. Who can only keep t and promises less is late, is not paid, and loses more than the whole difference.
/// A bond too small for a promise does not count as one: the bid is not eligible.
///
/// If the winner fails, the next standby is awarded as if those before it had not bid, and its own promise counts from
/// then. A promise that would end after the deadline is not asked for any more: its bidder is let go, and the one
/// behind it is next. Under `SecondScore` no bidder's own price decides what it is paid: given what it promises, to bid one's
/// cost is dominant.
///
/// Words: two a bid, the highest score first, `score << 160 | prover` and `share << 120 | promised << 88 | price`, 0 for
/// none: the best and the standbys, all of which hold tickets; and under `SecondScore` the first word of one more, which
/// only sets a price. A bid that is awarded or let go leaves its words; the first to do so leaves `SETTLED` there, after
/// which nobody bids any more even if the request opens again. A ticket's tag is the first 22 bytes of the commitment; a
/// ticket whose holder is in no word is one that was not revealed.
contract Scoring is IMechanism {
    using Scores for Weights;

    uint8 internal constant MAX_BIDDERS = 64;
    uint32 internal constant STEP_GAS = 60_000;
    /// Words of a bid.
    uint256 private constant STRIDE = 2;
    uint256 internal constant REVEALED_BYTES = 38;

    function name() external pure returns (string memory) {
        return "scoring";
    }

    function check(bytes calldata params) external pure returns (Shape memory shape) {
        ScoringParams memory p = abi.decode(params, (ScoringParams));
        Params.within("commit", p.commit, 1, Params.LONGEST);
        Params.within("reveal", p.reveal, 1, Params.LONGEST);
        Weights memory w = p.weights;
        Params.within("baseBps + timeBps + bondBps", uint256(w.baseBps) + w.timeBps + w.bondBps, 1, BPS);
        // A lower slope, and a promise that is not kept is worth more than it costs.
        Params.within("penaltyBps", w.penaltyBps, BPS, type(uint16).max);
        Params.within("stakeWorth", w.stakeWorth, 1, type(uint112).max);
        Params.within("leastBondBps", w.leastBondBps, 1, BPS);
        Params.within("depositBps", p.depositBps, 0, BPS);
        // Not to reveal must cost something even where the bond is 0.
        Params.within("depositFloor", p.depositFloor, 1, type(uint80).max);
        // Two words each, and one for the price.
        bool second = p.payment == ScorePayment.SecondScore;
        Params.within("standbys", p.standbys, 0, second ? 2 : 3);
        Params.within("bidders", p.bidders, p.standbys + 1, MAX_BIDDERS);
        shape.words = 2 * (1 + p.standbys) + (second ? 1 : 0);
        shape.gas = STEP_GAS;
        if (p.standbys != 0) shape.flags = ON_FAILED;
    }

    function envelope(bytes calldata params, Request calldata request) external pure returns (Envelope memory) {
        ScoringParams memory p = abi.decode(params, (ScoringParams));
        uint32 capabilities = CAP_SEALED | CAP_OPEN_ENTRY;
        if (p.payment == ScorePayment.SecondScore) capabilities |= CAP_TRUTHFUL;
        // A standby needs the input too.
        if (p.standbys == 0) capabilities |= CAP_SINGLE_RECIPIENT;
        return Envelope({
            price: p.weights.most(request.maxPrice),
            award: uint40(p.commit) + p.reveal + 1,
            proof: request.window,
            bond: bondAt(request.bond, p.weights.leastBondBps),
            standbys: p.standbys,
            capabilities: capabilities
        });
    }

    /// What a bidder commits to: the hash of the words `id, prover, price, promised, share, salt`. The id binds the
    /// chain, the market, the instance and its version.
    function commitment(bytes32 id, address prover, uint88 price, uint32 promised, uint16 share, bytes32 salt)
        external
        pure
        returns (bytes32)
    {
        return _commitment(id, prover, ScoredOffer(price, promised, share), salt);
    }

    /// The score of an offer of `price`, to prove in `promised` seconds with `share` basis points of the bond at risk; and
    /// whether it can win: it promises 1 to `window` seconds, risks at least `leastShare` and at most 10,000, and asks for no more
    /// than it is worth. The score of one that cannot is 0.
    function score(bytes calldata params, Request calldata request, uint88 price, uint32 promised, uint16 share)
        external
        pure
        returns (bool eligible, uint88 points)
    {
        return abi.decode(params, (ScoringParams)).weights.score(request, ScoredOffer(price, promised, share));
    }

    /// The least share of the bond, in basis points, that has to be at risk behind a promise of 1 to `window` seconds; above
    /// 10,000 if this request's bond is too small for it.
    function leastShare(bytes calldata params, Request calldata request, uint32 promised)
        external
        pure
        returns (uint256 share)
    {
        return abi.decode(params, (ScoringParams)).weights.leastShare(request, promised);
    }

    /// `Bid`: commits or reveals, as the clock says; see `Sealing.commit` and `_reveal` for what is refused. `Unexpected` once
    /// the auction was settled.
    /// `Tick`: after the reveals, takes the deposit of the bidder it is about if that has not revealed, and awards the
    /// best, or closes when no bid and no deposit is left. Once the request is no longer open: gives a standby's
    /// deposit back, or takes that of a bidder that has not revealed. `NotYet` before.
    /// `Failed`: awards the next standby, if any.
    function step(Ask calldata ask) external pure returns (Answer memory) {
        ScoringParams memory p = abi.decode(ask.params, (ScoringParams));
        if (ask.cause == Cause.Tick) return ask.status == Status.Open ? _settle(p, ask) : Sealing.leave(ask, STRIDE);
        if (ask.cause == Cause.Failed) return _replace(p, ask);
        require(ask.cause == Cause.Bid && ask.words[0] != Sealing.SETTLED, Unexpected(uint8(ask.cause)));
        if (ask.time > ask.openedAt + p.commit) return _reveal(p, ask);
        return Sealing.commit(ask, _revealEnd(p, ask), p.bidders, p.depositBps, p.depositFloor);
    }

    /// Refuses what comes after the reveals (`TooLate`), what does not open the commitment (`Unacceptable(tag, tag
    /// held)`), and a second reveal (`Unexpected`).
    function _reveal(ScoringParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        uint40 end = _revealEnd(p, ask);
        require(ask.time <= end, TooLate(ask.time, end));
        ScoredOffer memory offer = _open(ask);
        bytes32[] memory words = ask.words;
        require(!Sealing.revealed(words, STRIDE, ask.actor.prover), Unexpected(uint8(ask.cause)));

        (bool eligible, uint88 points) = p.weights.score(ask.request, offer);
        uint256 ranks = 1 + p.standbys;
        address out = eligible ? _insert(words, ranks, ask.actor.prover, points, offer) : ask.actor.prover;
        uint256 standing = ask.holds;
        if (out != address(0)) {
            answer.moves = Answers.only(Answers.release(out));
            --standing;
        }
        answer.words = words;
        answer.wake = standing == Sealing.ranked(words, STRIDE, ranks) ? ask.time : end + 1;
    }

    /// The offer that was committed to.
    function _open(Ask calldata ask) private pure returns (ScoredOffer memory offer) {
        bytes calldata data = ask.data;
        require(data.length == REVEALED_BYTES, Unacceptable(data.length, REVEALED_BYTES));
        offer = ScoredOffer(ask.price, uint32(bytes4(data[32:])), uint16(bytes2(data[36:])));
        uint176 tag = Sealing.tagOf(_commitment(ask.id, ask.actor.prover, offer, bytes32(data)));
        require(tag == ask.actor.tag, Unacceptable(tag, ask.actor.tag));
    }

    /// A tick while the request is open.
    function _settle(ScoringParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        bytes32[] memory words = ask.words;
        uint256 silent = ask.holds - Sealing.ranked(words, STRIDE, 1 + p.standbys);
        Sealing.requireOver(ask, ask.openedAt + p.commit, _revealEnd(p, ask), silent);

        Move[] memory moves = new Move[](3 + p.standbys);
        uint256 count;
        if (ask.actor.held != 0 && !Sealing.revealed(words, STRIDE, ask.actor.prover)) {
            --silent;
            moves[count++] = Answers.forfeit(ask.actor.prover);
        }
        count = _next(p, ask, words, moves, count);
        bool awarded = count != 0 && moves[count - 1].kind == MoveKind.Award;
        if (!awarded && silent == 0) moves[count++] = Answers.close();
        answer.moves = _cut(moves, count);
        answer.words = words;
        if (silent != 0) answer.wake = ask.time;
    }

    /// The award failed.
    function _replace(ScoringParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        bytes32[] memory words = ask.words;
        Move[] memory moves = new Move[](1 + p.standbys);
        answer.moves = _cut(moves, _next(p, ask, words, moves, 0));
        answer.words = words;
    }

    /// Takes bids out of the words from the best down to the first whose promise ends by the deadline: that one is
    /// awarded, those before it are let go.
    /// @param count of the moves that are there.
    /// @return of those that are there then.
    function _next(ScoringParams memory p, Ask calldata ask, bytes32[] memory words, Move[] memory moves, uint256 count)
        private
        pure
        returns (uint256)
    {
        uint256 end = 2 * (1 + uint256(p.standbys));
        for (uint256 i; i < end; i += 2) {
            address prover = Sealing.proverIn(words[i]);
            if (prover == address(0)) continue;
            uint256 due = uint256(ask.time) + uint32(uint256(words[i + 1]) >> 88);
            bool fits = due <= ask.request.deadline;
            moves[count++] = fits ? _award(p, words, i, uint40(due)) : Answers.release(prover);
            (words[i], words[i + 1]) = (i == 0 ? Sealing.SETTLED : bytes32(0), bytes32(0));
            if (fits) break;
        }
        return count;
    }

    /// The award of the bid in the words from `at`.
    function _award(ScoringParams memory p, bytes32[] memory words, uint256 at, uint40 due)
        private
        pure
        returns (Move memory move)
    {
        uint256 terms = uint256(words[at + 1]);
        move = Answers.award(Sealing.proverIn(words[at]), uint88(terms));
        (move.due, move.bps) = (due, uint16(terms >> 120));
        if (p.payment == ScorePayment.FirstScore) return move;
        uint88 next;
        for (uint256 i = at + 2; i < words.length && next == 0; i += 2) {
            next = _points(words[i]);
        }
        move.amount += _points(words[at]) - next;
    }

    /// Puts a revealed bid in its place.
    /// @param ranks how many bids can be awarded.
    /// @return out whose ticket is no longer needed: the bidder's own, that of one it pushed out, or nobody's.
    function _insert(bytes32[] memory words, uint256 ranks, address prover, uint88 points, ScoredOffer memory offer)
        private
        pure
        returns (address out)
    {
        bytes32 head = bytes32(uint256(points) << 160 | uint160(prover));
        uint256 last = 2 * ranks;
        uint256 i = last;
        while (i != 0 && (words[i - 2] == 0 || _points(words[i - 2]) < points)) i -= 2;
        if (i == last) {
            bool sets = last < words.length && (words[last] == 0 || _points(words[last]) < points);
            if (sets) words[last] = head;
            return prover;
        }
        out = Sealing.proverIn(words[last - 2]);
        if (last < words.length) words[last] = words[last - 2];
        for (uint256 j = last - 1; j > i + 1; --j) {
            words[j] = words[j - 2];
        }
        words[i] = head;
        words[i + 1] = bytes32(uint256(offer.share) << 120 | uint256(offer.promised) << 88 | offer.price);
    }

    /// The first `count` moves.
    function _cut(Move[] memory moves, uint256 count) private pure returns (Move[] memory) {
        assembly ("memory-safe") {
            mstore(moves, count)
        }
        return moves;
    }

    function _points(bytes32 word) private pure returns (uint88) {
        return uint88(uint256(word) >> 160);
    }

    function _commitment(bytes32 id, address prover, ScoredOffer memory offer, bytes32 salt)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(id, prover, offer.price, offer.promised, offer.share, salt));
    }

    /// The last second at which a bid can be revealed.
    function _revealEnd(ScoringParams memory p, Ask calldata ask) private pure returns (uint40) {
        return ask.openedAt + p.commit + p.reveal;
    }
}
