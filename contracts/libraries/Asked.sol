// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ask} from "../types/Ask.sol";

/// Reads a question without checking it again, for rules that sell at once: reading a few of its words by the compiler's decoder
/// costs them more than all they compute. The market writes every word so that it fits its type. To whoever else asks
/// nonsense, nonsense is answered.
///
/// Offsets are those of the words of an `Ask`, as `libraries/Question.sol` counts them.
library Asked {
    /// Why it is asked, since when the request is open, and now.
    function moment(Ask calldata ask) internal pure returns (uint256 cause, uint256 openedAt, uint256 time) {
        assembly ("memory-safe") {
            cause := calldataload(ask)
            openedAt := calldataload(add(ask, 0x2a0))
            time := calldataload(add(ask, 0x2c0))
        }
    }

    /// Who bids, at which price; and the request's work and highest price.
    function bid(Ask calldata ask)
        internal
        pure
        returns (address prover, uint256 price, uint256 work, uint256 maxPrice)
    {
        assembly ("memory-safe") {
            prover := calldataload(add(ask, 0x340))
            price := calldataload(add(ask, 0x460))
            work := calldataload(add(ask, 0x160))
            maxPrice := calldataload(add(ask, 0x180))
        }
    }

    /// Where the parameters are in calldata, and how many bytes they are.
    function params(Ask calldata ask) internal pure returns (uint256 at, uint256 size) {
        assembly ("memory-safe") {
            at := add(add(ask, calldataload(add(ask, 0x4a0))), 0x20)
            size := calldataload(sub(at, 0x20))
        }
    }
}
