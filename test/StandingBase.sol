// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Reserved, ReservedParams} from "../contracts/mechanisms/Reserved.sol";
import {Seat, SeatParams} from "../contracts/mechanisms/Seat.sol";
import {Ledger} from "../contracts/types/Prover.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// A market in which provers serve an instance's requests on standing terms.
abstract contract StandingBase is Base {
    uint80 internal constant DEPOSIT = 1 ether;
    /// From the first bid on a seat, or a contract, to who serves then.
    uint40 internal constant CHANGE = 600;
    uint40 internal constant TERM = 7 days;

    Seat internal seat = new Seat();
    Reserved internal reserved = new Reserved();

    function seatParams() internal pure returns (SeatParams memory) {
        return SeatParams({
            base: 0.001 ether,
            ceiling: 8 ether,
            decrementBps: 500,
            handover: uint32(CHANGE),
            term: 29 days,
            notice: 1 days,
            deposit: DEPOSIT,
            missBps: 1_000,
            maxMisses: 3,
            patience: 0,
            burst: 4,
            refill: 60,
            maxWork: 1_000,
            maxBond: BOND,
            minWindow: 5 minutes
        });
    }

    function reservedParams() internal pure returns (ReservedParams memory) {
        return ReservedParams({
            base: 0.001 ether,
            ceiling: 8 ether,
            decrementBps: 500,
            offering: uint32(CHANGE),
            term: uint32(TERM),
            notice: 1 days,
            deposit: DEPOSIT,
            creditBps: 1_000,
            maxMisses: 2,
            period: 1 days,
            terminal: 1,
            holders: 2,
            patience: 0,
            burst: 2,
            refill: 60,
            maxWork: 1_000,
            maxBond: BOND,
            latency: 100,
            pace: 40
        });
    }

    function tick(uint32 instance) internal {
        market.tickInstance(instance, new Request[](0), address(0), "");
    }

    /// A new request of the instance.
    function asked(uint32 instance) internal returns (Request memory r) {
        r = request(instance);
        opened(r);
    }

    function assertAwarded(Request memory r, address prover) internal view {
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
        assertEq(market.proverOf(stateOf(r).prover), prover);
    }

    function assertFree(address prover, uint256 stake) internal view {
        Ledger memory ledger = market.ledgerOf(prover);
        assertEq(ledger.stake, stake);
        assertEq(ledger.locked, 0);
        assertEq(ledger.busy, 0);
    }
}
