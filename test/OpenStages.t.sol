// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {ISupply} from "../contracts/interfaces/ISupply.sol";
import {Answers} from "../contracts/libraries/Answers.sol";
import {Cause, MoveKind, ON_FAILED, ON_PROOF, Shape} from "../contracts/types/Ask.sol";
import {Request} from "../contracts/types/Request.sol";
import {State, Status} from "../contracts/types/State.sol";
import {Hostile} from "./Hostile.t.sol";
import {EvilMechanism} from "./doubles/EvilMechanism.sol";

/// Proofs without an award: what a mechanism may make of them, and what it may not.
contract OpenStagesTest is Hostile {
    function setUp() public override {
        super.setUp();
        evilInstance = _registerEvil(Shape({words: 0, shared: 0, gas: 1_000_000, flags: ON_PROOF | ON_FAILED}), 0);
    }

    /* WHO MAY */

    function test_RevertWhen_InstanceHasNoOpenStage() public {
        Request memory r = request(postedInstance);
        bytes32 id = opened(r);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NoOpenStage.selector, id, postedInstance));
        _prove(r, alice);
    }

    function test_RevertWhen_ProofIsRefused() public {
        Request memory r = evilRequest();
        bytes memory junk = "junk";
        vm.expectPartialRevert(IMarket.ProofRefused.selector);
        market.prove(r, alice, junk, abi.encode(keccak256(junk)));
        assertEq(stateOf(r).bondBps, 0);
    }

    // What the mechanism is told about the proof is true.
    function test_RevertWhen_HashIsAnothers() public {
        Request memory r = evilRequest();
        bytes32 want = keccak256(proof(r));
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongProofHash.selector, bytes32(uint256(1)), want));
        market.prove(r, alice, proof(r), abi.encode(1));
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongProofHash.selector, 0, want));
        market.prove(r, alice, proof(r), "");
    }

    function test_RevertWhen_ItIsTooLateOrNotOpen() public {
        Request memory r = evilRequest();
        vm.warp(r.deadline);
        vm.expectRevert(abi.encodeWithSelector(IMarket.DeadlinePassed.selector, r.deadline, r.deadline));
        _prove(r, alice);
        vm.warp(START);
        awardedBy(r, alice);
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.WrongStatus.selector, market.idOf(r), Status.Awarded, Status.Open)
        );
        _prove(r, bob);
    }

    // A mechanism that does not want a proof keeps it from counting.
    function test_RevertWhen_MechanismRefuses() public {
        Request memory r = evilRequest();
        evil.misbehave(Cause.Proof, EvilMechanism.Mood.Reverts);
        vm.expectPartialRevert(IMarket.MechanismFailed.selector);
        _prove(r, alice);
        assertEq(stateOf(r).bondBps, 0);
    }

    /* MONEY */

    function test_RewardsAndClose_PayOutWhatWasLocked() public {
        Request memory r = evilRequest();
        uint256 before = market.balanceOf(NATIVE, requester);
        tell(Cause.Proof, Answers.reward(alice, 600), Answers.reward(bob, 300));
        _prove(r, alice);
        State memory s = stateOf(r);
        assertEq(uint8(s.status), uint8(Status.Open));
        assertEq(s.price, 900);
        assertEq(s.bondBps, 1);
        assertEq(market.ledgerOf(alice).kept, 1);
        assertEq(market.ledgerOf(bob).kept, 0);

        tell(Cause.Tick, Answers.reward(bob, 100), Answers.close());
        market.tick(r, address(0), "");
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + 600);
        assertEq(market.balanceOf(NATIVE, bob), 1 ether + 400);
        assertEq(market.balanceOf(NATIVE, requester), before + PRICE - 1_000);
    }

    // Who was awarded and failed, on the way to an open stage that others proved, has kept nothing.
    function test_RevertWhen_TheLastThatFailedRecordsWhatOthersProved() public {
        Request memory r = request(_register(address(posted), abi.encode(postedParams()), evilInstance));
        opened(r);
        bidAs(alice, r, 0);
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        tell(Cause.Proof, Answers.close());
        _prove(r, bob);
        State memory s = stateOf(r);
        assertEq(uint8(s.status), uint8(Status.Fulfilled));
        assertEq(s.prover, market.ledgerOf(alice).id);
        Request[] memory requests = new Request[](1);
        requests[0] = r;
        vm.expectRevert(abi.encodeWithSelector(ISupply.NothingToRecord.selector, market.idOf(r)));
        vm.prank(alice);
        market.record(requests);
    }

    function test_RevertWhen_RewardsExceedThePrice() public {
        Request memory r = evilRequest();
        tell(Cause.Proof, Answers.reward(alice, PRICE), Answers.reward(bob, 1));
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooMuch.selector, "price", PRICE + 1, PRICE));
        _prove(r, alice);
    }

    // M21: without a proof nobody is paid, whatever the mechanism says.
    function test_RevertWhen_RewardedWithoutAProof() public {
        Request memory r = evilRequest();
        tell(Cause.Tick, Answers.reward(alice, 1));
        vm.expectRevert(abi.encodeWithSelector(IMarket.MoveRefused.selector, MoveKind.Reward, alice, "no proof"));
        market.tick(r, address(0), "");
        tell(Cause.Bid, Answers.reward(alice, 1));
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IMarket.MoveRefused.selector, MoveKind.Reward, alice, "no proof"));
        market.bid(order(r, bidFor(r, alice, 1)));
    }

    // A failed award's bond share is no proof.
    function test_RevertWhen_RewardedAfterAFailure() public {
        Request memory r = evilRequest();
        awardedBy(r, alice);
        vm.warp(block.timestamp + r.window + 1);
        tell(Cause.Failed, Answers.reward(bob, 1));
        market.expire(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.balanceOf(NATIVE, bob), 1 ether);
    }

    /* A PROVEN REQUEST */

    function test_RevertWhen_ProvenIsCancelledOrAwarded() public {
        Request memory r = evilRequest();
        bytes32 id = market.idOf(r);
        ticketed(r, bob);
        _prove(r, alice);
        tell(Cause.Tick, Answers.award(bob, 1));
        vm.expectRevert(abi.encodeWithSelector(IMarket.AlreadyProven.selector, id, 1));
        market.tick(r, address(0), "");
        tell(Cause.Tick, Answers.release(bob));
        market.tick(r, bob, "");
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IMarket.AlreadyProven.selector, id, 1));
        market.cancel(r);
    }

    // It ends as fulfilled where time ends it, and does not go down its ladder.
    function test_ProvenExpiresAsFulfilled() public {
        uint32 instance = _registerEvil(Shape({words: 0, shared: 0, gas: 1_000_000, flags: ON_PROOF}), postedInstance);
        Request memory r = request(instance);
        opened(r);
        uint256 before = market.balanceOf(NATIVE, requester);
        tell(Cause.Proof, Answers.reward(alice, 5));
        _prove(r, alice);
        vm.warp(r.deadline);
        market.expire(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
        assertEq(market.balanceOf(NATIVE, requester), before + PRICE - 5);
    }

    // Who still has a ticket gets it back afterwards.
    function test_TicketsOutliveTheClose() public {
        Request memory r = evilRequest();
        ticketed(r, bob);
        tell(Cause.Proof, Answers.reward(alice, 5), Answers.close());
        _prove(r, alice);
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
        assertEq(market.ledgerOf(bob).locked, DEPOSIT);
        tell(Cause.Tick, Answers.release(bob));
        market.tick(r, bob, "");
        assertEq(market.ledgerOf(bob).locked, 0);
        assertEq(market.ledgerOf(bob).busy, 0);
    }

    // The tip goes to whoever brings the proof that ends it.
    function test_TipGoesToTheBringer() public {
        Request memory r = request(evilInstance);
        r.tip = 77;
        opened(r);
        tell(Cause.Proof, Answers.reward(alice, 5), Answers.close());
        vm.prank(stranger);
        _prove(r, alice);
        assertEq(market.balanceOf(NATIVE, stranger), 77);
    }

    // P1: it is the author that is paid, who is not whoever brings it.
    function test_ProofIsBroughtByAnyone() public {
        Request memory r = evilRequest();
        vm.expectEmit(true, true, false, true);
        emit IMarket.Proven(market.idOf(r), alice, proof(r));
        vm.prank(stranger);
        _prove(r, alice);
    }

    function _prove(Request memory r, address prover) private {
        market.prove(r, prover, proof(r), abi.encode(keccak256(proof(r))));
    }
}
