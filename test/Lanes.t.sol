// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILanes} from "../contracts/interfaces/ILanes.sol";
import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {IRegistry} from "../contracts/interfaces/IRegistry.sol";
import {ISupply} from "../contracts/interfaces/ISupply.sol";
import {
    CAP_FIXED_PRICE,
    CAP_INSTANT,
    CAP_OPEN_ENTRY,
    CAP_SEALED,
    CAP_SINGLE_RECIPIENT
} from "../contracts/types/Ask.sol";
import {CAP_TRUTHFUL, Shape} from "../contracts/types/Ask.sol";
import {Setup} from "../contracts/types/Instance.sol";
import {Attribute, LANE, Mandate, Terms, Wish} from "../contracts/types/Lane.sol";
import {LaneBase} from "./LaneBase.sol";
import {EvilMechanism} from "./doubles/EvilMechanism.sol";

/// Whoever routes a lane, its hard limits hold: what a requester states, whom it lets route, and which routes are refused.
contract LanesTest is LaneBase {
    /* TERMS */

    function test_TermsAreReadBack() public {
        Terms memory t = terms();
        (t.award, t.bondBps, t.kept, t.reliability) = (300, 5_000, 3, 9_000);
        (t.standbys, t.capabilities, t.closed) = (2, CAP_SEALED, true);
        (t.completion, t.share) = (9_900, 3_500);
        t.wishes = new Wish[](1);
        t.wishes[0] = Wish(Attribute.Latency, 10_000, 60, 3_600);
        vm.expectEmit(address(market));
        emit ILanes.TermsSet(requester, NUMBER, t);
        _setTerms(t);
        (uint32 instance, uint32 version, Terms memory have,) = market.laneOf(requester, NUMBER);
        // The market keeps nothing that it does not hold anyone to.
        (t.completion, t.share, t.wishes) = (0, 0, new Wish[](0));
        assertEq(abi.encode(have), abi.encode(t));
        assertEq(instance + version, 0);
    }

    function test_TermsOutOfRange() public {
        Terms memory t = terms();
        t.pricePerUnit = 0;
        _refused(t, "pricePerUnit", 0, 1, type(uint88).max / t.work);
        t = terms();
        t.pricePerUnit = type(uint88).max;
        _refused(t, "pricePerUnit", type(uint88).max, 1, type(uint88).max / t.work);
        t = terms();
        t.work = 0;
        _refused(t, "work", 0, 1, type(uint64).max);
        t = terms();
        t.window = 0;
        _refused(t, "window", 0, 1, type(uint32).max);
        t = terms();
        t.latency = 30 days + 1;
        _refused(t, "latency", 30 days + 1, 1, 30 days);
        t = terms();
        t.bondBps = 10_001;
        _refused(t, "bondBps", 10_001, 0, 10_000);
        t = terms();
        t.reliability = 10_001;
        _refused(t, "reliability", 10_001, 0, 10_000);
        vm.expectRevert(abi.encodeWithSelector(IMarket.FieldOutOfRange.selector, "lane", LANE, 0, LANE - 1));
        vm.prank(requester);
        market.setTerms(LANE, terms());
    }

    function test_LaneWithoutTerms() public {
        bytes memory unknown = abi.encodeWithSelector(ILanes.UnknownLane.selector, requester, NUMBER);
        vm.expectRevert(unknown);
        _route(dutchInstance);
        vm.expectRevert(unknown);
        vm.prank(requester);
        market.setMandate(NUMBER, mandate());
        vm.expectRevert(unknown);
        market.laneOf(requester, NUMBER);
    }

    // A route that fits stays, one that does not ends; the requester is told by an event.
    function test_NewTermsEndARouteThatBreaksThem() public {
        _setTerms(terms());
        _route(dutchInstance);
        Terms memory t = terms();
        t.latency = 30 minutes;
        _setTerms(t);
        (uint32 instance,) = _routed();
        assertEq(instance, dutchInstance);
        vm.expectEmit(address(market));
        emit ILanes.Routed(requester, NUMBER, 0, 0, requester, 0);
        _setTerms(_sealedTerms());
        (instance,) = _routed();
        assertEq(instance, 0);
    }

    /* ROUTES */

    function test_RoutePinsTheVersion() public {
        _setTerms(terms());
        vm.expectEmit(address(market));
        emit ILanes.Routed(requester, NUMBER, dutchInstance, 1, requester, 0);
        _route(dutchInstance);
        Setup memory s = setup(address(dutch), abi.encode(dutchParams()), 0);
        market.retune(dutchInstance, s);
        (, uint32 version) = _routed();
        assertEq(version, 1);
    }

    function test_RouteBeyondALimit() public {
        uint32 have = CAP_OPEN_ENTRY | CAP_INSTANT | CAP_SINGLE_RECIPIENT;
        _beyond(_sealedTerms(), dutchInstance, "capabilities", have, CAP_SEALED);
        Terms memory t = terms();
        t.award = 120;
        _beyond(t, sealedInstance, "award", 121, 120);
        t = terms();
        t.standbys = 3;
        _beyond(t, sealedInstance, "standbys", 2, 3);
        t = terms();
        // Two phases of a minute, a second, and ten minutes to prove.
        t.latency = 720;
        _beyond(t, sealedInstance, "latency", 721, 720);
    }

    function test_RouteWhoseLowerRungBreaksALimit() public {
        Terms memory t = terms();
        t.capabilities = CAP_SINGLE_RECIPIENT;
        uint32 ladder = _ladder();
        _beyond(t, ladder, "capabilities", CAP_SEALED | CAP_OPEN_ENTRY | CAP_TRUTHFUL, CAP_SINGLE_RECIPIENT);
        _route(dutchInstance);
    }

    function test_RouteToWhatTheLaneDoesNotFit() public {
        Terms memory t = terms();
        t.token = address(1);
        _setTerms(t);
        vm.expectRevert(abi.encodeWithSelector(IMarket.WrongToken.selector, NATIVE, address(1)));
        _route(dutchInstance);

        t = terms();
        t.verifier = verifier + 1;
        _setTerms(t);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.VerifierNotAdmitted.selector, dutchInstance, verifier + 1));
        _route(dutchInstance);

        _setTerms(terms());
        uint32 closed = market.register(setup(address(dutch), abi.encode(dutchParams()), 0), false);
        vm.expectRevert(abi.encodeWithSelector(IMarket.PrivateInstance.selector, closed, requester, address(this)));
        _route(closed);

        market.retire(dutchInstance);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.InstanceIsRetired.selector, dutchInstance));
        _route(dutchInstance);

        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownInstance.selector, postedInstance, 9, 1));
        vm.prank(requester);
        market.route(requester, NUMBER, postedInstance, 9);
    }

    function test_RouteToAMechanismThatSaysNothing() public {
        _setTerms(terms());
        EvilMechanism evil = new EvilMechanism();
        uint32 instance = _register(address(evil), abi.encode(Shape(0, 0, 100_000, 0)));
        vm.mockCallRevert(address(evil), abi.encodeWithSelector(evil.envelope.selector), "why");
        vm.expectRevert(abi.encodeWithSelector(ILanes.EnvelopeFailed.selector, address(evil), bytes("why")));
        _route(instance);
    }

    function test_RouteToCodeThatHasChanged() public {
        _setTerms(terms());
        bytes32 pinned = address(dutch).codehash;
        vm.etch(address(dutch), address(posted).code);
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.CodeChanged.selector, address(dutch), address(posted).codehash, pinned)
        );
        _route(dutchInstance);
    }

    /* MANDATES */

    function test_KeeperWithoutAMandate() public {
        _setTerms(terms());
        vm.expectRevert(abi.encodeWithSelector(ILanes.MandateOver.selector, START, 0));
        _routeAsKeeper(dutchInstance);
    }

    function test_KeeperMovesAndIsTipped() public {
        _setTerms(terms());
        _entrust(mandate());
        uint256 had = market.balanceOf(NATIVE, requester);
        vm.expectEmit(address(market));
        emit ILanes.Routed(requester, NUMBER, dutchInstance, 1, stranger, 0.001 ether);
        _routeAsKeeper(dutchInstance);
        assertEq(market.balanceOf(NATIVE, stranger), 0.001 ether);
        assertEq(market.balanceOf(NATIVE, requester), had - 0.001 ether);
    }

    // Out of money is no reason to stay on a bad route.
    function test_KeeperOfARequesterWithoutMoney() public {
        _setTerms(terms());
        _entrust(mandate());
        vm.startPrank(requester);
        market.withdraw(NATIVE, requester, market.balanceOf(NATIVE, requester));
        vm.stopPrank();
        _routeAsKeeper(dutchInstance);
        (uint32 instance,) = _routed();
        assertEq(instance, dutchInstance);
        assertEq(market.balanceOf(NATIVE, stranger), 0);
    }

    function test_KeeperBeyondItsMandate() public {
        _setTerms(terms());
        Mandate memory m = mandate();
        m.anyMechanism = false;
        _entrust(m);
        vm.expectRevert(abi.encodeWithSelector(ILanes.MechanismNotListed.selector, address(dutch)));
        _routeAsKeeper(dutchInstance);
        vm.prank(requester);
        market.listMechanisms(NUMBER, listing(address(dutch), true));
        _routeAsKeeper(dutchInstance);

        vm.warp(START + 1 hours - 1);
        vm.expectRevert(abi.encodeWithSelector(ISupply.TooEarly.selector, START + 1 hours - 1, START + 1 hours));
        _routeAsKeeper(dutchInstance);
        vm.warp(START + 1 hours);
        _routeAsKeeper(dutchInstance);

        vm.expectRevert(abi.encodeWithSelector(ILanes.KeeperNotListed.selector, alice));
        vm.prank(alice);
        market.route(requester, NUMBER, dutchInstance, 0);

        vm.warp(START + 1 weeks + 1);
        vm.expectRevert(abi.encodeWithSelector(ILanes.MandateOver.selector, START + 1 weeks + 1, START + 1 weeks));
        _routeAsKeeper(dutchInstance);
    }

    function test_AnyoneWithStake() public {
        _setTerms(terms());
        Mandate memory m = mandate();
        (m.anyone, m.stake) = (true, 10 ether);
        vm.prank(requester);
        market.setMandate(NUMBER, m);
        vm.expectRevert(abi.encodeWithSelector(ISupply.InsufficientStake.selector, stranger, 0, 10 ether));
        _routeAsKeeper(dutchInstance);
        vm.prank(alice);
        market.route(requester, NUMBER, dutchInstance, 0);
    }

    function test_MandateIsTakenBackAtOnce() public {
        _setTerms(terms());
        _entrust(mandate());
        Mandate memory none;
        vm.prank(requester);
        market.setMandate(NUMBER, none);
        vm.expectRevert(abi.encodeWithSelector(ILanes.MandateOver.selector, START, 0));
        _routeAsKeeper(dutchInstance);
    }

    // The limits are the requester's, not the keeper's: a mandate for everything is not one to break them.
    function testFuzz_KeeperNeverBreaksALimit(uint32 capabilities, uint16 latency, uint8 standbys, uint256 pick)
        public
    {
        Terms memory t = terms();
        t.capabilities = capabilities & 63;
        t.latency = uint32(bound(latency, 1, type(uint16).max));
        t.standbys = standbys & 3;
        _setTerms(t);
        _entrust(mandate());
        uint32 instance = [dutchInstance, postedInstance, sealedInstance][pick % 3];
        uint32 have = [
            CAP_OPEN_ENTRY | CAP_INSTANT | CAP_SINGLE_RECIPIENT,
            CAP_FIXED_PRICE | CAP_OPEN_ENTRY | CAP_INSTANT | CAP_SINGLE_RECIPIENT | CAP_TRUTHFUL,
            CAP_SEALED | CAP_OPEN_ENTRY | CAP_TRUTHFUL
        ][pick % 3];
        uint256 slowest = [uint256(800), 700, 721][pick % 3];
        bool fits = t.capabilities & ~have == 0 && slowest <= t.latency && t.standbys <= [0, 0, 2][pick % 3];
        vm.prank(stranger);
        (bool ok,) = address(market).call(abi.encodeCall(ILanes.route, (requester, NUMBER, instance, 0)));
        assertEq(ok, fits);
    }

    /* PRIVATE */

    function _refused(Terms memory t, string memory field, uint256 have, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(IMarket.FieldOutOfRange.selector, field, have, min, max));
        _setTerms(t);
    }

    function _beyond(Terms memory t, uint32 instance, string memory limit, uint256 have, uint256 want) private {
        _setTerms(t);
        vm.expectRevert(abi.encodeWithSelector(ILanes.BeyondLimit.selector, limit, have, want));
        _route(instance);
    }
}
