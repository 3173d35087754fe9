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
import {CommitteeParams} from "../../contracts/mechanisms/Committee.sol";
import {Answer, Ask, Cause, Envelope, MoveKind, ON_PROOF, Shape} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {CommitteeHarness} from "./CommitteeHarness.sol";

contract CommitteeEnrolmentTest is CommitteeHarness {
    function test_Check() public {
        Shape memory shape = committee.check(abi.encode(p));
        assertEq(shape.words, 5, "16 bytes and 7 addresses");
        assertEq(shape.flags, ON_PROOF);
        p.seats = 12;
        assertEq(committee.check(abi.encode(p)).words, 8);
        _assertInvalid(p.seats = 13, "seats", 13, 2, 12);
        p.seats = 7;
        _assertInvalid(p.least = 8, "least", 8, 2, 7);
        _assertInvalid(p.least = 1, "least", 1, 2, 7);
        p.least = 4;
        _assertInvalid(p.needed = 5, "needed", 5, 1, 4);
        p.needed = 3;
        _assertInvalid(p.stagger = 101, "stagger", 101, 1, 100);
        p.stagger = 20;
        _assertInvalid(p.aggregatorBps = 5_001, "aggregatorBps", 5_001, 1, 5_000);
        p.aggregatorBps = 1_000;
        _assertInvalid(p.bonded = 2, "bonded", 2, 0, 1);
    }

    function test_Envelope() public view {
        Envelope memory e = committee.envelope(params, request);
        assertEq(e.price, 0.8 ether, "known when the request opens");
        assertEq(e.award, 601);
        assertEq(e.proof, 600);
        assertEq(e.bond, 4 * DEPOSIT, "of the fewest");
        assertEq(e.standbys, 3);
    }

    function test_SeatsAreInOrderOfBids() public {
        for (uint256 i; i < 7; ++i) {
            vm.warp(START + 10 * i);
            _bid(people[i], uint88(_rest() / 7), "");
            assertEq(_at(i), people[i]);
            assertEq(tickets[people[i]].tag, i);
            assertEq(tickets[people[i]].amount, DEPOSIT);
            uint40 want = i == 6 ? START + 60 + 600 + 1 : i < 3 ? START + 601 : START + 600 + 600 + 1;
            assertEq(wake, want, "the end, as things are");
        }
        assertEq(uint40(uint256(words[0]) >> 128), START + 60, "the work starts with the last seat");
        _assertRefuses(_bidding(stranger, 0, ""), abi.encodeWithSelector(Unacceptable.selector, 7, 6));
    }

    function test_PriceIsAtMostAnEqualShare() public {
        uint88 share = uint88(_rest() / 7);
        _assertRefuses(
            _bidding(people[0], share + 1, ""), abi.encodeWithSelector(Unacceptable.selector, share + 1, share)
        );
        _bid(people[0], share, "");
    }

    function test_OneSeatEach() public {
        _seat(1);
        _assertRefuses(_bidding(people[0], 0, ""), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
    }

    function test_DepositIsRequired() public {
        Ask memory ask = _bidding(people[0], 0, "");
        ask.actor.free = DEPOSIT - 1;
        _assertRefuses(ask, abi.encodeWithSelector(InsufficientBond.selector, DEPOSIT - 1, DEPOSIT));
    }

    function test_EnoughStartAtTheEndOfEnrolment() public {
        _seat(4);
        vm.warp(START + 600);
        _assertRefuses(_proving(people[0], ""), abi.encodeWithSelector(NotYet.selector, START + 600, START + 601));
        _bid(people[4], 0, "");
        vm.warp(START + 601);
        _assertRefuses(_bidding(people[5], 0, ""), abi.encodeWithSelector(Unacceptable.selector, 5, 4));
        _prove(people[0], PROOF, "");
        assertEq(uint8(status), uint8(Status.Fulfilled));
        assertEq(rewards[people[4]], _rest() / 5, "fewer members, each more");
    }

    function test_TooFewAreReleased() public {
        _seat(3);
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, START, START + 601));
        vm.warp(START + 601);
        _assertRefuses(_bidding(people[3], 0, ""), abi.encodeWithSelector(TooLate.selector, START + 601, START + 600));
        _assertRefuses(_proving(people[0], ""), abi.encodeWithSelector(TooLate.selector, START + 601, START + 600));
        _tick();
        assertEq(released.length, 3);
        assertEq(forfeited.length, 0, "nobody is bonded before it starts");
        assertEq(uint8(status), uint8(Status.Closed));
    }

    function test_NobodyComes() public {
        vm.warp(START + 601);
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    /// A near deadline shortens enrolment, so that even the longest work ends before it.
    function test_NearDeadlineEndsEnrolmentEarlier() public {
        request.deadline = START + 602 + 50;
        vm.warp(START + 51);
        _assertRefuses(_bidding(people[0], 0, ""), abi.encodeWithSelector(TooLate.selector, START + 51, START + 50));
        vm.warp(START + 50);
        _seat(4);
        assertEq(wake, request.deadline - 1);
        request.deadline = START + 100;
        words = new bytes32[](5);
        _assertRefuses(_bidding(people[5], 0, ""), abi.encodeWithSelector(TooLate.selector, START + 50, START - 502));
    }

    function test_OtherCausesAreUnexpected() public {
        _assertRefuses(_ask(Cause.Opened, address(0)), abi.encodeWithSelector(Unexpected.selector, Cause.Opened));
        _assertRefuses(_ask(Cause.Failed, address(0)), abi.encodeWithSelector(Unexpected.selector, Cause.Failed));
    }

    function test_TicketsThatOutliveTheRequest() public {
        _seat(7);
        vm.warp(LAST + 1);
        status = Status.Closed;
        Answer memory answer = committee.step(_ticking(people[2]));
        assertEq(uint8(answer.moves[0].kind), uint8(MoveKind.Forfeit), "the deadline came before a tick");
        vm.warp(LAST);
        answer = committee.step(_ticking(people[2]));
        assertEq(uint8(answer.moves[0].kind), uint8(MoveKind.Release), "it ended before its time: nobody's fault");
        p.bonded = 0;
        params = abi.encode(p);
        vm.warp(LAST + 1);
        answer = committee.step(_ticking(people[2]));
        assertEq(uint8(answer.moves[0].kind), uint8(MoveKind.Release));
    }

    function _assertInvalid(uint256, string memory what, uint256 have, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidParam.selector, what, have, min, max));
        committee.check(abi.encode(p));
    }
}
