//! What a requester keeps of a request that has ended.

use std::path::{Path, PathBuf};

use alloy::primitives::{Address, B256, U256};
use anyhow::Result;
use bourse_chain::read::Token;
use bourse_prover::backend::circuit::Keys;
use bourse_prover::backend::{self, circuit};
use serde::Serialize;

use crate::journey::{End, Journey, Loss, Moment};
use crate::record::Record;
use crate::{amount, disk};

/// All about a request that has ended. Amounts are decimal strings in the smallest unit.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The request.
    pub id: String,
    /// `fulfilled`, `closed` or `cancelled`.
    pub status: &'static str,
    /// The chain.
    pub chain_id: u64,
    /// The market.
    pub market: String,
    /// Who paid.
    pub requester: String,
    /// The token that was paid in.
    pub token: String,
    /// The instances it was under, in order.
    pub instances: Vec<u32>,
    /// What was to be proven.
    pub statement: String,
    /// What it would have paid at most.
    pub max_price: String,
    /// What it paid to the prover.
    pub price: String,
    /// What it paid in tips.
    pub tipped: String,
    /// What came back of the escrow.
    pub refund: String,
    /// What it got for failures of provers, in the stake token.
    pub compensation: String,
    /// Who proved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prover: Option<String>,
    /// When it entered.
    pub opened: Option<When>,
    /// When it was awarded to who proved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awarded: Option<When>,
    /// When it ended.
    pub ended: When,
    /// Seconds from its entry to its end.
    pub seconds: u64,
    /// Provers that failed it, and what that brought.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// Where the proof is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<PathBuf>,
    /// What the built-in circuit put out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// When something happened.
#[derive(Clone, Debug, Serialize)]
pub struct When {
    /// Unix seconds.
    pub time: u64,
    /// The block.
    pub block: u64,
    /// The transaction.
    pub transaction: String,
}

/// A prover that failed.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// Who.
    pub prover: String,
    /// What the requester got of its bond, in the smallest unit of the stake token.
    pub compensation: String,
}

impl Receipt {
    /// The receipt of a request, if it has ended.
    pub fn of(record: &Record, journey: &Journey) -> Option<Self> {
        let (end, at) = journey.end.as_ref()?;
        let request = &record.request;
        let (status, price, prover, refund) = match end {
            End::Fulfilled { prover, price, .. } => {
                let refund = request.escrow().saturating_sub(price + journey.tipped);
                ("fulfilled", *price, Some(*prover), refund)
            }
            End::Closed { refund } => ("closed", 0, None, *refund),
            End::Cancelled { refund } => ("cancelled", 0, None, *refund),
        };
        Some(Self {
            id: amount::hex(&record.id),
            status,
            chain_id: record.chain,
            market: amount::address(record.market),
            requester: amount::address(request.requester),
            token: amount::address(request.token),
            instances: journey.rungs.iter().map(|rung| rung.instance).collect(),
            statement: amount::hex(&request.statement),
            max_price: request.max_price.to_string(),
            price: price.to_string(),
            tipped: journey.tipped.to_string(),
            refund: refund.to_string(),
            compensation: journey.compensation().to_string(),
            prover: prover.map(amount::address),
            opened: journey.opened().map(When::of),
            awarded: prover.and(journey.award()).map(|award| When::of(award.at)),
            ended: When::of(*at),
            seconds: journey.opened().map_or(0, |opened| at.time.saturating_sub(opened.time)),
            failures: journey.slashes.iter().map(Failure::of).collect(),
            proof: None,
            output: None,
        })
    }

    /// Writes the proof, if there is one, and the receipt.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(mut self, journey: &Journey, proof: PathBuf, receipt: &Path) -> Result<Self> {
        if let Some((End::Fulfilled { proof: bytes, .. }, _)) = &journey.end {
            disk::write(&proof, bytes)?;
            self.proof = Some(proof);
        }
        disk::write(receipt, &serde_json::to_vec_pretty(&self)?)?;
        Ok(self)
    }

    /// In a sentence.
    pub fn words(&self, token: &Token) -> String {
        let show = |text: &str| text.parse().map_or_else(|_| text.to_owned(), |wei| amount::show(wei, token));
        match (&self.prover, &self.proof) {
            (Some(prover), Some(proof)) => {
                let output = self.output.as_ref().map(|output| format!("\noutput     {output}")).unwrap_or_default();
                format!(
                    "proof      {}\npaid       {} to {prover} after {} s{output}",
                    proof.display(),
                    show(&self.price),
                    self.seconds
                )
            }
            _ => format!("{} after {} s, {} came back", self.status, self.seconds, show(&self.refund)),
        }
    }
}

impl When {
    fn of(at: Moment) -> Self {
        Self { time: at.time, block: at.block, transaction: amount::hex(&at.transaction) }
    }
}

impl Failure {
    fn of(loss: &Loss) -> Self {
        Self { prover: amount::address(loss.prover), compensation: loss.compensation.to_string() }
    }
}

/// Checks a proof of the built-in circuit without the chain, and reads its output. Takes a moment, to load the key.
///
/// # Errors
/// If the proof is not one for this request by its prover.
pub fn output(folder: &Path, record: &Record, rounds: u32, journey: &Journey) -> Result<Option<String>> {
    let Some((End::Fulfilled { prover, proof, .. }, _)) = &journey.end else { return Ok(None) };
    let setup = Keys::new(folder.join("keys"), None).load(rounds)?;
    let author = backend::author(B256::from(record.id), Address::from(*prover));
    setup.key().verify(B256::from(record.request.statement), author, proof)?;
    let last = proof.len().checked_sub(32).and_then(|at| proof.get(at..));
    Ok(last.map(|word| U256::from_be_slice(word)).map(|output| format!("{output} = {}({rounds})", circuit::NAME)))
}
