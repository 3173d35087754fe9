// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILanes} from "../contracts/interfaces/ILanes.sol";
import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {IRegistry} from "../contracts/interfaces/IRegistry.sol";
import {Order} from "../contracts/types/Bid.sol";
import {Cause, Move, MoveKind, Shape} from "../contracts/types/Ask.sol";
import {Terms} from "../contracts/types/Lane.sol";
import {Request} from "../contracts/types/Request.sol";
import {State, Status} from "../contracts/types/State.sol";
import {LaneBase} from "./LaneBase.sol";
import {EvilMechanism} from "./doubles/EvilMechanism.sol";

/// Requests that name a lane follow its route, and keep to its limits wherever money or time is committed.
contract LaneRequestsTest is LaneBase {
    function setUp() public override {
        super.setUp();
        _setTerms(terms());
        _route(dutchInstance);
    }

    /* ENTRY */

    function test_RequestFollowsTheRoute() public {
        Request memory r = laneRequest();
        opened(r);
        State memory s = stateOf(r);
        assertEq(s.instance, dutchInstance);
        assertEq(s.version, 1);
        // One that runs stays where it entered.
        _route(postedInstance);
        assertEq(stateOf(r).instance, dutchInstance);
        Request memory next = laneRequest();
        opened(next);
        assertEq(stateOf(next).instance, postedInstance);
    }

    function test_WholeLifeOnALane() public {
        Request memory r = laneRequest();
        Order[] memory orders = new Order[](1);
        orders[0] = signedOrder(r, bidFor(r, alice, 0));
        vm.prank(alice);
        bidBatch(orders);
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
        market.fulfill(fulfillment(r, alice));
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
    }

    function test_EntryRefused() public {
        Request memory r = laneRequest();
        r.maxPrice = PRICE + 1;
        _refused(r, abi.encodeWithSelector(ILanes.BeyondLimit.selector, "pricePerUnit", PRICE + 1, PRICE));
        r = laneRequest();
        r.deadline = START + 1 hours + 1;
        _refused(r, abi.encodeWithSelector(ILanes.BeyondLimit.selector, "latency", 1 hours + 1, 1 hours));
        r = laneRequest();
        r.version = 1;
        _refused(r, abi.encodeWithSelector(IMarket.FieldOutOfRange.selector, "version", 1, 0, 0));
        r = laneRequest();
        r.instance += 1;
        _refused(r, abi.encodeWithSelector(ILanes.Unrouted.selector, requester, NUMBER + 1));
        market.retire(dutchInstance);
        _refused(laneRequest(), abi.encodeWithSelector(IRegistry.InstanceIsRetired.selector, dutchInstance));
    }

    // A lane is its requester's: another's number of the same value is another lane.
    function test_LanesAreOnesOwn() public {
        Request memory r = laneRequest();
        r.requester = alice;
        vm.expectRevert(abi.encodeWithSelector(ILanes.Unrouted.selector, alice, NUMBER));
        vm.prank(alice);
        market.open(r, "", "");
    }

    /* PROVERS */

    function test_ProverWithoutARecord() public {
        Terms memory t = terms();
        t.kept = 1;
        _setTerms(t);
        Request memory r = laneRequest();
        opened(r);
        vm.expectRevert(abi.encodeWithSelector(ILanes.BeyondLimit.selector, "kept", 0, 1));
        this.bidAlice(r);
        market.fulfill(fulfillment(awarded(alice), alice));
        bidAs(alice, r, 0);
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    function test_ProverThatFailsTooOften() public {
        Terms memory t = terms();
        t.reliability = 6_000;
        _setTerms(t);
        market.fulfill(fulfillment(awarded(alice), alice));
        Request memory late = awarded(alice);
        vm.warp(block.timestamp + late.window + 1);
        market.expire(late);
        Request memory r = laneRequest();
        opened(r);
        vm.expectRevert(abi.encodeWithSelector(ILanes.BeyondLimit.selector, "reliability", 5_000, 6_000));
        this.bidAlice(r);
        bidAs(bob, r, 0);
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    function test_OnlyListedProvers() public {
        Terms memory t = terms();
        t.closed = true;
        _setTerms(t);
        Request memory r = laneRequest();
        opened(r);
        vm.expectRevert(abi.encodeWithSelector(ILanes.ProverNotListed.selector, alice));
        this.bidAlice(r);
        vm.prank(requester);
        market.listProvers(NUMBER, listing(alice, true));
        bidAs(alice, r, 0);
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    /* AWARDS */

    // A mechanism that states a whole bond and awards at a part of it is refused when it does.
    function test_AwardAtTooSmallABond() public {
        Terms memory t = terms();
        t.bondBps = 5_000;
        _setTerms(t);
        EvilMechanism evil = new EvilMechanism();
        uint32 instance = _register(address(evil), abi.encode(Shape(0, 0, 200_000, 0)));
        vm.mockCall(address(evil), abi.encodeWithSelector(evil.envelope.selector), abi.encode(0, 0, 0, BOND, 0, 0));
        _route(instance);
        Request memory r = laneRequest();
        opened(r);
        evil.obey(Cause.Bid, _award(alice, 4_999));
        vm.expectRevert(abi.encodeWithSelector(ILanes.BeyondLimit.selector, "bondBps", 4_999, 5_000));
        this.bidAlice(r);
        evil.obey(Cause.Bid, _award(alice, 5_000));
        bidAs(alice, r, 0);
        assertEq(stateOf(r).bondBps, 5_000);
    }

    /* GAS */

    // DESIGN.md, section 5: at most 5,000 more than naming the instance.
    function test_GasOfALane() public {
        Request memory named = request(dutchInstance);
        vm.prank(requester);
        market.open(named, "", "");
        uint256 direct = vm.snapshotGasLastCall("lanes", "open_named");
        Request memory r = laneRequest();
        vm.prank(requester);
        market.open(r, "", "");
        uint256 routed = vm.snapshotGasLastCall("lanes", "open_on_lane");
        assertLe(routed, direct + 5_000);
    }

    function bidAlice(Request memory r) external {
        bidAs(alice, r, 0);
    }

    /* PRIVATE */

    function _refused(Request memory r, bytes memory why) private {
        vm.expectRevert(why);
        vm.prank(r.requester);
        market.open(r, "", "");
    }

    function _award(address prover, uint16 bps) private pure returns (Move[] memory moves) {
        moves = new Move[](1);
        moves[0].kind = MoveKind.Award;
        moves[0].prover = prover;
        moves[0].amount = PRICE;
        moves[0].bps = bps;
    }
}
