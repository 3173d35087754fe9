// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IFulfillmentCallback} from "../../contracts/interfaces/IFulfillmentCallback.sol";
import {Reentrant} from "./Reentrant.sol";

/// Notes what it is told and how much gas it was told with, or misbehaves.
contract EvilCallback is IFulfillmentCallback, Reentrant {
    enum Mood {
        Notes,
        Reverts,
        Burns,
        Floods,
        Calls
    }

    error No();

    Mood private _mood;

    uint256 public told;
    /// Gas it had when it was told last.
    uint256 public gas;
    bytes32 public id;
    bytes32 public statement;
    bytes public proof;

    function misbehave(Mood mood) external {
        _mood = mood;
    }

    function proofFulfilled(bytes32 id_, bytes32 statement_, bytes calldata proof_) external {
        uint256 got = gasleft();
        if (_mood == Mood.Reverts) revert No();
        if (_mood == Mood.Burns) while (true) {}
        if (_mood == Mood.Floods) {
            assembly {
                revert(0, 1000000)
            }
        }
        ++told;
        (gas, id, statement, proof) = (got, id_, statement_, proof_);
        if (_mood == Mood.Calls) _reenter();
    }
}
