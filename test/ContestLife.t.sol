// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {NotYet, Unacceptable} from "../contracts/interfaces/IMechanism.sol";
import {Alpha, Tickets} from "../contracts/libraries/Tickets.sol";
import {Contest, ContestParams} from "../contracts/mechanisms/Contest.sol";
import {Bid, Order} from "../contracts/types/Bid.sol";
import {Declaration, TokenOffer} from "../contracts/interfaces/ISupply.sol";
import {Request} from "../contracts/types/Request.sol";
import {State, Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";

/// Contests in the market: tickets, draws, awards and attacks, with the money that moves.
contract ContestLifeTest is Base {
    uint80 private constant LEAST = 0.0001 ether;

    Contest internal contest = new Contest();
    address internal carol = makeAddr("carol");
    address[3] internal provers;
    uint80[3] internal tickets = [0.001 ether, 0.002 ether, 0.003 ether];
    uint256[] internal list;
    Request internal r;

    function setUp() public override {
        super.setUp();
        _enlist(carol);
        provers = [alice, bob, carol];
        _openUnder(0);
    }

    // From the first ticket to the proof, to the wei: the winner is paid the fee less its ticket, half of what the others paid is burned, a
    // twentieth is the ticker's, the rest the requester's.
    function test_Life() public {
        _enterAll();
        _known();
        vm.prank(stranger);
        market.tick(r, address(0), _list());
        State memory s = stateOf(r);
        assertEq(uint8(s.status), uint8(Status.Awarded));
        assertEq(s.holds, 0);
        uint256 won = _place();
        assertEq(s.price, PRICE - tickets[won]);
        uint256 lost;
        for (uint256 i; i < 3; ++i) {
            uint256 due = i == won ? 0 : tickets[i];
            lost += due;
            assertEq(market.ledgerOf(provers[i]).stake, 10 ether - due);
            assertEq(market.ledgerOf(provers[i]).locked, i == won ? BOND : 0);
            assertEq(market.ledgerOf(provers[i]).busy, i == won ? 1 : 0);
        }
        market.fulfill(fulfillment(r, provers[won]));
        assertEq(market.balanceOf(NATIVE, provers[won]), 1 ether + PRICE - tickets[won]);
        assertEq(market.balanceOf(NATIVE, BURNED), lost / 2);
        assertEq(market.balanceOf(NATIVE, stranger), 1_000 + lost / 20);
        // The fee, less its rebate: all of the winner's ticket, 45 % of the others'.
        uint256 net = PRICE - tickets[won] - lost * 45 / 100;
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 1_000 - net);
        assertEq(market.ledgerOf(provers[won]).stake, 10 ether);
        _assertConserved();
    }

    function test_ALoneTicketIsAwardedWithoutADraw() public {
        _enter(alice, 0.001 ether);
        vm.warp(START + 101);
        market.tick(r, address(0), _list());
        assertEq(stateOf(r).price, PRICE - 0.001 ether);
        market.fulfill(fulfillment(r, alice));
        assertEq(market.ledgerOf(alice).stake, 10 ether);
        _assertConserved();
    }

    // S1: what is in a ticket cannot leave, nor can the request be taken back under it.
    function test_RevertWhen_ATicketIsTakenBack() public {
        _enter(alice, 0.003 ether);
        vm.prank(alice);
        vm.expectRevert();
        market.unstake(10 ether - 0.003 ether + 1);
        vm.prank(requester);
        vm.expectPartialRevert(IMarket.DepositsStand.selector);
        market.cancel(r);
    }

    // A ticket is no more than its bidder agreed to put down, whoever brings the bid; and it cannot be brought again.
    function test_ASignedBidIsTakenOnceAndWithinItsBond() public {
        Bid memory b = bidFor(r, alice, 0);
        b.data = abi.encode(0.001 ether);
        b.maxBond = 0.001 ether - 1;
        Order[] memory orders = order(r, b);
        orders[0].proverSignature = sign(aliceKey, digestOf(r, orders[0].bid));
        vm.startPrank(stranger);
        vm.expectPartialRevert(IMarket.TooMuch.selector);
        market.bid(orders);
        orders[0].bid.maxBond = 0.001 ether;
        orders[0].proverSignature = sign(aliceKey, digestOf(r, orders[0].bid));
        market.bid(orders);
        _expectRefused(abi.encodeWithSelector(Unacceptable.selector, 0.001 ether, 0.001 ether + 1));
        market.bid(orders);
        vm.stopPrank();
    }

    // The winner has raised its floor above what it would be paid: it loses its ticket, and the next rung serves.
    function test_Vanish_TheWinnerCannotTakeIt() public {
        _openUnder(postedInstance);
        _enterAll();
        _known();
        for (uint256 i; i < 3; ++i) {
            Declaration memory d = declaration(100);
            d.offers[0].offer.floor = PRICE;
            vm.prank(provers[i]);
            market.declare(d);
        }
        market.tick(r, address(0), _list());
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
        assertEq(stateOf(r).holds, 0);
        for (uint256 i; i < 3; ++i) {
            assertEq(market.ledgerOf(provers[i]).stake, 10 ether - tickets[i]);
        }
        assertEq(market.balanceOf(NATIVE, BURNED), 0.003 ether);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).rung, 1);
        vm.prank(alice);
        market.declare(declaration(100));
        bidAs(alice, r, 0);
        market.fulfill(fulfillment(r, alice));
        _assertConserved();
    }

    // The winner lets its time pass: slashed, and the next rung serves.
    function test_TheWinnerFails() public {
        _openUnder(postedInstance);
        _enterAll();
        _known();
        market.tick(r, address(0), _list());
        uint256 won = _place();
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        assertEq(stateOf(r).rung, 1);
        assertEq(market.ledgerOf(provers[won]).stake, 10 ether - BOND);
        bidAs(provers[(won + 1) % 3], r, 0);
        market.fulfill(fulfillment(r, provers[(won + 1) % 3]));
        _assertConserved();
    }

    function test_NobodyCame() public {
        vm.warp(START + 101);
        market.tick(r, address(0), "");
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 1_000);
    }

    // Nobody ticked before the deadline: no contest, all tickets come back.
    function test_NobodyTicked() public {
        _enterAll();
        vm.warp(r.deadline);
        market.expire(r);
        for (uint256 i; i < 3; ++i) {
            market.tick(r, provers[i], "");
            assertEq(market.ledgerOf(provers[i]).stake, 10 ether);
            assertEq(market.ledgerOf(provers[i]).locked, 0);
        }
        assertEq(market.balanceOf(NATIVE, BURNED), 0);
        _assertConserved();
    }

    // M11: the block that draws is one that nobody has seen when it is fixed; who sees a hash it does not like has no other.
    function test_Grinding_OneBlockOnly() public {
        _enterAll();
        vm.warp(START + 101);
        market.tick(r, address(0), "");
        uint256 fixed_ = block.number + 2;
        for (uint256 n = block.number; n <= fixed_; ++n) {
            vm.roll(n);
            _expectRefused(abi.encodeWithSelector(NotYet.selector, block.timestamp, block.timestamp + 1));
            market.tick(r, address(0), _list());
        }
        vm.roll(fixed_ + 1);
        vm.setBlockhash(fixed_, keccak256("fixed"));
        uint256 seed = uint256(keccak256(abi.encode(keccak256("fixed"), market.idOf(r))));
        uint256 left = seed % 0.006 ether;
        uint256 expected = left < 0.001 ether ? 0 : left < 0.003 ether ? 1 : 2;
        // Much later, in another block, by another caller: the same.
        vm.roll(fixed_ + 200);
        vm.setBlockhash(fixed_, keccak256("fixed"));
        vm.warp(block.timestamp + 100);
        market.tick(r, address(0), _list());
        assertEq(_place(), expected);
    }

    // M12: a block that is forgotten draws nobody.
    function test_AForgottenBlockIsReplaced() public {
        _enterAll();
        vm.warp(START + 101);
        market.tick(r, address(0), "");
        vm.roll(block.number + 10_000);
        market.tick(r, address(0), _list());
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
        assertEq(stateOf(r).holds, 3);
        vm.roll(block.number + 3);
        market.tick(r, address(0), _list());
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    // M15: a requester that wins its own contest and does not prove pays more than the others' tickets bring it.
    function testFuzz_FarmingTicketsNeverPays(uint80 honest, uint80 own) public pure {
        uint256 fee = 0.01 ether;
        uint256 others = bound(honest, 1, fee);
        uint256 mine = bound(own, 1, 100 ether);
        // Its ticket is lost either way, for 55 % of it; it is drawn, and need not pay the fee, with mine / (mine + others).
        uint256 gain = others * 45 / 100;
        uint256 loss = mine * 55 / 100 + fee * others / (mine + others);
        assertLt(gain, loss + 2);
    }

    // M14: as many as there can be, in one tick, in less gas than a block of any chain has.
    function test_AsManyAsThereCanBe() public {
        for (uint256 i; i < 40; ++i) {
            address prover = makeAddr(string.concat("entrant ", vm.toString(i)));
            _enlist(prover);
            _enter(prover, LEAST + uint80(i));
        }
        assertEq(stateOf(r).holds, 40);
        _known();
        bytes memory replay = _list();
        uint256 before = gasleft();
        market.tick(r, address(0), replay);
        assertLt(before - gasleft(), 3_000_000);
        assertEq(stateOf(r).holds, 0);
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    // Tickets of any size, raised in any order: one is awarded, the others pay exactly what they put down.
    function testFuzz_AnyContest(uint8[8] memory who, uint80[8] memory sizes, bytes32 hash) public {
        // No block has this one.
        vm.assume(hash != 0);
        for (uint256 i; i < 8; ++i) {
            address prover = provers[who[i] % 3];
            uint80 held = market.ticketOf(market.idOf(r), prover).amount;
            uint256 size = bound(sizes[i], held + LEAST, held + 0.001 ether);
            if (size > 0.005 ether || market.ticketOf(market.idOf(r), prover).tag >> 8 == 3) continue;
            _enter(prover, uint80(size));
        }
        uint80[3] memory held_;
        for (uint256 i; i < 3; ++i) {
            held_[i] = market.ticketOf(market.idOf(r), provers[i]).amount;
        }
        _known();
        vm.setBlockhash(block.number - 1, hash);
        if (statusOf(r) == Status.Open) market.tick(r, address(0), _list());
        uint256 won = _place();
        market.fulfill(fulfillment(r, provers[won]));
        for (uint256 i; i < 3; ++i) {
            assertEq(market.ledgerOf(provers[i]).stake, 10 ether - (i == won ? 0 : held_[i]));
        }
        assertEq(market.balanceOf(NATIVE, provers[won]), 1 ether + PRICE - held_[won]);
        _assertConserved();
    }

    function _openUnder(uint32 fallbackInstance) private {
        ContestParams memory p = ContestParams({
            stakeToken: NATIVE,
            entry: 100,
            settling: 60,
            feeBps: 10_000,
            minTicket: LEAST,
            maxTicket: 0.005 ether,
            alpha: Alpha.One,
            entrants: 40,
            distance: 2
        });
        if (r.nonce != 0) {
            vm.prank(requester);
            market.cancel(r);
        }
        r = request(_register(address(contest), abi.encode(p), fallbackInstance));
        r.tip = 1_000;
        opened(r);
    }

    function _enter(address prover, uint80 ticket) private {
        Bid memory b = bidFor(r, prover, 0);
        b.data = abi.encode(ticket);
        vm.prank(prover);
        market.bid(order(r, b));
        list.push(Tickets.entryOf(uint8(market.ticketOf(market.idOf(r), prover).tag), ticket, prover));
    }

    function _enterAll() private {
        for (uint256 i; i < 3; ++i) {
            _enter(provers[i], tickets[i]);
        }
    }

    /// The entry is over, and the block that draws there; a lone ticket is awarded.
    function _known() private {
        vm.warp(START + 101);
        market.tick(r, address(0), _list());
        vm.roll(block.number + 3);
    }

    function _list() private view returns (bytes memory) {
        return abi.encodePacked(list);
    }

    /// Which of the three was awarded.
    function _place() private view returns (uint256 place) {
        while (market.ledgerOf(provers[place]).id != stateOf(r).prover) ++place;
    }

    function _expectRefused(bytes memory why) private {
        vm.expectRevert(abi.encodeWithSelector(IMarket.MechanismFailed.selector, address(contest), why));
    }

    /// I2: what the market holds is what it owes, once nothing is in escrow.
    function _assertConserved() private view {
        uint256 owed = market.balanceOf(NATIVE, requester) + market.balanceOf(NATIVE, BURNED);
        owed += market.balanceOf(NATIVE, address(this)) + market.balanceOf(NATIVE, stranger);
        for (uint256 i; i < 3; ++i) {
            owed += market.balanceOf(NATIVE, provers[i]) + market.ledgerOf(provers[i]).stake;
        }
        assertEq(address(market).balance, owed);
    }
}
