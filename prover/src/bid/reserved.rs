//! A contract for reserved capacity fixes a rate for a term. What is kept free for it earns only when it is asked for: the least rate is
//! cost and margin over the share that is expected to be. Above that one bids as in an open auction, a step below whoever is in the
//! way; a holder whose rate no longer covers its cost gives notice.

use std::time::Duration;

use bourse_sim::{
    Account, Time,
    ask::Refusal,
    mechanisms::reserved::{Contract, NOTICE, ReservedParams},
};

use super::{
    Bidder, Reason,
    standing::{Duty, Place, Reserve, Stand, Step},
};

pub(super) fn stand(
    params: &ReservedParams,
    place: &Place<'_>,
    bidder: &Bidder<'_>,
    now: Time,
) -> Result<Step, Reason> {
    let contract = Contract::at(params, place.shared, now).ok_or(Reason::Params(Refusal::Malformed))?;
    let me = bidder.account;
    let until = now.saturating_add(bidder.policy.patience);
    if let Some(i) = contract.place(&me) {
        let held = contract.holders[i].map_or(0, |holder| holder.rate);
        let pays = !place.leaving && place.least_rate(bidder, params.base, params.max_work, 0, 10_000)? <= held;
        if !pays && contract.clocks[i].leaves == 0 && now + Time::from(params.notice) < contract.until {
            return Ok(Step::Leave(Stand { data: NOTICE.to_vec(), until, ..Stand::default() }));
        }
    }
    let offered = now >= contract.last_end().saturating_sub(params.offering.into());
    let waits = contract.bids[0].is_none() && !offered;
    if place.leaving || waits || contract.bids.iter().flatten().any(|bid| bid.prover == me) {
        return Ok(Step::Stay);
    }
    place.require_trust()?;
    place.require_allowance(params.deposit)?;
    let (margin, share) = (bidder.policy.margin_bps, place.demand.utilisation_bps);
    let least = place.least_rate(bidder, params.base, params.max_work, margin, share)?;
    let most = params.most(&contract, &me).map(|(most, _)| most);
    let Some(price) = most.filter(|most| least <= *most) else {
        return Err(Reason::Price { have: most.unwrap_or_default(), want: least });
    };
    let from = if contract.bids[0].is_some() { contract.effect } else { now.saturating_add(params.offering.into()) };
    let reserve = duty(params).require(bidder, from, now)?;
    Ok(Step::Bid(Stand { price, deposit: params.deposit, data: Vec::new(), until, reserve }))
}

pub(super) fn reserve(
    params: &ReservedParams,
    place: &Place<'_>,
    me: &Account,
    length: Duration,
    now: Time,
) -> Reserve {
    let Some(contract) = Contract::at(params, place.shared, now) else { return Reserve::default() };
    let duty = duty(params);
    if contract.place(me).is_some() {
        return duty.reserve(duty.burst.saturating_sub(place.awards), now, length);
    }
    if contract.bids.iter().flatten().any(|bid| bid.prover == *me) {
        return duty.reserve(params.burst, contract.effect, length);
    }
    Reserve::default()
}

fn duty(params: &ReservedParams) -> Duty {
    Duty {
        burst: params.burst,
        refill: params.refill,
        work: params.max_work,
        bond: params.max_bond,
        window: params.window(params.max_work),
        deposit: params.deposit,
    }
}
