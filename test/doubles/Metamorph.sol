// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarket} from "../../contracts/interfaces/IMarket.sol";
import {Setup} from "../../contracts/types/Instance.sol";

/// Registers code that is gone when the transaction ends, and puts other code at the same address later.
contract Metamorph {
    /// Creates what it is sent, or ends if it is sent nothing.
    bytes private constant CRADLE_INIT = hex"60168060093d393df3" hex"361560135736" hex"5f5f37365f5ff05f5260205ff35b33ff";
    /// Has no words, wants 50,000 gas, and ends if it is sent nothing.
    bytes private constant BRIEF_INIT = hex"60128060093d393df3" hex"3615600f57" hex"61c350604052" hex"60805ff35b33ff";

    function registerAndVanish(IMarket market, Setup memory setup) external returns (uint32 instance) {
        (address cradle, address child) = _hatch(BRIEF_INIT);
        setup.mechanism = child;
        instance = market.register(setup, true);
        _end(child);
        _end(cradle);
    }

    /// Puts a copy of `code` where the vanished one was.
    function reappear(address code) external returns (address child) {
        bytes memory runtime = code.code;
        bytes memory init = abi.encodePacked(hex"61", uint16(runtime.length), hex"80600a3d393df3", runtime);
        (, child) = _hatch(init);
    }

    function _hatch(bytes memory init) private returns (address cradle, address child) {
        bytes memory code = CRADLE_INIT;
        assembly ("memory-safe") {
            cradle := create2(0, add(code, 0x20), mload(code), 0)
        }
        (, bytes memory result) = cradle.call(init);
        child = abi.decode(result, (address));
    }

    function _end(address target) private {
        (bool ok,) = target.call("");
        require(ok);
    }
}
