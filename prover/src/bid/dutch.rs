//! In a reverse Dutch auction the price climbs until somebody takes it. To wait is to earn more and to risk more, exactly
//! as in a first-price auction (THEORY.md 1.1): one decides what one would bid there, and takes it when it is reached.

use bourse_sim::{
    Time,
    mechanisms::dutch::{DutchParams, price_at, time_at},
};

use super::{Bidder, Decision, Opening, Price, Reason, Terms, no_later};

pub(super) fn decide(
    params: &DutchParams,
    opening: &Opening<'_>,
    bidder: &Bidder<'_>,
    ask: &Price,
    now: Time,
) -> Result<Decision, Reason> {
    let request = opening.request;
    let last = params.last(opening.opened_at).min(request.deadline - 1);
    no_later(now, last)?;
    let highest = price_at(params, request.max_price, opening.opened_at, params.last(opening.opened_at));
    let wanted = bidder.equilibrium(ask, highest)?;
    let when = time_at(params, request.max_price, opening.opened_at, wanted);
    let Some(when) = when else { return Err(Reason::Price { have: highest, want: wanted }) };
    no_later(when, last)?;
    let award = when.max(now);
    let terms = bidder.terms(request, award, last, now)?;
    if now < when {
        return Ok(Decision::Wait(when));
    }
    // Rivals that wait for the same have let it pass: what the clock shows by now is paid.
    let paid = price_at(params, request.max_price, opening.opened_at, award);
    Ok(Decision::Take(Terms { price: wanted, profit: paid.saturating_sub(ask.cost), ..terms }))
}
