// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Office} from "./Office.sol";
import {Settlement} from "./Settlement.sol";
import {Supply} from "./Supply.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {Declaration, ISupply} from "./interfaces/ISupply.sol";
import {Delegate} from "./libraries/Delegate.sol";
import {Config, Instance, Setup} from "./types/Instance.sol";
import {Ledger, Offer} from "./types/Prover.sol";

/// START HERE: the market. One contract, from parts that can be read alone:
///
/// - `Escrow`: money. `Registry`: mechanism instances and verifiers. `Supply`: provers, their stake and capacity.
///   These know nothing of each other.
/// - `Requests`: how requests enter and are taken back. `Consultation`: how mechanisms are asked. `Auctions`, `Bids`: how requests
///   find provers. `Settlement`: how they end. Each builds on the one before; together they are the life of a request.
/// - `Office`: the code of what is done rarely or only shown, run from here.
///
/// It has no owner, no fee and no upgrade. What it promises is in ARCHITECTURE.md, under "Invariants".
contract Market is Settlement {
    address private immutable _office;

    /// @param stakeToken what stakes, bonds and deposits are counted in; address(0) is the native coin.
    constructor(address stakeToken) Supply(stakeToken) {
        _office = address(new Office(stakeToken));
    }

    /* EXTERNAL: by the office, which reads the arguments from calldata; they are named for those who call */

    /// @inheritdoc IRegistry
    function register(Setup calldata setup, bool open) external returns (uint32) {
        (setup, open);
        Delegate.run(_office);
    }

    /// @inheritdoc IRegistry
    function retune(uint32 instance, Setup calldata setup) external returns (uint32) {
        (instance, setup);
        Delegate.run(_office);
    }

    /// @inheritdoc IRegistry
    function retire(uint32 instance) external {
        instance;
        Delegate.run(_office);
    }

    /// @inheritdoc IRegistry
    function registerVerifier(address target, uint32 gas) external returns (uint32) {
        (target, gas);
        Delegate.run(_office);
    }

    /// @inheritdoc IRegistry
    function freezeVerifier(uint32 verifier) external {
        verifier;
        Delegate.run(_office);
    }

    /// @inheritdoc ISupply
    function declare(Declaration calldata declaration) external {
        declaration;
        Delegate.run(_office);
    }

    /// @inheritdoc ISupply
    function stake(uint80 amount) external {
        amount;
        Delegate.run(_office);
    }

    /// @inheritdoc ISupply
    function unstake(uint80 amount) external {
        amount;
        Delegate.run(_office);
    }

    /// @inheritdoc ISupply
    function finishUnstake() external {
        Delegate.run(_office);
    }

    /// @inheritdoc IRegistry
    function instanceOf(uint32 instance) external view returns (Instance memory) {
        instance;
        Delegate.read(_office);
    }

    /// @inheritdoc IRegistry
    function configOf(uint32 instance, uint32 version) external view returns (Config memory) {
        (instance, version);
        Delegate.read(_office);
    }

    /// @inheritdoc IRegistry
    function verifierOf(uint32 verifier) external view returns (address, uint32, bool, bytes32, address) {
        verifier;
        Delegate.read(_office);
    }

    /// @inheritdoc ISupply
    function ledgerOf(address prover) external view returns (Ledger memory) {
        prover;
        Delegate.read(_office);
    }

    /// @inheritdoc ISupply
    function offerOf(address prover, address token) external view returns (Offer memory) {
        (prover, token);
        Delegate.read(_office);
    }

    /// @inheritdoc ISupply
    function proverOf(uint24 id) external view returns (address) {
        id;
        Delegate.read(_office);
    }

    /// @inheritdoc ISupply
    function acceptsMechanism(address prover, address mechanism) external view returns (bool) {
        (prover, mechanism);
        Delegate.read(_office);
    }

    /// @inheritdoc ISupply
    function acceptsVerifier(address prover, uint32 verifier) external view returns (bool) {
        (prover, verifier);
        Delegate.read(_office);
    }

    /// @inheritdoc ISupply
    function exitOf(address prover) external view returns (uint128, uint40) {
        prover;
        Delegate.read(_office);
    }

    /// @inheritdoc IEscrow
    function depositWithPermit(
        address token,
        address account,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        (token, account, amount, deadline, v, r, s);
        Delegate.run(_office);
    }
}
