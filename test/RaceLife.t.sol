// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {InsufficientBond, Unacceptable, Unexpected} from "../contracts/interfaces/IMechanism.sol";
import {Cause} from "../contracts/types/Ask.sol";
import {Request} from "../contracts/types/Request.sol";
import {State, Status} from "../contracts/types/State.sol";
import {RaceBase} from "./RaceBase.sol";

/// Proof races in the market, with the money that moves, and what thieves get of it.
contract RaceLifeTest is RaceBase {
    uint256 private constant FIRST = uint256(PRICE) * 4 / 7;
    uint256 private constant SECOND = uint256(PRICE) * 2 / 7;

    /* LIVES */

    function test_Life_PaidByArrival() public {
        Request memory r = _entered(authored);
        _proveBound(r, alice);
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + FIRST, "at once");
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
        vm.warp(START + WINDOW);
        vm.startPrank(stranger);
        _proveBound(r, bob);
        vm.stopPrank();
        assertEq(market.balanceOf(NATIVE, bob), 1 ether + SECOND, "whoever brings it");
        vm.warp(START + WINDOW + 1);
        vm.prank(stranger);
        market.tick(r, address(0), "");
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
        assertEq(market.balanceOf(NATIVE, stranger), TIP);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - TIP - FIRST - SECOND, "the third rank is not paid");
        assertEq(market.ledgerOf(alice).kept, 1);
        _assertFree();
    }

    function test_Life_TheLastRankClosesAndIsTipped() public {
        Request memory r = _entered(authored);
        _proveBound(r, alice);
        _proveBound(r, bob);
        vm.startPrank(stranger);
        _proveBound(r, carol);
        vm.stopPrank();
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
        assertEq(market.balanceOf(NATIVE, stranger), TIP);
        assertApproxEqAbs(market.balanceOf(NATIVE, requester), 100 ether - TIP - PRICE, 2);
        _assertFree();
    }

    function test_Life_Committed() public {
        Request memory r = _entered(committed);
        _commit(r, alice, _freeProof(r, alice));
        _mine(1);
        _commit(r, bob, _freeProof(r, bob));
        _mine(BLOCKS);
        _prove(r, bob, _freeProof(r, bob));
        assertEq(market.balanceOf(NATIVE, bob), 1 ether, "an older commitment stands");
        vm.prank(stranger);
        _prove(r, alice, _freeProof(r, alice));
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled), "none stands any more");
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + PRICE);
        assertEq(market.balanceOf(NATIVE, bob), 1 ether);
        assertEq(market.balanceOf(NATIVE, stranger), TIP);
        _assertFree();
    }

    function test_Life_ATickPaysAndLosersAreReleased() public {
        Request memory r = _entered(committed);
        _commit(r, alice, _freeProof(r, alice));
        _commit(r, bob, _freeProof(r, bob));
        _mine(BLOCKS);
        _prove(r, alice, _freeProof(r, alice));
        vm.warp(block.timestamp + WINDOW + 1);
        vm.prank(stranger);
        market.tick(r, address(0), "");
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + PRICE);
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
        assertEq(market.ledgerOf(bob).locked, DEPOSIT);
        market.tick(r, bob, "");
        _assertFree();
    }

    // A posted price gives one prover the work first. It fails, and anybody steps in, the one that was late included.
    function test_Life_LastRungOfALadder() public {
        uint32 exclusive = _register(address(posted), abi.encode(postedParams()), committed);
        Request memory r = request(exclusive);
        opened(r);
        bidAs(alice, r, 0);
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
        vm.warp(stateOf(r).time + 1);
        vm.prank(stranger);
        market.expire(r);
        State memory s = stateOf(r);
        assertEq(uint8(s.status), uint8(Status.Open));
        assertEq(s.instance, committed);
        assertEq(market.ledgerOf(alice).stake, 10 ether - BOND);

        _commit(r, bob, _freeProof(r, bob));
        _mine(1);
        _commit(r, alice, _freeProof(r, alice));
        _mine(BLOCKS);
        _prove(r, alice, _freeProof(r, alice));
        _prove(r, bob, _freeProof(r, bob));
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
        assertEq(market.balanceOf(NATIVE, bob), 1 ether + PRICE);
        assertEq(market.ledgerOf(bob).locked, 0);
    }

    function test_Life_NobodyProves() public {
        Request memory r = _entered(committed);
        _commit(r, alice, "junk");
        _commit(r, bob, "junk");
        vm.warp(START + PATIENCE + 1);
        vm.startPrank(stranger);
        vm.expectPartialRevert(IMarket.NothingFollows.selector);
        market.tick(r, address(0), "");
        market.tick(r, alice, "");
        market.tick(r, bob, "");
        vm.stopPrank();
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.balanceOf(NATIVE, stranger), TIP + 2 * (DEPOSIT / 20));
        assertEq(market.balanceOf(NATIVE, BURNED), DEPOSIT);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - TIP + 2 * (uint256(DEPOSIT) * 45 / 100));
        assertEq(market.ledgerOf(alice).stake, 10 ether - DEPOSIT);
        _assertFree();
    }

    // It goes down a ladder as anything else does.
    function test_Life_NobodyComes() public {
        Request memory r = request(_race(BLOCKS, 1, postedInstance));
        opened(r);
        vm.warp(START + PATIENCE + 1);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).instance, postedInstance);
        bidAs(alice, r, 0);
        market.fulfill(fulfillment(r, alice));
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + PRICE);
    }

    // Winners are paid by a tick after the window. If nobody says it for as long as the window was, until the deadline, the
    // request ends without it: who is to be paid has to look after it.
    function test_Life_NobodySaysThatItIsOver() public {
        Request memory r = request(committed);
        r.deadline = START + 300;
        opened(r);
        _commit(r, alice, _freeProof(r, alice));
        _commit(r, bob, _freeProof(r, bob));
        _mine(BLOCKS);
        _prove(r, alice, _freeProof(r, alice));
        uint256 end = block.timestamp + WINDOW;
        assertGe(r.deadline - end, WINDOW, "time to pay");
        vm.warp(r.deadline);
        market.expire(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
        assertEq(market.balanceOf(NATIVE, alice), 1 ether);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether);
        market.tick(r, bob, "");
        _assertFree();
    }

    /* ATTACKS */

    // P1: where proofs bind their author, a copy pays the author, or nobody.
    function test_Attack_CopiedProof() public {
        Request memory r = _entered(authored);
        bytes memory hers = _boundProof(r, alice);
        vm.startPrank(bob);
        vm.expectPartialRevert(IMarket.ProofRefused.selector);
        market.prove(r, bob, hers, abi.encode(keccak256(hers)));
        _prove(r, alice, hers);
        vm.stopPrank();
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + FIRST);
        assertEq(market.balanceOf(NATIVE, bob), 1 ether);
        _expectRefused(abi.encodeWithSelector(Unacceptable.selector, 1, 0));
        _prove(r, alice, hers);
    }

    // P1, P2: where they do not, who has seen a proof is too late, in the same block or the next.
    function test_Attack_ThiefSeesTheProof() public {
        Request memory r = _entered(committed);
        bytes memory hers = _freeProof(r, alice);
        _commit(r, alice, hers);
        _mine(BLOCKS);
        _expectRefused(abi.encodeWithSelector(InsufficientBond.selector, 0, DEPOSIT));
        _prove(r, bob, hers);
        // In front of hers, with a higher tip.
        _commit(r, bob, hers);
        _expectRefused(abi.encodeWithSelector(Unacceptable.selector, block.number, block.number - BLOCKS));
        _prove(r, bob, hers);
        _prove(r, alice, hers);
        _mine(BLOCKS);
        _expectRefused(abi.encodeWithSelector(Unacceptable.selector, 1_000 + BLOCKS, 1_000 + BLOCKS - 1));
        _prove(r, bob, hers);
        vm.warp(block.timestamp + WINDOW);
        market.tick(r, address(0), "");
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + PRICE);
        assertEq(market.balanceOf(NATIVE, bob), 1 ether);
        market.tick(r, bob, "");
        _assertFree();
    }

    // P2c: he even holds hers back, and proves first.
    function test_Attack_ThiefCensors() public {
        Request memory r = _entered(committed);
        bytes memory hers = _freeProof(r, alice);
        _commit(r, alice, hers);
        _mine(BLOCKS);
        _commit(r, bob, hers);
        _mine(BLOCKS);
        _prove(r, bob, hers);
        vm.warp(block.timestamp + WINDOW);
        _prove(r, alice, hers);
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + PRICE);
        assertEq(market.balanceOf(NATIVE, bob), 1 ether);
        _assertFree();
    }

    // P3: a commitment is for one request. With a verifier that ignores who proves what for whom, a proof is not: who commits to it
    // for another request with the same statement is paid there too, by design.
    function test_Attack_OneProofTwoRequests() public {
        Request memory r = _entered(committed);
        Request memory twin = request(committed);
        twin.statement = r.statement;
        opened(twin);
        bytes memory hers = _freeProof(r, alice);
        _commit(r, alice, hers);
        _mine(BLOCKS);
        _prove(r, alice, hers);
        _expectRefused(abi.encodeWithSelector(InsufficientBond.selector, 0, DEPOSIT));
        _prove(twin, alice, hers);
        _commit(twin, bob, hers);
        _mine(BLOCKS);
        _prove(twin, bob, hers);
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + PRICE);
        assertEq(market.balanceOf(NATIVE, bob), 1 ether + PRICE);
    }

    // A requester that sees the proof under way cannot have it for nothing.
    function test_Attack_RequesterTakesTheRequestBack() public {
        Request memory r = _entered(authored);
        vm.startPrank(requester);
        vm.expectPartialRevert(IMarket.BindingInstance.selector);
        market.cancel(r);
        vm.stopPrank();
    }

    // Not even by bidding itself, or by closing the race.
    function test_Attack_EarlyTicks() public {
        Request memory r = _entered(committed);
        _commit(r, alice, _freeProof(r, alice));
        vm.prank(requester);
        vm.expectPartialRevert(IMarket.MechanismFailed.selector);
        market.tick(r, alice, "");
        _mine(BLOCKS);
        _prove(r, alice, _freeProof(r, alice));
        vm.expectPartialRevert(IMarket.WrongStatus.selector);
        _prove(r, alice, _freeProof(r, alice));
    }

    // No commitment counts twice, and none is made after the first proof.
    function test_Attack_SecondCommitment() public {
        Request memory r = _entered(committed);
        _commit(r, alice, _freeProof(r, alice));
        _commit(r, bob, _freeProof(r, bob));
        _mine(BLOCKS);
        _prove(r, alice, _freeProof(r, alice));
        bytes memory again = _freeProof(r, carol);
        _expectRefused(abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
        this.commitFor(r, alice, again);
    }

    function commitFor(Request memory r, address prover, bytes memory proven) external {
        _commit(r, prover, proven);
    }

    function _expectRefused(bytes memory why) private {
        vm.expectRevert(abi.encodeWithSelector(IMarket.MechanismFailed.selector, address(race), why));
    }

    /// Nothing is held of anyone any more, and what the market holds is what it owes.
    function _assertFree() private view {
        address[3] memory all = [alice, bob, carol];
        uint256 owed = market.balanceOf(NATIVE, requester) + market.balanceOf(NATIVE, BURNED);
        owed += market.balanceOf(NATIVE, address(this)) + market.balanceOf(NATIVE, stranger);
        for (uint256 i; i < 3; ++i) {
            assertEq(market.ledgerOf(all[i]).locked, 0, "locked");
            assertEq(market.ledgerOf(all[i]).busy, 0, "busy");
            owed += market.balanceOf(NATIVE, all[i]) + market.ledgerOf(all[i]).stake;
        }
        assertEq(address(market).balance, owed, "conserved");
    }
}
