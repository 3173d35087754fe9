// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IVerifier, VERIFIED} from "../../contracts/interfaces/IVerifier.sol";

/// A proof system that binds its proofs to their author: a proof is valid if it is the statement and the author.
contract BindingVerifier is IVerifier {
    error WrongProof(bytes32 have, bytes32 want);

    function verify(bytes32 statement, bytes32 author, bytes calldata proof) external pure returns (bytes4) {
        bytes32 want = keccak256(abi.encode(statement, author));
        require(keccak256(proof) == want, WrongProof(keccak256(proof), want));
        return VERIFIED;
    }
}
