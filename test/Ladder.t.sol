// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {Declaration} from "../contracts/interfaces/ISupply.sol";
import {Answers} from "../contracts/libraries/Answers.sol";
import {PostedParams} from "../contracts/mechanisms/PostedPrice.sol";
import {Cause, DRAWS, Move, MoveKind, ON_OPEN, Shape} from "../contracts/types/Ask.sol";
import {Bid, Order} from "../contracts/types/Bid.sol";
import {Setup} from "../contracts/types/Instance.sol";
import {Request} from "../contracts/types/Request.sol";
import {State, Status} from "../contracts/types/State.sol";
import {Hostile} from "./Hostile.t.sol";

/// Down the ladder: what becomes of a request that a mechanism gives up, or whose prover failed.
contract LadderTest is Hostile {
    function test_Close_ClimbsToTheFallback() public {
        uint32 instance = _register(address(posted), abi.encode(postedParams()), dutchInstance);
        Request memory r = request(instance);
        r.tip = 9;
        bytes32 id = opened(r);
        vm.warp(START + 101);
        vm.expectEmit(address(market));
        emit IMarket.Climbed(id, 1, dutchInstance, 1);
        vm.prank(stranger);
        market.tick(r, address(0), "");

        State memory s = market.stateOf(id);
        assertEq(uint8(s.status), uint8(Status.Open));
        assertEq(abi.encode(s.rung, s.instance, s.version), abi.encode(1, dutchInstance, 1));
        // The next mechanism's clock starts now, and the tip waits for whoever finds a prover.
        assertEq(s.time, START + 101);
        assertEq(market.balanceOf(NATIVE, stranger), 0);
        bidAs(alice, r, PRICE / 10);
        assertEq(stateOf(r).price, PRICE / 10);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - PRICE);
    }

    function test_Close_AtTheEndOfTheLadder() public {
        uint32 instance = _register(address(posted), abi.encode(postedParams()), postedInstance);
        Request memory r = request(instance);
        r.tip = 9;
        opened(r);
        vm.warp(START + 101);
        market.tick(r, address(0), "");
        vm.warp(START + 202);
        vm.prank(stranger);
        market.tick(r, address(0), "");
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.balanceOf(NATIVE, stranger), 9);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - 9);
    }

    // The version that the ladder named when it was made, whatever its owner did since (M17).
    function test_Climb_ToThePinnedVersion() public {
        uint32 instance = _register(address(posted), abi.encode(postedParams()), dutchInstance);
        PostedParams memory p = PostedParams({base: 1, rate: 0, patience: 1});
        market.retune(dutchInstance, setup(address(posted), abi.encode(p), 0));
        market.retire(dutchInstance);
        Request memory r = request(instance);
        opened(r);
        vm.warp(START + 101);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).version, 1);
        bidAs(alice, r, PRICE / 10);
    }

    // A rung that does not admit the verifier is passed over.
    function test_Climb_SkipsWhatDoesNotAdmitTheVerifier() public {
        uint32 other = market.registerVerifier(address(nullVerifier), 100_000);
        Setup memory s = setup(address(posted), abi.encode(postedParams()), dutchInstance);
        s.verifiers[0] = other;
        uint32 middle = market.register(s, true);
        uint32 top = _register(address(posted), abi.encode(postedParams()), middle);
        Request memory r = request(top);
        opened(r);
        vm.warp(START + 101);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).rung, 2);
        assertEq(stateOf(r).instance, dutchInstance);
    }

    function test_Cancel_OnAnyRung() public {
        uint32 instance = _register(address(posted), abi.encode(postedParams()), dutchInstance);
        Request memory r = request(instance);
        r.tip = 9;
        opened(r);
        vm.warp(START + 101);
        market.tick(r, address(0), "");
        vm.prank(requester);
        market.cancel(r);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether);
    }

    // The longest ladder is left rung by rung.
    function test_Climb_EveryRung() public {
        uint32 instance = postedInstance;
        for (uint256 i; i < 8; ++i) {
            instance = _register(address(posted), abi.encode(postedParams()), instance);
        }
        Request memory r = request(instance);
        opened(r);
        for (uint256 i = 1; i <= 8; ++i) {
            vm.warp(block.timestamp + 101);
            market.tick(r, address(0), "");
            assertEq(stateOf(r).rung, i);
        }
        vm.warp(block.timestamp + 101);
        market.tick(r, address(0), "");
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
    }

    // A failed award climbs, and pays no second tip.
    function test_Expire_Climbs() public {
        uint32 instance = _register(address(posted), abi.encode(postedParams()), dutchInstance);
        Request memory r = request(instance);
        r.tip = 9;
        opened(r);
        bidAs(alice, r, 0);
        uint40 late = stateOf(r).time + 1;
        vm.warp(late);
        market.expire(r);
        State memory s = stateOf(r);
        assertEq(abi.encode(s.status, s.rung, s.price, s.time), abi.encode(Status.Open, 1, 0, late));
        vm.warp(late + 201);
        vm.prank(stranger);
        market.tick(r, address(0), "");
        assertEq(market.balanceOf(NATIVE, stranger), 0);
        uint256 compensation = uint256(BOND) * 45 / 100;
        assertEq(market.balanceOf(NATIVE, requester), 100 ether + compensation);
    }

    // M3 of a fallback: it is asked as the request opens on it, and may close at once.
    function test_Climb_AsksTheNextAsItOpens() public {
        evilInstance = _registerEvil(Shape(0, 0, 1_000_000, ON_OPEN | DRAWS), 0);
        uint32 instance = _register(address(posted), abi.encode(postedParams()), evilInstance);
        tell(Cause.Opened, Answers.close());
        Request memory r = request(instance);
        opened(r);
        vm.warp(START + 101);
        market.tick(r, address(0), "");
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));

        // And as it opens here first.
        Move memory draw;
        (draw.kind, draw.amount) = (MoveKind.Draw, 1);
        tell(Cause.Opened, draw);
        r = request(evilInstance);
        vm.expectEmit(address(market));
        emit IMarket.BeaconFixed(market.idOf(r), uint64(block.number + 1));
        opened(r);
        tell(Cause.Opened, Answers.award(alice, 0));
        r = request(evilInstance);
        vm.prank(requester);
        vm.expectPartialRevert(IMarket.MoveRefused.selector);
        market.open(r, "", "");
    }

    // K3: a prover's signed bid that was awarded and failed is spent: nobody can bring it again on the next rung, to
    // put its bond at risk a second time.
    function test_RevertWhen_TheBidOfAFailedProverIsBroughtAgain() public {
        uint32 instance = _register(address(posted), abi.encode(postedParams()), postedInstance);
        Request memory r = request(instance);
        opened(r);
        Order[] memory orders = order(r, bidFor(r, alice, 0));
        orders[0].proverSignature = sign(aliceKey, digestOf(r, orders[0].bid));
        vm.prank(stranger);
        market.bid(orders);
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
        _expectSpent(r, orders);
        // It may come back by itself.
        bidAs(alice, r, 0);
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    // K3: nor after others have failed in between: neither the word of the first opening, nor one of a later opening.
    function test_RevertWhen_TheBidOfAFailedProverIsBroughtAfterAnotherFailed() public {
        Request memory r = request(_ladder(4));
        opened(r);
        Order[] memory first = _signed(r);
        _bringAndFail(r, first);
        bidAs(bob, r, 0);
        _fail(r);
        _expectSpent(r, first);
        Order[] memory second = _signed(r);
        _bringAndFail(r, second);
        bidAs(bob, r, 0);
        _fail(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
        _expectSpent(r, first);
        _expectSpent(r, second);
        vm.prank(stranger);
        market.bid(_signed(r));
        assertEq(stateOf(r).prover, market.ledgerOf(alice).id);
    }

    // K3: a word for one rung is none for the next, where another rule reads it.
    function test_RevertWhen_ABidIsBroughtToALowerRung() public {
        Request memory r = request(_ladder(1));
        opened(r);
        Order[] memory orders = _signed(r);
        vm.warp(block.timestamp + 101);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).rung, 1);
        _expectSpent(r, orders);
        market.bid(_signed(r));
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    // K3: a word for the first opening holds from before the request entered, and as long as nothing came of it.
    function test_Bid_SignedBeforeTheRequestEntered() public {
        Request memory r = request(postedInstance);
        Order[] memory orders = _signed(r);
        opened(r);
        vm.warp(block.timestamp + 50);
        market.bid(orders);
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
    }

    /// Posted prices that fall back to posted prices, `depth` times.
    function _ladder(uint256 depth) private returns (uint32 instance) {
        instance = postedInstance;
        for (uint256 i; i < depth; ++i) {
            instance = _register(address(posted), abi.encode(postedParams()), instance);
        }
    }

    /// Alice's word on `r` as it stands now, for anyone to bring.
    function _signed(Request memory r) private view returns (Order[] memory orders) {
        orders = order(r, bidFor(r, alice, 0));
        orders[0].proverSignature = sign(aliceKey, digestOf(r, orders[0].bid));
    }

    function _bringAndFail(Request memory r, Order[] memory orders) private {
        vm.prank(stranger);
        market.bid(orders);
        assertEq(stateOf(r).prover, market.ledgerOf(alice).id);
        _fail(r);
    }

    function _fail(Request memory r) private {
        vm.warp(stateOf(r).time + 1);
        market.expire(r);
    }

    function _expectSpent(Request memory r, Order[] memory orders) private {
        bytes32 digest = digestOf(r, orders[0].bid);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IMarket.BadSignature.selector, alice, digest));
        market.bid(orders);
    }

    /* STANDBYS WHO CANNOT HONOUR THEIR BIDS */

    // S3: a ticket holder whose stake or terms no longer cover the award loses the ticket, and the mechanism is asked again.
    function test_Award_ToATicketHolderThatCannotHonourIt() public {
        Request memory r = evilRequest();
        ticketed(r, alice);
        ticketed(r, bob);
        _raiseFloor(alice);
        tell(Cause.Tick, Answers.award(alice, PRICE));
        tell(Cause.Failed, Answers.award(bob, PRICE));
        vm.prank(stranger);
        market.tick(r, address(0), "");
        assertEq(stateOf(r).prover, market.ledgerOf(bob).id);
        assertEq(market.ledgerOf(alice).stake, 10 ether - DEPOSIT);
        assertEq(market.ledgerOf(alice).locked, 0);
        assertEq(market.ledgerOf(alice).busy, 0);
        assertEq(market.balanceOf(NATIVE, stranger), DEPOSIT / 20);
    }

    // Likewise when the award before it failed: the next standby is asked, and the tip of the forfeit is that of whoever
    // expired the award.
    function test_Expire_StandbyCannotHonourIt() public {
        Request memory r = request(sealedInstance);
        opened(r);
        address carol = makeAddr("carol");
        _enlist(carol);
        address[3] memory provers = [alice, bob, carol];
        for (uint256 i; i < 3; ++i) {
            bytes32 sealed_ = sealedBid.commitment(market.idOf(r), provers[i], uint88(1_000 * (i + 1)), "salt");
            _bid(r, provers[i], 0, sealed_);
        }
        vm.warp(START + 61);
        for (uint256 i; i < 3; ++i) {
            _bid(r, provers[i], uint88(1_000 * (i + 1)), "salt");
        }
        market.tick(r, address(0), "");
        assertEq(stateOf(r).prover, market.ledgerOf(alice).id);
        _raiseFloor(bob);
        vm.warp(stateOf(r).time + 1);
        vm.prank(stranger);
        market.expire(r);

        assertEq(stateOf(r).prover, market.ledgerOf(carol).id);
        uint256 deposit = BOND / 2;
        assertEq(market.ledgerOf(bob).stake, 10 ether - deposit);
        assertEq(market.balanceOf(NATIVE, stranger), BOND / 20 + deposit / 20);
        assertEq(market.balanceOf(NATIVE, address(market)), 0);
    }

    function _bid(Request memory r, address prover, uint88 price, bytes32 data) private {
        Bid memory b = bidFor(r, prover, price);
        b.data = abi.encode(data);
        Order[] memory orders = order(r, b);
        vm.prank(prover);
        market.bid(orders);
    }

    function _raiseFloor(address prover) private {
        Declaration memory d = declaration(100);
        d.offers[0].offer.floor = PRICE;
        vm.prank(prover);
        market.declare(d);
    }
}
