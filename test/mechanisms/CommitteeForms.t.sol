// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {Committee, CommitteeParams} from "../../contracts/mechanisms/Committee.sol";
import {Answer, Ask, Cause, MoveKind} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";

/// THEORY.md 1.7, reproduced on the contract: n members each finish a shard after a time that is Exp(1), or are away; the whole can be
/// brought when k shards are there, by the first seat that is not away. Liveness, time and its spread are what
/// theory gives, within four standard errors.
contract CommitteeFormsTest is Test {
    uint256 private constant ONE = 1e18;
    uint256 private constant DRAWS = 1_000;
    uint40 private constant OPENED = 1_800_000_000;
    /// Seconds for a unit of time.
    uint256 private constant UNIT = 10_000;
    uint256 private constant AWAY = type(uint256).max;

    Committee private immutable committee = new Committee();

    /// P(Bin(n, .9) >= k).
    function test_LivenessIsThatOfKOfN() public view {
        _assertLiveness(2, 3, 0.972e18);
        _assertLiveness(3, 5, 0.99144e18);
        _assertLiveness(5, 7, 0.97431e18);
        _assertLiveness(7, 10, 0.9872e18);
    }

    /// E T = H_n - H_(n-k), Var T = sum of 1/i^2 from n-k+1 to n, P(T <= 2) = P(Bin(n, 1 - e^-2) >= k).
    function test_TimeIsTheKthOfN() public view {
        _assertTime(2, 3, 0.95001e18);
        _assertTime(3, 5, 0.97997e18);
        _assertTime(5, 7, 0.94316e18);
        _assertTime(7, 10, 0.96424e18);
    }

    /// One life.
    /// @return took units from the start to the proof; `AWAY` if there is none, and the end was the tick's.
    function draw(uint8 k, uint8 n, uint256 chance, uint256 number) external view returns (uint256 took) {
        CommitteeParams memory p = _params(k, n);
        Ask memory ask = _ask(p);
        for (uint160 i; i < n; ++i) {
            ask.actor.prover = address(i + 1);
            _step(ask);
        }
        (uint256[] memory times, uint256 first) = _times(k, n, chance, number);
        if (times[k - 1] != AWAY) {
            // Only seat 0 may come as soon as shards are there; what others wait for their turn is not counted.
            (ask.cause, ask.data) = (Cause.Proof, abi.encode(number));
            ask.actor.prover = address(uint160(first + 1));
            ask.time = OPENED + uint40(times[k - 1] * UNIT / ONE) + (first == 0 ? 0 : p.shards + uint40(first));
            Answer memory answer = _step(ask);
            assertEq(uint8(answer.moves[answer.moves.length - 1].kind), uint8(MoveKind.Close));
            assertEq(answer.moves.length, 1 + 2 * uint256(n) + 1, "paid and released");
            return times[k - 1];
        }
        (ask.cause, ask.data) = (Cause.Tick, "");
        ask.time = OPENED + p.shards + p.aggregation + p.open + 1;
        assertEq(_step(ask).moves.length, uint256(n) + 1, "closed");
        return AWAY;
    }

    function _assertLiveness(uint8 k, uint8 n, uint256 want) private view {
        uint256 alive;
        for (uint256 i; i < DRAWS; ++i) {
            if (this.draw(k, n, 0.9e18, i) != AWAY) alive += ONE / DRAWS;
        }
        assertApproxEqAbs(alive, want, 4 * FixedPointMathLib.sqrt(want * (ONE - want) / DRAWS), "liveness");
    }

    function _assertTime(uint8 k, uint8 n, uint256 inTwo) private view {
        uint256[] memory times = new uint256[](DRAWS);
        uint256 sum;
        uint256 soon;
        for (uint256 i; i < DRAWS; ++i) {
            times[i] = this.draw(k, n, ONE, i);
            sum += times[i];
            if (times[i] <= 2 * ONE) soon += ONE / DRAWS;
        }
        (uint256 mean, uint256 variance, uint256 fourths) = (sum / DRAWS, 0, 0);
        for (uint256 i; i < DRAWS; ++i) {
            uint256 off = times[i] > mean ? times[i] - mean : mean - times[i];
            off = off * off / ONE;
            variance += off / (DRAWS - 1);
            fourths += off * off / ONE / DRAWS;
        }
        (uint256 wantMean, uint256 wantVariance) = (0, 0);
        for (uint256 i = n - k + 1; i <= n; ++i) {
            wantMean += ONE / i;
            wantVariance += ONE / (i * i);
        }
        assertApproxEqAbs(mean, wantMean, 4 * FixedPointMathLib.sqrt(wantVariance * ONE / DRAWS), "mean");
        uint256 spread = fourths - variance * variance / ONE;
        assertApproxEqAbs(variance, wantVariance, 4 * FixedPointMathLib.sqrt(spread * ONE / DRAWS), "variance");
        assertApproxEqAbs(soon, inTwo, 4 * FixedPointMathLib.sqrt(inTwo * (ONE - inTwo) / DRAWS), "in two units");
    }

    /// When shards are there, in order; `AWAY` for who does not come. And the first seat that does.
    function _times(uint256 k, uint256 n, uint256 chance, uint256 number)
        private
        pure
        returns (uint256[] memory times, uint256 first)
    {
        times = new uint256[](n);
        first = AWAY;
        for (uint256 i; i < n; ++i) {
            uint256 u = uint256(keccak256(abi.encode("committee", k, n, chance, number, i)));
            times[i] = AWAY;
            if (u % ONE >= chance) continue;
            if (first == AWAY) first = i;
            times[i] = uint256(-FixedPointMathLib.lnWad(int256((u >> 128) % ONE + 1)));
        }
        for (uint256 i = 1; i < n; ++i) {
            for (uint256 j = i; j != 0 && times[j] < times[j - 1]; --j) {
                (times[j], times[j - 1]) = (times[j - 1], times[j]);
            }
        }
    }

    function _params(uint8 k, uint8 n) private pure returns (CommitteeParams memory p) {
        (p.seats, p.least, p.needed) = (n, n, k);
        (p.enrolment, p.shards, p.aggregation, p.open, p.stagger) = (1, 1, 2_000_000, 1, 1);
        (p.feeBps, p.aggregatorBps, p.depositFloor) = (10_000, 1_000, 1);
    }

    function _ask(CommitteeParams memory p) private view returns (Ask memory ask) {
        ask.params = abi.encode(p);
        ask.cause = Cause.Bid;
        ask.id = keccak256("request");
        ask.status = Status.Open;
        (ask.openedAt, ask.time) = (OPENED, OPENED);
        (ask.request.maxPrice, ask.request.deadline) = (1 ether, OPENED + 10_000_000);
        ask.actor.free = 1 ether;
        ask.words = new bytes32[](committee.check(ask.params).words);
    }

    function _step(Ask memory ask) private view returns (Answer memory answer) {
        answer = committee.step(ask);
        ask.words = answer.words;
    }
}
