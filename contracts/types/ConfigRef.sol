// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Shape} from "./Ask.sol";
import {Config} from "./Instance.sol";

/// A `Config` in memory, packed as it is stored and read in place: a question needs a few of its fields, and unpacking
/// all of them would cost more than the rest of the question. It points to `bytes` of this layout:
///
/// | bytes | what |
/// |---|---|
/// | 0 to 31 | mechanism (lowest 160 bits), gas (32), words (8), shared (8), flags (8), number of verifiers (32) |
/// | 32 to 63 | codehash |
/// | 64 to 95 | token (lowest 160 bits), fallback instance and version (32 each) |
/// | from 96 | the verifiers, 4 bytes each, then the parameters |
type ConfigRef is uint256;

using {
    mechanism,
    codehash,
    token,
    fallbackInstance,
    fallbackVersion,
    fallbackEdition,
    keepsWords,
    lists,
    has,
    admits,
    verifierCount,
    verifierAt,
    gas,
    words,
    shared,
    flags,
    params,
    paramsHash,
    toConfig
} for ConfigRef global;

uint256 constant HEAD_SIZE = 96;

/// The bytes that `refTo` reads.
function pack(Config memory self) pure returns (bytes memory) {
    Shape memory shape = self.shape;
    uint256 plugin = uint256(uint160(self.mechanism)) | uint256(shape.gas) << 160 | uint256(shape.words) << 192
        | uint256(shape.shared) << 200 | uint256(shape.flags) << 208 | uint256(uint32(self.verifiers.length)) << 216;
    uint256 money =
        uint256(uint160(self.token)) | uint256(self.fallbackInstance) << 160 | uint256(self.fallbackVersion) << 192;
    bytes memory verifiers;
    for (uint256 i; i < self.verifiers.length; ++i) {
        verifiers = bytes.concat(verifiers, bytes4(self.verifiers[i]));
    }
    return bytes.concat(bytes32(plugin), self.codehash, bytes32(money), verifiers, self.params);
}

function refTo(bytes memory packed) pure returns (ConfigRef self) {
    assembly ("memory-safe") {
        self := packed
    }
}

function mechanism(ConfigRef self) pure returns (address) {
    return address(uint160(_word(self, 0)));
}

function gas(ConfigRef self) pure returns (uint32) {
    return uint32(_word(self, 0) >> 160);
}

function words(ConfigRef self) pure returns (uint8) {
    return uint8(_word(self, 0) >> 192);
}

function shared(ConfigRef self) pure returns (uint8) {
    return uint8(_word(self, 0) >> 200);
}

function flags(ConfigRef self) pure returns (uint8) {
    return uint8(_word(self, 0) >> 208);
}

function codehash(ConfigRef self) pure returns (bytes32) {
    return bytes32(_word(self, 32));
}

function token(ConfigRef self) pure returns (address) {
    return address(uint160(_word(self, 64)));
}

function fallbackInstance(ConfigRef self) pure returns (uint32) {
    return uint32(_word(self, 64) >> 160);
}

function fallbackVersion(ConfigRef self) pure returns (uint32) {
    return uint32(_word(self, 64) >> 192);
}

/// The fallback as one number, see `editionOf`.
function fallbackEdition(ConfigRef self) pure returns (uint64) {
    return uint64(_word(self, 64) >> 160);
}

/// Whether the mechanism keeps words, per request or per instance.
function keepsWords(ConfigRef self) pure returns (bool) {
    return uint16(_word(self, 0) >> 192) != 0;
}

/// Whether the instance lists the verifiers that requests may name.
function lists(ConfigRef self) pure returns (bool) {
    return self.verifierCount() != 0;
}

/// Whether `verifier` is on the list of the instance.
function has(ConfigRef self, uint256 verifier) pure returns (bool found) {
    uint256 count = self.verifierCount();
    assembly ("memory-safe") {
        let entry := add(self, add(0x20, HEAD_SIZE))
        let end := add(entry, shl(2, count))
        // Most lists have one.
        found := and(lt(entry, end), eq(shr(224, mload(entry)), verifier))
        for {} lt(entry, end) {} {
            if found { break }
            entry := add(entry, 4)
            found := and(lt(entry, end), eq(shr(224, mload(entry)), verifier))
        }
    }
}

/// Whether a request may name `verifier`.
function admits(ConfigRef self, uint256 verifier) pure returns (bool) {
    return !self.lists() || self.has(verifier);
}

/// Where the parameters lie in memory, and how many bytes they are.
function params(ConfigRef self) pure returns (uint256 start, uint256 size) {
    uint256 count = self.verifierCount();
    assembly ("memory-safe") {
        let head := add(HEAD_SIZE, shl(2, count))
        start := add(add(self, 0x20), head)
        size := sub(mload(self), head)
    }
}

function paramsHash(ConfigRef self) pure returns (bytes32 hash) {
    (uint256 start, uint256 size) = self.params();
    assembly ("memory-safe") {
        hash := keccak256(start, size)
    }
}

function toConfig(ConfigRef self) pure returns (Config memory config) {
    config.mechanism = self.mechanism();
    config.codehash = self.codehash();
    config.token = self.token();
    config.fallbackInstance = self.fallbackInstance();
    config.fallbackVersion = self.fallbackVersion();
    config.shape = Shape({words: self.words(), shared: self.shared(), gas: self.gas(), flags: self.flags()});
    config.verifiers = new uint32[](self.verifierCount());
    for (uint256 i; i < config.verifiers.length; ++i) {
        config.verifiers[i] = self.verifierAt(i);
    }
    (uint256 start, uint256 size) = self.params();
    bytes memory copy = new bytes(size);
    assembly ("memory-safe") {
        mcopy(add(copy, 0x20), start, size)
    }
    config.params = copy;
}

/// How many verifiers the instance lists.
function verifierCount(ConfigRef self) pure returns (uint256) {
    return uint32(_word(self, 0) >> 216);
}

/// The verifier listed at place `i`, from 0.
function verifierAt(ConfigRef self, uint256 i) pure returns (uint32 verifier) {
    assembly ("memory-safe") {
        verifier := shr(224, mload(add(add(self, add(0x20, HEAD_SIZE)), shl(2, i))))
    }
}

/// The word that starts at byte `start`.
function _word(ConfigRef self, uint256 start) pure returns (uint256 word) {
    assembly ("memory-safe") {
        word := mload(add(add(self, 0x20), start))
    }
}
