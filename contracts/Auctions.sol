// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Consultation} from "./Consultation.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {Answer, Cause, MoveKind, ON_FAILED, ON_OPEN} from "./types/Ask.sol";
import {LedgerSlot, OfferSlot, Ticket} from "./types/Prover.sol";
import {MoveRef, ReplyRef} from "./types/ReplyRef.sol";
import {Request} from "./types/Request.sol";
import {RequestRef} from "./types/RequestRef.sol";
import {BPS, StateSlot, Status, awardFor, bondAt} from "./types/State.sol";

/// How requests find provers: the mechanism's moves are checked and done.
abstract contract Auctions is Consultation {
    /// Where burned stake is credited; nobody can withdraw it.
    address internal constant BURNED = 0x000000000000000000000000000000000000dEaD;
    /// Shares of a slash or forfeit, in basis points. The burned half is more than all others together can recover.
    uint256 private constant BURN_BPS = 5_000;
    uint256 private constant TIP_BPS = 500;

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
    function _follow(Case memory c, Turn memory turn, ReplyRef reply) internal {
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
    function _requireConsent(Turn memory turn, uint256 price, uint256 bond) internal pure {
        require(bond <= turn.maxBond, TooMuch("bond", bond, turn.maxBond));
        require(turn.price <= price, MoveRefused(MoveKind.Award, turn.actor, "below bid"));
    }

    /// What is awarded, as it will stand in the state; and the bond, in the stake token.
    function _terms(RequestRef request, uint256 price, uint256 promised, uint256 bps)
        internal
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
    function _grant(Case memory c, address prover, StateSlot terms, uint256 number, address tipTo) internal {
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
