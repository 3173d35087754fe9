// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotYet, Unacceptable, Unexpected} from "../../contracts/interfaces/IMechanism.sol";
import {Answer, Ask, Cause} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {SeatHarness} from "./SeatHarness.sol";

/// How requests are served, what misses cost, and attacks.
contract SeatServingTest is SeatHarness {
    /* REQUESTS */

    function test_ARequestIsAwardedAsItOpensAtTheTariff() public {
        _sit(alice, 0.4 ether);
        request.work = 1_500_000;
        _request();
        assertEq(uint8(status), uint8(Status.Awarded));
        assertEq(winner, alice);
        assertEq(paid, BASE + 0.6 ether);
    }

    function test_ARequestThatPaysTooLittleWaitsAndThenGivesUp() public {
        _sit(alice, CEILING);
        request.maxPrice = BASE + CEILING - 1;
        _request();
        assertEq(uint8(status), uint8(Status.Open));
        assertEq(wake, openedAt + PATIENCE + 1);
        skip(PATIENCE);
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, wake - 1, wake));
        skip(1);
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    function test_ARequestThatPaysTooLittleIsServedWhenTheRateFalls() public {
        _sit(alice, CEILING);
        request.maxPrice = BASE + 0.5 ether;
        _seatBid(bob, 0.5 ether);
        skip(HANDOVER - 100);
        _request();
        assertEq(wake, openedAt + 100, "it is woken for the change");
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, wake - 100, wake));
        skip(100);
        _tick();
        assertEq(winner, bob);
        assertEq(paid, BASE + 0.5 ether);
    }

    function test_WithoutAnIncumbentARequestWaitsForOne() public {
        p.handover = 100;
        _restart();
        _seatBid(alice, CEILING);
        _request();
        skip(100);
        _tick();
        assertEq(winner, alice);
    }

    function test_WithoutPatienceItDoesNotWait() public {
        p.patience = 0;
        _restart();
        _request();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    function test_WhatTheIncumbentDidNotAgreeToGoesDownTheLadderAtOnce() public {
        _sit(alice, 1);
        request.work = p.maxWork + 1;
        _assertClosed();
        request.work = p.maxWork;
        request.bond = p.maxBond + 1;
        _assertClosed();
        request.bond = p.maxBond;
        request.window = p.minWindow - 1;
        _assertClosed();
        request.window = p.minWindow;
        request.deadline = uint40(block.timestamp) + p.minWindow - 1;
        _assertClosed();
        request.deadline += 1;
        _request();
        assertEq(winner, alice);
    }

    function test_BeyondTheBurstRequestsWaitForTheBucket() public {
        _sit(alice, CEILING);
        _request();
        _request();
        assertEq(winner, alice);
        _request();
        assertEq(winner, address(0));
        assertEq(wake, openedAt + p.refill);
        skip(p.refill);
        _tick();
        assertEq(winner, alice);
    }

    function testFuzz_NoWindowHasMoreThanBurstAndRate(uint256 seed) public {
        p.burst = 5;
        _restart();
        _sit(alice, 1);
        uint256 start = block.timestamp;
        uint256 served;
        for (uint256 i; i < 60; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            skip(seed % 4 == 0 ? seed % 300 : seed % 30);
            _request();
            if (winner == alice) ++served;
            assertLe(served, p.burst + (block.timestamp - start) / p.refill);
        }
        assertGt(served, p.burst);
    }

    function test_RevertWhen_ARequestIsOver() public {
        _sit(alice, CEILING);
        _request();
        _assertRefuses(_ticking(alice), abi.encodeWithSelector(Unexpected.selector, Cause.Tick));
        Ask memory ask = _ask(Cause.Proof, alice);
        _assertRefuses(ask, abi.encodeWithSelector(Unexpected.selector, Cause.Proof));
    }

    /* MISSES */

    function test_AMissCostsAShareOfTheDepositAndTheRequestGoesDown() public {
        _sit(alice, CEILING);
        _request();
        skip(1_001);
        _miss();
        assertEq(seats[alice].amount, DEPOSIT - 1 ether);
        assertEq(uint8(status), uint8(Status.Closed));
        assertEq(_misses(), 1);
        assertEq(_holder(), alice);
    }

    function test_TheLastMissEmptiesTheSeat() public {
        _sit(alice, CEILING);
        for (uint256 i; i < 3; ++i) {
            _request();
            skip(1_001);
            _miss();
        }
        assertEq(_holder(), address(0));
        assertEq(_out(), alice);
        assertEq(seats[alice].amount, DEPOSIT - 3 ether);
        _seatBid(bob, CEILING);
        skip(HANDOVER);
        _request();
        assertEq(winner, bob);
        assertEq(_misses(), 0);
        assertEq(released[0], alice, "what is left comes back");
    }

    function test_WhoLeftIsLiableAndTheNextTakesOver() public {
        _sit(alice, CEILING);
        _seatBid(bob, 0.1 ether);
        skip(HANDOVER - 1);
        _request();
        assertEq(winner, alice);
        skip(HANDOVER);
        _miss();
        assertEq(seats[alice].amount, DEPOSIT - 1 ether);
        assertEq(winner, bob, "who sits now serves it");
        assertEq(paid, BASE + 0.1 ether);
        assertEq(_misses(), 0, "not its miss");
    }

    function test_AMissAfterTheLiabilityCostsTheBondOnly() public {
        _sit(alice, CEILING);
        _request();
        _seatBid(bob, 0.1 ether);
        skip(2 * HANDOVER);
        _miss();
        assertEq(forfeited.length, 0);
        assertEq(released[0], alice);
        assertEq(winner, bob);
    }

    function test_WhoHasNothingLeftIsOut() public {
        (p.missBps, p.maxMisses) = (5_001, 255);
        _restart();
        _sit(alice, CEILING);
        for (uint256 i; i < 2; ++i) {
            assertEq(_holder(), i == 0 ? address(0) : alice);
            _request();
            skip(1_001);
            _miss();
        }
        assertEq(seats[alice].amount, 0);
        assertEq(_holder(), address(0));
        assertEq(_out(), address(0));
    }

    /* ATTACKS */

    /// M1: the seat that nobody can undercut is empty after its misses, or its term.
    function test_Attack_ABidOfNothingDoesNotSitForEver() public {
        _sit(alice, 0);
        Ask memory ask = _aboutInstance(Cause.Bid, bob);
        _assertRefuses(ask, abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
        _request();
        vm.warp(_until() - HANDOVER);
        _seatBid(bob, CEILING);
        skip(HANDOVER);
        _request();
        assertEq(winner, bob);

        _restart();
        _sit(alice, 0);
        for (uint256 i; i < p.maxMisses; ++i) {
            _request();
            skip(1_001);
            _miss();
        }
        assertEq(seats[alice].amount, DEPOSIT - 3 ether, "not to serve was not free");
        _seatBid(bob, CEILING);
        assertEq(_pending(), bob);
    }

    /// M1: of two bids of nothing the first counts, and there is one ticket only.
    function test_Attack_ATieIsRefused() public {
        _seatBid(alice, 1);
        _seatBid(bob, 0);
        Ask memory ask = _aboutInstance(Cause.Bid, alice);
        _assertRefuses(ask, abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
    }

    /// M2: bidding oneself down only lowers what one is paid; there is one ticket and one pending bid, whatever is bid.
    function test_Attack_OutbiddingOneselfCostsTheDecrement() public {
        _sit(alice, CEILING);
        uint88 rate = CEILING;
        uint40 effect = uint40(block.timestamp) + HANDOVER;
        for (uint256 i; i < 20; ++i) {
            rate = _below(rate);
            _seatBid(alice, rate);
            assertEq(seats[alice].amount, DEPOSIT);
            assertEq(_effect(), effect, "no bid prolongs the wait");
        }
        skip(HANDOVER);
        _request();
        assertEq(paid, BASE + rate);
        assertLt(rate, CEILING * 36 / 100);
    }

    /// M3: a pending bid cannot be raised or taken back, by its owner or anybody.
    function test_Attack_APendingBidCannotBeWorsened() public {
        _seatBid(alice, 0.5 ether);
        Ask memory ask = _aboutInstance(Cause.Bid, alice);
        ask.price = 0.6 ether;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 0.6 ether, _below(0.5 ether)));
        ask.price = 0.5 ether;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 0.5 ether, _below(0.5 ether)));
        ask.data = NOTICE;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, uint160(alice), 0));
    }

    /// M4: whoever keeps everybody out in the last blocks before a change has gained one handover, at a rate below the one before.
    function test_Attack_StuffingBlocksGainsOneHandover() public {
        _sit(alice, CEILING);
        _seatBid(bob, _below(CEILING));
        // Carol's answer is kept out until the change.
        skip(HANDOVER);
        _seatBid(carol, _below(_below(CEILING)));
        skip(HANDOVER);
        _request();
        assertEq(winner, carol);
    }

    /// M23: in one second exactly one of two sits, whatever the order.
    function test_Attack_NothingIsWonByOrderAtTheChange() public {
        _sit(alice, CEILING);
        _seatBid(bob, 0.5 ether);
        skip(HANDOVER);
        Answer memory before = seat.step(_ask(Cause.Opened, address(0)));
        _seatBid(alice, _below(0.5 ether));
        Answer memory later = seat.step(_ask(Cause.Opened, address(0)));
        assertEq(before.moves[0].prover, bob);
        assertEq(later.moves[0].prover, bob);
        assertEq(before.moves[0].amount, later.moves[0].amount);
    }

    /// M24: two addresses that take turns lower the rate each time, a handover apart, within the same term.
    function test_Attack_TakingTurnsGainsNothing() public {
        _sit(alice, CEILING);
        uint40 until = START + HANDOVER + TERM;
        uint88 rate = CEILING;
        for (uint256 i; i < 12; ++i) {
            rate = _below(rate);
            address turn = i % 2 == 0 ? bob : alice;
            uint256 sold = block.timestamp;
            _sit(turn, rate);
            _request();
            assertEq(winner, turn);
            assertEq(paid, BASE + rate);
            assertGe(block.timestamp - sold, HANDOVER);
            assertEq(_until(), until, "no new term");
        }
    }

    /// A burst beyond what was agreed is no miss.
    function test_Attack_ABurstDoesNotMakeMisses() public {
        _sit(alice, CEILING);
        for (uint256 i; i < 100; ++i) {
            _request();
        }
        assertEq(winner, address(0));
        skip(PATIENCE + 1);
        assertEq(_misses(), 0);
        assertEq(seats[alice].amount, DEPOSIT);
    }

    /// An incumbent that gives notice to come back dearer has to win against everybody.
    function test_Attack_NoticeDoesNotFreeFromCompetition() public {
        _sit(alice, 0.1 ether);
        _notice(alice);
        vm.warp(_leaves() - HANDOVER);
        _seatBid(alice, CEILING);
        _seatBid(bob, _below(CEILING));
        skip(HANDOVER);
        _request();
        assertEq(winner, bob);
    }

    /* GAS */

    function test_Gas() public {
        _sit(alice, CEILING);
        _seatBid(bob, 0.5 ether);
        skip(HANDOVER);
        uint256 gas = _gasOf(_ask(Cause.Opened, address(0)));
        assertLt(gas, 50_000, vm.toString(gas));
        gas = _gasOf(_ask(Cause.Failed, alice));
        assertLt(gas, 50_000, vm.toString(gas));
    }

    function _assertClosed() private {
        _request();
        assertEq(uint8(status), uint8(Status.Closed));
    }
}
