//! Lanes: the twin of `contracts/Lanes.sol`.

use std::collections::{BTreeMap, BTreeSet};

use crate::lane::{List, Mandate, Terms};
use crate::market::Violation;
use crate::market::kept::Kept;
use crate::{Account, Time};

/// A requester's standing order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// What it has to keep to, and what is wished for.
    pub terms: Terms,
    /// Who may route it.
    pub mandate: Mandate,
    /// Instance and version that new requests enter under, if any.
    pub route: Option<(u32, u32)>,
    /// When it was last routed, and last by a keeper, unix seconds; 0 if never.
    pub routed_at: Time,
    /// See `routed_at`.
    pub moved_at: Time,
    /// What is listed.
    lists: BTreeMap<List, BTreeSet<Account>>,
}

impl Lane {
    /// It lists `account` there.
    pub fn lists(&self, list: List, account: &Account) -> bool {
        self.lists.get(&list).is_some_and(|listed| listed.contains(account))
    }
}

/// All lanes.
#[derive(Clone, Debug, Default)]
pub(super) struct Lanes(Kept<(Account, u32), Lane>);

impl Lanes {
    pub(super) fn all(&self) -> &BTreeMap<(Account, u32), Lane> {
        self.0.map()
    }

    pub(super) fn set_terms(&mut self, requester: Account, lane: u32, terms: &Terms) {
        self.0.edit_or_default((requester, lane)).terms = terms.clone();
    }

    pub(super) fn edit(&mut self, requester: Account, lane: u32) -> Result<&mut Lane, Violation> {
        self.0.edit(&(requester, lane)).ok_or(Violation::UnknownLane { requester, lane })
    }

    pub(super) fn list(
        &mut self,
        (requester, lane): (Account, u32),
        list: List,
        entries: &[(Account, bool)],
    ) -> Result<(), Violation> {
        let listed = self.edit(requester, lane)?.lists.entry(list).or_default();
        for (account, on) in entries {
            if *on {
                listed.insert(*account)
            } else {
                listed.remove(account)
            };
        }
        Ok(())
    }

    pub(super) fn checkpoint(&mut self, history: usize) {
        self.0.checkpoint(history);
    }

    pub(super) fn revert(&mut self) {
        self.0.revert();
    }
}
