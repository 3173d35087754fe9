// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism, TooLate, Unacceptable, Unexpected} from "../interfaces/IMechanism.sol";
import {Answers} from "../libraries/Answers.sol";
import {Asked} from "../libraries/Asked.sol";
import {Params} from "../libraries/Params.sol";
import {
    Answer,
    Ask,
    CAP_FIXED_PRICE,
    CAP_INSTANT,
    CAP_OPEN_ENTRY,
    CAP_SINGLE_RECIPIENT,
    CAP_TRUTHFUL,
    Cause,
    Envelope,
    Shape
} from "../types/Ask.sol";
import {Request} from "../types/Request.sol";

/// The tariff of an instance. Amounts in the instance's token.
struct PostedParams {
    /// Paid for any request.
    uint88 base;
    /// Paid on top for every million units of work.
    uint88 rate;
    /// Seconds from opening (inclusive) in which the price stands; then the request is given up.
    uint32 patience;
}

/// Posted price: the request pays its tariff, `base + rate * work / 1,000,000` rounded down, or its `maxPrice` where
/// that is less, to the first prover that takes it. An instance whose `base` is the largest number thus pays what each
/// requester names.
///
/// For a prover: bid as soon as your cost is below the price. `bid.price` is the least you accept and does not change
/// what you get; it only protects you from a price you misread. There is nothing to gain from waiting.
contract PostedPrice is IMechanism {
    uint256 internal constant RATE_UNIT = 1_000_000;
    uint32 internal constant STEP_GAS = 30_000;

    function name() external pure returns (string memory) {
        return "posted";
    }

    function check(bytes calldata params) external pure returns (Shape memory shape) {
        PostedParams memory p = abi.decode(params, (PostedParams));
        // Nobody proves for nothing: a tariff of zero is a tariff that was forgotten.
        if (p.rate == 0) Params.within("base", p.base, 1, type(uint88).max);
        Params.within("patience", p.patience, 1, Params.LONGEST);
        shape.gas = STEP_GAS;
    }

    function envelope(bytes calldata params, Request calldata request) external pure returns (Envelope memory) {
        PostedParams memory p = abi.decode(params, (PostedParams));
        return Envelope({
            price: uint88(_price(p.base, p.rate, request.work, request.maxPrice)),
            award: p.patience,
            proof: request.window,
            bond: request.bond,
            standbys: 0,
            capabilities: CAP_FIXED_PRICE | CAP_OPEN_ENTRY | CAP_INSTANT | CAP_SINGLE_RECIPIENT | CAP_TRUTHFUL
        });
    }

    /// `Bid`: awards at the price. `Unacceptable(bid.price, price)` if the bid wants more, `TooLate` after the
    /// patience. `Tick`: closes after the patience, `NotYet` before.
    function step(Ask calldata ask) external pure returns (Answer memory) {
        (uint256 base, uint256 rate, uint256 patience) = _terms(ask);
        (uint256 cause, uint256 openedAt, uint256 time) = Asked.moment(ask);
        uint256 last;
        unchecked {
            last = openedAt + patience;
        }
        if (cause != uint256(Cause.Bid)) {
            require(cause == uint256(Cause.Tick), Unexpected(uint8(cause)));
            return Answers.closeAfter(uint40(time), uint40(last));
        }
        require(time <= last, TooLate(time, last));
        (address prover, uint256 want, uint256 work, uint256 maxPrice) = Asked.bid(ask);
        uint256 price = _price(base, rate, work, maxPrice);
        require(want <= price, Unacceptable(want, price));
        Answers.sell(prover, price);
    }

    /// The parameters, refused as the compiler's decoder refuses them.
    function _terms(Ask calldata ask) private pure returns (uint256 base, uint256 rate, uint256 patience) {
        (uint256 at, uint256 size) = Asked.params(ask);
        assembly ("memory-safe") {
            base := calldataload(at)
            rate := calldataload(add(at, 0x20))
            patience := calldataload(add(at, 0x40))
            let dirty := or(shr(88, or(base, rate)), shr(32, patience))
            if or(dirty, lt(size, 0x60)) { revert(0, 0) }
        }
    }

    function _price(uint256 base, uint256 rate, uint256 work, uint256 maxPrice) private pure returns (uint256) {
        // Amounts are below 2^88, work below 2^64.
        unchecked {
            uint256 tariff = base + rate * work / RATE_UNIT;
            return tariff < maxPrice ? tariff : maxPrice;
        }
    }
}
