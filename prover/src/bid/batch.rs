//! In a batch the price is made by others: to offer a lot at its cost is best, whatever they do (McAfee), and nothing is lost if no order
//! is worth that. An offer is made when there is an order to meet it, for one order of the class, and stands until the batch is cleared
//! or void.

use std::time::Duration;

use bourse_sim::{
    Time, Wei,
    market::Ticket,
    mechanisms::{
        batch::{
            BatchParams,
            book::{self, Book, WORDS},
            until,
        },
        print_of,
    },
};

use super::{
    Bidder, Reason,
    capacity::Load,
    standing::{Place, Reserve, Stand, Step},
};

pub(super) fn stand(params: &BatchParams, place: &Place<'_>, bidder: &Bidder<'_>, now: Time) -> Result<Step, Reason> {
    let batch = params.batch(now);
    let stands = place.ticket.is_some_and(|ticket| now < until(&ticket.tag));
    if place.shared.len() != WORDS || stands || place.leaving {
        return Ok(Step::Stay);
    }
    let print = book::print(place.shared);
    let book = Book::load(place.shared, batch);
    // Where the books are those of old parameters, no order is taken before an offer.
    let old = print != 0 && print != print_of(place.params);
    if !old && book.orders == 0 {
        return Ok(Step::Stay);
    }
    if !old && params.offers <= book.offers {
        return Err(Reason::Crowded(params.offers));
    }
    place.require_trust()?;
    place.require_allowance(params.bond)?;
    let work = place.usual(params.work);
    let lot = Wei::from(params.lot);
    let cost = bidder.ask_for(work)?.cost.saturating_mul(lot).div_ceil(work.into());
    // Of a price for a lot, what an order pays for its work is not rounded down.
    let ask = cost.max(bidder.offer.floor.saturating_mul(lot));
    if params.ceiling < ask {
        return Err(Reason::Price { have: params.ceiling, want: ask });
    }
    bidder.require_award(params.bond)?;
    bidder.require_throughput(params.work, params.window.into())?;
    // Cleared late is the worse case for what comes after it, at once for what is in the way now.
    for cleared in [params.end(batch), params.void(batch) - 1] {
        bidder.schedule.admit(load(params, cleared, bidder.length), now).map_err(Reason::Late)?;
    }
    let reserve = Reserve { loads: vec![load(params, params.end(batch), bidder.length)], ..Reserve::default() };
    Ok(Step::Bid(Stand { price: ask, deposit: params.bond, data: Vec::new(), until: params.end(batch) - 1, reserve }))
}

/// The deposit stands for bond and place of the award that would take them over; its proof is what else is promised.
pub(super) fn reserve(params: &BatchParams, ticket: &Ticket, length: Duration, now: Time) -> Reserve {
    let void = until(&ticket.tag);
    if void <= now {
        return Reserve::default();
    }
    let cleared = void.saturating_sub(params.grace.into()).max(now);
    Reserve { loads: vec![load(params, cleared, length)], ..Reserve::default() }
}

fn load(params: &BatchParams, cleared: Time, length: Duration) -> Load {
    Load { release: cleared, length, due: cleared.saturating_add(params.window.into()) }
}
