//! What the keeper thinks of lanes that it may route.

use std::collections::BTreeMap;

use bourse_sim::event::Event;
use bourse_sim::market::{Lane, Market};
use bourse_sim::qos::explain::Record;
use bourse_sim::qos::fresh::{Proposal, left};
use bourse_sim::qos::select::{Infeasible, Pace};
use bourse_sim::qos::survey::{mandated, survey};
use bourse_sim::qos::tune::{Retuning, tune};
use bourse_sim::{Account, Time};

use super::{Note, Rule, State};

/// Lanes thought about at one tip at most: each takes a good part of a second at worst, and others wait.
const AT_ONCE: usize = 4;

/// A requester and the number of its lane.
pub type LaneKey = (Account, u32);

/// What was thought of a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The block that it rests on, and its time.
    pub block: u64,
    /// See `block`.
    pub time: Time,
    /// Where it should lead, and why; or why it can lead nowhere.
    pub outcome: Result<Record, Infeasible>,
    /// What should be registered for it, if that is better than all that is there.
    pub fresh: Option<Proposal>,
    /// What the market was when it was thought about.
    stir: u64,
}

/// Verdicts, and what they are about.
#[derive(Debug, Default)]
pub(super) struct Thoughts {
    /// Who routes.
    keeper: Option<Account>,
    /// Changes whenever something happened that a verdict may rest on.
    stir: u64,
    verdicts: BTreeMap<LaneKey, Verdict>,
    /// What its own instances should become, and what the market was when that was thought about.
    tunings: BTreeMap<u32, (u64, Option<Retuning>)>,
}

impl State {
    /// The same, with an opinion about lanes that `keeper` may route.
    #[must_use]
    pub fn routing_as(mut self, keeper: Account) -> Self {
        self.thoughts.keeper = Some(keeper);
        self
    }

    /// What is thought of lanes that have a mandate.
    pub fn verdicts(&self) -> impl Iterator<Item = (&LaneKey, &Lane, &Verdict)> {
        let lanes = self.market.lanes();
        self.thoughts.verdicts.iter().filter_map(move |(key, verdict)| Some((key, lanes.get(key)?, verdict)))
    }

    /// What the keeper's own instances should become.
    pub fn tunings(&self) -> impl Iterator<Item = &Retuning> {
        self.thoughts.tunings.values().filter_map(|(_, tuning)| tuning.as_ref())
    }

    /// Whether the keeper may route `lane` now.
    pub fn may_route(&self, lane: &Lane) -> bool {
        let keeper = self.thoughts.keeper.as_ref();
        keeper.is_some_and(|keeper| mandated(&self.market, lane, keeper, self.head.time).is_ok())
    }

    /// Whether the keeper may register another instance for `lane` now.
    pub fn may_register(&self, lane: &Lane) -> bool {
        let keeper = self.thoughts.keeper.as_ref().filter(|_| self.may_route(lane));
        let coming = self.pending.values().filter(|pending| pending.action.deed.kind() == "register").count();
        keeper.is_some_and(|keeper| coming < left(&self.market, lane, keeper, self.head.time))
    }

    /// Something happened that a verdict may rest on.
    pub(super) fn stir(&mut self, events: &[Event]) {
        if events.iter().any(concerns_lanes) {
            self.thoughts.stir += 1;
        }
    }

    /// Thinks about the lanes for which something has changed, those first that were thought about longest ago.
    pub(super) fn think(&mut self) {
        let Some(keeper) = self.thoughts.keeper else { return };
        if !self.knows_all_names() {
            return;
        }
        let (market, stir) = (&self.market, self.thoughts.stir);
        self.thoughts.verdicts.retain(|key, _| market.lanes().contains_key(key));
        let verdicts = &self.thoughts.verdicts;
        let mut waiting: Vec<(u64, LaneKey)> = market
            .lanes()
            .iter()
            .filter(|(_, lane)| entrusted(market, lane, &keeper, self.head.time))
            .filter_map(|(key, _)| match verdicts.get(key) {
                Some(verdict) if verdict.stir == stir => None,
                verdict => Some((verdict.map_or(0, |verdict| verdict.block), *key)),
            })
            .collect();
        waiting.sort_unstable();
        let names = self.mechanism_names();
        for (_, key) in waiting.into_iter().take(AT_ONCE) {
            let Some(survey) = survey(&self.market, &names, key, self.head.time) else { continue };
            let pace = Pace::default();
            let outcome = survey.decide(&pace);
            let fresh = survey.propose(&outcome, &pace);
            let verdict = Verdict { block: self.head.number, time: self.head.time, outcome, fresh, stir };
            let news = self.thoughts.verdicts.get(&key).is_none_or(|last| !says_the_same(last, &verdict));
            if news {
                self.notes.push(Note::Verdict(key, Box::new(verdict.clone())));
            }
            self.thoughts.verdicts.insert(key, verdict);
        }
        self.think_of_instances(keeper);
    }

    /// Thinks about one of the keeper's own instances, if something has changed: that which was thought about longest ago.
    fn think_of_instances(&mut self, keeper: Account) {
        let (instances, stir) = (self.market.instances(), self.thoughts.stir);
        self.thoughts.tunings.retain(|number, _| instances.get(number).is_some_and(|there| there.owner == keeper));
        let own = instances.iter().filter(|(_, instance)| instance.owner == keeper && !instance.retired);
        let thought = |number: &u32| self.thoughts.tunings.get(number).map_or(0, |(stir, _)| 1 + *stir);
        let rests = |number: &u32| thought(number) <= stir;
        let next = own.map(|(number, _)| *number).filter(rests).min_by_key(thought);
        if let Some(number) = next {
            let names = self.mechanism_names();
            let tuning = tune(&self.market, &names, number, self.head.time, &Pace::default());
            self.thoughts.tunings.insert(number, (stir, tuning));
        }
    }

    /// Every mechanism has been asked what it calls itself: before that, an instance may seem to be none that anything is known of.
    fn knows_all_names(&self) -> bool {
        let mut configs = self.market.instances().values().flat_map(|instance| &instance.versions);
        configs.all(|config| !matches!(self.rules.get(&config.mechanism), None | Some(Rule::Asking)))
    }

    /// What mechanisms with twins call themselves.
    fn mechanism_names(&self) -> BTreeMap<Account, String> {
        let named = self.rules.iter().filter_map(|(mechanism, rule)| match rule {
            Rule::Twin(twin) => Some((*mechanism, twin.name().to_owned())),
            _ => None,
        });
        named.collect()
    }
}

/// The keeper has a mandate, even if it has to wait before it can use it.
fn entrusted(market: &Market, lane: &Lane, keeper: &Account, now: Time) -> bool {
    use bourse_sim::qos::survey::Barred;
    matches!(mandated(market, lane, keeper, now), Ok(()) | Err(Barred::Cooldown(_)))
}

/// To people: the same instance for the same reason, and the same to be registered.
fn says_the_same(last: &Verdict, next: &Verdict) -> bool {
    let setup = |verdict: &Verdict| verdict.fresh.as_ref().map(|fresh| fresh.setup.clone());
    if setup(last) != setup(next) {
        return false;
    }
    match (&last.outcome, &next.outcome) {
        (Ok(last), Ok(next)) => {
            (last.from, last.to, last.version, last.reason) == (next.from, next.to, next.version, next.reason)
        }
        (Err(last), Err(next)) => last == next,
        _ => false,
    }
}

fn concerns_lanes(event: &Event) -> bool {
    use Event as E;
    matches!(
        event,
        E::InstanceSet { .. }
            | E::InstanceRetired { .. }
            | E::Declared { .. }
            | E::Fulfilled { .. }
            | E::Closed { .. }
            | E::Cancelled { .. }
            | E::Slashed { .. }
            | E::Excused { .. }
            | E::TermsSet { .. }
            | E::MandateSet { .. }
            | E::Listed { .. }
            | E::Routed { .. }
    )
}
