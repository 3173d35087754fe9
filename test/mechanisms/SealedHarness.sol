// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Payment, SealedBid, SealedParams} from "../../contracts/mechanisms/SealedBid.sol";
import {Ask} from "../../contracts/types/Ask.sol";
import {Harness} from "./Harness.sol";

/// A sealed auction and bidders with names.
abstract contract SealedHarness is Harness {
    uint40 internal constant COMMIT_END = START + 300;
    uint40 internal constant REVEAL_END = COMMIT_END + 600;
    uint88 internal constant RESERVE = 0.8 ether;
    uint80 internal constant DEPOSIT = 0.1 ether;

    address internal immutable alice = makeAddr("alice");
    address internal immutable bob = makeAddr("bob");
    address internal immutable carol = makeAddr("carol");
    address internal immutable dave = makeAddr("dave");
    SealedBid internal sealedBid = new SealedBid();

    SealedParams internal p = SealedParams({
        payment: Payment.FirstPrice,
        commit: 300,
        reveal: 600,
        reserveBps: 8_000,
        depositBps: 1_000,
        depositFloor: 1_000,
        standbys: 1,
        bidders: 8
    });

    function setUp() public virtual {
        _open(sealedBid, abi.encode(p));
    }

    function _reopen(Payment payment, uint8 standbys) internal {
        p.payment = payment;
        p.standbys = standbys;
        p.bidders = 64;
        _open(sealedBid, abi.encode(p));
    }

    function _salt(address prover) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt of", prover));
    }

    function _commitmentOf(address prover, uint88 price) internal view returns (bytes32) {
        return sealedBid.commitment(id, prover, price, _salt(prover));
    }

    function _commit(address prover, uint88 price) internal {
        _bid(prover, 0, bytes.concat(_commitmentOf(prover, price)));
    }

    function _committing(address prover) internal view returns (Ask memory) {
        return _bidding(prover, 0, bytes.concat(_commitmentOf(prover, 1)));
    }

    function _revealing(address prover, uint88 price) internal view returns (Ask memory) {
        return _bidding(prover, price, bytes.concat(_salt(prover)));
    }

    function _reveal(address prover, uint88 price) internal {
        _apply(_revealing(prover, price));
    }

    function _commitAll(address[] memory provers, uint88[] memory prices) internal {
        vm.warp(COMMIT_END);
        for (uint256 i; i < provers.length; ++i) {
            _commit(provers[i], prices[i]);
        }
        vm.warp(COMMIT_END + 1);
    }

    function _commitThree(uint88 ofAlice, uint88 ofBob, uint88 ofCarol) internal {
        vm.warp(COMMIT_END);
        _commit(alice, ofAlice);
        _commit(bob, ofBob);
        _commit(carol, ofCarol);
        vm.warp(COMMIT_END + 1);
    }

    function _word(address prover, uint88 price) internal pure returns (bytes32) {
        return bytes32(uint256(price) << 160 | uint160(prover));
    }
}
