// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {IVerifier, VERIFIED} from "../interfaces/IVerifier.sol";
import {Groth16, VerifyingKey} from "../libraries/Groth16.sol";
import {Words} from "../libraries/Words.sol";

/// Groth16 over BN254, for any verification key. Anyone registers a key, once; it has no owner and never changes.
///
/// A statement pins a key and a range of its public inputs; the others are free and come with the proof:
///
///     statement = keccak256(abi.encode(bytes32 key, uint256 first, uint256[] pinned))
///
/// Inputs are counted from 0 and without the author's. circom puts a circuit's outputs before its inputs, so a
/// requester that wants to learn one output pins from 1.
///
/// If the key says which public input carries the author, its value is `uint256(author) >> 3` (253 bits, always in the
/// field), and a copied proof is worthless to anyone else. The proof does not carry it.
///
/// A proof is packed words, nothing before, between or after:
///
///     key | first | number pinned | A.x A.y | B.x imaginary, real | B.y imaginary, real | C.x C.y | inputs …
///
/// Groth16 proofs can be re-randomised by anyone: two different proofs of one statement are both valid.
contract Groth16Verifier is IVerifier {
    using Groth16 for VerifyingKey;

    event KeyRegistered(bytes32 indexed key, uint256 inputs, uint256 author);

    /// @notice No such key was registered.
    error UnknownKey(bytes32 key);
    /// @notice The proof is not exactly as many bytes as its key asks for; shorter than the head, `want` is the head.
    error WrongLength(uint256 have, uint256 want);
    /// @notice The pinned range ends behind the last input.
    error PinnedOutOfRange(uint256 first, uint256 pinned, uint256 inputs);
    /// @notice The proof is about another statement.
    error WrongStatement(bytes32 have, bytes32 want);
    /// @notice Well-formed, but it proves nothing.
    error InvalidProof(bytes32 key);

    uint256 private constant POINTS = 96;
    uint256 private constant INPUTS = POINTS + Groth16.POINTS_LENGTH;

    /// @notice Registers a key after checking it; does nothing if it is registered already.
    /// @return key the name of the key in statements and proofs.
    function registerKey(VerifyingKey calldata verifyingKey) external returns (bytes32 key) {
        key = keyOf(verifyingKey);
        if (isRegistered(key)) return key;
        VerifyingKey memory copy = verifyingKey;
        copy.check();
        SSTORE2.writeDeterministic(copy.pack(), key);
        emit KeyRegistered(key, copy.ic.length - 1, copy.author);
    }

    /// @inheritdoc IVerifier
    function verify(bytes32 statement, bytes32 author, bytes calldata proof) external view returns (bytes4) {
        require(INPUTS <= proof.length, WrongLength(proof.length, INPUTS));
        bytes32 key = bytes32(proof[:32]);
        address stored = SSTORE2.predictDeterministicAddress(key);
        _requireLength(key, stored, proof.length);
        uint256[] calldata inputs = Words.from(proof, INPUTS);
        bytes32 have = _statement(key, uint256(bytes32(proof[32:64])), uint256(bytes32(proof[64:96])), inputs);
        require(have == statement, WrongStatement(have, statement));
        require(Groth16.holds(stored, proof[POINTS:INPUTS], inputs, uint256(author) >> 3), InvalidProof(key));
        return VERIFIED;
    }

    /// @notice The name under which a key is or would be registered.
    function keyOf(VerifyingKey calldata verifyingKey) public pure returns (bytes32) {
        return keccak256(abi.encode(verifyingKey));
    }

    /// @notice Whether a key is registered.
    function isRegistered(bytes32 key) public view returns (bool) {
        return SSTORE2.predictDeterministicAddress(key).code.length != 0;
    }

    /// @notice How many public inputs a registered key has, the author's included, and which one is the author's,
    /// counted from 1 (0 for none).
    function inputsOf(bytes32 key) external view returns (uint256 inputs, uint256 author) {
        (inputs, author) = Groth16.shape(SSTORE2.predictDeterministicAddress(key));
        require(inputs != 0, UnknownKey(key));
        --inputs;
    }

    /// @notice The statement that pins the inputs from `first` on to these values.
    function statementOf(bytes32 key, uint256 first, uint256[] calldata pinned) external pure returns (bytes32) {
        return keccak256(abi.encode(key, first, pinned));
    }

    function _requireLength(bytes32 key, address stored, uint256 length) private view {
        (uint256 points, uint256 author) = Groth16.shape(stored);
        require(points != 0, UnknownKey(key));
        // Neither the constant nor the author is carried.
        uint256 want = INPUTS + 32 * (author == 0 ? points - 1 : points - 2);
        require(length == want, WrongLength(length, want));
    }

    function _statement(bytes32 key, uint256 first, uint256 pinned, uint256[] calldata inputs)
        private
        pure
        returns (bytes32)
    {
        require(
            first <= inputs.length && pinned <= inputs.length - first, PinnedOutOfRange(first, pinned, inputs.length)
        );
        return keccak256(abi.encode(key, first, inputs[first:first + pinned]));
    }
}
