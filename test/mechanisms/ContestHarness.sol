// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Alpha, Tickets} from "../../contracts/libraries/Tickets.sol";
import {Contest, ContestParams} from "../../contracts/mechanisms/Contest.sol";
import {Answer, Ask} from "../../contracts/types/Ask.sol";
import {Harness} from "./Harness.sol";

/// A contest and entrants with names, and the list of tickets that a ticker brings.
abstract contract ContestHarness is Harness {
    uint88 internal constant FEE = 0.8 ether;
    uint40 internal constant LAST = START + 300;
    uint64 internal constant DRAWN = type(uint64).max;

    address internal immutable alice = makeAddr("alice");
    address internal immutable bob = makeAddr("bob");
    address internal immutable carol = makeAddr("carol");
    Contest internal contest = new Contest();
    /// As the events say it.
    uint256[] internal list;

    ContestParams internal p = ContestParams({
        stakeToken: address(0),
        entry: 300,
        settling: 60,
        feeBps: 8_000,
        minTicket: 0.01 ether,
        maxTicket: 0.5 ether,
        alpha: Alpha.One,
        entrants: 40,
        distance: 5
    });

    function setUp() public virtual {
        _reopen();
    }

    function _reopen() internal {
        _open(contest, abi.encode(p));
        delete list;
    }

    function _entering(address prover, uint256 ticket) internal view returns (Ask memory) {
        return _bidding(prover, 0, abi.encode(ticket));
    }

    function _enter(address prover, uint80 ticket) internal returns (Answer memory answer) {
        answer = _apply(_entering(prover, ticket));
        list.push(Tickets.entryOf(uint8(tickets[prover].tag), ticket, prover));
    }

    function _over() internal {
        vm.warp(LAST + 1);
    }

    /// The entry is over, the block fixed and there, and its hash this.
    function _known(bytes32 hash) internal {
        _over();
        _tick();
        vm.roll(drawn + 1);
        beacon = hash;
    }

    function _replaying() internal view returns (Ask memory ask) {
        ask = _ticking(address(0));
        ask.data = abi.encodePacked(list);
    }

    function _settle() internal returns (Answer memory) {
        return _apply(_replaying());
    }

    function _drawnBy() internal view returns (uint64) {
        return uint64(uint256(words[1]) >> 96);
    }

    function _total() internal view returns (uint256) {
        return uint88(uint256(words[1]) >> 8);
    }

    function _count() internal view returns (uint256) {
        return uint8(uint256(words[1]));
    }
}
