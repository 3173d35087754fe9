// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// A mechanism's `Answer` where it lies in what the call returned, found to be in the encoding that the compiler produces:
/// the offset 0x20; a head of three offsets and the wake time; then moves, words and shared in this order, without gaps and
/// without a byte behind them, so that all offsets follow from the three lengths. What is read so, `abi.decode` reads
/// the same; a fuzz test compares them.
type ReplyRef is uint256;

/// One of its `Move`s: seven words. Numbers come as whole words, which are known to fit their types.
type MoveRef is uint256;

using {count, move, words, shared, wake, send} for ReplyRef global;
using {kind, subject, prover, amount, due, bps, tag} for MoveRef global;

// Where things lie, counted from the pointer to the `bytes`: their length is there, the first of them at 0x20.
uint256 constant HEAD = 0x40;
uint256 constant MOVES = 0xc0;
uint256 constant FIRST_MOVE = 0xe0;
uint256 constant MOVE_SIZE = 0xe0;
// Without moves and words: one offset, the head, three lengths.
uint256 constant LEAST_SIZE = 0x100;
// The last of `MoveKind`.
uint256 constant LAST_KIND = 6;

/// Not ok if `result` is anything else than such an encoding.
function refTo(bytes memory result) pure returns (bool ok, ReplyRef self) {
    assembly ("memory-safe") {
        self := result
        let size := mload(result)
        let head := add(result, HEAD)
        let end := add(add(result, 0x20), size)
        // No length can be more than the size, so that no sum overflows; nothing is read behind the end.
        let n := mload(add(result, MOVES))
        let list := add(add(result, FIRST_MOVE), mul(n, MOVE_SIZE))
        if iszero(or(or(lt(size, LEAST_SIZE), gt(n, size)), gt(add(list, 0x40), end))) {
            // Whatever is not as it has to be leaves a bit here.
            let wrong := or(xor(mload(add(result, 0x20)), 0x20), xor(mload(head), sub(MOVES, HEAD)))
            wrong := or(wrong, or(xor(mload(add(head, 0x20)), sub(list, head)), shr(40, mload(add(head, 0x60)))))
            for { let m := add(result, FIRST_MOVE) } lt(m, list) { m := add(m, MOVE_SIZE) } {
                wrong := or(wrong, gt(mload(m), LAST_KIND))
                wrong := or(wrong, shr(16, or(mload(add(m, 0x20)), mload(add(m, 0xa0)))))
                wrong := or(wrong, or(shr(160, mload(add(m, 0x40))), shr(88, mload(add(m, 0x60)))))
                wrong := or(wrong, or(shr(40, mload(add(m, 0x80))), shr(176, mload(add(m, 0xc0)))))
            }
            n := mload(list)
            list := add(add(list, 0x20), shl(5, n))
            if iszero(or(gt(n, size), gt(add(list, 0x20), end))) {
                wrong := or(wrong, xor(mload(add(head, 0x40)), sub(list, head)))
                n := mload(list)
                wrong := or(wrong, xor(add(add(list, 0x20), shl(5, n)), end))
                ok := iszero(or(wrong, gt(n, size)))
            }
        }
    }
}

// What `saleTo` compares with: the hash of an answer that is one award to nobody, for nothing, and the size of such an answer.
bytes32 constant SALE = 0x97cd72e93477f9cc81e56b6530e4f3300f4838b853d8641e099a124f1e1b9168;
uint256 constant SALE_SIZE = 0x1e0;

/// Whether `result` is an award to `buyer` and nothing else, as `Answers.sell` writes it, and for how much. It is recognized by its
/// hash, for a fifth of what `refTo` costs. Whatever else it is stays as it is.
function saleTo(bytes memory result, address buyer) pure returns (bool ok, uint256 price) {
    assembly ("memory-safe") {
        if eq(mload(result), SALE_SIZE) {
            // The only words that may be anything.
            let places := add(result, 0x120)
            let who := mload(places)
            price := mload(add(places, 0x20))
            calldatacopy(places, calldatasize(), 0x40)
            ok := eq(keccak256(add(result, 0x20), SALE_SIZE), SALE)
            ok := and(ok, and(eq(who, shr(96, shl(96, buyer))), iszero(shr(88, price))))
            mstore(places, who)
            mstore(add(places, 0x20), price)
        }
    }
}

function count(ReplyRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, MOVES))
    }
}

/// The `i`th move, of `count`.
function move(ReplyRef self, uint256 i) pure returns (MoveRef value) {
    assembly ("memory-safe") {
        value := add(add(self, FIRST_MOVE), mul(i, MOVE_SIZE))
    }
}

function words(ReplyRef self) pure returns (bytes32[] memory value) {
    assembly ("memory-safe") {
        value := add(add(self, HEAD), mload(add(self, 0x60)))
    }
}

function shared(ReplyRef self) pure returns (bytes32[] memory value) {
    assembly ("memory-safe") {
        value := add(add(self, HEAD), mload(add(self, 0x80)))
    }
}

function wake(ReplyRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0xa0))
    }
}

/// Ends this call with the same answer.
function send(ReplyRef self) pure {
    assembly ("memory-safe") {
        return(add(self, 0x20), mload(self))
    }
}

function kind(MoveRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(self)
    }
}

function subject(MoveRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0x20))
    }
}

function prover(MoveRef self) pure returns (address value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0x40))
    }
}

function amount(MoveRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0x60))
    }
}

function due(MoveRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0x80))
    }
}

function bps(MoveRef self) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0xa0))
    }
}

function tag(MoveRef self) pure returns (uint176 value) {
    assembly ("memory-safe") {
        value := mload(add(self, 0xc0))
    }
}
