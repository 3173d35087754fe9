// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BatchBook} from "../../contracts/libraries/BatchBook.sol";

/// What a keeper knows of a batch, and the data with which it clears it.
library BatchData {
    using BatchBook for BatchBook.Book;

    struct Order {
        bytes32 id;
        uint256 value;
        uint256 work;
        uint256 deadline;
        uint256 carried;
    }

    struct Offer {
        address prover;
        uint256 ask;
    }

    function entryOf(Order memory o) internal pure returns (uint256) {
        return BatchBook.entryOf(o.value, o.work, o.deadline, o.carried);
    }

    function entryOf(Offer memory o) internal pure returns (uint256) {
        return o.ask << 160 | uint160(o.prover);
    }

    function bookOf(Order[] memory orders, Offer[] memory offers) internal pure returns (BatchBook.Book memory book) {
        for (uint256 i; i < orders.length; ++i) {
            book.order(orders[i].id, entryOf(orders[i]));
        }
        for (uint256 i; i < offers.length; ++i) {
            book.offer(entryOf(offers[i]));
        }
    }

    function encode(Order[] memory orders, Offer[] memory offers) internal pure returns (bytes memory) {
        (uint256[] memory byValue, uint256[] memory byAsk) = ranks(orders, offers);
        return encode(orders, offers, byValue, byAsk);
    }

    function encode(Order[] memory orders, Offer[] memory offers, uint256[] memory byValue, uint256[] memory byAsk)
        internal
        pure
        returns (bytes memory)
    {
        (uint256 m, uint256 n) = (orders.length, offers.length);
        uint256[] memory words = new uint256[](2 * m + n);
        for (uint256 i; i < m; ++i) {
            (words[2 * i], words[2 * i + 1]) = (uint256(orders[i].id), entryOf(orders[i]));
        }
        for (uint256 i; i < n; ++i) {
            words[2 * m + i] = entryOf(offers[i]);
        }
        bytes memory tail = new bytes(m + n);
        for (uint256 i; i < m; ++i) {
            tail[i] = bytes1(uint8(byValue[i]));
        }
        for (uint256 i; i < n; ++i) {
            tail[m + i] = bytes1(uint8(byAsk[i]));
        }
        return bytes.concat(abi.encodePacked(words), tail);
    }

    /// Which order is worth most, and which offer asks least, and so on.
    function ranks(Order[] memory orders, Offer[] memory offers)
        internal
        pure
        returns (uint256[] memory byValue, uint256[] memory byAsk)
    {
        BatchBook.Book memory book = bookOf(orders, offers);
        uint256 seed = uint256(keccak256(abi.encode(book.ordersHash, book.offersHash)));
        uint256[] memory keys = new uint256[](orders.length);
        uint256[] memory ties = new uint256[](orders.length);
        for (uint256 i; i < orders.length; ++i) {
            (keys[i], ties[i]) = (type(uint256).max - orders[i].value, _lot(seed, uint256(orders[i].id)));
        }
        byValue = _sorted(keys, ties);
        keys = new uint256[](offers.length);
        ties = new uint256[](offers.length);
        for (uint256 i; i < offers.length; ++i) {
            (keys[i], ties[i]) = (offers[i].ask, _lot(seed, entryOf(offers[i])));
        }
        byAsk = _sorted(keys, ties);
    }

    function _sorted(uint256[] memory keys, uint256[] memory ties) private pure returns (uint256[] memory which) {
        which = new uint256[](keys.length);
        for (uint256 i; i < keys.length; ++i) {
            uint256 at = i;
            while (at > 0) {
                uint256 other = which[at - 1];
                if (keys[other] < keys[i] || (keys[other] == keys[i] && ties[other] < ties[i])) break;
                which[at--] = other;
            }
            which[at] = i;
        }
    }

    function _lot(uint256 seed, uint256 which) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, which)));
    }
}
