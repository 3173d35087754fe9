// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    InsufficientBond,
    InvalidParam,
    NotYet,
    Unacceptable,
    Unexpected
} from "../../contracts/interfaces/IMechanism.sol";
import {
    Ask,
    CAP_OPEN_ENTRY,
    CAP_SINGLE_RECIPIENT,
    Cause,
    Envelope,
    ON_FAILED,
    ON_OPEN,
    SEATS,
    Shape
} from "../../contracts/types/Ask.sol";
import {ReservedHarness} from "./ReservedHarness.sol";

/// Parameters, and how a contract is sold and ends.
contract ReservedOfferingTest is ReservedHarness {
    function test_TheLowestTwoHoldTheContract() public {
        _offer(alice, 0.7 ether);
        _offer(bob, 0.6 ether);
        assertEq(shared[2], _word(bob, 0.6 ether));
        assertEq(shared[3], _word(alice, 0.7 ether));
        _offer(carol, 0.5 ether);
        assertEq(released.length, 1);
        assertEq(released[0], alice, "the highest bid is replaced");
        skip(OFFERING);
        _request();
        assertEq(_holder(0), carol);
        assertEq(_holder(1), bob);
        assertEq(_until(), START + OFFERING + TERM);
        assertEq(winner, carol);
        assertEq(paid, BASE + 0.5 ether, "each at its own rate");
    }

    function test_OfEqualBidsTheEarlierIsFirst() public {
        _offer(alice, CEILING);
        _offer(bob, CEILING);
        assertEq(shared[2], _word(alice, CEILING));
        assertEq(shared[3], _word(bob, CEILING));
    }

    function test_ABidderGoesBelowItselfAndMovesUp() public {
        _offer(alice, 0.6 ether);
        _offer(bob, CEILING);
        Ask memory ask = _aboutInstance(Cause.Bid, bob);
        ask.price = _below(CEILING) + 1;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, ask.price, _below(CEILING)));
        _offer(bob, 0.5 ether);
        assertEq(shared[2], _word(bob, 0.5 ether));
        assertEq(shared[3], _word(alice, 0.6 ether));
        _offer(bob, 0.4 ether);
        assertEq(shared[2], _word(bob, 0.4 ether));
        assertEq(shared[3], _word(alice, 0.6 ether), "it does not push itself out");
        assertEq(released.length, 2);
        assertEq(released[1], bob, "its ticket is a new one");
    }

    function test_ALoneHolderIsTheLowest() public {
        _alone();
        _offer(alice, CEILING);
        _offer(bob, _below(CEILING));
        assertEq(released[0], alice);
        skip(OFFERING);
        _request();
        assertEq(_holder(0), bob);
        assertEq(_holder(1), address(0));
    }

    function test_NobodyBidsAHolderDown() public {
        _hire(alice, CEILING, bob, CEILING);
        _request();
        Ask memory ask = _aboutInstance(Cause.Bid, carol);
        uint40 sold = _until() - OFFERING;
        _assertRefuses(ask, abi.encodeWithSelector(NotYet.selector, block.timestamp, sold));
        vm.warp(sold - 1);
        ask = _aboutInstance(Cause.Bid, carol);
        _assertRefuses(ask, abi.encodeWithSelector(NotYet.selector, sold - 1, sold));
        vm.warp(sold);
        _offer(carol, CEILING);
        _request();
        assertEq(winner, alice, "the old contract runs to its end");
        skip(OFFERING);
        _request();
        assertEq(winner, carol, "and the next follows without a gap");
        assertEq(_out(0), alice);
        assertEq(_out(1), bob);
    }

    function test_WhoLeavesIsReleasedWhenItsAwardsAreOver() public {
        _hire(alice, CEILING, bob, CEILING);
        _request();
        uint40 end = _until() + TAIL;
        vm.warp(end - 1);
        Ask memory ask = _aboutInstance(Cause.Tick, address(0));
        _assertRefuses(ask, abi.encodeWithSelector(NotYet.selector, end - 1, end));
        vm.warp(end);
        _tickInstance(address(0), "");
        assertEq(released.length, 2);
        assertEq(seats[alice].amount + seats[bob].amount, 0);
        ask = _aboutInstance(Cause.Tick, address(0));
        _assertRefuses(ask, abi.encodeWithSelector(Unexpected.selector, Cause.Tick));
    }

    function test_ANoticeEndsOneHoldersContract() public {
        _hire(alice, 0.5 ether, bob, 0.6 ether);
        _notice(alice);
        uint40 leaves = uint40(block.timestamp) + NOTICE_TIME;
        vm.warp(leaves - 1);
        _request();
        assertEq(winner, alice);
        skip(1);
        _request();
        assertEq(winner, bob);
        assertEq(shared[6], _word(alice, leaves + TAIL));
        _notice(bob);
        Ask memory ask = _aboutInstance(Cause.Bid, carol);
        uint256 sold = block.timestamp + NOTICE_TIME - OFFERING;
        _assertRefuses(ask, abi.encodeWithSelector(NotYet.selector, block.timestamp, sold));
        vm.warp(sold);
        _offer(carol, CEILING);
    }

    function test_RevertWhen_TheNoticeIsNotAHolders() public {
        _hire(alice, CEILING, address(0), 0);
        Ask memory ask = _aboutInstance(Cause.Bid, bob);
        ask.data = NOTICE;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, uint160(bob), uint160(alice)));
        ask.data = hex"0100";
        _assertRefuses(ask, abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
        _notice(alice);
        ask = _aboutInstance(Cause.Bid, alice);
        ask.data = NOTICE;
        _assertRefuses(ask, abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
    }

    function test_RevertWhen_TheStakeDoesNotCoverTheDeposit() public {
        Ask memory ask = _aboutInstance(Cause.Bid, alice);
        (ask.price, ask.actor.free) = (CEILING, DEPOSIT - 1);
        _assertRefuses(ask, abi.encodeWithSelector(InsufficientBond.selector, DEPOSIT - 1, DEPOSIT));
    }

    function test_WordsMayLagByMoreThanATerm() public {
        _offer(alice, CEILING);
        skip(OFFERING + 2 * TERM);
        _offer(bob, CEILING);
        assertEq(released[0], alice);
        assertEq(shared[2], _word(bob, CEILING));
    }

    /* WHAT IT SAYS */

    function test_Shape() public view {
        Shape memory shape = reserved.check(params);
        assertEq(shape.words, 0);
        assertEq(shape.shared, 8);
        assertEq(shape.flags, ON_OPEN | ON_FAILED | SEATS);
    }

    function testFuzz_Envelope(uint64 work, uint88 maxPrice, uint32 window) public {
        (request.work, request.maxPrice, request.window) = (work, maxPrice, window);
        Envelope memory e = reserved.envelope(params, request);
        uint256 price = BASE + uint256(CEILING) * work / 1_000_000;
        assertEq(e.price, price < maxPrice ? price : maxPrice);
        assertEq(e.award, p.patience);
        uint256 proof = 100 + (40 * uint256(work) + 999_999) / 1_000_000;
        assertEq(e.proof, proof < window ? proof : window);
        assertEq(e.standbys, 1);
        assertEq(e.capabilities, CAP_OPEN_ENTRY);
        p.holders = 1;
        e = reserved.envelope(abi.encode(p), request);
        assertEq(e.capabilities, CAP_OPEN_ENTRY | CAP_SINGLE_RECIPIENT);
    }

    function test_RevertWhen_AParameterIsOutOfRange() public {
        p.decrementBps = 5_001;
        _assertInvalid("decrementBps", 5_001, 100, 5_000);
        p.decrementBps = 500;
        p.offering = 0;
        _assertInvalid("offering", 0, 1, 10 days);
        p.offering = 600;
        p.notice = 599;
        _assertInvalid("notice", 599, 600, 30 days);
        p.notice = 600;
        p.deposit = 0;
        _assertInvalid("deposit", 0, 1, type(uint80).max);
        p.deposit = 1;
        p.creditBps = 10_001;
        _assertInvalid("creditBps", 10_001, 1, 10_000);
        p.creditBps = 1;
        p.maxMisses = 0;
        _assertInvalid("maxMisses", 0, 1, 255);
        p.maxMisses = 1;
        p.period = 0;
        _assertInvalid("period", 0, 1, 30 days);
        p.period = 1;
        p.terminal = 2;
        _assertInvalid("terminal", 2, 0, 1);
        p.terminal = 1;
        p.holders = 3;
        _assertInvalid("holders", 3, 1, 2);
        p.holders = 1;
        p.burst = 0;
        _assertInvalid("burst", 0, 1, type(uint16).max);
        p.burst = 1;
        p.refill = 0;
        _assertInvalid("refill", 0, 1, 30 days);
        p.refill = 1;
        p.maxWork = 0;
        _assertInvalid("maxWork", 0, 1, type(uint64).max);
        p.maxWork = 1e12;
        p.latency = 0;
        _assertInvalid("latency", 0, 1, 10 days);
        p.latency = 1;
        p.pace = 2;
        p.maxWork = 432_000e6;
        _assertInvalid("latency", 10 days + 1, 1, 10 days);
        p.maxWork = 1e6;
        p.term = 600;
        _assertInvalid("term", 600, 601, 31 days - 600 - 3 - 1 hours);
        p.term = 601;
        (p.base, p.ceiling) = (0, 0);
        _assertInvalid("base", 0, 1, type(uint88).max);
        p.ceiling = 1;
        reserved.check(abi.encode(p));
    }

    function _assertInvalid(string memory what, uint256 have, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidParam.selector, what, have, min, max));
        reserved.check(abi.encode(p));
    }
}
