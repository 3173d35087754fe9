//! Reserved capacity; the twin of `contracts/mechanisms/Reserved.sol`, which has the rules.

mod contract;
mod turn;

use super::standing::{self, Scope};
use super::{LONGEST, Mechanism, within};
use crate::abi::{Decoder, Encoder};
use crate::ask::{
    Answer, Ask, CAP_OPEN_ENTRY, CAP_SINGLE_RECIPIENT, Cause, Envelope, ON_FAILED, ON_OPEN, Refusal, SEATS, Shape,
    Status,
};
use crate::request::Request;
use crate::{Account, BPS, Bps, Time, Wei};
pub use contract::{Clock, Contract};
use turn::Turn;

const MIN_DECREMENT_BPS: Bps = 100;
const MAX_DECREMENT_BPS: Bps = 5_000;
const TICKET: Time = 31 * 24 * 60 * 60;
const LONGEST_OFFERING: u32 = 10 * 24 * 60 * 60;
const LONGEST_WINDOW: u32 = 10 * 24 * 60 * 60;
/// All of the collateral.
const ALL: Bps = 10_000;
const GRACE: Time = 60 * 60;
const RATE_UNIT: Wei = 1_000_000;
const STEP_GAS: u32 = 150_000;
const WORDS: u8 = 8;
/// The data of a bid that is a notice.
pub const NOTICE: [u8; 1] = [1];

/// See `contracts/mechanisms/Reserved.sol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReservedParams {
    /// Paid for any request, in the instance's token.
    pub base: Wei,
    /// The highest rate: paid on top for every million units of work.
    pub ceiling: Wei,
    /// How far a bid has to go below the one that it replaces, in basis points of that.
    pub decrement_bps: Bps,
    /// Seconds from the first bid to the start of the contract.
    pub offering: u32,
    /// Seconds that it lasts.
    pub term: u32,
    /// Seconds from a holder's notice to its end.
    pub notice: u32,
    /// A holder's collateral, in the stake token.
    pub deposit: Wei,
    /// The share of it that each miss costs.
    pub credit_bps: Bps,
    /// Misses within a period that end the holder's contract.
    pub max_misses: u8,
    /// Seconds of such a period.
    pub period: u32,
    /// 1 if a holder whose contract ends by misses loses all that is left of its collateral.
    pub terminal: u8,
    /// 1 or 2.
    pub holders: u8,
    /// Seconds that a request waits which came too fast, from opening (inclusive).
    pub patience: u32,
    /// How many requests each holder has to take at once.
    pub burst: u16,
    /// Seconds after which it has to take one more.
    pub refill: u32,
    /// The most work of a request that it has to take.
    pub max_work: u64,
    /// Its largest bond, in the stake token.
    pub max_bond: Wei,
    /// Seconds in which a proof is due.
    pub latency: u32,
    /// And more of them for every million units of work.
    pub pace: u32,
}

impl ReservedParams {
    /// As the contract takes them.
    pub fn encode(&self) -> Vec<u8> {
        Encoder::new(19)
            .uint(self.base)
            .uint(self.ceiling)
            .uint(self.decrement_bps.into())
            .uint(self.offering.into())
            .uint(self.term.into())
            .uint(self.notice.into())
            .uint(self.deposit)
            .uint(self.credit_bps.into())
            .uint(self.max_misses.into())
            .uint(self.period.into())
            .uint(self.terminal.into())
            .uint(self.holders.into())
            .uint(self.patience.into())
            .uint(self.burst.into())
            .uint(self.refill.into())
            .uint(self.max_work.into())
            .uint(self.max_bond)
            .uint(self.latency.into())
            .uint(self.pace.into())
            .finish()
    }

    /// The inverse of [`ReservedParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let mut from = Decoder::new(params);
        Ok(Self {
            base: from.uint(88)?,
            ceiling: from.uint(88)?,
            decrement_bps: from.u16()?,
            offering: from.u32()?,
            term: from.u32()?,
            notice: from.u32()?,
            deposit: from.uint(80)?,
            credit_bps: from.u16()?,
            max_misses: from.u8()?,
            period: from.u32()?,
            terminal: from.u8()?,
            holders: from.u8()?,
            patience: from.u32()?,
            burst: from.u16()?,
            refill: from.u32()?,
            max_work: from.u64()?,
            max_bond: from.uint(80)?,
            latency: from.u32()?,
            pace: from.u32()?,
        })
    }

    /// How many seconds a proof is given.
    pub fn window(&self, work: u64) -> Time {
        Time::try_from(self.span(work)).unwrap_or(Time::MAX)
    }

    fn span(&self, work: u64) -> Wei {
        Wei::from(self.latency) + (Wei::from(self.pace) * Wei::from(work)).div_ceil(RATE_UNIT)
    }

    /// What a holder has to take, if it has this much work.
    pub fn scope(&self, work: u64) -> Scope {
        let min_window = self.window(work).min(u32::MAX.into());
        Scope { max_work: self.max_work, max_bond: self.max_bond, min_window }
    }

    /// For how many seconds a holder that left is liable.
    pub fn tail(&self) -> Time {
        self.window(self.max_work).saturating_add(GRACE)
    }

    /// The highest rate that `bidder` may ask now, and which bid it replaces; none if it would have to go below 0.
    pub fn most(&self, contract: &Contract, bidder: &Account) -> Option<(Wei, usize)> {
        let own = contract.bids[0].is_none_or(|first| first.prover == *bidder);
        let place = if own { 0 } else { usize::from(self.holders == 2) };
        match contract.bids[place] {
            None => Some((self.ceiling, place)),
            Some(rival) if rival.rate == 0 => None,
            Some(rival) => Some((rival.rate * BPS.saturating_sub(self.decrement_bps.into()) / BPS, place)),
        }
    }
}

/// The mechanism.
pub struct Reserved;

impl Mechanism for Reserved {
    fn name(&self) -> &'static str {
        "reserved"
    }

    fn check(&self, params: &[u8]) -> Result<Shape, Refusal> {
        let p = ReservedParams::decode(params)?;
        if p.ceiling == 0 {
            within("base", p.base, 1_u32, (1 << 88) - 1_u128)?;
        }
        within("decrementBps", p.decrement_bps, MIN_DECREMENT_BPS, MAX_DECREMENT_BPS)?;
        within("offering", p.offering, 1_u32, LONGEST_OFFERING)?;
        within("notice", p.notice, p.offering, LONGEST)?;
        within("deposit", p.deposit, 1_u32, (1 << 80) - 1_u128)?;
        within("creditBps", p.credit_bps, 1_u32, BPS)?;
        within("maxMisses", p.max_misses, 1_u32, u8::MAX)?;
        within("period", p.period, 1_u32, LONGEST)?;
        within("terminal", p.terminal, 0_u32, 1_u32)?;
        within("holders", p.holders, 1_u32, 2_u32)?;
        within("patience", p.patience, 0_u32, LONGEST)?;
        within("burst", p.burst, 1_u32, u16::MAX)?;
        within("refill", p.refill, 1_u32, LONGEST)?;
        within("maxWork", p.max_work, 1_u32, u64::MAX)?;
        within("latency", p.latency, 1_u32, LONGEST_WINDOW)?;
        within("pace", p.pace, 0_u32, LONGEST_WINDOW)?;
        within("latency", p.span(p.max_work), 1_u32, LONGEST_WINDOW)?;
        within("term", p.term, p.offering + 1, TICKET - Time::from(p.offering) - p.tail())?;
        Ok(Shape { words: 0, shared: WORDS, gas: STEP_GAS, flags: ON_OPEN | ON_FAILED | SEATS })
    }

    fn envelope(&self, params: &[u8], request: &Request) -> Result<Envelope, Refusal> {
        let p = ReservedParams::decode(params)?;
        let price = standing::price(p.base, p.ceiling, request.work);
        let alone = if p.holders == 1 { CAP_SINGLE_RECIPIENT } else { 0 };
        Ok(Envelope {
            price: price.map_or(request.max_price, |price| price.min(request.max_price)),
            award: p.patience.into(),
            proof: p.window(request.work).min(request.window.into()),
            bond: request.bond,
            // No parameters with fewer pass `check`; the contract's subtraction does not either.
            standbys: p.holders.checked_sub(1).ok_or(Refusal::Malformed)?,
            capabilities: CAP_OPEN_ENTRY | alone,
        })
    }

    fn step(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let p = ReservedParams::decode(&ask.params)?;
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
