// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAnnex} from "../../contracts/interfaces/IAnnex.sol";
import {Request} from "../../contracts/types/Request.sol";
import {BatchData} from "../mechanisms/BatchData.sol";
import {Rule} from "./Catalogue.sol";
import {Stages} from "./Stages.sol";

/// How batches are cleared, by whoever has kept their books; who trades is computed here by the rule as it is written down.
abstract contract Batches is Stages {
    /// Orders and offers for one batch.
    function fill(uint256 who, uint256 seed, uint256 price, uint256 mask) external {
        uint32 instance = _batchInstance();
        for (uint256 i; i < 3; ++i) {
            if (mask >> i & 3 != 0) _open(_request(who % 3 + i, instance, seed >> i, price >> 8 * i, 1), false);
            if (mask >> 2 * i & 3 != 0) _bidInstance(instance, people[3 + i], price >> 12 * i, mask >> 8 | 1);
        }
        if (seed % 2 == 0) clear(who, seed >> 8);
    }

    /// Every call is forecast: a batch that can be cleared is, whatever its people did meanwhile.
    function clear(uint256 who, uint256 seed) public {
        uint256 batch = block.timestamp / INTERVAL;
        if (seed % 4 != 0 && _books[batch].offers.length != 0) _passTo((batch + 1) * INTERVAL);
        batch = block.timestamp / INTERVAL - 1;
        Books memory books = _books[batch];
        uint256[] memory trading = _trading(books);
        bytes32[] memory ids = new bytes32[](trading.length);
        Request[] memory brought = new Request[](trading.length);
        for (uint256 i; i < trading.length; ++i) {
            ids[i] = books.orders[trading[i]].id;
            brought[i] = _lives[ids[i]].request;
        }
        bytes memory data = BatchData.encode(books.orders, books.offers);
        if (seed % 9 == 0) data = bytes.concat(data, hex"00");
        bytes memory call = abi.encodeCall(IAnnex.tickInstance, (_batchInstance(), brought, address(0), data));
        bool forecast = books.offers.length != 0 && !books.cleared && seed % 9 != 0
            && block.timestamp < (batch + 1) * INTERVAL + GRACE;
        (bool ok,) = _do(people[who % 7], call, 0, ids);
        _check(ok == forecast, 12, "clearing was not as forecast");
        if (ok) _books[batch].cleared = true;
    }

    /// The orders that trade, in order of arrival.
    function _trading(Books memory books) private pure returns (uint256[] memory which) {
        (uint256[] memory byValue, uint256[] memory byAsk) = BatchData.ranks(books.orders, books.offers);
        uint256 count = _pairs(books, byValue, byAsk);
        which = new uint256[](count);
        uint256 next;
        for (uint256 i; next < count; ++i) {
            for (uint256 rank; rank < count; ++rank) {
                if (byValue[rank] == i) which[next++] = i;
            }
        }
    }

    /// How many pairs do (McAfee): all that are worth it, if the price that the next pair names suits them; else one less.
    function _pairs(Books memory books, uint256[] memory byValue, uint256[] memory byAsk)
        private
        pure
        returns (uint256 k)
    {
        (uint256 m, uint256 n) = (byValue.length, byAsk.length);
        while (k < m && k < n && books.orders[byValue[k]].value >= books.offers[byAsk[k]].ask) ++k;
        if (k == 0) return 0;
        if (k == m || k == n) return k - 1;
        uint256 price = (books.orders[byValue[k]].value + books.offers[byAsk[k]].ask) / 2;
        bool suits = books.offers[byAsk[k - 1]].ask <= price && price <= books.orders[byValue[k - 1]].value;
        return suits ? k : k - 1;
    }

    function _batchInstance() private view returns (uint32) {
        for (uint256 i; i < _instances.length; ++i) {
            if (_rules[_instances[i]] == Rule.Batch) return _instances[i];
        }
        return 0;
    }
}
