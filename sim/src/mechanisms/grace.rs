//! Congestion grace; the twin of `contracts/mechanisms/Grace.sol`, which has the rules.

use super::modifier::{Inner, Modifier};
use super::{LONGEST, within};
use crate::Time;
use crate::abi::{Decoder, Encoder};
use crate::ask::{Answer, Ask, Envelope, MoveKind, Refusal};
use crate::request::Request;

const WORDS: usize = Inner::WORDS + 2;
/// Bytes of its own parameters; those of the inner rule follow.
pub const SIZE: usize = 32 * WORDS;

/// When there is grace, and how much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraceParams {
    /// The rule that it goes around.
    pub inner: Inner,
    /// Base fee from which on the chain counts as congested, in wei per unit of gas.
    pub threshold: u64,
    /// Seconds that an award made then is given more.
    pub grace: u32,
}

impl GraceParams {
    /// As the contract takes them, those of the inner rule behind.
    pub fn encode(&self, inner: &[u8]) -> Vec<u8> {
        let to = self.inner.put(Encoder::new(WORDS)).uint(self.threshold.into()).uint(self.grace.into());
        [to.finish(), inner.to_vec()].concat()
    }

    /// The inverse of [`GraceParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let from = &mut Decoder::new(params);
        Ok(Self { inner: Inner::get(from)?, threshold: from.u64()?, grace: from.u32()? })
    }
}

impl Modifier for GraceParams {
    fn inner(&self) -> &Inner {
        &self.inner
    }

    fn check(&self) -> Result<(), Refusal> {
        within("threshold", self.threshold, 1_u32, u64::MAX)?;
        within("grace", self.grace, 1_u32, LONGEST)
    }

    fn seen(&self, request: &Request) -> Request {
        Request { deadline: request.deadline.saturating_sub(self.grace.into()), ..request.clone() }
    }

    fn envelope(&self, _request: &Request, inner: Envelope) -> Envelope {
        Envelope { proof: inner.proof + Time::from(self.grace), ..inner }
    }

    fn amend(&self, ask: &Ask, answer: &mut Answer) {
        if ask.base_fee < self.threshold {
            return;
        }
        let (own, grace) = (ask.time + Time::from(ask.request.window), Time::from(self.grace));
        for step in answer.moves.iter_mut().filter(|step| step.kind == MoveKind::Award && step.subject == 0) {
            let due = if step.due == 0 { own } else { step.due };
            step.due = (due + grace).min(ask.request.deadline);
        }
    }
}
