//! Instances that nobody has registered yet: settings of the menu, in proportion to a lane's work and to what that costs and takes these
//! provers. One is worth a registration if nothing that is there can hold the lane's limits, or if it beats all that is by more than a
//! change and a registration cost.

use std::collections::BTreeMap;
use std::fmt;

use super::history::rounded;
use super::menu::menu;
use super::play::Rule;
use super::predict::Outlook;
use super::supply::{Fleet, Job};
use super::survey::{admits, listed};
use super::terms::{ATTRIBUTES, Usual};
use crate::event::{Config, Setup};
use crate::market::{Instance, Lane, Market};
use crate::{Account, Time};

/// What is set, among candidates, in the number of an instance that is not there: the registry counts from 1.
pub const FRESH: u32 = 1 << 30;
/// Registrations of one keeper within a day, among the instances that a lane could be routed to.
pub const A_DAY: usize = 3;
const DAY: Time = 24 * 3_600;

/// An instance that could be registered.
#[derive(Clone, Debug, PartialEq)]
pub struct Fresh {
    /// What its owner would choose.
    pub setup: Setup,
    /// What it would deliver.
    pub outlook: Outlook,
}

/// An instance that should be registered, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// What its owner is to choose.
    pub setup: Setup,
    /// What its mechanism calls itself.
    pub mechanism: &'static str,
    /// The utility that it would have, by attribute.
    pub parts: [f64; 8],
    /// What it scores more than the best instance that is there; none if that breaks a limit.
    pub gain: Option<f64>,
}

impl Proposal {
    /// The utility that it would have.
    pub fn value(&self) -> f64 {
        self.parts.iter().sum()
    }
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a fresh {} instance would have utility {:.3}", self.mechanism, self.value())?;
        let mut order: Vec<usize> = (0..ATTRIBUTES.len()).filter(|i| self.parts[*i] != 0.0).collect();
        order.sort_by(|a, b| self.parts[*b].total_cmp(&self.parts[*a]));
        for i in order.into_iter().take(3) {
            write!(f, ", {} {:.3}", ATTRIBUTES[i], self.parts[i])?;
        }
        match self.gain {
            Some(gain) => write!(f, "; {gain:+.3} over the best that is there"),
            None => f.write_str("; none that is there can hold the limits"),
        }
    }
}

/// What work like `job` usually costs and takes among these provers, rounded so that lanes that are alike lead to one instance. None without provers.
pub fn usual_of(fleet: &Fleet, job: &Job) -> Option<Usual> {
    let price = rounded(fleet.usual_cost().max(1.0) as u128) as f64;
    let time = rounded((job.work as f64 / fleet.usual_speed()?).max(1.0) as u128) as f64;
    Some(Usual { price, time })
}

/// What the menu has for a lane, of mechanisms that its mandate admits and that are on this chain; without what is there already. Rules
/// whose provers have to enrol with the instance, or whose requester has to bring quotes, are left out: a fresh instance would have nobody.
pub fn settings(
    market: &Market,
    names: &BTreeMap<Account, String>,
    lane: &Lane,
    (fleet, job): (&Fleet, &Job),
) -> Vec<(Rule, Setup)> {
    let Some(usual) = usual_of(fleet, job) else { return Vec::new() };
    let whole = |rule: &Rule| !matches!(rule, Rule::Sortition(_) | Rule::Reserved(_) | Rule::Rfq(_));
    let passes = |rule: &Rule| rule.mechanism().is_ok_and(|mechanism| mechanism.check(&rule.params()).is_ok());
    let rules = menu(usual, job).into_iter().filter(whole).filter(passes);
    let set = rules.filter_map(|rule| {
        let mechanism = home(market, names, rule.name())?;
        let setup = Setup { mechanism, token: lane.terms.token, params: rule.params(), ..Setup::default() };
        (listed(lane, &mechanism) && !is_there(market, &setup, lane.terms.verifier)).then_some((rule, setup))
    });
    set.collect()
}

/// Where the code of a mechanism is: the address that the first instance of it names.
fn home(market: &Market, names: &BTreeMap<Account, String>, name: &str) -> Option<Account> {
    let mut configs = market.instances().values().flat_map(|instance| &instance.versions);
    configs
        .find(|config| names.get(&config.mechanism).is_some_and(|known| known == name))
        .map(|config| config.mechanism)
}

/// There is an open instance as `setup` would have it, for proofs to that verifier.
pub fn is_there(market: &Market, setup: &Setup, verifier: u32) -> bool {
    let same = |config: &Config| {
        config.mechanism == setup.mechanism
            && config.token == setup.token
            && config.params == setup.params
            && config.fallback_instance == 0
            && admits(config, verifier)
    };
    let mut open = market.instances().values().filter(|instance| instance.open && !instance.retired);
    open.any(|instance| instance.config(instance.version()).is_some_and(|config| same(config)))
}

/// How many more instances `keeper` may register for a lane at `now`: what it has registered within a day, and the lane could use, counts.
pub fn left(market: &Market, lane: &Lane, keeper: &Account, now: Time) -> usize {
    let recent = |instance: &&Instance| instance.set_at.first().is_some_and(|time| now < time + DAY);
    let usable = |instance: &&Instance| {
        let config = instance.config(1);
        config.is_some_and(|config| {
            config.token == lane.terms.token && admits(config, lane.terms.verifier) && listed(lane, &config.mechanism)
        })
    };
    let own = market.instances().values().filter(|instance| instance.owner == *keeper);
    A_DAY.saturating_sub(own.filter(recent).filter(usable).count())
}
