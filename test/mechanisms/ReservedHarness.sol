// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Reserved, ReservedParams} from "../../contracts/mechanisms/Reserved.sol";
import {Answer} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {Harness} from "./Harness.sol";

/// Reserved capacity and provers with names.
abstract contract ReservedHarness is Harness {
    uint88 internal constant BASE = 0.1 ether;
    uint88 internal constant CEILING = 0.8 ether;
    uint80 internal constant DEPOSIT = 10 ether;
    uint40 internal constant OFFERING = 600;
    uint40 internal constant TERM = 30 days;
    uint40 internal constant NOTICE_TIME = 1 days;
    /// Of a request of a million units.
    uint40 internal constant DUE = 100 + 40;
    /// For how long who left is liable.
    uint40 internal constant TAIL = 100 + 80 + 1 hours;
    bytes internal constant NOTICE = hex"01";

    address internal immutable alice = makeAddr("alice");
    address internal immutable bob = makeAddr("bob");
    address internal immutable carol = makeAddr("carol");
    Reserved internal reserved = new Reserved();
    /// Of the last award; 0 for the request's own window.
    uint40 internal due;

    ReservedParams internal p = ReservedParams({
        base: BASE,
        ceiling: CEILING,
        decrementBps: 500,
        offering: uint32(OFFERING),
        term: uint32(TERM),
        notice: uint32(NOTICE_TIME),
        deposit: DEPOSIT,
        creditBps: 1_000,
        maxMisses: 3,
        period: 7 days,
        terminal: 0,
        holders: 2,
        patience: 300,
        burst: 2,
        refill: 60,
        maxWork: 2_000_000,
        maxBond: 1 ether,
        latency: 100,
        pace: 40
    });

    function setUp() public virtual {
        _restart();
    }

    function _restart() internal {
        _open(reserved, abi.encode(p));
        request.deadline = START + 1_000 days;
    }

    function _alone() internal {
        p.holders = 1;
        _restart();
    }

    /// A new request, as far as the contract can tell.
    function _request() internal returns (Answer memory answer) {
        (status, winner, paid) = (Status.Open, address(0), 0);
        openedAt = uint40(block.timestamp);
        answer = _enter();
        if (winner != address(0)) due = answer.moves[answer.moves.length - 1].due;
    }

    function _offer(address prover, uint88 rate) internal returns (Answer memory) {
        return _bidInstance(prover, rate, "");
    }

    /// Both bid, and hold the contract.
    function _hire(address first, uint88 low, address second, uint88 high) internal {
        _offer(first, low);
        if (second != address(0)) _offer(second, high);
        skip(OFFERING);
    }

    function _notice(address prover) internal returns (Answer memory) {
        return _bidInstance(prover, 0, NOTICE);
    }

    function _below(uint256 rate) internal view returns (uint88) {
        return uint88(rate * (10_000 - p.decrementBps) / 10_000);
    }

    function _holder(uint256 i) internal view returns (address) {
        return address(uint160(uint256(shared[i])));
    }

    function _out(uint256 i) internal view returns (address) {
        return address(uint160(uint256(shared[6 + i])));
    }

    function _misses(uint256 i) internal view returns (uint8) {
        return uint8(uint256(shared[4]) >> 128 * i + 120);
    }

    function _until() internal view returns (uint40) {
        return uint40(uint256(shared[5]));
    }

    function _word(address prover, uint256 number) internal pure returns (bytes32) {
        return bytes32(number << 160 | uint160(prover));
    }
}
