// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Request} from "../types/Request.sol";
import {BPS, bondAt} from "../types/State.sol";

/// What the qualities of an offer are worth to a requester.
struct Weights {
    /// What a proof is worth that is promised for the end of the request's window, with nothing at risk, in basis points of the
    /// request's `maxPrice`; and how much more it is worth if the whole window is saved, and if the whole bond is at risk: a
    /// part of either counts in proportion. Together at most 10,000. Amounts are rounded down.
    uint16 baseBps;
    uint16 timeBps;
    uint16 bondBps;
    /// Least stake at risk for what a promise of time is worth, in basis points of that: 10,000 or more.
    uint16 penaltyBps;
    /// What 10^18 units of the stake token are worth, in units of the instance's token; 10^18 if they are the same.
    uint112 stakeWorth;
    /// Least share of the request's bond that is put at risk, in basis points.
    uint16 leastBondBps;
}

/// What a bidder offers: to prove in `promised` seconds for `price`, with `share` basis points of the bond at risk.
struct ScoredOffer {
    uint88 price;
    uint32 promised;
    uint16 share;
}

/// Quasilinear scores: what an offer is worth, less its price.
library Scores {
    uint256 private constant UNIT = 1e18;

    /// 0 for an offer that cannot win; see `Scoring.score`.
    function score(Weights memory w, Request calldata request, ScoredOffer memory offer)
        internal
        pure
        returns (bool eligible, uint88 points)
    {
        if (offer.promised == 0 || offer.promised > request.window) return (false, 0);
        if (offer.share < w.leastBondBps || offer.share > BPS) return (false, 0);
        uint88 timely = _timeValue(w, request, offer.promised);
        uint256 risked = uint256(bondAt(request.bond, offer.share)) * w.stakeWorth * BPS;
        if (risked < timely * uint256(w.penaltyBps) * UNIT) return (false, 0);
        uint88 whole = request.maxPrice;
        uint88 value = _part(whole, w.baseBps) + timely + _part(_part(whole, w.bondBps), offer.share);
        return offer.price > value ? (false, 0) : (true, value - offer.price);
    }

    /// See `Scoring.leastShare`.
    function leastShare(Weights memory w, Request calldata request, uint32 promised)
        internal
        pure
        returns (uint256 share)
    {
        share = w.leastBondBps;
        uint256 worth = _timeValue(w, request, promised) * uint256(w.penaltyBps) * UNIT;
        if (worth == 0) return share;
        if (request.bond == 0) return type(uint256).max;
        uint256 stake = _ceilDiv(worth, uint256(w.stakeWorth) * BPS);
        uint256 wanted = _ceilDiv(stake * BPS, request.bond);
        if (share < wanted) share = wanted;
    }

    /// No offer is worth more.
    function most(Weights memory w, uint88 maxPrice) internal pure returns (uint88) {
        return _part(maxPrice, w.baseBps) + _part(maxPrice, w.timeBps) + _part(maxPrice, w.bondBps);
    }

    /// What the seconds saved are worth.
    function _timeValue(Weights memory w, Request calldata request, uint32 promised) private pure returns (uint88) {
        uint256 saved = request.window - promised;
        return uint88(_part(request.maxPrice, w.timeBps) * saved / request.window);
    }

    /// A share of `whole`, rounded down.
    function _part(uint88 whole, uint256 bps) private pure returns (uint88) {
        return uint88(uint256(whole) * bps / BPS);
    }

    function _ceilDiv(uint256 a, uint256 b) private pure returns (uint256) {
        return (a + b - 1) / b;
    }
}
