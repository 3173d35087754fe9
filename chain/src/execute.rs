//! Sends transactions so that each intent is done once: what is meant is written down before it is signed, what is
//! signed before it is sent, and only the chain says what happened.
//!
//! - One nonce has one meaning for ever: all transactions ever signed under it do the same thing, or nothing (a transfer of
//!   nothing to oneself, to cancel it).
//! - An answer that is lost or unclear changes nothing: the same bytes are sent again until the chain knows the nonce.
//! - An intent whose nonce was taken by a transaction from elsewhere is sent again under another nonce, once the
//!   thief is final.
//! - Two executors must not share an account. The journal is locked against a second process.

use std::path::Path;
use std::time::Duration;

use bourse_sim::{Account, Wei};

use crate::error::Revert;
use crate::follow::Head;
use crate::intent::{Fault, Intent, Outcome, Pending, Submitted};
use crate::journal::{Journal, JournalError};
use crate::key::Key;
use crate::node::{Node, NodeError};

/// How to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecuteConfig {
    /// Blocks, the one it is in included, after which an intent is said to have landed.
    pub confirmations: u64,
    /// Blocks after which it is no longer watched for being taken back, and a nonce taken from elsewhere is given up.
    pub finality: u64,
    /// Blocks without inclusion after which fees are raised.
    pub patience: u64,
    /// Most that is bid per unit of gas, in wei.
    pub max_fee: Wei,
    /// Least that is bid per unit of gas as a tip to the block's proposer, in wei.
    pub min_tip: Wei,
    /// Added to estimates of gas, in percent.
    pub gas_margin: u64,
    /// Most transactions under way at once; further intents wait.
    pub in_flight: usize,
}

/// The journal failed, or does not belong to this account. Nothing is sent any more.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The node did not answer at start.
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Sends intents from one account, and keeps at it until the chain has an answer.
#[derive(Debug)]
pub struct Executor {
    node: Node,
    key: Key,
    journal: Journal,
    config: ExecuteConfig,
    head: Head,
}

impl Default for ExecuteConfig {
    fn default() -> Self {
        Self {
            confirmations: 1,
            finality: 64,
            patience: 3,
            max_fee: 500_000_000_000,
            min_tip: 1_000_000,
            gas_margin: 25,
            in_flight: 16,
        }
    }
}
