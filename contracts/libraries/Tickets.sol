// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

// The power of its size that a ticket counts with in a draw.
enum Alpha {
    /// Its size: the only rule under which it makes no difference whether a prover comes as one or as many.
    One,
    /// The square root of it: splitting one ticket in k multiplies its chances by up to √k.
    Half,
    /// The square of it: splitting one ticket in k divides them by up to k.
    Two
}

/// Tickets of a draw, and the running hash of them that is all that is kept. An entry is a word: `place << 240 | size << 160 | prover`. A later
/// entry for a place takes the place of an earlier one.
library Tickets {
    /// The running hash after one more entry; 0 before the first.
    function extend(bytes32 book, uint256 entry) internal pure returns (bytes32 next) {
        assembly ("memory-safe") {
            mstore(0, book)
            mstore(0x20, entry)
            next := keccak256(0, 0x40)
        }
    }

    function entryOf(uint256 place, uint256 ticket, address prover) internal pure returns (uint256) {
        return place << 240 | ticket << 160 | uint160(prover);
    }

    /// The entry that stands for each of `count` places, and the running hash of all `entries`.
    function replay(uint256[] calldata entries, uint256 count)
        internal
        pure
        returns (bytes32 book, uint256[] memory standing)
    {
        standing = new uint256[](count);
        for (uint256 i; i < entries.length; ++i) {
            uint256 entry = entries[i];
            book = extend(book, entry);
            // A place that is none belongs to a list that is another.
            if (entry >> 240 < count) standing[entry >> 240] = entry;
        }
    }

    /// The place that `seed` draws, each with a chance in proportion to the weight of its ticket.
    function draw(uint256[] memory standing, Alpha alpha, uint256 seed) internal pure returns (uint256 place) {
        uint256 sum;
        for (uint256 i; i < standing.length; ++i) {
            sum += weight(alpha, sizeOf(standing[i]));
        }
        // At most 2^166: what the remainder favours is less than 2^-89.
        uint256 left = seed % sum;
        while (true) {
            uint256 next = weight(alpha, sizeOf(standing[place]));
            if (left < next) return place;
            left -= next;
            ++place;
        }
    }

    /// In units that make the root of one wei a whole number, 2^24.
    function weight(Alpha alpha, uint256 ticket) internal pure returns (uint256) {
        if (alpha == Alpha.One) return ticket;
        return alpha == Alpha.Two ? ticket * ticket : FixedPointMathLib.sqrt(ticket << 48);
    }

    function sizeOf(uint256 entry) internal pure returns (uint80) {
        return uint80(entry >> 160);
    }

    function proverOf(uint256 entry) internal pure returns (address) {
        return address(uint160(entry));
    }
}
