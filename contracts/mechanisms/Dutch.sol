// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMechanism, TooLate, Unacceptable, Unexpected} from "../interfaces/IMechanism.sol";
import {Answers} from "../libraries/Answers.sol";
import {Asked} from "../libraries/Asked.sol";
import {Params} from "../libraries/Params.sol";
import {Answer, Ask, CAP_INSTANT, CAP_OPEN_ENTRY, CAP_SINGLE_RECIPIENT, Cause, Envelope, Shape} from "../types/Ask.sol";
import {Request} from "../types/Request.sol";
import {BPS} from "../types/State.sol";

/// The price's way up, from opening. Seconds, and basis points of the request's `maxPrice`.
struct DutchParams {
    uint16 startBps;
    /// Above `startBps`.
    uint16 endBps;
    /// The price stays at its start so long, for provers to look at the request.
    uint32 delay;
    /// Then climbs in a straight line so long.
    uint32 ramp;
    /// Then stays at its end so long (inclusive); then the request is given up.
    uint32 patience;
}

/// Reverse Dutch auction: the price climbs until a prover takes it, and is what that prover gets.
///
/// For a prover: `bid.price` is the least you accept; the bid is refused while the price is below it, and awarded at
/// the price of the block it lands in, which is never less. Waiting raises the price and the risk that a rival takes
/// it. `timeAt` says when the price reaches yours.
contract Dutch is IMechanism {
    uint32 internal constant STEP_GAS = 30_000;

    function name() external pure returns (string memory) {
        return "dutch";
    }

    function check(bytes calldata params) external pure returns (Shape memory shape) {
        DutchParams memory p = abi.decode(params, (DutchParams));
        Params.within("endBps", p.endBps, 1, BPS);
        // A price that does not climb is a posted one, and says so to those who look for one.
        Params.within("startBps", p.startBps, 0, p.endBps - 1);
        Params.within("delay", p.delay, 0, Params.LONGEST);
        Params.within("ramp", p.ramp, 1, Params.LONGEST);
        Params.within("patience", p.patience, 1, Params.LONGEST);
        shape.gas = STEP_GAS;
    }

    function envelope(bytes calldata params, Request calldata request) external pure returns (Envelope memory) {
        DutchParams memory p = abi.decode(params, (DutchParams));
        return Envelope({
            price: _share(request.maxPrice, p.endBps),
            award: _last(p, 0),
            proof: request.window,
            bond: request.bond,
            standbys: 0,
            capabilities: CAP_OPEN_ENTRY | CAP_INSTANT | CAP_SINGLE_RECIPIENT
        });
    }

    /// `Bid`: awards at the price of the moment. `Unacceptable(bid.price, price)` while that is below the bid,
    /// `TooLate` after the patience. `Tick`: closes after the patience, `NotYet` before.
    function step(Ask calldata ask) external pure returns (Answer memory) {
        (uint256 startBps, uint256 endBps, uint256 delay, uint256 ramp, uint256 last) = _terms(ask);
        (uint256 cause, uint256 openedAt, uint256 time) = Asked.moment(ask);
        unchecked {
            last += openedAt;
        }
        if (cause != uint256(Cause.Bid)) {
            require(cause == uint256(Cause.Tick), Unexpected(uint8(cause)));
            return Answers.closeAfter(uint40(time), uint40(last));
        }
        require(time <= last, TooLate(time, last));
        (address prover, uint256 want,, uint256 maxPrice) = Asked.bid(ask);
        unchecked {
            uint256 price = _priceAt(maxPrice, startBps, endBps, delay, ramp, time - openedAt);
            require(want <= price, Unacceptable(want, price));
            Answers.sell(prover, price);
        }
    }

    /// The price at `time`, rounded down.
    /// @param openedAt when the request opened; not after `time`.
    function priceAt(bytes calldata params, uint88 maxPrice, uint40 openedAt, uint40 time)
        external
        pure
        returns (uint88)
    {
        DutchParams memory p = abi.decode(params, (DutchParams));
        return uint88(_priceAt(maxPrice, p.startBps, p.endBps, p.delay, p.ramp, time - openedAt));
    }

    /// The first second at which the price is at least `price`.
    /// @dev Reverts with `Unacceptable(price, end)` if it never is.
    function timeAt(bytes calldata params, uint88 maxPrice, uint40 openedAt, uint88 price)
        external
        pure
        returns (uint40)
    {
        DutchParams memory p = abi.decode(params, (DutchParams));
        uint256 start = _share(maxPrice, p.startBps);
        uint256 end = _share(maxPrice, p.endBps);
        if (price <= start) return openedAt;
        require(price <= end, Unacceptable(price, end));
        uint256 climb = end - start;
        uint256 climbing = ((price - start) * p.ramp + climb - 1) / climb;
        return openedAt + p.delay + uint40(climbing);
    }

    /// The parameters, refused as the compiler's decoder refuses them; `last` is how many seconds after
    /// opening a bid is taken.
    function _terms(Ask calldata ask)
        private
        pure
        returns (uint256 startBps, uint256 endBps, uint256 delay, uint256 ramp, uint256 last)
    {
        (uint256 at, uint256 size) = Asked.params(ask);
        assembly ("memory-safe") {
            startBps := calldataload(at)
            endBps := calldataload(add(at, 0x20))
            delay := calldataload(add(at, 0x40))
            ramp := calldataload(add(at, 0x60))
            last := calldataload(add(at, 0x80))
            let dirty := or(shr(16, or(startBps, endBps)), shr(32, or(or(delay, ramp), last)))
            if or(dirty, lt(size, 0xa0)) { revert(0, 0) }
            last := add(add(delay, ramp), last)
        }
    }

    function _priceAt(uint256 maxPrice, uint256 startBps, uint256 endBps, uint256 delay, uint256 ramp, uint256 elapsed)
        private
        pure
        returns (uint256)
    {
        // Amounts are below 2^88, shares at most all, seconds below 2^41, and `check` has seen that the price climbs.
        unchecked {
            uint256 start = maxPrice * startBps / BPS;
            if (elapsed <= delay) return start;
            uint256 climbing = elapsed - delay;
            uint256 end = maxPrice * endBps / BPS;
            return climbing >= ramp ? end : start + (end - start) * climbing / ramp;
        }
    }

    function _share(uint88 maxPrice, uint16 bps) private pure returns (uint88) {
        return uint88(uint256(maxPrice) * bps / BPS);
    }

    /// The last second at which a bid is taken.
    function _last(DutchParams memory p, uint40 openedAt) private pure returns (uint40) {
        unchecked {
            return uint40(uint256(openedAt) + p.delay + p.ramp + p.patience);
        }
    }
}
