// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {Batch, BatchParams} from "../contracts/mechanisms/Batch.sol";
import {Declaration} from "../contracts/interfaces/ISupply.sol";
import {Ledger} from "../contracts/types/Prover.sol";
import {Request} from "../contracts/types/Request.sol";
import {State, Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";
import {BatchData} from "./mechanisms/BatchData.sol";

/// Batches in the market: offers, orders, one tick that awards many, and what happens to who is not matched; with the money that moves.
contract BatchLifeTest is Base {
    string private constant FILE = "batch";
    uint40 private constant INTERVAL = 600;
    uint40 private immutable end = (START / INTERVAL + 1) * INTERVAL;

    BatchParams private p = BatchParams({
        interval: uint32(INTERVAL),
        grace: 300,
        window: 60,
        lot: 1_000,
        floor: 1_000,
        ceiling: PRICE,
        work: 2_000,
        bond: BOND,
        orders: 32,
        offers: 32,
        carry: 0
    });

    uint32 private instance;
    Request[] private requests;
    BatchData.Order[] private orders;
    BatchData.Offer[] private offers;

    function setUp() public override {
        super.setUp();
        instance = _register(address(new Batch()), abi.encode(p), postedInstance);
    }

    // Three pairs and a fourth that is too dear for each other: three trade at the price between, the fourth offer is back, the fourth order goes
    // down its ladder, and nothing is left behind.
    function test_Life() public {
        _book(4, 4);
        assertEq(market.ledgerOf(_prover(0)).locked, BOND);
        vm.warp(end);
        uint256[] memory winners = _winners(3);
        vm.prank(stranger);
        market.tickInstance(instance, _brought(winners), address(0), BatchData.encode(orders, offers));
        // The middle of the fourth order and the fourth offer.
        uint256 price = (orders[3].value + offers[3].ask) / 2;
        for (uint256 i; i < 3; ++i) {
            State memory s = stateOf(requests[i]);
            assertEq(uint8(s.status), uint8(Status.Awarded));
            assertEq(s.price, price);
            assertEq(s.prover, market.ledgerOf(_prover(i)).id);
        }
        assertEq(market.balanceOf(NATIVE, stranger), 3_000, "three tips");
        assertEq(market.ledgerOf(_prover(3)).locked, 0, "the deposit is back");
        market.tick(requests[3], address(0), "");
        assertEq(stateOf(requests[3]).rung, 1, "and the order goes on");
        bidAs(_prover(3), requests[3], 0);
        for (uint256 i; i < 4; ++i) {
            market.fulfill(fulfillment(requests[i], _prover(i)));
            Ledger memory ledger = market.ledgerOf(_prover(i));
            assertEq(ledger.locked, 0);
            assertEq(ledger.busy, 0);
            assertEq(ledger.stake, 10 ether);
            assertEq(ledger.kept, 1);
        }
        assertEq(market.balanceOf(NATIVE, _prover(0)), 1 ether + price);
    }

    // Who was awarded and does not prove loses the bond, and the request goes down its ladder; the others of the batch are not concerned.
    function test_Failure() public {
        _book(4, 4);
        vm.warp(end);
        market.tickInstance(instance, _brought(_winners(3)), address(0), BatchData.encode(orders, offers));
        market.fulfill(fulfillment(requests[1], _prover(1)));
        vm.warp(stateOf(requests[0]).time + 1);
        market.expire(requests[0]);
        assertEq(market.ledgerOf(_prover(0)).stake, 10 ether - BOND);
        assertEq(stateOf(requests[0]).rung, 1);
        assertEq(uint8(statusOf(requests[1])), uint8(Status.Fulfilled));
    }

    // Who cannot take its award forfeits the deposit, and its order waits for its own tick; the rest of the batch trades.
    function test_AProverThatCannotHonourItsOffer() public {
        _book(4, 4);
        Declaration memory d = declaration(100);
        d.offers[0].offer.floor = 1e14;
        vm.prank(_prover(1));
        market.declare(d);
        vm.warp(end);
        market.tickInstance(instance, _brought(_winners(3)), address(0), BatchData.encode(orders, offers));
        assertEq(uint8(statusOf(requests[0])), uint8(Status.Awarded));
        assertEq(uint8(statusOf(requests[1])), uint8(Status.Open));
        assertEq(uint8(statusOf(requests[2])), uint8(Status.Awarded));
        assertEq(market.ledgerOf(_prover(1)).stake, 10 ether - BOND);
        assertEq(market.ledgerOf(_prover(1)).busy, 0);
        market.tick(requests[1], address(0), "");
        assertEq(stateOf(requests[1]).rung, 1);
    }

    // The requests brought along are those that trade, in order of arrival: others are refused, and with them the tick.
    function test_RevertWhen_OtherRequestsAreBrought() public {
        _book(4, 4);
        vm.warp(end);
        bytes memory data = BatchData.encode(orders, offers);
        uint256[] memory winners = _winners(3);
        (winners[0], winners[1]) = (winners[1], winners[0]);
        Request[] memory brought = _brought(winners);
        vm.expectPartialRevert(IMarket.WrongSubject.selector);
        market.tickInstance(instance, brought, address(0), data);
        brought = _brought(_winners(2));
        vm.expectPartialRevert(IMarket.WrongSubject.selector);
        market.tickInstance(instance, brought, address(0), data);
    }

    // An order is in the book until its batch is over.
    function test_RevertWhen_CancelledInABatch() public {
        _book(2, 1);
        vm.expectRevert();
        vm.prank(requester);
        market.cancel(requests[0]);
    }

    // Nobody cleared: every deposit and every order gets out by a tick of its own.
    function test_Void() public {
        _book(4, 4);
        vm.warp(end + p.grace);
        bytes memory data = BatchData.encode(orders, offers);
        Request[] memory brought = _brought(_winners(3));
        vm.expectRevert();
        market.tickInstance(instance, brought, address(0), data);
        for (uint256 i; i < 4; ++i) {
            market.tickInstance(instance, new Request[](0), _prover(i), "");
            assertEq(market.ledgerOf(_prover(i)).locked, 0);
            assertEq(market.ledgerOf(_prover(i)).busy, 0);
            market.tick(requests[i], address(0), "");
            assertEq(stateOf(requests[i]).rung, 1);
        }
    }

    // A prover cannot leave in the middle of a batch by having said long before, with the ticket of a void one, that it would.
    function test_Leave_NotInTheMiddleOfABatch() public {
        _book(1, 2);
        vm.startPrank(_prover(0));
        market.leave(instance);
        vm.warp(START + 32 days);
        market.bidInstance(instance, 2_000, BOND, "");
        market.leave(instance);
        assertEq(market.ledgerOf(_prover(0)).locked, BOND, "that was to say so anew");
        vm.expectRevert();
        market.leave(instance);
    }

    // What clearing costs, in gas of whole transactions, calldata included: the same for each order, however many there are.
    // A retune that leaves the rule as it is (here: another ladder) voids nothing: orders of both versions clear together.
    function test_Attack_ARetuneToTheSameParametersVoidsNothing() public {
        _book(2, 4);
        address rule = market.configOf(instance, 1).mechanism;
        market.retune(instance, setup(rule, abi.encode(p), dutchInstance));
        for (uint256 i = 2; i < 4; ++i) {
            _order(i, 4);
        }
        vm.warp(end);
        market.tickInstance(instance, _brought(_winners(3)), address(0), BatchData.encode(orders, offers));
        assertEq(uint8(statusOf(requests[0])), uint8(Status.Awarded));
        assertEq(uint8(statusOf(requests[2])), uint8(Status.Awarded));
        market.tick(requests[3], address(0), "");
        assertEq(stateOf(requests[3]).instance, dutchInstance, "each goes down its own ladder");
    }

    function test_Gas() public {
        uint256 first = _gasOf(2);
        uint256 second = _gasOf(8);
        uint256 third = _gasOf(32);
        assertLt((third - second) / 24, (second - first) * 11 / 60, "for each order");
        assertLt(third, 1 << 24, "in one transaction");
    }

    function _gasOf(uint256 count) private returns (uint256) {
        uint256 state = vm.snapshotState();
        _book(count, count);
        vm.warp(end);
        bytes memory data = BatchData.encode(orders, offers);
        Request[] memory brought = _brought(_winners(count - 1));
        vm.prank(stranger);
        market.tickInstance(instance, brought, address(0), data);
        uint256 used = vm.lastCallGas().gasTotalUsed;
        vm.snapshotGasLastCall(FILE, string.concat("clear_", vm.toString(count)));
        vm.revertToState(state);
        return used;
    }

    /// Orders that pay less and less, and offers that ask more and more; only the last of each do not fit.
    function _book(uint256 m, uint256 n) private {
        delete requests;
        delete orders;
        delete offers;
        uint256 most = m > n ? m : n;
        uint256 step = PRICE / (4 * most);
        for (uint256 i; i < n; ++i) {
            address prover = _prover(i);
            if (market.ledgerOf(prover).id == 0) _enlist(prover);
            uint256 ask = i + 1 == most ? PRICE * 7 / 12 : PRICE / 4 + i * step / 2;
            vm.prank(prover);
            market.bidInstance(instance, uint88(ask), BOND, "");
            offers.push(BatchData.Offer(prover, ask));
        }
        for (uint256 i; i < m; ++i) {
            _order(i, most);
        }
    }

    function _order(uint256 i, uint256 most) private {
        Request memory r = request(instance);
        uint256 value = i + 1 == most ? PRICE * 5 / 12 : PRICE - i * (PRICE / (4 * most));
        (r.maxPrice, r.tip) = (uint88(value), 1_000);
        vm.prank(requester);
        market.open(r, "", "");
        requests.push(r);
        orders.push(BatchData.Order(market.idOf(r), value, r.work, r.deadline, 0));
    }

    function _prover(uint256 i) private pure returns (address) {
        return address(uint160(0xb0b0_0000 + i));
    }

    function _winners(uint256 count) private pure returns (uint256[] memory which) {
        which = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            which[i] = i;
        }
    }

    function _brought(uint256[] memory which) private view returns (Request[] memory brought) {
        brought = new Request[](which.length);
        for (uint256 i; i < which.length; ++i) {
            brought[i] = requests[which[i]];
        }
    }
}
