//! The requesters at work: each errand becomes a request at its time, sent or signed.

use std::time::Duration;

use anyhow::{Context, Result};
use bourse_chain::call;
use bourse_sim::Account;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::chain::Secret;
use super::people::{ERRANDS, Errand, QUOTED, REQUESTERS, rounds};
use super::setup::Cast;
use crate::output::Output;
use crate::quotes;
use crate::record::Record;
use crate::session::Session;
use crate::spec::Spec;
use crate::terms::{self, Terms};

/// Seconds that a prover of the demo has for a proof.
const WINDOW: &str = "14s";
/// Stake that a prover of the demo puts at risk.
const BOND: &str = "0.02";

/// Starts all errands. Each request is told of before it is sent, by the number of its errand. `provers` are where quotes are asked for.
pub fn start(
    session: &Session,
    cast: &Cast,
    provers: Vec<String>,
    made: &mpsc::UnboundedSender<(usize, Record)>,
) -> JoinSet<Result<()>> {
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for (number, errand) in ERRANDS.iter().enumerate() {
        let (session, cast, made, provers) = (session.clone(), cast.clone(), made.clone(), provers.clone());
        tasks.spawn(async move {
            sleep_until(start + Duration::from_secs(errand.at)).await;
            let requester = cast.requesters.get(errand.requester).context("a requester")?;
            let record = compose(&session, &spec(number, errand), requester.key.address()).await?;
            made.send((number, record.clone())).context("nobody listens")?;
            if errand.instance == QUOTED {
                return enter_with_quote(&session, &record, requester, &provers).await;
            }
            let signs = REQUESTERS.get(errand.requester).is_some_and(|requester| requester.signs);
            enter(&session, &record, requester, signs.then_some(&cast.operator)).await
        });
    }
    tasks
}

/// What an errand says.
fn spec(number: usize, errand: &Errand) -> Spec {
    Spec {
        instance: Some(errand.instance.to_owned()),
        max_price: Some(errand.max_price.to_owned()),
        bond: Some(BOND.to_owned()),
        deadline: Some(errand.deadline.to_owned()),
        window: Some(WINDOW.to_owned()),
        rounds: Some(rounds(errand.size)),
        seed: Some((number + 1).to_string()),
        ..Spec::default()
    }
}

/// The request that `account` makes of `spec`: the same one each time.
///
/// # Errors
/// What is missing or wrong in it.
pub async fn compose(session: &Session, spec: &Spec, account: Account) -> Result<Record> {
    let (chain, market) = (session.node.chain_id(), session.node.market());
    let head = session.node.head().await?;
    let Terms { mut request, input, pow5, .. } = Terms::of(session, spec, account, head.time).await?;
    let fingerprint = spec.fingerprint(chain, market, account)?;
    request.nonce = terms::nonce(&fingerprint);
    let id = session.domain.request_id(&request);
    Ok(Record {
        id,
        fingerprint,
        block: head.number,
        chain,
        market,
        request,
        input,
        signature: Vec::new(),
        rounds: pow5,
    })
}

/// Sends the request, or signs it and has it brought.
async fn enter(session: &Session, record: &Record, requester: &Secret, bearer: Option<&Secret>) -> Result<()> {
    let signature = match bearer {
        Some(_) => session.domain.sign_request(&requester.key, &record.request)?,
        None => Vec::new(),
    };
    let sender = bearer.unwrap_or(requester);
    session.send(&sender.key, call::open(&record.request, &record.input, &signature)).await?;
    Ok(())
}

/// Sends the request with the cheapest quote; without one if nobody quotes.
async fn enter_with_quote(session: &Session, record: &Record, requester: &Secret, provers: &[String]) -> Result<()> {
    // What each prover said would be in the picture's way.
    let mut quiet = session.clone();
    quiet.out = Output::new(true);
    match quotes::choose(&quiet, &requester.key, record, provers).await {
        Ok(chosen) => session.send(&requester.key, chosen.call).await.map(drop),
        Err(_) => enter(session, record, requester, None).await,
    }
}
