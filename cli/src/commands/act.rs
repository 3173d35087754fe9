//! What anyone, or a requester, may do to a request that is under way.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use bourse_chain::call::Fulfillment;
use bourse_chain::{Call, call};
use bourse_sim::ask::Status;
use bourse_sim::{Account, ZERO};
use serde_json::json;

use crate::record::Record;
use crate::session::Session;
use crate::{amount, track};

/// `bourse tick`
#[derive(Clone, Debug, clap::Args)]
pub struct Tick {
    /// The request's id, or the start of it
    #[arg(required_unless_present = "instance")]
    pub id: Option<String>,
    /// Tick this instance itself: a seat that changes hands, a batch to be cleared, a deposit to go back
    #[arg(long, value_name = "INSTANCE", conflicts_with = "id")]
    pub instance: Option<String>,
    /// The prover whose deposit is to be looked at
    #[arg(long, value_name = "ADDRESS", value_parser = amount::account)]
    pub about: Option<Account>,
    /// What the mechanism has to be brought, in hex [default: what a shipped one needs]
    #[arg(long, value_name = "HEX")]
    pub data: Option<String>,
}

/// `bourse prove`
#[derive(Clone, Debug, clap::Args)]
pub struct Prove {
    /// The request's id, or the start of it
    pub id: String,
    /// The file with the proof
    pub proof: PathBuf,
    /// The prover who made it [default: you]
    #[arg(long, value_name = "ADDRESS", value_parser = amount::account)]
    pub by: Option<Account>,
}

/// Brings a proof: of an award, or in an open stage.
///
/// # Errors
/// If it is not a proof of this request by its prover, or none is wanted now.
pub async fn prove(session: &Session, options: &Prove) -> Result<()> {
    let record = track::find(session, &options.id).await?;
    let (request, prover) = (record.request.clone(), options.by.unwrap_or(session.settings.key()?.address()));
    let proof = std::fs::read(&options.proof).with_context(|| format!("reading {}", options.proof.display()))?;
    let brought = match session.node.state(record.id).await?.status {
        Status::Awarded => call::fulfill(&[Fulfillment { request, prover, proof }]),
        _ => call::prove(&request, prover, &proof, &[]),
    };
    act(session, &record, brought, "proven").await
}

/// Says that time has passed.
///
/// # Errors
/// If nothing follows from it now, and when it will.
pub async fn tick(session: &Session, options: &Tick) -> Result<()> {
    let about = options.about.unwrap_or(ZERO);
    let data = options.data.as_deref().map(amount::bytes).transpose()?;
    if let Some(name) = &options.instance {
        let number = session.instance(name).await?;
        return tick_instance(session, number, about, data).await;
    }
    let record = track::find(session, options.id.as_deref().context("which request?")?).await?;
    let data = match data {
        Some(data) => data,
        None => track::brief(session, &record.id, about).await?,
    };
    let done = call::tick(&record.request, about, &data);
    act(session, &record, done, "ticked").await
}

async fn tick_instance(session: &Session, number: u32, about: Account, data: Option<Vec<u8>>) -> Result<()> {
    let (requests, needed) = track::bring(session, number, about).await?;
    let call = call::tick_instance(number, &requests, about, &data.unwrap_or(needed));
    let landed = session.send(&session.settings.key()?, call).await?;
    let (block, transaction) = (landed.block, amount::hex(&landed.transaction));
    let done = json!({ "instance": number, "done": "ticked", "block": block, "transaction": transaction });
    session.out.result(&done, || format!("ticked instance {number} in block {block}"))
}

/// Ends what is overdue.
///
/// # Errors
/// If nothing is overdue yet.
pub async fn expire(session: &Session, id: &str) -> Result<()> {
    let record = track::find(session, id).await?;
    act(session, &record, call::expire(&record.request), "expired").await
}

/// Puts kept awards into the caller's record.
///
/// # Errors
/// If one of them was not kept by the caller, or is recorded already.
pub async fn record(session: &Session, ids: &[String]) -> Result<()> {
    let mut requests = Vec::new();
    for id in ids {
        requests.push(track::find(session, id).await?.request);
    }
    let landed = session.send(&session.settings.key()?, call::record(&requests)).await?;
    let (block, transaction) = (landed.block, amount::hex(&landed.transaction));
    let done = json!({ "recorded": requests.len(), "block": block, "transaction": transaction });
    session.out.result(&done, || format!("{} recorded in block {block}", requests.len()))
}

/// Takes a request back.
///
/// # Errors
/// If it is not open, or a bidder's deposit stands on it.
pub async fn cancel(session: &Session, id: &str) -> Result<()> {
    let record = track::find(session, id).await?;
    act(session, &record, call::cancel(&record.request), "cancelled").await
}

/// Enters a request that its requester has signed.
///
/// # Errors
/// If the file is none, or the market refuses it.
pub async fn enter(session: &Session, file: &Path) -> Result<()> {
    let record = Record::read(file)?;
    let (have, want) = ((record.chain, record.market), (session.node.chain_id(), session.node.market()));
    ensure!(
        have == want,
        "the request is for market {} on chain {}, this is {} on chain {}",
        amount::address(have.1),
        have.0,
        amount::address(want.1),
        want.0
    );
    act(session, &record, call::open(&record.request, &record.input, &record.signature), "entered").await
}

async fn act(session: &Session, record: &Record, call: Call, word: &str) -> Result<()> {
    let landed = session.send(&session.settings.key()?, call).await?;
    let id = amount::hex(&record.id);
    let done =
        json!({ "id": id, "done": word, "block": landed.block, "transaction": amount::hex(&landed.transaction) });
    session.out.result(&done, || format!("{word} {id} in block {}", landed.block))
}
