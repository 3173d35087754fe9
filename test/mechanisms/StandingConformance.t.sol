// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Reserved, ReservedParams} from "../../contracts/mechanisms/Reserved.sol";
import {Seat, SeatParams} from "../../contracts/mechanisms/Seat.sol";
import {Request} from "../../contracts/types/Request.sol";
import {ConformanceTest} from "./Conformance.sol";

/// Provers bid on the instance, each below those before it; then its requests are awarded as they open, without a bid.
abstract contract StandingPlays is ConformanceTest {
    uint88 internal constant CEILING = 8 ether;
    /// From the first bid until who is best serves.
    uint32 internal constant CHANGE = 600;

    function prepare(uint256 bidders) internal override {
        for (uint256 i = bidders; i > 0; --i) {
            _bidInstance(provers[i - 1], uint88(CEILING * i / 10), "");
        }
        _passTo(block.timestamp + CHANGE);
    }

    function plays(Request memory, address, uint256) internal pure override returns (Play[] memory) {}

    function notice() internal pure override returns (bytes memory) {
        return hex"01";
    }
}

/// A seat for one.
abstract contract SeatPlays is StandingPlays {
    function seatParams() internal pure returns (SeatParams memory) {
        return SeatParams({
            base: PRICE / 10,
            ceiling: CEILING,
            decrementBps: 500,
            handover: CHANGE,
            term: 29 days,
            notice: 1 days,
            deposit: 0.1 ether,
            missBps: 1_000,
            maxMisses: 3,
            patience: 100,
            burst: 4,
            refill: 60,
            maxWork: 1_000,
            maxBond: BOND,
            minWindow: 60
        });
    }
}

contract SeatConformance is SeatPlays {
    function subject() internal override returns (IMechanism, bytes memory) {
        return (new Seat(), abi.encode(seatParams()));
    }
}

contract ReservedConformance is StandingPlays {
    function subject() internal override returns (IMechanism, bytes memory) {
        ReservedParams memory p = ReservedParams({
            base: PRICE / 10,
            ceiling: CEILING,
            decrementBps: 500,
            offering: CHANGE,
            term: 7 days,
            notice: 1 days,
            deposit: 0.1 ether,
            creditBps: 1_000,
            maxMisses: 2,
            period: 1 days,
            terminal: 1,
            holders: 2,
            patience: 100,
            burst: 2,
            refill: 60,
            maxWork: 1_000,
            maxBond: BOND,
            latency: 100,
            pace: 40
        });
        return (new Reserved(), abi.encode(p));
    }
}
