// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../contracts/interfaces/IEscrow.sol";
import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {Declaration, ISupply} from "../contracts/interfaces/ISupply.sol";
import {Fulfillment} from "../contracts/types/Bid.sol";
import {Setup} from "../contracts/types/Instance.sol";
import {DRAINING, DRILLS} from "../contracts/types/Prover.sol";
import {Record} from "../contracts/types/Record.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";
import {BindingVerifier} from "./doubles/BindingVerifier.sol";

/// What provers have shown: their records by class of work, and drills.
contract RecordsTest is Base {
    /* RECORDS */

    function test_AKeptAwardIsRecordedForAHundredthOfItsPrice() public {
        Request memory r = _kept(alice);
        uint256 had = market.balanceOf(NATIVE, alice);
        vm.expectEmit();
        emit ISupply.Recorded(market.idOf(r), alice, PRICE / 100);
        _record(alice, r);
        vm.snapshotGasLastCall("records", "record");
        Record memory have = market.recordOf(alice, verifier, NATIVE);
        assertEq(have.kept, 1);
        assertEq(have.paid, PRICE);
        assertEq(market.balanceOf(NATIVE, alice), had - PRICE / 100);
        assertEq(market.balanceOf(NATIVE, BURNED), PRICE / 100);
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
    }

    function test_ARecordIsByClassOfWork() public {
        _record(alice, _kept(alice));
        uint32 other = market.registerVerifier(address(nullVerifier), 100_000);
        assertEq(market.recordOf(alice, other, NATIVE).kept, 0);
        assertEq(market.recordOf(alice, verifier, address(1)).kept, 0);
        assertEq(market.recordOf(bob, verifier, NATIVE).kept, 0);
    }

    // Without anybody's doing: what it cost the requester says which.
    function test_MissesAreRecordedByWhoeverExpiresThem() public {
        Request memory r = awarded(alice);
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        vm.snapshotGasLastCall("records", "expire_late");
        Record memory have = market.recordOf(alice, verifier, NATIVE);
        assertEq(have.late, 1);
        assertEq(have.missed, PRICE);
        r = awarded(alice);
        vm.warp(r.deadline);
        market.expire(r);
        have = market.recordOf(alice, verifier, NATIVE);
        assertEq(have.late, 1);
        assertEq(have.failed, 1);
        assertEq(have.missed, 2 * PRICE);
        assertEq(have.kept + have.paid, 0);
    }

    function test_RevertWhen_RecordedTwice() public {
        Request memory r = _kept(alice);
        _record(alice, r);
        vm.expectRevert(abi.encodeWithSelector(ISupply.NothingToRecord.selector, market.idOf(r)));
        _record(alice, r);
    }

    function test_RevertWhen_ItIsNotItsOwnOrNotKept() public {
        Request memory r = _kept(alice);
        bytes32 id = market.idOf(r);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongProver.selector, id, bob));
        _record(bob, r);
        vm.expectRevert(abi.encodeWithSelector(ISupply.NotAProver.selector, stranger));
        _record(stranger, r);
        r = awarded(alice);
        id = market.idOf(r);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongStatus.selector, id, Status.Awarded, Status.Fulfilled));
        _record(alice, r);
        vm.expectRevert(IMarket.EmptyBatch.selector);
        market.record(new Request[](0));
    }

    function test_RevertWhen_TheFeeIsNotThere() public {
        Request memory r = _kept(alice);
        uint256 all = market.balanceOf(NATIVE, alice);
        vm.prank(alice);
        market.withdraw(NATIVE, alice, all);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.InsufficientBalance.selector, NATIVE, alice, 0, PRICE / 100));
        _record(alice, r);
    }

    // A prover that orders from itself pays a hundredth of what it pretends to earn, each time.
    function testFuzz_Attack_AWashedRecordCostsItsShare(uint8 times) public {
        times = uint8(bound(times, 1, 20));
        uint256 before = market.balanceOf(NATIVE, requester) + market.balanceOf(NATIVE, alice);
        for (uint256 i; i < times; ++i) {
            _record(alice, _kept(alice));
        }
        Record memory have = market.recordOf(alice, verifier, NATIVE);
        assertEq(have.paid, uint256(times) * PRICE);
        uint256 left = market.balanceOf(NATIVE, requester) + market.balanceOf(NATIVE, alice);
        assertEq(before - left, have.paid / 100);
    }

    /* DRILLS */

    function test_ADrillIsAnAwardAtTheOfferThatNobodyAskedFor() public {
        _volunteer(alice, DRILLS);
        Request memory r = request(postedInstance);
        vm.expectEmit();
        emit ISupply.Drilled(market.idOf(r), alice);
        _drill(r, alice);
        vm.snapshotGasLastCall("records", "drill");
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
        assertEq(market.ledgerOf(alice).locked, BOND);
        market.fulfill(fulfillment(r, alice));
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + PRICE);
        _record(alice, r);
        assertEq(market.recordOf(alice, verifier, NATIVE).kept, 1);
    }

    // To promise more than one can do costs the bond, and is on the record.
    function test_OverPromisingCosts() public {
        _volunteer(alice, DRILLS);
        Request memory r = request(postedInstance);
        _drill(r, alice);
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        assertEq(market.ledgerOf(alice).stake, 10 ether - BOND);
        assertEq(market.recordOf(alice, verifier, NATIVE).late, 1);
    }

    // What cannot be proven is nobody's fault: who orders a drill shows a proof of its own.
    function test_Attack_NobodyIsDrilledWithWhatCannotBeProven() public {
        _volunteer(alice, DRILLS);
        Request memory r = request(postedInstance);
        vm.expectPartialRevert(IMarket.ProofRefused.selector);
        vm.prank(requester);
        market.drill(r, alice, "", abi.encode(bytes32("nothing")));
    }

    // Where the verifier binds authors, the proof that is shown is of no use to who is drilled.
    function test_TheProofThatIsShownCannotBeCopied() public {
        BindingVerifier binding = new BindingVerifier();
        uint32 number = market.registerVerifier(address(binding), 100_000);
        Setup memory any = setup(address(posted), abi.encode(postedParams()), 0);
        any.verifiers = new uint32[](0);
        uint32 instance = market.register(any, true);
        _volunteer(alice, DRILLS);
        Request memory r = request(instance);
        r.verifier = number;
        bytes memory shown = _boundProof(r, requester);
        vm.prank(requester);
        market.drill(r, alice, "", shown);
        Fulfillment[] memory items = fulfillment(r, alice);
        items[0].proof = shown;
        vm.expectPartialRevert(IMarket.ProofRefused.selector);
        market.fulfill(items);
        items[0].proof = _boundProof(r, alice);
        assertEq(market.fulfill(items), 1);
    }

    function test_RevertWhen_NotMeantToBeDrilled() public {
        Request memory r = request(postedInstance);
        vm.expectRevert(abi.encodeWithSelector(ISupply.NoDrills.selector, alice));
        _drill(r, alice);
        _volunteer(alice, DRILLS | DRAINING);
        vm.expectRevert(abi.encodeWithSelector(ISupply.Draining.selector, alice));
        _drill(r, alice);
    }

    // The offer binds a drill as it binds any award.
    function test_RevertWhen_TheOfferIsNotMet() public {
        _volunteer(alice, DRILLS);
        Request memory r = request(postedInstance);
        r.maxPrice = 999;
        vm.expectRevert(abi.encodeWithSelector(ISupply.BelowFloor.selector, alice, 999, 1_000));
        _drill(r, alice);
        r = request(postedInstance);
        (r.work, r.window) = (100_000 * 61, 60);
        vm.expectRevert(abi.encodeWithSelector(ISupply.BeyondThroughput.selector, alice, 100_000 * 60, 100_000 * 61));
        _drill(r, alice);
    }

    function test_RevertWhen_ARuleThatKeepsWordsWouldNotKnow() public {
        _volunteer(alice, DRILLS);
        Request memory r = request(sealedInstance);
        vm.expectPartialRevert(IMarket.FieldOutOfRange.selector);
        _drill(r, alice);
    }

    function test_RevertWhen_AnotherPays() public {
        _volunteer(alice, DRILLS);
        Request memory r = request(postedInstance);
        bytes memory shown = proof(r);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NotRequester.selector, stranger, requester));
        vm.prank(stranger);
        market.drill(r, alice, "", shown);
    }

    /* HELP */

    function _kept(address prover) private returns (Request memory r) {
        r = awarded(prover);
        market.fulfill(fulfillment(r, prover));
    }

    function _record(address prover, Request memory r) private {
        Request[] memory requests = new Request[](1);
        requests[0] = r;
        vm.prank(prover);
        market.record(requests);
    }

    function _boundProof(Request memory r, address author) private view returns (bytes memory) {
        return abi.encode(r.statement, keccak256(abi.encode(market.idOf(r), author)));
    }

    function _volunteer(address prover, uint8 flags) private {
        Declaration memory d = declaration(100);
        d.flags |= flags;
        vm.prank(prover);
        market.declare(d);
    }

    function _drill(Request memory r, address prover) private {
        bytes memory shown = proof(r);
        vm.prank(requester);
        market.drill(r, prover, "", shown);
    }
}
