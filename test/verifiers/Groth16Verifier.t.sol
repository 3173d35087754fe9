// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VERIFIED} from "../../contracts/interfaces/IVerifier.sol";
import {Bn254} from "../../contracts/libraries/Bn254.sol";
import {Groth16} from "../../contracts/libraries/Groth16.sol";
import {Groth16Verifier} from "../../contracts/verifiers/Groth16Verifier.sol";
import {Fixtures} from "./Fixtures.sol";

/// Proofs, genuine and tampered with. Numbers V… are those of SECURITY.md.
contract Groth16VerifierTest is Fixtures {
    Set internal set;

    function setUp() public override {
        super.setUp();
        set = pow5();
        verifier.registerKey(set.verifyingKey);
    }

    function verify(bytes memory proof) internal view returns (bytes4) {
        return verifier.verify(set.statements[0], set.authors[0], proof);
    }

    function expect(bytes memory reason, bytes memory proof) internal {
        vm.expectRevert(reason);
        // An invalid point costs all the gas there is.
        this.tryVerify{gas: 1_000_000}(proof);
    }

    function tryVerify(bytes calldata proof) external view {
        verifier.verify(set.statements[0], set.authors[0], proof);
    }

    function test_GenuineProofs() public {
        Set memory other = circom();
        verifier.registerKey(other.verifyingKey);
        for (uint256 i; i < set.proofs.length; ++i) {
            assertEq(verifier.verify(set.statements[i], set.authors[i], set.proofs[i]), VERIFIED);
        }
        for (uint256 i; i < other.proofs.length; ++i) {
            assertEq(verifier.verify(other.statements[i], other.authors[i], other.proofs[i]), VERIFIED);
        }
    }

    function test_StatementOf() public view {
        uint256[] memory pinned = new uint256[](1);
        pinned[0] = 7;
        assertEq(verifier.statementOf(set.key, 0, pinned), set.statements[0]);
    }

    function test_Gas() public {
        uint256 gas = this.gasOf(set.statements[0], set.authors[0], set.proofs[0]);
        vm.snapshotValue("verifiers", "groth16_3_inputs", gas);
        assertLe(gas, 215_000);
    }

    /// The call alone: no intrinsic gas, no loading of fixtures.
    function gasOf(bytes32 statement, bytes32 author, bytes memory proof) external view returns (uint256 gas) {
        gas = gasleft();
        verifier.verify(statement, author, proof);
        gas -= gasleft();
    }

    /// The author is worth its 253 upper bits; anyone else's proof is refused.
    function test_RevertWhen_AuthorIsAnother() public {
        bytes32 author = set.authors[0];
        for (uint256 bit = 3; bit < 256; bit += 11) {
            bytes32 thief = author ^ bytes32(1 << bit);
            vm.expectRevert(abi.encodeWithSelector(Groth16Verifier.InvalidProof.selector, set.key));
            verifier.verify(set.statements[0], thief, set.proofs[0]);
        }
        vm.expectRevert(abi.encodeWithSelector(Groth16Verifier.InvalidProof.selector, set.key));
        verifier.verify(set.statements[0], set.authors[1], set.proofs[0]);
    }

    // V1
    function test_RevertWhen_AnInputIsAliased() public {
        bytes memory proof = set.proofs[0];
        for (uint256 i; i < 2; ++i) {
            uint256 value = wordAt(proof, INPUTS + i);
            for (uint256 k = 1; k <= (type(uint256).max - value) / R; ++k) {
                _refusesInput(i, value + k * R);
            }
            _refusesInput(i, R);
            _refusesInput(i, Q);
            _refusesInput(i, Q - 1);
            _refusesInput(i, type(uint256).max);
        }
    }

    // The statement follows the input, so that the field check itself is what refuses.
    function _refusesInput(uint256 index, uint256 value) internal {
        bytes memory proof = withWord(set.proofs[0], INPUTS + index, value);
        bytes32 statement = set.statements[0];
        if (index == 0) {
            vm.expectRevert();
            this.tryVerify(proof);
            uint256[] memory pinned = new uint256[](1);
            pinned[0] = value;
            statement = verifier.statementOf(set.key, 0, pinned);
        }
        vm.expectRevert(abi.encodeWithSelector(Groth16.InputNotInField.selector, index, value, R));
        verifier.verify(statement, set.authors[0], proof);
    }

    // V2
    function test_RevertWhen_LengthIsNotExact() public {
        bytes memory proof = set.proofs[0];
        uint256 want = proof.length;
        bytes memory lengthened = bytes.concat(proof, new bytes(32));
        assertEq(want, 32 * 13);
        for (uint256 length = 0; length <= lengthened.length; ++length) {
            if (length == want) continue;
            bytes memory cut = this.slice(lengthened, length);
            uint256 asked = length < 32 * INPUTS ? 32 * INPUTS : want;
            expect(abi.encodeWithSelector(Groth16Verifier.WrongLength.selector, length, asked), cut);
        }
    }

    function slice(bytes calldata data, uint256 length) external pure returns (bytes memory) {
        return data[:length];
    }

    // V3: A and B negated is the same proof in other bytes. The market's key is the request, not the proof.
    function test_NegatedProofIsValidToo() public view {
        bytes memory proof = set.proofs[0];
        bytes memory negated = proof;
        uint256[3] memory ys = [POINTS + 1, POINTS + 4, POINTS + 5];
        for (uint256 i; i < 3; ++i) {
            negated = withWord(negated, ys[i], Q - wordAt(proof, ys[i]));
        }
        assertNotEq(keccak256(negated), keccak256(proof));
        assertEq(verify(negated), VERIFIED);
    }

    // V4
    function test_RevertWhen_APointIsInfinity() public {
        bytes memory proof = set.proofs[0];
        uint256[4] memory starts = [uint256(0), 2, 6, 8];
        for (uint256 p; p < 3; ++p) {
            bytes memory without = proof;
            for (uint256 i = starts[p]; i < starts[p + 1]; ++i) {
                without = withWord(without, POINTS + i, 0);
            }
            expect(abi.encodeWithSelector(Groth16.PointAtInfinity.selector, starts[p]), without);
        }
        bytes memory none = proof;
        for (uint256 i; i < 8; ++i) {
            none = withWord(none, POINTS + i, 0);
        }
        expect(abi.encodeWithSelector(Groth16.PointAtInfinity.selector, 0), none);
    }

    function test_RevertWhen_ACoordinateIsGarbage() public {
        bytes memory proof = set.proofs[0];
        for (uint256 i = POINTS; i < POINTS + 8; ++i) {
            uint256 value = wordAt(proof, i);
            uint256[5] memory high = [Q, value + Q, value + 2 * Q, Q + 1, type(uint256).max];
            for (uint256 j; j < 5; ++j) {
                bytes memory reason = abi.encodeWithSelector(Bn254.NotInField.selector, high[j], Q);
                expect(reason, withWord(proof, i, high[j]));
            }
            // Canonical, but off the curve.
            uint256[4] memory low = [0, 1, Q - 1, addmod(value, 1, Q)];
            for (uint256 j; j < 4; ++j) {
                bytes memory reason = abi.encodeWithSelector(Bn254.PrecompileFailed.selector, 8);
                expect(reason, withWord(proof, i, low[j]));
            }
        }
    }

    function test_RevertWhen_BIsOutsideTheSubgroup() public {
        // On the twist, at x = 1.
        bytes memory proof = withWord(withWord(set.proofs[0], POINTS + 2, 0), POINTS + 3, 1);
        proof =
            withWord(proof, POINTS + 4, 5912654199736721486680175016176231956195085055698687135131307249486702594212);
        proof =
            withWord(proof, POINTS + 5, 18278151005453108793778860132295291098363647455926340152056652516292830556603);
        expect(abi.encodeWithSelector(Bn254.PrecompileFailed.selector, 8), proof);
    }

    function test_RevertWhen_PointsAreValidButProveNothing() public {
        bytes memory proof = set.proofs[0];
        bytes memory reason = abi.encodeWithSelector(Groth16Verifier.InvalidProof.selector, set.key);
        for (uint256 i = 1; i < 8; i += 6) {
            expect(reason, withWord(proof, POINTS + i, Q - wordAt(proof, POINTS + i)));
        }
        bytes memory swapped = withWord(proof, POINTS, wordAt(proof, POINTS + 6));
        swapped = withWord(swapped, POINTS + 1, wordAt(proof, POINTS + 7));
        expect(reason, swapped);
        expect(reason, withWord(withWord(proof, POINTS, 1), POINTS + 1, 2));
    }

    // V6
    function test_RevertWhen_AnyInputIsOffByOne() public {
        Set memory other = circom();
        verifier.registerKey(other.verifyingKey);
        _refusesNeighbours(set);
        _refusesNeighbours(other);
    }

    function _refusesNeighbours(Set memory s) internal {
        for (uint256 p; p < s.proofs.length; ++p) {
            for (uint256 i = INPUTS; i < INPUTS + 2; ++i) {
                uint256 value = wordAt(s.proofs[p], i);
                uint256[2] memory near = [addmod(value, 1, R), addmod(value, R - 1, R)];
                for (uint256 j; j < 2; ++j) {
                    bytes memory proof = withWord(s.proofs[p], i, near[j]);
                    assertFalse(accepts(s.statements[p], s.authors[p], proof), "with its own statement");
                    // With nothing pinned, so that the pairing is what refuses.
                    proof = withWord(withWord(proof, 1, 0), 2, 0);
                    bytes32 statement = verifier.statementOf(s.key, 0, new uint256[](0));
                    vm.expectRevert(abi.encodeWithSelector(Groth16Verifier.InvalidProof.selector, s.key));
                    verifier.verify(statement, s.authors[p], proof);
                }
            }
        }
    }

    function test_PinnedRange() public {
        bytes memory proof = set.proofs[0];
        (uint256 seed, uint256 output) = (wordAt(proof, INPUTS), wordAt(proof, INPUTS + 1));
        uint256[] memory one = new uint256[](1);
        one[0] = output;
        bytes32 pinsOutput = verifier.statementOf(set.key, 1, one);
        bytes memory ranged = withWord(proof, 1, 1);
        assertEq(verifier.verify(pinsOutput, set.authors[0], ranged), VERIFIED);
        uint256[] memory both = new uint256[](2);
        (both[0], both[1]) = (seed, output);
        bytes memory full = withWord(proof, 2, 2);
        assertEq(verifier.verify(verifier.statementOf(set.key, 0, both), set.authors[0], full), VERIFIED);
        // The same proof under a narrower or wider head is about another statement.
        expect(abi.encodeWithSelector(Groth16Verifier.WrongStatement.selector, pinsOutput, set.statements[0]), ranged);
    }

    function test_RevertWhen_PinnedRangeIsOutside() public {
        uint256[2][5] memory ranges = [
            [uint256(0), 3], [uint256(1), 2], [uint256(3), 0], [type(uint256).max, 2], [uint256(1), type(uint256).max]
        ];
        for (uint256 i; i < ranges.length; ++i) {
            (uint256 first, uint256 count) = (ranges[i][0], ranges[i][1]);
            bytes memory proof = withWord(withWord(set.proofs[0], 1, first), 2, count);
            expect(abi.encodeWithSelector(Groth16Verifier.PinnedOutOfRange.selector, first, count, 2), proof);
        }
    }

    function test_RevertWhen_KeyIsUnknown() public {
        bytes32 unknown = keccak256("unknown");
        bytes memory proof = withWord(set.proofs[0], 0, uint256(unknown));
        expect(abi.encodeWithSelector(Groth16Verifier.UnknownKey.selector, unknown), proof);
    }

    function testFuzz_RevertWhen_AnyBitIsFlipped(uint256 bit) public view {
        bytes memory proof = set.proofs[0];
        bit = bound(bit, 0, proof.length * 8 - 1);
        uint256 word = wordAt(proof, bit / 256);
        bytes memory flipped = withWord(proof, bit / 256, word ^ (1 << (bit % 256)));
        assertFalse(accepts(set.statements[0], set.authors[0], flipped));
    }

    function testFuzz_RevertWhen_ProofIsNoise(bytes calldata noise, bytes32 statement, bytes32 author) public view {
        assertFalse(accepts(statement, author, noise));
        assertFalse(accepts(set.statements[0], set.authors[0], bytes.concat(set.key, noise)));
    }
}
