// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {English, EnglishParams} from "../../contracts/mechanisms/English.sol";
import {PostedParams} from "../../contracts/mechanisms/PostedPrice.sol";
import {Payment, SealedParams} from "../../contracts/mechanisms/SealedBid.sol";
import {Request} from "../../contracts/types/Request.sol";
import {CrookedMechanism} from "../doubles/CrookedMechanism.sol";
import {Conformance, ConformanceTest} from "./Conformance.sol";

contract PostedPriceConformance is ConformanceTest {
    function subject() internal view override returns (IMechanism, bytes memory) {
        return (posted, abi.encode(PostedParams({base: PRICE / 2, rate: 1 gwei, patience: 100})));
    }

    /// The first takes it.
    function plays(Request memory, address, uint256 rank) internal pure override returns (Play[] memory all) {
        all = new Play[](1);
        all[0].wait = 10 + uint40(rank);
    }
}

contract DutchConformance is ConformanceTest {
    function subject() internal view override returns (IMechanism, bytes memory) {
        return (dutch, abi.encode(dutchParams()));
    }

    /// Who waits longer asks for more; the last comes when there is nothing more to wait for.
    function plays(Request memory r, address, uint256 rank) internal pure override returns (Play[] memory all) {
        all = new Play[](1);
        all[0].wait = 40 * (uint40(rank) + 1);
        all[0].price = uint88(r.maxPrice * (rank + 1) / 10);
    }
}

/// Commit, then reveal.
abstract contract SealedPlays is Conformance {
    bytes32 private constant SALT = keccak256("salt");

    function sealedTerms(Payment payment, uint8 standbys) internal pure returns (bytes memory) {
        SealedParams memory p = sealedParams();
        (p.payment, p.standbys) = (payment, standbys);
        return abi.encode(p);
    }

    function plays(Request memory r, address prover, uint256 rank) internal view override returns (Play[] memory all) {
        all = new Play[](2);
        uint88 price = uint88(r.maxPrice * (rank + 1) / 10);
        all[0] = Play(60, 0, abi.encode(sealedBid.commitment(market.idOf(r), prover, price, SALT)));
        all[1] = Play(120, price, abi.encode(SALT));
    }
}

contract FirstPriceConformance is SealedPlays, ConformanceTest {
    function subject() internal view override returns (IMechanism, bytes memory) {
        return (sealedBid, sealedTerms(Payment.FirstPrice, 0));
    }
}

contract VickreyConformance is SealedPlays, ConformanceTest {
    function subject() internal view override returns (IMechanism, bytes memory) {
        return (sealedBid, sealedTerms(Payment.SecondPrice, 2));
    }
}

contract EnglishConformance is ConformanceTest {
    function subject() internal override returns (IMechanism, bytes memory) {
        EnglishParams memory p = EnglishParams({
            duration: 100,
            closing: 10,
            extension: 20,
            overtime: 60,
            patience: 100,
            decrementBps: 1_000,
            startBps: 10_000,
            depositBps: 10_000,
            depositFloor: 1,
            standbys: 1
        });
        return (new English(), abi.encode(p));
    }

    /// Each goes below those before it.
    function plays(Request memory r, address, uint256 rank) internal pure override returns (Play[] memory all) {
        all = new Play[](1);
        all[0].wait = 10 * uint40(CROWD - rank);
        all[0].price = uint88(r.maxPrice * (rank + 1) / 10);
    }
}

/// A mechanism that is not as it should be, under the rules.
contract Trial is SealedPlays {
    CrookedMechanism.Crook private immutable CROOK;

    constructor(CrookedMechanism.Crook crook) {
        CROOK = crook;
    }

    function subject() internal override returns (IMechanism, bytes memory) {
        return (new CrookedMechanism(sealedBid, CROOK), sealedTerms(Payment.FirstPrice, 2));
    }

    function all() external {
        ruleName();
        for (uint256 bidders = 1; bidders <= 5; ++bidders) {
            ruleLife(bidders);
        }
        ruleNobodyBids();
        ruleSilence(5, 10);
        ruleFailure();
        ruleGarbage();
        rulePure();
        ruleReasons();
        ruleCapabilities();
    }
}

/// The rules can be broken, and each crook is caught by the rule it breaks.
contract TrialTest is Test {
    function test_Honest() public {
        _trial(CrookedMechanism.Crook.Honest).all();
    }

    function test_Envelope() public {
        _assertCaught(CrookedMechanism.Crook.UnderstatesPrice, "envelope: price");
        _assertCaught(CrookedMechanism.Crook.UnderstatesTime, "envelope: not awarded in time");
        _assertCaught(CrookedMechanism.Crook.UnderstatesProof, "envelope: time to prove");
        _assertCaught(CrookedMechanism.Crook.OverstatesBond, "envelope: bond");
        _assertCaught(CrookedMechanism.Crook.OverstatesStandbys, "envelope: standbys");
        _assertCaught(CrookedMechanism.Crook.OverstatesCapabilities, "capabilities: instant");
    }

    function test_Params() public {
        _assertCaught(CrookedMechanism.Crook.PanicsAtParams, "check: a panic is no reason");
        _assertCaught(CrookedMechanism.Crook.TakesAnyParams, "check: took what the envelope does not");
    }

    function test_Reasons() public {
        _assertCaught(CrookedMechanism.Crook.PanicsAtOpening, "step: a panic is no reason");
        _assertCaught(CrookedMechanism.Crook.BurnsAtOpening, "step: no reason, or out of gas");
    }

    function test_Pure() public {
        _assertCaught(CrookedMechanism.Crook.ReadsClock, "step: one question, one answer");
        _assertCaught(CrookedMechanism.Crook.ReadsStorage, "step: it has a memory of its own");
    }

    function test_Justice() public {
        _assertCaught(CrookedMechanism.Crook.RobsLosers, "life: nobody failed, and somebody lost stake");
        _assertCaught(CrookedMechanism.Crook.KeepsTickets, "end: a deposit stands");
        _assertCaught(CrookedMechanism.Crook.NeverCloses, "nobody bids: a tick ends it");
    }

    function _assertCaught(CrookedMechanism.Crook crook, string memory why) private {
        Trial trial = _trial(crook);
        (bool passed, bytes memory said) = address(trial).call(abi.encodeCall(Trial.all, ()));
        assertFalse(passed, string.concat("not caught: ", why));
        // Foundry's assertions say what was wrong in an error of their own.
        assertTrue(vm.contains(string(said), why), string.concat("caught by another rule than: ", why));
    }

    function _trial(CrookedMechanism.Crook crook) private returns (Trial trial) {
        trial = new Trial(crook);
        trial.setUp();
    }
}
