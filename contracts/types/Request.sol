// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// What a requester asks for. It is hashed, never stored: whoever acts on a request brings it along, and its id, the
/// EIP-712 digest under the market's domain, is the key of what the market stores. The id commits to the chain, the
/// market and the requester, so nobody else can occupy it and the same request cannot enter twice.
struct Request {
    /// Who pays. Enters by its own transaction or by its signature.
    address requester;
    /// What is paid with, the instance's token; address(0) is the native coin.
    address token;
    /// Any number; tells two otherwise equal requests of one requester apart.
    uint64 nonce;
    /// The mechanism instance that allocates the work.
    uint32 instance;
    /// The version of that instance; 0 takes the one current when the request enters. Later retunes do not touch it.
    uint32 version;
    /// Entry of the verifier registry that decides whether a proof is valid. Never re-pointed.
    uint32 verifier;
    /// What has to be proven, in the encoding of that verifier.
    bytes32 statement;
    /// keccak256 of the input bytes a prover needs, which travel in the `Opened` event; 0 if none are published.
    bytes32 input;
    /// Size of the work, in units of the verifier class (constraints, cycles). At least 1; floors and throughput are per unit.
    uint64 work;
    /// The most that is ever paid to provers, in the instance's token. Locked on entry.
    uint88 maxPrice;
    /// Paid once, in the instance's token, to whoever awards or closes the request by `tick`. Locked on entry, and
    /// returned if no `tick` was needed.
    uint88 tip;
    /// Stake a prover puts at risk by an award, in the stake token, before the mechanism's multiple.
    uint80 bond;
    /// Unix seconds. No proof is accepted and no award made after it.
    uint40 deadline;
    /// Seconds a prover has from its award, unless the mechanism promises less or the deadline comes first.
    uint32 window;
    /// Told of the fulfilment; 0 for none. Its failure changes nothing.
    address callback;
    /// Gas the callback gets, at most 1,000,000.
    uint32 callbackGas;
}

// The EIP-712 type of `Request`.
bytes32 constant REQUEST_TYPEHASH = keccak256(
    "Request(address requester,address token,uint64 nonce,uint32 instance,uint32 version,uint32 verifier,bytes32 statement,bytes32 input,uint64 work,uint88 maxPrice,uint88 tip,uint80 bond,uint40 deadline,uint32 window,address callback,uint32 callbackGas)"
);
