// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../contracts/interfaces/IEscrow.sol";
import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {IRegistry} from "../contracts/interfaces/IRegistry.sol";
import {Packed} from "../contracts/libraries/Packed.sol";
import {Bid, Order} from "../contracts/types/Bid.sol";
import {Request} from "../contracts/types/Request.sol";
import {State, Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// How requests enter, and how their requesters take them back.
contract RequestsTest is Base {
    /* OPEN */

    // E14, I2: the escrow is locked on entry.
    function test_Open() public {
        Request memory r = request(dutchInstance);
        r.tip = 7;
        bytes32 id = market.idOf(r);
        vm.expectEmit(address(market));
        emit IMarket.Opened(
            id, requester, bytes.concat(bytes4(uint32(1)), bytes4(dutchInstance), _tail(Packed.pack(r)))
        );
        assertEq(opened(r), id);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - PRICE - 7);
        State memory s = market.stateOf(id);
        assertEq(uint8(s.status), uint8(Status.Open));
        assertEq(s.time, block.timestamp);
        assertEq(s.instance, dutchInstance);
        assertEq(s.version, 1);
        assertEq(abi.encode(s.rung, s.holds, s.prover, s.price), abi.encode(0, 0, 0, 0));
    }

    function test_Open_WithInput() public {
        Request memory r = request(dutchInstance);
        bytes memory input = "what a prover needs";
        r.input = keccak256(input);
        vm.startPrank(requester);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongInput.selector, bytes32(0), r.input));
        market.open(r, "", "");
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongInput.selector, keccak256("other"), r.input));
        market.open(r, "other", "");
        market.open(r, input, "");
        r = request(dutchInstance);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongInput.selector, keccak256(input), bytes32(0)));
        market.open(r, input, "");
    }

    // I15: the same request enters once, whatever became of it.
    function test_RevertWhen_ItEnteredBefore() public {
        Request memory r = request(postedInstance);
        opened(r);
        _assertNeverAgain(r, Status.Open);
        bidAs(alice, r, 0);
        _assertNeverAgain(r, Status.Awarded);
        market.fulfill(fulfillment(r, alice));
        _assertNeverAgain(r, Status.Fulfilled);

        r = request(postedInstance);
        opened(r);
        vm.prank(requester);
        market.cancel(r);
        _assertNeverAgain(r, Status.Cancelled);

        r = request(postedInstance);
        opened(r);
        vm.warp(r.deadline);
        market.expire(r);
        _assertNeverAgain(r, Status.Closed);
    }

    // P4: nobody else can occupy an id: with another requester it is another request.
    function test_Open_NobodyCanSquat() public {
        Request memory r = request(dutchInstance);
        bytes memory refusal = abi.encodeWithSelector(IMarket.BadSignature.selector, requester, market.idOf(r));
        vm.prank(stranger);
        vm.expectRevert(refusal);
        market.open(r, "", "");

        Request memory copy = request(dutchInstance);
        (copy.nonce, copy.statement, copy.requester) = (r.nonce, r.statement, stranger);
        _fund(stranger, 1 ether);
        bytes32 squatted = opened(copy);
        assertTrue(opened(r) != squatted);
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
    }

    function test_RevertWhen_EscrowIsNotCovered() public {
        Request memory r = request(dutchInstance);
        (r.maxPrice, r.tip) = (100 ether, 1);
        vm.prank(requester);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.InsufficientBalance.selector, NATIVE, requester, 100 ether, 100 ether + 1)
        );
        market.open(r, "", "");
    }

    // E11: the largest escrow does not wrap.
    function test_RevertWhen_EscrowIsTheLargest() public {
        Request memory r = request(dutchInstance);
        (r.maxPrice, r.tip) = (type(uint88).max, type(uint88).max);
        vm.prank(requester);
        vm.expectRevert(
            abi.encodeWithSelector(
                IEscrow.InsufficientBalance.selector, NATIVE, requester, 100 ether, 2 * uint256(type(uint88).max)
            )
        );
        market.open(r, "", "");
    }

    function test_RevertWhen_FieldIsOutOfRange() public {
        Request memory r = request(dutchInstance);
        r.work = 0;
        _expectRange("work", 0, 1, type(uint64).max);
        this.open(r);
        r = request(dutchInstance);
        r.window = 0;
        _expectRange("window", 0, 1, type(uint32).max);
        this.open(r);
        r = request(dutchInstance);
        r.deadline = uint40(block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(IMarket.DeadlinePassed.selector, block.timestamp, block.timestamp));
        this.open(r);
        r.deadline = uint40(block.timestamp + 30 days + 1);
        _expectRange("deadline", r.deadline, block.timestamp + 1, block.timestamp + 30 days);
        this.open(r);
        r = request(dutchInstance);
        r.callbackGas = 1_000_001;
        _expectRange("callbackGas", 1_000_001, 0, 1_000_000);
        this.open(r);
    }

    function test_Open_FieldsAtTheirBounds() public {
        Request memory r = request(dutchInstance);
        (r.work, r.window, r.deadline, r.callbackGas) = (1, 1, uint40(block.timestamp + 1), 0);
        (r.maxPrice, r.tip, r.bond) = (0, 0, 0);
        opened(r);
        r = request(dutchInstance);
        (r.work, r.window, r.callbackGas) = (type(uint64).max, type(uint32).max, 1_000_000);
        (r.deadline, r.bond) = (uint40(block.timestamp + 30 days), type(uint80).max);
        opened(r);
    }

    function test_RevertWhen_InstanceIsUnknown() public {
        Request memory r = request(99);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownInstance.selector, 99, 0, 0));
        this.open(r);
        r = request(0);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownInstance.selector, 0, 0, 0));
        this.open(r);
    }

    // E18
    function test_RevertWhen_TokenIsNotTheInstances() public {
        Request memory r = request(dutchInstance);
        r.token = makeAddr("token");
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongToken.selector, r.token, NATIVE));
        this.open(r);
    }

    /* CANCEL */

    function test_Cancel() public {
        Request memory r = request(dutchInstance);
        r.tip = 7;
        bytes32 id = opened(r);
        vm.expectEmit(address(market));
        emit IMarket.Cancelled(id, PRICE + 7);
        vm.prank(requester);
        market.cancel(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Cancelled));
        assertEq(market.balanceOf(NATIVE, requester), 100 ether);
        _assertOver(r, Status.Cancelled);
    }

    // K3: a signed request that is cancelled before it entered never will.
    function test_Cancel_BeforeItEntered() public {
        Request memory r = request(dutchInstance);
        bytes memory signature = sign(requesterKey, market.idOf(r));
        vm.prank(requester);
        market.cancel(r);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether);
        vm.startPrank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.WrongStatus.selector, market.idOf(r), Status.Cancelled, Status.None)
        );
        market.open(r, "", signature);
    }

    // A request can be cancelled in the second of its deadline and after, until somebody ends it.
    function test_Cancel_AfterTheDeadline() public {
        Request memory r = request(dutchInstance);
        opened(r);
        vm.warp(r.deadline + 1);
        vm.prank(requester);
        market.cancel(r);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether);
    }

    // P12
    function test_RevertWhen_CancelledByAnother() public {
        Request memory r = request(dutchInstance);
        opened(r);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotRequester.selector, stranger, requester));
        market.cancel(r);
    }

    function test_RevertWhen_CancelledAfterTheAward() public {
        Request memory r = awarded(alice);
        vm.startPrank(requester);
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.WrongStatus.selector, market.idOf(r), Status.Awarded, Status.Open)
        );
        market.cancel(r);
    }

    function test_RevertWhen_CancelledUnderABidder() public {
        Request memory r = request(sealedInstance);
        opened(r);
        Bid memory b = bidFor(r, alice, 0);
        b.data = abi.encode(keccak256("commitment"));
        vm.prank(alice);
        market.bid(order(r, b));
        vm.startPrank(requester);
        vm.expectRevert(abi.encodeWithSelector(IMarket.DepositsStand.selector, market.idOf(r), 1));
        market.cancel(r);
    }

    /* REPLACE */

    function test_Replace() public {
        Request memory old = request(dutchInstance);
        opened(old);
        Request memory next = request(postedInstance);
        next.maxPrice = 100 ether; // Needs what the old one held.
        vm.prank(requester);
        bytes32 id = market.replace(old, next, "");
        assertEq(id, market.idOf(next));
        assertEq(uint8(statusOf(old)), uint8(Status.Cancelled));
        assertEq(uint8(statusOf(next)), uint8(Status.Open));
        assertEq(market.balanceOf(NATIVE, requester), 0);
    }

    function test_RevertWhen_ReplacedByItself() public {
        Request memory r = request(dutchInstance);
        opened(r);
        vm.startPrank(requester);
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.WrongStatus.selector, market.idOf(r), Status.Cancelled, Status.None)
        );
        market.replace(r, r, "");
    }

    // P12: neither another's request can be replaced, nor another's be opened so.
    function test_RevertWhen_ReplacedForAnother() public {
        Request memory old = request(dutchInstance);
        opened(old);
        Request memory next = request(dutchInstance);
        next.requester = stranger;
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotRequester.selector, stranger, requester));
        market.replace(old, next, "");
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotRequester.selector, requester, stranger));
        market.replace(old, next, "");
    }

    function test_RevertWhen_ReplacedAfterTheAward() public {
        Request memory old = awarded(alice);
        Request memory next = request(dutchInstance);
        vm.startPrank(requester);
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.WrongStatus.selector, market.idOf(old), Status.Awarded, Status.Open)
        );
        market.replace(old, next, "");
        assertEq(uint8(statusOf(next)), uint8(Status.None));
    }

    function open(Request calldata r) external {
        vm.prank(r.requester);
        market.open(r, "", "");
    }

    function _expectRange(string memory field, uint256 have, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(IMarket.FieldOutOfRange.selector, field, have, min, max));
    }

    function _assertNeverAgain(Request memory r, Status have) private {
        bytes memory refusal = abi.encodeWithSelector(IMarket.WrongStatus.selector, market.idOf(r), have, Status.None);
        vm.prank(requester);
        vm.expectRevert(refusal);
        market.open(r, "", "");
        bytes memory signature = sign(requesterKey, market.idOf(r));
        vm.expectRevert(refusal);
        market.open(r, "", signature);
    }

    /// I12: nothing moves what is over.
    function _assertOver(Request memory r, Status have) private {
        bytes32 id = market.idOf(r);
        Order[] memory orders = order(r, bidFor(r, alice, 0));
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongStatus.selector, id, have, Status.Open));
        market.bid(orders);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongStatus.selector, id, have, Status.Open));
        market.cancel(r);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongStatus.selector, id, have, Status.Awarded));
        market.expire(r);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongStatus.selector, id, have, Status.Awarded));
        market.fulfill(fulfillment(r, alice));
        vm.expectRevert(abi.encodeWithSelector(IMarket.NoTicket.selector, id, alice));
        market.tick(r, alice, "");
    }

    /// Without the requester.
    function _tail(bytes memory packed) private pure returns (bytes memory tail) {
        tail = new bytes(packed.length - 20);
        for (uint256 i; i < tail.length; ++i) {
            tail[i] = packed[20 + i];
        }
    }
}
