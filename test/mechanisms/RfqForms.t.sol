// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {Test} from "forge-std/Test.sol";

import {Rfq, RfqParams} from "../../contracts/mechanisms/Rfq.sol";
import {Answer, Ask, Cause} from "../../contracts/types/Ask.sol";
import {Status} from "../../contracts/types/State.sol";

/// THEORY.md 1.3 on the contract: of n quotes asked at once, costs drawn evenly from [0, 1 ether] and bid in first-price equilibrium, the
/// cheapest costs 2/(n+1) on average, within four standard errors.
contract RfqFormsTest is Test {
    uint256 private constant ONE = 1e18;
    uint256 private constant DRAWS = 1_000;
    uint40 private constant OPENED = 1_800_000_000;
    Rfq private immutable rfq = new Rfq();

    function test_TheCheapestOfNQuotes() public view {
        for (uint256 n = 2; n <= 4; ++n) {
            uint256 sum;
            uint256 squares;
            for (uint256 i; i < DRAWS; ++i) {
                uint256 price = this.draw(n, i);
                sum += price;
                squares += price * price / ONE;
            }
            uint256 mean = sum / DRAWS;
            uint256 variance = squares / DRAWS - mean * mean / ONE;
            uint256 spread = FixedPointMathLib.sqrt(variance * ONE / DRAWS);
            assertApproxEqAbs(mean, 2 * ONE / (n + 1), 4 * spread, "mean");
            assertLt(spread * 8, mean, "drawn too few times to tell");
        }
    }

    /// One request. A call of its own, which gives its memory back.
    function draw(uint256 n, uint256 number) external view returns (uint88) {
        RfqParams memory p = RfqParams(0, 100, 0, 10_000, 0, 1, 4);
        Ask memory ask;
        ask.params = abi.encode(p);
        ask.words = new bytes32[](5);
        (ask.cause, ask.status, ask.data) = (Cause.Bid, Status.Open, hex"01");
        (ask.openedAt, ask.time, ask.actor.free) = (OPENED, OPENED, 1);
        (ask.request.maxPrice, ask.request.deadline) = (uint88(ONE), type(uint40).max);
        for (uint160 i; i < n; ++i) {
            uint256 cost = uint256(keccak256(abi.encode("rfq forms", n, number, i))) % ONE;
            ask.actor.prover = address(i + 1);
            ask.price = uint88((cost * (n - 1) + ONE) / n);
            ask.words = rfq.step(ask).words;
        }
        (ask.cause, ask.time, ask.price, ask.data) = (Cause.Tick, OPENED + 1, 0, "");
        Answer memory answer = rfq.step(ask);
        return answer.moves[0].amount;
    }
}
