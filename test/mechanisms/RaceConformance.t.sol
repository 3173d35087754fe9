// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Race, RaceParams} from "../../contracts/mechanisms/Race.sol";
import {Envelope} from "../../contracts/types/Ask.sol";
import {Bid} from "../../contracts/types/Bid.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";
import {Conformance} from "./Conformance.sol";

/// The rules for mechanisms, as far as they do not speak of awards; those that do, in the words of an open stage.
abstract contract RaceConformance is Conformance {
    Race internal race = new Race();
    bytes[] private _questions;

    function raceParams() internal pure virtual returns (RaceParams memory);

    function subject() internal view override returns (IMechanism, bytes memory) {
        return (race, abi.encode(raceParams()));
    }

    /// The entry, or the commitment; none where none is needed.
    function plays(Request memory r, address prover, uint256 rank) internal view override returns (Play[] memory all) {
        RaceParams memory p = raceParams();
        all = new Play[](p.deposit == 0 ? 0 : 1);
        if (all.length == 0) return all;
        all[0].wait = 10 * (uint40(rank) + 1);
        bytes memory own = _proofOf(r, prover);
        if (p.commitBlocks != 0) all[0].data = abi.encode(race.commitment(market.idOf(r), prover, keccak256(own)));
    }

    function test_Name() public view {
        ruleName();
    }

    function test_Garbage() public {
        ruleGarbage();
    }

    function testFuzz_Params(bytes calldata some) public {
        ruleParams(some);
    }

    /// Of good parameters, one word is another.
    function testFuzz_Params_OneWord(uint256 at, uint256 word) public {
        bytes memory some = params;
        at = 0x20 + at % (some.length / 32) * 32;
        assembly ("memory-safe") {
            mstore(add(some, at), word)
        }
        ruleParams(some);
    }

    function testFuzz_Envelope(Request memory r) public view {
        ruleEnvelope(r);
    }

    function test_NobodyComes() public {
        ruleNobodyBids();
    }

    /// However many come, and whoever of them proves: the race ends with nothing held, provers lose nothing as long as somebody
    /// proved, nobody who did not prove is paid, and the requester pays no more than the envelope says.
    function test_EverySubsetProves() public {
        for (uint256 come = 1; come <= CROWD; ++come) {
            for (uint256 proving; proving < 1 << come; ++proving) {
                _race(come, proving);
            }
        }
    }

    /// One answer to one question, without a memory, within its gas, and with a reason if it is no.
    function test_PureAndWithReasons() public {
        vm.startStateDiffRecording();
        _race(CROWD, 5);
        _race(CROWD, 31);
        _race(CROWD, 0);
        Vm.AccountAccess[] memory accesses = vm.stopAndReturnStateDiff();
        for (uint256 i; i < accesses.length; ++i) {
            if (accesses[i].account != address(mechanism)) continue;
            assertEq(accesses[i].storageAccesses.length, 0, "step: it has a memory of its own");
            bytes memory asked = accesses[i].data;
            if (asked.length > 4 && bytes4(asked) == IMechanism.step.selector) _questions.push(asked);
        }
        assertGt(_questions.length, 5, "the market has asked");
        for (uint256 i; i < _questions.length; ++i) {
            this.ruleReason(_questions[i]);
        }
    }

    function _race(uint256 come, uint256 proving) private {
        Request memory r = _enter(instance);
        Envelope memory e = mechanism.envelope(params, r);
        Purse memory before = _purse(requester);
        Purse[] memory purses = _purses();
        _play(r, come, 0);
        vm.roll(block.number + 1 + raceParams().commitBlocks);
        for (uint256 i; i < come; ++i) {
            if (proving >> i & 1 == 0 || statusOf(r) != Status.Open) continue;
            bytes memory own = _proofOf(r, provers[i]);
            market.prove(r, provers[i], own, abi.encode(keccak256(own)));
        }
        if (statusOf(r) == Status.Open) _tickAt(r, _openedAt(r) + e.award + e.proof + 1);
        _tickAbout(r);
        assertEq(uint8(statusOf(r)), uint8(proving == 0 ? Status.Closed : Status.Fulfilled), "race: not over");
        uint256 paid;
        for (uint256 i; i < CROWD; ++i) {
            Purse memory purse = _purse(provers[i]);
            assertEq(market.ledgerOf(provers[i]).locked, 0, "race: stake is locked");
            if (proving != 0) assertEq(purse.stake, purses[i].stake, "race: somebody lost stake");
            uint256 earned = purse.balance - purses[i].balance;
            if (proving >> i & 1 == 0) assertEq(earned, 0, "race: paid for nothing");
            paid += earned;
        }
        assertLe(paid, e.price, "envelope: price");
        assertGe(_purse(requester).balance + paid, before.balance + r.maxPrice, "race: the requester pays the shares");
    }

    function _proofOf(Request memory r, address prover) private pure returns (bytes memory) {
        return abi.encode(r.statement, prover);
    }
}

/// Proofs that bind their author, by arrival.
contract RaceByArrivalConformance is RaceConformance {
    function raceParams() internal pure override returns (RaceParams memory) {
        return RaceParams({
            patience: 100, window: 60, commitBlocks: 0, bountyBps: 9_000, decayBps: 5_000, winners: 3, deposit: 0
        });
    }
}

/// With an entry, for one winner.
contract RaceByEntryConformance is RaceConformance {
    function raceParams() internal pure override returns (RaceParams memory) {
        return RaceParams({
            patience: 100, window: 0, commitBlocks: 0, bountyBps: 10_000, decayBps: 0, winners: 1, deposit: 0.001 ether
        });
    }
}

/// Committed to before.
contract RaceByCommitmentConformance is RaceConformance {
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
