//! One world: what every instance delivers to every requester in truth, and what a keeper believes of it.

use anyhow::{Context, Result, anyhow};
use bourse_sim::market::Case;
use bourse_sim::qos::measure::facts;
use bourse_sim::qos::menu::menu;
use bourse_sim::qos::play::{Rule, Venue};
use bourse_sim::qos::predict::{Futures, Outlook, delivery};
use bourse_sim::qos::select::refused;
use bourse_sim::qos::stage::Stage;
use bourse_sim::qos::supply::{Fleet, Job};
use bourse_sim::qos::utility::{Delivery, contributions};
use bourse_sim::{Account, Id};

use crate::population::{self, KINDS, Mix, Requester};

/// What is below this no amount of requests of one requester could tell (THEORY.md 3.3).
const TELLABLE_COMPLETION: f64 = 0.015;
const TELLABLE_SHARE: f64 = 0.05;
/// How many requesters, and how many requests each makes.
pub(crate) const REQUESTERS: u64 = 48;
pub(crate) const REQUESTS: u32 = 60;
/// Futures that truths and beliefs rest on.
const TRUE: u32 = 300;
const BELIEVED: u32 = 150;

/// What a world is made of.
pub(crate) struct Setting {
    /// How many requesters.
    pub(crate) requesters: u64,
    /// The families on offer; all if none is named.
    pub(crate) families: &'static [&'static str],
    /// The accounts of provers, in the order of their numbers; where there is none, one is made up.
    pub(crate) provers: Vec<Account>,
}

/// That of the simulation.
pub(crate) const SIMULATED: Setting = Setting { requesters: REQUESTERS, families: &[], provers: Vec::new() };

impl Setting {
    /// The provers of the world of this seed.
    fn fleet(&self, seed: u64) -> Fleet {
        let mut fleet = population::fleet(seed);
        for (supplier, account) in fleet.suppliers.iter_mut().zip(&self.provers) {
            supplier.account = *account;
        }
        fleet
    }

    /// The rules for requests of a kind.
    pub(crate) fn rules(&self, kind: usize) -> (Vec<Rule>, Job) {
        let (mut rules, job) = rules(kind);
        rules.retain(|rule| self.families.is_empty() || self.families.contains(&rule.name()));
        (rules, job)
    }
}

/// The truth, or a belief, about all kinds and instances.
pub(crate) type Table = Vec<Vec<Outlook>>;

/// What an instance is worth to a requester.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Worth {
    /// Its limits hold.
    pub(crate) satisfied: bool,
    /// Its limits hold by the mechanism's word.
    pub(crate) allowed: bool,
    /// The utility of what is delivered.
    pub(crate) utility: f64,
}

impl Worth {
    /// Nothing, where a limit does not hold.
    pub(crate) fn value(&self) -> f64 {
        if self.satisfied { self.utility } else { 0.0 }
    }
}

/// A state of the world that does not change.
pub(crate) struct Era {
    fleets: Vec<Fleet>,
    venues: Vec<Vec<Venue>>,
    /// By requester and instance: what a choice may be made by, and what it is judged by.
    pub(crate) known: Vec<Vec<Worth>>,
    /// See `known`.
    pub(crate) worth: Vec<Vec<Worth>>,
    /// What `worth` comes from.
    pub(crate) truth: Table,
}

/// A world.
pub(crate) struct World {
    /// Its seed.
    pub(crate) seed: u64,
    /// Those that some instance can satisfy.
    pub(crate) requesters: Vec<Requester>,
    /// How many there were that none can.
    pub(crate) hopeless: usize,
    /// The family of every instance, as the index of its first one.
    pub(crate) families: Vec<u32>,
    /// What a keeper believes at first.
    pub(crate) belief: Table,
    /// Before and after the fleet degrades.
    pub(crate) eras: Vec<Era>,
}

/// The rules for requests of a kind.
pub(crate) fn rules(kind: usize) -> (Vec<Rule>, Job) {
    let (usual, job) = population::kind(kind);
    (menu(usual, &job), job)
}

fn table(
    setting: &Setting,
    (seed, count): (u64, u32),
    used: &[bool; KINDS],
    families: &[u32],
    fleet: impl Fn(u32) -> Fleet,
) -> Result<Table> {
    let mut table = Vec::new();
    for (kind, used) in used.iter().enumerate() {
        let (rules, job) = setting.rules(kind);
        let mut row = Vec::new();
        let mut last: Option<(u32, Fleet, Futures)> = None;
        for (instance, rule) in rules.into_iter().enumerate().filter(|_| *used) {
            let family = families[instance];
            if last.as_ref().is_none_or(|(other, ..)| *other != family) {
                let fleet = fleet(family);
                let futures = Futures::new(&fleet, &job, seed, count);
                last = Some((family, fleet, futures));
            }
            let (_, fleet, futures) = last.as_ref().context("a family's fleet")?;
            let outlook = Outlook::new(rule, fleet, &job, futures);
            row.push(outlook.map_err(|refusal| anyhow!("instance {instance}, kind {kind}: {refusal}"))?);
        }
        table.push(row);
    }
    Ok(table)
}

impl World {
    /// World number `seed`, with so many eras.
    pub(crate) fn new(seed: u64, mix: Mix, eras: usize) -> Result<Self> {
        Self::of(&SIMULATED, seed, mix, eras)
    }

    /// The same of another making.
    pub(crate) fn of(setting: &Setting, seed: u64, mix: Mix, eras: usize) -> Result<Self> {
        let all: Vec<_> = (0..setting.requesters).map(|number| population::requester(seed, number, mix)).collect();
        let mut used = [false; KINDS];
        all.iter().for_each(|requester| used[requester.kind] = true);
        let names: Vec<_> = setting.rules(0).0.iter().map(Rule::name).collect();
        let first = |name| names.iter().position(|other| *other == name).unwrap_or_default() as u32;
        let families: Vec<u32> = names.iter().map(|name| first(*name)).collect();
        let fleet = setting.fleet(seed);
        let belief = table(setting, (100 + seed, BELIEVED), &used, &families, |_| population::believed(&fleet, seed))
            .context("a belief")?;
        let mut world = Self { seed, requesters: all, hopeless: 0, families, belief, eras: Vec::new() };
        let fleets = [fleet.clone(), population::degraded(&fleet)];
        for fleet in fleets.into_iter().take(eras) {
            let era = world.era(setting, &fleet, &used).context("the truth")?;
            world.eras.push(era);
        }
        world.leave_out_the_hopeless();
        Ok(world)
    }

    fn era(&self, setting: &Setting, fleet: &Fleet, used: &[bool; KINDS]) -> Result<Era> {
        let conducted = |family| population::conducted(fleet, self.seed, family);
        let known = table(setting, (200 + self.seed, TRUE), used, &self.families, conducted)?;
        let truth = table(setting, (300 + self.seed, TRUE), used, &self.families, conducted)?;
        let fleets: Vec<_> = self.families.iter().map(|family| conducted(*family)).collect();
        let mut venues = Vec::new();
        for (kind, used) in used.iter().enumerate() {
            let (rules, job) = setting.rules(kind);
            let pairs = rules.into_iter().zip(&fleets).filter(|_| *used);
            let row: Result<Vec<_>, _> = pairs.map(|(rule, fleet)| Venue::new(rule, fleet, &job)).collect();
            venues.push(row.map_err(|refusal| anyhow!("kind {kind}: {refusal}"))?);
        }
        let worth = |table: &Table| -> Vec<Vec<Worth>> {
            let of =
                |requester: &Requester| table[requester.kind].iter().map(|outlook| worth(requester, outlook)).collect();
            self.requesters.iter().map(of).collect()
        };
        Ok(Era { known: worth(&known), worth: worth(&truth), fleets, venues, truth })
    }

    fn leave_out_the_hopeless(&mut self) {
        let served = |number: usize| {
            self.eras
                .iter()
                .all(|era| era.known[number].iter().zip(&era.worth[number]).any(|(a, b)| a.satisfied && b.satisfied))
        };
        let keep: Vec<bool> = (0..self.requesters.len()).map(served).collect();
        self.hopeless = keep.iter().filter(|kept| !**kept).count();
        let kept = |number: usize| keep.get(number).copied().unwrap_or_default();
        let mut number = 0..;
        self.requesters.retain(|_| number.next().is_some_and(kept));
        for era in &mut self.eras {
            for rows in [&mut era.known, &mut era.worth] {
                let mut number = 0..;
                rows.retain(|_| number.next().is_some_and(kept));
            }
        }
    }
}

/// What deliveries are worth, and whether the limits hold as far as that can be told.
fn worth(requester: &Requester, outlook: &Outlook) -> Worth {
    let terms = &requester.terms;
    let allowed = refused(terms, outlook).is_empty();
    let limits = &terms.limits;
    let kept = limits.completion - TELLABLE_COMPLETION <= outlook.done;
    let shared = outlook.traits.top <= limits.share + TELLABLE_SHARE;
    let utility = contributions(terms, &outlook.traits, &outlook.deliveries, None).iter().sum();
    Worth { satisfied: allowed && kept && shared, allowed, utility }
}

impl Era {
    /// A request of this kind through an instance, as it really goes.
    pub(crate) fn deliver(&self, kind: usize, instance: usize, number: u64) -> Result<Delivery> {
        let (_, job) = population::kind(kind);
        let fleet = &self.fleets[instance];
        let crowd = fleet.future(&job, 400, number);
        let case = self.venues[kind][instance].play(&job, &crowd, number);
        let case = case.map_err(|refusal| anyhow!("instance {instance}, kind {kind}: {refusal}"))?;
        self.delivered(instance, &case)
    }

    /// The same of the request with this id, with all that was done about it.
    pub(crate) fn act(&self, kind: usize, instance: usize, number: u64, id: Id) -> Result<Stage<'_>> {
        let (_, job) = population::kind(kind);
        let crowd = self.fleets[instance].future(&job, 400, number);
        let stage = self.venues[kind][instance].act(&job, &crowd, id);
        stage.map_err(|refusal| anyhow!("instance {instance}, kind {kind}: {refusal}"))
    }

    /// What a request that has ended delivered, by the chain's facts.
    pub(crate) fn delivered(&self, instance: usize, case: &Case) -> Result<Delivery> {
        let facts = facts(case).context("a request that has not ended")?;
        let fleet = &self.fleets[instance];
        let winner = fleet.suppliers.iter().find(|supplier| Some(supplier.account) == facts.winner);
        Ok(delivery(&facts, winner.map_or(0, |supplier| supplier.number)))
    }

    /// The best instance for a requester, by what is known.
    pub(crate) fn oracle(&self, requester: usize) -> usize {
        best(&self.known[requester], |_| true)
    }
}

/// The one of highest value among those wanted; of equals the first.
pub(crate) fn best(row: &[Worth], wanted: impl Fn(usize) -> bool) -> usize {
    let mut best = None;
    for (instance, worth) in row.iter().enumerate().filter(|(instance, _)| wanted(*instance)) {
        if best.is_none_or(|(_, value)| value < worth.value()) {
            best = Some((instance, worth.value()));
        }
    }
    best.map_or(0, |(instance, _)| instance)
}
