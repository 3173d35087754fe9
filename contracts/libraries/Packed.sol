// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Bid, Order} from "../types/Bid.sol";
import {Request} from "../types/Request.sol";

/// For those who call the market and read its logs from Solidity: the packed forms that `types/RequestRef.sol` and
/// `types/OrderRef.sol` describe.
library Packed {
    /// The parts of an order are at most so long, in bytes.
    error TooLong(string part, uint256 have, uint256 max);

    /// As `bidBatch` reads it. An order without a signature of its prover is one that the prover itself sends.
    function pack(Order[] memory orders) internal pure returns (bytes memory packed) {
        for (uint256 i; i < orders.length; ++i) {
            packed = bytes.concat(packed, pack(orders[i]));
        }
    }

    function pack(Order memory order) internal pure returns (bytes memory) {
        Bid memory bid = order.bid;
        bytes memory prover;
        if (order.proverSignature.length != 0) prover = bytes.concat(bytes20(bid.prover), order.proverSignature);
        bytes memory sizes = abi.encodePacked(
            uint16(_size("requesterSignature", order.requesterSignature, type(uint16).max)),
            uint16(_size("proverSignature", prover, type(uint16).max)),
            uint24(_size("data", bid.data, type(uint24).max)),
            uint24(_size("input", order.input, type(uint24).max))
        );
        bytes memory terms = abi.encodePacked(bid.price, bid.maxBond, bid.validUntil);
        bytes memory parts = bytes.concat(order.requesterSignature, prover, bid.data, order.input);
        return bytes.concat(pack(order.request), terms, sizes, parts);
    }

    function pack(Request memory r) internal pure returns (bytes memory) {
        uint8 flags = (r.version != 0 ? 1 : 0) | (r.token != address(0) ? 2 : 0) | (r.input != 0 ? 4 : 0)
            | (r.tip != 0 ? 8 : 0) | (r.callback != address(0) || r.callbackGas != 0 ? 16 : 0);
        bytes memory head = bytes.concat(
            abi.encodePacked(r.requester, flags, r.nonce, r.instance, r.verifier, r.statement),
            abi.encodePacked(r.work, r.maxPrice, r.bond, r.deadline, r.window)
        );
        if (flags & 1 != 0) head = abi.encodePacked(head, r.version);
        if (flags & 2 != 0) head = abi.encodePacked(head, r.token);
        if (flags & 4 != 0) head = abi.encodePacked(head, r.input);
        if (flags & 8 != 0) head = abi.encodePacked(head, r.tip);
        if (flags & 16 != 0) head = abi.encodePacked(head, r.callback, r.callbackGas);
        return head;
    }

    /// The `entry` of an `Opened` event, whose `requester` is a topic: the version and the instance that the request entered under,
    /// as an edition; the request; and its input.
    function open(address requester, bytes memory entry)
        internal
        pure
        returns (uint64 edition, Request memory request, bytes memory input)
    {
        edition = uint64(_field(entry, 0, 8));
        uint256 end;
        (request, end) = _unpack(entry);
        request.requester = requester;
        input = new bytes(entry.length - end);
        for (uint256 i; i < input.length; ++i) {
            input[i] = entry[end + i];
        }
    }

    /// From an entry, in which a request lacks its first 20 bytes, and begins 8 bytes later.
    function _unpack(bytes memory entry) private pure returns (Request memory r, uint256 end) {
        uint256 flags = _field(entry, 8, 1);
        r.nonce = uint64(_field(entry, 9, 8));
        r.instance = uint32(_field(entry, 17, 4));
        r.verifier = uint32(_field(entry, 21, 4));
        r.statement = bytes32(_field(entry, 25, 32));
        r.work = uint64(_field(entry, 57, 8));
        r.maxPrice = uint88(_field(entry, 65, 11));
        r.bond = uint80(_field(entry, 76, 10));
        r.deadline = uint40(_field(entry, 86, 5));
        r.window = uint32(_field(entry, 91, 4));
        end = 95;
        if (flags & 1 != 0) (r.version, end) = (uint32(_field(entry, end, 4)), end + 4);
        if (flags & 2 != 0) (r.token, end) = (address(uint160(_field(entry, end, 20))), end + 20);
        if (flags & 4 != 0) (r.input, end) = (bytes32(_field(entry, end, 32)), end + 32);
        if (flags & 8 != 0) (r.tip, end) = (uint88(_field(entry, end, 11)), end + 11);
        if (flags & 16 == 0) return (r, end);
        r.callback = address(uint160(_field(entry, end, 20)));
        r.callbackGas = uint32(_field(entry, end + 20, 4));
        end += 24;
    }

    /// The number in `size` bytes from `start` on.
    function _field(bytes memory packed, uint256 start, uint256 size) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, size)), mload(add(add(packed, 0x20), start)))
        }
    }

    function _size(string memory part, bytes memory value, uint256 max) private pure returns (uint256) {
        require(value.length <= max, TooLong(part, value.length, max));
        return value.length;
    }
}
