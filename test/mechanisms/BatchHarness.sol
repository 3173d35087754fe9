// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Batch, BatchParams} from "../../contracts/mechanisms/Batch.sol";
import {Answer, Ask, Cause, Move, MoveKind} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {BatchData} from "./BatchData.sol";
import {Harness} from "./Harness.sol";

/// One instance, and whoever enters and offers. A lot is the work of an order, unless said otherwise, so that prices for a lot are those of orders.
abstract contract BatchHarness is Harness {
    uint40 internal constant INTERVAL = 600;
    uint40 internal constant END = START + INTERVAL;
    uint40 internal constant GRACE = 300;
    uint80 internal constant BOND = 1 ether;
    Batch internal batch = new Batch();

    BatchParams internal p = BatchParams({
        interval: uint32(INTERVAL),
        grace: uint32(GRACE),
        window: 1_000,
        lot: 1_000_000,
        floor: 0.01 ether,
        ceiling: 2 ether,
        work: 3_000_000,
        bond: BOND,
        orders: 32,
        offers: 32,
        carry: 0
    });

    BatchData.Order[] internal orders;
    BatchData.Offer[] internal offers;
    /// What each order pays, and to whom.
    mapping(bytes32 id => uint256) internal pays;
    mapping(bytes32 id => address) internal servedBy;
    mapping(address prover => uint256) internal earns;
    uint256 internal trades;

    function setUp() public virtual {
        _restart();
    }

    function _restart() internal {
        _open(batch, abi.encode(p));
    }

    function _orderId(uint256 number) internal pure returns (bytes32) {
        return keccak256(abi.encode("order", number));
    }

    function _seller(uint256 number) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("seller", number)))));
    }

    function _order(uint88 maxPrice) internal returns (bytes32) {
        return _order(maxPrice, 1_000_000);
    }

    function _order(uint88 maxPrice, uint64 work) internal returns (bytes32) {
        return _order(_orderId(orders.length), maxPrice, work);
    }

    function _order(bytes32 id_, uint88 maxPrice, uint64 work) internal returns (bytes32) {
        (id, request.maxPrice, request.work) = (id_, maxPrice, work);
        (openedAt, status) = (uint40(block.timestamp), Status.Open);
        Answer memory answer = _enter();
        if (answer.moves.length != 0) return id;
        uint256 value = uint256(maxPrice) * p.lot / work;
        if (value > p.ceiling) value = p.ceiling;
        orders.push(BatchData.Order(id, value, work, request.deadline, 0));
        return id;
    }

    function _offer(uint88 ask) internal returns (address prover) {
        prover = _seller(offers.length);
        _offer(prover, ask);
    }

    function _offer(address prover, uint88 ask) internal {
        _bidInstance(prover, ask, "");
        offers.push(BatchData.Offer(prover, ask));
    }

    function _clearing() internal view returns (Ask memory ask) {
        ask = _aboutInstance(Cause.Tick, address(0));
        ask.data = BatchData.encode(orders, offers);
    }

    /// Clears what was collected, in the first second after it.
    function _clear() internal returns (Answer memory) {
        if (block.timestamp < END) vm.warp(END);
        return _tickInstance(address(0), BatchData.encode(orders, offers));
    }

    function _doAbout(Move memory move) internal override {
        assertTrue(move.kind == MoveKind.Award, "only awards");
        assertGt(seats[move.prover].amount, 0, "award without consent");
        delete seats[move.prover];
        BatchData.Order memory o = _tagged(move.tag);
        assertEq(pays[o.id], 0, "awarded twice");
        (pays[o.id], servedBy[o.id], earns[move.prover]) = (move.amount, move.prover, move.amount);
        assertEq(move.subject, ++trades, "in order of arrival");
    }

    function _tagged(uint176 tag) private view returns (BatchData.Order memory) {
        for (uint256 i; i < orders.length; ++i) {
            if (uint176(uint256(orders[i].id)) == tag) return orders[i];
        }
        revert("no such order");
    }
}
