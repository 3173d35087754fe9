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
import {RaceParams} from "../../contracts/mechanisms/Race.sol";
import {
    Answer,
    Ask,
    BINDING,
    CAP_FIXED_PRICE,
    CAP_OPEN_ENTRY,
    Cause,
    Envelope,
    MoveKind,
    ON_PROOF,
    Shape
} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {RaceHarness} from "./RaceHarness.sol";

/// Parameters, shares, and races whose proofs bind their author.
contract RaceArrivalsTest is RaceHarness {
    /* RANKS */

    function test_TheFirstIsPaidAtOnceAndAlone() public {
        _alone();
        vm.warp(START + 100);
        Answer memory answer = _proveOwn(alice);
        assertEq(rewards[alice], BOUNTY);
        assertEq(uint8(status), uint8(Status.Fulfilled));
        assertEq(answer.wake, 0);
    }

    function test_EachRankIsPaidItsShareAsItArrives() public {
        vm.warp(START + 100);
        Answer memory answer = _proveOwn(bob);
        assertEq(rewards[bob], _shareOf(0));
        assertEq(_endOf(), START + 160);
        assertEq(answer.wake, START + 161);
        vm.warp(START + 160);
        _proveOwn(alice);
        assertEq(rewards[alice], _shareOf(1));
        _proveOwn(carol);
        assertEq(rewards[carol], _shareOf(2));
        assertEq(uint8(status), uint8(Status.Fulfilled), "the last rank closes");
        assertApproxEqAbs(spent, BOUNTY, 2);
    }

    function test_WhatNobodyReachedStaysWithTheRequester() public {
        _proveOwn(alice);
        vm.warp(START + 61);
        _tick();
        assertEq(uint8(status), uint8(Status.Fulfilled));
        assertEq(spent, _shareOf(0));
    }

    function test_AfterTheWindowNobodyIsRanked() public {
        _proveOwn(alice);
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, START, START + 61));
        vm.warp(START + 61);
        _assertRefuses(_proving(bob, 0), abi.encodeWithSelector(TooLate.selector, START + 61, START + 60));
    }

    function test_NobodyIsPaidTwice() public {
        _proveOwn(alice);
        _proveOwn(bob);
        _assertRefuses(_proving(bob, "another"), abi.encodeWithSelector(Unacceptable.selector, 2, 0));
        _assertRefuses(_proving(alice, "another"), abi.encodeWithSelector(Unacceptable.selector, 1, 0));
    }

    function test_AProverNeedsANumber() public {
        numbers[alice] = 0;
        _assertRefuses(_proving(alice, 0), abi.encodeWithSelector(Unacceptable.selector, 0, 1));
    }

    function test_EightNumbersOfAnySizeFit() public {
        (p.winners, p.decayBps) = (8, 10_000);
        _start();
        for (uint24 i; i < 8; ++i) {
            address prover = address(uint160(i) + 1);
            numbers[prover] = type(uint24).max - i;
            _proveOwn(prover);
            assertEq(rewards[prover], BOUNTY / 8);
        }
        assertEq(_endOf(), START + 60);
        assertEq(uint8(status), uint8(Status.Fulfilled));
        _assertRefuses(_proving(alice, 0), abi.encodeWithSelector(Unacceptable.selector, 8, 7));
    }

    /* PATIENCE */

    function test_TheFirstProofIsTakenUntilThePatienceRunsOut() public {
        vm.warp(START + 901);
        _assertRefuses(_proving(alice, 0), abi.encodeWithSelector(TooLate.selector, START + 901, START + 900));
        vm.warp(START + 900);
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, START + 900, START + 901));
        _proveOwn(alice);
        assertEq(rewards[alice], _shareOf(0));
    }

    function test_NobodyComes() public {
        vm.warp(START + 901);
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    function test_ADeadlineIsWaitedForNoLonger() public {
        request.deadline = START + 100;
        vm.warp(START + 100);
        _assertRefuses(_proving(alice, 0), abi.encodeWithSelector(TooLate.selector, START + 100, START + 99));
    }

    function test_OtherCausesAreOfNoUse() public {
        _assertRefuses(_ask(Cause.Opened, address(0)), abi.encodeWithSelector(Unexpected.selector, Cause.Opened));
        _assertRefuses(_ask(Cause.Failed, alice), abi.encodeWithSelector(Unexpected.selector, Cause.Failed));
        _assertRefuses(_bidding(alice, 0, ""), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
    }

    /* ENTRY */

    function test_WhoHasNotEnteredIsNotTaken() public {
        _withEntry();
        _assertRefuses(_proving(alice, 0), abi.encodeWithSelector(InsufficientBond.selector, 0, DEPOSIT));
        assertEq(_enterAs(alice).wake, START + 901);
        assertEq(tickets[alice].amount, DEPOSIT);
        _proveOwn(alice);
        assertEq(tickets[alice].amount, 0, "the deposit is back with the proof");
        assertEq(holds, 0);
    }

    function test_AnEntryHasNoPriceAndNoData() public {
        _withEntry();
        _assertRefuses(_bidding(alice, 1, ""), abi.encodeWithSelector(Unacceptable.selector, 1, 0));
        _assertRefuses(_bidding(alice, 0, "x"), abi.encodeWithSelector(Unacceptable.selector, 1, 0));
        Ask memory ask = _bidding(alice, 0, "");
        ask.actor.free = DEPOSIT - 1;
        _assertRefuses(ask, abi.encodeWithSelector(InsufficientBond.selector, DEPOSIT - 1, DEPOSIT));
        (ask.actor.free, ask.holds) = (DEPOSIT, 255);
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 255, 254));
    }

    function test_OneMayEnterUntilTheEndOfTheWindow() public {
        _withEntry();
        _enterAs(alice);
        _proveOwn(alice);
        vm.warp(START + 60);
        _enterAs(bob);
        _proveOwn(bob);
        assertEq(rewards[bob], _shareOf(1));
        vm.warp(START + 61);
        _assertRefuses(_bidding(carol, 0, ""), abi.encodeWithSelector(TooLate.selector, START + 61, START + 60));
    }

    function test_LosersHaveTheirDepositsBack() public {
        _withEntry();
        _enterAs(alice);
        _enterAs(bob);
        _proveOwn(alice);
        vm.warp(START + 61);
        _tickAbout(bob);
        assertEq(uint8(status), uint8(Status.Fulfilled));
        _tickAbout(bob);
        assertEq(released[1], bob);
        assertEq(forfeited.length, 0);
        assertEq(holds, 0);
    }

    function test_IfNobodyProvesAllDepositsAreTaken() public {
        _withEntry();
        _enterAs(alice);
        _enterAs(bob);
        vm.warp(START + 901);
        Answer memory answer = mechanism.step(_ticking(address(0)));
        assertEq(answer.moves.length, 0, "it has to be said about whom");
        answer = _tickAbout(alice);
        assertEq(answer.wake, START + 901, "there is more to do");
        assertEq(uint8(status), uint8(Status.Open));
        _tickAbout(bob);
        assertEq(uint8(status), uint8(Status.Closed));
        assertEq(forfeited.length, 2);
    }

    function test_IfTheDeadlineEndsItDepositsAreTakenAsWell() public {
        _withEntry();
        _enterAs(alice);
        status = Status.Closed;
        _tickAbout(alice);
        assertEq(forfeited[0], alice);
    }

    /* SHARES */

    function test_Shares() public {
        assertEq(_shareOf(0), uint256(BOUNTY) * 4 / 7);
        assertEq(_shareOf(1), uint256(BOUNTY) * 2 / 7);
        assertEq(_shareOf(2), uint256(BOUNTY) / 7);
        p.decayBps = 10_000;
        _start();
        assertEq(_shareOf(0), BOUNTY / 3);
        assertEq(_shareOf(2), BOUNTY / 3);
    }

    function testFuzz_Shares(uint88 maxPrice, uint16 bounty, uint16 decay, uint8 winners) public {
        p.winners = uint8(bound(winners, 1, 8));
        p.decayBps = p.winners == 1 ? 0 : uint16(bound(decay, 1_000, 10_000));
        p.bountyBps = uint16(bound(bounty, 1, 10_000));
        p.window = p.winners == 1 ? 0 : 60;
        _start();
        uint88[] memory all = race.shares(params, maxPrice);
        uint256 whole = uint256(maxPrice) * p.bountyBps / 10_000;
        uint256 sum;
        for (uint256 i; i < all.length; ++i) {
            sum += all[i];
            if (i == 0) continue;
            assertLe(all[i], all[i - 1]);
            assertApproxEqAbs(all[i], uint256(all[i - 1]) * p.decayBps / 10_000, 1 + all[0] / 1e8);
        }
        assertLe(sum, whole);
        assertGe(sum + all.length, whole, "less than a wei a rank is lost");
    }

    /* PARAMETERS */

    function test_Shape() public {
        Shape memory shape = race.check(params);
        assertEq(shape.words, 1);
        assertEq(shape.flags, ON_PROOF | BINDING);
        _withCommitments(7);
        assertEq(race.check(params).words, 8);
    }

    function test_Envelope() public view {
        Envelope memory e = race.envelope(params, request);
        assertEq(e.price, BOUNTY);
        assertEq(e.award, 901);
        assertEq(e.proof, 60);
        assertEq(e.bond, 0);
        assertEq(e.standbys, 0);
        assertEq(e.capabilities, CAP_OPEN_ENTRY | CAP_FIXED_PRICE);
    }

    function test_RefusesSenselessParameters() public {
        RaceParams memory good = p;
        p.patience = 0;
        _assertInvalid("patience", 0, 1, 30 days);
        p = good;
        p.winners = 9;
        _assertInvalid("winners", 9, 1, 8);
        (p.winners, p.commitBlocks, p.deposit) = (8, 1, 1);
        _assertInvalid("winners", 8, 1, 7);
        p = good;
        (p.commitBlocks, p.deposit) = (7_201, 1);
        _assertInvalid("commitBlocks", 7_201, 0, 7_200);
        p.commitBlocks = 1;
        p.deposit = 0;
        _assertInvalid("deposit", 0, 1, type(uint80).max);
        p = good;
        p.window = 0;
        _assertInvalid("window", 0, 1, 30 days);
        p.winners = 1;
        p.window = 1;
        _assertInvalid("window", 1, 0, 0);
        p.window = 0;
        _assertInvalid("decayBps", 5_000, 0, 0);
        p = good;
        p.decayBps = 999;
        _assertInvalid("decayBps", 999, 1_000, 10_000);
        p = good;
        p.bountyBps = 10_001;
        _assertInvalid("bountyBps", 10_001, 1, 10_000);
    }

    function _assertInvalid(string memory name, uint256 have, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidParam.selector, name, have, min, max));
        race.check(abi.encode(p));
    }
}
