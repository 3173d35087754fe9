// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarket} from "../../contracts/interfaces/IMarket.sol";
import {IMechanism, InvalidParam} from "../../contracts/interfaces/IMechanism.sol";
import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {InnerChanged, InnerMisnamed} from "../../contracts/libraries/Modifier.sol";
import {GasParams, GasPassThrough} from "../../contracts/mechanisms/GasPassThrough.sol";
import {Grace} from "../../contracts/mechanisms/Grace.sol";
import {Spread} from "../../contracts/mechanisms/Spread.sol";
import {Cause, Move, MoveKind, ON_PROOF, Shape} from "../../contracts/types/Ask.sol";
import {Order} from "../../contracts/types/Bid.sol";
import {Setup} from "../../contracts/types/Instance.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";
import {Base} from "../Base.t.sol";
import {EvilMechanism} from "../doubles/EvilMechanism.sol";
import {Wrapping} from "./Wrapping.sol";

/// Inner rules that are not what they seem, or misbehave: a modifier is no way around what the market refuses.
/// A transaction of its own for every call would have no base fee.
/// forge-config: default.isolate = false
contract ModifierAttacksTest is Base {
    GasPassThrough private gas = new GasPassThrough();
    Grace private grace = new Grace();
    Spread private spread = new Spread();
    EvilMechanism private evil = new EvilMechanism();
    Request private r;

    /// Another name than the one given is refused, and twins are looked for by that one.
    function test_RevertWhen_TheInnerRuleIsCalledOtherwise() public {
        bytes memory params = Wrapping.grace(evil, _shape(0), 1, 60);
        bytes32 dutchName = "dutch";
        assembly ("memory-safe") {
            mstore(add(params, 0x60), dutchName)
        }
        _assertRefused(grace, params, abi.encodeWithSelector(InnerMisnamed.selector, evil, bytes32("evil"), dutchName));
    }

    /// Other code at the same address, by whatever way it came there: neither registered nor asked.
    function test_RevertWhen_TheInnerCodeChanged() public {
        bytes memory params = Wrapping.grace(dutch, abi.encode(dutchParams()), 1, 60);
        (bytes32 was, bytes32 is_) = (address(dutch).codehash, address(posted).codehash);
        r = request(_register(address(grace), params));
        opened(r);
        vm.etch(address(dutch), address(posted).code);
        bytes memory why = abi.encodeWithSelector(InnerChanged.selector, dutch, is_, was);
        _assertBidRefused(abi.encodeWithSelector(IMarket.MechanismFailed.selector, grace, why));
        _assertRefused(grace, params, why);
        vm.expectRevert(why);
        grace.envelope(params, r);
        vm.etch(address(dutch), "");
        _assertBidRefused(
            abi.encodeWithSelector(
                IMarket.MechanismFailed.selector,
                grace,
                abi.encodeWithSelector(InnerChanged.selector, dutch, keccak256(""), was)
            )
        );
        _assertEndsByItself();
    }

    /// Nobody's account, whose code hash can be named too, has no name.
    function test_RevertWhen_TheInnerRuleIsNoContract() public {
        bytes memory params = Wrapping.grace(dutch, abi.encode(dutchParams()), 1, 60);
        assembly ("memory-safe") {
            mstore(add(params, 0x20), 0x1234)
            mstore(add(params, 0x40), 0)
        }
        vm.expectRevert();
        grace.check(params);
    }

    /// A no of the inner rule is said on word for word, through two layers.
    function test_ReasonsPassThrough() public {
        _around();
        evil.misbehave(Cause.Bid, EvilMechanism.Mood.Reverts);
        bytes memory why = abi.encodeWithSelector(EvilMechanism.No.selector, Cause.Bid);
        _assertBidRefused(abi.encodeWithSelector(IMarket.MechanismFailed.selector, gas, why));
        _assertEndsByItself();
    }

    /// It burns, floods, garbles or is silent: the call fails within the gas that the shape says, and the deadline ends the request.
    function test_Misbehaviour() public {
        EvilMechanism.Mood[4] memory moods =
            [EvilMechanism.Mood.Burns, EvilMechanism.Mood.Floods, EvilMechanism.Mood.Garbles, EvilMechanism.Mood.Empty];
        for (uint256 i; i < moods.length; ++i) {
            _around();
            evil.misbehaveAlways(moods[i]);
            Order[] memory orders = order(r, bidFor(r, alice, 0));
            vm.prank(alice);
            uint256 before = gasleft();
            (bool ok, bytes memory why) = address(market).call{gas: 3_000_000}(abi.encodeCall(market.bid, (orders)));
            assertLt(before - gasleft(), 600_000, "the cap holds");
            bool failed = bytes4(why) == IMarket.MechanismFailed.selector;
            assertTrue(!ok && (failed || bytes4(why) == IMarket.MalformedAnswer.selector));
            _assertEndsByItself();
        }
    }

    /// It awards all that it was shown, or all that there is, or more than fits: never more than the request pays.
    function test_RevertWhen_TheInnerRuleAwardsTooMuch() public {
        vm.fee(1_000 gwei);
        uint88[3] memory prices = [PRICE, type(uint88).max, PRICE - 1];
        for (uint256 i; i < prices.length; ++i) {
            _around();
            evil.obey(Cause.Bid, _move(MoveKind.Award, alice, prices[i]));
            Order[] memory orders = order(r, bidFor(r, alice, 0));
            vm.prank(alice);
            vm.expectRevert();
            market.bid(orders);
            _assertEndsByItself();
        }
        _around();
        evil.obey(Cause.Bid, _move(MoveKind.Award, alice, PRICE - 0.002 ether));
        bidAs(alice, r, 0);
        assertEq(stateOf(r).price, PRICE);
    }

    /// A rule that pays for proofs has to say how many payments are raised, one that awards must not.
    function test_RevertWhen_PaymentsDoNotSuit() public {
        bytes memory proves = Wrapping.gas(evil, _shape(ON_PROOF), 1, 1, 0);
        _assertRefused(gas, proves, abi.encodeWithSelector(InvalidParam.selector, "payments", 0, 1, 255));
        bytes memory awards = Wrapping.gas(evil, _shape(0), 1, 1, 2);
        _assertRefused(gas, awards, abi.encodeWithSelector(InvalidParam.selector, "payments", 2, 0, 0));
    }

    /// Words beyond those of the market are refused by name.
    function test_RevertWhen_ThereAreTooManyWords() public {
        bytes memory full = abi.encode(Shape({words: 8, shared: 7, gas: 50_000, flags: ON_PROOF}));
        _assertRefused(
            gas, Wrapping.gas(evil, full, 1, 1, 1), abi.encodeWithSelector(InvalidParam.selector, "words", 8, 0, 7)
        );
        _assertRefused(
            spread,
            Wrapping.spread(evil, full, 8, 1, 0),
            abi.encodeWithSelector(InvalidParam.selector, "shared", 7, 0, 6)
        );
    }

    /// A request under two layers around the misbehaving rule.
    function _around() private {
        bytes memory params = Wrapping.grace(evil, _shape(0), 1, 60);
        r = request(_register(address(gas), Wrapping.gas(grace, params, 0.002 ether, 200_000, 0)));
        opened(r);
    }

    function _shape(uint8 flags) private pure returns (bytes memory) {
        return abi.encode(Shape({words: 0, shared: 0, gas: 50_000, flags: flags}));
    }

    function _move(MoveKind kind, address prover, uint88 amount) private pure returns (Move[] memory moves) {
        moves = new Move[](1);
        (moves[0].kind, moves[0].prover, moves[0].amount) = (kind, prover, amount);
    }

    function _assertRefused(IMechanism mechanism, bytes memory params, bytes memory why) private {
        Setup memory s = setup(address(mechanism), params, 0);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.ParamsRefused.selector, mechanism, why));
        market.register(s, true);
    }

    function _assertBidRefused(bytes memory why) private {
        Order[] memory orders = order(r, bidFor(r, alice, 0));
        vm.prank(alice);
        vm.expectRevert(why);
        market.bid(orders);
    }

    /// I20.
    function _assertEndsByItself() private {
        uint256 had = market.balanceOf(NATIVE, requester);
        vm.warp(r.deadline);
        market.expire(r);
        assertEq(uint8(statusOf(r)), uint8(Status.Closed));
        assertEq(market.balanceOf(NATIVE, requester), had + r.maxPrice);
    }
}
