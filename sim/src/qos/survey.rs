//! What each instance of a market would be to a lane, and which one it should be routed to: a function of the events up to a block, the
//! mechanisms' names and that block's time. Whoever folds the same events gets the same, bit for bit; that is what makes a keeper's
//! decision something that can be checked.

use std::collections::BTreeMap;

use super::belief::{budget, fleet};
use super::evidence::Ledger;
use super::explain::Record;
use super::history::{Numbers, Past, lane_of, past};
use super::play::Rule;
use super::predict::{Futures, Outlook, delivery, origin};
use super::select::{Candidate, Infeasible, Pace, View, decide, view};
use super::supply::{Fleet, Job};
use super::terms::Terms;
use super::utility::Delivery;
use crate::ask::Envelope;
use crate::event::Config;
use crate::lane::List;
use crate::market::{Case, Instance, Lane, Market};
use crate::mechanisms::{by_name, modifier};
use crate::request::Request;
use crate::{Account, Time};

/// Futures that a prediction rests on, and where they begin: the same for every lane, so that nothing depends on luck.
const FUTURES: u32 = 64;
const SEED: u64 = 0x626f_7572_7365;
/// Rungs of a ladder that are looked at.
const LADDER: usize = 16;

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
    /// What was learned.
    pub ledger: Ledger,
    /// What was delivered to the lane so far, by the instance that each request entered, oldest first.
    pub delivered: Vec<(u32, Delivery)>,
    /// Requests of the lane that came to nothing by its requester's own fault.
    pub own_faults: u32,
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
    let history = past(market);
    let fleet = fleet(market, lane, &history);
    let mut scouts = Scouts { names, fleet: &fleet, jobs: BTreeMap::new() };
    let job = usual(lane);
    let mut survey = Survey {
        terms: Terms::from(&lane.terms),
        lane: super::select::Lane::default(),
        outlooks: BTreeMap::new(),
        versions: BTreeMap::new(),
        unfit: BTreeMap::new(),
        fleet: fleet.clone(),
        ledger: Ledger::default(),
        delivered: Vec::new(),
        own_faults: 0,
        families: BTreeMap::new(),
    };
    for (instance, entry) in market.instances() {
        let version = entry.version();
        let found = fit(lane, requester, entry, version).and_then(|config| {
            let mut outlook = scouts.outlook(config, &job).ok_or(Unfit::Unknown)?;
            outlook.envelope =
                ladder(market, names, lane, requester, (*instance, version), now).ok_or(Unfit::Unknown)?;
            Ok(outlook)
        });
        survey.versions.insert(*instance, version);
        match found {
            Ok(outlook) => drop(survey.outlooks.insert(*instance, outlook)),
            Err(why) => drop(survey.unfit.insert(*instance, why)),
        }
    }
    survey.learn(market, lane, (requester, number), &history, &mut scouts);
    Some(survey)
}

impl Survey {
    /// Where to route the lane, and why.
    ///
    /// # Errors
    /// [`Infeasible`] if no instance can hold its limits.
    pub fn decide(&self, pace: &Pace) -> Result<Record, Infeasible> {
        decide(&self.terms, &self.lane, &self.candidates(), &self.ledger, pace)
    }

    /// What each instance would be to the lane, by number.
    pub fn views(&self) -> Vec<View> {
        let of = |candidate: &Candidate<'_>| view(&self.terms, candidate, &self.ledger, self.lane.requester);
        self.candidates().iter().map(of).collect()
    }

    fn candidates(&self) -> Vec<Candidate<'_>> {
        let family = |instance: &u32| self.families.get(instance).copied().unwrap_or_default();
        let all = self.outlooks.iter();
        all.map(|(instance, outlook)| Candidate { instance: *instance, family: family(instance), outlook }).collect()
    }

    /// Adds up how far deliveries were from what would have been foretold of them.
    fn learn(
        &mut self,
        market: &Market,
        lane: &Lane,
        (requester, number): (Account, u32),
        history: &[Past<'_>],
        scouts: &mut Scouts<'_>,
    ) {
        let (mut requesters, mut families) = (Numbers::default(), Families::default());
        self.lane.requester = requesters.of(requester);
        self.lane.current = lane.route.map(|(instance, _)| instance);
        self.families = market
            .instances()
            .iter()
            .filter_map(|(instance, entry)| {
                Some((
                    *instance,
                    families.of(rule_of(scouts.names, entry.config(entry.version())?, &usual(lane))?.name()),
                ))
            })
            .collect();
        let mut alarmed = BTreeMap::new();
        for past in history.iter().filter(|past| past.case.request.token == lane.terms.token) {
            let request = &past.case.request;
            let (instance, version) = past.case.entered;
            let own = request.requester == requester && past.lane() == Some(number);
            if past.facts.own_fault {
                self.own_faults += u32::from(own);
                continue;
            }
            let winner = past.facts.winner.and_then(|winner| market.prover(&winner)).map_or(0, |prover| prover.number);
            let delivery = delivery(&past.facts, winner);
            if own {
                self.delivered.push((instance, delivery));
            }
            let config = market.instances().get(&instance).and_then(|entry| entry.config(version));
            let Some(outlook) = config.and_then(|config| scouts.outlook(config, &past.kind())) else { continue };
            let family = families.of(outlook.rule.name());
            let from = origin(requesters.of(request.requester), family, instance, &delivery);
            if self.ledger.observe(from, &outlook.residual(&delivery)) {
                alarmed.insert(family, past.end);
            }
        }
        self.lane.since = entered_since(market, lane, (requester, number));
        let family = self.lane.current.and_then(|current| self.families.get(&current));
        let alarm = family.and_then(|family| alarmed.get(family));
        self.lane.urgent = alarm.is_some_and(|time| lane.routed_at < *time);
    }
}

/// Requests of a lane since a keeper last moved it; where its requester routed it is no keeper's choice to wait for.
fn entered_since(market: &Market, lane: &Lane, (requester, number): (Account, u32)) -> u32 {
    if lane.moved_at == 0 {
        return u32::MAX;
    }
    let since = |case: &Case| case.steps.first().is_some_and(|(time, _)| lane.moved_at <= *time);
    let own = |case: &&Case| case.request.requester == requester && lane_of(case) == Some(number) && since(case);
    u32::try_from(market.requests().values().filter(own).count()).unwrap_or(u32::MAX)
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
        () if !lane.mandate.any_mechanism && !lane.lists(List::Mechanisms, &config.mechanism) => Err(Unfit::Mandate),
        () => Ok(config),
    }
}

fn admits(config: &Config, verifier: u32) -> bool {
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

/// The worst that an instance and those below it on its ladder can do to a usual request, as `contracts/Routing.sol` puts it together. None
/// if that of one of them is not known here.
pub fn ladder(
    market: &Market,
    names: &BTreeMap<Account, String>,
    lane: &Lane,
    requester: Account,
    first: (u32, u32),
    now: Time,
) -> Option<Envelope> {
    let terms = &lane.terms;
    let (mut worst, mut at) = (None::<Envelope>, first);
    for _ in 0..LADDER {
        let config = market.instances().get(&at.0)?.config(at.1)?;
        if admits(config, terms.verifier) {
            let typical = Request {
                requester,
                token: terms.token,
                instance: at.0,
                version: at.1,
                verifier: terms.verifier,
                work: terms.work,
                max_price: budget(terms),
                bond: terms.bond,
                window: terms.window,
                deadline: now + Time::from(terms.latency),
                ..Request::default()
            };
            let own = twin(names, config)?.envelope(&config.params, &typical).ok()?;
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
    }
    None
}

fn twin(names: &BTreeMap<Account, String>, config: &Config) -> Option<&'static dyn crate::mechanisms::Mechanism> {
    let name = names.get(&config.mechanism)?;
    by_name(name).filter(|_| modifier::is_known(name, &config.params))
}

/// The rule of an instance's version, without its modifiers: they add little to what is delivered, and the envelope keeps their word. None if
/// nothing is known of how provers act under it.
pub fn rule_of(names: &BTreeMap<Account, String>, config: &Config, job: &Job) -> Option<Rule> {
    let name = names.get(&config.mechanism)?;
    let request = Request { work: job.work, max_price: job.max_price, ..Request::default() };
    let core = modifier::core(name, &config.params, &request).ok()?;
    Rule::read(&core.name, core.params)
}

/// Numbers for families, from 1.
#[derive(Default)]
struct Families(Vec<&'static str>);

impl Families {
    fn of(&mut self, name: &'static str) -> u32 {
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
struct Scouts<'a> {
    names: &'a BTreeMap<Account, String>,
    fleet: &'a Fleet,
    jobs: BTreeMap<[u128; 5], Foretold>,
}

impl Scouts<'_> {
    fn outlook(&mut self, config: &Config, job: &Job) -> Option<Outlook> {
        let rule = rule_of(self.names, config, job)?;
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
