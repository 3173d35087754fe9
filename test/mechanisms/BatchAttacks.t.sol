// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotYet, Unacceptable} from "../../contracts/interfaces/IMechanism.sol";
import {BatchBook} from "../../contracts/libraries/BatchBook.sol";
import {Ask, Cause, Move, MoveKind} from "../../contracts/types/Ask.sol";
import {BatchData} from "./BatchData.sol";
import {BatchHarness} from "./BatchHarness.sol";

/// What an attacker tries on a batch, and what it gets.
contract BatchAttacksTest is BatchHarness {
    function setUp() public override {
        super.setUp();
        uint88[5] memory values = [uint88(60), 100, 30, 80, 80];
        uint88[5] memory asks = [uint88(40), 20, 70, 50, 50];
        for (uint256 i; i < 5; ++i) {
            _order(values[i] * 0.01 ether);
            _offer(asks[i] * 0.01 ether);
        }
        vm.warp(END);
    }

    /// Whoever clears leaves an order or an offer out, so that another is served: the hash of what is left is another one.
    function test_Attack_SomebodyIsLeftOut() public {
        for (uint256 gone; gone < 5; ++gone) {
            Ask memory ask = _clearing();
            bytes memory data = ask.data;
            // The one before it twice.
            (uint256 to, uint256 from) = (64 * gone, 64 * ((gone + 1) % 5));
            for (uint256 i; i < 64; ++i) {
                data[to + i] = data[from + i];
            }
            _assertRefused(ask, Unacceptable.selector);
            ask = _clearing();
            data = ask.data;
            (to, from) = (320 + 32 * gone, 320 + 32 * ((gone + 1) % 5));
            for (uint256 i; i < 32; ++i) {
                data[to + i] = data[from + i];
            }
            _assertRefused(ask, Unacceptable.selector);
        }
        Ask memory shorter = _clearing();
        BatchData.Order[] memory four = new BatchData.Order[](4);
        for (uint256 i; i < 4; ++i) {
            four[i] = orders[i];
        }
        shorter.data = BatchData.encode(four, offers);
        _assertRefuses(shorter, abi.encodeWithSelector(Unacceptable.selector, 65 * 4 + 33 * 5, 65 * 5 + 33 * 5));
    }

    /// Who is paired with whom follows from the order of arrival, which the hash fixes.
    function test_Attack_BookInAnotherOrder() public {
        for (uint256 i; i < 4; ++i) {
            _swapOrders(i);
            _assertRefused(_clearing(), Unacceptable.selector);
            _swapOrders(i);
            _swapOffers(i);
            _assertRefused(_clearing(), Unacceptable.selector);
            _swapOffers(i);
        }
        batch.step(_clearing());
    }

    /// A price in the book is changed by one wei.
    function test_Attack_AnotherPrice() public {
        orders[2].value += 1;
        _assertRefused(_clearing(), Unacceptable.selector);
        orders[2].value -= 1;
        offers[2].ask -= 1;
        _assertRefused(_clearing(), Unacceptable.selector);
    }

    /// Ranks that prefer a friend, name one twice, or name nobody: of all there are, one alone is taken, equal prices included.
    function test_Attack_Ranks() public {
        _again();
        uint256 count;
        for (uint256 i; i < 4; ++i) {
            _order(i < 2 ? 0.8 ether : 0.6 ether);
            _offer(i < 3 ? 0.5 ether : 0.7 ether);
        }
        vm.warp(END);
        for (uint256 all; all < 256; ++all) {
            // A call of its own for each: memory is dear.
            count += this.taken(all);
        }
        assertEq(count, 2, "one order of the orders, and one of the offers");
        (uint256[] memory byValue, uint256[] memory byAsk) = BatchData.ranks(orders, offers);
        byAsk[3] = 4;
        Ask memory beyond = _clearing();
        beyond.data = BatchData.encode(orders, offers, byValue, byAsk);
        _assertRefuses(beyond, abi.encodeWithSelector(Unacceptable.selector, 4, 3));
    }

    /// How often ranks are taken for orders and for offers.
    function taken(uint256 all) external view returns (uint256) {
        uint256[] memory ranks = new uint256[](4);
        for (uint256 i; i < 4; ++i) {
            ranks[i] = all >> 2 * i & 3;
        }
        (uint256[] memory byValue, uint256[] memory byAsk) = BatchData.ranks(orders, offers);
        Ask memory ask = _clearing();
        ask.data = BatchData.encode(orders, offers, ranks, byAsk);
        uint256 one = _taken(ask);
        ask.data = BatchData.encode(orders, offers, byValue, ranks);
        return one + _taken(ask);
    }

    /// Equal prices are ranked by a hash over both books, so that neither the first nor the last to come is preferred: with the same two at the
    /// margin, whoever comes after them decides without knowing how.
    function test_Attack_TiesAreNotWonByTiming() public {
        uint256 first;
        for (uint256 i; i < 200; ++i) {
            offers[0].ask = 0.4 ether + i;
            (, uint256[] memory byAsk) = BatchData.ranks(orders, offers);
            for (uint256 r; r < 4; ++r) {
                if (byAsk[r] == 3 && byAsk[r + 1] == 4) ++first;
            }
        }
        assertGt(first, 60);
        assertLt(first, 140);
    }

    /// M1 and M8: an ask of nothing wins, and is paid the price; it cannot be taken back.
    function test_Attack_AsksNothing() public {
        vm.warp(START);
        address prover = makeAddr("generous");
        _offer(prover, 0);
        Ask memory again = _aboutInstance(Cause.Bid, prover);
        again.price = 1 ether;
        _assertRefuses(again, abi.encodeWithSelector(NotYet.selector, START, END + GRACE));
        _clear();
        assertGe(earns[prover], 0.4 ether);
    }

    /// A batch is filled with asks at the ceiling, which cost nothing but a deposit for each: who came before is served, who comes after waits for the next
    /// batch. It takes `offers` deposits, and as many accounts, for every batch.
    function test_Attack_StuffedBatch() public {
        vm.warp(START);
        for (uint256 i = 5; i < 32; ++i) {
            _offer(p.ceiling);
        }
        uint256 locked;
        for (uint256 i = 5; i < 32; ++i) {
            locked += seats[_seller(i)].amount;
        }
        assertEq(locked, 27 * uint256(BOND));
        Ask memory late = _aboutInstance(Cause.Bid, makeAddr("late"));
        _assertRefuses(late, abi.encodeWithSelector(Unacceptable.selector, 33, 32));
        _clear();
        assertEq(trades, 4, "and the price is what it would have been");
        assertEq(pays[_orderId(1)], 0.5 ether);
        batch.step(_withTime(late, END));
    }

    /// No double auction is proof against false names: a prover alone among requesters sells nothing, and with a second account that asks more it
    /// sells at what that asks. What it risks: others come, and the second account has to prove, too, or lose its bond.
    function test_Attack_FalseName() public {
        _again();
        _order(0.9 ether);
        _order(0.8 ether);
        _offer(0.1 ether);
        uint256 before = vm.snapshotState();
        _clear();
        assertEq(trades, 0);
        vm.revertToState(before);

        _offer(0.79 ether);
        _clear();
        assertEq(earns[_seller(0)], 0.79 ether, "what it pays to come twice");
        vm.revertToState(before);

        _offer(0.79 ether);
        _order(0.9 ether);
        _offer(0.8 ether);
        _clear();
        assertEq(earns[_seller(0)], 0.8 ether);
        assertEq(earns[_seller(1)], 0.8 ether, "the false name has to prove, too");
    }

    /// To offer at anything but its cost never pays a prover, whoever else is there.
    function testFuzz_ProversAreTruthful(uint256 seed, uint8 m, uint8 n, uint256 lie) public {
        _again();
        (m, n) = (uint8(bound(m, 1, 8)), uint8(bound(n, 1, 8)));
        _crowd(seed, m, n);
        uint256 cost = offers[0].ask;
        int256 honest = _profit(cost, cost);
        int256 lying = _profit(cost, bound(lie, 0, p.ceiling));
        assertLe(lying, honest);
    }

    /// To name less than its work is worth never pays a requester.
    function testFuzz_RequestersDoNotUnderstate(uint256 seed, uint8 m, uint8 n, uint256 lie) public {
        _again();
        (m, n) = (uint8(bound(m, 1, 8)), uint8(bound(n, 1, 8)));
        _crowd(seed, m, n);
        uint256 worth = orders[0].value;
        int256 honest = _gain(worth, worth);
        int256 lying = _gain(worth, bound(lie, p.floor, worth));
        assertLe(lying, honest);
    }

    /// But the one that is left out as the last pair can gain by naming more: what a single price costs, of the three properties of McAfee's rule.
    function test_Attack_TheLastRequesterOverstates() public {
        _again();
        _order(0.6 ether);
        _order(0.9 ether);
        _offer(0.1 ether);
        _offer(0.5 ether);
        _offer(2 ether);
        int256 honest = _gain(0.6 ether, 0.6 ether);
        int256 lying = _gain(0.6 ether, 1 ether);
        assertEq(honest, 0);
        assertEq(lying, 0.1 ether, "pays 0.5 for what is worth 0.6 to it");
    }

    /* WHAT IS SAID IF SOMEBODY SAYS SOMETHING ELSE */

    /// Of the prover of the first offer.
    function _profit(uint256 cost, uint256 ask) private returns (int256) {
        offers[0].ask = ask;
        uint256 earned = _outcome(uint256(uint160(offers[0].prover)), true);
        return earned == 0 ? int256(0) : int256(earned) - int256(cost);
    }

    /// Of the requester of the first order.
    function _gain(uint256 worth, uint256 value) private returns (int256) {
        orders[0].value = value;
        uint256 paid_ = _outcome(uint256(orders[0].id), false);
        return paid_ == 0 ? int256(0) : int256(worth) - int256(paid_);
    }

    /// What an offer earns or an order pays; 0 if it does not trade.
    function _outcome(uint256 whose, bool offers_) private returns (uint256) {
        BatchBook.Book memory book = BatchData.bookOf(orders, offers);
        book.batch = START / INTERVAL;
        bytes32[] memory words_ = shared;
        BatchBook.restart(words_, uint64(uint256(keccak256(params))) | 1);
        BatchBook.store(book, words_);
        shared = words_;
        vm.warp(END);
        Move[] memory moves = batch.step(_clearing()).moves;
        for (uint256 i; i < moves.length; ++i) {
            if (moves[i].kind != MoveKind.Award) continue;
            if (offers_ ? uint160(moves[i].prover) == whose : moves[i].tag == uint176(whose)) return moves[i].amount;
        }
        return 0;
    }

    function _crowd(uint256 seed, uint256 m, uint256 n) private {
        for (uint256 i; i < m; ++i) {
            uint256 value = p.floor + uint256(keccak256(abi.encode(seed, "order", i))) % (1 ether);
            orders.push(BatchData.Order(_orderId(i), value, 1_000_000, request.deadline, 0));
        }
        for (uint256 i; i < n; ++i) {
            uint256 ask = uint256(keccak256(abi.encode(seed, "offer", i))) % (1 ether);
            offers.push(BatchData.Offer(_seller(i), ask));
        }
    }

    function _swapOrders(uint256 i) private {
        BatchData.Order memory order = orders[i];
        orders[i] = orders[i + 1];
        orders[i + 1] = order;
    }

    function _swapOffers(uint256 i) private {
        BatchData.Offer memory offer = offers[i];
        offers[i] = offers[i + 1];
        offers[i + 1] = offer;
    }

    function _again() private {
        for (uint256 i; i < offers.length; ++i) {
            delete seats[offers[i].prover];
        }
        delete orders;
        delete offers;
        vm.warp(START);
        _restart();
    }

    function _withTime(Ask memory ask, uint40 time) private pure returns (Ask memory) {
        ask.time = time;
        return ask;
    }

    function _taken(Ask memory ask) private view returns (uint256) {
        try batch.step(ask) {
            return 1;
        } catch {
            return 0;
        }
    }

    function _assertRefused(Ask memory ask, bytes4 why) private {
        vm.expectPartialRevert(why);
        batch.step(ask);
    }
}
