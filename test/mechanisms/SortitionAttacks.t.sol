// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotYet, Unacceptable, Unexpected} from "../../contracts/interfaces/IMechanism.sol";
import {BINDING, Cause} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {SortitionHarness} from "./SortitionHarness.sol";

/// Who tries to be drawn more often than its stake says, and what comes of it.
contract SortitionAttacksTest is SortitionHarness {
    address private immutable mallory = makeAddr("mallory");

    /// M11: names are fixed before the draw can be known. Whoever looks for one with a low key after it finds that it came too late.
    function test_ANameThatWasChosenAfterTheDrawDoesNotCount() public {
        _drawn();
        address lucky = mallory;
        for (uint160 i = 1; i <= 200; ++i) {
            seats[address(i)].amount = 10 ether;
            seats[lucky].amount = 10 ether;
            if (_key(address(i)) < _key(lucky)) lucky = address(i);
        }
        delete seats[lucky];
        _enrol(lucky, 10 ether);
        skip(LEAD + 2 * STAGGER);
        _assertRefuses(_claiming(lucky), abi.encodeWithSelector(Unacceptable.selector, block.number, 1_000));
    }

    /// M11: in the block of the opening it is too late, though the draw is not known then.
    function test_ANameOfTheSameBlockDoesNotCount() public {
        _enter();
        _enrol(mallory, 10 ether);
        _reachDraw(DRAW);
        skip(LEAD + 2 * STAGGER);
        _assertRefuses(_claiming(mallory), abi.encodeWithSelector(Unacceptable.selector, 1_001, 1_000));
    }

    /// M16: nor does a stake that was raised when the draw was known; the one before does not either.
    function test_StakeThatIsRaisedForARequestDoesNotCount() public {
        _drawn();
        _enrol(dave, 10 ether);
        skip(LEAD + 2 * STAGGER);
        _assertRefuses(_claiming(dave), abi.encodeWithSelector(Unacceptable.selector, block.number, 1_000));
    }

    /// M16: stake that comes just in time for a request stays at least as long as the notice.
    function test_StakeStaysForTheNotice() public {
        _enrol(mallory, 10 ether);
        vm.roll(1_002);
        _drawn();
        skip(LEAD + 2 * STAGGER);
        _claim(mallory);
        status = Status.Fulfilled;
        _enrol(mallory, 0);
        uint256 end = block.timestamp + NOTICE;
        _assertRefuses(
            _aboutInstance(Cause.Tick, mallory), abi.encodeWithSelector(NotYet.selector, block.timestamp, end)
        );
    }

    /// Who gave notice is not drawn while its stake waits.
    function test_WhoLeavesIsNotDrawn() public {
        _enrol(alice, 0);
        vm.roll(1_002);
        _drawn();
        skip(LEAD + 2 * STAGGER);
        _assertRefuses(_claiming(alice), abi.encodeWithSelector(Unexpected.selector, uint8(Cause.Bid)));
    }

    /// M11: a requester that does not like the draw cannot take the request back, and another request has another draw.
    function test_TheRequesterCannotDrawAgain() public {
        assertNotEq(sortition.check(params).flags & BINDING, 0);
        _drawn();
        uint256 first = _key(alice);
        id = keccak256("another request");
        assertNotEq(_key(alice), first);
    }

    /// M11: a caller that would look first and revert if it lost looks at a draw that no call of its own can change.
    function test_NothingThatAClaimantSaysChangesItsKey() public {
        _drawn();
        skip(LEAD + 2 * STAGGER);
        bytes32 place = bytes32(_key(alice) << 160 | uint160(alice));
        for (uint88 price; price < 5; ++price) {
            assertEq(mechanism.step(_bidding(alice, price, abi.encode(price))).words[2], place);
            skip(1);
            vm.roll(block.number + 1);
        }
    }

    /// M2: bids that crowd the places push out higher keys only.
    function test_HigherKeysPushNobodyOut() public {
        _drawn();
        skip(LEAD + 2 * STAGGER);
        address[4] memory order = _order();
        _claim(order[0]);
        _claim(order[1]);
        for (uint256 i = 2; i < 4; ++i) {
            assertFalse(_tries(order[i]));
        }
        assertEq(holds, 2);
        assertEq(_place(0), order[0]);
        assertEq(_place(1), order[1]);
    }

    /// M4: being first is worth nothing, so blocks stuffed for less than a stage change nothing.
    function test_TheLastSecondOfAStageIsAsGoodAsTheFirst() public {
        _drawn();
        skip(LEAD + 2 * STAGGER);
        address[4] memory order = _order();
        _claim(order[3]);
        _claim(order[2]);
        vm.warp(_last());
        _claim(order[0]);
        skip(1);
        _tick();
        assertEq(winner, order[0]);
    }
}
