// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {REQUEST_TYPEHASH, Request} from "./Request.sol";

/// A `Request` where it lies in calldata, found to be in its canonical encoding. Every field is one static word, so it
/// is hashed, logged and passed on by copying those words, and read without another check. Numbers come as whole words, which are
/// known to fit their types, so that nothing masks them again.
type RequestRef is uint256;

using {
    raw,
    structHash,
    requester,
    token,
    instance,
    version,
    verifier,
    statement,
    input,
    work,
    maxPrice,
    tip,
    bond,
    deadline,
    window,
    callback,
    callbackGas,
    escrow
} for RequestRef global;

// Size of the encoding, in bytes.
uint256 constant REQUEST_SIZE = 0x200;

/// Reverts, as the compiler's own decoder does, if a field has bits beyond its type: two encodings of one request would
/// be two ids.
function refTo(Request calldata request) pure returns (RequestRef self) {
    assembly ("memory-safe") {
        self := request
        // requester, token, callback
        let dirty := shr(160, or(or(calldataload(self), calldataload(add(self, 0x20))), calldataload(add(self, 0x1c0))))
        // nonce, work
        dirty := or(dirty, shr(64, or(calldataload(add(self, 0x40)), calldataload(add(self, 0x100)))))
        // instance, version, verifier, window, callbackGas
        let narrow :=
            or(or(calldataload(add(self, 0x60)), calldataload(add(self, 0x80))), calldataload(add(self, 0xa0)))
        dirty := or(dirty, shr(32, or(or(narrow, calldataload(add(self, 0x1a0))), calldataload(add(self, 0x1e0)))))
        // maxPrice, tip
        dirty := or(dirty, shr(88, or(calldataload(add(self, 0x120)), calldataload(add(self, 0x140)))))
        // bond, deadline
        dirty := or(dirty, or(shr(80, calldataload(add(self, 0x160))), shr(40, calldataload(add(self, 0x180)))))
        if dirty { revert(0, 0) }
    }
}

/// The same for the compiler.
function raw(RequestRef self) pure returns (Request calldata request) {
    assembly ("memory-safe") {
        request := self
    }
}

/// The EIP-712 struct hash.
function structHash(RequestRef self) pure returns (bytes32 hash) {
    bytes32 typehash = REQUEST_TYPEHASH;
    assembly ("memory-safe") {
        let words := mload(0x40)
        mstore(words, typehash)
        calldatacopy(add(words, 0x20), self, REQUEST_SIZE)
        hash := keccak256(words, add(0x20, REQUEST_SIZE))
    }
}

/// What the requester locks on entry.
function escrow(RequestRef self) pure returns (uint256) {
    unchecked {
        return self.maxPrice() + self.tip();
    }
}

function requester(RequestRef self) pure returns (address value) {
    assembly ("memory-safe") {
        value := calldataload(self)
    }
}

function token(RequestRef self) pure returns (address value) {
    assembly ("memory-safe") {
        value := calldataload(add(self, 0x20))
    }
}

function instance(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := calldataload(add(self, 0x60))
    }
}

function version(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := calldataload(add(self, 0x80))
    }
}

function verifier(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := calldataload(add(self, 0xa0))
    }
}

function statement(RequestRef self) pure returns (bytes32 value) {
    assembly ("memory-safe") {
        value := calldataload(add(self, 0xc0))
    }
}

function input(RequestRef self) pure returns (bytes32 value) {
    assembly ("memory-safe") {
        value := calldataload(add(self, 0xe0))
    }
}

function work(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := calldataload(add(self, 0x100))
    }
}

function maxPrice(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := calldataload(add(self, 0x120))
    }
}

function tip(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := calldataload(add(self, 0x140))
    }
}

function bond(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := calldataload(add(self, 0x160))
    }
}

function deadline(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := calldataload(add(self, 0x180))
    }
}

function window(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := calldataload(add(self, 0x1a0))
    }
}

function callback(RequestRef self) pure returns (address value) {
    assembly ("memory-safe") {
        value := calldataload(add(self, 0x1c0))
    }
}

function callbackGas(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := calldataload(add(self, 0x1e0))
    }
}
