//! Posted price; the twin of `contracts/mechanisms/PostedPrice.sol`, which has the rules.

use super::{LONGEST, Mechanism, close_after, no_later, no_more, only, within};
use crate::abi::{Decoder, Encoder};
use crate::ask::{
    Answer, Ask, CAP_FIXED_PRICE, CAP_INSTANT, CAP_OPEN_ENTRY, CAP_SINGLE_RECIPIENT, CAP_TRUTHFUL, Cause, Envelope,
    Move, Refusal, Shape,
};
use crate::request::Request;
use crate::{Time, Wei};

const RATE_UNIT: Wei = 1_000_000;
const STEP_GAS: u32 = 30_000;

/// The tariff of an instance. Amounts in the instance's token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PostedParams {
    /// Paid for any request.
    pub base: Wei,
    /// Paid on top for every million units of work.
    pub rate: Wei,
    /// Seconds from opening (inclusive) in which the price stands.
    pub patience: u32,
}

impl PostedParams {
    /// As the contract takes them.
    pub fn encode(&self) -> Vec<u8> {
        Encoder::new(3).uint(self.base).uint(self.rate).uint(self.patience.into()).finish()
    }

    /// The inverse of [`PostedParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let mut from = Decoder::new(params);
        Ok(Self { base: from.uint(88)?, rate: from.uint(88)?, patience: from.u32()? })
    }

    /// What a request pays, in the instance's token.
    pub fn price(&self, request: &Request) -> Wei {
        let work = Wei::from(request.work);
        let fraction = self.rate % RATE_UNIT * work / RATE_UNIT;
        // What does not fit 128 bits is above any `max_price`.
        let tariff =
            (self.rate / RATE_UNIT).checked_mul(work).and_then(|whole| whole.checked_add(fraction + self.base));
        tariff.map_or(request.max_price, |tariff| tariff.min(request.max_price))
    }

    /// The last second in which a request that opened at `opened_at` can be taken.
    pub fn last(&self, opened_at: Time) -> Time {
        opened_at + Time::from(self.patience)
    }
}

/// The mechanism.
pub struct PostedPrice;

impl Mechanism for PostedPrice {
    fn name(&self) -> &'static str {
        "posted"
    }

    fn check(&self, params: &[u8]) -> Result<Shape, Refusal> {
        let p = PostedParams::decode(params)?;
        if p.rate == 0 {
            within("base", p.base, 1_u32, (1 << 88) - 1_u128)?;
        }
        within("patience", p.patience, 1_u32, LONGEST)?;
        Ok(Shape { gas: STEP_GAS, ..Shape::default() })
    }

    fn envelope(&self, params: &[u8], request: &Request) -> Result<Envelope, Refusal> {
        let p = PostedParams::decode(params)?;
        Ok(Envelope {
            price: p.price(request),
            award: p.patience.into(),
            proof: request.window.into(),
            bond: request.bond,
            standbys: 0,
            capabilities: CAP_FIXED_PRICE | CAP_OPEN_ENTRY | CAP_INSTANT | CAP_SINGLE_RECIPIENT | CAP_TRUTHFUL,
        })
    }

    fn step(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let p = PostedParams::decode(&ask.params)?;
        let last = p.last(ask.opened_at);
        match ask.cause {
            Cause::Tick => close_after(ask, last),
            Cause::Bid => {
                no_later(ask.time, last)?;
                let price = p.price(&ask.request);
                no_more(ask.price, price)?;
                Ok(only(Move::award(ask.actor.prover, price)))
            }
            other => Err(Refusal::unexpected(other)),
        }
    }
}
