// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SSTORE2} from "solady/utils/SSTORE2.sol";

import {Bn254} from "../../contracts/libraries/Bn254.sol";
import {Groth16, VerifyingKey} from "../../contracts/libraries/Groth16.sol";
import {Groth16Verifier} from "../../contracts/verifiers/Groth16Verifier.sol";
import {Fixtures} from "./Fixtures.sol";

/// What may be registered as a verification key.
contract Groth16KeysTest is Fixtures {
    VerifyingKey internal key;

    function setUp() public override {
        super.setUp();
        key = pow5().verifyingKey;
    }

    function expect(bytes memory reason, VerifyingKey memory bad) internal {
        vm.expectRevert(reason);
        // An invalid point costs all the gas there is.
        verifier.registerKey{gas: 1_000_000}(bad);
        assertFalse(verifier.isRegistered(verifier.keyOf(bad)));
    }

    function test_Register() public {
        bytes32 name = pow5().key;
        assertEq(verifier.keyOf(key), name, "as the backend computes it");
        assertFalse(verifier.isRegistered(name));
        vm.expectEmit(address(verifier));
        emit Groth16Verifier.KeyRegistered(name, 3, 1);
        assertEq(verifier.registerKey(key), name);
        assertTrue(verifier.isRegistered(name));
        (uint256 inputs, uint256 author) = verifier.inputsOf(name);
        assertEq(inputs, 3);
        assertEq(author, 1);
    }

    function test_RegisterAgainDoesNothing() public {
        verifier.registerKey(key);
        vm.recordLogs();
        assertEq(verifier.registerKey(key), pow5().key);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_RevertWhen_InputsOfUnknownKey() public {
        vm.expectRevert(abi.encodeWithSelector(Groth16Verifier.UnknownKey.selector, bytes32(uint256(1))));
        verifier.inputsOf(bytes32(uint256(1)));
    }

    /// The author's place is part of the key's name: nobody can register it in another meaning.
    function test_AuthorIsPartOfTheName() public {
        bytes32 name = verifier.registerKey(key);
        key.author = 0;
        assertNotEq(verifier.registerKey(key), name);
    }

    /// A circuit without public inputs, and the largest.
    function test_EndsOfTheRange() public {
        uint256[2] memory point = key.ic[0];
        key.author = 0;
        key.ic = new uint256[2][](1);
        key.ic[0] = point;
        (uint256 inputs,) = verifier.inputsOf(verifier.registerKey(key));
        assertEq(inputs, 0);
        key.ic = new uint256[2][](256);
        for (uint256 i; i < 256; ++i) {
            key.ic[i] = point;
        }
        key.author = 255;
        uint256 author;
        (inputs, author) = verifier.inputsOf(verifier.registerKey(key));
        assertEq(inputs, 255);
        assertEq(author, 255);
    }

    function test_RevertWhen_NumberOfPointsIsWrong() public {
        VerifyingKey memory bad = key;
        bad.ic = new uint256[2][](0);
        expect(abi.encodeWithSelector(Groth16.WrongPoints.selector, 0, 1, 256), bad);
        bad.ic = new uint256[2][](257);
        expect(abi.encodeWithSelector(Groth16.WrongPoints.selector, 257, 1, 256), bad);
    }

    function test_RevertWhen_AuthorIsNoInput() public {
        VerifyingKey memory bad = key;
        bad.author = 4;
        expect(abi.encodeWithSelector(Groth16.WrongAuthor.selector, 4, 3), bad);
        bad.author = type(uint256).max;
        expect(abi.encodeWithSelector(Groth16.WrongAuthor.selector, type(uint256).max, 3), bad);
    }

    function test_RevertWhen_APointOfG1IsOffTheCurve() public {
        for (uint256 i; i < 5; ++i) {
            // A copy for every turn.
            VerifyingKey memory bad = key;
            uint256[2] memory point = i == 0 ? bad.alpha : bad.ic[i - 1];
            (uint256 x, uint256 y) = (point[0], point[1]);
            point[1] = Q - 1;
            expect(abi.encodeWithSelector(Bn254.NotOnCurve.selector, x, Q - 1), bad);
            point[1] = y + Q;
            expect(abi.encodeWithSelector(Bn254.NotInField.selector, y + Q, Q), bad);
            (point[0], point[1]) = (x + Q, y);
            expect(abi.encodeWithSelector(Bn254.NotInField.selector, x + Q, Q), bad);
            // Infinity: an input without a point is an input without a meaning.
            (point[0], point[1]) = (0, 0);
            expect(abi.encodeWithSelector(Bn254.NotOnCurve.selector, 0, 0), bad);
        }
    }

    function test_RevertWhen_APointOfG2IsInvalid() public {
        for (uint256 i; i < 3; ++i) {
            VerifyingKey memory bad = key;
            uint256[4] memory point = i == 0 ? bad.beta : i == 1 ? bad.gamma : bad.delta;
            uint256 y = point[3];
            for (uint256 j; j < 4; ++j) {
                uint256 value = point[j];
                point[j] = addmod(value, 1, Q);
                expect(abi.encodeWithSelector(Bn254.PrecompileFailed.selector, 8), bad);
                point[j] = value;
            }
            point[3] = y + Q;
            expect(abi.encodeWithSelector(Bn254.PrecompileFailed.selector, 8), bad);
            // On the twist, outside the subgroup.
            (point[0], point[1]) = (0, 1);
            point[2] = 5912654199736721486680175016176231956195085055698687135131307249486702594212;
            point[3] = 18278151005453108793778860132295291098363647455926340152056652516292830556603;
            expect(abi.encodeWithSelector(Bn254.PrecompileFailed.selector, 8), bad);
            (point[0], point[1], point[2], point[3]) = (0, 0, 0, 0);
            expect(abi.encodeWithSelector(Groth16.PointAtInfinity.selector, i), bad);
        }
    }

    function test_RevertWhen_SetupWasNeverRun() public {
        VerifyingKey memory bad = key;
        bad.alpha = [uint256(1), 2];
        expect(abi.encodeWithSelector(Groth16.SetupMissing.selector, bytes32("alpha")), bad);
        bad.alpha = [uint256(1), Q - 2];
        expect(abi.encodeWithSelector(Groth16.SetupMissing.selector, bytes32("alpha")), bad);
        bad = key;
        bad.beta = generator(false);
        expect(abi.encodeWithSelector(Groth16.SetupMissing.selector, bytes32("beta")), bad);
        bad = key;
        bad.delta = generator(false);
        expect(abi.encodeWithSelector(Groth16.SetupMissing.selector, bytes32("delta")), bad);
        bad.delta = generator(true);
        expect(abi.encodeWithSelector(Groth16.SetupMissing.selector, bytes32("delta")), bad);
    }

    /// Every circom setup has it so.
    function test_GammaMayBeTheGenerator() public {
        VerifyingKey memory fine = circom().verifyingKey;
        assertEq(abi.encode(fine.gamma), abi.encode(generator(false)));
        verifier.registerKey(fine);
    }

    // V5
    function test_RevertWhen_PointsAreRelated() public {
        for (uint256 sign; sign < 2; ++sign) {
            VerifyingKey memory bad = key;
            bad.delta = signed(bad.gamma, sign);
            expect(abi.encodeWithSelector(Groth16.RelatedPoints.selector, bytes32("gamma"), bytes32("delta")), bad);
            bad = key;
            bad.delta = signed(bad.beta, sign);
            expect(abi.encodeWithSelector(Groth16.RelatedPoints.selector, bytes32("beta"), bytes32("delta")), bad);
            bad = key;
            bad.gamma = signed(bad.beta, sign);
            expect(abi.encodeWithSelector(Groth16.RelatedPoints.selector, bytes32("beta"), bytes32("gamma")), bad);
        }
    }

    // V5: what the checks are for. Without them the key is stored, and A = alpha, B = beta, C = ∓sum proves anything.
    function test_RelatedPointsWouldForge() public {
        for (uint256 sign; sign < 2; ++sign) {
            VerifyingKey memory bad = key;
            bad.delta = signed(bad.gamma, sign);
            // One public input, worth 0: the sum is the constant's point.
            bad.author = 0;
            bad.ic = new uint256[2][](2);
            (bad.ic[0], bad.ic[1]) = (key.ic[0], key.ic[1]);
            uint256 y = sign == 0 ? Q - bad.ic[0][1] : bad.ic[0][1];
            bytes memory points = abi.encode(bad.alpha, bad.beta, bad.ic[0][0], y);
            address stored = SSTORE2.write(Groth16.pack(bad));
            assertTrue(this.holds(stored, points, new uint256[](1)));
            uint256[] memory other = new uint256[](1);
            other[0] = 1;
            assertFalse(this.holds(stored, points, other));
        }
    }

    function holds(address stored, bytes calldata points, uint256[] calldata inputs) external view returns (bool) {
        return Groth16.holds(stored, points, inputs, 0);
    }

    function generator(bool negative) internal pure returns (uint256[4] memory) {
        return signed([Bn254.G2_X1, Bn254.G2_X0, Bn254.G2_Y1, Bn254.G2_Y0], negative ? 1 : 0);
    }

    function signed(uint256[4] memory p, uint256 sign) internal pure returns (uint256[4] memory) {
        return sign == 0 ? [p[0], p[1], p[2], p[3]] : [p[0], p[1], Q - p[2], Q - p[3]];
    }
}
