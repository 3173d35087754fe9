// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Unacceptable} from "../interfaces/IMechanism.sol";
import {BatchBook} from "./BatchBook.sol";

/// Who trades in a batch of `mechanisms/Batch.sol`, which has the rule, and at what price. All that is brought along is compared with the
/// book: sorting costs the caller something and the chain one comparison an entry.
library BatchMatch {
    using BatchBook for BatchBook.Book;

    uint256 private constant ORDER = 64;
    uint256 private constant OFFER = 32;

    /// Bits of the masks say which orders and offers, counted by arrival, trade.
    struct Match {
        uint256 trades;
        uint256 price;
        uint256 orders;
        uint256 offers;
    }

    /// Refuses data that is not the book.
    function find(BatchBook.Book memory book, bytes calldata data) internal pure returns (Match memory found) {
        uint256 offersAt = ORDER * book.orders;
        uint256 ranks = offersAt + OFFER * book.offers;
        uint256 want = ranks + book.orders + book.offers;
        require(data.length == want, Unacceptable(data.length, want));
        _replay(book, data);
        uint256 seed = uint256(keccak256(abi.encode(book.ordersHash, book.offersHash)));
        uint256[] memory values = _orders(data, ranks, book.orders, seed);
        uint256[] memory asks = _offers(data, ranks + book.orders, book.offers, offersAt, seed);
        (found.trades, found.price) = _mcafee(values, asks);
        for (uint256 i; i < found.trades; ++i) {
            found.orders |= 1 << uint8(data[ranks + i]);
            found.offers |= 1 << uint8(data[ranks + book.orders + i]);
        }
    }

    function _replay(BatchBook.Book memory book, bytes calldata data) private pure {
        BatchBook.Book memory again;
        for (uint256 i; i < book.orders; ++i) {
            uint256 at = ORDER * i;
            again.order(bytes32(BatchBook.word(data, at)), BatchBook.word(data, at + 32));
        }
        for (uint256 i; i < book.offers; ++i) {
            again.offer(BatchBook.word(data, ORDER * book.orders + OFFER * i));
        }
        _requireSame(again.ordersHash, book.ordersHash);
        _requireSame(again.offersHash, book.offersHash);
    }

    /// What orders are worth, by rank: falling. Ranks that name one twice are not strictly ordered, and refused with those out of order.
    function _orders(bytes calldata data, uint256 ranks, uint256 count, uint256 seed)
        private
        pure
        returns (uint256[] memory values)
    {
        values = new uint256[](count);
        uint256 before;
        for (uint256 i; i < count; ++i) {
            uint256 at = ORDER * _rank(data, ranks + i, count);
            uint256 id = BatchBook.word(data, at);
            uint256 value = BatchBook.word(data, at + 32) >> 112;
            if (i != 0) _requireOrder(i, value, values[i - 1], seed, before, id);
            (values[i], before) = (value, id);
        }
    }

    /// What offers ask, by rank: rising.
    function _offers(bytes calldata data, uint256 ranks, uint256 count, uint256 from, uint256 seed)
        private
        pure
        returns (uint256[] memory asks)
    {
        asks = new uint256[](count);
        uint256 before;
        for (uint256 i; i < count; ++i) {
            uint256 entry = BatchBook.word(data, from + OFFER * _rank(data, ranks + i, count));
            uint256 ask = entry >> 160;
            if (i != 0) _requireOrder(i, asks[i - 1], ask, seed, before, entry);
            (asks[i], before) = (ask, entry);
        }
    }

    /// The rule itself.
    function _mcafee(uint256[] memory values, uint256[] memory asks)
        private
        pure
        returns (uint256 trades, uint256 price)
    {
        uint256 most = values.length < asks.length ? values.length : asks.length;
        uint256 k;
        while (k < most && values[k] >= asks[k]) ++k;
        if (k == 0) return (0, 0);
        if (k < most) {
            price = (values[k] + asks[k]) / 2;
            if (asks[k - 1] <= price && price <= values[k - 1]) return (k, price);
        }
        return (k - 1, asks[k - 1]);
    }

    function _rank(bytes calldata data, uint256 at, uint256 count) private pure returns (uint256 which) {
        which = uint8(data[at]);
        require(which < count, Unacceptable(which, count - 1));
    }

    /// That `low` is below `high`; or, if they are the same, that what they belong to is ordered by a hash that nobody knew when it bid.
    function _requireOrder(uint256 rank, uint256 low, uint256 high, uint256 seed, uint256 before, uint256 next)
        private
        pure
    {
        bool ordered = low < high || (low == high && _lot(seed, before) < _lot(seed, next));
        require(ordered, Unacceptable(rank, rank - 1));
    }

    function _lot(uint256 seed, uint256 which) private pure returns (bytes32) {
        return keccak256(abi.encode(seed, which));
    }

    function _requireSame(bytes32 have, bytes32 want) private pure {
        require(have == want, Unacceptable(uint256(have), uint256(want)));
    }
}
