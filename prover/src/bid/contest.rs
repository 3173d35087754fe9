//! In a contest everybody pays, whoever is drawn. What is bought is best against the tickets that rivals are believed to buy: their
//! costs lie evenly between the bounds of the policy, and tickets that are there already are no belief. Whose best ticket is not worth
//! its price stays away.
//!
//! A ticket binds: it is bought only if the award can be honoured whenever the draw comes.

use bourse_sim::{
    Time, Wei,
    equilibrium::contest_ticket,
    mechanisms::contest::{ContestParams, List},
};

use super::{
    Bidder, Decision, Opening, Price, Reason, Terms,
    cost::{plus, times},
    no_later,
};

pub(super) fn decide(
    params: &ContestParams,
    opening: &Opening<'_>,
    bidder: &Bidder<'_>,
    ask: &Price,
    now: Time,
) -> Result<Decision, Reason> {
    let request = opening.request;
    if request.token != params.stake_token {
        return Err(Reason::StakeToken);
    }
    let last = params.last_entry(request, opening.opened_at);
    no_later(now, last)?;
    let list = List::read(opening.words);
    if params.entrants <= list.count {
        return Err(Reason::Crowded(params.entrants));
    }
    let fee = params.fee(request.max_price);
    let least = ask.least(&bidder.policy);
    if fee < least {
        return Err(Reason::Price { have: fee, want: least });
    }
    // An award below the floor would be refused, and the ticket lost.
    let most = params.max_ticket.min(fee - ask.floor).min(bidder.offer.bond_limit).min(bidder.stake);
    let value = fee - plus(ask.cost, bidder.policy.margin_bps).min(fee);
    let rivals = rivals(bidder, ask.cost, fee, list.count);
    let bought = contest_ticket(params.alpha, value, &rivals, list.total, (params.min_ticket, most));
    let (ticket, profit) = bought.ok_or(Reason::NoTicket)?;

    // Later than expected is the worse case for what the deadline cuts short, sooner for what is in the way now.
    let first = last.saturating_add(1);
    bidder.terms(request, first.saturating_add(params.settling.into()), last, now)?;
    let terms = bidder.terms(request, first, last, now)?;
    let max_bond = ticket.max(request.bond);
    Ok(Decision::Buy(Terms { price: fee - ticket, profit, max_bond, ..terms }, ticket))
}

/// What the work is worth to each rival: to as many as could come, or have, with costs evenly spread.
fn rivals(bidder: &Bidder<'_>, cost: Wei, fee: Wei, entered: u8) -> Vec<Wei> {
    let count = bidder.rivals.min(u32::from(u8::MAX)).max(entered.into());
    let (lowest, highest) = (bidder.policy.rival_lowest_bps, bidder.policy.rival_highest_bps);
    let span = u64::from(highest.saturating_sub(lowest));
    let bps = |i: u32| lowest + u32::try_from(span * u64::from(2 * i + 1) / u64::from(2 * count)).unwrap_or(0);
    (0..count).map(|i| fee.saturating_sub(times(cost, bps(i)))).collect()
}
