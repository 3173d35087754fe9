// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Committee, CommitteeParams} from "../../contracts/mechanisms/Committee.sol";
import {Request} from "../../contracts/types/Request.sol";
import {ConformanceTest} from "./Conformance.sol";

contract CommitteeConformance is ConformanceTest {
    function subject() internal override returns (IMechanism, bytes memory) {
        CommitteeParams memory p = CommitteeParams({
            seats: 5,
            least: 2,
            needed: 2,
            enrolment: 100,
            shards: 60,
            aggregation: 30,
            open: 100,
            stagger: 10,
            feeBps: 9_000,
            aggregatorBps: 1_000,
            depositBps: 10_000,
            depositFloor: 1,
            bonded: 1
        });
        return (new Committee(), abi.encode(p));
    }

    /// A seat each; and when any member may, whoever works brings the whole.
    function plays(Request memory r, address, uint256 rank) internal pure override returns (Play[] memory all) {
        all = new Play[](2);
        all[0].wait = 10 * uint40(rank + 1);
        (all[1].wait, all[1].proof) = (200 + uint40(rank), proof(r));
    }

    function least() internal pure override returns (uint256) {
        return 2;
    }

    function partnersShare() internal pure override returns (bool) {
        return true;
    }
}
