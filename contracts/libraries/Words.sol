// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Reads packed words in calldata without copying them.
library Words {
    /// The whole words of `data` from byte `start` on, which must not be behind its end. A last part of a word is
    /// left out: the caller checks the length.
    function from(bytes calldata data, uint256 start) internal pure returns (uint256[] calldata words) {
        assembly ("memory-safe") {
            words.offset := add(data.offset, start)
            words.length := shr(5, sub(data.length, start))
        }
    }
}
