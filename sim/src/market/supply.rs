//! Provers, their terms, stake and capacity: the twin of `contracts/Supply.sol`.

use std::collections::BTreeMap;

use crate::event::{Declaration, Offer};
use crate::market::Violation;
use crate::market::kept::Kept;
use crate::market::record::Record;
use crate::{Account, Time, Wei};

/// Takes awards from every mechanism.
pub const ANY_MECHANISM: u8 = 1;
/// Takes work for every verifier.
pub const ANY_VERIFIER: u8 = 2;
/// Takes no new award and no new deposit. Where a deposit of it stands already, it can still bid.
pub const DRAINING: u8 = 4;
/// Can be drilled: anyone awards it work at what it offers, without asking, who shows that the work can be proven.
pub const DRILLS: u8 = 8;

/// A prover: what it declared, its stake in the stake token, and what it serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prover {
    /// Its number, from 1.
    pub number: u32,
    /// Stake, and the part of it that bonds and deposits hold.
    pub stake: Wei,
    /// See `stake`.
    pub locked: Wei,
    /// Awards it serves and deposits it has standing.
    pub busy: u16,
    /// The most of them at once.
    pub concurrency: u16,
    /// [`ANY_MECHANISM`], [`ANY_VERIFIER`], [`DRAINING`], [`DRILLS`].
    pub flags: u8,
    /// Awards kept and failed, each counted to 65,535.
    pub kept: u16,
    /// See `kept`.
    pub failed: u16,
    /// Terms per token.
    pub offers: BTreeMap<Account, Offer>,
    /// Mechanisms and verifiers listed, and whether they are accepted.
    pub mechanisms: BTreeMap<Account, bool>,
    /// See `mechanisms`.
    pub verifiers: BTreeMap<u32, bool>,
    /// What became of its awards, by verifier and token.
    pub records: BTreeMap<(u32, Account), Record>,
    /// Stake on its way out, and when it can be withdrawn.
    pub exit: Option<(Wei, Time)>,
}

impl Prover {
    /// Stake that backs nothing yet.
    pub fn free(&self) -> Wei {
        self.stake.saturating_sub(self.locked)
    }

    /// Awards and deposits it could still take.
    pub fn capacity(&self) -> u16 {
        self.concurrency.saturating_sub(self.busy)
    }

    /// It takes awards from `mechanism`.
    pub fn accepts_mechanism(&self, mechanism: &Account) -> bool {
        self.flags & ANY_MECHANISM != 0 || self.mechanisms.get(mechanism).copied().unwrap_or(false)
    }

    /// It takes work for `verifier`.
    pub fn accepts_verifier(&self, verifier: u32) -> bool {
        self.flags & ANY_VERIFIER != 0 || self.verifiers.get(&verifier).copied().unwrap_or(false)
    }

    fn declare(&mut self, declaration: &Declaration) {
        self.concurrency = declaration.concurrency;
        self.flags = declaration.flags;
        self.offers.extend(declaration.offers.iter().copied());
        self.mechanisms.extend(declaration.mechanisms.iter().copied());
        self.verifiers.extend(declaration.verifiers.iter().copied());
    }
}

/// All provers.
#[derive(Clone, Debug, Default)]
pub(super) struct Supply {
    provers: Kept<Account, Prover>,
    by_number: Kept<u32, Account>,
}

impl Supply {
    pub(super) fn provers(&self) -> &BTreeMap<Account, Prover> {
        self.provers.map()
    }

    pub(super) fn by_number(&self, number: u32) -> Option<Account> {
        self.by_number.get(&number).copied()
    }

    pub(super) fn edit(&mut self, prover: Account) -> Result<&mut Prover, Violation> {
        self.provers.edit(&prover).ok_or(Violation::UnknownProver { prover })
    }

    pub(super) fn declare(&mut self, prover: Account, number: u32, declaration: &Declaration) -> Result<(), Violation> {
        let entry = self.provers.edit_or_default(prover);
        if entry.number == 0 {
            entry.number = number;
            self.by_number.set(number, prover);
        }
        let entry = self.edit(prover)?;
        equal("the prover's number", number.into(), entry.number.into())?;
        entry.declare(declaration);
        Ok(())
    }

    /// Locks `amount` of stake in place of `old`; `slots` is the change of what it serves.
    pub(super) fn lock(&mut self, prover: Account, old: Wei, amount: Wei, slots: i32) -> Result<(), Violation> {
        let entry = self.edit(prover)?;
        entry.locked = less("locked stake", entry.locked, old)? + amount;
        if entry.locked > entry.stake {
            return Err(Violation::TooMuch { what: "locked stake", have: entry.locked, max: entry.stake });
        }
        let busy = i32::from(entry.busy) + slots;
        entry.busy = u16::try_from(busy).map_err(|_| Violation::WrongAmount {
            what: "the number of awards and deposits",
            have: entry.busy.into(),
            want: slots.unsigned_abs().into(),
        })?;
        Ok(())
    }

    /// Takes locked stake away for good; `slots` is the change of what it serves.
    pub(super) fn seize(&mut self, prover: Account, amount: Wei, slots: i32) -> Result<(), Violation> {
        self.lock(prover, amount, 0, slots)?;
        let entry = self.edit(prover)?;
        entry.stake = less("stake", entry.stake, amount)?;
        Ok(())
    }

    pub(super) fn stake(&mut self, prover: Account, amount: Wei) -> Result<(), Violation> {
        let entry = self.edit(prover)?;
        entry.stake = entry.stake.saturating_add(amount);
        Ok(())
    }

    pub(super) fn unstake(&mut self, prover: Account, amount: Wei, ready_at: Time) -> Result<(), Violation> {
        if amount == 0 && !self.provers.map().contains_key(&prover) {
            // The contract lets anyone take nothing out.
            return Ok(());
        }
        let entry = self.edit(prover)?;
        let free = entry.free();
        if amount > free {
            return Err(Violation::TooMuch { what: "stake taken out", have: amount, max: free });
        }
        entry.stake -= amount;
        let waiting = entry.exit.map_or(0, |(waiting, _)| waiting);
        entry.exit = Some((waiting + amount, ready_at));
        Ok(())
    }

    pub(super) fn finish_unstake(&mut self, prover: Account, amount: Wei) -> Result<(), Violation> {
        let exit = self.edit(prover)?.exit.take();
        equal("stake withdrawn", amount, exit.map_or(0, |(waiting, _)| waiting))
    }

    pub(super) fn checkpoint(&mut self, keep: usize) {
        self.provers.checkpoint(keep);
        self.by_number.checkpoint(keep);
    }

    pub(super) fn revert(&mut self) {
        self.provers.revert();
        self.by_number.revert();
    }
}

pub(super) fn equal(what: &'static str, have: Wei, want: Wei) -> Result<(), Violation> {
    if have == want { Ok(()) } else { Err(Violation::WrongAmount { what, have, want }) }
}

pub(super) fn less(what: &'static str, have: Wei, by: Wei) -> Result<Wei, Violation> {
    have.checked_sub(by).ok_or(Violation::TooMuch { what, have: by, max: have })
}
