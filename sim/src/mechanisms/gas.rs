//! Gas pass-through; the twin of `contracts/mechanisms/GasPassThrough.sol`, which has the rules.

use super::modifier::{Inner, Modifier};
use super::{only, within};
use crate::abi::{Decoder, Encoder};
use crate::ask::{Answer, Ask, CAP_FIXED_PRICE, Cause, Envelope, Move, MoveKind, ON_PROOF, Refusal, Status};
use crate::request::Request;
use crate::{Id, Wei};

const WORDS: usize = Inner::WORDS + 4;
/// Bytes of its own parameters; those of the inner rule follow.
pub const SIZE: usize = 32 * WORDS;
const COIN: Wei = 1_000_000_000_000_000_000;
const MOST: Wei = (1 << 88) - 1;

/// What is passed through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GasParams {
    /// The rule that it goes around.
    pub inner: Inner,
    /// The most that one payment is raised by, in the instance's token.
    pub ceiling: Wei,
    /// Units of gas that are paid for.
    pub units: u32,
    /// Units of the token per 10^18 wei.
    pub rate: Wei,
    /// Payments of one request that are raised at most, where the inner rule pays for proofs without an award; else 0.
    pub payments: u8,
}

impl GasParams {
    /// As the contract takes them, those of the inner rule behind.
    pub fn encode(&self, inner: &[u8]) -> Vec<u8> {
        let to = self.inner.put(Encoder::new(WORDS)).uint(self.ceiling).uint(self.units.into());
        [to.uint(self.rate).uint(self.payments.into()).finish(), inner.to_vec()].concat()
    }

    /// The inverse of [`GasParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let from = &mut Decoder::new(params);
        Ok(Self {
            inner: Inner::get(from)?,
            ceiling: from.uint(88)?,
            units: from.u32()?,
            rate: from.uint(88)?,
            payments: from.u8()?,
        })
    }

    /// What all payments of a request are raised by at most.
    pub fn reserve(&self) -> Wei {
        self.ceiling * Wei::from(self.payments.max(1))
    }

    /// What one payment is raised by at `base_fee` (wei per unit of gas), rounded down.
    pub fn gas(&self, base_fee: u64) -> Wei {
        // The product has up to 184 bits: both factors are split at the divisor.
        let cost = Wei::from(base_fee) * Wei::from(self.units);
        let ((coins, rest), (whole, part)) = ((cost / COIN, cost % COIN), (self.rate / COIN, self.rate % COIN));
        (coins * self.rate + rest * whole + rest * part / COIN).min(self.ceiling)
    }
}

impl Modifier for GasParams {
    fn inner(&self) -> &Inner {
        &self.inner
    }

    fn words(&self) -> (u8, u8) {
        (self.payments.min(1), 0)
    }

    fn check(&self) -> Result<(), Refusal> {
        within("ceiling", self.ceiling, 1_u32, MOST)?;
        within("units", self.units, 1_u32, u32::MAX)?;
        within("rate", self.rate, 1_u32, MOST)
    }

    fn suits(&self, flags: u8) -> Result<(), Refusal> {
        let proves = flags & ON_PROOF != 0;
        within("payments", self.payments, u8::from(proves), if proves { u8::MAX } else { 0 })
    }

    fn seen(&self, request: &Request) -> Request {
        Request { max_price: request.max_price.saturating_sub(self.reserve()), ..request.clone() }
    }

    fn envelope(&self, request: &Request, inner: Envelope) -> Envelope {
        let price = (inner.price + self.reserve()).min(request.max_price);
        Envelope { price, capabilities: inner.capabilities & !CAP_FIXED_PRICE, ..inner }
    }

    fn judge(&self, ask: &Ask) -> Result<Option<Answer>, Refusal> {
        let (have, want) = (ask.request.max_price, self.reserve());
        if ask.status != Status::Open || want <= have {
            return Ok(None);
        }
        if !matches!(ask.cause, Cause::Opened | Cause::Tick) {
            return Err(Refusal::unacceptable(have, want));
        }
        Ok(Some(Answer { words: ask.words.clone(), shared: ask.shared.clone(), ..only(Move::close()) }))
    }

    fn raise(&self, base_fee: u64) -> Wei {
        self.gas(base_fee)
    }

    fn amend(&self, ask: &Ask, answer: &mut Answer) {
        let gas = self.gas(ask.base_fee);
        let counts = self.payments != 0;
        let last = ask.words.last().filter(|_| counts).copied().unwrap_or_default();
        let mut raised = u64::from_be_bytes(last[24..].try_into().unwrap_or_default());
        for step in answer.moves.iter_mut().filter(|step| matches!(step.kind, MoveKind::Award | MoveKind::Reward)) {
            if !counts || raised < self.payments.into() {
                step.amount += gas;
            }
            raised += 1;
        }
        if counts {
            let mut word = Id::default();
            word[24..].copy_from_slice(&raised.to_be_bytes());
            answer.words.push(word);
        }
    }
}
