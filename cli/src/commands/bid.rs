//! What a prover bids by hand, where no node bids for it: on a request, or on an instance that sells more than single requests.

use anyhow::{Context, Result, bail, ensure};
use bourse_chain::call::{self, Order};
use bourse_sim::abi::Encoder;
use bourse_sim::market::place_of;
use bourse_sim::mechanisms::{reserved, seat};
use bourse_sim::{Account, Wei};
use serde_json::json;

use crate::session::Session;
use crate::{amount, track};

/// `bourse bid`
#[derive(Clone, Debug, clap::Args)]
pub struct Bid {
    /// The request's id, or the start of it
    #[arg(required_unless_present = "instance")]
    pub id: Option<String>,
    /// Bid on this instance itself: for a seat, a contract, a place in a pool or in a batch
    #[arg(long, value_name = "INSTANCE", conflicts_with = "id")]
    pub instance: Option<String>,
    /// What is asked: for the request; for a million units of work (seat, reserved); for a lot (batch)
    #[arg(long, value_name = "AMOUNT", default_value = "0")]
    pub price: String,
    /// The most stake to put at risk [default: the request's bond; nothing on an instance]
    #[arg(long, value_name = "AMOUNT")]
    pub bond: Option<String>,
    /// Say that you want to leave the seat, the contract or the pool
    #[arg(long, requires = "instance", conflicts_with_all = ["price", "data"])]
    pub notice: bool,
    /// What the mechanism has to be told, in hex [default: what a shipped one needs on an instance, else nothing]
    #[arg(long, value_name = "HEX")]
    pub data: Option<String>,
}

/// Bids, as the prover whose key it is.
///
/// # Errors
/// What the market or the mechanism says no with.
pub async fn bid(session: &Session, bid: &Bid) -> Result<()> {
    match &bid.instance {
        Some(instance) => on_instance(session, bid, instance).await,
        None => on_request(session, bid).await,
    }
}

async fn on_request(session: &Session, bid: &Bid) -> Result<()> {
    let key = session.settings.key()?;
    let record = track::find(session, bid.id.as_deref().context("which request?")?).await?;
    let request = record.request;
    let token = session.node.token(request.token).await?;
    let data = bid.data.as_deref().map_or(Ok(Vec::new()), amount::bytes)?;
    let said = call::Bid {
        request: record.id,
        prover: key.address(),
        price: amount::parse(&bid.price, &token)?,
        max_bond: stake(session, bid).await?.unwrap_or(request.bond),
        valid_until: request.deadline,
        data,
    };
    let order = Order { request, bid: said, ..Order::default() };
    let landed = session.send(&key, call::bid(&[order])).await?;
    let id = amount::hex(&record.id);
    let done =
        json!({ "id": id, "done": "bid", "block": landed.block, "transaction": amount::hex(&landed.transaction) });
    session.out.result(&done, || format!("bid on {id} in block {}", landed.block))
}

async fn on_instance(session: &Session, bid: &Bid, name: &str) -> Result<()> {
    let key = session.settings.key()?;
    let number = session.instance(name).await?;
    let version = session.node.instance(number).await?.version;
    ensure!(version != 0, "there is no instance {number}: `bourse instances` lists them");
    let config = session.node.config(number, version).await?;
    let token = session.node.token(config.token).await?;
    // Notice puts nothing at risk but what stands already.
    let standing = if bid.notice { ticket(session, number, key.address()).await? } else { 0 };
    let bond = stake(session, bid).await?.unwrap_or(standing);
    let data = match &bid.data {
        Some(data) => amount::bytes(data)?,
        None => told(&session.node.mechanism_name(config.mechanism).await?.unwrap_or_default(), bid.notice, bond)?,
    };
    let price = amount::parse(&bid.price, &token)?;
    session.send(&key, call::bid_instance(number, price, bond, &data)).await?;
    let held = ticket(session, number, key.address()).await?;
    let stake = session.node.token(session.node.stake_token().await?).await?;
    let done = json!({ "instance": number, "deposit": held.to_string(), "notice": bid.notice });
    session.out.result(&done, || {
        let word = if bid.notice { "gave notice" } else { "bid" };
        format!("{word} on instance {number}: a deposit of {} stands there", amount::show(held, &stake))
    })
}

/// Takes the deposit on an instance back without asking its mechanism: says so, or, 31 days later, does it.
///
/// # Errors
/// If there is none, or it is too early.
pub async fn leave(session: &Session, name: &str) -> Result<()> {
    let key = session.settings.key()?;
    let number = session.instance(name).await?;
    session.send(&key, call::leave(number)).await?;
    let left = ticket(session, number, key.address()).await? == 0;
    session.out.result(&json!({ "instance": number, "left": left }), || {
        let next = "said: the same again in 31 days takes the deposit back";
        if left { format!("the deposit on instance {number} is back") } else { next.to_owned() }
    })
}

async fn ticket(session: &Session, instance: u32, prover: Account) -> Result<Wei> {
    Ok(session.node.ticket(place_of(instance), prover).await?.0)
}

/// What was said to be the most stake at risk.
async fn stake(session: &Session, bid: &Bid) -> Result<Option<Wei>> {
    let token = session.node.token(session.node.stake_token().await?).await?;
    bid.bond.as_deref().map(|bond| amount::parse(bond, &token).context("bond")).transpose()
}

/// What a shipped mechanism has to be told with a bid on its instance, or with notice; `deposit` in the smallest unit.
fn told(mechanism: &str, notice: bool, deposit: Wei) -> Result<Vec<u8>> {
    Ok(match (mechanism, notice) {
        ("seat", true) => seat::NOTICE.to_vec(),
        ("reserved", true) => reserved::NOTICE.to_vec(),
        // The deposit that is to stand; none is notice.
        ("sortition", _) => Encoder::new(1).uint(if notice { 0 } else { deposit }).finish(),
        (_, false) => Vec::new(),
        (other, true) => bail!("{other} knows no notice: --data says what its mechanism has to be told"),
    })
}
