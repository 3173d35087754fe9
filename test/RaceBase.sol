// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Race, RaceParams} from "../contracts/mechanisms/Race.sol";
import {Bid} from "../contracts/types/Bid.sol";
import {Setup} from "../contracts/types/Instance.sol";
import {Request} from "../contracts/types/Request.sol";
import {Base} from "./Base.t.sol";
import {BindingVerifier} from "./doubles/BindingVerifier.sol";

/// Races in the market: proofs of a verifier that binds authors, or, with commitments, of one that does not.
abstract contract RaceBase is Base {
    uint80 internal constant DEPOSIT = 0.001 ether;
    uint40 internal constant WINDOW = 120;
    uint40 internal constant PATIENCE = 600;
    uint88 internal constant TIP = 1_000;
    uint16 internal constant BLOCKS = 2;

    Race internal race = new Race();
    address internal carol = makeAddr("carol");
    uint32 internal binding;
    uint32 internal authored;
    uint32 internal committed;

    function setUp() public virtual override {
        super.setUp();
        vm.roll(1_000);
        _enlist(carol);
        binding = market.registerVerifier(address(new BindingVerifier()), 100_000);
        authored = _race(0, 3, 0);
        committed = _race(BLOCKS, 1, 0);
    }

    function _race(uint16 commitBlocks, uint8 winners, uint32 fallbackInstance) internal returns (uint32) {
        bool commits = commitBlocks != 0;
        RaceParams memory p = RaceParams({
            patience: uint32(PATIENCE),
            window: commits || winners != 1 ? uint32(WINDOW) : 0,
            commitBlocks: commitBlocks,
            bountyBps: 10_000,
            decayBps: winners == 1 ? 0 : 5_000,
            winners: winners,
            deposit: commits ? DEPOSIT : 0
        });
        Setup memory s = setup(address(race), abi.encode(p), fallbackInstance);
        if (!commits) s.verifiers[0] = binding;
        return market.register(s, true);
    }

    function _entered(uint32 instance) internal returns (Request memory r) {
        r = request(instance);
        if (instance == authored) r.verifier = binding;
        r.tip = TIP;
        opened(r);
    }

    /// Of the verifier that binds authors.
    function _boundProof(Request memory r, address prover) internal view returns (bytes memory) {
        return abi.encode(r.statement, keccak256(abi.encode(market.idOf(r), prover)));
    }

    /// Of the other; every prover makes one of its own.
    function _freeProof(Request memory r, address prover) internal pure returns (bytes memory) {
        return abi.encode(r.statement, prover);
    }

    function _prove(Request memory r, address prover, bytes memory proven) internal {
        market.prove(r, prover, proven, abi.encode(keccak256(proven)));
    }

    function _proveBound(Request memory r, address prover) internal {
        _prove(r, prover, _boundProof(r, prover));
    }

    function _commit(Request memory r, address prover, bytes memory proven) internal {
        Bid memory b = bidFor(r, prover, 0);
        b.data = abi.encode(race.commitment(market.idOf(r), prover, keccak256(proven)));
        vm.prank(prover);
        market.bid(order(r, b));
    }

    function _mine(uint256 blocks) internal {
        vm.roll(block.number + blocks);
        vm.warp(block.timestamp + 12 * blocks);
    }
}
