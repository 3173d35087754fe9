//! Provers as the chain shows them: what they declare, corrected by what they did with their awards, and by their records.

use std::collections::BTreeMap;

use libm::{exp, log};

use super::drift::{Change, Sight, Watch};
use super::history::{Past, Try};
use super::onchain::PER;
use super::play::Rule;
use super::supply::{Fleet, Seen, Supplier, cost_behind, learned};
use super::survey::rule_of;
use crate::lane::{List, Terms};
use crate::market::{DRAINING, Lane, Market, Prover, Record};
use crate::mechanisms::{scoring, sealed};
use crate::{Account, BPS, Time, Wei};

/// Awards after which what was seen of a prover counts as much as what it declares.
const TRUST: f64 = 3.0;
/// The same of a speed that has changed: a declaration that was refuted says little.
const DOUBTED: f64 = 0.5;
/// What is left of what was seen of a prover with each further award: the last dozen count for most.
const KEPT: f64 = 0.92;
/// So many provers that have slowed down say something of those that nothing was seen of; and as many more, who have not, are reckoned with.
const MANY: usize = 2;
/// What is believed of a prover that nothing is known of.
const JITTER: f64 = 0.15;
const FAILURE: f64 = 0.02;
const REACTION: f64 = 1.5;
const BUSY: f64 = 0.05;

/// Provers as they are believed to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// Those that could serve requests of a lane, by their numbers.
    pub fleet: Fleet,
    /// Those that are no longer what they were, and the last change of each.
    pub changed: BTreeMap<Account, Change>,
}

/// What is known of the provers that could serve requests of a lane of that requester.
pub fn known(
    market: &Market,
    names: &BTreeMap<Account, String>,
    (lane, requester): (&Lane, Account),
    past: &[Past<'_>],
) -> Known {
    let terms = &lane.terms;
    let (declared, seen) = watched((market, names), (lane, requester), past);
    let mut suppliers = believed(&declared, &seen);
    let usual = Fleet { suppliers: declared, ..Fleet::default() }.usual_cost() * terms.work as f64 / PER;
    for supplier in &mut suppliers {
        let prover = market.prover(&supplier.account);
        let Some(record) = prover.and_then(|prover| prover.records.get(&(terms.verifier, terms.token))) else {
            continue;
        };
        let own = seen.get(&supplier.account).and_then(|watched| watched.own).unwrap_or_default();
        supplier.failure = supplier.failure.max(on_record(record, own, usual));
    }
    let changed = seen.iter().filter_map(|(account, watched)| Some((*account, watched.changed?)));
    Known { fleet: Fleet { suppliers, ..Fleet::default() }, changed: changed.collect() }
}

/// Those that could serve requests of a lane, by their numbers, as they were believed to be when nothing had ended but what is in `past`. What
/// was on their records by then is not told.
pub fn fleet(
    market: &Market,
    names: &BTreeMap<Account, String>,
    (lane, requester): (&Lane, Account),
    past: &[Past<'_>],
) -> Fleet {
    let (declared, seen) = watched((market, names), (lane, requester), past);
    Fleet { suppliers: believed(&declared, &seen), ..Fleet::default() }
}

fn believed(declared: &[Supplier], seen: &BTreeMap<Account, Watched>) -> Vec<Supplier> {
    let common = common(declared, seen);
    let believed = declared.iter().map(|prior| match seen.get(&prior.account) {
        Some(watched) => watched.believed(prior),
        None => Supplier { speed: prior.speed * exp(common), ..*prior },
    });
    believed.collect()
}

/// The probability of a failure by a record: the share of what was missed, by value, which counts as so many awards as it would have paid for at
/// `usual`, what the lane's work usually costs, but for no more than a declaration does. What the lane's requester saw the prover keep, worth `own`, needs no
/// record. A prover that missed nothing has nothing against it.
fn on_record(record: &Record, own: f64, usual: f64) -> f64 {
    let missed = record.missed as f64;
    if missed == 0.0 {
        return 0.0;
    }
    let told = missed + own.max(record.paid as f64);
    let awards = TRUST.min(told / usual);
    (TRUST * FAILURE + awards * missed / told) / (TRUST + awards)
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
        // Nothing on the chain can be seen to take less than a second.
        throughput => f64::from(throughput).min(terms.work as f64),
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

/// What was seen of a prover.
#[derive(Clone, Copy, Debug, Default)]
struct Watched {
    seen: Seen,
    watch: Watch,
    changed: Option<Change>,
    /// It has served the lane's requester, who paid it so much for what it kept, in the token.
    own: Option<f64>,
}

impl Watched {
    fn believed(&self, prior: &Supplier) -> Supplier {
        let believed = learned(prior, &self.seen, TRUST);
        match self.changed {
            Some(_) => Supplier { speed: learned(prior, &self.seen, DOUBTED).speed, ..believed },
            None => believed,
        }
    }

    /// Takes in an award of so much `work` that has ended at `end`.
    fn add(&mut self, prior: &Supplier, done: &Try, (work, end): (f64, Time)) {
        // A block is the least that can be told apart.
        let log_speed = done.took.map(|took| log(work / took.max(1) as f64 / prior.speed).clamp(-4.0, 4.0));
        let so_far = self.believed(prior);
        fade(&mut self.seen);
        match log_speed {
            None => self.seen.failed += 1.0,
            Some(log_speed) => {
                self.seen.kept += 1.0;
                self.seen.log_speed += log_speed;
            }
        }
        let sight = Sight { log_speed, believed: (log(so_far.speed / prior.speed), so_far.failure) };
        if let Some((worse, Seen { kept, failed, log_speed, .. })) = self.watch.look(&sight) {
            self.changed = Some(Change { at: end, worse });
            self.seen = Seen { kept, failed, log_speed, ..self.seen };
        }
    }

    /// Takes in what was asked for a million units of work.
    fn bid(&mut self, prior: &Supplier, asked: f64, (rivals, highest): (u32, f64)) {
        if let Some(cost) = cost_behind(asked, rivals, highest.max(asked)).filter(|cost| *cost > 0.0) {
            self.seen.bids += 1.0;
            // It would not have declared a floor below its cost, nor bid below it.
            self.seen.log_cost += log(cost.clamp(prior.cost, asked.max(prior.cost)) / prior.cost);
        }
    }
}

/// Those that could serve requests of a lane by their own word, by their numbers; and what was seen of each in work like the lane's, the later the
/// more it counts.
fn watched(
    (market, names): (&Market, &BTreeMap<Account, String>),
    (lane, requester): (&Lane, Account),
    past: &[Past<'_>],
) -> (Vec<Supplier>, BTreeMap<Account, Watched>) {
    let terms = &lane.terms;
    let able = market.provers().iter().filter(|(account, prover)| serves(lane, account, prover));
    let mut declared: Vec<Supplier> = able.filter_map(|(account, prover)| supplier(terms, account, prover)).collect();
    declared.sort_unstable_by_key(|supplier| supplier.number);
    let priors: BTreeMap<Account, &Supplier> = declared.iter().map(|supplier| (supplier.account, supplier)).collect();
    let highest = declared.iter().map(|supplier| supplier.cost).fold(0.0, f64::max);
    let rivals = u32::try_from(declared.len()).unwrap_or(u32::MAX);
    let mut seen: BTreeMap<Account, Watched> = BTreeMap::new();
    let like =
        |past: &&Past<'_>| past.case.request.token == terms.token && past.case.request.verifier == terms.verifier;
    for past in past.iter().filter(like) {
        let work = past.facts.work as f64;
        let config = market.instances().get(&past.case.instance).and_then(|entry| entry.config(past.case.version));
        let rule = config.and_then(|config| rule_of(names, config, &past.job()));
        for done in past.tries() {
            let Some(prior) = priors.get(&done.prover) else { continue };
            let watched = seen.entry(done.prover).or_default();
            watched.add(prior, &done, (work, past.end));
            if rule.is_some_and(|rule| asks(&rule)) {
                watched.bid(prior, done.price as f64 * PER / work, (rivals, highest));
            }
            if past.case.request.requester == requester {
                let kept = done.took.map_or(0.0, |_| done.price as f64);
                watched.own = Some(watched.own.unwrap_or_default() + kept);
            }
        }
    }
    (declared, seen)
}

/// Who is awarded is paid what it asked. Elsewhere the price says nothing of its cost but that it is no more.
fn asks(rule: &Rule) -> bool {
    match rule {
        Rule::Dutch(_) | Rule::Rfq(_) => true,
        Rule::Sealed(p) => p.payment == sealed::Payment::FirstPrice,
        Rule::Scoring(p) => p.payment == scoring::Payment::FirstScore,
        Rule::Posted(_) | Rule::Race(_) | Rule::Sortition(_) | Rule::Reserved(_) | Rule::Committee(_) => false,
    }
}

/// By how much provers that nothing was seen of are taken to be slower than they say, as a logarithm of their speed: what has befallen many that
/// served the lane's requester may have befallen them. Those that only others say they were served by do not count: they can be made up.
fn common(declared: &[Supplier], seen: &BTreeMap<Account, Watched>) -> f64 {
    let known = |prior: &'_ Supplier| Some((*prior, seen.get(&prior.account).filter(|watched| watched.own.is_some())?));
    let known: Vec<_> = declared.iter().filter_map(known).collect();
    let worse = known.iter().filter(|(_, watched)| watched.changed.is_some_and(|change| change.worse));
    let shifts: Vec<f64> = worse.map(|(prior, watched)| log(watched.believed(prior).speed / prior.speed)).collect();
    if shifts.len() < MANY {
        return 0.0;
    }
    shifts.iter().sum::<f64>() / (known.len() + MANY) as f64
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
