// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMechanism} from "../interfaces/IMechanism.sol";
import {Cause} from "../types/Ask.sol";
import {ConfigRef} from "../types/ConfigRef.sol";
import {LedgerSlot} from "../types/Prover.sol";
import {RequestRef} from "../types/RequestRef.sol";
import {StateSlot} from "../types/State.sol";

/// The question to a mechanism, `abi.encodeCall(IMechanism.step, (ask))`, written into one buffer from where the parts
/// lie, without an `Ask` in between. `blank` lays it out with every field 0; the others fill in. A fuzz test compares it
/// with what the compiler encodes.
///
/// From the start of the `bytes`: its length (32 bytes), the selector (4), the offset of the `Ask` (32), and then the words of the
/// `Ask` in the order of its fields, of which `request` takes 16 and `actor` 9. The last four of its 40 words are the
/// offsets of `data`, `params`, `words` and `shared`, which follow in this order.
library Question {
    uint256 private constant ASK = 0x44;
    uint256 private constant ASK_SIZE = 0x500;

    uint256 private constant CAUSE = 0x44;
    uint256 private constant ID = 0x64;
    uint256 private constant STATUS = 0x84;
    uint256 private constant REQUEST = 0xa4;
    uint256 private constant REQUEST_SIZE = 0x200;
    uint256 private constant HOLDS = 0x2a4;
    uint256 private constant RUNG = 0x2c4;
    uint256 private constant OPENED_AT = 0x2e4;
    uint256 private constant TIME = 0x304;
    uint256 private constant BLOCK_NUMBER = 0x324;
    uint256 private constant BASE_FEE = 0x344;
    uint256 private constant BEACON = 0x364;
    uint256 private constant PROVER = 0x384;
    uint256 private constant PROVER_ID = 0x3a4;
    uint256 private constant FREE = 0x3c4;
    uint256 private constant CAPACITY = 0x3e4;
    uint256 private constant KEPT = 0x404;
    uint256 private constant FAILED = 0x424;
    uint256 private constant THROUGHPUT = 0x444;
    uint256 private constant HELD = 0x464;
    uint256 private constant TAG = 0x484;
    uint256 private constant PRICE = 0x4a4;
    uint256 private constant DATA = 0x4c4;
    uint256 private constant PARAMS = 0x4e4;
    uint256 private constant WORDS = 0x504;
    uint256 private constant SHARED = 0x524;

    /// Lays a question out, with the parameters and the data in it, and room for the words.
    function blank(ConfigRef config, bytes calldata data) internal pure returns (bytes memory question) {
        bytes4 selector = IMechanism.step.selector;
        (uint256 params, uint256 paramsSize) = config.params();
        uint256 words = config.words();
        uint256 shared = config.shared();
        assembly ("memory-safe") {
            question := mload(0x40)
            let ask := add(question, ASK)
            // Every tail is a word of length, then whole words.
            let paramsAt := add(ASK_SIZE, and(add(data.length, 0x3f), not(0x1f)))
            let wordsAt := add(paramsAt, and(add(paramsSize, 0x3f), not(0x1f)))
            let sharedAt := add(wordsAt, shl(5, add(words, 1)))
            let size := add(sharedAt, add(shl(5, add(shared, 1)), 0x24))
            mstore(0x40, and(add(add(question, size), 0x3f), not(0x1f)))
            mstore(question, size)
            mstore(add(question, 0x20), selector)
            mstore(add(question, 0x24), 0x20)
            mstore(add(question, DATA), ASK_SIZE)
            mstore(add(question, PARAMS), paramsAt)
            mstore(add(question, WORDS), wordsAt)
            mstore(add(question, SHARED), sharedAt)
            // The last word of a list may be filled in part only: it is cleared first.
            mstore(sub(add(ask, paramsAt), 0x20), 0)
            mstore(add(ask, ASK_SIZE), data.length)
            calldatacopy(add(ask, add(ASK_SIZE, 0x20)), data.offset, data.length)
            mstore(sub(add(ask, wordsAt), 0x20), 0)
            mstore(add(ask, paramsAt), paramsSize)
            mcopy(add(add(ask, paramsAt), 0x20), params, paramsSize)
            mstore(add(ask, wordsAt), words)
            mstore(add(ask, sharedAt), shared)
        }
    }

    function setRequest(bytes memory question, bytes32 id, RequestRef request, StateSlot state, bytes32 beacon)
        internal
        view
    {
        uint256 slot = StateSlot.unwrap(state);
        assembly ("memory-safe") {
            mstore(add(question, ID), id)
            mcopy(add(question, REQUEST), request, REQUEST_SIZE)
            // The fields of the slot, lowest first: status, rung, holds (8 bits each), prover (24), time (40).
            mstore(add(question, STATUS), and(slot, 0xff))
            mstore(add(question, RUNG), and(shr(8, slot), 0xff))
            mstore(add(question, HOLDS), and(shr(16, slot), 0xff))
            mstore(add(question, OPENED_AT), and(shr(48, slot), 0xffffffffff))
            mstore(add(question, TIME), timestamp())
            mstore(add(question, BLOCK_NUMBER), number())
            mstore(add(question, BASE_FEE), basefee())
            mstore(add(question, BEACON), beacon)
        }
    }

    function setEvent(bytes memory question, Cause cause, uint256 price) internal pure {
        assembly ("memory-safe") {
            mstore(add(question, CAUSE), and(cause, 0xff))
            mstore(add(question, PRICE), price)
        }
    }

    function setActor(
        bytes memory question,
        address prover,
        LedgerSlot ledger,
        uint256 throughput,
        uint256 held,
        uint256 tag
    ) internal pure {
        uint256 free = ledger.free();
        uint256 capacity = ledger.capacity();
        uint256 slot = LedgerSlot.unwrap(ledger);
        assembly ("memory-safe") {
            // What the compiler hands over may have more bits than the type.
            mstore(add(question, PROVER), shr(96, shl(96, prover)))
            // Of the slot: id (24 bits from 160), kept and failed (16 from 224 and 240).
            mstore(add(question, PROVER_ID), and(shr(160, slot), 0xffffff))
            mstore(add(question, FREE), free)
            mstore(add(question, CAPACITY), capacity)
            mstore(add(question, KEPT), and(shr(224, slot), 0xffff))
            mstore(add(question, FAILED), shr(240, slot))
            mstore(add(question, THROUGHPUT), throughput)
            mstore(add(question, HELD), held)
            mstore(add(question, TAG), tag)
        }
    }

    /// The event is about no prover.
    function setNobody(bytes memory question) internal pure {
        assembly ("memory-safe") {
            // Behind its end, calldata is all zeros.
            calldatacopy(add(question, PROVER), calldatasize(), sub(PRICE, PROVER))
        }
    }

    /// The words kept for the request, as many as the configuration says.
    function setWords(bytes memory question, bytes32[8] storage from) internal view {
        _load(question, WORDS, from);
    }

    /// The words kept for the instance, as many as the configuration says.
    function setShared(bytes memory question, bytes32[8] storage from) internal view {
        _load(question, SHARED, from);
    }

    function _load(bytes memory question, uint256 offset, bytes32[8] storage from) private view {
        assembly ("memory-safe") {
            let list := add(add(question, ASK), mload(add(question, offset)))
            let end := add(from.slot, mload(list))
            for { let slot := from.slot } lt(slot, end) { slot := add(slot, 1) } {
                list := add(list, 0x20)
                mstore(list, sload(slot))
            }
        }
    }
}
