// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    InsufficientBond,
    InvalidParam,
    TooLate,
    Unacceptable,
    Unexpected
} from "../../contracts/interfaces/IMechanism.sol";
import {Payment} from "../../contracts/mechanisms/SealedBid.sol";
import {
    Answer,
    Ask,
    CAP_INSTANT,
    CAP_OPEN_ENTRY,
    CAP_SEALED,
    CAP_SINGLE_RECIPIENT,
    CAP_TRUTHFUL,
    Cause,
    Envelope,
    MoveKind,
    ON_FAILED,
    Shape
} from "../../contracts/types/Ask.sol";
import {SealedHarness} from "./SealedHarness.sol";

/// Parameters, commitments and reveals.
contract SealedEntryTest is SealedHarness {
    /* COMMITMENTS */

    function test_CommitHoldsTheDepositUnderTheCommitment() public {
        Answer memory answer = _bid(alice, 0, bytes.concat(_commitmentOf(alice, 0.5 ether)));
        assertEq(tickets[alice].amount, DEPOSIT);
        assertEq(tickets[alice].tag, uint176(bytes22(_commitmentOf(alice, 0.5 ether))));
        assertEq(answer.moves.length, 1);
        assertEq(answer.wake, REVEAL_END + 1);
        assertEq(words[0], 0, "a commitment writes no word");
    }

    function test_CommitAgainReplacesTheFirst() public {
        _commit(alice, 0.5 ether);
        _commit(alice, 0.4 ether);
        assertEq(holds, 1);
        vm.warp(COMMIT_END + 1);
        uint176 first = uint176(bytes22(_commitmentOf(alice, 0.5 ether)));
        _assertRefuses(
            _revealing(alice, 0.5 ether), abi.encodeWithSelector(Unacceptable.selector, first, tickets[alice].tag)
        );
        _reveal(alice, 0.4 ether);
        assertEq(words[0], _word(alice, 0.4 ether));
    }

    function test_DepositIsAShareOfTheBondRoundedUpButNotBelowItsFloor() public {
        request.bond = 10_001;
        _commit(alice, 1);
        assertEq(tickets[alice].amount, 1_001);
        request.bond = 0;
        _commit(bob, 1);
        assertEq(tickets[bob].amount, 1_000);
    }

    function test_RevertWhen_TheStakeDoesNotCoverTheDeposit() public {
        Ask memory ask = _committing(alice);
        ask.actor.free = DEPOSIT - 1;
        _assertRefuses(ask, abi.encodeWithSelector(InsufficientBond.selector, DEPOSIT - 1, DEPOSIT));
        ask.actor.free = DEPOSIT;
        _apply(ask);
        ask = _committing(alice);
        ask.actor.free = 0;
        _apply(ask);
        assertEq(holds, 1, "what the first commitment holds covers the second");
    }

    function test_RevertWhen_ACommitmentNamesAPrice() public {
        Ask memory ask = _committing(alice);
        ask.price = 1;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 1, 0));
    }

    function test_RevertWhen_ACommitmentIsNot32Bytes() public {
        Ask memory ask = _committing(alice);
        ask.data = new bytes(31);
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 31, 32));
        ask.data = new bytes(33);
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 33, 32));
    }

    function test_RevertWhen_TheAuctionIsFull() public {
        for (uint160 i = 1; i <= 8; ++i) {
            _commit(address(i), 1);
        }
        _assertRefuses(_committing(alice), abi.encodeWithSelector(Unacceptable.selector, 8, 7));
        _commit(address(8), 2);
        assertEq(holds, 8, "those inside may still change their mind");
    }

    function test_RevertWhen_TheAuctionEndsTooLateForTheDeadline() public {
        request.deadline = REVEAL_END + 1;
        _assertRefuses(_committing(alice), abi.encodeWithSelector(TooLate.selector, REVEAL_END + 1, REVEAL_END));
        request.deadline = REVEAL_END + 2;
        _commit(alice, 1);
        vm.warp(COMMIT_END + 1);
        _reveal(alice, 1);
        vm.warp(REVEAL_END + 1);
        _tick();
        assertEq(winner, alice, "a second is left to award it");
    }

    /* REVEALS */

    function test_RevealsAreKeptInOrderOfPrice() public {
        _commitThree(0.5 ether, 0.3 ether, 0.4 ether);
        _reveal(alice, 0.5 ether);
        assertEq(words[0], _word(alice, 0.5 ether));
        _reveal(bob, 0.3 ether);
        assertEq(words[0], _word(bob, 0.3 ether));
        assertEq(words[1], _word(alice, 0.5 ether));
        assertEq(released.length, 0);
        _reveal(carol, 0.4 ether);
        assertEq(words[0], _word(bob, 0.3 ether));
        assertEq(words[1], _word(carol, 0.4 ether));
        assertEq(released.length, 1);
        assertEq(released[0], alice, "pushed out, and free at once");
    }

    function test_WhoCannotWinIsReleasedAtOnce() public {
        _commitThree(0.3 ether, 0.4 ether, 0.5 ether);
        _reveal(alice, 0.3 ether);
        _reveal(bob, 0.4 ether);
        _reveal(carol, 0.5 ether);
        assertEq(released.length, 1);
        assertEq(released[0], carol);
    }

    function test_VickreyKeepsThePriceOfOneMoreWithoutItsDeposit() public {
        _reopen(Payment.SecondPrice, 0);
        _commitThree(0.5 ether, 0.3 ether, 0.4 ether);
        _reveal(alice, 0.5 ether);
        _reveal(bob, 0.3 ether);
        assertEq(words[1], _word(alice, 0.5 ether));
        assertEq(released[0], alice);
        _reveal(carol, 0.4 ether);
        assertEq(words[1], _word(carol, 0.4 ether));
        assertEq(released[1], carol);
        assertEq(holds, 1);
    }

    function test_OfEqualPricesTheFirstRevealedIsBetter() public {
        _commitThree(0.3 ether, 0.3 ether, 0.3 ether);
        _reveal(carol, 0.3 ether);
        _reveal(alice, 0.3 ether);
        _reveal(bob, 0.3 ether);
        assertEq(words[0], _word(carol, 0.3 ether));
        assertEq(words[1], _word(alice, 0.3 ether));
        assertEq(released[0], bob);
    }

    function test_AboveTheReserveIsReleasedAndNotRanked() public {
        _commitThree(RESERVE, RESERVE + 1, 0);
        _reveal(bob, RESERVE + 1);
        assertEq(words[0], 0);
        assertEq(released[0], bob);
        _reveal(alice, RESERVE);
        assertEq(words[0], _word(alice, RESERVE));
    }

    function test_WakesAtOnceWhenAllHaveRevealed() public {
        _commitThree(3, 1, 2);
        _reveal(alice, 3);
        assertEq(wake, REVEAL_END + 1);
        _reveal(bob, 1);
        assertEq(wake, REVEAL_END + 1);
        _reveal(carol, 2);
        assertEq(wake, COMMIT_END + 1);
    }

    function test_RevertWhen_RevealedTwice() public {
        _commitThree(1, 2, 3);
        _reveal(alice, 1);
        _assertRefuses(_revealing(alice, 1), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
        _reveal(bob, 2);
        _reveal(carol, 3);
        uint176 tag = uint176(bytes22(_commitmentOf(carol, 3)));
        _assertRefuses(_revealing(carol, 3), abi.encodeWithSelector(Unacceptable.selector, tag, 0));
    }

    /// M9: commitments up to `commit` inclusive, reveals after it up to `reveal` inclusive.
    function test_BoundariesOfTheWindows() public {
        vm.warp(START);
        _commit(alice, 1);
        _commit(bob, 2);
        vm.warp(COMMIT_END);
        _assertRefuses(_revealing(alice, 1), abi.encodeWithSelector(Unacceptable.selector, 1, 0));
        _commit(alice, 1);
        vm.warp(COMMIT_END + 1);
        uint176 tag = uint176(bytes22(sealedBid.commitment(id, carol, 0, _commitmentOf(carol, 1))));
        _assertRefuses(_committing(carol), abi.encodeWithSelector(Unacceptable.selector, tag, 0));
        _reveal(alice, 1);
        vm.warp(REVEAL_END);
        mechanism.step(_revealing(bob, 2));
        vm.warp(REVEAL_END + 1);
        _assertRefuses(_revealing(bob, 2), abi.encodeWithSelector(TooLate.selector, REVEAL_END + 1, REVEAL_END));
    }

    /* PARAMETERS */

    function test_CheckRefusesSenselessParameters() public {
        _assertInvalid(0, 1, "commit", 0, 1, 30 days);
        _assertInvalid(30 days + 1, 1, "commit", 30 days + 1, 1, 30 days);
        _assertInvalid(1, 0, "reveal", 0, 1, 30 days);
        p.reserveBps = 0;
        _assertInvalid(1, 1, "reserveBps", 0, 1, 10_000);
        p.reserveBps = 10_001;
        _assertInvalid(1, 1, "reserveBps", 10_001, 1, 10_000);
        p.reserveBps = 1;
        p.depositBps = 10_001;
        _assertInvalid(1, 1, "depositBps", 10_001, 0, 10_000);
        p.depositBps = 0;
        p.depositFloor = 0;
        _assertInvalid(1, 1, "depositFloor", 0, 1, type(uint80).max);
        p.depositFloor = 1;
        p.standbys = 7;
        _assertInvalid(1, 1, "standbys", 7, 0, 6);
        p.standbys = 6;
        p.bidders = 6;
        _assertInvalid(1, 1, "bidders", 6, 7, 64);
        p.bidders = 65;
        _assertInvalid(1, 1, "bidders", 65, 7, 64);
    }

    function test_ShapeFollowsTheParameters() public {
        for (uint8 standbys; standbys <= 6; ++standbys) {
            p.standbys = standbys;
            p.payment = Payment.FirstPrice;
            Shape memory first = mechanism.check(abi.encode(p));
            assertEq(first.words, 1 + standbys);
            assertEq(first.flags, standbys == 0 ? 0 : ON_FAILED);
            p.payment = Payment.SecondPrice;
            assertEq(mechanism.check(abi.encode(p)).words, 2 + standbys);
        }
    }

    function test_EnvelopeIsTheWorstCase() public {
        Envelope memory envelope = mechanism.envelope(params, request);
        assertEq(envelope.price, RESERVE);
        assertEq(envelope.award, 901);
        assertEq(envelope.proof, request.window);
        assertEq(envelope.bond, request.bond);
        assertEq(envelope.standbys, 1);
        assertEq(envelope.capabilities, CAP_SEALED | CAP_OPEN_ENTRY);
        (p.standbys, p.payment) = (0, Payment.SecondPrice);
        envelope = mechanism.envelope(abi.encode(p), request);
        assertEq(envelope.capabilities, CAP_SEALED | CAP_OPEN_ENTRY | CAP_SINGLE_RECIPIENT | CAP_TRUTHFUL);
        assertEq(envelope.capabilities & CAP_INSTANT, 0);
    }

    function test_RevertWhen_AskedForWhatItDoesNotDo() public {
        Cause[2] memory causes = [Cause.Opened, Cause.Proof];
        for (uint256 i; i < causes.length; ++i) {
            _assertRefuses(_ask(causes[i], alice), abi.encodeWithSelector(Unexpected.selector, causes[i]));
        }
    }

    /// The gas it asks for is enough for the longest list, and not much more.
    function test_GasOfTheLongestAuction() public {
        _reopen(Payment.SecondPrice, 6);
        uint256 most;
        for (uint160 i = 1; i <= 9; ++i) {
            _commit(address(i), uint88(10 - i));
        }
        vm.warp(COMMIT_END + 1);
        for (uint160 i = 1; i <= 9; ++i) {
            uint256 used = _gasOf(_revealing(address(i), uint88(10 - i)));
            if (used > most) most = used;
            _reveal(address(i), uint88(10 - i));
        }
        uint256 settling = _gasOf(_ticking(address(0)));
        if (settling > most) most = settling;
        uint256 granted = mechanism.check(params).gas;
        assertLt(most * 2, granted);
        assertGt(most * 6, granted);
        assertEq(uint8(mechanism.step(_ticking(address(0))).moves[0].kind), uint8(MoveKind.Award));
    }

    function _assertInvalid(uint32 commit, uint32 reveal, string memory name, uint256 have, uint256 min, uint256 max)
        private
    {
        (p.commit, p.reveal) = (commit, reveal);
        vm.expectRevert(abi.encodeWithSelector(InvalidParam.selector, name, have, min, max));
        mechanism.check(abi.encode(p));
    }
}
