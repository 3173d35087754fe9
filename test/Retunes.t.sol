// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReservedParams} from "../contracts/mechanisms/Reserved.sol";
import {SeatParams} from "../contracts/mechanisms/Seat.sol";
import {Request} from "../contracts/types/Request.sol";
import {StandingBase} from "./StandingBase.sol";

/// Whoever serves an instance's requests on standing terms has agreed to the parameters of its bid, and to no others.
contract RetunesTest is StandingBase {
    uint32 private seats;
    uint32 private contracts_;

    function setUp() public override {
        super.setUp();
        seats = _register(address(seat), abi.encode(seatParams()), postedInstance);
        contracts_ = _register(address(reserved), abi.encode(reservedParams()), postedInstance);
    }

    // Parameters read live would let the owner of an instance rob who sits there: a window of a second, and all of the deposit for a miss.
    function test_Attack_ARetuneBindsNobodyWhoSits() public {
        _hire(seats);
        SeatParams memory p = seatParams();
        (p.minWindow, p.missBps) = (1, 10_000);
        market.retune(seats, setup(address(seat), abi.encode(p), postedInstance));
        _assertNobodyServes(seats);
        _assertReleased(seats);
        _hire(seats);
        _assertServed(seats);
    }

    function test_Attack_ARetuneBindsNobodyWhoHoldsAContract() public {
        _hire(contracts_);
        ReservedParams memory p = reservedParams();
        (p.latency, p.pace, p.creditBps) = (1, 0, 10_000);
        market.retune(contracts_, setup(address(reserved), abi.encode(p), postedInstance));
        _assertNobodyServes(contracts_);
        _assertReleased(contracts_);
        _hire(contracts_);
        _assertServed(contracts_);
    }

    // A bid under one handover and one term never sits by others, so its deposit is there for as long as it sits.
    function test_Attack_ATermDoesNotOutlastTheTicket() public {
        SeatParams memory p = seatParams();
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
        assertEq(stateOf(asked(instance)).rung, 1, "openings go on");
    }

    // What was awarded before the retune is backed by its bond alone, once the seat was given up.
    function test_AMissFromBeforeCostsTheBond() public {
        for (uint256 i; i < 2; ++i) {
            uint32 instance = i == 0 ? seats : contracts_;
            _hire(instance);
            Request memory r = asked(instance);
            _retuneTenMore(instance);
            tick(instance);
            vm.warp(stateOf(r).time + 1);
            market.expire(r);
            assertEq(stateOf(r).rung, 1);
            assertFree(alice, 10 ether - (i + 1) * BOND);
        }
    }

    // Back to the same parameters before anybody noticed: nothing has happened.
    function test_TheSameParametersAgainChangeNothing() public {
        for (uint256 i; i < 2; ++i) {
            uint32 instance = i == 0 ? seats : contracts_;
            _hire(instance);
            _retuneTenMore(instance);
            bytes memory params = i == 0 ? abi.encode(seatParams()) : abi.encode(reservedParams());
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

    function _retuneTenMore(uint32 instance) private {
        (SeatParams memory p, ReservedParams memory q) = (seatParams(), reservedParams());
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
        vm.warp(block.timestamp + CHANGE);
    }

    function _assertServed(uint32 instance) private {
        Request memory r = asked(instance);
        assertAwarded(r, alice);
        market.fulfill(fulfillment(r, alice));
    }

    function _assertNobodyServes(uint32 instance) private {
        assertEq(stateOf(asked(instance)).rung, 1);
        assertEq(market.ledgerOf(alice).locked, DEPOSIT, "a request lets nobody go");
    }

    function _assertReleased(uint32 instance) private {
        tick(instance);
        assertFree(alice, 10 ether);
    }
}
