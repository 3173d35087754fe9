//! Scoring auctions. The promise is what this machine can keep beside everything else, with room to be wrong; nothing is
//! gained by a shorter one that is missed. Under first score the price is the equilibrium's below what the promise is worth,
//! as if rivals could promise as much; under second score it is the cost, whatever rivals do.
//!
//! A commitment binds, as that of a sealed bid does: it is made only if the award can be honoured.

use bourse_sim::{
    Time,
    mechanisms::scoring::{Payment, ScoringParams},
    request::Request,
};

use super::{Bidder, Decision, Opening, Pledge, Price, Reason, Terms, capacity::Late, capacity::Load, no_later};
use crate::bid::sealed::SETTLING;

/// What a promise is longer than a proof is expected to take, as a divisor of that; beside the reserve of the schedule.
const ROOM: u64 = 4;

pub(super) fn decide(
    params: &ScoringParams,
    opening: &Opening<'_>,
    bidder: &Bidder<'_>,
    ask: &Price,
    now: Time,
) -> Result<Decision, Reason> {
    let request = opening.request;
    let last = params.commit_end(opening.opened_at);
    no_later(now, last)?;
    let settled = params.reveal_end(opening.opened_at).saturating_add(1);
    no_later(settled, request.deadline.saturating_sub(1))?;
    if params.bidders <= opening.holds {
        return Err(Reason::Crowded(params.bidders));
    }
    let max_bond = params.deposit(request.bond).max(request.bond);
    if bidder.offer.bond_limit < max_bond {
        return Err(Reason::Bond { have: max_bond, limit: bidder.offer.bond_limit });
    }
    bidder.require_stake(max_bond)?;

    let load = keepable(params, opening, bidder, settled, now)?;
    let pledge = pledged(params, request, &load);
    let value = params.weights.value(request, pledge.promised, pledge.share);
    let price = match params.payment {
        Payment::FirstScore => bidder.equilibrium(ask, value)?,
        Payment::SecondScore => ask.cost.max(ask.floor),
    };
    if value < price {
        return Err(Reason::Price { have: value, want: price });
    }
    Ok(Decision::Commit(Terms {
        price,
        profit: price.saturating_sub(ask.cost),
        max_bond,
        valid_until: now.saturating_add(bidder.policy.patience).min(last),
        load,
    }))
}

/// What a bid promises whose proving would be `load`: its time, with all of the bond behind it if that counts, else with as little as
/// it takes.
pub fn pledged(params: &ScoringParams, request: &Request, load: &Load) -> Pledge {
    let promised = u32::try_from(load.due.saturating_sub(load.release)).unwrap_or(request.window);
    let least = params.weights.least_share(request, promised);
    Pledge { promised, share: least.filter(|_| params.weights.bond_bps == 0).unwrap_or(10_000) }
}

/// Proving with the shortest promise that can be kept and secured, or with that of the whole window if a shorter one would be in
/// the way of others.
fn keepable(
    params: &ScoringParams,
    opening: &Opening<'_>,
    bidder: &Bidder<'_>,
    settled: Time,
    now: Time,
) -> Result<Load, Reason> {
    let (request, weights) = (opening.request, &params.weights);
    let window = Time::from(request.window);
    let late = |promised, most| Late { ready: settled.saturating_add(promised), due: settled + most, own: true };
    // However late somebody ticks, within reason.
    let awards = [settled, settled.saturating_add(SETTLING)];
    let ready = awards.map(|award| bidder.schedule.ready(load(bidder, award, window), now).saturating_sub(award));
    let room = bidder.length.as_secs() / ROOM + 1;
    let kept = ready[0].max(ready[1]).saturating_add(room);
    let secured = weights.least_promise(request, 10_000).map_or(window, Time::from);
    let declared = match bidder.offer.throughput {
        0 => 1,
        throughput => request.work.div_ceil(throughput.into()),
    };
    let least = kept.max(secured).max(declared).max(1);
    let most = window.min(request.deadline - settled);
    if most < least {
        return Err(Reason::Late(late(least, most)));
    }
    let fits =
        |promised: Time| awards.iter().try_for_each(|award| bidder.schedule.admit(load(bidder, *award, promised), now));
    let promised = match fits(least) {
        Ok(()) => least,
        Err(_) => fits(most).map(|()| most).map_err(Reason::Late)?,
    };
    Ok(load(bidder, settled, promised))
}

fn load(bidder: &Bidder<'_>, award: Time, promised: Time) -> Load {
    Load { release: award, length: bidder.length, due: award.saturating_add(promised) }
}
