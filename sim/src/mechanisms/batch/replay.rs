//! The books of batches, replayed from what happened to their instance.

use std::collections::BTreeMap;

use super::book::{self, Book, Match, Offer, Order, WORDS};
use super::{BatchParams, asked};
use crate::market::{Diary, Entry};
use crate::{Id, Time};

/// Who is in a batch, in order of arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// The requests.
    pub orders: Vec<Order>,
    /// The provers.
    pub offers: Vec<Offer>,
}

/// What a tick brings to clear `book`, whose parameters are `p` and have this `print`; who is in it, and who trades. None if the diary does
/// not have it all.
pub fn cleared(p: &BatchParams, print: u64, book: &Book, diary: &Diary<'_>) -> Option<(Vec<u8>, Entries, Match)> {
    let begins = diary.begins()?;
    // Nothing is carried further, but what it was carried past may have left it no room: the hashes tell how far back that matters.
    let mut back = 1 + u64::from(p.carry);
    loop {
        let from = Time::from(p.interval) * book.batch.saturating_sub(back);
        let entries = Replay::new(p, print).run(diary.since(from), book.batch);
        let data = book.data(&entries.orders, &entries.offers);
        match book.find(&data) {
            Ok(found) => return Some((data, entries, found)),
            Err(_) if begins < from => back *= 2,
            Err(_) => return None,
        }
    }
}

struct Replay<'a> {
    p: &'a BatchParams,
    print: u64,
    batches: BTreeMap<u64, Entries>,
    words: Vec<Id>,
    /// Came, and whether it is in the book is noted next.
    came: Option<Order>,
}

impl<'a> Replay<'a> {
    fn new(p: &'a BatchParams, print: u64) -> Self {
        Self { p, print, batches: BTreeMap::new(), words: vec![Id::default(); WORDS], came: None }
    }

    fn run<'b>(mut self, entries: impl Iterator<Item = (Time, Entry<'b>)>, batch: u64) -> Entries {
        for (time, entry) in entries {
            let now = self.p.batch(time);
            match entry {
                Entry::Came(id, request) => self.came = Some(self.p.order(*id, &request)),
                Entry::Held(prover, ticket) if self.is_current() => {
                    self.batches.entry(now).or_default().offers.push(Offer { prover, ask: asked(&ticket.tag) });
                }
                Entry::Noted(words) if words.len() == WORDS => self.noted(words, now),
                _ => {}
            }
        }
        self.batches.remove(&batch).unwrap_or_default()
    }

    fn noted(&mut self, words: &[Id], now: u64) {
        let before = std::mem::replace(&mut self.words, words.to_vec());
        let came = self.came.take();
        if !self.is_current() {
            return self.batches.clear();
        }
        let load = |words: &[Id], batch| Book::load(words, batch);
        let (mut book, last) = (load(&before, now), now.saturating_sub(1));
        if load(words, last).cleared && !load(&before, last).cleared {
            let Entries { orders, offers } = self.batches.remove(&last).unwrap_or_default();
            let was = load(&before, last);
            if let Ok(found) = was.find(&was.data(&orders, &offers)) {
                let carried = self.p.carry(&orders, &found, &mut book);
                self.batches.entry(now).or_default().orders.extend(carried);
            }
        } else if let Some(order) = came.filter(|_| load(words, now).orders > book.orders) {
            self.batches.entry(now).or_default().orders.push(order);
        }
    }

    fn is_current(&self) -> bool {
        book::print(&self.words) == self.print
    }
}
