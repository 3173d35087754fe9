//! What members of a committee say to each other: signed words at `POST /v1/committee`. A member says its word first, and is answered with
//! that of who was asked, if that can say the same by what it itself has seen. The contract counts what is said of the input and
//! of the split (`contracts/libraries/Quorum.sol`); that a member is at work is between members.

mod hall;
mod minutes;
mod peers;

use alloy::primitives::{B256, Bytes, FixedBytes};
use bourse_chain::{Key, KeyError, sign::sign_personal};
use bourse_sim::{
    Id, ZERO,
    abi::keccak,
    mechanisms::committee::{Crew, Said, personal, recover},
};
use serde::{Deserialize, Serialize};

pub use hall::{Hall, PATH, Speech, WAITING, router};
pub use minutes::{Minutes, ROLL};
pub use peers::{Peer, Peers};

use crate::door::Refusal;

/// Sets apart what the contract never sees.
const HERE: &[u8] = b"bourse committee member at work: ";
/// What is said of the input: no seat is late.
pub const NO_SEATS: [u8; 2] = [0; 2];

/// What a word is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    /// Its member has the input and is at work.
    Here,
    /// Its member cannot have the input.
    Withheld,
    /// So much for each, by what its member has seen.
    Split,
}

/// One member's signed word.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// The request.
    pub request: B256,
    /// The rung of its ladder.
    pub rung: u8,
    /// See [`Topic`].
    pub topic: Topic,
    /// What the contract calls what is said; nothing where it has no say.
    pub said: Bytes,
    /// The seat of who says it.
    pub seat: usize,
    /// By the key of who holds the seat; a personal message (EIP-191).
    pub signature: FixedBytes<65>,
}

impl Topic {
    /// One word, as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Withheld => "withheld",
            Self::Split => "split",
        }
    }

    /// What is signed, as a personal message.
    fn statement(self, crew: &Crew, id: &Id, rung: u8, said: &[u8]) -> Id {
        match self {
            Self::Here => keccak(&[HERE, id, &[rung], crew.seats.as_flattened()].concat()),
            Self::Withheld => crew.statement(id, rung, Said::Withheld, said),
            Self::Split => crew.statement(id, rung, Said::Split, said),
        }
    }
}

impl Word {
    /// The word of who holds `seat`, with its key.
    ///
    /// # Errors
    /// [`KeyError::Signing`].
    pub fn sign(
        key: &Key,
        crew: &Crew,
        (id, rung): (Id, u8),
        seat: usize,
        topic: Topic,
        said: &[u8],
    ) -> Result<Self, KeyError> {
        let signature = sign_personal(key, &topic.statement(crew, &id, rung, said))?.into();
        Ok(Self { request: id.into(), rung, topic, said: Bytes::copy_from_slice(said), seat, signature })
    }

    /// Makes sure that it is the word of who holds its seat.
    ///
    /// # Errors
    /// Whose it is instead.
    pub fn require_signer(&self, crew: &Crew) -> Result<(), Refusal> {
        let want = crew.seats.get(self.seat).filter(|member| **member != ZERO).ok_or_else(|| {
            Refusal::new("nobody holds this seat", self.seat, format!("a seat below {} that is held", crew.count()))
        })?;
        let digest = personal(&self.topic.statement(crew, &self.request, self.rung, &self.said));
        let have = recover(&digest, &self.signature);
        if have.as_ref() == Some(want) {
            return Ok(());
        }
        let [have, want] = [have.unwrap_or(ZERO), *want].map(alloy::primitives::Address::from);
        Err(Refusal::new("it is not signed by who holds the seat", have.to_string(), want.to_string()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_word_is_good_for_its_seat_its_committee_and_its_topic_only() {
        let keys = [Key::random(), Key::random()];
        let crew = Crew { seats: keys.iter().map(Key::address).collect(), ..Crew::default() };
        let word = Word::sign(&keys[1], &crew, ([7; 32], 0), 1, Topic::Withheld, &NO_SEATS).unwrap();
        assert_eq!(word.require_signer(&crew), Ok(()));
        let written = serde_json::to_string(&word).unwrap();
        assert_eq!(serde_json::from_str::<Word>(&written).unwrap(), word);
        for other in [
            Word { seat: 0, ..word.clone() },
            Word { seat: 2, ..word.clone() },
            Word { rung: 1, ..word.clone() },
            Word { topic: Topic::Split, ..word.clone() },
            Word { topic: Topic::Here, ..word.clone() },
            Word { said: vec![0, 1].into(), ..word.clone() },
            Word { request: B256::ZERO, ..word.clone() },
        ] {
            assert!(other.require_signer(&crew).is_err(), "{other:?}");
        }
        let others = Crew { seats: vec![[9; 20], keys[1].address()], ..Crew::default() };
        assert!(word.require_signer(&others).is_err(), "members have changed");
    }
}
