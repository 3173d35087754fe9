// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Sortition, SortitionParams} from "../../contracts/mechanisms/Sortition.sol";
import {Answer, Ask, Cause, MoveKind} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";

/// Whole sortitions in memory, one per call, so that many can be drawn.
contract SortitionRounds {
    uint40 private constant OPENED = 1_800_000_000;
    uint80 private constant UNIT = 1 ether;

    Sortition private immutable SORTITION = new Sortition();

    /// Each prover bids when its turn comes, unless it is away; the last first, so that order within a stage is of no use. Then awards,
    /// each of which fails.
    /// @param stakes in units of a deposit.
    /// @param stages of two hours each.
    /// @param away a bit for each prover.
    /// @return order who was awarded, from 1, the first first; 0 behind the last.
    function play(uint256[] calldata stakes, uint8 stages, uint8 backups, bytes32 draw, uint256 away)
        external
        view
        returns (uint256[] memory order)
    {
        Ask memory ask = _ask(_params(stages, backups));
        uint256 total;
        for (uint256 i; i < stakes.length; ++i) {
            total += stakes[i] * UNIT;
        }
        ask.shared[0] = bytes32(total);
        _step(ask);
        (ask.cause, ask.beacon) = (Cause.Bid, draw);
        for (uint256 stage; stage < stages && ask.time <= _last(ask); ++stage) {
            ask.time = OPENED + 1 + uint40(stage * 2 hours);
            _bids(ask, stakes, away);
        }
        ask.time = _last(ask) + 1;
        ask.cause = Cause.Tick;
        order = new uint256[](1 + backups);
        for (uint256 i; i <= backups; ++i) {
            Answer memory answer = _step(ask);
            if (answer.moves.length == 0 || answer.moves[0].kind != MoveKind.Award) return order;
            order[i] = uint160(answer.moves[0].prover);
            ask.cause = Cause.Failed;
        }
    }

    function _bids(Ask memory ask, uint256[] calldata stakes, uint256 away) private view {
        for (uint256 left = stakes.length; left > 0; --left) {
            uint256 i = left - 1;
            if (away >> i & 1 == 1 || ask.time > _last(ask)) continue;
            ask.actor.prover = address(uint160(i + 1));
            // Who has bid is told by the market that it has a ticket without a block.
            bool bid;
            for (uint256 j = 2; j < ask.words.length; ++j) {
                bid = bid || address(uint160(uint256(ask.words[j]))) == ask.actor.prover;
            }
            if (bid) continue;
            (ask.actor.held, ask.actor.tag, ask.actor.free) = (uint80(stakes[i] * UNIT), 1, UNIT);
            try SORTITION.step(ask) returns (Answer memory answer) {
                ask.words = answer.words;
            } catch {}
        }
    }

    function _params(uint8 stages, uint8 backups) private pure returns (bytes memory) {
        return abi.encode(
            SortitionParams({
                base: 1,
                rate: 0,
                minDeposit: UNIT,
                maxDeposit: 100 * UNIT,
                notice: 1,
                distance: 1,
                lead: 1,
                stagger: 2 hours,
                stages: stages,
                patience: 2 hours,
                backups: backups
            })
        );
    }

    function _ask(bytes memory params) private view returns (Ask memory ask) {
        ask.status = Status.Open;
        (ask.request.maxPrice, ask.request.deadline) = (1 ether, type(uint40).max);
        (ask.openedAt, ask.time, ask.blockNumber) = (OPENED, OPENED, 2);
        ask.params = params;
        ask.words = new bytes32[](SORTITION.check(params).words);
        ask.shared = new bytes32[](1);
    }

    function _step(Ask memory ask) private view returns (Answer memory answer) {
        answer = SORTITION.step(ask);
        ask.words = answer.words;
    }

    function _last(Ask memory ask) private pure returns (uint40) {
        return uint40(uint256(ask.words[0]) >> 208);
    }
}
