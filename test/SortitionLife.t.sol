// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {Declaration} from "../contracts/interfaces/ISupply.sol";
import {Sortition, SortitionParams} from "../contracts/mechanisms/Sortition.sol";
import {Order} from "../contracts/types/Bid.sol";
import {Request} from "../contracts/types/Request.sol";
import {State, Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// Sortitions in the market: pool, draw, award, backups, ladder, with the money that moves.
contract SortitionLifeTest is Base {
    uint88 private constant PAYS = PRICE / 2;
    uint40 private constant END = 60 + 2 * 30 + 120;
    string private constant FILE = "sortition";

    Sortition internal sortition = new Sortition();
    address[4] internal provers;
    uint32 internal lots;
    Request internal r;

    function setUp() public override {
        super.setUp();
        vm.roll(1_000);
        provers = [alice, bob, makeAddr("carol"), makeAddr("dave")];
        _enlist(provers[2]);
        _enlist(provers[3]);
        SortitionParams memory p = SortitionParams({
            base: PAYS,
            rate: 0,
            minDeposit: 1 ether,
            maxDeposit: 10 ether,
            notice: 1 days,
            distance: 4,
            lead: 60,
            stagger: 30,
            stages: 3,
            patience: 120,
            backups: 1
        });
        lots = _register(address(sortition), abi.encode(p), postedInstance);
        for (uint256 i; i < 4; ++i) {
            _enrol(provers[i], (4 - i) * 1 ether);
        }
        vm.roll(1_001);
        r = request(lots);
        r.tip = 1_000;
        opened(r);
    }

    // From the pool to the last deposit.
    function test_Life() public {
        (address first, address second) = _drawn();
        assertEq(stateOf(r).holds, 2, "two places, two bonds");
        vm.warp(START + END);
        vm.prank(stranger);
        market.tick(r, address(0), "");
        vm.snapshotGasLastCall(FILE, "tick");
        State memory s = stateOf(r);
        assertEq(market.proverOf(s.prover), first);
        assertEq(s.price, PAYS);
        assertEq(market.balanceOf(NATIVE, stranger), 1_000, "the tip");
        market.fulfill(fulfillment(r, first));
        market.tick(r, second, "");
        vm.snapshotGasLastCall(FILE, "release");
        assertEq(market.balanceOf(NATIVE, first), 1 ether + PAYS);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 1_000 - PAYS);
        for (uint256 i; i < 4; ++i) {
            assertEq(market.ledgerOf(provers[i]).stake, 10 ether);
            assertEq(market.ledgerOf(provers[i]).locked, (4 - i) * 1 ether, "the pool's, and nothing else");
            assertEq(market.ledgerOf(provers[i]).busy, 1);
        }
        _leaveAll();
        _assertConserved();
    }

    // The winner fails: slashed, and the backup serves at the same price in the same call. Its stake in the pool stays.
    function test_WinnerFails() public {
        (address first, address second) = _awarded();
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        assertEq(market.proverOf(stateOf(r).prover), second);
        assertEq(stateOf(r).price, PAYS);
        assertEq(market.ledgerOf(first).stake, 10 ether - BOND);
        market.fulfill(fulfillment(r, second));
        assertEq(stateOf(r).holds, 0);
        assertEq(market.balanceOf(NATIVE, second), 1 ether + PAYS);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 1_000 - PAYS + uint256(BOND) * 45 / 100);
        assertEq(market.balanceOf(NATIVE, BURNED), BOND / 2);
        _leaveAll();
        _assertConserved();
    }

    // Who makes itself unable to take the award pays as much as who fails, and the backup is awarded in the same tick.
    function test_WinnerCannotHonourIt() public {
        (address first, address second) = _drawn();
        Declaration memory d = declaration(100);
        d.offers[0].offer.floor = PRICE;
        vm.prank(first);
        market.declare(d);
        vm.warp(START + END);
        market.tick(r, address(0), "");
        assertEq(market.proverOf(stateOf(r).prover), second);
        assertEq(market.ledgerOf(first).stake, 10 ether - BOND);
        market.fulfill(fulfillment(r, second));
        _assertConserved();
    }

    // All that stand ready fail: the request goes down its ladder, where somebody serves it.
    function test_EverybodyFails_DownTheLadder() public {
        (address first, address second) = _awarded();
        for (uint256 i; i < 2; ++i) {
            vm.warp(stateOf(r).time + 1);
            market.expire(r);
        }
        assertEq(stateOf(r).rung, 1);
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
        assertEq(market.ledgerOf(first).stake + market.ledgerOf(second).stake, 20 ether - 2 * BOND);
        bidAs(alice, r, 0);
        market.fulfill(fulfillment(r, alice));
        _assertConserved();
    }

    // Nobody comes: down the ladder.
    function test_NobodyComes_DownTheLadder() public {
        vm.warp(START + END);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).rung, 1);
    }

    // M11: the requester is bound, whether it likes the draw or not, and free where the request went down.
    function test_RevertWhen_CancelledAfterTheDraw() public {
        vm.roll(1_006);
        vm.prank(requester);
        vm.expectPartialRevert(IMarket.BindingInstance.selector);
        market.cancel(r);
        vm.warp(START + END);
        market.tick(r, address(0), "");
        vm.prank(requester);
        market.cancel(r);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether);
    }

    // M12: nobody looked at the draw while the chain knew it.
    function test_LostDrawIsDrawnAgain() public {
        vm.roll(1_006 + 10_000);
        market.tick(r, address(0), "");
        vm.roll(block.number + 5);
        vm.warp(START + 120);
        bidAs(alice, r, PAYS);
        assertEq(stateOf(r).holds, 1);
    }

    // A deposit that is taken back past the rule ends the membership.
    function test_LeavingPastTheRule() public {
        vm.prank(alice);
        market.leave(lots);
        vm.warp(START + 31 days);
        vm.prank(alice);
        market.leave(lots);
        assertEq(market.ledgerOf(alice).locked, 0);
        vm.roll(block.number + 10);
        r = request(lots);
        opened(r);
        vm.roll(block.number + 5);
        skip(120);
        vm.expectRevert();
        this.bid(alice);
        bidAs(bob, r, PAYS);
        assertEq(stateOf(r).holds, 1);
    }

    function test_Gas() public {
        _enlist(requester);
        _enrol(requester, 2 ether);
        vm.snapshotGasLastCall(FILE, "enrol");
        Request memory other = request(lots);
        opened(other);
        vm.snapshotGasLastCall(FILE, "open");
        vm.roll(1_006);
        vm.warp(START + 120);
        bidAs(provers[0], r, PAYS);
        vm.snapshotGasLastCall(FILE, "bid_first");
        bidAs(provers[1], r, PAYS);
        vm.snapshotGasLastCall(FILE, "bid_next");
        _enrol(provers[0], 0);
        vm.snapshotGasLastCall(FILE, "notice");
        skip(1 days);
        market.tickInstance(lots, new Request[](0), provers[0], "");
        vm.snapshotGasLastCall(FILE, "leave");
    }

    function bid(address prover) external {
        bidAs(prover, r, PAYS);
    }

    function _enrol(address prover, uint256 deposit) private {
        vm.prank(prover);
        market.bidInstance(lots, 0, 10 ether, abi.encode(deposit));
    }

    /// Whoever can bids, in the last stage.
    function _drawn() private returns (address first, address second) {
        vm.roll(1_006);
        vm.warp(START + 120);
        for (uint256 i; i < 4; ++i) {
            try this.bid(provers[i]) {} catch {}
        }
        bytes32[8] memory words = market.wordsOf(market.idOf(r));
        return (address(uint160(uint256(words[2]))), address(uint160(uint256(words[3]))));
    }

    function _awarded() private returns (address first, address second) {
        (first, second) = _drawn();
        vm.warp(START + END);
        market.tick(r, address(0), "");
    }

    /// Everybody gives notice, and has all of its stake free then.
    function _leaveAll() private {
        for (uint256 i; i < 4; ++i) {
            _enrol(provers[i], 0);
        }
        assertEq(market.sharedOf(lots)[0], 0, "the pool is empty");
        skip(1 days);
        for (uint256 i; i < 4; ++i) {
            market.tickInstance(lots, new Request[](0), provers[i], "");
            assertEq(market.ledgerOf(provers[i]).locked, 0);
            assertEq(market.ledgerOf(provers[i]).busy, 0);
        }
    }

    function _assertConserved() private view {
        uint256 owed = market.balanceOf(NATIVE, BURNED) + market.balanceOf(NATIVE, requester);
        owed += market.balanceOf(NATIVE, stranger) + market.balanceOf(NATIVE, address(this));
        for (uint256 i; i < 4; ++i) {
            owed += market.balanceOf(NATIVE, provers[i]) + market.ledgerOf(provers[i]).stake;
        }
        assertEq(address(market).balance, owed);
    }
}
