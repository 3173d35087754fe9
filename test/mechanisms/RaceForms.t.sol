// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {RaceParams} from "../../contracts/mechanisms/Race.sol";
import {RaceRounds} from "./RaceRounds.sol";

/// THEORY.md 1.5, reproduced on the contract: proving times are drawn, proofs are brought in that order, and who is paid when
/// is what theory says, within four standard errors. Times in units of `UNIT` seconds.
contract RaceFormsTest is Test {
    uint256 private constant ONE = 1e18;
    uint256 private constant UNIT = 100_000;
    uint256 private constant DRAWS = 4_000;

    RaceRounds private immutable rounds = new RaceRounds();

    struct Sample {
        uint256 mean;
        /// The standard error of the mean.
        uint256 error;
        uint256 p95;
    }

    /// Exponential rates 1, 1/2, 1/4: E min = 1/Σμ = 0.571, P(i) = μᵢ/Σμ, p95 = -ln(0.05)/Σμ = 1.712.
    function test_WhoIsFirstAmongExponentials() public view {
        uint256[3] memory rates = [ONE, ONE / 2, ONE / 4];
        uint256[] memory waits = new uint256[](DRAWS);
        uint256[3] memory won;
        for (uint256 draw; draw < DRAWS; ++draw) {
            uint256[] memory times = new uint256[](3);
            for (uint256 i; i < 3; ++i) {
                times[i] = _exponential(draw, i) * ONE / rates[i];
            }
            uint256 winner;
            (winner, waits[draw]) = this.first(times);
            ++won[winner];
        }
        Sample memory wait = _describe(waits);
        _assertNear(wait.mean, ONE * 4 / 7, wait.error, "E min");
        assertApproxEqRel(wait.p95, 1.712e18, 0.05e18, "p95");
        for (uint256 i; i < 3; ++i) {
            uint256 p = rates[i] * 4 / 7;
            _assertNear(won[i] * ONE / DRAWS, p, FixedPointMathLib.sqrt(p * (ONE - p) / DRAWS), "P(i)");
        }
    }

    /// n equal d + Exp(1): E latency = d + 1/n; the work of all until the first, n d + 1, of which (n-1) d is the price of the
    /// race: a memoryless race wastes nothing.
    function test_AllWasteIsTheDeterministicPart() public view {
        uint256[3] memory fixedParts = [uint256(0), ONE / 2, 2 * ONE];
        for (uint256 n = 2; n <= 8; n *= 2) {
            for (uint256 k; k < 3; ++k) {
                (Sample memory wait, Sample memory work) = _equal(n, fixedParts[k], 1_000);
                _assertNear(wait.mean, fixedParts[k] + ONE / n, wait.error, "latency");
                _assertNear(work.mean, n * fixedParts[k] + ONE, work.error, "work");
            }
        }
    }

    /// Weibull with k = 2: E min = n^(-1/2) Γ(3/2).
    function test_WhoIsFirstAmongWeibulls() public view {
        for (uint256 n = 1; n <= 4; n *= 4) {
            uint256[] memory waits = new uint256[](DRAWS / 2);
            for (uint256 draw; draw < waits.length; ++draw) {
                uint256[] memory times = new uint256[](n);
                for (uint256 i; i < n; ++i) {
                    times[i] = FixedPointMathLib.sqrt(_exponential(draw, i) * ONE);
                }
                (, waits[draw]) = this.first(times);
            }
            Sample memory wait = _describe(waits);
            _assertNear(wait.mean, 0.886227e18 * ONE / FixedPointMathLib.sqrt(n * ONE * ONE), wait.error, "E min");
        }
    }

    /// Free entry: with a reward of 10, a cost of 1 for each unit of time and 1.5 + Exp(1) to prove, six provers enter, who share what
    /// the race leaves: nothing. n* = (R - κ/μ)/(κ d).
    function test_FreeEntryDissipatesTheReward() public view {
        for (uint256 n = 4; n <= 8; n += 2) {
            (, Sample memory work) = _equal(n, ONE * 3 / 2, 1_000);
            // All have the same chance of the reward, which the contract pays once.
            if (n < 6) assertLt(work.mean + 4 * work.error, 10 * ONE, "another one enters");
            else if (n > 6) assertGt(work.mean, 10 * ONE + 4 * work.error, "one too many");
            else _assertNear(work.mean, 10 * ONE, work.error, "nothing is left");
        }
    }

    /// Three winners of four memoryless provers, at a decay of one half: ranks are reached when theory says, 1/4, 1/4 + 1/3 and
    /// 1/4 + 1/3 + 1/2 on average, if the window waits; and each prover earns a quarter of the bounty.
    function test_RanksAreReachedInOrder() public view {
        RaceParams memory p = _params();
        (p.winners, p.decayBps, p.window) = (3, 5_000, 30 days);
        uint256[3] memory sums;
        uint256[4] memory earned;
        uint256 draws = 1_500;
        for (uint256 draw; draw < draws; ++draw) {
            (uint256[] memory winners, uint256[] memory rewards, uint256[] memory paid) = this.course(p, draw, 4);
            for (uint256 rank; rank < 3; ++rank) {
                sums[rank] += paid[rank] * ONE / UNIT;
                earned[winners[rank]] += rewards[rank];
            }
        }
        assertApproxEqRel(sums[0] / draws, ONE / 4, 0.08e18);
        assertApproxEqRel(sums[1] / draws, ONE * 7 / 12, 0.08e18);
        assertApproxEqRel(sums[2] / draws, ONE * 13 / 12, 0.08e18);
        for (uint256 i; i < 4; ++i) {
            assertApproxEqRel(earned[i] / draws, ONE / 4, 0.1e18);
        }
    }

    /// In a window of 0.3 after the first, each of the n - 1 others arrives with P = 1 - exp(-0.3): what redundancy the requester
    /// gets, and pays for.
    function test_TheWindowSaysHowManyArePaid() public view {
        RaceParams memory p = _params();
        (p.winners, p.decayBps, p.window) = (8, 10_000, uint32(UNIT * 3 / 10));
        uint256[] memory counts = new uint256[](1_500);
        for (uint256 draw; draw < counts.length; ++draw) {
            (uint256[] memory winners,,) = this.course(p, draw, 8);
            counts[draw] = winners.length * ONE;
        }
        Sample memory count = _describe(counts);
        _assertNear(count.mean, ONE + 7 * 0.259182e18, count.error, "paid");
    }

    /// One race of memoryless provers. A call of its own, which gives its memory back.
    function course(RaceParams calldata p, uint256 draw, uint256 n)
        external
        view
        returns (uint256[] memory winners, uint256[] memory rewards, uint256[] memory paid)
    {
        uint256[] memory arrivals = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            arrivals[i] = _exponential(draw, i) * UNIT / ONE;
        }
        return rounds.race(abi.encode(p), arrivals);
    }

    /// Who wins all, and when.
    function first(uint256[] calldata times) external view returns (uint256 winner, uint256 wait) {
        uint256[] memory arrivals = new uint256[](times.length);
        for (uint256 i; i < times.length; ++i) {
            arrivals[i] = times[i] * UNIT / ONE;
        }
        (uint256[] memory winners, uint256[] memory rewards, uint256[] memory paid) =
            rounds.race(abi.encode(_params()), arrivals);
        assertEq(rewards.length, 1);
        assertEq(rewards[0], ONE);
        return (winners[0], paid[0] * ONE / UNIT);
    }

    /// `n` provers that take d + Exp(1), and stop when beaten.
    function _equal(uint256 n, uint256 d, uint256 draws) private view returns (Sample memory wait, Sample memory work) {
        uint256[] memory waits = new uint256[](draws);
        uint256[] memory works = new uint256[](draws);
        for (uint256 draw; draw < draws; ++draw) {
            uint256[] memory times = new uint256[](n);
            for (uint256 i; i < n; ++i) {
                times[i] = d + _exponential(draw, i);
            }
            (, waits[draw]) = this.first(times);
            works[draw] = n * waits[draw];
        }
        return (_describe(waits), _describe(works));
    }

    function _params() private pure returns (RaceParams memory) {
        return RaceParams({
            patience: 30 days, window: 0, commitBlocks: 0, bountyBps: 10_000, decayBps: 0, winners: 1, deposit: 0
        });
    }

    function _exponential(uint256 draw, uint256 i) private pure returns (uint256) {
        uint256 u = uint256(keccak256(abi.encode(draw, i))) % ONE + 1;
        return uint256(-FixedPointMathLib.lnWad(int256(u)));
    }

    function _describe(uint256[] memory values) private pure returns (Sample memory sample) {
        uint256 n = values.length;
        for (uint256 i; i < n; ++i) {
            sample.mean += values[i];
        }
        sample.mean /= n;
        uint256 squares;
        for (uint256 i; i < n; ++i) {
            uint256 off = FixedPointMathLib.dist(values[i], sample.mean);
            squares += off * off / n;
        }
        sample.error = FixedPointMathLib.sqrt(squares / n);
        sample.p95 = _quantile95(values, sample.mean);
    }

    /// The least value that is not exceeded by 95 of 100, by bisection.
    function _quantile95(uint256[] memory values, uint256 mean) private pure returns (uint256) {
        (uint256 low, uint256 high) = (0, 20 * mean);
        while (low + mean / 1_000 < high) {
            uint256 middle = (low + high) / 2;
            uint256 below;
            for (uint256 i; i < values.length; ++i) {
                if (values[i] <= middle) ++below;
            }
            if (below * 100 < 95 * values.length) low = middle;
            else high = middle;
        }
        return high;
    }

    function _assertNear(uint256 have, uint256 want, uint256 error, string memory what) private pure {
        assertApproxEqAbs(have, want, 4 * error + ONE / 10_000, what);
    }
}
