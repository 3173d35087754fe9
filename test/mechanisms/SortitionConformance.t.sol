// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Sortition, SortitionParams} from "../../contracts/mechanisms/Sortition.sol";
import {Request} from "../../contracts/types/Request.sol";
import {ConformanceTest} from "./Conformance.sol";

contract SortitionConformance is ConformanceTest {
    function subject() internal override returns (IMechanism, bytes memory) {
        SortitionParams memory p = SortitionParams({
            base: PRICE / 2,
            rate: 0,
            minDeposit: 0.1 ether,
            maxDeposit: 1 ether,
            notice: 1 days,
            distance: 4,
            lead: 60,
            stagger: 30,
            stages: 3,
            patience: 120,
            backups: 4
        });
        return (new Sortition(), abi.encode(p));
    }

    /// Who is better has more weight. Who enrols in a block is drawn for what opens in later ones.
    function prepare(uint256 bidders) internal override {
        for (uint256 i; i < bidders; ++i) {
            _bidInstance(provers[i], 0, abi.encode(0.1 ether * (CROWD - i)));
        }
        _passTo(block.timestamp + 1);
    }

    /// A bond each, when it is everybody's turn.
    function plays(Request memory, address, uint256 rank) internal pure override returns (Play[] memory all) {
        all = new Play[](1);
        (all[0].wait, all[0].price) = (120 + uint40(rank), PRICE / 2);
    }

    function notice() internal pure override returns (bytes memory) {
        return abi.encode(0);
    }
}
