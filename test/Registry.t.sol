// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../contracts/interfaces/IMarket.sol";
import {InvalidParam} from "../contracts/interfaces/IMechanism.sol";
import {IRegistry} from "../contracts/interfaces/IRegistry.sol";
import {PostedParams} from "../contracts/mechanisms/PostedPrice.sol";
import {BINDING, DRAWS, ON_FAILED, ON_OPEN, ON_PROOF, SEATS, Shape} from "../contracts/types/Ask.sol";
import {Config, Instance, Setup} from "../contracts/types/Instance.sol";
import {Request} from "../contracts/types/Request.sol";
import {Status} from "../contracts/types/State.sol";
import {Base} from "./Base.t.sol";
import {EvilMechanism} from "./doubles/EvilMechanism.sol";

/// Instances of mechanisms: numbers and versions whose meaning never changes.
contract RegistryTest is Base {
    /* REGISTER */

    function test_Register() public {
        Setup memory s = setup(address(posted), abi.encode(postedParams()), dutchInstance);
        Config memory want = Config({
            mechanism: address(posted),
            codehash: address(posted).codehash,
            token: NATIVE,
            fallbackInstance: dutchInstance,
            fallbackVersion: 1,
            verifiers: s.verifiers,
            shape: posted.check(s.params),
            params: s.params
        });
        vm.expectEmit(address(market));
        emit IRegistry.InstanceSet(sealedInstance + 1, 1, stranger, true, want);
        vm.prank(stranger);
        uint32 instance = market.register(s, true);
        assertEq(instance, sealedInstance + 1);
        assertEq(abi.encode(market.configOf(instance, 1)), abi.encode(want));

        Instance memory i = market.instanceOf(instance);
        assertEq(i.owner, stranger);
        assertEq(i.version, 1);
        assertTrue(i.open && !i.retired);
    }

    function test_RevertWhen_ParamsAreSenseless() public {
        PostedParams memory p = PostedParams({base: 0, rate: 0, patience: 100});
        bytes memory why = abi.encodeWithSelector(InvalidParam.selector, "base", 0, 1, type(uint88).max);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.ParamsRefused.selector, address(posted), why));
        this.register(address(posted), abi.encode(p), 0);
    }

    function test_RevertWhen_ShapeIsOutOfRange() public {
        EvilMechanism evil = new EvilMechanism();
        _expectShape("words", 9, 0, 8);
        this.register(address(evil), abi.encode(Shape(9, 0, 50_000, 0)), 0);
        _expectShape("shared", 9, 0, 8);
        this.register(address(evil), abi.encode(Shape(8, 9, 50_000, 0)), 0);
        _expectShape("gas", 29_999, 30_000, 10_000_000);
        this.register(address(evil), abi.encode(Shape(8, 8, 29_999, 0)), 0);
        _expectShape("gas", 10_000_001, 30_000, 10_000_000);
        this.register(address(evil), abi.encode(Shape(8, 8, 10_000_001, 0)), 0);
        this.register(address(evil), abi.encode(Shape(8, 8, 10_000_000, ON_OPEN | ON_FAILED | DRAWS)), 0);
    }

    // Proofs while no award stands are not rewarded yet: who asks for them is told so, instead of waiting for ever. Likewise what
    // has no meaning at all.
    function test_RevertWhen_FlagsAreNotSupported() public {
        EvilMechanism evil = new EvilMechanism();
        uint8 known = ON_OPEN | ON_FAILED | ON_PROOF | DRAWS | SEATS | BINDING;
        uint8[3] memory flags = [64, known | 64, 128];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRegistry.UnsupportedFlags.selector, flags[i], known));
            this.register(address(evil), abi.encode(Shape(0, 0, 30_000, flags[i])), 0);
        }
        uint32 instance = this.register(address(evil), abi.encode(Shape(0, 0, 30_000, known)), 0);
        Setup memory s = setup(address(evil), abi.encode(Shape(0, 0, 30_000, 64)), 0);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnsupportedFlags.selector, 64, known));
        market.retune(instance, s);
    }

    // V10, M20: what has no code of its own cannot be a mechanism.
    function test_RevertWhen_MechanismHasNoCode() public {
        bytes memory params = abi.encode(postedParams());
        address[3] memory targets = [address(0), address(4), makeAddr("nothing")];
        for (uint256 i; i < targets.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRegistry.NoCode.selector, targets[i]));
            this.register(targets[i], params, 0);
        }
    }

    // K5: an account that delegates its code can change it.
    function test_RevertWhen_MechanismIsADelegation() public {
        vm.signAndAttachDelegation(address(posted), aliceKey);
        vm.prank(alice);
        market.declare(declaration(1));
        assertEq(alice.code, abi.encodePacked(hex"ef0100", address(posted)));
        vm.expectRevert(abi.encodeWithSelector(IRegistry.NoCode.selector, alice));
        this.register(alice, abi.encode(postedParams()), 0);
    }

    function test_RevertWhen_MechanismIsNone() public {
        address[2] memory targets = [address(nullVerifier), address(market)];
        for (uint256 i; i < targets.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRegistry.ParamsRefused.selector, targets[i], ""));
            this.register(targets[i], abi.encode(postedParams()), 0);
        }
    }

    function test_RevertWhen_AdmittedVerifierIsUnknown() public {
        Setup memory s = setup(address(posted), abi.encode(postedParams()), 0);
        s.verifiers[0] = verifier + 1;
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownVerifier.selector, verifier + 1, verifier));
        market.register(s, true);
    }

    function test_RevertWhen_ConfigIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownInstance.selector, dutchInstance, 2, 1));
        market.configOf(dutchInstance, 2);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownInstance.selector, dutchInstance, 0, 1));
        market.configOf(dutchInstance, 0);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownInstance.selector, 99, 1, 0));
        market.configOf(99, 1);
    }

    // P6: neighbouring numbers and versions never share a place.
    function test_Register_PlacesDoNotCollide() public {
        for (uint32 v = 2; v <= 4; ++v) {
            PostedParams memory p = postedParams();
            p.patience = v;
            market.retune(postedInstance, setup(address(posted), abi.encode(p), 0));
            market.retune(dutchInstance, setup(address(dutch), abi.encode(dutchParams()), 0));
        }
        for (uint32 v = 2; v <= 4; ++v) {
            PostedParams memory p = abi.decode(market.configOf(postedInstance, v).params, (PostedParams));
            assertEq(p.patience, v);
            assertEq(market.configOf(dutchInstance, v).mechanism, address(dutch));
        }
    }

    /* RETUNE */

    // M17, I14: a request keeps the terms it entered under.
    function test_Retune_LeavesRunningRequestsAlone() public {
        Request memory r = request(postedInstance);
        opened(r);
        Config memory before = market.configOf(postedInstance, 1);

        PostedParams memory p = PostedParams({base: 1_000, rate: 0, patience: 1});
        assertEq(market.retune(postedInstance, setup(address(posted), abi.encode(p), 0)), 2);
        assertEq(abi.encode(market.configOf(postedInstance, 1)), abi.encode(before));
        Request memory next = request(postedInstance);
        opened(next);

        vm.warp(block.timestamp + 1);
        bidAs(alice, r, PRICE);
        bidAs(alice, next, 0);
        assertEq(stateOf(r).price, PRICE);
        assertEq(stateOf(r).version, 1);
        assertEq(stateOf(next).price, 1_000);
        assertEq(stateOf(next).version, 2);
    }

    // A request may name an older version, and gets it.
    function test_Retune_OldVersionsStayInUse() public {
        PostedParams memory p = PostedParams({base: 1_000, rate: 0, patience: 1});
        market.retune(postedInstance, setup(address(posted), abi.encode(p), 0));
        Request memory r = request(postedInstance);
        r.version = 1;
        opened(r);
        bidAs(alice, r, PRICE);
        assertEq(stateOf(r).price, PRICE);
        r = request(postedInstance);
        r.version = 3;
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownInstance.selector, postedInstance, 3, 2));
        market.open(r, "", "");
    }

    // P12
    function test_RevertWhen_RetunerIsNotTheOwner() public {
        Setup memory s = setup(address(posted), abi.encode(postedParams()), 0);
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.NotOwner.selector, stranger, address(this)));
        market.retune(postedInstance, s);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.NotOwner.selector, stranger, address(this)));
        market.retire(postedInstance);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownInstance.selector, 99, 0, 0));
        market.retune(99, s);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownInstance.selector, 0, 0, 0));
        market.retire(0);
    }

    /* RETIRE */

    // V8, I41: a tombstone. Running requests go on, and the number never comes back.
    function test_Retire() public {
        Request memory r = request(postedInstance);
        opened(r);
        vm.expectEmit(address(market));
        emit IRegistry.InstanceRetired(postedInstance);
        market.retire(postedInstance);
        assertTrue(market.instanceOf(postedInstance).retired);

        bidAs(alice, r, PRICE);
        market.fulfill(fulfillment(r, alice));
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));

        bytes memory retired = abi.encodeWithSelector(IRegistry.InstanceIsRetired.selector, postedInstance);
        Request memory next = request(postedInstance);
        vm.prank(requester);
        vm.expectRevert(retired);
        market.open(next, "", "");
        Setup memory s = setup(address(posted), abi.encode(postedParams()), 0);
        vm.expectRevert(retired);
        market.retune(postedInstance, s);
        vm.expectRevert(retired);
        market.retire(postedInstance);
        assertEq(market.register(s, true), sealedInstance + 1);
    }

    /* PRIVATE INSTANCES */

    function test_Private() public {
        Setup memory s = setup(address(posted), abi.encode(postedParams()), 0);
        vm.prank(requester);
        uint32 instance = market.register(s, false);
        Request memory r = request(instance);
        opened(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Open));

        _fund(stranger, 1 ether);
        r.requester = stranger;
        bytes memory refusal = abi.encodeWithSelector(IMarket.PrivateInstance.selector, instance, stranger, requester);
        vm.prank(stranger);
        vm.expectRevert(refusal);
        market.open(r, "", "");
        // Not even when the owner brings it.
        bytes memory signature = sign(uint256(keccak256("stranger")), market.idOf(r));
        vm.prank(requester);
        vm.expectRevert(refusal);
        market.open(r, "", signature);
    }

    /* LADDERS */

    function test_Ladder_UpToItsLongest() public {
        uint32 instance = postedInstance;
        for (uint256 i; i < 8; ++i) {
            instance = _register(address(posted), abi.encode(postedParams()), instance);
        }
        vm.expectRevert(abi.encodeWithSelector(IRegistry.LadderTooLong.selector, 9, 8));
        this.register(address(posted), abi.encode(postedParams()), instance);
    }

    function test_RevertWhen_FallbackIsUnknown() public {
        Setup memory s = setup(address(posted), abi.encode(postedParams()), 0);
        (s.fallbackInstance, s.fallbackVersion) = (99, 1);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownInstance.selector, 99, 1, 0));
        market.register(s, true);
        (s.fallbackInstance, s.fallbackVersion) = (dutchInstance, 0);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownInstance.selector, dutchInstance, 0, 1));
        market.register(s, true);
        // Not the instance it would become, nor the next version of itself: a ladder has an end.
        (s.fallbackInstance, s.fallbackVersion) = (dutchInstance, 2);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownInstance.selector, dutchInstance, 2, 1));
        market.retune(dutchInstance, s);
    }

    // E18
    function test_RevertWhen_FallbackPaysInAnotherToken() public {
        Setup memory s = setup(address(posted), abi.encode(postedParams()), dutchInstance);
        s.token = makeAddr("token");
        vm.expectRevert(abi.encodeWithSelector(IRegistry.FallbackToken.selector, NATIVE, s.token));
        market.register(s, true);
    }

    function test_RevertWhen_FallbackIsAnothersPrivateInstance() public {
        Setup memory s = setup(address(posted), abi.encode(postedParams()), 0);
        vm.prank(alice);
        uint32 own = market.register(s, false);
        Setup memory above = setup(address(dutch), abi.encode(dutchParams()), own);
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.NotOwner.selector, bob, alice));
        market.register(above, true);
        vm.prank(alice);
        market.register(above, true);
        // Nor further down.
        uint32 middle = sealedInstance + 2;
        above = setup(address(dutch), abi.encode(dutchParams()), middle);
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.NotOwner.selector, bob, alice));
        market.register(above, true);
    }

    function register(address mechanism, bytes memory params, uint32 fallbackInstance) external returns (uint32) {
        return _register(mechanism, params, fallbackInstance);
    }

    function _expectShape(string memory field, uint256 have, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.ShapeOutOfRange.selector, field, have, min, max));
    }
}
