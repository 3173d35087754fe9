// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {ReservedHarness} from "./ReservedHarness.sol";

/// THEORY.md 1.9 for reserved capacity: a bucket of one that takes `refill` to fill is a server, a request that finds none full is lost to
/// the ladder. Poisson requests, a for each refill, are lost with Erlang's B_c = a B_{c-1} / (c + a B_{c-1}), whatever a
/// service's distribution is; and the second holder gets what the first one alone would lose.
contract ReservedFormsTest is ReservedHarness {
    uint256 private constant ONE = 1e18;
    uint256 private constant TERMS = 5;
    uint40 private constant REFILL = 2 hours;

    function test_WhatIsLostIsErlangsB() public {
        (p.burst, p.refill, p.patience) = (1, uint32(REFILL), 0);
        for (uint256 a = ONE / 2; a <= 2 * ONE; a *= 2) {
            uint256[3] memory served;
            for (uint256 i; i < TERMS; ++i) {
                uint256[3] memory more = this.term(a, i);
                for (uint256 holder; holder < 3; ++holder) {
                    served[holder] += more[holder];
                }
            }
            uint256 first = a * ONE / (ONE + a);
            uint256 both = a * first / (2 * ONE + a * first / ONE);
            _assertShare(served, served[1] + served[2], first);
            _assertShare(served, served[2], both);
        }
    }

    /// A whole term of requests: how many the first holder got, the second, and neither.
    function term(uint256 a, uint256 seed) external returns (uint256[3] memory served) {
        _restart();
        _hire(alice, 1, bob, 2);
        uint256 end = block.timestamp + TERM - OFFERING;
        for (uint256 i;; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(a, seed, i))) % (ONE - 1) + 1;
            skip(uint256(-FixedPointMathLib.lnWad(int256(draw))) * REFILL / a);
            if (end <= block.timestamp) return served;
            _request();
            ++served[winner == alice ? 0 : winner == bob ? 1 : 2];
        }
    }

    /// Within four standard errors of independent draws.
    function _assertShare(uint256[3] memory served, uint256 some, uint256 want) private pure {
        uint256 all = served[0] + served[1] + served[2];
        uint256 error = FixedPointMathLib.sqrt(want * (ONE - want) / all);
        assertApproxEqAbs(some * ONE / all, want, 4 * error);
        assertGt(all, 500, "too few to say anything");
    }
}
