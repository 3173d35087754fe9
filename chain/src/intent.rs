//! What is to be done, and what became of it.

use std::time::Duration;

use bourse_sim::{Account, Id, Time, Wei};

use crate::error::Revert;

/// Something to do once. Everything that is known about it is kept under its key, so that asking for it again, after a
/// crash or by mistake, does not do it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    /// Names what is done: the same key is the same deed, such as `tick/<id>/<rung>`.
    pub key: String,
    /// The contract or account.
    pub to: Account,
    /// What it is called with.
    pub calldata: Vec<u8>,
    /// Native coin sent along.
    pub value: Wei,
    /// Chain time after which it is of no use; unix seconds. It is cancelled then if it has not landed.
    pub deadline: Option<Time>,
    /// Least gas limit, for calls that need more than what an estimate sees.
    pub gas_floor: u64,
}

impl Intent {
    /// Of no use after `deadline`.
    pub fn until(self, deadline: Time) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// With at least this gas limit.
    pub fn gas_at_least(self, gas: u64) -> Self {
        Self { gas_floor: gas, ..self }
    }
}

/// The answer to an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It is written down and on its way.
    Sent {
        /// The transaction; later attempts of the same intent have other hashes.
        transaction: Id,
    },
    /// It was submitted before and is under way.
    Pending,
    /// It was submitted before and has landed.
    Landed {
        /// The transaction.
        transaction: Id,
        /// The number of its block.
        block: u64,
    },
    /// It was submitted before and its transaction had no effect. To try again is a new deed, under a new key.
    Failed {
        /// The transaction that reverted, or that cancelled it.
        transaction: Id,
        /// The number of its block.
        block: u64,
    },
}

/// What became of an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in a block that has been followed. If that block is taken back later, it is sent again by itself and said
    /// to have landed once more.
    Landed {
        /// The transaction.
        transaction: Id,
        /// The number of its block.
        block: u64,
    },
    /// It ended without effect. The key is free again only if nothing was ever sent.
    Failed(Fault),
    /// Its deadline has passed and nobody can say yet whether it will land. Another outcome follows.
    Unknown,
}

/// Why something was not done, by what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The same may be done later.
    #[error("{why}; to be tried again in {after:?}")]
    Retry {
        /// How long to wait.
        after: Duration,
        /// Why not now.
        why: String,
    },
    /// It cannot be done any more, or never could.
    #[error("{why}")]
    Drop {
        /// Why.
        why: String,
        /// What the contract said, if it was the contract.
        revert: Option<Revert>,
    },
    /// Whether it was done is unknown: ask the chain, by following it.
    #[error("unknown whether it was done: {why}")]
    Unknown {
        /// Why.
        why: String,
    },
    /// Nothing can be done until somebody intervenes: no funds, a wrong chain, a wrong key.
    #[error("needs somebody's attention: {why}")]
    Halt {
        /// Why.
        why: String,
    },
}

/// Something under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The intent's key.
    pub key: String,
    /// Its nonce, once it has one.
    pub nonce: Option<u64>,
    /// Transactions sent for it so far, the cancellation included.
    pub attempts: u32,
    /// The block in which it was first sent.
    pub since: Option<u64>,
    /// It is past its deadline and a cancellation has been sent.
    pub cancelling: bool,
    /// What the node last said against it.
    pub trouble: Option<String>,
}
