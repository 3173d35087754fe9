//! What the keeper shows of its state: a snapshot, made at each tip. Amounts are decimal strings in the smallest unit, times
//! unix seconds, bytes hex.

use std::collections::HashMap;

use bourse_chain::Head;
use bourse_sim::{Account, Id};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::text;

/// The snapshot.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The last block followed.
    pub head: Head,
    /// It is the newest: the snapshot is of the present.
    pub at_tip: bool,
    /// Seconds between the head's time and the clock's, when the snapshot was made.
    pub lag: i64,
    /// The chain, the market on it, and who signs.
    pub chain_id: u64,
    /// See `chain_id`.
    pub market: Account,
    /// See `chain_id`.
    pub signer: Account,
    /// What keeps the keeper from sending, if anything does.
    pub trouble: Option<String>,
    /// Actions under way.
    pub pending: Vec<PendingView>,
    /// Proofs neither settled nor rejected.
    pub waiting: usize,
    /// Live requests, and the last that ended.
    pub requests: HashMap<Id, RequestView>,
    /// All instances, by number.
    pub instances: Vec<InstanceView>,
    /// All provers, by number.
    pub provers: Vec<ProverView>,
    /// What is thought of the lanes that this keeper may route.
    pub lanes: Vec<Value>,
}

/// A request.
#[derive(Clone, Debug, Serialize)]
pub struct RequestView {
    /// Its id.
    #[serde(serialize_with = "bytes")]
    pub id: Id,
    /// `open`, `awarded`, `fulfilled`, `closed` or `cancelled`.
    pub status: &'static str,
    /// What it waits for, in words.
    pub stage: String,
    /// Who asks.
    pub requester: String,
    /// What is paid with.
    pub token: String,
    /// The name of the mechanism, if known.
    pub mechanism: Option<String>,
    /// The instance and version whose rules hold, and how many were left behind.
    pub instance: u32,
    /// See `instance`.
    pub version: u32,
    /// See `instance`.
    pub rung: u8,
    /// The verifier.
    pub verifier: u32,
    /// Units of work.
    pub work: u64,
    /// The most that is paid.
    pub max_price: String,
    /// What is paid, or would be if it were awarded now.
    pub price: Option<String>,
    /// What the stage pays to whoever moves it on.
    pub tip: String,
    /// Stake at risk behind an award.
    pub bond: String,
    /// Whom it was awarded to.
    pub prover: Option<String>,
    /// Deposits that stand.
    pub holds: u8,
    /// When this stage began or the award is due.
    pub since: Option<u64>,
    /// The last second for the proof.
    pub due: Option<u64>,
    /// When the stage ends, as far as the clock decides.
    pub until: u64,
    /// The last second of all.
    pub deadline: u64,
}

/// An instance, in its current version.
#[derive(Clone, Debug, Serialize)]
pub struct InstanceView {
    /// Its number.
    pub instance: u32,
    /// The current version.
    pub version: u32,
    /// Who may retune it.
    pub owner: String,
    /// To everyone.
    pub open: bool,
    /// No new requests.
    pub retired: bool,
    /// The mechanism's address and name.
    pub mechanism: String,
    /// See `mechanism`.
    pub name: Option<String>,
    /// What is paid with.
    pub token: String,
    /// Where unserved requests go; 0 for nowhere.
    pub fallback_instance: u32,
    /// See `fallback_instance`.
    pub fallback_version: u32,
    /// Verifiers admitted; empty for all.
    pub verifiers: Vec<u32>,
    /// The mechanism's parameters.
    pub params: String,
}

/// A prover.
#[derive(Clone, Debug, Serialize)]
pub struct ProverView {
    /// Its address.
    pub prover: String,
    /// Its number.
    pub number: u32,
    /// Its stake, and the part that backs something.
    pub stake: String,
    /// See `stake`.
    pub locked: String,
    /// What it serves, and the most that it serves at once.
    pub busy: u16,
    /// See `busy`.
    pub concurrency: u16,
    /// Awards kept and failed.
    pub kept: u16,
    /// See `kept`.
    pub failed: u16,
    /// Takes no new work.
    pub draining: bool,
}

/// An action under way.
#[derive(Clone, Debug, Serialize)]
pub struct PendingView {
    /// The intent's key.
    pub key: String,
    /// The block after which it was decided.
    pub since: u64,
}

fn bytes<S: Serializer>(id: &Id, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text::bytes(id))
}
