// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {Lots} from "../../contracts/libraries/Lots.sol";
import {SortitionRounds} from "./SortitionRounds.sol";

/// THEORY.md 1.6, reproduced on the contract.
contract SortitionFormsTest is Test {
    uint256 private constant ONE = 1e18;
    uint256 private constant DRAWS = 10_000;

    SortitionRounds private immutable rounds = new SortitionRounds();

    /// The keys are exponential: -log2 as another library has it, to its last digits.
    function testFuzz_BitsAreTheLogarithm(uint256 hash) public pure {
        // The other one has no digits left for what is less.
        hash = bound(hash, 1 << 120, type(uint256).max);
        int256 whole = FixedPointMathLib.lnWad(type(int256).max);
        int256 part = FixedPointMathLib.lnWad(int256(hash >> 1));
        uint256 nats = uint256(whole - part);
        uint256 have = Lots.bits(hash) * ONE / 2 ** 40 * 693_147_180_559_945_309 / ONE;
        assertApproxEqAbs(have, nats, 5e6 + nats / 1e12);
    }

    /// `bits` at its ends.
    function test_BitsAtTheEnds() public pure {
        assertEq(Lots.bits(0), 256 << 40);
        assertEq(Lots.bits(1), 256 << 40);
        assertEq(Lots.bits(2), 255 << 40);
        assertEq(Lots.bits(1 << 255), 1 << 40);
        assertEq(Lots.bits(type(uint256).max), 1);
    }

    /// With stakes of 4, 3, 2 and 1: first place .4 .3 .2 .1, first backup .315873 .308333 .241270 .134524.
    function test_PlacesFollowTheStakes() public {
        uint256[] memory stakes = _stakes();
        (uint256[4] memory first, uint256[4] memory second) = _count(stakes, 1);
        uint256[4] memory wantFirst = [uint256(400_000), 300_000, 200_000, 100_000];
        uint256[4] memory wantSecond = [uint256(315_873), 308_333, 241_270, 134_524];
        _assertFits(first, wantFirst, "first");
        _assertFits(second, wantSecond, "backup");
    }

    /// The same in five stages, which a prover enters by its key, as in one that is open to all.
    function test_StagesDoNotChangeTheLaw() public view {
        uint256[] memory stakes = _stakes();
        for (uint256 i; i < 300; ++i) {
            bytes32 draw = keccak256(abi.encode("stages", i));
            uint256 away = i % 5 == 0 ? 0 : 1 << i % 4;
            assertEq(rounds.play(stakes, 5, 1, draw, away), rounds.play(stakes, 1, 1, draw, away));
        }
    }

    /// M13: a stake of 6 against 4 has the first place as often in one name as in three.
    function test_SplittingAStakeGainsNoFirstPlace() public {
        uint256[] memory whole = new uint256[](2);
        (whole[0], whole[1]) = (6, 4);
        uint256[] memory split = new uint256[](4);
        (split[0], split[1], split[2], split[3]) = (1, 2, 3, 4);
        (uint256[4] memory one,) = _count(whole, 0);
        (uint256[4] memory many,) = _count(split, 0);
        // sqrt(.6 * .4 / DRAWS) = .0045, twice as a difference, four of them.
        assertApproxEqAbs(one[0], DRAWS * 6 / 10, DRAWS * 18 / 1_000);
        assertApproxEqAbs(many[0] + many[1] + many[2], DRAWS * 6 / 10, DRAWS * 18 / 1_000);
        assertApproxEqAbs(many[3], one[1], DRAWS * 26 / 1_000);
    }

    /// P(done) = 1 - f^K, with f = .30827 (q = .2, a time of 2 at a rate of 1) and K = 1, 2, 3 attempts.
    function test_BackupsCompleteAsTheirNumberSays() public {
        vm.pauseGasMetering();
        uint256[3] memory want = [uint256(691_730), 904_970, 970_710];
        uint256[] memory stakes = _stakes();
        for (uint8 backups; backups < 3; ++backups) {
            uint256 done;
            for (uint256 i; i < 4_000; ++i) {
                if (this.completes(stakes, backups, i)) ++done;
            }
            uint256 share = want[backups];
            uint256 error_ = FixedPointMathLib.sqrt(share * (1e6 - share) / 4_000);
            assertApproxEqAbs(done * 1e6 / 4_000, share, 4 * error_, vm.toString(backups));
        }
    }

    /// Whether any of those awarded does not fail. A call of its own, which gives its memory back.
    function completes(uint256[] calldata stakes, uint8 backups, uint256 number) external view returns (bool) {
        bytes32 draw = keccak256(abi.encode("completes", backups, number));
        uint256[] memory order = rounds.play(stakes, 1, backups, draw, 0);
        for (uint256 i; i < order.length; ++i) {
            if (uint256(keccak256(abi.encode(draw, i))) % 1e6 >= 308_270) return true;
        }
        return false;
    }

    function draws(uint256[] calldata stakes, uint8 backups, uint256 number) external view returns (uint256, uint256) {
        bytes32 draw = keccak256(abi.encode("forms", stakes, backups, number));
        uint256[] memory order = rounds.play(stakes, 1, backups, draw, 0);
        return (order[0], backups == 0 ? 0 : order[1]);
    }

    function _count(uint256[] memory stakes, uint8 backups)
        private
        returns (uint256[4] memory first, uint256[4] memory second)
    {
        // What so many draws cost would be more than a test may.
        vm.pauseGasMetering();
        for (uint256 i; i < DRAWS; ++i) {
            (uint256 a, uint256 b) = this.draws(stakes, backups, i);
            ++first[a - 1];
            if (backups != 0) ++second[b - 1];
        }
    }

    /// Chi-square with three degrees of freedom: 16.27 is exceeded by one in a thousand.
    function _assertFits(uint256[4] memory have, uint256[4] memory perMillion, string memory what) private pure {
        uint256 sum;
        for (uint256 i; i < 4; ++i) {
            uint256 want = DRAWS * perMillion[i];
            uint256 off = have[i] * 1e6 > want ? have[i] * 1e6 - want : want - have[i] * 1e6;
            sum += off * off / want;
        }
        assertLt(sum, 16_270_000, what);
    }

    function _stakes() private pure returns (uint256[] memory stakes) {
        stakes = new uint256[](4);
        (stakes[0], stakes[1], stakes[2], stakes[3]) = (4, 3, 2, 1);
    }
}
