//! `bourse provers`: who proves, and on what terms.

use anyhow::Result;
use bourse_sim::ZERO;
use serde_json::json;

use crate::amount;
use crate::session::Session;

/// Lists all provers.
///
/// # Errors
/// If the node does not answer.
pub async fn run(session: &Session) -> Result<()> {
    let node = &session.node;
    let stake = node.token(node.stake_token().await?).await?;
    let coin = node.token(ZERO).await?;
    let known = session.settings.deployment.as_ref();
    let (mut shown, mut rows) = (Vec::new(), Vec::new());
    for number in 1.. {
        let prover = node.prover(number).await?;
        if prover == ZERO {
            break;
        }
        let (ledger, offer) = (node.ledger(prover).await?, node.offer(prover, ZERO).await?);
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
            if offer.accepted { amount::rough(offer.floor.saturating_mul(MILLION), &coin) } else { "–".to_owned() },
            if offer.throughput == 0 { "–".to_owned() } else { format!("{} /s", offer.throughput) },
        ]);
    }
    let head = ["no", "name", "prover", "stake", "locked", "busy", "kept / failed", "floor per million units", "speed"];
    session
        .out
        .result(&shown, || if rows.is_empty() { "no provers yet".to_owned() } else { session.out.table(&head, rows) })
}

/// See `contracts/types/Prover.sol`.
const DRAINING: u8 = 4;
const MILLION: u128 = 1_000_000;
