// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Rfq, RfqParams} from "../../contracts/mechanisms/Rfq.sol";
import {Request} from "../../contracts/types/Request.sol";
import {ConformanceTest} from "./Conformance.sol";

contract RfqConformance is ConformanceTest {
    function subject() internal override returns (IMechanism, bytes memory) {
        RfqParams memory p = RfqParams({
            exclusivity: 100,
            overrideBps: 100,
            patience: 200,
            startBps: 10_000,
            depositBps: 10_000,
            depositFloor: 1,
            standbys: 3
        });
        return (new Rfq(), abi.encode(p));
    }

    /// Each goes below those before it.
    function plays(Request memory r, address, uint256 rank) internal pure override returns (Play[] memory all) {
        all = new Play[](1);
        all[0].wait = 10 * uint40(CROWD - rank);
        all[0].price = uint88(r.maxPrice * (rank + 1) / 10);
    }
}
