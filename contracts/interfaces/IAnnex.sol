// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Answer} from "../types/Ask.sol";
import {Order} from "../types/Bid.sol";
import {Request} from "../types/Request.sol";

/// The steps in the life of a request that are not those of every request: what time alone decides, proofs without an award, and
/// instances as such. Part of the market; its code is elsewhere.
interface IAnnex {
    /// Brings bids, and the signed requests they are for where those have not entered. All or none.
    function bid(Order[] calldata orders) external;

    /// Says that time has passed, to the mechanism of `request`. Reverts if nothing follows from it.
    /// @param about the prover whose ticket is to be looked at, or 0.
    /// @param data the mechanism's own.
    function tick(Request calldata request, address about, bytes calldata data) external;

    /// What `tick` would be answered now, without doing it; reverts as `tick` would.
    function peek(Request calldata request, address about, bytes calldata data) external view returns (Answer memory);

    /// After the due time: slashes the awarded prover and passes the request on. After the deadline: ends and refunds it.
    function expire(Request calldata request) external;

    /// The part of `expire` that asks the mechanism for a successor; only the market calls it, on itself, so that a
    /// mechanism that fails cannot hold the request.
    /// @param caller who called `expire`, and is tipped.
    function succeed(Request calldata request, address failed, address caller) external;

    /// Gives a ticket back when its request has ended and its deadline is more than a day ago.
    function reclaim(Request calldata request, address prover) external;

    /// Brings a proof of an open request whose instance has an open stage. Whoever brings it, `prover` is its author. If the mechanism
    /// takes it, the request is proven: it can no longer be taken back or awarded, and the mechanism pays for its proofs.
    /// @param data `keccak256(proof)`, then the mechanism's own.
    function prove(Request calldata request, address prover, bytes calldata proof, bytes calldata data) external;

    /// Bids on an instance itself, where its mechanism sells more than single requests: a seat, a contract, a place in its
    /// books. The caller is the bidder, and unless it holds a ticket already, accepts all verifiers that the instance lists; or any, if
    /// that lists none (`VerifierNotAccepted`, with 0).
    /// @param price what the mechanism's rules say.
    /// @param maxBond the most stake that the bid puts at risk.
    /// @param data the mechanism's own.
    function bidInstance(uint32 instance, uint88 price, uint80 maxBond, bytes calldata data) external;

    /// Says that time has passed, to the mechanism of `instance`. Reverts if nothing follows from it.
    /// @param requests what the mechanism decides about, in the order in which it numbers them from 1: open, and under the current version, or one
    /// with the same mechanism and parameters.
    /// @param about the prover whose ticket on the instance is to be looked at, or 0.
    /// @param data the mechanism's own.
    function tickInstance(uint32 instance, Request[] calldata requests, address about, bytes calldata data) external;

    /// Takes the caller's ticket on an instance back without asking the mechanism: says so first, and does it when called again 31 days
    /// later.
    function leave(uint32 instance) external;
}
