//! A proof that a prover handed in, and what becomes of it.

use std::sync::Arc;

use bourse_sim::abi::keccak;
use bourse_sim::{Account, Id, Time};

/// Names a proof. Anyone may hand in a proof for an award, so there can be several; only a valid one is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProofKey {
    /// The request that it is for.
    pub request: Id,
    /// The prover that the request was awarded to.
    pub prover: Account,
    /// The hash of the proof's bytes.
    pub digest: Id,
}

/// A proof that was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Its name.
    pub key: ProofKey,
    /// The proof, in the encoding of the request's verifier.
    pub bytes: Arc<[u8]>,
    /// The last second in which the award can be fulfilled.
    pub due: Time,
    /// The head's number when it was handed in.
    pub received: u64,
}

/// Where a proof stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is kept, and will be settled if it is valid.
    Accepted,
    /// It is on the chain.
    Settled,
    /// It is of no use; the fate says why.
    Rejected,
}

/// What became of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// Where it stands.
    pub status: Status,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// The transaction that settled it.
    pub transaction: Option<Id>,
    /// The number of its block.
    pub block: Option<u64>,
}

impl Proof {
    /// A proof for the award of `request` to `prover`, which lasts until `due`.
    pub fn new(request: Id, prover: Account, bytes: Vec<u8>, due: Time, received: u64) -> Self {
        let key = ProofKey { request, prover, digest: keccak(&bytes) };
        Self { key, bytes: bytes.into(), due, received }
    }
}

impl Status {
    /// As the store and the API write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Settled => "settled",
            Self::Rejected => "rejected",
        }
    }

    /// The inverse of [`Status::name`].
    pub fn named(name: &str) -> Option<Self> {
        [Self::Accepted, Self::Settled, Self::Rejected].into_iter().find(|status| status.name() == name)
    }
}

impl Fate {
    /// Back to waiting: the block that settled it was taken back.
    pub fn accepted() -> Self {
        Self { status: Status::Accepted, reason: None, transaction: None, block: None }
    }

    /// On the chain.
    pub fn settled(transaction: Id, block: u64) -> Self {
        Self { status: Status::Settled, reason: None, transaction: Some(transaction), block: Some(block) }
    }

    /// Of no use.
    pub fn rejected(reason: impl Into<String>) -> Self {
        Self { status: Status::Rejected, reason: Some(reason.into()), transaction: None, block: None }
    }
}
