// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Groth16Verifier} from "../../contracts/verifiers/Groth16Verifier.sol";

/// Answers any call with chosen bytes, by return or by revert, and remembers nothing.
contract Oracle {
    bool private _reverts;
    bytes private _output;
    /// Zero bytes after the output.
    uint256 private _tail;
    /// If set, only this call is answered well; any other reverts.
    bytes private _question;

    function answer(bool reverts, bytes calldata output, uint256 tail) external {
        (_reverts, _output, _tail) = (reverts, output, tail);
    }

    function onlyTo(bytes calldata question) external {
        _question = question;
    }

    fallback() external {
        require(_question.length == 0 || keccak256(_question) == keccak256(msg.data), "another question");
        bytes memory output = _output;
        uint256 size = output.length + _tail;
        bool reverts = _reverts;
        assembly ("memory-safe") {
            if reverts { revert(add(output, 0x20), size) }
            return(add(output, 0x20), size)
        }
    }
}

/// Says yes, but only where it may write: a verifier that is no view.
contract Writer {
    uint256 private _asked;

    fallback() external {
        ++_asked;
        assembly ("memory-safe") {
            mstore(0, 1)
            return(0, 32)
        }
    }
}

/// As snarkjs generates them: one circuit of three public inputs, `false` for a proof that is wrong. The pairing behind
/// it is real; the author is the second input, as in the fixtures of circom.
contract SnarkjsLike {
    Groth16Verifier private immutable _verifier;
    bytes32 private immutable _key;

    constructor(Groth16Verifier verifier, bytes32 key) {
        (_verifier, _key) = (verifier, key);
    }

    function verifyProof(uint256[2] calldata a, uint256[2][2] calldata b, uint256[2] calldata c, uint256[3] calldata p)
        external
        view
        returns (bool)
    {
        bytes32 statement = _verifier.statementOf(_key, 0, new uint256[](0));
        bytes memory proof = abi.encode(_key, 0, 0, a, b, c, p[0], p[2]);
        try _verifier.verify(statement, bytes32(p[1] << 3), proof) returns (bytes4) {
            return true;
        } catch {
            return false;
        }
    }
}
