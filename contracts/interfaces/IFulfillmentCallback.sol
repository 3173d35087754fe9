// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Told of a fulfilment, after everything has been written. It cannot fail it or call the market back.
interface IFulfillmentCallback {
    /// @param id the request; @param statement what was proven; @param proof the proof, as verified.
    function proofFulfilled(bytes32 id, bytes32 statement, bytes calldata proof) external;
}
