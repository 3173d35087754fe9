// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {InsufficientBond, NotYet, Unacceptable} from "../contracts/interfaces/IMechanism.sol";
import {Declaration, ISupply} from "../contracts/interfaces/ISupply.sol";
import {Answer, MoveKind} from "../contracts/types/Ask.sol";
import {Bid, Order} from "../contracts/types/Bid.sol";
import {DRAINING} from "../contracts/types/Prover.sol";
import {Request} from "../contracts/types/Request.sol";
import {State, Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// Sealed bids in the market: deposits, awards, standbys and silence, with the money that moves.
contract SealedLifeTest is Base {
    uint80 private constant DEPOSIT = BOND / 2;

    address internal carol = makeAddr("carol");
    address internal dave = makeAddr("dave");
    address[4] internal provers;
    Request internal r;

    function setUp() public override {
        super.setUp();
        _enlist(carol);
        _enlist(dave);
        provers = [alice, bob, carol, dave];
        r = request(sealedInstance);
        r.tip = 1_000;
        opened(r);
    }

    // From the first commitment to the last deposit: the lowest is awarded at the second price, the silent pays, the
    // standbys are released when it is over.
    function test_Life() public {
        _commitAll();
        assertEq(stateOf(r).holds, 4);
        assertEq(market.ledgerOf(alice).locked, DEPOSIT);
        vm.warp(START + 61);
        for (uint256 i; i < 3; ++i) {
            _reveal(i);
        }
        vm.warp(START + 121);
        vm.prank(stranger);
        market.tick(r, dave, "");

        State memory s = stateOf(r);
        assertEq(s.prover, market.ledgerOf(alice).id);
        assertEq(s.price, _price(1));
        assertEq(s.holds, 2);
        assertEq(market.ledgerOf(alice).locked, BOND);
        assertEq(market.ledgerOf(dave).stake, 10 ether - DEPOSIT);
        assertEq(market.ledgerOf(dave).locked, 0);
        // A twentieth of the deposit, and the tip of the award.
        assertEq(market.balanceOf(NATIVE, stranger), DEPOSIT / 20 + 1_000);

        market.fulfill(fulfillment(r, alice));
        assertEq(market.balanceOf(NATIVE, alice), 1 ether + _price(1));
        uint256 compensation = uint256(DEPOSIT) * 45 / 100;
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 1_000 - _price(1) + compensation);
        market.tick(r, bob, "");
        market.tick(r, carol, "");
        assertEq(stateOf(r).holds, 0);
        assertEq(market.ledgerOf(bob).locked, 0);
        assertEq(market.ledgerOf(carol).busy, 0);
        assertEq(market.ledgerOf(carol).stake, 10 ether);
    }

    // The whole life by words that strangers bring: bidders without gas.
    function test_Life_Signed() public {
        Bid memory b = bidFor(r, alice, 0);
        b.data = abi.encode(_commitment(0));
        _bring(b);
        vm.warp(START + 61);
        b = bidFor(r, alice, _price(0));
        b.data = abi.encode(_salt(0));
        _bring(b);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).price, PRICE); // Alone: the reserve.
    }

    // Who drains after it committed can still reveal, and is awarded; it takes no other work. So does who no longer takes the
    // mechanism or the verifier.
    function test_Reveal_WhileDraining() public {
        _commitAll();
        Declaration memory d = declaration(100);
        d.flags = DRAINING;
        for (uint256 i; i < 2; ++i) {
            vm.prank(provers[i]);
            market.declare(d);
        }
        vm.warp(START + 61);
        _reveal(0);
        _reveal(1);
        vm.warp(START + 121);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).prover, market.ledgerOf(alice).id);

        Request memory other = request(sealedInstance);
        opened(other);
        Bid memory b = bidFor(other, alice, 0);
        b.data = abi.encode(_commitment(0));
        vm.expectRevert(abi.encodeWithSelector(ISupply.Draining.selector, alice));
        vm.prank(alice);
        market.bid(order(other, b));
    }

    // What `tick` would do, without doing it.
    function test_Peek() public {
        _commitAll();
        vm.expectRevert(
            abi.encodeWithSelector(
                IMarket.MechanismFailed.selector,
                address(sealedBid),
                abi.encodeWithSelector(NotYet.selector, START, START + 61)
            )
        );
        market.peek(r, address(0), "");
        vm.warp(START + 61);
        _reveal(0);
        vm.warp(START + 121);
        Answer memory a = market.peek(r, bob, "");
        assertEq(a.moves.length, 2);
        assertEq(uint8(a.moves[0].kind), uint8(MoveKind.Forfeit));
        assertEq(uint8(a.moves[1].kind), uint8(MoveKind.Award));
        assertEq(a.wake, block.timestamp);
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
        assertEq(market.ticketOf(market.idOf(r), bob).amount, DEPOSIT);
    }

    // Nobody revealed: the silent pay one by one, then it closes.
    function test_Silence_ClosesWhenAllHavePaid() public {
        _commitAll();
        vm.warp(START + 121);
        for (uint256 i; i < 3; ++i) {
            market.tick(r, provers[i], "");
            assertEq(uint8(statusOf(r)), uint8(Status.Open));
        }
        vm.expectPartialRevert(IMarket.NothingFollows.selector);
        market.tick(r, address(0), "");
        vm.prank(requester);
        vm.expectPartialRevert(IMarket.DepositsStand.selector);
        market.cancel(r);
        market.tick(r, dave, "");
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.balanceOf(NATIVE, BURNED), 4 * uint256(DEPOSIT) / 2);
    }

    // The winner and every standby fail: each is slashed, the request ends, and the requester is compensated by each.
    function test_EveryStandbyFails() public {
        _commitAll();
        vm.warp(START + 61);
        for (uint256 i; i < 4; ++i) {
            _reveal(i);
        }
        // Two standbys: the fourth has been released.
        assertEq(stateOf(r).holds, 3);
        market.tick(r, address(0), "");
        for (uint256 i; i < 3; ++i) {
            assertEq(stateOf(r).prover, market.ledgerOf(provers[i]).id);
            vm.warp(stateOf(r).time + 1);
            market.expire(r);
            assertEq(market.ledgerOf(provers[i]).stake, 10 ether - BOND);
        }
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 1_000 + 3 * (uint256(BOND) * 45 / 100));
    }

    // I35: a standby that nobody released comes back by itself.
    function test_Reclaim() public {
        _commitAll();
        vm.warp(START + 61);
        _reveal(0);
        _reveal(1);
        vm.warp(START + 121);
        market.tick(r, address(0), "");
        market.fulfill(fulfillment(r, alice));
        vm.warp(r.deadline + 1 days);
        vm.prank(bob);
        market.reclaim(r, bob);
        // The silent too: whoever wanted its deposit had a day.
        market.reclaim(r, dave);
        assertEq(market.ledgerOf(bob).locked, 0);
        assertEq(market.ledgerOf(dave).stake, 10 ether);
    }

    // S1: a deposit cannot be unstaked under the auction, nor back anything else.
    function test_RevertWhen_DepositIsSpent() public {
        vm.startPrank(alice);
        market.unstake(10 ether - DEPOSIT);
        vm.stopPrank();
        _commit(0);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(ISupply.InsufficientStake.selector, alice, 0, 1));
        market.unstake(1);
        vm.stopPrank();
        r = request(sealedInstance);
        opened(r);
        vm.expectRevert(
            abi.encodeWithSelector(
                IMarket.MechanismFailed.selector,
                address(sealedBid),
                abi.encodeWithSelector(InsufficientBond.selector, 0, DEPOSIT)
            )
        );
        this.commit(0);
    }

    // M7: Bob posts Alice's commitment; it opens nothing of his.
    function test_RevertWhen_CommitmentIsCopied() public {
        _commit(0);
        bytes32 copied = _commitment(0);
        _bid(bob, 0, copied);
        vm.warp(START + 61);
        _reveal(0);
        uint176 tag = uint176(bytes22(sealedBid.commitment(market.idOf(r), bob, _price(0), _salt(0))));
        vm.expectRevert(
            abi.encodeWithSelector(
                IMarket.MechanismFailed.selector,
                address(sealedBid),
                abi.encodeWithSelector(Unacceptable.selector, tag, uint176(bytes22(copied)))
            )
        );
        this.bid(bob, _price(0), _salt(0));
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
                bool kept = silent >> i & 1 == 0;
                assertEq(market.ledgerOf(provers[i]).stake, kept ? 10 ether : 10 ether - DEPOSIT);
            }
            _assertConserved();
            vm.revertToState(fresh);
        }
    }

    function commit(uint256 i) external {
        _commit(i);
    }

    function bid(address prover, uint88 price, bytes32 data) external {
        _bid(prover, price, data);
    }

    function _price(uint256 i) private pure returns (uint88) {
        return uint88(1_000 * (i + 2));
    }

    function _salt(uint256 i) private pure returns (bytes32) {
        return keccak256(abi.encode("salt", i));
    }

    function _commitment(uint256 i) private view returns (bytes32) {
        return sealedBid.commitment(market.idOf(r), provers[i], _price(i), _salt(i));
    }

    function _commit(uint256 i) private {
        _bid(provers[i], 0, _commitment(i));
    }

    function _commitAll() private {
        for (uint256 i; i < 4; ++i) {
            _commit(i);
        }
    }

    function _reveal(uint256 i) private {
        _bid(provers[i], _price(i), _salt(i));
    }

    function _bid(address prover, uint88 price, bytes32 data) private {
        Bid memory b = bidFor(r, prover, price);
        b.data = abi.encode(data);
        Order[] memory orders = order(r, b);
        vm.prank(prover);
        market.bid(orders);
    }

    function _bring(Bid memory b) private {
        Order[] memory orders = order(r, b);
        orders[0].proverSignature = sign(aliceKey, digestOf(r, b));
        vm.prank(stranger);
        market.bid(orders);
    }

    /// I2: what the market holds is what it owes.
    function _assertConserved() private view {
        uint256 owed = market.balanceOf(NATIVE, requester) + market.balanceOf(NATIVE, BURNED);
        owed += market.balanceOf(NATIVE, address(this));
        for (uint256 i; i < 4; ++i) {
            owed += market.balanceOf(NATIVE, provers[i]) + market.ledgerOf(provers[i]).stake;
        }
        // The price that is to be paid, and for the requester what is above it.
        if (statusOf(r) == Status.Awarded) owed += PRICE;
        assertEq(address(market).balance, owed);
    }
}
