// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Office} from "./Office.sol";
import {Settlement} from "./Settlement.sol";
import {Supply} from "./Supply.sol";
import {IAnnex} from "./interfaces/IAnnex.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {IRecords} from "./interfaces/IRecords.sol";
import {IRequests} from "./interfaces/IRequests.sol";
import {ISupply} from "./interfaces/ISupply.sol";
import {Delegate} from "./libraries/Delegate.sol";
import {Answer} from "./types/Ask.sol";
import {Order} from "./types/Bid.sol";
import {Request} from "./types/Request.sol";

/// START HERE: the market. One contract, from parts that can be read alone:
///
/// - `Escrow`: money. `Registry`: mechanism instances and verifiers. `Supply`: provers, their stake and capacity.
///   These know nothing of each other.
/// - `Requests`: how requests enter and are taken back. `Consultation`: how mechanisms are asked. `Auctions`: how their answers are
///   done. `Bids`, `Verification`: how bids are brought and proofs judged. `Entry`, `PackedBids`, `Settlement`: the doors to all that, which
///   every request takes.
/// - `Annex`: the doors that only some take, with code of its own that is run from here: `TypedBids`, `Ticks`, `Lapses`, `OpenStages`,
///   `Instances`; and what it runs in turn, `Records`.
/// - `Office`: the code of what is done rarely or only shown, likewise.
///
/// It has no owner, no fee and no upgrade. What it promises is in ARCHITECTURE.md, under "Invariants".
contract Market is IAnnex, IRecords, Settlement {
    address private immutable _office;
    /// @inheritdoc IRequests
    address public immutable annex;

    /// @param stakeToken_ what stakes, bonds and deposits are counted in; address(0) is the native coin.
    /// @param annex_ an `Annex` for the same token.
    constructor(address stakeToken_, address annex_) Supply(stakeToken_) {
        address theirs = ISupply(annex_).stakeToken();
        require(theirs == stakeToken_, IMarket.WrongToken(theirs, stakeToken_));
        _office = address(new Office(stakeToken_));
        annex = annex_;
    }

    /* EXTERNAL: by the office, whatever is not named here */

    /// What `IEscrow`, `IRegistry`, `ISupply` and `ILanes` document.
    fallback() external payable {
        Delegate.run(_office);
    }

    /// Coins come in by `deposit`, which says whose they are.
    receive() external payable {
        revert IEscrow.NothingDeposited(address(0));
    }

    /* EXTERNAL: by the annex, which reads the arguments from calldata; they are named for those who call */

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
    function prove(Request calldata request, address prover, bytes calldata proof, bytes calldata data) external {
        (request, prover, proof, data);
        Delegate.run(annex);
    }

    /// @inheritdoc IRecords
    function record(Request[] calldata requests) external {
        requests;
        Delegate.run(annex);
    }

    /// @inheritdoc IRecords
    function drill(Request calldata request, address prover, bytes calldata input, bytes calldata proof) external {
        (request, prover, input, proof);
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
