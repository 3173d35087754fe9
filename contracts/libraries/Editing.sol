// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MoveRef, ReplyRef} from "../types/ReplyRef.sol";

/// Changes an answer where it lies in memory, for rules that pass on another's. It stays in the encoding that `ReplyRef` describes; an
/// answer that grows has to be the last thing in memory.
library Editing {
    /// A number that does not fit makes the answer one that the market refuses.
    function setAmount(MoveRef self, uint256 amount) internal pure {
        assembly ("memory-safe") {
            mstore(add(self, 0x60), amount)
        }
    }

    /// As `setAmount`.
    function setDue(MoveRef self, uint256 due) internal pure {
        assembly ("memory-safe") {
            mstore(add(self, 0x80), due)
        }
    }

    /// One word more of the request's.
    function pushWord(ReplyRef self, uint256 word) internal pure {
        bytes32[] memory list = self.words();
        assembly ("memory-safe") {
            let size := mload(self)
            let end := add(add(self, 0x20), size)
            let count := mload(list)
            let at := add(add(list, 0x20), shl(5, count))
            mcopy(add(at, 0x20), at, sub(end, at))
            mstore(at, word)
            mstore(list, add(count, 1))
            // What moved are the shared words.
            let offset := add(self, 0x80)
            mstore(offset, add(mload(offset), 0x20))
            mstore(self, add(size, 0x20))
            mstore(0x40, add(end, 0x20))
        }
    }

    /// One word more of the instance's.
    function pushShared(ReplyRef self, uint256 word) internal pure {
        bytes32[] memory list = self.shared();
        assembly ("memory-safe") {
            let size := mload(self)
            let end := add(add(self, 0x20), size)
            mstore(end, word)
            mstore(list, add(mload(list), 1))
            mstore(self, add(size, 0x20))
            mstore(0x40, add(end, 0x20))
        }
    }
}
