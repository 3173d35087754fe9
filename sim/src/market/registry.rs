//! Mechanism instances and verifiers: the twin of `contracts/Registry.sol`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::Config;
use crate::market::Violation;
use crate::market::case::Ticket;
use crate::market::kept::Kept;
use crate::{Account, Id, Time};

/// A mechanism instance with all its versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// Who may retune and retire it.
    pub owner: Account,
    /// Anyone's requests, or only the owner's.
    pub open: bool,
    /// No new requests.
    pub retired: bool,
    /// Version 1 first.
    pub versions: Vec<Arc<Config>>,
    /// When each became current, unix seconds.
    pub set_at: Vec<Time>,
    /// The words that all its requests share.
    pub shared: Vec<Id>,
    /// Deposits that stand on the instance itself.
    pub seats: BTreeMap<Account, Ticket>,
}

impl Instance {
    /// The number of the current version.
    pub fn version(&self) -> u32 {
        u32::try_from(self.versions.len()).unwrap_or(u32::MAX)
    }

    /// One version.
    pub fn config(&self, version: u32) -> Option<&Arc<Config>> {
        self.versions.get(usize::try_from(version.checked_sub(1)?).ok()?)
    }
}

/// An entry of the verifier registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verifier {
    /// The contract, and the hash of its code.
    pub target: Account,
    /// See `target`.
    pub codehash: Id,
    /// Gas that one call may take.
    pub gas: u32,
    /// Who may freeze it.
    pub registrar: Account,
    /// Nothing can be proven to it any more.
    pub frozen: bool,
}

/// The id of an instance itself, where it stands in the place of a request: of tickets on it and questions about it.
pub fn place_of(instance: u32) -> Id {
    let mut id = Id::default();
    id[28..].copy_from_slice(&instance.to_be_bytes());
    id
}

/// The inverse of [`place_of`]; none for a request, which no id as low is of.
pub fn instance_of(id: &Id) -> Option<u32> {
    let (high, low) = id.split_at(28);
    let number = low.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
    high.iter().all(|byte| *byte == 0).then_some(number)
}

/// All instances and verifiers.
#[derive(Clone, Debug, Default)]
pub(super) struct Registry {
    instances: Kept<u32, Instance>,
    verifiers: Kept<u32, Verifier>,
}

impl Registry {
    pub(super) fn instances(&self) -> &BTreeMap<u32, Instance> {
        self.instances.map()
    }

    pub(super) fn verifiers(&self) -> &BTreeMap<u32, Verifier> {
        self.verifiers.map()
    }

    pub(super) fn config(&self, instance: u32, version: u32) -> Result<&Arc<Config>, Violation> {
        let found = self.instances.get(&instance).and_then(|found| found.config(version));
        found.ok_or(Violation::UnknownInstance { instance, version })
    }

    pub(super) fn set(
        &mut self,
        instance: u32,
        version: u32,
        owner: Account,
        open: bool,
        (config, time): (&Config, Time),
    ) -> Result<(), Violation> {
        let known = self.instances.map().last_key_value().map_or(0, |(last, _)| *last);
        if version == 1 && instance != known + 1 {
            return Err(Violation::UnknownInstance { instance, version });
        }
        let entry = self.instances.edit_or_default(instance);
        if version != entry.version() + 1 || entry.retired {
            return Err(Violation::UnknownInstance { instance, version });
        }
        entry.owner = owner;
        entry.open = open;
        entry.versions.push(Arc::new(config.clone()));
        entry.set_at.push(time);
        let shared = usize::from(config.shape.shared);
        entry.shared.resize(entry.shared.len().max(shared), Id::default());
        Ok(())
    }

    pub(super) fn retire(&mut self, instance: u32) -> Result<(), Violation> {
        self.edit(instance)?.retired = true;
        Ok(())
    }

    pub(super) fn share(&mut self, instance: u32, shared: &[Id]) -> Result<(), Violation> {
        let entry = self.edit(instance)?;
        // A version may use fewer words than another did; the rest stay.
        entry.shared.resize(entry.shared.len().max(shared.len()), Id::default());
        for (word, new) in entry.shared.iter_mut().zip(shared) {
            *word = *new;
        }
        Ok(())
    }

    pub(super) fn add_verifier(&mut self, verifier: u32, entry: Verifier) -> Result<(), Violation> {
        let known = self.verifiers.map().last_key_value().map_or(0, |(last, _)| *last);
        if verifier != known + 1 {
            return Err(Violation::UnknownVerifier { verifier });
        }
        self.verifiers.set(verifier, entry);
        Ok(())
    }

    pub(super) fn freeze(&mut self, verifier: u32) -> Result<(), Violation> {
        self.verifiers.edit(&verifier).ok_or(Violation::UnknownVerifier { verifier })?.frozen = true;
        Ok(())
    }

    pub(super) fn checkpoint(&mut self, keep: usize) {
        self.instances.checkpoint(keep);
        self.verifiers.checkpoint(keep);
    }

    pub(super) fn revert(&mut self) {
        self.instances.revert();
        self.verifiers.revert();
    }

    pub(super) fn edit(&mut self, instance: u32) -> Result<&mut Instance, Violation> {
        self.instances.edit(&instance).ok_or(Violation::UnknownInstance { instance, version: 0 })
    }
}
