//! What each instance of a market would be to a lane, and which one it should be routed to: a function of the events up to a block, the
//! mechanisms' names and that block's time. Whoever folds the same events gets the same, bit for bit; that is what makes a keeper's
//! decision something that can be checked.

use std::collections::BTreeMap;

use super::belief::{Known, budget, known};
use super::drift::Change;
use super::evidence::{Ledger, TIME};
use super::explain::{Reason, Record};
use super::fresh::{FRESH, Fresh, Proposal, settings};
use super::history::{MEMORY, Past, lane_of, past};
use super::play::Rule;
use super::predict::{Outlook, delivery, origin};
use super::scout::{Families, SEED, Scouts, ladder};
use super::select::{Candidate, Infeasible, Pace, View, decide, view};
use super::sift::{Choice, sift};
use super::supply::{Fleet, Job};
use super::terms::Terms;
use super::utility::Delivery;
use crate::event::{Config, Setup};
use crate::lane::List;
use crate::market::{Case, Instance, Lane, Market};
use crate::mechanisms::modifier;
use crate::request::Request;
use crate::{Account, Time};

/// What is set, among candidates, in the number of an instance whose newest version is looked at beside the one that the lane leads to.
pub const NEWEST: u32 = 1 << 29;

/// The last deliveries to the requester, which are learned from: each may be of another kind of request, which has to be played.
const LEARNED: usize = 100;

/// Why an instance is not even looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It takes no new requests.
    Retired,
    /// It is another requester's own.
    Private,
    /// It is paid in another token.
    Token,
    /// It does not take the lane's verifier.
    Verifier,
    /// The lane's mandate does not name its mechanism.
    Mandate,
    /// Nothing is known of how provers act under its mechanism, or of the mechanism at all.
    Unknown,
}

/// Why a keeper may not route a lane now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barred {
    /// There is no mandate, or it ended then.
    Over(Time),
    /// Its lists do not name the keeper.
    Unlisted,
    /// The keeper has less at stake than it asks for.
    Stake,
    /// Another move comes too early; not before then.
    Cooldown(Time),
}

/// All that a decision about a lane rests on.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The lane's terms.
    pub terms: Terms,
    /// Where it stands.
    pub lane: super::select::Lane,
    /// What would be delivered, by instance; only of those that are known well enough.
    pub outlooks: BTreeMap<u32, Outlook>,
    /// The version of each that was looked at.
    pub versions: BTreeMap<u32, u32>,
    /// The others, and why not.
    pub unfit: BTreeMap<u32, Unfit>,
    /// Who could serve.
    pub fleet: Fleet,
    /// Of those, who has changed.
    pub changed: BTreeMap<Account, Change>,
    /// What was learned from the requester's own requests, and from no other's.
    pub ledger: Ledger,
    /// What was lately delivered to the lane, by the instance that each request entered, oldest first.
    pub delivered: Vec<(u32, Delivery)>,
    /// Requests of the lane that came to nothing by its requester's own fault.
    pub own_faults: u32,
    /// What could be registered for it, by numbers from [`FRESH`] on; the best few.
    pub fresh: BTreeMap<u32, Fresh>,
    families: BTreeMap<u32, u32>,
}

/// Looks at all instances for a lane at `now`, unix seconds. `names` says what mechanisms call themselves, by their addresses. None if there
/// is no such lane.
pub fn survey(
    market: &Market,
    names: &BTreeMap<Account, String>,
    (requester, number): (Account, u32),
    now: Time,
) -> Option<Survey> {
    let lane = market.lanes().get(&(requester, number))?;
    let history = past(market, requester);
    let Known { fleet, changed } = known(market, names, (lane, requester), &history);
    let mut scouts = Scouts::new(names, &fleet);
    let job = usual(lane);
    let mut survey = Survey {
        terms: Terms::from(&lane.terms),
        lane: super::select::Lane::default(),
        outlooks: BTreeMap::new(),
        versions: BTreeMap::new(),
        unfit: BTreeMap::new(),
        fleet: fleet.clone(),
        changed,
        ledger: Ledger::default(),
        delivered: Vec::new(),
        own_faults: 0,
        fresh: BTreeMap::new(),
        families: BTreeMap::new(),
    };
    for (instance, entry) in market.instances() {
        // The version that the lane leads to, and the newest if that is another.
        let newest = entry.version();
        let led = lane.route.filter(|(to, _)| to == instance).map_or(newest, |(_, version)| version);
        let both = [(*instance, led), (NEWEST | instance, newest)];
        for (number, version) in both.into_iter().take(1 + usize::from(led != newest)) {
            let found = fit(lane, requester, entry, version).and_then(|config| {
                let mut outlook = scouts.outlook(config, &job).ok_or(Unfit::Unknown)?;
                let (whose, first) = ((lane, requester), (config, (*instance, version)));
                outlook.envelope = ladder(market, names, whose, first, now).ok_or(Unfit::Unknown)?;
                Ok(outlook)
            });
            survey.versions.insert(number, version);
            match found {
                Ok(outlook) => drop(survey.outlooks.insert(number, outlook)),
                Err(why) => drop(survey.unfit.insert(number, why)),
            }
        }
    }
    let mut families = survey.learn(market, lane, (requester, number), &history, &mut scouts);
    survey.think_afresh(market, (lane, requester), &mut families, &mut scouts, now);
    Some(survey)
}

impl Survey {
    /// Where to route the lane among the instances that there are, and why.
    ///
    /// # Errors
    /// [`Infeasible`] if no instance can hold its limits.
    pub fn decide(&self, pace: &Pace) -> Result<Record, Infeasible> {
        let mut record = decide(&self.terms, &self.lane, &self.candidates(), &self.ledger, pace)?;
        (record.to, record.version) = self.place(record.to);
        record.from = record.from.map(|from| self.place(from).0);
        record.runner_up = record.runner_up.map(|(next, short)| (self.place(next).0, short));
        record.binding = record.binding.map(|(above, breach)| (self.place(above).0, breach));
        Ok(record)
    }

    /// The instance that should be registered for the lane, given what was [decided](Survey::decide) among those that there are.
    pub fn propose(&self, decided: &Result<Record, Infeasible>, pace: &Pace) -> Option<Proposal> {
        let mut fresh: Vec<(View, &Fresh)> =
            self.fresh.iter().map(|(number, fresh)| (self.view(*number, &fresh.outlook), fresh)).collect();
        fresh.sort_by(|(a, _), (b, _)| a.order(b));
        let (view, best) = fresh.into_iter().next().filter(|(view, _)| view.tier < 2)?;
        let there = self.views().into_iter().filter(|view| view.tier < 2).min_by(View::order);
        let gain = there.as_ref().map(|there| view.score - there.score);
        let waits = decided.as_ref().is_ok_and(|record| record.reason == Reason::Cooldown);
        let least = pace.least_gain + pace.cost + pace.registering;
        let better = there.is_none_or(|there| view.tier <= there.tier && least < view.score - there.score);
        let mechanism = best.outlook.rule.name();
        (better && !waits).then(|| Proposal { setup: best.setup.clone(), mechanism, parts: view.parts, gain })
    }

    /// What each instance would be to the lane, by number.
    pub fn views(&self) -> Vec<View> {
        self.outlooks.iter().map(|(number, outlook)| self.view(*number, outlook)).collect()
    }

    /// The instance and the version that a number in here stands for.
    pub fn place(&self, number: u32) -> (u32, u32) {
        (number & !NEWEST, self.versions.get(&number).copied().unwrap_or_default())
    }

    /// What the instance with this number would be to the lane if it delivered that.
    pub(super) fn view(&self, number: u32, outlook: &Outlook) -> View {
        let family = self.families.get(&number).copied().unwrap_or_default();
        view(&self.terms, &Candidate { instance: number, family, outlook }, &self.ledger, self.lane.requester)
    }

    fn candidates(&self) -> Vec<Candidate<'_>> {
        let family = |instance: &u32| self.families.get(instance).copied().unwrap_or_default();
        let all = self.outlooks.iter();
        all.map(|(instance, outlook)| Candidate { instance: *instance, family: family(instance), outlook }).collect()
    }

    /// Looks for instances that could be registered: the best settings of the menu, over few futures first.
    fn think_afresh(
        &mut self,
        market: &Market,
        (lane, requester): (&Lane, Account),
        families: &mut Families,
        scouts: &mut Scouts<'_>,
        now: Time,
    ) {
        let job = usual(lane);
        let settings = settings(market, scouts.names, lane, (&self.fleet, &job));
        let number = |place: usize| FRESH | place as u32;
        let choice = |(place, (rule, _)): (usize, &(Rule, Setup))| {
            let family = families.of(rule.name());
            Choice { instance: number(place), family, rule: *rule }
        };
        let choices: Vec<Choice> = settings.iter().enumerate().map(choice).collect();
        let nowhere = super::select::Lane { current: None, ..self.lane };
        let finalists = sift((&self.terms, &nowhere, &self.ledger), &choices, (&self.fleet, &job, SEED));
        for choice in finalists.unwrap_or_default().iter().map(|finalist| finalist.choice) {
            let (rule, setup) = &settings[(choice.instance ^ FRESH) as usize];
            let config = Config::from(setup.clone());
            let outlook = scouts.play(*rule, &job);
            let envelope = ladder(market, scouts.names, (lane, requester), (&config, Default::default()), now);
            if let (Some(outlook), Some(envelope)) = (outlook, envelope) {
                self.families.insert(choice.instance, choice.family);
                let fresh = Fresh { setup: setup.clone(), outlook: Outlook { envelope, ..outlook } };
                self.fresh.insert(choice.instance, fresh);
            }
        }
    }

    /// Adds up how far deliveries to the requester were from what would have been foretold of them. What others say that they were delivered is not looked at: it
    /// costs them next to nothing to say it.
    fn learn(
        &mut self,
        market: &Market,
        lane: &Lane,
        (requester, number): (Account, u32),
        history: &[Past<'_>],
        scouts: &mut Scouts<'_>,
    ) -> Families {
        let mut families = Families::default();
        self.lane.current = lane.route.map(|(instance, _)| instance);
        for number in self.versions.keys().copied().collect::<Vec<_>>() {
            let (instance, version) = self.place(number);
            let config = market.instances().get(&instance).and_then(|entry| entry.config(version));
            if let Some(rule) = config.and_then(|config| rule_of(scouts.names, config, &usual(lane))) {
                self.families.insert(number, families.of(rule.name()));
            }
        }
        let mut alarmed = BTreeMap::new();
        let theirs =
            |past: &&Past<'_>| past.case.request.requester == requester && past.case.request.token == lane.terms.token;
        let known = history.iter().filter(theirs).count();
        for past in history.iter().filter(theirs).skip(known.saturating_sub(LEARNED)) {
            let (instance, version) = past.case.entered;
            let own = past.lane() == Some(number);
            if past.facts.own_fault {
                self.own_faults += u32::from(own);
                continue;
            }
            let winner = past.facts.winner.and_then(|winner| market.prover(&winner)).map_or(0, |prover| prover.number);
            let delivery = delivery(&past.facts, winner);
            if own {
                self.delivered.push((instance, delivery));
                self.lane.slower |= past.tries().iter().any(|done| self.slower_since(&done.prover, lane.routed_at));
            }
            let config = market.instances().get(&instance).and_then(|entry| entry.config(version));
            let Some(outlook) = config.and_then(|config| scouts.outlook(config, &past.kind())) else { continue };
            let family = families.of(outlook.rule.name());
            let from = origin(self.lane.requester, family, instance, &delivery);
            let mut residual = outlook.residual(&delivery);
            // How long it took a prover that has changed since says nothing of the mechanism: the outlook is of the prover as it is now.
            let before = |winner: &Account| self.changed.get(winner).is_some_and(|change| past.end < change.at);
            if past.facts.winner.as_ref().is_some_and(before) {
                residual.of[TIME] = None;
            }
            if self.ledger.observe(from, &residual) {
                alarmed.insert(family, past.end);
            }
        }
        self.lane.since = entered_since(market, lane, (requester, number));
        let family = self.lane.current.and_then(|current| self.families.get(&current));
        let alarm = family.and_then(|family| alarmed.get(family));
        self.lane.urgent = alarm.is_some_and(|time| lane.routed_at < *time);
        families
    }

    fn slower_since(&self, prover: &Account, time: Time) -> bool {
        self.changed.get(prover).is_some_and(|change| change.worse && time < change.at)
    }
}

/// Requests of a lane since a keeper last moved it, of the last [`MEMORY`] of its requester; where its requester routed it is no keeper's choice to wait for.
fn entered_since(market: &Market, lane: &Lane, (requester, number): (Account, u32)) -> u32 {
    if lane.moved_at == 0 {
        return u32::MAX;
    }
    let since = |case: &&Case| case.steps.first().is_some_and(|(time, _)| lane.moved_at <= *time);
    let recent = market.requests_of(requester).rev().take(MEMORY).map(|(_, case)| case);
    recent.take_while(since).filter(|case| lane_of(case) == Some(number)).count() as u32
}

/// Whether `keeper`, with so much at stake, may route a lane at `now`.
///
/// # Errors
/// [`Barred`].
pub fn mandated(market: &Market, lane: &Lane, keeper: &Account, now: Time) -> Result<(), Barred> {
    let mandate = &lane.mandate;
    if mandate.until < now {
        return Err(Barred::Over(mandate.until));
    }
    if !mandate.anyone && !lane.lists(List::Keepers, keeper) {
        return Err(Barred::Unlisted);
    }
    if market.prover(keeper).map_or(0, |prover| prover.stake) < mandate.stake {
        return Err(Barred::Stake);
    }
    let ready = lane.moved_at + Time::from(mandate.cooldown);
    if now < ready { Err(Barred::Cooldown(ready)) } else { Ok(()) }
}

/// The rules of an instance's version, if a route could lead to it.
fn fit<'a>(lane: &Lane, requester: Account, entry: &'a Instance, version: u32) -> Result<&'a Config, Unfit> {
    let config = entry.config(version).ok_or(Unfit::Unknown)?;
    match () {
        () if entry.retired => Err(Unfit::Retired),
        () if !entry.open && entry.owner != requester => Err(Unfit::Private),
        () if config.token != lane.terms.token => Err(Unfit::Token),
        () if !admits(config, lane.terms.verifier) => Err(Unfit::Verifier),
        () if !listed(lane, &config.mechanism) => Err(Unfit::Mandate),
        () => Ok(config),
    }
}

/// The mandate admits the mechanism.
pub(super) fn listed(lane: &Lane, mechanism: &Account) -> bool {
    lane.mandate.any_mechanism || lane.lists(List::Mechanisms, mechanism)
}

pub(super) fn admits(config: &Config, verifier: u32) -> bool {
    config.verifiers.is_empty() || config.verifiers.contains(&verifier)
}

/// A usual request of the lane, with all the time that there is.
pub fn usual(lane: &Lane) -> Job {
    let terms = &lane.terms;
    Job {
        work: terms.work,
        max_price: budget(terms),
        bond: terms.bond,
        window: terms.window,
        deadline: terms.latency.into(),
        usage: 1.0,
    }
}

/// The rule of an instance's version, without its modifiers: they add little to what is delivered, and the envelope keeps their word. None if
/// nothing is known of how provers act under it.
pub fn rule_of(names: &BTreeMap<Account, String>, config: &Config, job: &Job) -> Option<Rule> {
    let name = names.get(&config.mechanism)?;
    let request = Request { work: job.work, max_price: job.max_price, ..Request::default() };
    let core = modifier::core(name, &config.params, &request).ok()?;
    Rule::read(&core.name, core.params)
}
