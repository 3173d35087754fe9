//! Lanes: the twin of `contracts/Lanes.sol`.

use std::collections::{BTreeMap, BTreeSet};

use crate::lane::{LANE, List, Mandate, Terms};
use crate::market::Violation;
use crate::market::kept::Kept;
use crate::{Account, Id, Time};

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
    /// All that are listed there.
    pub fn listed(&self, list: List) -> impl Iterator<Item = &Account> {
        self.lists.get(&list).into_iter().flatten()
    }

    /// It lists `account` there.
    pub fn lists(&self, list: List, account: &Account) -> bool {
        self.lists.get(&list).is_some_and(|listed| listed.contains(account))
    }
}

/// The id of a lane, where it stands in the place of a request: of decisions about it. No hash is likely to be one.
pub fn place_of_lane(requester: &Account, lane: u32) -> Id {
    let mut id = Id::default();
    id[..20].copy_from_slice(requester);
    id[28..].copy_from_slice(&(LANE | lane).to_be_bytes());
    id
}

/// The inverse of [`place_of_lane`]; none for requests and instances.
pub fn lane_at(id: &Id) -> Option<(Account, u32)> {
    let (requester, rest) = id.split_first_chunk::<20>()?;
    let (zeros, number) = rest.split_first_chunk::<8>()?;
    let number = number.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
    (*zeros == [0; 8] && number & LANE != 0).then_some((*requester, number ^ LANE))
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
