// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IVerifier, VERIFIED} from "../../contracts/interfaces/IVerifier.sol";

/// Answers with any bytes, or misbehaves in another way.
contract EvilVerifier is IVerifier {
    enum Mood {
        Returns,
        Reverts,
        Burns,
        Writes,
        Calls
    }

    Mood private _mood;
    bytes private _output;
    /// Zero bytes after the output.
    uint256 private _tail;
    address private _target;
    bytes private _call;
    uint256 private _written;

    function answer(Mood mood, bytes calldata output, uint256 tail) external {
        (_mood, _output, _tail) = (mood, output, tail);
    }

    /// Calls `target` while asked, and says yes if that succeeds.
    function reenter(address target, bytes calldata call_) external {
        (_mood, _target, _call) = (Mood.Calls, target, call_);
    }

    function verify(bytes32, bytes32, bytes calldata) external view returns (bytes4) {
        if (_mood == Mood.Burns) while (true) {}
        if (_mood == Mood.Writes) return _asView(_write)();
        if (_mood == Mood.Calls) return _asView(_callOut)();
        bytes memory output = _output;
        uint256 size = output.length + _tail;
        bool reverts = _mood == Mood.Reverts;
        assembly ("memory-safe") {
            if reverts { revert(add(output, 0x20), size) }
            return(add(output, 0x20), size)
        }
    }

    function _write() private returns (bytes4) {
        ++_written;
        return VERIFIED;
    }

    function _callOut() private returns (bytes4) {
        (bool ok,) = _target.call(_call);
        return ok ? VERIFIED : bytes4(0);
    }

    function _asView(function() returns (bytes4) f) private pure returns (function() view returns (bytes4) g) {
        assembly ("memory-safe") {
            g := f
        }
    }
}
