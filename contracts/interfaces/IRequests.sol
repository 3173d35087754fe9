// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Fulfillment} from "../types/Bid.sol";
import {Ticket} from "../types/Prover.sol";
import {Request} from "../types/Request.sol";
import {State} from "../types/State.sol";

/// The steps that every request takes, and how requests are looked at. Part of the market.
interface IRequests {
    /// Enters a request and locks its escrow.
    /// @param input what provers need; its hash is `request.input`.
    /// @param signature the requester's, over the request's id; empty if the requester sends.
    function open(Request calldata request, bytes calldata input, bytes calldata signature)
        external
        returns (bytes32 id);

    /// Ends an open request that no deposit stands on, and refunds it. A signed request that has not entered never will.
    function cancel(Request calldata request) external;

    /// Cancels `old` and opens `next` in one step; both are the caller's.
    function replace(Request calldata old, Request calldata next, bytes calldata input) external returns (bytes32 id);

    /// Brings bids, as `bid` does, for less gas: `orders` are packed, one after the other, as `types/OrderRef.sol` says. (The name is also chosen
    /// for its selector: the lower it is, the sooner the market finds the function.)
    function bidBatch(bytes calldata orders) external;

    /// Settles awards with proofs. Items that cannot be settled are left out; if none can, reverts with the first's error.
    function fulfill(Fulfillment[] calldata items) external returns (uint256 settled);

    function idOf(Request calldata request) external view returns (bytes32);
    function stateOf(bytes32 id) external view returns (State memory);
    function ticketOf(bytes32 id, address prover) external view returns (Ticket memory);
    function wordsOf(bytes32 id) external view returns (bytes32[8] memory);
    function sharedOf(uint32 instance) external view returns (bytes32[8] memory);

    /// Where the code of `IAnnex` is.
    function annex() external view returns (address);
}
