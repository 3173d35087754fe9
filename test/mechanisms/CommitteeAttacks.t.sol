// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Unacceptable} from "../../contracts/interfaces/IMechanism.sol";
import {Status} from "../../contracts/types/State.sol";
import {CommitteeHarness} from "./CommitteeHarness.sol";

/// What MECHANISMS.md F11 fears, and what a quorum or a forger could try.
contract CommitteeAttacksTest is CommitteeHarness {
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function setUp() public override {
        super.setUp();
        _seat(7);
        vm.warp(SHARDS + 20);
    }

    /// The aggregator keeps the whole to itself: the next seat brings it, and takes the aggregator's part.
    function test_AggregatorWithholds() public {
        _prove(people[1], PROOF, "");
        assertEq(rewards[people[1]], 0.08 ether + _rest() / 7);
        assertEq(rewards[people[0]], _rest() / 7, "its shard is paid");
    }

    /// The aggregator leaves out the split that was signed: members are paid alike; it can single nobody out.
    function test_AggregatorCensors() public {
        _prove(people[0], PROOF, "");
        for (uint256 i = 1; i < 7; ++i) {
            assertEq(rewards[people[i]], _rest() / 7);
        }
    }

    /// Somebody does nothing for its seat: the quorum leaves it without pay, or gives its seat to another.
    function test_FreeRider() public {
        uint256 snapshot = vm.snapshotState();
        _prove(people[0], PROOF, _split(1 << 5, _weights(1 << 5), 5));
        assertEq(rewards[people[5]], 0);
        vm.revertToState(snapshot);
        _say(_notice(LATE, 1 << 5, 5));
        _bid(people[7], 0, "");
        _prove(people[0], PROOF, "");
        assertEq(rewards[people[5]], 0);
        assertEq(rewards[people[7]], _rest() / 7);
    }

    /// One person with two of seven seats pays two deposits, and is two short of a say: its own word counts for nothing.
    function test_SybilSeats() public {
        _assertRefuses(_saying(_notice(LATE, 1 << 6, 2)), _unacceptable(2, 5));
        _prove(people[1], PROOF, _split(1 << 6, _weights(1 << 6), 2));
        assertEq(rewards[people[6]], _rest() / 7, "equal");
    }

    /// A quorum of crooks leaves two of seven without pay, and no third; no deposit is touched.
    function test_QuorumRobs() public {
        _say(_notice(LATE, 1 << 6, 5));
        _assertRefuses(_saying(_notice(LATE, 3 << 4, 5)), _unacceptable(3, 2));
        _bid(people[7], 0, "");
        _assertRefuses(_saying(_notice(LATE, 1 << 6, 5)), _unacceptable(64, 63));
        _prove(people[1], PROOF, _split(3 << 4, _weights(3 << 4), 5));
        assertEq(rewards[people[4]], _rest() / 7, "a third counts for nothing: equal");
        assertEq(forfeited.length, 0);
    }

    /// Nobody is paid less than half of an equal share unless it is late.
    function test_QuorumUnderpays() public {
        uint16[] memory weights = _weights(0);
        (weights[0], weights[6]) = (weights[0] + weights[6] - 715, 715);
        uint256 snapshot = vm.snapshotState();
        _prove(people[1], PROOF, _split(0, weights, 5));
        assertEq(rewards[people[6]], _rest() * 715 / 10_000, "half");
        vm.revertToState(snapshot);
        (weights[0], weights[6]) = (weights[0] + 1, 714);
        _prove(people[1], PROOF, _split(0, weights, 5));
        assertEq(rewards[people[6]], _rest() / 7);
    }

    /// If the shards of all are needed, nobody can be declared late at all.
    function test_NobodyIsLateWhereAllAreNeeded() public {
        (p.least, p.needed) = (7, 7);
        params = abi.encode(p);
        _assertRefuses(_saying(_notice(LATE, 1 << 6, 7)), _unacceptable(1, 0));
        _prove(people[1], PROOF, _split(1 << 6, _weights(1 << 6), 7));
        assertEq(rewards[people[6]], _rest() / 7);
    }

    function test_SumOfWeightsIsAllThereIs() public {
        uint16[] memory weights = _weights(0);
        weights[0] += 1;
        _assertEqual(_split(0, weights, 7));
        weights[0] -= 2;
        _assertEqual(_split(0, weights, 7));
    }

    function test_LateHaveNoWeight() public {
        _assertEqual(_split(1 << 6, _weights(0), 7));
    }

    function test_TooFewSign() public {
        _assertRefuses(_saying(_notice(LATE, 1 << 6, 4)), _unacceptable(4, 5));
        _assertEqual(_split(1 << 6, _weights(1 << 6), 4));
    }

    /// One that is named twice counts once: seats are bits. Its signature in another's place is wrong.
    function test_DuplicateSigner() public {
        bytes memory said = abi.encodePacked(uint16(1 << 6));
        bytes memory own = _sign(people[0], _digest(id, 0, LATE, said));
        bytes memory data = abi.encodePacked(LATE, _mask(0, 5), said, own, own, own, own, own);
        _assertRefuses(_saying(data), _unacceptable(1, 5));
    }

    function test_ForgedSignature() public {
        bytes memory said = abi.encodePacked(uint16(1 << 6));
        bytes32 digest = _digest(id, 0, LATE, said);
        bytes memory four = abi.encodePacked(LATE, _mask(0, 5), said, _signatures(LATE, said, _mask(0, 4)));
        _assertRefuses(_saying(bytes.concat(four, new bytes(65))), _unacceptable(4, 5));
        _assertRefuses(_saying(bytes.concat(four, _sign(people[7], digest))), _unacceptable(4, 5));
        bytes32 other = _digest(keccak256("another request"), 0, LATE, said);
        _assertRefuses(_saying(bytes.concat(four, _sign(people[4], other))), _unacceptable(4, 5));
        other = _digest(id, 1, LATE, said);
        _assertRefuses(_saying(bytes.concat(four, _sign(people[4], other))), _unacceptable(4, 5));
        other = _digest(id, 0, SPLIT, said);
        _assertRefuses(_saying(bytes.concat(four, _sign(people[4], other))), _unacceptable(4, 5));
        _say(bytes.concat(four, _sign(people[4], digest)));
    }

    /// The second signature that anybody can make of one does not count.
    function test_MalleableSignature() public {
        bytes memory said = abi.encodePacked(uint16(1 << 6));
        bytes memory data = abi.encodePacked(LATE, _mask(0, 5), said, _signatures(LATE, said, _mask(0, 4)));
        bytes memory last = _sign(people[4], _digest(id, 0, LATE, said));
        (bytes32 r, uint256 s) = abi.decode(last, (bytes32, uint256));
        uint8 v = 55 - uint8(last[64]);
        bytes memory twin = abi.encodePacked(r, ORDER - s, v);
        assertEq(ecrecover(_digest(id, 0, LATE, said), v, r, bytes32(ORDER - s)), people[4], "good to the precompile");
        _assertRefuses(_saying(bytes.concat(data, twin)), _unacceptable(4, 5));
        last[64] = bytes1(uint8(last[64]) - 27);
        _assertRefuses(_saying(bytes.concat(data, last)), _unacceptable(4, 5));
    }

    /// What recovers to address(0) is not the signature of a seat that nobody holds.
    function test_EmptySeatSignsNothing() public {
        _say(_notice(LATE, 1, 5));
        bytes memory said = abi.encodePacked(uint16(1 << 6));
        bytes memory rest = _signatures(LATE, said, _mask(1, 4));
        bytes memory data = abi.encodePacked(LATE, _mask(0, 5), said, new bytes(65), rest);
        _assertRefuses(_saying(data), _unacceptable(4, 5));
    }

    /// A split binds those who sat when it was signed: who takes over a seat later does not fall under it.
    function test_OldSplitForNewMembers() public {
        bytes memory old = _split(1 << 6, _weights(1 << 6), 6);
        _say(_notice(LATE, 1 << 6, 5));
        _bid(people[7], 0, "");
        _assertEqual(old);
    }

    /// A whole quorum's signatures of the same split for another request, or another rung, say nothing of this one.
    function test_SplitOfAnotherRequest() public {
        _assertEqual(_signedFor(keccak256("another request"), 0));
        _assertEqual(_signedFor(id, 1));
        uint256 snapshot = vm.snapshotState();
        _prove(people[0], PROOF, _signedFor(id, 0));
        assertEq(rewards[people[6]], 0, "it is the place that was wrong, not the form");
        vm.revertToState(snapshot);
    }

    /// Two splits need a quorum each, and two quorums of seven have three members in common: two that sign both cannot
    /// make a second one count. Three can, and who brings the whole then chooses; it can pay out no more by that.
    function test_MembersSignTwoSplits() public {
        bytes memory first = _split(1 << 6, _weights(1 << 6), 5);
        _assertEqual(_splitBy(1 << 5, 0x63));
        bytes memory second = _splitBy(1 << 5, 0x67);
        uint256 snapshot = vm.snapshotState();
        _prove(people[0], PROOF, first);
        assertEq(rewards[people[6]], 0);
        _assertWithinFee();
        vm.revertToState(snapshot);
        _prove(people[0], PROOF, second);
        assertEq(rewards[people[5]], 0);
        _assertWithinFee();
    }

    /// Whoever brings the whole may garble the split: then it does not count. It cannot choose another.
    function testFuzz_GarbledSplit(uint256 at, uint8 by) public {
        bytes memory data = _split(1 << 6, _weights(1 << 6), 5);
        vm.assume(by != 0);
        at = bound(at, 2, data.length - 1);
        data[at] = bytes1(uint8(data[at]) ^ by);
        _assertEqual(data);
    }

    function _signedFor(bytes32 other, uint8 rung) private view returns (bytes memory data) {
        bytes memory said = _said(1 << 6, _weights(1 << 6));
        data = abi.encodePacked(_mask(0, 5), said);
        for (uint256 i; i < 5; ++i) {
            data = bytes.concat(data, _sign(people[i], _digest(other, rung, SPLIT, said)));
        }
    }

    function _splitBy(uint16 late, uint16 signers) private view returns (bytes memory) {
        bytes memory said = _said(late, _weights(late));
        return abi.encodePacked(signers, said, _signatures(SPLIT, said, signers));
    }

    function _assertWithinFee() private view {
        uint256 paid;
        for (uint256 i; i < 7; ++i) {
            paid += rewards[people[i]];
        }
        assertLe(paid, 0.8 ether);
        assertGt(paid, 0.8 ether - 7, "only what rounding leaves is kept");
    }

    function _assertEqual(bytes memory split) private {
        uint256 snapshot = vm.snapshotState();
        _prove(people[0], PROOF, split);
        assertEq(uint8(status), uint8(Status.Fulfilled));
        assertEq(rewards[people[5]], _rest() / 7, "the split does not count");
        assertEq(rewards[_at(6)], _rest() / 7);
        vm.revertToState(snapshot);
    }

    function _unacceptable(uint256 have, uint256 want) private pure returns (bytes memory) {
        return abi.encodeWithSelector(Unacceptable.selector, have, want);
    }
}
