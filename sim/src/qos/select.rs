//! Which instance a lane is routed to (the calibrated twin router of THEORY.md 3.2): what cannot hold the limits is not looked at; of the
//! rest the best by three quarters what is expected and one quarter what is feared; and a change only if it gains more than changing
//! costs, and not too often.

use std::fmt;

use std::cmp::Ordering;

use super::evidence::Ledger;
use super::explain::{Reason, Record};
use super::predict::Outlook;
use super::terms::Terms;
use super::utility::contributions;

/// How far to the worse side is feared, in standard deviations.
const FEAR: f64 = 0.6;
/// Its share in the score.
const PESSIMISM: f64 = 0.25;

/// Relative.
const ROUNDING: f64 = 1e-9;

/// An instance that a lane could be routed to.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its number.
    pub instance: u32,
    /// A number for its family.
    pub family: u32,
    /// What it would deliver.
    pub outlook: &'a Outlook,
}

/// A limit, by its name in [`Limits`](super::terms::Limits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "named after the fields")]
pub enum Limit {
    Price,
    Time,
    Award,
    Bond,
    Standbys,
    Capabilities,
    Completion,
    Share,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Price => "price",
            Self::Time => "time",
            Self::Award => "award",
            Self::Bond => "bond",
            Self::Standbys => "standbys",
            Self::Capabilities => "capabilities",
            Self::Completion => "completion",
            Self::Share => "share",
        })
    }
}

/// A limit that does not hold: what is had, and what is wanted, in the limit's own unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breach {
    /// Which one.
    pub limit: Limit,
    /// What the instance comes to, in the limit's unit.
    pub have: f64,
    /// What the terms want.
    pub want: f64,
}

impl Breach {
    /// How far off it is, relative to what is wanted.
    pub fn excess(&self) -> f64 {
        match self.limit {
            Limit::Completion => (1.0 - self.have) / (1.0 - self.want).max(1e-6) - 1.0,
            Limit::Bond | Limit::Standbys => 1.0 - self.have / self.want,
            Limit::Capabilities => 1.0,
            _ => self.have / self.want - 1.0,
        }
    }
}

/// What a lane would get.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The instance.
    pub instance: u32,
    /// Its family.
    pub family: u32,
    /// 0: the limits hold even if what is feared comes true; 1: they hold if it goes as expected; 2: they do not.
    pub tier: u8,
    /// Three quarters of the expected utility and one of the feared.
    pub score: f64,
    /// The expected utility by attribute, in the order of [`ATTRIBUTES`](super::terms::ATTRIBUTES).
    pub parts: [f64; 8],
    /// Expected less feared utility.
    pub risk: f64,
    /// What does not hold if it goes as expected.
    pub breaches: Vec<Breach>,
}

impl View {
    /// The expected utility.
    pub fn value(&self) -> f64 {
        self.parts.iter().sum()
    }

    /// The better one is less.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let ((tier, x), (others, y)) = (self.rank(), other.rank());
        tier.cmp(&others).then(x.total_cmp(&y)).then(self.instance.cmp(&other.instance))
    }

    fn rank(&self) -> (u8, f64) {
        let worst = self.breaches.iter().map(Breach::excess).fold(0.0, f64::max);
        (self.tier, if self.tier == 2 { worst } else { -self.score })
    }
}

/// What the mechanism's own word breaks of the limits. Only these bind on the chain.
pub fn refused(terms: &Terms, outlook: &Outlook) -> Vec<Breach> {
    let (limits, envelope) = (&terms.limits, &outlook.envelope);
    let breach = |limit, broken: bool, have: f64, want: f64| broken.then_some(Breach { limit, have, want });
    let price = envelope.price as f64 * 1e6 / outlook.work.max(1) as f64;
    let time = envelope.award.saturating_add(envelope.proof) as f64;
    let bond = if outlook.bond == 0 { 1.0 } else { envelope.bond as f64 / outlook.bond as f64 };
    let award = envelope.award as f64;
    let lacking = limits.capabilities & !envelope.capabilities;
    [
        // The contracts count in whole amounts: what is equal there may differ here by a rounding.
        breach(Limit::Price, price > limits.price * (1.0 + ROUNDING), price, limits.price),
        breach(Limit::Time, time > limits.time as f64, time, limits.time as f64),
        breach(Limit::Award, award > limits.award as f64, award, limits.award as f64),
        breach(Limit::Bond, bond < limits.bond * (1.0 - ROUNDING), bond, limits.bond),
        breach(Limit::Standbys, envelope.standbys < limits.standbys, envelope.standbys.into(), limits.standbys.into()),
        breach(Limit::Capabilities, lacking != 0, envelope.capabilities.into(), limits.capabilities.into()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What an instance would be to a lane of `requester`.
pub fn view(terms: &Terms, candidate: &Candidate<'_>, ledger: &Ledger, requester: u32) -> View {
    let Candidate { instance, family, outlook } = *candidate;
    let correction = ledger.correction(family, instance);
    let own = ledger.own(requester, instance);
    let at = |doubt: f64| {
        let (deliveries, traits) = outlook.corrected(&correction, doubt);
        let done = outlook.probability(&correction, doubt, own);
        (contributions(terms, &traits, &deliveries, Some(done)), done)
    };
    let (parts, done) = at(0.0);
    let (feared, feared_done) = at(FEAR);
    let mut breaches = refused(terms, outlook);
    let limits = &terms.limits;
    if done < limits.completion {
        breaches.push(Breach { limit: Limit::Completion, have: done, want: limits.completion });
    }
    if limits.share < outlook.traits.top {
        breaches.push(Breach { limit: Limit::Share, have: outlook.traits.top, want: limits.share });
    }
    let tier = match breaches.is_empty() {
        false => 2,
        true if feared_done < limits.completion => 1,
        true => 0,
    };
    let (mean, worse) = (parts.iter().sum::<f64>(), feared.iter().sum::<f64>());
    let score = (1.0 - PESSIMISM) * mean + PESSIMISM * worse;
    View { instance, family, tier, score, parts, risk: mean - worse, breaches }
}

/// How readily a lane is changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// What a change has to gain in utility, beside its cost.
    pub least_gain: f64,
    /// What a change costs, in utility.
    pub cost: f64,
    /// Requests between changes.
    pub cooldown: u32,
    /// What registering an instance costs, in utility.
    pub registering: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { least_gain: 0.01, cost: 0.0, cooldown: 5, registering: 0.02 }
    }
}

/// Where a lane stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lane {
    /// Whose it is, as a number that tells requesters apart.
    pub requester: u32,
    /// Where it is routed.
    pub current: Option<u32>,
    /// Requests since it last changed.
    pub since: u32,
    /// Its family has just been found to have changed: no cooldown.
    pub urgent: bool,
    /// Provers that served it have been found to be slower, or to fail more often, than they were: no cooldown.
    pub slower: bool,
}

/// Why no instance can be taken: for each limit the candidate that comes nearest to holding it while it holds all others. Where none does
/// that, the candidate that breaks the fewest says what it breaks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Infeasible {
    /// What to give up, and what would be attainable instead: any one of them if `together` is false, else all.
    pub nearest: Vec<Breach>,
    /// See `nearest`.
    pub together: bool,
}

impl fmt::Display for Infeasible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nearest.is_empty() {
            return f.write_str("there is no instance whose mechanism is known here and that its mandate admits");
        }
        let said = |breach: &Breach| match breach.limit {
            Limit::Capabilities => {
                format!("capabilities {:#b} instead of {:#b}", breach.have as u32, breach.want as u32)
            }
            limit => format!("{limit} {} instead of {}", breach.have, breach.want),
        };
        let all: Vec<_> = self.nearest.iter().map(said).collect();
        write!(f, "nearest is {}", all.join(if self.together { " and " } else { ", or " }))
    }
}

/// Routes a lane, and says why.
///
/// # Errors
/// [`Infeasible`] if none of the candidates can hold the limits; the lane is then left as it is.
pub fn decide(
    terms: &Terms,
    lane: &Lane,
    candidates: &[Candidate<'_>],
    ledger: &Ledger,
    pace: &Pace,
) -> Result<Record, Infeasible> {
    let mut views: Vec<View> =
        candidates.iter().map(|candidate| view(terms, candidate, ledger, lane.requester)).collect();
    views.sort_by(View::order);
    let Some(best) = views.first().filter(|best| best.tier < 2) else { return Err(infeasible(&views)) };
    let current = views.iter().find(|view| Some(view.instance) == lane.current);
    let reason = match current {
        None => Reason::First,
        Some(current) if current.instance == best.instance => Reason::Best,
        Some(current) if best.tier < current.tier && current.tier == 2 => Reason::Limit,
        Some(_) if lane.since < pace.cooldown && !lane.urgent && !lane.slower => Reason::Cooldown,
        Some(current) if best.tier < current.tier => Reason::Limit,
        Some(current) if best.score - current.score <= pace.least_gain + pace.cost => Reason::Marginal,
        // What the provers did is the cause, what became of the family may be its effect.
        Some(_) if lane.slower => Reason::Slower,
        Some(_) if lane.urgent => Reason::Alarm,
        Some(_) => Reason::Better,
    };
    let chosen = current.filter(|_| reason.stays()).unwrap_or(best);
    Ok(Record::new(chosen, current, &views, reason, ledger))
}

fn infeasible(views: &[View]) -> Infeasible {
    let mut nearest: Vec<Breach> = Vec::new();
    for view in views.iter().filter(|view| view.breaches.len() == 1) {
        let breach = view.breaches[0];
        match nearest.iter_mut().find(|other| other.limit == breach.limit) {
            Some(other) if breach.excess() < other.excess() => *other = breach,
            Some(_) => {}
            None => nearest.push(breach),
        }
    }
    nearest.sort_by(|a, b| a.excess().total_cmp(&b.excess()).then(a.limit.cmp(&b.limit)));
    let fewest = views.iter().min_by_key(|view| view.breaches.len());
    let together = nearest.is_empty();
    let nearest = if together { fewest.map(|view| view.breaches.clone()).unwrap_or_default() } else { nearest };
    Infeasible { nearest, together }
}
