// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// The door to foreign code: mechanisms, verifiers, wallets and callbacks. Every call is capped in gas and in what is
/// copied back, and none of them can make its caller fail.
library ForeignCall {
    /// Longest error that is passed on.
    uint256 internal constant MAX_REASON = 1024;

    /// A static call. Not ok if it reverts or returns more than `maxReturn` bytes; `result` is then the error, cut to
    /// `MAX_REASON`. It takes the place of `data`, which has to be the last thing in memory and of no use any longer.
    function ask(address target, uint256 gasCap, bytes memory data, uint256 maxReturn)
        internal
        view
        returns (bool ok, bytes memory result)
    {
        uint256 size;
        assembly ("memory-safe") {
            ok := staticcall(gasCap, target, add(data, 0x20), mload(data), 0, 0)
            size := returndatasize()
            mstore(0x40, data)
        }
        if (ok && size > maxReturn) ok = false;
        result = _copy(ok ? size : _min(size, MAX_REASON));
    }

    /// A call whose result does not matter.
    function tell(address target, uint256 gasCap, bytes memory data) internal returns (bool ok) {
        assembly ("memory-safe") {
            ok := call(gasCap, target, 0, add(data, 0x20), mload(data), 0, 0)
        }
    }

    /// A static call that has to return exactly the word `magic`, left aligned.
    function confirms(address target, uint256 gasCap, bytes memory data, bytes4 magic) internal view returns (bool ok) {
        bytes32 word;
        assembly ("memory-safe") {
            ok := staticcall(gasCap, target, add(data, 0x20), mload(data), 0, 0x20)
            ok := and(ok, eq(returndatasize(), 0x20))
            word := mload(0)
        }
        return ok && word == bytes32(magic);
    }

    /// The error of a call by `ask` or `confirms` that just failed, cut to `MAX_REASON`.
    function reason() internal pure returns (bytes memory) {
        uint256 size;
        assembly ("memory-safe") {
            size := returndatasize()
        }
        return _copy(_min(size, MAX_REASON));
    }

    function _copy(uint256 size) private pure returns (bytes memory result) {
        assembly ("memory-safe") {
            result := mload(0x40)
            mstore(result, size)
            returndatacopy(add(result, 0x20), 0, size)
            mstore(0x40, and(add(add(result, 0x3f), size), not(0x1f)))
        }
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
