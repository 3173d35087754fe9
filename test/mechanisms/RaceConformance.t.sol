// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Race, RaceParams} from "../../contracts/mechanisms/Race.sol";
import {Request} from "../../contracts/types/Request.sol";
import {ConformanceTest} from "./Conformance.sol";

/// An entry or a commitment, where one is needed, and a proof.
abstract contract RacePlays is ConformanceTest {
    Race internal race = new Race();

    function raceParams() internal pure virtual returns (RaceParams memory);

    function subject() internal virtual override returns (IMechanism, bytes memory) {
        return (race, abi.encode(raceParams()));
    }

    function plays(Request memory r, address prover, uint256 rank) internal view override returns (Play[] memory all) {
        RaceParams memory p = raceParams();
        all = new Play[](p.deposit == 0 ? 1 : 2);
        Play memory last = all[all.length - 1];
        (last.wait, last.proof) = (80 + uint40(rank), abi.encode(r.statement, prover));
        if (all.length == 1) return all;
        all[0].wait = 10 * (uint40(rank) + 1);
        if (p.commitBlocks == 0) return all;
        all[0].data = abi.encode(race.commitment(market.idOf(r), prover, keccak256(last.proof)));
    }
}

/// Proofs that bind their author, by arrival.
contract RaceByArrivalConformance is RacePlays {
    function raceParams() internal pure override returns (RaceParams memory) {
        return RaceParams({
            patience: 100, window: 60, commitBlocks: 0, bountyBps: 9_000, decayBps: 5_000, winners: 3, deposit: 0
        });
    }
}

/// With an entry, for one winner.
contract RaceByEntryConformance is RacePlays {
    function raceParams() internal pure override returns (RaceParams memory) {
        return RaceParams({
            patience: 100, window: 0, commitBlocks: 0, bountyBps: 10_000, decayBps: 0, winners: 1, deposit: 0.001 ether
        });
    }
}

/// Committed to before.
contract RaceByCommitmentConformance is RacePlays {
    function raceParams() internal pure override returns (RaceParams memory) {
        return RaceParams({
            patience: 100,
            window: 60,
            commitBlocks: 2,
            bountyBps: 10_000,
            decayBps: 10_000,
            winners: 2,
            deposit: 0.001 ether
        });
    }
}
