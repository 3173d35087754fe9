//! In an open descending auction one goes down as far as one's cost and margin, and no further, whatever rivals do: a step at
//! a time, so that nobody is paid less than it takes to be the best. Who is best waits.
//!
//! A bid binds until somebody goes below it: it is made only if the award can be honoured whenever it comes, at the
//! end as it would be or as late as bids of others can move it.

use bourse_sim::{
    Time,
    mechanisms::english::{EnglishParams, Standing, standing},
};

use super::{Bidder, Decision, Opening, Price, Reason, Terms, no_later, sealed::SETTLING};

pub(super) fn decide(
    params: &EnglishParams,
    opening: &Opening<'_>,
    bidder: &Bidder<'_>,
    ask: &Price,
    now: Time,
) -> Result<Decision, Reason> {
    let request = opening.request;
    let (last, end, hard_end, most) = match standing(opening.words) {
        None => {
            let end = now.saturating_add(params.duration.into());
            let last = params.last_first(request, opening.opened_at);
            (last, end, end.saturating_add(params.overtime.into()), Some(params.start(request.max_price)))
        }
        Some(Standing { best: Some((best, _)), end, .. }) if best == bidder.account && now <= end => {
            return Ok(Decision::Wait(end.saturating_add(1)));
        }
        Some(Standing { best, end, hard_end }) => (end, end, hard_end, best.and_then(|(_, price)| params.below(price))),
    };
    no_later(now, last)?;
    let latest = hard_end.saturating_add(1 + SETTLING);
    no_later(latest, request.deadline.saturating_sub(1))?;
    let deposit = params.deposit(request.bond);
    let max_bond = deposit.max(request.bond);
    if bidder.offer.bond_limit < max_bond {
        return Err(Reason::Bond { have: max_bond, limit: bidder.offer.bond_limit });
    }
    bidder.require_stake(max_bond)?;

    let least = ask.least(&bidder.policy);
    let price = most.unwrap_or_default();
    if most.is_none() || price < least {
        return Err(Reason::Price { have: price, want: least });
    }
    // Later than expected is the worse case for what the deadline cuts short, sooner for what is in the way now.
    bidder.terms(request, latest, last, now)?;
    let terms = bidder.terms(request, end.saturating_add(1), last, now)?;
    Ok(Decision::Lower(Terms { price, profit: price.saturating_sub(ask.cost), max_bond, ..terms }))
}
