// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAnnex} from "../contracts/interfaces/IAnnex.sol";
import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {IRegistry} from "../contracts/interfaces/IRegistry.sol";
import {Declaration, ISupply, VerifierChoice} from "../contracts/interfaces/ISupply.sol";
import {Answers} from "../contracts/libraries/Answers.sol";
import {
    Answer,
    BINDING,
    Cause,
    INSTANCE,
    Move,
    MoveKind,
    ON_FAILED,
    ON_OPEN,
    SEATS,
    Shape
} from "../contracts/types/Ask.sol";
import {Setup} from "../contracts/types/Instance.sol";
import {ANY_MECHANISM} from "../contracts/types/Prover.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Hostile} from "./Hostile.t.sol";

/// Instances that are bid on and ticked themselves: tickets on them, awards to their holders, and many requests in one tick.
contract InstancesTest is Hostile {
    using Answers for Move;

    uint8 private constant FLAGS = ON_OPEN | ON_FAILED | BINDING;

    function setUp() public override {
        super.setUp();
        evilInstance = _registerEvil(Shape({words: 0, shared: 1, gas: 1_000_000, flags: FLAGS}), 0);
    }

    /* TICKETS */

    function test_Hold_LocksStakeAndCapacity() public {
        _obey(Cause.Bid, Answers.hold(alice, DEPOSIT, 9).onInstance());
        vm.expectEmit(true, true, false, true);
        emit IMarket.Held(_place(evilInstance), alice, DEPOSIT, 9);
        _bid(alice);
        assertEq(market.ledgerOf(alice).locked, DEPOSIT);
        assertEq(market.ledgerOf(alice).busy, 1);
        assertEq(market.ticketOf(_place(evilInstance), alice).tag, 9);
        _obey(Cause.Bid, Answers.hold(alice, 2 * DEPOSIT, 3).onInstance());
        _bid(alice);
        assertEq(market.ledgerOf(alice).locked, 2 * DEPOSIT);
        assertEq(market.ledgerOf(alice).busy, 1);
    }

    function test_RevertWhen_HeldWithoutConsent() public {
        _obey(Cause.Bid, Answers.hold(bob, DEPOSIT, 0).onInstance());
        vm.expectRevert(abi.encodeWithSelector(IMarket.MoveRefused.selector, MoveKind.Hold, bob, "no consent"));
        _bid(alice);
        _obey(Cause.Tick, Answers.hold(alice, DEPOSIT, 0).onInstance());
        vm.expectRevert(abi.encodeWithSelector(IMarket.MoveRefused.selector, MoveKind.Hold, alice, "no consent"));
        _tick(alice);
        _obey(Cause.Bid, Answers.hold(alice, 1 ether + 1, 0).onInstance());
        vm.expectRevert(abi.encodeWithSelector(IMarket.TooMuch.selector, "deposit", 1 ether + 1, 1 ether));
        _bid(alice);
    }

    function test_RevertWhen_BidderIsNoProverOrInstanceTakesNone() public {
        vm.expectRevert(abi.encodeWithSelector(ISupply.NotAProver.selector, stranger));
        _bid(stranger);
        market.retire(evilInstance);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.InstanceIsRetired.selector, evilInstance));
        _bid(alice);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownInstance.selector, 99, 0, 0));
        vm.prank(alice);
        market.bidInstance(99, 0, 0, "");
    }

    // What is sold is work for any verifier that the instance admits. Who holds a ticket has been taken on, and can still give notice.
    function test_RevertWhen_ABidderDoesNotProveForAllThatIsAdmitted() public {
        _choose(false);
        vm.expectRevert(abi.encodeWithSelector(ISupply.VerifierNotAccepted.selector, alice, verifier));
        _bid(alice);
        uint32 listed = evilInstance;
        Shape memory shape = Shape({words: 0, shared: 1, gas: 1_000_000, flags: FLAGS});
        Setup memory unlisted = setup(address(evil), abi.encode(shape), 0);
        unlisted.verifiers = new uint32[](0);
        evilInstance = market.register(unlisted, true);
        vm.expectRevert(abi.encodeWithSelector(ISupply.VerifierNotAccepted.selector, alice, 0));
        _bid(alice);
        evilInstance = listed;
        _choose(true);
        _enrol(alice);
        _choose(false);
        _bid(alice);
    }

    /// Alice proves for the one verifier that there is, or for none.
    function _choose(bool accepted) private {
        Declaration memory d = declaration(100);
        (d.flags, d.verifiers) = (ANY_MECHANISM, new VerifierChoice[](1));
        d.verifiers[0] = VerifierChoice(verifier, accepted);
        vm.prank(alice);
        market.declare(d);
    }

    // There is nothing but tickets in a question about the instance.
    function test_RevertWhen_InstanceIsAwarded() public {
        _obey(Cause.Bid, Answers.award(alice, 0));
        vm.expectRevert(abi.encodeWithSelector(IMarket.MoveRefused.selector, MoveKind.Award, alice, "not open"));
        _bid(alice);
        _obey(Cause.Tick, Answers.close());
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongSubject.selector, 0, 0, 0));
        _tick(alice);
        _obey(Cause.Tick, Answers.close().onInstance());
        vm.expectRevert(abi.encodeWithSelector(IMarket.MoveRefused.selector, MoveKind.Close, address(0), "subject"));
        _tick(alice);
    }

    function test_Forfeit_TakesAPartOrAll() public {
        _enrol(alice);
        uint80 part = DEPOSIT / 4;
        Move memory m = Answers.forfeit(alice).onInstance();
        m.amount = part;
        _obey(Cause.Tick, m);
        uint256 before = market.balanceOf(NATIVE, address(this));
        vm.expectEmit(true, true, false, true);
        emit IMarket.Docked(
            _place(evilInstance), alice, evilInstance, part / 2, uint256(part) * 45 / 100, part / 20, stranger
        );
        vm.prank(stranger);
        _tick(alice);
        assertEq(market.balanceOf(NATIVE, address(this)), before + uint256(part) * 45 / 100, "the owner");
        assertEq(market.ledgerOf(alice).locked, DEPOSIT - part);
        assertEq(market.ledgerOf(alice).stake, 10 ether - part);
        assertEq(market.ledgerOf(alice).busy, 1);
        _obey(Cause.Tick, Answers.forfeit(alice).onInstance());
        _tick(alice);
        assertEq(market.ledgerOf(alice).locked, 0);
        assertEq(market.ledgerOf(alice).stake, 10 ether - DEPOSIT);
        assertEq(market.ledgerOf(alice).busy, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NoTicket.selector, _place(evilInstance), alice));
        _tick(alice);
    }

    // A mechanism does not learn that somebody has left: to give back what is gone is nothing, to take it is refused.
    function test_ReleaseOfWhatIsGone() public {
        _enrol(alice);
        vm.startPrank(alice);
        market.leave(evilInstance);
        skip(31 days);
        market.leave(evilInstance);
        vm.stopPrank();
        _obey(Cause.Tick, Answers.release(alice).onInstance());
        _tick(alice);
        assertEq(market.ledgerOf(alice).locked, 0);
        assertEq(market.ledgerOf(alice).busy, 0);
        assertEq(market.ledgerOf(alice).stake, 10 ether);
    }

    // I35: nobody needs the mechanism's consent to get its deposit back in the end.
    function test_Leave() public {
        _enrol(alice);
        vm.startPrank(alice);
        market.leave(evilInstance);
        uint256 ready = block.timestamp + 31 days;
        vm.warp(ready - 1);
        vm.expectRevert(abi.encodeWithSelector(ISupply.TooEarly.selector, ready - 1, ready));
        market.leave(evilInstance);
        vm.warp(ready);
        market.leave(evilInstance);
        assertEq(market.ledgerOf(alice).locked, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarket.NoTicket.selector, _place(evilInstance), alice));
        market.leave(evilInstance);
        vm.stopPrank();
        // A new ticket has not waited yet.
        _enrol(alice);
        vm.prank(alice);
        market.leave(evilInstance);
        assertEq(market.ledgerOf(alice).locked, DEPOSIT);
    }

    /* AWARDS TO HOLDERS */

    function test_Award_TakesTheTicketsPlace() public {
        _enrol(alice);
        Request memory r = _opened(Answers.award(alice, 5_000));
        assertEq(uint8(statusOf(r)), uint8(Status.Awarded));
        assertEq(market.ledgerOf(alice).locked, BOND);
        assertEq(market.ledgerOf(alice).busy, 1);
        assertEq(market.ticketOf(_place(evilInstance), alice).amount, 0);
    }

    function test_Award_LeavesASeat() public {
        evilInstance = _registerEvil(Shape({words: 0, shared: 1, gas: 1_000_000, flags: FLAGS | SEATS}), 0);
        _enrol(alice);
        _opened(Answers.award(alice, 5_000));
        assertEq(market.ledgerOf(alice).locked, BOND + DEPOSIT);
        assertEq(market.ledgerOf(alice).busy, 2);
    }

    function test_RevertWhen_AwardedWithoutATicket() public {
        _enrol(alice);
        _obey(Cause.Opened, Answers.award(bob, 5_000));
        Request memory r = request(evilInstance);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IMarket.MoveRefused.selector, MoveKind.Award, bob, "no consent"));
        market.open(r, "", "");
    }

    // Who cannot honour its ticket loses it, unless it is a seat: then the mechanism says what that costs.
    function test_Award_ThatIsNotHonoured() public {
        _enrol(alice);
        _unstakeAll(alice);
        Request memory r = _opened(Answers.award(alice, 5_000));
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
        assertEq(market.ledgerOf(alice).stake, 0);
        assertEq(market.ledgerOf(alice).busy, 0);
    }

    function test_Award_ThatASeatDoesNotHonour() public {
        evilInstance = _registerEvil(Shape({words: 0, shared: 1, gas: 1_000_000, flags: FLAGS | SEATS}), 0);
        _enrol(alice);
        _unstakeAll(alice);
        Move memory m = Answers.forfeit(alice).onInstance();
        m.amount = 100;
        _obey(Cause.Failed, m);
        uint256 before = market.balanceOf(NATIVE, requester);
        Request memory r = _opened(Answers.award(alice, 5_000));
        assertEq(uint8(statusOf(r)), uint8(Status.Open));
        assertEq(market.ledgerOf(alice).stake, DEPOSIT - 100);
        assertEq(
            market.balanceOf(NATIVE, requester),
            before - PRICE + 45 + 5,
            "the requester, not the owner; and the tip of who opened"
        );
    }

    /* MANY REQUESTS */

    function test_TickInstance_AwardsWhatIsBroughtAlong() public {
        Request[] memory all = _book();
        _enrol(alice);
        _enrol(bob);
        Move[] memory moves = new Move[](3);
        moves[0] = Answers.award(bob, 3_000).about(2, market.idOf(all[1]));
        moves[1] = Answers.close().about(1, market.idOf(all[0]));
        moves[2] = Answers.award(alice, 2_000).about(3, market.idOf(all[2]));
        _obey(Cause.Tick, moves);
        vm.prank(stranger);
        market.tickInstance(evilInstance, all, address(0), "");
        assertEq(uint8(statusOf(all[0])), uint8(Status.Closed));
        assertEq(stateOf(all[1]).price, 3_000);
        assertEq(stateOf(all[2]).price, 2_000);
        assertEq(market.balanceOf(NATIVE, stranger), 21, "three tips");
    }

    function test_RevertWhen_SubjectIsAnother() public {
        Request[] memory all = _book();
        _enrol(alice);
        uint176 tail = uint176(uint256(market.idOf(all[0])));
        _obey(Cause.Tick, Answers.award(alice, 3_000).about(2, market.idOf(all[0])));
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.WrongSubject.selector, 2, uint176(uint256(market.idOf(all[1]))), tail)
        );
        market.tickInstance(evilInstance, all, address(0), "");
        _obey(Cause.Tick, Answers.award(alice, 3_000).about(4, market.idOf(all[0])));
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongSubject.selector, 4, 3, tail));
        market.tickInstance(evilInstance, all, address(0), "");
    }

    function test_RevertWhen_SubjectIsUnderOtherRules() public {
        Request[] memory all = new Request[](1);
        all[0] = request(postedInstance);
        bytes32 id = opened(all[0]);
        _enrol(alice);
        _obey(Cause.Tick, Answers.award(alice, 3_000).about(1, id));
        vm.expectRevert(
            abi.encodeWithSelector(
                IMarket.OtherEdition.selector, id, uint64(1) << 32 | postedInstance, uint64(1) << 32 | evilInstance
            )
        );
        market.tickInstance(evilInstance, all, address(0), "");
    }

    function test_RevertWhen_SubjectHasEndedOrIsNamedTwice() public {
        Request[] memory all = _book();
        _enrol(alice);
        bytes32 id = market.idOf(all[0]);
        Move[] memory moves = new Move[](2);
        moves[0] = Answers.award(alice, 3_000).about(1, id);
        moves[1] = Answers.award(alice, 3_000).about(1, id);
        _obey(Cause.Tick, moves);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongStatus.selector, id, Status.Awarded, Status.Open));
        market.tickInstance(evilInstance, all, address(0), "");
        vm.warp(all[0].deadline);
        vm.expectRevert(abi.encodeWithSelector(IMarket.DeadlinePassed.selector, all[0].deadline, all[0].deadline));
        market.tickInstance(evilInstance, all, address(0), "");
    }

    function test_RevertWhen_NothingFollows() public {
        vm.expectRevert(abi.encodeWithSelector(IMarket.NothingFollows.selector, _place(evilInstance), 0));
        _tick(address(0));
    }

    // A requester cannot take its order out of the book.
    function test_RevertWhen_BoundRequestIsCancelled() public {
        Request[] memory all = _book();
        bytes memory why = abi.encodeWithSelector(IMarket.BindingInstance.selector, market.idOf(all[0]), evilInstance);
        vm.startPrank(requester);
        vm.expectRevert(why);
        market.cancel(all[0]);
        vm.expectRevert(why);
        market.replace(all[0], all[1], "");
    }

    // The market asks nobody else to run its code.
    function test_AnnexAloneIsAMarketWithoutRequests() public {
        IAnnex annex = IAnnex(market.annex());
        Request memory r = evilRequest();
        vm.expectRevert();
        annex.tick(r, address(0), "");
        vm.expectRevert(abi.encodeWithSelector(IMarket.OnlySelf.selector, address(this)));
        annex.succeed(r, alice, address(this));
    }

    function _place(uint32 instance) private pure returns (bytes32) {
        return bytes32(uint256(instance));
    }

    function _enrol(address prover) private {
        _obey(Cause.Bid, Answers.hold(prover, DEPOSIT, 9).onInstance());
        _bid(prover);
    }

    function _bid(address prover) private {
        vm.prank(prover);
        market.bidInstance(evilInstance, 0, 1 ether, "");
    }

    function _tick(address about) private {
        market.tickInstance(evilInstance, new Request[](0), about, "");
    }

    function _opened(Move memory move) private returns (Request memory r) {
        _obey(Cause.Opened, move);
        r = request(evilInstance);
        opened(r);
    }

    function _book() private returns (Request[] memory all) {
        all = new Request[](3);
        for (uint256 i; i < 3; ++i) {
            all[i] = request(evilInstance);
            all[i].tip = 7;
            opened(all[i]);
        }
    }

    function _unstakeAll(address prover) private {
        uint80 rest = 10 ether - DEPOSIT;
        vm.prank(prover);
        market.unstake(rest);
    }

    function _obey(Cause cause, Move memory move) private {
        _obey(cause, Answers.only(move));
    }

    function _obey(Cause cause, Move[] memory moves) private {
        Answer memory answer;
        answer.moves = moves;
        answer.shared = new bytes32[](1);
        evil.obey(cause, answer);
    }
}
