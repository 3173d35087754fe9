// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {NotYet} from "../contracts/interfaces/IMechanism.sol";
import {Order} from "../contracts/types/Bid.sol";
import {Ledger} from "../contracts/types/Prover.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {StandingBase} from "./StandingBase.sol";

/// Perpetual seats in the market: who is awarded and paid, what a miss costs, and how deposits come back.
contract SeatLifeTest is StandingBase {
    uint88 private constant CEILING = 8 ether;
    uint88 private constant RATE = 4 ether;

    uint32 private instance;

    function setUp() public override {
        super.setUp();
        instance = _register(address(seat), abi.encode(seatParams()), postedInstance);
    }

    // From the first bid to the last deposit: outbid, served at both rates, and all stake is back.
    function test_Life() public {
        _sit(alice, CEILING / 2);
        Request memory first = asked(instance);
        _assertAwarded(first, alice, 0.005 ether);
        _bid(bob, RATE / 2, "");
        vm.warp(block.timestamp + CHANGE);
        market.fulfill(fulfillment(first, alice));
        Request memory second = asked(instance);
        _assertAwarded(second, bob, 0.003 ether);
        market.fulfill(fulfillment(second, bob));
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + 0.005 ether);
        assertEq(market.balanceOf(NATIVE, bob), 1 ether + 0.003 ether);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 0.008 ether);

        vm.warp(block.timestamp + CHANGE);
        tick(instance);
        assertFree(alice, 10 ether);
        _bid(bob, 0, hex"01");
        vm.warp(block.timestamp + 1 days + CHANGE);
        tick(instance);
        assertFree(bob, 10 ether);
        _assertConserved(0);
    }

    // A miss: bond and a share of the deposit, 45 % of both to the requester; the ladder serves it in the same call.
    function test_AMissCostsBondAndCreditAndSpillsOver() public {
        _sit(alice, RATE);
        Request memory r = asked(instance);
        vm.warp(stateOf(r).time + 1);
        vm.prank(stranger);
        market.expire(r);
        assertEq(stateOf(r).rung, 1);
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
        uint256 lost = uint256(BOND) + DEPOSIT / 10;
        Ledger memory ledger = market.ledgerOf(alice);
        assertEq(ledger.stake, 10 ether - lost);
        assertEq(ledger.locked, DEPOSIT - DEPOSIT / 10);
        assertEq(ledger.busy, 1);
        assertEq(market.balanceOf(NATIVE, BURNED), lost / 2);
        assertEq(market.balanceOf(NATIVE, stranger), lost / 20);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - PRICE + lost * 45 / 100);
        bidAs(bob, r, 0);
        market.fulfill(fulfillment(r, bob));
        assertEq(market.balanceOf(NATIVE, bob), 1 ether + PRICE);
        _assertConserved(0);
    }

    // A request is awarded to whoever sits by the time the one before has missed it.
    function test_TheNextIncumbentTakesOverWhatWasMissed() public {
        _sit(alice, RATE);
        _bid(bob, RATE / 2, "");
        vm.warp(block.timestamp + CHANGE - 1);
        Request memory r = request(instance);
        r.window = 5 minutes;
        opened(r);
        _assertAwarded(r, alice, 0.005 ether);
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        _assertAwarded(r, bob, 0.003 ether);
        assertEq(market.ledgerOf(alice).locked, DEPOSIT - DEPOSIT / 10);
    }

    // Who sits and cannot take what it has to: a credit, without a bond that could not be taken; the request is not held up.
    function test_WhoCannotHonourPaysACreditAndTheLadderServesAtOnce() public {
        _sit(alice, RATE);
        vm.prank(alice);
        market.unstake(9 ether);
        Request memory r = asked(instance);
        assertEq(stateOf(r).rung, 1);
        Ledger memory ledger = market.ledgerOf(alice);
        assertEq(ledger.locked, DEPOSIT - DEPOSIT / 10);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - PRICE + 0.05 ether, "45 %, and 5 % as the caller");
        _assertConserved(PRICE + 9 ether);
    }

    // M1, M21: squatting at a rate of nothing loses a bond and a credit each time, and then the seat.
    function test_Attack_SquattingLosesTheSeat() public {
        _sit(alice, 0);
        for (uint256 i; i < 3; ++i) {
            Request memory r = asked(instance);
            assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
            vm.warp(stateOf(r).time + 1);
            market.expire(r);
        }
        assertEq(market.ledgerOf(alice).stake, 10 ether - 3 * (uint256(BOND) + DEPOSIT / 10));
        assertEq(stateOf(asked(instance)).rung, 1, "nobody sits");
        _sit(bob, CEILING);
        _assertAwarded(asked(instance), bob, 0.009 ether);
        assertFree(alice, 10 ether - 3 * (uint256(BOND) + DEPOSIT / 10));
    }

    // The market's way out without consent opens later than the term can end, and anew with each bid.
    function test_Attack_NobodyLeavesByTheBackDoor() public {
        _sit(alice, RATE);
        vm.prank(alice);
        market.leave(instance);
        vm.warp(START + CHANGE + 29 days - CHANGE);
        _bid(alice, CEILING, "");
        vm.warp(START + 31 days);
        // It said so long ago, of another ticket: this only says so anew.
        vm.prank(alice);
        market.leave(instance);
        assertEq(market.ledgerOf(alice).locked, DEPOSIT);
        _assertAwarded(asked(instance), alice, 0.009 ether);
    }

    // Exclusive: nobody else gets between the incumbent and a request.
    function test_RevertWhen_SomebodyBidsOnARequest() public {
        Request memory r = request(instance);
        Order[] memory orders = new Order[](1);
        orders[0] = signedOrder(r, bidFor(r, alice, 0));
        vm.prank(alice);
        vm.expectPartialRevert(IMarket.MechanismFailed.selector);
        market.bid(orders);
    }

    function test_RevertWhen_TickedTooEarly() public {
        _sit(alice, RATE);
        bytes memory why = abi.encodeWithSelector(NotYet.selector, block.timestamp, START + CHANGE + 29 days + CHANGE);
        vm.expectRevert(abi.encodeWithSelector(IMarket.MechanismFailed.selector, address(seat), why));
        market.tickInstance(instance, new Request[](0), address(0), "");
    }

    function test_Gas() public {
        vm.prank(alice);
        market.bidInstance(instance, RATE, DEPOSIT, "");
        vm.snapshotGasLastCall("seat", "bid_empty");
        vm.warp(block.timestamp + CHANGE);
        Request memory r = asked(instance);
        r = request(instance);
        vm.prank(requester);
        market.open(r, "", "");
        vm.snapshotGasLastCall("seat", "open_awarded");
        market.fulfill(fulfillment(r, alice));
        vm.snapshotGasLastCall("seat", "fulfill");
        r = asked(instance);
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        vm.snapshotGasLastCall("seat", "expire_miss");
        _bid(bob, RATE / 2, "");
        vm.snapshotGasLastCall("seat", "bid_challenge");
        vm.warp(block.timestamp + 2 * CHANGE);
        tick(instance);
        vm.snapshotGasLastCall("seat", "tick_release");
    }

    /* HELP */

    function _bid(address prover, uint88 rate, bytes memory data) private {
        vm.prank(prover);
        market.bidInstance(instance, rate, DEPOSIT, data);
    }

    function _sit(address prover, uint88 rate) private {
        _bid(prover, rate, "");
        vm.warp(block.timestamp + CHANGE);
    }

    function _assertAwarded(Request memory r, address prover, uint88 price) private view {
        assertAwarded(r, prover);
        assertEq(stateOf(r).price, price);
    }

    /// @param escrowed for requests that are open still, and stake that is on its way out.
    function _assertConserved(uint256 escrowed) private view {
        uint256 owed = market.balanceOf(NATIVE, requester) + market.balanceOf(NATIVE, stranger);
        owed += market.balanceOf(NATIVE, BURNED) + market.balanceOf(NATIVE, address(this));
        owed += market.balanceOf(NATIVE, alice) + market.ledgerOf(alice).stake;
        owed += market.balanceOf(NATIVE, bob) + market.ledgerOf(bob).stake;
        assertEq(address(market).balance, owed + escrowed);
    }
}
