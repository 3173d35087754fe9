// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMechanism, NotYet} from "../../contracts/interfaces/IMechanism.sol";
import {Answers} from "../../contracts/libraries/Answers.sol";
import {
    Answer,
    Ask,
    CAP_INSTANT,
    Cause,
    Envelope,
    INSTANCE,
    Move,
    MoveKind,
    Shape
} from "../../contracts/types/Ask.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";

/// Another mechanism, but for one thing.
contract CrookedMechanism is IMechanism {
    enum Crook {
        Honest,
        // It says of the worst what is better.
        UnderstatesPrice,
        UnderstatesTime,
        UnderstatesProof,
        OverstatesBond,
        OverstatesStandbys,
        OverstatesCapabilities,
        // It refuses parameters by a panic, and takes what it cannot use.
        PanicsAtParams,
        TakesAnyParams,
        // It panics, or runs out of gas, where it has nothing to say.
        PanicsAtOpening,
        BurnsAtOpening,
        // It reads what is not in the question.
        ReadsClock,
        ReadsStorage,
        // It is unjust to who bids.
        RobsLosers,
        KeepsTickets,
        NeverCloses,
        // It pays for proofs more than it says, or nobody, or somebody who has none.
        PaysTooMuch,
        PaysNobody,
        PaysAnother,
        // It gives the place of whoever stands on the instance away, takes its deposit, or does not give it back.
        EvictsHolder,
        DocksHolder,
        KeepsSeats,
        // It decides about another request than the one that was brought.
        NamesAnother
    }

    IMechanism private immutable INNER;
    Crook private immutable CROOK;
    /// Whom it pays.
    address private immutable FRIEND;
    uint256 private _memory = 1;

    constructor(IMechanism inner, Crook crook, address friend) {
        (INNER, CROOK, FRIEND) = (inner, crook, friend);
    }

    function name() external pure returns (string memory) {
        return "crooked";
    }

    function check(bytes calldata params) external view returns (Shape memory shape) {
        if (CROOK == Crook.PanicsAtParams) assert(params.length % 32 == 0);
        if (CROOK == Crook.TakesAnyParams && params.length == 0) {
            shape.gas = 1_000_000;
            return shape;
        }
        shape = INNER.check(params);
        shape.gas = 1_000_000;
    }

    function envelope(bytes calldata params, Request calldata request) external view returns (Envelope memory e) {
        e = INNER.envelope(params, request);
        if (CROOK == Crook.UnderstatesPrice) e.price /= 20;
        if (CROOK == Crook.UnderstatesTime) e.award /= 2;
        if (CROOK == Crook.UnderstatesProof) --e.proof;
        if (CROOK == Crook.OverstatesBond) ++e.bond;
        if (CROOK == Crook.OverstatesStandbys) ++e.standbys;
        if (CROOK == Crook.OverstatesCapabilities) e.capabilities |= CAP_INSTANT;
    }

    function step(Ask calldata ask) external view returns (Answer memory answer) {
        if (ask.cause == Cause.Opened) {
            assert(CROOK != Crook.PanicsAtOpening);
            if (CROOK == Crook.BurnsAtOpening) while (true) {}
        }
        bool itself = ask.status == Status.None;
        if (CROOK == Crook.KeepsSeats && itself && ask.cause == Cause.Tick) revert NotYet(ask.time, 0);
        if (CROOK == Crook.KeepsTickets && ask.status != Status.Open) revert NotYet(ask.time, ask.time + 1 days);
        if (CROOK == Crook.NeverCloses && ask.holds == 0 && ask.cause == Cause.Tick) revert NotYet(ask.time, 0);
        answer = INNER.step(ask);
        if (CROOK == Crook.ReadsClock) answer.wake = uint40(block.timestamp);
        if (CROOK == Crook.ReadsStorage) answer.wake = uint40(_memory);
        for (uint256 i; i < answer.moves.length; ++i) {
            _bend(answer.moves[i]);
        }
        if (ask.cause == Cause.Opened && answer.shared.length != 0) _deprive(answer);
    }

    function _bend(Move memory move) private view {
        if (CROOK == Crook.RobsLosers && move.kind == MoveKind.Release) move.kind = MoveKind.Forfeit;
        if (CROOK == Crook.NamesAnother && move.subject != 0 && move.subject != INSTANCE) ++move.tag;
        if (move.kind != MoveKind.Reward) return;
        if (CROOK == Crook.PaysTooMuch) move.amount += move.amount / 10;
        if (CROOK == Crook.PaysNobody) move.amount = 0;
        if (CROOK == Crook.PaysAnother) move.prover = FRIEND;
    }

    /// Does something to whom the first shared word names.
    function _deprive(Answer memory answer) private view {
        address holder = address(uint160(uint256(answer.shared[0])));
        if (holder == address(0) || (CROOK != Crook.EvictsHolder && CROOK != Crook.DocksHolder)) return;
        Move[] memory more = new Move[](answer.moves.length + 1);
        for (uint256 i; i < answer.moves.length; ++i) {
            more[i] = answer.moves[i];
        }
        bool evicts = CROOK == Crook.EvictsHolder;
        Move memory move = evicts ? Answers.release(holder) : Answers.forfeit(holder);
        more[answer.moves.length] = Answers.onInstance(move);
        answer.moves = more;
    }
}
