// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {Concentrated, IMechanism, Unacceptable} from "../contracts/interfaces/IMechanism.sol";
import {GasPassThrough} from "../contracts/mechanisms/GasPassThrough.sol";
import {Grace} from "../contracts/mechanisms/Grace.sol";
import {Race, RaceParams} from "../contracts/mechanisms/Race.sol";
import {Seat, SeatParams} from "../contracts/mechanisms/Seat.sol";
import {Spread} from "../contracts/mechanisms/Spread.sol";
import {Bid, Order} from "../contracts/types/Bid.sol";
import {Setup} from "../contracts/types/Instance.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";
import {BindingVerifier} from "./doubles/BindingVerifier.sol";
import {Wrapping} from "./mechanisms/Wrapping.sol";

/// Modifiers in the market: what is paid, when it is due, who is refused.
/// A transaction of its own for every call would have no base fee.
/// forge-config: default.isolate = false
contract ModifiersLifeTest is Base {
    uint88 private constant CEILING = 0.002 ether;
    uint32 private constant UNITS = 100_000;
    uint88 private constant FEE = 7 gwei;

    GasPassThrough private gas = new GasPassThrough();
    Grace private grace = new Grace();
    Spread private spread = new Spread();
    bytes private dutchTerms;

    function setUp() public override {
        super.setUp();
        dutchTerms = abi.encode(dutchParams());
        // The prover has earned before.
        Request memory r = awarded(alice);
        market.fulfill(fulfillment(r, alice));
    }

    // Half way up the price is 5,500 of 10,000 of what is left above the ceiling; gas comes on top at what it costs, or at the ceiling.
    function test_Gas_Dutch() public {
        uint32 instance = _register(address(gas), _gas(dutch, dutchTerms, 0));
        uint88 inner = (PRICE - CEILING) * 55 / 100;
        uint256[3] memory fees = [uint256(0), FEE, 300 gwei];
        uint88[3] memory raised = [uint88(0), FEE * UNITS, CEILING];
        for (uint256 i; i < 3; ++i) {
            (uint256 had, uint256 left) = (market.balanceOf(NATIVE, alice), market.balanceOf(NATIVE, requester));
            Request memory r = request(instance);
            opened(r);
            vm.warp(block.timestamp + 50);
            vm.fee(fees[i]);
            bidAs(alice, r, inner);
            vm.fee(0);
            market.fulfill(fulfillment(r, alice));
            assertEq(market.balanceOf(NATIVE, alice), had + inner + raised[i]);
            assertEq(market.balanceOf(NATIVE, requester), left - inner - raised[i]);
        }
    }

    // What pays less than the ceiling goes down the ladder at the first tick, or stays with the requester.
    function test_Gas_TooCheap() public {
        uint32 instance = _register(address(gas), _gas(dutch, dutchTerms, 0), postedInstance);
        Request memory r = request(instance);
        r.maxPrice = CEILING - 1;
        opened(r);
        Order[] memory orders = order(r, bidFor(r, alice, 0));
        bytes memory why = abi.encodeWithSelector(Unacceptable.selector, CEILING - 1, CEILING);
        vm.expectRevert(abi.encodeWithSelector(IMarket.MechanismFailed.selector, gas, why));
        vm.prank(alice);
        market.bid(orders);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).rung, 1);
        bidAs(alice, r, 0);
        assertEq(stateOf(r).price, r.maxPrice);
    }

    // An open stage: two ranks are paid by shares, and the first two payments carry gas.
    function test_Gas_Race() public {
        RaceParams memory p = RaceParams(600, 120, 0, 10_000, 5_000, 3, 0);
        Race race = new Race();
        bytes memory terms = abi.encode(p);
        Setup memory s = setup(address(gas), _gas(race, terms, 2), 0);
        s.verifiers[0] = market.registerVerifier(address(new BindingVerifier()), 100_000);
        Request memory r = request(market.register(s, true));
        r.verifier = s.verifiers[0];
        opened(r);
        uint88[] memory shares = race.shares(terms, PRICE - 2 * CEILING);
        address[3] memory racers = [alice, bob, makeAddr("carol")];
        _enlist(racers[2]);
        vm.fee(FEE);
        for (uint256 i; i < 3; ++i) {
            uint256 had = market.balanceOf(NATIVE, racers[i]);
            bytes memory proven = abi.encode(r.statement, keccak256(abi.encode(market.idOf(r), racers[i])));
            market.prove(r, racers[i], proven, abi.encode(keccak256(proven)));
            uint256 raised = i < 2 ? FEE * UNITS : 0;
            assertEq(market.balanceOf(NATIVE, racers[i]), had + shares[i] + raised);
        }
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
    }

    // A seat: awarded as it opens, at the incumbent's tariff and gas; a request that pays too little is given up at once.
    function test_Gas_Seat() public {
        SeatParams memory p = SeatParams({
            base: 0.001 ether,
            ceiling: 4 ether,
            decrementBps: 500,
            handover: 600,
            term: 29 days,
            notice: 1 days,
            deposit: 1 ether,
            missBps: 1_000,
            maxMisses: 3,
            patience: 0,
            burst: 4,
            refill: 60,
            maxWork: 1_000,
            maxBond: BOND,
            minWindow: 5 minutes
        });
        uint32 instance = _register(address(gas), _gas(new Seat(), abi.encode(p), 0));
        vm.prank(alice);
        market.bidInstance(instance, 4 ether, 1 ether, "");
        vm.warp(block.timestamp + 600);
        vm.fee(FEE);
        Request memory r = request(instance);
        opened(r);
        assertEq(stateOf(r).price, 0.005 ether + FEE * UNITS);
        market.fulfill(fulfillment(r, alice));
        r = request(instance);
        r.maxPrice = CEILING - 1;
        opened(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
    }

    // Awarded in a congested block, it may be proven by the end of the grace, and not a second later; otherwise not even then.
    function test_Grace() public {
        uint32 instance = _register(address(grace), Wrapping.grace(dutch, dutchTerms, 50 gwei, 300));
        for (uint256 i; i < 3; ++i) {
            Request memory r = request(instance);
            opened(r);
            vm.fee(i == 0 ? 50 gwei - 1 : 50 gwei);
            bidAs(alice, r, 0);
            vm.fee(0);
            uint40 due = uint40(block.timestamp) + r.window + (i == 0 ? 0 : 300);
            assertEq(stateOf(r).time, due);
            vm.warp(i == 1 ? due : due + 1);
            if (i == 1) market.fulfill(fulfillment(r, alice));
            else market.expire(r);
            assertEq(uint8(statusOf(r)), uint8(i == 1 ? Status.Fulfilled : Status.Closed));
        }
        assertEq(market.ledgerOf(alice).stake, 10 ether - 2 * uint256(BOND));
    }

    // The deadline is the requester's, whatever the congestion.
    function test_Grace_EndsAtTheDeadline() public {
        uint32 instance = _register(address(grace), Wrapping.grace(dutch, dutchTerms, 1, 30 days));
        Request memory r = request(instance);
        opened(r);
        vm.fee(1);
        bidAs(alice, r, 0);
        assertEq(stateOf(r).time, r.deadline);
    }

    // Alice wins two of the last three and is refused, until Bob has won two, or a request has waited.
    function test_Spread_Dutch() public {
        uint32 instance = _register(address(spread), Wrapping.spread(dutch, dutchTerms, 3, 2, 60));
        _win(instance, alice);
        _win(instance, alice);
        Request memory r = request(instance);
        opened(r);
        _assertRefused(r, alice, 2, 1);
        vm.warp(block.timestamp + 60);
        bidAs(alice, r, 0);
        r = request(instance);
        opened(r);
        _assertRefused(r, alice, 3, 1);
        bidAs(bob, r, 0);
        r = request(instance);
        opened(r);
        _assertRefused(r, alice, 2, 1);
        bidAs(bob, r, 0);
        _win(instance, alice);
        _win(instance, alice);
    }

    // Both requests were entered before either was awarded: the winner of the first may still reveal, and wins the second.
    function test_Spread_Sealed() public {
        uint32 instance = _register(address(spread), Wrapping.spread(sealedBid, abi.encode(sealedParams()), 8, 1, 0));
        Request[2] memory both = [request(instance), request(instance)];
        for (uint256 i; i < 2; ++i) {
            opened(both[i]);
            _say(both[i], 0, sealedBid.commitment(market.idOf(both[i]), alice, 1_000, "salt"));
        }
        vm.warp(START + 61);
        for (uint256 i; i < 2; ++i) {
            _say(both[i], 1_000, "salt");
            market.tick(both[i], address(0), "");
            assertEq(stateOf(both[i]).prover, market.ledgerOf(alice).id);
        }
        Request memory r = request(instance);
        opened(r);
        _assertRefused(r, alice, 2, 0);
    }

    // One in the other in the other: due later, paid for gas, and refused next time.
    function test_Pile() public {
        uint32 instance = _pile();
        vm.fee(FEE);
        Request memory r = request(instance);
        opened(r);
        vm.warp(block.timestamp + 100);
        bidAs(alice, r, 0);
        assertEq(stateOf(r).price, PRICE - CEILING + FEE * UNITS);
        assertEq(stateOf(r).time, block.timestamp + r.window + 300);
        market.fulfill(fulfillment(r, alice));
        r = request(instance);
        opened(r);
        _assertRefused(r, alice, 1, 0);
        bidAs(bob, r, 0);
    }

    function _pile() private returns (uint32) {
        bytes memory terms = Wrapping.spread(dutch, dutchTerms, 4, 1, 0);
        return _register(address(gas), _gas(grace, Wrapping.grace(spread, terms, 1 gwei, 300), 0));
    }

    function _gas(IMechanism mechanism, bytes memory terms, uint8 payments) private view returns (bytes memory) {
        return Wrapping.gas(mechanism, terms, CEILING, UNITS, payments);
    }

    function _win(uint32 instance, address prover) private {
        Request memory r = request(instance);
        opened(r);
        bidAs(prover, r, 0);
        market.fulfill(fulfillment(r, prover));
    }

    function _say(Request memory r, uint88 price, bytes32 data) private {
        Bid memory b = bidFor(r, alice, price);
        b.data = abi.encode(data);
        vm.prank(alice);
        market.bid(order(r, b));
    }

    function _assertRefused(Request memory r, address prover, uint256 wins, uint256 most) private {
        Order[] memory orders = order(r, bidFor(r, prover, 0));
        bytes memory why = abi.encodeWithSelector(Concentrated.selector, wins, most);
        vm.expectRevert(abi.encodeWithSelector(IMarket.MechanismFailed.selector, _outermost(r), why));
        vm.prank(prover);
        market.bid(orders);
    }

    /// The mechanism that the market asks, whose no it is for the market.
    function _outermost(Request memory r) private view returns (address) {
        return market.configOf(r.instance, 1).mechanism;
    }
}
