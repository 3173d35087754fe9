//! Why a lane is routed where it is. A record is a function of terms, candidates, evidence and seed, all of which come from the chain or
//! are published with it: whoever computes it again gets the same, bit for bit.

use std::fmt;

use super::evidence::Ledger;
use super::select::{Breach, View};
use super::terms::ATTRIBUTES;

/// Why it was decided so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The lane had no route.
    First,
    /// It stays: nothing is better.
    Best,
    /// It stays: it was changed too recently.
    Cooldown,
    /// It stays: what is better is too little so.
    Marginal,
    /// It changes: a limit does not hold, or not safely.
    Limit,
    /// It changes: its family is no longer what it was.
    Alarm,
    /// It changes: provers that served it are no longer what they were.
    Slower,
    /// It changes: something is better.
    Better,
}

/// A decision and what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Where the lane was.
    pub from: Option<u32>,
    /// Where it is now.
    pub to: u32,
    /// Which version of that; 0 if candidates have none.
    pub version: u32,
    /// Why.
    pub reason: Reason,
    /// The utility of the chosen instance, by attribute, and what it has more there than the one before (or than nothing). Exact: they add
    /// up to the utility and to its change.
    pub parts: [f64; 8],
    /// See `parts`.
    pub gains: [f64; 8],
    /// Whether the limits hold even if what is feared comes true.
    pub safe: bool,
    /// The next best instance that holds the limits, and its score less that of the chosen one.
    pub runner_up: Option<(u32, f64)>,
    /// The best instance that a limit ruled out and that would have scored higher, and what it breaks.
    pub binding: Option<(u32, Breach)>,
    /// Probability that the chosen one is better than the runner-up, given how unsure both are.
    pub confidence: f64,
    /// Observations of its family and of itself.
    pub seen: (f64, f64),
}

impl Record {
    pub(super) fn new(chosen: &View, current: Option<&View>, views: &[View], reason: Reason, ledger: &Ledger) -> Self {
        let others = || views.iter().filter(|view| view.instance != chosen.instance);
        let next = others().find(|view| view.tier < 2);
        let above = others().filter(|view| view.tier == 2 && chosen.score < view.score);
        let excluded = above.max_by(|a, b| a.score.total_cmp(&b.score));
        let worst = |view: &View| view.breaches.iter().copied().max_by(|a, b| a.excess().total_cmp(&b.excess()));
        let before = current.map_or([0.0; 8], |view| view.parts);
        let mut gains = chosen.parts;
        gains.iter_mut().zip(before).for_each(|(gain, before)| *gain -= before);
        Self {
            from: current.map(|view| view.instance),
            to: chosen.instance,
            version: 0,
            reason,
            parts: chosen.parts,
            gains,
            safe: chosen.tier == 0,
            runner_up: next.map(|view| (view.instance, view.score - chosen.score)),
            binding: excluded.and_then(|view| Some((view.instance, worst(view)?))),
            confidence: next.map_or(1.0, |next| confidence(chosen, next)),
            seen: ledger.seen(chosen.family, chosen.instance),
        }
    }

    /// The utility of what was chosen.
    pub fn value(&self) -> f64 {
        self.parts.iter().sum()
    }

    /// Whether the route changes.
    pub fn changes(&self) -> bool {
        !self.reason.stays()
    }
}

/// Both as normal, with what is feared at 0.6 standard deviations.
fn confidence(chosen: &View, next: &View) -> f64 {
    let sd = libm::sqrt(chosen.risk * chosen.risk + next.risk * next.risk) / 0.6;
    let gap = chosen.value() - next.value();
    if sd <= 0.0 {
        return if gap >= 0.0 { 1.0 } else { 0.0 };
    }
    0.5 * (1.0 + libm::erf(gap / sd / std::f64::consts::SQRT_2))
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.from {
            Some(from) if from == self.to && self.changes() => {
                write!(f, "to version {} of instance {from}", self.version)?;
            }
            Some(from) if self.changes() => write!(f, "from instance {from} to {}", self.to)?,
            _ => write!(f, "instance {}", self.to)?,
        }
        write!(f, " ({}): utility {:.3}", self.reason, self.value())?;
        let mut order: Vec<usize> = (0..ATTRIBUTES.len()).filter(|i| self.gains[*i] != 0.0).collect();
        order.sort_by(|a, b| self.gains[*b].abs().total_cmp(&self.gains[*a].abs()));
        for i in order.into_iter().take(3) {
            write!(f, ", {} {:+.3}", ATTRIBUTES[i], self.gains[i])?;
        }
        if let Some((instance, breach)) = &self.binding {
            let Breach { limit, have, want } = breach;
            write!(f, "; {limit} of {have} instead of {want} rules out instance {instance}")?;
        }
        if let Some((instance, short)) = self.runner_up {
            write!(f, "; next is instance {instance} ({short:+.3}), confidence {:.0} %", 100.0 * self.confidence)?;
        }
        Ok(())
    }
}

impl Reason {
    /// The route stays as it is.
    pub fn stays(self) -> bool {
        matches!(self, Self::Best | Self::Cooldown | Self::Marginal)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "it had no route",
            Self::Best => "nothing is better",
            Self::Cooldown => "changed too recently",
            Self::Marginal => "what is better is too little so",
            Self::Limit => "a limit did not hold safely",
            Self::Alarm => "its family has changed",
            Self::Slower => "its provers have slowed down",
            Self::Better => "better",
        })
    }
}
