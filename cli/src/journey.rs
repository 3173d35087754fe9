//! What happened to one request: a fold of the market's events.

use std::collections::BTreeSet;

use bourse_chain::Block;
use bourse_sim::event::Event;
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei};

/// When something happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Unix seconds.
    pub time: Time,
    /// The block.
    pub block: u64,
    /// The transaction.
    pub transaction: Id,
}

/// A prover got the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Award {
    /// Who.
    pub prover: Account,
    /// For how much, in the instance's token.
    pub price: Wei,
    /// Until when, unix seconds.
    pub due: Time,
    /// When.
    pub at: Moment,
}

/// A prover lost its bond or its deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Who.
    pub prover: Account,
    /// What the requester got of it, in the stake token.
    pub compensation: Wei,
    /// When.
    pub at: Moment,
}

/// One instance the request was under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// The instance.
    pub instance: u32,
    /// Its version.
    pub version: u32,
    /// Since when.
    pub at: Moment,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With a proof.
    Fulfilled {
        /// Who made it.
        prover: Account,
        /// For how much.
        price: Wei,
        /// As it was verified.
        proof: Vec<u8>,
    },
    /// Without one.
    Closed {
        /// What the requester got back.
        refund: Wei,
    },
    /// Taken back.
    Cancelled {
        /// What the requester got back.
        refund: Wei,
    },
}

/// What happened to one request so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journey {
    /// The request and its input, once it has entered.
    pub entered: Option<(Request, Vec<u8>)>,
    /// The instances it was under, the first one from its entry on.
    pub rungs: Vec<Rung>,
    /// Provers that put a deposit on it.
    pub bidders: BTreeSet<Account>,
    /// Awards, the last one last.
    pub awards: Vec<Award>,
    /// Bonds of provers that failed.
    pub slashes: Vec<Loss>,
    /// Deposits of bidders that broke the rules.
    pub forfeits: Vec<Loss>,
    /// The first proof that came in an open stage, and whose it is.
    pub proof: Option<(Account, Vec<u8>)>,
    /// What was paid for proofs in an open stage, and to whom.
    pub rewards: Vec<(Account, Wei)>,
    /// What it paid in tips.
    pub tipped: Wei,
    /// How it ended, and when.
    pub end: Option<(End, Moment)>,
    /// The last one was slashed, and nobody else has it yet.
    failed: bool,
}

impl Journey {
    /// When it entered.
    pub fn opened(&self) -> Option<Moment> {
        self.rungs.first().map(|rung| rung.at)
    }

    /// The award that stands, or with which it was fulfilled.
    pub fn award(&self) -> Option<&Award> {
        self.awards.last().filter(|_| !self.failed)
    }

    /// Who proved it, and for how much, if it has ended with a proof.
    pub fn proven(&self) -> Option<(Account, Wei)> {
        match self.end {
            Some((End::Fulfilled { prover, price, .. }, _)) => Some((prover, price)),
            _ => None,
        }
    }

    /// What it is worth to the requester in tokens beside the refund: compensation for failures, in the stake token.
    pub fn compensation(&self) -> Wei {
        self.slashes.iter().chain(&self.forfeits).map(|loss| loss.compensation).sum()
    }

    /// Takes in what a block says about the request `id`.
    pub fn absorb(&mut self, id: &Id, block: &Block) {
        for (event, transaction) in block.events.iter().zip(&block.transactions) {
            let at = Moment { time: block.time, block: block.number, transaction: *transaction };
            if about(event) == Some(id) {
                self.apply(event, at);
            }
        }
    }

    fn apply(&mut self, event: &Event, at: Moment) {
        match event {
            Event::Opened { instance, version, request, input, .. } => {
                self.rungs.push(Rung { instance: *instance, version: *version, at });
                self.entered = Some((request.clone(), input.clone()));
            }
            Event::Held { prover, .. } => drop(self.bidders.insert(*prover)),
            Event::Awarded { prover, price, due, .. } => {
                self.awards.push(Award { prover: *prover, price: *price, due: *due, at });
                self.failed = false;
            }
            Event::Slashed { prover, compensation, .. } => {
                self.slashes.push(Loss { prover: *prover, compensation: *compensation, at });
                self.failed = true;
            }
            Event::Excused { .. } => self.failed = true,
            Event::Proven { prover, proof, .. } => drop(self.proof.get_or_insert_with(|| (*prover, proof.clone()))),
            Event::Rewarded { prover, amount, .. } => self.rewards.push((*prover, *amount)),
            Event::Forfeited { prover, compensation, .. } | Event::Docked { prover, compensation, .. } => {
                self.forfeits.push(Loss { prover: *prover, compensation: *compensation, at });
            }
            Event::Climbed { instance, version, .. } => {
                self.rungs.push(Rung { instance: *instance, version: *version, at });
            }
            Event::Tipped { amount, .. } => self.tipped += amount,
            Event::Fulfilled { prover, price, proof, .. } => {
                self.end = Some((End::Fulfilled { prover: *prover, price: *price, proof: proof.clone() }, at));
            }
            Event::Closed { refund, .. } => {
                let price = self.rewards.iter().map(|(_, amount)| amount).sum();
                let end = match self.proof.clone() {
                    Some((prover, proof)) => End::Fulfilled { prover, price, proof },
                    None => End::Closed { refund: *refund },
                };
                self.end = Some((end, at));
            }
            Event::Cancelled { refund, .. } => self.end = Some((End::Cancelled { refund: *refund }, at)),
            _ => {}
        }
    }
}

/// The request that an event is about, if it is about one.
pub fn about(event: &Event) -> Option<&Id> {
    match event {
        Event::Opened { id, .. }
        | Event::Awarded { id, .. }
        | Event::Held { id, .. }
        | Event::Released { id, .. }
        | Event::Forfeited { id, .. }
        | Event::Slashed { id, .. }
        | Event::Excused { id, .. }
        | Event::Recorded { id, .. }
        | Event::Drilled { id, .. }
        | Event::Climbed { id, .. }
        | Event::Noted { id, .. }
        | Event::BeaconFixed { id, .. }
        | Event::Tipped { id, .. }
        | Event::Docked { id, .. }
        | Event::Proven { id, .. }
        | Event::Rewarded { id, .. }
        | Event::Fulfilled { id, .. }
        | Event::FulfillmentRejected { id, .. }
        | Event::CallbackFailed { id }
        | Event::Closed { id, .. }
        | Event::Cancelled { id, .. } => Some(id),
        _ => None,
    }
}
