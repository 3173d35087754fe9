// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Shape} from "./Ask.sol";

/// The mutable part of a mechanism instance: one slot.
struct Instance {
    /// Who may retune and retire it.
    address owner;
    /// The version new requests get. Versions start at 1; 0 means that the instance does not exist.
    uint32 version;
    /// Anyone's requests, or only the owner's.
    bool open;
    /// A tombstone: no new requests, never undone. Running ones go on.
    bool retired;
}

/// One version of an instance. Written once, as code at an address that instance and version determine.
struct Config {
    /// The plug-in and the hash of its code, checked at every call.
    address mechanism;
    bytes32 codehash;
    /// What is paid with; address(0) is the native coin.
    address token;
    /// Where an unserved request goes: an instance with the same token, and its version. 0 for nowhere.
    uint32 fallbackInstance;
    uint32 fallbackVersion;
    /// Verifiers that requests may name; empty admits all.
    uint32[] verifiers;
    /// What the mechanism asked of the market for these parameters.
    Shape shape;
    /// The mechanism's parameters, in its own encoding.
    bytes params;
}

/// What the owner chooses when it registers or retunes an instance; see `Config` for the fields.
struct Setup {
    address mechanism;
    address token;
    uint32 fallbackInstance;
    uint32 fallbackVersion;
    uint32[] verifiers;
    bytes params;
}
