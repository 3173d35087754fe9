//! Actions under way, and what is left alone for a while because it failed.

use std::time::Duration;

use bourse_chain::{Fault, Outcome, Revert, Submitted};
use bourse_sim::Time;

use super::{Note, Pending, State};
use crate::decide::Action;

/// The longest that a failed action is left alone.
const LONGEST_HOLD: Time = 300;

impl State {
    pub(super) fn submitted(&mut self, action: Action, result: Result<Submitted, Fault>) {
        match result {
            Ok(Submitted::Sent { .. } | Submitted::Pending) => {
                self.trouble = None;
                self.begin(action);
            }
            // A block that has not been followed yet has it; its events will tell.
            Ok(Submitted::Landed { block, .. }) if block > self.head.number => self.hold(&action, 0, 1),
            Ok(Submitted::Landed { transaction, .. }) => {
                self.close_batch(&action, transaction);
                self.hold(&action, 1, 0);
            }
            Ok(Submitted::Failed { .. }) => {
                self.release(&action);
                self.hold(&action, 1, 0);
            }
            Err(fault) => self.failed(action, &fault),
        }
    }

    fn begin(&mut self, action: Action) {
        if let Some(slot) = action.deed.slot() {
            self.slots.insert(slot, action.key.clone());
        }
        self.dispatch(&action);
        self.pending.insert(action.key.clone(), Pending { action, since: self.head.number });
    }

    pub(super) fn conclude(&mut self, key: &str, outcome: Outcome) {
        let Some(Pending { action, .. }) = self.pending.get(key).cloned() else { return };
        if matches!(outcome, Outcome::Unknown) {
            // It stays pending until somebody can say.
            return self.notes.push(Note::Result(action, "unknown".to_owned()));
        }
        self.pending.remove(key);
        if let Some(slot) = action.deed.slot() {
            self.slots.remove(&slot);
        }
        match outcome {
            Outcome::Landed { transaction, block } => {
                // Its events have been followed. What is not as it should be by now is decided anew.
                self.close_batch(&action, transaction);
                self.forgive(&action);
                self.notes.push(Note::Result(action, format!("landed in block {block}")));
            }
            Outcome::Failed(fault) => self.failed(action, &fault),
            Outcome::Unknown => {}
        }
    }

    fn forgive(&mut self, action: &Action) {
        if let Some(slot) = action.deed.slot() {
            self.strikes.remove(&slot);
        }
    }

    fn failed(&mut self, action: Action, fault: &Fault) {
        self.release(&action);
        match fault {
            Fault::Retry { after, .. } => self.hold(&action, 0, seconds(*after)),
            Fault::Drop { revert, .. } => {
                // Too late is what its twin says as well, by the time that the transaction arrives.
                let odd = |revert: &Revert| {
                    ["MechanismFailed", "NothingFollows"].contains(&&*revert.name) && revert.root().name != "TooLate"
                };
                if revert.as_ref().is_some_and(odd) {
                    self.doubt(&action);
                }
                self.hold(&action, 1, 2);
            }
            Fault::Unknown { .. } => self.hold(&action, 1, 12),
            Fault::Halt { why } => {
                self.trouble = Some((why.clone(), self.head.time + 15));
                self.hold(&action, 0, 15);
            }
        }
        self.notes.push(Note::Result(action, format!("failed: {fault}")));
    }

    /// Leaves an action alone for a while: longer each time it fails in a row.
    fn hold(&mut self, action: &Action, count: u32, base: Time) {
        let Some(slot) = action.deed.slot() else { return };
        let strike = self.strikes.entry(slot).or_default();
        strike.count += count;
        let doubled = base.saturating_mul(1 << strike.count.saturating_sub(1).min(16));
        strike.until = self.head.time + doubled.min(LONGEST_HOLD);
    }
}

fn seconds(after: Duration) -> Time {
    after.as_secs().max(1)
}
