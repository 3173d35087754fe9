// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Weights} from "../../contracts/libraries/Scores.sol";
import {ScorePayment, Scoring, ScoringParams} from "../../contracts/mechanisms/Scoring.sol";
import {Request} from "../../contracts/types/Request.sol";
import {ConformanceTest} from "./Conformance.sol";

/// Commit, then reveal. Who is better asks for more, and promises so much more that it is worth it.
abstract contract ScoringPlays is ConformanceTest {
    bytes32 private constant SALT = keccak256("salt");
    Scoring internal scoring;

    function terms(ScorePayment payment, uint8 standbys) internal returns (IMechanism, bytes memory) {
        scoring = new Scoring();
        ScoringParams memory p = ScoringParams({
            payment: payment,
            commit: 100,
            reveal: 100,
            weights: Weights({
                baseBps: 4_000,
                timeBps: 5_000,
                bondBps: 1_000,
                penaltyBps: 10_000,
                // A bond is worth more than any price here.
                stakeWorth: 1e27,
                leastBondBps: 1_000
            }),
            depositBps: 1_000,
            depositFloor: 1,
            standbys: standbys,
            bidders: 8
        });
        return (scoring, abi.encode(p));
    }

    function plays(Request memory r, address prover, uint256 rank) internal view override returns (Play[] memory all) {
        all = new Play[](2);
        uint88 price = uint88(uint256(r.maxPrice) * (40 - rank) / 100);
        uint32 promised = uint32(r.window * (rank + 2) / 10);
        uint16 share = uint16(5_000 + 1_000 * rank);
        bytes32 commitment = scoring.commitment(market.idOf(r), prover, price, promised, share, SALT);
        all[0] = Play(60, 0, abi.encode(commitment), "");
        all[1] = Play(120, price, abi.encodePacked(SALT, promised, share), "");
    }
}

contract FirstScoreConformance is ScoringPlays {
    function subject() internal override returns (IMechanism, bytes memory) {
        return terms(ScorePayment.FirstScore, 3);
    }
}

contract SecondScoreConformance is ScoringPlays {
    function subject() internal override returns (IMechanism, bytes memory) {
        return terms(ScorePayment.SecondScore, 0);
    }
}
