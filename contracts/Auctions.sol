// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BlockHashLib} from "solady/utils/BlockHashLib.sol";

import {Requests} from "./Requests.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {IMechanism} from "./interfaces/IMechanism.sol";
import {ForeignCall} from "./libraries/ForeignCall.sol";
import {Actor, Answer, Ask, Cause, DRAWS, Move, MoveKind, ON_FAILED, ON_OPEN} from "./types/Ask.sol";
import {Bid, Order} from "./types/Bid.sol";
import {Ledger, Ticket} from "./types/Prover.sol";
import {Request} from "./types/Request.sol";
import {BPS, Status} from "./types/State.sol";

/// How requests find provers: the mechanism is asked, and its moves are checked and done.
abstract contract Auctions is Requests {
    /// The event a mechanism is asked about.
    struct Turn {
        Cause cause;
        address actor;
        /// What the actor's bid puts at risk at most, and the least it accepts.
        uint80 maxBond;
        uint88 price;
        bytes data;
    }

    /// Longest answer of a mechanism.
    uint256 private constant MAX_ANSWER = 16_384;
    /// Where burned stake is credited; nobody can withdraw it.
    address internal constant BURNED = 0x000000000000000000000000000000000000dEaD;
    /// Shares of a slash or forfeit, in basis points. The burned half is more than all others together can recover.
    uint256 private constant BURN_BPS = 5_000;
    uint256 private constant TIP_BPS = 500;
    /// Furthest beacon, in blocks.
    uint256 private constant MAX_DRAW = 64;

    /* STORAGE */

    mapping(bytes32 id => mapping(address prover => Ticket)) private _tickets;
    /// Each rung has words of its own, so that climbing need not clear them.
    mapping(bytes32 id => mapping(uint256 rung => bytes32[8])) private _words;
    mapping(uint32 instance => bytes32[8]) private _shared;
    mapping(bytes32 id => uint64 blockNumber) private _beacons;

    /* EXTERNAL */

    /// @inheritdoc IMarket
    function open(Request calldata request, bytes calldata input, bytes calldata signature)
        external
        nonReentrant
        returns (bytes32)
    {
        return _open(request, input, signature);
    }

    /// @inheritdoc IMarket
    function replace(Request calldata old, Request calldata next, bytes calldata input)
        external
        nonReentrant
        returns (bytes32)
    {
        require(msg.sender == old.requester, NotRequester(msg.sender, old.requester));
        require(msg.sender == next.requester, NotRequester(msg.sender, next.requester));
        _cancel(_case(old));
        return _open(next, input, msg.data[:0]);
    }

    /// @inheritdoc IMarket
    function bid(Order[] calldata orders) external nonReentrant {
        require(orders.length != 0, EmptyBatch());
        for (uint256 i; i < orders.length; ++i) {
            _bid(orders[i]);
        }
    }

    /// @inheritdoc IMarket
    function tick(Request calldata request, address about, bytes calldata data) external nonReentrant {
        (Case memory c, Turn memory turn) = _ticking(request, about, data);
        Answer memory answer = _consult(c, turn);
        require(answer.moves.length != 0, NothingFollows(c.id, answer.wake));
        _storeState(c);
    }

    /// @inheritdoc IMarket
    function peek(Request calldata request, address about, bytes calldata data)
        external
        view
        nonReentrantView
        returns (Answer memory)
    {
        (Case memory c, Turn memory turn) = _ticking(request, about, data);
        return _answer(c, turn);
    }

    /// @inheritdoc IMarket
    function ticketOf(bytes32 id, address prover) external view nonReentrantView returns (Ticket memory) {
        return _tickets[id][prover];
    }

    /// @inheritdoc IMarket
    function wordsOf(bytes32 id) external view nonReentrantView returns (bytes32[8] memory) {
        return _words[id][_state(id).rung];
    }

    /// @inheritdoc IMarket
    function sharedOf(uint32 instance) external view nonReentrantView returns (bytes32[8] memory) {
        return _shared[instance];
    }

    /* INTERNAL */

    /// Asks the mechanism and does what it says.
    function _consult(Case memory c, Turn memory turn) internal returns (Answer memory answer) {
        answer = _answer(c, turn);
        _note(c, answer);
        bool wasOpen = c.state.status == Status.Open;
        for (uint256 i; i < answer.moves.length; ++i) {
            _do(c, turn, answer.moves[i], wasOpen);
        }
    }

    /// Down the ladder, or back to the requester; `tipTo` then gets the tip that is still there.
    function _descend(Case memory c, address tipTo) internal {
        while (c.config.fallbackInstance != 0 && block.timestamp < c.request.deadline) {
            c.state.instance = c.config.fallbackInstance;
            c.state.version = c.config.fallbackVersion;
            c.config = _config(c.state.instance, c.state.version);
            ++c.state.rung;
            if (!_admits(c.config.verifiers, c.request.verifier)) continue;
            c.state.status = Status.Open;
            c.state.time = uint40(block.timestamp);
            emit Climbed(c.id, c.state.rung, c.state.instance, c.state.version);
            if (c.config.shape.flags & ON_OPEN != 0) _consult(c, _turn(Cause.Opened, address(0)));
            return;
        }
        _close(c, tipTo);
    }

    function _close(Case memory c, address tipTo) internal {
        _tip(c, tipTo);
        uint256 refund = c.request.maxPrice - c.state.price;
        c.state.status = Status.Closed;
        _credit(c.request.token, c.request.requester, refund);
        emit Closed(c.id, refund);
    }

    /// Splits `amount` of stake that its owner loses: burned, for the caller, for the requester.
    function _confiscate(Case memory c, uint256 amount)
        internal
        returns (uint256 burned, uint256 compensation, uint256 tip)
    {
        tip = amount * TIP_BPS / BPS;
        compensation = amount * (BPS - BURN_BPS - TIP_BPS) / BPS;
        burned = amount - tip - compensation;
        _credit(stakeToken, BURNED, burned);
        _credit(stakeToken, c.caller, tip);
        _credit(stakeToken, c.request.requester, compensation);
    }

    function _releaseTicket(Case memory c, address prover) internal {
        uint80 amount = _tear(c, prover);
        emit Released(c.id, prover, amount);
    }

    /// A request without deposits has no tickets, and none is looked up.
    function _ticket(Case memory c, address prover) internal view returns (Ticket memory ticket) {
        if (c.state.holds != 0) ticket = _tickets[c.id][prover];
    }

    function _turn(Cause cause, address actor) internal pure returns (Turn memory turn) {
        turn.cause = cause;
        turn.actor = actor;
    }

    /* PRIVATE */

    function _open(Request calldata request, bytes calldata input, bytes calldata signature) private returns (bytes32) {
        Case memory c = _case(request);
        _enter(c, input, signature);
        if (c.config.shape.flags & ON_OPEN != 0) _consult(c, _turn(Cause.Opened, address(0)));
        _storeState(c);
        return c.id;
    }

    function _bid(Order calldata order) private {
        Case memory c = _case(order.request);
        Bid calldata b = order.bid;
        require(b.request == c.id, WrongBid(b.request, c.id));
        require(block.timestamp <= b.validUntil, BidExpired(block.timestamp, b.validUntil));
        if (msg.sender != b.prover) _requireSignature(b.prover, _bidDigest(b), order.proverSignature);

        if (c.state.status == Status.None) {
            _enter(c, order.input, order.requesterSignature);
        } else {
            _requireStatus(c, Status.Open);
            require(block.timestamp < c.request.deadline, DeadlinePassed(block.timestamp, c.request.deadline));
            c.config = _config(c.state.instance, c.state.version);
        }
        Ledger memory ledger = _ledger(b.prover);
        _requireNone(_declines(b.prover, ledger, c.config.mechanism, c.request.verifier));
        // A signed bid that was awarded is spent: nobody brings it again to put its bond at risk a second time.
        require(msg.sender == b.prover || c.state.prover != ledger.id, WrongProver(c.id, b.prover));

        _consult(c, Turn(Cause.Bid, b.prover, b.maxBond, b.price, b.data));
        _storeState(c);
    }

    /// The case and turn of a tick, if one is possible at all: on an open request, or about a ticket that outlived it.
    function _ticking(Request calldata request, address about, bytes calldata data)
        private
        view
        returns (Case memory c, Turn memory turn)
    {
        c = _case(request);
        if (c.state.status == Status.Open) {
            require(block.timestamp < request.deadline, DeadlinePassed(block.timestamp, request.deadline));
        } else {
            require(c.state.status != Status.None, WrongStatus(c.id, Status.None, Status.Open));
            require(_ticket(c, about).amount != 0, NoTicket(c.id, about));
        }
        c.config = _config(c.state.instance, c.state.version);
        turn = _turn(Cause.Tick, about);
        turn.data = data;
    }

    function _answer(Case memory c, Turn memory turn) private view returns (Answer memory answer) {
        address mechanism = c.config.mechanism;
        bytes32 codehash = mechanism.codehash;
        require(codehash == c.config.codehash, CodeChanged(mechanism, codehash, c.config.codehash));
        bytes memory question = abi.encodeCall(IMechanism.step, (_ask(c, turn)));
        (bool ok, bytes memory result) = ForeignCall.ask(mechanism, c.config.shape.gas, question, MAX_ANSWER);
        require(ok, MechanismFailed(mechanism, result));
        answer = abi.decode(result, (Answer));
        uint256 words = c.config.shape.words;
        uint256 shared = c.config.shape.shared;
        require(answer.words.length == words, TooMuch("words", answer.words.length, words));
        require(answer.shared.length == shared, TooMuch("shared", answer.shared.length, shared));
    }

    function _ask(Case memory c, Turn memory turn) private view returns (Ask memory ask) {
        ask.cause = turn.cause;
        ask.id = c.id;
        ask.status = c.state.status;
        ask.request = c.request;
        ask.holds = c.state.holds;
        ask.rung = c.state.rung;
        ask.openedAt = c.state.time;
        ask.time = uint40(block.timestamp);
        ask.blockNumber = uint64(block.number);
        if (c.config.shape.flags & DRAWS != 0) ask.beacon = _beacon(c.id);
        if (turn.actor != address(0)) _fill(ask.actor, c, turn.actor);
        ask.price = turn.price;
        ask.data = turn.data;
        ask.params = c.config.params;
        ask.words = _read(_words[c.id][c.state.rung], c.config.shape.words);
        ask.shared = _read(_shared[c.state.instance], c.config.shape.shared);
    }

    function _fill(Actor memory actor, Case memory c, address prover) private view {
        Ledger memory ledger = _ledger(prover);
        Ticket memory ticket = _ticket(c, prover);
        actor.prover = prover;
        actor.id = ledger.id;
        actor.free = ledger.free();
        actor.capacity = ledger.busy < ledger.concurrency ? ledger.concurrency - ledger.busy : 0;
        actor.kept = ledger.kept;
        actor.failed = ledger.failed;
        actor.throughput = _throughput(prover, c.request.token);
        actor.held = ticket.amount;
        actor.tag = ticket.tag;
    }

    function _read(bytes32[8] storage from, uint256 count) private view returns (bytes32[] memory words) {
        words = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            words[i] = from[i];
        }
    }

    function _note(Case memory c, Answer memory answer) private {
        if (_write(_words[c.id][c.state.rung], answer.words)) emit Noted(c.id, answer.words);
        if (_write(_shared[c.state.instance], answer.shared)) emit NotedInstance(c.state.instance, answer.shared);
    }

    function _write(bytes32[8] storage to, bytes32[] memory words) private returns (bool changed) {
        for (uint256 i; i < words.length; ++i) {
            if (to[i] == words[i]) continue;
            to[i] = words[i];
            changed = true;
        }
    }

    /// Once a request is awarded or over, only tickets can still be settled: all of them in the answer that awards it,
    /// and later the actor's.
    function _do(Case memory c, Turn memory turn, Move memory move, bool wasOpen) private {
        MoveKind kind = move.kind;
        require(move.subject == 0, MoveRefused(kind, move.prover, "subject"));
        if (c.state.status != Status.Open) {
            bool settles = kind == MoveKind.Release || kind == MoveKind.Forfeit;
            require(settles && (wasOpen || move.prover == turn.actor), MoveRefused(kind, move.prover, "not open"));
        }
        if (kind == MoveKind.Award) _award(c, turn, move);
        else if (kind == MoveKind.Hold) _hold(c, turn, move);
        else if (kind == MoveKind.Release) _releaseTicket(c, move.prover);
        else if (kind == MoveKind.Forfeit) _forfeit(c, move.prover);
        else if (kind == MoveKind.Draw) _draw(c, move);
        else if (kind == MoveKind.Close) _giveUp(c, turn);
        else revert MoveRefused(kind, move.prover, "no proof");
    }

    function _award(Case memory c, Turn memory turn, Move memory move) private {
        address prover = move.prover;
        bool bids = turn.cause == Cause.Bid && prover == turn.actor;
        uint80 held = _ticket(c, prover).amount;
        require(bids || held != 0, MoveRefused(MoveKind.Award, prover, "no consent"));
        require(move.amount <= c.request.maxPrice, TooMuch("price", move.amount, c.request.maxPrice));
        uint40 due = _due(c.request, move.due);
        c.state.bondBps = move.bps == 0 ? uint16(BPS) : move.bps;
        uint80 bond = c.state.bondOf(c.request.bond);
        if (bids) {
            require(bond <= turn.maxBond, TooMuch("bond", bond, turn.maxBond));
            require(move.amount >= turn.price, MoveRefused(MoveKind.Award, prover, "below bid"));
        }

        Ledger memory ledger = _ledger(prover);
        ledger.locked -= held;
        Claim memory claim = Claim(c.request.token, c.request.work, move.amount, bond, due - block.timestamp);
        bytes memory why = _refuses(prover, ledger, claim, held != 0);
        if (why.length != 0) {
            if (bids) _requireNone(why);
            _forfeit(c, prover);
            if (c.config.shape.flags & ON_FAILED != 0) _consult(c, _turn(Cause.Failed, prover));
            return;
        }

        ledger.locked += bond;
        if (held == 0) ++ledger.busy;
        else _forget(c, prover);
        _store(prover, ledger);
        _tip(c, turn.cause == Cause.Bid ? c.request.requester : msg.sender);
        c.state.status = Status.Awarded;
        c.state.prover = ledger.id;
        c.state.price = move.amount;
        c.state.time = due;
        emit Awarded(c.id, prover, move.amount, due, c.state.bondBps);
    }

    function _due(Request memory request, uint40 promised) private view returns (uint40) {
        if (promised == 0) {
            uint256 end = block.timestamp + request.window;
            return end < request.deadline ? uint40(end) : request.deadline;
        }
        require(
            block.timestamp < promised && promised <= request.deadline,
            FieldOutOfRange("due", promised, block.timestamp + 1, request.deadline)
        );
        return promised;
    }

    function _hold(Case memory c, Turn memory turn, Move memory move) private {
        bool bids = turn.cause == Cause.Bid && move.prover == turn.actor;
        require(bids, MoveRefused(MoveKind.Hold, move.prover, "no consent"));
        require(move.amount != 0 && move.amount <= turn.maxBond, TooMuch("deposit", move.amount, turn.maxBond));
        uint80 amount = uint80(move.amount);
        Ticket storage ticket = _tickets[c.id][move.prover];
        Ledger memory ledger = _ledger(move.prover);
        bool seated = ticket.amount != 0;
        ledger.locked -= ticket.amount;
        _requireNone(_overdraws(move.prover, ledger, amount, seated));
        ledger.locked += amount;
        if (!seated) {
            ++ledger.busy;
            ++c.state.holds;
        }
        _store(move.prover, ledger);
        (ticket.amount, ticket.tag) = (amount, move.tag);
        emit Held(c.id, move.prover, amount, move.tag);
    }

    function _forfeit(Case memory c, address prover) private {
        uint80 amount = _tear(c, prover);
        Ledger memory ledger = _ledger(prover);
        ledger.stake -= amount;
        _store(prover, ledger);
        (uint256 burned, uint256 compensation, uint256 tip) = _confiscate(c, amount);
        emit Forfeited(c.id, prover, burned, compensation, tip);
    }

    /// Ends a ticket and gives its stake and capacity back.
    function _tear(Case memory c, address prover) private returns (uint80 amount) {
        amount = _ticket(c, prover).amount;
        require(amount != 0, NoTicket(c.id, prover));
        Ledger memory ledger = _ledger(prover);
        ledger.locked -= amount;
        --ledger.busy;
        _store(prover, ledger);
        _forget(c, prover);
    }

    function _forget(Case memory c, address prover) private {
        delete _tickets[c.id][prover];
        --c.state.holds;
    }

    function _giveUp(Case memory c, Turn memory turn) private {
        require(c.state.holds == 0, DepositsStand(c.id, c.state.holds));
        _descend(c, turn.cause == Cause.Tick ? msg.sender : c.request.requester);
    }

    function _draw(Case memory c, Move memory move) private {
        bool draws = c.config.shape.flags & DRAWS != 0;
        require(draws, MoveRefused(MoveKind.Draw, move.prover, "flag"));
        require(0 < move.amount && move.amount <= MAX_DRAW, FieldOutOfRange("draw", move.amount, 1, MAX_DRAW));
        uint64 drawn = uint64(block.number + move.amount);
        _beacons[c.id] = drawn;
        emit BeaconFixed(c.id, drawn);
    }

    function _beacon(bytes32 id) private view returns (bytes32) {
        uint64 drawn = _beacons[id];
        return drawn == 0 || drawn >= block.number ? bytes32(0) : BlockHashLib.blockHash(drawn);
    }

    /// Pays the tip out; the caller moves the request on, so that it happens once.
    function _tip(Case memory c, address to) private {
        uint256 tip = _unpaidTip(c);
        if (tip == 0) return;
        _credit(c.request.token, to, tip);
        emit Tipped(c.id, to, tip);
    }

    function _requireNone(bytes memory reason) internal pure {
        if (reason.length == 0) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}
