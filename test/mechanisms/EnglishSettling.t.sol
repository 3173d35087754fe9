// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotYet, TooLate, Unexpected} from "../../contracts/interfaces/IMechanism.sol";
import {Answer, Ask, Cause} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {EnglishHarness} from "./EnglishHarness.sol";

/// Awards, standbys, attacks on the auction, and how tickets come back.
contract EnglishSettlingTest is EnglishHarness {
    function test_TheBestIsAwardedAtItsOwnPriceAfterTheEnd() public {
        _auction();
        vm.warp(END);
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, END, END + 1));
        vm.warp(END + 1);
        _tick();
        assertEq(winner, bob);
        assertEq(paid, 0.7 ether);
        assertEq(holds, 1, "the standby's deposit stays");
        assertEq(wake, 0);
    }

    function test_TheStandbyTakesOverAtItsOwnPrice() public {
        _auction();
        _over();
        _tick();
        vm.warp(block.timestamp + 1_001);
        _fail();
        assertEq(winner, alice);
        assertEq(paid, 0.8 ether);
        Answer memory answer = _fail();
        assertEq(answer.moves.length, 0, "nobody is left");
        assertEq(holds, 0);
    }

    // What the market does with a best that cannot take the award: forfeits, and asks as if it had failed.
    function test_TheStandbyReplacesABestThatCannotHonourItsBid() public {
        _auction();
        _over();
        Ask memory ask = _ticking(address(0));
        words = english.step(ask).words;
        delete tickets[bob];
        --holds;
        ask = _ask(Cause.Failed, bob);
        _apply(ask);
        assertEq(winner, alice);
        assertEq(holds, 0);
    }

    // If it could not be asked, a tick does the same.
    function test_ATickAwardsTheStandbyThatNobodyAwarded() public {
        _auction();
        _over();
        _tick();
        (status, openedAt) = (Status.Open, uint40(block.timestamp));
        _tick();
        assertEq(winner, alice);
        (status, openedAt) = (Status.Open, uint40(block.timestamp));
        _tick();
        assertEq(uint8(status), uint8(Status.Closed), "and closes when nobody is left");
    }

    function test_NobodyCameClosesAfterThePatience() public {
        vm.warp(START + 900);
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, START + 900, START + 901));
        vm.warp(START + 901);
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    function test_WhatCannotBeBidOnAnyMoreIsGivenUpAtOnce() public {
        request.deadline = START + 300 + 600 + 2;
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, START, START + 1));
        vm.warp(START + 1);
        _tick();
        assertEq(uint8(status), uint8(Status.Closed), "it can go down its ladder while there is time");
    }

    function test_NobodyBidsAfterAnAwardThatFailed() public {
        _auction();
        _over();
        _tick();
        _fail();
        (status, openedAt) = (Status.Open, uint40(block.timestamp));
        _assertRefuses(_bidding(carol, 1, ""), abi.encodeWithSelector(TooLate.selector, END + 1, END));
    }

    function test_TheStandbyIsReleasedWhenItIsOver() public {
        _auction();
        _over();
        _tick();
        _assertRefuses(_ticking(alice), abi.encodeWithSelector(NotYet.selector, END + 1, request.deadline));
        uint256 fresh = vm.snapshotState();
        Status[3] memory ends = [Status.Fulfilled, Status.Closed, Status.Cancelled];
        for (uint256 i; i < ends.length; ++i) {
            status = ends[i];
            _tickAbout(alice);
            assertEq(released[0], alice);
            assertEq(words[2], 0);
            vm.revertToState(fresh);
        }
        vm.warp(request.deadline);
        _tickAbout(alice);
        assertEq(holds, 0, "no award can follow any more");
    }

    // It expired before anyone ticked: nobody is at fault.
    function test_EverybodyIsReleasedIfNobodyAwarded() public {
        _auction();
        vm.warp(request.deadline);
        status = Status.Closed;
        _tickAbout(bob);
        _tickAbout(alice);
        assertEq(holds, 0);
        assertEq(forfeited.length, 0);
        assertEq(words[0], 0);
        assertEq(words[2], 0);
    }

    function test_RevertWhen_TheCauseIsOfNoUse() public {
        Cause[2] memory causes = [Cause.Opened, Cause.Proof];
        for (uint256 i; i < causes.length; ++i) {
            _assertRefuses(_ask(causes[i], alice), abi.encodeWithSelector(Unexpected.selector, causes[i]));
        }
    }

    /* ATTACKS */

    /// Sniping: whoever bids in the last second has not the last word.
    function test_ASniperIsAnswered() public {
        _bid(alice, 0.8 ether);
        vm.warp(END);
        _bid(bob, 0.7 ether);
        vm.warp(END + 60);
        _bid(alice, 0.6 ether);
        _over();
        _tick();
        assertEq(winner, alice);
    }

    /// 1-wei undercuts, of a rival or of oneself, at every price and at the least decrement there can be.
    function testFuzz_NobodyUndercutsByAWei(uint88 best, bool own) public {
        p.decrementBps = 100;
        _open(english, abi.encode(p));
        best = uint88(bound(best, 101, OPENING));
        _bid(alice, best);
        Ask memory ask = _bidding(own ? alice : bob, best - 1, "");
        vm.expectRevert();
        english.step(ask);
    }

    /// Infinite extension: two accounts that go on for ever, at the last second and by the least step, end at the hard
    /// end, each time for at least a step less.
    function test_ExtensionsEndAtTheHardEnd() public {
        _bid(alice, OPENING);
        uint88 price = OPENING;
        uint256 bids;
        while (block.timestamp < HARD_END) {
            vm.warp(_end());
            price = _below(price);
            _bid(bids++ % 2 == 0 ? bob : alice, price);
        }
        assertEq(bids, 11, "600 seconds of overtime, 60 at a time");
        assertLt(price, OPENING / 3, "a price that was driven down");
        vm.warp(HARD_END + 1);
        _tick();
        assertEq(paid, price);
    }

    /// Self-outbid: going below oneself again and again costs only oneself, and pushes nobody out.
    function test_GoingBelowOneselfPushesNobodyOut() public {
        _bid(alice, OPENING);
        uint88 price = OPENING;
        for (uint256 i; i < 50; ++i) {
            price = _below(price);
            _bid(bob, price);
        }
        assertEq(holds, 2);
        assertEq(released.length, 0);
        _over();
        _tick();
        assertEq(paid, price);
        _fail();
        assertEq(winner, alice);
        assertEq(paid, OPENING, "the standby's own price, whatever bob did");
    }

    /// Low-ball and vanish: the honest runner-up serves at its own price, in the very call that ends the award before.
    function testFuzz_ALowBallOnlyDelaysByOneAward(uint88 honest, uint88 lowBall) public {
        honest = uint88(bound(honest, 2, OPENING));
        lowBall = uint88(bound(lowBall, 0, _below(honest)));
        _bid(alice, honest);
        _bid(bob, lowBall);
        _over();
        _tick();
        assertEq(winner, bob);
        assertEq(paid, lowBall);
        _fail();
        assertEq(winner, alice);
        assertEq(paid, honest);
    }

    /// Whatever bids come in whatever order: the words are the best and who was best before it of the others, both hold
    /// tickets and nobody else does, and all come back.
    function testFuzz_TicketsAreThoseInTheWords(uint8[12] memory who, uint16[12] memory cuts, bool standby) public {
        if (!standby) _alone();
        address[3] memory all = [alice, bob, carol];
        uint88 price = OPENING;
        for (uint256 i; i < who.length; ++i) {
            _bid(all[who[i] % 3], price);
            price = uint88(_below(price) * uint256(10_000 - cuts[i] % 1_000) / 10_000);
            if (price == 0) break;
        }
        uint256 standing = standby && words[2] != 0 ? 2 : 1;
        assertEq(holds, standing);
        assertNotEq(tickets[address(uint160(uint256(words[0])))].amount, 0);
        if (standing == 2) {
            assertNotEq(tickets[address(uint160(uint256(words[2])))].amount, 0);
            assertGt(uint256(words[2] >> 160), uint256(words[0] >> 160), "the standby asks more");
        }
        _over();
        _tick();
        if (standing == 2) _fail();
        assertEq(holds, 0);
        assertEq(forfeited.length, 0);
    }

    function _auction() private {
        _bid(alice, 0.8 ether);
        _bid(bob, 0.7 ether);
    }
}
