// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Convention} from "../libraries/ForeignVerifier.sol";
import {ProgramVerifier} from "./ProgramVerifier.sol";

/// RISC Zero: the program is the image id, the output is the journal. RISC Zero's own contracts say no by a revert.
contract RiscZeroVerifier is ProgramVerifier {
    constructor(address target, Convention convention) ProgramVerifier(target, convention) {}

    function _question(bytes32 imageId, bytes calldata journal, bytes calldata seal)
        internal
        pure
        override
        returns (bytes memory)
    {
        return abi.encodeCall(IRiscZero.verify, (seal, imageId, sha256(journal)));
    }
}

interface IRiscZero {
    function verify(bytes calldata seal, bytes32 imageId, bytes32 journalDigest) external view;
}
