//! What an instance would deliver: the mechanism's twin, played over plausible futures of the provers, and corrected by what was learned
//! where the twin was wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use libm::{exp, log};

use super::crowd::Crowd;
use super::evidence::{Correction, Origin, Residual};
use super::measure::{Facts, facts};
use super::play::{Rule, Venue};
use super::supply::{Fleet, Job};
use super::utility::{Delivery, Traits, concentration};
use crate::Account;
use crate::ask::{CAP_SINGLE_RECIPIENT, Envelope, Refusal};
use crate::request::Request;

/// Completion evidence of a requester's own is held against so many requests of everybody's: a lucky run must not override what
/// hundreds have seen (THEORY.md 3.3).
const OWN: f64 = 300.0;

/// The same futures for every rule that is compared.
pub struct Futures {
    seed: u64,
    accounts: Arc<[Account]>,
    crowds: Vec<Crowd>,
}

impl Futures {
    /// `count` of them, of those that `seed` leads to.
    pub fn new(fleet: &Fleet, job: &Job, seed: u64, count: u32) -> Self {
        let accounts = fleet.suppliers.iter().map(|supplier| supplier.account).collect();
        let mut futures = Self { seed, accounts, crowds: Vec::new() };
        futures.extend(fleet, job, count);
        futures
    }

    /// More of the same, up to `count`.
    pub fn extend(&mut self, fleet: &Fleet, job: &Job, count: u32) {
        let more = self.crowds.len() as u64..count.into();
        self.crowds.extend(more.map(|future| Crowd::of(fleet.future(job, self.seed, future), &self.accounts)));
    }
}

/// What an instance is expected to deliver for a kind of request.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlook {
    /// Its rule.
    pub rule: Rule,
    /// The worst that can happen, by the mechanism's own word.
    pub envelope: Envelope,
    /// Units of work of such a request.
    pub work: u64,
    /// The bond that it names, in the stake token.
    pub bond: u128,
    /// A delivery for each future.
    pub deliveries: Vec<Delivery>,
    /// What they have in common.
    pub traits: Traits,
    /// The share of them that came to a proof.
    pub done: f64,
}

impl Outlook {
    /// Plays `job` under `rule` in each of the futures.
    ///
    /// # Errors
    /// If the parameters do not pass the mechanism's check.
    pub fn new(rule: Rule, fleet: &Fleet, job: &Job, futures: &Futures) -> Result<Self, Refusal> {
        let mut outlook = Self::unplayed(rule, job)?;
        outlook.extend(&Venue::new(rule, fleet, job)?, job, futures)?;
        Ok(outlook)
    }

    /// What the mechanism itself says, before any future is played.
    ///
    /// # Errors
    /// If the parameters do not pass the mechanism's check.
    pub fn unplayed(rule: Rule, job: &Job) -> Result<Self, Refusal> {
        let request = Request {
            work: job.work,
            max_price: job.max_price,
            bond: job.bond,
            window: job.window,
            deadline: job.deadline,
            ..Request::default()
        };
        let envelope = rule.mechanism()?.envelope(&rule.params(), &request)?;
        let (deliveries, traits) = (Vec::new(), traits(&[], envelope.capabilities));
        Ok(Self { rule, envelope, work: job.work, bond: job.bond, deliveries, traits, done: 0.0 })
    }

    /// Plays, at its own `venue`, those of the futures that it has not played yet.
    ///
    /// # Errors
    /// As for [`Venue::play`].
    pub fn extend(&mut self, venue: &Venue, job: &Job, futures: &Futures) -> Result<(), Refusal> {
        for (future, crowd) in futures.crowds.iter().enumerate().skip(self.deliveries.len()) {
            let facts = facts(&venue.play_among(job, crowd, future as u64)?).ok_or(Refusal::Malformed)?;
            let winner = facts.winner.and_then(|winner| crowd.find(&winner)).map_or(0, |winner| winner.number);
            self.deliveries.push(delivery(&facts, winner));
        }
        self.traits = traits(&self.deliveries, self.envelope.capabilities);
        let made = self.deliveries.iter().filter(|delivery| delivery.done).count();
        self.done = made as f64 / self.deliveries.len().max(1) as f64;
        Ok(())
    }

    /// The same as the evidence has it: prices and times scaled, `doubt` standard deviations to the worse side (0 for the mean). What is
    /// promised to the requester stays the mean.
    pub fn corrected(&self, correction: &Correction, doubt: f64) -> (Vec<Delivery>, Traits) {
        let [price, time] = [0, 1].map(|metric| exp(correction.mean[metric] + doubt * correction.sd[metric]));
        let scaled = |delivery: &Delivery| {
            let time = if delivery.done { delivery.time * time } else { delivery.time };
            Delivery { price: delivery.price * price, time, ..*delivery }
        };
        let [said_price, said_time] = [0, 1].map(|metric| exp(correction.mean[metric]));
        let traits =
            Traits { price: self.traits.price * said_price, time: self.traits.time * said_time, ..self.traits };
        (self.deliveries.iter().map(scaled).collect(), traits)
    }

    /// The probability of a proof as the evidence has it: everybody's, and a little of the requester's `own` (how many, and the sum of
    /// their residuals).
    pub fn probability(&self, correction: &Correction, doubt: f64, own: (f64, f64)) -> f64 {
        let pooled = self.done + correction.mean[2] - doubt * correction.sd[2];
        (pooled + own.1 / (OWN + own.0)).clamp(0.0, 1.0)
    }

    /// How far a delivery was from what was foretold.
    pub fn residual(&self, delivery: &Delivery) -> Residual {
        let ratio = |have: f64, said: f64| (delivery.done && have > 0.0 && said > 0.0).then(|| log(have / said));
        let done = f64::from(u8::from(delivery.done)) - self.done;
        Residual {
            of: [
                ratio(delivery.price, self.geometric(|d| d.price)),
                ratio(delivery.time, self.geometric(|d| d.time)),
                Some(done),
            ],
        }
    }

    /// The geometric mean over what was delivered: what the mean of logarithms is held against.
    fn geometric(&self, of: fn(&Delivery) -> f64) -> f64 {
        let logs: Vec<f64> =
            self.deliveries.iter().filter(|d| d.done && of(d) > 0.0).map(|delivery| log(of(delivery))).collect();
        if logs.is_empty() { 0.0 } else { exp(logs.iter().sum::<f64>() / logs.len() as f64) }
    }
}

/// A request's facts as a delivery, won by number `winner`.
pub fn delivery(facts: &Facts, winner: u32) -> Delivery {
    Delivery { done: facts.done, price: facts.rate(), time: facts.time as f64, winner }
}

/// Whose observation a delivery is.
pub fn origin(requester: u32, family: u32, instance: u32, delivery: &Delivery) -> Origin {
    Origin { requester, winner: delivery.winner, family, instance }
}

/// What deliveries under rules with these capabilities have in common.
pub fn traits(deliveries: &[Delivery], capabilities: u32) -> Traits {
    let done: Vec<&Delivery> = deliveries.iter().filter(|delivery| delivery.done).collect();
    let mean = |of: fn(&Delivery) -> f64| done.iter().map(|d| of(d)).sum::<f64>() / done.len().max(1) as f64;
    let mut wins = BTreeMap::new();
    for delivery in &done {
        *wins.entry(delivery.winner).or_insert(0_u32) += 1;
    }
    let (provers, top) = concentration(&wins.into_values().collect::<Vec<_>>());
    let private = capabilities & CAP_SINGLE_RECIPIENT != 0;
    Traits { price: mean(|delivery| delivery.price), time: mean(|delivery| delivery.time), provers, top, private }
}
