// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {VERIFIED} from "../../contracts/interfaces/IVerifier.sol";
import {Claim} from "../../contracts/libraries/Claim.sol";
import {Convention, ForeignVerifier} from "../../contracts/libraries/ForeignVerifier.sol";
import {ProgramVerifier} from "../../contracts/verifiers/ProgramVerifier.sol";
import {RiscZeroVerifier} from "../../contracts/verifiers/RiscZeroVerifier.sol";
import {SP1Verifier} from "../../contracts/verifiers/SP1Verifier.sol";
import {Oracle} from "../doubles/ForeignVerifiers.sol";

/// zkVM proofs: what is pinned, who is the author, and what the target is asked.
contract ProgramVerifiersTest is Test {
    bytes32 internal constant PROGRAM = keccak256("program");
    bytes32 internal constant AUTHOR = keccak256("author");
    bytes internal constant SEAL = hex"5ea15ea1";

    Oracle internal oracle;
    ProgramVerifier internal risc;
    ProgramVerifier internal sp1;

    function setUp() public {
        oracle = new Oracle();
        risc = new RiscZeroVerifier(address(oracle), Convention.Reverts);
        sp1 = new SP1Verifier(address(oracle), Convention.Reverts);
    }

    function pack(uint8 flags, uint256 pinned, bytes memory output) internal pure returns (bytes memory) {
        return abi.encodePacked(PROGRAM, flags, uint32(pinned), uint32(output.length), output, SEAL);
    }

    function expect(bytes memory reason, bytes32 statement, bytes memory proof) internal {
        vm.expectRevert(reason);
        risc.verify(statement, AUTHOR, proof);
    }

    function test_AsksRiscZero() public {
        bytes memory journal = abi.encode("journal");
        bytes memory question = abi.encodeWithSignature("verify(bytes,bytes32,bytes32)", SEAL, PROGRAM, sha256(journal));
        oracle.onlyTo(question);
        bytes32 statement = risc.statementOf(PROGRAM, Claim.EXACT, journal);
        bytes memory proof = pack(Claim.EXACT, journal.length, journal);
        assertEq(risc.verify(statement, AUTHOR, proof), VERIFIED);
        vm.expectRevert(abi.encodeWithSelector(ForeignVerifier.Reverted.selector, address(oracle)));
        risc.verify(statement, AUTHOR, bytes.concat(proof, hex"00"));
    }

    function test_AsksSP1() public {
        bytes memory values = abi.encode("public values");
        oracle.onlyTo(abi.encodeWithSignature("verifyProof(bytes32,bytes,bytes)", PROGRAM, values, SEAL));
        bytes32 statement = sp1.statementOf(PROGRAM, 0, "");
        assertEq(sp1.verify(statement, AUTHOR, pack(0, 0, values)), VERIFIED);
        bytes memory other = abi.encode("other values");
        vm.expectRevert(abi.encodeWithSelector(ForeignVerifier.Reverted.selector, address(oracle)));
        sp1.verify(statement, AUTHOR, pack(0, 0, other));
    }

    function test_PinnedFreeAndBound() public view {
        for (uint8 flags; flags < 4; ++flags) {
            bytes memory start = flags & Claim.BOUND == 0 ? bytes("") : abi.encodePacked(AUTHOR);
            bytes memory end = flags & Claim.EXACT == 0 ? bytes("free") : bytes("");
            bytes memory output = bytes.concat(start, "pinned", end);
            bytes32 statement = risc.statementOf(PROGRAM, flags, "pinned");
            assertEq(risc.verify(statement, AUTHOR, pack(flags, 6, output)), VERIFIED);
        }
    }

    function test_RevertWhen_ClaimDiffers() public {
        bytes32 statement = risc.statementOf(PROGRAM, 0, "pinned");
        bytes32[4] memory others = [
            risc.statementOf(PROGRAM, 0, "pinneD"),
            risc.statementOf(PROGRAM, Claim.EXACT, "pinned"),
            risc.statementOf(PROGRAM, 0, "pinne"),
            risc.statementOf(bytes32(uint256(PROGRAM) + 1), 0, "pinned")
        ];
        bytes memory proof = pack(0, 6, "pinned");
        assertEq(risc.verify(statement, AUTHOR, proof), VERIFIED);
        for (uint256 i; i < others.length; ++i) {
            expect(abi.encodeWithSelector(Claim.WrongStatement.selector, statement, others[i]), others[i], proof);
        }
        // Nothing after the pinned bytes may pass for a part of them, nor less for all of them.
        expect(
            abi.encodeWithSelector(Claim.WrongStatement.selector, others[2], statement), statement, pack(0, 5, "pinned")
        );
    }

    function test_RevertWhen_AuthorIsAnother() public {
        bytes32 statement = risc.statementOf(PROGRAM, Claim.BOUND, "");
        bytes32 thief = keccak256("thief");
        bytes memory proof = pack(Claim.BOUND, 0, abi.encodePacked(thief));
        expect(abi.encodeWithSelector(Claim.WrongAuthor.selector, thief, AUTHOR), statement, proof);
        assertEq(risc.verify(statement, thief, proof), VERIFIED);
    }

    function test_RevertWhen_LengthsDisagree() public {
        bytes32 statement = risc.statementOf(PROGRAM, Claim.EXACT, "pinned");
        bytes memory long = pack(Claim.EXACT, 6, "pinned and more");
        expect(abi.encodeWithSelector(Claim.WrongOutputLength.selector, 15, 6), statement, long);
        expect(abi.encodeWithSelector(Claim.WrongOutputLength.selector, 5, 6), statement, pack(0, 6, "short"));
        bytes memory bound = pack(Claim.BOUND, 0, new bytes(31));
        expect(abi.encodeWithSelector(Claim.WrongOutputLength.selector, 31, 32), statement, bound);
        bytes memory huge = abi.encodePacked(PROGRAM, uint8(3), type(uint32).max, uint32(0));
        expect(
            abi.encodeWithSelector(Claim.WrongOutputLength.selector, 0, 32 + uint256(type(uint32).max)), statement, huge
        );
        bytes memory cut = abi.encodePacked(PROGRAM, uint8(0), uint32(0), uint32(7), "output");
        expect(abi.encodeWithSelector(Claim.TooShort.selector, 47, 48), statement, cut);
        for (uint256 length; length < 41; ++length) {
            expect(abi.encodeWithSelector(Claim.TooShort.selector, length, 41), statement, new bytes(length));
        }
    }

    function test_RevertWhen_FlagIsUnknown() public {
        for (uint256 bit = 2; bit < 8; ++bit) {
            uint8 flags = uint8(1 << bit);
            expect(abi.encodeWithSelector(Claim.UnknownFlags.selector, flags, 3), bytes32(0), pack(flags, 0, ""));
        }
    }

    function test_RevertWhen_TargetSaysNo() public {
        bytes32 statement = risc.statementOf(PROGRAM, 0, "");
        oracle.answer(true, "", 0);
        expect(abi.encodeWithSelector(ForeignVerifier.Reverted.selector, address(oracle)), statement, pack(0, 0, ""));
        // A bool where silence was agreed, and the other way round.
        oracle.answer(false, abi.encode(true), 0);
        bytes memory reason = abi.encodeWithSelector(ForeignVerifier.WrongReturn.selector, address(oracle), 32, 0);
        expect(reason, statement, pack(0, 0, ""));
        ProgramVerifier other = new SP1Verifier(address(oracle), Convention.Returns);
        assertEq(other.verify(statement, AUTHOR, pack(0, 0, "")), VERIFIED);
        oracle.answer(false, abi.encode(false), 0);
        vm.expectRevert(abi.encodeWithSelector(ForeignVerifier.NotTrue.selector, address(oracle), 0));
        other.verify(statement, AUTHOR, pack(0, 0, ""));
    }

    function test_RevertWhen_TargetHasNoCode() public {
        address[3] memory targets = [address(0), address(4), makeAddr("account")];
        for (uint256 i; i < targets.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ForeignVerifier.NoCode.selector, targets[i]));
            new RiscZeroVerifier(targets[i], Convention.Reverts);
            vm.expectRevert(abi.encodeWithSelector(ForeignVerifier.NoCode.selector, targets[i]));
            new SP1Verifier(targets[i], Convention.Returns);
        }
    }

    function test_RevertWhen_TargetsCodeChanged() public {
        bytes32 want = address(oracle).codehash;
        bytes32 statement = risc.statementOf(PROGRAM, 0, "");
        vm.etch(address(oracle), hex"00");
        bytes memory reason =
            abi.encodeWithSelector(ForeignVerifier.CodeChanged.selector, address(oracle), keccak256(hex"00"), want);
        expect(reason, statement, pack(0, 0, ""));
        vm.etch(address(oracle), "");
        expect(abi.encodeWithSelector(ForeignVerifier.NoCode.selector, address(oracle)), statement, pack(0, 0, ""));
    }

    /// Whatever passes shows exactly what the statement pins.
    function testFuzz_AcceptedProofsShowTheStatement(bytes calldata noise, uint8 flags, bytes calldata pinned)
        public
        view
    {
        flags &= 3;
        bytes32 statement = risc.statementOf(PROGRAM, flags, pinned);
        bytes memory proof = abi.encodePacked(PROGRAM, flags, uint32(pinned.length), noise);
        try risc.verify(statement, AUTHOR, proof) returns (bytes4 answer) {
            assertEq(answer, VERIFIED);
            bytes memory start = flags & Claim.BOUND == 0 ? bytes("") : abi.encodePacked(AUTHOR);
            start = bytes.concat(start, pinned);
            assertEq(keccak256(noise[4:4 + start.length]), keccak256(start));
        } catch {}
    }
}
