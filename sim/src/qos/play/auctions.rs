//! Rules under which provers name or accept a price.

use super::Scene;
use crate::ask::Refusal;
use crate::mechanisms::dutch::{DutchParams, time_at};
use crate::mechanisms::posted::PostedParams;
use crate::mechanisms::rfq::{RfqParams, STANDBY};
use crate::mechanisms::scoring::{self, Offer, ScoringParams};
use crate::mechanisms::sealed::{self, SealedParams};
use crate::qos::stage::Stage;
use crate::qos::supply::Contender;
use crate::{Id, Time, Wei};

/// How many are asked for a quote: those that answer first.
const PANEL: usize = 5;

pub(super) fn posted(p: &PostedParams, scene: &Scene<'_>, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let (opened, price) = (stage.case.time, p.price(&stage.case.request));
    let mut willing = scene.able(stage.now).filter(|who| who.reckoned <= price);
    // Of those who answer at once the cheapest takes it.
    let first = willing.next();
    let others = willing.take_while(|who| first.is_some_and(|first| first.reaction == who.reaction));
    let taker = first.into_iter().chain(others).min_by_key(|who| (who.cost, who.number));
    take(taker.map(|who| (opened + who.reaction, who, price)), p.last(opened), stage)
}

pub(super) fn dutch(p: &DutchParams, scene: &Scene<'_>, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let (opened, max_price) = (stage.case.time, stage.case.request.max_price);
    let ceiling = max_price * Wei::from(p.end_bps) / crate::BPS;
    let rivals = scene.cheap(stage.now).count();
    let mut taker: Option<(Time, &Contender, Wei)> = None;
    for who in scene.cheap(stage.now) {
        let asked = scene.asks(who, rivals, ceiling);
        let Some((price, reached)) = asked.and_then(|price| Some((price, time_at(p, max_price, opened, price)?)))
        else {
            break;
        };
        // Who reckons with more asks for more, but for rounding.
        if taker.is_some_and(|(time, ..)| time + 1 < reached) {
            break;
        }
        let time = reached.max(opened + who.reaction);
        let rank = |(time, who, _): (Time, &Contender, Wei)| (time, who.cost, who.number);
        if taker.is_none_or(|best| rank((time, who, price)) < rank(best)) {
            taker = Some((time, who, price));
        }
    }
    take(taker, p.last(opened), stage)
}

/// The first to come is awarded; nobody, if that is too late.
fn take(first: Option<(Time, &Contender, Wei)>, last: Time, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let deadline = stage.case.request.deadline;
    match first.filter(|(time, ..)| *time <= last && *time < deadline) {
        Some((time, who, price)) => {
            stage.now = time;
            stage.bid(who, price, Vec::new())
        }
        None => expire_at(last + 1, stage),
    }
}

/// The tick with which a mechanism gives up.
pub(super) fn expire_at(time: Time, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    stage.now = stage.now.max(time);
    if stage.open() { stage.tick(None) } else { Ok(()) }
}

fn salt(who: &Contender) -> Id {
    let mut salt = [0x5a; 32];
    salt[..4].copy_from_slice(&who.number.to_be_bytes());
    salt
}

pub(super) fn sealed(p: &SealedParams, scene: &Scene<'_>, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let (opened, request) = (stage.case.time, stage.case.request.clone());
    let ceiling = p.reserve(request.max_price);
    let awarded = p.commit_end(opened) + 1;
    let early = |who: &&Contender| opened + who.reaction <= p.commit_end(opened);
    let willing = scene.able(awarded).take_while(early).filter(|who| who.reckoned <= ceiling);
    let mut able: Vec<_> = willing.take(p.bidders.into()).collect();
    if request.deadline <= p.reveal_end(opened) + 1 {
        able.clear();
    }
    let price = |who: &Contender| match p.payment {
        sealed::Payment::FirstPrice => scene.asks(who, able.len(), ceiling),
        sealed::Payment::SecondPrice => Some(who.reckoned),
    };
    let bids: Vec<_> = able.iter().filter_map(|who| Some((*who, price(who)?))).collect();
    let id = stage.id();
    for (who, price) in &bids {
        stage.now = opened + who.reaction;
        stage.bid(who, 0, sealed::commitment(&id, &who.account, *price, &salt(who)).to_vec())?;
    }
    stage.now = awarded;
    for (who, price) in &bids {
        stage.bid(who, *price, salt(who).to_vec())?;
    }
    expire_at(awarded, stage)
}

pub(super) fn scoring(p: &ScoringParams, scene: &Scene<'_>, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let (opened, request) = (stage.case.time, stage.case.request.clone());
    let awarded = p.commit_end(opened) + 1;
    let early = |who: &&Contender| opened + who.reaction <= p.commit_end(opened);
    let mut able: Vec<_> = scene.able(awarded).take_while(early).take(p.bidders.into()).collect();
    if request.deadline <= p.reveal_end(opened) + 1 {
        able.clear();
    }
    let offer = |who: &Contender| {
        let kept = u32::try_from(who.expected + who.expected / 4 + 1).ok()?;
        let promised = kept.max(p.weights.least_promise(&request, 10_000)?).min(request.window);
        let share = p.weights.least_share(&request, promised)?;
        let value = p.weights.value(&request, promised, share);
        let price = match p.payment {
            scoring::Payment::FirstScore => scene.asks(who, able.len(), value)?,
            scoring::Payment::SecondScore => who.reckoned,
        };
        (price <= value).then_some(Offer { price, promised, share })
    };
    let bids: Vec<_> = able.iter().filter_map(|who| Some((*who, offer(who)?))).collect();
    let id = stage.id();
    for (who, offer) in &bids {
        stage.now = opened + who.reaction;
        stage.bid(who, 0, scoring::commitment(&id, &who.account, offer, &salt(who)).to_vec())?;
    }
    stage.now = awarded;
    for (who, offer) in &bids {
        stage.bid(who, offer.price, scoring::reveal_data(offer, &salt(who)))?;
    }
    expire_at(awarded, stage)
}

pub(super) fn rfq(p: &RfqParams, scene: &Scene<'_>, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let max_price = stage.case.request.max_price;
    let panel: Vec<_> = scene.able(stage.now).filter(|who| who.reckoned <= max_price).take(PANEL).collect();
    let asked = panel.iter().filter_map(|who| Some((scene.asks(who, panel.len(), max_price)?, *who)));
    let mut quotes: Vec<_> = asked.collect();
    quotes.sort_by_key(|(price, who)| (*price, who.number));
    let Some(((price, best), others)) = quotes.split_first() else {
        return expire_at(stage.case.time + 1, stage);
    };
    for (price, who) in others.iter().take(p.standbys.into()) {
        stage.bid(who, *price, vec![STANDBY])?;
    }
    stage.bid(best, *price, Vec::new())
}
