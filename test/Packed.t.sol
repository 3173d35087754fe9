// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {IRequests} from "../contracts/interfaces/IRequests.sol";
import {IRegistry} from "../contracts/interfaces/IRegistry.sol";
import {Packed} from "../contracts/libraries/Packed.sol";
import {Bid, Order} from "../contracts/types/Bid.sol";
import {Setup} from "../contracts/types/Instance.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// Bids that are brought packed: the same words, and the same checks.
contract PackedTest is Base {
    // Requests that enter by signature and one that has entered, under two instances, by two provers, sent and signed; with inputs
    // and mechanism data of odd lengths.
    function test_BidBatch_Mixed() public {
        Order[] memory orders = new Order[](4);
        for (uint256 i; i < 4; ++i) {
            Request memory r = request(i == 2 ? dutchInstance : postedInstance);
            bytes memory input = i == 0 ? bytes("") : bytes("what a prover needs");
            if (i != 0) r.input = keccak256(input);
            Bid memory b = bidFor(r, i % 2 == 0 ? alice : bob, 1);
            b.data = i == 1 ? bytes("12345") : bytes("");
            orders[i] = Order(r, input, sign(requesterKey, market.idOf(r)), b, "");
            if (i % 2 == 1) orders[i].proverSignature = sign(bobKey, digestOf(r, b));
        }
        opened(orders[0].request);
        orders[0].requesterSignature = "";
        vm.prank(alice);
        bidBatch(orders);
        for (uint256 i; i < 4; ++i) {
            assertEq(stateOf(orders[i].request).prover, market.ledgerOf(i % 2 == 0 ? alice : bob).id);
        }
        assertEq(market.ledgerOf(alice).busy, 2);
        assertEq(market.ledgerOf(bob).locked, 2 * BOND);
    }

    // What the typed call leaves behind, this leaves behind: state, ledgers, balances and logs.
    function test_BidBatch_IsBid() public {
        Order[] memory orders = new Order[](2);
        for (uint256 i; i < 2; ++i) {
            Request memory r = request(dutchInstance);
            r.tip = 7;
            orders[i] = signedOrder(r, bidFor(r, alice, 0));
        }
        uint256 fresh = vm.snapshotState();
        bytes32[2] memory left;
        for (uint256 i; i < 2; ++i) {
            vm.recordLogs();
            vm.prank(alice);
            if (i == 0) market.bid(orders);
            else market.bidBatch(Packed.pack(orders));
            left[i] = keccak256(
                abi.encode(
                    vm.getRecordedLogs(),
                    stateOf(orders[0].request),
                    stateOf(orders[1].request),
                    market.ledgerOf(alice),
                    market.balanceOf(NATIVE, requester)
                )
            );
            vm.revertToState(fresh);
        }
        assertEq(left[0], left[1]);
    }

    // Nothing is read from behind the end, and nothing is left over.
    function test_RevertWhen_AnOrderIsTruncated() public {
        Request memory r = request(dutchInstance);
        Order[] memory orders = new Order[](1);
        orders[0] = signedOrder(r, bidFor(r, alice, 0));
        bytes memory packed = Packed.pack(orders);
        uint256 size = packed.length;
        vm.startPrank(alice);
        vm.expectRevert(IMarket.EmptyBatch.selector);
        market.bidBatch("");
        for (uint256 have = 1; have < size; have += 7) {
            vm.expectPartialRevert(IMarket.TruncatedOrder.selector);
            market.bidBatch(_cut(packed, have));
        }
        vm.expectRevert(abi.encodeWithSelector(IMarket.TruncatedOrder.selector, size - 1, size));
        market.bidBatch(_cut(packed, size - 1));
        // A byte more is a second order, of which that is all.
        vm.expectRevert(abi.encodeWithSelector(IMarket.TruncatedOrder.selector, 1, 143));
        market.bidBatch(bytes.concat(packed, hex"00"));
        // A prover needs 20 bytes for its name.
        orders[0].proverSignature = hex"ff";
        bytes memory named = Packed.pack(orders);
        named[size - 65 - 36 + 29] = 0x13;
        vm.expectRevert(abi.encodeWithSelector(IMarket.TruncatedOrder.selector, 0x13, 20));
        market.bidBatch(_cut(named, size + 0x13));
        market.bidBatch(packed);
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    // One bit flipped anywhere is another word, which nobody signed.
    function testFuzz_RevertWhen_AnyBitIsMutated(uint256 place, uint8 bit) public {
        Request memory r = request(dutchInstance);
        Bid memory b = bidFor(r, alice, 5);
        Order[] memory orders = new Order[](1);
        orders[0] = Order(r, "", sign(requesterKey, market.idOf(r)), b, sign(aliceKey, digestOf(r, b)));
        bytes memory packed = Packed.pack(orders);
        place = bound(place, 0, packed.length - 1);
        // But bits that mean nothing, and the recovery bits, of which one form has two.
        if (place == 20 && bit % 8 > 4) return;
        if (place == packed.length - 1 || place == packed.length - 86) return;
        packed[place] ^= bytes1(uint8(1) << (bit % 8));
        (bool ok,) = address(market).call(abi.encodeCall(IRequests.bidBatch, (packed)));
        assertFalse(ok);
    }

    // S7, V9: what an instance lists is not looked up at entry. Frozen meanwhile, the request ends without fault: the bond goes back,
    // and the escrow.
    function test_Bid_ThroughAListedVerifierThatWasFrozen() public {
        market.freezeVerifier(verifier);
        Request memory r = request(dutchInstance);
        Order[] memory orders = new Order[](1);
        orders[0] = signedOrder(r, bidFor(r, alice, 0));
        vm.prank(alice);
        bidBatch(orders);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.VerifierIsFrozen.selector, verifier));
        market.fulfill(fulfillment(r, alice));
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.balanceOf(NATIVE, requester), 100 ether);
        assertEq(market.ledgerOf(alice).stake, 10 ether);
        assertEq(market.ledgerOf(alice).locked, 0);
        assertEq(market.ledgerOf(alice).failed, 0);
    }

    // Where an instance lists none, each is looked up.
    function test_RevertWhen_AnUnlistedVerifierIsFrozenOrUnknown() public {
        Setup memory s = setup(address(dutch), abi.encode(dutchParams()), 0);
        s.verifiers = new uint32[](0);
        uint32 instance = market.register(s, true);
        Request memory r = request(instance);
        r.verifier = 99;
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownVerifier.selector, 99, verifier));
        market.open(r, "", "");
        market.freezeVerifier(verifier);
        r.verifier = verifier;
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.VerifierIsFrozen.selector, verifier));
        market.open(r, "", "");
    }

    function _cut(bytes memory packed, uint256 size) private pure returns (bytes memory head) {
        head = new bytes(size);
        for (uint256 i; i < size; ++i) {
            head[i] = packed[i];
        }
    }
}
