// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// How a verifier made elsewhere says yes. A revert is a no under either convention.
enum Convention {
    /// Returns nothing; says no by a revert.
    Reverts,
    /// Returns exactly `true`; says no by `false`. Also for those that say no either way.
    Returns
}

/// The one door to verifiers made elsewhere: a static call, no returned byte copied but the answer.
library ForeignVerifier {
    /// @notice The target is an account without code or a precompile: nobody there can say no.
    error NoCode(address target);
    /// @notice The code at the target is not the one that was pinned.
    error CodeChanged(address target, bytes32 have, bytes32 want);
    /// @notice The target reverted.
    error Reverted(address target);
    /// @notice The target returned another number of bytes than its convention has.
    error WrongReturn(address target, uint256 have, uint256 want);
    /// @notice The target answered something else than `true`.
    error NotTrue(address target, uint256 have);

    /// Refuses a target that has no code.
    function requireCode(address target) internal view {
        require(target.code.length != 0, NoCode(target));
    }

    /// Refuses a target whose code is not the pinned one.
    function requireCode(address target, bytes32 codehash) internal view {
        requireCode(target);
        require(target.codehash == codehash, CodeChanged(target, target.codehash, codehash));
    }

    /// Asks `target`, which has code, and reverts unless it says yes.
    function requireYes(address target, bytes memory question, Convention convention) internal view {
        bool success;
        uint256 size;
        uint256 word;
        assembly ("memory-safe") {
            success := staticcall(gas(), target, add(question, 0x20), mload(question), 0x00, 0x20)
            size := returndatasize()
            word := mload(0x00)
        }
        uint256 want = convention == Convention.Reverts ? 0 : 32;
        require(success, Reverted(target));
        require(size == want, WrongReturn(target, size, want));
        if (convention == Convention.Returns) require(word == 1, NotTrue(target, word));
    }
}
