// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {BatchBook} from "../../contracts/libraries/BatchBook.sol";
import {Batch, BatchParams} from "../../contracts/mechanisms/Batch.sol";
import {Ask, Cause, Move, MoveKind} from "../../contracts/types/Ask.sol";
import {BatchData} from "./BatchData.sol";

/// THEORY.md 1.8, reproduced on the contract: `m` orders and `n` offers are drawn evenly from [0, 1 ether] and say the truth. Within four standard
/// errors, and half a unit of the last digit where the table has only simulated numbers.
contract BatchClosedFormsTest is Test {
    uint256 private constant ONE = 1e18;
    uint256 private constant DRAWS = 1_000;
    uint40 private constant TIME = 1_800_000_000;

    Batch private immutable batch = new Batch();

    BatchParams private p = BatchParams({
        interval: 600,
        grace: 600,
        window: 1,
        lot: 1,
        floor: 1,
        ceiling: uint88(ONE),
        work: 1,
        bond: 1,
        orders: 64,
        offers: 64,
        carry: 0
    });

    /// Sums over all draws, and of squares.
    struct Sums {
        uint256 most;
        uint256 mostSquared;
        uint256 pairs;
        uint256 pairsSquared;
        uint256 all;
        uint256 lost;
        uint256 lostSquared;
        uint256 lastLost;
        uint256 lastLostSquared;
        uint256 middle;
        uint256 middleSquared;
    }

    /// One draw, and what came of it.
    struct Round {
        BatchData.Order[] orders;
        BatchData.Offer[] offers;
        Result result;
    }

    struct Result {
        uint256 k;
        /// The gains of the best `k` trades, of the last of them, and of those that the contract makes.
        uint256 most;
        uint256 last;
        uint256 made;
        uint256 trades;
        /// The middle of the prices at which the best `k` could trade.
        uint256 middle;
    }

    function test_TwoByTwo() public {
        _assertTable(2, 2, 0.25e18, 0.77e18, 0.416e18);
    }

    function test_FiveByFive() public {
        _assertTable(5, 5, 0.7902e18, 0.946e18, 0.551e18);
    }

    function test_TenByTen() public {
        _assertTable(10, 10, 0.9436e18, 0.984e18, 0.527e18);
    }

    function test_TwentyByTwenty() public {
        _assertTable(20, 20, 0.9855e18, 0.996e18, 0.514e18);
    }

    function test_FiveByFifteen() public {
        _assertTable(5, 15, 0.8984e18, 0.951e18, 0.389e18);
    }

    function test_TwentyByFive() public {
        _assertTable(20, 5, 0.9086e18, 0.948e18, 0.327e18);
    }

    function _assertTable(uint256 m, uint256 n, uint256 reduced, uint256 efficiency, uint256 all) private {
        vm.pauseGasMetering();
        Sums memory s;
        for (uint256 draw; draw < DRAWS; ++draw) {
            // A call of its own for each: memory is dear.
            _add(s, this.round(m, n, draw));
        }
        // E k* = mn/(m+n), E GFT = mn/(2(m+n+1)), mean of the middle price (2m+1)/(2(m+n+1)).
        uint256 gains = m * n * ONE / (2 * (m + n + 1));
        _assertNear(s.pairs, s.pairsSquared, m * n * ONE / (m + n), 0, "trades");
        _assertNear(s.most, s.mostSquared, gains, 0, "gains from trade");
        _assertNear(s.middle, s.middleSquared, (2 * m + 1) * ONE / (2 * (m + n + 1)), 0, "uniform price");
        _assertNear(
            s.lastLost, s.lastLostSquared, gains - gains * reduced / ONE, gains / 20_000, "always drop the last"
        );
        _assertNear(s.lost, s.lostSquared, gains - gains * efficiency / ONE, gains / 2_000, "McAfee");
        uint256 share = s.all * ONE / DRAWS;
        uint256 error = FixedPointMathLib.sqrt(all * (ONE - all) / DRAWS);
        assertApproxEqAbs(share, all, 4 * error + ONE / 2_000, "all trade");
    }

    function _add(Sums memory s, Result memory r) private pure {
        s.most += r.most;
        s.mostSquared += r.most * r.most;
        s.pairs += r.k * ONE;
        s.pairsSquared += r.k * ONE * r.k * ONE;
        if (r.k != 0 && r.trades == r.k) ++s.all;
        uint256 lost = r.most - r.made;
        s.lost += lost;
        s.lostSquared += lost * lost;
        s.lastLost += r.last;
        s.lastLostSquared += r.last * r.last;
        s.middle += r.middle;
        s.middleSquared += r.middle * r.middle;
    }

    function round(uint256 m, uint256 n, uint256 draw) external view returns (Result memory) {
        Round memory r;
        r.orders = new BatchData.Order[](m);
        r.offers = new BatchData.Offer[](n);
        for (uint256 i; i < m; ++i) {
            bytes32 id = keccak256(abi.encode("order", m, n, draw, i));
            r.orders[i] = BatchData.Order(id, 1 + uint256(id) % ONE, 1, TIME + 10_000, 0);
        }
        for (uint256 i; i < n; ++i) {
            uint256 word = uint256(keccak256(abi.encode("offer", m, n, draw, i)));
            r.offers[i] = BatchData.Offer(address(uint160(word >> 96)), word % ONE);
        }
        _best(r);
        _play(r);
        return r.result;
    }

    /// What would be best, and the price between who trades then and who does not: the `n`-th and the next of all prices, most first.
    function _best(Round memory r) private pure {
        (uint256[] memory byValue, uint256[] memory byAsk) = BatchData.ranks(r.orders, r.offers);
        (uint256 m, uint256 n) = (byValue.length, byAsk.length);
        uint256 k;
        while (k < m && k < n && r.orders[byValue[k]].value >= r.offers[byAsk[k]].ask) {
            r.result.last = r.orders[byValue[k]].value - r.offers[byAsk[k]].ask;
            r.result.most += r.result.last;
            ++k;
        }
        r.result.k = k;
        uint256 high = k == 0 ? type(uint256).max : r.orders[byValue[k - 1]].value;
        if (k < n && r.offers[byAsk[k]].ask < high) high = r.offers[byAsk[k]].ask;
        uint256 low = k == 0 ? 0 : r.offers[byAsk[k - 1]].ask;
        if (k < m && r.orders[byValue[k]].value > low) low = r.orders[byValue[k]].value;
        r.result.middle = (low + high) / 2;
    }

    /// What the contract does.
    function _play(Round memory r) private view {
        Ask memory ask;
        ask.cause = Cause.Tick;
        ask.params = abi.encode(p);
        ask.time = TIME;
        ask.shared = new bytes32[](BatchBook.WORDS);
        BatchBook.restart(ask.shared, uint64(uint256(keccak256(ask.params))) | 1);
        BatchBook.Book memory book = BatchData.bookOf(r.orders, r.offers);
        book.batch = TIME / p.interval - 1;
        BatchBook.store(book, ask.shared);
        ask.data = BatchData.encode(r.orders, r.offers);
        Move[] memory moves = batch.step(ask).moves;
        uint256 costs;
        for (uint256 i; i < moves.length; ++i) {
            if (moves[i].kind != MoveKind.Award) continue;
            ++r.result.trades;
            costs += r.offers[i].ask;
            for (uint256 j; j < r.orders.length; ++j) {
                if (uint176(uint256(r.orders[j].id)) == moves[i].tag) r.result.made += r.orders[j].value;
            }
        }
        r.result.made -= costs;
    }

    function _assertNear(uint256 sum, uint256 squares, uint256 want, uint256 slack, string memory what) private pure {
        uint256 mean = sum / DRAWS;
        uint256 variance = squares / DRAWS - mean * mean;
        uint256 error = FixedPointMathLib.sqrt(variance / DRAWS);
        assertApproxEqAbs(mean, want, 4 * error + slack, what);
    }
}
