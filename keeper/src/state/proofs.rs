//! The proofs entrusted to the keeper: what is known of each, and how it moves on.

use bourse_chain::{Fault, Revert};
use bourse_sim::Id;
use bourse_sim::ask::Status;

use super::{Errand, HISTORY, Note, Pending, State};
use crate::decide::{Action, Deed};
use crate::proof::{Fate, Proof, ProofKey};

/// Transactions that may leave a proof out without a reason that concerns it, before it is given up.
const PATIENCE: u32 = 5;

/// A proof, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrusted {
    /// The proof.
    pub proof: Proof,
    /// Where it stands.
    pub stage: Stage,
    /// Transactions that it was in, without being settled.
    pub tries: u32,
}

/// Where a proof stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The chain is to be asked whether it would settle its award, once a block after this one has been followed.
    Unchecked(u64),
    /// The chain is being asked.
    Checking,
    /// It would.
    Verified,
    /// It was in this batch when the keeper stopped, and what became of that is not known yet.
    Unsure(String),
    /// It is under way, in the transaction of this key.
    Sent(String),
    /// It is on the chain since this block, or of no use any more; a reorg may change that.
    Done(u64),
}

impl ProofKey {
    /// The name of a proof on the chain.
    pub fn of(request: Id, prover: bourse_sim::Account, proof: &[u8]) -> Self {
        Self { request, prover, digest: bourse_sim::abi::keccak(proof) }
    }
}

impl State {
    /// A proof, by its name.
    pub fn proof(&self, key: &ProofKey) -> Option<&Proof> {
        self.proofs.get(key).map(|entry| &entry.proof)
    }

    /// The proofs that are settled as soon as somebody sends them.
    pub fn verified(&self) -> impl Iterator<Item = (&ProofKey, &Entrusted)> {
        self.proofs.iter().filter(|(_, entry)| entry.stage == Stage::Verified)
    }

    /// How many are neither settled nor rejected.
    pub fn waiting(&self) -> usize {
        self.proofs.values().filter(|entry| !matches!(entry.stage, Stage::Done(_))).count()
    }

    pub(super) fn entrust(&mut self, proof: Proof, batch: Option<String>) {
        let settled =
            self.settlements.get(&(proof.key.request, proof.key.prover)).filter(|(key, ..)| *key == proof.key);
        let stage = match settled {
            // It was settled without us while it was handed in.
            Some((_, transaction, block)) => {
                self.notes.push(Note::Fate(proof.clone(), Fate::settled(*transaction, *block)));
                Stage::Done(*block)
            }
            None => batch.map_or(Stage::Unchecked(0), Stage::Unsure),
        };
        self.proofs.insert(proof.key, Entrusted { proof, stage, tries: 0 });
    }

    /// What was under way before this start is again; what was not is looked at anew.
    pub(super) fn take_up(&mut self, keys: &[String]) {
        let unsure: Vec<(ProofKey, String)> = self.proofs.iter().filter_map(|(key, entry)| entry.unsure(key)).collect();
        for (key, batch) in &unsure {
            if let Some(entry) = self.proofs.get_mut(key) {
                let known = keys.contains(batch);
                entry.stage = if known { Stage::Sent(batch.clone()) } else { Stage::Unchecked(0) };
            }
        }
        for batch in keys.iter().filter(|batch| unsure.iter().any(|(_, of)| of == *batch)) {
            let proofs = unsure.iter().filter(|(_, of)| of == batch).map(|(key, _)| *key).collect();
            let reason = "under way since before this start".to_owned();
            let action = Action { key: batch.clone(), deed: Deed::Settle { proofs }, reason, until: 0 };
            self.pending.insert(batch.clone(), Pending { action, since: self.head.number });
        }
    }

    /// Proofs to ask the chain about.
    pub(super) fn checks(&mut self, limit: usize) -> Vec<Errand> {
        let head = self.head.number;
        let ready = self.proofs.iter().filter(|(key, entry)| {
            matches!(entry.stage, Stage::Unchecked(after) if after < head || after == 0) && self.expects(key)
        });
        let ready: Vec<ProofKey> = ready.map(|(key, _)| *key).take(limit).collect();
        for key in &ready {
            if let Some(entry) = self.proofs.get_mut(key) {
                entry.stage = Stage::Checking;
            }
        }
        ready.into_iter().map(Errand::Check).collect()
    }

    pub(super) fn checked(&mut self, key: &ProofKey, result: Result<(), Fault>) {
        let head = self.head.number;
        let Some(entry) = self.proofs.get_mut(key).filter(|entry| entry.stage == Stage::Checking) else { return };
        match result {
            Ok(()) => entry.stage = Stage::Verified,
            Err(Fault::Drop { why, .. }) => self.reject(key, why),
            Err(_) => entry.stage = Stage::Unchecked(head),
        }
    }

    /// The actions's proofs are on their way.
    pub(super) fn dispatch(&mut self, action: &Action) {
        let Deed::Settle { proofs } = &action.deed else { return };
        for key in proofs {
            if let Some(entry) = self.proofs.get_mut(key) {
                entry.stage = Stage::Sent(action.key.clone());
            }
        }
    }

    /// The action's proofs are not on their way.
    pub(super) fn release(&mut self, action: &Action) {
        let Deed::Settle { proofs } = &action.deed else { return };
        let head = self.head.number;
        for key in proofs {
            if let Some(entry) = self.proofs.get_mut(key).filter(|entry| !matches!(entry.stage, Stage::Done(_))) {
                entry.stage = Stage::Unchecked(head);
                entry.tries += 1;
            }
        }
        self.notes.push(Note::Unbatched(proofs.clone()));
    }

    /// The action's transaction is in a block that has been followed: what it did not settle was left out.
    pub(super) fn close_batch(&mut self, action: &Action, transaction: Id) {
        let Deed::Settle { proofs } = &action.deed else { return };
        self.release(action);
        for key in proofs {
            let Some(entry) = self.proofs.get(key).filter(|entry| !matches!(entry.stage, Stage::Done(_))) else {
                continue;
            };
            let left_out = self.left_out.get(&(transaction, key.request));
            let revert = left_out.map(|(_, reason)| Revert::decode(reason));
            let fatal = ["ProofRefused", "VerifierIsFrozen", "CodeChanged"];
            match revert {
                Some(revert) if fatal.contains(&&*revert.name) => self.reject(key, revert.to_string()),
                _ if entry.tries >= PATIENCE => {
                    let why = revert.map_or_else(|| "no reason given".to_owned(), |revert| revert.to_string());
                    self.reject(key, format!("left out of {PATIENCE} transactions, the last time because: {why}"));
                }
                _ => {}
            }
        }
    }

    /// The market took the proof that `taken` names: it fulfilled an award, or was the author's in an open stage.
    pub(super) fn taken(&mut self, taken: ProofKey, transaction: Id, block: u64) {
        self.settlements.insert((taken.request, taken.prover), (taken, transaction, block));
        let same = |key: &ProofKey| (key.request, key.prover) == (taken.request, taken.prover);
        for (key, entry) in self.proofs.iter_mut().filter(|(key, _)| same(key)) {
            if *key != taken && matches!(entry.stage, Stage::Done(_)) {
                continue;
            }
            entry.stage = Stage::Done(block);
            let fate = if *key == taken {
                Fate::settled(transaction, block)
            } else {
                Fate::rejected(format!("another proof was settled in block {block}"))
            };
            self.notes.push(Note::Fate(entry.proof.clone(), fate));
        }
    }

    /// Block `number` was taken back: what ended in it has not.
    pub(super) fn unsettle(&mut self, number: u64) {
        self.settlements.retain(|_, (_, _, block)| *block != number);
        for entry in self.proofs.values_mut().filter(|entry| entry.stage == Stage::Done(number)) {
            entry.stage = Stage::Unchecked(0);
            self.notes.push(Note::Fate(entry.proof.clone(), Fate::accepted()));
        }
    }

    /// At a tip: gives up what is too late, or has no award any more, and forgets what no reorg can bring back. A request
    /// that is not awarded at the moment may be again, as after a reorg; so only its end, or the time, counts.
    pub(super) fn review(&mut self) {
        let head = self.head;
        let horizon = head.number.saturating_sub(HISTORY as u64);
        self.proofs.retain(|_, entry| !matches!(entry.stage, Stage::Done(block) if block < horizon));
        let mut useless = Vec::new();
        for (key, entry) in &mut self.proofs {
            if matches!(entry.stage, Stage::Done(_) | Stage::Sent(_) | Stage::Unsure(_)) {
                continue;
            }
            let case = self.market.request(&key.request);
            let award = case.and_then(|case| case.award).filter(|award| award.prover == key.prover);
            if let Some(award) = award {
                entry.proof.due = award.due;
            }
            let due = entry.proof.due;
            match case.map(|case| case.status) {
                Some(Status::Closed | Status::Cancelled) => {
                    useless.push((*key, "the request ended without a proof".to_owned()));
                }
                Some(Status::Fulfilled) => {
                    useless.push((*key, "the request was fulfilled with another proof".to_owned()))
                }
                _ if due < head.time => {
                    let why = format!("too late: it is {}, and the proof was due at {due} (unix seconds)", head.time);
                    useless.push((*key, why));
                }
                _ => {}
            }
        }
        for (key, why) in useless {
            self.reject(&key, why);
        }
    }

    fn reject(&mut self, key: &ProofKey, why: String) {
        let Some(entry) = self.proofs.get_mut(key) else { return };
        entry.stage = Stage::Done(self.head.number);
        self.notes.push(Note::Fate(entry.proof.clone(), Fate::rejected(why)));
    }
}

impl Entrusted {
    fn unsure(&self, key: &ProofKey) -> Option<(ProofKey, String)> {
        match &self.stage {
            Stage::Unsure(batch) => Some((*key, batch.clone())),
            _ => None,
        }
    }
}
