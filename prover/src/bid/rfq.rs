//! A request that came with a quote can be overridden for a while: as in an open auction, one goes below the best quote by a step as long as
//! that covers cost and margin. One that came without is offered what rivals make worth asking, below its start.
//!
//! Who is asked before a request enters quotes the same way against its rivals, and for the bond and the time that an award can take from
//! whenever the quote is brought.
//!
//! A quote that is held binds until it is overridden or awarded, and then stands by: it is made only if the award can be honoured when
//! the exclusivity is over.

use bourse_sim::{
    Time,
    mechanisms::rfq::{RfqParams, invited, quote},
    request::Request,
};

use super::{Bidder, Decision, Opening, Price, Reason, Terms, no_later, sealed::SETTLING};

pub(super) fn decide(
    params: &RfqParams,
    opening: &Opening<'_>,
    bidder: &Bidder<'_>,
    ask: &Price,
    now: Time,
) -> Result<Decision, Reason> {
    let request = opening.request;
    let end = params.end(opening.opened_at);
    let held = opening.words.first().and_then(quote);
    if held.is_some_and(|(best, _)| best == bidder.account) && now < end {
        return Ok(Decision::Wait(end));
    }
    let last = match held {
        Some(_) => end.saturating_sub(1),
        None if invited(opening.words) => opening.opened_at.saturating_add(params.patience.into()),
        // Quotes that come with a request are not bids on an open one.
        None => opening.opened_at.saturating_sub(1),
    };
    no_later(now, last)?;
    let price = match held {
        None => bidder.equilibrium(ask, params.start(request.max_price))?,
        Some((_, best)) => {
            let (have, want) = (params.below(best).unwrap_or_default(), ask.least(&bidder.policy));
            if best == 0 || have < want {
                return Err(Reason::Price { have, want });
            }
            have
        }
    };
    let profit = price.saturating_sub(ask.cost);
    if end <= now {
        let terms = bidder.terms(request, now, last.min(request.deadline.saturating_sub(1)), now)?;
        return Ok(Decision::Take(Terms { price, profit, ..terms }));
    }
    no_later(end.saturating_add(SETTLING), request.deadline.saturating_sub(1))?;
    let max_bond = params.deposit(request.bond).max(request.bond);
    if bidder.offer.bond_limit < max_bond {
        return Err(Reason::Bond { have: max_bond, limit: bidder.offer.bond_limit });
    }
    bidder.require_stake(max_bond)?;
    // A bid that lands after the exclusivity would be another: one that is awarded at once.
    let until = last.min(end.saturating_sub(1));
    // Settled late is the worse case for what the deadline cuts short, at once for what is in the way now.
    bidder.terms(request, end.saturating_add(SETTLING), until, now)?;
    let terms = bidder.terms(request, end, until, now)?;
    Ok(Decision::Lower(Terms { price, profit, max_bond, ..terms }))
}

/// What to ask for a request that has not entered, and may until `until` (unix seconds).
///
/// # Errors
/// Why there is no quote for it.
pub fn offer(
    params: &RfqParams,
    request: &Request,
    bidder: &Bidder<'_>,
    now: Time,
    until: Time,
) -> Result<Terms, Reason> {
    let held = if params.exclusivity == 0 { 0 } else { Time::from(params.exclusivity) + SETTLING };
    let latest = until.saturating_add(held);
    no_later(latest, request.deadline.saturating_sub(1))?;
    let ask = bidder.ask(request)?;
    let max_bond = if held == 0 { request.bond } else { params.deposit(request.bond).max(request.bond) };
    bidder.require_award(max_bond)?;
    let price = bidder.equilibrium(&ask, request.max_price)?;
    // Brought late is the worse case for what the deadline cuts short, at once for what is in the way now.
    bidder.terms(request, latest, until, now)?;
    let terms = bidder.terms(request, params.end(now), until, now)?;
    Ok(Terms { price, profit: price.saturating_sub(ask.cost), max_bond, valid_until: until, ..terms })
}
