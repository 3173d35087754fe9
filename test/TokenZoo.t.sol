// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {IEscrow} from "../contracts/interfaces/IEscrow.sol";
import {IAnnex} from "../contracts/interfaces/IAnnex.sol";
import {IRequests} from "../contracts/interfaces/IRequests.sol";
import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {Fulfillment, Order} from "../contracts/types/Bid.sol";
import {Setup} from "../contracts/types/Instance.sol";
import {Offer} from "../contracts/types/Prover.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Declaration, ISupply, TokenOffer} from "../contracts/interfaces/ISupply.sol";
import {Base} from "./Base.t.sol";
import {BlockingToken, FeeToken, HookToken, LyingToken, RebasingToken, SilentToken, Token} from "./doubles/Tokens.sol";

/// Tokens that are not as they should be. Each harms at most those who hold it, and nobody's coins.
contract TokenZooTest is Base {
    uint256 private constant AMOUNT = 1_000_000;

    // E1
    function test_FeeToken_CreditsWhatArrives() public {
        FeeToken token = new FeeToken(3);
        _supply(token, requester);
        vm.startPrank(requester);
        vm.expectEmit(address(market));
        emit IEscrow.Deposited(address(token), requester, requester, 970_000);
        market.deposit(address(token), requester, AMOUNT);
        assertEq(market.balanceOf(address(token), requester), 970_000);
        market.withdraw(address(token), requester, 970_000);
        assertEq(token.balanceOf(address(market)), 0);
    }

    // E1: nothing arrives.
    function test_RevertWhen_FeeTakesAll() public {
        FeeToken token = new FeeToken(100);
        _supply(token, requester);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NothingDeposited.selector, address(token)));
        market.deposit(address(token), requester, AMOUNT);
    }

    // E6: USDT.
    function test_SilentToken() public {
        SilentToken token = new SilentToken();
        token.mint(requester, AMOUNT);
        vm.startPrank(requester);
        token.approve(address(market), AMOUNT);
        market.deposit(address(token), requester, AMOUNT);
        market.withdraw(address(token), alice, AMOUNT);
        assertEq(token.balanceOf(alice), AMOUNT);
        assertEq(market.balanceOf(address(token), requester), 0);
    }

    // E6: says no by returning false.
    function test_RevertWhen_TokenReturnsFalse() public {
        LyingToken token = new LyingToken();
        _deposit(token, requester);
        token.lie(LyingToken.Mood.ReturnsFalse);
        vm.startPrank(requester);
        vm.expectRevert(SafeTransferLib.TransferFromFailed.selector);
        market.deposit(address(token), requester, 1);
        vm.expectRevert(SafeTransferLib.TransferFailed.selector);
        market.withdraw(address(token), requester, 1);
        assertEq(market.balanceOf(address(token), requester), AMOUNT);
    }

    // E6: says yes and does nothing.
    function test_RevertWhen_TokenMovesNothing() public {
        LyingToken token = new LyingToken();
        _supply(token, requester);
        token.lie(LyingToken.Mood.MovesNothing);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NothingDeposited.selector, address(token)));
        market.deposit(address(token), requester, AMOUNT);
    }

    // E4: a blocked prover is paid all the same; only its own withdrawal fails, and it can name another recipient.
    function test_BlockingToken_HarmsOnlyItsOwnWithdrawal() public {
        BlockingToken token = new BlockingToken();
        Request memory r = _awarded(token);
        token.block_(alice);
        market.fulfill(fulfillment(r, alice));
        assertEq(market.balanceOf(address(token), alice), PRICE);

        vm.startPrank(alice);
        vm.expectRevert(SafeTransferLib.TransferFailed.selector);
        market.withdraw(address(token), alice, PRICE);
        market.withdraw(address(token), stranger, PRICE);
        assertEq(token.balanceOf(stranger), PRICE);
    }

    // E4: the market itself is blocked between award and settlement; E5: the token is paused.
    function test_BlockingToken_MarketBlockedOrPaused() public {
        BlockingToken token = new BlockingToken();
        Request memory r = _awarded(token);
        Request memory next = _awarded(token);
        token.block_(address(market));
        token.pause(true);

        market.fulfill(fulfillment(r, alice));
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
        vm.warp(stateOf(next).time + 1);
        market.expire(next);
        assertEq(uint8(statusOf(next)), uint8(Status.Closed));
        assertEq(market.balanceOf(address(token), requester), 1 ether - PRICE);

        vm.startPrank(requester);
        vm.expectRevert(SafeTransferLib.TransferFailed.selector);
        market.withdraw(address(token), requester, 1);
        market.withdraw(NATIVE, requester, 1 ether);
    }

    // E6: a token that refuses to move nothing does not stop a settlement that pays nothing.
    function test_BlockingToken_NothingToPay() public {
        BlockingToken token = new BlockingToken();
        uint32 instance = _instance(address(token));
        _accept(address(token), 0);
        Request memory r = request(instance);
        (r.token, r.maxPrice) = (address(token), 0);
        opened(r);
        bidAs(alice, r, 0);
        market.fulfill(fulfillment(r, alice));
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
    }

    // E2: who holds a token that shrinks loses by it; coins and other tokens are whole.
    function test_RebasingToken_HarmsItsHoldersOnly() public {
        RebasingToken token = new RebasingToken();
        Token other = new Token();
        _deposit(token, requester);
        _deposit(token, alice);
        _deposit(other, requester);
        token.halve(address(market));

        vm.prank(requester);
        market.withdraw(address(token), requester, AMOUNT);
        vm.prank(alice);
        vm.expectRevert(SafeTransferLib.TransferFailed.selector);
        market.withdraw(address(token), alice, AMOUNT);
        vm.startPrank(requester);
        market.withdraw(address(other), requester, AMOUNT);
        market.withdraw(NATIVE, requester, 100 ether);
    }

    // E3, G3, G4, I38: a token that calls every function while it moves is let into none that touches what is moving.
    function test_HookToken_IsLetInNowhere() public {
        HookToken token = new HookToken();
        _deposit(token, requester);
        bytes[] memory calls = _everyGuardedCall(address(token));
        token.plan(address(market), calls);

        vm.startPrank(requester);
        market.withdraw(address(token), requester, 10);
        _assertRefused(token, calls.length);
        token.plan(address(market), calls);
        token.approve(address(market), 10);
        market.deposit(address(token), requester, 10);
        _assertRefused(token, calls.length);
        assertEq(market.balanceOf(address(token), requester), AMOUNT);
        assertEq(token.balanceOf(address(market)), AMOUNT);
    }

    // E3: what it may do, as anyone may, changes nobody's balance.
    function test_HookToken_MayDeclareAndStakeItsOwn() public {
        HookToken token = new HookToken();
        _deposit(token, requester);
        _fund(address(token), 1 ether);
        bytes[] memory calls = new bytes[](4);
        calls[0] = abi.encodeCall(ISupply.declare, (declaration(1)));
        calls[1] = abi.encodeCall(ISupply.stake, (1 ether));
        calls[2] = abi.encodeCall(ISupply.unstake, (1 ether));
        calls[3] = abi.encodeCall(ISupply.finishUnstake, ());
        token.plan(address(market), calls);
        vm.prank(requester);
        market.withdraw(address(token), requester, 10);
        for (uint256 i; i < 3; ++i) {
            assertEq(token.outcomes(i), bytes4(0));
        }
        assertEq(token.outcomes(3), ISupply.TooEarly.selector);
        assertEq(market.balanceOf(address(token), requester), AMOUNT - 10);
        assertEq(market.balanceOf(NATIVE, address(token)), 0);
        (uint128 leaving,) = market.exitOf(address(token));
        assertEq(leaving, 1 ether);
    }

    /* MAKING THINGS */

    function _supply(Token token, address account) private {
        token.mint(account, AMOUNT);
        vm.prank(account);
        token.approve(address(market), AMOUNT);
    }

    function _deposit(Token token, address account) private {
        _supply(token, account);
        vm.prank(account);
        market.deposit(address(token), account, AMOUNT);
    }

    function _instance(address token) private returns (uint32) {
        Setup memory s = setup(address(posted), abi.encode(postedParams()), 0);
        s.token = token;
        return market.register(s, true);
    }

    function _accept(address token, uint88 floor) private {
        Declaration memory d = declaration(100);
        d.offers = new TokenOffer[](1);
        d.offers[0] = TokenOffer(token, Offer({accepted: true, floor: floor, bondLimit: 1 ether, throughput: 0}));
        vm.prank(alice);
        market.declare(d);
    }

    /// A request paid in `token`, awarded to Alice at its maximum price.
    function _awarded(BlockingToken token) private returns (Request memory r) {
        uint32 instance = _instance(address(token));
        _accept(address(token), 1);
        if (market.balanceOf(address(token), requester) == 0) {
            token.mint(requester, 1 ether);
            vm.startPrank(requester);
            token.approve(address(market), 1 ether);
            market.deposit(address(token), requester, 1 ether);
            vm.stopPrank();
        }
        r = request(instance);
        r.token = address(token);
        opened(r);
        bidAs(alice, r, 0);
    }

    function _everyGuardedCall(address token) private returns (bytes[] memory calls) {
        Request memory r = awarded(alice);
        Request memory idle = request(postedInstance);
        bytes32 id = market.idOf(r);
        Order[] memory orders = order(idle, bidFor(idle, alice, 0));
        Fulfillment[] memory items = fulfillment(r, alice);
        calls = new bytes[](17);
        calls[0] = abi.encodeCall(IEscrow.deposit, (token, address(token), 1));
        calls[1] = abi.encodeCall(IEscrow.depositWithPermit, (token, address(token), 1, 0, 0, "", ""));
        calls[2] = abi.encodeCall(IEscrow.withdraw, (token, address(token), 0));
        calls[3] = abi.encodeCall(IRequests.open, (idle, "", sign(requesterKey, market.idOf(idle))));
        idle.requester = token;
        calls[4] = abi.encodeCall(IRequests.cancel, (idle));
        calls[5] = abi.encodeCall(IRequests.replace, (idle, idle, ""));
        calls[6] = abi.encodeCall(IAnnex.bid, (orders));
        calls[7] = abi.encodeCall(IAnnex.tick, (r, alice, ""));
        calls[8] = abi.encodeCall(IRequests.fulfill, (items));
        calls[9] = abi.encodeCall(IAnnex.expire, (r));
        calls[10] = abi.encodeCall(IAnnex.reclaim, (r, alice));
        calls[11] = abi.encodeCall(IAnnex.peek, (r, alice, ""));
        calls[12] = abi.encodeCall(IEscrow.balanceOf, (token, requester));
        calls[13] = abi.encodeCall(IRequests.stateOf, (id));
        calls[14] = abi.encodeCall(IRequests.ticketOf, (id, alice));
        calls[15] = abi.encodeCall(IRequests.wordsOf, (id));
        calls[16] = abi.encodeCall(IRequests.sharedOf, (postedInstance));
    }

    function _assertRefused(HookToken token, uint256 count) private view {
        assertEq(token.outcomeCount(), count);
        for (uint256 i; i < count; ++i) {
            assertEq(token.outcomes(i), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        }
    }
}
