//! What the market's contract tells the world: one variant per event of `contracts/interfaces/{IMarket,IEscrow,IRegistry,
//! ISupply}.sol`, which document them. Everything off-chain is a fold of these.

use crate::ask::{Shape, Tag};
use crate::lane::{List, Mandate, Terms};
use crate::request::Request;
use crate::{Account, Bps, Id, Time, Wei};

/// One version of an instance; the twin of `Config` in `contracts/types/Instance.sol`, which documents the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Config {
    pub mechanism: Account,
    pub codehash: Id,
    pub token: Account,
    pub fallback_instance: u32,
    pub fallback_version: u32,
    pub verifiers: Vec<u32>,
    pub shape: Shape,
    pub params: Vec<u8>,
}

/// What the owner of an instance chooses; the twin of `Setup` in `contracts/types/Instance.sol`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Setup {
    pub mechanism: Account,
    pub token: Account,
    pub fallback_instance: u32,
    pub fallback_version: u32,
    pub verifiers: Vec<u32>,
    pub params: Vec<u8>,
}

impl From<&Config> for Setup {
    fn from(config: &Config) -> Self {
        let Config { mechanism, token, fallback_instance, fallback_version, verifiers, params, .. } = config.clone();
        Self { mechanism, token, fallback_instance, fallback_version, verifiers, params }
    }
}

impl From<Setup> for Config {
    /// What only the registry knows is left empty.
    fn from(setup: Setup) -> Self {
        let Setup { mechanism, token, fallback_instance, fallback_version, verifiers, params } = setup;
        Self { mechanism, token, fallback_instance, fallback_version, verifiers, params, ..Self::default() }
    }
}

/// What a prover asks of work paid in one token; the twin of `Offer` in `contracts/types/Prover.sol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Offer {
    pub accepted: bool,
    pub floor: Wei,
    pub bond_limit: Wei,
    pub throughput: u32,
}

/// What a prover commits to; the twin of `Declaration` in `contracts/interfaces/ISupply.sol`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Declaration {
    pub concurrency: u16,
    pub flags: u8,
    pub offers: Vec<(Account, Offer)>,
    pub mechanisms: Vec<(Account, bool)>,
    pub verifiers: Vec<(u32, bool)>,
}

/// An event of the market's contract. Amounts are in the smallest unit of the token concerned, times in unix seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in the Solidity interfaces")]
pub enum Event {
    Deposited { token: Account, account: Account, from: Account, amount: Wei },
    Withdrawn { token: Account, account: Account, to: Account, amount: Wei },
    InstanceSet { instance: u32, version: u32, owner: Account, open: bool, config: Config },
    InstanceRetired { instance: u32 },
    VerifierRegistered { verifier: u32, target: Account, registrar: Account, codehash: Id, gas: u32 },
    VerifierFrozen { verifier: u32 },
    Declared { prover: Account, number: u32, declaration: Declaration },
    Staked { prover: Account, amount: Wei },
    Unstaking { prover: Account, amount: Wei, ready_at: Time },
    Unstaked { prover: Account, amount: Wei },
    Recorded { id: Id, prover: Account, fee: Wei },
    Drilled { id: Id, prover: Account },
    Opened { id: Id, requester: Account, instance: u32, version: u32, request: Request, input: Vec<u8> },
    Awarded { id: Id, prover: Account, price: Wei, due: Time, bond_bps: Bps },
    Held { id: Id, prover: Account, amount: Wei, tag: Tag },
    Released { id: Id, prover: Account, amount: Wei },
    Forfeited { id: Id, prover: Account, burned: Wei, compensation: Wei, tip: Wei, to: Account },
    Docked { id: Id, instance: u32, prover: Account, burned: Wei, compensation: Wei, tip: Wei, to: Account },
    Slashed { id: Id, prover: Account, burned: Wei, compensation: Wei, tip: Wei, to: Account },
    Excused { id: Id, prover: Account },
    Climbed { id: Id, rung: u8, instance: u32, version: u32 },
    Noted { id: Id, words: Vec<Id> },
    NotedInstance { instance: u32, shared: Vec<Id> },
    BeaconFixed { id: Id, block: u64 },
    Tipped { id: Id, to: Account, amount: Wei },
    Proven { id: Id, prover: Account, proof: Vec<u8> },
    Rewarded { id: Id, prover: Account, amount: Wei },
    Fulfilled { id: Id, prover: Account, price: Wei, proof: Vec<u8> },
    FulfillmentRejected { id: Id, reason: Vec<u8> },
    CallbackFailed { id: Id },
    Closed { id: Id, refund: Wei },
    Cancelled { id: Id, refund: Wei },
    Leaving { instance: u32, prover: Account, ready_at: Time },
    TermsSet { requester: Account, lane: u32, terms: Terms },
    MandateSet { requester: Account, lane: u32, mandate: Mandate },
    Listed { requester: Account, lane: u32, list: List, entries: Vec<(Account, bool)> },
    Routed { requester: Account, lane: u32, instance: u32, version: u32, by: Account, tip: Wei },
}
