// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fulfillment} from "../contracts/types/Bid.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {RaceBase} from "./RaceBase.sol";

/// What a race costs, in gas of whole transactions, written to snapshots/race.json. The verifiers cost next to nothing.
contract RaceGasTest is RaceBase {
    string private constant FILE = "race";

    function setUp() public override {
        super.setUp();
        // Everybody has earned before.
        address[3] memory all = [alice, bob, carol];
        for (uint256 i; i < 3; ++i) {
            Request memory r = awarded(all[i]);
            Fulfillment[] memory items = fulfillment(r, all[i]);
            market.fulfill(items);
        }
    }

    function test_Arrivals() public {
        Request memory r = _entered(authored);
        _proveBound(r, alice);
        vm.snapshotGasLastCall(FILE, "prove_first");
        _proveBound(r, bob);
        vm.snapshotGasLastCall(FILE, "prove_next");
        _proveBound(r, carol);
        vm.snapshotGasLastCall(FILE, "prove_last");
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
    }

    function test_WinnerTakesAll() public {
        Request memory r = request(_race(0, 1, 0));
        r.verifier = binding;
        opened(r);
        _proveBound(r, alice);
        vm.snapshotGasLastCall(FILE, "prove_alone");
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
    }

    function test_Commitments() public {
        Request memory r = request(_race(BLOCKS, 3, 0));
        opened(r);
        address[3] memory all = [alice, bob, carol];
        for (uint256 i; i < 3; ++i) {
            _commit(r, all[i], _freeProof(r, all[i]));
            if (i == 0) vm.snapshotGasLastCall(FILE, "commit");
        }
        _mine(BLOCKS);
        _prove(r, alice, _freeProof(r, alice));
        vm.snapshotGasLastCall(FILE, "reveal_first");
        _prove(r, bob, _freeProof(r, bob));
        vm.snapshotGasLastCall(FILE, "reveal_next");
        uint256 snapshot = vm.snapshotState();
        _prove(r, carol, _freeProof(r, carol));
        vm.snapshotGasLastCall(FILE, "reveal_last_pays_3");
        vm.revertToState(snapshot);
        vm.warp(block.timestamp + WINDOW + 1);
        vm.prank(stranger);
        market.tick(r, address(0), "");
        vm.snapshotGasLastCall(FILE, "tick_pays_2");
        market.tick(r, carol, "");
        vm.snapshotGasLastCall(FILE, "tick_releases");
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
    }
}
