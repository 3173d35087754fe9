// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Memory that a loop uses again in every round: it is never freed by itself, and costs more the more of it there is.
library Memory {
    /// So many bytes of it, cleared.
    function room(uint256 size) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(0x40)
            mstore(0x40, add(pointer, size))
            // Behind its end, calldata is all zeros.
            calldatacopy(pointer, calldatasize(), size)
        }
    }

    /// Where memory allocated from now on begins.
    function mark() internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(0x40)
        }
    }

    /// Gives back all that was allocated since `mark` returned `pointer`; nothing may refer to it any more.
    function release(uint256 pointer) internal pure {
        assembly ("memory-safe") {
            mstore(0x40, pointer)
        }
    }
}
