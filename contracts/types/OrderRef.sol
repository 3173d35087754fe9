// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// What follows the request in an `Order` that is packed in calldata, without the zeros and offsets of the ABI, which are most of
/// what a bid would pay for its bytes. A packed order is the request, packed as `RequestRef` says, and then:
///
/// | bytes | what |
/// |---|---|
/// | 0 to 10 | bid: price |
/// | 11 to 20 | bid: maxBond |
/// | 21 to 25 | bid: validUntil |
/// | 26 to 35 | sizes of the parts that follow, in bytes: requesterSignature (2), prover (2), data (3), input (3) |
/// | from 36 | requesterSignature, prover, data, input |
///
/// The part `prover` is empty if the sender is the prover; else it is the prover's address, and then its signature.
/// `libraries/Packed.sol` packs orders.
type OrderRef is uint256;

using {terms, parts} for OrderRef global;

// Size without the parts, in bytes.
uint256 constant ORDER_SIZE = 36;

/// What the bid says.
function terms(OrderRef self) pure returns (uint256 price, uint256 maxBond, uint256 validUntil) {
    assembly ("memory-safe") {
        let word := calldataload(self)
        price := shr(168, word)
        maxBond := and(shr(88, word), 0xffffffffffffffffffff)
        validUntil := and(shr(48, word), 0xffffffffff)
    }
}

/// The parts of variable size, and where the next order begins.
function parts(OrderRef self)
    pure
    returns (
        bytes calldata requesterSignature,
        bytes calldata prover,
        bytes calldata data,
        bytes calldata input,
        uint256 next
    )
{
    assembly ("memory-safe") {
        let sizes := calldataload(add(self, 26))
        requesterSignature.offset := add(self, ORDER_SIZE)
        requesterSignature.length := shr(240, sizes)
        prover.offset := add(requesterSignature.offset, requesterSignature.length)
        prover.length := and(shr(224, sizes), 0xffff)
        data.offset := add(prover.offset, prover.length)
        data.length := and(shr(200, sizes), 0xffffff)
        input.offset := add(data.offset, data.length)
        input.length := and(shr(176, sizes), 0xffffff)
        next := add(input.offset, input.length)
    }
}

/// Whom a bid is of, and its signature.
/// @param part as it comes with an order; not shorter than an address.
function proverIn(bytes calldata part) pure returns (address prover, bytes calldata signature) {
    assembly ("memory-safe") {
        prover := shr(96, calldataload(part.offset))
        signature.offset := add(part.offset, 20)
        signature.length := sub(part.length, 20)
    }
}
