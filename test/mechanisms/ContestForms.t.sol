// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Alpha, Tickets} from "../../contracts/libraries/Tickets.sol";
import {Ask} from "../../contracts/types/Ask.sol";
import {ContestHarness} from "./ContestHarness.sol";

/// THEORY.md 1.4, reproduced on the contract: chances go with the tickets as theory has them, and what theory says is best to buy is.
contract ContestFormsTest is ContestHarness {
    uint256 private constant ONE = 1e18;
    /// What the work is worth above its cost.
    uint256 private constant V = 0.4 ether;
    /// Draws of each contest.
    uint256 private constant DRAWS = 3_000;

    /// Five unequal tickets, 3,000 draws under each power: χ² with 4 degrees of freedom stays below 18.47, which chance passes once in
    /// a thousand.
    function test_TicketsAreDrawnInProportionToTheirWeights() public {
        for (uint256 alpha; alpha < 3; ++alpha) {
            uint256[] memory sizes = new uint256[](5);
            for (uint256 i; i < 5; ++i) {
                sizes[i] = 0.02 ether * (i + 1);
            }
            uint256[] memory wins = _frequencies(Alpha(alpha), sizes);
            uint256[] memory chances = _chances(Alpha(alpha), sizes);
            uint256 chi;
            for (uint256 i; i < 5; ++i) {
                uint256 want = chances[i] * DRAWS;
                uint256 have = wins[i] * ONE;
                uint256 off = have > want ? have - want : want - have;
                chi += off * off / want;
            }
            emit log_named_decimal_uint("chi-square", chi, 18);
            assertLt(chi, 18.47e18);
        }
    }

    /// x* = α(n-1)V/n²: what is spent and what is left are as in the table, and no other ticket does better.
    function test_TheSymmetricTicketIsABestResponse() public {
        _assertSymmetric(2, Alpha.One, 0.25e18, 0.5e18, 0.25e18);
        _assertSymmetric(4, Alpha.One, 0.1875e18, 0.75e18, 0.0625e18);
        _assertSymmetric(4, Alpha.Half, 0.09375e18, 0.375e18, 0.15625e18);
        _assertSymmetric(10, Alpha.One, 0.09e18, 0.9e18, 0.01e18);
        _assertSymmetric(10, Alpha.Half, 0.045e18, 0.45e18, 0.055e18);
        // α = n/(n-1), the greatest for which there is one: everything is spent.
        _assertSymmetric(2, Alpha.Two, 0.5e18, 1e18, 0);
    }

    /// X = (m-1)/Σ 1/V, p = 1 - X/V, x = pX under α = 1; who is not active does better to stay away.
    function test_TheAsymmetricTicketsAreBestResponses() public {
        _assertAsymmetric(
            [uint256(1e18), 0.8e18, 0.6e18, 0], 3, [uint256(0.48936e18), 0.3617e18, 0.14894e18, 0], 0.39249e18
        );
        _assertAsymmetric(
            [uint256(1e18), 0.9e18, 0.8e18, 0.7e18],
            4,
            [uint256(0.37365e18), 0.30406e18, 0.21707e18, 0.10522e18],
            0.29026e18
        );
        _assertAsymmetric(
            [uint256(1e18), 0.5e18, 0.3e18, 0.2e18], 2, [uint256(0.66667e18), 0.33333e18, 0, 0], 0.55556e18
        );
    }

    /// M13: k tickets of x/k weigh k^(1-α) times one of x; 1 makes no difference, and is the default.
    function test_Sybil_SplittingIsNeutralUnderOneOnly() public {
        assertEq(uint8(Alpha.One), 0, "the default");
        uint256[3] memory factors = [ONE, 2 * ONE, ONE / 4];
        for (uint256 alpha; alpha < 3; ++alpha) {
            uint256 whole = Tickets.weight(Alpha(alpha), 0.2 ether);
            uint256 parts = 4 * Tickets.weight(Alpha(alpha), 0.05 ether);
            assertApproxEqAbs(parts * ONE / whole, factors[alpha], 1e3);
            uint256[] memory sizes = new uint256[](5);
            sizes[4] = 0.2 ether;
            for (uint256 i; i < 4; ++i) {
                sizes[i] = 0.05 ether;
            }
            uint256[] memory wins = _frequencies(Alpha(alpha), sizes);
            uint256 chance = factors[alpha] * ONE / (factors[alpha] + ONE);
            uint256 have = (DRAWS - wins[4]) * ONE / DRAWS;
            // Four standard errors of at most 1/(2 √3000).
            assertApproxEqAbs(have, chance, 0.037e18);
        }
    }

    /// M13: under one, any split weighs what the whole does.
    function testFuzz_Sybil_AnySplitWeighsTheWhole(uint80 whole, uint80 cut) public pure {
        cut = uint80(bound(cut, 0, whole));
        assertEq(Tickets.weight(Alpha.One, cut) + Tickets.weight(Alpha.One, whole - cut), whole);
        assertLe(Tickets.weight(Alpha.Two, cut) + Tickets.weight(Alpha.Two, whole - cut), uint256(whole) * whole);
    }

    function _assertSymmetric(uint256 n, Alpha alpha, uint256 share, uint256 spent, uint256 left) private {
        uint256 x = share * V / ONE;
        assertEq(n * share, spent);
        uint256[] memory sizes = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            sizes[i] = x;
        }
        int256 best = _payoff(alpha, sizes, 0, V);
        assertApproxEqAbs(best, int256(left * V / ONE), 1e6);
        _assertBest(alpha, sizes, 0, V);
        uint256[] memory wins = _frequencies(alpha, sizes);
        // Within four standard errors, p (1-p) / draws each.
        uint256 error_ = _sqrt((n - 1) * ONE / (n * n) / DRAWS);
        assertApproxEqAbs(wins[0] * ONE / DRAWS, ONE / n, 4 * error_);
    }

    function _assertAsymmetric(uint256[4] memory values, uint256 active, uint256[4] memory chances, uint256 hhi)
        private
    {
        (uint256[] memory sizes, uint256 total) = _equilibrium(values, active);
        uint256[] memory have = _chances(Alpha.One, sizes);
        uint256[] memory wins = _frequencies(Alpha.One, sizes);
        uint256 squares;
        for (uint256 i; i < active; ++i) {
            assertApproxEqAbs(have[i], chances[i], 0.00001e18, "p");
            squares += have[i] * have[i] / ONE;
            _assertBest(Alpha.One, sizes, i, values[i]);
            uint256 error_ = _sqrt(have[i] * (ONE - have[i]) / ONE / DRAWS);
            assertApproxEqAbs(wins[i] * ONE / DRAWS, have[i], 4 * error_, "drawn");
        }
        assertApproxEqAbs(squares, hhi, 0.00001e18, "HHI");
        if (active < 4 && values[active] != 0) _assertStaysAway(sizes, total, values[active] * V / ONE);
    }

    /// Scales the values in place.
    function _equilibrium(uint256[4] memory values, uint256 active)
        private
        pure
        returns (uint256[] memory sizes, uint256 total)
    {
        sizes = new uint256[](active);
        uint256 inverse;
        for (uint256 i; i < active; ++i) {
            values[i] = values[i] * V / ONE;
            inverse += ONE * ONE / values[i];
        }
        total = (active - 1) * ONE * ONE / inverse;
        for (uint256 i; i < active; ++i) {
            sizes[i] = (ONE - total * ONE / values[i]) * total / ONE;
        }
    }

    function _assertStaysAway(uint256[] memory sizes, uint256 total, uint256 value) private pure {
        uint256 active = sizes.length;
        uint256[] memory more = new uint256[](active + 1);
        for (uint256 i; i < active; ++i) {
            more[i] = sizes[i];
        }
        for (uint256 i = 1; i < 100; ++i) {
            more[active] = total * i / 100;
            assertLt(_payoff(Alpha.One, more, active, value), 0, "who is not active loses by entering");
        }
    }

    /// No ticket from a hundredth of this one to thrice it pays more.
    function _assertBest(Alpha alpha, uint256[] memory sizes, uint256 who, uint256 value) private pure {
        int256 best = _payoff(alpha, sizes, who, value);
        uint256 x = sizes[who];
        for (uint256 i = 1; i <= 300; ++i) {
            sizes[who] = x * i / 100;
            assertLe(_payoff(alpha, sizes, who, value), best + 1e6, "a better ticket");
        }
        sizes[who] = x;
    }

    function _payoff(Alpha alpha, uint256[] memory sizes, uint256 who, uint256 value) private pure returns (int256) {
        uint256[] memory chances = _chances(alpha, sizes);
        return int256(chances[who] * value / ONE) - int256(sizes[who]);
    }

    function _chances(Alpha alpha, uint256[] memory sizes) private pure returns (uint256[] memory chances) {
        uint256 sum;
        chances = new uint256[](sizes.length);
        for (uint256 i; i < sizes.length; ++i) {
            chances[i] = Tickets.weight(alpha, sizes[i]);
            sum += chances[i];
        }
        for (uint256 i; i < sizes.length; ++i) {
            chances[i] = chances[i] * ONE / sum;
        }
    }

    /// How often each of the tickets is drawn by the contract.
    function _frequencies(Alpha alpha, uint256[] memory sizes) private returns (uint256[] memory wins) {
        (p.alpha, p.minTicket) = (alpha, 1);
        holds = 0;
        _reopen();
        for (uint160 i; i < sizes.length; ++i) {
            delete tickets[address(i + 1)];
            _enter(address(i + 1), uint80(sizes[i]));
        }
        _known(bytes32(uint256(1)));
        wins = new uint256[](sizes.length);
        Ask memory ask = _replaying();
        for (uint256 i; i < DRAWS; ++i) {
            ask.beacon = keccak256(abi.encode("contest", alpha, sizes.length, sizes[0], i));
            ++wins[this.draw(ask)];
        }
    }

    /// One draw. A call of its own, which gives its memory back.
    function draw(Ask calldata ask) external view returns (uint256 place) {
        return uint160(contest.step(ask).moves[0].prover) - 1;
    }

    /// In units of ONE.
    function _sqrt(uint256 x) private pure returns (uint256 root) {
        x *= ONE;
        for (root = 1; root * root < x;) {
            root *= 2;
        }
        for (uint256 i; i < 100 && root * root > x; ++i) {
            root = (root + x / root) / 2;
        }
    }
}
