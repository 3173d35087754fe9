// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bids} from "./Bids.sol";
import {IFulfillmentCallback} from "./interfaces/IFulfillmentCallback.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {IVerifier, VERIFIED} from "./interfaces/IVerifier.sol";
import {ForeignCall} from "./libraries/ForeignCall.sol";
import {Memory} from "./libraries/Memory.sol";
import {Cause, ON_FAILED} from "./types/Ask.sol";
import {Fulfillment} from "./types/Bid.sol";
import {LedgerSlot} from "./types/Prover.sol";
import {Request} from "./types/Request.sol";
import {RequestRef} from "./types/RequestRef.sol";
import {Status, bondAt} from "./types/State.sol";

/// How requests end: with a proof, or with a prover that failed. The mechanism is needed for neither.
abstract contract Settlement is Bids {
    /// Gas that stays for the market beside what it grants to a callee.
    uint256 private constant RESERVE = 400_000;
    /// Seconds after its deadline from which a ticket needs no mechanism's consent to go back.
    uint256 private constant RECLAIM_DELAY = 1 days;

    /* EXTERNAL */

    /// @inheritdoc IMarket
    function fulfill(Fulfillment[] calldata items) external nonReentrant returns (uint256 settled) {
        require(items.length != 0, EmptyBatch());
        bytes memory first;
        uint256 mark = Memory.mark();
        for (uint256 i; i < items.length; ++i) {
            (bytes32 id, bytes memory why) = _fulfill(items[i]);
            if (why.length == 0) {
                ++settled;
                Memory.release(mark);
                continue;
            }
            emit FulfillmentRejected(id, why);
            // Of all items only the first error is needed any longer.
            if (first.length != 0) Memory.release(mark);
            else (first, mark) = (why, Memory.mark());
        }
        if (settled == 0) _requireNone(first);
    }

    /// @inheritdoc IMarket
    function expire(Request calldata request) external nonReentrant {
        Case memory c = _case(request);
        uint256 deadline = c.request.deadline();
        if (c.state.isOpen()) {
            require(deadline <= block.timestamp, NotDue(block.timestamp, deadline));
            _close(c, msg.sender);
            _storeState(c);
            return;
        }
        if (c.state.status() != Status.Awarded) revert WrongStatus(c.id, c.state.status(), Status.Awarded);
        uint40 due = c.state.time();
        require(due < block.timestamp, NotDue(block.timestamp, due + 1));
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

    /// @inheritdoc IMarket
    function succeed(Request calldata request, address failed, address caller) external {
        require(msg.sender == address(this), OnlySelf(msg.sender));
        Case memory c = _case(request);
        c.caller = caller;
        _configure(c);
        _consult(c, Cause.Failed, failed);
        _storeState(c);
    }

    /// @inheritdoc IMarket
    function reclaim(Request calldata request, address prover) external nonReentrant {
        Case memory c = _case(request);
        Status status = c.state.status();
        require(Status.Awarded < status, WrongStatus(c.id, status, Status.Closed));
        uint256 notBefore = c.request.deadline() + RECLAIM_DELAY;
        require(notBefore <= block.timestamp, TooEarly(block.timestamp, notBefore));
        _releaseTicket(c, prover);
        _storeState(c);
    }

    /* PRIVATE */

    /// Settles one item, or says why not.
    function _fulfill(Fulfillment calldata item) private returns (bytes32, bytes memory why) {
        Case memory c = _case(item.request);
        address prover = item.prover;
        LedgerSlot ledger = _ledger(prover);
        why = _unfulfilled(c, ledger, item);
        if (why.length != 0) return (c.id, why);

        RequestRef request = c.request;
        uint88 price = c.state.price();
        c.state = c.state.withStatus(Status.Fulfilled);
        _storeState(c);
        _store(prover, ledger.unlock(bondAt(request.bond(), c.state.bondBps())).give().keep());
        _credit(request.token(), prover, price);
        _credit(request.token(), request.requester(), request.maxPrice() - price);
        emit Fulfilled(c.id, prover, price, item.proof);
        if (request.callback() != address(0)) _callBack(c, item.proof);
        return (c.id, why);
    }

    /// Why a proof does not settle its request, as an encoded error; empty if it does.
    function _unfulfilled(Case memory c, LedgerSlot ledger, Fulfillment calldata item)
        private
        view
        returns (bytes memory)
    {
        Status status = c.state.status();
        uint40 due = c.state.time();
        if (status != Status.Awarded) {
            return abi.encodeWithSelector(WrongStatus.selector, c.id, status, Status.Awarded);
        }
        if (ledger.id() != c.state.prover()) return abi.encodeWithSelector(WrongProver.selector, c.id, item.prover);
        if (due < block.timestamp) return abi.encodeWithSelector(DeadlinePassed.selector, block.timestamp, due);
        return _unverified(c, item);
    }

    function _unverified(Case memory c, Fulfillment calldata item) private view returns (bytes memory why) {
        uint32 verifier = uint32(c.request.verifier());
        (address target, uint32 gas, bool frozen) = _verifier(verifier);
        if (frozen) return abi.encodeWithSelector(VerifierIsFrozen.selector, verifier);
        (bytes32 have, bytes32 want) = (target.codehash, _verifierCode(verifier));
        if (have != want) return abi.encodeWithSelector(CodeChanged.selector, target, have, want);
        bytes32 author = keccak256(abi.encode(c.id, item.prover));
        bytes memory question = abi.encodeCall(IVerifier.verify, (c.request.statement(), author, item.proof));
        if (ForeignCall.confirms(target, gas, question, VERIFIED)) return why;
        return abi.encodeWithSelector(ProofRefused.selector, c.id, verifier, ForeignCall.reason());
    }

    function _callBack(Case memory c, bytes calldata proof) private {
        uint256 gas = c.request.callbackGas();
        _requireGas(gas);
        bytes memory note = abi.encodeCall(IFulfillmentCallback.proofFulfilled, (c.id, c.request.statement(), proof));
        if (!ForeignCall.tell(c.request.callback(), gas, note)) emit CallbackFailed(c.id);
    }

    function _slash(Case memory c, address prover) private {
        uint80 bond = bondAt(c.request.bond(), c.state.bondBps());
        _store(prover, _ledger(prover).lose(bond).give().fail());
        (uint256 burned, uint256 compensation, uint256 tip) = _confiscate(c, bond);
        emit Slashed(c.id, prover, burned, compensation, tip, c.caller);
    }

    function _excuse(Case memory c, address prover) private {
        uint80 bond = bondAt(c.request.bond(), c.state.bondBps());
        _store(prover, _ledger(prover).unlock(bond).give());
        emit Excused(c.id, prover);
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

    function _requireGas(uint256 grant) private view {
        uint256 want = (grant + RESERVE) * 64 / 63;
        require(gasleft() >= want, GasTooLow(gasleft(), want));
    }
}
