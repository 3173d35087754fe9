//! What rules share by which a prover serves an instance's requests on standing terms; the twin of
//! `contracts/libraries/Standing.sol`.

use crate::ask::{Move, Tag};
use crate::request::Request;
use crate::{Account, BPS, Bps, Id, Time, Wei, ZERO};

const RATE_UNIT: Wei = 1_000_000;

/// What a prover has agreed to take without being asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The most work of a request.
    pub max_work: u64,
    /// Its largest bond, in the stake token.
    pub max_bond: Wei,
    /// The least seconds that a proof of it is given.
    pub min_window: Time,
}

impl Scope {
    /// Whether a request that is awarded now stays within what was agreed to.
    pub fn covers(&self, request: &Request, time: Time) -> bool {
        request.work <= self.max_work
            && request.bond <= self.max_bond
            && self.min_window <= Time::from(request.window)
            && time + self.min_window <= request.deadline
    }
}

/// A prover that is or will be on standing terms, and its rate: what it is paid for every million units of work, on top of the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after what they are")]
pub struct Holder {
    pub prover: Account,
    pub rate: Wei,
}

/// `base + rate * work / 1,000,000`, rounded down; none if it does not fit 128 bits, which is more than any request pays.
pub fn price(base: Wei, rate: Wei, work: u64) -> Option<Wei> {
    let work = Wei::from(work);
    let fraction = rate % RATE_UNIT * work / RATE_UNIT;
    (rate / RATE_UNIT).checked_mul(work)?.checked_add(fraction + base)
}

/// When a bucket of `burst` requests, which gains one every `refill` seconds, has one to give, if it is full at `full`.
pub fn ready_at(full: Time, burst: u16, refill: u32) -> Time {
    full.saturating_sub(Time::from(burst).saturating_sub(1) * Time::from(refill))
}

/// When it is full, once it has given one now.
pub fn drawn(full: Time, time: Time, refill: u32) -> Time {
    full.max(time) + Time::from(refill)
}

/// Takes `bps` of the collateral, rounded up, from a ticket with `held`; all of it if no more is left.
pub fn fine(prover: Account, collateral: Wei, bps: Bps, held: Wei) -> Move {
    let amount = (collateral * Wei::from(bps)).div_ceil(BPS);
    let taken = if amount < held { amount } else { 0 };
    Move { amount: taken, ..Move::forfeit(prover) }.on_instance()
}

/// Gives what each of `provers` has at stake on the instance back, once, if no move is about it yet.
pub(super) fn release_each(moves: &mut Vec<Move>, provers: impl IntoIterator<Item = Account>) {
    for who in provers {
        if moves.iter().all(|step| step.prover != who) {
            moves.push(Move::release(who).on_instance());
        }
    }
}

/// A prover and a number of 88 bits in a word.
pub fn word(prover: Account, number: Wei) -> Id {
    let mut word = Id::default();
    word[..16].copy_from_slice(&(number << 32).to_be_bytes());
    word[12..].copy_from_slice(&prover);
    word
}

/// The inverse of [`word`]; none for nobody.
pub fn entry(word: &Id) -> Option<(Account, Wei)> {
    let mut prover = ZERO;
    prover.copy_from_slice(&word[12..]);
    (*word != Id::default())
        .then(|| (prover, word[1..12].iter().fold(0, |number, byte| number << 8 | Wei::from(*byte))))
}

/// `bytes` big-endian bytes of a word, which end `from` bytes before its end.
pub(super) fn part(word: &Id, from: usize, bytes: usize) -> u64 {
    word[32 - from - bytes..32 - from].iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The inverse of [`part`].
pub(super) fn put(word: &mut Id, from: usize, bytes: usize, value: u64) {
    word[32 - from - bytes..32 - from].copy_from_slice(&value.to_be_bytes()[8 - bytes..]);
}

/// A ticket's tag that is a number.
pub fn tag(number: Wei) -> Tag {
    let mut tag = Tag::default();
    tag[6..].copy_from_slice(&number.to_be_bytes());
    tag
}
