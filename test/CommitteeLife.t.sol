// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {NotYet, TooLate} from "../contracts/interfaces/IMechanism.sol";
import {Committee, CommitteeParams} from "../contracts/mechanisms/Committee.sol";
import {Ledger} from "../contracts/types/Prover.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// Committees in the market: seats, proofs, splits, notices and ends, with the money that moves.
contract CommitteeLifeTest is Base {
    string private constant FILE = "committee";
    uint8 private constant LATE = 1;
    uint8 private constant WITHHELD = 2;
    uint8 private constant SPLIT = 3;
    uint256 private constant TIP = 1_000;
    /// Of 0.01 ether: a tenth to who brings the whole.
    uint256 private constant PART = PRICE / 10;

    Committee internal committee = new Committee();
    address[] internal people;
    mapping(address person => uint256) private _keys;
    Request internal r;

    function setUp() public override {
        super.setUp();
        for (uint256 i; i < 13; ++i) {
            (address person, uint256 key) = makeAddrAndKey(string.concat("person ", vm.toString(i)));
            people.push(person);
            _keys[person] = key;
            _enlist(person);
        }
        _openUnder(_params(), 0);
    }

    function test_Life() public {
        _seat(7);
        vm.prank(requester);
        vm.expectPartialRevert(IMarket.DepositsStand.selector);
        market.cancel(r);
        _prove(people[0], "");
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
        _assertPaid(people[0], PART + (PRICE - PART) / 7);
        for (uint256 i = 1; i < 7; ++i) {
            _assertPaid(people[i], (PRICE - PART) / 7);
        }
        uint256 dust = PRICE - PART - (PRICE - PART) / 7 * 7;
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - PRICE - TIP + dust);
        assertEq(market.balanceOf(NATIVE, address(this)), TIP, "who brings the whole ends it");
        _assertFree();
        vm.expectRevert();
        this.prove(people[1], "");
    }

    // A quorum's split is paid, and who was late is free, without a share.
    function test_Split() public {
        _seat(7);
        _prove(people[0], _split(7, 1 << 6, 5));
        uint256 rest = PRICE - PART;
        for (uint256 i = 1; i < 6; ++i) {
            _assertPaid(people[i], rest * (i < 4 ? 1_667 : 1_666) / 10_000);
        }
        _assertPaid(people[6], 0);
        _assertFree();
    }

    // A late seat changes hands: deposit back, the next one held, the share with it.
    function test_LateSeat() public {
        _seat(7);
        vm.warp(START + 121);
        market.tick(r, address(0), _notice(LATE, 1 << 2, 5));
        assertEq(market.ledgerOf(people[2]).locked, 0);
        assertEq(stateOf(r).holds, 6);
        bidAs(people[7], r, 0);
        assertEq(market.ticketOf(market.idOf(r), people[7]).tag, 2);
        _prove(people[0], "");
        _assertPaid(people[2], 0);
        _assertPaid(people[7], (PRICE - PART) / 7);
        _assertFree();
    }

    // The aggregator is silent, and all others of the committee: at last a stranger to it brings the whole.
    function test_AnybodyAtLast() public {
        _seat(7);
        vm.warp(START + 120 + 60 + 19);
        _expectRefused(abi.encodeWithSelector(NotYet.selector, START + 199, START + 200));
        this.prove(people[8], "");
        vm.warp(START + 200);
        _prove(people[8], "");
        _assertPaid(people[8], PART);
        _assertPaid(people[0], (PRICE - PART) / 7);
        _assertFree();
    }

    // Nobody brings it: all deposits are taken, half of them burned, and the request goes down its ladder.
    function test_NoProof() public {
        _openUnder(_params(), postedInstance);
        _seat(7);
        vm.warp(START + 240);
        _expectRefused(abi.encodeWithSelector(NotYet.selector, START + 240, START + 241));
        market.tick(r, address(0), "");
        vm.warp(START + 241);
        vm.prank(stranger);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).rung, 1);
        for (uint256 i; i < 7; ++i) {
            assertEq(market.ledgerOf(people[i]).stake, 10 ether - BOND);
        }
        assertEq(market.balanceOf(NATIVE, BURNED), 7 * BOND / 2);
        assertEq(market.balanceOf(NATIVE, stranger), 7 * uint256(BOND) / 20);
        bidAs(alice, r, 0);
        market.fulfill(fulfillment(r, alice));
        _assertFree();
    }

    // The same without bonds: nobody loses anything, and the requester has everything back but the tip.
    function test_NoProof_NeverSlashed() public {
        CommitteeParams memory p = _params();
        p.bonded = 0;
        _openUnder(p, 0);
        _seat(7);
        vm.warp(START + 241);
        vm.prank(stranger);
        market.tick(r, address(0), "");
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - PRICE - TIP - TIP, "the first request stands");
        assertEq(market.balanceOf(NATIVE, stranger), TIP);
        _assertFree();
    }

    // The requester withholds the input: a quorum says so, and all are free, bonded or not.
    function test_WithheldInput() public {
        _seat(7);
        market.tick(r, address(0), _notice(WITHHELD, 0, 5));
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        _assertFree();
    }

    // Too few come.
    function test_TooFew() public {
        _seat(3);
        vm.warp(START + 61);
        _expectRefused(abi.encodeWithSelector(TooLate.selector, START + 61, START + 60));
        this.prove(people[0], "");
        market.tick(r, address(0), "");
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        _assertFree();
    }

    // Nobody ticks before the deadline: the request is ended without the mechanism, and tickets after it, one by one.
    function test_DeadlineFirst() public {
        _seat(7);
        vm.warp(r.deadline);
        market.expire(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(stateOf(r).holds, 7);
        for (uint256 i; i < 7; ++i) {
            market.tick(r, people[i], "");
            assertEq(market.ledgerOf(people[i]).stake, 10 ether - BOND, "it was their fault all the same");
        }
        _assertFree();
    }

    // Whole transactions, for the smallest and the largest committee.
    function test_Gas() public {
        _gas(3);
        _gas(12);
    }

    function prove(address prover, bytes memory split) external {
        bytes memory proof_ = proof(r);
        market.prove(r, prover, proof_, bytes.concat(keccak256(proof_), split));
    }

    function _gas(uint8 seats) private {
        string memory suffix = string.concat("_of_", vm.toString(seats));
        CommitteeParams memory p = _params();
        (p.seats, p.least, p.needed) = (seats, seats, seats);
        _openUnder(p, 0);
        _seat(seats - 1);
        bidAs(people[seats - 1], r, 0);
        vm.snapshotGasLastCall(FILE, string.concat("last_seat", suffix));
        uint256 fresh = vm.snapshotState();
        _prove(people[0], "");
        vm.snapshotGasLastCall(FILE, string.concat("prove_equally", suffix));
        vm.revertToState(fresh);
        _prove(people[0], _split(seats, 0, seats - (seats - 1) / 3));
        vm.snapshotGasLastCall(FILE, string.concat("prove_split", suffix));
        vm.revertToState(fresh);
        vm.warp(block.timestamp + 241);
        market.tick(r, address(0), "");
        vm.snapshotGasLastCall(FILE, string.concat("end", suffix));
        vm.revertToState(fresh);
        vm.warp(START);
    }

    function _params() private pure returns (CommitteeParams memory) {
        return CommitteeParams({
            seats: 7,
            least: 4,
            needed: 3,
            enrolment: 60,
            shards: 120,
            aggregation: 60,
            open: 60,
            stagger: 20,
            feeBps: 10_000,
            aggregatorBps: 1_000,
            depositBps: 10_000,
            depositFloor: 1,
            bonded: 1
        });
    }

    function _openUnder(CommitteeParams memory p, uint32 fallbackInstance) private {
        r = request(_register(address(committee), abi.encode(p), fallbackInstance));
        r.tip = uint88(TIP);
        opened(r);
    }

    function _seat(uint256 count) private {
        for (uint256 i; i < count; ++i) {
            bidAs(people[i], r, 0);
        }
    }

    function _prove(address prover, bytes memory split) private {
        bytes memory proof_ = proof(r);
        market.prove(r, prover, proof_, bytes.concat(keccak256(proof_), split));
    }

    /// Equal among those who are not late, signed by the first `signers` members.
    function _split(uint256 seats, uint16 late, uint256 signers) private view returns (bytes memory) {
        bytes memory said = abi.encodePacked(late);
        uint256 works;
        for (uint256 i; i < seats; ++i) {
            if (late >> i & 1 == 0) ++works;
        }
        uint256 more = 10_000 % works;
        for (uint256 i; i < seats; ++i) {
            bool late_ = late >> i & 1 == 1;
            said = abi.encodePacked(said, late_ ? uint16(0) : uint16(10_000 / works + (i < more ? 1 : 0)));
        }
        return abi.encodePacked(_mask(signers), said, _signatures(SPLIT, said, signers, seats));
    }

    function _notice(uint8 kind, uint16 late, uint256 signers) private view returns (bytes memory) {
        bytes memory said = abi.encodePacked(late);
        return abi.encodePacked(kind, _mask(signers), said, _signatures(kind, said, signers, 7));
    }

    function _mask(uint256 signers) private pure returns (uint16) {
        return uint16((1 << signers) - 1);
    }

    function _signatures(uint8 kind, bytes memory said, uint256 signers, uint256 seats)
        private
        view
        returns (bytes memory all)
    {
        address[] memory members = new address[](seats);
        for (uint256 i; i < seats; ++i) {
            members[i] = people[i];
        }
        bytes32 statement = committee.statement(market.idOf(r), stateOf(r).rung, kind, members, said);
        bytes32 digest = keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n32", statement));
        for (uint256 i; i < signers; ++i) {
            all = bytes.concat(all, sign(_keys[people[i]], digest));
        }
    }

    function _expectRefused(bytes memory why) private {
        vm.expectRevert(abi.encodeWithSelector(IMarket.MechanismFailed.selector, address(committee), why));
    }

    function _assertPaid(address person, uint256 amount) private view {
        assertEq(market.balanceOf(NATIVE, person), 1 ether + amount, vm.getLabel(person));
    }

    /// Nobody has anything locked.
    function _assertFree() private view {
        assertEq(stateOf(r).holds, 0);
        for (uint256 i; i < people.length; ++i) {
            Ledger memory ledger = market.ledgerOf(people[i]);
            assertEq(ledger.locked, 0);
            assertEq(ledger.busy, 0);
        }
    }
}
