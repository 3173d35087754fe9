//! Standing bids: on an instance itself, whose rule awards requests under it from then on without asking again. Who bids cannot look at
//! those requests, so it stands only where it trusts who may ask and proves for every verifier that is admitted; and what such a
//! bid promises (bonds, places, time) is kept free from all other bids for as long as it stands.

use std::time::Duration;

use bourse_sim::{Account, BPS, Id, Time, Wei, market::Ticket, mechanisms::standing};

use super::{Bidder, Reason, Rule, batch, capacity::Load, cost::plus, reserved, seat};

const RATE_UNIT: Wei = 1_000_000;

/// An instance that can be bid on itself, as this prover finds it.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// How its requests are allocated, and the same as the contract takes it.
    pub rule: Rule,
    /// See `rule`.
    pub params: &'a [u8],
    /// What it keeps.
    pub shared: &'a [Id],
    /// This prover's deposit on it.
    pub ticket: Option<Ticket>,
    /// Awards under it that this prover has not delivered yet.
    pub awards: u16,
    /// Whether this prover lets its requests bind it: only those it trusts can ask, or it says that it trusts all.
    pub trusted: bool,
    /// Whether backends prove for all verifiers that it admits.
    pub served: bool,
    /// Whether this prover wants to be rid of it, whatever it pays.
    pub leaving: bool,
    /// The most that may be deposited on it, in the stake token.
    pub allowance: Wei,
    /// What is expected of its requests.
    pub demand: Demand,
}

/// What is expected of requests under an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Units of work of a usual one; 0 for the largest that the rule admits.
    pub work: u64,
    /// Seconds from one to the next.
    pub every: Time,
    /// The share of what is kept free that will be asked for and paid, in basis points.
    pub utilisation_bps: u32,
}

/// What to do about an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing now.
    Stay,
    /// Bid on it.
    Bid(Stand),
    /// Give notice.
    Leave(Stand),
}

/// A bid on an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stand {
    /// In the rule's own unit.
    pub price: Wei,
    /// The most that is deposited, in the stake token.
    pub deposit: Wei,
    /// The rule's own.
    pub data: Vec<u8>,
    /// Of no use after it; unix seconds.
    pub until: Time,
    /// What has to be kept free beside the deposit.
    pub reserve: Reserve,
}

/// What is kept free for requests that an instance may award without asking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reserve {
    /// Stake for their bonds, in the stake token.
    pub stake: Wei,
    /// Awards.
    pub places: u16,
    /// Their proofs.
    pub loads: Vec<Load>,
}

/// What a rule lets requests ask of whoever stands for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Duty {
    /// So many of them at once, and one more after so many seconds.
    pub burst: u16,
    /// See `burst`.
    pub refill: u32,
    /// The most work of one.
    pub work: u64,
    /// Its largest bond, in the stake token.
    pub bond: Wei,
    /// The least seconds for its proof.
    pub window: Time,
    /// What stands for all of it, in the stake token.
    pub deposit: Wei,
}

impl Place<'_> {
    /// The work by which the capacity for its requests is reckoned.
    pub fn largest(&self) -> u64 {
        match &self.rule {
            Rule::Seat(params) => params.max_work,
            Rule::Reserved(params) => params.max_work,
            Rule::Batch(params) => params.work,
            _ => self.demand.work,
        }
    }

    /// What the deposit that stands on it has this prover keep free, if a proof of the largest request takes `length`.
    pub fn reserve(&self, bidder: &Account, length: Duration, now: Time) -> Reserve {
        match (&self.rule, &self.ticket) {
            (Rule::Seat(params), Some(_)) => seat::reserve(params, self, bidder, length, now),
            (Rule::Reserved(params), Some(_)) => reserved::reserve(params, self, bidder, length, now),
            (Rule::Batch(params), Some(ticket)) => batch::reserve(params, ticket, length, now),
            _ => Reserve::default(),
        }
    }

    /// Whether requests under it may bind this prover unseen.
    pub(super) fn require_trust(&self) -> Result<(), Reason> {
        match (self.served, self.trusted) {
            (false, _) => Err(Reason::Verifiers),
            (_, false) => Err(Reason::Strangers),
            _ => Ok(()),
        }
    }

    pub(super) fn require_allowance(&self, deposit: Wei) -> Result<(), Reason> {
        let have = self.allowance;
        if deposit <= have { Ok(()) } else { Err(Reason::Allowance { have, want: deposit }) }
    }

    /// The work of a usual request, of which the largest has `most`.
    pub(super) fn usual(&self, most: u64) -> u64 {
        if self.demand.work == 0 { most } else { self.demand.work.min(most) }
    }

    /// The least rate for a million units of work, on top of `base`, at which a usual request pays what it costs and `margin_bps` of that if
    /// `share_bps` of all is asked for, and at which the largest pays the declared floor.
    pub(super) fn least_rate(
        &self,
        bidder: &Bidder<'_>,
        base: Wei,
        most: u64,
        margin_bps: u32,
        share_bps: u32,
    ) -> Result<Wei, Reason> {
        let work = self.usual(most);
        let cost = plus(bidder.ask_for(work)?.cost, margin_bps);
        let paid = cost.saturating_mul(BPS).div_ceil(Wei::from(share_bps).max(1));
        let floor = bidder.ask_for(most)?.floor;
        Ok(rate(base, paid, work).max(rate(base, floor, most)))
    }
}

impl Reserve {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.stake = self.stake.saturating_add(other.stake);
        self.places = self.places.saturating_add(other.places);
        self.loads.extend(other.loads);
    }
}

impl Duty {
    /// What `count` requests ask that come at `from` (unix seconds).
    pub(super) fn reserve(&self, count: u16, from: Time, length: Duration) -> Reserve {
        let load = Load { release: from, length, due: from.saturating_add(self.window) };
        Reserve { stake: self.bond.saturating_mul(count.into()), places: count, loads: vec![load; count.into()] }
    }

    /// Whether `bidder` can do all of it from `from` on; and what it has to keep free for that.
    pub(super) fn require(&self, bidder: &Bidder<'_>, from: Time, now: Time) -> Result<Reserve, Reason> {
        bidder.require_bond(self.bond)?;
        if bidder.seats <= self.burst {
            return Err(Reason::Seats);
        }
        let reserve = self.reserve(self.burst, from, bidder.length);
        bidder.require_stake(self.deposit.saturating_add(reserve.stake))?;
        bidder.require_throughput(self.work, self.window)?;
        bidder.schedule.admit_all(&reserve.loads, now).map_err(Reason::Late)?;
        let parallel = u32::try_from(bidder.schedule.parallel.max(1)).unwrap_or(u32::MAX);
        if Duration::from_secs(self.refill.into()).saturating_mul(parallel) < bidder.length {
            return Err(Reason::Pace { length: bidder.length, every: self.refill.into() });
        }
        Ok(reserve)
    }
}

/// The least rate at which `work` (at least 1) pays `want`.
fn rate(base: Wei, want: Wei, work: u64) -> Wei {
    let work = work.max(1);
    let rate = want.saturating_sub(base).saturating_mul(RATE_UNIT).div_ceil(work.into());
    debug_assert!(standing::price(base, rate, work).is_none_or(|price| want <= price));
    rate
}
