// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Alpha, Tickets} from "../../contracts/libraries/Tickets.sol";
import {Contest, ContestParams} from "../../contracts/mechanisms/Contest.sol";
import {Ticket} from "../../contracts/types/Prover.sol";
import {Request} from "../../contracts/types/Request.sol";
import {ConformanceTest} from "./Conformance.sol";

contract ContestConformance is ConformanceTest {
    function subject() internal override returns (IMechanism, bytes memory) {
        ContestParams memory p = ContestParams({
            stakeToken: NATIVE,
            entry: 100,
            settling: 60,
            feeBps: 10_000,
            minTicket: 1_000,
            maxTicket: 0.001 ether,
            alpha: Alpha.One,
            entrants: 8,
            distance: 2
        });
        return (new Contest(), abi.encode(p));
    }

    /// One after the other, each with a larger ticket.
    function plays(Request memory, address, uint256 rank) internal pure override returns (Play[] memory all) {
        all = new Play[](1);
        all[0] = Play(10 + uint40(rank), 0, abi.encode(_size(rank)), "");
    }

    function losersPay() internal pure override returns (bool) {
        return true;
    }

    /// Provers entered in the order of their ranks.
    function brief(Request memory r) internal view override returns (bytes memory data) {
        for (uint256 i; i < CROWD; ++i) {
            Ticket memory ticket = market.ticketOf(market.idOf(r), provers[i]);
            if (ticket.amount == 0) continue;
            data = bytes.concat(data, bytes32(Tickets.entryOf(uint8(ticket.tag), ticket.amount, provers[i])));
        }
    }

    function _size(uint256 rank) private pure returns (uint80) {
        return uint80(0.0001 ether * (rank + 1));
    }
}
