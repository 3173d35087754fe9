// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "./interfaces/IMarket.sol";
import {ECDSA} from "solady/utils/ECDSA.sol";
import {EIP712} from "solady/utils/EIP712.sol";

import {Escrow} from "./Escrow.sol";
import {Lanes} from "./Lanes.sol";
import {Registry} from "./Registry.sol";
import {Supply} from "./Supply.sol";
import {ForeignCall} from "./libraries/ForeignCall.sol";
import {Notice} from "./libraries/Notice.sol";
import {BINDING} from "./types/Ask.sol";
import {ConfigRef} from "./types/ConfigRef.sol";
import {InstanceSlot, editionOf} from "./types/Instance.sol";
import {Request} from "./types/Request.sol";
import {RequestRef, refTo} from "./types/RequestRef.sol";
import {StateSlot, Status, entered} from "./types/State.sol";

/// How requests enter, and how their requesters take them back.
abstract contract Requests is Escrow, Registry, Supply, Lanes, EIP712 {
    /// A request with what is stored of it, for the length of a call.
    struct Case {
        bytes32 id;
        RequestRef request;
        StateSlot state;
        /// Of `edition`, once it has been asked for.
        ConfigRef config;
        uint64 edition;
        /// Who is tipped for this call.
        address caller;
    }

    /// Most seconds from entry to deadline; stake waits longer than that before it leaves.
    uint256 internal constant MAX_LIFETIME = 30 days;
    uint256 internal constant MAX_CALLBACK_GAS = 1_000_000;
    /// Gas for a wallet contract to judge a signature.
    uint256 internal constant SIGNATURE_GAS = 100_000;

    /* STORAGE */

    mapping(bytes32 id => StateSlot) private _states;

    /* INTERNAL */

    function _idOf(Request calldata request) internal view returns (bytes32) {
        return _hashTypedData(refTo(request).structHash());
    }

    function _case(Request calldata request) internal view returns (Case memory c) {
        _take(c, refTo(request));
        c.caller = msg.sender;
    }

    /// Makes `c` the case of `request`. A configuration that it has is kept, for the next request under the same.
    function _take(Case memory c, RequestRef request) internal view {
        bytes32 id = _hashTypedData(request.structHash());
        (c.id, c.request, c.state) = (id, request, _states[id]);
    }

    /// Reads the configuration that holds for `c`.
    function _configure(Case memory c) internal view {
        uint64 edition = c.state.edition();
        if (edition == c.edition) return;
        c.config = _config(edition);
        c.edition = edition;
    }

    function _state(bytes32 id) internal view returns (StateSlot) {
        return _states[id];
    }

    function _storeState(Case memory c) internal {
        _states[c.id] = c.state;
    }

    /// Locks the escrow of a request and opens it. The caller stores the state.
    function _enter(Case memory c, bytes calldata input, bytes calldata signature) internal {
        if (!c.state.isNew()) revert IMarket.WrongStatus(c.id, c.state.status(), Status.None);
        RequestRef request = c.request;
        address requester = request.requester();
        if (msg.sender != requester) _requireSignature(requester, c.id, signature);
        _requireTerms(request, input);

        uint64 edition = _admitted(request, requester);
        c.state = entered(edition, block.timestamp);
        _configure(c);
        address token = request.token();
        address want = c.config.token();
        require(token == want, IMarket.WrongToken(token, want));
        _requireVerifier(request.verifier(), uint32(edition), c.config);

        _debit(token, requester, request.escrow());
        Notice.opened(c.id, edition, request, input);
    }

    function _cancel(Case memory c) internal {
        uint256 refund;
        if (!c.state.isNew()) {
            _requireOpen(c);
            require(c.state.holds() == 0, IMarket.DepositsStand(c.id, c.state.holds()));
            require(c.state.proofs() == 0, IMarket.AlreadyProven(c.id, c.state.proofs()));
            _configure(c);
            require(c.config.flags() & BINDING == 0, IMarket.BindingInstance(c.id, c.state.instance()));
            refund = c.request.maxPrice() - c.state.price() + _unpaidTip(c);
        }
        c.state = c.state.withStatus(Status.Cancelled);
        _storeState(c);
        _credit(c.request.token(), c.request.requester(), refund);
        emit IMarket.Cancelled(c.id, refund);
    }

    /// The tip of an open request is there until its first award.
    function _unpaidTip(Case memory c) internal pure returns (uint256) {
        return c.state.prover() == 0 ? c.request.tip() : 0;
    }

    function _requireOpen(Case memory c) internal pure {
        if (!c.state.isOpen()) revert IMarket.WrongStatus(c.id, c.state.status(), Status.Open);
    }

    /// The key comes first, so that an account that delegates its code (EIP-7702) can always sign with it.
    function _requireSignature(address account, bytes32 digest, bytes calldata signature) internal view {
        if (account != address(0) && ECDSA.tryRecoverCalldata(digest, signature) == account) return;
        bytes memory question = abi.encodeWithSelector(0x1626ba7e, digest, signature);
        require(
            ForeignCall.confirms(account, SIGNATURE_GAS, question, 0x1626ba7e), IMarket.BadSignature(account, digest)
        );
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("Bourse", "1");
    }

    /* PRIVATE */

    /// The instance and version that a request enters under, as an edition, if they take it.
    function _admitted(RequestRef request, address requester) private view returns (uint64) {
        (uint32 instance, uint32 version) = (uint32(request.instance()), uint32(request.version()));
        if (_onLane(request)) {
            require(version == 0, IMarket.FieldOutOfRange("version", version, 0, 0));
            uint64 edition = _routeOf(request);
            (instance, version) = (uint32(edition), uint32(edition >> 32));
        }
        InstanceSlot current;
        (current, version) = _admit(instance, version);
        if (!current.open() && current.owner() != requester) {
            revert IMarket.PrivateInstance(instance, requester, current.owner());
        }
        return editionOf(instance, version);
    }

    function _requireTerms(RequestRef request, bytes calldata input) private view {
        uint256 deadline = request.deadline();
        uint256 callbackGas = request.callbackGas();
        (bytes32 have, bytes32 want) = (input.length == 0 ? bytes32(0) : keccak256(input), request.input());
        require(request.work() != 0, IMarket.FieldOutOfRange("work", 0, 1, type(uint64).max));
        require(request.window() != 0, IMarket.FieldOutOfRange("window", 0, 1, type(uint32).max));
        require(block.timestamp < deadline, IMarket.DeadlinePassed(block.timestamp, deadline));
        unchecked {
            uint256 latest = block.timestamp + MAX_LIFETIME;
            if (deadline > latest) revert IMarket.FieldOutOfRange("deadline", deadline, block.timestamp + 1, latest);
        }
        require(
            callbackGas <= MAX_CALLBACK_GAS, IMarket.FieldOutOfRange("callbackGas", callbackGas, 0, MAX_CALLBACK_GAS)
        );
        require(have == want, IMarket.WrongInput(have, want));
    }
}
