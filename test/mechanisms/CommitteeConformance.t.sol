// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Committee, CommitteeParams} from "../../contracts/mechanisms/Committee.sol";
import {Envelope} from "../../contracts/types/Ask.sol";
import {Ledger} from "../../contracts/types/Prover.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";
import {Conformance} from "./Conformance.sol";

/// The rules of conformance, as far as they are not about awards, which a committee does not make; and instead of those, what its members and the
/// requester may count on.
contract CommitteeConformance is Conformance {
    bytes[] private _asked;

    function subject() internal override returns (IMechanism, bytes memory) {
        CommitteeParams memory p = CommitteeParams({
            seats: 5,
            least: 2,
            needed: 2,
            enrolment: 100,
            shards: 60,
            aggregation: 30,
            open: 30,
            stagger: 10,
            feeBps: 9_000,
            aggregatorBps: 1_000,
            depositBps: 10_000,
            depositFloor: 1,
            bonded: 1
        });
        return (new Committee(), abi.encode(p));
    }

    /// A seat each.
    function plays(Request memory, address, uint256 rank) internal pure override returns (Play[] memory all) {
        all = new Play[](1);
        all[0].wait = 10 * uint40(rank + 1);
    }

    function test_Name() public view {
        ruleName();
    }

    function test_Garbage() public {
        ruleGarbage();
    }

    function testFuzz_Params(bytes calldata some) public {
        ruleParams(some);
    }

    /// Of good parameters, one word is another.
    function testFuzz_Params_OneWord(uint256 at, uint256 word) public {
        bytes memory some = params;
        at = 0x20 + at % (some.length / 32) * 32;
        assembly ("memory-safe") {
            mstore(add(some, at), word)
        }
        ruleParams(some);
    }

    function testFuzz_Envelope(Request memory r) public view {
        ruleEnvelope(r);
    }

    function test_NobodyBids() public {
        ruleNobodyBids();
    }

    function test_Capabilities() public {
        ruleCapabilities();
    }

    /// However many come, and whoever brings it: paid within the envelope, exactly, and nobody loses anything.
    function test_Life() public {
        for (uint256 bidders = 2; bidders <= CROWD; ++bidders) {
            for (uint256 bringer; bringer < CROWD; ++bringer) {
                _life(bidders, bringer);
            }
        }
    }

    /// However many come, and nobody brings it: it ends within the envelope, without the requester's money, and bonds are taken of those only
    /// whose work had begun.
    function test_NoProof() public {
        for (uint256 bidders = 1; bidders <= CROWD; ++bidders) {
            Request memory r = _enter(instance);
            Envelope memory e = mechanism.envelope(params, r);
            Purse[] memory before = _purses();
            _play(r, bidders, 0);
            _tickAt(r, _openedAt(r) + e.award + e.proof);
            assertEq(uint8(statusOf(r)), uint8(Status.Closed), "it ends");
            _assertEnded(r);
            for (uint256 i; i < CROWD; ++i) {
                uint256 lost = 2 <= bidders && i < bidders ? r.bond : 0;
                assertEq(_purse(provers[i]).stake, before[i].stake - lost);
            }
        }
    }

    /// One answer to one question, within its gas, with words as many as there were, or a reason.
    function test_PureWithReasons() public {
        _listen();
        uint256 cap = mechanism.check(params).gas;
        uint256 now_ = block.timestamp;
        for (uint256 i; i < _asked.length; ++i) {
            (bool ok, bytes memory said) = address(mechanism).staticcall{gas: cap}(_asked[i]);
            vm.warp(now_ + 1_000 days);
            vm.prank(address(uint160(i + 1)));
            (bool okAgain, bytes memory saidAgain) = address(mechanism).staticcall{gas: cap}(_asked[i]);
            vm.warp(now_);
            assertTrue(ok == okAgain && keccak256(said) == keccak256(saidAgain), "one question, one answer");
            this.ruleReason(_asked[i]);
        }
    }

    function _life(uint256 bidders, uint256 bringer) private {
        Request memory r = _enter(instance);
        Envelope memory e = mechanism.envelope(params, r);
        Purse[] memory before = _purses();
        Purse memory ofRequester = _purse(requester);
        uint40 last = _openedAt(r) + e.award + e.proof;
        _play(r, bidders, 0);
        // A full committee ends earlier; anybody may by then.
        uint40 start = bidders == CROWD ? uint40(block.timestamp) : _openedAt(r) + 100;
        vm.warp(start + 60 + 30 + 10);
        bytes memory proof_ = proof(r);
        vm.prank(stranger);
        market.prove(r, provers[bringer], proof_, bytes.concat(keccak256(proof_)));
        assertLe(block.timestamp, last, "envelope: in time");
        assertEq(uint8(statusOf(r)), uint8(Status.Fulfilled));
        _assertEnded(r);
        uint256 share = uint256(e.price) * 9_000 / 10_000 / bidders;
        uint256 paid;
        for (uint256 i; i < CROWD; ++i) {
            uint256 earned = (i < bidders ? share : 0) + (i == bringer ? e.price / 10 : 0);
            assertEq(_purse(provers[i]).balance, before[i].balance + earned);
            assertEq(_purse(provers[i]).stake, before[i].stake, "nobody failed");
            paid += earned;
        }
        assertLe(paid, e.price, "envelope: price");
        assertEq(_purse(requester).balance, ofRequester.balance + r.maxPrice - paid);
    }

    /// All questions of a life with a proof, and of one without.
    function _listen() private {
        vm.startStateDiffRecording();
        _life(CROWD, 1);
        test_NoProof();
        Vm.AccountAccess[] memory accesses = vm.stopAndReturnStateDiff();
        for (uint256 i; i < accesses.length; ++i) {
            if (accesses[i].account != address(mechanism)) continue;
            assertEq(accesses[i].storageAccesses.length, 0, "no memory of its own");
            bytes memory asked = accesses[i].data;
            if (asked.length >= 4 && bytes4(asked) == IMechanism.step.selector) _asked.push(asked);
        }
        assertGt(_asked.length, 20, "the market has asked");
    }

    function _assertEnded(Request memory r) private view {
        assertEq(stateOf(r).holds, 0);
        for (uint256 i; i < CROWD; ++i) {
            Ledger memory ledger = market.ledgerOf(provers[i]);
            assertEq(ledger.locked, 0);
            assertEq(ledger.busy, 0);
        }
    }
}
