// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Alpha, Tickets} from "../contracts/libraries/Tickets.sol";
import {Contest, ContestParams} from "../contracts/mechanisms/Contest.sol";
import {Bid} from "../contracts/types/Bid.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// What the life of a contest costs, in gas of whole transactions.
contract ContestGasTest is Base {
    string private constant FILE = "contest";

    function test_Contest() public {
        ContestParams memory p = ContestParams({
            stakeToken: NATIVE,
            entry: 60,
            settling: 60,
            feeBps: 10_000,
            minTicket: 1,
            maxTicket: 1 ether,
            alpha: Alpha.One,
            entrants: 40,
            distance: 2
        });
        _live(p, 4, "tick_award_4");
        _live(p, 40, "tick_award_40");
    }

    function _live(ContestParams memory p, uint256 count, string memory key) private {
        Request memory r = request(_register(address(new Contest()), abi.encode(p)));
        opened(r);
        bytes memory list;
        for (uint256 i; i < count; ++i) {
            address prover = makeAddr(string.concat("entrant ", vm.toString(i)));
            if (market.ledgerOf(prover).stake == 0) _enlist(prover);
            Bid memory b = bidFor(r, prover, 0);
            b.data = abi.encode(1_000 + i);
            vm.prank(prover);
            market.bid(order(r, b));
            if (i == 1) vm.snapshotGasLastCall(FILE, "bid");
            list = bytes.concat(list, bytes32(Tickets.entryOf(i, 1_000 + i, prover)));
        }
        vm.warp(block.timestamp + 61);
        vm.prank(stranger);
        market.tick(r, address(0), "");
        vm.snapshotGasLastCall(FILE, "tick_draw");
        vm.roll(block.number + 3);
        vm.prank(stranger);
        market.tick(r, address(0), list);
        vm.snapshotGasLastCall(FILE, key);
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }
}
