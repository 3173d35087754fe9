// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {IEscrow} from "../contracts/interfaces/IEscrow.sol";
import {Request} from "../contracts/types/Request.sol";
import {Base} from "./Base.t.sol";
import {EvilWallet} from "./doubles/EvilWallet.sol";
import {SilentToken, Token} from "./doubles/Tokens.sol";

/// Money in and out: the native coin, honest tokens, permits.
contract EscrowTest is Base {
    Token internal token;

    function setUp() public override {
        super.setUp();
        token = new Token();
        token.mint(requester, 100);
        vm.prank(requester);
        token.approve(address(market), 100);
        vm.deal(stranger, 10 ether);
    }

    /* DEPOSIT */

    function test_Deposit_Native() public {
        uint256 held = address(market).balance;
        vm.expectEmit(address(market));
        emit IEscrow.Deposited(NATIVE, stranger, stranger, 3);
        vm.prank(stranger);
        market.deposit{value: 3}(NATIVE, stranger, 3);
        assertEq(market.balanceOf(NATIVE, stranger), 3);
        assertEq(address(market).balance, held + 3);
    }

    function test_Deposit_Token() public {
        vm.expectEmit(address(market));
        emit IEscrow.Deposited(address(token), requester, requester, 40);
        vm.prank(requester);
        market.deposit(address(token), requester, 40);
        assertEq(market.balanceOf(address(token), requester), 40);
        assertEq(token.balanceOf(address(market)), 40);
    }

    function test_Deposit_ForAnother() public {
        vm.startPrank(requester);
        market.deposit(address(token), alice, 40);
        market.deposit{value: 5}(NATIVE, stranger, 5);
        vm.stopPrank();
        assertEq(market.balanceOf(address(token), alice), 40);
        assertEq(market.balanceOf(address(token), requester), 0);
        assertEq(market.balanceOf(NATIVE, stranger), 5);
    }

    // E9: the value sent backs one deposit, exactly.
    function test_RevertWhen_ValueIsNotTheAmount() public {
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.WrongValue.selector, 2, 3));
        market.deposit{value: 2}(NATIVE, stranger, 3);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.WrongValue.selector, 4, 3));
        market.deposit{value: 4}(NATIVE, stranger, 3);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.WrongValue.selector, 3, 0));
        market.deposit{value: 3}(address(token), stranger, 3);
    }

    function test_RevertWhen_NothingIsDeposited() public {
        vm.startPrank(requester);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NothingDeposited.selector, NATIVE));
        market.deposit(NATIVE, requester, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NothingDeposited.selector, address(token)));
        market.deposit(address(token), requester, 0);
    }

    function test_RevertWhen_NobodyIsCredited() public {
        vm.startPrank(requester);
        vm.expectRevert(IEscrow.NoRecipient.selector);
        market.deposit(address(token), address(0), 1);
        vm.expectRevert(IEscrow.NoRecipient.selector);
        market.withdraw(NATIVE, address(0), 1);
    }

    function test_RevertWhen_AllowanceIsTooLow() public {
        vm.prank(requester);
        vm.expectRevert(SafeTransferLib.TransferFromFailed.selector);
        market.deposit(address(token), requester, 101);
    }

    function test_RevertWhen_TokenHasNoCode() public {
        vm.startPrank(requester);
        vm.expectRevert(SafeTransferLib.TransferFromFailed.selector);
        market.deposit(makeAddr("nothing"), requester, 1);
        vm.expectRevert();
        market.depositWithPermit(makeAddr("nothing"), requester, 1, block.timestamp, 27, "", "");
    }

    // E8: what is sent past the ledger changes nothing, and a plain transfer is refused.
    function test_Deposit_DonationsChangeNothing() public {
        vm.prank(stranger);
        (bool ok,) = address(market).call{value: 1}("");
        assertFalse(ok);

        vm.deal(address(market), address(market).balance + 1e24);
        token.mint(address(market), 1e24);
        vm.startPrank(requester);
        market.deposit(address(token), requester, 40);
        assertEq(market.balanceOf(address(token), requester), 40);
        market.withdraw(address(token), requester, 40);
        assertEq(token.balanceOf(requester), 100);
        vm.stopPrank();
        Request memory r = awarded(alice);
        market.fulfill(fulfillment(r, alice));
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + PRICE);
    }

    /* PERMIT */

    function test_Permit() public {
        (uint8 v, bytes32 r, bytes32 s) = _permit(70, block.timestamp);
        _unapprove();
        vm.prank(requester);
        market.depositWithPermit(address(token), alice, 70, block.timestamp, v, r, s);
        assertEq(market.balanceOf(address(token), alice), 70);
        assertEq(token.allowance(requester, address(market)), 0);
    }

    // E12: whoever uses a permit first does not make the deposit fail.
    function test_Permit_UsedByAnotherFirst() public {
        (uint8 v, bytes32 r, bytes32 s) = _permit(70, block.timestamp);
        _unapprove();
        vm.prank(stranger);
        token.permit(requester, address(market), 70, block.timestamp, v, r, s);
        vm.prank(requester);
        market.depositWithPermit(address(token), requester, 70, block.timestamp, v, r, s);
        assertEq(market.balanceOf(address(token), requester), 70);
    }

    function test_Permit_TokenWithoutPermits() public {
        SilentToken silent = new SilentToken();
        silent.mint(stranger, 9);
        vm.startPrank(stranger);
        silent.approve(address(market), 9);
        market.depositWithPermit(address(silent), stranger, 9, block.timestamp, 27, "", "");
        assertEq(market.balanceOf(address(silent), stranger), 9);
    }

    // P12: a permit spends its signer's tokens only when the signer sends.
    function test_RevertWhen_PermitIsAnothers() public {
        (uint8 v, bytes32 r, bytes32 s) = _permit(70, block.timestamp);
        _unapprove();
        vm.prank(stranger);
        vm.expectRevert(SafeTransferLib.TransferFromFailed.selector);
        market.depositWithPermit(address(token), stranger, 70, block.timestamp, v, r, s);
        assertEq(token.balanceOf(requester), 100);
    }

    function test_RevertWhen_PermitIsBadAndNothingAllowed() public {
        (uint8 v, bytes32 r, bytes32 s) = _permit(70, block.timestamp);
        _unapprove();
        vm.prank(requester);
        vm.expectRevert(SafeTransferLib.TransferFromFailed.selector);
        market.depositWithPermit(address(token), requester, 71, block.timestamp, v, r, s);
    }

    function test_RevertWhen_PermitIsForNative() public {
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.WrongValue.selector, 0, 1));
        market.depositWithPermit(NATIVE, requester, 1, block.timestamp, 27, "", "");
    }

    /* WITHDRAW */

    function test_Withdraw() public {
        vm.startPrank(requester);
        market.deposit(address(token), requester, 40);
        vm.expectEmit(address(market));
        emit IEscrow.Withdrawn(address(token), requester, stranger, 15);
        market.withdraw(address(token), stranger, 15);
        assertEq(market.balanceOf(address(token), requester), 25);
        assertEq(token.balanceOf(stranger), 15);

        uint256 before = stranger.balance;
        market.withdraw(NATIVE, stranger, 7);
        assertEq(stranger.balance, before + 7);
    }

    function test_RevertWhen_BalanceDoesNotCoverIt() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.InsufficientBalance.selector, NATIVE, stranger, 0, 1));
        market.withdraw(NATIVE, stranger, 1);

        vm.startPrank(requester);
        market.deposit(address(token), requester, 40);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.InsufficientBalance.selector, address(token), requester, 40, 41));
        market.withdraw(address(token), requester, 41);
    }

    // E14, E18: what a request locked cannot be withdrawn, nor what belongs to another token.
    function test_RevertWhen_LockedByARequest() public {
        vm.prank(stranger);
        market.deposit{value: PRICE}(NATIVE, stranger, PRICE);
        Request memory r = request(postedInstance);
        r.requester = stranger;
        opened(r);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.InsufficientBalance.selector, NATIVE, stranger, 0, 1));
        market.withdraw(NATIVE, stranger, 1);
    }

    // I11: exactly the amount leaves, to exactly where it is sent, from exactly one account.
    function testFuzz_Withdraw(uint96 deposited, uint96 withdrawn, bool native) public {
        deposited = uint96(bound(deposited, 1, type(uint96).max));
        address t = native ? NATIVE : address(token);
        address to = makeAddr("to");
        token.mint(stranger, deposited);
        vm.deal(stranger, deposited);
        vm.startPrank(stranger);
        token.approve(address(market), deposited);
        market.deposit{value: native ? deposited : 0}(t, stranger, deposited);
        uint256 held = _held(t);
        uint256 others = market.balanceOf(t, requester);

        if (withdrawn > deposited) {
            vm.expectRevert(
                abi.encodeWithSelector(IEscrow.InsufficientBalance.selector, t, stranger, deposited, withdrawn)
            );
            market.withdraw(t, to, withdrawn);
            withdrawn = 0;
        } else {
            market.withdraw(t, to, withdrawn);
        }
        assertEq(_held(t), held - withdrawn);
        assertEq(native ? to.balance : token.balanceOf(to), withdrawn);
        assertEq(market.balanceOf(t, stranger), deposited - withdrawn);
        assertEq(market.balanceOf(t, requester), others);
    }

    /* RECIPIENTS */

    // E13: a contract that takes no coins sends them elsewhere.
    function test_Withdraw_ByAContractToAnother() public {
        EvilWallet wallet = new EvilWallet();
        wallet.take(EvilWallet.Mood.Refuses);
        vm.prank(stranger);
        market.deposit{value: 5}(NATIVE, address(wallet), 5);

        bytes memory home = abi.encodeCall(IEscrow.withdraw, (NATIVE, address(wallet), 5));
        vm.expectRevert(SafeTransferLib.ETHTransferFailed.selector);
        wallet.execute(address(market), 0, home);
        wallet.execute(address(market), 0, abi.encodeCall(IEscrow.withdraw, (NATIVE, bob, 5)));
        assertEq(bob.balance, 1 ether + 5);
    }

    // E7: whoever refuses coins, burns all gas or returns a megabyte does it to its own withdrawal.
    function test_Withdraw_HostileRecipientHarmsItself() public {
        EvilWallet wallet = new EvilWallet();
        vm.prank(stranger);
        market.deposit{value: 5}(NATIVE, address(wallet), 5);
        bytes memory home = abi.encodeCall(IEscrow.withdraw, (NATIVE, address(wallet), 5));

        EvilWallet.Mood[3] memory moods = [EvilWallet.Mood.Refuses, EvilWallet.Mood.Reverts, EvilWallet.Mood.Burns];
        for (uint256 i; i < moods.length; ++i) {
            wallet.take(moods[i]);
            vm.expectRevert(SafeTransferLib.ETHTransferFailed.selector);
            wallet.execute{gas: 5_000_000}(address(market), 0, home);
            assertEq(market.balanceOf(NATIVE, address(wallet)), 5);
            vm.prank(requester);
            market.withdraw(NATIVE, requester, 1);
        }
    }

    // G3: a recipient cannot come back in to withdraw twice.
    function test_Withdraw_Reentrant() public {
        EvilWallet wallet = new EvilWallet();
        vm.prank(stranger);
        market.deposit{value: 5}(NATIVE, address(wallet), 5);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(IEscrow.withdraw, (NATIVE, address(wallet), 1));
        calls[1] = abi.encodeCall(IEscrow.deposit, (NATIVE, address(wallet), 0));
        wallet.plan(address(market), calls);
        wallet.take(EvilWallet.Mood.Calls);
        wallet.execute(address(market), 0, abi.encodeCall(IEscrow.withdraw, (NATIVE, address(wallet), 2)));
        assertEq(wallet.outcomes(0), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        assertEq(wallet.outcomes(1), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        assertEq(address(wallet).balance, 2);
        assertEq(market.balanceOf(NATIVE, address(wallet)), 3);
    }

    function _permit(uint256 amount, uint256 deadline) private view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 permit = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                requester,
                address(market),
                amount,
                token.nonces(requester),
                deadline
            )
        );
        return vm.sign(requesterKey, keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), permit)));
    }

    function _unapprove() private {
        vm.prank(requester);
        token.approve(address(market), 0);
    }

    function _held(address t) private view returns (uint256) {
        return t == NATIVE ? address(market).balance : token.balanceOf(address(market));
    }
}
