// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism, InsufficientBond, NotYet, TooLate, Unacceptable, Unexpected} from "../interfaces/IMechanism.sol";
import {Answers} from "../libraries/Answers.sol";
import {Params} from "../libraries/Params.sol";
import {Alpha, Tickets} from "../libraries/Tickets.sol";
import {Words} from "../libraries/Words.sol";
import {Answer, Ask, CAP_OPEN_ENTRY, CAP_SINGLE_RECIPIENT, Cause, DRAWS, Envelope, Move, Shape} from "../types/Ask.sol";
import {Request} from "../types/Request.sol";
import {BPS, Status} from "../types/State.sol";

/// Seconds, blocks, basis points, and the stake token.
struct ContestParams {
    /// The market's stake token. Requests paid in another are refused: the winner pays its ticket by being paid that much less.
    address stakeToken;
    /// How long tickets are sold, from opening (inclusive).
    uint32 entry;
    /// How long the draw may take after that; tickets are sold only while the deadline leaves so much. At least `distance` times the
    /// seconds between two blocks, and time for somebody to tick twice.
    uint32 settling;
    /// What is paid: a share of the request's `maxPrice`, rounded down.
    uint16 feeBps;
    /// The least and the greatest ticket. The least is also what it costs to win, and to have made oneself unable to take the award.
    uint80 minTicket;
    uint80 maxTicket;
    /// What chances are in proportion to: the ticket, its root, or its square.
    Alpha alpha;
    /// Most provers that enter: 1 to 40.
    uint8 entrants;
    /// How many blocks after the tick that fixes it the block lies that draws: 1 to 64.
    uint8 distance;
}

/// Contest (Tullock): provers buy tickets, one of them is drawn with a chance in proportion to its ticket, and everybody pays.
///
/// For a prover:
/// 1. Up to `entry` after opening: bid `data = abi.encode(ticket)` and a price of at most the fee less the ticket. `maxBond` has to be
///    at least the ticket, your free stake at least the bond. A ticket cannot be taken back; it can be made larger, three times.
/// 2. After that anyone ticks, which fixes the block that draws, `distance` blocks on. Nobody can know its hash while tickets are sold.
/// 3. Once that block is there anyone ticks again, and brings the list of tickets (see below): one is drawn and awarded the fee less its
///    ticket, which comes back as its bond is taken. All others lose theirs: half is burned, 5 % are the caller's, the rest is the
///    requester's rebate. A lone ticket needs no draw. With tickets that add up to X the chance is that of your ticket to X: with n
///    equal rivals for whom the work is worth V more than it costs, buy V (n-1)/n^2.
/// 4. If the winner cannot take the award (stake gone, floor above its price), it loses its ticket, as it had if it had not won; the
///    next tick sends the request down its ladder. So does the winner's failure: the others have paid and gone.
/// If nobody ticks before the deadline, there has been no contest: a tick about each ticket gives it back.
///
/// Whoever builds the block that draws chooses its hash among those that it has the time to try; where that may be a bidder, prizes
/// should be worth less than its trouble. If that block is forgotten (8,191 blocks later) before anyone has drawn, another is fixed.
///
/// The list of tickets is the data of all `Held` events of the request in this rung, in their order: each a word,
/// `place << 240 | amount << 160 | prover`, where the place is the last byte of the tag.
///
/// Words: the running hash of the list; and `block << 96 | total << 8 | count`: tickets, what they add up to, and the block that
/// draws, 0 before it is fixed and all ones once somebody has been drawn. A tag is `raises << 8 | place`.
contract Contest is IMechanism {
    uint8 internal constant MAX_ENTRANTS = 40;
    uint256 internal constant MAX_RAISES = 3;
    uint256 internal constant MAX_ENTRIES = MAX_ENTRANTS * (1 + MAX_RAISES);
    uint8 internal constant MAX_DISTANCE = 64;
    uint32 internal constant STEP_GAS = 250_000;
    uint64 private constant DRAWN = type(uint64).max;
    uint256 private constant BOOK = 0;
    uint256 private constant LIST = 1;

    /// What the second word says.
    struct List {
        uint64 drawnBy;
        uint88 total;
        uint8 count;
    }

    function name() external pure returns (string memory) {
        return "contest";
    }

    function check(bytes calldata params) external pure returns (Shape memory shape) {
        ContestParams memory p = abi.decode(params, (ContestParams));
        Params.within("entry", p.entry, 1, Params.LONGEST);
        Params.within("settling", p.settling, 1, Params.LONGEST);
        Params.within("feeBps", p.feeBps, 1, BPS);
        Params.within("minTicket", p.minTicket, 1, type(uint80).max);
        Params.within("maxTicket", p.maxTicket, p.minTicket, type(uint80).max);
        Params.within("entrants", p.entrants, 1, MAX_ENTRANTS);
        Params.within("distance", p.distance, 1, MAX_DISTANCE);
        shape.words = 2;
        shape.gas = STEP_GAS;
        shape.flags = DRAWS;
    }

    function envelope(bytes calldata params, Request calldata request) external pure returns (Envelope memory) {
        ContestParams memory p = abi.decode(params, (ContestParams));
        uint88 fee = _fee(p, request.maxPrice);
        return Envelope({
            price: fee > p.minTicket ? fee - p.minTicket : 0,
            award: uint40(p.entry) + p.settling + 1,
            proof: request.window,
            bond: request.bond,
            standbys: 0,
            capabilities: CAP_OPEN_ENTRY | CAP_SINGLE_RECIPIENT
        });
    }

    /// `Bid`: holds the ticket. Refuses, in this order: requests paid in another token than that of the stakes (`Unacceptable` of the
    /// two); what comes after the entry, or too late for a draw before the deadline (`TooLate`); data that are no ticket
    /// (`Unacceptable(bytes, 32)`); a ticket above the greatest, or the fee (`Unacceptable(ticket, most)`); below the least, or no
    /// larger than the one that it replaces (`Unacceptable(ticket, least)`); a price above the fee less the ticket; one entrant or one
    /// raise too many; and too little stake for ticket and bond (`InsufficientBond`).
    /// `Tick`: after the entry, fixes the block that draws; once it is known, awards who is drawn and takes all other tickets, if the data
    /// are the list of tickets (`Unacceptable` of the hashes); closes if nobody came, or the one that was drawn could not take it.
    /// About somebody: nothing while the request is open; afterwards gives the ticket back. `NotYet` before.
    function step(Ask calldata ask) external pure returns (Answer memory) {
        ContestParams memory p = abi.decode(ask.params, (ContestParams));
        if (ask.cause == Cause.Bid) return _enter(p, ask);
        require(ask.cause == Cause.Tick, Unexpected(uint8(ask.cause)));
        return ask.status == Status.Open ? _settle(p, ask) : _leave(ask);
    }

    function _enter(ContestParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        require(ask.request.token == p.stakeToken, Unacceptable(uint160(ask.request.token), uint160(p.stakeToken)));
        uint256 last = _lastEntry(p, ask);
        require(ask.time <= last, TooLate(ask.time, last));
        uint80 ticket = _ticket(p, ask);
        bytes32[] memory words = ask.words;
        List memory list = _list(words[LIST]);
        uint176 tag = _tag(p, ask, list.count);
        uint256 stake = uint256(ask.actor.free) + ask.actor.held;
        uint256 want = ticket > ask.request.bond ? ticket : ask.request.bond;
        require(stake >= want, InsufficientBond(stake, want));

        address prover = ask.actor.prover;
        words[BOOK] = Tickets.extend(words[BOOK], Tickets.entryOf(uint8(tag), ticket, prover));
        if (ask.actor.held == 0) ++list.count;
        list.total = list.total + ticket - ask.actor.held;
        words[LIST] = _pack(list);
        answer.words = words;
        answer.moves = Answers.only(Answers.hold(prover, ticket, tag));
        answer.wake = uint40(last + 1);
    }

    /// The ticket that a bid asks for, if it may.
    function _ticket(ContestParams memory p, Ask calldata ask) private pure returns (uint80) {
        require(ask.data.length == 32, Unacceptable(ask.data.length, 32));
        uint256 ticket = uint256(bytes32(ask.data));
        uint256 fee = _fee(p, ask.request.maxPrice);
        uint256 most = fee < p.maxTicket ? fee : p.maxTicket;
        require(ticket <= most, Unacceptable(ticket, most));
        uint256 least = ask.actor.held == 0 ? p.minTicket : uint256(ask.actor.held) + 1;
        require(ticket >= least, Unacceptable(ticket, least));
        require(ask.price <= fee - ticket, Unacceptable(ask.price, fee - ticket));
        return uint80(ticket);
    }

    /// The place of a new entrant is the next one; an old one keeps its place.
    function _tag(ContestParams memory p, Ask calldata ask, uint256 count) private pure returns (uint176) {
        if (ask.actor.held == 0) {
            require(count < p.entrants, Unacceptable(count + 1, p.entrants));
            return uint176(count);
        }
        uint256 raises = ask.actor.tag >> 8;
        require(raises < MAX_RAISES, Unacceptable(raises + 1, MAX_RAISES));
        return ask.actor.tag + 256;
    }

    /// A tick while the request is open.
    function _settle(ContestParams memory p, Ask calldata ask) private pure returns (Answer memory answer) {
        require(ask.actor.prover == address(0), NotYet(ask.time, ask.request.deadline));
        uint256 last = _lastEntry(p, ask);
        require(ask.time > last, NotYet(ask.time, last + 1));
        bytes32[] memory words = ask.words;
        answer.words = words;
        List memory list = _list(words[LIST]);
        if (list.count == 0 || list.drawnBy == DRAWN) {
            answer.moves = Answers.only(Answers.close());
        } else if (list.count > 1 && (list.drawnBy == 0 || ask.beacon == 0)) {
            require(list.drawnBy < ask.blockNumber, NotYet(ask.time, uint256(ask.time) + 1));
            list.drawnBy = ask.blockNumber + p.distance;
            words[LIST] = _pack(list);
            answer.moves = Answers.only(Answers.draw(p.distance));
            answer.wake = ask.time + 1;
        } else {
            answer.moves = _award(p, ask, list.count);
            list.drawnBy = DRAWN;
            (words[BOOK], words[LIST]) = (0, _pack(list));
        }
    }

    /// Draws from the list that the tick brought.
    function _award(ContestParams memory p, Ask calldata ask, uint256 count)
        private
        pure
        returns (Move[] memory moves)
    {
        uint256[] calldata entries = Words.from(ask.data, 0);
        require(entries.length <= MAX_ENTRIES, Unacceptable(entries.length, MAX_ENTRIES));
        (bytes32 book, uint256[] memory standing) = Tickets.replay(entries, count);
        require(book == ask.words[BOOK], Unacceptable(uint256(book), uint256(ask.words[BOOK])));
        uint256 winner = Tickets.draw(standing, p.alpha, uint256(keccak256(abi.encode(ask.beacon, ask.id))));
        moves = new Move[](count);
        uint88 price = _fee(p, ask.request.maxPrice) - Tickets.sizeOf(standing[winner]);
        moves[0] = Answers.award(Tickets.proverOf(standing[winner]), price);
        uint256 i = 1;
        for (uint256 place; place < count; ++place) {
            if (place != winner) moves[i++] = Answers.forfeit(Tickets.proverOf(standing[place]));
        }
    }

    /// A tick about a ticket that was never drawn from: the deadline came first.
    function _leave(Ask calldata ask) private pure returns (Answer memory answer) {
        answer.words = ask.words;
        answer.moves = Answers.only(Answers.release(ask.actor.prover));
    }

    /// The last second at which tickets are sold; 0 if there is not the time for a draw.
    function _lastEntry(ContestParams memory p, Ask calldata ask) private pure returns (uint256 last) {
        last = uint256(ask.openedAt) + p.entry;
        uint256 needed = uint256(p.settling) + 2;
        uint256 deadline = ask.request.deadline;
        uint256 latest = deadline > needed ? deadline - needed : 0;
        if (latest < last) last = latest;
    }

    function _fee(ContestParams memory p, uint88 maxPrice) private pure returns (uint88) {
        return uint88(uint256(maxPrice) * p.feeBps / BPS);
    }

    function _list(bytes32 word) private pure returns (List memory) {
        uint256 list = uint256(word);
        return List(uint64(list >> 96), uint88(list >> 8), uint8(list));
    }

    function _pack(List memory list) private pure returns (bytes32) {
        return bytes32(uint256(list.drawnBy) << 96 | uint256(list.total) << 8 | list.count);
    }
}
