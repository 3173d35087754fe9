//! A sortition pays its tariff to whom the lot names. There is nothing to gain from being early, or from a price below it: a prover bids
//! when its turn has come, if the tariff covers cost and margin and the proof would be in time, and lets its turn pass otherwise.
//!
//! It is in the pool while the tariff covers a usual request. More is deposited only if that at least doubles the weight: whoever
//! deposits is not drawn for what is open already.

use bourse_sim::{
    Id, Time, Wei,
    abi::Encoder,
    mechanisms::sortition::{Drawing, Enrolment, SortitionParams, beacon, places, pool},
    request::Request,
};

use super::{
    Bidder, Decision, Opening, Price, Reason, Terms, no_later,
    standing::{Place, Reserve, Stand, Step},
};

/// What this prover has in the pool, and what has been drawn for the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lot {
    /// Its deposit, in the stake token; 0 outside the pool.
    pub weight: Wei,
    /// Since when.
    pub enrolment: Enrolment,
    /// The hash of the block that was fixed for the draw, once there is one.
    pub beacon: Option<Id>,
}

pub(super) fn decide(
    params: &SortitionParams,
    lot: &Lot,
    opening: &Opening<'_>,
    bidder: &Bidder<'_>,
    ask: &Price,
    now: Time,
) -> Result<Decision, Reason> {
    let request = opening.request;
    let Some(drawing) = Drawing::read(opening.words) else { return Ok(Decision::Wait(now.saturating_add(1))) };
    no_later(now, if drawing.over { opening.opened_at } else { drawing.last })?;
    if lot.weight == 0 || !lot.enrolment.counts() || drawing.opened <= lot.enrolment.block {
        return Err(Reason::Pool);
    }
    let (pays, least) = (params.price(request), ask.least(&bidder.policy));
    if pays < least {
        return Err(Reason::Price { have: pays, want: least });
    }
    let deposit = params.claim(request.bond);
    if bidder.offer.bond_limit < deposit {
        return Err(Reason::Bond { have: deposit, limit: bidder.offer.bond_limit });
    }
    bidder.require_stake(deposit)?;
    let Some(beacon) = beacon(opening.words).or(lot.beacon) else {
        return Ok(Decision::Wait(now.saturating_add(1)));
    };
    let key = params.key(&beacon, &opening.id, &bidder.account, lot.weight);
    let taken = places(opening.words);
    if taken.len() > params.backups.into() && taken.last().is_some_and(|(_, highest)| *highest <= key) {
        return Err(Reason::Crowded(params.backups + 1));
    }
    // Whether it could prove is asked before its turn comes, so that it need not wait in vain.
    let terms = bidder.terms(request, drawing.last.saturating_add(1), drawing.last, now)?;
    let turn = opening.opened_at.saturating_add(params.turn(key, drawing.total));
    if now < turn {
        no_later(turn, drawing.last)?;
        return Ok(Decision::Wait(turn));
    }
    Ok(Decision::Lower(Terms { price: least, profit: pays.saturating_sub(ask.cost), max_bond: deposit, ..terms }))
}

/// What to deposit in a pool of weight `total`, where a request like `typical` comes every so many seconds: as much as brings no more
/// than one machine can prove, and leaves the stake for a bid.
///
/// # Errors
/// Why it is not worth it.
pub fn enrol(
    params: &SortitionParams,
    typical: &Request,
    every: Time,
    total: Wei,
    bidder: &Bidder<'_>,
) -> Result<Wei, Reason> {
    let ask = bidder.ask(typical)?;
    let (pays, least) = (params.price(typical), ask.least(&bidder.policy));
    if pays < least {
        return Err(Reason::Price { have: pays, want: least });
    }
    let spare = bidder.stake.saturating_sub(params.claim(typical.bond));
    let length = bidder.length.as_secs().max(1);
    // A share of `every / length` of all requests keeps one machine busy.
    let bearable = match length.checked_sub(every) {
        None | Some(0) => Wei::MAX,
        Some(excess) => total.saturating_mul(every.into()) / Wei::from(excess),
    };
    let deposit = spare.min(bearable).min(params.max_deposit);
    if deposit < params.min_deposit {
        return Err(Reason::Stake { have: deposit, want: params.min_deposit });
    }
    Ok(deposit)
}

pub(super) fn stand(
    params: &SortitionParams,
    place: &Place<'_>,
    bidder: &Bidder<'_>,
    now: Time,
) -> Result<Step, Reason> {
    let ticket = place.ticket.filter(|ticket| Enrolment::read(&ticket.tag).counts());
    let held = ticket.map_or(0, |ticket| ticket.amount);
    let until = now.saturating_add(bidder.policy.patience);
    let bid = |deposit: Wei, weight: Wei| {
        let data = Encoder::new(1).uint(weight).finish();
        Stand { price: 0, deposit, data, until, reserve: Reserve::default() }
    };
    if place.leaving {
        return Ok(if held == 0 { Step::Stay } else { Step::Leave(bid(held, 0)) });
    }
    if place.demand.work == 0 {
        return Err(Reason::Work);
    }
    let typical = Request {
        work: place.demand.work,
        bond: bidder.offer.bond_limit,
        max_price: (1 << 88) - 1,
        ..Request::default()
    };
    let total = pool(place.shared).1.saturating_sub(held);
    let deposit = match enrol(params, &typical, place.demand.every, total, bidder) {
        Err(Reason::Price { .. }) if held != 0 => return Ok(Step::Leave(bid(held, 0))),
        Err(_) if held != 0 => return Ok(Step::Stay),
        other => other?.min(place.allowance),
    };
    if held != 0 {
        return Ok(if held.saturating_mul(2) <= deposit { Step::Bid(bid(deposit, deposit)) } else { Step::Stay });
    }
    if !place.served {
        return Err(Reason::Verifiers);
    }
    if deposit < params.min_deposit {
        return Err(Reason::Allowance { have: place.allowance, want: params.min_deposit });
    }
    // One for the deposit, and one for what it is drawn for.
    if bidder.seats < 2 { Err(Reason::Seats) } else { Ok(Step::Bid(bid(deposit, deposit))) }
}
