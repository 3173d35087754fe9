// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IVerifier, VERIFIED} from "../interfaces/IVerifier.sol";
import {Claim} from "../libraries/Claim.sol";
import {Convention, ForeignVerifier} from "../libraries/ForeignVerifier.sol";

/// A verifier of zkVM programs that asks a contract made elsewhere. The target, its code and its convention are pinned
/// when this one is deployed; if the target is a proxy or a router, who may re-point it is trusted.
///
/// `Claim` documents statements and proofs.
abstract contract ProgramVerifier is IVerifier {
    address public immutable target;
    /// The hash of the target's code, checked at every call.
    bytes32 public immutable codehash;
    Convention public immutable convention;

    constructor(address target_, Convention convention_) {
        ForeignVerifier.requireCode(target_);
        (target, codehash, convention) = (target_, target_.codehash, convention_);
    }

    /// @inheritdoc IVerifier
    function verify(bytes32 statement, bytes32 author, bytes calldata proof) external view returns (bytes4) {
        (bytes32 program, bytes calldata output, bytes calldata seal) = Claim.open(statement, author, proof);
        ForeignVerifier.requireCode(target, codehash);
        ForeignVerifier.requireYes(target, _question(program, output, seal), convention);
        return VERIFIED;
    }

    /// @notice The statement that pins a program and the start of its output.
    /// @param flags `Claim.BOUND` (1): the output starts with the author; `Claim.EXACT` (2): nothing follows.
    function statementOf(bytes32 program, uint8 flags, bytes calldata pinned) external pure returns (bytes32) {
        return Claim.statementOf(program, flags, pinned);
    }

    /// The call that the target is asked with.
    function _question(bytes32 program, bytes calldata output, bytes calldata seal)
        internal
        view
        virtual
        returns (bytes memory);
}
