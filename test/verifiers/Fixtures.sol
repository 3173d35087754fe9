// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {VerifyingKey} from "../../contracts/libraries/Groth16.sol";
import {Bn254} from "../../contracts/libraries/Bn254.sol";
import {VERIFIED} from "../../contracts/interfaces/IVerifier.sol";
import {Groth16Verifier} from "../../contracts/verifiers/Groth16Verifier.sol";

/// Keys and proofs that the proving backends made (prover/tests/backend_fixtures.rs).
abstract contract Fixtures is Test {
    struct Set {
        bytes32 key;
        VerifyingKey verifyingKey;
        bytes32[] statements;
        bytes32[] authors;
        bytes[] proofs;
    }

    uint256 internal constant R = Bn254.R;
    uint256 internal constant Q = Bn254.Q;
    /// The first word of the points, and of the inputs, in a proof.
    uint256 internal constant POINTS = 3;
    uint256 internal constant INPUTS = 11;

    Groth16Verifier internal verifier;

    function setUp() public virtual {
        verifier = new Groth16Verifier();
    }

    /// Three public inputs: author, seed (pinned), output (free).
    function pow5() internal view returns (Set memory) {
        return _read(".pow5");
    }

    /// Three public inputs: output, author, factor; gamma is the generator, as in every circom setup.
    function circom() internal view returns (Set memory) {
        return _read(".circom");
    }

    function wordAt(bytes memory data, uint256 index) internal pure returns (uint256 word) {
        require(32 * index + 32 <= data.length, "no such word");
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), mul(0x20, index)))
        }
    }

    /// A copy of `data` with another word at `index`.
    function withWord(bytes memory data, uint256 index, uint256 word) internal pure returns (bytes memory copy) {
        copy = bytes.concat(data);
        require(32 * index + 32 <= copy.length, "no such word");
        assembly ("memory-safe") {
            mstore(add(add(copy, 0x20), mul(0x20, index)), word)
        }
    }

    /// Whether the verifier takes the proof; what it reverts with is the caller's to look at.
    function accepts(bytes32 statement, bytes32 author, bytes memory proof) internal view returns (bool) {
        try verifier.verify{gas: 1_000_000}(statement, author, proof) returns (bytes4 answer) {
            return answer == VERIFIED;
        } catch {
            return false;
        }
    }

    function _read(string memory path) private view returns (Set memory set) {
        string memory json = vm.readFile("test/fixtures/groth16.json");
        set.key = vm.parseJsonBytes32(json, string.concat(path, ".key"));
        set.verifyingKey = abi.decode(vm.parseJsonBytes(json, string.concat(path, ".verifyingKey")), (VerifyingKey));
        set.statements = vm.parseJsonBytes32Array(json, string.concat(path, ".statements"));
        set.authors = vm.parseJsonBytes32Array(json, string.concat(path, ".authors"));
        set.proofs = vm.parseJsonBytesArray(json, string.concat(path, ".proofs"));
        require(set.proofs.length >= 3, "too few fixtures");
    }
}
