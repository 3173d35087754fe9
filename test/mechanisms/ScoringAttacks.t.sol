// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Unacceptable} from "../../contracts/interfaces/IMechanism.sol";
import {ScoredOffer} from "../../contracts/libraries/Scores.sol";
import {ScorePayment} from "../../contracts/mechanisms/Scoring.sol";
import {Ask} from "../../contracts/types/Ask.sol";
import {Status, bondAt} from "../../contracts/types/State.sol";
import {ScoringHarness} from "./ScoringHarness.sol";

/// The rows of SECURITY.md 2.3 that a scoring auction can show alone.
contract ScoringAttacksTest is ScoringHarness {
    /// Over-promising: for every time that a prover can keep and every one that it might promise instead, at slopes from 1 up, with
    /// stakes of several worths, what it puts at risk is no less than what the promise adds to its score.
    function test_APromiseThatIsNotKeptCostsAtLeastWhatItGained() public {
        uint16[3] memory slopes = [uint16(10_000), 15_000, 40_000];
        uint112[3] memory worths = [uint112(1e18), 0.37e18, 5e18];
        for (uint256 s; s < 9; ++s) {
            (p.weights.penaltyBps, p.weights.stakeWorth) = (slopes[s % 3], worths[s / 3]);
            params = abi.encode(p);
            request.bond = uint80(4 ether);
            for (uint32 kept = 50; kept <= 1_000; kept += 50) {
                for (uint32 promised = 1; promised < kept; promised += 49) {
                    _assertDear(kept, promised);
                }
            }
        }
    }

    function _assertDear(uint32 kept, uint32 promised) private view {
        uint256 share = scoring.leastShare(params, request, promised);
        if (share > 10_000) return;
        uint256 stake = bondAt(request.bond, share);
        uint256 lost = stake * p.weights.stakeWorth / 1e18;
        // At the same price and share.
        uint256 gained = _points(ScoredOffer(0, promised, uint16(share))) - _points(ScoredOffer(0, kept, uint16(share)));
        assertGe(lost * 10_000, gained * p.weights.penaltyBps, "slope");
    }

    /// The slope itself: a second more that is promised away is at least what it is worth more at stake.
    function test_TheStakeAtRiskGrowsNoSlowerThanTheScore() public {
        p.weights.leastBondBps = 1;
        params = abi.encode(p);
        request.bond = 0.3 ether;
        for (uint32 promised = 20; promised < 1_000; promised += 10) {
            uint256 more = scoring.leastShare(params, request, promised - 10);
            uint256 less = scoring.leastShare(params, request, promised);
            uint256 gained = _points(ScoredOffer(0, promised - 10, 10_000)) - _points(ScoredOffer(0, promised, 10_000));
            assertGe(request.bond * (more - less) / 10_000, gained);
        }
    }

    /// Over-promise, then be late, played: whatever a slow prover promises to beat a faster one, it ends with nothing but its
    /// loss, and the honest one is awarded in the same call. Had it said the truth, it would have lost nothing.
    function test_WhoOverpromisesToWinLosesAndTheHonestOneServes() public {
        ScoredOffer memory honest = ScoredOffer(0.4 ether, 500, 5_000);
        for (uint32 promised = 100; promised < 900; promised += 100) {
            ScoredOffer memory lie = ScoredOffer(0.35 ether, promised, 3_000);
            delete released;
            _clear();
            _reopen(ScorePayment.FirstScore, 1);
            _commit(alice, lie);
            _commit(bob, honest);
            vm.warp(COMMIT_END + 1);
            _reveal(alice, lie);
            _reveal(bob, honest);
            _settle();
            if (winner == bob) continue;
            assertEq(winner, alice);
            // She needs 900 seconds.
            assertLt(due, block.timestamp + 900);
            uint256 lost = bondAt(request.bond, bps);
            uint256 gained = _points(lie) - _points(ScoredOffer(lie.price, 900, lie.share));
            assertGe(lost, gained);
            vm.warp(due + 1);
            _failed();
            assertEq(winner, bob);
            assertEq(due, block.timestamp + 500);
        }
    }

    /// A promise that the bond cannot pay for is worth nothing: not even for free does it win.
    function test_APromiseWithoutABondBehindItDoesNotCount() public {
        request.bond = 0.1 ether;
        ScoredOffer memory lie = ScoredOffer(0, 1, 10_000);
        ScoredOffer memory honest = ScoredOffer(0.5 ether, 1_000, 1_000);
        _commit(alice, lie);
        _commit(bob, honest);
        vm.warp(COMMIT_END + 1);
        _reveal(alice, lie);
        _reveal(bob, honest);
        _settle();
        assertEq(winner, bob);
        assertEq(released[0], alice);
    }

    /// M1: who bids nothing wins and gets nothing, and cannot keep an honest bidder from serving once it fails.
    function test_AZeroBidOnlyDelaysByItsOwnPromise() public {
        ScoredOffer memory nothing = ScoredOffer(0, 1, 10_000);
        _commit(alice, nothing);
        _commit(bob, _fast());
        vm.warp(COMMIT_END + 1);
        _reveal(alice, nothing);
        _reveal(bob, _fast());
        _settle();
        assertEq(paid, 0);
        assertEq(due, block.timestamp + 1, "one second, at the price of the whole bond");
        _failed();
        assertEq(winner, bob);
        assertEq(paid, 0.54 ether);
    }

    /// M2: bidding again and again takes no more room than bidding once.
    function test_BidderThatChurnsStaysOneBidder() public {
        for (uint88 i; i < 50; ++i) {
            _commit(alice, ScoredOffer(i, 500, 5_000));
        }
        assertEq(holds, 1);
        assertEq(tickets[alice].amount, DEPOSIT);
    }

    /// M7: a copied commitment cannot be opened by its copier, not even with all that the author reveals.
    function test_RevertWhen_ACopiedCommitmentIsOpened() public {
        bytes32 commitment = _commitmentOf(alice, _fast());
        _bid(alice, 0, bytes.concat(commitment));
        _bid(bob, 0, bytes.concat(commitment));
        vm.warp(COMMIT_END + 1);
        _reveal(alice, _fast());
        Ask memory ask = _revealing(alice, _fast());
        Ask memory copy = _bidding(bob, ask.price, ask.data);
        ScoredOffer memory o = _fast();
        bytes32 other = scoring.commitment(id, bob, o.price, o.promised, o.share, _salt(alice));
        _assertRefuses(
            copy, abi.encodeWithSelector(Unacceptable.selector, uint176(bytes22(other)), uint176(bytes22(commitment)))
        );
        vm.warp(REVEAL_END + 1);
        _tickAbout(bob);
        assertEq(winner, alice);
        assertEq(forfeited[0], bob);
    }

    /// P11 for bids: every field that a commitment has to bind is bound.
    function testFuzz_RevertWhen_AnythingRevealedIsNotWhatWasCommittedTo(uint256 bit) public {
        _commit(alice, _fast());
        vm.warp(COMMIT_END + 1);
        Ask memory ask = _revealing(alice, _fast());
        ask.price ^= uint88(1 << (bit % 88));
        _assertClosed(ask);
        ask = _revealing(alice, _fast());
        ask.data[bit / 8 % 38] ^= bytes1(uint8(1 << (bit % 8)));
        _assertClosed(ask);
        ask = _revealing(alice, _fast());
        ask.id ^= bytes32(1 << (bit % 256));
        _assertClosed(ask);
        mechanism.step(_revealing(alice, _fast()));
    }

    /// Terms of a bid are no address: a silent bidder whose address they spell still pays.
    function test_TermsThatSpellAnAddressDoNotRevealForIt() public {
        ScoredOffer memory o = _fast();
        address silent = address(uint160(uint256(_terms(o))));
        _commit(silent, _cheap());
        _commit(alice, o);
        vm.warp(COMMIT_END + 1);
        _reveal(alice, o);
        vm.warp(REVEAL_END + 1);
        _tickAbout(silent);
        assertEq(forfeited[0], silent);
        assertEq(winner, alice);
    }

    /// Two bids of one owner under second score: to let the better one fail pays the other what it would have got alone, and
    /// costs a bond.
    function test_FailingForASecondIdentityGainsNothing() public {
        ScoredOffer memory rival = _cheap();
        _reopen(ScorePayment.SecondScore, 2);
        _commit(alice, _fast());
        _commit(bob, _middling());
        _commit(carol, rival);
        vm.warp(COMMIT_END + 1);
        _reveal(alice, _fast());
        _reveal(bob, _middling());
        _reveal(carol, rival);
        _settle();
        assertEq(winner, alice);
        _failed();
        assertEq(winner, bob);
        uint88 both = paid;
        _clear();
        _reopen(ScorePayment.SecondScore, 2);
        _commit(bob, _middling());
        _commit(carol, rival);
        vm.warp(COMMIT_END + 1);
        _reveal(bob, _middling());
        _reveal(carol, rival);
        _settle();
        assertEq(winner, bob);
        assertEq(paid, both);
    }

    function _assertClosed(Ask memory ask) private {
        vm.expectPartialRevert(Unacceptable.selector);
        mechanism.step(ask);
    }

    function _clear() private {
        (tickets[alice].amount, tickets[bob].amount, tickets[carol].amount) = (0, 0, 0);
        (holds, winner, status) = (0, address(0), Status.Open);
    }
}
