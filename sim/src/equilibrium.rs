//! What a prover that maximises its profit bids, if rivals' costs are independent and equally likely anywhere in a
//! range (THEORY.md 1.1), or known (1.4). Under posted prices and Vickrey the answer is its cost, and needs no model.

use crate::Wei;
use crate::mechanisms::contest::Alpha;

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
    let beaten = (1.0 - c).powi(n - 1);
    if beaten > 1e-100 {
        return ((1.0 - c).powi(n) - (1.0 - r).powi(n)) / (f64::from(bidders) * beaten);
    }
    // Among so many the powers vanish, where that of their quotient need not.
    let open = ((1.0 - r) / (1.0 - c)).powi(n);
    if c < 1.0 { (1.0 - c) * (1.0 - open) / f64::from(bidders) } else { 0.0 }
}

/// What a contest with tickets in proportion to chances (THEORY.md 1.4, α = 1) comes to if everybody buys what is best: `X`, what the
/// tickets add up to. `values` is what the work is worth to each, above its cost; those for whom it is worth too little stay away.
/// 0 if nobody has a rival.
pub fn contest_total(values: &[Wei]) -> f64 {
    let mut values: Vec<f64> = values.iter().map(|value| *value as f64).filter(|value| 0.0 < *value).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    let (mut total, mut inverse) = (0.0, 0.0);
    for (others, value) in values.into_iter().enumerate() {
        // Whoever is worth less than what is spent without it buys nothing.
        if value <= total {
            break;
        }
        inverse += 1.0 / value;
        total = others as f64 / inverse;
    }
    total
}

/// The best ticket, and what is to be expected of it above its price, for whom the work is worth `value` above its cost, against rivals
/// for whom it is worth `rivals`, of whose tickets `seen` is there already. None if any ticket loses.
///
/// Under α = 1 it is the best response `√(S V) - S` to the rivals' tickets `S`: those of the equilibrium, or those seen if they are more.
/// Otherwise it is the symmetric equilibrium's, `α (n-1) V / n²`, if there is one.
pub fn contest_ticket(
    alpha: Alpha,
    value: Wei,
    rivals: &[Wei],
    seen: Wei,
    (least, most): (Wei, Wei),
) -> Option<(Wei, Wei)> {
    let v = value as f64;
    let n = rivals.len() as f64 + 1.0;
    let (others, best) = match alpha {
        Alpha::One => {
            let total = contest_total(&[rivals, &[value]].concat());
            let own = (total - total * total / v).max(0.0);
            let others = (total - own).max(seen as f64);
            (others, (others * v).sqrt() - others)
        }
        _ => {
            let each = alpha.value() * (n - 1.0) * v / (n * n);
            (each.max(if n > 1.0 { seen as f64 / (n - 1.0) } else { seen as f64 }), each)
        }
    };
    if value == 0 || most < least {
        return None;
    }
    let ticket = (best.max(0.0) as Wei).clamp(least, most);
    let weight = |ticket: f64| ticket.powf(alpha.value());
    let own = weight(ticket as f64);
    let against = if alpha == Alpha::One { others } else { (n - 1.0).max(f64::from(seen != 0)) * weight(others) };
    let profit = own / (own + against) * v - ticket as f64;
    (1.0 <= profit).then_some((ticket, profit as Wei))
}
