//! Sealed bids. Under first price the bid is the equilibrium's; under Vickrey it is the cost, whatever rivals do.
//!
//! A commitment binds: whoever cannot honour it when it wins loses the deposit. So it is made only if the award, at the
//! latest moment at which it should come, can be honoured.

use bourse_sim::{
    Time,
    mechanisms::sealed::{Payment, SealedParams},
};

use super::{Bidder, Decision, Opening, Price, Reason, Terms, no_later};

/// Seconds after the reveals within which the award is expected: somebody has to tick, and it may be this prover.
pub const SETTLING: u64 = 30;

pub(super) fn decide(
    params: &SealedParams,
    opening: &Opening<'_>,
    bidder: &Bidder<'_>,
    ask: &Price,
    now: Time,
) -> Result<Decision, Reason> {
    let request = opening.request;
    let last = params.commit_end(opening.opened_at);
    no_later(now, last)?;
    let settled = params.reveal_end(opening.opened_at).saturating_add(1);
    let latest = settled.saturating_add(SETTLING);
    no_later(latest, request.deadline.saturating_sub(1))?;
    if params.bidders <= opening.holds {
        return Err(Reason::Crowded(params.bidders));
    }
    let deposit = params.deposit(request.bond);
    let max_bond = deposit.max(request.bond);
    if bidder.offer.bond_limit < max_bond {
        return Err(Reason::Bond { have: max_bond, limit: bidder.offer.bond_limit });
    }
    bidder.require_stake(max_bond)?;

    let reserve = params.reserve(request.max_price);
    let price = match params.payment {
        Payment::FirstPrice => bidder.equilibrium(ask, reserve)?,
        Payment::SecondPrice => ask.cost.max(ask.floor),
    };
    if reserve < price {
        return Err(Reason::Price { have: reserve, want: price });
    }
    // Later than expected is the worse case for what the deadline cuts short, sooner for what is in the way now.
    bidder.terms(request, latest, last, now)?;
    let terms = bidder.terms(request, settled, last, now)?;
    Ok(Decision::Commit(Terms { price, profit: price.saturating_sub(ask.cost), max_bond, ..terms }))
}
