//! Who holds a contract, who will, and who is still liable; the twin of `contracts/libraries/Reservations.sol`.

use super::ReservedParams;
use super::turn::Turn;
use crate::ask::Ask;
use crate::mechanisms::standing::{Holder, entry, part, put, word};
use crate::{Account, Id, Time};

/// A holder's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// When its bucket of requests is full; unix seconds, as below.
    pub full: Time,
    /// When its notice ends, or 0.
    pub leaves: Time,
    /// When its period of misses began.
    pub since: Time,
    /// How many there were in it.
    pub misses: u8,
}

/// The words of an instance as they are at some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contract {
    /// Who is awarded, in this order.
    pub holders: [Option<Holder>; 2],
    /// Who will be, as things are; lowest first.
    pub bids: [Option<Holder>; 2],
    /// Who left, and until when it is liable.
    pub out: [Option<(Account, Time)>; 2],
    /// The holders'.
    pub clocks: [Clock; 2],
    /// When the contract ends; unix seconds.
    pub until: Time,
    /// When the bids become the contract.
    pub effect: Time,
    /// Which parameters holders and bidders have agreed to.
    pub print: u64,
}

impl Contract {
    /// What the words say under these parameters, with what time has done since they were written; none if they are not those of a contract.
    pub fn at(p: &ReservedParams, shared: &[Id], time: Time) -> Option<Self> {
        let ask = Ask { params: p.encode(), shared: shared.to_vec(), time, ..Ask::default() };
        Some(Turn::new(p, &ask)?.contract)
    }

    /// As the contract keeps it.
    pub fn words(&self) -> Vec<Id> {
        let mut clocks = Id::default();
        for (i, clock) in self.clocks.iter().enumerate() {
            for (j, time) in [clock.full, clock.leaves, clock.since].into_iter().enumerate() {
                put(&mut clocks, 16 * i + 5 * j, 5, time);
            }
            put(&mut clocks, 16 * i + 15, 1, clock.misses.into());
        }
        let mut times = Id::default();
        put(&mut times, 0, 5, self.until);
        put(&mut times, 5, 5, self.effect);
        put(&mut times, 10, 8, self.print);
        let holder =
            |holder: Option<Holder>| holder.map_or_else(Id::default, |holder| word(holder.prover, holder.rate));
        let out =
            |out: Option<(Account, Time)>| out.map_or_else(Id::default, |(prover, until)| word(prover, until.into()));
        let [first, second] = self.holders.map(holder);
        let [best, next] = self.bids.map(holder);
        let [gone, other] = self.out.map(out);
        vec![first, second, best, next, clocks, times, gone, other]
    }

    pub(super) fn read(shared: &[Id]) -> Option<Self> {
        let [first, second, best, next, clocks, times, gone, other] = shared else { return None };
        let holder = |word: &Id| entry(word).map(|(prover, rate)| Holder { prover, rate });
        let out = |word: &Id| entry(word).map(|(prover, until)| (prover, until as Time));
        let clock = |i: usize| Clock {
            full: part(clocks, 16 * i, 5),
            leaves: part(clocks, 16 * i + 5, 5),
            since: part(clocks, 16 * i + 10, 5),
            misses: part(clocks, 16 * i + 15, 1) as u8,
        };
        Some(Self {
            holders: [holder(first), holder(second)],
            bids: [holder(best), holder(next)],
            out: [out(gone), out(other)],
            clocks: [clock(0), clock(1)],
            until: part(times, 0, 5),
            effect: part(times, 5, 5),
            print: part(times, 10, 8),
        })
    }

    /// When the contract of a holder ends, by its term or by notice.
    pub fn end_of(&self, i: usize) -> Time {
        if self.clocks[i].leaves == 0 { self.until } else { self.clocks[i].leaves }
    }

    /// When the last holder's contract ends; 0 if there is none.
    pub fn last_end(&self) -> Time {
        (0..2).filter(|i| self.holders[*i].is_some()).map(|i| self.end_of(i)).max().unwrap_or_default()
    }

    /// Whether it holds, will, or is liable.
    pub fn knows(&self, who: &Account) -> bool {
        self.liable(who) || self.bids.iter().flatten().any(|bid| bid.prover == *who)
    }

    /// Whether it was awarded what may still be missed.
    pub fn liable(&self, who: &Account) -> bool {
        self.place(who).is_some() || self.out.iter().flatten().any(|(out, _)| out == who)
    }

    /// Which holder it is.
    pub fn place(&self, who: &Account) -> Option<usize> {
        self.holders.iter().position(|holder| holder.is_some_and(|holder| holder.prover == *who))
    }

    pub(super) fn remove(&mut self, who: &Account) {
        for i in 0..2 {
            if self.holders[i].is_some_and(|holder| holder.prover == *who) {
                (self.holders[i], self.clocks[i]) = (None, Clock::default());
            }
            self.out[i] = self.out[i].filter(|(out, _)| out != who);
        }
        let [first, second] = self.bids.map(|bid| bid.filter(|bid| bid.prover != *who));
        self.bids = if first.is_none() { [second, None] } else { [first, second] };
        if self.bids[0].is_none() {
            self.effect = 0;
        }
    }
}
