//! What survey and tuning have in common: predictions that are played once, and the worst that mechanisms say of themselves.

use std::collections::BTreeMap;

use super::belief::budget;
use super::play::Rule;
use super::predict::{Futures, Outlook};
use super::supply::{Fleet, Job};
use super::survey::{admits, rule_of};
use crate::ask::Envelope;
use crate::event::Config;
use crate::market::{Lane, Market};
use crate::mechanisms::{by_name, modifier};
use crate::request::Request;
use crate::{Account, Time};

/// Futures that a prediction rests on, and where they begin: the same for every lane, so that nothing depends on luck.
const FUTURES: u32 = 64;
pub(super) const SEED: u64 = 0x626f_7572_7365;
/// Rungs of a ladder that are looked at.
const LADDER: usize = 16;

/// The worst that a configuration and those below it on its ladder can do to a usual request, as `contracts/Routing.sol` puts it together.
/// None if that of one of them is not known here.
pub fn ladder(
    market: &Market,
    names: &BTreeMap<Account, String>,
    (lane, requester): (&Lane, Account),
    (first, at): (&Config, (u32, u32)),
    now: Time,
) -> Option<Envelope> {
    let (mut worst, mut config, mut at) = (None::<Envelope>, first, at);
    for _ in 0..LADDER {
        if admits(config, lane.terms.verifier) {
            let own = twin(names, config)?.envelope(&config.params, &typical(lane, requester, at, now)).ok()?;
            worst = Some(match worst {
                None => own,
                Some(above) => Envelope {
                    price: above.price.max(own.price),
                    bond: above.bond.min(own.bond),
                    capabilities: above.capabilities & own.capabilities,
                    ..above
                },
            });
        }
        at = (config.fallback_instance, config.fallback_version);
        if at.0 == 0 {
            return worst;
        }
        config = market.instances().get(&at.0)?.config(at.1)?;
    }
    None
}

/// A usual request of a lane that enters under an instance's version.
fn typical(lane: &Lane, requester: Account, (instance, version): (u32, u32), now: Time) -> Request {
    let terms = &lane.terms;
    Request {
        requester,
        token: terms.token,
        instance,
        version,
        verifier: terms.verifier,
        work: terms.work,
        max_price: budget(terms),
        bond: terms.bond,
        window: terms.window,
        deadline: now + Time::from(terms.latency),
        ..Request::default()
    }
}

fn twin(names: &BTreeMap<Account, String>, config: &Config) -> Option<&'static dyn crate::mechanisms::Mechanism> {
    let name = names.get(&config.mechanism)?;
    by_name(name).filter(|_| modifier::is_known(name, &config.params))
}

/// Numbers for families, from 1.
#[derive(Default)]
pub(super) struct Families(Vec<&'static str>);

impl Families {
    pub(super) fn of(&mut self, name: &'static str) -> u32 {
        let at = self.0.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.0.push(name);
            self.0.len() - 1
        });
        at as u32 + 1
    }
}

/// What is foretold of a job, by rule: none where a mechanism refuses it.
type Foretold = (Futures, Vec<(Rule, Option<Outlook>)>);

/// What can be foretold, once for each rule and job.
pub(super) struct Scouts<'a> {
    pub(super) names: &'a BTreeMap<Account, String>,
    pub(super) fleet: &'a Fleet,
    jobs: BTreeMap<[u128; 5], Foretold>,
}

impl<'a> Scouts<'a> {
    pub(super) fn new(names: &'a BTreeMap<Account, String>, fleet: &'a Fleet) -> Self {
        Self { names, fleet, jobs: BTreeMap::new() }
    }

    /// What would be delivered under a configuration.
    pub(super) fn outlook(&mut self, config: &Config, job: &Job) -> Option<Outlook> {
        self.play(rule_of(self.names, config, job)?, job)
    }

    /// What would be delivered under a rule.
    pub(super) fn play(&mut self, rule: Rule, job: &Job) -> Option<Outlook> {
        let key = [job.work.into(), job.max_price, job.bond, job.window.into(), job.deadline.into()];
        let fleet = self.fleet;
        let (futures, known) =
            self.jobs.entry(key).or_insert_with(|| (Futures::new(fleet, job, SEED, FUTURES), Vec::new()));
        if let Some((_, outlook)) = known.iter().find(|(other, _)| *other == rule) {
            return outlook.clone();
        }
        let outlook = Outlook::new(rule, fleet, job, futures).ok();
        known.push((rule, outlook.clone()));
        outlook
    }
}
