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
import {Alpha, Tickets} from "../../contracts/libraries/Tickets.sol";
import {ContestParams} from "../../contracts/mechanisms/Contest.sol";
import {
    Answer,
    Ask,
    CAP_OPEN_ENTRY,
    CAP_SINGLE_RECIPIENT,
    Cause,
    DRAWS,
    Envelope,
    MoveKind,
    Shape
} from "../../contracts/types/Ask.sol";
import {ContestHarness} from "./ContestHarness.sol";

/// Parameters, and how tickets are sold.
contract ContestEntryTest is ContestHarness {
    /* TICKETS */

    function test_ATicketIsHeldAndExtendsTheBook() public {
        Answer memory answer = _enter(alice, 0.1 ether);
        assertEq(tickets[alice].amount, 0.1 ether);
        assertEq(tickets[alice].tag, 0);
        assertEq(words[0], keccak256(abi.encode(bytes32(0), list[0])));
        assertEq(answer.wake, LAST + 1);
        bytes32 before = words[0];
        _enter(bob, 0.2 ether);
        assertEq(tickets[bob].tag, 1);
        assertEq(words[0], keccak256(abi.encode(before, uint256(1) << 240 | 0.2 ether << 160 | uint160(bob))));
        assertEq(_count(), 2);
        assertEq(_total(), 0.3 ether);
        assertEq(_drawnBy(), 0);
    }

    function test_ATicketCanBeMadeLargerThreeTimes() public {
        _enter(alice, 0.1 ether);
        _enter(bob, 0.1 ether);
        for (uint80 i = 1; i <= 3; ++i) {
            _enter(alice, 0.1 ether + i);
            assertEq(tickets[alice].tag, i << 8, "its place stays");
        }
        assertEq(_count(), 2);
        assertEq(_total(), 0.2 ether + 3);
        assertEq(list.length, 5);
        _assertRefuses(_entering(alice, 0.2 ether), abi.encodeWithSelector(Unacceptable.selector, 4, 3));
    }

    // M6: who has entered cannot take anything back.
    function test_RevertWhen_ATicketIsMadeNoLarger() public {
        _enter(alice, 0.1 ether);
        _assertRefuses(
            _entering(alice, 0.1 ether), abi.encodeWithSelector(Unacceptable.selector, 0.1 ether, 0.1 ether + 1)
        );
        _assertRefuses(
            _entering(alice, 0.05 ether), abi.encodeWithSelector(Unacceptable.selector, 0.05 ether, 0.1 ether + 1)
        );
    }

    function test_RevertWhen_ATicketIsTooSmallOrTooLarge() public {
        _assertRefuses(
            _entering(alice, 0.01 ether - 1), abi.encodeWithSelector(Unacceptable.selector, 0.01 ether - 1, 0.01 ether)
        );
        _assertRefuses(
            _entering(alice, 0.5 ether + 1), abi.encodeWithSelector(Unacceptable.selector, 0.5 ether + 1, 0.5 ether)
        );
        uint256 huge = type(uint256).max;
        _assertRefuses(_entering(alice, huge), abi.encodeWithSelector(Unacceptable.selector, huge, 0.5 ether));
        request.maxPrice = 0.1 ether;
        _assertRefuses(
            _entering(alice, 0.08 ether + 1), abi.encodeWithSelector(Unacceptable.selector, 0.08 ether + 1, 0.08 ether)
        );
    }

    // A prover says what it wants to be paid; the award is the fee less the ticket.
    function test_RevertWhen_ThePriceIsMoreThanTheFeeLessTheTicket() public {
        uint88 most = FEE - 0.1 ether;
        _assertRefuses(
            _bidding(alice, most + 1, abi.encode(0.1 ether)),
            abi.encodeWithSelector(Unacceptable.selector, most + 1, most)
        );
        _bid(alice, most, abi.encode(0.1 ether));
    }

    function test_RevertWhen_TheDataAreNoTicket() public {
        _assertRefuses(_bidding(alice, 0, ""), abi.encodeWithSelector(Unacceptable.selector, 0, 32));
        _assertRefuses(_bidding(alice, 0, new bytes(33)), abi.encodeWithSelector(Unacceptable.selector, 33, 32));
    }

    function test_RevertWhen_ItIsNotPaidInTheStakeToken() public {
        request.token = address(7);
        _assertRefuses(_entering(alice, 0.1 ether), abi.encodeWithSelector(Unacceptable.selector, 7, 0));
    }

    function test_RevertWhen_TheStakeDoesNotCoverTicketAndBond() public {
        Ask memory ask = _entering(alice, 0.1 ether);
        ask.actor.free = 1 ether - 1;
        _assertRefuses(ask, abi.encodeWithSelector(InsufficientBond.selector, 1 ether - 1, 1 ether));
        ask.request.bond = 1;
        ask.actor.free = 0.1 ether - 1;
        _assertRefuses(ask, abi.encodeWithSelector(InsufficientBond.selector, 0.1 ether - 1, 0.1 ether));
        ask.actor.free = 0.1 ether;
        _apply(ask);
    }

    // M14: a list is as long as the admission says, and no longer.
    function test_RevertWhen_AllPlacesAreTaken() public {
        p.entrants = 2;
        _reopen();
        _enter(alice, 0.1 ether);
        _enter(bob, 0.1 ether);
        _assertRefuses(_entering(carol, 0.1 ether), abi.encodeWithSelector(Unacceptable.selector, 3, 2));
        _enter(bob, 0.2 ether);
    }

    function test_RevertWhen_TheEntryIsOver() public {
        _over();
        _assertRefuses(_entering(alice, 0.1 ether), abi.encodeWithSelector(TooLate.selector, LAST + 1, LAST));
        vm.warp(LAST);
        _enter(alice, 0.1 ether);
    }

    function test_TheEntryEndsSoonerWhereTheDeadlineLeavesNoTimeToDraw() public {
        request.deadline = START + 100 + 62;
        vm.warp(START + 101);
        _assertRefuses(_entering(alice, 0.1 ether), abi.encodeWithSelector(TooLate.selector, START + 101, START + 100));
        vm.warp(START + 100);
        assertEq(_enter(alice, 0.1 ether).wake, START + 101);
        request.deadline = 10;
        _assertRefuses(_entering(alice, 0.1 ether), abi.encodeWithSelector(TooLate.selector, START + 100, 0));
    }

    function test_RevertWhen_NobodyAsksForIt() public {
        _assertRefuses(_ask(Cause.Opened, address(0)), abi.encodeWithSelector(Unexpected.selector, Cause.Opened));
        _assertRefuses(_ask(Cause.Failed, alice), abi.encodeWithSelector(Unexpected.selector, Cause.Failed));
    }

    /* PARAMETERS */

    function test_Check() public view {
        Shape memory shape = contest.check(abi.encode(p));
        assertEq(shape.words, 2);
        assertEq(shape.shared, 0);
        assertEq(shape.flags, DRAWS);
    }

    function test_RevertWhen_AParameterIsSenseless() public {
        ContestParams memory good = p;
        p.entry = 0;
        _assertInvalid("entry", 0, 1, 30 days, good);
        p.settling = 30 days + 1;
        _assertInvalid("settling", 30 days + 1, 1, 30 days, good);
        p.feeBps = 0;
        _assertInvalid("feeBps", 0, 1, 10_000, good);
        p.feeBps = 10_001;
        _assertInvalid("feeBps", 10_001, 1, 10_000, good);
        p.minTicket = 0;
        _assertInvalid("minTicket", 0, 1, type(uint80).max, good);
        p.maxTicket = good.minTicket - 1;
        _assertInvalid("maxTicket", good.minTicket - 1, good.minTicket, type(uint80).max, good);
        p.entrants = 0;
        _assertInvalid("entrants", 0, 1, 40, good);
        p.entrants = 41;
        _assertInvalid("entrants", 41, 1, 40, good);
        p.distance = 0;
        _assertInvalid("distance", 0, 1, 64, good);
        p.distance = 65;
        _assertInvalid("distance", 65, 1, 64, good);
        vm.expectRevert(bytes(""));
        contest.check(new bytes(287));
    }

    function test_Envelope() public {
        Envelope memory e = contest.envelope(abi.encode(p), request);
        assertEq(e.price, FEE - 0.01 ether);
        assertEq(e.award, 300 + 60 + 1);
        assertEq(e.proof, request.window);
        assertEq(e.bond, request.bond);
        assertEq(e.standbys, 0);
        assertEq(e.capabilities, CAP_OPEN_ENTRY | CAP_SINGLE_RECIPIENT);
        request.maxPrice = 1;
        assertEq(contest.envelope(abi.encode(p), request).price, 0, "nobody can enter");
    }

    // As many as there can be, each of whom has made its ticket larger as often as it may.
    function test_GasOfEveryAnswerIsWithinItsShape() public {
        for (uint256 alpha; alpha < 3; ++alpha) {
            p.alpha = Alpha(alpha);
            _reopen();
            uint256 most = contest.check(abi.encode(p)).gas;
            assertLt(_gasOf(_entering(alice, 0.1 ether)), most);
            for (uint80 raise; raise < 4; ++raise) {
                for (uint160 i = 1; i <= 40; ++i) {
                    _enter(address(i), 0.1 ether + raise);
                }
            }
            assertEq(list.length, 160);
            _over();
            assertLt(_gasOf(_ticking(address(0))), most);
            _known(keccak256("beacon"));
            uint256 used = _gasOf(_replaying());
            assertLt(used, most, "the longest answer");
            emit log_named_uint("gas of the longest answer", used);
            Answer memory answer = _settle();
            assertEq(answer.moves.length, 40);
            assertEq(uint8(answer.moves[0].kind), uint8(MoveKind.Award));
            assertEq(holds, 0);
        }
    }

    function _assertInvalid(string memory param, uint256 have, uint256 min, uint256 max, ContestParams memory good)
        private
    {
        bytes memory bad = abi.encode(p);
        vm.expectRevert(abi.encodeWithSelector(InvalidParam.selector, param, have, min, max));
        contest.check(bad);
        p = good;
    }
}
