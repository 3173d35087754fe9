// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {InsufficientBond, NotYet, TooLate, Unacceptable, Unexpected} from "../../contracts/interfaces/IMechanism.sol";
import {Answer, Ask, Cause, MoveKind} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {SortitionHarness} from "./SortitionHarness.sol";

/// A request: draw, turns, award, backups.
contract SortitionTurnsTest is SortitionHarness {
    /* THE DRAW */

    function test_Opened_FixesTheDraw() public {
        Answer memory answer = _enter();
        assertEq(uint8(answer.moves[0].kind), uint8(MoveKind.Draw));
        assertEq(drawn, 1_001 + DISTANCE);
        assertEq(_last(), START + LEAD + 2 * STAGGER + PATIENCE - 1);
        assertEq(wake, _last() + 1);
    }

    function test_ABidThatOpensFixesTheDrawToo() public {
        _bid(alice, 0, "");
        assertEq(drawn, 1_001 + DISTANCE);
        assertEq(holds, 0);
    }

    function test_RevertWhen_NothingIsDrawnYet() public {
        _enter();
        _assertRefuses(_claiming(alice), abi.encodeWithSelector(NotYet.selector, START, START + 1));
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, START, _last() + 1));
    }

    /// M12: a draw that the chain forgot is not a draw.
    function test_ALostDrawIsDrawnAgain() public {
        _enter();
        vm.roll(drawn + 1);
        Answer memory answer = _tick();
        assertEq(uint8(answer.moves[0].kind), uint8(MoveKind.Draw));
        assertEq(drawn, 1_001 + 2 * DISTANCE + 1);
        _assertRefuses(_claiming(alice), abi.encodeWithSelector(NotYet.selector, START, START + 1));
    }

    function test_ADrawThatSomebodyUsedIsNotLost() public {
        _drawn();
        skip(LEAD + 2 * STAGGER);
        _claim(alice);
        vm.roll(block.number + 10_000);
        beacon = 0;
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, block.timestamp, _last() + 1));
        _claim(bob);
        assertEq(holds, 2);
    }

    function test_AnEmptyPoolIsNotWaitedFor() public {
        for (uint256 i; i < 4; ++i) {
            _enrol(pool[i], 0);
        }
        _enter();
        assertEq(wake, START);
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    /* TURNS */

    function test_ItsTurnComesWithItsKey() public {
        for (uint256 n; n < 30; ++n) {
            _request(bytes32(n));
            _reachDraw(keccak256(abi.encode(n)));
            uint40 opened = openedAt;
            for (uint256 i; i < 4; ++i) {
                uint40 turn = _turn(pool[i]);
                if (turn == opened) turn = uint40(block.timestamp);
                if (turn > block.timestamp) {
                    vm.warp(turn - 1);
                    _assertRefuses(_claiming(pool[i]), abi.encodeWithSelector(NotYet.selector, turn - 1, turn));
                    vm.warp(turn);
                }
                mechanism.step(_claiming(pool[i]));
                vm.warp(opened + 3 * (DISTANCE + 1));
            }
        }
    }

    function test_LastStageIsEverybodysTurn() public {
        for (uint256 n; n < 30; ++n) {
            _request(bytes32(n));
            _reachDraw(keccak256(abi.encode(n)));
            skip(LEAD + 2 * STAGGER);
            for (uint256 i; i < 4; ++i) {
                mechanism.step(_claiming(pool[i]));
            }
        }
    }

    function test_RevertWhen_NotInThePool() public {
        _drawn();
        skip(LEAD + 2 * STAGGER);
        bytes memory why = abi.encodeWithSelector(Unexpected.selector, uint8(Cause.Bid));
        _assertRefuses(_claiming(makeAddr("eve")), why);
        _enrol(alice, 0);
        _assertRefuses(_claiming(alice), why);
        _claim(bob);
        _assertRefuses(_claiming(bob), why);
    }

    function test_RevertWhen_ThePriceIsTooHigh() public {
        _drawn();
        skip(LEAD + 2 * STAGGER);
        Ask memory ask = _bidding(alice, PRICE + 1, "");
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, PRICE + 1, PRICE));
    }

    function test_RevertWhen_TheBondIsNotCovered() public {
        _drawn();
        skip(LEAD + 2 * STAGGER);
        Ask memory ask = _claiming(alice);
        ask.actor.free = 1 ether - 1;
        _assertRefuses(ask, abi.encodeWithSelector(InsufficientBond.selector, 1 ether - 1, 1 ether));
    }

    function test_RevertWhen_AfterTheEnd() public {
        _drawn();
        vm.warp(_last() + 1);
        _assertRefuses(_claiming(alice), abi.encodeWithSelector(TooLate.selector, _last() + 1, _last()));
    }

    /* THE AWARD */

    function test_LowestKeyIsAwarded_WhoeverCameFirst() public {
        _drawn();
        skip(LEAD + 2 * STAGGER);
        address[4] memory order = _order();
        for (uint256 i = 4; i > 0; --i) {
            _claim(order[i - 1]);
        }
        assertEq(released.length, 2);
        assertEq(released[0], order[3]);
        assertEq(released[1], order[2]);
        assertEq(_last(), START + LEAD + 2 * STAGGER + PATIENCE - 1);
        vm.warp(_last() + 1);
        _tick();
        assertEq(winner, order[0]);
        assertEq(paid, PRICE);
        assertEq(_place(0), order[1]);
    }

    function test_RevertWhen_AllPlacesAreTakenByLowerKeys() public {
        _drawn();
        skip(LEAD + 2 * STAGGER);
        address[4] memory order = _order();
        _claim(order[0]);
        _claim(order[1]);
        uint256 highest = _key(order[1]);
        _assertRefuses(_claiming(order[2]), abi.encodeWithSelector(Unacceptable.selector, _key(order[2]), highest));
    }

    /// The stage in which all places are taken is the last one.
    function test_FullPlacesEndTheStage() public {
        for (uint256 n; n < 20; ++n) {
            _request(bytes32(n));
            _reachDraw(keccak256(abi.encode("full", n)));
            address[4] memory order = _order();
            uint40 second = _turn(order[1]);
            for (uint256 i; i < 2; ++i) {
                if (_turn(order[i]) > block.timestamp) vm.warp(_turn(order[i]));
                _claim(order[i]);
            }
            uint40 stages = second == openedAt ? 1 : (second - openedAt - LEAD) / STAGGER + 1;
            uint40 end = openedAt + LEAD + (stages < 3 ? stages * STAGGER : 2 * STAGGER + PATIENCE);
            assertEq(_last(), end - 1);
            assertEq(wake, end);
            vm.warp(end);
            _tick();
            assertEq(winner, order[0]);
            _fail();
            assertEq(winner, order[1]);
            status = Status.Fulfilled;
        }
    }

    function test_OneAloneIsAwardedAtTheEnd() public {
        _drawn();
        skip(LEAD + 2 * STAGGER);
        _claim(dave);
        vm.warp(_last());
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, _last(), _last() + 1));
        skip(1);
        _tick();
        assertEq(winner, dave);
    }

    function test_NobodyCame() public {
        _drawn();
        vm.warp(_last() + 1);
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
    }

    function test_ADeadlineThatIsNearEndsTheLastStage() public {
        request.deadline = START + 100;
        _enter();
        assertEq(_last(), START + 98);
    }

    /* BACKUPS */

    function test_WinnerFails_NextIsAwardedAtOnce() public {
        address[4] memory order = _awarded();
        _fail();
        assertEq(winner, order[1]);
        assertEq(paid, PRICE);
        Answer memory answer = _fail();
        assertEq(answer.moves.length, 0);
        assertEq(uint8(status), uint8(Status.Open));
    }

    function test_RevertWhen_BiddingAfterAnAward() public {
        _awarded();
        _fail();
        _fail();
        _assertRefuses(_claiming(carol), abi.encodeWithSelector(Unexpected.selector, uint8(Cause.Bid)));
    }

    function test_BackupIsGivenBackAtTheEnd() public {
        address[4] memory order = _awarded();
        uint256 deadline = request.deadline;
        bytes memory why = abi.encodeWithSelector(NotYet.selector, block.timestamp, deadline);
        _assertRefuses(_ticking(order[1]), why);
        status = Status.Fulfilled;
        _tickAbout(order[1]);
        assertEq(holds, 0);
        assertEq(_place(0), address(0));
    }

    function test_BackupIsGivenBackAtTheDeadline() public {
        address[4] memory order = _awarded();
        vm.warp(request.deadline);
        _tickAbout(order[1]);
        assertEq(holds, 0);
    }

    function test_RevertWhen_ProofComesBeforeAnAward() public {
        _drawn();
        Ask memory ask = _ask(Cause.Proof, alice);
        _assertRefuses(ask, abi.encodeWithSelector(Unexpected.selector, uint8(Cause.Proof)));
    }

    function _awarded() private returns (address[4] memory order) {
        _drawn();
        skip(LEAD + 2 * STAGGER);
        order = _order();
        _claim(order[1]);
        _claim(order[0]);
        vm.warp(_last() + 1);
        _tick();
        assertEq(winner, order[0]);
    }
}
