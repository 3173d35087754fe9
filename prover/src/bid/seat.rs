//! A seat is bid for as in an open auction: a step below whoever has it or will, as long as the rate covers cost and margin, and from the
//! ceiling where nobody is in the way. An incumbent waits until it is challenged or its term ends; it gives notice if its rate no
//! longer covers its cost.

use std::time::Duration;

use bourse_sim::{
    Account, Time,
    ask::Refusal,
    mechanisms::seat::{NOTICE, SeatParams, Seating},
};

use super::{
    Bidder, Reason,
    standing::{Duty, Place, Reserve, Stand, Step},
};

pub(super) fn stand(params: &SeatParams, place: &Place<'_>, bidder: &Bidder<'_>, now: Time) -> Result<Step, Reason> {
    let seating = Seating::at(params, place.shared, now).ok_or(Reason::Params(Refusal::Malformed))?;
    if seating.next.is_some_and(|next| next.prover == bidder.account) {
        return Ok(Step::Stay);
    }
    let until = now.saturating_add(bidder.policy.patience);
    let ends = seating.end();
    if let Some(seat) = seating.holder.filter(|holder| holder.prover == bidder.account) {
        let pays = !place.leaving && place.least_rate(bidder, params.base, params.max_work, 0, 10_000)? <= seat.rate;
        if !pays && seating.leaves == 0 && now + Time::from(params.notice) < ends {
            return Ok(Step::Leave(Stand { data: NOTICE.to_vec(), until, ..Stand::default() }));
        }
        if seating.next.is_none() && now + Time::from(params.handover) < ends {
            return Ok(Step::Stay);
        }
    }
    if place.leaving {
        return Ok(Step::Stay);
    }
    place.require_trust()?;
    place.require_allowance(params.deposit)?;
    let least = place.least_rate(bidder, params.base, params.max_work, bidder.policy.margin_bps, 10_000)?;
    let most = params.most(&seating, now);
    let Some(price) = most.filter(|most| least <= *most) else {
        return Err(Reason::Price { have: most.unwrap_or_default(), want: least });
    };
    let from = if seating.next.is_some() { seating.effect } else { now.saturating_add(params.handover.into()) };
    let reserve = duty(params).require(bidder, from, now)?;
    Ok(Step::Bid(Stand { price, deposit: params.deposit, data: Vec::new(), until, reserve }))
}

pub(super) fn reserve(params: &SeatParams, place: &Place<'_>, me: &Account, length: Duration, now: Time) -> Reserve {
    let Some(seating) = Seating::at(params, place.shared, now) else { return Reserve::default() };
    let duty = duty(params);
    if seating.holder.is_some_and(|holder| holder.prover == *me) {
        return duty.reserve(duty.burst.saturating_sub(place.awards), now, length);
    }
    match seating.next {
        Some(next) if next.prover == *me => duty.reserve(params.burst, seating.effect, length),
        _ => Reserve::default(),
    }
}

fn duty(params: &SeatParams) -> Duty {
    Duty {
        burst: params.burst,
        refill: params.refill,
        work: params.max_work,
        bond: params.max_bond,
        window: params.min_window.into(),
        deposit: params.deposit,
    }
}
