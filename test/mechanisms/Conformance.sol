// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {Answer, Ask, CAP_SINGLE_RECIPIENT, Cause, Envelope, Shape} from "../../contracts/types/Ask.sol";
import {Setup} from "../../contracts/types/Instance.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";
import {Lives} from "./Lives.sol";

/// What every mechanism owes to those who use it, ours or anybody's, as rules that run on a real market. Each `rule…`
/// reverts if the mechanism breaks it. To have a mechanism judged, say what it is (`subject`) and how it is bid on
/// (`plays`), and inherit `ConformanceTest`, at the end of this file. What else can be said is in `Bidding`.
abstract contract Conformance is Lives {
    /// The bits of `CAP_…` that have a meaning.
    uint32 private constant CAPABILITIES = 63;

    /// Every question that the market asked the mechanism while it was watched.
    bytes[] private _questions;

    /// All rules, each once or a few times.
    function ruleAll() external {
        ruleName();
        for (uint256 bidders = least(); bidders <= CROWD; ++bidders) {
            ruleLife(bidders);
        }
        ruleTooFew();
        ruleNobodyBids();
        ruleSilence(CROWD, 10);
        ruleFailure();
        ruleStanding();
        ruleGarbage();
        rulePure();
        ruleReasons();
        ruleInstant();
    }

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
            // An instance itself is only bid on and ticked.
            bool possible = ask.status != Status.None || ask.cause == Cause.Bid || ask.cause == Cause.Tick;
            if (!possible) continue;
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

    /// A life with silent bidders and failures, whose questions are kept.
    /// @return cap the gas that each of them may take.
    function _watch() private returns (uint256 cap) {
        vm.startStateDiffRecording();
        ruleLife(CROWD);
        ruleSilence(CROWD, 10);
        ruleFailure();
        ruleStanding();
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
        for (uint256 bidders = least(); bidders <= CROWD; ++bidders) {
            ruleLife(bidders);
        }
    }

    function test_TooFew() public {
        ruleTooFew();
    }

    function test_NobodyBids() public {
        ruleNobodyBids();
    }

    function test_Silence() public {
        for (uint256 silent; silent < 1 << CROWD; ++silent) {
            ruleSilence(CROWD, silent);
        }
        ruleSilence(least(), type(uint256).max);
    }

    function test_Failure() public {
        ruleFailure();
    }

    function test_Standing() public {
        ruleStanding();
    }

    function test_Instant() public {
        ruleInstant();
    }

    function test_Pure() public {
        rulePure();
    }

    function test_Reasons() public {
        ruleReasons();
    }
}
