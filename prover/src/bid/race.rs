//! In a race nobody is chosen: one proves at one's own risk. That is worth it if what one may expect covers the cost: every
//! rank that is still open is as likely to be one's own as any rival's.

use bourse_sim::{
    Time, Wei,
    mechanisms::race::{RaceParams, Standing},
};

use super::{Bidder, Decision, Opening, Price, Reason, Terms, capacity::Load, no_later};

pub(super) fn decide(
    params: &RaceParams,
    opening: &Opening<'_>,
    bidder: &Bidder<'_>,
    ask: &Price,
    now: Time,
) -> Result<Decision, Reason> {
    let request = opening.request;
    let standing = params.standing(opening.words);
    let last = match &standing {
        None => params.last_first(request, opening.opened_at),
        // Who has not committed before the first proof does not count any more.
        Some(standing) if params.commits() => {
            standing.end.saturating_sub(params.window.into()).min(now.saturating_sub(1))
        }
        Some(standing) => standing.end,
    };
    no_later(now, last)?;
    if params.deposit != 0 {
        bidder.require_award(params.deposit)?;
    }

    let expected = expected(params, request.max_price, standing.as_ref(), bidder.rivals);
    let least = ask.least(&bidder.policy);
    if expected < least {
        return Err(Reason::Price { have: expected, want: least });
    }
    let load = Load { release: now, length: bidder.length, due: last };
    bidder.schedule.admit(load, now).map_err(Reason::Late)?;
    let valid_until = now.saturating_add(bidder.policy.patience).min(last);
    let profit = expected.saturating_sub(ask.cost);
    let terms = Terms { price: expected, profit, max_bond: params.deposit, valid_until, load };
    // A commitment needs the proof; an entry is what the proof needs.
    Ok(if params.deposit != 0 && !params.commits() { Decision::Enter(terms) } else { Decision::Race(terms) })
}

/// What one of all who race may expect to be paid, if they are as fast as each other.
pub fn expected(params: &RaceParams, max_price: Wei, standing: Option<&Standing>, rivals: u32) -> Wei {
    let gone = standing.map_or(0, |standing| standing.paid.len());
    let left = Wei::from(rivals).saturating_sub(gone as Wei) + 1;
    let open = params.shares(max_price).into_iter().skip(gone);
    let reached = open.take(usize::try_from(left).unwrap_or(usize::MAX));
    reached.sum::<Wei>() / left
}
