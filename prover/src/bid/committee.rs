//! A seat in a committee is worth an equal share of what members are paid. Backends here prove in one piece: whoever brings
//! the whole makes all of it, and is paid its part for that on top. A seat is therefore taken only if share and part cover all of
//! the work, however little of it may come to this prover in the end.

use bourse_sim::{Account, Time};
use bourse_sim::{
    Wei, ZERO,
    mechanisms::committee::{CommitteeParams, Stage},
};

use super::{Bidder, Decision, Opening, Price, Reason, Terms, capacity::Load, no_later};

pub(super) fn decide(
    params: &CommitteeParams,
    opening: &Opening<'_>,
    bidder: &Bidder<'_>,
    ask: &Price,
    now: Time,
) -> Result<Decision, Reason> {
    let request = opening.request;
    let stage = params.stage(request, opening.words, opening.opened_at, now).map_err(Reason::Params)?;
    let (members, last, due) = if stage.begun {
        stage.crew.seat_of(&ZERO).ok_or(Reason::Crowded(params.seats))?;
        (stage.crew.count(), stage.members, stage.last)
    } else {
        // Others may fill it at once.
        (params.seats.into(), stage.enrolled, now.saturating_add(params.work()))
    };
    no_later(now, last)?;
    let deposit = params.deposit(request.bond);
    bidder.require_award(deposit)?;

    let share = params.seat_pay(request.max_price, members);
    let part = params.fee(request.max_price).saturating_sub(params.rest(request.max_price));
    let least = ask.least(&bidder.policy);
    if share.saturating_add(part) < least {
        return Err(Reason::Price { have: share.saturating_add(part), want: least });
    }
    let load = Load { release: now, length: bidder.length, due };
    bidder.schedule.admit(load, now).map_err(Reason::Late)?;
    Ok(Decision::Lower(Terms {
        price: least.saturating_sub(part),
        profit: (share + part).saturating_sub(ask.cost),
        max_bond: deposit,
        valid_until: now.saturating_add(bidder.policy.patience).min(last),
        load,
    }))
}

/// Whether it is for `member` to bring the whole at `now` (unix seconds); and until when anybody can. None without a seat.
pub fn turn(params: &CommitteeParams, stage: &Stage, member: &Account, now: Time) -> Option<(bool, Time)> {
    let seat = stage.crew.seat_of(member)?;
    Some((stage.begun && params.turn(stage, Some(seat)) <= now, stage.last))
}

/// What a member is paid if members are paid alike, and if it `brings` the whole.
pub fn pay(params: &CommitteeParams, stage: &Stage, max_price: Wei, brings: bool) -> Wei {
    let part = params.fee(max_price).saturating_sub(params.rest(max_price));
    params.seat_pay(max_price, stage.crew.held().count()) + if brings { part } else { 0 }
}
