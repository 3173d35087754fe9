//! Lanes: the twin of `contracts/types/Lane.sol`, which documents the fields.

use crate::{Account, Bps, Time, Wei};

/// A request whose `instance` has this bit names a lane of its requester; the rest is the lane's number.
pub const LANE: u32 = 1 << 31;

/// What a requester wants of a stream of similar work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Terms {
    pub token: Account,
    pub verifier: u32,
    pub work: u64,
    pub bond: Wei,
    pub window: u32,
    pub price_per_unit: Wei,
    pub latency: u32,
    pub award: u32,
    pub bond_bps: Bps,
    pub kept: u16,
    pub reliability: Bps,
    pub standbys: u8,
    pub capabilities: u32,
    pub closed: bool,
    pub completion: Bps,
    pub share: Bps,
    pub wishes: Vec<Wish>,
}

/// How much one attribute of what is delivered matters; the attribute by its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Wish {
    pub attribute: u8,
    pub weight: Bps,
    pub best: Wei,
    pub worst: Wei,
}

/// Who may route a lane in its requester's place, and how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Mandate {
    pub until: Time,
    pub cooldown: u32,
    pub stake: Wei,
    pub tip: Wei,
    pub anyone: bool,
    pub any_mechanism: bool,
}

/// What a requester lists for a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// Who may route.
    Keepers,
    /// Where to.
    Mechanisms,
    /// Who may bid.
    Provers,
}
