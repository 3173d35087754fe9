//! `bourse provers`: who proves, on what terms, and what it has shown.

use anyhow::Result;
use bourse_sim::market::{DRAINING, DRILLS};
use bourse_sim::{Account, ZERO};
use serde_json::json;

use crate::amount;
use crate::session::Session;

/// `bourse provers`
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    /// Whose work the record is of: a verifier's number
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub verifier: u32,
    /// And what it was paid in [default: the native coin]
    #[arg(long, value_name = "ADDRESS", value_parser = amount::account)]
    pub token: Option<Account>,
}

/// Lists all provers.
///
/// # Errors
/// If the node does not answer.
pub async fn run(session: &Session, options: &Options) -> Result<()> {
    let node = &session.node;
    let stake = node.token(node.stake_token().await?).await?;
    let token = options.token.unwrap_or(ZERO);
    let coin = node.token(token).await?;
    let known = session.settings.deployment.as_ref();
    let (mut shown, mut rows) = (Vec::new(), Vec::new());
    for number in 1.. {
        let prover = node.prover(number).await?;
        if prover == ZERO {
            break;
        }
        let (ledger, offer) = (node.ledger(prover).await?, node.offer(prover, token).await?);
        let record = node.record(prover, options.verifier, token).await?;
        shown.push(json!({
            "number": number,
            "prover": amount::address(prover),
            "stake": ledger.stake.to_string(),
            "locked": ledger.locked.to_string(),
            "busy": ledger.busy,
            "concurrency": ledger.concurrency,
            "kept": ledger.kept,
            "failed": ledger.failed,
            "draining": ledger.flags & DRAINING != 0,
            "drills": ledger.flags & DRILLS != 0,
            "record": {
                "verifier": options.verifier,
                "token": amount::address(token),
                "kept": record.kept,
                "late": record.late,
                "failed": record.failed,
                "paid": record.paid.to_string(),
                "missed": record.missed.to_string(),
            },
            "accepted": offer.accepted,
            "floor": offer.floor.to_string(),
            "bondLimit": offer.bond_limit.to_string(),
            "throughput": offer.throughput,
        }));
        rows.push(vec![
            number.to_string(),
            known.and_then(|known| known.account_name(prover)).unwrap_or("–").to_owned(),
            amount::address(prover),
            amount::rough(ledger.stake, &stake),
            amount::rough(ledger.locked, &stake),
            format!("{} of {}", ledger.busy, ledger.concurrency),
            format!("{} / {}", ledger.kept, ledger.failed),
            format!("{} / {} / {}", record.kept, record.late, record.failed),
            amount::rough(record.paid, &coin),
            if offer.accepted { amount::rough(offer.floor.saturating_mul(MILLION), &coin) } else { "–".to_owned() },
            if offer.throughput == 0 { "–".to_owned() } else { format!("{} /s", offer.throughput) },
        ]);
    }
    let head = [
        "no",
        "name",
        "prover",
        "stake",
        "locked",
        "busy",
        "kept / failed",
        "on record: kept / late / failed",
        "paid",
        "floor per million units",
        "speed",
    ];
    session
        .out
        .result(&shown, || if rows.is_empty() { "no provers yet".to_owned() } else { session.out.table(&head, rows) })
}

const MILLION: u128 = 1_000_000;
