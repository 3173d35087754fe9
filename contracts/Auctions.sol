// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "./interfaces/IMarket.sol";
import {Consultation} from "./Consultation.sol";
import {Cause, INSTANCE, MoveKind, ON_FAILED, ON_OPEN, SEATS} from "./types/Ask.sol";
import {LedgerSlot, OfferSlot, Ticket} from "./types/Prover.sol";
import {MoveRef, ReplyRef} from "./types/ReplyRef.sol";
import {Request} from "./types/Request.sol";
import {RequestRef} from "./types/RequestRef.sol";
import {BPS, StateSlot, Status, awardFor, bondAt} from "./types/State.sol";

/// How requests find provers: the mechanism's moves are checked and done.
abstract contract Auctions is Consultation {
    /// The ticket that an award takes the place of, if there is one, and whether it is one on the instance.
    struct Consent {
        uint80 held;
        bool onInstance;
    }

    /// Where burned stake is credited; nobody can withdraw it.
    address internal constant BURNED = 0x000000000000000000000000000000000000dEaD;
    /// Shares of a slash or forfeit, in basis points. The burned half is more than all others together can recover.
    uint256 private constant BURN_BPS = 5_000;
    uint256 private constant TIP_BPS = 500;

    /* STORAGE */

    /// Since when a prover has wanted its ticket on an instance back, unix seconds; 0 if it does not.
    mapping(uint32 instance => mapping(address prover => uint40)) internal _leavingSince;

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
            MoveRef move = reply.move(i);
            uint256 subject = move.subject();
            if (subject == 0) _do(c, turn, move, wasOpen);
            else if (subject == INSTANCE) _doOnInstance(c, turn, move);
            else revert IMarket.MoveRefused(MoveKind(move.kind()), move.prover(), "subject");
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
            emit IMarket.Climbed(c.id, c.state.rung(), c.state.instance(), c.state.version());
            if (c.config.flags() & ON_OPEN != 0) _consult(c, Cause.Opened, address(0));
            return;
        }
        _close(c, tipTo);
    }

    /// Ends an open request: fulfilled if it has been proven, else given up. What is left goes back.
    function _close(Case memory c, address tipTo) internal {
        _tip(c, tipTo);
        uint256 refund = c.request.maxPrice() - c.state.price();
        c.state = c.state.withStatus(c.state.proofs() == 0 ? Status.Closed : Status.Fulfilled);
        _credit(c.request.token(), c.request.requester(), refund);
        emit IMarket.Closed(c.id, refund);
    }

    /// Splits `amount` of stake that its owner loses: burned, for the caller, for the requester.
    function _confiscate(Case memory c, uint256 amount)
        internal
        returns (uint256 burned, uint256 compensation, uint256 tip)
    {
        tip = amount * TIP_BPS / BPS;
        compensation = amount * (BPS - BURN_BPS - TIP_BPS) / BPS;
        burned = amount - tip - compensation;
        _credit(_stakeToken, BURNED, burned);
        _credit(_stakeToken, c.caller, tip);
        _credit(_stakeToken, c.request.requester(), compensation);
    }

    function _releaseTicket(Case memory c, address prover) internal {
        uint80 amount = _tear(c, prover);
        emit IMarket.Released(c.id, prover, amount);
    }

    /* PRIVATE */

    function _open(Request calldata request, bytes calldata input, bytes calldata signature)
        internal
        returns (bytes32)
    {
        Case memory c = _case(request);
        _enter(c, input, signature);
        if (c.config.flags() & ON_OPEN != 0) _consult(c, Cause.Opened, address(0));
        _storeState(c);
        return c.id;
    }

    /// Once a request is awarded or over, only tickets can still be settled: all of them in the answer that awards it,
    /// and later the actor's.
    function _do(Case memory c, Turn memory turn, MoveRef move, bool wasOpen) internal {
        uint256 kind = move.kind();
        if (!c.state.isOpen()) {
            bool settles = kind == uint256(MoveKind.Release) || kind == uint256(MoveKind.Forfeit);
            bool allowed = settles && (wasOpen || move.prover() == turn.actor);
            if (!allowed) revert IMarket.MoveRefused(MoveKind(kind), move.prover(), "not open");
        }
        if (kind == uint256(MoveKind.Award)) _award(c, turn, move);
        else if (kind == uint256(MoveKind.Hold)) _hold(c, turn, move, false);
        else if (kind == uint256(MoveKind.Release)) _releaseTicket(c, move.prover());
        else if (kind == uint256(MoveKind.Forfeit)) _forfeit(c, move.prover());
        else if (kind == uint256(MoveKind.Draw)) _draw(c, move);
        else if (kind == uint256(MoveKind.Close)) _giveUp(c, turn);
        else _reward(c, move);
    }

    /// A move about a ticket on the instance.
    function _doOnInstance(Case memory c, Turn memory turn, MoveRef move) internal {
        uint256 kind = move.kind();
        if (kind == uint256(MoveKind.Hold)) _hold(c, turn, move, true);
        else if (kind == uint256(MoveKind.Release)) _releaseSeat(_placeOf(c), move.prover());
        else if (kind == uint256(MoveKind.Forfeit)) _forfeitSeat(c, move.prover(), move.amount());
        else revert IMarket.MoveRefused(MoveKind(kind), move.prover(), "subject");
    }

    function _reward(Case memory c, MoveRef move) private {
        address prover = move.prover();
        uint256 amount = move.amount();
        require(c.state.proofs() != 0, IMarket.MoveRefused(MoveKind.Reward, prover, "no proof"));
        (uint256 paid, uint256 most) = (c.state.price() + amount, c.request.maxPrice());
        require(paid <= most, IMarket.TooMuch("price", paid, most));
        c.state = c.state.pay(amount);
        _credit(c.request.token(), prover, amount);
        emit IMarket.Rewarded(c.id, prover, amount);
    }

    function _award(Case memory c, Turn memory turn, MoveRef move) private {
        address prover = move.prover();
        bool bids = turn.bids && prover == turn.actor;
        Consent memory consent = _consentOf(c, prover, bids);
        (StateSlot terms, uint256 bond) = _terms(c.request, move.amount(), move.due(), move.bps());
        if (bids) _requireConsent(turn, move.amount(), bond);
        OfferSlot offer = bids ? turn.offer : _offer(prover, c.request.token());
        (bytes memory why, uint256 number) = _bind(c, prover, offer, terms, bond, consent);
        if (why.length == 0) {
            _grant(c, prover, terms, number, turn.bids ? c.request.requester() : msg.sender);
            return;
        }
        if (bids) _requireNone(why);
        if (consent.onInstance) _forfeitSeat(c, prover, 0);
        else if (consent.held != 0) _forfeit(c, prover);
        if (c.config.flags() & ON_FAILED != 0) _consult(c, Cause.Failed, prover);
    }

    /// What lets `prover` be awarded: that it bids, or a ticket.
    function _consentOf(Case memory c, address prover, bool bids) private view returns (Consent memory consent) {
        uint16 proofs = c.state.proofs();
        require(proofs == 0, IMarket.AlreadyProven(c.id, proofs));
        consent.held = _held(c, prover);
        if (bids || consent.held != 0) return consent;
        uint80 seated = _seated(c, prover);
        require(seated != 0, IMarket.MoveRefused(MoveKind.Award, prover, "no consent"));
        if (_onLane(c.request)) _requireFit(c.request, prover, _ledger(prover));
        if (c.config.flags() & SEATS == 0) (consent.held, consent.onInstance) = (seated, true);
    }

    /// A bid is awarded for no less than it asks, with no more at stake than it offers.
    function _requireConsent(Turn memory turn, uint256 price, uint256 bond) internal pure {
        require(bond <= turn.maxBond, IMarket.TooMuch("bond", bond, turn.maxBond));
        require(turn.price <= price, IMarket.MoveRefused(MoveKind.Award, turn.actor, "below bid"));
    }

    /// What is awarded, as it will stand in the state; and the bond, in the stake token.
    function _terms(RequestRef request, uint256 price, uint256 promised, uint256 bps)
        internal
        view
        returns (StateSlot terms, uint256 bond)
    {
        uint256 most = request.maxPrice();
        require(price <= most, IMarket.TooMuch("price", price, most));
        if (bps == 0) bps = BPS;
        if (_onLane(request)) _requireBond(request, bps);
        terms = awardFor(price, _due(request, promised), bps);
        bond = bondAt(request.bond(), bps);
    }

    /// Awards on terms whose bond has been taken; whoever is tipped for it gets what is still there.
    function _grant(Case memory c, address prover, StateSlot terms, uint256 number, address tipTo) internal {
        if (c.request.tip() != 0) _tip(c, tipTo);
        c.state = c.state.award(terms, number);
        emit IMarket.Awarded(c.id, prover, c.state);
    }

    /// Takes the bond and the capacity of an award, in place of the ticket that it is made for, if there is one; or says why it cannot,
    /// as an encoded error.
    function _bind(
        Case memory c,
        address prover,
        OfferSlot offer,
        StateSlot terms,
        uint256 bond,
        Consent memory consent
    ) internal returns (bytes memory why, uint256 number) {
        why = _refuses(prover, offer, c.request, terms.price(), bond, terms.time() - block.timestamp);
        if (why.length != 0) return (why, 0);
        LedgerSlot ledger = _ledger(prover);
        bool held = consent.held != 0;
        if (held) ledger = ledger.unlock(consent.held);
        (why, ledger) = _engage(prover, ledger, bond, held);
        if (why.length != 0) return (why, 0);
        _store(prover, ledger);
        if (consent.onInstance) {
            delete _tickets[_placeOf(c)][prover];
            emit IMarket.Released(_placeOf(c), prover, consent.held);
        } else if (held) {
            _forget(c, prover);
        }
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
            IMarket.FieldOutOfRange("due", promised, block.timestamp + 1, deadline)
        );
        return promised;
    }

    function _hold(Case memory c, Turn memory turn, MoveRef move, bool onInstance) private {
        address prover = move.prover();
        bool bids = turn.bids && prover == turn.actor;
        require(bids, IMarket.MoveRefused(MoveKind.Hold, prover, "no consent"));
        uint256 amount = move.amount();
        require(amount != 0 && amount <= turn.maxBond, IMarket.TooMuch("deposit", amount, turn.maxBond));
        bytes32 place = onInstance ? _placeOf(c) : c.id;
        Ticket storage ticket = _tickets[place][prover];
        uint80 held = ticket.amount;
        (bytes memory why, LedgerSlot ledger) = _engage(prover, _ledger(prover).unlock(held), amount, held != 0);
        _requireNone(why);
        if (held == 0) {
            // Whoever wanted to leave and has left does not want to leave the next time.
            if (onInstance) delete _leavingSince[c.state.instance()][prover];
            else c.state = c.state.seat();
        }
        _store(prover, ledger);
        (ticket.amount, ticket.tag) = (uint80(amount), move.tag());
        emit IMarket.Held(place, prover, uint80(amount), move.tag());
    }

    function _forfeit(Case memory c, address prover) private {
        uint80 amount = _tear(c, prover);
        _store(prover, _ledger(prover).remove(amount));
        (uint256 burned, uint256 compensation, uint256 tip) = _confiscate(c, amount);
        emit IMarket.Forfeited(c.id, prover, burned, compensation, tip, c.caller);
    }

    /// Takes `amount` of a ticket on the instance, or all of it if that is 0 or more than there is.
    function _forfeitSeat(Case memory c, address prover, uint256 amount) private {
        bytes32 place = _placeOf(c);
        Ticket storage ticket = _tickets[place][prover];
        uint80 held = ticket.amount;
        require(held != 0, IMarket.NoTicket(place, prover));
        LedgerSlot ledger = _ledger(prover);
        uint80 taken = held;
        if (amount == 0 || held <= amount) {
            delete _tickets[place][prover];
            ledger = ledger.give();
        } else {
            taken = uint80(amount);
            ticket.amount = held - taken;
        }
        _store(prover, ledger.lose(taken));
        (uint256 burned, uint256 compensation, uint256 tip) = _confiscate(c, taken);
        emit IMarket.Docked(c.id, prover, c.state.instance(), burned, compensation, tip, c.caller);
    }

    /// Gives a ticket on an instance back. One that is gone already, by `leave`, must not keep its mechanism from going on.
    function _releaseSeat(bytes32 place, address prover) internal {
        uint80 held = _tickets[place][prover].amount;
        if (held == 0) return;
        delete _tickets[place][prover];
        _store(prover, _ledger(prover).unlock(held).give());
        emit IMarket.Released(place, prover, held);
    }

    /// Ends a ticket and gives its stake and capacity back.
    function _tear(Case memory c, address prover) private returns (uint80 amount) {
        amount = _held(c, prover);
        require(amount != 0, IMarket.NoTicket(c.id, prover));
        _store(prover, _ledger(prover).unlock(amount).give());
        _forget(c, prover);
    }

    function _forget(Case memory c, address prover) private {
        delete _tickets[c.id][prover];
        c.state = c.state.unseat();
    }

    function _giveUp(Case memory c, Turn memory turn) private {
        address tipTo = turn.cause == Cause.Tick || turn.cause == Cause.Proof ? msg.sender : c.request.requester();
        if (c.state.proofs() != 0) return _close(c, tipTo);
        require(c.state.holds() == 0, IMarket.DepositsStand(c.id, c.state.holds()));
        _descend(c, tipTo);
    }

    /// Pays the tip out; the caller moves the request on, so that it happens once.
    function _tip(Case memory c, address to) private {
        uint256 tip = _unpaidTip(c);
        if (tip == 0) return;
        _credit(c.request.token(), to, tip);
        emit IMarket.Tipped(c.id, to, tip);
    }

    function _requireNone(bytes memory reason) internal pure {
        if (reason.length == 0) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}
