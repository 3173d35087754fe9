// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMechanism, NotYet} from "../../contracts/interfaces/IMechanism.sol";
import {Answer, Ask, CAP_INSTANT, Cause, Envelope, MoveKind, Shape} from "../../contracts/types/Ask.sol";
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
        NeverCloses
    }

    IMechanism private immutable INNER;
    Crook private immutable CROOK;
    uint256 private _memory = 1;

    constructor(IMechanism inner, Crook crook) {
        (INNER, CROOK) = (inner, crook);
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
        if (CROOK == Crook.KeepsTickets && ask.status != Status.Open) revert NotYet(ask.time, ask.time + 1 days);
        if (CROOK == Crook.NeverCloses && ask.holds == 0 && ask.cause == Cause.Tick) revert NotYet(ask.time, 0);
        answer = INNER.step(ask);
        if (CROOK == Crook.ReadsClock) answer.wake = uint40(block.timestamp);
        if (CROOK == Crook.ReadsStorage) answer.wake = uint40(_memory);
        if (CROOK != Crook.RobsLosers) return answer;
        for (uint256 i; i < answer.moves.length; ++i) {
            if (answer.moves[i].kind == MoveKind.Release) answer.moves[i].kind = MoveKind.Forfeit;
        }
    }
}
