// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {stdError} from "forge-std/StdError.sol";

import {IEscrow} from "../contracts/interfaces/IEscrow.sol";
import {Declaration, ISupply, MechanismChoice, TokenOffer, VerifierChoice} from "../contracts/interfaces/ISupply.sol";
import {ANY_MECHANISM, DRAINING, Ledger, Offer} from "../contracts/types/Prover.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// Provers: what they declare, and their stake.
contract SupplyTest is Base {
    /* DECLARE */

    function test_Declare_GivesANumberOnce() public {
        Declaration memory d = declaration(3);
        vm.startPrank(stranger);
        vm.expectEmit(address(market));
        emit ISupply.Declared(stranger, 3, d);
        market.declare(d);
        assertEq(market.ledgerOf(stranger).id, 3);
        assertEq(market.proverOf(3), stranger);
        d.concurrency = 9;
        market.declare(d);
        assertEq(market.ledgerOf(stranger).id, 3);
        assertEq(market.ledgerOf(stranger).concurrency, 9);
        assertEq(market.proverOf(4), address(0));
    }

    // What a declaration does not name stays.
    function test_Declare_OnlyWhatItNames() public {
        Declaration memory d = declaration(3);
        d.flags = 0;
        d.mechanisms = new MechanismChoice[](2);
        d.mechanisms[0] = MechanismChoice(address(dutch), true);
        d.mechanisms[1] = MechanismChoice(address(posted), true);
        d.verifiers = new VerifierChoice[](1);
        d.verifiers[0] = VerifierChoice(verifier, true);
        vm.startPrank(stranger);
        market.declare(d);

        d = Declaration(4, 0, new TokenOffer[](0), new MechanismChoice[](1), new VerifierChoice[](0));
        d.mechanisms[0] = MechanismChoice(address(dutch), false);
        market.declare(d);
        assertFalse(market.acceptsMechanism(stranger, address(dutch)));
        assertTrue(market.acceptsMechanism(stranger, address(posted)));
        assertTrue(market.acceptsVerifier(stranger, verifier));
        assertTrue(market.offerOf(stranger, NATIVE).accepted);
        d.flags = ANY_MECHANISM;
        market.declare(d);
        assertTrue(market.acceptsMechanism(stranger, address(dutch)));
    }

    function test_Declare_OffersPerToken() public {
        Declaration memory d = declaration(3);
        address token = makeAddr("token");
        d.offers[0] = TokenOffer(token, Offer({accepted: true, floor: 5, bondLimit: 6, throughput: 7}));
        vm.prank(alice);
        market.declare(d);
        Offer memory o = market.offerOf(alice, token);
        assertEq(abi.encode(o), abi.encode(d.offers[0].offer));
        assertEq(market.offerOf(alice, NATIVE).floor, 1);
        assertFalse(market.offerOf(bob, token).accepted);
    }

    function test_RevertWhen_FlagsAreUnknown() public {
        Declaration memory d = declaration(3);
        d.flags = 16;
        vm.expectRevert(abi.encodeWithSelector(ISupply.UnknownFlags.selector, 16, 15));
        market.declare(d);
    }

    // E15: declaring again loses and gains nothing.
    function test_Declare_KeepsStakeAndRecord() public {
        Request memory r = awarded(alice);
        market.fulfill(fulfillment(r, alice));
        awarded(alice);
        Ledger memory before = market.ledgerOf(alice);
        Declaration memory d = declaration(0);
        d.flags = DRAINING;
        vm.prank(alice);
        market.declare(d);
        Ledger memory now_ = market.ledgerOf(alice);
        assertEq(now_.stake, before.stake);
        assertEq(now_.locked, BOND);
        assertEq(now_.busy, 1);
        assertEq(now_.kept, 1);
        assertEq(now_.concurrency, 0);
    }

    /* STAKE */

    function test_Stake_MovesFreeBalance() public {
        uint256 held = address(market).balance;
        vm.expectEmit(address(market));
        emit ISupply.Staked(alice, 0.4 ether);
        vm.prank(alice);
        market.stake(0.4 ether);
        assertEq(market.balanceOf(NATIVE, alice), 0.6 ether);
        assertEq(market.ledgerOf(alice).stake, 10.4 ether);
        assertEq(address(market).balance, held);
    }

    function test_RevertWhen_StakerIsNoProver() public {
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(ISupply.NotAProver.selector, requester));
        market.stake(1);
    }

    function test_RevertWhen_BalanceDoesNotCoverTheStake() public {
        vm.prank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.InsufficientBalance.selector, NATIVE, alice, 1 ether, 1 ether + 1)
        );
        market.stake(1 ether + 1);
    }

    // E11: stake ends where its 80 bits end.
    function test_RevertWhen_StakeOverflows() public {
        _fund(alice, type(uint80).max);
        vm.startPrank(alice);
        market.stake(type(uint80).max - 10 ether);
        assertEq(market.ledgerOf(alice).stake, type(uint80).max);
        vm.expectRevert(stdError.arithmeticError);
        market.stake(1);
    }

    /* UNSTAKE */

    function test_Unstake_WaitsThenPays() public {
        vm.startPrank(alice);
        uint40 readyAt = uint40(block.timestamp + 31 days);
        vm.expectEmit(address(market));
        emit ISupply.Unstaking(alice, 4 ether, readyAt);
        market.unstake(4 ether);
        assertEq(market.ledgerOf(alice).stake, 6 ether);
        (uint128 amount, uint40 ready) = market.exitOf(alice);
        assertEq(amount, 4 ether);
        assertEq(ready, readyAt);

        vm.warp(readyAt - 1);
        vm.expectRevert(abi.encodeWithSelector(ISupply.TooEarly.selector, readyAt - 1, readyAt));
        market.finishUnstake();
        vm.warp(readyAt);
        vm.expectEmit(address(market));
        emit ISupply.Unstaked(alice, 4 ether);
        market.finishUnstake();
        assertEq(market.balanceOf(NATIVE, alice), 5 ether);
        vm.expectRevert(abi.encodeWithSelector(ISupply.NoUnstake.selector, alice));
        market.finishUnstake();
    }

    function test_Unstake_MoreWaitsAnew() public {
        vm.startPrank(alice);
        market.unstake(1 ether);
        vm.warp(block.timestamp + 31 days);
        market.unstake(2 ether);
        (uint128 amount, uint40 readyAt) = market.exitOf(alice);
        assertEq(amount, 3 ether);
        assertEq(readyAt, block.timestamp + 31 days);
        vm.expectRevert(abi.encodeWithSelector(ISupply.TooEarly.selector, block.timestamp, readyAt));
        market.finishUnstake();
    }

    // S1, I25: stake that an award holds does not leave, before or after the fault.
    function test_RevertWhen_UnstakingWhatIsLocked() public {
        Request memory r = awarded(alice);
        vm.startPrank(alice);
        uint80 spare = 10 ether - BOND;
        vm.expectRevert(abi.encodeWithSelector(ISupply.InsufficientStake.selector, alice, spare, spare + 1));
        market.unstake(spare + 1);
        market.unstake(spare);
        vm.warp(stateOf(r).time + 1);
        vm.expectRevert(abi.encodeWithSelector(ISupply.InsufficientStake.selector, alice, 0, 1));
        market.unstake(1);
        market.expire(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.ledgerOf(alice).stake, 0);
        assertEq(market.balanceOf(NATIVE, BURNED), BOND / 2);
    }

    // M16: stake that leaves backs nothing.
    function test_RevertWhen_BiddingWithStakeThatLeaves() public {
        vm.prank(alice);
        market.unstake(10 ether);
        Request memory r = request(postedInstance);
        opened(r);
        vm.expectRevert(abi.encodeWithSelector(ISupply.InsufficientStake.selector, alice, 0, BOND));
        this.bid(alice, r, 0);
    }

    function bid(address prover, Request memory r, uint88 price) external {
        bidAs(prover, r, price);
    }
}
