// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Reentrant} from "./Reentrant.sol";

/// A wallet contract. Judges signatures as it is told, does what it is told, and takes coins or does not.
contract EvilWallet is Reentrant {
    enum Mood {
        Accepts,
        Refuses,
        Reverts,
        Burns,
        Floods,
        Short,
        Calls
    }

    error No();

    /// As one who judges signatures, and as one who is paid.
    Mood private _judges;
    Mood private _takes;

    function judge(Mood mood) external {
        _judges = mood;
    }

    function take(Mood mood) external {
        _takes = mood;
    }

    function execute(address target, uint256 value, bytes calldata data) external returns (bytes memory) {
        (bool ok, bytes memory result) = target.call{value: value}(data);
        if (ok) return result;
        assembly ("memory-safe") {
            revert(add(result, 0x20), mload(result))
        }
    }

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4 magic) {
        magic = this.isValidSignature.selector;
        if (_judges == Mood.Refuses) return 0xffffffff;
        if (_judges == Mood.Calls) _reenter();
        _misbehave(_judges);
        if (_judges == Mood.Floods || _judges == Mood.Short) {
            uint256 size = _judges == Mood.Short ? 31 : 1_000_000;
            assembly {
                mstore(0, magic)
                return(0, size)
            }
        }
    }

    receive() external payable {
        if (_takes == Mood.Calls) _reenter();
        if (_takes == Mood.Refuses) revert No();
        _misbehave(_takes);
    }

    function _misbehave(Mood mood) private pure {
        if (mood == Mood.Reverts) {
            assembly {
                revert(0, 1000000)
            }
        }
        if (mood == Mood.Burns) while (true) {}
    }
}
