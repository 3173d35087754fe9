// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAnnex} from "../contracts/interfaces/IAnnex.sol";
import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {IRequests} from "../contracts/interfaces/IRequests.sol";
import {IRegistry} from "../contracts/interfaces/IRegistry.sol";
import {Fulfillment} from "../contracts/types/Bid.sol";
import {Ledger} from "../contracts/types/Prover.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";
import {BindingVerifier} from "./doubles/BindingVerifier.sol";

/// How awards end: with a proof, or without one.
contract SettlementTest is Base {
    uint256 private constant WEALTH = 100 ether;

    /* FULFIL */

    function test_Fulfill() public {
        Request memory r = _dutch(50);
        bytes32 id = market.idOf(r);
        uint88 price = stateOf(r).price;
        assertLt(price, PRICE);
        vm.expectEmit(address(market));
        emit IMarket.Fulfilled(id, alice, price, proof(r));
        vm.prank(stranger);
        assertEq(market.fulfill(fulfillment(r, alice)), 1);
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + price);
        assertEq(market.balanceOf(NATIVE, requester), WEALTH - price);
        assertEq(market.balanceOf(NATIVE, stranger), 0);
        Ledger memory l = market.ledgerOf(alice);
        assertEq(abi.encode(l.stake, l.locked, l.busy, l.kept, l.failed), abi.encode(10 ether, 0, 0, 1, 0));
    }

    function test_Fulfill_Many() public {
        Fulfillment[] memory items = new Fulfillment[](5);
        for (uint256 i; i < 5; ++i) {
            address prover = i % 2 == 0 ? alice : bob;
            Request memory r = awarded(prover);
            items[i] = Fulfillment(r, prover, proof(r));
        }
        assertEq(market.fulfill(items), 5);
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + 3 * PRICE);
        assertEq(market.balanceOf(NATIVE, bob), 1 ether + 2 * PRICE);
    }

    // P10, E17, I37: each item of a batch has its own verdict, wherever it stands.
    function test_Fulfill_PoisonedItemsHarmNobody() public {
        for (uint256 bad; bad < 4; ++bad) {
            Fulfillment[] memory items = new Fulfillment[](4);
            for (uint256 i; i < 4; ++i) {
                Request memory r = awarded(alice);
                items[i] = Fulfillment(r, alice, i == bad ? bytes("poison") : proof(r));
            }
            vm.expectEmit(true, true, true, false, address(market));
            emit IMarket.FulfillmentRejected(market.idOf(items[bad].request), "");
            assertEq(market.fulfill(items), 3);
            for (uint256 i; i < 4; ++i) {
                assertEq(uint8(statusOf(items[i].request)), uint8(i == bad ? Status.Awarded : Status.Fulfilled));
            }
        }
    }

    // P10: one item each of every kind that cannot be settled.
    function test_Fulfill_EveryKindOfPoison() public {
        Fulfillment[] memory items = new Fulfillment[](6);
        Request memory late = _short(alice);
        Request memory unopened = request(postedInstance);
        Request memory unawarded = request(postedInstance);
        opened(unawarded);
        Request memory good = awarded(bob);
        vm.warp(stateOf(late).time + 1);
        items[0] = Fulfillment(late, alice, proof(late));
        items[1] = Fulfillment(unopened, alice, proof(unopened));
        items[2] = Fulfillment(unawarded, alice, proof(unawarded));
        items[3] = Fulfillment(good, alice, proof(good));
        items[4] = Fulfillment(good, bob, proof(good));
        items[5] = items[4]; // S2: and one that is settled already.
        assertEq(market.fulfill(items), 1);
        assertEq(market.balanceOf(NATIVE, bob), 1 ether + PRICE);
        assertEq(market.balanceOf(NATIVE, alice), 1 ether);
    }

    function test_RevertWhen_NothingIsSettled() public {
        vm.expectRevert(IMarket.EmptyBatch.selector);
        market.fulfill(new Fulfillment[](0));
        Fulfillment[] memory items = new Fulfillment[](2);
        Request memory r = request(postedInstance);
        items[0] = Fulfillment(r, alice, proof(r));
        items[1] = Fulfillment(awarded(alice), bob, proof(r));
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.WrongStatus.selector, market.idOf(r), Status.None, Status.Awarded)
        );
        market.fulfill(items);
    }

    // P1, I17: whoever brings a proof, it pays the prover it was awarded to.
    function test_Fulfill_StolenProofPaysItsProver() public {
        Request memory r = awarded(alice);
        bytes32 id = market.idOf(r);
        vm.startPrank(bob);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongProver.selector, id, bob));
        market.fulfill(fulfillment(r, bob));
        address nobody = makeAddr("nobody");
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongProver.selector, id, nobody));
        market.fulfill(fulfillment(r, nobody));
        market.fulfill(fulfillment(r, alice));
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + PRICE);
        assertEq(market.balanceOf(NATIVE, bob), 1 ether);
    }

    // P3, I16: with a proof system that binds, the proof of one request, or of another prover, is none of this one.
    function test_RevertWhen_ProofIsOfAnotherRequestOrProver() public {
        BindingVerifier binding = new BindingVerifier();
        verifier = market.registerVerifier(address(binding), 100_000);
        postedInstance = _register(address(posted), abi.encode(postedParams()));
        Request memory a = request(postedInstance);
        Request memory b = request(postedInstance);
        b.statement = a.statement;
        opened(a);
        opened(b);
        bidAs(alice, a, 0);
        bidAs(alice, b, 0);
        Fulfillment[] memory items = new Fulfillment[](1);
        items[0] = Fulfillment(b, alice, _bound(a, alice));
        vm.expectPartialRevert(IMarket.ProofRefused.selector);
        market.fulfill(items);
        items[0].proof = _bound(b, bob);
        vm.expectPartialRevert(IMarket.ProofRefused.selector);
        market.fulfill(items);
        items[0].proof = _bound(b, alice);
        assertEq(market.fulfill(items), 1);
    }

    /* EXACTLY ONE DOOR */

    // M9, I13: up to the due second a proof is in time, from the next on the award has failed; never both, never neither.
    function test_Due_ExactlyOneDoorIsOpen() public {
        for (uint256 i; i < 3; ++i) {
            Request memory r = awarded(alice);
            uint40 due = stateOf(r).time;
            vm.warp(due + i - 1);
            uint256 now_ = vm.snapshotState();
            bool fulfils = _try(abi.encodeCall(IRequests.fulfill, (fulfillment(r, alice))));
            vm.revertToState(now_);
            bool expires = _try(abi.encodeCall(IAnnex.expire, (r)));
            vm.revertToState(now_);
            assertEq(fulfils, i <= 1);
            assertEq(expires, i == 2);
            vm.warp(START);
        }
    }

    // The same where the deadline ends the window, and with every distance in between (I13).
    function testFuzz_Due_ExactlyOneDoorIsOpen(uint32 window, uint256 moment) public {
        Request memory r = request(postedInstance);
        r.work = 1;
        r.window = uint32(bound(window, 1, 2 hours));
        opened(r);
        bidAs(alice, r, 0);
        vm.warp(bound(moment, block.timestamp, block.timestamp + 3 hours));
        uint256 now_ = vm.snapshotState();
        bool fulfils = _try(abi.encodeCall(IRequests.fulfill, (fulfillment(r, alice))));
        vm.revertToState(now_);
        bool expires = _try(abi.encodeCall(IAnnex.expire, (r)));
        assertTrue(fulfils != expires);
    }

    // M9: of an open request, up to the deadline it can be awarded, from it on it is refunded.
    function test_Deadline_ExactlyOneDoorIsOpen() public {
        Request memory r = request(postedInstance);
        (r.work, r.deadline) = (1, START + 50);
        opened(r);
        vm.warp(r.deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotDue.selector, r.deadline - 1, r.deadline));
        market.expire(r);
        vm.warp(r.deadline);
        market.expire(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.balanceOf(NATIVE, requester), WEALTH);
    }

    // P7: nothing of it can be replayed afterwards.
    function test_RevertWhen_SettledAfterItEnded() public {
        Request memory r = awarded(alice);
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        bytes32 id = market.idOf(r);
        bytes memory over = abi.encodeWithSelector(IMarket.WrongStatus.selector, id, Status.Closed, Status.Awarded);
        vm.expectRevert(over);
        market.fulfill(fulfillment(r, alice));
        vm.expectRevert(over);
        market.expire(r);
        vm.warp(START);
        vm.expectRevert(over);
        market.fulfill(fulfillment(r, alice));
    }

    /* SLASH */

    // S3, S8, I27: to the wei, in the stake token, and the escrow goes back.
    function testFuzz_Expire_Splits(uint80 bond) public {
        bond = uint80(bound(bond, 0, 1 ether));
        Request memory r = request(postedInstance);
        r.bond = bond;
        opened(r);
        bidAs(alice, r, 0);
        vm.warp(stateOf(r).time + 1);
        uint256 tip = uint256(bond) / 20;
        uint256 compensation = uint256(bond) * 9 / 20;
        uint256 burned = bond - tip - compensation;
        vm.expectEmit(address(market));
        emit IMarket.Slashed(market.idOf(r), alice, burned, compensation, tip, stranger);
        vm.prank(stranger);
        market.expire(r);
        assertGe(burned, tip + compensation);
        assertEq(market.balanceOf(NATIVE, BURNED), burned);
        assertEq(market.balanceOf(NATIVE, stranger), tip);
        assertEq(market.balanceOf(NATIVE, requester), WEALTH + compensation);
        Ledger memory l = market.ledgerOf(alice);
        assertEq(abi.encode(l.stake, l.locked, l.busy, l.kept, l.failed), abi.encode(10 ether - bond, 0, 0, 0, 1));
    }

    // S6, M15, M21, I28: requester, prover and caller in one hand lose at least half of the bond by failing.
    function test_Expire_SelfSlashNeverPays() public {
        _fund(alice, 1 ether);
        uint256 before = _wealth(alice);
        Request memory r = request(postedInstance);
        r.requester = alice;
        r.tip = 1_000;
        opened(r);
        bidAs(alice, r, 0);
        vm.warp(stateOf(r).time + 1);
        vm.prank(alice);
        market.expire(r);
        assertEq(_wealth(alice), before - BOND / 2);
        // Nor does succeeding pay: it moves its own money.
        r = request(postedInstance);
        r.requester = alice;
        opened(r);
        bidAs(alice, r, 0);
        before = _wealth(alice);
        market.fulfill(fulfillment(r, alice));
        assertEq(_wealth(alice), before + PRICE); // What its request had locked.
    }

    // S2, I26: once, and only for a fault.
    function test_RevertWhen_SlashedWithoutAFault() public {
        Request memory r = awarded(alice);
        uint40 due = stateOf(r).time;
        vm.warp(due);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotDue.selector, due, due + 1));
        market.expire(r);
        market.fulfill(fulfillment(r, alice));
        vm.warp(due + 1);
        bytes32 id = market.idOf(r);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongStatus.selector, id, Status.Fulfilled, Status.Awarded));
        market.expire(r);
        assertEq(market.ledgerOf(alice).stake, 10 ether);
    }

    // The record stops counting where its bits end.
    function test_Record_Saturates() public {
        Request memory r = awarded(alice);
        bytes32 full = bytes32(uint256(type(uint16).max) << 224 | uint256(type(uint16).max) << 240);
        Request memory failing = awarded(alice);
        bytes32 slot = _ledgerSlot(alice);
        vm.store(address(market), slot, vm.load(address(market), slot) | full);
        market.fulfill(fulfillment(r, alice));
        vm.warp(stateOf(failing).time + 1);
        market.expire(failing);
        assertEq(market.ledgerOf(alice).kept, type(uint16).max);
        assertEq(market.ledgerOf(alice).failed, type(uint16).max);
    }

    /* FROZEN */

    // V9, S7: frozen between award and proof: nobody is paid, nobody is slashed, the requester has its money back.
    function test_Frozen_ExcusesTheProver() public {
        Request memory r = awarded(alice);
        market.freezeVerifier(verifier);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.VerifierIsFrozen.selector, verifier));
        market.fulfill(fulfillment(r, alice));
        vm.warp(stateOf(r).time + 1);
        vm.expectEmit(address(market));
        emit IMarket.Excused(market.idOf(r), alice);
        vm.prank(stranger);
        market.expire(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.balanceOf(NATIVE, requester), WEALTH);
        Ledger memory l = market.ledgerOf(alice);
        assertEq(abi.encode(l.stake, l.locked, l.busy, l.kept, l.failed), abi.encode(10 ether, 0, 0, 0, 0));
    }

    /* RECLAIM */

    function test_RevertWhen_ReclaimingFromARunningRequest() public {
        Request memory r = request(postedInstance);
        opened(r);
        bytes32 id = market.idOf(r);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongStatus.selector, id, Status.Open, Status.Closed));
        market.reclaim(r, alice);
        vm.warp(r.deadline + 1 days);
        market.expire(r);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NoTicket.selector, id, alice));
        market.reclaim(r, alice);
    }

    // K15: the part of `expire` that asks the mechanism is nobody else's to call.
    function test_RevertWhen_SucceedIsCalledByAnother() public {
        Request memory r = awarded(alice);
        vm.expectRevert(abi.encodeWithSelector(IMarket.OnlySelf.selector, address(this)));
        market.succeed(r, alice, bob);
    }

    function _try(bytes memory call) private returns (bool ok) {
        (ok,) = address(market).call(call);
    }

    function _wealth(address account) private view returns (uint256) {
        return market.balanceOf(NATIVE, account) + market.ledgerOf(account).stake;
    }

    function _bound(Request memory r, address prover) private view returns (bytes memory) {
        return abi.encode(r.statement, keccak256(abi.encode(market.idOf(r), prover)));
    }

    /// Awarded at a part of its price.
    function _dutch(uint256 elapsed) private returns (Request memory r) {
        r = request(dutchInstance);
        opened(r);
        vm.warp(block.timestamp + elapsed);
        bidAs(alice, r, 0);
    }

    /// Awarded for a minute.
    function _short(address prover) private returns (Request memory r) {
        r = request(postedInstance);
        (r.window, r.work) = (60, 1);
        opened(r);
        bidAs(prover, r, 0);
    }

    /// Where a ledger lies: found by what is in it, whatever the layout.
    function _ledgerSlot(address prover) private returns (bytes32) {
        vm.record();
        market.ledgerOf(prover);
        (bytes32[] memory reads,) = vm.accesses(address(market));
        return reads[reads.length - 1];
    }
}
