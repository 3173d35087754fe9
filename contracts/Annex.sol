// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Instances} from "./Instances.sol";
import {Lapses} from "./Lapses.sol";
import {OpenStages} from "./OpenStages.sol";
import {Records} from "./Records.sol";
import {Supply} from "./Supply.sol";
import {Ticks} from "./Ticks.sol";
import {TypedBids} from "./TypedBids.sol";
import {Delegate} from "./libraries/Delegate.sol";

/// The steps in the life of a request that are not those of every request. Like the office, it is code that the market runs in its own
/// storage, has the parts of the market in the same order, and nothing of its own. It is placed before the market, which is
/// told where.
contract Annex is TypedBids, Ticks, Lapses, OpenStages, Instances {
    address private immutable _records;

    constructor(address stakeToken_) Supply(stakeToken_) {
        _records = address(new Records(stakeToken_));
    }

    /// What `IRecords` documents.
    fallback() external {
        Delegate.run(_records);
    }

    /// What the market that runs it has to count stakes in.
    function stakeToken() external view returns (address) {
        return _stakeToken;
    }

    /// Nothing is signed for the annex: what is asked about that, the market answers.
    function eip712Domain()
        public
        pure
        override
        returns (bytes1, string memory, string memory, uint256, address, bytes32, uint256[] memory)
    {
        revert();
    }
}
