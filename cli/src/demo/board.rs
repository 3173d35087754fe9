//! All that happens in the demo market, folded from its events.

use std::collections::{BTreeMap, BTreeSet};

use bourse_chain::Block;
use bourse_sim::event::Event;
use bourse_sim::{Account, Id, Time, Wei, ZERO};

use super::people::{DOOMED, ERRANDS, Errand, REQUESTERS, Requester};
use crate::journey::{End, Journey, about};
use crate::record::Record;

/// The market's state as far as the demo shows it.
#[derive(Debug, Default)]
pub struct Board {
    /// What accounts are called.
    pub names: BTreeMap<Account, String>,
    /// What instances are called.
    pub instances: BTreeMap<u32, String>,
    /// What the mechanisms of instances are called.
    pub families: BTreeMap<u32, String>,
    /// Accounts that the market has ever heard of.
    pub accounts: BTreeSet<Account>,
    /// Native coin that came in and went out.
    pub deposited: Wei,
    /// See `deposited`.
    pub withdrawn: Wei,
    /// The chain's time.
    pub time: Time,
    /// The requests made, by the number of their errand.
    made: BTreeMap<usize, Record>,
    /// What happened to each request.
    pub journeys: BTreeMap<Id, Journey>,
}

impl Board {
    /// An errand became a request.
    pub fn made(&mut self, errand: usize, record: Record) {
        self.made.insert(errand, record);
    }

    /// Takes in a block.
    pub fn absorb(&mut self, block: &Block) {
        self.time = block.time;
        let ids: BTreeSet<Id> = block.events.iter().filter_map(about).copied().collect();
        for id in ids {
            self.journeys.entry(id).or_default().absorb(&id, block);
        }
        block.events.iter().for_each(|event| self.count(event));
    }

    fn count(&mut self, event: &Event) {
        match event {
            Event::Deposited { token: ZERO, account, amount, .. } => {
                self.deposited += amount;
                self.accounts.insert(*account);
            }
            Event::Withdrawn { token: ZERO, amount, .. } => self.withdrawn += amount,
            Event::Declared { prover, .. } => drop(self.accounts.insert(*prover)),
            Event::Opened { requester, .. } => drop(self.accounts.insert(*requester)),
            Event::Tipped { to, .. } | Event::Routed { by: to, .. } => drop(self.accounts.insert(*to)),
            _ => {}
        }
    }

    /// The errands, each with its requester, its request and what happened to it.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        ERRANDS.iter().enumerate().map(|(number, errand)| {
            let record = self.made.get(&number);
            let requester = REQUESTERS.get(errand.requester).unwrap_or(&REQUESTERS[0]);
            Line { errand, requester, record, journey: record.and_then(|record| self.journeys.get(&record.id)) }
        })
    }

    /// All have ended.
    pub fn is_over(&self) -> bool {
        self.lines().all(|line| line.journey.is_some_and(|journey| journey.end.is_some()))
    }

    /// The prover that is to be killed has something to prove.
    pub fn doom_has_come(&self) -> bool {
        self.journeys.values().any(|journey| {
            journey.end.is_none() && journey.award().is_some_and(|award| self.name(award.prover) == DOOMED)
        })
    }

    /// It has been slashed for what it left behind.
    pub fn doom_is_paid(&self) -> bool {
        let mut losses = self.journeys.values().flat_map(|journey| &journey.slashes);
        losses.any(|loss| self.name(loss.prover) == DOOMED)
    }

    /// What an account is called.
    pub fn name(&self, account: Account) -> String {
        self.names.get(&account).cloned().unwrap_or_else(|| crate::amount::short(&account))
    }

    /// What an instance is called.
    pub fn instance(&self, number: u32) -> String {
        self.instances.get(&number).cloned().unwrap_or_else(|| number.to_string())
    }

    /// What is locked in requests that have not ended.
    pub fn escrow(&self) -> Wei {
        let running = self.journeys.values().filter(|journey| journey.end.is_none());
        running.filter_map(|journey| journey.entered.as_ref()).map(|(request, _)| request.escrow()).sum()
    }
}

/// One errand and what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// What was wanted.
    pub errand: &'a Errand,
    /// By whom.
    pub requester: &'a Requester,
    /// The request, once made.
    pub record: Option<&'a Record>,
    /// What happened to it, once it entered.
    pub journey: Option<&'a Journey>,
}

/// How an errand stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its time has not come.
    Planned,
    /// No prover has it.
    Open,
    /// A prover has it.
    Awarded,
    /// It has its proof.
    Proven,
    /// It has its money back.
    Refunded,
}

impl Line<'_> {
    /// How it stands.
    pub fn standing(&self) -> Standing {
        let Some(journey) = self.journey else { return Standing::Planned };
        match (&journey.end, journey.award()) {
            (Some((End::Fulfilled { .. }, _)), _) => Standing::Proven,
            (Some(_), _) => Standing::Refunded,
            (None, Some(_)) => Standing::Awarded,
            (None, None) => Standing::Open,
        }
    }

    /// Seconds from its entry to its end, or to `now`.
    pub fn seconds(&self, now: Time) -> u64 {
        let Some((journey, opened)) = self.journey.and_then(|journey| Some((journey, journey.opened()?))) else {
            return 0;
        };
        let end = journey.end.as_ref().map_or(now, |(_, at)| at.time);
        end.saturating_sub(opened.time)
    }

    /// The instances it went through, and who failed it.
    pub fn way(&self, board: &Board) -> String {
        let Some(journey) = self.journey else { return self.errand.instance.to_owned() };
        let rungs: Vec<_> = journey.rungs.iter().map(|rung| board.instance(rung.instance)).collect();
        let failed: Vec<_> = journey.slashes.iter().map(|loss| board.name(loss.prover)).collect();
        let failed = if failed.is_empty() { String::new() } else { format!(", {} failed", failed.join(" and ")) };
        format!("{}{failed}", rungs.join(" → "))
    }
}
