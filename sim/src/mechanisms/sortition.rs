//! Sortition by stake with backups; the twin of `contracts/mechanisms/Sortition.sol`, which has the rules.

pub mod lots;
mod turn;

use super::standing::{self, entry, part, put};
use super::{LONGEST, Mechanism, within};
use crate::abi::{Decoder, Encoder};
use crate::ask::{
    Answer, Ask, BINDING, CAP_FIXED_PRICE, CAP_OPEN_ENTRY, CAP_SINGLE_RECIPIENT, Cause, DRAWS, Envelope, ON_FAILED,
    ON_OPEN, Refusal, SEATS, Shape, Status, Tag,
};
use crate::request::Request;
use crate::{Account, Id, Time, Wei};
use turn::Turn;

const MAX_SPREAD: Wei = 1_000_000;
const MAX_DISTANCE: u8 = 64;
const MAX_STAGES: u8 = 32;
const MAX_BACKUPS: u8 = 5;
const STEP_GAS: u32 = 60_000;
const DRAWING: usize = 0;
const BEACON: usize = 1;
const PLACES: usize = 2;

/// See `contracts/mechanisms/Sortition.sol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SortitionParams {
    /// Paid for any request, in the instance's token.
    pub base: Wei,
    /// Paid on top for every million units of work.
    pub rate: Wei,
    /// The least that a prover deposits in the pool, in the stake token.
    pub min_deposit: Wei,
    /// The most.
    pub max_deposit: Wei,
    /// Seconds from notice to the end of a deposit.
    pub notice: u32,
    /// How many blocks after the opening of a request its lots are drawn.
    pub distance: u8,
    /// Seconds from opening to when the first stage would begin if blocks came in time.
    pub lead: u32,
    /// Seconds that each stage lasts but the last.
    pub stagger: u32,
    /// How many stages there are.
    pub stages: u8,
    /// Seconds that the last one lasts.
    pub patience: u32,
    /// Who stands ready to take over.
    pub backups: u8,
}

/// Where a request stands: its first word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// The weight of the pool when it opened.
    pub total: Wei,
    /// The block in which it opened.
    pub opened: u64,
    /// The block of the draw.
    pub drawn: u64,
    /// The last second in which bids are taken, as things are; unix seconds.
    pub last: Time,
    /// There has been an award: no bids are taken.
    pub over: bool,
}

/// What a prover's ticket on the instance says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Enrolment {
    /// The block in which it enrolled.
    pub block: u64,
    /// When its notice ends; unix seconds, 0 without notice.
    pub leaves: Time,
}

impl SortitionParams {
    /// As the contract takes them.
    pub fn encode(&self) -> Vec<u8> {
        Encoder::new(11)
            .uint(self.base)
            .uint(self.rate)
            .uint(self.min_deposit)
            .uint(self.max_deposit)
            .uint(self.notice.into())
            .uint(self.distance.into())
            .uint(self.lead.into())
            .uint(self.stagger.into())
            .uint(self.stages.into())
            .uint(self.patience.into())
            .uint(self.backups.into())
            .finish()
    }

    /// The inverse of [`SortitionParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let mut from = Decoder::new(params);
        Ok(Self {
            base: from.uint(88)?,
            rate: from.uint(88)?,
            min_deposit: from.uint(80)?,
            max_deposit: from.uint(80)?,
            notice: from.u32()?,
            distance: from.u8()?,
            lead: from.u32()?,
            stagger: from.u32()?,
            stages: from.u8()?,
            patience: from.u32()?,
            backups: from.u8()?,
        })
    }

    /// What a request pays.
    pub fn price(&self, request: &Request) -> Wei {
        let price = standing::price(self.base, self.rate, request.work);
        price.map_or(request.max_price, |price| price.min(request.max_price))
    }

    /// What a bid on a request with this `bond` holds, in the stake token.
    pub fn claim(&self, bond: Wei) -> Wei {
        bond.max(1)
    }

    /// The key of `prover`, which has deposited `weight`.
    pub fn key(&self, beacon: &Id, id: &Id, prover: &Account, weight: Wei) -> u128 {
        lots::key(beacon, id, prover, weight.min(self.max_deposit), self.max_deposit)
    }

    /// The key of who has this lot and has deposited `weight`.
    pub fn weighed(&self, lot: u64, weight: Wei) -> u128 {
        lots::weighed(lot, weight.min(self.max_deposit), self.max_deposit)
    }

    /// When it is the turn of who has this key, in seconds from opening: 0 in the first stage, which begins with the draw.
    pub fn turn(&self, key: u128, total: Wei) -> Time {
        let last = self.stages.saturating_sub(1);
        let reach = lots::reach(self.backups.saturating_add(2), self.max_deposit, total);
        let stage = key.saturating_sub(1).checked_div(reach);
        match stage.map_or(last, |stage| u8::try_from(stage).map_or(last, |stage| stage.min(last))) {
            0 => 0,
            stage => self.opens(stage),
        }
    }

    /// Seconds from opening until a tick can close at the latest.
    pub fn longest(&self) -> Time {
        self.opens(self.stages.saturating_sub(1)) + Time::from(self.patience)
    }

    /// When a stage but the first begins, in seconds from opening.
    fn opens(&self, stage: u8) -> Time {
        Time::from(self.lead) + Time::from(stage) * Time::from(self.stagger)
    }

    /// The end of the stage that it is `passed` seconds from opening.
    fn stage_end(&self, passed: Time) -> Time {
        let stage = passed.saturating_sub(self.lead.into()).checked_div(self.stagger.into()).unwrap_or_default();
        match u8::try_from(stage).ok().filter(|stage| *stage < self.stages.saturating_sub(1)) {
            Some(stage) => self.opens(stage + 1),
            None => self.longest(),
        }
    }
}

impl Drawing {
    /// What the words of a request say; none before it has opened.
    pub fn read(words: &[Id]) -> Option<Self> {
        let word = words.get(DRAWING)?;
        let drawing = Self {
            total: low(word),
            opened: part(word, 16, 5),
            drawn: part(word, 21, 5),
            last: part(word, 26, 5),
            over: part(word, 31, 1) != 0,
        };
        (drawing.opened != 0).then_some(drawing)
    }

    /// As the contract keeps it.
    pub fn word(&self) -> Id {
        let mut word = Id::default();
        word[16..].copy_from_slice(&self.total.to_be_bytes());
        put(&mut word, 16, 5, self.opened);
        put(&mut word, 21, 5, self.drawn);
        put(&mut word, 26, 5, self.last);
        put(&mut word, 31, 1, self.over.into());
        word
    }
}

impl Enrolment {
    /// What the tag of a ticket on the instance says; all 0 for one on a request.
    pub fn read(tag: &Tag) -> Self {
        let mut word = Id::default();
        word[10..].copy_from_slice(tag);
        Self { block: part(&word, 0, 5), leaves: part(&word, 5, 5) }
    }

    /// Whether it is drawn for requests that open later.
    pub fn counts(&self) -> bool {
        self.block != 0 && self.leaves == 0
    }

    /// As the contract keeps it.
    pub fn tag(&self) -> Tag {
        let mut word = Id::default();
        put(&mut word, 0, 5, self.block);
        put(&mut word, 5, 5, self.leaves);
        let mut tag = Tag::default();
        tag.copy_from_slice(&word[10..]);
        tag
    }
}

/// How many provers are in the pool, and their weight.
pub fn pool(shared: &[Id]) -> (u128, Wei) {
    shared.first().map_or((0, 0), |word| (high(word), low(word)))
}

/// The beacon of a request that somebody has bid on.
pub fn beacon(words: &[Id]) -> Option<Id> {
    words.get(BEACON).copied().filter(|word| *word != Id::default())
}

/// The claims that stand on a request, the lowest key first.
pub fn places(words: &[Id]) -> Vec<(Account, u128)> {
    words.iter().skip(PLACES).filter_map(entry).collect()
}

fn low(word: &Id) -> u128 {
    word[16..].iter().fold(0, |value, byte| value << 8 | u128::from(*byte))
}

fn high(word: &Id) -> u128 {
    word[..16].iter().fold(0, |value, byte| value << 8 | u128::from(*byte))
}

/// The mechanism.
pub struct Sortition;

impl Mechanism for Sortition {
    fn name(&self) -> &'static str {
        "sortition"
    }

    fn check(&self, params: &[u8]) -> Result<Shape, Refusal> {
        let p = SortitionParams::decode(params)?;
        if p.rate == 0 {
            within("base", p.base, 1_u32, (1 << 88) - 1_u128)?;
        }
        within("minDeposit", p.min_deposit, 1_u32, (1 << 80) - 1_u128)?;
        within("maxDeposit", p.max_deposit, p.min_deposit, p.min_deposit * MAX_SPREAD)?;
        within("notice", p.notice, 1_u32, LONGEST)?;
        within("distance", p.distance, 1_u32, MAX_DISTANCE)?;
        within("lead", p.lead, 1_u32, LONGEST)?;
        within("stagger", p.stagger, 1_u32, LONGEST)?;
        within("stages", p.stages, 1_u32, MAX_STAGES)?;
        within("patience", p.patience, 1_u32, LONGEST)?;
        within("backups", p.backups, 0_u32, MAX_BACKUPS)?;
        let flags = ON_OPEN | ON_FAILED | DRAWS | SEATS | BINDING;
        Ok(Shape { words: PLACES as u8 + 1 + p.backups, shared: 1, gas: STEP_GAS, flags })
    }

    fn envelope(&self, params: &[u8], request: &Request) -> Result<Envelope, Refusal> {
        let p = SortitionParams::decode(params)?;
        let single = if p.backups == 0 { CAP_SINGLE_RECIPIENT } else { 0 };
        Ok(Envelope {
            price: p.price(request),
            award: p.longest(),
            proof: request.window.into(),
            bond: request.bond,
            standbys: p.backups,
            capabilities: CAP_FIXED_PRICE | CAP_OPEN_ENTRY | single,
        })
    }

    fn step(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let p = SortitionParams::decode(&ask.params)?;
        if ask.words.len() <= PLACES || ask.shared.is_empty() {
            return Err(Refusal::Malformed);
        }
        let turn = Turn::new(&p, ask);
        match (ask.status, ask.cause) {
            (Status::None, Cause::Bid) => turn.enrol(),
            (Status::Open, Cause::Failed) => Ok(turn.next()),
            (Status::Open, Cause::Opened | Cause::Bid | Cause::Tick) if turn.fresh() => Ok(turn.open()),
            (Status::Open, Cause::Bid) => turn.claim(),
            (Status::Open, Cause::Tick) => turn.settle(),
            (Status::None, Cause::Tick) => turn.quit(),
            (_, Cause::Tick) => turn.leave(),
            (_, other) => Err(Refusal::unexpected(other)),
        }
    }
}
