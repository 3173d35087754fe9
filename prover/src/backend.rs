//! Backends make proofs. The market only knows verifiers and statements; a backend knows how to turn the input of one
//! class of requests into bytes that one verifier accepts.
//!
//! A backend is asked three things: whether a job can be proven at all (before anyone bids on it), how long it will
//! take, and to do it. It never hands out a proof it has not verified where it is able to verify.

pub mod circom;
pub mod circuit;
pub mod command;
pub mod groth16;
mod pace;
mod setup;
mod slots;

use std::{fmt, time::Duration};

use alloy::primitives::{B256, keccak256};
use async_trait::async_trait;

pub use pace::Pace;
pub use setup::Setup;
pub use slots::Slots;

/// The most bytes of input a backend looks at.
pub const MAX_INPUT: usize = 1 << 20;

/// What has to be proven: the parts of a request that matter to a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The request.
    pub id: B256,
    /// What the proof is bound to, if the proof system can: see [`author`].
    pub author: B256,
    /// What the verifier will be asked about, in its encoding.
    pub statement: B256,
    /// The bytes that the requester published.
    pub input: Vec<u8>,
    /// Size of the work in the units of the verifier class, as the request states it.
    pub work: u64,
}

/// The author of a proof: `keccak256(abi.encode(id, prover))`, as the market computes it.
pub fn author(id: B256, prover: alloy::primitives::Address) -> B256 {
    keccak256([id, prover.into_word()].concat())
}

/// A proof in the encoding of its verifier.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof(pub Vec<u8>);

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proof({} bytes)", self.0.len())
    }
}

/// Why there is no proof, by what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The request contradicts itself: no backend can serve it. Do not bid.
    #[error("the request does not fit its own {what}: it has {have}, right would be {want}")]
    Mismatch {
        /// The part that is wrong.
        what: &'static str,
        /// What it is.
        have: String,
        /// What it should be.
        want: String,
    },
    /// This backend does not do such work; another may. Do not bid through this one.
    #[error("not work for this backend, by its {what}: it has {have}, served are {want}")]
    Unsupported {
        /// The part that does not match.
        what: &'static str,
        /// What it is.
        have: String,
        /// What this backend serves.
        want: String,
    },
    /// What has to be known to prove it is kept back: it is not where the request says, or whoever has it does not give it.
    #[error("the input cannot be had: {why}")]
    Withheld {
        /// Where it was looked for, and what came instead.
        why: String,
    },
    /// It went wrong on our side; the same job may succeed later or elsewhere.
    #[error("{0}")]
    Failed(String),
    /// It took longer than allowed.
    #[error("no proof within {} s, the limit of this backend", .limit.as_secs_f64())]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// The proof that came out is not valid. It must not be delivered; the backend or its keys are broken.
    #[error("the proof does not verify: {0}")]
    Invalid(String),
}

impl Fault {
    fn mismatch(what: &'static str, have: impl fmt::Display, want: impl fmt::Display) -> Self {
        Self::Mismatch { what, have: have.to_string(), want: want.to_string() }
    }

    fn unsupported(what: &'static str, have: impl fmt::Display, want: impl fmt::Display) -> Self {
        Self::Unsupported { what, have: have.to_string(), want: want.to_string() }
    }

    /// Whether trying the same job again may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::TimedOut { .. } | Self::Withheld { .. })
    }
}

/// Makes proofs of one kind.
///
/// Every future may be dropped: work that can be stopped stops, and work that cannot keeps its slot until it ends.
#[async_trait]
pub trait Backend: Send + Sync {
    /// What logs and errors call it.
    fn name(&self) -> &str;

    /// Whether this job can be proven: its input can be read, belongs to its statement, and is no more work than it
    /// says. Cheap enough to ask of every request before bidding.
    ///
    /// # Errors
    ///
    /// [`Fault::Mismatch`] or [`Fault::Unsupported`] say that it cannot; others that this could not be found out, or cannot yet.
    async fn check(&self, job: &Job) -> Result<(), Fault>;

    /// How long a proof of this much work takes, by what was measured on this machine. Waiting for a slot is not in it.
    fn estimate(&self, work: u64) -> Duration;

    /// Makes the proof and verifies it.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check), and those of proving.
    async fn prove(&self, job: &Job) -> Result<Proof, Fault>;
}

/// Refuses input that is too big to look at.
fn require_size(input: &[u8]) -> Result<(), Fault> {
    if input.len() <= MAX_INPUT {
        return Ok(());
    }
    Err(Fault::unsupported("input", format!("{} bytes", input.len()), format!("at most {MAX_INPUT} bytes")))
}
