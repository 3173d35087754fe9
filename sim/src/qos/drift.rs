//! Whether a prover is still what it was: a cumulative sum of how far it is from what is believed of it, in each direction. When one is an
//! alarm, what counts from then on is what was seen since that sum began to grow; what was seen before is about another prover, in effect.

use super::evidence::{ALARM, SLACK};
use super::supply::Seen;
use crate::Time;

/// Standard deviations of the logarithm of a speed, and of whether an award fails.
const SPREAD: f64 = 0.35;
const FAILING: f64 = 0.25;
/// No single award is stranger than that, in standard deviations: it takes four to be sure.
const STRANGE: f64 = 3.0;

/// A change that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// When, unix seconds.
    pub at: Time,
    /// It is slower than it was, or fails more often.
    pub worse: bool,
}

/// What became of an award, and what would have been expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    /// The logarithm of the speed relative to the declared one; none if the award failed.
    pub log_speed: Option<f64>,
    /// What was believed of that logarithm, and the probability of a failure.
    pub believed: (f64, f64),
}

/// Evidence for a change in one direction, and what was seen since there is any.
#[derive(Clone, Copy, Debug, Default)]
struct Side {
    sum: f64,
    seen: Seen,
}

/// Looks at one prover's awards, one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watch {
    slower: Side,
    faster: Side,
    failing: Side,
}

impl Side {
    /// What is left to believe, if that is an alarm.
    fn weigh(&mut self, deviation: f64, sight: &Sight) -> Option<Seen> {
        self.sum += deviation.clamp(-STRANGE, STRANGE) - SLACK;
        if self.sum <= 0.0 {
            *self = Self::default();
            return None;
        }
        match sight.log_speed {
            Some(log_speed) => {
                self.seen.kept += 1.0;
                self.seen.log_speed += log_speed;
            }
            None => self.seen.failed += 1.0,
        }
        (self.sum > ALARM).then_some(self.seen)
    }
}

impl Watch {
    /// Takes in an award. If the prover has changed: whether for the worse, and what of its awards, speeds and failures still counts.
    pub fn look(&mut self, sight: &Sight) -> Option<(bool, Seen)> {
        let (speed, failure) = sight.believed;
        let failed = if sight.log_speed.is_none() { 1.0 } else { 0.0 };
        let failing = self.failing.weigh((failed - failure) / FAILING, sight).map(|left| (true, left));
        let paced = sight.log_speed.and_then(|log_speed| {
            let ahead = (log_speed - speed) / SPREAD;
            let slower = self.slower.weigh(-ahead, sight).map(|left| (true, left));
            let faster = self.faster.weigh(ahead, sight).map(|left| (false, left));
            slower.or(faster)
        });
        let found = paced.or(failing);
        if found.is_some() {
            *self = Self::default();
        }
        found
    }
}
