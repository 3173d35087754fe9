// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "solady/utils/ECDSA.sol";
import {EIP712} from "solady/utils/EIP712.sol";

import {Escrow} from "./Escrow.sol";
import {Registry} from "./Registry.sol";
import {Supply} from "./Supply.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {ForeignCall} from "./libraries/ForeignCall.sol";
import {Bid} from "./types/Bid.sol";
import {Config, Instance} from "./types/Instance.sol";
import {Request} from "./types/Request.sol";
import {State, Status, unpackState} from "./types/State.sol";

/// How requests enter, and how their requesters take them back.
abstract contract Requests is IMarket, Escrow, Registry, Supply, EIP712 {
    /// A request with what is stored of it, in memory for the length of a call.
    struct Case {
        bytes32 id;
        Request request;
        State state;
        Config config;
        /// Who is tipped for this call.
        address caller;
    }

    /// Most seconds from entry to deadline; stake waits longer than that before it leaves.
    uint256 internal constant MAX_LIFETIME = 30 days;
    uint256 internal constant MAX_CALLBACK_GAS = 1_000_000;
    /// Gas for a wallet contract to judge a signature.
    uint256 internal constant SIGNATURE_GAS = 100_000;

    /* STORAGE */

    mapping(bytes32 id => uint256 state) private _states;

    /* EXTERNAL */

    /// @inheritdoc IMarket
    function cancel(Request calldata request) external nonReentrant {
        Case memory c = _case(request);
        require(msg.sender == request.requester, NotRequester(msg.sender, request.requester));
        _cancel(c);
    }

    /// @inheritdoc IMarket
    function idOf(Request calldata request) external view returns (bytes32) {
        return _hashTypedData(request.structHash());
    }

    /// @inheritdoc IMarket
    function stateOf(bytes32 id) external view nonReentrantView returns (State memory) {
        return _state(id);
    }

    /* INTERNAL */

    /// The request and its state; the configuration is read by those who need it.
    function _case(Request memory request) internal view returns (Case memory c) {
        c.id = _hashTypedData(request.structHash());
        c.request = request;
        c.state = _state(c.id);
        c.caller = msg.sender;
    }

    function _state(bytes32 id) internal view returns (State memory) {
        return unpackState(_states[id]);
    }

    function _storeState(Case memory c) internal {
        _states[c.id] = c.state.pack();
    }

    /// Locks the escrow of a request and opens it. The caller stores the state.
    function _enter(Case memory c, bytes calldata input, bytes calldata signature) internal {
        Request memory request = c.request;
        _requireStatus(c, Status.None);
        if (msg.sender != request.requester) _requireSignature(request.requester, c.id, signature);
        _requireTerms(request, input);

        (uint32 version, Instance memory instance) = _admit(request.instance, request.version);
        if (!instance.open && instance.owner != request.requester) {
            revert PrivateInstance(request.instance, request.requester, instance.owner);
        }
        c.config = _config(request.instance, version);
        require(request.token == c.config.token, WrongToken(request.token, c.config.token));
        _requireVerifier(request.verifier, request.instance, c.config.verifiers);

        c.state.status = Status.Open;
        c.state.time = uint40(block.timestamp);
        c.state.instance = request.instance;
        c.state.version = version;
        _debit(request.token, request.requester, request.escrow());
        emit Opened(c.id, request.requester, version, request, input);
    }

    function _cancel(Case memory c) internal {
        uint256 refund;
        if (c.state.status != Status.None) {
            _requireStatus(c, Status.Open);
            require(c.state.holds == 0, DepositsStand(c.id, c.state.holds));
            refund = c.request.maxPrice - c.state.price + _unpaidTip(c);
        }
        c.state.status = Status.Cancelled;
        _storeState(c);
        _credit(c.request.token, c.request.requester, refund);
        emit Cancelled(c.id, refund);
    }

    /// The tip of an open request is there until its first award.
    function _unpaidTip(Case memory c) internal pure returns (uint256) {
        return c.state.prover == 0 ? c.request.tip : 0;
    }

    function _requireStatus(Case memory c, Status want) internal pure {
        require(c.state.status == want, WrongStatus(c.id, c.state.status, want));
    }

    /// The key comes first, so that an account that delegates its code (EIP-7702) can always sign with it.
    function _requireSignature(address account, bytes32 digest, bytes calldata signature) internal view {
        if (account != address(0) && ECDSA.tryRecoverCalldata(digest, signature) == account) return;
        bytes memory question = abi.encodeWithSelector(0x1626ba7e, digest, signature);
        require(ForeignCall.confirms(account, SIGNATURE_GAS, question, 0x1626ba7e), BadSignature(account, digest));
    }

    function _bidDigest(Bid memory bid) internal view returns (bytes32) {
        return _hashTypedData(bid.structHash());
    }

    function _takeStake(address account, uint256 amount) internal override {
        _debit(stakeToken, account, amount);
    }

    function _giveStake(address account, uint256 amount) internal override {
        _credit(stakeToken, account, amount);
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("Bourse", "1");
    }

    /* PRIVATE */

    function _requireTerms(Request memory request, bytes calldata input) private view {
        require(request.work != 0, FieldOutOfRange("work", 0, 1, type(uint64).max));
        require(request.window != 0, FieldOutOfRange("window", 0, 1, type(uint32).max));
        require(block.timestamp < request.deadline, DeadlinePassed(block.timestamp, request.deadline));
        uint256 latest = block.timestamp + MAX_LIFETIME;
        require(request.deadline <= latest, FieldOutOfRange("deadline", request.deadline, block.timestamp + 1, latest));
        require(
            request.callbackGas <= MAX_CALLBACK_GAS,
            FieldOutOfRange("callbackGas", request.callbackGas, 0, MAX_CALLBACK_GAS)
        );
        bytes32 have = input.length == 0 ? bytes32(0) : keccak256(input);
        require(have == request.input, WrongInput(have, request.input));
    }
}
