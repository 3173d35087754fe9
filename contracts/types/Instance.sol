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

/// An `Instance` in its slot, the first field lowest.
type InstanceSlot is uint256;

using {owner, version, open, retired, toInstance, retuned, retire} for InstanceSlot global;

/// Instance and version as one number, the instance lower, as they lie in `State`.
function editionOf(uint256 instance, uint32 version_) pure returns (uint64) {
    return uint64(version_) << 32 | uint32(instance);
}

/// The first version of a new instance.
function founded(address owner_, bool open_) pure returns (InstanceSlot) {
    return InstanceSlot.wrap(uint160(owner_) | uint256(1) << 160 | uint256(open_ ? 1 : 0) << 192);
}

function owner(InstanceSlot self) pure returns (address) {
    return address(uint160(InstanceSlot.unwrap(self)));
}

function version(InstanceSlot self) pure returns (uint32) {
    return uint32(InstanceSlot.unwrap(self) >> 160);
}

function open(InstanceSlot self) pure returns (bool) {
    return uint8(InstanceSlot.unwrap(self) >> 192) != 0;
}

function retired(InstanceSlot self) pure returns (bool) {
    return uint8(InstanceSlot.unwrap(self) >> 200) != 0;
}

function toInstance(InstanceSlot self) pure returns (Instance memory) {
    return Instance({owner: self.owner(), version: self.version(), open: self.open(), retired: self.retired()});
}

/// The next version is current; reverts beyond 2^32 - 1.
function retuned(InstanceSlot self) pure returns (InstanceSlot) {
    assert(self.version() != type(uint32).max);
    return InstanceSlot.wrap(InstanceSlot.unwrap(self) + (1 << 160));
}

function retire(InstanceSlot self) pure returns (InstanceSlot) {
    return InstanceSlot.wrap(InstanceSlot.unwrap(self) | 1 << 200);
}
