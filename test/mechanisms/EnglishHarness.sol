// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {English, EnglishParams} from "../../contracts/mechanisms/English.sol";
import {Answer} from "../../contracts/types/Ask.sol";
import {Harness} from "./Harness.sol";

/// An open descending auction and bidders with names.
abstract contract EnglishHarness is Harness {
    uint88 internal constant OPENING = 0.8 ether;
    uint80 internal constant DEPOSIT = 0.5 ether;
    /// Of an auction whose first bid comes at once.
    uint40 internal constant END = START + 300;
    uint40 internal constant HARD_END = END + 600;

    address internal immutable alice = makeAddr("alice");
    address internal immutable bob = makeAddr("bob");
    address internal immutable carol = makeAddr("carol");
    English internal english = new English();

    EnglishParams internal p = EnglishParams({
        duration: 300,
        closing: 30,
        extension: 60,
        overtime: 600,
        patience: 900,
        decrementBps: 1_000,
        startBps: 8_000,
        depositBps: 5_000,
        depositFloor: 1_000,
        standbys: 1
    });

    function setUp() public virtual {
        _open(english, abi.encode(p));
    }

    function _alone() internal {
        p.standbys = 0;
        _open(english, abi.encode(p));
    }

    function _bid(address prover, uint88 price) internal returns (Answer memory) {
        return _bid(prover, price, "");
    }

    /// The most that the next bid may ask.
    function _below(uint88 best) internal view returns (uint88) {
        return uint88(uint256(best) * (10_000 - p.decrementBps) / 10_000);
    }

    function _end() internal view returns (uint40) {
        return uint40(uint256(words[1]));
    }

    function _hardEnd() internal view returns (uint40) {
        return uint40(uint256(words[1]) >> 40);
    }

    function _word(address prover, uint88 price) internal pure returns (bytes32) {
        return bytes32(uint256(price) << 160 | uint160(prover));
    }

    function _over() internal {
        vm.warp(_end() + 1);
    }
}
