//! What a lane's own past would have been like under other rules: its requests, one after the other, played with the provers as they were
//! believed to be when each entered. The same for the rules that they were really under says how far such a replay is to be trusted.

use std::collections::BTreeMap;

use super::belief::fleet;
use super::history::{Past, past};
use super::measure::Facts;
use super::play::Rule;
use super::predict::{Futures, Outlook, delivery, traits};
use super::survey::rule_of;
use super::terms::Terms;
use super::utility::{Delivery, contributions};
use crate::Account;
use crate::market::{Lane, Market};

/// The most requests that are played, and futures of each.
pub const REQUESTS: usize = 300;
const FUTURES: u32 = 64;
const SEED: u64 = 0x7768_6174_6966;

/// A mean and where nine of ten futures lie.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Band {
    /// The mean.
    pub mean: f64,
    /// The fifth and the ninety-fifth percentile.
    pub low: f64,
    /// See `low`.
    pub high: f64,
}

/// What a lane's requests got, or would have got.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Course {
    /// How many requests.
    pub requests: usize,
    /// Paid for a million units of work by those that had a proof, in the smallest unit of the token.
    pub price: Band,
    /// Seconds until their proofs.
    pub time: Band,
    /// Share without a proof.
    pub missed: Band,
    /// By the lane's terms as they are now.
    pub utility: Band,
}

/// What happened to a lane's requests; where its requester was at fault, they do not count. None if there was nothing yet.
pub fn happened(market: &Market, key: (Account, u32)) -> Option<Course> {
    let lane = market.lanes().get(&key)?;
    let history = past(market, key.0);
    let own: Vec<Delivery> = own(&history, key).map(|(_, past)| delivered(market, &past.facts)).collect();
    let sum = Sum::of(&Terms::from(&lane.terms), &own, 0)?;
    let known = |value| Band { mean: value, low: value, high: value };
    Some(Course {
        requests: own.len(),
        price: known(sum.price),
        time: known(sum.time),
        missed: known(sum.missed),
        utility: known(sum.utility),
    })
}

/// What would have happened under `rule`; none if nothing is to be played.
pub fn under(market: &Market, names: &BTreeMap<Account, String>, key: (Account, u32), rule: Rule) -> Option<Course> {
    replay(market, names, key, |_| Some(rule))
}

/// The replay of what really happened, under the rules that each request entered by: to be held against [`happened`].
pub fn again(market: &Market, names: &BTreeMap<Account, String>, key: (Account, u32)) -> Option<Course> {
    replay(market, names, key, |past| {
        let (instance, version) = past.case.entered;
        rule_of(names, market.instances().get(&instance)?.config(version)?, &past.job())
    })
}

fn replay(
    market: &Market,
    names: &BTreeMap<Account, String>,
    key: (Account, u32),
    rule: impl Fn(&Past<'_>) -> Option<Rule>,
) -> Option<Course> {
    let lane = market.lanes().get(&key)?;
    let history = past(market, key.0);
    let mut futures: Vec<Vec<Delivery>> = vec![Vec::new(); FUTURES as usize];
    let (mut requests, mut capabilities) = (0, u32::MAX);
    let all: Vec<_> = own(&history, key).collect();
    for (number, past) in all.iter().skip(all.len().saturating_sub(REQUESTS)) {
        let Some(outlook) =
            rule(past).and_then(|rule| play((market, names), (lane, key.0), &history, past, rule, *number as u64))
        else {
            continue;
        };
        requests += 1;
        capabilities &= outlook.envelope.capabilities;
        futures.iter_mut().zip(outlook.deliveries).for_each(|(future, delivery)| future.push(delivery));
    }
    let terms = Terms::from(&lane.terms);
    let sums: Vec<Sum> = futures.iter().filter_map(|future| Sum::of(&terms, future, capabilities)).collect();
    let band = |of: fn(&Sum) -> f64| Band::of(sums.iter().map(of).collect());
    // A future without any proof has no price.
    let proven = |of: fn(&Sum) -> f64| Band::of(sums.iter().filter(|sum| sum.missed < 1.0).map(of).collect());
    (requests > 0).then(|| Course {
        requests,
        price: proven(|sum| sum.price),
        time: proven(|sum| sum.time),
        missed: band(|sum| sum.missed),
        utility: band(|sum| sum.utility),
    })
}

/// Plays a request as it entered, with what was known by then.
fn play(
    (market, names): (&Market, &BTreeMap<Account, String>),
    whose: (&Lane, Account),
    history: &[Past<'_>],
    past: &Past<'_>,
    rule: Rule,
    number: u64,
) -> Option<Outlook> {
    let entered = past.case.steps.first().map_or(0, |(time, _)| *time);
    let known = history.partition_point(|other| other.end <= entered);
    let (fleet, job) = (fleet(market, names, whose, history.get(..known)?), past.job());
    let futures = Futures::new(&fleet, &job, SEED ^ number, FUTURES);
    Outlook::new(rule, &fleet, &job, &futures).ok()
}

fn own<'a>(
    history: &'a [Past<'a>],
    (requester, number): (Account, u32),
) -> impl Iterator<Item = (usize, &'a Past<'a>)> {
    let of_lane = move |past: &Past<'_>| past.case.request.requester == requester && past.lane() == Some(number);
    history.iter().enumerate().filter(move |(_, past)| of_lane(past) && !past.facts.own_fault)
}

fn delivered(market: &Market, facts: &Facts) -> Delivery {
    let winner = facts.winner.and_then(|winner| market.prover(&winner));
    delivery(facts, winner.map_or(0, |prover| prover.number))
}

/// Sums over one course of things.
struct Sum {
    price: f64,
    time: f64,
    missed: f64,
    utility: f64,
}

impl Sum {
    fn of(terms: &Terms, deliveries: &[Delivery], capabilities: u32) -> Option<Self> {
        let done = deliveries.iter().filter(|delivery| delivery.done).count();
        let traits = traits(deliveries, capabilities);
        (!deliveries.is_empty()).then(|| Self {
            price: traits.price,
            time: traits.time,
            missed: 1.0 - done as f64 / deliveries.len() as f64,
            utility: contributions(terms, &traits, deliveries, None).iter().sum(),
        })
    }
}

impl Band {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let last = values.len().saturating_sub(1);
            values.get((share * last as f64 + 0.5) as usize).copied().unwrap_or_default()
        };
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        Self { mean, low: at(0.05), high: at(0.95) }
    }
}
