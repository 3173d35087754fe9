//! One request and what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ask::{Status, Tag};
use crate::market::Violation;
use crate::market::kept::Kept;
use crate::request::Request;
use crate::{Account, BPS, Bps, Id, Time, Wei};

/// Seconds after its deadline from which a deposit needs no mechanism's consent to go back.
pub const RECLAIM_DELAY: Time = 24 * 60 * 60;

/// A prover's deposit on a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticket {
    /// Stake held, in the stake token.
    pub amount: Wei,
    /// The mechanism's note about it.
    pub tag: Tag,
}

/// A standing award, or the one that was fulfilled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Award {
    /// Who proves.
    pub prover: Account,
    /// What it is paid, in the request's token.
    pub price: Wei,
    /// Until when; unix seconds, inclusive.
    pub due: Time,
    /// The share of the request's bond at risk.
    pub bond_bps: Bps,
    /// That stake, in the stake token.
    pub bond: Wei,
}

/// What happened to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are accounts and rungs of the ladder")]
pub enum Step {
    Entered,
    Awarded { prover: Account, price: Wei },
    Failed { prover: Account },
    Excused { prover: Account },
    Climbed { rung: u8 },
    Fulfilled { prover: Account },
    Proven { prover: Account },
    Closed,
    Cancelled,
}

/// A request and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// As it entered.
    pub request: Arc<Request>,
    /// What a prover needs; empty once the request has ended.
    pub input: Arc<[u8]>,
    /// Where it is in its life.
    pub status: Status,
    /// Rungs of its ladder left behind.
    pub rung: u8,
    /// The instance and version whose rules hold now.
    pub instance: u32,
    /// See `instance`.
    pub version: u32,
    /// Those that it entered under.
    pub entered: (u32, u32),
    /// Open: since when, in this rung. Awarded: until when a proof is in time. Unix seconds; as in the contract's `State`.
    pub time: Time,
    /// The award that stands, or that was fulfilled.
    pub award: Option<Award>,
    /// The last prover that failed it.
    pub failed: Option<Account>,
    /// The tip that has not been paid yet.
    pub tip: Wei,
    /// Paid as rewards so far.
    pub spent: Wei,
    /// Whose proofs were accepted in an open stage, in their order.
    pub provers: Vec<Account>,
    /// The mechanism's words, in this rung.
    pub words: Vec<Id>,
    /// Deposits that stand.
    pub tickets: BTreeMap<Account, Ticket>,
    /// Every deposit that was made in this rung, in the order in which they were made, changes of one included. Empty once the request
    /// has ended.
    pub book: Vec<(Account, Ticket)>,
    /// The block whose hash is its beacon.
    pub beacon: Option<u64>,
    /// The proof that fulfilled it.
    pub proof: Option<Arc<[u8]>>,
    /// What happened, and when.
    pub steps: Vec<(Time, Step)>,
}

impl Case {
    /// It can still be awarded or fulfilled.
    pub fn is_live(&self) -> bool {
        matches!(self.status, Status::Open | Status::Awarded)
    }

    /// When time alone makes something possible that needs no mechanism: to close it, to expire its award, to give forgotten
    /// deposits back. None if nothing ever does.
    pub fn due(&self) -> Option<Time> {
        match self.status {
            Status::Open => Some(self.request.deadline),
            Status::Awarded => Some(self.time + 1),
            _ if !self.tickets.is_empty() => Some(self.request.deadline + RECLAIM_DELAY),
            _ => None,
        }
    }

    /// The stake at risk under an award at `bps` of its bond, rounded down; the twin of `bondAt` in
    /// `contracts/types/State.sol`.
    pub fn bond_at(&self, bps: Bps) -> Wei {
        self.request.bond * Wei::from(bps) / BPS
    }

    pub(super) fn require(&self, id: Id, status: Status, event: &'static str) -> Result<(), Violation> {
        if self.status == status { Ok(()) } else { Err(Violation::WrongStatus { id, have: self.status, event }) }
    }

    pub(super) fn awarded_to(&self, id: Id, prover: Account, event: &'static str) -> Result<Award, Violation> {
        self.require(id, Status::Awarded, event)?;
        self.award.filter(|award| award.prover == prover).ok_or(Violation::WrongProver { id, prover })
    }

    /// It has ended.
    pub(super) fn end(&mut self, status: Status, time: Time, step: Step) {
        self.status = status;
        self.input = Arc::default();
        self.book = Vec::new();
        self.steps.push((time, step));
    }

    /// Its award is over without a proof.
    pub(super) fn reopen(&mut self, time: Time, step: Step) {
        self.status = Status::Open;
        self.failed = self.award.take().map(|award| award.prover);
        self.time = time;
        self.steps.push((time, step));
    }
}

/// All requests, and when each is due.
#[derive(Clone, Debug, Default)]
pub(super) struct Cases {
    cases: Kept<Id, Case>,
    agenda: Kept<(Time, Id), ()>,
    live: Kept<Id, ()>,
    /// By when they ended.
    ended: Kept<(Time, Id), ()>,
    /// By whose they are, and when they entered.
    entered: Kept<(Account, Time, Id), ()>,
    /// Signed requests that were cancelled before they entered.
    void: Kept<Id, ()>,
}

impl Cases {
    pub(super) fn all(&self) -> &BTreeMap<Id, Case> {
        self.cases.map()
    }

    pub(super) fn live(&self) -> impl Iterator<Item = (&Id, &Case)> {
        self.live.map().keys().filter_map(|id| self.cases.map().get_key_value(id))
    }

    pub(super) fn ended(&self) -> impl DoubleEndedIterator<Item = (&Id, &Case)> {
        self.ended.map().keys().filter_map(|(_, id)| self.cases.map().get_key_value(id))
    }

    pub(super) fn of(&self, requester: Account) -> impl DoubleEndedIterator<Item = (&Id, &Case)> {
        let all = (requester, 0, Id::default())..=(requester, Time::MAX, [u8::MAX; 32]);
        self.entered.map().range(all).filter_map(|((_, _, id), ())| self.cases.map().get_key_value(id))
    }

    pub(super) fn due(&self, time: Time) -> impl Iterator<Item = (&Id, &Case)> {
        let end = (time + 1, Id::default());
        self.agenda.map().range(..end).filter_map(|((_, id), ())| self.cases.map().get_key_value(id))
    }

    pub(super) fn next_due(&self) -> Option<Time> {
        self.agenda.map().first_key_value().map(|((time, _), ())| *time)
    }

    pub(super) fn enter(&mut self, id: Id, case: Case) -> Result<(), Violation> {
        if self.cases.get(&id).is_some() || self.void.get(&id).is_some() {
            return Err(Violation::KnownRequest { id });
        }
        self.index(id, None, case.due(), case.is_live());
        self.entered.set((case.request.requester, case.time, id), ());
        self.cases.set(id, case);
        Ok(())
    }

    pub(super) fn void(&mut self, id: Id) {
        self.void.set(id, ());
    }

    pub(super) fn get(&self, id: Id) -> Result<&Case, Violation> {
        self.cases.get(&id).ok_or(Violation::UnknownRequest { id })
    }

    /// Changes a request, and keeps the agenda in step.
    pub(super) fn edit(&mut self, id: Id, change: impl FnOnce(&mut Case)) -> Result<(), Violation> {
        let case = self.cases.edit(&id).ok_or(Violation::UnknownRequest { id })?;
        let (before, was_live) = (case.due(), case.is_live());
        change(case);
        let (after, is_live) = (case.due(), case.is_live());
        if let (true, false, Some((time, _))) = (was_live, is_live, case.steps.last()) {
            self.ended.set((*time, id), ());
        }
        if before != after || was_live != is_live {
            self.index(id, before, after, is_live);
        }
        Ok(())
    }

    pub(super) fn checkpoint(&mut self, keep: usize) {
        self.cases.checkpoint(keep);
        self.agenda.checkpoint(keep);
        self.live.checkpoint(keep);
        self.ended.checkpoint(keep);
        self.entered.checkpoint(keep);
        self.void.checkpoint(keep);
    }

    pub(super) fn revert(&mut self) {
        self.cases.revert();
        self.agenda.revert();
        self.live.revert();
        self.ended.revert();
        self.entered.revert();
        self.void.revert();
    }

    fn index(&mut self, id: Id, before: Option<Time>, after: Option<Time>, live: bool) {
        if before != after {
            if let Some(time) = before {
                self.agenda.remove(&(time, id));
            }
            if let Some(time) = after {
                self.agenda.set((time, id), ());
            }
        }
        if !live {
            self.live.remove(&id);
        } else if self.live.get(&id).is_none() {
            self.live.set(id, ());
        }
    }
}
