// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    InsufficientBond,
    InvalidParam,
    TooLate,
    Unacceptable,
    Unexpected
} from "../../contracts/interfaces/IMechanism.sol";
import {EnglishParams} from "../../contracts/mechanisms/English.sol";
import {
    Answer,
    Ask,
    CAP_OPEN_ENTRY,
    CAP_SINGLE_RECIPIENT,
    Cause,
    Envelope,
    MoveKind,
    ON_FAILED,
    Shape
} from "../../contracts/types/Ask.sol";
import {EnglishHarness} from "./EnglishHarness.sol";

/// Parameters, bids, and the clock.
contract EnglishBiddingTest is EnglishHarness {
    /* BIDS */

    function test_TheFirstBidStartsTheClock() public {
        vm.warp(START + 100);
        Answer memory answer = _bid(alice, OPENING);
        assertEq(words[0], _word(alice, OPENING));
        assertEq(_end(), START + 400);
        assertEq(_hardEnd(), START + 1_000);
        assertEq(words[2], 0);
        assertEq(answer.wake, START + 401);
        assertEq(tickets[alice].amount, DEPOSIT);
        assertEq(tickets[alice].tag, OPENING, "a ticket says what was bid");
    }

    function test_WhoIsOutbidStandsByAndTheOneBeforeIsReleased() public {
        _bid(alice, 0.8 ether);
        _bid(bob, 0.7 ether);
        assertEq(words[0], _word(bob, 0.7 ether));
        assertEq(words[2], _word(alice, 0.8 ether));
        assertEq(released.length, 0);
        _bid(carol, 0.6 ether);
        assertEq(words[2], _word(bob, 0.7 ether));
        assertEq(released.length, 1);
        assertEq(released[0], alice);
        assertEq(holds, 2);
    }

    function test_WithoutAStandbyTheOutbidIsReleasedAtOnce() public {
        _alone();
        _bid(alice, 0.8 ether);
        _bid(bob, 0.7 ether);
        assertEq(released[0], alice);
        assertEq(holds, 1);
    }

    function test_TheStandbyComesBackWithTheTicketItHas() public {
        _bid(alice, 0.8 ether);
        _bid(bob, 0.7 ether);
        Ask memory ask = _bidding(alice, 0.6 ether, "");
        ask.actor.free = 0;
        _apply(ask);
        assertEq(words[0], _word(alice, 0.6 ether));
        assertEq(words[2], _word(bob, 0.7 ether));
        assertEq(released.length, 0);
        assertEq(holds, 2);
        assertEq(tickets[alice].tag, 0.6 ether);
    }

    function test_TheBestMayGoLowerByTheSameStep() public {
        _bid(alice, 0.8 ether);
        _bid(bob, 0.7 ether);
        _assertRefuses(
            _bidding(bob, 0.63 ether + 1, ""), abi.encodeWithSelector(Unacceptable.selector, 0.63 ether + 1, 0.63 ether)
        );
        _bid(bob, 0.63 ether);
        assertEq(words[0], _word(bob, 0.63 ether));
        assertEq(words[2], _word(alice, 0.8 ether), "it does not stand by for itself");
        assertEq(holds, 2);
    }

    function test_DepositIsAShareOfTheBondRoundedUpButNotBelowItsFloor() public {
        request.bond = 10_001;
        _bid(alice, OPENING);
        assertEq(tickets[alice].amount, 5_001);
        request.bond = 0;
        _bid(bob, 1);
        assertEq(tickets[bob].amount, 1_000);
    }

    function test_RevertWhen_TheStakeDoesNotCoverTheDeposit() public {
        Ask memory ask = _bidding(alice, OPENING, "");
        ask.actor.free = DEPOSIT - 1;
        _assertRefuses(ask, abi.encodeWithSelector(InsufficientBond.selector, DEPOSIT - 1, DEPOSIT));
        ask.actor.free = DEPOSIT;
        _apply(ask);
    }

    function test_RevertWhen_TheFirstBidIsAboveTheStart() public {
        _assertRefuses(
            _bidding(alice, OPENING + 1, ""), abi.encodeWithSelector(Unacceptable.selector, OPENING + 1, OPENING)
        );
    }

    function test_RevertWhen_ThePriceIsZeroAlready() public {
        _bid(alice, 0);
        _assertRefuses(_bidding(bob, 0, ""), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
    }

    function testFuzz_EveryBidIsAStepBelowTheOneBefore(uint88 first, uint88 second, uint16 stepBps) public {
        p.decrementBps = uint16(bound(stepBps, 100, 5_000));
        _open(english, abi.encode(p));
        first = uint88(bound(first, 1, OPENING));
        _bid(alice, first);
        uint88 most = _below(first);
        assertLt(most, first, "never the same again");
        if (second <= most) {
            _bid(bob, second);
            assertEq(words[0], _word(bob, second));
        } else {
            _assertRefuses(_bidding(bob, second, ""), abi.encodeWithSelector(Unacceptable.selector, second, most));
        }
    }

    /* THE CLOCK */

    function test_ABidInTimeMovesNothing() public {
        _bid(alice, 0.8 ether);
        vm.warp(END - 30);
        _bid(bob, 0.7 ether);
        assertEq(_end(), END);
        vm.warp(END - 29);
        _bid(carol, 0.6 ether);
        assertEq(_end(), END - 29 + 60, "late: everybody has a minute more");
        assertEq(wake, _end() + 1);
    }

    function test_TheEndMovesUpToTheHardEnd() public {
        _bid(alice, 0.8 ether);
        uint88 price = 0.8 ether;
        while (_end() < HARD_END) {
            vm.warp(_end());
            price = _below(price);
            _bid(price % 2 == 0 ? bob : carol, price);
        }
        assertEq(_end(), HARD_END);
        assertEq(_hardEnd(), HARD_END);
        vm.warp(HARD_END);
        _bid(alice, _below(price));
        assertEq(_end(), HARD_END);
        vm.warp(HARD_END + 1);
        _assertRefuses(_bidding(bob, 1, ""), abi.encodeWithSelector(TooLate.selector, HARD_END + 1, HARD_END));
    }

    function test_RevertWhen_TheFirstBidComesAfterThePatience() public {
        vm.warp(START + 901);
        _assertRefuses(_bidding(alice, 1, ""), abi.encodeWithSelector(TooLate.selector, START + 901, START + 900));
        vm.warp(START + 900);
        _bid(alice, 1);
    }

    function test_RevertWhen_TheAuctionCouldEndTooLateForTheDeadline() public {
        request.deadline = START + 50 + 300 + 600 + 2;
        vm.warp(START + 51);
        _assertRefuses(_bidding(alice, 1, ""), abi.encodeWithSelector(TooLate.selector, START + 51, START + 50));
        vm.warp(START + 50);
        _bid(alice, 0.8 ether);
        uint88 price = 0.8 ether;
        while (_end() < _hardEnd()) {
            vm.warp(_end());
            price = _below(price);
            _bid(bob, price);
        }
        _over();
        _tick();
        assertEq(winner, bob, "a second is left to award it");
    }

    function test_RevertWhen_TheDeadlineIsNearerThanAnyAuction() public {
        request.deadline = 10;
        _assertRefuses(_bidding(alice, 1, ""), abi.encodeWithSelector(TooLate.selector, START, 0));
    }

    function testFuzz_TheEndNeverMovesBackNorBeyondTheHardEnd(uint40[8] memory waits) public {
        _bid(alice, OPENING);
        uint88 price = OPENING;
        for (uint256 i; i < waits.length; ++i) {
            uint40 before = _end();
            vm.warp(block.timestamp + bound(waits[i], 0, 200));
            if (before < block.timestamp) return;
            price = _below(price);
            _bid(i % 2 == 0 ? bob : alice, price);
            assertGe(_end(), before);
            assertLe(_end(), HARD_END);
            if (_end() != HARD_END) assertGe(_end() - block.timestamp, 30, "somebody can answer");
        }
    }

    /* PARAMETERS */

    function test_Check() public {
        Shape memory shape = english.check(abi.encode(p));
        assertEq(shape.words, 3);
        assertEq(shape.shared, 0);
        assertEq(shape.flags, ON_FAILED);
        p.standbys = 0;
        shape = english.check(abi.encode(p));
        assertEq(shape.words, 2);
        assertEq(shape.flags, 0);
    }

    function test_RevertWhen_AParameterIsSenseless() public {
        EnglishParams memory good = p;
        p.duration = 0;
        _assertInvalid("duration", 0, 1, 30 days, good);
        p.duration = 30 days + 1;
        _assertInvalid("duration", 30 days + 1, 1, 30 days, good);
        p.extension = 0;
        _assertInvalid("extension", 0, 1, 30 days, good);
        p.closing = 0;
        _assertInvalid("closing", 0, 1, 60, good);
        p.closing = 61;
        _assertInvalid("closing", 61, 1, 60, good);
        p.overtime = 59;
        _assertInvalid("overtime", 59, 60, 30 days, good);
        p.patience = 0;
        _assertInvalid("patience", 0, 1, 30 days, good);
        p.decrementBps = 99;
        _assertInvalid("decrementBps", 99, 100, 5_000, good);
        p.decrementBps = 5_001;
        _assertInvalid("decrementBps", 5_001, 100, 5_000, good);
        p.startBps = 0;
        _assertInvalid("startBps", 0, 1, 10_000, good);
        p.startBps = 10_001;
        _assertInvalid("startBps", 10_001, 1, 10_000, good);
        p.depositBps = 10_001;
        _assertInvalid("depositBps", 10_001, 0, 10_000, good);
        p.depositFloor = 0;
        _assertInvalid("depositFloor", 0, 1, type(uint80).max, good);
        p.standbys = 2;
        _assertInvalid("standbys", 2, 0, 1, good);
        vm.expectRevert(bytes(""));
        english.check(new bytes(319));
    }

    function test_Envelope() public {
        Envelope memory e = english.envelope(abi.encode(p), request);
        assertEq(e.price, OPENING);
        assertEq(e.award, 900 + 300 + 600 + 1);
        assertEq(e.proof, request.window);
        assertEq(e.bond, request.bond);
        assertEq(e.standbys, 1);
        assertEq(e.capabilities, CAP_OPEN_ENTRY);
        p.standbys = 0;
        assertEq(english.envelope(abi.encode(p), request).capabilities, CAP_OPEN_ENTRY | CAP_SINGLE_RECIPIENT);
    }

    // The envelope's award is reached, and never passed, by the last first bid and bids that are as late as they can be.
    function test_TheEnvelopeIsTheWorst() public {
        vm.warp(START + 900);
        _bid(alice, OPENING);
        uint88 price = OPENING;
        while (_end() < _hardEnd()) {
            vm.warp(_end());
            price = _below(price);
            _bid(bob, price);
        }
        _over();
        _tick();
        assertEq(block.timestamp, START + english.envelope(abi.encode(p), request).award);
    }

    function test_GasOfEveryAnswerIsWithinItsShape() public {
        uint256 most = english.check(abi.encode(p)).gas;
        assertLt(_gasOf(_bidding(alice, OPENING, "")), most);
        _bid(alice, OPENING);
        _bid(bob, 0.6 ether);
        vm.warp(END);
        assertLt(_gasOf(_bidding(carol, 0.1 ether, "")), most, "the longest answer");
        _over();
        assertLt(_gasOf(_ticking(address(0))), most);
        Answer memory answer = _tick();
        assertEq(uint8(answer.moves[0].kind), uint8(MoveKind.Award));
        Ask memory ask = _ask(Cause.Failed, bob);
        assertLt(_gasOf(ask), most);
        ask = _ticking(alice);
        ask.time = request.deadline;
        assertLt(_gasOf(ask), most);
    }

    function _assertInvalid(string memory param, uint256 have, uint256 min, uint256 max, EnglishParams memory good)
        private
    {
        bytes memory bad = abi.encode(p);
        vm.expectRevert(abi.encodeWithSelector(InvalidParam.selector, param, have, min, max));
        english.check(bad);
        p = good;
    }
}
