//! Provers as the chain shows them: what they declare, corrected by what they did with their awards.

use std::collections::BTreeMap;

use libm::log;

use super::history::Past;
use super::onchain::PER;
use super::supply::{Fleet, Seen, Supplier, cost_behind, learned};
use crate::lane::{List, Terms};
use crate::market::{DRAINING, Lane, Market, Prover};
use crate::{Account, BPS, Wei};

/// Awards after which what was seen of a prover counts as much as what it declares.
const TRUST: f64 = 3.0;
/// What is left of what was seen of a prover with each further award: the last dozen count for most.
const KEPT: f64 = 0.92;
/// What is believed of a prover that nothing is known of.
const JITTER: f64 = 0.15;
const FAILURE: f64 = 0.02;
const REACTION: f64 = 1.5;
const BUSY: f64 = 0.05;

/// Those that could serve requests of a lane, by their numbers.
pub fn fleet(market: &Market, lane: &Lane, past: &[Past<'_>]) -> Fleet {
    let terms = &lane.terms;
    let mut declared: Vec<Supplier> = market
        .provers()
        .iter()
        .filter(|(account, prover)| serves(lane, account, prover))
        .filter_map(|(account, prover)| supplier(terms, account, prover))
        .collect();
    declared.sort_unstable_by_key(|supplier| supplier.number);
    let seen = watched(terms, &declared, past);
    let believed = declared.iter().map(|prior| match seen.get(&prior.account) {
        Some(seen) => learned(prior, seen, TRUST),
        None => *prior,
    });
    Fleet { suppliers: believed.collect(), ..Fleet::default() }
}

/// The lane and the prover take each other.
fn serves(lane: &Lane, account: &Account, prover: &Prover) -> bool {
    let terms = &lane.terms;
    let ended = u32::from(prover.kept) + u32::from(prover.failed);
    let reliable = ended == 0 || u32::from(terms.reliability) * ended <= u32::from(prover.kept) * BPS as u32;
    let offer = prover.offers.get(&terms.token).copied().unwrap_or_default();
    offer.accepted
        && prover.flags & DRAINING == 0
        && prover.concurrency > 0
        && prover.accepts_verifier(terms.verifier)
        && offer.floor <= terms.price_per_unit
        && terms.bond <= offer.bond_limit
        && terms.kept <= prover.kept
        && reliable
        && (!terms.closed || lane.lists(List::Provers, account))
}

/// A prover by its own word. It is taken to break even at its floor, and to need half the window if it declares no speed.
fn supplier(terms: &Terms, account: &Account, prover: &Prover) -> Option<Supplier> {
    let offer = prover.offers.get(&terms.token)?;
    let speed = match offer.throughput {
        0 => 2.0 * terms.work as f64 / f64::from(terms.window.max(1)),
        throughput => f64::from(throughput),
    };
    Some(Supplier {
        account: *account,
        number: prover.number,
        cost: (offer.floor as f64 * PER).max(1.0),
        speed,
        jitter: JITTER,
        failure: FAILURE,
        reaction: REACTION,
        busy: BUSY,
        stake: prover.stake,
        site: prover.number,
    })
}

/// What was seen of each in work like the lane's, the later the more it counts.
fn watched(terms: &Terms, declared: &[Supplier], past: &[Past<'_>]) -> BTreeMap<Account, Seen> {
    let priors: BTreeMap<Account, &Supplier> = declared.iter().map(|supplier| (supplier.account, supplier)).collect();
    let highest = declared.iter().map(|supplier| supplier.cost).fold(0.0, f64::max);
    let rivals = u32::try_from(declared.len()).unwrap_or(u32::MAX);
    let mut seen: BTreeMap<Account, Seen> = BTreeMap::new();
    let like =
        |past: &&Past<'_>| past.case.request.token == terms.token && past.case.request.verifier == terms.verifier;
    for past in past.iter().filter(like) {
        let work = past.facts.work as f64;
        for done in past.tries() {
            let Some(prior) = priors.get(&done.prover) else { continue };
            let seen = seen.entry(done.prover).or_default();
            fade(seen);
            match done.took {
                None => seen.failed += 1.0,
                Some(took) => {
                    seen.kept += 1.0;
                    // A block is the least that can be told apart.
                    seen.log_speed += log(work / took.max(1) as f64 / prior.speed).clamp(-4.0, 4.0);
                }
            }
            let asked = done.price as f64 * PER / work;
            if let Some(cost) = cost_behind(asked, rivals, highest.max(asked)).filter(|cost| *cost > 0.0) {
                seen.bids += 1.0;
                // It would not have declared a floor below its cost, nor bid below it.
                seen.log_cost += log(cost.clamp(prior.cost, asked.max(prior.cost)) / prior.cost);
            }
        }
    }
    seen
}

fn fade(seen: &mut Seen) {
    for sum in [&mut seen.kept, &mut seen.failed, &mut seen.log_speed, &mut seen.bids, &mut seen.log_cost] {
        *sum *= KEPT;
    }
}

/// What a lane's usual request may cost.
pub fn budget(terms: &Terms) -> Wei {
    terms.price_per_unit.saturating_mul(terms.work.into())
}
