// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Escrow} from "./Escrow.sol";
import {Registry} from "./Registry.sol";
import {Routing} from "./Routing.sol";
import {Supply} from "./Supply.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {Declaration, ISupply} from "./interfaces/ISupply.sol";
import {Config, Instance, Setup} from "./types/Instance.sol";
import {Ledger, Offer} from "./types/Prover.sol";
import {Record} from "./types/Record.sol";

/// What the market does rarely, or only shows: money in and out, registering, declaring, lanes, and their views. Its code has no room in `Market`,
/// which deploys it and runs it in its own storage, so that it is one contract to everyone. It has the parts of the
/// market in the same order, and nothing of its own. Called by itself, it is a market without requests.
///
/// Nothing of registry and supply is closed to reentrancy, so that a callback or a token's hook may act as the prover or
/// owner it is: none of it calls out but to ask a mechanism about parameters (a static call), and nothing in the market
/// keeps a ledger, a balance or an instance across a call that could come back here.
contract Office is IRegistry, ISupply, Escrow, Registry, Supply, Routing {
    constructor(address stakeToken_) Supply(stakeToken_) {}

    /// @inheritdoc IRegistry
    function register(Setup calldata setup, bool open) external returns (uint32) {
        return _register(setup, open);
    }

    /// @inheritdoc IRegistry
    function retune(uint32 instance, Setup calldata setup) external returns (uint32) {
        return _retune(instance, setup);
    }

    /// @inheritdoc IRegistry
    function retire(uint32 instance) external {
        _retire(instance);
    }

    /// @inheritdoc IRegistry
    function registerVerifier(address target, uint32 gas) external returns (uint32) {
        return _registerVerifier(target, gas);
    }

    /// @inheritdoc IRegistry
    function freezeVerifier(uint32 verifier) external {
        _freezeVerifier(verifier);
    }

    /// @inheritdoc ISupply
    function declare(Declaration calldata declaration) external {
        _declare(declaration);
    }

    /// @inheritdoc ISupply
    function stake(uint80 amount) external {
        _stake(amount);
        _debit(_stakeToken, msg.sender, amount);
    }

    /// @inheritdoc ISupply
    function unstake(uint80 amount) external {
        _unstake(amount);
    }

    /// @inheritdoc ISupply
    function finishUnstake() external {
        _credit(_stakeToken, msg.sender, _finishUnstake());
    }

    /// @inheritdoc IRegistry
    function instanceOf(uint32 instance) external view returns (Instance memory) {
        return _instanceOf(instance);
    }

    /// @inheritdoc IRegistry
    function configOf(uint32 instance, uint32 version) external view returns (Config memory) {
        return _configOf(instance, version);
    }

    /// @inheritdoc IRegistry
    function verifierOf(uint32 verifier)
        external
        view
        returns (address target, uint32 gas, bool frozen, bytes32 codehash, address registrar)
    {
        return _verifierOf(verifier);
    }

    /// @inheritdoc ISupply
    function stakeToken() external view returns (address) {
        return _stakeToken;
    }

    /// @inheritdoc ISupply
    function ledgerOf(address prover) external view returns (Ledger memory) {
        return _ledger(prover).toLedger();
    }

    /// @inheritdoc ISupply
    function offerOf(address prover, address token) external view returns (Offer memory) {
        return _offer(prover, token).toOffer();
    }

    /// @inheritdoc ISupply
    function recordOf(address prover, uint32 verifier, address token) external view returns (Record memory) {
        return _recordOf(prover, verifier, token);
    }

    /// @inheritdoc ISupply
    function proverOf(uint24 id) external view returns (address) {
        return _proverAt(id);
    }

    /// @inheritdoc ISupply
    function acceptsMechanism(address prover, address mechanism) external view returns (bool) {
        return _acceptsMechanism(prover, mechanism);
    }

    /// @inheritdoc ISupply
    function acceptsVerifier(address prover, uint32 verifier) external view returns (bool) {
        return _acceptsVerifier(prover, verifier);
    }

    /// @inheritdoc ISupply
    function exitOf(address prover) external view returns (uint128 amount, uint40 readyAt) {
        return _exitOf(prover);
    }

    /// See `IEscrow`.
    function deposit(address token, address account, uint256 amount) external payable nonReentrant {
        uint256 value = token == address(0) ? amount : 0;
        require(msg.value == value, IEscrow.WrongValue(msg.value, value));
        _deposit(token, account, amount);
    }

    /// See `IEscrow`.
    function withdraw(address token, address to, uint256 amount) external nonReentrant {
        _withdraw(token, to, amount);
    }

    /// See `IEscrow`.
    function balanceOf(address token, address account) external view nonReentrantView returns (uint256) {
        return _balance(token, account);
    }

    /// See `IEscrow`.
    function depositWithPermit(
        address token,
        address account,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant {
        _depositWithPermit(token, account, amount, deadline, v, r, s);
    }
}
