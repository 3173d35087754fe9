// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism, TooLate, Unacceptable, Unexpected} from "../interfaces/IMechanism.sol";
import {Answers} from "../libraries/Answers.sol";
import {Params} from "../libraries/Params.sol";
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
    ON_FAILED,
    Shape
} from "../types/Ask.sol";
import {Request} from "../types/Request.sol";
import {BPS, Status} from "../types/State.sol";

/// What the winner is paid.
enum Payment {
    /// Its own bid.
    FirstPrice,
    /// The next revealed bid above its own, or the reserve if there is none (Vickrey).
    SecondPrice
}

struct SealedParams {
    Payment payment;
    /// Seconds from opening (inclusive) in which bids are committed to.
    uint32 commit;
    /// Seconds after that (inclusive) in which they are revealed.
    uint32 reveal;
    /// The most that is paid, in basis points of the request's `maxPrice`, rounded down.
    uint16 reserveBps;
    /// A bidder's deposit in the stake token: basis points of the request's `bond`, rounded up, and the least it is.
    uint16 depositBps;
    uint80 depositFloor;
    /// Bidders next to the best that stand ready to take over.
    uint8 standbys;
    /// Bidders admitted.
    uint8 bidders;
}

/// Sealed bids: committed to first, revealed after, the lowest wins.
///
/// For a prover, with all times counted from `openedAt`:
/// 1. Up to `commit`: bid with price 0 and, as data, the 32 bytes of `commitment(id, prover, price, salt)`. The salt
///    has to be 32 bytes that nobody can guess: prices are few, and whoever can try them all reads the bid. It costs a
///    deposit. Another commitment in this time replaces the first.
/// 2. Then up to `commit + reveal`: bid with the price, and the salt as data. Who does not reveal loses the deposit.
///    Who can no longer win, or asks for more than the reserve, gets it back at once.
/// 3. Then, or as soon as all have revealed, anyone ticks, and the lowest price is awarded; of equal ones, the first
///    revealed. The deposits of the best and of the standbys stay until they are awarded or the request has ended; then
///    a tick about the standby gives it back.
///
/// If the winner fails, the next standby is awarded as if those before it had not bid: at its own price, or under
/// `SecondPrice` at the next revealed above it. Its price thus never depends on its own bid, and to fail on purpose
/// for the sake of a second identity gains nothing that this identity would not have had alone.
///
/// Words: the lowest revealed bids in order, `price << 160 | prover`, 0 for none: the best and the standbys, all of
/// which hold tickets, and under `SecondPrice` one more, which only sets a price. A bid that is awarded leaves its
/// word; the first to do so leaves `SETTLED` there, after which nobody bids any more even if the request opens again. A
/// ticket's tag is the first 22 bytes of the commitment; a ticket whose holder is in no word is one that was not
/// revealed.
contract SealedBid is IMechanism {
    uint8 internal constant MAX_STANDBYS = 6;
    uint8 internal constant MAX_BIDDERS = 64;
    uint32 internal constant STEP_GAS = 60_000;

    function name() external pure returns (string memory) {
        return "sealed";
    }

    function check(bytes calldata params) external pure returns (Shape memory shape) {
        SealedParams memory p = abi.decode(params, (SealedParams));
        Params.within("commit", p.commit, 1, Params.LONGEST);
        Params.within("reveal", p.reveal, 1, Params.LONGEST);
        Params.within("reserveBps", p.reserveBps, 1, BPS);
        Params.within("depositBps", p.depositBps, 0, BPS);
        // Not to reveal must cost something even where the bond is 0.
        Params.within("depositFloor", p.depositFloor, 1, type(uint80).max);
        Params.within("standbys", p.standbys, 0, MAX_STANDBYS);
        Params.within("bidders", p.bidders, p.standbys + 1, MAX_BIDDERS);
        shape.words = 1 + p.standbys + (p.payment == Payment.SecondPrice ? 1 : 0);
        shape.gas = STEP_GAS;
        if (p.standbys != 0) shape.flags = ON_FAILED;
    }

    function envelope(bytes calldata params, Request calldata request) external pure returns (Envelope memory) {
        SealedParams memory p = abi.decode(params, (SealedParams));
        uint32 capabilities = CAP_SEALED | CAP_OPEN_ENTRY;
        if (p.payment == Payment.SecondPrice) capabilities |= CAP_TRUTHFUL;
        // A standby needs the input too.
        if (p.standbys == 0) capabilities |= CAP_SINGLE_RECIPIENT;
        return Envelope({
            price: _reserve(p, request.maxPrice),
            award: uint40(p.commit) + p.reveal + 1,
            proof: request.window,
            bond: request.bond,
            standbys: p.standbys,
            capabilities: capabilities
        });
    }

    /// What a bidder commits to: the hash of the words `id, prover, price, salt`. The id binds the chain, the market,
    /// the instance and its version.
    function commitment(bytes32 id, address prover, uint88 price, bytes32 salt) external pure returns (bytes32) {
        return _commitment(id, prover, price, salt);
    }

    /// `Bid`: commits or reveals, as the clock says; see `Sealing.commit` and `_reveal` for what is refused. `Unexpected` once
    /// the auction was settled.
    /// `Tick`: after the reveals, takes the deposit of the bidder it is about if that has not revealed, and awards the
    /// best, or closes when no bid and no deposit is left. Once the request is no longer open: gives a standby's
    /// deposit back, or takes that of a bidder that has not revealed. `NotYet` before.
    /// `Failed`: awards the next standby, if any.
    function step(Ask calldata ask) external pure returns (Answer memory) {
        SealedParams memory p = abi.decode(ask.params, (SealedParams));
        if (ask.cause == Cause.Tick) return ask.status == Status.Open ? _settle(p, ask) : Sealing.leave(ask, 1);
        if (ask.cause == Cause.Failed) return _replace(p, ask);
        require(ask.cause == Cause.Bid && ask.words[0] != Sealing.SETTLED, Unexpected(uint8(ask.cause)));
        if (ask.time > ask.openedAt + p.commit) return _reveal(p, ask);
        return Sealing.commit(ask, _revealEnd(p, ask), p.bidders, p.depositBps, p.depositFloor);
    }

    /// Refuses what comes after the reveals (`TooLate`), what does not open the commitment (`Unacceptable(tag, tag
    /// held)`), and a second reveal (`Unexpected`).
    function _reveal(SealedParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        uint40 end = _revealEnd(p, ask);
        address prover = ask.actor.prover;
        require(ask.time <= end, TooLate(ask.time, end));
        require(ask.data.length == 32, Unacceptable(ask.data.length, 32));
        uint176 tag = Sealing.tagOf(_commitment(ask.id, prover, ask.price, bytes32(ask.data)));
        require(tag == ask.actor.tag, Unacceptable(tag, ask.actor.tag));
        bytes32[] memory words = ask.words;
        require(!Sealing.revealed(words, 1, prover), Unexpected(uint8(ask.cause)));

        bool eligible = ask.price <= _reserve(p, ask.request.maxPrice);
        address out = eligible ? _insert(words, prover, ask.price, p.standbys) : prover;
        uint256 standing = ask.holds;
        if (out != address(0)) {
            answer.moves = Answers.only(Answers.release(out));
            --standing;
        }
        answer.words = words;
        answer.wake = standing == Sealing.ranked(words, 1, 1 + p.standbys) ? ask.time : end + 1;
    }

    /// A tick while the request is open.
    function _settle(SealedParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        bytes32[] memory words = ask.words;
        uint256 ranked = Sealing.ranked(words, 1, 1 + p.standbys);
        uint256 silent = ask.holds - ranked;
        Sealing.requireOver(ask, ask.openedAt + p.commit, _revealEnd(p, ask), silent);

        bool taken = ask.actor.held != 0 && !Sealing.revealed(words, 1, ask.actor.prover);
        if (taken) --silent;
        bool ends = ranked != 0 || silent == 0;
        Move[] memory moves = new Move[]((taken ? 1 : 0) + (ends ? 1 : 0));
        if (taken) moves[0] = Answers.forfeit(ask.actor.prover);
        if (ends) {
            (address prover, uint88 price) = _take(p, ask.request.maxPrice, words);
            moves[moves.length - 1] = ranked != 0 ? Answers.award(prover, price) : Answers.close();
        }
        answer.moves = moves;
        answer.words = words;
        if (silent != 0) answer.wake = ask.time;
    }

    /// The award failed.
    function _replace(SealedParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        bytes32[] memory words = ask.words;
        answer.words = words;
        (address prover, uint88 price) = _take(p, ask.request.maxPrice, words);
        if (prover != address(0)) answer.moves = Answers.only(Answers.award(prover, price));
    }

    /// Takes the best bid out of the words, with what it is paid; nobody if none is left.
    function _take(SealedParams memory p, uint88 maxPrice, bytes32[] memory words)
        private
        pure
        returns (address prover, uint88 price)
    {
        uint256 i;
        while (i <= p.standbys && Sealing.proverIn(words[i]) == address(0)) ++i;
        if (i > p.standbys) return (address(0), 0);
        prover = Sealing.proverIn(words[i]);
        price = _price(words[i]);
        words[i] = i == 0 ? Sealing.SETTLED : bytes32(0);
        if (p.payment == Payment.FirstPrice) return (prover, price);
        while (++i < words.length) {
            if (words[i] != 0) return (prover, _price(words[i]));
        }
        price = _reserve(p, maxPrice);
    }

    /// Puts a revealed bid in its place.
    /// @return out whose ticket is no longer needed: the bidder's own, that of one it pushed out, or nobody's.
    function _insert(bytes32[] memory words, address prover, uint88 price, uint256 standbys)
        private
        pure
        returns (address out)
    {
        uint256 i = words.length;
        while (i != 0 && (words[i - 1] == 0 || _price(words[i - 1]) > price)) --i;
        out = i > standbys ? prover : Sealing.proverIn(words[standbys]);
        if (i == words.length) return out;
        for (uint256 j = words.length - 1; j > i; --j) {
            words[j] = words[j - 1];
        }
        words[i] = bytes32(uint256(price) << 160 | uint160(prover));
    }

    function _price(bytes32 word) private pure returns (uint88) {
        return uint88(uint256(word) >> 160);
    }

    function _commitment(bytes32 id, address prover, uint88 price, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(id, prover, price, salt));
    }

    function _reserve(SealedParams memory p, uint88 maxPrice) private pure returns (uint88) {
        return uint88(uint256(maxPrice) * p.reserveBps / BPS);
    }

    /// The last second at which a bid can be revealed.
    function _revealEnd(SealedParams memory p, Ask calldata ask) private pure returns (uint40) {
        return ask.openedAt + p.commit + p.reveal;
    }
}
