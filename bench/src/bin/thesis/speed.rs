//! How fast requests are played and lanes decided.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, anyhow};
use bourse_sim::qos::chance::Chance;
use bourse_sim::qos::evidence::Ledger;
use bourse_sim::qos::play::Venue;
use bourse_sim::qos::predict::{Futures, Outlook};
use bourse_sim::qos::select::{Lane, Pace, decide, view};
use bourse_sim::qos::sift::{Choice, Finalist, sift};
use bourse_sim::qos::supply::Fleet;
use serde_json::{Value, json};

use crate::past;
use crate::population::{self, Mix};
use crate::stats::{mean, round};
use crate::world::rules;

const FUTURES: u32 = 150;
const PROVERS: u32 = 1_000;
const LANES: u64 = 96;
/// Requests played of each rule, all of this kind.
const PLAYED: u32 = 2_000;
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

/// Milliseconds below which half of them, and 95 %, are.
pub(crate) fn quantiles(mut times: Vec<f64>) -> Value {
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| round(times.get(times.len() * percent / 100).copied().unwrap_or_default());
    json!({ "p50_ms": at(50), "p95_ms": at(95) })
}

pub(crate) fn since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// Requests and events played per second on one core, by family and in all.
fn playing() -> Result<Value> {
    let fleet = population::fleet(1);
    let (rules, job) = rules(KIND);
    let futures = Futures::new(&fleet, &job, 9, PLAYED);
    let mut families: BTreeMap<&str, [f64; 3]> = BTreeMap::new();
    for rule in rules {
        let venue = Venue::new(rule, &fleet, &job).map_err(|refusal| anyhow!("{refusal}"))?;
        let told = (0..PLAYED.into()).map(|number| venue.record(&job, &fleet.future(&job, 9, number), number));
        let told: Result<Vec<_>, _> =
            told.map(|stage| stage.map(|stage| stage.log.map_or(0, |log| log.len()))).collect();
        let events = told.map_err(|refusal| anyhow!("{refusal}"))?.into_iter().sum::<usize>();
        let start = Instant::now();
        let mut outlook = Outlook::unplayed(rule, &job).map_err(|refusal| anyhow!("{refusal}"))?;
        outlook.extend(&venue, &job, &futures).map_err(|refusal| anyhow!("{refusal}"))?;
        black_box(&outlook);
        let sums = families.entry(rule.name()).or_default();
        for (sum, more) in sums.iter_mut().zip([PLAYED.into(), events as f64, start.elapsed().as_secs_f64()]) {
            *sum += more;
        }
    }
    let all = families.values().fold([0.0; 3], |all, one| [all[0] + one[0], all[1] + one[1], all[2] + one[2]]);
    let rate = |[_, events, seconds]: &[f64; 3]| json!((events / seconds).round());
    let by_family: Value = families.iter().map(|(name, sums)| ((*name).to_owned(), rate(sums))).collect();
    Ok(json!({
        "requests_per_second": (all[0] / all[2]).round(),
        "market_events_per_second": rate(&all),
        "market_events_per_second_by_family": by_family,
    }))
}

/// Decisions about lanes of many requesters.
struct Decisions {
    cold: Vec<f64>,
    warm: Vec<f64>,
    lost: Vec<f64>,
    candidates: usize,
}

/// With a thousand provers: among all outlooks of a kind of request once they are there, and from nothing.
fn decisions() -> Result<Decisions> {
    let fleet = crowd(PROVERS);
    let (ledger, pace) = (Ledger::default(), Pace::default());
    let mut all = Decisions { cold: Vec::new(), warm: Vec::new(), lost: Vec::new(), candidates: 0 };
    let mut known: BTreeMap<usize, Vec<Finalist>> = BTreeMap::new();
    for number in 0..LANES {
        let requester = population::requester(1, number, Mix::Diverse);
        let (rules, job) = rules(requester.kind);
        let choices: Vec<_> =
            (0..).zip(rules).map(|(instance, rule)| Choice { instance, family: instance, rule }).collect();
        let lane = Lane { requester: number as u32, ..Lane::default() };
        let outlooks = match known.entry(requester.kind) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let futures = Futures::new(&fleet, &job, 10, FUTURES);
                let played = |choice: &Choice| {
                    let outlook = Outlook::new(choice.rule, &fleet, &job, &futures);
                    outlook.map(|outlook| Finalist { choice: *choice, outlook })
                };
                let played: Result<Vec<_>, _> = choices.iter().map(played).collect();
                place.insert(played.map_err(|refusal| anyhow!("{refusal}"))?)
            }
        };
        let start = Instant::now();
        let candidates: Vec<_> = outlooks.iter().map(Finalist::candidate).collect();
        let among_all = decide(&requester.terms, &lane, &candidates, &ledger, &pace);
        all.warm.push(since(start));

        let start = Instant::now();
        let finalists = sift((&requester.terms, &lane, &ledger), &choices, (&fleet, &job, 10));
        let finalists = finalists.map_err(|refusal| anyhow!("{refusal}"))?;
        let few: Vec<_> = finalists.iter().map(Finalist::candidate).collect();
        let among_few = decide(&requester.terms, &lane, &few, &ledger, &pace);
        all.cold.push(since(start));

        all.candidates = choices.len();
        let worth =
            |instance: u32| view(&requester.terms, &candidates[instance as usize], &ledger, lane.requester).score;
        if let (Ok(best), Ok(taken)) = (among_all, among_few) {
            all.lost.push(worth(best.to) - worth(taken.to));
        }
    }
    Ok(all)
}

/// All of it.
pub(crate) fn measure() -> Result<Value> {
    let Decisions { cold, warm, lost, candidates } = decisions()?;
    let most = lost.iter().copied().fold(0.0, f64::max);
    Ok(json!({
        "playing": playing()?,
        "provers": PROVERS,
        "candidates": candidates,
        "futures": FUTURES,
        "decision_warm": quantiles(warm),
        "decision_cold": quantiles(cold),
        "by_past": past::measure()?,
        "utility_lost_by_sifting": { "mean": round(mean(&lost)), "most": round(most) },
    }))
}
