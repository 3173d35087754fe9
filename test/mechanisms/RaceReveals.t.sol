// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {InsufficientBond, NotYet, TooLate, Unacceptable, Unexpected} from "../../contracts/interfaces/IMechanism.sol";
import {Answer, Ask, Cause, MoveKind} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {RaceHarness} from "./RaceHarness.sol";

/// Races whose proofs are committed to before they are shown, and what thieves can do about them.
contract RaceRevealsTest is RaceHarness {
    function setUp() public override {
        super.setUp();
        _withCommitments(1);
    }

    /* COMMITMENTS */

    function test_AWinnerWithoutRivalsIsPaidAtOnce() public {
        _commitOwn(alice);
        assertEq(uint40(tickets[alice].tag), block.number, "a ticket says when");
        _mine(BLOCKS);
        _proveOwn(alice);
        assertEq(rewards[alice], BOUNTY);
        assertEq(uint8(status), uint8(Status.Fulfilled));
        assertEq(holds, 0);
    }

    function test_ACommitmentHasToBeOldEnough() public {
        _commitOwn(alice);
        _mine(BLOCKS - 1);
        Ask memory ask = _proving(alice, _proofOf(alice));
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 1_000, 999));
        ask.blockNumber = 1;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 1_000, 0));
    }

    function test_ACommitmentMayBeReplacedAndIsThenAsYoungAsTheNewOne() public {
        _commit(alice, "a mistake");
        _mine(1);
        _commitOwn(alice);
        assertEq(holds, 1);
        _mine(BLOCKS - 1);
        _assertRefuses(
            _proving(alice, _proofOf(alice)),
            abi.encodeWithSelector(Unacceptable.selector, 1_001, block.number - BLOCKS)
        );
        _mine(1);
        _proveOwn(alice);
        assertEq(rewards[alice], BOUNTY);
    }

    function test_ItIsToOneProofOfOneProverForOneRequest() public {
        _commitOwn(alice);
        _mine(BLOCKS);
        _assertRefusesCommitment(alice, "another proof", tickets[alice].tag);
        id = keccak256("another request");
        _assertRefusesCommitment(alice, _proofOf(alice), tickets[alice].tag);
    }

    function test_NobodyProvesWithoutOne() public {
        _assertRefuses(_proving(alice, 0), abi.encodeWithSelector(InsufficientBond.selector, 0, DEPOSIT));
    }

    function test_ItIs32BytesAndHasNoPrice() public {
        _assertRefuses(_bidding(alice, 0, ""), abi.encodeWithSelector(Unacceptable.selector, 0, 32));
        _assertRefuses(_bidding(alice, 0, new bytes(33)), abi.encodeWithSelector(Unacceptable.selector, 33, 32));
        _assertRefuses(_bidding(alice, 1, new bytes(32)), abi.encodeWithSelector(Unacceptable.selector, 1, 0));
    }

    function test_AfterTheFirstProofNobodyCommits() public {
        _commitOwn(alice);
        _commitOwn(bob);
        _mine(BLOCKS);
        _proveOwn(alice);
        _assertRefuses(_committing(carol, 0), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
    }

    /* RANKS */

    function test_RanksGoByTheBlockOfTheCommitmentThenByArrival() public {
        _withCommitments(3);
        _commitOwn(carol);
        _mine(1);
        _commitOwn(alice);
        _commitOwn(bob);
        _commitOwn(dave);
        _mine(BLOCKS);
        _proveOwn(bob);
        _proveOwn(alice);
        _proveOwn(dave);
        assertEq(spent, 0, "nobody is paid before the order is known");
        _proveOwn(carol);
        assertEq(uint8(status), uint8(Status.Fulfilled), "the last commitment ends it");
        assertEq(rewards[carol], _shareOf(0));
        assertEq(rewards[bob], _shareOf(1));
        assertEq(rewards[alice], _shareOf(2));
        assertEq(rewards[dave], 0);
        assertEq(holds, 0);
    }

    function test_AfterTheWindowATickPaysEverybody() public {
        _withCommitments(3);
        _commitOwn(alice);
        _commitOwn(bob);
        _commitOwn(carol);
        _mine(BLOCKS);
        _proveOwn(alice);
        Answer memory answer = _proveOwn(bob);
        uint40 end = _endOf();
        assertEq(end, block.timestamp + 60);
        assertEq(answer.wake, end + 1);
        vm.warp(end);
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, end, end + 1));
        vm.warp(end + 1);
        _assertRefuses(_proving(carol, _proofOf(carol)), abi.encodeWithSelector(TooLate.selector, end + 1, end));
        _tick();
        assertEq(rewards[alice], _shareOf(0));
        assertEq(rewards[bob], _shareOf(1));
        assertEq(uint8(status), uint8(Status.Fulfilled));
        _tickAbout(carol);
        assertEq(released[2], carol, "who was too late has its deposit back");
    }

    function test_TimeIsLeftToPay() public {
        request.deadline = START + 500;
        vm.warp(START + 380);
        uint40 last = request.deadline - 2 * 60 - 1;
        _assertRefuses(_committing(alice, 0), abi.encodeWithSelector(TooLate.selector, START + 380, last));
        vm.warp(last);
        _commitOwn(alice);
        _commitOwn(bob);
        vm.roll(block.number + BLOCKS);
        _proveOwn(alice);
        assertEq(request.deadline - _endOf(), 61);
    }

    function test_IfNobodyProvesCommitmentsAreTaken() public {
        _commitOwn(alice);
        vm.warp(START + 901);
        _tickAbout(alice);
        assertEq(forfeited[0], alice);
        assertEq(uint8(status), uint8(Status.Closed));
    }

    /* THIEVES */

    /// P2a: in the block of the commitment nobody proves.
    function test_Attack_CommitAndRevealInOneBlock() public {
        _commitOwn(alice);
        _assertRefuses(
            _proving(alice, _proofOf(alice)), abi.encodeWithSelector(Unacceptable.selector, 1_000, 1_000 - BLOCKS)
        );
    }

    /// P2b: a copied commitment opens to nothing, and the one copied pays its maker.
    function test_Attack_CopiedCommitment() public {
        _commitOwn(alice);
        _apply(_bidding(bob, 0, abi.encode(race.commitment(id, alice, _proofOf(alice)))));
        _mine(BLOCKS);
        _assertRefusesCommitment(bob, _proofOf(alice), tickets[bob].tag);
        _proveOwn(alice);
        vm.warp(_endOf() + 1);
        _tick();
        assertEq(rewards[alice], BOUNTY);
        assertEq(rewards[bob], 0);
    }

    /// P2c: Bob sees Alice's proof, holds it back, commits to it, and even proves first. Her commitment is older.
    function test_Attack_CensoredReveal() public {
        _commitOwn(alice);
        _mine(BLOCKS);
        _commit(bob, _proofOf(alice));
        _mine(BLOCKS);
        _proveAs(bob, _proofOf(alice));
        assertEq(spent, 0);
        vm.warp(_endOf());
        _proveOwn(alice);
        assertEq(rewards[alice], BOUNTY);
        assertEq(rewards[bob], 0);
    }

    /// The limit of P2c: who can hold a proof back for the whole window wins. `window` is how long that is.
    function test_Attack_CensoredBeyondTheWindow() public {
        _commitOwn(alice);
        _mine(BLOCKS);
        _commit(bob, _proofOf(alice));
        _mine(BLOCKS);
        _proveAs(bob, _proofOf(alice));
        vm.warp(_endOf() + 1);
        _assertRefuses(
            _proving(alice, _proofOf(alice)), abi.encodeWithSelector(TooLate.selector, block.timestamp, _endOf())
        );
        _tick();
        assertEq(rewards[bob], BOUNTY);
    }

    /// P2d: one commitment, one proof.
    function test_Attack_SecondReveal() public {
        _withCommitments(3);
        _commitOwn(alice);
        _commitOwn(bob);
        _mine(BLOCKS);
        _proveOwn(alice);
        _assertRefuses(_proving(alice, _proofOf(alice)), abi.encodeWithSelector(InsufficientBond.selector, 0, DEPOSIT));
        _assertRefuses(_committing(alice, "again"), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
    }

    /// A copy that is committed to in the block of the proof, or later, is worth nothing, even where ranks are left.
    function test_Attack_LateCopyFillsARank() public {
        _withCommitments(3);
        _commitOwn(alice);
        _commitOwn(carol);
        _mine(BLOCKS);
        _commit(bob, _proofOf(alice));
        _proveOwn(alice);
        _mine(BLOCKS);
        _assertRefuses(
            _proving(bob, _proofOf(alice)), abi.encodeWithSelector(Unacceptable.selector, 1_000 + BLOCKS, 1_001)
        );
    }

    /// Junk commitments can make a winner wait, no more.
    function test_Attack_Squatting() public {
        for (uint160 i = 1; i <= 100; ++i) {
            _commit(address(i), 0);
        }
        _mine(1);
        _commitOwn(alice);
        _mine(BLOCKS);
        _proveOwn(alice);
        vm.warp(_endOf() + 1);
        _tick();
        assertEq(rewards[alice], BOUNTY);
        for (uint160 i = 1; i <= 100; ++i) {
            _tickAbout(address(i));
        }
        assertEq(holds, 0);
    }

    /// One prover under three names collects three ranks: what decay is for. What it gains over one name is what lower ranks would have
    /// paid to nobody, here 3/7 of the bounty, and 2/3 with equal shares.
    function test_Attack_Sybil() public {
        _withCommitments(3);
        uint256 gain = _sybil(3);
        assertApproxEqAbs(gain, uint256(BOUNTY) * 3 / 7, 2);
        (p.decayBps, p.deposit) = (10_000, DEPOSIT);
        _start();
        delete rewards[alice];
        assertApproxEqAbs(_sybil(3), uint256(BOUNTY) * 2 / 3, 2);
        (p.decayBps, p.deposit) = (1_000, DEPOSIT);
        _start();
        delete rewards[alice];
        assertApproxEqAbs(_sybil(3), uint256(BOUNTY) * 11 / 111, 2);
    }

    /// @return gain what further names earn.
    function _sybil(uint160 names) private returns (uint256 gain) {
        (proofs, spent) = (0, 0);
        _commit(alice, "one");
        for (uint160 i = 1; i < names; ++i) {
            _commit(address(i), "one");
        }
        assertEq(holds, names, "a deposit each");
        _mine(BLOCKS);
        _proveAs(alice, "one");
        for (uint160 i = 1; i < names; ++i) {
            _proveAs(address(i), "one");
        }
        assertEq(rewards[alice], _shareOf(0));
        gain = spent - rewards[alice];
    }

    function _assertRefusesCommitment(address prover, bytes32 proof, uint176 tag) private {
        uint256 have = uint256(race.commitment(id, prover, proof)) >> 120;
        _assertRefuses(_proving(prover, proof), abi.encodeWithSelector(Unacceptable.selector, have, tag >> 40));
    }
}
