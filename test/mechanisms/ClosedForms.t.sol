// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {DutchParams} from "../../contracts/mechanisms/Dutch.sol";
import {EnglishParams} from "../../contracts/mechanisms/English.sol";
import {Payment, SealedParams} from "../../contracts/mechanisms/SealedBid.sol";
import {AWAY, Rounds} from "./Rounds.sol";

/// THEORY.md 1.1, reproduced on the contracts: costs are drawn evenly from [0, 1 ether], provers bid what is best for
/// them in equilibrium, and prices have the mean and the variance that theory gives, within four standard errors.
contract ClosedFormsTest is Test {
    uint256 private constant ONE = 1e18;
    uint256 private constant DRAWS = 1_000;
    uint32 private constant RAMP = 1_000_000;
    uint16 private constant STEP_BPS = 500;

    Rounds private immutable rounds = new Rounds();

    enum Format {
        FirstPrice,
        SecondPrice,
        Dutch,
        English
    }

    struct Sample {
        uint256 mean;
        uint256 variance;
        /// Standard errors of the two.
        uint256 meanError;
        uint256 varianceError;
        uint256 trades;
    }

    /// A1: E p = 2/(n+1), Var p = 2(n-1)/((n+1)^2 (n+2)).
    function test_VickreyPriceIsTheSecondLowestCost() public view {
        for (uint256 n = 2; n <= 5; n += 3) {
            Sample memory prices = _sample(Format.SecondPrice, n, ONE);
            _assertNear(prices.mean, 2 * ONE / (n + 1), prices.meanError, "mean");
            _assertNear(prices.variance, _vickreyVariance(n), prices.varianceError, "variance");
        }
    }

    /// A2: the same mean, and less than half the variance: (n-1)^2/(n (n+1)^2 (n+2)).
    function test_FirstPriceHasTheSameMeanAndLessThanHalfTheVariance() public view {
        for (uint256 n = 2; n <= 5; n += 3) {
            Sample memory prices = _sample(Format.FirstPrice, n, ONE);
            _assertNear(prices.mean, 2 * ONE / (n + 1), prices.meanError, "mean");
            uint256 variance = (n - 1) * (n - 1) * ONE / (n * (n + 1) * (n + 1) * (n + 2));
            _assertNear(prices.variance, variance, prices.varianceError, "variance");
            assertLt(2 * prices.variance, _vickreyVariance(n), "predictable");
        }
    }

    /// A3: taken at the winner's first-price bid, after 2/(n+1) of the ramp on average.
    function test_DutchIsTakenAtTheBidOfTheLowestCost() public view {
        for (uint256 n = 2; n <= 5; n += 3) {
            uint256[] memory waits = new uint256[](DRAWS);
            for (uint256 i; i < DRAWS; ++i) {
                (uint256 price, uint256 lowest, uint256 waited) = this.draw(Format.Dutch, n, ONE, i);
                assertGe(price, lowest);
                assertLe(price, lowest + ONE / RAMP + 1, "at most one second's climb above");
                waits[i] = waited * ONE / RAMP;
            }
            Sample memory wait = _describe(waits);
            _assertNear(wait.mean, 2 * ONE / (n + 1), wait.meanError, "wait");
        }
    }

    /// A4: with a ceiling r, E pay = 2 ((1 - (1-r)^(n+1)) / (n+1) - r (1-r)^n) in all three; P(trade) = 1 - (1-r)^n.
    function test_RevenueEquivalenceUnderACeiling() public view {
        for (uint256 format; format <= uint256(Format.Dutch); ++format) {
            _assertRevenue(Format(format), 2, ONE / 2);
            _assertRevenue(Format(format), 3, ONE * 3 / 10);
        }
    }

    /// A1 for open bids: the price is the second-lowest cost within one decrement, in each auction, and so is its mean. Alone, a
    /// bidder is paid the ceiling.
    function test_EnglishPriceIsTheSecondLowestCostWithinAStep() public view {
        for (uint256 n = 2; n <= 5; n += 3) {
            uint256[] memory prices = new uint256[](DRAWS);
            for (uint256 i; i < DRAWS; ++i) {
                (prices[i],,) = this.draw(Format.English, n, ONE, i);
                uint256 second = _second(_bids(Format.English, n, ONE, i));
                assertLe(prices[i] * (10_000 - STEP_BPS) / 10_000, second, "else its bidder had gone lower");
                assertGe(prices[i] + 1, second * (10_000 - STEP_BPS) / 10_000, "one step was enough");
            }
            Sample memory sample = _describe(prices);
            uint256 want = 2 * ONE / (n + 1);
            assertApproxEqAbs(sample.mean, want, want * STEP_BPS / 10_000 + 4 * sample.meanError, "mean");
            assertLt(sample.meanError * 8, want, "drawn too few times to tell");
        }
        (uint256 alone,,) = this.draw(Format.English, 1, ONE, 0);
        assertEq(alone, ONE);
    }

    function _assertRevenue(Format format, uint256 n, uint256 r) private view {
        uint256 rest = _pow(ONE - r, n);
        uint256 pay = 2 * ((ONE - rest * (ONE - r) / ONE) / (n + 1) - r * rest / ONE);
        Sample memory prices = _sample(format, n, r);
        _assertNear(prices.mean, pay, prices.meanError, "pay");
        uint256 share = prices.trades * ONE / DRAWS;
        _assertNear(share, ONE - rest, _sqrt((ONE - rest) * rest / ONE / DRAWS), "trades");
    }

    /// One auction. A call of its own, which gives its memory back.
    function draw(Format format, uint256 n, uint256 ceiling, uint256 i)
        external
        view
        returns (uint256 price, uint256 lowest, uint256 waited)
    {
        uint88[] memory bids = _bids(format, n, ceiling, i);
        if (format == Format.Dutch) (price, waited) = rounds.dutch(_dutch(ceiling), bids);
        else if (format == Format.English) price = rounds.english(_english(), STEP_BPS, bids, i);
        else if (format == Format.FirstPrice) price = rounds.sealedBid(_sealed(Payment.FirstPrice, ceiling), 60, bids);
        else price = rounds.sealedBid(_sealed(Payment.SecondPrice, ceiling), 60, bids);
        lowest = _lowest(bids);
    }

    function _sample(Format format, uint256 n, uint256 ceiling) private view returns (Sample memory) {
        uint256[] memory prices = new uint256[](DRAWS);
        for (uint256 i; i < DRAWS; ++i) {
            (prices[i],,) = this.draw(format, n, ceiling, i);
        }
        return _describe(prices);
    }

    function _vickreyVariance(uint256 n) private pure returns (uint256) {
        return 2 * (n - 1) * ONE / ((n + 1) * (n + 1) * (n + 2));
    }

    /// What provers with costs from draw `number` bid; nobody bids whose cost is above the ceiling.
    function _bids(Format format, uint256 n, uint256 ceiling, uint256 number)
        private
        view
        returns (uint88[] memory bids)
    {
        bids = new uint88[](n);
        for (uint256 i; i < n; ++i) {
            uint256 cost = uint256(keccak256(abi.encode("closed forms", format, n, ceiling, number, i))) % ONE;
            if (cost > ceiling) {
                bids[i] = AWAY;
            } else {
                bids[i] = uint88(
                    format == Format.SecondPrice || format == Format.English ? cost : _equilibrium(cost, n, ceiling)
                );
            }
        }
    }

    /// b(c) = c + ((1-c)^n - (1-r)^n) / (n (1-c)^(n-1)), in a form that divides by nothing small.
    function _equilibrium(uint256 cost, uint256 n, uint256 ceiling) private pure returns (uint256) {
        uint256 odds = _pow((ONE - ceiling) * ONE / (ONE - cost), n - 1);
        return cost + (ONE - cost - (ONE - ceiling) * odds / ONE) / n;
    }

    function _sealed(Payment payment, uint256 ceiling) private pure returns (bytes memory) {
        return abi.encode(
            SealedParams({
                payment: payment,
                commit: 60,
                reveal: 60,
                reserveBps: uint16(ceiling * 10_000 / ONE),
                depositBps: 0,
                depositFloor: 1,
                standbys: 0,
                bidders: 64
            })
        );
    }

    function _dutch(uint256 ceiling) private pure returns (bytes memory) {
        return abi.encode(
            DutchParams({startBps: 0, endBps: uint16(ceiling * 10_000 / ONE), delay: 0, ramp: RAMP, patience: 1})
        );
    }

    function _english() private pure returns (bytes memory) {
        return abi.encode(
            EnglishParams({
                duration: 60,
                closing: 1,
                extension: 1,
                overtime: 1,
                patience: 60,
                decrementBps: STEP_BPS,
                startBps: 10_000,
                depositBps: 0,
                depositFloor: 1,
                standbys: 0
            })
        );
    }

    function _describe(uint256[] memory values) private pure returns (Sample memory sample) {
        uint256 sum;
        for (uint256 i; i < values.length; ++i) {
            sum += values[i];
            if (values[i] != 0) ++sample.trades;
        }
        sample.mean = sum / values.length;
        (uint256 squares, uint256 fourths) = (0, 0);
        for (uint256 i; i < values.length; ++i) {
            uint256 off = values[i] > sample.mean ? values[i] - sample.mean : sample.mean - values[i];
            squares += off * off / ONE;
            fourths += off * off / ONE * (off * off / ONE) / ONE;
        }
        sample.variance = squares / (values.length - 1);
        sample.meanError = _sqrt(sample.variance / values.length);
        uint256 spread = fourths / values.length - sample.variance * sample.variance / ONE;
        sample.varianceError = _sqrt(spread / values.length);
    }

    function _assertNear(uint256 have, uint256 want, uint256 error_, string memory what) private pure {
        assertApproxEqAbs(have, want, 4 * error_, what);
        assertLt(error_ * 8, want, "drawn too few times to tell");
    }

    function _lowest(uint88[] memory bids) private pure returns (uint256 lowest) {
        lowest = type(uint88).max;
        for (uint256 i; i < bids.length; ++i) {
            if (bids[i] < lowest) lowest = bids[i];
        }
    }

    function _second(uint88[] memory bids) private pure returns (uint256 second) {
        uint256 lowest = second = type(uint88).max;
        for (uint256 i; i < bids.length; ++i) {
            if (bids[i] < lowest) (lowest, second) = (bids[i], lowest);
            else if (bids[i] < second) second = bids[i];
        }
    }

    function _pow(uint256 base, uint256 exponent) private pure returns (uint256 power) {
        power = ONE;
        for (uint256 i; i < exponent; ++i) {
            power = power * base / ONE;
        }
    }

    /// In units of ONE.
    function _sqrt(uint256 x) private pure returns (uint256) {
        return FixedPointMathLib.sqrt(x * ONE);
    }
}
