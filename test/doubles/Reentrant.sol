// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Calls back when it is called, and notes what came of it.
abstract contract Reentrant {
    address private _target;
    bytes[] private _planned;
    /// Of each call: 0 if it succeeded, otherwise the selector of its error.
    bytes4[] public outcomes;

    function plan(address target, bytes[] calldata calls) external {
        delete outcomes;
        delete _planned;
        _target = target;
        for (uint256 i; i < calls.length; ++i) {
            _planned.push(calls[i]);
        }
    }

    function outcomeCount() external view returns (uint256) {
        return outcomes.length;
    }

    function _reenter() internal {
        for (uint256 i; i < _planned.length; ++i) {
            (bool ok, bytes memory result) = _target.call(_planned[i]);
            outcomes.push(ok ? bytes4(0) : bytes4(result));
        }
    }
}
