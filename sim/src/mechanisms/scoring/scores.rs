//! Quasilinear scores; the twin of `contracts/libraries/Scores.sol`, which documents the fields.

use super::super::{share as part, within};
use crate::ask::Refusal;
use crate::request::Request;
use crate::{BPS, Bps, Wei};

const UNIT: Wei = 1_000_000_000_000_000_000;
const MOST_STAKE: Wei = (1 << 80) - 1;

/// What the qualities of an offer are worth to a requester.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Weights {
    pub base_bps: Bps,
    pub time_bps: Bps,
    pub bond_bps: Bps,
    pub penalty_bps: Bps,
    pub stake_worth: Wei,
    pub least_bond_bps: Bps,
}

/// What a bidder offers: to prove in `promised` seconds for `price`, with `share` basis points of the bond at risk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "documented above")]
pub struct Offer {
    pub price: Wei,
    pub promised: u32,
    pub share: Bps,
}

impl Weights {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let sum = u32::from(self.base_bps) + u32::from(self.time_bps) + u32::from(self.bond_bps);
        within("baseBps + timeBps + bondBps", sum, 1_u32, BPS)?;
        within("penaltyBps", self.penalty_bps, BPS, Bps::MAX)?;
        within("stakeWorth", self.stake_worth, 1_u32, (1 << 112) - 1_u128)?;
        within("leastBondBps", self.least_bond_bps, 1_u32, BPS)
    }

    /// The score of an offer; none if it cannot win.
    pub fn score(&self, request: &Request, offer: &Offer) -> Option<Wei> {
        let promises = (1..=request.window).contains(&offer.promised);
        let risks = self.least_bond_bps <= offer.share && Wei::from(offer.share) <= BPS;
        if !promises || !risks || !self.secures(request, offer.promised, offer.share) {
            return None;
        }
        self.value(request, offer.promised, offer.share).checked_sub(offer.price)
    }

    /// What it is worth to have the proof in `promised` seconds, 1 to the request's window, with `share` of the bond at risk.
    pub fn value(&self, request: &Request, promised: u32, share: Bps) -> Wei {
        part(request.max_price, self.base_bps)
            + self.time_value(request, promised)
            + part(part(request.max_price, self.bond_bps), share)
    }

    /// No offer is worth more.
    pub fn most(&self, max_price: Wei) -> Wei {
        part(max_price, self.base_bps) + part(max_price, self.time_bps) + part(max_price, self.bond_bps)
    }

    /// The least share of the bond that a promise of 1 to `window` seconds has to have behind it; none if all of the bond is too little.
    pub fn least_share(&self, request: &Request, promised: u32) -> Option<Bps> {
        let enough = |share| self.secures(request, promised, share);
        first(u32::from(self.least_bond_bps), BPS as u32, |share| enough(share as Bps)).map(|share| share as Bps)
    }

    /// The shortest promise that `share` of the bond is enough for; none if the request leaves no time.
    pub fn least_promise(&self, request: &Request, share: Bps) -> Option<u32> {
        first(1, request.window, |promised| self.secures(request, promised, share))
    }

    fn secures(&self, request: &Request, promised: u32, share: Bps) -> bool {
        let risked = wide(bond_at(request.bond, share), self.stake_worth * BPS);
        risked >= wide(self.time_value(request, promised) * Wei::from(self.penalty_bps), UNIT)
    }

    fn time_value(&self, request: &Request, promised: u32) -> Wei {
        let saved = Wei::from(request.window.saturating_sub(promised));
        part(request.max_price, self.time_bps) * saved / Wei::from(request.window).max(1)
    }
}

/// The twin of `bondAt` in `contracts/types/State.sol`.
pub(super) fn bond_at(bond: Wei, bps: Bps) -> Wei {
    part(bond, bps).min(MOST_STAKE)
}

/// The first number from `low` to `high` that is `enough`, as are all after it.
fn first(mut low: u32, high: u32, enough: impl Fn(u32) -> bool) -> Option<u32> {
    if high < low || !enough(high) {
        return None;
    }
    let mut end = high;
    while low < end {
        let middle = low + (end - low) / 2;
        if enough(middle) { end = middle } else { low = middle + 1 }
    }
    Some(low)
}

/// The product, high half first.
fn wide(a: Wei, b: Wei) -> (Wei, Wei) {
    let half = Wei::from(u64::MAX);
    let ((a1, a0), (b1, b0)) = ((a >> 64, a & half), (b >> 64, b & half));
    let low = a0 * b0;
    let (middle, carried) = (a1 * b0 + (low >> 64)).overflowing_add(a0 * b1);
    (a1 * b1 + (middle >> 64) + (Wei::from(carried) << 64), middle << 64 | low & half)
}

#[cfg(test)]
mod tests {
    use super::{Wei, first, wide};

    #[test]
    fn products_are_exact() {
        let max = Wei::MAX;
        assert_eq!(wide(3, 5), (0, 15));
        assert_eq!(wide(max, max), (max - 1, 1));
        assert_eq!(wide(max, 2), (1, max - 1));
        assert_eq!(wide(1 << 100, 1 << 90), (1 << 62, 0));
    }

    #[test]
    fn the_first_is_found() {
        for wanted in 1..=9 {
            assert_eq!(first(1, 8, |x| x >= wanted), (wanted <= 8).then_some(wanted));
        }
        assert_eq!(first(2, 1, |_| true), None);
    }
}
