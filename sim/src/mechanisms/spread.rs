//! Anti-concentration; the twin of `contracts/mechanisms/Spread.sol`, which has the rules.

use super::modifier::{Inner, Modifier};
use super::{LONGEST, within};
use crate::abi::{Decoder, Encoder};
use crate::ask::{Answer, Ask, CAP_OPEN_ENTRY, Cause, Envelope, MoveKind, Refusal, Status};
use crate::request::Request;
use crate::{Account, Id, Time, Wei};

const WORDS: usize = Inner::WORDS + 3;
/// Bytes of its own parameters; those of the inner rule follow.
pub const SIZE: usize = 32 * WORDS;
const MAX_WINDOW: u8 = 8;
/// Winners in a word.
const A_WORD: usize = 4;

/// A winner: the low 64 bits of its address.
type Winner = [u8; 8];

/// How much one prover may win.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpreadParams {
    /// The rule that it goes around.
    pub inner: Inner,
    /// How many of the last awards count.
    pub window: u8,
    /// How many of them one prover may have before it is refused.
    pub most: u8,
    /// Seconds from opening after which nobody is refused; 0 for never.
    pub patience: u32,
}

impl SpreadParams {
    /// As the contract takes them, those of the inner rule behind.
    pub fn encode(&self, inner: &[u8]) -> Vec<u8> {
        let to = self.inner.put(Encoder::new(WORDS)).uint(self.window.into()).uint(self.most.into());
        [to.uint(self.patience.into()).finish(), inner.to_vec()].concat()
    }

    /// The inverse of [`SpreadParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let from = &mut Decoder::new(params);
        Ok(Self { inner: Inner::get(from)?, window: from.u8()?, most: from.u8()?, patience: from.u32()? })
    }

    /// How many of the last awards `prover` has, by the instance's shared words.
    pub fn wins(&self, shared: &[Id], prover: &Account) -> u8 {
        let winners = self.winners(shared);
        let won = winners.iter().take(self.window.into()).filter(|winner| **winner == tag(prover));
        won.count() as u8
    }

    /// The last winners, the newest first.
    fn winners(&self, shared: &[Id]) -> Vec<Winner> {
        let own = shared.len().saturating_sub(self.words().1.into());
        shared[own..].iter().flat_map(|word| word.rchunks(8)).map(|tag| tag.try_into().unwrap_or_default()).collect()
    }

    /// The bidder has a ticket already, on the request or, where the question is about that, on the instance.
    fn admitted(&self, ask: &Ask) -> bool {
        ask.actor.held != 0 && (self.is_alone(ask) || ask.holds != 0 || ask.status == Status::None)
    }

    /// The inner rule keeps nothing for its instance.
    fn is_alone(&self, ask: &Ask) -> bool {
        ask.shared.len() == usize::from(self.words().1)
    }

    fn waited(&self, ask: &Ask) -> bool {
        self.patience != 0 && ask.time >= ask.opened_at + Time::from(self.patience)
    }
}

impl Modifier for SpreadParams {
    fn inner(&self) -> &Inner {
        &self.inner
    }

    fn words(&self) -> (u8, u8) {
        (0, if usize::from(self.window) <= A_WORD { 1 } else { 2 })
    }

    fn check(&self) -> Result<(), Refusal> {
        within("window", self.window, 1_u32, MAX_WINDOW)?;
        within("most", self.most, 1_u32, self.window)?;
        within("patience", self.patience, 0_u32, LONGEST)
    }

    fn envelope(&self, _request: &Request, inner: Envelope) -> Envelope {
        Envelope { capabilities: inner.capabilities & !CAP_OPEN_ENTRY, ..inner }
    }

    fn judge(&self, ask: &Ask) -> Result<Option<Answer>, Refusal> {
        if ask.status == Status::None && self.is_alone(ask) {
            return Err(Refusal::unexpected(ask.cause));
        }
        let wins = self.wins(&ask.shared, &ask.actor.prover);
        if ask.cause != Cause::Bid || wins < self.most || self.admitted(ask) || self.waited(ask) {
            return Ok(None);
        }
        Err(Refusal::Concentrated { have: wins.into(), want: Wei::from(self.most) - 1 })
    }

    fn amend(&self, ask: &Ask, answer: &mut Answer) {
        let mut winners = self.winners(&ask.shared);
        let kept = winners.len();
        for step in answer.moves.iter().filter(|step| matches!(step.kind, MoveKind::Award | MoveKind::Reward)) {
            winners.insert(0, tag(&step.prover));
        }
        winners.truncate(kept);
        answer.shared.extend(winners.chunks(A_WORD).map(word));
    }
}

fn tag(prover: &Account) -> Winner {
    let mut tag = Winner::default();
    tag.copy_from_slice(&prover[12..]);
    tag
}

/// Four winners, the newest lowest.
fn word(winners: &[Winner]) -> Id {
    let mut word = Id::default();
    word.rchunks_mut(8).zip(winners).for_each(|(to, tag)| to.copy_from_slice(tag));
    word
}
