//! Rules under which provers have bid for an instance before there is a request.

use super::Scene;
use super::auctions::expire_at;
use crate::ask::{Refusal, Status};
use crate::market::Ticket;
use crate::mechanisms::Mechanism;
use crate::mechanisms::reserved::{Contract, Reserved, ReservedParams};
use crate::mechanisms::sortition::{Drawing, Enrolment, SortitionParams};
use crate::qos::stage::{START, Stage};
use crate::qos::supply::{Contender, Fleet, Job, Supplier};
use crate::{Account, Id, Time, Wei};

/// What an idle machine costs, as a share of what a working one does.
const IDLE: f64 = 0.6;

type Standing = (Vec<Id>, Vec<(Account, Ticket)>);

/// Everybody has half of its stake in the pool, or as much as the pool takes; who has too little for it stays out.
pub(super) fn enrolled(p: &SortitionParams, fleet: &Fleet) -> Standing {
    let tag = Enrolment { block: START - 1, leaves: 0 }.tag();
    let deposit = |supplier: &Supplier| (supplier.stake / 2).min(p.max_deposit);
    let members = fleet.suppliers.iter().filter(|who| p.min_deposit <= deposit(who));
    let mut seats: Vec<_> = members.map(|who| (who.account, Ticket { amount: deposit(who), tag })).collect();
    seats.sort_unstable_by_key(|(account, _)| *account);
    let total: Wei = seats.iter().map(|(_, ticket)| ticket.amount).sum();
    let mut pool = Id::default();
    pool[..16].copy_from_slice(&(seats.len() as u128).to_be_bytes());
    pool[16..].copy_from_slice(&total.to_be_bytes());
    (vec![pool], seats)
}

/// The contract is offered, and whoever would keep capacity for less goes below, until nobody would.
pub(super) fn offered(p: &ReservedParams, fleet: &Fleet, job: &Job) -> Result<Standing, Refusal> {
    let params = p.encode();
    let shape = Reserved.check(&params)?;
    let mut stage = Stage::enter(&Reserved, (&params, shape), &[], job, Id::default());
    stage.case.status = Status::None;
    stage.now = START - Time::from(p.offering) - 1;
    let crowd = fleet.future(&Job { bond: p.deposit, ..*job }, 0, 0);
    let able = |who: &&Contender| who.expected <= p.window(job.work) && p.deposit <= who.stake;
    let idle = 1.0 + IDLE * (1.0 / job.usage.max(0.05) - 1.0);
    let asks = |who: &Contender| (who.cost as f64 * fleet.conduct.asks * idle * 1e6 / job.work as f64) as Wei;
    let mut bidders: Vec<_> = crowd.iter().filter(able).map(|who| (asks(who), who)).collect();
    bidders.sort_by_key(|(ask, who)| (std::cmp::Reverse(*ask), who.number));
    loop {
        let mut moved = false;
        for (ask, who) in &bidders {
            let contract = Contract::at(p, stage.shared(), stage.now).ok_or(Refusal::Malformed)?;
            if contract.bids.iter().flatten().any(|bid| bid.prover == who.account) {
                continue;
            }
            if let Some((most, _)) = p.most(&contract, &who.account).filter(|(most, _)| ask <= most) {
                stage.bid(who, most, Vec::new())?;
                moved = true;
            }
        }
        if !moved {
            return Ok((stage.shared().to_vec(), stage.seats.into_owned()));
        }
    }
}

/// Whoever can takes its turn as soon as that comes; the lowest lot of those who did is awarded.
pub(super) fn sortition(p: &SortitionParams, scene: &Scene<'_>, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let (opened, request) = (stage.case.time, stage.case.request.clone());
    stage.now = opened + Time::from(p.distance) + 1;
    let drawing = Drawing::read(&stage.case.words).ok_or(Refusal::Malformed)?;
    let Some(beacon) = stage.beacon() else { return Err(Refusal::Malformed) };
    let price = p.price(&request);
    let mut turns = Vec::new();
    let fit = scene.fit(stage.now);
    let willing = |who: &Contender| who.reckoned <= price && p.claim(request.bond) <= who.stake / 2 && fit(&who);
    for (who, lot) in scene.crowd.drawn(&beacon, &stage.id(), willing) {
        let Some(seat) = stage.seat(&who.account) else { continue };
        let key = p.weighed(lot, seat.amount);
        let turn = opened + p.turn(key, drawing.total).max(who.reaction);
        turns.push((turn.max(stage.now), key, who));
    }
    turns.sort_by_key(|(time, key, _)| (*time, *key));
    for (time, _, who) in turns {
        let last = Drawing::read(&stage.case.words).map_or(0, |drawing| drawing.last);
        if last < time {
            break;
        }
        stage.now = time;
        match stage.bid(who, 0, Vec::new()) {
            // All places are taken by lower lots.
            Ok(()) | Err(Refusal::Unacceptable { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    let last = Drawing::read(&stage.case.words).map_or(0, |drawing| drawing.last);
    expire_at(last + 1, stage)
}
