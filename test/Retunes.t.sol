// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Reserved, ReservedParams} from "../contracts/mechanisms/Reserved.sol";
import {Seat, SeatParams} from "../contracts/mechanisms/Seat.sol";
import {Ledger} from "../contracts/types/Prover.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// Whoever serves an instance's requests on standing terms has agreed to the parameters of its bid, and to no others.
contract RetunesTest is Base {
    uint80 private constant DEPOSIT = 1 ether;
    uint40 private constant HANDOVER = 600;
    uint40 private constant TERM = 20 days;

    Seat private seat = new Seat();
    Reserved private reserved = new Reserved();
    uint32 private seats;
    uint32 private contracts_;

    function setUp() public override {
        super.setUp();
        seats = _register(address(seat), abi.encode(_seat()), postedInstance);
        contracts_ = _register(address(reserved), abi.encode(_reserved()), postedInstance);
    }

    // Parameters read live would let the owner of an instance rob who sits there: a window of a second, and all of the deposit for a miss.
    function test_Attack_ARetuneBindsNobodyWhoSits() public {
        _hire(seats);
        SeatParams memory p = _seat();
        (p.minWindow, p.missBps, p.term) = (1, 10_000, 29 days);
        market.retune(seats, setup(address(seat), abi.encode(p), postedInstance));
        _assertNobodyServes(seats);
        _assertReleased(seats);
        _hire(seats);
        _assertServed(seats);
    }

    function test_Attack_ARetuneBindsNobodyWhoHoldsAContract() public {
        _hire(contracts_);
        ReservedParams memory p = _reserved();
        (p.latency, p.pace, p.creditBps) = (1, 0, 10_000);
        market.retune(contracts_, setup(address(reserved), abi.encode(p), postedInstance));
        _assertNobodyServes(contracts_);
        _assertReleased(contracts_);
        _hire(contracts_);
        _assertServed(contracts_);
    }

    // A bid under one handover and one term never sits by others, so its deposit is there for as long as it sits.
    function test_Attack_ATermDoesNotOutlastTheTicket() public {
        SeatParams memory p = _seat();
        (p.handover, p.notice, p.term) = (10 days, 10 days, 11 days);
        uint32 instance = _register(address(seat), abi.encode(p), postedInstance);
        _bid(instance);
        vm.prank(alice);
        market.leave(instance);
        (p.handover, p.term) = (1, 30 days);
        market.retune(instance, setup(address(seat), abi.encode(p), postedInstance));
        vm.warp(START + 31 days);
        vm.prank(alice);
        market.leave(instance);
        assertEq(market.ledgerOf(alice).locked, 0);
        assertEq(stateOf(_opened(instance)).rung, 1, "openings go on");
    }

    // What was awarded before the retune is backed by its bond alone, once the seat was given up.
    function test_AMissFromBeforeCostsTheBond() public {
        for (uint256 i; i < 2; ++i) {
            uint32 instance = i == 0 ? seats : contracts_;
            _hire(instance);
            Request memory r = _opened(instance);
            _retuneTenMore(instance);
            _tick(instance);
            vm.warp(stateOf(r).time + 1);
            market.expire(r);
            assertEq(stateOf(r).rung, 1);
            Ledger memory ledger = market.ledgerOf(alice);
            assertEq(ledger.stake, 10 ether - (i + 1) * BOND);
            assertEq(ledger.locked, 0);
        }
    }

    // Back to the same parameters before anybody noticed: nothing has happened.
    function test_TheSameParametersAgainChangeNothing() public {
        for (uint256 i; i < 2; ++i) {
            uint32 instance = i == 0 ? seats : contracts_;
            _hire(instance);
            _retuneTenMore(instance);
            bytes memory params = i == 0 ? abi.encode(_seat()) : abi.encode(_reserved());
            market.retune(instance, setup(i == 0 ? address(seat) : address(reserved), params, postedInstance));
            _assertServed(instance);
        }
    }

    // A request that was signed under former parameters leaves those who sit under the new ones alone.
    function test_AFormerVersionFindsNobody() public {
        for (uint256 i; i < 2; ++i) {
            uint32 instance = i == 0 ? seats : contracts_;
            _retuneTenMore(instance);
            _hire(instance);
            Request memory r = request(instance);
            r.version = 1;
            opened(r);
            assertEq(stateOf(r).rung, 1);
            _assertServed(instance);
        }
    }

    /* HELP */

    function _seat() private pure returns (SeatParams memory) {
        return SeatParams({
            base: 0.001 ether,
            ceiling: 8 ether,
            decrementBps: 500,
            handover: uint32(HANDOVER),
            term: uint32(TERM),
            notice: 1 days,
            deposit: DEPOSIT,
            missBps: 1_000,
            maxMisses: 3,
            patience: 0,
            burst: 4,
            refill: 60,
            maxWork: 1_000,
            maxBond: BOND,
            minWindow: 5 minutes
        });
    }

    function _reserved() private pure returns (ReservedParams memory) {
        return ReservedParams({
            base: 0.001 ether,
            ceiling: 8 ether,
            decrementBps: 500,
            offering: uint32(HANDOVER),
            term: uint32(TERM),
            notice: 1 days,
            deposit: DEPOSIT,
            creditBps: 1_000,
            maxMisses: 2,
            period: 1 days,
            terminal: 1,
            holders: 1,
            patience: 0,
            burst: 2,
            refill: 60,
            maxWork: 1_000,
            maxBond: BOND,
            latency: 100,
            pace: 40
        });
    }

    function _retuneTenMore(uint32 instance) private {
        (SeatParams memory p, ReservedParams memory q) = (_seat(), _reserved());
        (p.base, q.base) = (p.base + 10, q.base + 10);
        bool sits = instance == seats;
        bytes memory params = sits ? abi.encode(p) : abi.encode(q);
        market.retune(instance, setup(sits ? address(seat) : address(reserved), params, postedInstance));
    }

    function _bid(uint32 instance) private {
        vm.prank(alice);
        market.bidInstance(instance, 4 ether, DEPOSIT, "");
    }

    function _hire(uint32 instance) private {
        _bid(instance);
        vm.warp(block.timestamp + HANDOVER);
    }

    function _opened(uint32 instance) private returns (Request memory r) {
        r = request(instance);
        opened(r);
    }

    function _tick(uint32 instance) private {
        market.tickInstance(instance, new Request[](0), address(0), "");
    }

    function _assertServed(uint32 instance) private {
        Request memory r = _opened(instance);
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
        assertEq(market.proverOf(stateOf(r).prover), alice);
        market.fulfill(fulfillment(r, alice));
    }

    function _assertNobodyServes(uint32 instance) private {
        assertEq(stateOf(_opened(instance)).rung, 1);
        assertEq(market.ledgerOf(alice).locked, DEPOSIT, "a request lets nobody go");
    }

    function _assertReleased(uint32 instance) private {
        _tick(instance);
        Ledger memory ledger = market.ledgerOf(alice);
        assertEq(ledger.locked, 0);
        assertEq(ledger.stake, 10 ether);
        assertEq(ledger.busy, 0);
    }
}
