// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotYet, TooLate, Unacceptable} from "../../contracts/interfaces/IMechanism.sol";
import {Answer, MoveKind} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {CommitteeHarness} from "./CommitteeHarness.sol";

contract CommitteeProvingTest is CommitteeHarness {
    function setUp() public override {
        super.setUp();
        _seat(7);
    }

    function test_EqualSplit() public {
        Answer memory answer = _prove(people[0], PROOF, "");
        assertEq(uint8(status), uint8(Status.Fulfilled));
        assertEq(holds, 0, "all are released");
        assertEq(rewards[people[0]], 0.08 ether + _rest() / 7, "who brings the whole has its part too");
        for (uint256 i = 1; i < 7; ++i) {
            assertEq(rewards[people[i]], _rest() / 7);
        }
        assertLe(spent, 0.8 ether);
        assertEq(answer.moves.length, 1 + 14 + 1);
        assertEq(uint8(answer.moves[15].kind), uint8(MoveKind.Close));
    }

    function test_Turns() public {
        _assertTurn(people[0], START);
        for (uint256 i = 1; i < 7; ++i) {
            _assertTurn(people[i], SHARDS + 20 * uint40(i));
        }
        _assertTurn(stranger, MEMBERS + 20);
        p.stagger = 100;
        params = abi.encode(p);
        _assertTurn(people[1], SHARDS + 100);
        _assertTurn(people[6], MEMBERS);
    }

    function test_NobodyAfterTheEnd() public {
        vm.warp(LAST + 1);
        _assertRefuses(_proving(people[0], ""), abi.encodeWithSelector(TooLate.selector, LAST + 1, LAST));
        vm.warp(LAST);
        _prove(stranger, PROOF, "");
        assertEq(rewards[stranger], 0.08 ether);
        assertEq(rewards[people[6]], _rest() / 7);
    }

    function test_SignedSplit() public {
        uint16[] memory weights = _weights(1 << 6);
        (weights[1], weights[2]) = (weights[1] + 500, weights[2] - 500);
        vm.warp(SHARDS + 1);
        _prove(people[0], PROOF, _split(1 << 6, weights, 5));
        assertEq(rewards[people[6]], 0, "late");
        assertEq(holds, 0, "and free all the same");
        assertEq(forfeited.length, 0);
        assertEq(rewards[people[1]], _rest() * weights[1] / 10_000);
        assertEq(rewards[people[2]], _rest() * weights[2] / 10_000);
    }

    function test_EndWithoutProof() public {
        vm.warp(LAST);
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, LAST, LAST + 1));
        vm.warp(LAST + 1);
        _tick();
        assertEq(forfeited.length, 7);
        assertEq(uint8(status), uint8(Status.Closed));
    }

    function test_EndWithoutProof_NeverSlashed() public {
        p.bonded = 0;
        params = abi.encode(p);
        vm.warp(LAST + 1);
        _tick();
        assertEq(released.length, 7);
        assertEq(forfeited.length, 0);
    }

    function test_LateSeatIsTakenOver() public {
        vm.warp(SHARDS);
        bytes memory notice = _notice(LATE, 1 << 2, 5);
        _assertRefuses(_saying(notice), abi.encodeWithSelector(NotYet.selector, SHARDS, SHARDS + 1));
        vm.warp(SHARDS + 1);
        _say(notice);
        assertEq(released[0], people[2]);
        assertEq(_at(2), address(0));
        assertEq(wake, LAST + 1);
        _assertRefuses(_bidding(people[7], 0.103 ether, ""), _unacceptable(0.103 ether, _rest() / 7));
        _bid(people[7], uint88(_rest() / 7), "");
        assertEq(_at(2), people[7]);
        assertEq(tickets[people[7]].tag, 2);
        _assertRefuses(_bidding(people[8], 0, ""), _unacceptable(7, 6));
        _prove(people[0], PROOF, "");
        assertEq(rewards[people[7]], _rest() / 7, "who takes over has the pay");
        assertEq(rewards[people[2]], 0);
    }

    function test_NobodyTakesOver() public {
        vm.warp(MEMBERS);
        _say(_notice(LATE, 1 << 2, 5));
        vm.warp(MEMBERS + 1);
        _assertRefuses(_bidding(people[7], 0, ""), abi.encodeWithSelector(TooLate.selector, MEMBERS + 1, MEMBERS));
        _prove(people[0], PROOF, "");
        assertEq(rewards[people[1]], _rest() / 6);
    }

    function test_LateNoticesHaveATime() public {
        vm.warp(MEMBERS + 1);
        _assertRefuses(
            _saying(_notice(LATE, 1 << 2, 5)), abi.encodeWithSelector(TooLate.selector, MEMBERS + 1, MEMBERS)
        );
    }

    function test_WithheldInput() public {
        vm.warp(SHARDS);
        _say(_notice(WITHHELD, 0, 5));
        assertEq(uint8(status), uint8(Status.Closed));
        assertEq(released.length, 7, "bonded, and free");
        assertEq(forfeited.length, 0);
    }

    function test_WithheldInputIsMissedBeforeShardsAreDue() public {
        vm.warp(SHARDS + 1);
        _assertRefuses(_saying(_notice(WITHHELD, 0, 5)), abi.encodeWithSelector(TooLate.selector, SHARDS + 1, SHARDS));
    }

    function test_NoticesNeedTheirForm() public {
        _assertRefuses(_saying(hex"01"), _unacceptable(1, 5));
        _assertRefuses(_saying(hex"0300000000"), _unacceptable(3, 2));
        _assertRefuses(_saying(hex"0200010000"), _unacceptable(5, 70));
        _assertRefuses(_saying(_notice(WITHHELD, 1, 5)), _unacceptable(1, 0));
        vm.warp(SHARDS + 1);
        _assertRefuses(_saying(_notice(LATE, 0, 5)), _unacceptable(0, 127));
        _assertRefuses(_saying(_notice(LATE, 128, 5)), _unacceptable(128, 127));
        _assertRefuses(_saying(_notice(LATE, 7, 5)), _unacceptable(3, 2));
    }

    /// The most that can be asked: all seats, and all sign.
    function test_GasOfTheLargest() public {
        (p.seats, p.least, id) = (12, 12, keccak256("the largest"));
        for (uint256 i; i < 7; ++i) {
            delete tickets[people[i]];
        }
        holds = 0;
        _reopen();
        _seat(11);
        assertLt(_gasOf(_bidding(people[11], 0, "")), 40_000);
        _bid(people[11], 0, "");
        uint16[] memory weights = new uint16[](12);
        for (uint256 i; i < 12; ++i) {
            weights[i] = i < 4 ? 834 : 833;
        }
        bytes memory split = _split(0, weights, 12);
        assertLt(_gasOf(_proving(people[0], split)), 120_000);
        _prove(people[0], PROOF, split);
        assertEq(rewards[people[11]], _rest() * 833 / 10_000, "it counts");
    }

    function _assertTurn(address who, uint40 from) private {
        if (from > START) {
            vm.warp(from - 1);
            _assertRefuses(_proving(who, ""), abi.encodeWithSelector(NotYet.selector, from - 1, from));
        }
        vm.warp(from);
        committee.step(_proving(who, ""));
        vm.warp(START);
    }

    function _unacceptable(uint256 have, uint256 want) private pure returns (bytes memory) {
        return abi.encodeWithSelector(Unacceptable.selector, have, want);
    }
}
