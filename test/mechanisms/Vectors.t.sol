// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Batch} from "../../contracts/mechanisms/Batch.sol";
import {Committee} from "../../contracts/mechanisms/Committee.sol";
import {Contest} from "../../contracts/mechanisms/Contest.sol";
import {Dutch} from "../../contracts/mechanisms/Dutch.sol";
import {English} from "../../contracts/mechanisms/English.sol";
import {PostedPrice} from "../../contracts/mechanisms/PostedPrice.sol";
import {Race} from "../../contracts/mechanisms/Race.sol";
import {Rfq} from "../../contracts/mechanisms/Rfq.sol";
import {Scoring} from "../../contracts/mechanisms/Scoring.sol";
import {Reserved} from "../../contracts/mechanisms/Reserved.sol";
import {SealedBid} from "../../contracts/mechanisms/SealedBid.sol";
import {Seat} from "../../contracts/mechanisms/Seat.sol";
import {Sortition} from "../../contracts/mechanisms/Sortition.sol";
import {Ask} from "../../contracts/types/Ask.sol";

/// The contracts give, byte for byte, the answers and errors that their twins in `sim` gave.
contract VectorsTest is Test {
    function test_PostedPriceIsItsTwin() public {
        _compare(new PostedPrice());
    }

    function test_DutchIsItsTwin() public {
        _compare(new Dutch());
    }

    function test_SealedBidIsItsTwin() public {
        _compare(new SealedBid());
    }

    function test_EnglishIsItsTwin() public {
        _compare(new English());
    }

    function test_RfqIsItsTwin() public {
        _compare(new Rfq());
    }

    function test_RaceIsItsTwin() public {
        _compare(new Race());
    }

    function test_SeatIsItsTwin() public {
        _compare(new Seat());
    }

    function test_ScoringIsItsTwin() public {
        _compare(new Scoring());
    }

    function test_CommitteeIsItsTwin() public {
        _compare(new Committee());
    }

    function test_ReservedIsItsTwin() public {
        _compare(new Reserved());
    }

    function test_BatchIsItsTwin() public {
        _compare(new Batch());
    }

    function test_ContestIsItsTwin() public {
        _compare(new Contest());
    }

    function test_SortitionIsItsTwin() public {
        _compare(new Sortition());
    }

    function _compare(IMechanism mechanism) private view {
        string memory json = vm.readFile(string.concat("sim/vectors/", mechanism.name(), ".json"));
        assertEq(vm.parseJsonString(json, ".name"), mechanism.name());
        bytes[] memory asks = vm.parseJsonBytesArray(json, ".asks");
        assertGe(asks.length, 200);
        bytes[] memory checks = new bytes[](asks.length);
        bytes[] memory envelopes = new bytes[](asks.length);
        bytes[] memory steps = new bytes[](asks.length);
        for (uint256 i; i < asks.length; ++i) {
            Ask memory ask = abi.decode(asks[i], (Ask));
            checks[i] = abi.encodeCall(IMechanism.check, (ask.params));
            envelopes[i] = abi.encodeCall(IMechanism.envelope, (ask.params, ask.request));
            steps[i] = bytes.concat(IMechanism.step.selector, asks[i]);
        }
        _same(mechanism, checks, json, ".check");
        _same(mechanism, envelopes, json, ".envelope");
        _same(mechanism, steps, json, ".step");
    }

    function _same(IMechanism mechanism, bytes[] memory calls, string memory json, string memory key) private view {
        bool[] memory ok = vm.parseJsonBoolArray(json, string.concat(key, ".ok"));
        bytes[] memory want = vm.parseJsonBytesArray(json, string.concat(key, ".bytes"));
        assertEq(ok.length, calls.length);
        assertEq(want.length, calls.length);
        for (uint256 i; i < calls.length; ++i) {
            (bool success, bytes memory have) = address(mechanism).staticcall(calls[i]);
            string memory which = string.concat(key, " ", vm.toString(i));
            assertEq(have, want[i], which);
            assertEq(success, ok[i], which);
        }
    }
}
