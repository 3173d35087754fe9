// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Auctions} from "./Auctions.sol";
import {IFulfillmentCallback} from "./interfaces/IFulfillmentCallback.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {IVerifier, VERIFIED} from "./interfaces/IVerifier.sol";
import {ForeignCall} from "./libraries/ForeignCall.sol";
import {Cause, ON_FAILED} from "./types/Ask.sol";
import {Fulfillment} from "./types/Bid.sol";
import {Ledger} from "./types/Prover.sol";
import {Request} from "./types/Request.sol";
import {Status} from "./types/State.sol";

/// How requests end: with a proof, or with a prover that failed. The mechanism is needed for neither.
abstract contract Settlement is Auctions {
    /// Gas that stays for the market beside what it grants to a callee.
    uint256 private constant RESERVE = 400_000;
    /// Seconds after its deadline from which a ticket needs no mechanism's consent to go back.
    uint256 private constant RECLAIM_DELAY = 1 days;

    /* EXTERNAL */

    /// @inheritdoc IMarket
    function fulfill(Fulfillment[] calldata items) external nonReentrant returns (uint256 settled) {
        require(items.length != 0, EmptyBatch());
        bytes memory first;
        for (uint256 i; i < items.length; ++i) {
            (bytes32 id, bytes memory why) = _fulfill(items[i]);
            if (why.length == 0) {
                ++settled;
                continue;
            }
            if (first.length == 0) first = why;
            emit FulfillmentRejected(id, why);
        }
        if (settled == 0) _requireNone(first);
    }

    /// @inheritdoc IMarket
    function expire(Request calldata request) external nonReentrant {
        Case memory c = _case(request);
        if (c.state.status == Status.Open) {
            require(request.deadline <= block.timestamp, NotDue(block.timestamp, request.deadline));
            _close(c, msg.sender);
            _storeState(c);
            return;
        }
        _requireStatus(c, Status.Awarded);
        require(c.state.time < block.timestamp, NotDue(block.timestamp, c.state.time + 1));
        address prover = _proverAt(c.state.prover);
        (,, bool frozen) = _verifier(request.verifier);
        if (frozen) _excuse(c, prover);
        else _slash(c, prover);

        c.state.status = Status.Open;
        c.state.price = 0;
        c.state.time = uint40(block.timestamp);
        c.config = _config(c.state.instance, c.state.version);
        if (frozen || request.deadline <= block.timestamp) {
            _close(c, msg.sender);
        } else if (!_succeeded(c, request, prover) && c.state.holds == 0) {
            _descend(c, msg.sender);
        }
        _storeState(c);
    }

    /// @inheritdoc IMarket
    function succeed(Request calldata request, address failed, address caller) external {
        require(msg.sender == address(this), OnlySelf(msg.sender));
        Case memory c = _case(request);
        c.caller = caller;
        c.config = _config(c.state.instance, c.state.version);
        _consult(c, _turn(Cause.Failed, failed));
        _storeState(c);
    }

    /// @inheritdoc IMarket
    function reclaim(Request calldata request, address prover) external nonReentrant {
        Case memory c = _case(request);
        bool ended = c.state.status > Status.Awarded;
        require(ended, WrongStatus(c.id, c.state.status, Status.Closed));
        uint256 notBefore = request.deadline + RECLAIM_DELAY;
        require(notBefore <= block.timestamp, TooEarly(block.timestamp, notBefore));
        _releaseTicket(c, prover);
        _storeState(c);
    }

    /* PRIVATE */

    /// Settles one item, or says why not.
    function _fulfill(Fulfillment calldata item) private returns (bytes32, bytes memory) {
        Case memory c = _case(item.request);
        Ledger memory ledger = _ledger(item.prover);
        bytes memory why = _unfulfilled(c, ledger, item);
        if (why.length != 0) return (c.id, why);

        Request memory request = c.request;
        c.state.status = Status.Fulfilled;
        _storeState(c);
        ledger.locked -= c.state.bondOf(request.bond);
        --ledger.busy;
        if (ledger.kept != type(uint16).max) ++ledger.kept;
        _store(item.prover, ledger);
        _credit(request.token, item.prover, c.state.price);
        _credit(request.token, request.requester, request.maxPrice - c.state.price);
        emit Fulfilled(c.id, item.prover, c.state.price, item.proof);
        if (request.callback != address(0)) _callBack(c, item.proof);
        return (c.id, "");
    }

    /// Why a proof does not settle its request, as an encoded error; empty if it does.
    function _unfulfilled(Case memory c, Ledger memory ledger, Fulfillment calldata item)
        private
        view
        returns (bytes memory)
    {
        if (c.state.status != Status.Awarded) {
            return abi.encodeWithSelector(WrongStatus.selector, c.id, c.state.status, Status.Awarded);
        }
        if (ledger.id != c.state.prover) return abi.encodeWithSelector(WrongProver.selector, c.id, item.prover);
        if (c.state.time < block.timestamp) {
            return abi.encodeWithSelector(DeadlinePassed.selector, block.timestamp, c.state.time);
        }
        return _unverified(c, item);
    }

    function _unverified(Case memory c, Fulfillment calldata item) private view returns (bytes memory) {
        uint32 verifier = c.request.verifier;
        (address target, uint32 gas, bool frozen) = _verifier(verifier);
        if (frozen) return abi.encodeWithSelector(VerifierIsFrozen.selector, verifier);
        bytes32 want = _verifierCode(verifier);
        if (target.codehash != want) {
            return abi.encodeWithSelector(CodeChanged.selector, target, target.codehash, want);
        }
        bytes32 author = keccak256(abi.encode(c.id, item.prover));
        bytes memory question = abi.encodeCall(IVerifier.verify, (c.request.statement, author, item.proof));
        if (ForeignCall.confirms(target, gas, question, VERIFIED)) return "";
        return abi.encodeWithSelector(ProofRefused.selector, c.id, verifier, ForeignCall.reason());
    }

    function _callBack(Case memory c, bytes calldata proof) private {
        uint256 gas = c.request.callbackGas;
        _requireGas(gas);
        bytes memory note = abi.encodeCall(IFulfillmentCallback.proofFulfilled, (c.id, c.request.statement, proof));
        if (!ForeignCall.tell(c.request.callback, gas, note)) emit CallbackFailed(c.id);
    }

    function _slash(Case memory c, address prover) private {
        uint80 bond = c.state.bondOf(c.request.bond);
        Ledger memory ledger = _ledger(prover);
        ledger.locked -= bond;
        ledger.stake -= bond;
        --ledger.busy;
        if (ledger.failed != type(uint16).max) ++ledger.failed;
        _store(prover, ledger);
        (uint256 burned, uint256 compensation, uint256 tip) = _confiscate(c, bond);
        emit Slashed(c.id, prover, burned, compensation, tip);
    }

    function _excuse(Case memory c, address prover) private {
        Ledger memory ledger = _ledger(prover);
        ledger.locked -= c.state.bondOf(c.request.bond);
        --ledger.busy;
        _store(prover, ledger);
        emit Excused(c.id, prover);
    }

    /// Asks the mechanism for a successor of `failed`; its failure is the same as having none.
    function _succeeded(Case memory c, Request calldata request, address failed) private returns (bool) {
        if (c.config.shape.flags & ON_FAILED == 0) return false;
        _storeState(c);
        // A caller must not make the question fail by bringing too little gas for it.
        _requireGas(c.config.shape.gas);
        try this.succeed(request, failed, c.caller) {} catch {}
        uint8 rung = c.state.rung;
        c.state = _state(c.id);
        return c.state.status != Status.Open || c.state.rung != rung;
    }

    function _requireGas(uint256 grant) private view {
        uint256 want = (grant + RESERVE) * 64 / 63;
        require(gasleft() >= want, GasTooLow(gasleft(), want));
    }
}
