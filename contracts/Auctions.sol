// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Consultation} from "./Consultation.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {Memory} from "./libraries/Memory.sol";
import {Answer, Cause, MoveKind, ON_FAILED, ON_OPEN} from "./types/Ask.sol";
import {Bid, Order, bidHash} from "./types/Bid.sol";
import {OrderRef, proverIn} from "./types/OrderRef.sol";
import {LedgerSlot, OfferSlot, Ticket} from "./types/Prover.sol";
import {MoveRef, ReplyRef, saleTo} from "./types/ReplyRef.sol";
import {Request} from "./types/Request.sol";
import {RequestRef, refTo, unpack} from "./types/RequestRef.sol";
import {BPS, StateSlot, Status, awardFor, bondAt} from "./types/State.sol";

/// How requests find provers: the mechanism's moves are checked and done.
abstract contract Auctions is Consultation {
    /// Where burned stake is credited; nobody can withdraw it.
    address internal constant BURNED = 0x000000000000000000000000000000000000dEaD;
    /// Shares of a slash or forfeit, in basis points. The burned half is more than all others together can recover.
    uint256 private constant BURN_BPS = 5_000;
    uint256 private constant TIP_BPS = 500;
    /// Sizes of the structs in memory, a word a field.
    uint256 private constant CASE_SIZE = 0xc0;
    uint256 private constant TURN_SIZE = 0x100;

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
        (Case memory c, Turn memory turn) = _bidding();
        uint256 mark = Memory.mark();
        for (uint256 i; i < orders.length; ++i) {
            Order calldata order = orders[i];
            Bid calldata b = order.bid;
            uint64 edition = c.edition;
            _take(c, refTo(order.request));
            (turn.actor, turn.price, turn.maxBond, turn.validUntil) = (b.prover, b.price, b.maxBond, b.validUntil);
            _bid(c, turn, b.data, order.input, order.requesterSignature, order.proverSignature);
            // Nothing of one bid is of use to the next but the configuration, if it is the same.
            if (edition == c.edition) Memory.release(mark);
            else mark = Memory.mark();
        }
    }

    /// @inheritdoc IMarket
    function bidBatch(bytes calldata orders) external nonReentrant {
        require(orders.length != 0, EmptyBatch());
        (
            function(uint256) internal pure returns (Case memory) caseAt,
            function(uint256) internal pure returns (Turn memory) turnAt
        ) = _at();
        Case memory c = caseAt(Memory.room(CASE_SIZE));
        Turn memory turn = turnAt(Memory.room(TURN_SIZE));
        c.caller = msg.sender;
        (turn.cause, turn.bids) = (Cause.Bid, true);
        uint256 mark = Memory.mark();
        uint256 at;
        uint256 last;
        assembly ("memory-safe") {
            at := orders.offset
            last := add(at, orders.length)
        }
        while (at < last) {
            uint64 edition = c.edition;
            at = _bidPacked(c, turn, at, last);
            if (edition == c.edition) Memory.release(mark);
            else mark = Memory.mark();
        }
    }

    /// @inheritdoc IMarket
    function tick(Request calldata request, address about, bytes calldata data) external nonReentrant {
        (Case memory c, Turn memory turn) = _ticking(request, about);
        ReplyRef reply = _consult(c, turn, data);
        if (reply.count() == 0) revert NothingFollows(c.id, uint40(reply.wake()));
        _storeState(c);
    }

    /// @inheritdoc IMarket
    function peek(Request calldata request, address about, bytes calldata data)
        external
        view
        nonReentrantView
        returns (Answer memory)
    {
        (Case memory c, Turn memory turn) = _ticking(request, about);
        _read(c, _ask(c, turn, data)).send();
    }

    /* INTERNAL */

    /// Asks the mechanism and does what it says.
    function _consult(Case memory c, Turn memory turn, bytes calldata data) internal returns (ReplyRef reply) {
        reply = _read(c, _ask(c, turn, data));
        _follow(c, turn, reply);
    }

    /// Does what an answer says.
    function _follow(Case memory c, Turn memory turn, ReplyRef reply) private {
        _note(c, reply);
        bool wasOpen = c.state.isOpen();
        uint256 count = reply.count();
        for (uint256 i; i < count; ++i) {
            _do(c, turn, reply.move(i), wasOpen);
        }
    }

    /// Asks the mechanism about an event that nobody's data came with.
    function _consult(Case memory c, Cause cause, address actor) internal {
        _consult(c, _turn(c, cause, actor), msg.data[:0]);
    }

    /// Down the ladder, or back to the requester; `tipTo` then gets the tip that is still there.
    function _descend(Case memory c, address tipTo) internal {
        while (c.config.fallbackInstance() != 0 && block.timestamp < c.request.deadline()) {
            c.state = c.state.climb(c.config.fallbackEdition());
            _configure(c);
            if (!c.config.admits(c.request.verifier())) continue;
            c.state = c.state.reopen(block.timestamp);
            emit Climbed(c.id, c.state.rung(), c.state.instance(), c.state.version());
            if (c.config.flags() & ON_OPEN != 0) _consult(c, Cause.Opened, address(0));
            return;
        }
        _close(c, tipTo);
    }

    function _close(Case memory c, address tipTo) internal {
        _tip(c, tipTo);
        uint256 refund = c.request.maxPrice() - c.state.price();
        c.state = c.state.withStatus(Status.Closed);
        _credit(c.request.token(), c.request.requester(), refund);
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
        _credit(stakeToken, c.request.requester(), compensation);
    }

    function _releaseTicket(Case memory c, address prover) internal {
        uint80 amount = _tear(c, prover);
        emit Released(c.id, prover, amount);
    }

    /* PRIVATE */

    function _open(Request calldata request, bytes calldata input, bytes calldata signature) private returns (bytes32) {
        Case memory c = _case(request);
        _enter(c, input, signature);
        if (c.config.flags() & ON_OPEN != 0) _consult(c, Cause.Opened, address(0));
        _storeState(c);
        return c.id;
    }

    /// A case and a turn for one bid after the other.
    function _bidding() private view returns (Case memory c, Turn memory turn) {
        c.caller = msg.sender;
        (turn.cause, turn.bids) = (Cause.Bid, true);
    }

    /// What is at a place in memory, as a case and as a turn. The compiler would clear either field by field before it looks; so it
    /// sees a function that returns what it is given, under another type.
    function _at()
        private
        pure
        returns (
            function(uint256) internal pure returns (Case memory) caseAt,
            function(uint256) internal pure returns (Turn memory) turnAt
        )
    {
        function(uint256) internal pure returns (uint256) same = _same;
        assembly ("memory-safe") {
            caseAt := same
            turnAt := same
        }
    }

    function _same(uint256 place) private pure returns (uint256) {
        return place;
    }

    /// Brings the order that is packed at `at` in calldata; returns where the next one would begin, which is not behind `last`.
    function _bidPacked(Case memory c, Turn memory turn, uint256 at, uint256 last) private returns (uint256) {
        (RequestRef request, uint256 rest) = unpack(at);
        OrderRef order = OrderRef.wrap(rest);
        (
            bytes calldata requesterSignature,
            bytes calldata signature,
            bytes calldata data,
            bytes calldata input,
            uint256 next
        ) = order.parts();
        unchecked {
            if (next > last) revert TruncatedOrder(last - at, next - at);
        }
        (turn.price, turn.maxBond, turn.validUntil) = order.terms();
        if (signature.length == 0) {
            turn.actor = msg.sender;
        } else {
            if (signature.length < 20) revert TruncatedOrder(signature.length, 20);
            (turn.actor, signature) = proverIn(signature);
        }
        _take(c, request);
        _bid(c, turn, data, input, requesterSignature, signature);
        return next;
    }

    /// Brings the bid that `turn` holds the terms of.
    function _bid(
        Case memory c,
        Turn memory turn,
        bytes calldata data,
        bytes calldata input,
        bytes calldata requesterSignature,
        bytes calldata proverSignature
    ) private {
        address prover = turn.actor;
        require(block.timestamp <= turn.validUntil, BidExpired(block.timestamp, turn.validUntil));
        bool enters = c.state.isNew();
        if (!enters) {
            _requireOpen(c);
            uint256 deadline = c.request.deadline();
            require(block.timestamp < deadline, DeadlinePassed(block.timestamp, deadline));
        }
        if (msg.sender != prover) _requireSignature(prover, _bidDigest(c, turn, data), proverSignature);
        if (enters) _enter(c, input, requesterSignature);
        else _configure(c);
        _look(c, turn);
        // Who holds a ticket was taken on already: a prover that drains since can still reveal.
        if (c.state.holds() == 0 || _held(c, prover) == 0) {
            _requireServes(prover, turn.ledger, c.config.mechanism(), c.request.verifier());
        }
        bytes memory result = _ask(c, turn, data);
        if (!_sold(c, turn, result)) _follow(c, turn, _read(c, result));
        _storeState(c);
    }

    function _bidDigest(Case memory c, Turn memory turn, bytes calldata data) private view returns (bytes32) {
        uint256 reopenedAt = c.state.reopenedAt();
        return _hashTypedData(bidHash(c.id, reopenedAt, turn.actor, turn.price, turn.maxBond, turn.validUntil, data));
    }

    /// Does the commonest of answers without the detours of the others: a sale to the bidder, of a request without deposits, by a
    /// rule without words. False, and nothing done, if the answer is another.
    function _sold(Case memory c, Turn memory turn, bytes memory result) private returns (bool sold) {
        if (c.state.holds() != 0 || c.config.keepsWords()) return false;
        address prover = turn.actor;
        uint256 price;
        (sold, price) = saleTo(result, prover);
        if (!sold) return false;
        RequestRef request = c.request;
        (StateSlot terms, uint256 bond) = _terms(request, price, 0, BPS);
        _requireConsent(turn, price, bond);
        bytes memory why;
        LedgerSlot ledger;
        unchecked {
            // A due time is after now.
            why = _refuses(prover, turn.offer, request, price, bond, terms.time() - block.timestamp);
        }
        // Nothing has touched the ledger since it was read.
        if (why.length == 0) (why, ledger) = _engage(prover, turn.ledger, bond, false);
        if (why.length != 0) _requireNone(why);
        _store(prover, ledger);
        _grant(c, prover, terms, ledger.id(), request.requester());
    }

    /// The case and turn of a tick, if one is possible at all: on an open request, or about a ticket that outlived it.
    function _ticking(Request calldata request, address about) private view returns (Case memory c, Turn memory turn) {
        c = _case(request);
        if (c.state.isOpen()) {
            uint256 deadline = c.request.deadline();
            require(block.timestamp < deadline, DeadlinePassed(block.timestamp, deadline));
        } else {
            require(!c.state.isNew(), WrongStatus(c.id, Status.None, Status.Open));
            require(_held(c, about) != 0, NoTicket(c.id, about));
        }
        _configure(c);
        turn = _turn(c, Cause.Tick, about);
    }

    /// Once a request is awarded or over, only tickets can still be settled: all of them in the answer that awards it,
    /// and later the actor's.
    function _do(Case memory c, Turn memory turn, MoveRef move, bool wasOpen) private {
        uint256 kind = move.kind();
        if (move.subject() != 0) revert MoveRefused(MoveKind(kind), move.prover(), "subject");
        if (!c.state.isOpen()) {
            bool settles = kind == uint256(MoveKind.Release) || kind == uint256(MoveKind.Forfeit);
            bool allowed = settles && (wasOpen || move.prover() == turn.actor);
            if (!allowed) revert MoveRefused(MoveKind(kind), move.prover(), "not open");
        }
        if (kind == uint256(MoveKind.Award)) _award(c, turn, move);
        else if (kind == uint256(MoveKind.Hold)) _hold(c, turn, move);
        else if (kind == uint256(MoveKind.Release)) _releaseTicket(c, move.prover());
        else if (kind == uint256(MoveKind.Forfeit)) _forfeit(c, move.prover());
        else if (kind == uint256(MoveKind.Draw)) _draw(c, move);
        else if (kind == uint256(MoveKind.Close)) _giveUp(c, turn);
        else revert MoveRefused(MoveKind(kind), move.prover(), "no proof");
    }

    function _award(Case memory c, Turn memory turn, MoveRef move) private {
        address prover = move.prover();
        bool bids = turn.bids && prover == turn.actor;
        uint80 held = _held(c, prover);
        require(bids || held != 0, MoveRefused(MoveKind.Award, prover, "no consent"));
        (StateSlot terms, uint256 bond) = _terms(c.request, move.amount(), move.due(), move.bps());
        if (bids) _requireConsent(turn, move.amount(), bond);
        OfferSlot offer = bids ? turn.offer : _offer(prover, c.request.token());
        (bytes memory why, uint256 number) = _bind(c, prover, offer, terms, bond, held);
        if (why.length == 0) {
            _grant(c, prover, terms, number, turn.bids ? c.request.requester() : msg.sender);
            return;
        }
        if (bids) _requireNone(why);
        _forfeit(c, prover);
        if (c.config.flags() & ON_FAILED != 0) _consult(c, Cause.Failed, prover);
    }

    /// A bid is awarded for no less than it asks, with no more at stake than it offers.
    function _requireConsent(Turn memory turn, uint256 price, uint256 bond) private pure {
        require(bond <= turn.maxBond, TooMuch("bond", bond, turn.maxBond));
        require(turn.price <= price, MoveRefused(MoveKind.Award, turn.actor, "below bid"));
    }

    /// What is awarded, as it will stand in the state; and the bond, in the stake token.
    function _terms(RequestRef request, uint256 price, uint256 promised, uint256 bps)
        private
        view
        returns (StateSlot terms, uint256 bond)
    {
        uint256 most = request.maxPrice();
        require(price <= most, TooMuch("price", price, most));
        if (bps == 0) bps = BPS;
        terms = awardFor(price, _due(request, promised), bps);
        bond = bondAt(request.bond(), bps);
    }

    /// Awards on terms whose bond has been taken; whoever is tipped for it gets what is still there.
    function _grant(Case memory c, address prover, StateSlot terms, uint256 number, address tipTo) private {
        if (c.request.tip() != 0) _tip(c, tipTo);
        c.state = c.state.award(terms, number);
        emit Awarded(c.id, prover, c.state);
    }

    /// Takes the bond and the capacity of an award, in place of the ticket with `held` if there is one; or says why it cannot, as
    /// an encoded error.
    function _bind(Case memory c, address prover, OfferSlot offer, StateSlot terms, uint256 bond, uint80 held)
        private
        returns (bytes memory why, uint256 number)
    {
        why = _refuses(prover, offer, c.request, terms.price(), bond, terms.time() - block.timestamp);
        if (why.length != 0) return (why, 0);
        LedgerSlot ledger = _ledger(prover);
        if (held != 0) ledger = ledger.unlock(held);
        (why, ledger) = _engage(prover, ledger, bond, held != 0);
        if (why.length != 0) return (why, 0);
        _store(prover, ledger);
        if (held != 0) _forget(c, prover);
        number = ledger.id();
    }

    function _due(RequestRef request, uint256 promised) private view returns (uint256) {
        uint256 deadline = request.deadline();
        if (promised == 0) {
            unchecked {
                uint256 end = block.timestamp + request.window();
                return end < deadline ? end : deadline;
            }
        }
        require(
            block.timestamp < promised && promised <= deadline,
            FieldOutOfRange("due", promised, block.timestamp + 1, deadline)
        );
        return promised;
    }

    function _hold(Case memory c, Turn memory turn, MoveRef move) private {
        address prover = move.prover();
        bool bids = turn.bids && prover == turn.actor;
        require(bids, MoveRefused(MoveKind.Hold, prover, "no consent"));
        uint256 amount = move.amount();
        require(amount != 0 && amount <= turn.maxBond, TooMuch("deposit", amount, turn.maxBond));
        Ticket storage ticket = _tickets[c.id][prover];
        uint80 held = ticket.amount;
        (bytes memory why, LedgerSlot ledger) = _engage(prover, _ledger(prover).unlock(held), amount, held != 0);
        _requireNone(why);
        if (held == 0) c.state = c.state.seat();
        _store(prover, ledger);
        (ticket.amount, ticket.tag) = (uint80(amount), move.tag());
        emit Held(c.id, prover, uint80(amount), move.tag());
    }

    function _forfeit(Case memory c, address prover) private {
        uint80 amount = _tear(c, prover);
        _store(prover, _ledger(prover).remove(amount));
        (uint256 burned, uint256 compensation, uint256 tip) = _confiscate(c, amount);
        emit Forfeited(c.id, prover, burned, compensation, tip, c.caller);
    }

    /// Ends a ticket and gives its stake and capacity back.
    function _tear(Case memory c, address prover) private returns (uint80 amount) {
        amount = _held(c, prover);
        require(amount != 0, NoTicket(c.id, prover));
        _store(prover, _ledger(prover).unlock(amount).give());
        _forget(c, prover);
    }

    function _forget(Case memory c, address prover) private {
        delete _tickets[c.id][prover];
        c.state = c.state.unseat();
    }

    function _giveUp(Case memory c, Turn memory turn) private {
        require(c.state.holds() == 0, DepositsStand(c.id, c.state.holds()));
        _descend(c, turn.cause == Cause.Tick ? msg.sender : c.request.requester());
    }

    /// Pays the tip out; the caller moves the request on, so that it happens once.
    function _tip(Case memory c, address to) private {
        uint256 tip = _unpaidTip(c);
        if (tip == 0) return;
        _credit(c.request.token(), to, tip);
        emit Tipped(c.id, to, tip);
    }

    function _requireNone(bytes memory reason) internal pure {
        if (reason.length == 0) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}
