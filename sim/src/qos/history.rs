//! What became of requests, from nothing but the fold of the market's events.

use super::measure::{Facts, facts};
use super::supply::Job;
use crate::lane::LANE;
use crate::market::{Case, Market, Step};
use crate::{Account, Id, Time};

/// The most that is looked back on of what anybody asked for, and beyond that of one requester's own requests. A decision costs no more after a million
/// requests than after so many.
pub const MEMORY: usize = 2_000;
/// See [`MEMORY`].
pub const OWN: usize = 300;

/// A request that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// Its id.
    pub id: &'a Id,
    /// What the market knows of it.
    pub case: &'a Case,
    /// What was delivered.
    pub facts: Facts,
    /// When it ended, unix seconds.
    pub end: Time,
}

/// What a prover did with an award.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Try {
    /// Who.
    pub prover: Account,
    /// What it was to be paid, in the request's token.
    pub price: u128,
    /// Seconds from the award to the proof; none if it came to nothing.
    pub took: Option<Time>,
}

/// What is looked back on for a lane of `requester`: the last [`MEMORY`] requests that have ended, and the last [`OWN`] of the requester's own even if
/// others have made so many since. In the order in which they ended; what ended in the same second is in the order of its ids: a fold of the same events has the
/// same history, whatever came before.
pub fn past(market: &Market, requester: Account) -> Vec<Past<'_>> {
    let has_ended = |(_, case): &(&Id, &Case)| !case.is_live();
    let own = market.requests_of(requester).rev().filter(has_ended).take(OWN);
    let mut past: Vec<_> = recent(market).chain(own).filter_map(|(id, case)| ended(id, case)).collect();
    past.sort_unstable_by_key(|past| (past.end, past.id));
    past.dedup_by_key(|past| past.id);
    past
}

/// The last [`MEMORY`] requests that have ended, the last one first.
pub fn recent(market: &Market) -> impl Iterator<Item = (&Id, &Case)> {
    market.ended().rev().take(MEMORY)
}

fn ended<'a>(id: &'a Id, case: &'a Case) -> Option<Past<'a>> {
    let facts = facts(case)?;
    let end = case.steps.last().map(|(time, _)| *time)?;
    Some(Past { id, case, facts, end })
}

impl Past<'_> {
    /// The lane it came by.
    pub fn lane(&self) -> Option<u32> {
        lane_of(self.case)
    }

    /// The request as provers priced it.
    pub fn job(&self) -> Job {
        let request = &self.case.request;
        let entered = self.case.steps.first().map_or(0, |(time, _)| *time);
        Job {
            work: request.work,
            max_price: request.max_price,
            bond: request.bond,
            window: request.window,
            deadline: request.deadline.saturating_sub(entered),
            usage: 1.0,
        }
    }

    /// The same with numbers rounded to an eighth of an octave, so that like requests are one job.
    pub fn kind(&self) -> Job {
        let job = self.job();
        Job {
            work: rounded(job.work.into()) as u64,
            max_price: rounded(job.max_price),
            bond: rounded(job.bond),
            deadline: rounded(job.deadline.into()) as Time,
            ..job
        }
    }

    /// What came of its awards. Those that were excused say nothing, nor do proofs in open stages.
    pub fn tries(&self) -> Vec<Try> {
        let mut tries = Vec::new();
        let mut standing = None;
        for (time, step) in &self.case.steps {
            match *step {
                Step::Awarded { prover, price } => standing = Some((prover, price, *time)),
                Step::Failed { .. } => {
                    tries.extend(standing.take().map(|(prover, price, _)| Try { prover, price, took: None }));
                }
                Step::Fulfilled { .. } => tries.extend(standing.take().map(|(prover, price, since)| Try {
                    prover,
                    price,
                    took: Some(time - since),
                })),
                Step::Excused { .. } => standing = None,
                _ => {}
            }
        }
        tries
    }
}

/// The lane by which a request came.
pub fn lane_of(case: &Case) -> Option<u32> {
    let named = case.request.instance;
    (named & LANE != 0).then_some(named ^ LANE)
}

/// Its four highest bits.
pub(super) fn rounded(value: u128) -> u128 {
    let low = (128 - value.leading_zeros()).saturating_sub(4);
    value >> low << low
}
