// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {IRequests} from "../contracts/interfaces/IRequests.sol";
import {IRegistry} from "../contracts/interfaces/IRegistry.sol";
import {VERIFIED} from "../contracts/interfaces/IVerifier.sol";
import {Setup} from "../contracts/types/Instance.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";
import {EvilVerifier} from "./doubles/EvilVerifier.sol";

/// The verifier registry, and what the market makes of a verifier's answer.
contract VerifiersTest is Base {
    EvilVerifier internal evil;
    uint32 internal entry;
    uint32 internal instance;

    function setUp() public override {
        super.setUp();
        evil = new EvilVerifier();
        entry = market.registerVerifier(address(evil), 100_000);
        Setup memory s = setup(address(posted), abi.encode(postedParams()), 0);
        s.verifiers = new uint32[](0);
        instance = market.register(s, true);
    }

    /* REGISTRY */

    function test_Register() public {
        vm.expectEmit(address(market));
        emit IRegistry.VerifierRegistered(entry + 1, address(evil), stranger, address(evil).codehash, 30_000);
        vm.prank(stranger);
        assertEq(market.registerVerifier(address(evil), 30_000), entry + 1);
        (address target, uint32 gas, bool frozen, bytes32 codehash, address registrar) = market.verifierOf(entry + 1);
        assertEq(target, address(evil));
        assertEq(gas, 30_000);
        assertFalse(frozen);
        assertEq(codehash, address(evil).codehash);
        assertEq(registrar, stranger);
    }

    function test_RevertWhen_GasIsOutOfRange() public {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.GasOutOfRange.selector, 29_999, 30_000, 10_000_000));
        market.registerVerifier(address(evil), 29_999);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.GasOutOfRange.selector, 10_000_001, 30_000, 10_000_000));
        market.registerVerifier(address(evil), 10_000_001);
        market.registerVerifier(address(evil), 10_000_000);
    }

    // V10: accounts without code, precompiles.
    function test_RevertWhen_TargetHasNoCode() public {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.NoCode.selector, requester));
        market.registerVerifier(requester, 100_000);
        for (uint160 i; i <= 0x11; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRegistry.NoCode.selector, address(i)));
            market.registerVerifier(address(i), 100_000);
        }
    }

    // V10, K5: code that its account can swap.
    function test_RevertWhen_TargetIsADelegation() public {
        vm.signAndAttachDelegation(address(nullVerifier), requesterKey);
        vm.prank(requester);
        market.declare(declaration(1));
        assertEq(requester.code, abi.encodePacked(hex"ef0100", address(nullVerifier)));
        vm.expectRevert(abi.encodeWithSelector(IRegistry.NoCode.selector, requester));
        market.registerVerifier(requester, 100_000);
    }

    // V9
    function test_Freeze() public {
        Request memory r = _request();
        vm.expectEmit(address(market));
        emit IRegistry.VerifierFrozen(entry);
        market.freezeVerifier(entry);
        (,, bool frozen,,) = market.verifierOf(entry);
        assertTrue(frozen);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.VerifierIsFrozen.selector, entry));
        market.open(r, "", "");
        vm.expectRevert(abi.encodeWithSelector(IRegistry.VerifierIsFrozen.selector, entry));
        market.freezeVerifier(entry);
        // The same code under a new number is another verifier.
        r.verifier = market.registerVerifier(address(evil), 100_000);
        opened(r);
    }

    function test_RevertWhen_FreezerIsNotTheRegistrar() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.NotOwner.selector, stranger, address(this)));
        market.freezeVerifier(entry);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownVerifier.selector, 99, entry));
        market.freezeVerifier(99);
    }

    /* ADMISSION */

    function test_RevertWhen_RequestNamesAnUnknownVerifier() public {
        Request memory r = _request();
        r.verifier = 0;
        vm.startPrank(requester);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownVerifier.selector, 0, entry));
        market.open(r, "", "");
        r.verifier = entry + 1;
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownVerifier.selector, entry + 1, entry));
        market.open(r, "", "");
    }

    function test_RevertWhen_InstanceDoesNotAdmitIt() public {
        Request memory r = request(postedInstance);
        r.verifier = entry;
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.VerifierNotAdmitted.selector, postedInstance, entry));
        market.open(r, "", "");
    }

    // V7, M20: an accepting verifier that an attacker registers settles nobody's request but those that name it.
    function test_RevertWhen_ProofIsJudgedByAnotherVerifier() public {
        Request memory r = awarded(alice);
        evil.answer(EvilVerifier.Mood.Returns, abi.encode(VERIFIED), 0);
        bytes32 id = market.idOf(r);
        r.verifier = entry;
        assertTrue(market.idOf(r) != id);
        vm.prank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.WrongStatus.selector, market.idOf(r), Status.None, Status.Awarded)
        );
        market.fulfill(fulfillment(r, alice));
    }

    /* ANSWERS */

    // V11: only the magic word, all of it and nothing but it, is a yes.
    function test_Answer_OnlyTheMagicWordIsYes() public {
        Request memory r = _awarded();
        bytes32 yes = bytes32(VERIFIED);
        _assertRefused(r, EvilVerifier.Mood.Returns, "", 0);
        _assertRefused(r, EvilVerifier.Mood.Returns, "", 32);
        _assertRefused(r, EvilVerifier.Mood.Returns, abi.encodePacked(VERIFIED), 0);
        _assertRefused(r, EvilVerifier.Mood.Returns, abi.encodePacked(VERIFIED), 27);
        _assertRefused(r, EvilVerifier.Mood.Returns, abi.encode(true), 0);
        _assertRefused(r, EvilVerifier.Mood.Returns, abi.encode(2), 0);
        _assertRefused(r, EvilVerifier.Mood.Returns, abi.encode(type(uint256).max), 0);
        _assertRefused(r, EvilVerifier.Mood.Returns, abi.encode(uint256(uint32(VERIFIED))), 0);
        _assertRefused(r, EvilVerifier.Mood.Returns, abi.encode(uint256(yes) | 1), 0);
        _assertRefused(r, EvilVerifier.Mood.Returns, abi.encode(yes), 1);
        _assertRefused(r, EvilVerifier.Mood.Returns, abi.encode(yes), 32);
        _assertRefused(r, EvilVerifier.Mood.Reverts, abi.encode(yes), 0);
        _assertRefused(r, EvilVerifier.Mood.Reverts, "", 0);
        _assertRefused(r, EvilVerifier.Mood.Burns, "", 0);

        evil.answer(EvilVerifier.Mood.Returns, abi.encode(yes), 0);
        market.fulfill(fulfillment(r, alice));
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
    }

    // V11, G2: a megabyte, returned or reverted with, is neither a yes nor paid for by the rest of the batch.
    function test_Answer_FloodsAreCut() public {
        entry = market.registerVerifier(address(evil), 10_000_000);
        Request memory r = _awarded();
        EvilVerifier.Mood[2] memory moods = [EvilVerifier.Mood.Returns, EvilVerifier.Mood.Reverts];
        for (uint256 i; i < moods.length; ++i) {
            evil.answer(moods[i], abi.encode(VERIFIED), 1_000_000);
            try market.fulfill(fulfillment(r, alice)) {
                fail();
            } catch (bytes memory why) {
                assertEq(bytes4(why), IMarket.ProofRefused.selector);
                assertLt(why.length, 1_300);
            }
        }
    }

    // V12: a verifier can neither write nor call the market.
    function test_Answer_VerifierCannotWrite() public {
        Request memory r = _awarded();
        _assertRefused(r, EvilVerifier.Mood.Writes, "", 0);
        evil.reenter(address(market), abi.encodeCall(IRequests.fulfill, (fulfillment(r, alice))));
        _assertRefusedNow(r);
        evil.reenter(address(market), abi.encodeCall(IRegistry.freezeVerifier, (entry)));
        _assertRefusedNow(r);
        // It reads nothing that is in motion either (G4).
        evil.reenter(address(market), abi.encodeCall(IRequests.stateOf, (market.idOf(r))));
        _assertRefusedNow(r);
    }

    // G6: other code at the address of a verifier is not that verifier.
    function test_RevertWhen_CodeChanged() public {
        Request memory r = _awarded();
        evil.answer(EvilVerifier.Mood.Returns, abi.encode(VERIFIED), 0);
        bytes32 want = address(evil).codehash;
        vm.etch(address(evil), address(nullVerifier).code);
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.CodeChanged.selector, address(evil), address(evil).codehash, want)
        );
        market.fulfill(fulfillment(r, alice));
        vm.etch(address(evil), "");
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.CodeChanged.selector, address(evil), address(evil).codehash, want)
        );
        market.fulfill(fulfillment(r, alice));
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    // I18: a verifier gets what its entry says, whatever the caller brings.
    function test_Answer_GasIsCapped() public {
        Request memory r = _awarded();
        evil.answer(EvilVerifier.Mood.Burns, "", 0);
        _assertRefusedNow(r);
        assertLt(vm.lastCallGas().gasTotalUsed, 300_000);
    }

    function _request() private returns (Request memory r) {
        r = request(instance);
        r.verifier = entry;
    }

    function _awarded() private returns (Request memory r) {
        r = _request();
        opened(r);
        bidAs(alice, r, 0);
    }

    function _assertRefused(Request memory r, EvilVerifier.Mood mood, bytes memory output, uint256 tail) private {
        evil.answer(mood, output, tail);
        _assertRefusedNow(r);
    }

    function _assertRefusedNow(Request memory r) private {
        vm.expectPartialRevert(IMarket.ProofRefused.selector);
        market.fulfill(fulfillment(r, alice));
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }
}
