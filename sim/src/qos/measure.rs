//! What was delivered, from nothing but the chain's facts about a request.

use crate::ask::Status;
use crate::market::{Case, Step};
use crate::{Account, Time, Wei};

/// What became of a request that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// A proof was accepted.
    pub done: bool,
    /// Seconds from entry to the first accepted proof; to the end, if there was none.
    pub time: Time,
    /// Seconds from entry to the first award or, where none is given, the first proof; the same as `time` if there was neither.
    pub wait: Time,
    /// Paid in all, in the request's token.
    pub paid: Wei,
    /// Units of work, at least 1.
    pub work: u64,
    /// Who made the proof that was accepted first.
    pub winner: Option<Account>,
    /// Awards that came to nothing by a prover's fault.
    pub failed: u16,
    /// It came to nothing by the requester's own fault.
    pub own_fault: bool,
}

impl Facts {
    /// What was paid for a million units of work.
    pub fn rate(&self) -> f64 {
        self.paid as f64 * 1e6 / self.work as f64
    }
}

/// The facts of a request; none while it lives.
///
/// The requester is at fault if it took the request back, or if every award that came to nothing was excused (the verifier that it
/// named did not work): such a request says nothing about provers or mechanisms.
pub fn facts(case: &Case) -> Option<Facts> {
    if case.is_live() || case.status == Status::None {
        return None;
    }
    let start = case.steps.first()?.0;
    let first = |wanted: fn(&Step) -> bool| case.steps.iter().find(|(_, step)| wanted(step)).map(|(time, _)| *time);
    let done = case.status == Status::Fulfilled;
    let proof = first(|step| matches!(step, Step::Proven { .. } | Step::Fulfilled { .. })).filter(|_| done);
    let end = proof.or_else(|| case.steps.last().map(|(time, _)| *time))?;
    let begun = first(|step| matches!(step, Step::Awarded { .. } | Step::Proven { .. })).unwrap_or(end);
    let count = |wanted: fn(&Step) -> bool| case.steps.iter().filter(|(_, step)| wanted(step)).count();
    let failed = count(|step| matches!(step, Step::Failed { .. }));
    let excused = count(|step| matches!(step, Step::Excused { .. }));
    let winner = case.steps.iter().find_map(|(_, step)| match step {
        Step::Proven { prover } | Step::Fulfilled { prover } => Some(*prover),
        _ => None,
    });
    Some(Facts {
        done,
        time: end - start,
        wait: begun.min(end) - start,
        paid: case.spent,
        work: case.request.work.max(1),
        winner: winner.filter(|_| done),
        failed: u16::try_from(failed).unwrap_or(u16::MAX),
        own_fault: case.status == Status::Cancelled || (!done && excused > 0 && failed == 0),
    })
}
