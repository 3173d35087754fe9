//! What a requester asks for; the twin of `contracts/types/Request.sol`, which documents the fields.

use crate::{Account, Id, Time, Wei};

/// See `contracts/types/Request.sol`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Request {
    pub requester: Account,
    pub token: Account,
    pub nonce: u64,
    pub instance: u32,
    pub version: u32,
    pub verifier: u32,
    pub statement: Id,
    pub input: Id,
    pub work: u64,
    pub max_price: Wei,
    pub tip: Wei,
    pub bond: Wei,
    pub deadline: Time,
    pub window: u32,
    pub callback: Account,
    pub callback_gas: u32,
}

impl Request {
    /// What the requester locks on entry.
    pub fn escrow(&self) -> Wei {
        self.max_price + self.tip
    }
}
