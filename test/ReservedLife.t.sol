// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ledger} from "../contracts/types/Prover.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {StandingBase} from "./StandingBase.sol";

/// Reserved capacity in the market: a contract's whole term, misses that spill over at the holder's expense, and what is left.
contract ReservedLifeTest is StandingBase {
    uint40 private constant DUE = 101;

    uint32 private instance;

    function setUp() public override {
        super.setUp();
        instance = _register(address(reserved), abi.encode(reservedParams()), postedInstance);
    }

    // A term: both holders serve, the fifth request goes to the spot market, deposits are back when all is over.
    function test_Life() public {
        _hire();
        address[5] memory want = [alice, alice, bob, bob, address(0)];
        for (uint256 i; i < 5; ++i) {
            Request memory r = asked(instance);
            if (want[i] == address(0)) {
                assertEq(stateOf(r).rung, 1, "beyond the buckets");
                vm.prank(requester);
                market.cancel(r);
                continue;
            }
            assertEq(market.proverOf(stateOf(r).prover), want[i]);
            assertEq(stateOf(r).time, block.timestamp + DUE, "the contract's latency, not the window");
            market.fulfill(fulfillment(r, want[i]));
        }
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + 2 * 0.003 ether);
        assertEq(market.balanceOf(NATIVE, bob), 1 ether + 2 * 0.005 ether);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 0.016 ether);
        vm.warp(START + CHANGE + TERM + DUE + 1 hours);
        tick(instance);
        assertFree(alice, 10 ether);
        assertFree(bob, 10 ether);
    }

    // A holder that is late is followed by the other one, until both have missed too much; then the spot market serves, paid from what both lost.
    function test_MissesSpillOverAtTheHoldersExpense() public {
        _hire();
        Request memory r = asked(instance);
        for (uint256 i; i < 4; ++i) {
            assertEq(market.proverOf(stateOf(r).prover), i % 2 == 0 ? alice : bob);
            vm.warp(stateOf(r).time + 1);
            vm.prank(stranger);
            market.expire(r);
        }
        uint256 lost = 2 * uint256(BOND) + DEPOSIT;
        assertEq(market.ledgerOf(alice).stake, 10 ether - lost);
        assertEq(market.ledgerOf(bob).stake, 10 ether - lost);
        assertEq(market.balanceOf(NATIVE, BURNED), lost);
        assertEq(market.balanceOf(NATIVE, stranger), lost / 10);
        uint256 compensation = 2 * lost * 45 / 100;
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - PRICE + compensation);
        assertEq(stateOf(r).rung, 1);
        assertGt(compensation, PRICE - 0.003 ether, "more than the spot market costs above the contract");
        bidAs(bob, r, 0);
        market.fulfill(fulfillment(r, bob));
    }

    // Walking away when the spot price rises costs bonds and the whole collateral, and the other holder keeps serving.
    function test_Attack_AbandonmentLosesAll() public {
        _hire();
        for (uint256 i; i < 2; ++i) {
            Request memory r = asked(instance);
            vm.warp(stateOf(r).time + 1);
            market.expire(r);
            assertEq(market.proverOf(stateOf(r).prover), bob);
            market.fulfill(fulfillment(r, bob));
        }
        assertFree(alice, 10 ether - DEPOSIT - 2 * uint256(BOND));
        Request memory next = asked(instance);
        assertEq(market.proverOf(stateOf(next).prover), bob);
    }

    // The same stake and capacity back all that a prover promises: sold twice, they fail here first and cost a credit.
    function test_Attack_OversoldCapacityCostsACredit() public {
        _hire();
        vm.prank(alice);
        market.declare(declaration(1));
        Request memory r = asked(instance);
        assertEq(market.proverOf(stateOf(r).prover), bob, "the ticket takes the one slot that is left");
        assertEq(market.ledgerOf(alice).locked, DEPOSIT - DEPOSIT / 10);
    }

    // Who takes its deposit back without asking, once its term is over, does not hold up what comes after it.
    function test_Attack_LeavingByTheBackDoor() public {
        _hire();
        vm.prank(alice);
        market.leave(instance);
        vm.warp(block.timestamp + 31 days);
        vm.prank(alice);
        market.leave(instance);
        Request memory r = asked(instance);
        assertEq(stateOf(r).rung, 1, "nobody holds the contract any more");
        assertFree(alice, 10 ether);
        assertFree(bob, 10 ether);
    }

    function test_Gas() public {
        vm.prank(alice);
        market.bidInstance(instance, 2 ether, DEPOSIT, "");
        vm.snapshotGasLastCall("reserved", "bid_first");
        vm.prank(bob);
        market.bidInstance(instance, 4 ether, DEPOSIT, "");
        vm.snapshotGasLastCall("reserved", "bid_second");
        vm.warp(block.timestamp + CHANGE);
        Request memory r = asked(instance);
        r = request(instance);
        vm.prank(requester);
        market.open(r, "", "");
        vm.snapshotGasLastCall("reserved", "open_awarded");
        market.fulfill(fulfillment(r, alice));
        vm.snapshotGasLastCall("reserved", "fulfill");
        r = asked(instance);
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        vm.snapshotGasLastCall("reserved", "expire_miss_second");
        vm.warp(START + CHANGE + TERM + DUE + 1 hours);
        tick(instance);
        vm.snapshotGasLastCall("reserved", "tick_release_two");
    }

    function _hire() private {
        vm.prank(alice);
        market.bidInstance(instance, 2 ether, DEPOSIT, "");
        vm.prank(bob);
        market.bidInstance(instance, 4 ether, DEPOSIT, "");
        vm.warp(block.timestamp + CHANGE);
    }
}
