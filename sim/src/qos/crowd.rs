//! The provers of one future, in the orders in which rules look at them: nobody has to be looked at who comes too late to matter.

use std::sync::{Arc, OnceLock};

use super::supply::Contender;
use crate::mechanisms::sortition::lots;
use crate::{Account, Id};

/// All provers of one future.
#[derive(Clone, Debug)]
pub struct Crowd {
    all: Vec<Contender>,
    /// Where each is found by its account; futures of one fleet share it.
    accounts: Arc<[Account]>,
    /// Those with room: who answers first comes first; then by number.
    prompt: Vec<u32>,
    /// The same, by what they reckon with.
    cheap: Vec<u32>,
    /// The lots of one draw that were asked for, which rules with the same draw share.
    lots: OnceLock<(Id, Vec<OnceLock<u64>>)>,
}

impl Crowd {
    /// Of these, whose accounts are known to be `accounts` in the same order.
    pub(super) fn of(all: Vec<Contender>, accounts: &Arc<[Account]>) -> Self {
        let free = || (0_u32..).zip(&all).filter(|(_, who)| who.free);
        let mut prompt: Vec<_> = free().map(|(place, who)| (who.reaction, who.number, place)).collect();
        prompt.sort_unstable();
        let mut cheap: Vec<_> = free().map(|(place, who)| (who.reckoned, who.number, place)).collect();
        cheap.sort_unstable();
        Self {
            prompt: prompt.into_iter().map(|(.., place)| place).collect(),
            cheap: cheap.into_iter().map(|(.., place)| place).collect(),
            accounts: Arc::clone(accounts),
            lots: OnceLock::new(),
            all,
        }
    }

    /// Those with room, who answers first first.
    pub(super) fn prompt(&self) -> impl Iterator<Item = &Contender> {
        self.prompt.iter().map(|place| &self.all[*place as usize])
    }

    /// Those with room, the cheapest first.
    pub(super) fn cheap(&self) -> impl Iterator<Item = &Contender> {
        self.cheap.iter().map(|place| &self.all[*place as usize])
    }

    /// Whoever has this account.
    pub fn find(&self, account: &Account) -> Option<&Contender> {
        // Accounts that differ mostly do so at their end.
        let is = |other: &Account| other[12..] == account[12..] && other == account;
        self.accounts.iter().position(is).map(|place| &self.all[place])
    }

    /// Of those with room the willing, each with its lot in the draw with this beacon on request `id`, before it is weighed.
    pub(super) fn drawn(
        &self,
        beacon: &Id,
        id: &Id,
        willing: impl Fn(&Contender) -> bool,
    ) -> impl Iterator<Item = (&Contender, u64)> {
        let (of, lots) = self.lots.get_or_init(|| (*beacon, vec![OnceLock::new(); self.all.len()]));
        let draw = |who: &Contender| lots::lot(beacon, id, &who.account);
        let places = self.prompt.iter().map(|place| *place as usize);
        places.map(|place| (place, &self.all[place])).filter(move |(_, who)| willing(who)).map(move |(place, who)| {
            (who, if of == beacon { *lots[place].get_or_init(|| draw(who)) } else { draw(who) })
        })
    }
}

impl From<&[Contender]> for Crowd {
    fn from(all: &[Contender]) -> Self {
        let accounts = all.iter().map(|who| who.account).collect();
        Self::of(all.to_vec(), &accounts)
    }
}
