// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotYet, TooLate} from "../../contracts/interfaces/IMechanism.sol";
import {BatchBook} from "../../contracts/libraries/BatchBook.sol";
import {Answer, Ask, Cause, INSTANCE, MoveKind} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {BatchData} from "./BatchData.sol";
import {BatchHarness} from "./BatchHarness.sol";

contract BatchClearingTest is BatchHarness {
    /// Worth 10, 8, 6, 3; asked 2, 4, 5, 7: three pairs, and (3 + 7) / 2 = 5 lies between 5 and 6. All three trade at 5.
    function test_AllTradeAtThePriceBetween() public {
        _book([uint88(6), 10, 3, 8], [uint88(4), 2, 7, 5]);
        Answer memory answer = _clear();
        assertEq(trades, 3);
        assertEq(pays[_orderId(0)], 5 ether / 10);
        assertEq(pays[_orderId(1)], 5 ether / 10);
        assertEq(pays[_orderId(2)], 0);
        assertEq(pays[_orderId(3)], 5 ether / 10);
        assertEq(servedBy[_orderId(0)], _seller(0), "in order of arrival, not of price");
        assertEq(servedBy[_orderId(1)], _seller(1));
        assertEq(servedBy[_orderId(3)], _seller(3));
        assertEq(answer.moves.length, 4, "a move for each offer");
        assertEq(uint8(answer.moves[2].kind), uint8(MoveKind.Release));
        assertEq(answer.moves[2].subject, INSTANCE);
        assertEq(released.length, 1);
    }

    /// (4 + 9) / 2 = 6.5 is above 6: the third pair does not trade, and the others do at what it asks. McAfee's orders would pay 6: the
    /// difference stays with them.
    function test_OneTradeIsLost() public {
        _book([uint88(6), 10, 4, 8], [uint88(4), 2, 9, 5]);
        _clear();
        assertEq(trades, 2);
        assertEq(pays[_orderId(1)], 5 ether / 10);
        assertEq(pays[_orderId(3)], 5 ether / 10);
        assertEq(pays[_orderId(0)], 0, "the least valuable of the three");
        assertEq(earns[_seller(3)], 0);
    }

    /// Where one side ends with the last pair, there is no price between.
    function test_OneTradeIsLostWhereASideEnds() public {
        _order(1 ether);
        _order(0.9 ether);
        _order(0.8 ether);
        _offer(0.1 ether);
        _offer(0.2 ether);
        _clear();
        assertEq(trades, 1);
        assertEq(pays[_orderId(0)], 0.2 ether);
    }

    /// A market of one pair loses all.
    function test_ThinMarketDoesNotTrade() public {
        _order(1 ether);
        _offer(0.1 ether);
        Answer memory answer = _clear();
        assertEq(trades, 0);
        assertEq(answer.moves.length, 1);
        assertEq(seats[_seller(0)].amount, 0, "the deposit is back");
        _tick();
        assertEq(uint8(status), uint8(Status.Closed), "and the order goes on at once");
    }

    function test_NobodyWantsToTrade() public {
        _book([uint88(1), 2, 3, 4], [uint88(5), 6, 7, 8]);
        _clear();
        assertEq(trades, 0);
        assertEq(released.length, 4);
    }

    /// Half the orders have two lots of work: a price is for a lot, and an order costs it times its lots, rounded up.
    function test_SizesAreAllOrNothing() public {
        _order(2 ether, 2_000_000);
        _order(0.9 ether);
        _order(1.6 ether + 1, 2_000_001);
        _order(0.1 ether);
        _offer(0.2 ether);
        _offer(0.3 ether);
        _offer(0.4 ether);
        _offer(0.9 ether);
        _clear();
        assertEq(trades, 3, "(0.1 + 0.9) / 2 = 0.5");
        assertEq(pays[_orderId(0)], 1 ether);
        assertEq(pays[_orderId(1)], 0.5 ether);
        assertEq(pays[_orderId(2)], 1 ether + 0.5 ether / 1_000_000);
    }

    function test_Clear_OnlyInItsTime() public {
        _book([uint88(6), 10, 3, 8], [uint88(4), 2, 7, 5]);
        Ask memory ask = _clearing();
        _assertRefuses(ask, abi.encodeWithSelector(NotYet.selector, START, END));
        vm.warp(END + GRACE);
        ask = _clearing();
        _assertRefuses(ask, abi.encodeWithSelector(TooLate.selector, END + GRACE, END + GRACE - 1));
        vm.warp(END + GRACE - 1);
        _clear();
        assertEq(trades, 3);
        ask = _clearing();
        _assertRefuses(ask, abi.encodeWithSelector(NotYet.selector, END + GRACE - 1, END + INTERVAL));
    }

    /// Both batches at once: what is collected while the last one is cleared is another book.
    function test_Clear_LeavesTheNextBatchAlone() public {
        _book([uint88(6), 10, 3, 8], [uint88(4), 2, 7, 5]);
        vm.warp(END + 10);
        _apply(_entering(_orderId(77)));
        bytes memory data = BatchData.encode(orders, offers);
        BatchBook.Book memory before = BatchBook.load(shared, END / INTERVAL);
        assertEq(before.orders, 1);
        _tickInstance(address(0), data);
        assertEq(trades, 3);
        assertEq(abi.encode(BatchBook.load(shared, END / INTERVAL)), abi.encode(before));
    }

    function test_Carry_PutsOrdersIntoTheNextBatch() public {
        p.carry = 1;
        _restart();
        _book([uint88(6), 10, 3, 8], [uint88(4), 2, 7, 5]);
        _clear();
        BatchBook.Book memory next = BatchBook.load(shared, END / INTERVAL);
        assertEq(next.orders, 1);
        BatchData.Order memory left = orders[2];
        left.carried = 1;
        assertEq(next.ordersHash, keccak256(abi.encode(0, left.id, BatchData.entryOf(left))));

        // With company it trades there.
        delete orders;
        delete offers;
        orders.push(left);
        _order(_orderId(70), 0.9 ether, 1_000_000);
        _offer(_seller(10), 0.1 ether);
        _offer(_seller(11), 0.2 ether);
        vm.warp(END + INTERVAL);
        trades = 0;
        _clear();
        assertEq(pays[_orderId(70)], 0.2 ether);
        assertEq(pays[left.id], 0, "the marginal one again");
        assertEq(BatchBook.load(shared, END / INTERVAL + 1).orders, 0, "and it was carried often enough");
    }

    function test_Carry_OnlyWhatFits() public {
        (p.carry, p.orders) = (8, 3);
        _restart();
        request.deadline = END + GRACE + 1_000;
        _order(0.1 ether);
        request.deadline += INTERVAL;
        _order(0.2 ether);
        _order(0.3 ether);
        _offer(1 ether);
        vm.warp(END);
        for (uint256 i = 60; i < 62; ++i) {
            _apply(_entering(_orderId(i)));
        }
        _clear();
        BatchBook.Book memory next = BatchBook.load(shared, END / INTERVAL);
        assertEq(next.orders, 3, "one of three: the first comes too late, the last finds it full");
    }

    /// Nobody cleared: the offers go back one by one, and the orders down their ladders.
    function test_Void_EveryoneLeavesAlone() public {
        _book([uint88(6), 10, 3, 8], [uint88(4), 2, 7, 5]);
        Ask memory about = _aboutInstance(Cause.Tick, _seller(1));
        _assertRefuses(about, abi.encodeWithSelector(NotYet.selector, START, END + GRACE));
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, START, END + GRACE));
        vm.warp(END + GRACE);
        for (uint256 i; i < 4; ++i) {
            _tickInstance(_seller(i), "");
            assertEq(seats[_seller(i)].amount, 0);
        }
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    /// Nobody offered: there is nothing to clear, and orders go on as soon as their batch is void.
    function test_NobodyOffers() public {
        p.carry = 2;
        _restart();
        _order(1 ether);
        vm.warp(END);
        _assertRefuses(_clearing(), abi.encodeWithSelector(NotYet.selector, END, END + INTERVAL));
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, END, END + GRACE));
        vm.warp(END + GRACE);
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    /// As long as an order may still be carried into a batch, its own tick does not take it out.
    function test_Leave_NotWhileItMayTrade() public {
        p.carry = 2;
        _restart();
        _order(1 ether);
        _offer(2 ether);
        _clear();
        uint40 last = END + 2 * INTERVAL + GRACE;
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, END, last));
        vm.warp(last);
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    /// Whatever the prices: nobody trades at a loss, each order has one prover, and of the gains of the best `k` trades at most a `k`-th is lost.
    function testFuzz_Guarantees(uint256 seed, uint8 m, uint8 n) public {
        (m, n) = (uint8(bound(m, 1, 12)), uint8(bound(n, 1, 12)));
        for (uint256 i; i < m; ++i) {
            // Few different prices, so that many are equal.
            _order(uint88(1 + uint256(keccak256(abi.encode(seed, "order", i))) % 20) * 0.05 ether);
        }
        for (uint256 i; i < n; ++i) {
            _offer(uint88(1 + uint256(keccak256(abi.encode(seed, "offer", i))) % 20) * 0.05 ether);
        }
        (uint256 most, uint256 k) = _gains();
        _clear();
        uint256 gains;
        for (uint256 i; i < m; ++i) {
            if (pays[orders[i].id] == 0) continue;
            assertLe(pays[orders[i].id], orders[i].value, "an order pays more than it is worth");
            gains += orders[i].value;
        }
        for (uint256 i; i < n; ++i) {
            address prover = _seller(i);
            assertEq(seats[prover].amount, 0, "no deposit stays");
            if (earns[prover] == 0) continue;
            assertGe(earns[prover], offers[i].ask, "a prover sells below its price");
            gains -= offers[i].ask;
        }
        assertTrue(trades == k || trades + 1 == k, "one trade at most");
        assertGe(gains * k, most * (k == 0 ? 0 : k - 1), "1 - 1/k");
    }

    /// The gains of the best trades, and how many they are.
    function _gains() private view returns (uint256 most, uint256 k) {
        (uint256[] memory byValue, uint256[] memory byAsk) = BatchData.ranks(orders, offers);
        while (k < byValue.length && k < byAsk.length && orders[byValue[k]].value >= offers[byAsk[k]].ask) {
            most += orders[byValue[k]].value - offers[byAsk[k]].ask;
            ++k;
        }
    }

    function _entering(bytes32 id_) private returns (Ask memory) {
        (id, request.maxPrice, openedAt, status) = (id_, 1 ether, uint40(block.timestamp), Status.Open);
        return _ask(Cause.Opened, address(0));
    }

    /// In tenths of an ether.
    function _book(uint88[4] memory values, uint88[4] memory asks) private {
        for (uint256 i; i < 4; ++i) {
            _order(values[i] * 0.1 ether);
            _offer(asks[i] * 0.1 ether);
        }
    }
}
