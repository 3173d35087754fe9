// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {InvalidParam, NotYet, TooLate, Unacceptable, Unexpected} from "../../contracts/interfaces/IMechanism.sol";
import {PostedParams, PostedPrice} from "../../contracts/mechanisms/PostedPrice.sol";
import {
    Answer,
    CAP_FIXED_PRICE,
    CAP_INSTANT,
    CAP_SEALED,
    CAP_TRUTHFUL,
    Cause,
    Envelope,
    Shape
} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {Harness} from "./Harness.sol";

contract PostedPriceTest is Harness {
    address private immutable alice = makeAddr("alice");
    PostedParams private p = PostedParams({base: 0.1 ether, rate: 0.2 ether, patience: 600});

    function setUp() public {
        _open(new PostedPrice(), abi.encode(p));
    }

    function test_AwardsAtTheTariffToTheFirstThatTakesIt() public {
        Answer memory answer = _bid(alice, 0.25 ether, "");
        assertEq(winner, alice);
        assertEq(paid, 0.3 ether);
        assertEq(answer.moves.length, 1);
        assertEq(answer.moves[0].due, 0, "the request's own window");
        assertEq(answer.wake, 0);
    }

    function test_PaysMaxPriceWhereTheTariffIsAboveIt() public {
        request.maxPrice = 0.3 ether - 1;
        _bid(alice, 0.3 ether - 1, "");
        assertEq(paid, 0.3 ether - 1);
    }

    function test_LargestBasePaysWhatTheRequesterNames() public {
        p.base = type(uint88).max;
        _open(mechanism, abi.encode(p));
        _bid(alice, 0, "");
        assertEq(paid, MAX_PRICE);
    }

    function test_RevertWhen_BidWantsMore() public {
        _assertRefuses(
            _bidding(alice, 0.3 ether + 1, ""), abi.encodeWithSelector(Unacceptable.selector, 0.3 ether + 1, 0.3 ether)
        );
        _bid(alice, 0.3 ether, "");
    }

    /// M9: at every second exactly one of taking and closing is possible.
    function test_BidsUpToThePatienceAndTicksAfter() public {
        uint40 last = START + p.patience;
        for (uint40 time = last - 2; time <= last; ++time) {
            vm.warp(time);
            mechanism.step(_bidding(alice, 0, ""));
            _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, time, last + 1));
        }
        vm.warp(last + 1);
        _assertRefuses(_bidding(alice, 0, ""), abi.encodeWithSelector(TooLate.selector, last + 1, last));
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    function test_RevertWhen_AskedForWhatItDoesNotDo() public {
        Cause[3] memory causes = [Cause.Opened, Cause.Failed, Cause.Proof];
        for (uint256 i; i < causes.length; ++i) {
            _assertRefuses(_ask(causes[i], alice), abi.encodeWithSelector(Unexpected.selector, causes[i]));
        }
    }

    function test_CheckRefusesSenselessParameters() public {
        p.base = 0;
        mechanism.check(abi.encode(p));
        p.rate = 0;
        _assertInvalid("base", 0, 1, type(uint88).max);
        p.base = 1;
        p.patience = 0;
        _assertInvalid("patience", 0, 1, 30 days);
        p.patience = 30 days + 1;
        _assertInvalid("patience", 30 days + 1, 1, 30 days);
        vm.expectRevert();
        mechanism.check(hex"00");
    }

    function test_ShapeAsksForNoWordsAndNoCalls() public view {
        Shape memory shape = mechanism.check(params);
        assertEq(shape.words, 0);
        assertEq(shape.shared, 0);
        assertEq(shape.flags, 0);
    }

    function testFuzz_EnvelopeIsWhatIsPaid(uint88 base, uint88 rate, uint64 work, uint88 maxPrice) public {
        p = PostedParams({base: base, rate: rate, patience: 600});
        params = abi.encode(p);
        (request.work, request.maxPrice) = (work, maxPrice);
        Envelope memory envelope = mechanism.envelope(params, request);
        _bid(alice, 0, "");
        uint256 tariff = uint256(base) + uint256(rate) * work / 1_000_000;
        assertEq(paid, tariff < maxPrice ? tariff : maxPrice);
        assertEq(envelope.price, paid);
        assertEq(envelope.award, 600);
        assertEq(envelope.proof, request.window);
        assertEq(envelope.bond, request.bond);
        uint32 has = CAP_FIXED_PRICE | CAP_INSTANT | CAP_TRUTHFUL;
        assertEq(envelope.capabilities & (has | CAP_SEALED), has);
    }

    function test_StepIsLean() public view {
        assertLt(_gasOf(_bidding(alice, 0, "")), 5_000);
    }

    function _assertInvalid(string memory name, uint256 have, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidParam.selector, name, have, min, max));
        mechanism.check(abi.encode(p));
    }
}
