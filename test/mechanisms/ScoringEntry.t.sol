// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    InsufficientBond,
    InvalidParam,
    TooLate,
    Unacceptable,
    Unexpected
} from "../../contracts/interfaces/IMechanism.sol";
import {ScoredOffer} from "../../contracts/libraries/Scores.sol";
import {ScorePayment} from "../../contracts/mechanisms/Scoring.sol";
import {
    Answer,
    Ask,
    CAP_OPEN_ENTRY,
    CAP_SEALED,
    CAP_SINGLE_RECIPIENT,
    CAP_TRUTHFUL,
    Cause,
    Envelope,
    ON_FAILED,
    Shape
} from "../../contracts/types/Ask.sol";
import {ScoringHarness} from "./ScoringHarness.sol";

/// Parameters, commitments, reveals and scores.
contract ScoringEntryTest is ScoringHarness {
    /* COMMITMENTS */

    function test_CommitHoldsTheDepositUnderTheCommitment() public {
        Answer memory answer = _apply(_committing(alice, _fast()));
        assertEq(tickets[alice].amount, DEPOSIT);
        assertEq(tickets[alice].tag, uint176(bytes22(_commitmentOf(alice, _fast()))));
        assertEq(answer.wake, REVEAL_END + 1);
        assertEq(words[0], 0, "a commitment writes no word");
        assertEq(
            _commitmentOf(alice, _fast()),
            keccak256(abi.encode(id, alice, 0.54 ether, 200, 10_000, _salt(alice))),
            "of words"
        );
    }

    function test_CommitAgainReplacesTheFirst() public {
        _commit(alice, _fast());
        _commit(alice, _cheap());
        assertEq(holds, 1);
        vm.warp(COMMIT_END + 1);
        uint176 first = uint176(bytes22(_commitmentOf(alice, _fast())));
        _assertRefuses(
            _revealing(alice, _fast()), abi.encodeWithSelector(Unacceptable.selector, first, tickets[alice].tag)
        );
        _reveal(alice, _cheap());
        assertEq(words[0], _head(alice, _points(_cheap())));
    }

    function test_RevertWhen_ACommitmentIsNotOne() public {
        Ask memory ask = _committing(alice, _fast());
        ask.price = 1;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 1, 0));
        ask.price = 0;
        ask.data = new bytes(31);
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 31, 32));
        ask = _committing(alice, _fast());
        ask.actor.free = DEPOSIT - 1;
        _assertRefuses(ask, abi.encodeWithSelector(InsufficientBond.selector, DEPOSIT - 1, DEPOSIT));
        for (uint160 i = 1; i <= 8; ++i) {
            _commit(address(i), _fast());
        }
        _assertRefuses(_committing(alice, _fast()), abi.encodeWithSelector(Unacceptable.selector, 8, 7));
        request.deadline = REVEAL_END + 1;
        _assertRefuses(
            _committing(alice, _fast()), abi.encodeWithSelector(TooLate.selector, REVEAL_END + 1, REVEAL_END)
        );
    }

    /* SCORES */

    /// Worth less price, by hand.
    function test_ScoreIsWhatItIsWorthLessItsPrice() public view {
        assertEq(_points(_cheap()), 0.5 ether + 0.03 ether + 0.04 ether - 0.4 ether);
        assertEq(_points(_fast()), 0.5 ether + 0.24 ether + 0.1 ether - 0.54 ether);
        assertEq(_points(_middling()), 0.5 ether + 0.15 ether + 0.05 ether - 0.455 ether);
    }

    function test_AnOfferThatAsksForMoreThanItIsWorthIsNotEligible() public view {
        assertTrue(_eligible(ScoredOffer(0.84 ether, 200, 10_000)));
        assertEq(_points(ScoredOffer(0.84 ether, 200, 10_000)), 0);
        assertFalse(_eligible(ScoredOffer(0.84 ether + 1, 200, 10_000)));
    }

    function test_AnOfferHasToPromiseAndRiskSomething() public view {
        assertFalse(_eligible(ScoredOffer(0, 0, 10_000)));
        assertTrue(_eligible(ScoredOffer(0, 1, 10_000)));
        assertTrue(_eligible(ScoredOffer(0, 1_000, 1_000)));
        assertFalse(_eligible(ScoredOffer(0, 1_001, 1_000)));
        assertFalse(_eligible(ScoredOffer(0, 1_000, 999)));
        assertFalse(_eligible(ScoredOffer(0, 1_000, 10_001)));
    }

    function test_LeastShareIsTheLeastThatIsEligible() public {
        // 0.24 ether for 800 seconds.
        assertEq(scoring.leastShare(params, request, 200), 2_400);
        assertTrue(_eligible(ScoredOffer(0, 200, 2_400)));
        assertFalse(_eligible(ScoredOffer(0, 200, 2_399)));
        assertEq(scoring.leastShare(params, request, 999), 1_000, "never below the least of all");
        request.bond = 0.2 ether;
        assertEq(scoring.leastShare(params, request, 200), 12_000, "all of the bond is too little");
        assertFalse(_eligible(ScoredOffer(0, 200, 10_000)));
        request.bond = 0;
        assertEq(scoring.leastShare(params, request, 200), type(uint256).max);
        assertTrue(_eligible(ScoredOffer(0, 1_000, 1_000)), "who saves no time needs none");
        // A stake token of which a unit is worth a quarter, at twice the slope.
        (p.weights.stakeWorth, p.weights.penaltyBps, request.bond) = (0.25e18, 20_000, 4 ether);
        assertEq(scoring.leastShare(abi.encode(p), request, 200), 4_800);
    }

    /// forge-config: default.fuzz.runs = 300
    function testFuzz_LeastShareIsTheLeastThatIsEligible(
        uint88 maxPrice,
        uint80 bond,
        uint32 window,
        uint32 promised,
        uint112 worth
    ) public {
        (request.maxPrice, request.bond) = (maxPrice, bond);
        request.window = uint32(bound(window, 1, type(uint32).max));
        promised = uint32(bound(promised, 1, request.window));
        p.weights.stakeWorth = uint112(bound(worth, 1, type(uint112).max));
        params = abi.encode(p);
        uint256 least = scoring.leastShare(params, request, promised);
        assertGe(least, 1_000);
        if (least > 10_000) {
            assertFalse(_eligible(ScoredOffer(0, promised, 10_000)));
            return;
        }
        assertTrue(_eligible(ScoredOffer(0, promised, uint16(least))));
        assertFalse(_eligible(ScoredOffer(0, promised, uint16(least - 1))));
    }

    /* REVEALS */

    function test_RevealsAreKeptInOrderOfScore() public {
        _three();
        assertEq(words[0], _head(bob, 0.3 ether));
        assertEq(words[1], _terms(_fast()));
        assertEq(words[2], _head(carol, 0.245 ether));
        assertEq(words[3], _terms(_middling()));
        assertEq(released.length, 1);
        assertEq(released[0], alice, "pushed out, and free at once");
        assertEq(wake, COMMIT_END + 1, "all have revealed");
    }

    function test_SecondScoreKeepsTheScoreOfOneMoreWithoutItsDeposit() public {
        _reopen(ScorePayment.SecondScore, 0);
        _three();
        assertEq(words[0], _head(bob, 0.3 ether));
        assertEq(words[2], _head(carol, 0.245 ether));
        assertEq(holds, 1);
        assertEq(released.length, 2);
    }

    function test_OfEqualScoresTheFirstRevealedIsBetter() public {
        vm.warp(COMMIT_END);
        _commit(alice, ScoredOffer(0.4 ether, 500, 5_000));
        _commit(bob, ScoredOffer(0.4 ether + 0.03 ether, 400, 5_000));
        vm.warp(COMMIT_END + 1);
        _reveal(bob, ScoredOffer(0.43 ether, 400, 5_000));
        _reveal(alice, ScoredOffer(0.4 ether, 500, 5_000));
        assertEq(words[0], _head(bob, 0.3 ether));
        assertEq(words[2], _head(alice, 0.3 ether));
    }

    function test_WhoIsNotEligibleIsReleasedAndNotRanked() public {
        ScoredOffer memory dear = ScoredOffer(0.9 ether, 500, 5_000);
        _commit(alice, dear);
        vm.warp(COMMIT_END + 1);
        _reveal(alice, dear);
        assertEq(words[0], 0);
        assertEq(released[0], alice);
        assertEq(holds, 0);
    }

    function test_RevertWhen_RevealedTwiceOrNotAtAll() public {
        _commit(alice, _fast());
        _commit(bob, _cheap());
        vm.warp(COMMIT_END + 1);
        _reveal(alice, _fast());
        _assertRefuses(_revealing(alice, _fast()), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
        Ask memory ask = _revealing(bob, _cheap());
        ask.data = new bytes(39);
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 39, 38));
        vm.warp(REVEAL_END + 1);
        _assertRefuses(_revealing(bob, _cheap()), abi.encodeWithSelector(TooLate.selector, REVEAL_END + 1, REVEAL_END));
    }

    /* PARAMETERS */

    function test_CheckRefusesSenselessParameters() public {
        p.commit = 0;
        _assertInvalid("commit", 0, 1, 30 days);
        (p.commit, p.reveal) = (1, 30 days + 1);
        _assertInvalid("reveal", 30 days + 1, 1, 30 days);
        (p.reveal, p.weights.bondBps) = (1, 2_001);
        _assertInvalid("baseBps + timeBps + bondBps", 10_001, 1, 10_000);
        (p.weights.baseBps, p.weights.timeBps, p.weights.bondBps) = (0, 0, 0);
        _assertInvalid("baseBps + timeBps + bondBps", 0, 1, 10_000);
        (p.weights.timeBps, p.weights.penaltyBps) = (10_000, 9_999);
        _assertInvalid("penaltyBps", 9_999, 10_000, 65_535);
        (p.weights.penaltyBps, p.weights.stakeWorth) = (10_000, 0);
        _assertInvalid("stakeWorth", 0, 1, type(uint112).max);
        (p.weights.stakeWorth, p.weights.leastBondBps) = (1, 0);
        _assertInvalid("leastBondBps", 0, 1, 10_000);
        (p.weights.leastBondBps, p.depositBps) = (1, 10_001);
        _assertInvalid("depositBps", 10_001, 0, 10_000);
        (p.depositBps, p.depositFloor) = (0, 0);
        _assertInvalid("depositFloor", 0, 1, type(uint80).max);
        (p.depositFloor, p.standbys) = (1, 4);
        _assertInvalid("standbys", 4, 0, 3);
        (p.payment, p.standbys) = (ScorePayment.SecondScore, 3);
        _assertInvalid("standbys", 3, 0, 2);
        (p.standbys, p.bidders) = (2, 2);
        _assertInvalid("bidders", 2, 3, 64);
        p.bidders = 65;
        _assertInvalid("bidders", 65, 3, 64);
        p.bidders = 64;
        mechanism.check(abi.encode(p));
    }

    function test_ShapeFollowsTheParameters() public {
        for (uint8 standbys; standbys <= 3; ++standbys) {
            (p.standbys, p.payment) = (standbys, ScorePayment.FirstScore);
            Shape memory first = mechanism.check(abi.encode(p));
            assertEq(first.words, 2 + 2 * standbys);
            assertEq(first.flags, standbys == 0 ? 0 : ON_FAILED);
            if (standbys == 3) break;
            p.payment = ScorePayment.SecondScore;
            assertEq(mechanism.check(abi.encode(p)).words, 3 + 2 * standbys);
        }
    }

    function test_EnvelopeIsTheWorstCase() public {
        Envelope memory e = mechanism.envelope(params, request);
        assertEq(e.price, 0.9 ether);
        assertEq(e.award, 901);
        assertEq(e.proof, request.window);
        assertEq(e.bond, 0.1 ether);
        assertEq(e.standbys, 1);
        assertEq(e.capabilities, CAP_SEALED | CAP_OPEN_ENTRY);
        (p.standbys, p.payment) = (0, ScorePayment.SecondScore);
        e = mechanism.envelope(abi.encode(p), request);
        assertEq(e.capabilities, CAP_SEALED | CAP_OPEN_ENTRY | CAP_SINGLE_RECIPIENT | CAP_TRUTHFUL);
    }

    function test_RevertWhen_AskedForWhatItDoesNotDo() public {
        Cause[2] memory causes = [Cause.Opened, Cause.Proof];
        for (uint256 i; i < causes.length; ++i) {
            _assertRefuses(_ask(causes[i], alice), abi.encodeWithSelector(Unexpected.selector, causes[i]));
        }
    }

    /// The gas it asks for is enough for the longest list, and not much more.
    function test_GasOfTheLongestAuction() public {
        _reopen(ScorePayment.FirstScore, 3);
        uint256 most;
        for (uint160 i = 1; i <= 9; ++i) {
            _commit(address(i), ScoredOffer(uint88(100 - i), 500, 5_000));
        }
        vm.warp(COMMIT_END + 1);
        for (uint160 i = 1; i <= 9; ++i) {
            Ask memory ask = _revealing(address(i), ScoredOffer(uint88(100 - i), 500, 5_000));
            uint256 used = _gasOf(ask);
            if (used > most) most = used;
            _apply(ask);
        }
        request.deadline = REVEAL_END + 10;
        vm.warp(REVEAL_END + 1);
        uint256 settling = _gasOf(_ticking(address(0)));
        if (settling > most) most = settling;
        uint256 granted = mechanism.check(params).gas;
        assertLt(most * 2, granted);
        assertGt(most * 6, granted);
        assertEq(mechanism.step(_ticking(address(0))).moves.length, 5, "all are let go, and it closes");
    }

    function _assertInvalid(string memory name, uint256 have, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidParam.selector, name, have, min, max));
        mechanism.check(abi.encode(p));
    }
}
