// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

import {IMarket} from "../../contracts/interfaces/IMarket.sol";
import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {
    Answer,
    Ask,
    CAP_FIXED_PRICE,
    CAP_INSTANT,
    CAP_SINGLE_RECIPIENT,
    Cause,
    Envelope,
    Shape
} from "../../contracts/types/Ask.sol";
import {Setup} from "../../contracts/types/Instance.sol";
import {Ledger} from "../../contracts/types/Prover.sol";
import {Request} from "../../contracts/types/Request.sol";
import {State, Status, bondAt} from "../../contracts/types/State.sol";
import {Bidding} from "./Bidding.sol";

/// What every mechanism owes to those who use it, ours or anybody's, as rules that run on a real market. Each `rule…`
/// reverts if the mechanism breaks it. To have a mechanism judged, say what it is (`subject`) and how it is bid on
/// (`plays`), and inherit `ConformanceTest`, at the end of this file.
///
/// Here "ends" means that the request is fulfilled or closed, that no deposit stands on it, that no prover has stake or
/// capacity locked, and that what the market holds is what it owes.
abstract contract Conformance is Bidding {
    /// The bits of `CAP_…` that have a meaning.
    uint32 private constant CAPABILITIES = 63;

    /// Every question that the market asked the mechanism while it was watched.
    bytes[] private _questions;

    /* RULES: WHAT IT SAYS */

    /// It has a name that fits into a table, and no state: what it reads comes with the question.
    function ruleName() public view {
        uint256 length = bytes(mechanism.name()).length;
        assertTrue(0 < length && length <= 32, "name: 1 to 32 bytes");
    }

    /// Parameters are refused, without a panic; or they serve: the market registers them, and a request under them ends by time alone.
    /// The same parameters are judged the same way twice.
    function ruleParams(bytes memory some) public {
        (bool taken, bytes memory said) = _ask(abi.encodeCall(IMechanism.check, (some)), gasleft());
        (bool again, bytes memory saidAgain) = _ask(abi.encodeCall(IMechanism.check, (some)), gasleft());
        assertTrue(taken == again && keccak256(said) == keccak256(saidAgain), "check: twice the same");
        if (taken) {
            (bool serves,) = _ask(abi.encodeCall(IMechanism.envelope, (some, request(instance))), gasleft());
            assertTrue(serves, "check: took what the envelope does not");
            uint32 number = _register(address(mechanism), some);
            _ruleNobodyBids(number, some);
            return;
        }
        assertFalse(_isPanic(said), "check: a panic is no reason");
        Setup memory asked = setup(address(mechanism), some, 0);
        vm.expectPartialRevert(IRegistry.ParamsRefused.selector);
        market.register(asked, true);
    }

    /// No bytes, every number of bytes too few, bytes too many, and all ones.
    function ruleGarbage() public {
        bytes memory some = params;
        for (uint256 length; length < params.length; ++length) {
            assembly ("memory-safe") {
                mstore(some, length)
            }
            ruleParams(some);
        }
        ruleParams(bytes.concat(params, hex"00"));
        ruleParams(bytes.concat(params, bytes32(type(uint256).max)));
        for (uint256 i; i < some.length; ++i) {
            some[i] = 0xff;
        }
        ruleParams(some);
    }

    /// The envelope is one: within the request, with capabilities that exist and agree with each other.
    function ruleEnvelope(Request memory r) public view {
        Envelope memory e = mechanism.envelope(params, r);
        assertEq(abi.encode(e), abi.encode(mechanism.envelope(params, r)), "envelope: twice the same");
        assertLe(e.price, r.maxPrice, "envelope: price above the request's");
        assertLe(e.capabilities, CAPABILITIES, "envelope: unknown capabilities");
        bool single = e.capabilities & CAP_SINGLE_RECIPIENT != 0;
        assertTrue(e.standbys == 0 || !single, "envelope: a standby needs the input too");
    }

    /* RULES: WHAT HAPPENS */

    /// However many come, the request is awarded within the envelope, the winner is paid, and losers lose nothing, unless that is the rule.
    function ruleLife(uint256 bidders) public {
        Request memory r = _enter(instance);
        Envelope memory e = mechanism.envelope(params, r);
        (Purse memory ofRequester, Purse memory ofStranger) = (_purse(requester), _purse(stranger));
        Purse[] memory before = _purses();
        uint40 last = _openedAt(r) + e.award;
        uint256[] memory deposits = _play(r, bidders, 0);
        bool byBid = statusOf(r) == Status.Awarded;
        if (!byBid) _tickAt(r, last);
        assertLe(block.timestamp, last, "envelope: not awarded in time");
        _ruleAward(r, e, bidders);
        address winner = _winner(r);
        uint88 price = stateOf(r).price;
        market.fulfill(fulfillment(r, winner));
        _tickAbout(r);
        _ruleEnded(r, Status.Fulfilled);

        (uint256 compensation, uint256 tips) = _assertPaid(before, winner, price, deposits);
        compensation += r.maxPrice - price + (byBid ? TIP : 0);
        assertEq(
            _purse(requester).balance,
            ofRequester.balance + compensation,
            "life: the requester pays the price, and a tip"
        );
        tips += byBid ? 0 : TIP;
        assertEq(_purse(stranger).balance, ofStranger.balance + tips, "life: who ticks is tipped");
    }

    /// Nobody comes: a stranger's tick ends it once the envelope says that nobody can come any more, or its deadline does. Either way
    /// all of the price comes back, and whoever ended it has the tip.
    function ruleNobodyBids() public {
        _ruleNobodyBids(instance, params);
    }

    /// Of those who come, some make only their first bid. The request ends all the same, those who did as they had said lose nothing, and
    /// those who did not lose at most their deposit.
    function ruleSilence(uint256 bidders, uint256 silent) public {
        Request memory r = _enter(instance);
        Purse[] memory before = _purses();
        uint256[] memory deposits = _play(r, bidders, silent);
        uint40 last = _openedAt(r) + mechanism.envelope(params, r).award;
        if (statusOf(r) == Status.Open) _tickAt(r, last);
        if (statusOf(r) == Status.Open) _tickAt(r, last + 1);
        Status end = Status.Closed;
        if (statusOf(r) == Status.Awarded) {
            end = Status.Fulfilled;
            market.fulfill(fulfillment(r, _winner(r)));
        }
        _tickAbout(r);
        _ruleEnded(r, end);
        for (uint256 i; i < CROWD; ++i) {
            uint256 most = i < bidders && (losersPay() || silent >> i & 1 == 1) ? deposits[i] : 0;
            assertGe(_purse(provers[i]).stake, before[i].stake - most, "silence: more than the deposit was lost");
        }
        assertTrue(end == Status.Fulfilled || silent & ((1 << bidders) - 1) != 0, "silence: all bid, and nobody won");
    }

    /// Who wins and does not prove is slashed; as many standbys as the envelope says take over without a new bid, and are slashed in turn;
    /// then the next rung of the ladder serves the request.
    function ruleFailure() public {
        Request memory r = _enter(ladder);
        Envelope memory e = mechanism.envelope(params, r);
        _play(r, CROWD, 0);
        if (statusOf(r) == Status.Open) _tickAt(r, _openedAt(r) + e.award);
        uint256 takeovers;
        while (_failed(r)) ++takeovers;
        assertEq(takeovers, e.standbys < CROWD - 1 ? e.standbys : CROWD - 1, "failure: standbys are as many as said");
        if (stateOf(r).rung == 0) _tickAbout(r);
        assertEq(stateOf(r).rung, 1, "failure: the ladder goes on");
        bidAs(provers[0], r, 0);
        market.fulfill(fulfillment(r, provers[0]));
        _ruleEnded(r, Status.Fulfilled);
    }

    /// The capabilities that can be tried: a fixed price is the one the envelope says, and instant is what one bid awards.
    function ruleCapabilities() public {
        Request memory r = _enter(instance);
        Envelope memory e = mechanism.envelope(params, r);
        Play[] memory all = plays(r, provers[0], 0);
        vm.warp(_openedAt(r) + all[0].wait);
        _bid(r, provers[0], all[0]);
        bool instant = statusOf(r) == Status.Awarded;
        assertEq(instant, e.capabilities & CAP_INSTANT != 0, "capabilities: instant");
        if (instant && e.capabilities & CAP_FIXED_PRICE != 0) {
            assertEq(stateOf(r).price, e.price, "capabilities: fixed price");
        }
    }

    /// One answer to one question: whoever asks, whenever, with no more gas than the shape says. None depends on the mechanism's
    /// storage.
    function rulePure() public {
        uint256 cap = _watch();
        uint256 now_ = block.timestamp;
        for (uint256 i; i < _questions.length; ++i) {
            (bool ok, bytes memory said) = _ask(_questions[i], cap);
            vm.warp(now_ + 1_000 days);
            vm.roll(block.number + 1_000);
            vm.prank(address(uint160(i + 1)));
            (bool okAgain, bytes memory saidAgain) = _ask(_questions[i], cap);
            vm.warp(now_);
            assertTrue(ok == okAgain && keccak256(said) == keccak256(saidAgain), "step: one question, one answer");
        }
    }

    /// Whatever it is asked that the market could ask, it answers within its gas, or says why not: no panic, no silence.
    function ruleReasons() public {
        _watch();
        for (uint256 i; i < _questions.length; ++i) {
            // A call of its own for each: memory is dear.
            this.ruleReason(_questions[i]);
        }
    }

    /// One question that was asked, for every cause, with a bid that wants nothing or everything, and data of several lengths.
    function ruleReason(bytes calldata question) external view {
        Shape memory shape = mechanism.check(params);
        Ask memory ask = abi.decode(question[4:], (Ask));
        bytes[4] memory data = [bytes(""), abi.encode(type(uint256).max), new bytes(33), new bytes(4_096)];
        for (uint256 i; i < 40; ++i) {
            ask.cause = Cause(i % 5);
            ask.data = data[i / 5 % 4];
            ask.price = i < 20 ? 0 : type(uint88).max;
            (bool ok, bytes memory said) = _ask(abi.encodeCall(IMechanism.step, (ask)), shape.gas);
            if (ok) {
                Answer memory answer = abi.decode(said, (Answer));
                assertEq(answer.words.length, shape.words, "step: words");
                assertEq(answer.shared.length, shape.shared, "step: shared words");
            } else {
                assertGe(said.length, 4, "step: no reason, or out of gas");
                assertFalse(_isPanic(said), "step: a panic is no reason");
            }
        }
    }

    /* WHAT RULES SHARE */

    /// The winner lets its time pass.
    /// @return whether another has taken over.
    function _failed(Request memory r) private returns (bool) {
        State memory s = stateOf(r);
        address loser = _winner(r);
        uint256 bond = bondAt(r.bond, s.bondBps);
        (Purse memory ofLoser, Purse memory ofStranger) = (_purse(loser), _purse(stranger));
        vm.warp(s.time + 1);
        vm.prank(stranger);
        market.expire(r);
        assertEq(_purse(loser).stake, ofLoser.stake - bond, "failure: the bond is gone");
        assertEq(_purse(stranger).balance, ofStranger.balance + bond / 20, "failure: who says so is tipped");
        if (statusOf(r) != Status.Awarded) return false;
        assertTrue(_winner(r) != loser, "failure: the same prover again");
        assertLe(stateOf(r).price, r.maxPrice, "failure: the standby's price");
        return true;
    }

    function _ruleNobodyBids(uint32 number, bytes memory some) private {
        uint256 had = market.balanceOf(NATIVE, requester);
        uint256 tips = market.balanceOf(NATIVE, stranger);
        for (uint256 i; i < 2; ++i) {
            Request memory r = request(number);
            r.tip = TIP;
            uint40 last = uint40(block.timestamp) + mechanism.envelope(some, r).award;
            opened(r);
            if (i == 0 && last + 1 < r.deadline) {
                _tickAt(r, last + 1);
                assertEq(uint8(statusOf(r)), uint8(Status.Closed), "nobody bids: a tick ends it");
            } else {
                vm.warp(r.deadline);
                vm.prank(stranger);
                market.expire(r);
            }
            _ruleEnded(r, Status.Closed);
        }
        assertEq(market.balanceOf(NATIVE, requester), had - 2 * TIP, "nobody bids: the price comes back");
        assertEq(market.balanceOf(NATIVE, stranger), tips + 2 * TIP, "nobody bids: who ends it is tipped");
    }

    function _ruleAward(Request memory r, Envelope memory e, uint256 bidders) private view {
        State memory s = stateOf(r);
        assertEq(uint8(s.status), uint8(Status.Awarded), "envelope: not awarded at its end");
        assertLe(s.price, e.price, "envelope: price");
        assertLe(s.time - block.timestamp, e.proof, "envelope: time to prove");
        assertGe(bondAt(r.bond, s.bondBps), e.bond, "envelope: bond");
        uint256 others = bidders - 1;
        assertGe(s.holds, e.standbys < others ? e.standbys : others, "envelope: standbys hold nothing");
    }

    function _ruleEnded(Request memory r, Status end) private view {
        State memory s = stateOf(r);
        assertEq(uint8(s.status), uint8(end), "end: not ended");
        assertEq(s.holds, 0, "end: a deposit stands");
        uint256 owed = market.balanceOf(NATIVE, BURNED) + _purse(requester).balance + _purse(stranger).balance;
        owed += market.balanceOf(NATIVE, address(this)) + _purse(alice).balance + _purse(alice).stake;
        owed += _purse(bob).balance + _purse(bob).stake;
        for (uint256 i; i < CROWD; ++i) {
            Ledger memory ledger = market.ledgerOf(provers[i]);
            assertEq(ledger.locked, 0, "end: stake is locked");
            assertEq(ledger.busy, 0, "end: capacity is taken");
            owed += _purse(provers[i]).balance + ledger.stake;
        }
        assertEq(address(market).balance, owed, "end: what the market holds is what it owes");
    }

    /// A life with silent bidders and failures, whose questions are kept.
    /// @return cap the gas that each of them may take.
    function _watch() private returns (uint256 cap) {
        vm.startStateDiffRecording();
        ruleLife(CROWD);
        ruleSilence(CROWD, 10);
        ruleFailure();
        ruleNobodyBids();
        Vm.AccountAccess[] memory accesses = vm.stopAndReturnStateDiff();
        for (uint256 i; i < accesses.length; ++i) {
            if (accesses[i].account != address(mechanism)) continue;
            assertEq(accesses[i].storageAccesses.length, 0, "step: it has a memory of its own");
            bytes memory asked = accesses[i].data;
            if (asked.length < 4 || bytes4(asked) != IMechanism.step.selector) continue;
            _questions.push(asked);
        }
        assertGt(_questions.length, 3, "the market has asked");
        cap = mechanism.check(params).gas;
    }

    function _ask(bytes memory question, uint256 gas) private view returns (bool, bytes memory) {
        return address(mechanism).staticcall{gas: gas}(question);
    }

    function _isPanic(bytes memory why) private pure returns (bool) {
        return why.length == 36 && bytes4(why) == bytes4(keccak256("Panic(uint256)"));
    }
}

/// The rules as tests.
abstract contract ConformanceTest is Conformance {
    function test_Name() public view {
        ruleName();
    }

    function test_Garbage() public {
        ruleGarbage();
    }

    function testFuzz_Params(bytes calldata some) public {
        ruleParams(some);
    }

    /// Of good parameters, one word is another, and another has one bit changed.
    function testFuzz_Params_OneWord(uint256 at, uint256 word, uint8 bit) public {
        bytes memory some = params;
        at = 0x20 + at % (some.length / 32) * 32;
        uint256 same;
        assembly ("memory-safe") {
            same := mload(add(some, at))
            mstore(add(some, at), word)
        }
        ruleParams(some);
        assembly ("memory-safe") {
            mstore(add(some, at), xor(same, shl(mod(bit, 40), 1)))
        }
        ruleParams(some);
    }

    function testFuzz_Envelope(Request memory r) public view {
        ruleEnvelope(r);
    }

    function test_Life() public {
        for (uint256 bidders = 1; bidders <= 5; ++bidders) {
            ruleLife(bidders);
        }
    }

    function test_NobodyBids() public {
        ruleNobodyBids();
    }

    function test_Silence() public {
        for (uint256 silent; silent < 32; ++silent) {
            ruleSilence(5, silent);
        }
        ruleSilence(1, 1);
    }

    function test_Failure() public {
        ruleFailure();
    }

    function test_Capabilities() public {
        ruleCapabilities();
    }

    function test_Pure() public {
        rulePure();
    }

    function test_Reasons() public {
        ruleReasons();
    }
}
