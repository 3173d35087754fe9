// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Race, RaceParams} from "../../contracts/mechanisms/Race.sol";
import {Answer, Ask, Cause, MoveKind} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";

/// Whole races in memory, one per call, so that many can be drawn. Proofs bind their authors.
contract RaceRounds {
    uint40 private constant OPENED = 1_800_000_000;

    Race private immutable RACE = new Race();

    /// Brings the proof of each prover at its moment, until the race is closed or it takes no more.
    /// @param arrivals seconds from opening.
    /// @return winners provers by rank, from 0.
    /// @return rewards what each of them was paid.
    /// @return paid when, in seconds from opening.
    function race(bytes calldata params, uint256[] calldata arrivals)
        external
        view
        returns (uint256[] memory winners, uint256[] memory rewards, uint256[] memory paid)
    {
        uint256 most = abi.decode(params, (RaceParams)).winners;
        (winners, rewards, paid) = (new uint256[](most), new uint256[](most), new uint256[](most));
        Ask memory ask = _ask(params);
        bool[] memory done = new bool[](arrivals.length);
        uint256 ranks;
        for (uint256 n; n < arrivals.length; ++n) {
            uint256 i = _next(arrivals, done);
            done[i] = true;
            (ask.actor.prover, ask.actor.id) = (address(uint160(i + 1)), uint24(i + 1));
            ask.time = OPENED + uint40(arrivals[i]);
            try RACE.step(ask) returns (Answer memory answer) {
                ask.words = answer.words;
                (winners[ranks], rewards[ranks], paid[ranks]) = (i, answer.moves[0].amount, arrivals[i]);
                ++ranks;
                if (answer.moves[answer.moves.length - 1].kind == MoveKind.Close) break;
            } catch {
                break;
            }
        }
        assembly ("memory-safe") {
            mstore(winners, ranks)
            mstore(rewards, ranks)
            mstore(paid, ranks)
        }
    }

    function _next(uint256[] calldata arrivals, bool[] memory done) private pure returns (uint256 first) {
        while (done[first]) ++first;
        for (uint256 i = first + 1; i < arrivals.length; ++i) {
            if (!done[i] && arrivals[i] < arrivals[first]) first = i;
        }
    }

    function _ask(bytes calldata params) private pure returns (Ask memory ask) {
        ask.cause = Cause.Proof;
        ask.status = Status.Open;
        ask.request.maxPrice = 1 ether;
        ask.request.deadline = type(uint40).max;
        ask.openedAt = OPENED;
        ask.params = params;
        ask.words = new bytes32[](1);
        ask.data = new bytes(32);
    }
}
