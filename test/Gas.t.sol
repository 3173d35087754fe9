// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bid, Fulfillment, Order} from "../contracts/types/Bid.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// What the life of a request costs, in gas of whole transactions (intrinsic and calldata included), written to
/// snapshots/lifecycle.json. The accounts are in use, as they are in a running market: no slot but the request's own is fresh.
contract GasTest is Base {
    string private constant FILE = "lifecycle";

    function setUp() public override {
        super.setUp();
        // The prover has earned before.
        Request memory r = awarded(alice);
        market.fulfill(fulfillment(r, alice));
    }

    function test_Open() public {
        Request memory r = request(dutchInstance);
        vm.prank(requester);
        market.open(r, "", "");
        vm.snapshotGasLastCall(FILE, "open");
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
    }

    function test_Award() public {
        Request memory r = request(dutchInstance);
        Order[] memory orders = new Order[](1);
        orders[0] = signedOrder(r, bidFor(r, alice, 0));
        vm.prank(alice);
        market.bid(orders);
        vm.snapshotGasLastCall(FILE, "award");
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    function test_AwardBatch() public {
        Order[] memory orders = new Order[](8);
        for (uint256 i; i < 8; ++i) {
            Request memory r = request(dutchInstance);
            orders[i] = signedOrder(r, bidFor(r, alice, 0));
        }
        vm.prank(alice);
        market.bid(orders);
        vm.snapshotValue(FILE, "award_batch_8", vm.lastCallGas().gasTotalUsed / 8);
        assertEq(uint8(statusOf(orders[7].request)), uint8(Status.Awarded));
    }

    function test_Bid() public {
        Request memory r = request(dutchInstance);
        opened(r);
        bidAs(alice, r, 0);
        vm.snapshotGasLastCall(FILE, "bid_dutch");

        r = request(postedInstance);
        opened(r);
        bidAs(alice, r, 0);
        vm.snapshotGasLastCall(FILE, "bid_posted");

        r = request(sealedInstance);
        opened(r);
        Bid memory b = bidFor(r, alice, 0);
        b.data = abi.encode(sealedBid.commitment(market.idOf(r), alice, 1_000, bytes32("salt")));
        vm.prank(alice);
        market.bid(order(r, b));
        vm.snapshotGasLastCall(FILE, "bid_sealed");

        vm.warp(block.timestamp + 61);
        b = bidFor(r, alice, 1_000);
        b.data = abi.encode(bytes32("salt"));
        vm.prank(alice);
        market.bid(order(r, b));
        vm.snapshotGasLastCall(FILE, "bid_sealed_reveal");
    }

    function test_Fulfill() public {
        _fulfill("fulfill_1", 1);
        _fulfill("fulfill_8", 8);
        _fulfill("fulfill_32", 32);
    }

    function test_Expire() public {
        Request memory r = request(dutchInstance);
        opened(r);
        vm.warp(r.deadline);
        market.expire(r);
        vm.snapshotGasLastCall(FILE, "expire");
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
    }

    function test_Slash() public {
        _slash();
        _slash();
    }

    function test_Deposit() public {
        vm.startPrank(requester);
        market.deposit{value: 1}(NATIVE, requester, 1);
        vm.snapshotGasLastCall(FILE, "deposit");
        market.withdraw(NATIVE, requester, 1);
        vm.snapshotGasLastCall(FILE, "withdraw");
        vm.stopPrank();
    }

    function _fulfill(string memory key, uint256 n) private {
        Fulfillment[] memory items = new Fulfillment[](n);
        for (uint256 i; i < n; ++i) {
            Request memory r = awarded(alice);
            items[i] = Fulfillment(r, alice, proof(r));
        }
        vm.prank(stranger);
        assertEq(market.fulfill(items), n);
        vm.snapshotValue(FILE, key, vm.lastCallGas().gasTotalUsed / n);
    }

    function _slash() private {
        Request memory r = awarded(alice);
        vm.warp(stateOf(r).time + 1);
        vm.prank(stranger);
        market.expire(r);
        vm.snapshotGasLastCall(FILE, "slash");
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
    }
}
