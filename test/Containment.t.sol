// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../contracts/interfaces/IEscrow.sol";
import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {IRequests} from "../contracts/interfaces/IRequests.sol";
import {ISupply} from "../contracts/interfaces/ISupply.sol";
import {Answers} from "../contracts/libraries/Answers.sol";
import {Cause, DRAWS, ON_FAILED, ON_OPEN, Shape} from "../contracts/types/Ask.sol";
import {Order} from "../contracts/types/Bid.sol";
import {Setup} from "../contracts/types/Instance.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Hostile} from "./Hostile.t.sol";
import {EvilMechanism} from "./doubles/EvilMechanism.sol";
import {Metamorph} from "./doubles/Metamorph.sol";

/// M19, I20, I35: whatever a mechanism does, its requests end and its provers' tickets come back, through calls that do
/// not ask it.
contract ContainmentTest is Hostile {
    uint256 private constant MOODS = 7;

    // Open: its requester can cancel, and anyone can end it at the deadline.
    function test_Open_EndsWithoutTheMechanism() public {
        for (uint256 i = 1; i < MOODS; ++i) {
            Request memory r = evilRequest();
            Request memory other = evilRequest();
            _misbehave(i);
            _expectFailure(i);
            this.bid(alice, r);
            _expectFailure(i);
            market.tick(r, address(0), "");
            _expectFailure(i);
            market.peek(r, address(0), "");
            vm.prank(requester);
            market.cancel(other);

            vm.warp(r.deadline);
            vm.prank(stranger);
            market.expire(r);
            assertEq(uint8(statusOf(r)), uint8(Status.Closed));
            assertEq(market.balanceOf(NATIVE, requester), 100 ether);
        }
    }

    // With a deposit: the same, and the deposit comes back a day later.
    function test_Ticket_ComesBackWithoutTheMechanism() public {
        for (uint256 i = 1; i < MOODS; ++i) {
            Request memory r = evilRequest();
            ticketed(r, alice);
            _misbehave(i);
            _expectFailure(i);
            market.tick(r, alice, "");
            vm.warp(r.deadline);
            market.expire(r);
            assertEq(market.balanceOf(NATIVE, requester), 100 ether);
            _expectFailure(i);
            market.tick(r, alice, "");

            uint256 notBefore = uint256(r.deadline) + 1 days;
            vm.warp(notBefore - 1);
            vm.expectRevert(abi.encodeWithSelector(ISupply.TooEarly.selector, notBefore - 1, notBefore));
            market.reclaim(r, alice);
            vm.warp(notBefore);
            market.reclaim(r, alice);
            assertEq(market.ledgerOf(alice).locked, 0);
            assertEq(market.ledgerOf(alice).busy, 0);
            assertEq(market.ledgerOf(alice).stake, 10 ether);
            vm.expectRevert(abi.encodeWithSelector(IMarket.NoTicket.selector, market.idOf(r), alice));
            market.reclaim(r, alice);
        }
    }

    // Awarded: fulfilment does not ask it.
    function test_Awarded_IsFulfilledWithoutTheMechanism() public {
        Request memory r;
        for (uint256 i = 1; i < MOODS; ++i) {
            r = evilRequest();
            awardedBy(r, alice);
            _misbehave(i);
            market.fulfill(fulfillment(r, alice));
            assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
        }
        r = evilRequest();
        awardedBy(r, alice);
        vm.etch(address(evil), "");
        market.fulfill(fulfillment(r, alice));
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
    }

    // Failed: the fault is punished and the request goes down its ladder, although the mechanism has nothing to say.
    function test_Failed_MovesOnWithoutTheMechanism() public {
        evilInstance = _registerEvil(Shape(0, 0, 1_000_000, ON_FAILED), postedInstance);
        for (uint256 i = 1; i < MOODS; ++i) {
            Request memory r = evilRequest();
            awardedBy(r, alice);
            _misbehave(i);
            vm.warp(stateOf(r).time + 1);
            vm.prank(stranger);
            market.expire(r);
            assertEq(uint8(statusOf(r)), uint8(Status.Open));
            assertEq(stateOf(r).instance, postedInstance);
            assertEq(market.ledgerOf(alice).failed, i);
            bidAs(bob, r, 0);
            market.fulfill(fulfillment(r, bob));
        }
    }

    // Failed, with a deposit standing: it waits for its deadline, and no longer.
    function test_Failed_WithADepositStanding() public {
        for (uint256 i = 1; i < MOODS; ++i) {
            Request memory r = evilRequest();
            ticketed(r, bob);
            awardedBy(r, alice);
            _misbehave(i);
            vm.warp(stateOf(r).time + 1);
            market.expire(r);
            assertEq(uint8(statusOf(r)), uint8(Status.Open));
            assertEq(stateOf(r).holds, 1);
            vm.warp(r.deadline);
            market.expire(r);
            assertEq(uint8(statusOf(r)), uint8(Status.Closed));
            vm.warp(r.deadline + 1 days);
            market.reclaim(r, bob);
            assertEq(market.ledgerOf(bob).locked, 0);
        }
    }

    // A fallback that refuses to open holds the failed request until its deadline at most.
    function test_Failed_FallbackIsHostile() public {
        uint32 below = _registerEvil(Shape(0, 0, 1_000_000, ON_OPEN), 0);
        evilInstance = _registerEvil(Shape(0, 0, 1_000_000, 0), below);
        for (uint256 i = 1; i < MOODS; ++i) {
            Request memory r = evilRequest();
            awardedBy(r, alice);
            _misbehave(i);
            vm.warp(r.deadline + 1);
            market.expire(r);
            assertEq(uint8(statusOf(r)), uint8(Status.Closed));
            assertEq(market.ledgerOf(alice).failed, i);
        }
    }

    // A mechanism wastes the gas that its instance names, not more.
    function test_GasIsCapped() public {
        Request memory r = evilRequest();
        evil.misbehaveAlways(EvilMechanism.Mood.Burns);
        vm.expectPartialRevert(IMarket.MechanismFailed.selector);
        market.tick(r, address(0), "");
        assertLt(vm.lastCallGas().gasTotalUsed, 1_150_000);
    }

    // G2: its error is passed on, cut to a kilobyte; an answer above 16 KiB is none.
    function test_FloodIsCut() public {
        evilInstance = _registerEvil(Shape(0, 0, 10_000_000, 0), 0);
        Request memory r = evilRequest();
        evil.misbehaveAlways(EvilMechanism.Mood.Floods);
        try market.tick(r, address(0), "") {
            fail();
        } catch (bytes memory why) {
            assertEq(bytes4(why), IMarket.MechanismFailed.selector);
            assertLt(why.length, 1_200);
        }
    }

    // I19, V12: it cannot write, nor call the market, nor see what is in motion (G4).
    function test_CannotReenter() public {
        Request memory r = evilRequest();
        Request memory other = awarded(alice);
        bytes[6] memory calls = [
            abi.encodeCall(IEscrow.withdraw, (NATIVE, address(evil), 0)),
            abi.encodeCall(IRequests.fulfill, (fulfillment(other, alice))),
            abi.encodeCall(ISupply.declare, (declaration(1))),
            abi.encodeCall(EvilMechanism.misbehaveAlways, (EvilMechanism.Mood.Obeys)),
            abi.encodeCall(IRequests.stateOf, (market.idOf(other))),
            abi.encodeCall(IEscrow.balanceOf, (NATIVE, requester))
        ];
        for (uint256 i; i < calls.length; ++i) {
            evil.reenter(Cause.Tick, i == 3 ? address(evil) : address(market), calls[i]);
            vm.expectPartialRevert(IMarket.MechanismFailed.selector);
            market.tick(r, address(0), "");
        }
    }

    // I6, V1 of Morpho's "markets are independent": hostile moves in one instance leave requests of others alone.
    function test_OtherInstancesGoOn() public {
        Request memory r = awarded(bob);
        Request memory mine = evilRequest();
        for (uint256 i = 1; i < MOODS; ++i) {
            _misbehave(i);
            _expectFailure(i);
            market.tick(mine, address(0), "");
        }
        market.fulfill(fulfillment(r, bob));
        assertEq(market.balanceOf(NATIVE, bob), 1 ether + PRICE);
    }

    /* CHANGED CODE */

    // G6: the code of a mechanism is checked whenever it is asked.
    function test_RevertWhen_CodeChanged() public {
        Request memory r = evilRequest();
        bytes32 want = address(evil).codehash;
        bytes[2] memory codes = [address(posted).code, bytes("")];
        for (uint256 i; i < codes.length; ++i) {
            vm.etch(address(evil), codes[i]);
            vm.expectRevert(
                abi.encodeWithSelector(IMarket.CodeChanged.selector, address(evil), address(evil).codehash, want)
            );
            market.tick(r, address(0), "");
        }
        vm.prank(requester);
        market.cancel(r);
    }

    // G6: code that vanishes with the transaction that registered it, and comes back as other code.
    function test_RevertWhen_CodeVanishedAndReappeared() public {
        Metamorph morph = new Metamorph();
        Setup memory s = setup(address(0), "", 0);
        uint32 instance = morph.registerAndVanish(market, s);
        address mechanism = market.configOf(instance, 1).mechanism;
        bytes32 want = market.configOf(instance, 1).codehash;
        assertEq(mechanism.code.length, 0);

        assertEq(morph.reappear(address(evil)), mechanism);
        assertEq(mechanism.code, address(evil).code);
        EvilMechanism(mechanism).obey(Cause.Bid, Answers.only(Answers.award(alice, PRICE)));
        Request memory r = request(instance);
        opened(r);
        vm.expectRevert(abi.encodeWithSelector(IMarket.CodeChanged.selector, mechanism, mechanism.codehash, want));
        this.bid(alice, r);
        vm.warp(r.deadline);
        market.expire(r);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether);
    }

    function bid(address prover, Request memory r) external {
        Order[] memory orders = order(r, bidFor(r, prover, 1));
        vm.prank(prover);
        market.bid(orders);
    }

    function _misbehave(uint256 mood) private {
        if (EvilMechanism.Mood(mood) != EvilMechanism.Mood.Calls) {
            evil.misbehaveAlways(EvilMechanism.Mood(mood));
            return;
        }
        for (uint8 i; i <= uint8(Cause.Proof); ++i) {
            evil.reenter(Cause(i), address(market), abi.encodeCall(IEscrow.withdraw, (NATIVE, address(evil), 0)));
        }
    }

    /// The market says which mechanism failed, and how.
    function _expectFailure(uint256 mood) private {
        EvilMechanism.Mood m = EvilMechanism.Mood(mood);
        if (m == EvilMechanism.Mood.Garbles || m == EvilMechanism.Mood.Empty) {
            vm.expectPartialRevert(IMarket.MalformedAnswer.selector);
        } else {
            vm.expectPartialRevert(IMarket.MechanismFailed.selector);
        }
    }
}
