// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {InvalidParam, NotYet, TooLate, Unacceptable, Unexpected} from "../../contracts/interfaces/IMechanism.sol";
import {Dutch, DutchParams} from "../../contracts/mechanisms/Dutch.sol";
import {CAP_FIXED_PRICE, CAP_INSTANT, CAP_OPEN_ENTRY, Cause, Envelope} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {Harness} from "./Harness.sol";

contract DutchTest is Harness {
    address private immutable alice = makeAddr("alice");
    DutchParams private p = DutchParams({startBps: 2_000, endBps: 8_000, delay: 60, ramp: 600, patience: 300});
    Dutch private dutch;

    function setUp() public {
        dutch = new Dutch();
        _open(dutch, abi.encode(p));
    }

    function test_PriceStaysThenClimbsThenStays() public view {
        assertEq(_priceAt(0), 0.2 ether);
        assertEq(_priceAt(60), 0.2 ether);
        assertEq(_priceAt(61), 0.201 ether);
        assertEq(_priceAt(360), 0.5 ether);
        assertEq(_priceAt(659), 0.799 ether);
        assertEq(_priceAt(660), 0.8 ether);
        assertEq(_priceAt(100_000), 0.8 ether);
    }

    function test_AwardsAtThePriceOfTheMomentNotAtTheBid() public {
        vm.warp(START + 360);
        _bid(alice, 0.3 ether, "");
        assertEq(winner, alice);
        assertEq(paid, 0.5 ether);
    }

    function test_RevertWhen_ThePriceIsBelowTheBid() public {
        uint40 time = dutch.timeAt(params, MAX_PRICE, START, 0.3 ether + 1);
        vm.warp(time - 1);
        _assertRefuses(
            _bidding(alice, 0.3 ether + 1, ""), abi.encodeWithSelector(Unacceptable.selector, 0.3 ether + 1, 0.3 ether)
        );
        vm.warp(time);
        _bid(alice, 0.3 ether + 1, "");
        assertEq(paid, 0.301 ether);
    }

    function test_TimeAtSaysWhatIsNeverReached() public {
        assertEq(dutch.timeAt(params, MAX_PRICE, START, 0.2 ether), START);
        assertEq(dutch.timeAt(params, MAX_PRICE, START, 0.8 ether), START + 660);
        vm.expectRevert(abi.encodeWithSelector(Unacceptable.selector, 0.8 ether + 1, 0.8 ether));
        dutch.timeAt(params, MAX_PRICE, START, 0.8 ether + 1);
    }

    /// M9: at every second exactly one of taking and closing is possible.
    function test_BidsUpToThePatienceAndTicksAfter() public {
        uint40 last = START + 960;
        uint40[4] memory times = [START, START + 660, last - 1, last];
        for (uint256 i; i < times.length; ++i) {
            vm.warp(times[i]);
            mechanism.step(_bidding(alice, 0, ""));
            _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, times[i], last + 1));
        }
        vm.warp(last + 1);
        _assertRefuses(_bidding(alice, 0, ""), abi.encodeWithSelector(TooLate.selector, last + 1, last));
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    /// M10: after an outage of six hours the first transaction gets no more than the end of the ramp, or nothing.
    function test_AClockThatStoodStillMakesNobodyRich() public {
        p.patience = 12 hours;
        _open(dutch, abi.encode(p));
        vm.warp(START + 6 hours);
        _bid(alice, 0, "");
        assertEq(paid, 0.8 ether);
    }

    /// M1: a bid of nothing takes the price of the moment like any other; it cannot keep the price down.
    function test_ABidOfZeroGetsThePriceToo() public {
        vm.warp(START + 61);
        _bid(alice, 0, "");
        assertEq(paid, 0.201 ether);
    }

    function test_RevertWhen_AskedForWhatItDoesNotDo() public {
        Cause[3] memory causes = [Cause.Opened, Cause.Failed, Cause.Proof];
        for (uint256 i; i < causes.length; ++i) {
            _assertRefuses(_ask(causes[i], alice), abi.encodeWithSelector(Unexpected.selector, causes[i]));
        }
    }

    function test_CheckRefusesSenselessParameters() public {
        p.endBps = 10_001;
        _assertInvalid("endBps", 10_001, 1, 10_000);
        p.endBps = 0;
        _assertInvalid("endBps", 0, 1, 10_000);
        p.endBps = 2_000;
        _assertInvalid("startBps", 2_000, 0, 1_999);
        p.endBps = 10_000;
        p.delay = 30 days + 1;
        _assertInvalid("delay", 30 days + 1, 0, 30 days);
        p.delay = 0;
        p.ramp = 0;
        _assertInvalid("ramp", 0, 1, 30 days);
        p.ramp = 30 days + 1;
        _assertInvalid("ramp", 30 days + 1, 1, 30 days);
        p.ramp = 1;
        p.patience = 0;
        _assertInvalid("patience", 0, 1, 30 days);
    }

    /// M9, exhaustively on small integers: rounding, ramps of any length, prices of any size.
    function test_TimeAtIsTheFirstSecondOfItsPriceForAllSmallCases() public {
        (p.startBps, p.endBps, p.delay, p.patience) = (2_500, 10_000, 1, 1);
        for (p.ramp = 1; p.ramp <= 7; ++p.ramp) {
            bytes memory encoded = abi.encode(p);
            for (uint88 maxPrice; maxPrice <= 9; ++maxPrice) {
                for (uint88 price; price <= maxPrice; ++price) {
                    uint40 time = dutch.timeAt(encoded, maxPrice, START, price);
                    assertGe(dutch.priceAt(encoded, maxPrice, START, time), price);
                    if (time != START) assertLt(dutch.priceAt(encoded, maxPrice, START, time - 1), price);
                }
            }
        }
    }

    function testFuzz_TimeAtIsTheFirstSecondOfItsPrice(
        uint88 maxPrice,
        uint88 price,
        uint16 start,
        uint16 end,
        uint32 ramp
    ) public {
        p.endBps = uint16(bound(end, 1, 10_000));
        p.startBps = uint16(bound(start, 0, p.endBps - 1));
        p.ramp = uint32(bound(ramp, 1, 30 days));
        bytes memory encoded = abi.encode(p);
        mechanism.check(encoded);
        request.maxPrice = maxPrice;
        price = uint88(bound(price, 0, mechanism.envelope(encoded, request).price));
        uint40 time = dutch.timeAt(encoded, maxPrice, START, price);
        assertGe(dutch.priceAt(encoded, maxPrice, START, time), price);
        if (time != START) assertLt(dutch.priceAt(encoded, maxPrice, START, time - 1), price);
    }

    function testFuzz_PriceNeverFallsNorLeavesItsBounds(uint88 maxPrice, uint32 early, uint32 late) public view {
        if (late < early) (early, late) = (late, early);
        uint88 first = dutch.priceAt(params, maxPrice, START, START + early);
        uint88 second = dutch.priceAt(params, maxPrice, START, START + late);
        assertLe(first, second);
        assertGe(first, uint256(maxPrice) * 2_000 / 10_000);
        assertLe(second, uint256(maxPrice) * 8_000 / 10_000);
    }

    function test_EnvelopeIsTheWorstCase() public view {
        Envelope memory envelope = mechanism.envelope(params, request);
        assertEq(envelope.price, 0.8 ether);
        assertEq(envelope.award, 960);
        assertEq(envelope.proof, request.window);
        assertEq(envelope.bond, request.bond);
        assertEq(envelope.standbys, 0);
        uint32 has = CAP_OPEN_ENTRY | CAP_INSTANT;
        assertEq(envelope.capabilities & (has | CAP_FIXED_PRICE), has);
    }

    function test_StepIsLean() public {
        vm.warp(START + 300);
        assertLt(_gasOf(_bidding(alice, 0, "")), 5_000);
    }

    function _priceAt(uint40 after_) private view returns (uint88) {
        return dutch.priceAt(params, MAX_PRICE, START, START + after_);
    }

    function _assertInvalid(string memory name, uint256 have, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidParam.selector, name, have, min, max));
        mechanism.check(abi.encode(p));
    }
}
