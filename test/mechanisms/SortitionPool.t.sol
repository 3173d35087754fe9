// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    InsufficientBond,
    InvalidParam,
    NotYet,
    Unacceptable,
    Unexpected
} from "../../contracts/interfaces/IMechanism.sol";
import {SortitionParams} from "../../contracts/mechanisms/Sortition.sol";
import {
    Answer,
    Ask,
    BINDING,
    Cause,
    DRAWS,
    Envelope,
    INSTANCE,
    MoveKind,
    ON_FAILED,
    ON_OPEN,
    SEATS,
    Shape
} from "../../contracts/types/Ask.sol";
import {SortitionHarness} from "./SortitionHarness.sol";

/// Parameters, and how provers come into the pool and out of it.
contract SortitionPoolTest is SortitionHarness {
    address private immutable eve = makeAddr("eve");

    /* PARAMETERS */

    function test_Shape() public view {
        Shape memory shape = sortition.check(params);
        assertEq(shape.words, 4);
        assertEq(shape.shared, 1);
        assertEq(shape.flags, ON_OPEN | ON_FAILED | DRAWS | SEATS | BINDING);
    }

    function test_Envelope() public view {
        Envelope memory e = sortition.envelope(params, request);
        assertEq(e.price, PRICE);
        assertEq(e.award, LEAD + 2 * STAGGER + PATIENCE);
        assertEq(e.standbys, 1);
    }

    function test_Envelope_PriceIsNotAboveTheRequests() public {
        request.maxPrice = PRICE - 1;
        assertEq(sortition.envelope(params, request).price, PRICE - 1);
    }

    function test_RevertWhen_ParamsMakeNoSense() public {
        SortitionParams memory good = p;
        (p.base, p.rate) = (0, 0);
        _assertInvalid("base", 0, 1, type(uint88).max);
        p = good;
        p.minDeposit = 0;
        _assertInvalid("minDeposit", 0, 1, type(uint80).max);
        p = good;
        p.maxDeposit = 1 ether - 1;
        _assertInvalid("maxDeposit", 1 ether - 1, 1 ether, 1e24);
        p = good;
        p.minDeposit = 1;
        _assertInvalid("maxDeposit", 10 ether, 1, 1e6);
        p = good;
        p.notice = 30 days + 1;
        _assertInvalid("notice", 30 days + 1, 1, 30 days);
        p = good;
        p.distance = 65;
        _assertInvalid("distance", 65, 1, 64);
        p = good;
        p.lead = 0;
        _assertInvalid("lead", 0, 1, 30 days);
        p = good;
        p.stagger = 0;
        _assertInvalid("stagger", 0, 1, 30 days);
        p = good;
        p.stages = 33;
        _assertInvalid("stages", 33, 1, 32);
        p = good;
        p.patience = 0;
        _assertInvalid("patience", 0, 1, 30 days);
        p = good;
        p.backups = 6;
        _assertInvalid("backups", 6, 0, 5);
    }

    function _assertInvalid(string memory what, uint256 have, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidParam.selector, what, have, min, max));
        sortition.check(abi.encode(p));
    }

    /* IN */

    function test_Enrol() public {
        Answer memory answer = _enrol(eve, 5 ether);
        assertEq(uint8(answer.moves[0].kind), uint8(MoveKind.Hold));
        assertEq(answer.moves[0].subject, INSTANCE);
        assertEq(seats[eve].amount, 5 ether);
        assertEq(seats[eve].tag, 1_001);
        assertEq(_total(), 15 ether);
        assertEq(_count(), 5);
    }

    function test_Enrol_MoreRaisesTheWeightAnew() public {
        _enrol(alice, 6 ether);
        assertEq(seats[alice].tag, 1_001);
        assertEq(_total(), 12 ether);
        assertEq(_count(), 4);
    }

    function test_RevertWhen_TheDepositIsOutOfRange() public {
        _assertRefuses(
            _enrolling(eve, 1 ether - 1), abi.encodeWithSelector(InsufficientBond.selector, 1 ether - 1, 1 ether)
        );
        _assertRefuses(
            _enrolling(eve, 10 ether + 1), abi.encodeWithSelector(Unacceptable.selector, 10 ether + 1, 10 ether)
        );
        uint256 most = type(uint256).max;
        _assertRefuses(_enrolling(eve, most), abi.encodeWithSelector(Unacceptable.selector, most, 10 ether));
    }

    function test_RevertWhen_TheDepositGoesDown() public {
        _assertRefuses(_enrolling(alice, 3 ether), abi.encodeWithSelector(InsufficientBond.selector, 3 ether, 4 ether));
    }

    function test_RevertWhen_TheStakeDoesNotCoverIt() public {
        Ask memory ask = _enrolling(alice, 5 ether);
        ask.actor.free = 1 ether - 1;
        _assertRefuses(ask, abi.encodeWithSelector(InsufficientBond.selector, 5 ether - 1, 5 ether));
    }

    function test_RevertWhen_TheDataIsNotADeposit() public {
        Ask memory ask = _enrolling(eve, 5 ether);
        ask.data = new bytes(31);
        _assertRefuses(ask, abi.encodeWithSelector(Unexpected.selector, uint8(Cause.Bid)));
    }

    /* OUT */

    function test_Notice() public {
        Answer memory answer = _enrol(alice, 0);
        uint256 end = block.timestamp + NOTICE;
        assertEq(answer.wake, end);
        assertEq(_total(), 6 ether);
        assertEq(_count(), 3);
        assertEq(seats[alice].amount, 4 ether);
        skip(NOTICE - 1);
        _assertRefuses(_aboutInstance(Cause.Tick, alice), abi.encodeWithSelector(NotYet.selector, end - 1, end));
        skip(1);
        _tickInstance(alice, "");
        assertEq(seats[alice].amount, 0);
        assertEq(_total(), 6 ether);
    }

    function test_Notice_IsTakenBackByEnrolling() public {
        _enrol(alice, 0);
        _enrol(alice, 4 ether);
        assertEq(_total(), 10 ether);
        assertEq(_count(), 4);
        _assertRefuses(
            _aboutInstance(Cause.Tick, alice), abi.encodeWithSelector(Unexpected.selector, uint8(Cause.Tick))
        );
    }

    function test_RevertWhen_ThereIsNothingToLeave() public {
        bytes memory why = abi.encodeWithSelector(Unexpected.selector, uint8(Cause.Bid));
        _assertRefuses(_enrolling(eve, 0), why);
        _enrol(alice, 0);
        _assertRefuses(_enrolling(alice, 0), why);
        _assertRefuses(_aboutInstance(Cause.Tick, bob), abi.encodeWithSelector(Unexpected.selector, uint8(Cause.Tick)));
    }

    /// M14: what one does costs the same, however many there are: nobody walks the pool.
    function test_GasDoesNotGrowWithThePool() public {
        uint256 few = _gasOf(_enrolling(eve, 5 ether));
        for (uint160 i = 1; i <= 2_000; ++i) {
            _enrol(address(i), 1 ether);
        }
        assertApproxEqAbs(_gasOf(_enrolling(eve, 5 ether)), few, 100);
        vm.roll(1_002);
        _drawn();
        skip(LEAD + 2 * STAGGER);
        assertLt(_gasOf(_claiming(alice)), sortition.check(params).gas * 9 / 10);
        assertEq(_count(), 2_004);
    }

    function _enrolling(address prover, uint256 deposit) private view returns (Ask memory ask) {
        ask = _aboutInstance(Cause.Bid, prover);
        ask.data = abi.encode(deposit);
    }
}
