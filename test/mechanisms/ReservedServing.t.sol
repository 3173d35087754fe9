// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotYet, Unacceptable, Unexpected} from "../../contracts/interfaces/IMechanism.sol";
import {Ask, Cause} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";
import {ReservedHarness} from "./ReservedHarness.sol";

/// How requests are served under a contract, what misses cost, and attacks.
contract ReservedServingTest is ReservedHarness {
    /* REQUESTS */

    function test_ARequestIsAwardedAsItOpensWithTheContractsLatency() public {
        _hire(alice, 0.4 ether, bob, 0.5 ether);
        _request();
        assertEq(winner, alice);
        assertEq(paid, BASE + 0.4 ether);
        assertEq(due, block.timestamp + DUE);
        request.work = 1_000_001;
        _request();
        assertEq(due, block.timestamp + DUE + 1, "rounded up");
    }

    function test_WhatComesTooFastForTheFirstGoesToTheSecond() public {
        _hire(alice, 0.4 ether, bob, 0.5 ether);
        address[5] memory want = [alice, alice, bob, bob, address(0)];
        for (uint256 i; i < 5; ++i) {
            _request();
            assertEq(winner, want[i]);
        }
        assertEq(wake, openedAt + p.refill);
        _assertRefuses(_ticking(address(0)), abi.encodeWithSelector(NotYet.selector, openedAt, wake));
        skip(p.refill);
        _tick();
        assertEq(winner, alice);
    }

    function test_BeyondThePatienceItSpillsToTheSpotMarket() public {
        _alone();
        _hire(alice, CEILING, address(0), 0);
        p.refill = 30 days;
        params = abi.encode(p);
        _request();
        _request();
        _request();
        assertEq(wake, openedAt + p.patience + 1);
        skip(p.patience + 1);
        _tick();
        assertEq(uint8(status), uint8(Status.Closed));
        p.patience = 0;
        params = abi.encode(p);
        _request();
        assertEq(uint8(status), uint8(Status.Closed), "or at once");
    }

    function test_ARequestThatPaysForTheSecondOnlyWaits() public {
        _hire(alice, 0.4 ether, bob, 0.5 ether);
        request.maxPrice = BASE + 0.4 ether;
        _request();
        _request();
        assertEq(winner, alice);
        _request();
        assertEq(winner, address(0), "the second one is dearer than it pays");
        assertEq(uint8(status), uint8(Status.Open));
    }

    function test_WhatIsOutOfScopeSpillsAtOnce() public {
        _hire(alice, 1, bob, 1);
        request.work = p.maxWork + 1;
        _assertClosed();
        request.work = 1_000_000;
        request.bond = p.maxBond + 1;
        _assertClosed();
        request.bond = p.maxBond;
        request.window = uint32(DUE - 1);
        _assertClosed();
        request.window = uint32(DUE);
        request.deadline = uint40(block.timestamp) + DUE - 1;
        _assertClosed();
        request.deadline += 1;
        _request();
        assertEq(winner, alice);
    }

    function test_RevertWhen_SomebodyBidsOnARequest() public {
        _hire(alice, 1, bob, 1);
        _assertRefuses(_bidding(alice, 0, ""), abi.encodeWithSelector(Unexpected.selector, Cause.Bid));
        _assertRefuses(_ask(Cause.Proof, bob), abi.encodeWithSelector(Unexpected.selector, Cause.Proof));
        status = Status.Awarded;
        _assertRefuses(_ticking(alice), abi.encodeWithSelector(Unexpected.selector, Cause.Tick));
    }

    /* MISSES */

    function test_AMissCostsACreditAndTheOtherTakesOver() public {
        _hire(alice, 0.4 ether, bob, 0.5 ether);
        _request();
        skip(DUE + 1);
        _fail();
        assertEq(seats[alice].amount, DEPOSIT - 1 ether);
        assertEq(winner, bob);
        assertEq(paid, BASE + 0.5 ether);
        skip(DUE + 1);
        _fail();
        assertEq(seats[bob].amount, DEPOSIT - 1 ether);
        assertEq(winner, alice, "it is the other one's turn again");
    }

    function test_AMissOfALoneHolderSpillsAtOnce() public {
        _alone();
        _hire(alice, 0.4 ether, address(0), 0);
        _request();
        skip(DUE + 1);
        _fail();
        assertEq(uint8(status), uint8(Status.Closed));
        assertEq(_misses(0), 1);
    }

    function test_MissesInAPeriodEndTheContractAndTheRestComesBackLater() public {
        _alone();
        _hire(alice, CEILING, address(0), 0);
        _missTimes(3);
        assertEq(_holder(0), address(0));
        assertEq(_out(0), alice);
        assertEq(seats[alice].amount, DEPOSIT - 3 ether);
        _offer(bob, CEILING);
        skip(TAIL);
        _tickInstance(address(0), "");
        assertEq(released[0], alice);
    }

    function test_OrAllOfItIsLost() public {
        p.terminal = 1;
        _alone();
        _hire(alice, CEILING, address(0), 0);
        _missTimes(3);
        assertEq(seats[alice].amount, 0);
        assertEq(forfeited.length, 3);
        assertEq(_out(0), address(0));
    }

    function test_MissesOfAnotherPeriodAreForgotten() public {
        _alone();
        _hire(alice, CEILING, address(0), 0);
        _missTimes(2);
        assertEq(_misses(0), 2);
        skip(p.period);
        _missTimes(1);
        assertEq(_misses(0), 1);
        assertEq(_holder(0), alice);
    }

    function test_WhoLeftIsLiableForItsAwards() public {
        _hire(alice, 0.4 ether, bob, 0.5 ether);
        _notice(alice);
        skip(NOTICE_TIME - 1);
        _request();
        assertEq(winner, alice);
        skip(DUE + 1);
        _fail();
        assertEq(seats[alice].amount, DEPOSIT - 1 ether);
        assertEq(winner, bob);
        skip(TAIL);
        _tickInstance(address(0), "");
        assertEq(released[0], alice);
    }

    /* ATTACKS */

    /// However requests come, no holder is awarded more than its burst and rate: an abusive burst makes no misses.
    function testFuzz_Attack_NoWindowHasMoreThanBurstAndRate(uint256 seed) public {
        _hire(alice, 1, bob, 2);
        uint256 start = block.timestamp;
        uint256[2] memory served;
        for (uint256 i; i < 40; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            skip(seed % 4 == 0 ? seed % 300 : seed % 20);
            _request();
            if (winner == alice) ++served[0];
            if (winner == bob) ++served[1];
            uint256 most = p.burst + (block.timestamp - start) / p.refill;
            assertTrue(served[0] <= most && served[1] <= most);
        }
        assertEq(_misses(0) + _misses(1), 0);
        assertEq(seats[alice].amount, DEPOSIT);
    }

    /// A holder that walks away when the spot price has doubled loses bond and collateral: more than it gains, if the deposit
    /// covers the gain of `maxMisses` awards.
    function test_Attack_AbandonmentCostsTheCollateral() public {
        p.terminal = 1;
        _alone();
        _hire(alice, 0.4 ether, address(0), 0);
        uint256 gain;
        for (uint256 i; i < 3; ++i) {
            _request();
            gain += 2 * paid - paid;
            skip(DUE + 1);
            _fail();
        }
        assertEq(seats[alice].amount, 0);
        assertGt(uint256(DEPOSIT) + 3 * request.bond, gain);
        // And of what it lost, the requester has 45 %: enough to buy thrice at twice the price.
        assertGt((uint256(DEPOSIT) + 3 * request.bond) * 45 / 100, gain);
    }

    /// M3: no bid can be raised or taken back.
    function test_Attack_ABidCannotBeWorsened() public {
        _offer(alice, 0.5 ether);
        Ask memory ask = _aboutInstance(Cause.Bid, alice);
        ask.price = 0.5 ether;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, 0.5 ether, _below(0.5 ether)));
        ask.data = NOTICE;
        _assertRefuses(ask, abi.encodeWithSelector(Unacceptable.selector, uint160(alice), 0));
    }

    /// M1, M2: a bid of nothing binds for one term, and bidding oneself down moves nothing but one's own price.
    function test_Attack_ABidOfNothingDoesNotHoldForEver() public {
        _hire(alice, 0, bob, 0);
        _request();
        vm.warp(_until() - OFFERING);
        _offer(carol, CEILING);
        skip(OFFERING);
        _request();
        assertEq(winner, carol);

        _restart();
        uint88 rate = CEILING;
        _offer(alice, rate);
        for (uint256 i; i < 10; ++i) {
            rate = _below(rate);
            skip(1);
            _offer(alice, rate);
            assertEq(uint40(uint256(shared[5]) >> 40), START + OFFERING, "no bid prolongs the offering");
        }
        assertEq(shared[3], 0, "it has one place");
    }

    /* GAS */

    function test_Gas() public {
        _hire(alice, 0.4 ether, bob, 0.5 ether);
        uint256 gas = _gasOf(_ask(Cause.Opened, address(0)));
        assertLt(gas, 60_000, vm.toString(gas));
        gas = _gasOf(_ask(Cause.Failed, alice));
        assertLt(gas, 60_000, vm.toString(gas));
    }

    function _missTimes(uint256 times) private {
        for (uint256 i; i < times; ++i) {
            _request();
            assertEq(winner, alice);
            skip(DUE + 1);
            _fail();
        }
    }

    function _assertClosed() private {
        _request();
        assertEq(uint8(status), uint8(Status.Closed));
    }
}
