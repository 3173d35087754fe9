// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Batch} from "../../contracts/mechanisms/Batch.sol";
import {Committee} from "../../contracts/mechanisms/Committee.sol";
import {Contest} from "../../contracts/mechanisms/Contest.sol";
import {Dutch} from "../../contracts/mechanisms/Dutch.sol";
import {English} from "../../contracts/mechanisms/English.sol";
import {GasPassThrough} from "../../contracts/mechanisms/GasPassThrough.sol";
import {Grace} from "../../contracts/mechanisms/Grace.sol";
import {PostedPrice} from "../../contracts/mechanisms/PostedPrice.sol";
import {Race} from "../../contracts/mechanisms/Race.sol";
import {Rfq} from "../../contracts/mechanisms/Rfq.sol";
import {Scoring} from "../../contracts/mechanisms/Scoring.sol";
import {Reserved} from "../../contracts/mechanisms/Reserved.sol";
import {SealedBid} from "../../contracts/mechanisms/SealedBid.sol";
import {Seat} from "../../contracts/mechanisms/Seat.sol";
import {Sortition} from "../../contracts/mechanisms/Sortition.sol";
import {Spread} from "../../contracts/mechanisms/Spread.sol";
import {Ask} from "../../contracts/types/Ask.sol";

/// The contracts give, byte for byte, the answers and errors that their twins in `sim` gave.
contract VectorsTest is Test {
    /// Those that vectors of modifiers go around, by name.
    mapping(bytes32 name => IMechanism) private _inner;
    /// Bytes of a modifier's own parameters.
    mapping(bytes32 name => uint256) private _size;

    function setUp() public {
        IMechanism[6] memory families =
            [IMechanism(new Dutch()), new SealedBid(), new Scoring(), new Race(), new Rfq(), new Seat()];
        for (uint256 i; i < families.length; ++i) {
            _inner[bytes32(bytes(families[i].name()))] = families[i];
        }
        (_inner["gas"], _inner["grace"], _inner["spread"]) = (new GasPassThrough(), new Grace(), new Spread());
        (_size["gas"], _size["grace"], _size["spread"]) = (0xe0, 0xa0, 0xc0);
    }

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

    function test_GasPassThroughIsItsTwin() public {
        _compare(new GasPassThrough());
    }

    function test_GraceIsItsTwin() public {
        _compare(new Grace());
    }

    function test_SpreadIsItsTwin() public {
        _compare(new Spread());
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
            _bind(mechanism.name(), _paramsOf(asks[i]));
            Ask memory ask = abi.decode(asks[i], (Ask));
            checks[i] = abi.encodeCall(IMechanism.check, (ask.params));
            envelopes[i] = abi.encodeCall(IMechanism.envelope, (ask.params, ask.request));
            steps[i] = bytes.concat(IMechanism.step.selector, asks[i]);
        }
        _same(mechanism, checks, json, ".check");
        _same(mechanism, envelopes, json, ".envelope");
        _same(mechanism, steps, json, ".step");
    }

    /// The parameters where they lie in an encoded question.
    function _paramsOf(bytes memory ask) private pure returns (bytes memory params) {
        assembly ("memory-safe") {
            let tuple := add(ask, 0x40)
            params := add(tuple, mload(add(tuple, 0x4a0)))
        }
    }

    /// Twins do not know where a contract is, nor its code: each layer of a modifier's parameters is told where the next one is.
    function _bind(string memory name, bytes memory params) private view {
        bytes32 layer = bytes32(bytes(name));
        for (uint256 at = 0x20; _size[layer] != 0 && at + 0x60 <= params.length;) {
            uint256 size = _size[layer];
            assembly ("memory-safe") {
                layer := mload(add(params, add(at, 0x40)))
            }
            (address inner, bytes32 codehash) = (address(_inner[layer]), address(_inner[layer]).codehash);
            assembly ("memory-safe") {
                mstore(add(params, at), inner)
                mstore(add(params, add(at, 0x20)), codehash)
            }
            at += size;
        }
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
