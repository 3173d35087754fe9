//! Perpetual seat; the twin of `contracts/mechanisms/Seat.sol`, which has the rules.

mod turn;

use super::standing::{self, Holder, Scope, entry, part, put, word};
use super::{LONGEST, Mechanism, within};
use crate::abi::{Decoder, Encoder};
use crate::ask::{
    Answer, Ask, CAP_OPEN_ENTRY, CAP_SINGLE_RECIPIENT, Cause, Envelope, ON_FAILED, ON_OPEN, Refusal, SEATS, Shape,
    Status,
};
use crate::request::Request;
use crate::{Account, BPS, Bps, Id, Time, Wei};
use turn::Turn;

const MIN_DECREMENT_BPS: Bps = 100;
const MAX_DECREMENT_BPS: Bps = 5_000;
const TICKET: u32 = 31 * 24 * 60 * 60;
const LONGEST_HANDOVER: u32 = 10 * 24 * 60 * 60;
const STEP_GAS: u32 = 100_000;
const WORDS: u8 = 4;
/// The data of a bid that is a notice.
pub const NOTICE: [u8; 1] = [1];

/// See `contracts/mechanisms/Seat.sol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeatParams {
    /// Paid for any request, in the instance's token.
    pub base: Wei,
    /// The highest rate: paid on top for every million units of work.
    pub ceiling: Wei,
    /// How far a bid has to go below the rate that it is to replace, in basis points of that.
    pub decrement_bps: Bps,
    /// Seconds from the first bid to the change.
    pub handover: u32,
    /// Seconds after which the seat is sold again, from the ceiling.
    pub term: u32,
    /// Seconds from notice to the incumbent's end.
    pub notice: u32,
    /// The incumbent's collateral, in the stake token.
    pub deposit: Wei,
    /// The share of it that each miss costs.
    pub miss_bps: Bps,
    /// The miss that ends the seat.
    pub max_misses: u8,
    /// Seconds that a request waits for an incumbent, from opening (inclusive).
    pub patience: u32,
    /// How many requests the incumbent has to take at once.
    pub burst: u16,
    /// Seconds after which it has to take one more.
    pub refill: u32,
    /// The most work of a request that it has to take.
    pub max_work: u64,
    /// Its largest bond, in the stake token.
    pub max_bond: Wei,
    /// The least seconds that it is given for a proof.
    pub min_window: u32,
}

/// Who sits, and who will: the words of an instance as they are at some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seating {
    /// The incumbent.
    pub holder: Option<Holder>,
    /// The pending bid.
    pub next: Option<Holder>,
    /// Who left, and until when it is liable.
    pub out: Option<(Account, Time)>,
    /// When the term ends; unix seconds, as below.
    pub until: Time,
    /// When the incumbent's notice ends, or 0.
    pub leaves: Time,
    /// When the pending bid takes over.
    pub effect: Time,
    /// When the bucket of requests is full.
    pub full: Time,
    /// Misses of the incumbent.
    pub misses: u8,
    /// Which parameters those who sit have agreed to.
    pub print: u64,
}

impl SeatParams {
    /// As the contract takes them.
    pub fn encode(&self) -> Vec<u8> {
        Encoder::new(15)
            .uint(self.base)
            .uint(self.ceiling)
            .uint(self.decrement_bps.into())
            .uint(self.handover.into())
            .uint(self.term.into())
            .uint(self.notice.into())
            .uint(self.deposit)
            .uint(self.miss_bps.into())
            .uint(self.max_misses.into())
            .uint(self.patience.into())
            .uint(self.burst.into())
            .uint(self.refill.into())
            .uint(self.max_work.into())
            .uint(self.max_bond)
            .uint(self.min_window.into())
            .finish()
    }

    /// The inverse of [`SeatParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let mut from = Decoder::new(params);
        Ok(Self {
            base: from.uint(88)?,
            ceiling: from.uint(88)?,
            decrement_bps: from.u16()?,
            handover: from.u32()?,
            term: from.u32()?,
            notice: from.u32()?,
            deposit: from.uint(80)?,
            miss_bps: from.u16()?,
            max_misses: from.u8()?,
            patience: from.u32()?,
            burst: from.u16()?,
            refill: from.u32()?,
            max_work: from.u64()?,
            max_bond: from.uint(80)?,
            min_window: from.u32()?,
        })
    }

    /// What the incumbent has to take.
    pub fn scope(&self) -> Scope {
        Scope { max_work: self.max_work, max_bond: self.max_bond, min_window: self.min_window.into() }
    }

    /// The highest rate that a bid may ask now; none if it would have to go below 0.
    pub fn most(&self, seating: &Seating, time: Time) -> Option<Wei> {
        let stays = time + Time::from(self.handover) < seating.end();
        match seating.next.or(seating.holder.filter(|_| stays)) {
            None => Some(self.ceiling),
            Some(Holder { rate: 0, .. }) => None,
            Some(Holder { rate, .. }) => Some(rate * BPS.saturating_sub(self.decrement_bps.into()) / BPS),
        }
    }
}

impl Seating {
    /// What the words say under these parameters, with what time has done since they were written; none if they are not those of a seat.
    pub fn at(p: &SeatParams, shared: &[Id], time: Time) -> Option<Self> {
        let ask = Ask { params: p.encode(), shared: shared.to_vec(), time, ..Ask::default() };
        Some(Turn::new(p, &ask)?.seating)
    }

    /// The second in which the incumbent sits no more.
    pub fn end(&self) -> Time {
        if self.leaves == 0 { self.until } else { self.leaves }
    }

    /// As the contract keeps it.
    pub fn words(&self) -> Vec<Id> {
        let mut clock = Id::default();
        for (i, time) in [self.until, self.leaves, self.effect, self.full].into_iter().enumerate() {
            put(&mut clock, 5 * i, 5, time);
        }
        put(&mut clock, 20, 1, self.misses.into());
        put(&mut clock, 21, 8, self.print);
        let holder =
            |holder: Option<Holder>| holder.map_or_else(Id::default, |holder| word(holder.prover, holder.rate));
        let out = self.out.map_or_else(Id::default, |(prover, until)| word(prover, until.into()));
        vec![holder(self.holder), holder(self.next), clock, out]
    }

    fn read(shared: &[Id]) -> Option<Self> {
        let [holder, next, clock, out] = shared else { return None };
        let holder_of = |word: &Id| entry(word).map(|(prover, rate)| Holder { prover, rate });
        Some(Self {
            holder: holder_of(holder),
            next: holder_of(next),
            out: entry(out).map(|(prover, until)| (prover, until as Time)),
            until: part(clock, 0, 5),
            leaves: part(clock, 5, 5),
            effect: part(clock, 10, 5),
            full: part(clock, 15, 5),
            misses: part(clock, 20, 1) as u8,
            print: part(clock, 21, 8),
        })
    }

    /// Whether it sits, will, or is liable.
    pub fn knows(&self, who: &Account) -> bool {
        self.sits(who)
            || self.next.is_some_and(|next| next.prover == *who)
            || self.out.is_some_and(|(out, _)| out == *who)
    }

    fn sits(&self, who: &Account) -> bool {
        self.holder.is_some_and(|holder| holder.prover == *who)
    }
}

/// The mechanism.
pub struct Seat;

impl Mechanism for Seat {
    fn name(&self) -> &'static str {
        "seat"
    }

    fn check(&self, params: &[u8]) -> Result<Shape, Refusal> {
        let p = SeatParams::decode(params)?;
        if p.ceiling == 0 {
            within("base", p.base, 1_u32, (1 << 88) - 1_u128)?;
        }
        within("decrementBps", p.decrement_bps, MIN_DECREMENT_BPS, MAX_DECREMENT_BPS)?;
        within("handover", p.handover, 1_u32, LONGEST_HANDOVER)?;
        within("notice", p.notice, p.handover, LONGEST)?;
        within("term", p.term, p.handover + 1, TICKET - 2 * p.handover)?;
        within("deposit", p.deposit, 1_u32, (1 << 80) - 1_u128)?;
        within("missBps", p.miss_bps, 1_u32, BPS)?;
        within("maxMisses", p.max_misses, 1_u32, u8::MAX)?;
        within("patience", p.patience, 0_u32, LONGEST)?;
        within("burst", p.burst, 1_u32, u16::MAX)?;
        within("refill", p.refill, 1_u32, LONGEST)?;
        within("maxWork", p.max_work, 1_u32, u64::MAX)?;
        within("minWindow", p.min_window, 1_u32, LONGEST)?;
        Ok(Shape { words: 0, shared: WORDS, gas: STEP_GAS, flags: ON_OPEN | ON_FAILED | SEATS })
    }

    fn envelope(&self, params: &[u8], request: &Request) -> Result<Envelope, Refusal> {
        let p = SeatParams::decode(params)?;
        let price = standing::price(p.base, p.ceiling, request.work);
        Ok(Envelope {
            price: price.map_or(request.max_price, |price| price.min(request.max_price)),
            award: p.patience.into(),
            proof: request.window.into(),
            bond: request.bond,
            standbys: 0,
            capabilities: CAP_OPEN_ENTRY | CAP_SINGLE_RECIPIENT,
        })
    }

    fn step(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let p = SeatParams::decode(&ask.params)?;
        let turn = Turn::new(&p, ask).ok_or(Refusal::Malformed)?;
        match (ask.status, ask.cause) {
            (Status::None, Cause::Bid) if ask.data.is_empty() => turn.bid(ask),
            (Status::None, Cause::Bid) => turn.leave(ask),
            (Status::None, Cause::Tick) => turn.settle(ask),
            (Status::Open, Cause::Opened | Cause::Tick) => turn.serve(ask),
            (Status::Open, Cause::Failed) => turn.missed(ask),
            (_, other) => Err(Refusal::unexpected(other)),
        }
    }
}
