//! Provers as they are believed to be, and what they may turn out to be in one future.

use libm::{ceil, exp};

use super::chance::Chance;
use crate::{Account, Time, Wei};

/// What is known or believed of a prover.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Supplier {
    /// Who it is.
    pub account: Account,
    /// Its number in the market, from 1.
    pub number: u32,
    /// What a million units of work cost it, in the smallest unit of the token.
    pub cost: f64,
    /// Units of work per second.
    pub speed: f64,
    /// Standard deviation of the logarithm of its proving time.
    pub jitter: f64,
    /// Probability that work it took comes to nothing.
    pub failure: f64,
    /// Mean seconds until it answers.
    pub reaction: f64,
    /// Probability that it has no room.
    pub busy: f64,
    /// Its stake, in the stake token.
    pub stake: Wei,
    /// Those of the same site fail together.
    pub site: u32,
}

/// How provers behave beyond their machines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conduct {
    /// Standard deviation of the logarithm of what they ask above their reckoning.
    pub noise: f64,
    /// The factor on what they ask, and on how long they take to answer, under the rules in question.
    pub asks: f64,
    /// See `asks`.
    pub delays: f64,
    /// Probability that a site is down.
    pub outage: f64,
}

impl Default for Conduct {
    fn default() -> Self {
        Self { noise: 0.0, asks: 1.0, delays: 1.0, outage: 0.0 }
    }
}

/// A request as far as provers price it. Amounts in the smallest unit of the token or stake token, times in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Job {
    /// Units of work.
    pub work: u64,
    /// The most that is paid.
    pub max_price: Wei,
    /// The bond of an award.
    pub bond: Wei,
    /// What an awarded prover is given.
    pub window: u32,
    /// From entry to when all is over.
    pub deadline: Time,
    /// The share of reserved capacity that the lane makes use of.
    pub usage: f64,
}

/// A prover in one future.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contender {
    /// Who it is.
    pub account: Account,
    /// Its number in the market.
    pub number: u32,
    /// It has room for one more job.
    pub free: bool,
    /// What the job costs it, and what it reckons with when it asks for a price (if it has room).
    pub cost: Wei,
    /// See `cost`.
    pub reckoned: Wei,
    /// Seconds that the proof should take, and that it will take.
    pub expected: Time,
    /// See `expected`.
    pub length: Time,
    /// Nothing will come of it.
    pub fails: bool,
    /// Seconds until it answers.
    pub reaction: Time,
    /// Its stake.
    pub stake: Wei,
}

/// What provers believe about each other's costs of a job: what costs would lie between if they were equally likely
/// anywhere, by their tenth and ninetieth percentile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Belief {
    /// In the smallest unit of the token.
    pub lowest: Wei,
    /// Above it.
    pub highest: Wei,
}

/// Who could serve, and how they behave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fleet {
    /// In any fixed order.
    pub suppliers: Vec<Supplier>,
    /// See [`Conduct`].
    pub conduct: Conduct,
}

impl Fleet {
    /// The fleet in future number `future` of those that `seed` leads to. The same machine has the same luck in the same future whatever
    /// the rules are.
    pub fn future(&self, job: &Job, seed: u64, future: u64) -> Vec<Contender> {
        let conduct = &self.conduct;
        let down =
            |site: u32| conduct.outage != 0.0 && Chance::new(&[seed, future, 1, site.into()]).happens(conduct.outage);
        let drawn = |supplier: &Supplier| {
            let mut luck = Chance::new(&[seed, future, 2, supplier.number.into()]);
            let free = !luck.happens(supplier.busy);
            let cost = supplier.cost * job.work as f64 / 1e6;
            let expected = job.work as f64 / supplier.speed;
            let length = expected * luck.factor(supplier.jitter);
            let fails = luck.happens(supplier.failure) || down(supplier.site);
            let reaction = supplier.reaction * conduct.delays * (0.5 + 0.5 * luck.exponential());
            // The last of its luck: whoever has no room is not asked for a price.
            let noise = if free && conduct.noise != 0.0 { luck.factor(conduct.noise) } else { 1.0 };
            Contender {
                account: supplier.account,
                number: supplier.number,
                free,
                cost: cost as Wei + 1,
                reckoned: (cost * conduct.asks * noise) as Wei + 1,
                expected: ceil(expected) as Time,
                length: ceil(length) as Time,
                fails,
                reaction: ceil(reaction) as Time,
                stake: supplier.stake,
            }
        };
        self.suppliers.iter().map(drawn).collect()
    }

    /// What a million units of work cost the middle one; 0 without any.
    pub fn usual_cost(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Units of work per second of the middle one.
    pub fn usual_speed(&self) -> Option<f64> {
        let mut speeds: Vec<f64> = self.suppliers.iter().map(|supplier| supplier.speed).collect();
        speeds.sort_by(f64::total_cmp);
        speeds.get(speeds.len() / 2).copied()
    }

    /// What its members believe about the costs of a job.
    pub fn belief(&self, job: &Job) -> Belief {
        let (low, high) = (self.quantile(0.1), self.quantile(0.9));
        let of = |rate: f64| (rate * job.work as f64 / 1e6) as Wei;
        let tail = (high - low) / 8.0;
        Belief { lowest: of((low - tail).max(0.0)), highest: of(high + tail).max(1) }
    }

    /// All stake, and of how many.
    pub fn pool(&self) -> (u128, Wei) {
        (self.suppliers.len() as u128, self.suppliers.iter().map(|supplier| supplier.stake).sum())
    }

    fn quantile(&self, share: f64) -> f64 {
        let mut costs: Vec<f64> = self.suppliers.iter().map(|supplier| supplier.cost).collect();
        costs.sort_by(f64::total_cmp);
        let last = costs.len().saturating_sub(1);
        costs.get((share * last as f64 + 0.5) as usize).copied().unwrap_or_default()
    }
}

/// What is believed of one prover from what was seen of it, shrunk to what such provers usually are: so many observations as `trust` says
/// are needed before it counts for half.
pub fn learned(prior: &Supplier, seen: &Seen, trust: f64) -> Supplier {
    let pull = |prior: f64, sum: f64, count: f64| (trust * prior + sum) / (trust + count);
    let taken = seen.kept + seen.failed;
    Supplier {
        speed: prior.speed * exp(pull(0.0, seen.log_speed, seen.kept)),
        cost: prior.cost * exp(pull(0.0, seen.log_cost, seen.bids)),
        failure: pull(prior.failure, seen.failed, taken),
        busy: pull(prior.busy, seen.busy, seen.looks),
        ..*prior
    }
}

/// What was seen of one prover.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// Awards kept and failed.
    pub kept: f64,
    /// See `kept`.
    pub failed: f64,
    /// Sum over kept awards of the logarithm of the speed delivered, relative to the prior's.
    pub log_speed: f64,
    /// Bids from which a cost could be told, and the sum of the logarithms of those costs relative to the prior's.
    pub bids: f64,
    /// See `bids`.
    pub log_cost: f64,
    /// How often it was looked at, and in how many of them all its slots were taken.
    pub looks: f64,
    /// See `looks`.
    pub busy: f64,
}

/// The cost behind the bid of one of `bidders` in a first-price or reverse Dutch auction, if costs are equally likely anywhere up to
/// `highest`: c = b - (h - b) / (n - 1) (the inversion of Guerre, Perrigne and Vuong, exact for that case). None from one bidder.
pub fn cost_behind(bid: f64, bidders: u32, highest: f64) -> Option<f64> {
    (bidders > 1).then(|| bid - (highest - bid) / f64::from(bidders - 1))
}
