// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {StdInvariant} from "forge-std/StdInvariant.sol";

import {Rule} from "./Catalogue.sol";
import {Handler} from "./Handler.sol";
import {Invariants} from "./Invariants.sol";
import {Model} from "./Model.sol";

/// Histories of all families at once: random ones, and one of fixed seed in which everything happens.
contract InvariantsTest is StdInvariant, Invariants {
    function setUp() public {
        _handler = new Handler();
        _market = _handler.market();
        targetContract(address(_handler));
        targetSelector(FuzzSelector(address(_handler), _actions()));
    }

    /// What matters most stands more than once.
    function _actions() private view returns (bytes4[] memory s) {
        bytes4[30] memory once = [
            _handler.deposit.selector,
            _handler.withdraw.selector,
            _handler.donate.selector,
            _handler.declare.selector,
            _handler.stake.selector,
            _handler.unstake.selector,
            _handler.finishUnstake.selector,
            _handler.freeze.selector,
            _handler.cancel.selector,
            _handler.reclaim.selector,
            _handler.corrupt.selector,
            _handler.tickInstance.selector,
            _handler.leave.selector,
            _handler.fill.selector,
            _handler.instruct.selector,
            _handler.pass.selector,
            _handler.open.selector,
            _handler.openAndBid.selector,
            _handler.tick.selector,
            _handler.expire.selector,
            _handler.passTo.selector,
            _handler.sweep.selector,
            _handler.clear.selector,
            _handler.prove.selector,
            _handler.bid.selector,
            _handler.bidInstance.selector,
            _handler.gather.selector,
            _handler.attend.selector,
            _handler.hasten.selector,
            _handler.fulfill.selector
        ];
        s = new bytes4[](30 + 16 + 3 * 8);
        for (uint256 i; i < s.length; ++i) {
            s[i] = once[i < 30 ? i : i < 46 ? i - 16 : 22 + (i - 46) % 8];
        }
    }

    /// One history for all of them: forge would run the same one again for each function. Thirty take half a minute.
    /// forge-config: default.invariant.runs = 30
    function invariant_All() public {
        Model.Life[] memory lives = _handler.lives();
        invariant_I01_Solvency();
        invariant_I02_Conservation();
        invariant_I03_RequestsCloseExactly(lives);
        invariant_I04_PaidAtMostOnce(lives);
        invariant_I05_PriceInTheBox(lives);
        invariant_I06_Isolation();
        invariant_I07_NoUnauthorisedLoss();
        invariant_I10_PullOnly();
        invariant_I12_LegalTransitions(lives);
        invariant_I13_ExactlyOneDoor(lives);
        invariant_I15_IdsAreUnique(lives);
        invariant_I17_OnlyTheAwardedProverIsPaid();
        invariant_I19_MechanismsTouchNoMoney();
        invariant_I20_FaultsAreContained(lives);
        invariant_I25_LiabilityIsCovered(lives);
        invariant_I26_SlashedOnlyForAFault();
        invariant_I27_HalfIsBurned();
        invariant_I28_FailingDoesNotPay();
        invariant_I38_GuardAtRest(lives);
    }

    function afterInvariant() public {
        invariant_I35_EveryoneCanLeave();
    }

    // The campaign is worth its name: in one history of fixed seed, everything happens, every family trades, and all of it holds.
    function test_CampaignMeetsEverything() public {
        bytes4[] memory actions = _actions();
        for (uint256 i; i < 3_000; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("campaign", i)));
            bytes memory words = abi.encode(seed >> 8, seed >> 16, seed >> 24, seed >> 32, seed >> 40, seed >> 48);
            (bool ok,) = address(_handler).call(abi.encodePacked(actions[seed % actions.length], words));
            assertTrue(ok);
            if (i % 20 == 0) _liveUnder(i / 20, seed);
            // All of it together is more than a test may use.
            vm.resetGasMetering();
        }
        invariant_All();
        Model.Tally memory t = _handler.tally();
        uint256[17] memory counts = [
            t.opened,
            t.awarded,
            t.fulfilled,
            t.slashed,
            t.excused,
            t.held,
            t.released,
            t.forfeited,
            t.climbed,
            t.closed,
            t.cancelled,
            t.tipped,
            t.proven,
            t.rewarded,
            t.enlisted,
            t.docked,
            t.left
        ];
        for (uint256 i; i < counts.length; ++i) {
            assertGe(counts[i], 2);
        }
        _assertAllTrade();
        afterInvariant();
    }

    /// Under one instance after the other all provers come at once, and bring a request as far as they can.
    function _liveUnder(uint256 which, uint256 seed) private {
        uint256 count = _handler.instances().length;
        _handler.gather(seed, seed / count * count + which % count, seed >> 8, seed << 16 | 0x707);
    }

    /// Each family has awarded requests, or paid for proofs, and had some of them fulfilled.
    function _assertAllTrade() private view {
        for (uint256 i; i < uint256(Rule.Evil); ++i) {
            Model.Trade memory trade = _handler.tradeOf(Rule(i));
            bool stage = Rule(i) == Rule.Race || Rule(i) == Rule.Committee;
            assertGe(stage ? trade.rewarded : trade.awarded, 3, vm.toString(i));
            assertGe(trade.fulfilled, 2, vm.toString(i));
        }
    }
}
