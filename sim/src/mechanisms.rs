//! The rules by which requests find provers, as pure functions: twins of `contracts/mechanisms/`. The same question has
//! the same answer here and on the chain; `tests/vectors.rs` and `test/mechanisms/Vectors.t.sol` see to it.

pub mod batch;
pub mod committee;
pub mod contest;
pub mod dutch;
pub mod english;
pub mod gas;
pub mod grace;
pub mod modifier;
pub mod posted;
pub mod race;
pub mod reserved;
pub mod rfq;
pub mod scoring;
pub mod sealed;
mod sealing;
pub mod seat;
pub mod sortition;
pub mod spread;
pub mod standing;

use crate::abi::keccak;
use crate::ask::{Answer, Ask, Envelope, Move, Refusal, Shape};
use crate::market::{Diary, Ticket};
use crate::request::Request;
use crate::{Account, BPS, Id, Time, Wei};

/// The twin of `contracts/interfaces/IMechanism.sol`.
pub trait Mechanism: Sync {
    /// A short stable name; the contract has the same.
    fn name(&self) -> &'static str;

    /// What the mechanism needs of the market under `params`.
    ///
    /// # Errors
    /// [`Refusal::InvalidParam`] or [`Refusal::Malformed`] if they make no sense.
    fn check(&self, params: &[u8]) -> Result<Shape, Refusal>;

    /// The worst case of a request under parameters that passed `check`.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] if they cannot be read.
    fn envelope(&self, params: &[u8], request: &Request) -> Result<Envelope, Refusal>;

    /// The rule itself.
    ///
    /// # Errors
    /// To say no: what is wrong with the bid, or when to come back.
    fn step(&self, ask: &Ask) -> Result<Answer, Refusal>;

    /// The data that a tick has to bring. `ask` is the tick without them, `book` all deposits of the request in this rung, in their order
    /// ([`Case::book`]): what a mechanism that keeps but a running hash of them has replayed. Nothing for most.
    ///
    /// [`Case::book`]: crate::market::Case::book
    fn brief(&self, _ask: &Ask, _book: &[(Account, Ticket)]) -> Vec<u8> {
        Vec::new()
    }

    /// What a tick of the instance itself has to bring. `ask` is the tick with nothing brought, `diary` what has happened to the
    /// instance: what a mechanism that keeps but running hashes has replayed. Nothing for most.
    fn session(&self, _ask: &Ask, _diary: &Diary<'_>) -> Session {
        Session::default()
    }
}

/// What a tick of an instance brings along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// The requests that the mechanism is to decide about, in the order in which it numbers them.
    pub requests: Vec<Id>,
    /// The mechanism's own.
    pub data: Vec<u8>,
}

/// All twins.
pub static ALL: [&dyn Mechanism; 16] = [
    &posted::PostedPrice,
    &dutch::Dutch,
    &sealed::SealedBid,
    &english::English,
    &scoring::Scoring,
    &contest::Contest,
    &race::Race,
    &committee::Committee,
    &sortition::Sortition,
    &rfq::Rfq,
    &batch::Batch,
    &seat::Seat,
    &reserved::Reserved,
    &modifier::GAS,
    &modifier::GRACE,
    &modifier::SPREAD,
];

/// The twin of a contract that says it is called `name`, if there is one.
pub fn by_name(name: &str) -> Option<&'static dyn Mechanism> {
    ALL.into_iter().find(|mechanism| mechanism.name() == name)
}

/// The longest window of any kind, in seconds; the twin of `Params.LONGEST`.
pub const LONGEST: u32 = 30 * 24 * 60 * 60;

fn within(name: &str, have: impl Into<Wei>, min: impl Into<Wei>, max: impl Into<Wei>) -> Result<(), Refusal> {
    let (have, min, max) = (have.into(), min.into(), max.into());
    if (min..=max).contains(&have) {
        Ok(())
    } else {
        Err(Refusal::InvalidParam { name: name.to_owned(), have, min, max })
    }
}

fn no_later(time: Time, not_after: Time) -> Result<(), Refusal> {
    if time <= not_after { Ok(()) } else { Err(Refusal::TooLate { time, not_after }) }
}

fn no_sooner(time: Time, not_before: Time) -> Result<(), Refusal> {
    if time >= not_before { Ok(()) } else { Err(Refusal::NotYet { time, not_before }) }
}

pub(crate) fn no_more(have: Wei, want: Wei) -> Result<(), Refusal> {
    if have <= want { Ok(()) } else { Err(Refusal::unacceptable(have, want)) }
}

/// Which parameters an instance's shared words are kept by; the twin of `Params.print`.
pub fn print_of(params: &[u8]) -> u64 {
    keccak(params)[24..].iter().fold(0, |print, byte| print << 8 | u64::from(*byte)) | 1
}

fn only(only: Move) -> Answer {
    Answer { moves: vec![only], ..Answer::default() }
}

/// The twin of `Answers.closeAfter`.
fn close_after(ask: &Ask, last: Time) -> Result<Answer, Refusal> {
    no_sooner(ask.time, last + 1)?;
    Ok(only(Move::close()))
}

/// A share of `whole`, rounded down.
fn share(whole: Wei, bps: u16) -> Wei {
    whole * Wei::from(bps) / BPS
}
