//! Reverse Dutch auction; the twin of `contracts/mechanisms/Dutch.sol`, which has the rules.

use super::{LONGEST, Mechanism, close_after, no_later, no_more, only, share, within};
use crate::abi::{Decoder, Encoder};
use crate::ask::{
    Answer, Ask, CAP_INSTANT, CAP_OPEN_ENTRY, CAP_SINGLE_RECIPIENT, Cause, Envelope, Move, Refusal, Shape,
};
use crate::request::Request;
use crate::{BPS, Bps, Time, Wei};

const STEP_GAS: u32 = 30_000;

/// The price's way up, from opening. Seconds, and basis points of the request's `max_price`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DutchParams {
    /// Where it starts.
    pub start_bps: Bps,
    /// Where it ends; above the start.
    pub end_bps: Bps,
    /// How long it stays at its start.
    pub delay: u32,
    /// How long it then climbs, in a straight line.
    pub ramp: u32,
    /// How long it then stays at its end (inclusive).
    pub patience: u32,
}

impl DutchParams {
    /// As the contract takes them.
    pub fn encode(&self) -> Vec<u8> {
        let to = Encoder::new(5).uint(self.start_bps.into()).uint(self.end_bps.into());
        to.uint(self.delay.into()).uint(self.ramp.into()).uint(self.patience.into()).finish()
    }

    /// The inverse of [`DutchParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let mut from = Decoder::new(params);
        Ok(Self {
            start_bps: from.u16()?,
            end_bps: from.u16()?,
            delay: from.u32()?,
            ramp: from.u32()?,
            patience: from.u32()?,
        })
    }

    /// The last second in which a request that opened at `opened_at` can be taken.
    pub fn last(&self, opened_at: Time) -> Time {
        opened_at + Time::from(self.delay) + Time::from(self.ramp) + Time::from(self.patience)
    }
}

/// The price at `time`, which is not before `opened_at`; rounded down.
pub fn price_at(params: &DutchParams, max_price: Wei, opened_at: Time, time: Time) -> Wei {
    let (start, end) = (share(max_price, params.start_bps), share(max_price, params.end_bps));
    let climbing = (time - opened_at).saturating_sub(params.delay.into());
    if climbing >= params.ramp.into() {
        // Without a ramp (which `check` refuses) the start still holds through the delay, as in the contract.
        return if climbing == 0 { start } else { end };
    }
    start + (end - start) * Wei::from(climbing) / Wei::from(params.ramp)
}

/// The first second at which the price is at least `price`; none if it never is.
pub fn time_at(params: &DutchParams, max_price: Wei, opened_at: Time, price: Wei) -> Option<Time> {
    let (start, end) = (share(max_price, params.start_bps), share(max_price, params.end_bps));
    if price <= start {
        return Some(opened_at);
    }
    if price > end {
        return None;
    }
    let climbing = ((price - start) * Wei::from(params.ramp)).div_ceil(end - start);
    // At most the ramp, since the price is at most the end.
    let climbing = Time::try_from(climbing).ok()?;
    Some(opened_at + Time::from(params.delay) + climbing)
}

/// The mechanism.
pub struct Dutch;

impl Mechanism for Dutch {
    fn name(&self) -> &'static str {
        "dutch"
    }

    fn check(&self, params: &[u8]) -> Result<Shape, Refusal> {
        let p = DutchParams::decode(params)?;
        within("endBps", p.end_bps, 1_u32, BPS)?;
        within("startBps", p.start_bps, 0_u32, p.end_bps - 1)?;
        within("delay", p.delay, 0_u32, LONGEST)?;
        within("ramp", p.ramp, 1_u32, LONGEST)?;
        within("patience", p.patience, 1_u32, LONGEST)?;
        Ok(Shape { gas: STEP_GAS, ..Shape::default() })
    }

    fn envelope(&self, params: &[u8], request: &Request) -> Result<Envelope, Refusal> {
        let p = DutchParams::decode(params)?;
        Ok(Envelope {
            price: share(request.max_price, p.end_bps),
            award: p.last(0),
            proof: request.window.into(),
            bond: request.bond,
            standbys: 0,
            capabilities: CAP_OPEN_ENTRY | CAP_INSTANT | CAP_SINGLE_RECIPIENT,
        })
    }

    fn step(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let p = DutchParams::decode(&ask.params)?;
        let last = p.last(ask.opened_at);
        match ask.cause {
            Cause::Tick => close_after(ask, last),
            Cause::Bid => {
                no_later(ask.time, last)?;
                let price = price_at(&p, ask.request.max_price, ask.opened_at, ask.time);
                no_more(ask.price, price)?;
                Ok(only(Move::award(ask.actor.prover, price)))
            }
            other => Err(Refusal::unexpected(other)),
        }
    }
}
