//! What happened to instances that keep words for all their requests, in its order: what a mechanism that keeps but running hashes has
//! replayed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::market::case::{Case, Ticket};
use crate::market::kept::Kept;
use crate::request::Request;
use crate::{Account, Id, Time};

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Entry<'a> {
    /// A request came under the instance, from entry or down a ladder. What the mechanism makes of it is noted next.
    Came(&'a Id, Cow<'a, Request>),
    /// A deposit was made or changed.
    Held(Account, Ticket),
    /// The words became these.
    Noted(&'a [Id]),
}

/// How a rule sees requests that a modifier shows it.
type Lens<'a> = Option<&'a dyn Fn(&Request) -> Request>;

/// The diary of one instance.
#[derive(Clone, Copy)]
pub struct Diary<'a> {
    instance: u32,
    pages: &'a BTreeMap<Key, Page>,
    cases: &'a BTreeMap<Id, Case>,
    /// The last so many words are not its reader's.
    hidden: usize,
    lens: Lens<'a>,
}

impl<'a> Diary<'a> {
    /// What happened from `time` on, each with its time.
    pub fn since(&self, time: Time) -> impl Iterator<Item = (Time, Entry<'a>)> {
        let Self { pages, cases, hidden, lens, .. } = *self;
        pages.range((self.instance, time, 0)..=(self.instance, Time::MAX, u64::MAX)).filter_map(
            move |((_, time, _), page)| {
                let entry = match page {
                    Page::Came(id) => {
                        cases.get_key_value(id).map(|(id, case)| Entry::Came(id, through(lens, &case.request)))?
                    }
                    Page::Held(prover, ticket) => Entry::Held(*prover, *ticket),
                    Page::Noted(words) => Entry::Noted(&words[..words.len().saturating_sub(hidden)]),
                };
                Some((*time, entry))
            },
        )
    }

    /// A request, as the reader sees it.
    pub fn seen(&self, request: &Request) -> Request {
        through(self.lens, request).into_owned()
    }

    /// The same for the rule inside of a modifier that keeps `own` words, and shows it requests through `lens`.
    pub fn through<'b>(&'b self, own: usize, lens: &'b dyn Fn(&Request) -> Request) -> Diary<'b> {
        Diary { hidden: self.hidden + own, lens: Some(lens), ..*self }
    }

    /// When it begins; none if nothing has happened.
    pub fn begins(&self) -> Option<Time> {
        self.pages
            .range((self.instance, 0, 0)..)
            .next()
            .filter(|((of, ..), _)| *of == self.instance)
            .map(|(key, _)| key.1)
    }
}

fn through<'a>(lens: Lens<'_>, request: &'a Request) -> Cow<'a, Request> {
    lens.map_or(Cow::Borrowed(request), |lens| Cow::Owned(lens(request)))
}

/// The instance, the time, and the place among all entries.
type Key = (u32, Time, u64);

#[derive(Clone, Debug)]
pub(super) enum Page {
    Came(Id),
    Held(Account, Ticket),
    Noted(Arc<[Id]>),
}

/// The diaries of all instances.
#[derive(Clone, Debug, Default)]
pub(super) struct Diaries {
    pages: Kept<Key, Page>,
    /// How many entries there were so far. What is undone leaves gaps, which nobody minds.
    written: u64,
}

impl Diaries {
    pub(super) fn write(&mut self, instance: u32, time: Time, page: Page) {
        self.written += 1;
        self.pages.set((instance, time, self.written), page);
    }

    pub(super) fn of<'a>(&'a self, instance: u32, cases: &'a BTreeMap<Id, Case>) -> Diary<'a> {
        Diary { instance, pages: self.pages.map(), cases, hidden: 0, lens: None }
    }

    pub(super) fn checkpoint(&mut self, keep: usize) {
        self.pages.checkpoint(keep);
    }

    pub(super) fn revert(&mut self) {
        self.pages.revert();
    }
}
