// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Office} from "./Office.sol";
import {Settlement} from "./Settlement.sol";
import {Supply} from "./Supply.sol";
import {IAnnex} from "./interfaces/IAnnex.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {Declaration, ISupply} from "./interfaces/ISupply.sol";
import {Delegate} from "./libraries/Delegate.sol";
import {Answer} from "./types/Ask.sol";
import {Order} from "./types/Bid.sol";
import {Config, Instance, Setup} from "./types/Instance.sol";
import {Ledger, Offer} from "./types/Prover.sol";
import {Request} from "./types/Request.sol";

/// START HERE: the market. One contract, from parts that can be read alone:
///
/// - `Escrow`: money. `Registry`: mechanism instances and verifiers. `Supply`: provers, their stake and capacity.
///   These know nothing of each other.
/// - `Requests`: how requests enter and are taken back. `Consultation`: how mechanisms are asked. `Auctions`: how their answers are
///   done. `Bids`, `Verification`: how bids are brought and proofs judged. `Entry`, `PackedBids`, `Settlement`: the doors to all that, which
///   every request takes.
/// - `Annex`: the doors that only some take, with code of its own that is run from here: `TypedBids`, `Ticks`, `Lapses`, `OpenStages`,
///   `Instances`.
/// - `Office`: the code of what is done rarely or only shown, likewise.
///
/// It has no owner, no fee and no upgrade. What it promises is in ARCHITECTURE.md, under "Invariants".
contract Market is Settlement {
    address private immutable _office;
    /// @inheritdoc IMarket
    address public immutable annex;

    /// @param stakeToken_ what stakes, bonds and deposits are counted in; address(0) is the native coin.
    /// @param annex_ an `Annex` for the same token.
    constructor(address stakeToken_, address annex_) Supply(stakeToken_) {
        address theirs = ISupply(annex_).stakeToken();
        require(theirs == stakeToken_, WrongToken(theirs, stakeToken_));
        _office = address(new Office(stakeToken_));
        annex = annex_;
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
    function stakeToken() external view returns (address) {
        return _stakeToken;
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

    /* EXTERNAL: by the annex, likewise */

    /// @inheritdoc IAnnex
    function bid(Order[] calldata orders) external {
        orders;
        Delegate.run(annex);
    }

    /// @inheritdoc IAnnex
    function tick(Request calldata request, address about, bytes calldata data) external {
        (request, about, data);
        Delegate.run(annex);
    }

    /// @inheritdoc IAnnex
    function peek(Request calldata request, address about, bytes calldata data) external view returns (Answer memory) {
        (request, about, data);
        Delegate.read(annex);
    }

    /// @inheritdoc IAnnex
    function expire(Request calldata request) external {
        request;
        Delegate.run(annex);
    }

    /// @inheritdoc IAnnex
    function succeed(Request calldata request, address failed, address caller) external {
        (request, failed, caller);
        Delegate.run(annex);
    }

    /// @inheritdoc IAnnex
    function reclaim(Request calldata request, address prover) external {
        (request, prover);
        Delegate.run(annex);
    }

    /// @inheritdoc IAnnex
    function replace(Request calldata old, Request calldata next, bytes calldata input) external returns (bytes32) {
        (old, next, input);
        Delegate.run(annex);
    }

    /// @inheritdoc IAnnex
    function prove(Request calldata request, address prover, bytes calldata proof, bytes calldata data) external {
        (request, prover, proof, data);
        Delegate.run(annex);
    }

    /// @inheritdoc IAnnex
    function bidInstance(uint32 instance, uint88 price, uint80 maxBond, bytes calldata data) external {
        (instance, price, maxBond, data);
        Delegate.run(annex);
    }

    /// @inheritdoc IAnnex
    function tickInstance(uint32 instance, Request[] calldata requests, address about, bytes calldata data) external {
        (instance, requests, about, data);
        Delegate.run(annex);
    }

    /// @inheritdoc IAnnex
    function leave(uint32 instance) external {
        instance;
        Delegate.run(annex);
    }
}
