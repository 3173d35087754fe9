//! `bourse status`: where a request stands, and how it came there.

use anyhow::Result;
use bourse_chain::{Update, wire};
use serde_json::json;

use crate::amount;
use crate::commands::watch::Guide;
use crate::journey::about;
use crate::receipt::Receipt;
use crate::session::Session;
use crate::track::{self, Track};

/// Prints it.
///
/// # Errors
/// If there is no such request.
pub async fn run(session: &Session, id: &str) -> Result<()> {
    let record = track::find(session, id).await?;
    let state = session.node.state(record.id).await?;
    let mut track = Track::new(session, record.id, record.block);
    track.next().await?;
    let guide = Guide::read(session, record.request.token).await?;
    let history = history(session, &record.id, record.block, &guide).await?;
    let status = format!("{:?}", state.status).to_lowercase();
    let prover = track.journey.award().map(|award| award.prover);
    let shown = json!({
        "id": amount::hex(&record.id),
        "status": status,
        "instance": state.instance,
        "version": state.version,
        "rung": state.rung,
        "prover": prover.map(amount::address),
        "price": state.price.to_string(),
        "time": state.time,
        "request": wire::request_json(&record.request),
        "receipt": Receipt::of(&record, &track.journey),
        "history": history.iter().map(|(_, json)| json).collect::<Vec<_>>(),
    });
    session.out.result(&shown, || {
        let head = format!("request    {}\nstatus     {status}", amount::hex(&record.id));
        let lines: Vec<_> = history.iter().map(|(line, _)| line.as_str()).collect();
        if lines.is_empty() {
            return format!("{head} (it has not entered the market)");
        }
        format!("{head}\n{}", lines.join("\n"))
    })
}

/// Its events, in words and as JSON.
async fn history(
    session: &Session,
    id: &bourse_sim::Id,
    block: u64,
    guide: &Guide,
) -> Result<Vec<(String, serde_json::Value)>> {
    let mut follower = session.follow(bourse_chain::Start::Block(block));
    let mut lines = Vec::new();
    loop {
        match follower.next().await? {
            Update::Tip(_) => return Ok(lines),
            Update::Reverted(_) => {}
            Update::Committed(block) => {
                let events = block.events.iter().zip(&block.transactions).filter(|(event, _)| about(event) == Some(id));
                lines.extend(events.map(|(event, transaction)| guide.line(&block, event, transaction)));
            }
        }
    }
}
