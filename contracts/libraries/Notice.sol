// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {RequestRef} from "../types/RequestRef.sol";

/// The event that is logged in a form of its own: a byte of a log costs eight gas, whatever is in it.
library Notice {
    /// `emit IMarket.Opened(id, requester, entry)`: the entry is the version and the instance (4 bytes each), the packed request without
    /// its requester, and the input.
    function opened(bytes32 id, uint64 edition, RequestRef request, bytes calldata input) internal {
        bytes32 topic = IMarket.Opened.selector;
        address requester = request.requester();
        uint256 log;
        uint256 tail;
        assembly ("memory-safe") {
            // The offset of the entry, its length, its bytes.
            log := mload(0x40)
            mstore(add(log, 0x40), shl(192, edition))
            tail := add(log, 0x48)
        }
        uint256 end = request.writeTail(tail);
        assembly ("memory-safe") {
            calldatacopy(end, input.offset, input.length)
            end := add(end, input.length)
            // The last word may be filled in part only.
            mstore(end, 0)
            let size := sub(end, add(log, 0x40))
            mstore(log, 0x20)
            mstore(add(log, 0x20), size)
            log3(log, add(0x40, and(add(size, 0x1f), not(0x1f))), topic, id, requester)
        }
    }
}
