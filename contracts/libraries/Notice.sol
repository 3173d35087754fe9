// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {RequestRef} from "../types/RequestRef.sol";

/// The event whose arguments lie in calldata in the encoding they are logged in.
library Notice {
    /// `emit IMarket.Opened(id, requester, version, request, input)`.
    function opened(bytes32 id, uint32 version, RequestRef request, bytes calldata input) internal {
        bytes32 topic = IMarket.Opened.selector;
        assembly ("memory-safe") {
            // The version, the 16 words of the request, the offset of the input; then its length and its bytes.
            let words := mload(0x40)
            // What the compiler hands over may have more bits than the type.
            mstore(words, and(version, 0xffffffff))
            calldatacopy(add(words, 0x20), request, 0x200)
            mstore(add(words, 0x220), 0x240)
            // The last word may be filled in part only: it is cleared first. Without input it is the length itself.
            let padded := and(add(input.length, 0x1f), not(0x1f))
            mstore(add(add(words, 0x240), padded), 0)
            mstore(add(words, 0x240), input.length)
            calldatacopy(add(words, 0x260), input.offset, input.length)
            log3(words, add(0x260, padded), topic, id, calldataload(request))
        }
    }
}
