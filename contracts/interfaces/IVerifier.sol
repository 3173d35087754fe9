// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Decides whether a proof shows a statement. Called through one static call with the gas cap of its registry entry.
interface IVerifier {
    /// @param statement what has to be proven, in the verifier's own encoding; a request pins it.
    /// @param author `keccak256(id, prover)`: a proof system that can bind it makes copied proofs worthless.
    /// @return `VERIFIED` if `proof` is valid. Anything else, a revert included, is a refusal.
    function verify(bytes32 statement, bytes32 author, bytes calldata proof) external view returns (bytes4);
}

// What a verifier returns for a valid proof: no precompile, empty account or echo returns it by accident.
bytes4 constant VERIFIED = IVerifier.verify.selector;
