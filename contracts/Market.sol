// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Settlement} from "./Settlement.sol";
import {Supply} from "./Supply.sol";

/// START HERE: the market. One contract, from parts that can be read alone:
///
/// - `Escrow`: money. `Registry`: mechanism instances and verifiers. `Supply`: provers, their stake and capacity.
///   These know nothing of each other.
/// - `Requests`: how requests enter and are taken back. `Auctions`: how they find provers. `Settlement`: how they end.
///   Each builds on the one before; together they are the life of a request.
///
/// It has no owner, no fee and no upgrade. What it promises is in ARCHITECTURE.md, under "Invariants".
contract Market is Settlement {
    /// @param stakeToken what stakes, bonds and deposits are counted in; address(0) is the native coin.
    constructor(address stakeToken) Supply(stakeToken) {}
}
