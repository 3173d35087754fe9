// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {NotYet, TooLate, Unacceptable} from "../contracts/interfaces/IMechanism.sol";
import {English, EnglishParams} from "../contracts/mechanisms/English.sol";
import {Bid, Order} from "../contracts/types/Bid.sol";
import {Request} from "../contracts/types/Request.sol";
import {State, Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// Open descending auctions in the market: deposits, awards, standbys and attacks, with the money that moves.
contract EnglishLifeTest is Base {
    uint80 private constant DEPOSIT = BOND;

    English internal english = new English();
    address internal carol = makeAddr("carol");
    address[3] internal provers;
    Request internal r;

    function setUp() public override {
        super.setUp();
        _enlist(carol);
        provers = [alice, bob, carol];
        _openUnder(1, 0);
    }

    // From the first bid to the last deposit: the best is awarded at its price, the standby is released when it is over.
    function test_Life() public {
        _bidAll();
        assertEq(stateOf(r).holds, 2);
        assertEq(market.ledgerOf(alice).locked, 0, "outbid twice, and free");
        assertEq(market.ledgerOf(alice).busy, 0);
        vm.warp(START + 61);
        vm.prank(stranger);
        market.tick(r, address(0), "");
        State memory s = stateOf(r);
        assertEq(s.prover, market.ledgerOf(carol).id);
        assertEq(s.price, _price(2));
        assertEq(s.holds, 1);
        assertEq(market.balanceOf(NATIVE, stranger), 1_000, "the tip");

        _assertTickRefused(bob, abi.encodeWithSelector(NotYet.selector, START + 61, r.deadline));
        market.fulfill(fulfillment(r, carol));
        assertEq(market.balanceOf(NATIVE, carol), 1 ether + _price(2));
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 1_000 - _price(2));
        market.tick(r, bob, "");
        assertEq(stateOf(r).holds, 0);
        for (uint256 i; i < 3; ++i) {
            assertEq(market.ledgerOf(provers[i]).stake, 10 ether);
            assertEq(market.ledgerOf(provers[i]).locked, 0);
            assertEq(market.ledgerOf(provers[i]).busy, 0);
        }
        _assertConserved();
    }

    // A word that a stranger brings cannot be brought again: it is not below itself.
    function test_RevertWhen_ASignedBidIsBroughtAgain() public {
        Order[] memory orders = order(r, bidFor(r, alice, _price(0)));
        orders[0].proverSignature = sign(aliceKey, digestOf(r, orders[0].bid));
        vm.startPrank(stranger);
        market.bid(orders);
        _expectRefused(abi.encodeWithSelector(Unacceptable.selector, _price(0), _price(0) * 9 / 10));
        market.bid(orders);
        vm.stopPrank();
        bidAs(bob, r, _price(1));
        vm.prank(stranger);
        _expectRefused(abi.encodeWithSelector(Unacceptable.selector, _price(0), _price(1) * 9 / 10));
        market.bid(orders);
    }

    // While a bid stands the requester cannot look elsewhere with it in hand.
    function test_RevertWhen_CancelledUnderABid() public {
        bidAs(alice, r, _price(0));
        vm.prank(requester);
        vm.expectPartialRevert(IMarket.DepositsStand.selector);
        market.cancel(r);
    }

    // Low-ball and vanish: it costs the bond, half of which is nobody's, and delays by one window.
    function test_Vanish_TheStandbyServesAtItsOwnPrice() public {
        _bidAll();
        vm.warp(START + 61);
        market.tick(r, address(0), "");
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        assertEq(stateOf(r).prover, market.ledgerOf(bob).id);
        assertEq(stateOf(r).price, _price(1));
        assertEq(market.ledgerOf(carol).stake, 10 ether - BOND);
        market.fulfill(fulfillment(r, bob));
        uint256 compensation = uint256(BOND) * 45 / 100;
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 1_000 - _price(1) + compensation);
        assertEq(market.balanceOf(NATIVE, BURNED), BOND / 2);
        assertEq(stateOf(r).holds, 0);
        _assertConserved();
    }

    // Who makes itself unable to take the award pays the deposit, and the standby is awarded in the same tick.
    function test_Vanish_BelowItsOwnFloor() public {
        bidAs(alice, r, _price(0));
        bidAs(bob, r, 1);
        vm.warp(START + 61);
        vm.prank(stranger);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).prover, market.ledgerOf(alice).id);
        assertEq(stateOf(r).price, _price(0));
        assertEq(market.ledgerOf(bob).stake, 10 ether - DEPOSIT);
        assertEq(market.balanceOf(NATIVE, stranger), 1_000 + DEPOSIT / 20);
        market.fulfill(fulfillment(r, alice));
        _assertConserved();
    }

    // The same where nobody stands by: the next tick sends the request down its ladder.
    function test_Vanish_WithoutAStandbyItGoesDownTheLadder() public {
        _openUnder(0, postedInstance);
        bidAs(alice, r, _price(0));
        bidAs(bob, r, 1);
        assertEq(stateOf(r).holds, 1);
        vm.warp(START + 61);
        market.tick(r, address(0), "");
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
        assertEq(market.ledgerOf(bob).stake, 10 ether - DEPOSIT);
        _expectRefused(abi.encodeWithSelector(TooLate.selector, START + 61, START + 60));
        this.bid(carol, 1_000);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).rung, 1);
        bidAs(carol, r, 0);
        market.fulfill(fulfillment(r, carol));
        _assertConserved();
    }

    // A first bid of nearly nothing keeps everybody out. It costs the bond, and the fallback serves.
    function test_Vanish_FirstAndAtTheLeastPrice() public {
        _openUnder(1, postedInstance);
        bidAs(alice, r, 1_000);
        vm.expectRevert();
        this.bid(bob, 1_000);
        vm.warp(START + 61);
        market.tick(r, address(0), "");
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        assertEq(stateOf(r).rung, 1);
        assertEq(market.ledgerOf(alice).stake, 10 ether - BOND);
        bidAs(bob, r, 0);
        market.fulfill(fulfillment(r, bob));
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 1_000 - PRICE + uint256(BOND) * 45 / 100);
        _assertConserved();
    }

    // The winner and the standby fail: both are slashed, the request ends.
    function test_EverybodyFails() public {
        _bidAll();
        vm.warp(START + 61);
        market.tick(r, address(0), "");
        for (uint256 i = 2; i >= 1; --i) {
            vm.warp(stateOf(r).time + 1);
            market.expire(r);
            assertEq(market.ledgerOf(provers[i]).stake, 10 ether - BOND);
        }
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 1_000 + 2 * (uint256(BOND) * 45 / 100));
        _assertConserved();
    }

    // Nobody came: closed by a tick after the patience, and refunded.
    function test_NobodyCame() public {
        _assertTickRefused(address(0), abi.encodeWithSelector(NotYet.selector, START, START + 101));
        vm.warp(START + 101);
        market.tick(r, address(0), "");
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 1_000);
    }

    // Nobody ticked: refunded at the deadline, and the deposits come back at once.
    function test_NobodyTicked() public {
        _bidAll();
        vm.warp(r.deadline);
        market.expire(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        market.tick(r, carol, "");
        market.tick(r, bob, "");
        assertEq(market.ledgerOf(carol).locked + market.ledgerOf(bob).locked, 0);
        assertEq(market.balanceOf(NATIVE, BURNED), 0);
        _assertConserved();
    }

    // A bid keeps its place in the bidder's capacity, so that the award cannot lack it; an outbid one gives it back.
    function test_ABidHoldsCapacity() public {
        vm.prank(alice);
        market.declare(declaration(1));
        bidAs(alice, r, _price(0));
        Request memory first = r;
        r = request(r.instance);
        opened(r);
        vm.expectRevert();
        this.bid(alice, _price(0));
        r = first;
        bidAs(bob, r, _price(1));
        bidAs(alice, r, _price(2));
        vm.warp(START + 61);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).prover, market.ledgerOf(alice).id);
    }

    // S1: the stake of the best cannot leave while its bid stands.
    function test_RevertWhen_TheStakeOfABidIsWithdrawn() public {
        bidAs(alice, r, _price(0));
        vm.startPrank(alice);
        vm.expectRevert();
        market.unstake(10 ether - DEPOSIT + 1);
        market.unstake(10 ether - DEPOSIT);
        vm.stopPrank();
        vm.warp(START + 61);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).prover, market.ledgerOf(alice).id, "a whole deposit is the bond");
    }

    // Bids of anyone in any order, at any time: the auction ends by its hard end, awards the best, everybody gets its deposit
    // back, and every wei is accounted for.
    function testFuzz_AnyAuction(uint8[10] memory who, uint16[10] memory cuts, uint8[10] memory waits) public {
        uint88 price = PRICE;
        address last;
        for (uint256 i; i < who.length; ++i) {
            vm.warp(block.timestamp + waits[i] % 40);
            last = provers[who[i] % 3];
            (bool ok,) = address(this).call(abi.encodeCall(this.bid, (last, price)));
            if (!ok) break;
            price = uint88(uint256(price) * (9_000 - cuts[i] % 1_000) / 10_000);
        }
        vm.warp(START + 400 + 60 + 60 + 1);
        if (statusOf(r) == Status.Open) market.tick(r, address(0), "");
        State memory s = stateOf(r);
        assertEq(uint8(s.status), uint8(Status.Awarded));
        assertLe(s.holds, 1);
        address winner;
        for (uint256 i; i < 3; ++i) {
            if (market.ledgerOf(provers[i]).id == s.prover) winner = provers[i];
        }
        market.fulfill(fulfillment(r, winner));
        for (uint256 i; i < 3; ++i) {
            if (market.ticketOf(market.idOf(r), provers[i]).amount != 0) market.tick(r, provers[i], "");
            assertEq(market.ledgerOf(provers[i]).locked, 0);
            assertEq(market.ledgerOf(provers[i]).stake, 10 ether);
        }
        _assertConserved();
    }

    function bid(address prover, uint88 price) external {
        bidAs(prover, r, price);
    }

    function _openUnder(uint8 standbys, uint32 fallbackInstance) private {
        EnglishParams memory p = EnglishParams({
            duration: 60,
            closing: 10,
            extension: 20,
            overtime: 60,
            patience: 100,
            decrementBps: 1_000,
            startBps: 10_000,
            depositBps: 10_000,
            depositFloor: 1,
            standbys: standbys
        });
        if (r.nonce != 0) {
            vm.prank(requester);
            market.cancel(r);
        }
        r = request(_register(address(english), abi.encode(p), fallbackInstance));
        r.tip = 1_000;
        opened(r);
    }

    function _price(uint256 i) private pure returns (uint88) {
        return uint88([uint256(PRICE), PRICE / 2, PRICE / 4][i]);
    }

    function _bidAll() private {
        for (uint256 i; i < 3; ++i) {
            bidAs(provers[i], r, _price(i));
        }
    }

    function _expectRefused(bytes memory why) private {
        vm.expectRevert(abi.encodeWithSelector(IMarket.MechanismFailed.selector, address(english), why));
    }

    function _assertTickRefused(address about, bytes memory why) private {
        _expectRefused(why);
        market.tick(r, about, "");
    }

    /// I2: what the market holds is what it owes, once nothing is in escrow.
    function _assertConserved() private view {
        uint256 owed = market.balanceOf(NATIVE, requester) + market.balanceOf(NATIVE, BURNED);
        owed += market.balanceOf(NATIVE, address(this)) + market.balanceOf(NATIVE, stranger);
        for (uint256 i; i < 3; ++i) {
            owed += market.balanceOf(NATIVE, provers[i]) + market.ledgerOf(provers[i]).stake;
        }
        assertEq(address(market).balance, owed);
    }
}
