// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ScoredOffer, Weights} from "../../contracts/libraries/Scores.sol";
import {ScorePayment, Scoring, ScoringParams} from "../../contracts/mechanisms/Scoring.sol";
import {Answer, Ask, Cause, Move, MoveKind} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";

/// Whole scoring auctions in memory, one per call, so that many can be drawn.
contract ScoringRounds {
    uint40 private constant OPENED = 1_800_000_000;
    bytes32 private constant SALT = keccak256("salt");
    /// So fine that a promise is a fraction of it.
    uint32 public constant WINDOW = 1e9;
    /// What the whole window is worth, and nothing else is.
    uint80 public constant WORTH = 2 ether;

    Scoring private immutable SCORING = new Scoring();

    /// Commits, reveals and settles.
    /// @return winner the number of the bid that is awarded; that of bids if none is.
    function play(ScorePayment payment, ScoredOffer[] calldata offers)
        external
        view
        returns (uint256 winner, uint88 price)
    {
        Ask memory ask = _ask(payment);
        ask.words = new bytes32[](SCORING.check(ask.params).words);
        uint176[] memory tags = new uint176[](offers.length);
        for (uint160 i; i < offers.length; ++i) {
            ScoredOffer calldata o = offers[i];
            ask.actor.prover = address(i + 1);
            ask.data = bytes.concat(SCORING.commitment(ask.id, address(i + 1), o.price, o.promised, o.share, SALT));
            tags[i] = _step(ask).moves[0].tag;
            ++ask.holds;
        }
        ask.time = OPENED + 61;
        for (uint160 i; i < offers.length; ++i) {
            ScoredOffer calldata o = offers[i];
            (ask.actor.prover, ask.actor.held, ask.actor.tag) = (address(i + 1), 1, tags[i]);
            (ask.price, ask.data) = (o.price, abi.encodePacked(SALT, o.promised, o.share));
            ask.holds -= uint8(_step(ask).moves.length);
        }
        (ask.actor.prover, ask.actor.held) = (address(0), 0);
        (ask.cause, ask.price, ask.data) = (Cause.Tick, 0, "");
        Move memory move = _step(ask).moves[0];
        if (move.kind != MoveKind.Award) return (offers.length, 0);
        return (uint160(move.prover) - 1, move.amount);
    }

    function _ask(ScorePayment payment) private pure returns (Ask memory ask) {
        ask.cause = Cause.Bid;
        ask.status = Status.Open;
        (ask.request.maxPrice, ask.request.bond, ask.request.window) = (WORTH, WORTH, WINDOW);
        ask.request.deadline = type(uint40).max;
        (ask.openedAt, ask.time) = (OPENED, OPENED);
        ask.actor.free = 1;
        ask.params = abi.encode(
            ScoringParams({
                payment: payment,
                commit: 60,
                reveal: 60,
                weights: Weights({
                    baseBps: 0, timeBps: 10_000, bondBps: 0, penaltyBps: 10_000, stakeWorth: 1e18, leastBondBps: 1
                }),
                depositBps: 0,
                depositFloor: 1,
                standbys: 0,
                bidders: 64
            })
        );
    }

    function _step(Ask memory ask) private view returns (Answer memory answer) {
        answer = SCORING.step(ask);
        ask.words = answer.words;
    }
}
