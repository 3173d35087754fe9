// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {Seat, SeatParams} from "../../contracts/mechanisms/Seat.sol";
import {Answer, Ask, Cause} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";

/// THEORY.md 1.1 for a standing flow: provers that bid each other down to their cost leave the rate at the second-lowest cost, within a
/// step in every draw, and so at 2/(n+1) on average. It is sold once, and every request pays it.
contract SeatFormsTest is Test {
    uint256 private constant ONE = 1e18;
    uint256 private constant DRAWS = 400;
    uint256 private constant STEP_BPS = 200;
    uint40 private constant START = 1_800_000_000;

    Seat private immutable seat = new Seat();
    SeatParams private _p;

    function setUp() public {
        _p = SeatParams({
            base: 0,
            ceiling: uint88(ONE),
            decrementBps: uint16(STEP_BPS),
            handover: 600,
            term: 30 days,
            notice: 600,
            deposit: 1,
            missBps: 1,
            maxMisses: 1,
            patience: 0,
            burst: 1_000,
            refill: 1,
            maxWork: 1_000_000,
            maxBond: 0,
            minWindow: 1
        });
    }

    function test_TheRateIsTheSecondLowestCostWithinAStep() public view {
        for (uint256 n = 2; n <= 5; n += 3) {
            uint256 sum;
            uint256 squares;
            for (uint256 i; i < DRAWS; ++i) {
                // A call of its own for each: memory is dear.
                uint256 rate = this.draw(n, i);
                sum += rate;
                squares += rate * rate / ONE;
            }
            uint256 mean = sum / DRAWS;
            uint256 error = FixedPointMathLib.sqrt((squares / DRAWS - mean * mean / ONE) * ONE / DRAWS);
            uint256 want = 2 * ONE / (n + 1);
            assertApproxEqAbs(mean, want, 4 * error + want * STEP_BPS / 10_000, "mean");
        }
    }

    /// One sale: in turn, each goes a step below the pending bid as long as that covers its cost.
    /// @return rate what requests then pay for a million units.
    function draw(uint256 n, uint256 seed) external view returns (uint256 rate) {
        Ask memory ask;
        (ask.params, ask.time, ask.shared) = (abi.encode(_p), START, new bytes32[](4));
        ask.actor.free = 1;
        ask.cause = Cause.Bid;
        uint256[] memory costs = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            costs[i] = uint256(keccak256(abi.encode(n, seed, i))) % ONE;
        }
        uint256 best = n;
        uint256 passed;
        uint256 most = ONE;
        for (uint256 turn = seed; passed < n; ++turn) {
            uint256 i = turn % n;
            if (i == best || most < costs[i]) {
                ++passed;
                continue;
            }
            (ask.actor.prover, ask.price) = (address(uint160(i + 1)), uint88(most));
            ask.shared = seat.step(ask).shared;
            (best, passed, most) = (i, 0, most * (10_000 - STEP_BPS) / 10_000);
        }
        rate = _sold(ask, best);
        uint256 second = _second(costs);
        assertLe(rate * (10_000 - STEP_BPS) / 10_000, second, "somebody would have gone lower");
        assertGe(rate + 1, second * (10_000 - STEP_BPS) / 10_000, "nobody had to go lower");
    }

    /// A request after the handover.
    function _sold(Ask memory ask, uint256 best) private view returns (uint256) {
        (ask.cause, ask.status, ask.time) = (Cause.Opened, Status.Open, START + 600);
        (ask.request.work, ask.request.maxPrice, ask.request.window) = (1_000_000, uint88(ONE), 1);
        ask.request.deadline = type(uint40).max;
        Answer memory answer = seat.step(ask);
        assertEq(answer.moves[0].prover, address(uint160(best + 1)));
        return answer.moves[0].amount;
    }

    function _second(uint256[] memory costs) private pure returns (uint256 second) {
        uint256 first = type(uint256).max;
        second = first;
        for (uint256 i; i < costs.length; ++i) {
            if (costs[i] < first) (first, second) = (costs[i], first);
            else if (costs[i] < second) second = costs[i];
        }
    }
}
