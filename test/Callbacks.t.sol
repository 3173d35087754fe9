// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IEscrow} from "../contracts/interfaces/IEscrow.sol";
import {IAnnex} from "../contracts/interfaces/IAnnex.sol";
import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {IRequests} from "../contracts/interfaces/IRequests.sol";
import {IRegistry} from "../contracts/interfaces/IRegistry.sol";
import {ISupply} from "../contracts/interfaces/ISupply.sol";
import {Bid, Fulfillment} from "../contracts/types/Bid.sol";
import {Ledger} from "../contracts/types/Prover.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";
import {EvilCallback} from "./doubles/EvilCallback.sol";

/// Who is told of a fulfilment, and what it can do with that.
contract CallbacksTest is Base {
    uint32 private constant GRANT = 200_000;

    EvilCallback internal callback;

    function setUp() public override {
        super.setUp();
        callback = new EvilCallback();
    }

    // P8, P9: it is told what was verified, byte for byte.
    function test_Callback() public {
        Request memory r = _awarded(alice);
        market.fulfill(fulfillment(r, alice));
        assertEq(callback.told(), 1);
        assertEq(callback.id(), market.idOf(r));
        assertEq(callback.statement(), r.statement);
        assertEq(callback.proof(), proof(r));
    }

    // G2, G3, K18: one that reverts, burns its gas or floods harms neither the prover nor the rest of the batch.
    function test_Callback_FailureHarmsNobody() public {
        for (uint8 i = 1; i <= uint8(EvilCallback.Mood.Floods); ++i) {
            callback.misbehave(EvilCallback.Mood(i));
            Request memory r = _awarded(alice);
            Request memory other = awarded(bob);
            Fulfillment[] memory items = new Fulfillment[](2);
            items[0] = Fulfillment(r, alice, proof(r));
            items[1] = Fulfillment(other, bob, proof(other));
            vm.expectEmit(address(market));
            emit IMarket.CallbackFailed(market.idOf(r));
            assertEq(market.fulfill(items), 2);
            assertLt(vm.lastCallGas().gasTotalUsed, GRANT + 400_000);
            assertEq(market.balanceOf(NATIVE, alice), 1 ether + uint256(PRICE) * i);
            assertEq(market.balanceOf(NATIVE, bob), 1 ether + uint256(PRICE) * i);
            assertEq(callback.told(), 0);
        }
    }

    // An account without code is told nothing, and that is no failure.
    function test_Callback_ToAnAccount() public {
        Request memory r = request(postedInstance);
        (r.callback, r.callbackGas) = (stranger, GRANT);
        opened(r);
        bidAs(alice, r, 0);
        vm.recordLogs();
        market.fulfill(fulfillment(r, alice));
        assertEq(vm.getRecordedLogs().length, 1);
    }

    // K13, K14: the market, or a token it holds, as the callback does nothing.
    function test_Callback_ToTheMarketItself() public {
        Request memory r = request(postedInstance);
        (r.callback, r.callbackGas) = (address(market), GRANT);
        opened(r);
        bidAs(alice, r, 0);
        vm.expectEmit(address(market));
        emit IMarket.CallbackFailed(market.idOf(r));
        market.fulfill(fulfillment(r, alice));
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
    }

    // G3, G4, I38: it is let into nothing that touches requests or balances, and reads nothing that is in motion.
    function test_Callback_CannotReenter() public {
        Request memory r = _awarded(alice, 1_000_000);
        Request memory other = awarded(alice);
        bytes[] memory calls = new bytes[](7);
        calls[0] = abi.encodeCall(IRequests.fulfill, (fulfillment(other, alice)));
        calls[1] = abi.encodeCall(IEscrow.withdraw, (NATIVE, address(callback), 0));
        calls[2] = abi.encodeCall(IAnnex.expire, (other));
        calls[3] = abi.encodeCall(IAnnex.bid, (order(other, bidFor(other, alice, 0))));
        calls[4] = abi.encodeCall(IRequests.open, (other, "", ""));
        calls[5] = abi.encodeCall(IRequests.stateOf, (market.idOf(other)));
        calls[6] = abi.encodeCall(IEscrow.balanceOf, (NATIVE, alice));
        callback.plan(address(market), calls);
        callback.misbehave(EvilCallback.Mood.Calls);
        market.fulfill(fulfillment(r, alice));
        assertEq(callback.outcomeCount(), calls.length);
        for (uint256 i; i < calls.length; ++i) {
            assertEq(callback.outcomes(i), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        }
        assertEq(uint8(statusOf(other)), uint8(Status.Awarded));
    }

    // G3: what it is let into is its own supply; the ledgers it reads are those after the settlement.
    function test_Callback_MayBeAProverItself() public {
        _fund(address(callback), 2 ether);
        bytes[] memory calls = new bytes[](3);
        calls[0] = abi.encodeCall(ISupply.declare, (declaration(1)));
        calls[1] = abi.encodeCall(ISupply.stake, (2 ether));
        calls[2] = abi.encodeCall(ISupply.unstake, (1 ether));
        callback.plan(address(market), calls);
        callback.misbehave(EvilCallback.Mood.Calls);
        Request memory r = _awarded(alice, 1_000_000);
        market.fulfill(fulfillment(r, alice));
        for (uint256 i; i < 3; ++i) {
            assertEq(callback.outcomes(i), bytes4(0));
        }
        assertEq(market.ledgerOf(address(callback)).stake, 1 ether);
        assertEq(market.balanceOf(NATIVE, address(callback)), 0);
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + PRICE);
    }

    // G3, I25: the prover itself, told in the middle of a batch, takes out all stake that is free by then and changes its terms: the
    // rest of the batch counts from what it left, and what is still locked stays.
    function test_Callback_TheProverMovesItsStakeMidway() public {
        address prover = address(callback);
        _enlist(prover);
        Fulfillment[] memory items = new Fulfillment[](2);
        for (uint256 i; i < 2; ++i) {
            Request memory r = _awarded(prover, 1_000_000);
            items[i] = Fulfillment(r, prover, proof(r));
        }
        Request memory left = _awarded(prover, 1_000_000);
        bytes[] memory calls = new bytes[](4);
        calls[0] = abi.encodeCall(ISupply.unstake, (10 ether - 2 * BOND));
        calls[1] = abi.encodeCall(ISupply.unstake, (1));
        calls[2] = abi.encodeCall(ISupply.declare, (declaration(0)));
        calls[3] = abi.encodeCall(IRegistry.registerVerifier, (address(nullVerifier), 100_000));
        callback.plan(address(market), calls);
        callback.misbehave(EvilCallback.Mood.Calls);
        assertEq(market.fulfill(items), 2);

        // In both rounds: the second unstake finds what the second settlement freed, and no more.
        assertEq(callback.outcomeCount(), 8);
        assertEq(callback.outcomes(0), bytes4(0));
        assertEq(callback.outcomes(1), ISupply.InsufficientStake.selector);
        assertEq(callback.outcomes(4), ISupply.InsufficientStake.selector);
        assertEq(callback.outcomes(5), bytes4(0));
        Ledger memory l = market.ledgerOf(prover);
        assertEq(abi.encode(l.stake, l.locked, l.busy, l.kept), abi.encode(2 * BOND - 1, BOND, 1, 2));
        assertEq(l.concurrency, 0);
        assertEq(market.balanceOf(NATIVE, prover), 1 ether + 2 * uint256(PRICE));
        vm.warp(stateOf(left).time + 1);
        market.expire(left);
        assertEq(market.ledgerOf(prover).stake, BOND - 1);
    }

    // G5: two settlements of one transaction know nothing of each other.
    function test_Callback_TwiceInOneCall() public {
        Fulfillment[] memory items = new Fulfillment[](2);
        for (uint256 i; i < 2; ++i) {
            Request memory r = _awarded(alice);
            items[i] = Fulfillment(r, alice, proof(r));
        }
        assertEq(market.fulfill(items), 2);
        assertEq(callback.told(), 2);
        assertEq(callback.id(), market.idOf(items[1].request));
    }

    // G1: whatever gas the caller brings, either nothing happens or the callback has had all that it was promised.
    function test_Callback_IsNeverStarved() public {
        Request memory r = _awarded(alice);
        bytes memory call = abi.encodeCall(IRequests.fulfill, (fulfillment(r, alice)));
        uint256 fresh = vm.snapshotState();
        uint256 settled;
        uint256 refused;
        for (uint256 gas = 40_000; gas <= 1_000_000; gas += 2_500) {
            (bool ok,) = address(market).call{gas: gas}(call);
            if (ok) {
                ++settled;
                assertEq(callback.told(), 1);
                assertGe(callback.gas() + 1_000, GRANT);
            } else {
                ++refused;
                assertEq(callback.told(), 0);
                assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
            }
            vm.revertToState(fresh);
        }
        assertGt(settled, 50);
        assertGt(refused, 50);
    }

    // G1: likewise a mechanism that has a standby to name: no gas makes `expire` pass over it.
    function test_Expire_StandbyIsNeverPassedOver() public {
        Request memory r = _withStandby();
        vm.warp(stateOf(r).time + 1);
        bytes memory call = abi.encodeCall(IAnnex.expire, (r));
        uint256 fresh = vm.snapshotState();
        uint256 moved;
        uint256 refused;
        for (uint256 gas = 40_000; gas <= 1_200_000; gas += 2_500) {
            (bool ok,) = address(market).call{gas: gas}(call);
            if (ok) {
                ++moved;
                assertEq(stateOf(r).prover, market.ledgerOf(bob).id);
                assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
            } else {
                ++refused;
                assertEq(market.ledgerOf(alice).failed, 0);
            }
            vm.revertToState(fresh);
        }
        assertGt(moved, 50);
        assertGt(refused, 50);
    }

    // G1: of a verifier with too little gas, nothing follows but that the item waits.
    function test_Verifier_StarvedIsNoVerdict() public {
        Request memory r = awarded(alice);
        bytes memory call = abi.encodeCall(IRequests.fulfill, (fulfillment(r, alice)));
        uint256 fresh = vm.snapshotState();
        for (uint256 gas = 30_000; gas <= 200_000; gas += 1_000) {
            (bool ok,) = address(market).call{gas: gas}(call);
            assertEq(uint8(statusOf(r)), uint8(ok ? Status.Fulfilled : Status.Awarded));
            vm.revertToState(fresh);
        }
        market.fulfill(fulfillment(r, alice));
    }

    function _awarded(address prover) private returns (Request memory r) {
        return _awarded(prover, GRANT);
    }

    function _awarded(address prover, uint32 grant) private returns (Request memory r) {
        r = request(postedInstance);
        (r.callback, r.callbackGas) = (address(callback), grant);
        opened(r);
        bidAs(prover, r, 0);
    }

    /// Awarded to Alice under sealed bids, with Bob as its standby.
    function _withStandby() private returns (Request memory r) {
        r = request(sealedInstance);
        opened(r);
        _sealedBid(r, alice, 0, sealedBid.commitment(market.idOf(r), alice, 1_000, "salt"));
        _sealedBid(r, bob, 0, sealedBid.commitment(market.idOf(r), bob, 2_000, "salt"));
        vm.warp(block.timestamp + 61);
        _sealedBid(r, alice, 1_000, "salt");
        _sealedBid(r, bob, 2_000, "salt");
        market.tick(r, address(0), "");
        assertEq(stateOf(r).prover, market.ledgerOf(alice).id);
    }

    function _sealedBid(Request memory r, address prover, uint88 price, bytes32 data) private {
        Bid memory b = bidFor(r, prover, price);
        b.data = abi.encode(data);
        vm.prank(prover);
        market.bid(order(r, b));
    }
}
