// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Runs other code in place of one's own.
library Delegate {
    /// Ends this call as `target` ends it: with the same calldata, in the storage of this contract. `target` must be code
    /// that this contract placed.
    function run(address target) internal {
        assembly ("memory-safe") {
            // Nothing returns to the compiler's code, so all of memory is free.
            calldatacopy(0, 0, calldatasize())
            let ok := delegatecall(gas(), target, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(ok) { revert(0, returndatasize()) }
            return(0, returndatasize())
        }
    }

    /// The same for code that only reads, which the compiler cannot see.
    function read(address target) internal view {
        function(address) internal running = run;
        function(address) internal view reading;
        assembly ("memory-safe") {
            reading := running
        }
        reading(target);
        // Never reached; the compiler cannot see that either.
        assembly ("memory-safe") {
            revert(0, 0)
        }
    }
}
