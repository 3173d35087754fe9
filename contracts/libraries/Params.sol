// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {InvalidParam} from "../interfaces/IMechanism.sol";

/// Bounds that mechanisms put on their parameters.
library Params {
    /// The longest window of any kind: what takes longer than a month is a mistake of unit.
    uint32 internal constant LONGEST = 30 days;

    /// Both bounds are inclusive.
    function within(string memory name, uint256 have, uint256 min, uint256 max) internal pure {
        require(have >= min && have <= max, InvalidParam(name, have, min, max));
    }

    /// Which parameters an instance's shared words are kept by: 64 bits, never 0. A retune changes them under who has agreed to the former ones.
    function print(bytes calldata params) internal pure returns (uint256) {
        return uint64(uint256(keccak256(params))) | 1;
    }
}
