// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {RaceParams} from "../../contracts/mechanisms/Race.sol";
import {Seat} from "../../contracts/mechanisms/Seat.sol";
import {Batch} from "../../contracts/mechanisms/Batch.sol";
import {Payment} from "../../contracts/mechanisms/SealedBid.sol";
import {CrookedMechanism} from "../doubles/CrookedMechanism.sol";
import {SealedPlays} from "./AuctionConformance.t.sol";
import {BatchPlays} from "./BatchConformance.t.sol";
import {Conformance} from "./Conformance.sol";
import {RacePlays} from "./RaceConformance.t.sol";
import {SeatPlays} from "./StandingConformance.t.sol";

/// A mechanism that is not as it should be, under the rules.
abstract contract Trial {
    CrookedMechanism.Crook private immutable CROOK;

    constructor(CrookedMechanism.Crook crook) {
        CROOK = crook;
    }

    function bent(IMechanism inner, address friend) internal returns (IMechanism) {
        return new CrookedMechanism(inner, CROOK, friend);
    }
}

contract SealedTrial is SealedPlays, Trial {
    constructor(CrookedMechanism.Crook crook) Trial(crook) {}

    function subject() internal override returns (IMechanism, bytes memory) {
        return (bent(sealedBid, makeAddr("prover 4")), sealedTerms(Payment.FirstPrice, 2));
    }
}

contract RaceTrial is RacePlays, Trial {
    constructor(CrookedMechanism.Crook crook) Trial(crook) {}

    function subject() internal override returns (IMechanism, bytes memory) {
        return (bent(race, makeAddr("prover 4")), abi.encode(raceParams()));
    }

    function raceParams() internal pure override returns (RaceParams memory) {
        return RaceParams({
            patience: 100,
            window: 60,
            commitBlocks: 0,
            bountyBps: 9_000,
            decayBps: 10_000,
            winners: 2,
            deposit: 0.001 ether
        });
    }
}

contract SeatTrial is SeatPlays, Trial {
    constructor(CrookedMechanism.Crook crook) Trial(crook) {}

    function subject() internal override returns (IMechanism, bytes memory) {
        return (bent(new Seat(), makeAddr("prover 4")), abi.encode(seatParams()));
    }
}

contract BatchTrial is BatchPlays, Trial {
    constructor(CrookedMechanism.Crook crook) Trial(crook) {}

    function subject() internal override returns (IMechanism, bytes memory) {
        return (bent(new Batch(), makeAddr("prover 4")), abi.encode(batchParams()));
    }
}

/// The rules can be broken, and each crook is caught by the rule it breaks.
contract TrialTest is Test {
    function test_Honest_Auction() public {
        _assertPasses(new SealedTrial(CrookedMechanism.Crook.Honest));
    }

    function test_Honest_OpenStage() public {
        _assertPasses(new RaceTrial(CrookedMechanism.Crook.Honest));
    }

    function test_Honest_Seat() public {
        _assertPasses(new SeatTrial(CrookedMechanism.Crook.Honest));
    }

    function test_Honest_Batch() public {
        _assertPasses(new BatchTrial(CrookedMechanism.Crook.Honest));
    }

    function test_Envelope() public {
        _assertCaught(new SealedTrial(CrookedMechanism.Crook.UnderstatesPrice), "envelope: price");
        _assertCaught(new SealedTrial(CrookedMechanism.Crook.UnderstatesTime), "envelope: not awarded in time");
        _assertCaught(new SealedTrial(CrookedMechanism.Crook.UnderstatesProof), "envelope: time to prove");
        _assertCaught(new SealedTrial(CrookedMechanism.Crook.OverstatesBond), "envelope: bond");
        _assertCaught(new SealedTrial(CrookedMechanism.Crook.OverstatesStandbys), "envelope: standbys");
        _assertCaught(new SealedTrial(CrookedMechanism.Crook.OverstatesCapabilities), "capabilities: instant");
    }

    function test_Params() public {
        _assertCaught(new SealedTrial(CrookedMechanism.Crook.PanicsAtParams), "check: a panic is no reason");
        _assertCaught(new SealedTrial(CrookedMechanism.Crook.TakesAnyParams), "check: took what the envelope does not");
    }

    function test_Reasons() public {
        _assertCaught(new SealedTrial(CrookedMechanism.Crook.PanicsAtOpening), "step: a panic is no reason");
        _assertCaught(new SealedTrial(CrookedMechanism.Crook.BurnsAtOpening), "step: no reason, or out of gas");
    }

    function test_Pure() public {
        _assertCaught(new SealedTrial(CrookedMechanism.Crook.ReadsClock), "step: one question, one answer");
        _assertCaught(new SealedTrial(CrookedMechanism.Crook.ReadsStorage), "step: it has a memory of its own");
    }

    function test_Justice() public {
        _assertCaught(
            new SealedTrial(CrookedMechanism.Crook.RobsLosers), "life: nobody failed, and somebody lost stake"
        );
        _assertCaught(new SealedTrial(CrookedMechanism.Crook.KeepsTickets), "end: a deposit stands");
        _assertCaught(new SealedTrial(CrookedMechanism.Crook.NeverCloses), "nobody bids: a tick ends it");
    }

    function test_OpenStages() public {
        _assertCaught(new RaceTrial(CrookedMechanism.Crook.PaysTooMuch), "envelope: price");
        _assertCaught(new RaceTrial(CrookedMechanism.Crook.PaysNobody), "life: who wins, or proves, is not paid");
        _assertCaught(new RaceTrial(CrookedMechanism.Crook.PaysAnother), "life: paid for nothing");
        _assertCaught(new RaceTrial(CrookedMechanism.Crook.KeepsTickets), "end: a deposit stands");
        _assertCaught(new RaceTrial(CrookedMechanism.Crook.NeverCloses), "envelope: not awarded at its end");
        _assertCaught(new RaceTrial(CrookedMechanism.Crook.RobsLosers), "life: nobody failed, and somebody lost stake");
    }

    function test_Instances() public {
        _assertCaught(new SeatTrial(CrookedMechanism.Crook.EvictsHolder), "open: the market refused a move");
        _assertCaught(new SeatTrial(CrookedMechanism.Crook.DocksHolder), "life: nobody failed, and somebody lost stake");
        _assertCaught(new SeatTrial(CrookedMechanism.Crook.KeepsSeats), "end: a deposit stands on the instance");
        _assertCaught(new BatchTrial(CrookedMechanism.Crook.NamesAnother), "tick: the market refused a move");
    }

    function _assertCaught(Conformance trial, string memory why) private {
        trial.setUp();
        (bool passed, bytes memory said) = address(trial).call(abi.encodeCall(Conformance.ruleAll, ()));
        assertFalse(passed, string.concat("not caught: ", why));
        // Foundry's assertions say what was wrong in an error of their own.
        assertTrue(vm.contains(string(said), why), string.concat("caught by another rule than: ", why));
    }

    function _assertPasses(Conformance trial) private {
        trial.setUp();
        trial.ruleAll();
    }
}
