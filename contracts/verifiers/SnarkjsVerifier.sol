// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibString} from "solady/utils/LibString.sol";
import {IVerifier, VERIFIED} from "../interfaces/IVerifier.sol";
import {Bn254} from "../libraries/Bn254.sol";
import {Convention, ForeignVerifier} from "../libraries/ForeignVerifier.sol";
import {Words} from "../libraries/Words.sol";

/// Any Groth16 verifier that snarkjs generated, asked as `verifyProof(a, b, c, inputs[N])`. The request pins the
/// target, its code and a range of the public inputs; the others are free and come with the proof:
///
///     statement = keccak256(abi.encode(address target, bytes32 codehash, uint256 author, uint256 first, uint256[] pinned))
///
/// `author` says which public input carries `uint256(author) >> 3`, counted from 1; 0 if none does. `first` counts
/// from 0 and without the author's input, which the proof does not carry either.
///
/// A proof is packed words, nothing before, between or after:
///
///     target | author | first | number pinned | A.x A.y | B.x imaginary, real | B.y imaginary, real | C.x C.y | inputs …
contract SnarkjsVerifier is IVerifier {
    /// @notice The proof is not whole words, shorter than its head, or has more inputs than the most: the nearest
    /// length that would do is `want`.
    error WrongLength(uint256 have, uint256 want);
    /// @notice The target is not an address.
    error NotAnAddress(uint256 have);
    /// @notice The author's input is not among the public inputs.
    error WrongAuthor(uint256 have, uint256 most);
    /// @notice The pinned range ends behind the last input.
    error PinnedOutOfRange(uint256 first, uint256 pinned, uint256 inputs);
    /// @notice The proof is about another statement.
    error WrongStatement(bytes32 have, bytes32 want);

    /// The most public inputs that a proof carries.
    uint256 public constant MAX_INPUTS = 255;

    uint256 private constant POINTS = 128;
    uint256 private constant INPUTS = POINTS + 256;

    /// @inheritdoc IVerifier
    function verify(bytes32 statement, bytes32 author, bytes calldata proof) external view returns (bytes4) {
        _requireLength(proof.length);
        address target = _target(proof);
        bytes32 have = _statement(target, Words.from(proof, 32), Words.from(proof, INPUTS));
        require(have == statement, WrongStatement(have, statement));
        ForeignVerifier.requireCode(target);
        ForeignVerifier.requireYes(target, _question(proof, uint256(author) >> 3), Convention.Returns);
        return VERIFIED;
    }

    /// @notice The statement that pins a verifier, its code and the inputs from `first` on.
    function statementOf(address target, uint256 author, uint256 first, uint256[] calldata pinned)
        external
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(target, target.codehash, author, first, pinned));
    }

    function _requireLength(uint256 length) private pure {
        require(INPUTS <= length, WrongLength(length, INPUTS));
        uint256 most = INPUTS + 32 * MAX_INPUTS;
        require(length <= most, WrongLength(length, most));
        require(length % 32 == 0, WrongLength(length, length - length % 32));
    }

    function _target(bytes calldata proof) private pure returns (address) {
        uint256 word = uint256(bytes32(proof[:32]));
        require(word <= type(uint160).max, NotAnAddress(word));
        return address(uint160(word));
    }

    function _statement(address target, uint256[] calldata head, uint256[] calldata inputs)
        private
        view
        returns (bytes32)
    {
        (uint256 author, uint256 first, uint256 pinned) = (head[0], head[1], head[2]);
        uint256 count = inputs.length;
        require(author <= count + 1, WrongAuthor(author, count + 1));
        require(first <= count && pinned <= count - first, PinnedOutOfRange(first, pinned, count));
        return keccak256(abi.encode(target, target.codehash, author, first, inputs[first:first + pinned]));
    }

    /// The generated function takes a fixed array, so its selector depends on how many inputs there are, and its
    /// arguments are plain words.
    function _question(bytes calldata proof, uint256 author) private pure returns (bytes memory) {
        _requireInField(Words.from(proof, INPUTS));
        uint256 count = (proof.length - INPUTS) / 32;
        uint256 position = uint256(bytes32(proof[32:64]));
        if (position == 0) return bytes.concat(_selector(count), proof[POINTS:]);
        uint256 split = INPUTS + 32 * (position - 1);
        return bytes.concat(_selector(count + 1), proof[POINTS:split], bytes32(author), proof[split:]);
    }

    function _requireInField(uint256[] calldata inputs) private pure {
        for (uint256 i = 0; i < inputs.length; ++i) {
            require(inputs[i] < Bn254.R, Bn254.NotInField(inputs[i], Bn254.R));
        }
    }

    function _selector(uint256 inputs) private pure returns (bytes4) {
        return bytes4(
            keccak256(
                bytes.concat(
                    "verifyProof(uint256[2],uint256[2][2],uint256[2],uint256[", bytes(LibString.toString(inputs)), "])"
                )
            )
        );
    }
}
