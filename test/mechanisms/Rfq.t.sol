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
import {Rfq, RfqParams} from "../../contracts/mechanisms/Rfq.sol";
import {
    Answer,
    Ask,
    CAP_INSTANT,
    CAP_OPEN_ENTRY,
    CAP_SINGLE_RECIPIENT,
    Cause,
    Envelope,
    ON_FAILED,
    ON_OPEN,
    Shape
} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {Harness} from "./Harness.sol";

/// Quotes, standbys, overrides and parameters.
contract RfqTest is Harness {
    bytes private constant STANDBY = hex"01";
    address private immutable alice = makeAddr("alice");
    address private immutable bob = makeAddr("bob");
    address private immutable carol = makeAddr("carol");
    address private immutable dave = makeAddr("dave");
    Rfq private rfq = new Rfq();
    RfqParams private p = RfqParams({
        exclusivity: 60,
        overrideBps: 100,
        patience: 600,
        startBps: 8_000,
        depositBps: 5_000,
        depositFloor: 1_000,
        standbys: 2
    });

    function setUp() public {
        _open(rfq, abi.encode(p));
    }

    /* AT ONCE */

    function test_OneQuoteIsAwardedAtOnceAndKeepsNothing() public {
        _plain();
        assertEq(words.length, 0);
        _bid(alice, MAX_PRICE, "");
        assertEq(winner, alice);
        assertEq(paid, MAX_PRICE);
        assertEq(holds, 0);
    }

    function test_RevertWhen_AQuoteComesAfterItsRequest() public {
        _plain();
        vm.warp(START + 1);
        _assertRefuses(_bidding(alice, 1, ""), abi.encodeWithSelector(TooLate.selector, START + 1, START));
        Ask memory ask = _bidding(alice, 1, "");
        (ask.time, ask.rung) = (START, 1);
        _assertRefuses(ask, abi.encodeWithSelector(TooLate.selector, START, START - 1));
        _assertRefuses(_bidding(alice, 1, STANDBY), abi.encodeWithSelector(Unacceptable.selector, 1, 0));
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    function test_StandbysComeFirstAndTheAwardLast() public {
        _at(0, 0, 2);
        _bid(bob, 0.5 ether, STANDBY);
        _bid(carol, 0.4 ether, STANDBY);
        _bid(alice, 0.6 ether, "");
        assertEq(winner, alice, "the requester chose, not the price");
        assertEq(words[1], _word(carol, 0.4 ether));
        assertEq(words[2], _word(bob, 0.5 ether));
        assertEq(holds, 2);
        vm.warp(START + 10);
        _fail();
        assertEq(winner, carol);
        assertEq(paid, 0.4 ether);
        _fail();
        assertEq(winner, bob);
        assertEq(holds, 0);
        assertEq(_fail().moves.length, 0, "nobody is left: down the ladder");
    }

    function test_WhoIsAwardedDoesNotStandBy() public {
        _at(0, 0, 2);
        _bid(alice, 0.5 ether, STANDBY);
        _bid(bob, 0.7 ether, STANDBY);
        _bid(alice, 0.6 ether, "");
        assertEq(words[1], _word(bob, 0.7 ether));
        assertEq(words[2], 0);
        assertEq(holds, 1);
    }

    function test_AFullListDropsItsDearest() public {
        _at(0, 0, 2);
        _bid(alice, 0.5 ether, STANDBY);
        _bid(bob, 0.5 ether, STANDBY);
        _assertRefuses(
            _bidding(carol, 0.5 ether, STANDBY), abi.encodeWithSelector(Unacceptable.selector, 0.5 ether, 0.5 ether - 1)
        );
        _bid(carol, 0.4 ether, STANDBY);
        assertEq(words[1], _word(carol, 0.4 ether));
        assertEq(words[2], _word(alice, 0.5 ether), "the earlier of equals stays");
        assertEq(released[0], bob);
        _bid(alice, 0, STANDBY);
        assertEq(words[1], _word(alice, 0), "a new quote replaces the one before");
        assertEq(holds, 2);
    }

    function test_StandbysAloneWaitASecond() public {
        _at(0, 0, 2);
        _bid(alice, 0.5 ether, STANDBY);
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, START, START + 1));
        vm.warp(START + 1);
        _assertRefuses(_bidding(bob, 0, STANDBY), abi.encodeWithSelector(TooLate.selector, START + 1, START));
        _assertRefuses(_bidding(bob, 0, ""), abi.encodeWithSelector(TooLate.selector, START + 1, START));
        _tick();
        assertEq(winner, alice);
    }

    /* OVERRIDES */

    function test_AnOverrideImprovesByAStepAndTheOverriddenStandsBy() public {
        _bid(bob, 0.9 ether, STANDBY);
        Answer memory answer = _bid(alice, 0.8 ether, "");
        assertEq(answer.wake, START + 60);
        assertEq(tickets[alice].amount, 0.5 ether);
        uint88 most = uint88(uint256(0.8 ether) * 99 / 100);
        _assertRefuses(_bidding(carol, most + 1, ""), abi.encodeWithSelector(Unacceptable.selector, most + 1, most));
        vm.warp(START + 59);
        _bid(carol, most, "");
        assertEq(words[0], _word(carol, most));
        assertEq(words[1], _word(alice, 0.8 ether));
        assertEq(words[2], _word(bob, 0.9 ether));
        _bid(dave, 0.5 ether, "");
        assertEq(released[0], bob, "the dearest has no room any more");
        _bid(alice, 0.4 ether, "");
        assertEq(words[1], _word(dave, 0.5 ether));
        assertEq(words[2], _word(carol, most));
        assertEq(holds, 3);
        vm.warp(START + 60);
        _assertRefuses(_bidding(bob, 1, ""), abi.encodeWithSelector(TooLate.selector, START + 60, START + 59));
        _tick();
        assertEq(winner, alice);
        assertEq(paid, 0.4 ether);
    }

    function test_WhoGoesBelowItselfPushesNobodyOut() public {
        _bid(bob, 0.9 ether, STANDBY);
        _bid(alice, 0.8 ether, "");
        _bid(alice, 0.7 ether, "");
        assertEq(words[0], _word(alice, 0.7 ether));
        assertEq(words[1], _word(bob, 0.9 ether));
        assertEq(holds, 2);
    }

    function test_RevertWhen_AStandbyComesToAQuoteThatIsHeld() public {
        _bid(alice, 0.8 ether, "");
        _assertRefuses(_bidding(bob, 0.1 ether, STANDBY), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
    }

    function test_RevertWhen_ThePriceIsZeroAlready() public {
        _bid(alice, 0, "");
        _assertRefuses(_bidding(bob, 0, ""), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
    }

    function test_RevertWhen_TheWindowWouldOutliveTheDeadline() public {
        request.deadline = START + 60;
        _assertRefuses(_bidding(alice, 1, ""), abi.encodeWithSelector(TooLate.selector, START, START - 1));
    }

    /* WITHOUT A QUOTE */

    function test_AnUnquotedRequestIsOpenToAllUpToTheStart() public {
        Answer memory answer = _enter();
        assertEq(answer.wake, START + 601);
        _assertRefuses(_bidding(alice, 1, STANDBY), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
        _assertRefuses(
            _bidding(alice, 0.8 ether + 1, ""), abi.encodeWithSelector(Unacceptable.selector, 0.8 ether + 1, 0.8 ether)
        );
        vm.warp(START + 59);
        _bid(alice, 0.8 ether, "");
        assertEq(winner, address(0), "others may still override it");
        _bid(bob, 0.7 ether, "");
        vm.warp(START + 60);
        _tick();
        assertEq(winner, bob);
        assertEq(words[1], _word(alice, 0.8 ether));
    }

    function test_AfterTheWindowTheFirstQuoteIsAwardedAtOnce() public {
        _enter();
        vm.warp(START + 600);
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, START + 600, START + 601));
        _bid(alice, 0.8 ether, "");
        assertEq(winner, alice);
        assertEq(words[0], 0);
    }

    function test_NobodyComes() public {
        _enter();
        vm.warp(START + 601);
        _assertRefuses(_bidding(alice, 1, ""), abi.encodeWithSelector(TooLate.selector, START + 601, START + 600));
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    /* DEPOSITS */

    function test_RevertWhen_TheStakeDoesNotCoverTheDeposit() public {
        Ask memory ask = _bidding(alice, 1, "");
        ask.actor.free = 0.5 ether - 1;
        bytes memory why = abi.encodeWithSelector(InsufficientBond.selector, 0.5 ether - 1, 0.5 ether);
        _assertRefuses(ask, why);
        ask.data = STANDBY;
        _assertRefuses(ask, why);
    }

    function test_AStandbyLeavesWhenItCanBeNeededNoMore() public {
        _at(0, 0, 2);
        _bid(bob, 0.5 ether, STANDBY);
        _bid(alice, 0.6 ether, "");
        _assertRefuses(_ticking(bob), abi.encodeWithSelector(NotYet.selector, START, request.deadline));
        status = Status.Fulfilled;
        _tickAbout(bob);
        assertEq(holds, 0);
        assertEq(words[1], 0);
    }

    /* PARAMETERS */

    function test_Check() public {
        Shape memory shape = rfq.check(abi.encode(p));
        assertEq(shape.words, 3);
        assertEq(shape.flags, ON_OPEN | ON_FAILED);
        (p.exclusivity, p.patience, p.standbys) = (0, 0, 0);
        shape = rfq.check(abi.encode(p));
        assertEq(shape.words, 0);
        assertEq(shape.flags, ON_OPEN);
    }

    function test_RevertWhen_AParameterIsSenseless() public {
        RfqParams memory good = p;
        p.exclusivity = 30 days + 1;
        _assertInvalid("exclusivity", 30 days + 1, 0, 30 days, good);
        p.overrideBps = 9;
        _assertInvalid("overrideBps", 9, 10, 5_000, good);
        p.overrideBps = 5_001;
        _assertInvalid("overrideBps", 5_001, 10, 5_000, good);
        p.patience = 59;
        _assertInvalid("patience", 59, 60, 30 days, good);
        p.startBps = 0;
        _assertInvalid("startBps", 0, 1, 10_000, good);
        p.depositBps = 10_001;
        _assertInvalid("depositBps", 10_001, 0, 10_000, good);
        p.depositFloor = 0;
        _assertInvalid("depositFloor", 0, 1, type(uint80).max, good);
        p.standbys = 5;
        _assertInvalid("standbys", 5, 0, 4, good);
        vm.expectRevert(bytes(""));
        rfq.check(new bytes(223));
    }

    function test_Envelope() public {
        Envelope memory e = rfq.envelope(abi.encode(p), request);
        assertEq(e.price, MAX_PRICE);
        assertEq(e.award, 600);
        assertEq(e.standbys, 2);
        assertEq(e.capabilities, CAP_OPEN_ENTRY);
        (p.exclusivity, p.patience, p.standbys) = (0, 0, 0);
        e = rfq.envelope(abi.encode(p), request);
        assertEq(e.award, 0);
        assertEq(e.capabilities, CAP_INSTANT | CAP_SINGLE_RECIPIENT);
    }

    function test_GasOfTheLongestAnswerIsWithinItsShape() public {
        _at(60, 600, 4);
        for (uint160 i; i < 4; ++i) {
            _bid(address(i + 1), uint88(0.9 ether - i), STANDBY);
        }
        _bid(alice, 0.8 ether, "");
        assertLt(_gasOf(_bidding(bob, 0.1 ether, "")), rfq.check(params).gas);
    }

    function _plain() private {
        _at(0, 0, 0);
    }

    function _at(uint32 exclusivity, uint32 patience, uint8 standbys) private {
        (p.exclusivity, p.patience, p.standbys) = (exclusivity, patience, standbys);
        _open(rfq, abi.encode(p));
    }

    function _word(address prover, uint88 price) private pure returns (bytes32) {
        return bytes32(uint256(price) << 160 | uint160(prover));
    }

    function _assertInvalid(string memory param, uint256 have, uint256 min, uint256 max, RfqParams memory good)
        private
    {
        bytes memory bad = abi.encode(p);
        vm.expectRevert(abi.encodeWithSelector(InvalidParam.selector, param, have, min, max));
        rfq.check(bad);
        p = good;
    }
}
