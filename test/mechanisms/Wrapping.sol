// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Inner} from "../../contracts/libraries/Modifier.sol";
import {GasParams} from "../../contracts/mechanisms/GasPassThrough.sol";
import {GraceParams} from "../../contracts/mechanisms/Grace.sol";
import {SpreadParams} from "../../contracts/mechanisms/Spread.sol";

/// Parameters of modifiers around a rule and its parameters.
library Wrapping {
    function inner(IMechanism mechanism) internal view returns (Inner memory) {
        return Inner(address(mechanism), address(mechanism).codehash, bytes32(bytes(mechanism.name())));
    }

    /// Paid in the native coin.
    function gas(IMechanism mechanism, bytes memory params, uint88 ceiling, uint32 units, uint8 payments)
        internal
        view
        returns (bytes memory)
    {
        return bytes.concat(abi.encode(GasParams(inner(mechanism), ceiling, units, 1e18, payments)), params);
    }

    function grace(IMechanism mechanism, bytes memory params, uint64 threshold, uint32 seconds_)
        internal
        view
        returns (bytes memory)
    {
        return bytes.concat(abi.encode(GraceParams(inner(mechanism), threshold, seconds_)), params);
    }

    function spread(IMechanism mechanism, bytes memory params, uint8 window, uint8 most, uint32 patience)
        internal
        view
        returns (bytes memory)
    {
        return bytes.concat(abi.encode(SpreadParams(inner(mechanism), window, most, patience)), params);
    }
}
