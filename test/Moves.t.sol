// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {ISupply} from "../contracts/interfaces/ISupply.sol";
import {Answers} from "../contracts/libraries/Answers.sol";
import {Answer, Cause, DRAWS, Move, MoveKind, Shape} from "../contracts/types/Ask.sol";
import {Bid} from "../contracts/types/Bid.sol";
import {Ledger} from "../contracts/types/Prover.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Hostile} from "./Hostile.t.sol";
import {EvilMechanism} from "./doubles/EvilMechanism.sol";

/// M18, I5, I19: every move that a mechanism may answer with, and every one that it may not.
contract MovesTest is Hostile {
    /* AWARD */

    // Consent: to the actor of the bid, or to whoever holds a ticket.
    function test_RevertWhen_AwardedToAStranger() public {
        _expectMove(Answers.award(bob, PRICE), _refused(MoveKind.Award, bob, "no consent"));
        _expectMove(Answers.award(stranger, PRICE), _refused(MoveKind.Award, stranger, "no consent"));
        _expectMove(Answers.award(address(0), PRICE), _refused(MoveKind.Award, address(0), "no consent"));
    }

    function test_RevertWhen_TickAwardsWithoutATicket() public {
        Request memory r = evilRequest();
        tell(Cause.Tick, Answers.award(alice, PRICE));
        vm.expectRevert(_refused(MoveKind.Award, alice, "no consent"));
        market.tick(r, alice, "");
    }

    function test_RevertWhen_PriceIsAboveTheEscrow() public {
        Move memory m = Answers.award(alice, PRICE + 1);
        _expectMove(m, abi.encodeWithSelector(IMarket.TooMuch.selector, "price", PRICE + 1, PRICE));
        m.amount = type(uint88).max;
        _expectMove(m, abi.encodeWithSelector(IMarket.TooMuch.selector, "price", m.amount, PRICE));
    }

    function test_RevertWhen_PriceIsBelowTheBid() public {
        _expectMove(Answers.award(alice, 999), _refused(MoveKind.Award, alice, "below bid"));
    }

    function test_RevertWhen_BondIsAboveTheBids() public {
        Move memory m = Answers.award(alice, PRICE);
        m.bps = 65_535;
        uint256 bond = uint256(BOND) * 65_535 / 10_000;
        Request memory r = evilRequest();
        tell(Cause.Bid, m);
        Bid memory b = bidFor(r, alice, 1);
        b.maxBond = uint80(bond - 1);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooMuch.selector, "bond", bond, bond - 1));
        market.bid(order(r, b));
        b.maxBond = uint80(bond);
        market.bid(order(r, b));
        assertEq(market.ledgerOf(alice).locked, bond);
    }

    function test_RevertWhen_DueIsNotBetweenNowAndTheDeadline() public {
        Move memory m = Answers.award(alice, PRICE);
        uint40 last = START + 1 hours;
        uint40[4] memory dues = [1, START, last + 1, type(uint40).max];
        for (uint256 i; i < dues.length; ++i) {
            m.due = dues[i];
            _expectMove(
                m, abi.encodeWithSelector(IMarket.FieldOutOfRange.selector, "due", dues[i], uint256(START) + 1, last)
            );
        }
        Request memory r = evilRequest();
        m.due = last;
        tell(Cause.Bid, m);
        bidAs(alice, r, 1);
        assertEq(stateOf(r).time, last);
    }

    // S4: nor so soon that the prover cannot keep it.
    function test_RevertWhen_DueIsSoonerThanTheThroughput() public {
        Request memory r = request(evilInstance);
        r.work = 200_001;
        opened(r);
        Move memory m = Answers.award(alice, PRICE);
        m.due = START + 2;
        tell(Cause.Bid, m);
        vm.expectRevert(abi.encodeWithSelector(ISupply.BeyondThroughput.selector, alice, 200_000, 200_001));
        this.bid(alice, r);
    }

    // I4: one award.
    function test_RevertWhen_AwardedTwice() public {
        Request memory r = evilRequest();
        ticketed(r, bob);
        tell(Cause.Bid, Answers.award(alice, PRICE), Answers.award(bob, PRICE));
        vm.expectRevert(_refused(MoveKind.Award, bob, "not open"));
        this.bid(alice, r);
        tell(Cause.Bid, Answers.award(alice, PRICE), Answers.award(alice, PRICE));
        vm.expectRevert(_refused(MoveKind.Award, alice, "not open"));
        this.bid(alice, r);
    }

    function test_RevertWhen_MovesFollowAnAward() public {
        Request memory r = evilRequest();
        Move[3] memory after_ = [Answers.hold(alice, 1, 0), Answers.close(), _draw(1)];
        for (uint256 i; i < after_.length; ++i) {
            tell(Cause.Bid, Answers.award(alice, PRICE), after_[i]);
            vm.expectRevert(_refused(after_[i].kind, after_[i].prover, "not open"));
            this.bid(alice, r);
        }
    }

    // In the answer that awards, the losers' tickets can be given back.
    function test_Award_ReleasesTheLosers() public {
        Request memory r = evilRequest();
        ticketed(r, bob);
        tell(Cause.Bid, Answers.award(alice, PRICE), Answers.release(bob));
        this.bid(alice, r);
        assertEq(stateOf(r).holds, 0);
        _assertIdle(bob);
    }

    // The ticket is given back as the bond is taken; its place is the award's.
    function test_Award_FromATicket() public {
        Request memory r = evilRequest();
        ticketed(r, alice);
        tell(Cause.Tick, Answers.award(alice, PRICE));
        market.tick(r, address(0), "");
        assertEq(market.ledgerOf(alice).locked, BOND);
        assertEq(market.ledgerOf(alice).busy, 1);
        assertEq(market.ticketOf(market.idOf(r), alice).amount, 0);
        assertEq(stateOf(r).holds, 0);
    }

    function test_Award_HeldInTheSameAnswer() public {
        Request memory r = evilRequest();
        tell(Cause.Bid, Answers.hold(alice, DEPOSIT, 7), Answers.award(alice, PRICE));
        this.bid(alice, r);
        assertEq(market.ledgerOf(alice).locked, BOND);
        assertEq(market.ledgerOf(alice).busy, 1);
        assertEq(stateOf(r).holds, 0);
    }

    /* HOLD */

    function test_RevertWhen_HoldingMoreThanOffered() public {
        Request memory r = evilRequest();
        Bid memory b = bidFor(r, alice, 0);
        b.maxBond = DEPOSIT;
        Move memory m = Answers.hold(alice, DEPOSIT + 1, 0);
        uint88[4] memory amounts = [DEPOSIT + 1, type(uint80).max, uint88(1) << 80, type(uint88).max];
        vm.startPrank(alice);
        for (uint256 i; i < amounts.length; ++i) {
            m.amount = amounts[i];
            tell(Cause.Bid, m);
            vm.expectRevert(abi.encodeWithSelector(IMarket.TooMuch.selector, "deposit", amounts[i], DEPOSIT));
            market.bid(order(r, b));
        }
        m.amount = 0;
        tell(Cause.Bid, m);
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooMuch.selector, "deposit", 0, DEPOSIT));
        market.bid(order(r, b));
    }

    function test_RevertWhen_HoldingOfAnother() public {
        _expectMove(Answers.hold(bob, DEPOSIT, 0), _refused(MoveKind.Hold, bob, "no consent"));
        Request memory r = evilRequest();
        tell(Cause.Tick, Answers.hold(alice, DEPOSIT, 0));
        vm.expectRevert(_refused(MoveKind.Hold, alice, "no consent"));
        market.tick(r, alice, "");
    }

    function test_RevertWhen_HoldingMoreThanIsFree() public {
        vm.prank(alice);
        market.unstake(10 ether - DEPOSIT);
        _expectMove(
            Answers.hold(alice, DEPOSIT + 1, 0),
            abi.encodeWithSelector(ISupply.InsufficientStake.selector, alice, DEPOSIT, DEPOSIT + 1)
        );
    }

    // A ticket takes the place of an award; another for the same request replaces it.
    function test_Hold_TakesAPlaceOnce() public {
        vm.prank(alice);
        market.declare(declaration(1));
        Request memory r = evilRequest();
        ticketed(r, alice);
        tell(Cause.Bid, Answers.hold(alice, 2 * DEPOSIT, 8));
        this.bid(alice, r);
        assertEq(market.ledgerOf(alice).locked, 2 * DEPOSIT);
        assertEq(market.ledgerOf(alice).busy, 1);
        assertEq(stateOf(r).holds, 1);
        assertEq(market.ticketOf(market.idOf(r), alice).tag, 8);
        tell(Cause.Bid, Answers.hold(alice, 1, 0));
        Request memory other = evilRequest();
        vm.expectRevert(abi.encodeWithSelector(ISupply.AtCapacity.selector, alice, 1, 1));
        this.bid(alice, other);
    }

    /* RELEASE, FORFEIT */

    // A mechanism reaches the tickets of the request it is asked about, and no others.
    function test_RevertWhen_ThereIsNoTicket() public {
        Request memory other = evilRequest();
        ticketed(other, bob);
        Request memory r = evilRequest();
        bytes memory none = abi.encodeWithSelector(IMarket.NoTicket.selector, market.idOf(r), bob);
        Move[2] memory moves = [Answers.release(bob), Answers.forfeit(bob)];
        for (uint256 i; i < 2; ++i) {
            tell(Cause.Tick, moves[i]);
            vm.expectRevert(none);
            market.tick(r, bob, "");
        }
        assertEq(market.ledgerOf(bob).locked, DEPOSIT);
    }

    // I27: half is burned, a twentieth is the caller's, the rest the requester's. Nothing else of the prover is touched.
    function test_Forfeit() public {
        Request memory r = evilRequest();
        ticketed(r, bob);
        tell(Cause.Tick, Answers.forfeit(bob));
        vm.expectEmit(address(market));
        emit IMarket.Forfeited(market.idOf(r), bob, DEPOSIT / 2, DEPOSIT * 45 / 100, DEPOSIT / 20, stranger);
        vm.prank(stranger);
        market.tick(r, bob, "");
        assertEq(market.balanceOf(NATIVE, BURNED), DEPOSIT / 2);
        assertEq(market.balanceOf(NATIVE, stranger), DEPOSIT / 20);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether - PRICE + DEPOSIT * 45 / 100);
        assertEq(market.ledgerOf(bob).stake, 10 ether - DEPOSIT);
        assertEq(market.ledgerOf(bob).locked, 0);
        assertEq(market.ledgerOf(bob).busy, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NoTicket.selector, market.idOf(r), bob));
        market.tick(r, bob, "");
    }

    // Once the request is awarded, only the ticket of whom a tick is about is in question.
    function test_RevertWhen_AwardedAndAnothersTicketIsTaken() public {
        Request memory r = evilRequest();
        ticketed(r, bob);
        awardedBy(r, alice);
        tell(Cause.Tick, Answers.forfeit(bob));
        vm.expectRevert(abi.encodeWithSelector(IMarket.NoTicket.selector, market.idOf(r), alice));
        market.tick(r, alice, "");
        Move[4] memory moves =
            [Answers.award(bob, PRICE), Answers.hold(bob, 1, 0), Answers.close(), Answers.release(alice)];
        for (uint256 i; i < moves.length; ++i) {
            tell(Cause.Tick, moves[i]);
            vm.expectRevert(_refused(moves[i].kind, moves[i].prover, "not open"));
            market.tick(r, bob, "");
        }
        tell(Cause.Tick, Answers.release(bob));
        market.tick(r, bob, "");
        _assertIdle(bob);
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
        assertEq(market.ledgerOf(alice).locked, BOND);
    }

    /* CLOSE, DRAW, REWARD, SUBJECT */

    function test_RevertWhen_ClosedOverDeposits() public {
        Request memory r = evilRequest();
        ticketed(r, bob);
        tell(Cause.Tick, Answers.close());
        vm.expectRevert(abi.encodeWithSelector(IMarket.DepositsStand.selector, market.idOf(r), 1));
        market.tick(r, address(0), "");
        tell(Cause.Tick, Answers.release(bob), Answers.close());
        market.tick(r, address(0), "");
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
    }

    function test_RevertWhen_ClosedTwice() public {
        Request memory r = evilRequest();
        tell(Cause.Tick, Answers.close(), Answers.close());
        vm.expectRevert(_refused(MoveKind.Close, address(0), "not open"));
        market.tick(r, address(0), "");
    }

    // A bid that makes the mechanism give up leaves the tip with the requester.
    function test_Close_OnABid() public {
        Request memory r = request(evilInstance);
        r.tip = 9;
        opened(r);
        tell(Cause.Bid, Answers.close());
        this.bid(alice, r);
        assertEq(market.balanceOf(NATIVE, requester), 100 ether);
    }

    function test_RevertWhen_DrawingIsNotAllowed() public {
        _expectMove(_draw(1), _refused(MoveKind.Draw, address(0), "flag"));
        evilInstance = _registerEvil(Shape(0, 0, 1_000_000, DRAWS), 0);
        _expectMove(_draw(0), abi.encodeWithSelector(IMarket.FieldOutOfRange.selector, "draw", 0, 1, 64));
        _expectMove(_draw(65), abi.encodeWithSelector(IMarket.FieldOutOfRange.selector, "draw", 65, 1, 64));
        Request memory r = evilRequest();
        tell(Cause.Bid, _draw(64));
        vm.expectEmit(address(market));
        emit IMarket.BeaconFixed(market.idOf(r), uint64(block.number + 64));
        this.bid(alice, r);
    }

    // M11, M12: a beacon is the hash of a block that was not there when it was fixed; once too old to be known it is none,
    // rather than one that everybody knows.
    function test_Draw_BeaconIsTheHashOfItsBlock() public {
        evilInstance = _registerEvil(Shape(1, 0, 1_000_000, DRAWS), 0);
        Request memory r = evilRequest();
        Answer memory a = _words(1, 0);
        a.moves = Answers.only(_draw(5));
        evil.obey(Cause.Bid, a);
        uint256 drawn = block.number + 5;
        this.bid(alice, r);
        vm.roll(drawn);
        assertEq(market.peek(r, address(0), "").words[0], bytes32(uint256(1)));
        vm.roll(drawn + 1);
        vm.setBlockhash(drawn, keccak256("hash"));
        assertEq(market.peek(r, address(0), "").words[0], keccak256("hash"));
        vm.roll(drawn + 10_000);
        assertEq(market.peek(r, address(0), "").words[0], bytes32(uint256(1)));
    }

    function test_RevertWhen_RewardingWithoutAProof() public {
        Move memory m = Answers.award(alice, PRICE);
        m.kind = MoveKind.Reward;
        _expectMove(m, _refused(MoveKind.Reward, alice, "no proof"));
    }

    function test_RevertWhen_AnotherRequestIsTheSubject() public {
        Move memory m = Answers.award(alice, PRICE);
        m.subject = 1;
        _expectMove(m, _refused(MoveKind.Award, alice, "subject"));
    }

    /* WORDS */

    function test_RevertWhen_WordsAreNotAsMany() public {
        evilInstance = _registerEvil(Shape(2, 1, 1_000_000, 0), 0);
        Request memory r = evilRequest();
        uint8[3] memory counts = [0, 1, 3];
        for (uint256 i; i < counts.length; ++i) {
            evil.obey(Cause.Bid, _words(counts[i], 1));
            vm.expectRevert(abi.encodeWithSelector(IMarket.TooMuch.selector, "words", counts[i], 2));
            this.bid(alice, r);
        }
        evil.obey(Cause.Bid, _words(2, 2));
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooMuch.selector, "shared", 2, 1));
        this.bid(alice, r);
        evil.obey(Cause.Bid, _words(2, 1));
        this.bid(alice, r);
        assertEq(market.wordsOf(market.idOf(r))[1], bytes32(uint256(2)));
        assertEq(market.sharedOf(evilInstance)[0], bytes32(uint256(1)));
    }

    // I6: the words of one instance are not another's.
    function test_Words_StayInTheirInstance() public {
        uint32 other = _registerEvil(Shape(2, 1, 1_000_000, 0), 0);
        evilInstance = _registerEvil(Shape(2, 1, 1_000_000, 0), 0);
        Request memory r = evilRequest();
        evil.obey(Cause.Bid, _words(2, 1));
        this.bid(alice, r);
        assertEq(market.sharedOf(other)[0], 0);
        assertEq(market.sharedOf(evilInstance)[1], 0);
    }

    function bid(address prover, Request memory r) external {
        bidAs(prover, r, 1_000);
    }

    function _expectMove(Move memory m, bytes memory why) private {
        Request memory r = evilRequest();
        tell(Cause.Bid, m);
        vm.expectRevert(why);
        this.bid(alice, r);
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
        _assertIdle(alice);
    }

    function _assertIdle(address prover) private view {
        Ledger memory l = market.ledgerOf(prover);
        assertEq(abi.encode(l.locked, l.busy, l.kept, l.failed), abi.encode(0, 0, 0, 0));
    }

    function _refused(MoveKind kind, address prover, string memory why) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMarket.MoveRefused.selector, kind, prover, why);
    }

    function _draw(uint88 blocks) private pure returns (Move memory m) {
        (m.kind, m.amount) = (MoveKind.Draw, blocks);
    }

    function _words(uint256 words, uint256 shared) private pure returns (Answer memory a) {
        (a.words, a.shared) = (new bytes32[](words), new bytes32[](shared));
        for (uint256 i; i < words; ++i) {
            a.words[i] = bytes32(i + 1);
        }
        for (uint256 i; i < shared; ++i) {
            a.shared[i] = bytes32(i + 1);
        }
    }
}
