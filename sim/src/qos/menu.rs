//! What can be chosen from for a kind of work: each family with a few settings of its parameters, in proportion to what that work usually
//! costs and takes. The first of each family is what its page recommends; the others are where tuning can lead.

use super::play::Rule;
use super::supply::Job;
use crate::mechanisms::committee::CommitteeParams;
use crate::mechanisms::dutch::DutchParams;
use crate::mechanisms::posted::PostedParams;
use crate::mechanisms::race::RaceParams;
use crate::mechanisms::reserved::ReservedParams;
use crate::mechanisms::rfq::RfqParams;
use crate::mechanisms::scoring::{self, ScoringParams, Weights};
use crate::mechanisms::sealed::{self, SealedParams};
use crate::mechanisms::sortition::SortitionParams;
use crate::qos::terms::Usual;
use crate::{Bps, Wei};

/// What a deposit is at least; the smallest there is.
const FLOOR: Wei = 1;

/// Rules for requests like `job`, where work is usually like that. In the same order for every job.
pub fn menu(usual: Usual, job: &Job) -> Vec<Rule> {
    let scale = Scale { usual, job };
    let mut rules = Vec::new();
    rules.extend([1.35, 1.1, 1.7].map(|rate| scale.posted(rate)));
    rules.extend([(2_000, 0.5), (1_000, 0.15), (4_000, 0.3), (0, 1.0)].map(|(start, ramp)| scale.dutch(start, ramp)));
    rules.extend(
        [(0.2, 1, 10_000), (0.08, 1, 10_000), (0.5, 2, 10_000), (0.2, 1, 7_500)]
            .map(|(commit, standbys, reserve)| scale.sealed(sealed::Payment::FirstPrice, commit, standbys, reserve)),
    );
    rules.extend(
        [(0.2, 1, 10_000), (0.2, 1, 7_500)]
            .map(|(commit, standbys, reserve)| scale.sealed(sealed::Payment::SecondPrice, commit, standbys, reserve)),
    );
    rules.extend(
        [(0.2, 3_000, 1), (0.1, 5_000, 1), (0.2, 1_500, 0)]
            .map(|(commit, time, standbys)| scale.scoring(commit, time, standbys)),
    );
    rules
        .extend([(1, 10_000), (1, 6_500), (1, 4_500), (2, 8_000)].map(|(winners, bounty)| scale.race(winners, bounty)));
    rules.extend([(1.5, 2), (1.25, 2), (1.5, 0), (1.8, 4)].map(|(rate, backups)| scale.sortition(rate, backups)));
    rules.extend([1, 0, 3].map(|standbys| scale.rfq(standbys)));
    rules.extend([(2.0, 1), (1.4, 1), (2.0, 2), (2.8, 2)].map(|(ceiling, holders)| scale.reserved(ceiling, holders)));
    rules.extend(
        [(3, 2, 10_000), (3, 2, 6_000), (5, 3, 10_000), (5, 3, 7_500)]
            .map(|(seats, needed, fee)| scale.committee(seats, needed, fee)),
    );
    rules
}

struct Scale<'a> {
    usual: Usual,
    job: &'a Job,
}

impl Scale<'_> {
    /// So many usual times, in seconds; at least `least`.
    fn time(&self, times: f64, least: u32) -> u32 {
        ((times * self.usual.time) as u32).max(least)
    }

    /// What is left before the deadline when an award has been given its window, but for a second.
    fn spare(&self) -> u32 {
        let spare = self.job.deadline.saturating_sub(self.job.window.into()).saturating_sub(1);
        u32::try_from(spare).unwrap_or(u32::MAX).max(2)
    }

    fn rate(&self, times: f64) -> Wei {
        (times * self.usual.price) as Wei
    }

    fn posted(&self, rate: f64) -> Rule {
        Rule::Posted(PostedParams { base: 0, rate: self.rate(rate), patience: self.time(0.5, 2).min(self.spare()) })
    }

    fn dutch(&self, start_bps: Bps, ramp: f64) -> Rule {
        let ramp = self.time(ramp, 2).min(self.spare() - 1).max(1);
        let patience = self.time(0.3, 1).min(self.spare().saturating_sub(ramp)).max(1);
        Rule::Dutch(DutchParams { start_bps, end_bps: 10_000, delay: 0, ramp, patience })
    }

    fn sealed(&self, payment: sealed::Payment, commit: f64, standbys: u8, reserve_bps: Bps) -> Rule {
        let commit = self.time(commit, 3);
        let (deposit_bps, deposit_floor, bidders) = (1_000, FLOOR, 24);
        let reveal = (commit / 2).max(2);
        Rule::Sealed(SealedParams {
            payment,
            commit,
            reveal,
            reserve_bps,
            deposit_bps,
            deposit_floor,
            standbys,
            bidders,
        })
    }

    fn scoring(&self, commit: f64, time_bps: Bps, standbys: u8) -> Rule {
        let commit = self.time(commit, 3);
        let weights = Weights {
            base_bps: 10_000 - time_bps,
            time_bps,
            bond_bps: 0,
            penalty_bps: 10_000,
            // A bond counts in the token it is paid in.
            stake_worth: 1_000_000_000_000_000_000,
            least_bond_bps: 5_000,
        };
        let payment = scoring::Payment::FirstScore;
        let (deposit_bps, deposit_floor, bidders, reveal) = (1_000, FLOOR, 24, (commit / 2).max(2));
        Rule::Scoring(ScoringParams { payment, commit, reveal, weights, deposit_bps, deposit_floor, standbys, bidders })
    }

    fn race(&self, winners: u8, bounty_bps: Bps) -> Rule {
        let many = winners > 1;
        let window = if many { self.time(0.3, 1) } else { 0 };
        let latest = u32::try_from(self.job.deadline).unwrap_or(u32::MAX).saturating_sub(window + 2).max(1);
        let (patience, decay_bps) = (latest, if many { 5_000 } else { 0 });
        Rule::Race(RaceParams { patience, window, commit_blocks: 0, bounty_bps, decay_bps, winners, deposit: 0 })
    }

    fn sortition(&self, rate: f64, backups: u8) -> Rule {
        let (stages, lead) = (3, 2);
        let stagger = self.time(0.06, 2).min((self.spare().saturating_sub(4) / 3).max(1));
        Rule::Sortition(SortitionParams {
            base: 0,
            rate: self.rate(rate),
            min_deposit: self.job.bond.max(1),
            max_deposit: 100 * self.job.bond.max(1),
            notice: 3_600,
            distance: 1,
            lead,
            stagger,
            stages,
            patience: stagger,
            backups,
        })
    }

    fn rfq(&self, standbys: u8) -> Rule {
        let (deposit_bps, deposit_floor) = (1_000, FLOOR);
        Rule::Rfq(RfqParams {
            exclusivity: 0,
            override_bps: 100,
            patience: 0,
            start_bps: 10_000,
            deposit_bps,
            deposit_floor,
            standbys,
        })
    }

    fn reserved(&self, ceiling: f64, holders: u8) -> Rule {
        Rule::Reserved(ReservedParams {
            base: 0,
            ceiling: self.rate(ceiling),
            decrement_bps: 300,
            offering: 600,
            term: 7 * 24 * 3_600,
            notice: 24 * 3_600,
            deposit: 5 * self.job.bond.max(1),
            credit_bps: 2_000,
            max_misses: 3,
            period: 24 * 3_600,
            terminal: 1,
            holders,
            patience: 0,
            burst: 8,
            refill: self.job.window.max(1),
            max_work: self.job.work,
            max_bond: self.job.bond,
            latency: self.job.window.max(1),
            pace: 0,
        })
    }

    fn committee(&self, seats: u8, needed: u8, fee_bps: Bps) -> Rule {
        let enrolment = self.time(0.1, 3);
        let open = self.time(0.2, 2);
        let rest = u32::try_from(self.job.deadline).unwrap_or(u32::MAX).saturating_sub(enrolment + open + 4);
        let shards = (rest * 3 / 4).max(1);
        let aggregation = (rest / 4).max(1);
        Rule::Committee(CommitteeParams {
            seats,
            least: needed.max(2),
            needed,
            enrolment,
            shards,
            aggregation,
            open,
            stagger: open.min(self.time(0.05, 1)).max(1),
            fee_bps,
            aggregator_bps: 500,
            deposit_bps: 1_000,
            deposit_floor: FLOOR,
            bonded: 1,
        })
    }
}
