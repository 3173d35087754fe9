// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Convention} from "../libraries/ForeignVerifier.sol";
import {ProgramVerifier} from "./ProgramVerifier.sol";

/// SP1: the program is its verification key's hash, the output is the public values. SP1's own contracts say no by a
/// revert.
contract SP1Verifier is ProgramVerifier {
    constructor(address target, Convention convention) ProgramVerifier(target, convention) {}

    function _question(bytes32 programVKey, bytes calldata publicValues, bytes calldata seal)
        internal
        pure
        override
        returns (bytes memory)
    {
        return abi.encodeCall(ISP1.verifyProof, (programVKey, publicValues, seal));
    }
}

interface ISP1 {
    function verifyProof(bytes32 programVKey, bytes calldata publicValues, bytes calldata proofBytes) external view;
}
