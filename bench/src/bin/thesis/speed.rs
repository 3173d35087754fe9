//! How fast requests are played and lanes decided.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, anyhow};
use bourse_sim::qos::chance::Chance;
use bourse_sim::qos::evidence::Ledger;
use bourse_sim::qos::play::Venue;
use bourse_sim::qos::predict::{Futures, Outlook};
use bourse_sim::qos::select::{Candidate, Lane, Pace, decide};
use bourse_sim::qos::supply::Fleet;
use serde_json::{Value, json};

use crate::population::{self, Mix};
use crate::world::rules;

const FUTURES: u32 = 150;
const KIND: usize = 7;

/// As many provers as this, as different from each other as those of a world are.
fn crowd(count: u32) -> Fleet {
    let mut fleet = population::fleet(1);
    let pattern = std::mem::take(&mut fleet.suppliers);
    for number in 1..=count {
        let mut supplier = pattern[number as usize % pattern.len()];
        let mut chance = Chance::new(&[8, number.into()]);
        (supplier.number, supplier.site) = (number, number);
        supplier.account[12..16].copy_from_slice(&number.to_be_bytes());
        supplier.cost *= chance.factor(0.1);
        supplier.speed *= chance.factor(0.1);
        fleet.suppliers.push(supplier);
    }
    fleet
}

/// Milliseconds below which 95 % are.
fn p95(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() * 95 / 100).copied().unwrap_or_default()
}

/// Requests and events played per second on one core.
fn playing() -> Result<Value> {
    let fleet = population::fleet(1);
    let (rules, job) = rules(KIND);
    let (mut requests, mut events, mut seconds) = (0.0, 0.0, 0.0);
    for rule in rules {
        let venue = Venue::new(rule, &fleet, &job).map_err(|refusal| anyhow!("{refusal}"))?;
        let crowds: Vec<_> = (0..400).map(|future| fleet.future(&job, 9, future)).collect();
        let start = Instant::now();
        for (number, crowd) in crowds.iter().enumerate() {
            black_box(venue.play(&job, crowd, number as u64).map_err(|refusal| anyhow!("{refusal}"))?);
        }
        seconds += start.elapsed().as_secs_f64();
        for (number, crowd) in crowds.iter().enumerate() {
            let stage = venue.record(&job, crowd, number as u64).map_err(|refusal| anyhow!("{refusal}"))?;
            events += stage.log.map_or(0, |log| log.len()) as f64;
        }
        requests += crowds.len() as f64;
    }
    Ok(json!({
        "requests_per_second": (requests / seconds).round(),
        "market_events_per_second": (events / seconds).round(),
    }))
}

/// What a decision takes with a thousand provers: once outlooks are there, and with the outlooks.
pub(crate) fn measure() -> Result<Value> {
    let (rules, job) = rules(KIND);
    let fleet = crowd(1_000);
    let start = Instant::now();
    let futures = Futures::new(&fleet, &job, 10, FUTURES);
    let outlooks: Result<Vec<_>, _> =
        rules.into_iter().map(|rule| Outlook::new(rule, &fleet, &job, &futures)).collect();
    let outlooks = outlooks.map_err(|refusal| anyhow!("{refusal}"))?;
    let cold = start.elapsed().as_secs_f64() * 1e3;
    let ledger = Ledger::default();
    let mut times = Vec::new();
    for number in 0..400 {
        let requester = population::requester(1, number, Mix::Diverse);
        let start = Instant::now();
        let numbered = outlooks.iter().enumerate();
        let candidates: Vec<_> = numbered
            .map(|(instance, outlook)| Candidate { instance: instance as u32, family: instance as u32, outlook })
            .collect();
        let lane = Lane { requester: number as u32, ..Lane::default() };
        black_box(decide(&requester.terms, &lane, &candidates, &ledger, &Pace::default()).is_ok());
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(json!({
        "playing": playing()?,
        "provers": 1_000,
        "candidates": outlooks.len(),
        "futures": FUTURES,
        "decision_ms_p95": crate::stats::round(p95(times)),
        "outlooks_ms_once_per_kind_of_request": cold.round(),
    }))
}
