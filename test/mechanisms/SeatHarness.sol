// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Seat, SeatParams} from "../../contracts/mechanisms/Seat.sol";
import {Answer, Cause} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {Harness} from "./Harness.sol";

/// A seat and provers with names.
abstract contract SeatHarness is Harness {
    uint88 internal constant BASE = 0.1 ether;
    uint88 internal constant CEILING = 0.8 ether;
    uint80 internal constant DEPOSIT = 10 ether;
    uint40 internal constant HANDOVER = 600;
    uint40 internal constant TERM = 30 days;
    uint40 internal constant NOTICE_TIME = 1 days;
    uint40 internal constant PATIENCE = 300;
    bytes internal constant NOTICE = hex"01";

    address internal immutable alice = makeAddr("alice");
    address internal immutable bob = makeAddr("bob");
    address internal immutable carol = makeAddr("carol");
    Seat internal seat = new Seat();

    SeatParams internal p = SeatParams({
        base: BASE,
        ceiling: CEILING,
        decrementBps: 500,
        handover: uint32(HANDOVER),
        term: uint32(TERM),
        notice: uint32(NOTICE_TIME),
        deposit: DEPOSIT,
        missBps: 1_000,
        maxMisses: 3,
        patience: uint32(PATIENCE),
        burst: 2,
        refill: 60,
        maxWork: 2_000_000,
        maxBond: 1 ether,
        minWindow: 1_000
    });

    function setUp() public virtual {
        _restart();
    }

    function _restart() internal {
        _open(seat, abi.encode(p));
        request.deadline = START + 1_000 days;
    }

    /// A new request, as far as the seat can tell.
    function _request() internal returns (Answer memory) {
        (status, winner, paid) = (Status.Open, address(0), 0);
        openedAt = uint40(block.timestamp);
        return _enter();
    }

    function _seatBid(address prover, uint88 rate) internal returns (Answer memory) {
        return _bidInstance(prover, rate, "");
    }

    function _notice(address prover) internal returns (Answer memory) {
        return _bidInstance(prover, 0, NOTICE);
    }

    /// Bids, and waits until it sits.
    function _sit(address prover, uint88 rate) internal {
        _seatBid(prover, rate);
        skip(HANDOVER);
    }

    /// The award that stands fails, now.
    function _miss() internal returns (Answer memory) {
        return _fail();
    }

    function _below(uint256 rate) internal view returns (uint88) {
        return uint88(rate * (10_000 - p.decrementBps) / 10_000);
    }

    function _holder() internal view returns (address) {
        return address(uint160(uint256(shared[0])));
    }

    function _pending() internal view returns (address) {
        return address(uint160(uint256(shared[1])));
    }

    function _out() internal view returns (address) {
        return address(uint160(uint256(shared[3])));
    }

    function _until() internal view returns (uint40) {
        return uint40(uint256(shared[2]));
    }

    function _leaves() internal view returns (uint40) {
        return uint40(uint256(shared[2]) >> 40);
    }

    function _effect() internal view returns (uint40) {
        return uint40(uint256(shared[2]) >> 80);
    }

    function _misses() internal view returns (uint8) {
        return uint8(uint256(shared[2]) >> 160);
    }

    function _word(address prover, uint256 number) internal pure returns (bytes32) {
        return bytes32(number << 160 | uint160(prover));
    }
}
