// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {NotYet, TooLate, Unacceptable} from "../contracts/interfaces/IMechanism.sol";
import {Declaration, ISupply} from "../contracts/interfaces/ISupply.sol";
import {Bid, Order} from "../contracts/types/Bid.sol";
import {ANY_MECHANISM, ANY_VERIFIER, DRAINING, Offer} from "../contracts/types/Prover.sol";
import {Request} from "../contracts/types/Request.sol";
import {State, StateSlot, Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// Bids that award, and what refuses them.
contract AuctionsTest is Base {
    /* BID */

    function test_Bid_Awards() public {
        Request memory r = request(postedInstance);
        r.tip = 7;
        bytes32 id = opened(r);
        uint40 due = uint40(block.timestamp + r.window);
        uint256 edition = uint256(1) << 224 | uint256(postedInstance) << 192;
        uint256 number = market.ledgerOf(alice).id;
        uint256 state = uint256(Status.Awarded) | number << 24 | uint256(due) << 48 | uint256(PRICE) << 88;
        vm.expectEmit(address(market));
        emit IMarket.Awarded(id, alice, StateSlot.wrap(state | uint256(10_000) << 176 | edition));
        bidAs(alice, r, 1);

        State memory s = market.stateOf(id);
        assertEq(uint8(s.status), uint8(Status.Awarded));
        assertEq(s.prover, market.ledgerOf(alice).id);
        assertEq(s.price, PRICE);
        assertEq(s.time, due);
        assertEq(market.ledgerOf(alice).locked, BOND);
        assertEq(market.ledgerOf(alice).busy, 1);
        // No tick was needed: the tip is the requester's again.
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - PRICE);
    }

    // Awarded at the price of the moment, never above the escrow (I5); the deadline ends the window.
    function testFuzz_Bid_Dutch(uint256 elapsed, uint88 maxPrice, uint32 window) public {
        elapsed = bound(elapsed, 0, 200);
        Request memory r = request(dutchInstance);
        r.maxPrice = uint88(bound(maxPrice, 10_000, 50 ether));
        r.window = uint32(bound(window, 1, type(uint32).max));
        r.bond = 0;
        r.work = 1;
        opened(r);
        uint88 price = dutch.priceAt(
            abi.encode(dutchParams()), r.maxPrice, uint40(block.timestamp), uint40(block.timestamp + elapsed)
        );
        vm.warp(block.timestamp + elapsed);
        bidAs(alice, r, price);
        State memory s = stateOf(r);
        assertEq(s.price, price);
        assertLe(s.price, r.maxPrice);
        assertEq(s.time, block.timestamp + r.window < r.deadline ? block.timestamp + r.window : r.deadline);
    }

    // I37: a batch is its orders in turn.
    function test_Bid_Batch() public {
        Order[] memory orders = new Order[](3);
        for (uint256 i; i < 3; ++i) {
            Request memory r = request(postedInstance);
            orders[i] = Order(r, "", sign(requesterKey, market.idOf(r)), bidFor(r, alice, 0), "");
        }
        vm.prank(alice);
        market.bid(orders);
        assertEq(market.ledgerOf(alice).busy, 3);
        assertEq(market.ledgerOf(alice).locked, 3 * BOND);
    }

    // E17, by design: all bids of a call or none, so that whoever brings them knows which.
    function test_RevertWhen_OneBidOfABatchFails() public {
        Request memory a = request(postedInstance);
        Request memory b = request(postedInstance);
        opened(a);
        opened(b);
        Order[] memory orders = new Order[](2);
        orders[0] = Order(a, "", "", bidFor(a, alice, 0), "");
        orders[1] = Order(b, "", "", bidFor(b, alice, PRICE + 1), "");
        vm.prank(alice);
        vm.expectPartialRevert(IMarket.MechanismFailed.selector);
        market.bid(orders);
        assertEq(uint8(statusOf(a)), uint8(Status.Open));
        vm.expectRevert(IMarket.EmptyBatch.selector);
        market.bid(new Order[](0));
    }

    // A request and its input enter on the way; the requester may bring a quote itself.
    function test_Bid_OpensOnTheWay() public {
        Request memory r = request(postedInstance);
        r.input = keccak256("input");
        Bid memory b = bidFor(r, alice, 0);
        Order[] memory orders = order(r, b);
        orders[0].proverSignature = sign(aliceKey, digestOf(r, b));
        vm.startPrank(requester);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongInput.selector, bytes32(0), r.input));
        market.bid(orders);
        orders[0].input = "input";
        market.bid(orders);
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    // M9: a bid is good up to its last second, inclusive.
    function test_Bid_ValidUntil() public {
        Request memory r = request(postedInstance);
        opened(r);
        Bid memory b = bidFor(r, alice, 0);
        b.validUntil = uint40(block.timestamp + 10);
        vm.startPrank(alice);
        vm.warp(b.validUntil + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarket.BidExpired.selector, b.validUntil + 1, b.validUntil));
        market.bid(order(r, b));
        vm.warp(b.validUntil);
        market.bid(order(r, b));
    }

    // M9: no award in the second of the deadline; from then on the request is refunded.
    function test_Bid_Deadline() public {
        Request memory r = request(postedInstance);
        r.deadline = uint40(block.timestamp + 50);
        r.work = 1;
        opened(r);
        vm.warp(r.deadline);
        vm.expectRevert(abi.encodeWithSelector(IMarket.DeadlinePassed.selector, r.deadline, r.deadline));
        this.bid(alice, r, 0);
        vm.warp(r.deadline - 1);
        this.bid(alice, r, 0);
        assertEq(stateOf(r).time, r.deadline);
    }

    function test_RevertWhen_BidIsForAnotherRequest() public {
        Request memory r = request(postedInstance);
        Request memory other = request(postedInstance);
        opened(r);
        opened(other);
        Bid memory b = bidFor(other, alice, 0);
        Order[] memory orders = order(r, b);
        orders[0].proverSignature = sign(aliceKey, digestOf(other, b));
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IMarket.BadSignature.selector, alice, digestOf(r, b)));
        market.bid(orders);
    }

    function test_RevertWhen_BiddingForAnother() public {
        Request memory r = request(postedInstance);
        opened(r);
        Bid memory b = bidFor(r, alice, 0);
        vm.startPrank(bob);
        vm.expectRevert(abi.encodeWithSelector(IMarket.BadSignature.selector, alice, digestOf(r, b)));
        market.bid(order(r, b));
    }

    function test_RevertWhen_AwardedAlready() public {
        Request memory r = awarded(alice);
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.WrongStatus.selector, market.idOf(r), Status.Awarded, Status.Open)
        );
        this.bid(bob, r, 0);
    }

    function test_RevertWhen_MechanismRefuses() public {
        Request memory r = request(dutchInstance);
        opened(r);
        _expectMechanism(address(dutch), abi.encodeWithSelector(Unacceptable.selector, PRICE, PRICE / 10));
        this.bid(alice, r, PRICE);
        uint256 end = block.timestamp + 200;
        vm.warp(end + 1);
        _expectMechanism(address(dutch), abi.encodeWithSelector(TooLate.selector, end + 1, end));
        this.bid(alice, r, 0);
    }

    /* WHAT THE SUPPLY SAYS */

    function test_RevertWhen_BidderIsNoProver() public {
        _expectRefusal(stranger, abi.encodeWithSelector(ISupply.NotAProver.selector, stranger));
    }

    function test_RevertWhen_Draining() public {
        Declaration memory d = declaration(100);
        d.flags = ANY_MECHANISM | ANY_VERIFIER | DRAINING;
        _declare(d);
        _expectRefusal(alice, abi.encodeWithSelector(ISupply.Draining.selector, alice));
    }

    function test_RevertWhen_MechanismIsNotAccepted() public {
        Declaration memory d = declaration(100);
        d.flags = ANY_VERIFIER;
        _declare(d);
        _expectRefusal(alice, abi.encodeWithSelector(ISupply.MechanismNotAccepted.selector, alice, posted));
    }

    function test_RevertWhen_VerifierIsNotAccepted() public {
        Declaration memory d = declaration(100);
        d.flags = ANY_MECHANISM;
        _declare(d);
        _expectRefusal(alice, abi.encodeWithSelector(ISupply.VerifierNotAccepted.selector, alice, verifier));
    }

    function test_RevertWhen_TokenIsNotAccepted() public {
        _offer(Offer({accepted: false, floor: 0, bondLimit: 1 ether, throughput: 0}));
        _expectRefusal(alice, abi.encodeWithSelector(ISupply.TokenNotAccepted.selector, alice, NATIVE));
    }

    function test_RevertWhen_BelowTheFloor() public {
        uint88 floor = PRICE / 1_000;
        _offer(Offer({accepted: true, floor: floor, bondLimit: 1 ether, throughput: 0}));
        _bid(alice); // Exactly the floor.
        _offer(Offer({accepted: true, floor: floor + 1, bondLimit: 1 ether, throughput: 0}));
        _expectRefusal(alice, abi.encodeWithSelector(ISupply.BelowFloor.selector, alice, PRICE, PRICE + 1_000));
        _offer(Offer({accepted: true, floor: type(uint88).max, bondLimit: 1 ether, throughput: 0}));
        uint256 want = uint256(type(uint88).max) * 1_000;
        _expectRefusal(alice, abi.encodeWithSelector(ISupply.BelowFloor.selector, alice, PRICE, want));
    }

    function test_RevertWhen_AboveTheBondLimit() public {
        _offer(Offer({accepted: true, floor: 1, bondLimit: BOND, throughput: 0}));
        _bid(alice);
        _offer(Offer({accepted: true, floor: 1, bondLimit: BOND - 1, throughput: 0}));
        _expectRefusal(alice, abi.encodeWithSelector(ISupply.AboveBondLimit.selector, alice, BOND, BOND - 1));
    }

    // S4: a time too short for the work is refused, so that it cannot be used to slash.
    function test_RevertWhen_BeyondTheThroughput() public {
        Request memory r = request(postedInstance);
        (r.window, r.work) = (2, 200_000);
        opened(r);
        Request memory more = request(postedInstance);
        (more.window, more.work) = (2, 200_001);
        opened(more);
        bidAs(alice, r, 0); // Exactly what it declared.
        vm.expectRevert(abi.encodeWithSelector(ISupply.BeyondThroughput.selector, alice, 200_000, 200_001));
        this.bid(alice, more, 0);
    }

    // S5: what one award locks backs no other, under whatever mechanism.
    function test_RevertWhen_StakeIsSpent() public {
        vm.prank(alice);
        market.unstake(10 ether - 2 * BOND);
        _bid(alice);
        Request memory r = request(dutchInstance);
        opened(r);
        bidAs(alice, r, 0);
        _expectRefusal(alice, abi.encodeWithSelector(ISupply.InsufficientStake.selector, alice, 0, BOND));
    }

    function test_RevertWhen_AtCapacity() public {
        _declare(declaration(2));
        Request memory r = awarded(alice);
        _bid(alice);
        bytes memory full = abi.encodeWithSelector(ISupply.AtCapacity.selector, alice, 2, 2);
        _expectRefusal(alice, full);
        market.fulfill(fulfillment(r, alice));
        _bid(alice);
        // Less than it is serving already.
        _declare(declaration(1));
        _expectRefusal(alice, abi.encodeWithSelector(ISupply.AtCapacity.selector, alice, 2, 1));
    }

    // A bid puts at risk what it says and no more.
    function test_RevertWhen_BondIsAboveWhatTheBidAllows() public {
        Request memory r = request(postedInstance);
        opened(r);
        Bid memory b = bidFor(r, alice, 0);
        b.maxBond = BOND - 1;
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooMuch.selector, "bond", BOND, BOND - 1));
        market.bid(order(r, b));
        b.maxBond = BOND;
        market.bid(order(r, b));
    }

    /* TICK */

    function test_RevertWhen_NothingFollowsFromATick() public {
        Request memory r = request(postedInstance);
        opened(r);
        _expectMechanism(address(posted), abi.encodeWithSelector(NotYet.selector, START, START + 101));
        market.tick(r, address(0), "");
    }

    function test_Tick_ClosesAndIsTipped() public {
        Request memory r = request(postedInstance);
        r.tip = 9;
        bytes32 id = opened(r);
        vm.warp(START + 101);
        vm.expectEmit(address(market));
        emit IMarket.Tipped(id, stranger, 9);
        vm.expectEmit(address(market));
        emit IMarket.Closed(id, PRICE);
        vm.prank(stranger);
        market.tick(r, address(0), "");
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.balanceOf(NATIVE, stranger), 9);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 9);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NoTicket.selector, id, address(0)));
        market.tick(r, address(0), "");
    }

    function test_RevertWhen_TickedTooLateOrTooEarly() public {
        Request memory r = request(postedInstance);
        bytes32 id = market.idOf(r);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongStatus.selector, id, Status.None, Status.Open));
        market.tick(r, address(0), "");
        opened(r);
        vm.warp(r.deadline);
        vm.expectRevert(abi.encodeWithSelector(IMarket.DeadlinePassed.selector, r.deadline, r.deadline));
        market.tick(r, address(0), "");
        vm.warp(r.deadline - 1);
        market.tick(r, address(0), "");
    }

    function bid(address prover, Request memory r, uint88 price) external {
        bidAs(prover, r, price);
    }

    function _bid(address prover) private {
        Request memory r = request(postedInstance);
        opened(r);
        bidAs(prover, r, 0);
    }

    function _declare(Declaration memory d) private {
        vm.prank(alice);
        market.declare(d);
    }

    function _offer(Offer memory o) private {
        Declaration memory d = declaration(100);
        d.offers[0].offer = o;
        _declare(d);
    }

    function _expectRefusal(address prover, bytes memory why) private {
        Request memory r = request(postedInstance);
        opened(r);
        vm.expectRevert(why);
        this.bid(prover, r, 0);
    }

    function _expectMechanism(address mechanism, bytes memory why) private {
        vm.expectRevert(abi.encodeWithSelector(IMarket.MechanismFailed.selector, mechanism, why));
    }
}
