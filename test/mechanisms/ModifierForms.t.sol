// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Concentrated, IMechanism, Unacceptable, Unexpected} from "../../contracts/interfaces/IMechanism.sol";
import {Inner} from "../../contracts/libraries/Modifier.sol";
import {Dutch, DutchParams} from "../../contracts/mechanisms/Dutch.sol";
import {GasParams, GasPassThrough} from "../../contracts/mechanisms/GasPassThrough.sol";
import {Grace} from "../../contracts/mechanisms/Grace.sol";
import {Race, RaceParams} from "../../contracts/mechanisms/Race.sol";
import {Spread} from "../../contracts/mechanisms/Spread.sol";
import {Answer, Ask, CAP_FIXED_PRICE, CAP_OPEN_ENTRY, Cause, Envelope, MoveKind} from "../../contracts/types/Ask.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";
import {Harness} from "./Harness.sol";
import {Wrapping} from "./Wrapping.sol";

/// Modifiers against their formulas, around rules whose own answers are known.
contract ModifierFormsTest is Harness {
    Dutch private dutch = new Dutch();
    Race private race = new Race();
    GasPassThrough private gas = new GasPassThrough();
    Grace private grace = new Grace();
    Spread private spread = new Spread();

    /// The sum is the inner price and what gas costs, and never above what the inner rule was shown and the ceiling.
    function testFuzz_Gas_IsPaidUpToTheCeiling(GasParams memory p, uint64 baseFee, uint88 maxPrice, uint40 waited)
        public
    {
        p.ceiling = uint88(bound(p.ceiling, 1, type(uint88).max));
        (p.inner, p.payments) = (Wrapping.inner(dutch), 0);
        waited = uint40(bound(waited, 0, 200));
        bytes memory own = abi.encode(_climb());
        Ask memory ask = _asking(bytes.concat(abi.encode(p), own), maxPrice, waited);
        ask.baseFee = baseFee;
        if (maxPrice < p.ceiling) {
            vm.expectRevert(abi.encodeWithSelector(Unacceptable.selector, maxPrice, p.ceiling));
            gas.step(ask);
            return;
        }
        uint256 cost = uint256(p.units) * baseFee * p.rate / 1e18;
        if (cost > p.ceiling) cost = p.ceiling;
        uint256 price = dutch.priceAt(own, maxPrice - p.ceiling, START, ask.time);
        uint256 paid = gas.step(ask).moves[0].amount;
        assertEq(paid, price + cost);
        assertLe(paid, maxPrice);
        assertLe(paid, gas.envelope(ask.params, ask.request).price);
    }

    /// Of several payments for proofs, the first `payments` are raised, and all together are never above what the request pays.
    function testFuzz_Gas_OfSeveralPayments(uint64 baseFee, uint88 ceiling, uint8 payments, uint8 winners) public {
        (payments, winners) = (uint8(bound(payments, 1, 8)), uint8(bound(winners, 1, 8)));
        ceiling = uint88(bound(ceiling, 1, MAX_PRICE / payments));
        bytes memory own = abi.encode(_ranks(winners));
        vm.fee(baseFee);
        _open(gas, Wrapping.gas(race, own, ceiling, 150_000, payments));
        Request memory shown = request;
        shown.maxPrice = MAX_PRICE - ceiling * payments;
        uint256 cost = 150_000 * uint256(baseFee);
        if (cost > ceiling) cost = ceiling;
        uint256 raised;
        for (uint160 i; i < winners; ++i) {
            uint256 before = spent;
            _proveAs(address(0xa0 + i), uint24(i + 1));
            if (i < payments) raised += cost;
            assertGe(spent - before, i < payments ? cost : 0);
            assertEq(uint256(words[words.length - 1]), i + 1);
        }
        assertEq(uint8(status), uint8(Status.Fulfilled));
        uint88[] memory shares = race.shares(own, shown.maxPrice);
        uint256 inner;
        for (uint256 i; i < shares.length; ++i) {
            inner += shares[i];
        }
        assertEq(spent, inner + raised);
        assertLe(spent, MAX_PRICE);
    }

    /// It is not a fixed price any more, even where it was.
    function test_Gas_Envelope() public {
        Envelope memory inner = race.envelope(abi.encode(_ranks(1)), request);
        assertTrue(inner.capabilities & CAP_FIXED_PRICE != 0);
        request.maxPrice = MAX_PRICE;
        Envelope memory e = gas.envelope(Wrapping.gas(race, abi.encode(_ranks(1)), 0.1 ether, 1, 2), request);
        assertEq(e.price, MAX_PRICE);
        assertEq(e.capabilities, inner.capabilities & ~CAP_FIXED_PRICE);
        e = gas.envelope(Wrapping.gas(race, abi.encode(_ranks(1)), MAX_PRICE, 1, 2), request);
        assertEq(e.price, MAX_PRICE);
    }

    /// What pays less than the ceilings is given up at the first occasion.
    function test_Gas_TooCheap() public {
        _open(gas, Wrapping.gas(dutch, abi.encode(_climb()), MAX_PRICE + 1, 1, 0));
        _assertRefuses(
            _bidding(address(0xa), 0, ""), abi.encodeWithSelector(Unacceptable.selector, MAX_PRICE, MAX_PRICE + 1)
        );
        assertEq(uint8(_tick().moves[0].kind), uint8(MoveKind.Close));
    }

    /// No award is due after the deadline, none in a congested block earlier than without grace, and all others as without.
    function testFuzz_Grace_NeverBeyondTheDeadline(
        uint64 threshold,
        uint64 baseFee,
        uint32 seconds_,
        uint32 window,
        uint40 left
    ) public {
        (threshold, seconds_) = (uint64(bound(threshold, 1, type(uint64).max)), uint32(bound(seconds_, 1, 30 days)));
        left = uint40(bound(left, 1, 60 days));
        Ask memory ask = _asking(Wrapping.grace(dutch, abi.encode(_climb()), threshold, seconds_), MAX_PRICE, 10);
        (ask.baseFee, ask.request.window, ask.request.deadline) = (baseFee, window, ask.time + left);
        uint256 due = grace.step(ask).moves[0].due;
        if (baseFee < threshold) {
            assertEq(due, 0);
            return;
        }
        uint256 want = uint256(ask.time) + window + seconds_;
        assertEq(due, want < ask.request.deadline ? want : ask.request.deadline);
        assertGt(due, ask.time);
        if (want <= ask.request.deadline) {
            assertLe(due - ask.time, grace.envelope(ask.params, ask.request).proof);
        }
    }

    /// The bidder is refused from its `most`th award among the last `window` until so many others have won that one has dropped out.
    function testFuzz_Spread_CountsTheLastAwards(uint8 window, uint8 most, uint8[24] memory order) public {
        window = uint8(bound(window, 1, 8));
        most = uint8(bound(most, 1, window));
        _open(spread, Wrapping.spread(dutch, abi.encode(_climb()), window, most, 0));
        address[] memory won = new address[](order.length);
        uint256 count;
        for (uint256 i; i < order.length; ++i) {
            address bidder = address(uint160(0xa0 + order[i] % 3));
            uint256 wins;
            for (uint256 j = count; j != 0 && count - j < window; --j) {
                if (won[j - 1] == bidder) ++wins;
            }
            (status, openedAt) = (Status.Open, uint40(block.timestamp));
            if (wins >= most) {
                _assertRefuses(_bidding(bidder, 0, ""), abi.encodeWithSelector(Concentrated.selector, wins, most - 1));
                continue;
            }
            _bid(bidder, 0, "");
            won[count++] = bidder;
        }
    }

    /// Who has a ticket can go on with its bid; one on the instance admits to no request.
    function test_Spread_WhoWasAdmittedIsNotRefused() public {
        bytes memory params_ = Wrapping.spread(dutch, abi.encode(_climb()), 4, 1, 60);
        Ask memory ask = _asking(params_, MAX_PRICE, 59);
        ask.shared = new bytes32[](1);
        ask.shared[0] = bytes32(uint256(uint64(uint160(ask.actor.prover))));
        vm.expectRevert(abi.encodeWithSelector(Concentrated.selector, 1, 0));
        spread.step(ask);
        ask.actor.held = 1;
        assertEq(spread.step(ask).moves.length, 1);
        ask.actor.held = 0;
        ask.time += 1;
        Answer memory answer = spread.step(ask);
        uint256 tag = uint64(uint160(ask.actor.prover));
        assertEq(answer.shared[0], bytes32(tag << 64 | tag), "after the patience");
        assertEq(spread.envelope(params_, ask.request).capabilities & CAP_OPEN_ENTRY, 0);
    }

    /// A rule that sells single requests only is not asked about its instance, although the modifier keeps words there.
    function test_Spread_RevertWhen_TheInnerRuleHasNoInstance() public {
        _open(spread, Wrapping.spread(dutch, abi.encode(_climb()), 4, 1, 0));
        _assertRefuses(
            _aboutInstance(Cause.Tick, address(0)), abi.encodeWithSelector(Unexpected.selector, uint8(Cause.Tick))
        );
        _assertRefuses(
            _aboutInstance(Cause.Bid, address(0xa)), abi.encodeWithSelector(Unexpected.selector, uint8(Cause.Bid))
        );
    }

    /// Another address with the same 64 bits counts as the same; one that differs in any of them does not.
    function testFuzz_Spread_TagsAre64Bits(address winner, uint256 other) public {
        Ask memory ask = _asking(Wrapping.spread(dutch, abi.encode(_climb()), 1, 1, 0), MAX_PRICE, 0);
        ask.shared = new bytes32[](1);
        ask.shared[0] = bytes32(uint256(uint64(uint160(winner))));
        ask.actor.prover = address(uint160((other << 64) | uint64(uint160(winner))));
        vm.expectRevert(abi.encodeWithSelector(Concentrated.selector, 1, 0));
        spread.step(ask);
        ask.actor.prover = address(uint160(ask.actor.prover) ^ uint160(1 << other % 64));
        assertEq(spread.step(ask).moves.length, 1);
    }

    /// Races know provers by their numbers.
    function _proveAs(address prover, uint24 number) private {
        Ask memory ask = _ask(Cause.Proof, prover);
        (ask.data, ask.actor.id) = (bytes.concat(bytes32(uint256(number))), number);
        ++proofs;
        _apply(ask);
    }

    function _asking(bytes memory params_, uint88 maxPrice, uint40 waited) private view returns (Ask memory ask) {
        (ask.cause, ask.status, ask.openedAt, ask.time) = (Cause.Bid, Status.Open, START, START + waited);
        (ask.request.maxPrice, ask.request.deadline, ask.request.window) = (maxPrice, START + 1 hours, 600);
        (ask.actor.prover, ask.params) = (address(0xa11ce), params_);
    }

    function _climb() private pure returns (DutchParams memory) {
        return DutchParams({startBps: 1_000, endBps: 10_000, delay: 0, ramp: 100, patience: 10_000});
    }

    function _ranks(uint8 winners) private pure returns (RaceParams memory) {
        return RaceParams({
            patience: 1_000,
            window: winners == 1 ? 0 : 60,
            commitBlocks: 0,
            bountyBps: 10_000,
            decayBps: winners == 1 ? 0 : 5_000,
            winners: winners,
            deposit: 0
        });
    }
}
