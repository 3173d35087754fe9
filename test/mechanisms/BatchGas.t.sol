// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ask, Cause} from "../../contracts/types/Ask.sol";
import {BatchHarness} from "./BatchHarness.sol";

/// What the mechanism's own work costs, written to snapshots/batch_steps.json: per order and offer it is bounded, however many there are.
contract BatchGasTest is BatchHarness {
    string private constant FILE = "batch_steps";

    function test_Gas_Entry() public {
        for (uint256 i; i < 31; ++i) {
            _order(1 ether);
            _offer(1 ether);
        }
        (id, openedAt) = (_orderId(99), uint40(block.timestamp));
        uint256 order = _gasOf(_ask(Cause.Opened, address(0)));
        uint256 offer = _gasOf(_aboutInstance(Cause.Bid, _seller(99)));
        vm.snapshotValue(FILE, "step_order", order);
        vm.snapshotValue(FILE, "step_offer", offer);
        assertLt(order, 60_000);
        assertLt(offer, 60_000);
    }

    function test_Gas_Clear() public {
        uint256 two = _cleared(2);
        uint256 eight = _cleared(8);
        uint256 many = _cleared(32);
        uint256 most = _cleared(64);
        vm.snapshotValue(FILE, "step_clear_2", two);
        vm.snapshotValue(FILE, "step_clear_8", eight);
        vm.snapshotValue(FILE, "step_clear_32", many);
        vm.snapshotValue(FILE, "step_clear_64", most);
        // No more for each of many than for each of a few.
        assertLt((many - eight) / 24, (eight - two) * 11 / 60);
        assertLt((most - many) / 32, (eight - two) * 11 / 60);
    }

    /// With as many orders and offers, all prices equal, and each order that does not trade carried over: the dearest there is.
    function _cleared(uint8 count) private returns (uint256 used) {
        delete orders;
        delete offers;
        (p.orders, p.offers, p.carry) = (count, count, 1);
        vm.warp(START);
        _restart();
        request.deadline = START + 100_000;
        for (uint256 i; i < count; ++i) {
            _order(1 ether);
            delete seats[_seller(i)];
            _offer(1 ether);
        }
        vm.warp(END);
        Ask memory ask = _clearing();
        used = _gasOf(ask);
        assertLt(used, batch.check(params).gas);
        assertLt(_gasOfNoTrade(count), batch.check(params).gas);
    }

    function _gasOfNoTrade(uint8 count) private returns (uint256) {
        delete orders;
        delete offers;
        vm.warp(START);
        _restart();
        for (uint256 i; i < count; ++i) {
            _order(0.5 ether);
            delete seats[_seller(i)];
            _offer(1 ether);
        }
        vm.warp(END);
        return _gasOf(_clearing());
    }
}
