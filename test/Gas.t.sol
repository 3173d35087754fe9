// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VerifyingKey} from "../contracts/libraries/Groth16.sol";
import {Packed} from "../contracts/libraries/Packed.sol";
import {English, EnglishParams} from "../contracts/mechanisms/English.sol";
import {Bid, Fulfillment, Order} from "../contracts/types/Bid.sol";
import {Setup} from "../contracts/types/Instance.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Groth16Verifier} from "../contracts/verifiers/Groth16Verifier.sol";
import {Base} from "./Base.t.sol";

/// What the life of a request costs, in gas of whole transactions (intrinsic and calldata included), written to
/// snapshots/lifecycle.json. The accounts are in use, as they are in a running market: no slot but the request's own is fresh.
contract GasTest is Base {
    string private constant FILE = "lifecycle";

    function setUp() public override {
        super.setUp();
        // The prover has earned before.
        Request memory r = awarded(alice);
        market.fulfill(fulfillment(r, alice));
    }

    function test_Open() public {
        Request memory r = request(dutchInstance);
        vm.prank(requester);
        market.open(r, "", "");
        vm.snapshotGasLastCall(FILE, "open");
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
    }

    function test_Award() public {
        Request memory r = request(dutchInstance);
        Order[] memory orders = new Order[](1);
        orders[0] = signedOrder(r, bidFor(r, alice, 0));
        bytes memory packed = Packed.pack(orders);
        vm.prank(alice);
        market.bidBatch(packed);
        vm.snapshotGasLastCall(FILE, "award");
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    // By the typed call, for comparison.
    function test_AwardTyped() public {
        Request memory r = request(dutchInstance);
        Order[] memory orders = new Order[](1);
        orders[0] = signedOrder(r, bidFor(r, alice, 0));
        vm.prank(alice);
        market.bid(orders);
        vm.snapshotGasLastCall(FILE, "award_typed");
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    function test_AwardBatch() public {
        Order[] memory orders = new Order[](8);
        for (uint256 i; i < 8; ++i) {
            Request memory r = request(dutchInstance);
            orders[i] = signedOrder(r, bidFor(r, alice, 0));
        }
        bytes memory packed = Packed.pack(orders);
        vm.prank(alice);
        market.bidBatch(packed);
        vm.snapshotValue(FILE, "award_batch_8", vm.lastCallGas().gasTotalUsed / 8);
        assertEq(uint8(statusOf(orders[7].request)), uint8(Status.Awarded));
    }

    function test_Bid() public {
        Request memory r = request(dutchInstance);
        opened(r);
        bidAs(alice, r, 0);
        vm.snapshotGasLastCall(FILE, "bid_dutch");

        r = request(postedInstance);
        opened(r);
        bidAs(alice, r, 0);
        vm.snapshotGasLastCall(FILE, "bid_posted");

        r = request(sealedInstance);
        opened(r);
        Bid memory b = bidFor(r, alice, 0);
        b.data = abi.encode(sealedBid.commitment(market.idOf(r), alice, 1_000, bytes32("salt")));
        vm.prank(alice);
        market.bid(order(r, b));
        vm.snapshotGasLastCall(FILE, "bid_sealed");

        vm.warp(block.timestamp + 61);
        b = bidFor(r, alice, 1_000);
        b.data = abi.encode(bytes32("salt"));
        vm.prank(alice);
        market.bid(order(r, b));
        vm.snapshotGasLastCall(FILE, "bid_sealed_reveal");
    }

    function test_English() public {
        EnglishParams memory p = EnglishParams({
            duration: 60,
            closing: 10,
            extension: 10,
            overtime: 60,
            patience: 60,
            decrementBps: 1_000,
            startBps: 10_000,
            depositBps: 10_000,
            depositFloor: 1,
            standbys: 1
        });
        Request memory r = request(_register(address(new English()), abi.encode(p)));
        opened(r);
        bidAs(alice, r, PRICE);
        vm.snapshotGasLastCall(FILE, "bid_english_first");
        bidAs(bob, r, PRICE / 2);
        bidAs(alice, r, PRICE / 4);
        vm.snapshotGasLastCall(FILE, "bid_english_next");
        vm.warp(block.timestamp + 61);
        vm.prank(stranger);
        market.tick(r, address(0), "");
        vm.snapshotGasLastCall(FILE, "tick_english");
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    function test_Fulfill() public {
        _fulfill("fulfill_1", 1);
        _fulfill("fulfill_8", 8);
        _fulfill("fulfill_32", 32);
    }

    function test_FulfillGroth16() public {
        Groth16Verifier groth16 = new Groth16Verifier();
        Setup memory s = setup(address(posted), abi.encode(postedParams()), 0);
        s.verifiers[0] = market.registerVerifier(address(groth16), 1_000_000);
        Request memory r = request(market.register(s, true));
        r.verifier = s.verifiers[0];
        bytes memory proven;
        (r.statement, proven) = _genuine(groth16);
        opened(r);
        bidAs(alice, r, 0);

        Fulfillment[] memory items = new Fulfillment[](1);
        items[0] = Fulfillment(r, alice, proven);
        vm.prank(stranger);
        market.fulfill(items);
        vm.snapshotGasLastCall(FILE, "fulfill_groth16_1");
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
    }

    function test_Expire() public {
        Request memory r = request(dutchInstance);
        opened(r);
        vm.warp(r.deadline);
        market.expire(r);
        vm.snapshotGasLastCall(FILE, "expire");
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
    }

    function test_Slash() public {
        _slash();
        _slash();
    }

    function test_Deposit() public {
        vm.startPrank(requester);
        market.deposit{value: 1}(NATIVE, requester, 1);
        vm.snapshotGasLastCall(FILE, "deposit");
        market.withdraw(NATIVE, requester, 1);
        vm.snapshotGasLastCall(FILE, "withdraw");
        vm.stopPrank();
    }

    function _fulfill(string memory key, uint256 n) private {
        Fulfillment[] memory items = new Fulfillment[](n);
        for (uint256 i; i < n; ++i) {
            Request memory r = awarded(alice);
            items[i] = Fulfillment(r, alice, proof(r));
        }
        vm.prank(stranger);
        assertEq(market.fulfill(items), n);
        vm.snapshotValue(FILE, key, vm.lastCallGas().gasTotalUsed / n);
    }

    /// A proof of the fixtures, whose author cannot be one of this market. Its key is therefore registered as one that binds
    /// nobody: the author is an input like the others then, and costs as much.
    function _genuine(Groth16Verifier groth16) private returns (bytes32 statement, bytes memory proven) {
        string memory json = vm.readFile("test/fixtures/groth16.json");
        VerifyingKey memory vk = abi.decode(vm.parseJsonBytes(json, ".pow5.verifyingKey"), (VerifyingKey));
        assertEq(vk.author, 1);
        vk.author = 0;
        bytes32 key = groth16.registerKey(vk);
        // Of the inputs author, seed and output, the seed is what the statement pins.
        uint256[] memory words = _words(vm.parseJsonBytesArray(json, ".pow5.proofs")[0]);
        uint256 author = uint256(vm.parseJsonBytes32Array(json, ".pow5.authors")[0]) >> 3;
        uint256[] memory pinned = new uint256[](1);
        pinned[0] = words[11];
        statement = groth16.statementOf(key, 1, pinned);
        proven = abi.encodePacked(key, uint256(1), uint256(1));
        for (uint256 i = 3; i < 11; ++i) {
            proven = abi.encodePacked(proven, words[i]);
        }
        proven = abi.encodePacked(proven, author, words[11], words[12]);
    }

    function _words(bytes memory data) private pure returns (uint256[] memory words) {
        words = new uint256[](data.length / 32);
        for (uint256 i; i < words.length; ++i) {
            assembly ("memory-safe") {
                mstore(add(words, mul(0x20, add(i, 1))), mload(add(data, mul(0x20, add(i, 1)))))
            }
        }
    }

    function _slash() private {
        Request memory r = awarded(alice);
        vm.warp(stateOf(r).time + 1);
        vm.prank(stranger);
        market.expire(r);
        vm.snapshotGasLastCall(FILE, "slash");
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
    }
}
