//! When the owner of an instance should move its parameters, and where to: one small step at a time towards the setting of the menu that
//! would serve the lanes on it best, by everything that is known of them. A version does not change once it is there, so nobody is moved by it; and
//! a step that would break a limit of any lane on the instance is not taken.

use std::collections::BTreeMap;
use std::fmt;

use super::fresh::usual_of;
use super::history::{lane_of, recent};
use super::menu::menu;
use super::play::Rule;
use super::predict::Outlook;
use super::retune::{WORD, step};
use super::scout::{Scouts, ladder};
use super::select::{Pace, refused};
use super::survey::{Survey, survey, usual};
use super::terms::Terms;
use crate::event::{Config, Setup};
use crate::market::{Case, Instance, Lane, Market};
use crate::{Account, Time};

/// The most that a parameter moves at once, as a share of itself.
const STEP: f64 = 0.1;
/// Seconds between two versions, at least.
pub const REST: Time = 3_600;
/// What the setting that is stepped towards has to promise more than the present one: so near to it, it is left alone.
const WORTHWHILE: f64 = 0.02;

/// A step that should be taken, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Retuning {
    /// Which instance.
    pub instance: u32,
    /// The number of the version that this would be.
    pub version: u32,
    /// What its owner is to choose.
    pub setup: Setup,
    /// The word of the parameters that moves, from 0.
    pub word: usize,
    /// How many lanes are on the instance.
    pub lanes: usize,
    /// The mean score of those that make most use of it, as it is, with the step, and where the steps lead.
    pub scores: [f64; 3],
}

impl fmt::Display for Retuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { instance, version, word, lanes, scores: [now, next, goal], .. } = self;
        write!(
            f,
            "instance {instance}: parameter {word} moves a step in version {version}; for {lanes} lanes on it {now:.3} becomes {next:.3}, on \
             the way to {goal:.3}"
        )
    }
}

/// Lanes whose wishes are weighed, at most; the limits of all others are looked at too.
const WEIGHED: usize = 8;

/// A lane on the instance.
struct Guest<'a> {
    requester: Account,
    lane: &'a Lane,
    /// What is known for it, if it is one of those that make most use of the instance.
    survey: Option<Survey>,
}

/// What a rule would be to all guests.
#[derive(Clone, Copy)]
struct Appraisal {
    rule: Rule,
    /// The mean over the lanes.
    score: f64,
    /// It breaks no limit of any of them.
    holds: bool,
}

/// The step that the owner of `instance` should take at `now`, if any.
pub fn tune(
    market: &Market,
    names: &BTreeMap<Account, String>,
    instance: u32,
    now: Time,
    pace: &Pace,
) -> Option<Retuning> {
    let entry = market.instances().get(&instance)?;
    let config = entry.config(entry.version())?;
    if !is_ready(market, instance, entry, (now, pace)) {
        return None;
    }
    let rule = Rule::read(names.get(&config.mechanism)?, &config.params)?;
    let guests = guests(market, names, instance, now);
    let appraise = |rule: Rule| appraise(market, names, &guests, (instance, config, rule), now);
    let (have, first) = (appraise(rule)?, guests.first()?);
    let job = usual(first.lane);
    let goals = menu(usual_of(&first.survey.as_ref()?.fleet, &job)?, &job)
        .into_iter()
        .filter(|goal| goal.name() == rule.name());
    let worthwhile = |goal: &Appraisal| have.score + WORTHWHILE < goal.score;
    let mut goals: Vec<Appraisal> = goals.filter_map(appraise).filter(worthwhile).collect();
    goals.sort_by(|a, b| b.score.total_cmp(&a.score));
    let steps = goals.iter().filter_map(|goal| Some((goal, appraise(step(&rule, &goal.rule, STEP)?)?)));
    let (goal, next) = steps.into_iter().find(|(_, next)| next.holds && have.score <= next.score)?;
    let params = next.rule.params();
    Some(Retuning {
        instance,
        version: entry.version() + 1,
        word: config.params.chunks(WORD).zip(params.chunks(WORD)).position(|(before, after)| before != after)?,
        setup: Setup { params, ..Setup::from(config.as_ref()) },
        lanes: guests.len(),
        scores: [have.score, next.score, goal.score],
    })
}

/// It has rested, something was lately seen of it since, and nobody holds a deposit on it under the terms that it has.
fn is_ready(market: &Market, number: u32, instance: &Instance, (now, pace): (Time, &Pace)) -> bool {
    let since = instance.set_at.last().copied().unwrap_or_default();
    let seen = |case: &&Case| case.entered.0 == number && case.steps.first().is_some_and(|(time, _)| since <= *time);
    let enough = || recent(market).map(|(_, case)| case).filter(seen).count() >= pace.cooldown as usize;
    !instance.retired && instance.seats.is_empty() && since + REST <= now && enough()
}

/// All lanes on the instance, those first that have lately made most use of it.
fn guests<'a>(market: &'a Market, names: &BTreeMap<Account, String>, instance: u32, now: Time) -> Vec<Guest<'a>> {
    let mut used: BTreeMap<(Account, u32), usize> = BTreeMap::new();
    for (_, case) in recent(market).filter(|(_, case)| case.entered.0 == instance) {
        if let Some(number) = lane_of(case) {
            *used.entry((case.request.requester, number)).or_default() += 1;
        }
    }
    let on = market.lanes().iter().filter(|(_, lane)| lane.route.is_some_and(|(to, _)| to == instance));
    let mut on: Vec<_> = on.map(|(key, lane)| (used.get(key).copied().unwrap_or_default(), *key, lane)).collect();
    on.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let guest = |(place, (_, key, lane)): (usize, (usize, (Account, u32), &'a Lane))| {
        let survey = if place < WEIGHED { survey(market, names, key, now) } else { None };
        Guest { requester: key.0, lane, survey }
    };
    on.into_iter().enumerate().map(guest).collect()
}

/// None if the rule refuses a usual request of one of the lanes.
fn appraise(
    market: &Market,
    names: &BTreeMap<Account, String>,
    guests: &[Guest<'_>],
    (instance, config, rule): (u32, &Config, Rule),
    now: Time,
) -> Option<Appraisal> {
    let config = Config { params: rule.params(), ..config.clone() };
    let mut all = Appraisal { rule, score: 0.0, holds: true };
    let weighed = guests.len().min(WEIGHED) as f64;
    for Guest { requester, lane, survey } in guests {
        let (job, terms) = (usual(lane), Terms::from(&lane.terms));
        let envelope = ladder(market, names, (lane, *requester), (&config, (instance, 0)), now)?;
        let Some(survey) = survey else {
            all.holds &= refused(&terms, &Outlook { envelope, ..Outlook::unplayed(rule, &job).ok()? }).is_empty();
            continue;
        };
        let played = Scouts::new(names, &survey.fleet).play(rule, &job)?;
        let view = survey.view(instance, &Outlook { envelope, ..played });
        all.score += view.score / weighed;
        all.holds &= view.tier < 2;
    }
    Some(all)
}
