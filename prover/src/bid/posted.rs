//! A posted price is taken if it covers cost and margin, at once: whoever waits loses it.

use bourse_sim::{Time, mechanisms::posted::PostedParams};

use super::{Bidder, Decision, Opening, Price, Reason, Terms, no_later};

pub(super) fn decide(
    params: &PostedParams,
    opening: &Opening<'_>,
    bidder: &Bidder<'_>,
    ask: &Price,
    now: Time,
) -> Result<Decision, Reason> {
    let last = params.last(opening.opened_at);
    no_later(now, last)?;
    let (paid, least) = (params.price(opening.request), ask.least(&bidder.policy));
    if paid < least {
        return Err(Reason::Price { have: paid, want: least });
    }
    let terms = bidder.terms(opening.request, now, last.min(opening.request.deadline - 1), now)?;
    Ok(Decision::Take(Terms { price: least, profit: paid.saturating_sub(ask.cost), ..terms }))
}
