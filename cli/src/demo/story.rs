//! What came of the demo's second act: each lane's way from instance to instance, what it got there and what that was worth to it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Error, Result};
use bourse_chain::http;
use bourse_chain::read::Token;
use bourse_sim::qos::measure::facts;
use bourse_sim::qos::onchain::PER;
use bourse_sim::qos::predict::{delivery, traits};
use bourse_sim::qos::utility::{Delivery, contributions};
use bourse_sim::{Account, Time, Wei};
use serde_json::{Value, json};

use super::board::Board;
use super::lanes::{Cue, LANE, Order, REQUESTS, SLOW};
use super::setup::Cast;
use crate::amount;
use crate::output::Output;
use crate::past::Past;
use crate::record::Record;
use crate::session::Session;

/// Seconds that the lanes give a request.
const LATEST: f64 = 180.0;
/// How long the keeper may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is seen of the act.
#[derive(Debug)]
pub struct Story {
    orders: Vec<Order>,
    /// By order.
    made: Vec<Vec<Record>>,
    /// When the prover slowed down.
    slow: Option<Time>,
}

/// Requests of a lane that entered the same instance one after the other, in the same circumstances.
#[derive(Clone, Debug)]
pub struct Leg {
    /// An index of the orders.
    order: usize,
    /// Where they entered.
    pub instance: u32,
    /// The prover was slow.
    pub slow: bool,
    /// What was delivered.
    deliveries: Vec<Delivery>,
    /// What it was worth.
    pub utility: f64,
    /// What made a keeper lead the lane there; none if its requester did.
    pub why: Option<String>,
}

impl Story {
    /// Before its first request.
    pub fn new(orders: Vec<Order>) -> Self {
        Self { made: vec![Vec::new(); orders.len()], orders, slow: None }
    }

    /// Takes in a cue at `now`.
    pub fn heed(&mut self, cue: Cue, now: Time) {
        match cue {
            Cue::Made(order, record) => self.made[order].push(*record),
            Cue::Slow => self.slow = Some(now),
            Cue::Mandate => {}
        }
    }

    /// The prover is slow.
    pub fn is_slow(&self) -> bool {
        self.slow.is_some()
    }

    /// All requests have been made and have ended.
    pub fn is_over(&self, board: &Board) -> bool {
        let ended = |record: &Record| board.journeys.get(&record.id).is_some_and(|journey| journey.end.is_some());
        self.made.iter().all(|made| made.len() as u64 == REQUESTS && made.iter().all(ended))
    }

    /// What came of it, lane by lane, from the chain; the reasons from the keeper at `keeper`.
    ///
    /// # Errors
    /// If one of the two does not answer.
    pub async fn legs(&self, session: &Session, cast: &Cast, keeper: &str) -> Result<Vec<Leg>> {
        let past = Past::read(session).await?;
        let (market, mut legs) = (past.present()?, Vec::new());
        for (order, made) in self.made.iter().enumerate() {
            let key = (self.orders[order].secret(cast)?.key.address(), LANE);
            let lane = market.lanes().get(&key).context("a lane")?;
            let mut own: Vec<Leg> = Vec::new();
            for case in made.iter().filter_map(|record| market.request(&record.id)) {
                let (Some(facts), Some((entered, _))) = (facts(case), case.steps.first()) else { continue };
                let winner = facts.winner.and_then(|winner| market.prover(&winner)).map_or(0, |prover| prover.number);
                let (instance, slow) = (case.entered.0, self.slow.is_some_and(|since| since <= *entered));
                match own.last_mut().filter(|leg| (leg.instance, leg.slow) == (instance, slow)) {
                    Some(leg) => leg.deliveries.push(delivery(&facts, winner)),
                    None => {
                        let before = own.last().map(|leg| leg.instance);
                        let moved = before.is_some_and(|before| before != instance);
                        let why = if moved { reason(keeper, key, instance).await? } else { None };
                        let deliveries = vec![delivery(&facts, winner)];
                        own.push(Leg { order, instance, slow, deliveries, utility: 0.0, why });
                    }
                }
            }
            for leg in &mut own {
                let traits = traits(&leg.deliveries, 0);
                leg.utility = contributions(&(&lane.terms).into(), &traits, &leg.deliveries, None).iter().sum();
            }
            legs.extend(own);
        }
        Ok(legs)
    }

    /// What is checked of it.
    pub fn checks(&self, legs: &[Leg]) -> Vec<(String, bool)> {
        let last: BTreeMap<usize, u32> = legs.iter().map(|leg| (leg.order, leg.instance)).collect();
        let apart = last.values().collect::<BTreeSet<_>>().len() > 1;
        let moved = legs.iter().any(|leg| leg.why.is_some());
        let proven = legs.iter().flat_map(|leg| &leg.deliveries).filter(|delivery| delivery.done);
        let within = proven.clone().all(|delivery| delivery.time <= LATEST);
        vec![
            (format!("{} lanes began as one, and a keeper led them apart", self.orders.len()), moved && apart),
            (format!("{} proofs on lanes, none beyond its limits", proven.count()), within),
        ]
    }

    /// What each lane wished and got.
    pub fn table(&self, out: Output, board: &Board, coin: &Token, legs: &[Leg]) -> String {
        let head = ["lane of", "wished", "led to", "requests", "paid", "time", "proven", "utility", "because"];
        let rows = legs.iter().map(|leg| {
            let order = &self.orders[leg.order];
            let traits = traits(&leg.deliveries, 0);
            let done = leg.deliveries.iter().filter(|delivery| delivery.done).count();
            let slow = if leg.slow { format!(", {SLOW} slow") } else { String::new() };
            vec![
                order.requester.clone(),
                order.wish.clone(),
                format!("{}{slow}", board.instance(leg.instance)),
                leg.deliveries.len().to_string(),
                amount::rough((traits.price * order.terms.work as f64 / PER) as Wei, coin),
                format!("{:.1} s", traits.time),
                format!("{done} of {}", leg.deliveries.len()),
                format!("{:.3}", leg.utility),
                leg.why.clone().unwrap_or_default(),
            ]
        });
        out.table(&head, rows)
    }

    /// The same for programs.
    pub fn json(&self, board: &Board, legs: &[Leg]) -> Value {
        let legs = legs.iter().map(|leg| {
            let (order, traits) = (&self.orders[leg.order], traits(&leg.deliveries, 0));
            json!({
                "requester": order.requester, "wish": order.wish, "instance": board.instance(leg.instance),
                "slow": leg.slow, "requests": leg.deliveries.len(), "price": traits.price, "seconds": traits.time,
                "utility": leg.utility, "why": leg.why,
            })
        });
        legs.collect()
    }
}

/// Why the keeper led a lane to an instance, in its words.
async fn reason(keeper: &str, (requester, lane): (Account, u32), instance: u32) -> Result<Option<String>> {
    let url = format!("{keeper}/v1/lanes/{}/{lane}", amount::address(requester));
    let answer = http::client(keeper, PATIENCE).map_err(Error::msg)?.get(url).send().await?;
    let told: Value = answer.json().await?;
    let verdicts = told["verdicts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let there = verdicts.iter().find(|verdict| verdict["instance"] == instance && verdict["from"] != instance);
    Ok(there.map(|verdict| {
        let gains = verdict["gains"].as_object();
        let mut gains: Vec<_> =
            gains.into_iter().flatten().filter_map(|(name, gain)| Some((name, gain.as_f64()?))).collect();
        gains.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let parts: Vec<_> = gains.into_iter().take(2).map(|(name, gain)| format!("{name} {gain:+.2}")).collect();
        format!("{}: {}", verdict["reason"].as_str().unwrap_or_default(), parts.join(", "))
    }))
}
