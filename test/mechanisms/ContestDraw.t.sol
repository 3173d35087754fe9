// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotYet, Unacceptable} from "../../contracts/interfaces/IMechanism.sol";
import {Answer, Ask, MoveKind} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {ContestHarness} from "./ContestHarness.sol";

/// The draw: who may tick when, what it has to bring, and who cannot turn it its way.
contract ContestDrawTest is ContestHarness {
    function test_OneIsAwardedTheFeeLessItsTicketAndAllOthersPay() public {
        _three();
        _known(keccak256("beacon"));
        _settle();
        assertEq(uint8(status), uint8(Status.Awarded));
        assertEq(holds, 0);
        assertEq(forfeited.length, 2);
        assertEq(_drawnBy(), DRAWN);
        assertEq(words[0], 0, "gone, and paid for");
        uint256 own = winner == alice ? 0.1 ether : winner == bob ? 0.2 ether : 0.3 ether;
        assertEq(paid, FEE - own);
        for (uint256 i; i < 2; ++i) {
            assertTrue(forfeited[i] != winner);
        }
    }

    function test_ARaiseCountsAndWhatItReplacesDoesNot() public {
        _enter(alice, 0.1 ether);
        _enter(bob, 0.2 ether);
        _enter(alice, 0.4 ether);
        _known(0);
        uint256 wins;
        for (uint256 i; i < 2_000; ++i) {
            Ask memory ask = _replaying();
            ask.beacon = keccak256(abi.encode(i));
            Answer memory answer = contest.step(ask);
            assertEq(answer.moves.length, 2);
            if (answer.moves[0].prover == bob) continue;
            ++wins;
            assertEq(answer.moves[0].amount, FEE - 0.4 ether);
        }
        // 2/3, within four standard errors of 0.0105.
        assertApproxEqAbs(wins, 1_333, 84);
    }

    function test_ALoneTicketNeedsNoDraw() public {
        _enter(alice, 0.1 ether);
        _over();
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(Unacceptable.selector, bytes32(0), words[0]));
        _settle();
        assertEq(winner, alice);
        assertEq(paid, FEE - 0.1 ether);
        assertEq(forfeited.length, 0);
    }

    function test_NobodyCame() public {
        vm.warp(LAST);
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, LAST, LAST + 1));
        _over();
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    // It took the ticket, the award was refused, and the market forfeited it: the next tick goes on.
    function test_TheWinnerCouldNotTakeIt() public {
        _three();
        _known(keccak256("beacon"));
        _settle();
        (status, winner) = (Status.Open, address(0));
        Answer memory answer = _tick();
        assertEq(uint8(answer.moves[0].kind), uint8(MoveKind.Close));
    }

    // The deadline came first: there has been no contest.
    function test_TicketsOfARequestThatWasNeverDrawnComeBack() public {
        _three();
        status = Status.Closed;
        address[3] memory all = [alice, bob, carol];
        for (uint256 i; i < 3; ++i) {
            _tickAbout(all[i]);
            assertEq(released[i], all[i]);
        }
        assertEq(holds, 0);
    }

    /* ATTACKS */

    // M11: what draws is fixed by nothing that is known while tickets are sold, and cannot be asked for twice.
    function test_Grinding_TheBlockIsFixedWhenNoTicketCanChangeAnyMore() public {
        _three();
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, START, LAST + 1));
        _over();
        Answer memory answer = _tick();
        assertEq(uint8(answer.moves[0].kind), uint8(MoveKind.Draw));
        assertEq(drawn, block.number + 5, "a block that is not there yet");
        assertEq(_drawnBy(), drawn);
        // Who dislikes the block it sees coming cannot fix another, nor change its ticket.
        for (uint256 n = block.number; n <= drawn; ++n) {
            vm.roll(n);
            _assertRefuses(_replaying(), abi.encodeWithSelector(NotYet.selector, block.timestamp, block.timestamp + 1));
        }
        Ask memory raise = _entering(alice, 0.5 ether);
        vm.expectRevert();
        contest.step(raise);
    }

    // M11: the same list and the same block draw the same, whoever ticks and when; another request is drawn for by itself.
    function test_Grinding_NothingButBlockAndTicketsDecides() public {
        _three();
        _known(keccak256("beacon"));
        Ask memory ask = _replaying();
        address first = contest.step(ask).moves[0].prover;
        for (uint256 i = 1; i < 50; ++i) {
            ask.time += uint40(i);
            ask.blockNumber += uint64(i);
            ask.baseFee = uint64(i);
            assertEq(contest.step(ask).moves[0].prover, first);
        }
        uint256 others;
        for (uint256 i = 1; i < 50; ++i) {
            ask.id = bytes32(i);
            if (contest.step(ask).moves[0].prover != first) ++others;
        }
        assertGt(others, 5);
    }

    // M12: a block too old to be known draws nobody; another is fixed.
    function test_RevertWhen_TheBlockIsForgotten_AnotherIsFixed() public {
        _three();
        _over();
        _tick();
        uint256 missed = drawn;
        vm.roll(missed + 8_192);
        Answer memory answer = _settle();
        assertEq(uint8(answer.moves[0].kind), uint8(MoveKind.Draw), "not won by whom a hash of 0 draws");
        assertEq(drawn, missed + 8_192 + 5);
        vm.roll(drawn + 1);
        beacon = keccak256("beacon");
        _settle();
        assertEq(uint8(status), uint8(Status.Awarded));
    }

    // Nobody can be left out, doubled, moved or made larger.
    function test_RevertWhen_TheListIsAnother() public {
        _three();
        _known(keccak256("beacon"));
        uint256[] memory good = list;
        list.pop();
        _assertListRefused();
        list = good;
        list.push(good[2]);
        _assertListRefused();
        list = good;
        (list[0], list[1]) = (good[1], good[0]);
        _assertListRefused();
        list = good;
        list[1] += 1 << 160;
        _assertListRefused();
        list = good;
        list[2] = 39 << 240 | uint240(good[2]);
        _assertListRefused();
        list = good;
        Ask memory ask = _replaying();
        ask.data = new bytes(161 * 32);
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 161, 160));
        _settle();
    }

    function testFuzz_OnlyTheListItselfIsTaken(uint8 at, uint256 bits) public {
        _three();
        _known(keccak256("beacon"));
        vm.assume(bits != 0);
        list[at % 3] ^= bits;
        _assertListRefused();
    }

    // While it is open a tick about somebody is no tick: none can be singled out.
    function test_RevertWhen_ATickIsAboutSomebody() public {
        _three();
        _over();
        _assertRefuses(_ticking(alice), abi.encodeWithSelector(NotYet.selector, LAST + 1, request.deadline));
    }

    function _assertListRefused() private {
        bytes32 book;
        for (uint256 i; i < list.length; ++i) {
            book = keccak256(abi.encode(book, list[i]));
        }
        _assertRefuses(_replaying(), abi.encodeWithSelector(Unacceptable.selector, book, words[0]));
    }

    function _three() private {
        _enter(alice, 0.1 ether);
        _enter(bob, 0.2 ether);
        _enter(carol, 0.3 ether);
    }
}
