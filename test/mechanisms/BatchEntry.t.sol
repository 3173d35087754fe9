// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    InsufficientBond,
    InvalidParam,
    NotYet,
    TooLate,
    Unacceptable,
    Unexpected
} from "../../contracts/interfaces/IMechanism.sol";
import {BatchBook} from "../../contracts/libraries/BatchBook.sol";
import {BatchParams} from "../../contracts/mechanisms/Batch.sol";
import {Answer, Ask, BINDING, Cause, Envelope, INSTANCE, MoveKind, ON_OPEN, Shape} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {BatchHarness} from "./BatchHarness.sol";

contract BatchEntryTest is BatchHarness {
    uint40 private constant LAST = END - 1;

    function test_Shape() public view {
        Shape memory shape = batch.check(params);
        assertEq(shape.words, 0);
        assertEq(shape.shared, 5);
        assertEq(shape.flags, ON_OPEN | BINDING);
    }

    function test_Check_RefusesSenselessParameters() public {
        BatchParams memory q = p;
        q.interval = 0;
        _assertInvalid(q, "interval", 0, 1, 15 days);
        q = p;
        q.grace = q.interval + 1;
        _assertInvalid(q, "grace", q.grace, 1, q.interval);
        q = p;
        q.window = 0;
        _assertInvalid(q, "window", 0, 1, 30 days);
        q = p;
        q.lot = 0;
        _assertInvalid(q, "lot", 0, 1, type(uint40).max);
        q = p;
        q.floor = q.ceiling + 1;
        _assertInvalid(q, "floor", q.floor, 1, q.ceiling);
        q = p;
        q.ceiling = 0;
        _assertInvalid(q, "ceiling", 0, 1, type(uint88).max);
        q = p;
        q.work = 0;
        _assertInvalid(q, "work", 0, 1, type(uint64).max);
        q = p;
        q.bond = 0;
        _assertInvalid(q, "bond", 0, 1, type(uint80).max);
        q = p;
        q.orders = 1;
        _assertInvalid(q, "orders", 1, 2, 64);
        q = p;
        q.offers = 65;
        _assertInvalid(q, "offers", 65, 2, 64);
        q = p;
        q.carry = 9;
        _assertInvalid(q, "carry", 9, 0, 8);
    }

    function test_Envelope() public {
        p.carry = 2;
        (request.maxPrice, request.work) = (1 ether, 1_000_000);
        Envelope memory e = batch.envelope(abi.encode(p), request);
        assertEq(e.price, 1 ether);
        assertEq(e.award, 3 * INTERVAL + GRACE);
        assertEq(e.proof, request.window);
        assertEq(e.bond, request.bond);
        request.maxPrice = 5 ether;
        assertEq(batch.envelope(abi.encode(p), request).price, 2 ether, "the ceiling");
    }

    /// What is paid never exceeds what was escrowed, however prices for a lot are rounded.
    function testFuzz_Envelope_IsWithinTheRequest(uint88 maxPrice, uint64 work, uint40 lot, uint88 ceiling) public {
        (p.lot, p.ceiling) = (uint40(bound(lot, 1, type(uint40).max)), ceiling);
        (request.maxPrice, request.work) = (maxPrice, uint64(bound(work, 1, type(uint64).max)));
        assertLe(batch.envelope(abi.encode(p), request).price, maxPrice);
    }

    function test_Order_ExtendsTheBook() public {
        bytes32 first = _order(1 ether);
        Answer memory answer = _apply(_asked(_orderId(9)));
        assertEq(answer.moves.length, 0);
        assertEq(answer.wake, END + GRACE, "then a tick closes it");
        BatchBook.Book memory book = BatchBook.load(shared, START / INTERVAL);
        assertEq(book.orders, 2);
        bytes32 hash = keccak256(abi.encode(0, first, BatchBook.entryOf(1 ether, 1_000_000, request.deadline, 0)));
        uint256 entry = BatchBook.entryOf(1 ether, 1_000_000, request.deadline, 0);
        assertEq(book.ordersHash, keccak256(abi.encode(hash, _orderId(9), entry)));
    }

    function test_Order_IsWorthNoMoreThanTheCeiling() public {
        _order(5 ether);
        BatchBook.Book memory book = BatchBook.load(shared, START / INTERVAL);
        uint256 entry = BatchBook.entryOf(2 ether, 1_000_000, request.deadline, 0);
        assertEq(book.ordersHash, keccak256(abi.encode(0, orders[0].id, entry)));
    }

    function test_Order_RevertWhen_OutsideItsClass() public {
        Ask memory ask = _asked(id);
        ask.request.work = 3_000_001;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 3_000_001, 3_000_000));
        ask = _asked(id);
        ask.request.bond = BOND + 1;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, BOND + 1, BOND));
        ask = _asked(id);
        ask.request.window = 999;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 1_000, 999));
        ask = _asked(id);
        ask.request.maxPrice = 0.01 ether - 1;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 0.01 ether, 0.01 ether - 1));
    }

    /// An order that is in a batch can be proven even if it is cleared in the last second: none expires in the book.
    function test_Order_RevertWhen_ItMightBeClearedTooLate() public {
        request.deadline = END + GRACE + 1_000;
        vm.warp(LAST);
        _order(1 ether);
        vm.warp(END);
        Ask memory ask = _asked(id);
        _assertRefuses(ask, abi.encodeWithSelector(TooLate.selector, END, LAST));
        request.deadline -= 1;
        ask = _asked(id);
        _assertRefuses(ask, abi.encodeWithSelector(TooLate.selector, END, START - 1));
    }

    function test_Order_RevertWhen_Full() public {
        p.orders = 2;
        _restart();
        _order(1 ether);
        _order(1 ether);
        _assertRefuses(_asked(_orderId(3)), abi.encodeWithSelector(Unacceptable.selector, 3, 2));
        vm.warp(END);
        _order(1 ether);
    }

    /// A ladder that comes down here must not be stopped by a refusal: else nobody could end the award above it.
    function test_Order_GoesOnDownTheLadder() public {
        Ask memory ask = _asked(id);
        ask.rung = 1;
        ask.request.work = 3_000_001;
        Answer memory answer = batch.step(ask);
        assertEq(uint8(answer.moves[0].kind), uint8(MoveKind.Close));
        ask = _asked(id);
        ask.rung = 1;
        assertEq(batch.step(ask).moves.length, 0, "one that fits is taken");
    }

    function test_Offer_HoldsTheBondOnTheInstance() public {
        Answer memory answer = _bidInstance(_seller(0), 0.5 ether, "");
        assertEq(answer.moves.length, 1);
        assertEq(answer.moves[0].subject, INSTANCE);
        assertEq(answer.moves[0].amount, BOND);
        assertEq(answer.moves[0].tag, uint176(uint256(END + GRACE) << 88 | 0.5 ether));
        assertEq(answer.wake, END);
    }

    function test_Offer_Refusals() public {
        Ask memory ask = _offering(_seller(0), 2 ether + 1);
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 2 ether + 1, 2 ether));
        ask = _offering(_seller(0), 1 ether);
        ask.actor.throughput = 2_999;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 3_000_000, 2_999_000));
        ask.actor.throughput = 3_000;
        batch.step(ask);
        ask.actor.free = BOND - 1;
        _assertRefuses(ask, abi.encodeWithSelector(InsufficientBond.selector, BOND - 1, BOND));
    }

    /// An offer cannot be improved, worsened or taken back while its batch can be cleared.
    function test_Offer_RevertWhen_AnotherStands() public {
        _offer(_seller(0), 0.5 ether);
        Ask memory ask = _offering(_seller(0), 0.4 ether);
        _assertRefuses(ask, abi.encodeWithSelector(NotYet.selector, START, END + GRACE));
        vm.warp(END + GRACE);
        Answer memory answer = _bidInstance(_seller(0), 0.4 ether, "");
        assertEq(uint8(answer.moves[0].kind), uint8(MoveKind.Release), "the old one ends, with any wish to leave");
        assertEq(uint8(answer.moves[1].kind), uint8(MoveKind.Hold));
    }

    function test_Offer_RevertWhen_Full() public {
        p.offers = 2;
        _restart();
        _offer(1 ether);
        _offer(1 ether);
        _assertRefuses(_offering(_seller(2), 1), abi.encodeWithSelector(Unacceptable.selector, 3, 2));
    }

    function test_RevertWhen_BidOnTheRequest() public {
        _order(1 ether);
        _assertRefuses(_bidding(_seller(0), 1 ether, ""), abi.encodeWithSelector(Unexpected.selector, uint8(Cause.Bid)));
    }

    /// Only orders under the parameters by which the instance is cleared are let in, once there are books.
    function test_Order_RevertWhen_UnderOtherParameters() public {
        _offer(1 ether);
        Ask memory ask = _asked(id);
        p.carry = 1;
        ask.params = abi.encode(p);
        _assertRefuses(ask, abi.encodeWithSelector(Unexpected.selector, uint8(Cause.Opened)));
        ask.rung = 1;
        assertEq(uint8(batch.step(ask).moves[0].kind), uint8(MoveKind.Close));
    }

    /// An offer is always under the parameters of now. It voids the books of the old ones, and the orders in them end in time.
    function test_Retune_VoidsTheBooks() public {
        _order(1 ether);
        _offer(0.5 ether);
        p.carry = 1;
        params = abi.encode(p);
        _offer(0.5 ether);
        BatchBook.Book memory book = BatchBook.load(shared, START / INTERVAL);
        assertEq(book.orders, 0);
        assertEq(book.offers, 1);
        p.carry = 0;
        params = abi.encode(p);
        vm.warp(END + GRACE);
        _tick();
        assertEq(uint8(status), uint8(Status.Closed), "its own tick ends the order");
        _tickInstance(_seller(0), "");
        assertEq(seats[_seller(0)].amount, 0, "and the offer");
    }

    function _asked(bytes32 id_) private returns (Ask memory) {
        (id, request.maxPrice, request.work) = (id_, 1 ether, 1_000_000);
        (openedAt, status) = (uint40(block.timestamp), Status.Open);
        return _ask(Cause.Opened, address(0));
    }

    function _offering(address prover, uint88 price) private view returns (Ask memory ask) {
        ask = _aboutInstance(Cause.Bid, prover);
        ask.price = price;
    }

    function _assertInvalid(BatchParams memory q, string memory name, uint256 have, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidParam.selector, name, have, min, max));
        batch.check(abi.encode(q));
    }
}
