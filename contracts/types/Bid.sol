// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Request} from "./Request.sol";

/// A prover's word on the request it is brought with. Commit and reveal are two bids; the clock tells them apart. Sent by
/// the prover, or signed by it and brought by anyone. What is signed names the request's id, and which of its openings
/// the bid is for (`reopenedAt`: 0, or after a failure or on a lower rung `State.time`). An award ends an opening, and
/// the next one is later: a signed bid is awarded at most once, and nobody can bring it again to put the prover's bond at
/// risk a second time.
struct Bid {
    /// Whose stake and capacity it commits.
    address prover;
    /// The least it accepts, in the instance's token. What it means precisely is the mechanism's.
    uint88 price;
    /// The most stake this bid may put at risk, as deposit and as bond, in the stake token.
    uint80 maxBond;
    /// Unix seconds; void after it.
    uint40 validUntil;
    /// The mechanism's own fields (a commitment, a salt, a promised time).
    bytes data;
}

/// One item of a `bid` call. A request that has not entered yet does so on the way, by `requesterSignature`.
struct Order {
    Request request;
    /// What provers need, as for `open`; ignored if the request has entered already.
    bytes input;
    /// Over the request's id; empty if the request has entered already, or its requester sends.
    bytes requesterSignature;
    Bid bid;
    /// Empty if the prover itself sends.
    bytes proverSignature;
}

/// The EIP-712 struct hash of a bid, in the opening of its request that `reopenedAt` names.
function bidHash(
    bytes32 request,
    uint256 reopenedAt,
    address prover,
    uint256 price,
    uint256 maxBond,
    uint256 validUntil,
    bytes calldata data
) pure returns (bytes32) {
    return keccak256(abi.encode(BID_TYPEHASH, request, reopenedAt, prover, price, maxBond, validUntil, keccak256(data)));
}

/// One item of a `fulfill` call: a proof for a request, on behalf of the prover it was awarded to.
struct Fulfillment {
    Request request;
    address prover;
    bytes proof;
}

// The EIP-712 type of `Bid`. What is signed names the request and its opening; what is sent need not repeat them.
bytes32 constant BID_TYPEHASH = keccak256(
    "Bid(bytes32 request,uint40 reopenedAt,address prover,uint88 price,uint80 maxBond,uint40 validUntil,bytes data)"
);

