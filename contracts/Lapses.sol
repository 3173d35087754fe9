// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISupply} from "./interfaces/ISupply.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {Auctions} from "./Auctions.sol";
import {Verification} from "./Verification.sol";
import {IAnnex} from "./interfaces/IAnnex.sol";
import {Cause, ON_FAILED} from "./types/Ask.sol";
import {Request} from "./types/Request.sol";
import {Status, bondAt} from "./types/State.sol";

/// How requests and awards end that nobody proved in time. The mechanism is needed for none of it.
abstract contract Lapses is IAnnex, Auctions, Verification {
    /// Seconds after its deadline from which a ticket needs no mechanism's consent to go back.
    uint256 private constant RECLAIM_DELAY = 1 days;

    /* EXTERNAL */

    /// @inheritdoc IAnnex
    function expire(Request calldata request) external nonReentrant {
        Case memory c = _case(request);
        uint256 deadline = c.request.deadline();
        if (c.state.isOpen()) {
            require(deadline <= block.timestamp, IMarket.NotDue(block.timestamp, deadline));
            _close(c, msg.sender);
            _storeState(c);
            return;
        }
        if (c.state.status() != Status.Awarded) revert IMarket.WrongStatus(c.id, c.state.status(), Status.Awarded);
        uint40 due = c.state.time();
        require(due < block.timestamp, IMarket.NotDue(block.timestamp, due + 1));
        address prover = _proverAt(c.state.prover());
        (,, bool frozen) = _verifier(uint32(c.request.verifier()));
        if (frozen) _excuse(c, prover);
        else _slash(c, prover);

        c.state = c.state.reopen(block.timestamp);
        _configure(c);
        if (frozen || deadline <= block.timestamp) {
            _close(c, msg.sender);
        } else if (!_succeeded(c, request, prover) && c.state.holds() == 0) {
            _descend(c, msg.sender);
        }
        _storeState(c);
    }

    /// @inheritdoc IAnnex
    function succeed(Request calldata request, address failed, address caller) external {
        require(msg.sender == address(this), IMarket.OnlySelf(msg.sender));
        Case memory c = _case(request);
        c.caller = caller;
        _configure(c);
        _consult(c, Cause.Failed, failed);
        _storeState(c);
    }

    /// @inheritdoc IAnnex
    function reclaim(Request calldata request, address prover) external nonReentrant {
        Case memory c = _case(request);
        Status status = c.state.status();
        require(Status.Awarded < status, IMarket.WrongStatus(c.id, status, Status.Closed));
        uint256 notBefore = c.request.deadline() + RECLAIM_DELAY;
        require(notBefore <= block.timestamp, ISupply.TooEarly(block.timestamp, notBefore));
        _releaseTicket(c, prover);
        _storeState(c);
    }

    /* PRIVATE */

    function _slash(Case memory c, address prover) private {
        uint80 bond = bondAt(c.request.bond(), c.state.bondBps());
        _store(prover, _ledger(prover).lose(bond).give().fail());
        _miss(prover, c.request, c.state.price(), c.request.deadline() <= block.timestamp);
        (uint256 burned, uint256 compensation, uint256 tip) = _confiscate(c, bond);
        emit IMarket.Slashed(c.id, prover, burned, compensation, tip, c.caller);
    }

    function _excuse(Case memory c, address prover) private {
        uint80 bond = bondAt(c.request.bond(), c.state.bondBps());
        _store(prover, _ledger(prover).unlock(bond).give());
        emit IMarket.Excused(c.id, prover);
    }

    /// Asks the mechanism for a successor of `failed`; its failure is the same as having none.
    function _succeeded(Case memory c, Request calldata request, address failed) private returns (bool) {
        if (c.config.flags() & ON_FAILED == 0) return false;
        _storeState(c);
        // A caller must not make the question fail by bringing too little gas for it.
        _requireGas(c.config.gas());
        try this.succeed(request, failed, c.caller) {} catch {}
        uint8 rung = c.state.rung();
        c.state = _state(c.id);
        return c.state.status() != Status.Open || c.state.rung() != rung;
    }
}
