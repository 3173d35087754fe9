// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Script} from "forge-std/Script.sol";
import {console} from "forge-std/console.sol";

import {IMarket} from "../contracts/interfaces/IMarket.sol";

/// The market, the shipped mechanisms and the Groth16 verifier, through the deterministic deployer: at the addresses that
/// `bourse deploy` puts them, which does the same without a compiler.
///
///     forge script script/Deploy.s.sol --rpc-url $RPC --broadcast --private-key $KEY
///
/// `STAKE_TOKEN` names the token that stakes are counted in; without it, it is the native coin.
contract Deploy is Script {
    /// No code, or other code, is where the deployer should have put it.
    error NotDeployed(string name, address where);

    bytes32 internal constant SALT = 0;
    /// Gas that one proof may take: enough for about 40 public inputs.
    uint32 internal constant VERIFIER_GAS = 500_000;

    function run() external returns (IMarket market, uint32 verifier) {
        vm.startBroadcast();
        address stakeToken = vm.envOr("STAKE_TOKEN", address(0));
        address annex = _place("Annex", abi.encode(stakeToken));
        market = IMarket(_place("Market", abi.encode(stakeToken, annex)));
        _place("PostedPrice", "");
        _place("Dutch", "");
        _place("SealedBid", "");
        _place("English", "");
        _place("Race", "");
        _place("Scoring", "");
        _place("Rfq", "");
        _place("Committee", "");
        _place("Contest", "");
        _place("Seat", "");
        _place("Reserved", "");
        _place("Sortition", "");
        _place("Batch", "");
        _place("GasPassThrough", "");
        _place("Grace", "");
        _place("Spread", "");
        verifier = market.registerVerifier(_place("Groth16Verifier", ""), VERIFIER_GAS);
        vm.stopBroadcast();
        console.log("verifier %d", verifier);
    }

    /// Puts a contract where its code says, unless it is there.
    function _place(string memory name, bytes memory arguments) private returns (address where) {
        bytes memory creation = abi.encodePacked(vm.getCode(string.concat(name, ".sol:", name)), arguments);
        where = vm.computeCreate2Address(SALT, keccak256(creation));
        console.log(name, where);
        if (where.code.length != 0) return where;
        (bool ok,) = CREATE2_FACTORY.call(abi.encodePacked(SALT, creation));
        require(ok && where.code.length != 0, NotDeployed(name, where));
    }
}
