// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {ScoredOffer} from "../../contracts/libraries/Scores.sol";
import {ScorePayment} from "../../contracts/mechanisms/Scoring.sol";
import {ScoringRounds} from "./ScoringRounds.sol";

/// THEORY.md 1.10, Che's clean case, reproduced on the contract: quality is worth q and costs q^2 / (4 k), with k drawn
/// evenly from [0, 1]. It is the time saved: q = 2 is the whole window. Means are within four standard errors.
contract ScoringFormsTest is Test {
    uint256 private constant ONE = 1e18;
    uint256 private constant DRAWS = 1_000;

    ScoringRounds private immutable rounds = new ScoringRounds();
    uint256 private immutable window = rounds.WINDOW();

    /// Price, quality and the buyer's surplus.
    struct Means {
        uint256[3] mean;
        uint256[3] error_;
    }

    /// E p = 1 for any number of bidders, E q = 2n/(n+1), E U = (n-1)/(n+1).
    function test_SecondScoreIsChesCase() public view {
        _assertForms(ScorePayment.SecondScore);
    }

    /// The same, though what is bid is another: revenue equivalence for scores.
    function test_FirstScoreIsChesCase() public view {
        _assertForms(ScorePayment.FirstScore);
    }

    /// Under second score, whatever a rival's score is, nothing earns more than to promise what is worth most above its own
    /// cost and to ask for just that cost.
    function test_CostAtTheBestPromiseIsDominantUnderSecondScore() public view {
        uint256 k = ONE * 6 / 10;
        for (uint256 rival; rival <= ONE; rival += ONE / 10) {
            int256 best = this.earned(k, rival, k, 0);
            assertGe(best, 0);
            for (uint256 saved = ONE / 10; saved < ONE; saved += ONE / 10) {
                for (int256 more = -0.3 ether; more <= 0.3 ether; more += 0.1 ether) {
                    // A second of the window is the grain of a promise.
                    assertLe(this.earned(k, rival, saved, more), best + int256(4 * ONE / window));
                }
            }
        }
    }

    /// What a bidder of type `k` earns that saves a share `saved` of the window and asks for its cost and `more`, against one
    /// other of this score. A call of its own, which gives its memory back.
    function earned(uint256 k, uint256 rival, uint256 saved, int256 more) external view returns (int256) {
        uint256 cost = saved * saved / k;
        int256 price = int256(cost) + more;
        ScoredOffer[] memory offers = new ScoredOffer[](2);
        offers[0] = _offer(saved, price < 0 ? 0 : uint256(price));
        offers[1] = _offer(rival, rival);
        (uint256 winner, uint88 paid) = rounds.play(ScorePayment.SecondScore, offers);
        return winner == 0 ? int256(uint256(paid)) - int256(cost) : int256(0);
    }

    function _assertForms(ScorePayment payment) private view {
        uint256[3] memory sizes = [uint256(2), 3, 8];
        for (uint256 i; i < sizes.length; ++i) {
            uint256 n = sizes[i];
            Means memory means = _sample(payment, n);
            _assertNear(means, 0, ONE, "price");
            _assertNear(means, 1, 2 * n * ONE / (n + 1), "quality");
            _assertNear(means, 2, (n - 1) * ONE / (n + 1), "surplus");
        }
    }

    function _assertNear(Means memory means, uint256 which, uint256 want, string memory what) private pure {
        assertApproxEqAbs(means.mean[which], want, 4 * means.error_[which], what);
        assertLt(means.error_[which] * 8, want, "drawn too few times to tell");
    }

    function _sample(ScorePayment payment, uint256 n) private view returns (Means memory means) {
        uint256[3] memory squares;
        for (uint256 i; i < DRAWS; ++i) {
            (uint256 price, uint256 quality) = this.draw(payment, n, i);
            uint256[3] memory drawn = [price, quality, quality - price];
            for (uint256 j; j < 3; ++j) {
                means.mean[j] += drawn[j];
                squares[j] += drawn[j] * drawn[j] / ONE;
            }
        }
        for (uint256 j; j < 3; ++j) {
            means.mean[j] /= DRAWS;
            uint256 variance = squares[j] / DRAWS - means.mean[j] * means.mean[j] / ONE;
            means.error_[j] = FixedPointMathLib.sqrt(variance * ONE / DRAWS);
        }
    }

    /// One auction. A call of its own, which gives its memory back.
    function draw(ScorePayment payment, uint256 n, uint256 number)
        external
        view
        returns (uint256 price, uint256 quality)
    {
        ScoredOffer[] memory offers = new ScoredOffer[](n);
        for (uint256 i; i < n; ++i) {
            uint256 k = uint256(keccak256(abi.encode("scoring forms", payment, n, number, i))) % ONE;
            offers[i] = _offer(k, payment == ScorePayment.SecondScore ? k : k * (n + 1) / n);
        }
        (uint256 winner, uint88 paid) = rounds.play(payment, offers);
        return (paid, 2 * ONE * (window - offers[winner].promised) / window);
    }

    /// To save a share of the window, in units of ONE. A price that rounding lifts above what that is worth is what it is worth.
    function _offer(uint256 saved, uint256 price) private view returns (ScoredOffer memory) {
        uint256 seconds_ = saved * window / ONE;
        if (seconds_ == window) --seconds_;
        uint256 worth = 2 * ONE * seconds_ / window;
        return ScoredOffer(uint88(price < worth ? price : worth), uint32(window - seconds_), 10_000);
    }
}
