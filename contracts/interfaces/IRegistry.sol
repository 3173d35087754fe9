// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Config, Instance, Setup} from "../types/Instance.sol";

/// Mechanism instances and verifiers. Ids count from 1 and are never used again; what a number and version mean never
/// changes.
interface IRegistry {
    /// A new version of an instance is current; version 1 is its registration.
    event InstanceSet(uint32 indexed instance, uint32 indexed version, address indexed owner, bool open, Config config);
    event InstanceRetired(uint32 indexed instance);
    event VerifierRegistered(
        uint32 indexed verifier, address indexed target, address indexed registrar, bytes32 codehash, uint32 gas
    );
    event VerifierFrozen(uint32 indexed verifier);

    /// No instance or version of that number; versions are 1 to `versions`.
    error UnknownInstance(uint32 instance, uint32 version, uint32 versions);
    error InstanceIsRetired(uint32 instance);
    /// Only the owner may do that.
    error NotOwner(address have, address want);
    /// The address has no code, or its code is a delegation.
    error NoCode(address target);
    /// A fallback has to be paid in the same token.
    error FallbackToken(address have, address want);
    /// The ladder under a fallback may have at most `max` rungs.
    error LadderTooLong(uint256 have, uint256 max);
    /// The mechanism asks for more than the market gives (words, gas).
    error ShapeOutOfRange(string field, uint256 have, uint256 min, uint256 max);
    /// The mechanism asks for what the market does not do; `known` is all the flags that it takes.
    error UnsupportedFlags(uint8 have, uint8 known);
    /// The mechanism refused the parameters; `reason` is its error.
    error ParamsRefused(address mechanism, bytes reason);
    error UnknownVerifier(uint32 verifier, uint32 verifiers);
    error VerifierIsFrozen(uint32 verifier);
    /// The instance admits other verifiers only.
    error VerifierNotAdmitted(uint32 instance, uint32 verifier);
    error GasOutOfRange(uint256 have, uint256 min, uint256 max);

    /// Registers an instance of a mechanism. The mechanism checks the parameters.
    /// @param open anyone may send requests through it; otherwise only the caller.
    function register(Setup calldata setup, bool open) external returns (uint32 instance);

    /// Makes a new version current. Requests that entered under older versions keep theirs.
    function retune(uint32 instance, Setup calldata setup) external returns (uint32 version);

    /// No new requests, for ever.
    function retire(uint32 instance) external;

    /// Registers a verifier with the gas that one call may take (30,000 to 10,000,000).
    function registerVerifier(address target, uint32 gas) external returns (uint32 verifier);

    /// The registrar's emergency stop, never undone. Requests that name the verifier can no longer be fulfilled; they
    /// are refunded and nobody is slashed.
    function freezeVerifier(uint32 verifier) external;

    function instanceOf(uint32 instance) external view returns (Instance memory);
    function configOf(uint32 instance, uint32 version) external view returns (Config memory);
    function verifierOf(uint32 verifier)
        external
        view
        returns (address target, uint32 gas, bool frozen, bytes32 codehash, address registrar);
}
