// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Memory that a loop uses again in every round: it is never freed by itself, and costs more the more of it there is.
library Memory {
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
