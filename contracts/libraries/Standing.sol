// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Move, MoveKind} from "../types/Ask.sol";
import {Request} from "../types/Request.sol";
import {BPS} from "../types/State.sol";
import {Answers} from "./Answers.sol";

/// What a prover has agreed to take without being asked again: amounts of work and of the stake token, seconds.
struct Scope {
    uint64 maxWork;
    uint80 maxBond;
    /// The least time that it has for a proof.
    uint32 minWindow;
}

/// What rules share by which a prover serves an instance's requests on standing terms: words about provers, the tariff, how
/// much may come at once, and what a miss costs.
library Standing {
    using Answers for Move;

    uint256 internal constant RATE_UNIT = 1_000_000;

    /// A prover, and 88 bits about it: a rate or a time. 0 is nobody.
    function word(address who, uint256 what) internal pure returns (bytes32) {
        return bytes32(what << 160 | uint160(who));
    }

    function prover(bytes32 self) internal pure returns (address) {
        return address(uint160(uint256(self)));
    }

    function number(bytes32 self) internal pure returns (uint256) {
        return uint256(self) >> 160;
    }

    /// `base + rate * work / 1,000,000`, rounded down. Amounts are below 2^88, work below 2^64.
    function price(uint256 base, uint256 rate, uint256 work) internal pure returns (uint256) {
        unchecked {
            return base + rate * work / RATE_UNIT;
        }
    }

    /// Whether a request that is awarded now stays within what was agreed to.
    function covers(Scope memory scope, Request calldata request, uint256 time) internal pure returns (bool) {
        return request.work <= scope.maxWork && request.bond <= scope.maxBond && scope.minWindow <= request.window
            && time + scope.minWindow <= request.deadline;
    }

    /// When a bucket of `burst` requests, which gains one every `refill` seconds, has one to give, if it is full at `full`. Not
    /// after now if it has one. (The generic cell rate algorithm, ITU-T I.371: one number, no matter how large the bucket.)
    function readyAt(uint256 full, uint256 burst, uint256 refill) internal pure returns (uint256) {
        uint256 slack = (burst - 1) * refill;
        return full > slack ? full - slack : 0;
    }

    /// When it is full, once it has given one now.
    function drawn(uint256 full, uint256 time, uint256 refill) internal pure returns (uint256) {
        return (full > time ? full : time) + refill;
    }

    /// Takes `bps` of the collateral, rounded up, from a ticket with `held`; all of it if no more is left, which ends the ticket.
    function fine(address who, uint256 collateral, uint256 bps, uint256 held) internal pure returns (Move memory move) {
        uint256 amount = (collateral * bps + BPS - 1) / BPS;
        move = Answers.forfeit(who).onInstance();
        if (amount < held) move.amount = uint88(amount);
    }
}
