// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {REQUEST_TYPEHASH, Request} from "./Request.sol";

/// A `Request` in memory, found to be in its canonical encoding: one word a field, in the order of the fields. Before the first
/// are its EIP-712 type hash, so that it is hashed where it lies, and where in calldata it is packed and where that ends,
/// or 0. Numbers come as whole words, which are known to fit their types, so that nothing masks them again.
///
/// Packed, as it travels in the calldata of `bidBatch` and in the log of `Opened`, a request is:
///
/// | bytes | field | bytes | field |
/// |---|---|---|---|
/// | 0 to 19 | requester | 69 to 76 | work |
/// | 20 | what follows, see below | 77 to 87 | maxPrice |
/// | 21 to 28 | nonce | 88 to 97 | bond |
/// | 29 to 32 | instance | 98 to 102 | deadline |
/// | 33 to 36 | verifier | 103 to 106 | window |
/// | 37 to 68 | statement | from 107 | what most requests have at 0 |
///
/// Then, in this order, each only if its bit of byte 20 is set, and else 0: version (bit 1, 4 bytes), token (2, 20 bytes), input
/// (4, 32 bytes), tip (8, 11 bytes), callback and callbackGas (16, 20 and 4 bytes). Other bits mean nothing.
///
/// `libraries/Packed.sol` packs and unpacks for those who call and read.
type RequestRef is uint256;

using {
    structHash,
    writeTail,
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

// Size of a request in memory, in bytes.
uint256 constant REQUEST_SIZE = 0x200;

/// A copy of a request in calldata. Reverts, as the compiler's own decoder does, if a field has bits beyond its type: two encodings
/// of one request would be two ids.
function refTo(Request calldata request) pure returns (RequestRef self) {
    bytes32 typehash = REQUEST_TYPEHASH;
    assembly ("memory-safe") {
        self := add(mload(0x40), 0x60)
        mstore(0x40, add(self, REQUEST_SIZE))
        mstore(sub(self, 0x60), 0)
        mstore(sub(self, 0x20), typehash)
        calldatacopy(self, request, REQUEST_SIZE)
        // requester, token, callback
        let dirty := shr(160, or(or(mload(self), mload(add(self, 0x20))), mload(add(self, 0x1c0))))
        // nonce, work
        dirty := or(dirty, shr(64, or(mload(add(self, 0x40)), mload(add(self, 0x100)))))
        // instance, version, verifier, window, callbackGas
        let narrow := or(or(mload(add(self, 0x60)), mload(add(self, 0x80))), mload(add(self, 0xa0)))
        dirty := or(dirty, shr(32, or(or(narrow, mload(add(self, 0x1a0))), mload(add(self, 0x1e0)))))
        // maxPrice, tip
        dirty := or(dirty, shr(88, or(mload(add(self, 0x120)), mload(add(self, 0x140)))))
        // bond, deadline
        dirty := or(dirty, or(shr(80, mload(add(self, 0x160))), shr(40, mload(add(self, 0x180)))))
        if dirty { revert(0, 0) }
    }
}

/// A copy of a packed request in calldata. Whatever is packed unpacks to a canonical request.
/// @param at where in calldata its first byte is.
/// @return self
/// @return next where it ends.
function unpack(uint256 at) pure returns (RequestRef self, uint256 next) {
    bytes32 typehash = REQUEST_TYPEHASH;
    assembly ("memory-safe") {
        self := add(mload(0x40), 0x60)
        mstore(0x40, add(self, REQUEST_SIZE))
        mstore(sub(self, 0x20), typehash)
        let word := calldataload(at)
        mstore(self, shr(96, word))
        mstore(add(self, 0x40), and(shr(24, word), 0xffffffffffffffff))
        let flags := and(shr(88, word), 0xff)
        word := calldataload(add(at, 29))
        mstore(add(self, 0x60), shr(224, word))
        mstore(add(self, 0xa0), and(shr(192, word), 0xffffffff))
        mstore(add(self, 0xc0), calldataload(add(at, 37)))
        word := calldataload(add(at, 69))
        mstore(add(self, 0x100), shr(192, word))
        mstore(add(self, 0x120), and(shr(104, word), 0xffffffffffffffffffffff))
        mstore(add(self, 0x160), and(shr(24, word), 0xffffffffffffffffffff))
        word := calldataload(add(at, 98))
        mstore(add(self, 0x180), shr(216, word))
        mstore(add(self, 0x1a0), and(shr(184, word), 0xffffffff))
        // version, token, input, tip, callback, callbackGas
        mstore(add(self, 0x80), 0)
        mstore(add(self, 0x20), 0)
        mstore(add(self, 0xe0), 0)
        mstore(add(self, 0x140), 0)
        mstore(add(self, 0x1c0), 0)
        mstore(add(self, 0x1e0), 0)
        next := add(at, 107)
        if flags {
            if and(flags, 1) {
                mstore(add(self, 0x80), shr(224, calldataload(next)))
                next := add(next, 4)
            }
            if and(flags, 2) {
                mstore(add(self, 0x20), shr(96, calldataload(next)))
                next := add(next, 20)
            }
            if and(flags, 4) {
                mstore(add(self, 0xe0), calldataload(next))
                next := add(next, 32)
            }
            if and(flags, 8) {
                mstore(add(self, 0x140), shr(168, calldataload(next)))
                next := add(next, 11)
            }
            if and(flags, 16) {
                mstore(add(self, 0x1c0), shr(96, calldataload(next)))
                mstore(add(self, 0x1e0), shr(224, calldataload(add(next, 20))))
                next := add(next, 24)
            }
        }
        mstore(sub(self, 0x60), at)
        mstore(sub(self, 0x40), next)
    }
}

/// Writes what follows the requester in the packed form; up to 28 bytes behind it may be overwritten.
/// @param to where in memory.
/// @return end where in memory it ends.
function writeTail(RequestRef self, uint256 to) pure returns (uint256 end) {
    assembly ("memory-safe") {
        let at := mload(sub(self, 0x60))
        switch at
        case 0 {
            let callback_ := mload(add(self, 0x1c0))
            let callbackGas_ := mload(add(self, 0x1e0))
            let flags := shl(4, iszero(iszero(or(callback_, callbackGas_))))
            // Each field is written as a word, whose rest the next one overwrites.
            mstore(add(to, 1), shl(192, mload(add(self, 0x40))))
            mstore(add(to, 9), shl(224, mload(add(self, 0x60))))
            mstore(add(to, 13), shl(224, mload(add(self, 0xa0))))
            mstore(add(to, 17), mload(add(self, 0xc0)))
            mstore(add(to, 49), shl(192, mload(add(self, 0x100))))
            mstore(add(to, 57), shl(168, mload(add(self, 0x120))))
            mstore(add(to, 68), shl(176, mload(add(self, 0x160))))
            mstore(add(to, 78), shl(216, mload(add(self, 0x180))))
            mstore(add(to, 83), shl(224, mload(add(self, 0x1a0))))
            end := add(to, 87)
            let value := mload(add(self, 0x80))
            if value {
                flags := or(flags, 1)
                mstore(end, shl(224, value))
                end := add(end, 4)
            }
            value := mload(add(self, 0x20))
            if value {
                flags := or(flags, 2)
                mstore(end, shl(96, value))
                end := add(end, 20)
            }
            value := mload(add(self, 0xe0))
            if value {
                flags := or(flags, 4)
                mstore(end, value)
                end := add(end, 32)
            }
            value := mload(add(self, 0x140))
            if value {
                flags := or(flags, 8)
                mstore(end, shl(168, value))
                end := add(end, 11)
            }
            if and(flags, 16) {
                mstore(end, shl(96, callback_))
                mstore(add(end, 20), shl(224, callbackGas_))
                end := add(end, 24)
            }
            mstore8(to, flags)
        }
        default {
            at := add(at, 20)
            let size := sub(mload(sub(self, 0x40)), at)
            calldatacopy(to, at, size)
            end := add(to, size)
        }
    }
}

/// The EIP-712 struct hash.
function structHash(RequestRef self) pure returns (bytes32 hash) {
    assembly ("memory-safe") {
        hash := keccak256(sub(self, 0x20), add(0x20, REQUEST_SIZE))
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
        value := mload(self)
    }
}

function token(RequestRef self) pure returns (address value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0x20))
    }
}

function instance(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0x60))
    }
}

function version(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0x80))
    }
}

function verifier(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0xa0))
    }
}

function statement(RequestRef self) pure returns (bytes32 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0xc0))
    }
}

function input(RequestRef self) pure returns (bytes32 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0xe0))
    }
}

function work(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0x100))
    }
}

function maxPrice(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0x120))
    }
}

function tip(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0x140))
    }
}

function bond(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0x160))
    }
}

function deadline(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0x180))
    }
}

function window(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0x1a0))
    }
}

function callback(RequestRef self) pure returns (address value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0x1c0))
    }
}

function callbackGas(RequestRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0x1e0))
    }
}
