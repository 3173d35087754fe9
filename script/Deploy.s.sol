// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Script} from "forge-std/Script.sol";
import {console} from "forge-std/console.sol";

import {Market} from "../contracts/Market.sol";
import {Dutch} from "../contracts/mechanisms/Dutch.sol";
import {PostedPrice} from "../contracts/mechanisms/PostedPrice.sol";
import {SealedBid} from "../contracts/mechanisms/SealedBid.sol";
import {Groth16Verifier} from "../contracts/verifiers/Groth16Verifier.sol";

/// The market, the shipped mechanisms and the Groth16 verifier, through the deterministic deployer: at the same addresses
/// as `bourse deploy`, which does the same without a compiler.
///
///     forge script script/Deploy.s.sol --rpc-url $RPC --broadcast --private-key $KEY
///
/// `STAKE_TOKEN` names the token that stakes are counted in; without it, it is the native coin.
contract Deploy is Script {
    bytes32 internal constant SALT = 0;
    /// Gas that one proof may take: enough for about 40 public inputs.
    uint32 internal constant VERIFIER_GAS = 500_000;

    function run() external returns (Market market, uint32 verifier) {
        vm.startBroadcast();
        market = new Market{salt: SALT}(vm.envOr("STAKE_TOKEN", address(0)));
        console.log("market    ", address(market));
        console.log("posted    ", address(new PostedPrice{salt: SALT}()));
        console.log("dutch     ", address(new Dutch{salt: SALT}()));
        console.log("sealed    ", address(new SealedBid{salt: SALT}()));
        Groth16Verifier groth16 = new Groth16Verifier{salt: SALT}();
        verifier = market.registerVerifier(address(groth16), VERIFIER_GAS);
        console.log("groth16   ", address(groth16), "verifier", verifier);
        vm.stopBroadcast();
    }
}
