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
    Answer,
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
import {SeatHarness} from "./SeatHarness.sol";

/// Parameters, and who sits.
contract SeatBiddingTest is SeatHarness {
    /* BIDS */

    function test_TheFirstBidTakesTheSeatAfterTheHandover() public {
        _seatBid(alice, CEILING);
        assertEq(shared[1], _word(alice, CEILING));
        assertEq(_effect(), START + HANDOVER);
        assertEq(seats[alice].amount, DEPOSIT);
        assertEq(seats[alice].tag, CEILING, "a ticket says what was bid");
        skip(HANDOVER);
        _request();
        assertEq(shared[0], _word(alice, CEILING));
        assertEq(shared[1], 0);
        assertEq(_until(), START + HANDOVER + TERM);
        assertEq(winner, alice);
    }

    function test_WhoIsUndercutBeforeItSitsIsReleasedAndTheChangeDoesNotWait() public {
        _seatBid(alice, CEILING);
        skip(HANDOVER - 1);
        _seatBid(bob, _below(CEILING));
        assertEq(released.length, 1);
        assertEq(released[0], alice);
        skip(1);
        _request();
        assertEq(winner, bob);
    }

    function test_AChallengerGoesBelowTheIncumbentByTheDecrement() public {
        _sit(alice, CEILING);
        Ask memory ask = _aboutInstance(Cause.Bid, bob);
        ask.price = _below(CEILING) + 1;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, ask.price, _below(CEILING)));
        _seatBid(bob, _below(CEILING));
        _request();
        assertEq(winner, alice, "the incumbent serves until the handover is over");
        skip(HANDOVER);
        _request();
        assertEq(winner, bob);
        assertEq(_until(), START + HANDOVER + TERM, "the term goes on");
        assertEq(shared[3], _word(alice, START + 3 * HANDOVER), "who left is liable for a while");
        assertEq(released.length, 0);
    }

    function test_TheIncumbentAnswersAChallengeByGoingBelowIt() public {
        _sit(alice, CEILING);
        _seatBid(bob, 0.5 ether);
        _seatBid(alice, _below(0.5 ether));
        assertEq(released.length, 2);
        assertEq(released[0], alice, "its ticket is a new one");
        assertEq(released[1], bob);
        skip(HANDOVER);
        _request();
        assertEq(shared[0], _word(alice, _below(0.5 ether)));
        assertEq(shared[3], 0);
        assertEq(paid, BASE + _below(0.5 ether));
        assertEq(seats[alice].amount, DEPOSIT);
    }

    function test_RevertWhen_TheStakeDoesNotCoverTheDeposit() public {
        Ask memory ask = _aboutInstance(Cause.Bid, alice);
        (ask.price, ask.actor.free) = (CEILING, DEPOSIT - 1);
        _assertRefuses(ask, abi.encodeWithSelector(InsufficientBond.selector, DEPOSIT - 1, DEPOSIT));
        (ask.actor.held, ask.actor.free) = (1, DEPOSIT - 1);
        assertEq(seat.step(ask).moves.length, 2, "what it has in the old ticket counts");
    }

    function test_RevertWhen_SomebodyBidsOnARequest() public {
        _sit(alice, CEILING);
        _assertRefuses(_bidding(alice, 0, ""), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
        _assertRefuses(_bidding(bob, 0, ""), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
    }

    function testFuzz_ABidHasToBeBelowTheLowestThatCounts(uint88 first, uint88 second, bool sits) public {
        first = uint88(bound(first, 1, CEILING));
        _seatBid(alice, first);
        if (sits) skip(HANDOVER);
        Ask memory ask = _aboutInstance(Cause.Bid, bob);
        ask.price = second;
        if (second <= _below(first)) _apply(ask);
        else _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, second, _below(first)));
    }

    /* TERMS AND NOTICES */

    function test_TheNextTermIsSoldFromTheCeilingBeforeTheOldOneEnds() public {
        _sit(alice, 1);
        _request();
        vm.warp(_until() - HANDOVER - 1);
        Ask memory ask = _aboutInstance(Cause.Bid, bob);
        ask.price = CEILING;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, CEILING, 0));
        skip(1);
        uint40 until = _until();
        _seatBid(bob, CEILING);
        assertEq(_effect(), until, "no gap");
        vm.warp(until - 1);
        _request();
        assertEq(winner, alice);
        skip(1);
        _request();
        assertEq(winner, bob);
        assertEq(_until(), until + TERM, "a term of its own");
    }

    function test_TheIncumbentStaysIfItWinsTheNextTerm() public {
        _sit(alice, 1);
        _request();
        uint40 until = _until();
        vm.warp(until - HANDOVER);
        _seatBid(alice, CEILING);
        vm.warp(until);
        _request();
        assertEq(shared[0], _word(alice, CEILING));
        vm.warp(until + HANDOVER);
        vm.expectRevert(abi.encodeWithSelector(NotYet.selector, until + HANDOVER, until + TERM + HANDOVER));
        mechanism.step(_aboutInstance(Cause.Tick, alice));
        assertEq(seats[alice].amount, DEPOSIT, "its deposit is still needed");
    }

    function test_AfterItsTermAnIncumbentSitsNoMore() public {
        _sit(alice, CEILING);
        _request();
        vm.warp(_until());
        _request();
        assertEq(winner, address(0));
        assertEq(wake, openedAt + PATIENCE + 1);
        assertEq(_holder(), address(0));
        assertEq(_out(), alice);
    }

    function test_ANoticeEndsTheSeatAndThenTheDepositComesBack() public {
        _sit(alice, CEILING);
        uint40 leaves = uint40(block.timestamp) + NOTICE_TIME;
        Answer memory answer = _notice(alice);
        assertEq(_leaves(), leaves);
        assertEq(answer.wake, leaves + HANDOVER);
        vm.warp(leaves - 1);
        _request();
        assertEq(winner, alice, "it serves to the end");
        vm.warp(leaves + HANDOVER - 1);
        Ask memory early = _aboutInstance(Cause.Tick, alice);
        _assertRefuses(early, abi.encodeWithSelector(NotYet.selector, leaves + HANDOVER - 1, leaves + HANDOVER));
        skip(1);
        _tickInstance(alice, "");
        assertEq(released[0], alice);
        assertEq(seats[alice].amount, 0);
        for (uint256 i; i < 4; ++i) {
            if (i != 2) assertEq(shared[i], 0);
        }
        Ask memory again = _aboutInstance(Cause.Tick, alice);
        _assertRefuses(again, abi.encodeWithSelector(Unexpected.selector, Cause.Tick));
    }

    function test_ALowerBidEndsANotice() public {
        _sit(alice, CEILING);
        _notice(alice);
        _sit(bob, 0.1 ether);
        _request();
        assertEq(winner, bob);
        assertEq(_leaves(), 0);
        skip(NOTICE_TIME);
        _request();
        assertEq(winner, bob, "the notice was not its own");
        assertEq(released[0], alice);
    }

    function test_RevertWhen_TheNoticeIsNotTheIncumbents() public {
        _sit(alice, CEILING);
        Ask memory ask = _aboutInstance(Cause.Bid, bob);
        ask.data = NOTICE;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, uint160(bob), uint160(alice)));
        ask = _aboutInstance(Cause.Bid, alice);
        ask.data = hex"02";
        _assertRefuses(ask, abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
        ask.data = NOTICE;
        _apply(ask);
        ask = _aboutInstance(Cause.Bid, alice);
        ask.data = NOTICE;
        _assertRefuses(ask, abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
    }

    function test_RevertWhen_TheTermEndsSoonerThanTheNotice() public {
        _sit(alice, CEILING);
        vm.warp(START + HANDOVER + TERM - NOTICE_TIME);
        Ask memory ask = _aboutInstance(Cause.Bid, alice);
        ask.data = NOTICE;
        _assertRefuses(ask, abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
        vm.warp(START + HANDOVER + TERM - NOTICE_TIME - 1);
        _notice(alice);
    }

    function test_WordsMayLagByMoreThanATerm() public {
        _seatBid(alice, CEILING);
        skip(HANDOVER + 2 * TERM);
        _seatBid(bob, CEILING);
        assertEq(released[0], alice);
        assertEq(_pending(), bob);
        assertEq(_out(), address(0));
    }

    /* WHAT IT SAYS */

    function test_Shape() public view {
        Shape memory shape = seat.check(params);
        assertEq(shape.words, 0);
        assertEq(shape.shared, 4);
        assertEq(shape.flags, ON_OPEN | ON_FAILED | SEATS);
    }

    function testFuzz_Envelope(uint64 work, uint88 maxPrice) public {
        (request.work, request.maxPrice) = (work, maxPrice);
        Envelope memory e = seat.envelope(params, request);
        uint256 price = BASE + uint256(CEILING) * work / 1_000_000;
        assertEq(e.price, price < maxPrice ? price : maxPrice);
        assertEq(e.award, PATIENCE);
        assertEq(e.proof, request.window);
        assertEq(e.bond, request.bond);
        assertEq(e.standbys, 0);
        assertEq(e.capabilities, CAP_OPEN_ENTRY | CAP_SINGLE_RECIPIENT);
    }

    function test_RevertWhen_AParameterIsOutOfRange() public {
        p.decrementBps = 99;
        _assertInvalid("decrementBps", 99, 100, 5_000);
        p.decrementBps = 500;
        p.handover = 0;
        _assertInvalid("handover", 0, 1, 10 days);
        p.handover = 600;
        p.notice = 599;
        _assertInvalid("notice", 599, 600, 30 days);
        p.notice = 600;
        p.term = 600;
        _assertInvalid("term", 600, 601, 31 days - 1200);
        p.term = 601;
        p.deposit = 0;
        _assertInvalid("deposit", 0, 1, type(uint80).max);
        p.deposit = 1;
        p.missBps = 0;
        _assertInvalid("missBps", 0, 1, 10_000);
        p.missBps = 10_000;
        p.maxMisses = 0;
        _assertInvalid("maxMisses", 0, 1, 255);
        p.maxMisses = 1;
        p.patience = 30 days + 1;
        _assertInvalid("patience", 30 days + 1, 0, 30 days);
        p.patience = 0;
        p.burst = 0;
        _assertInvalid("burst", 0, 1, type(uint16).max);
        p.burst = 1;
        p.refill = 0;
        _assertInvalid("refill", 0, 1, 30 days);
        p.refill = 1;
        p.maxWork = 0;
        _assertInvalid("maxWork", 0, 1, type(uint64).max);
        p.maxWork = 1;
        p.minWindow = 0;
        _assertInvalid("minWindow", 0, 1, 30 days);
        p.minWindow = 1;
        (p.base, p.ceiling) = (0, 0);
        _assertInvalid("base", 0, 1, type(uint88).max);
        p.ceiling = 1;
        seat.check(abi.encode(p));
    }

    function _assertInvalid(string memory what, uint256 have, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidParam.selector, what, have, min, max));
        seat.check(abi.encode(p));
    }
}
