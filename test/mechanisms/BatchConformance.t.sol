// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism} from "../../contracts/interfaces/IMechanism.sol";
import {Batch, BatchParams} from "../../contracts/mechanisms/Batch.sol";
import {Request} from "../../contracts/types/Request.sol";
import {Status} from "../../contracts/types/State.sol";
import {BatchData} from "./BatchData.sol";
import {ConformanceTest} from "./Conformance.sol";

/// A market of one pair trades nothing: beside the request there is always another that pays less, and goes without.
abstract contract BatchPlays is ConformanceTest {
    uint40 private constant INTERVAL = 600;
    Request private _other;

    function batchParams() internal pure returns (BatchParams memory) {
        return BatchParams({
            interval: uint32(INTERVAL),
            grace: 300,
            window: 60,
            lot: 1_000,
            floor: 1_000,
            ceiling: PRICE,
            work: 1_000,
            bond: BOND,
            orders: 8,
            offers: 8,
            carry: 0
        });
    }

    /// Offers for the batch that begins, each asking more.
    function prepare(uint256 bidders) internal override {
        _passTo(_end());
        _other = request(instance);
        (_other.requester, _other.maxPrice) = (bob, PRICE / 2);
        opened(_other);
        for (uint256 i; i < bidders; ++i) {
            _bidInstance(provers[i], _ask(i), "");
        }
    }

    function plays(Request memory, address, uint256) internal pure override returns (Play[] memory) {}

    /// The first second after the batch.
    function finish(Request memory r, uint40) internal override {
        BatchData.Order[] memory orders = new BatchData.Order[](2);
        orders[0] = BatchData.Order(market.idOf(_other), _other.maxPrice, _other.work, _other.deadline, 0);
        orders[1] = BatchData.Order(market.idOf(r), r.maxPrice, r.work, r.deadline, 0);
        BatchData.Offer[] memory offers = new BatchData.Offer[](_standing());
        for (uint256 i; i < offers.length; ++i) {
            offers[i] = BatchData.Offer(provers[i], _ask(i));
        }
        Request[] memory trading = new Request[](offers.length < 2 ? 0 : 1);
        if (trading.length != 0) trading[0] = r;
        _passTo(_end());
        _tickInstance(trading, address(0), BatchData.encode(orders, offers));
        _tick(_other, address(0));
        if (statusOf(_other) != Status.Open) return;
        vm.prank(bob);
        market.cancel(_other);
    }

    function least() internal pure override returns (uint256) {
        return 2;
    }

    function _ask(uint256 rank) private pure returns (uint88) {
        return uint88(PRICE * (rank + 1) / 20);
    }

    /// Of the batch that is being collected.
    function _end() private view returns (uint256) {
        return (block.timestamp / INTERVAL + 1) * INTERVAL;
    }
}

contract BatchConformance is BatchPlays {
    function subject() internal override returns (IMechanism, bytes memory) {
        return (new Batch(), abi.encode(batchParams()));
    }
}
