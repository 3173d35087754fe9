// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Convention, ForeignVerifier} from "../../contracts/libraries/ForeignVerifier.sol";
import {Oracle, Writer} from "../doubles/ForeignVerifiers.sol";

/// Which answers of foreign code are a yes. V10, V11 and V12 of SECURITY.md.
contract ForeignVerifierTest is Test {
    Oracle internal oracle;

    function setUp() public {
        oracle = new Oracle();
    }

    function ask(address target, Convention convention) external view {
        ForeignVerifier.requireCode(target);
        ForeignVerifier.requireYes(target, hex"12345678", convention);
    }

    function expect(bytes memory reason, bool reverts, bytes memory output, uint256 tail, Convention convention)
        internal
    {
        oracle.answer(reverts, output, tail);
        vm.expectRevert(reason);
        this.ask{gas: 10_000_000}(address(oracle), convention);
    }

    function wrongReturn(uint256 have, uint256 want) internal view returns (bytes memory) {
        return abi.encodeWithSelector(ForeignVerifier.WrongReturn.selector, address(oracle), have, want);
    }

    function notTrue(uint256 have) internal view returns (bytes memory) {
        return abi.encodeWithSelector(ForeignVerifier.NotTrue.selector, address(oracle), have);
    }

    // V10
    function test_RevertWhen_TargetHasNoCode() public {
        address[] memory targets = new address[](20);
        for (uint160 i; i <= 0x11; ++i) {
            targets[i] = address(i);
        }
        targets[18] = makeAddr("account");
        targets[19] = vm.computeCreate2Address(0, keccak256("never deployed"));
        for (uint256 i; i < targets.length; ++i) {
            for (uint8 convention; convention < 2; ++convention) {
                vm.expectRevert(abi.encodeWithSelector(ForeignVerifier.NoCode.selector, targets[i]));
                this.ask(targets[i], Convention(convention));
            }
        }
    }

    // V11
    function test_OnlySilenceIsYesWhereNoIsARevert() public {
        oracle.answer(false, "", 0);
        this.ask(address(oracle), Convention.Reverts);
        expect(wrongReturn(1, 0), false, hex"01", 0, Convention.Reverts);
        expect(wrongReturn(32, 0), false, abi.encode(true), 0, Convention.Reverts);
        expect(wrongReturn(32, 0), false, abi.encode(false), 0, Convention.Reverts);
        expect(wrongReturn(1_000_000, 0), false, "", 1_000_000, Convention.Reverts);
    }

    function test_OnlyTrueIsYesWhereNoIsFalse() public {
        oracle.answer(false, abi.encode(true), 0);
        this.ask(address(oracle), Convention.Returns);
        expect(wrongReturn(0, 32), false, "", 0, Convention.Returns);
        expect(wrongReturn(31, 32), false, new bytes(31), 0, Convention.Returns);
        expect(wrongReturn(33, 32), false, abi.encode(true), 1, Convention.Returns);
        expect(wrongReturn(64, 32), false, abi.encode(true, true), 0, Convention.Returns);
        expect(wrongReturn(1_000_032, 32), false, abi.encode(true), 1_000_000, Convention.Returns);
        expect(notTrue(0), false, abi.encode(false), 0, Convention.Returns);
        expect(notTrue(2), false, abi.encode(2), 0, Convention.Returns);
        expect(notTrue(1 << 255), false, abi.encode(1 << 255), 0, Convention.Returns);
        expect(notTrue(type(uint256).max), false, abi.encode(type(uint256).max), 0, Convention.Returns);
    }

    /// Those that say no either way, too; and what a revert carries does not matter.
    function test_ARevertIsNoUnderAnyConvention() public {
        bytes memory reason = abi.encodeWithSelector(ForeignVerifier.Reverted.selector, address(oracle));
        for (uint8 convention; convention < 2; ++convention) {
            expect(reason, true, "", 0, Convention(convention));
            expect(reason, true, abi.encode(true), 0, Convention(convention));
            expect(reason, true, "", 1_000_000, Convention(convention));
        }
    }

    /// A megabyte costs its maker, not the asker.
    function test_ReturnedBytesAreNotCopied() public {
        oracle.answer(true, "", 1_000_000);
        uint256 gas = gasleft();
        (bool ok,) = address(oracle).staticcall{gas: 5_000_000}("");
        uint256 made = gas - gasleft();
        assertFalse(ok);
        gas = gasleft();
        try this.ask{gas: 10_000_000}(address(oracle), Convention.Returns) {
            fail();
        } catch (bytes memory reason) {
            assertEq(reason, abi.encodeWithSelector(ForeignVerifier.Reverted.selector, address(oracle)));
        }
        // Making the megabyte is 2.2 million; copying it would be as much again.
        assertLt(gas - gasleft(), made + 100_000);
    }

    // V12
    function test_RevertWhen_TargetWrites() public {
        address writer = address(new Writer());
        (bool ok,) = writer.call("");
        assertTrue(ok, "it says yes where it may write");
        vm.expectRevert(abi.encodeWithSelector(ForeignVerifier.Reverted.selector, writer));
        this.ask{gas: 1_000_000}(writer, Convention.Returns);
    }
}
