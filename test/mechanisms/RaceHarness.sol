// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Race, RaceParams} from "../../contracts/mechanisms/Race.sol";
import {Answer, Ask, Cause} from "../../contracts/types/Ask.sol";
import {Harness} from "./Harness.sol";

/// A proof race, and provers with names, numbers and proofs.
abstract contract RaceHarness is Harness {
    uint80 internal constant DEPOSIT = 0.1 ether;
    uint88 internal constant BOUNTY = 0.8 ether;
    /// Commitments are that much older than their proofs.
    uint16 internal constant BLOCKS = 2;

    address internal immutable alice = makeAddr("alice");
    address internal immutable bob = makeAddr("bob");
    address internal immutable carol = makeAddr("carol");
    address internal immutable dave = makeAddr("dave");
    Race internal race = new Race();
    mapping(address prover => uint24) internal numbers;

    RaceParams internal p = RaceParams({
        patience: 900, window: 60, commitBlocks: 0, bountyBps: 8_000, decayBps: 5_000, winners: 3, deposit: 0
    });

    function setUp() public virtual {
        address[4] memory all = [alice, bob, carol, dave];
        for (uint24 i; i < all.length; ++i) {
            numbers[all[i]] = i + 1;
        }
        _start();
    }

    function _start() internal {
        _open(race, abi.encode(p));
        vm.roll(1_000);
    }

    /// One wins, and nothing waits.
    function _alone() internal {
        (p.winners, p.decayBps, p.window) = (1, 0, 0);
        _start();
    }

    function _withEntry() internal {
        p.deposit = DEPOSIT;
        _start();
    }

    /// Proofs do not bind their author.
    function _withCommitments(uint8 winners) internal {
        (p.commitBlocks, p.deposit, p.winners) = (BLOCKS, DEPOSIT, winners);
        p.decayBps = winners == 1 ? 0 : 5_000;
        _start();
    }

    function _enterAs(address prover) internal returns (Answer memory) {
        return _bid(prover, 0, "");
    }

    function _commit(address prover, bytes32 proof) internal returns (Answer memory) {
        return _apply(_committing(prover, proof));
    }

    function _committing(address prover, bytes32 proof) internal view returns (Ask memory) {
        return _bidding(prover, 0, abi.encode(race.commitment(id, prover, proof)));
    }

    /// A proof of `prover`, which has the hash `proof`.
    function _proveAs(address prover, bytes32 proof) internal returns (Answer memory) {
        ++proofs;
        return _apply(_proving(prover, proof));
    }

    function _proving(address prover, bytes32 proof) internal view returns (Ask memory ask) {
        ask = _ask(Cause.Proof, prover);
        ask.actor.id = numbers[prover];
        ask.data = abi.encode(proof);
    }

    function _proofOf(address prover) internal pure returns (bytes32) {
        return keccak256(abi.encode("proof", prover));
    }

    function _proveOwn(address prover) internal returns (Answer memory) {
        return _proveAs(prover, _proofOf(prover));
    }

    function _commitOwn(address prover) internal returns (Answer memory) {
        return _commit(prover, _proofOf(prover));
    }

    function _mine(uint256 blocks) internal {
        vm.roll(block.number + blocks);
        vm.warp(block.timestamp + 12 * blocks);
    }

    function _endOf() internal view returns (uint40) {
        return uint40(uint256(words[0]) >> 192);
    }

    function _shareOf(uint256 rank) internal view returns (uint88) {
        return race.shares(params, MAX_PRICE)[rank];
    }
}
