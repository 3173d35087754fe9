// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotYet} from "../contracts/interfaces/IMechanism.sol";
import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {ScoredOffer, Weights} from "../contracts/libraries/Scores.sol";
import {ScorePayment, Scoring, ScoringParams} from "../contracts/mechanisms/Scoring.sol";
import {Bid} from "../contracts/types/Bid.sol";
import {Request} from "../contracts/types/Request.sol";
import {State, Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// Scoring auctions in the market: promises that are enforced, standbys and silence, with the money that moves.
///
/// A proof at the end of the window of 600 s is worth 0.005 ether, all of the window 0.004 more, all of the bond of 0.005 another
/// 0.001. Scores: Alice 0.0048, Bob 0.0045, Carol 0.0032; Dave would have 0.0051.
contract ScoringLifeTest is Base {
    uint80 private constant DEPOSIT = BOND / 2;
    string private constant SNAPSHOT = "scoring";

    Scoring internal scoring = new Scoring();
    address internal carol = makeAddr("carol");
    address internal dave = makeAddr("dave");
    address[4] internal provers;
    ScoredOffer[4] internal offers;
    Request internal r;

    function setUp() public override {
        super.setUp();
        _enlist(carol);
        _enlist(dave);
        provers = [alice, bob, carol, dave];
        offers[0] = ScoredOffer(0.004 ether, 150, 8_000);
        offers[1] = ScoredOffer(0.003 ether, 300, 5_000);
        offers[2] = ScoredOffer(0.002 ether, 600, 2_000);
        offers[3] = ScoredOffer(0.0045 ether, 60, 10_000);
        _openUnder(0, 1 hours);
    }

    // From the first commitment to the last deposit: the highest score is awarded at the score of the next, for as long as it
    // promised and at the share it offered; the silent pays, the standbys are released when it is over.
    function test_Life() public {
        _commitAll();
        assertEq(market.ledgerOf(alice).locked, DEPOSIT);
        _revealTo(3);
        vm.warp(START + 121);
        vm.prank(stranger);
        market.tick(r, dave, "");

        State memory s = stateOf(r);
        assertEq(s.prover, market.ledgerOf(alice).id);
        assertEq(s.price, 0.0043 ether);
        assertEq(s.time, START + 121 + 150);
        assertEq(s.bondBps, 8_000);
        assertEq(s.holds, 2);
        assertEq(market.ledgerOf(alice).locked, 0.004 ether);
        assertEq(market.ledgerOf(dave).stake, 10 ether - DEPOSIT);
        assertEq(market.balanceOf(NATIVE, stranger), DEPOSIT / 20 + 1_000);

        vm.warp(s.time);
        market.fulfill(fulfillment(r, alice));
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + 0.0043 ether);
        uint256 compensation = uint256(DEPOSIT) * 45 / 100;
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 1_000 - 0.0043 ether + compensation);
        market.tick(r, bob, "");
        market.tick(r, carol, "");
        _assertFree(10 ether, 10 ether, 10 ether, 10 ether - DEPOSIT);
    }

    // A second late is late: the share of the bond is gone, and each standby has its own promise from then, at its own share.
    function test_EveryoneIsLate_EachLosesItsShare() public {
        _commitAll();
        _revealTo(3);
        vm.warp(START + 121);
        market.tick(r, dave, "");
        uint88[3] memory prices = [uint88(0.0043 ether), 0.0043 ether, 0.0052 ether];
        uint256 taken = DEPOSIT;
        for (uint256 i; i < 3; ++i) {
            State memory s = stateOf(r);
            assertEq(s.prover, market.ledgerOf(provers[i]).id);
            assertEq(s.price, prices[i], "as if those before had not bid");
            assertEq(s.time, block.timestamp + offers[i].promised);
            vm.warp(s.time);
            vm.expectPartialRevert(IMarket.NotDue.selector);
            market.expire(r);
            vm.warp(s.time + 1);
            vm.prank(stranger);
            market.expire(r);
            uint256 share = uint256(BOND) * offers[i].share / 10_000;
            taken += share;
            assertEq(market.ledgerOf(provers[i]).stake, 10 ether - share);
        }
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.balanceOf(NATIVE, BURNED), taken / 2);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 1_000 + taken * 45 / 100);
        _assertFree(9.996 ether, 9.9975 ether, 9.999 ether, 10 ether - DEPOSIT);
    }

    // Over-promising, in money: what Dave loses is no less than what his promise was worth, and Alice serves.
    function test_WhoPromisesTooMuchLosesWhatItWasWorth() public {
        _commitAll();
        _revealTo(4);
        vm.warp(START + 121);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).prover, market.ledgerOf(dave).id);
        vm.warp(START + 121 + 61);
        market.expire(r);
        assertEq(stateOf(r).prover, market.ledgerOf(alice).id);
        uint256 lost = 10 ether - market.ledgerOf(dave).stake;
        assertGe(lost, 0.0036 ether, "540 seconds of 600");
        market.fulfill(fulfillment(r, alice));
        // Carol was pushed out by four bids for three places.
        market.tick(r, bob, "");
        _assertFree(10 ether, 10 ether, 10 ether, 10 ether - lost);
    }

    // Who has unstaked what it would have to put at risk loses the deposit, and the next is awarded in the same call.
    function test_WhoCannotPutUpItsShareForfeits() public {
        vm.prank(alice);
        market.unstake(10 ether - DEPOSIT);
        _commitAll();
        _revealTo(3);
        vm.warp(START + 121);
        market.tick(r, dave, "");
        assertEq(stateOf(r).prover, market.ledgerOf(bob).id);
        assertEq(stateOf(r).time, START + 121 + 300);
        market.fulfill(fulfillment(r, bob));
        market.tick(r, carol, "");
        assertEq(market.ledgerOf(alice).stake, 0, "the deposit was all she had left");
        assertEq(market.ledgerOf(alice).locked, 0);
        assertEq(market.ledgerOf(alice).busy, 0);
    }

    // Near the deadline no promise is cut short: those that no longer fit are let go, and the price goes back.
    function test_PromisesThatNoLongerFitBindNobody() public {
        _openUnder(0, 121 + 200);
        _commitAll();
        _revealTo(4);
        vm.warp(START + 121);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).prover, market.ledgerOf(dave).id);
        vm.warp(START + 121 + 61);
        // 139 seconds are left; Alice promised 150 and Bob 300.
        market.expire(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        _assertFree(10 ether, 10 ether, 10 ether, 10 ether - BOND);
    }

    function test_Ladder_ServesWhomNobodyBidFor() public {
        _openUnder(postedInstance, 1 hours);
        vm.expectRevert(
            abi.encodeWithSelector(
                IMarket.MechanismFailed.selector,
                address(scoring),
                abi.encodeWithSelector(NotYet.selector, START + 60, START + 61)
            )
        );
        vm.warp(START + 60);
        market.tick(r, address(0), "");
        vm.warp(START + 61);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).rung, 1);
        bidAs(alice, r, 0);
        market.fulfill(fulfillment(r, alice));
        _assertFree(10 ether, 10 ether, 10 ether, 10 ether);
    }

    // M5, I3: whoever of the four keeps silent, the auction ends, the honest lose nothing, and every wei is accounted for.
    function test_Silence_OfEverySubset() public {
        uint256 fresh = vm.snapshotState();
        for (uint256 silent; silent < 16; ++silent) {
            _commitAll();
            vm.warp(START + 61);
            for (uint256 i; i < 4; ++i) {
                if (silent >> i & 1 == 0) _reveal(i);
            }
            vm.warp(START + 121);
            for (uint256 i; i < 4; ++i) {
                if (silent >> i & 1 == 1) market.tick(r, provers[i], "");
            }
            if (statusOf(r) == Status.Open) market.tick(r, address(0), "");
            assertEq(uint8(statusOf(r)), uint8(silent == 15 ? Status.Closed : Status.Awarded));
            for (uint256 i; i < 4; ++i) {
                uint256 lost = silent >> i & 1 == 0 ? 0 : DEPOSIT;
                assertEq(market.ledgerOf(provers[i]).stake, 10 ether - lost);
            }
            _assertConserved();
            vm.revertToState(fresh);
        }
    }

    // What a whole life costs, in gas of whole transactions.
    function test_Gas() public {
        _commit(1);
        _commit(2);
        _commit(0);
        vm.snapshotGasLastCall(SNAPSHOT, "commit");
        vm.warp(START + 61);
        _reveal(1);
        _reveal(2);
        _reveal(0);
        vm.snapshotGasLastCall(SNAPSHOT, "reveal_best_of_3");
        market.tick(r, address(0), "");
        vm.snapshotGasLastCall(SNAPSHOT, "tick_award");
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        vm.snapshotGasLastCall(SNAPSHOT, "expire_to_standby");
        market.fulfill(fulfillment(r, bob));
        vm.snapshotGasLastCall(SNAPSHOT, "fulfill_1");
        market.tick(r, carol, "");
        vm.snapshotGasLastCall(SNAPSHOT, "tick_release");
        assertEq(stateOf(r).holds, 0);
    }

    function _openUnder(uint32 fallbackInstance, uint40 life) private {
        ScoringParams memory p = ScoringParams({
            payment: ScorePayment.SecondScore,
            commit: 60,
            reveal: 60,
            weights: Weights({
                baseBps: 5_000,
                timeBps: 4_000,
                bondBps: 1_000,
                penaltyBps: 10_000,
                stakeWorth: 1e18,
                leastBondBps: 2_000
            }),
            depositBps: 5_000,
            depositFloor: 1,
            standbys: 2,
            bidders: 16
        });
        if (r.nonce != 0) {
            vm.prank(requester);
            market.cancel(r);
        }
        r = request(_register(address(scoring), abi.encode(p), fallbackInstance));
        (r.tip, r.deadline) = (1_000, START + life);
        opened(r);
    }

    function _salt(uint256 i) private pure returns (bytes32) {
        return keccak256(abi.encode("salt", i));
    }

    function _commit(uint256 i) private {
        ScoredOffer memory o = offers[i];
        bytes32 sealed_ = scoring.commitment(market.idOf(r), provers[i], o.price, o.promised, o.share, _salt(i));
        _bid(i, 0, bytes.concat(sealed_));
    }

    function _commitAll() private {
        for (uint256 i; i < 4; ++i) {
            _commit(i);
        }
    }

    function _reveal(uint256 i) private {
        _bid(i, offers[i].price, abi.encodePacked(_salt(i), offers[i].promised, offers[i].share));
    }

    function _revealTo(uint256 count) private {
        vm.warp(START + 61);
        for (uint256 i; i < count; ++i) {
            _reveal(i);
        }
    }

    function _bid(uint256 i, uint88 price, bytes memory data) private {
        Bid memory b = bidFor(r, provers[i], price);
        b.data = data;
        vm.prank(provers[i]);
        market.bid(order(r, b));
    }

    /// Nothing is locked, these stakes are left, and every wei is accounted for.
    function _assertFree(uint256 ofAlice, uint256 ofBob, uint256 ofCarol, uint256 ofDave) private view {
        uint256[4] memory stakes = [ofAlice, ofBob, ofCarol, ofDave];
        assertEq(stateOf(r).holds, 0);
        for (uint256 i; i < 4; ++i) {
            assertEq(market.ledgerOf(provers[i]).stake, stakes[i]);
            assertEq(market.ledgerOf(provers[i]).locked, 0);
            assertEq(market.ledgerOf(provers[i]).busy, 0);
        }
        _assertConserved();
    }

    /// I2: what the market holds is what it owes.
    function _assertConserved() private view {
        uint256 owed = market.balanceOf(NATIVE, requester) + market.balanceOf(NATIVE, BURNED);
        owed += market.balanceOf(NATIVE, address(this)) + market.balanceOf(NATIVE, stranger);
        for (uint256 i; i < 4; ++i) {
            owed += market.balanceOf(NATIVE, provers[i]) + market.ledgerOf(provers[i]).stake;
        }
        if (statusOf(r) == Status.Awarded) owed += PRICE;
        assertEq(address(market).balance, owed);
    }
}
