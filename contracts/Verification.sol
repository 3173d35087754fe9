// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRegistry} from "./interfaces/IRegistry.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {Requests} from "./Requests.sol";
import {IFulfillmentCallback} from "./interfaces/IFulfillmentCallback.sol";
import {IVerifier, VERIFIED} from "./interfaces/IVerifier.sol";
import {ForeignCall} from "./libraries/ForeignCall.sol";

/// How proofs are judged, and who is told.
abstract contract Verification is Requests {
    /// Gas that stays for the market beside what it grants to a callee.
    uint256 private constant RESERVE = 400_000;

    /* INTERNAL */

    /// Why the verifier of a request does not accept `proof` as the work of `prover`, as an encoded error; empty if it does.
    function _unverified(Case memory c, address prover, bytes calldata proof) internal view returns (bytes memory why) {
        uint32 verifier = uint32(c.request.verifier());
        (address target, uint32 gas, bool frozen) = _verifier(verifier);
        if (frozen) return abi.encodeWithSelector(IRegistry.VerifierIsFrozen.selector, verifier);
        (bytes32 have, bytes32 want) = (target.codehash, _verifierCode(verifier));
        if (have != want) return abi.encodeWithSelector(IMarket.CodeChanged.selector, target, have, want);
        bytes32 author = keccak256(abi.encode(c.id, prover));
        bytes memory question = abi.encodeCall(IVerifier.verify, (c.request.statement(), author, proof));
        if (ForeignCall.confirms(target, gas, question, VERIFIED)) return why;
        return abi.encodeWithSelector(IMarket.ProofRefused.selector, c.id, verifier, ForeignCall.reason());
    }

    /// Tells the requester, if it wants to be told.
    function _callBack(Case memory c, bytes calldata proof) internal {
        if (c.request.callback() == address(0)) return;
        uint256 gas = c.request.callbackGas();
        _requireGas(gas);
        bytes memory note = abi.encodeCall(IFulfillmentCallback.proofFulfilled, (c.id, c.request.statement(), proof));
        if (!ForeignCall.tell(c.request.callback(), gas, note)) emit IMarket.CallbackFailed(c.id);
    }

    function _requireGas(uint256 grant) internal view {
        uint256 want = (grant + RESERVE) * 64 / 63;
        require(gasleft() >= want, IMarket.GasTooLow(gasleft(), want));
    }
}
