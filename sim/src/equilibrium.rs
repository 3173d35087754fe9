//! What a prover that maximises its profit bids, if rivals' costs are independent and equally likely anywhere in a
//! range (THEORY.md 1.1). Under posted prices and Vickrey the answer is its cost, and needs no model.

use crate::Wei;

/// What provers believe about each other's costs, in the token that is bid in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rivalry {
    /// Bidders, oneself included.
    pub bidders: u32,
    /// The least and the greatest cost that a rival may have.
    pub lowest: Wei,
    /// Above `lowest`.
    pub highest: Wei,
    /// The most that is paid.
    pub ceiling: Wei,
}

/// The bid in a first-price auction and the price at which to take a reverse Dutch one, which is the same thing. Never
/// below `cost`, nor above the ceiling; none if the cost is above that.
///
/// With costs and ceiling `r` scaled to [0, 1] it is `c + ((1-c)^n - (1-r)^n) / (n (1-c)^(n-1))`.
pub fn first_price_bid(rivalry: &Rivalry, cost: Wei) -> Option<Wei> {
    if cost > rivalry.ceiling {
        return None;
    }
    let span = rivalry.highest.saturating_sub(rivalry.lowest);
    let scale = |amount: Wei| (amount.saturating_sub(rivalry.lowest) as f64 / span as f64).min(1.0);
    if span == 0 || cost >= rivalry.highest {
        return Some(cost);
    }
    let mark_up = markup(rivalry.bidders.max(1), scale(cost), scale(rivalry.ceiling)) * span as f64;
    // A cost below what rivals can have competes like the lowest of theirs.
    let bid = cost.max(rivalry.lowest) + mark_up as Wei;
    Some(bid.clamp(cost, rivalry.ceiling))
}

/// What is asked above the cost `c` when all lies in [0, 1].
fn markup(bidders: u32, c: f64, r: f64) -> f64 {
    let n = bidders as i32;
    ((1.0 - c).powi(n) - (1.0 - r).powi(n)) / (f64::from(bidders) * (1.0 - c).powi(n - 1))
}
