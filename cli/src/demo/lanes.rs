//! The demo's second act. Requesters with different wishes have standing orders that all begin on the same instance; then they let a keeper
//! route them, and it moves them apart; then a prover slows down, and what that does to each lane is seen.

use std::time::Duration;

use anyhow::{Context, Result};
use bourse_chain::call;
use bourse_sim::ZERO;
use bourse_sim::lane::Mandate;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::chain::Secret;
use super::errands::compose;
use super::people::{REQUESTERS, SIZES, rounds};
use super::setup::Cast;
use crate::lane::Said;
use crate::record::Record;
use crate::session::Session;
use crate::spec::Spec;

/// The number of each requester's lane.
pub const LANE: u32 = 1;
/// Where all lanes lead at first.
pub const DEFAULT: &str = "vickrey";
/// The prover that slows down.
pub const SLOW: &str = "borea";
/// Requests of a lane, and the time between two.
pub const REQUESTS: u64 = 20;
const EVERY: Duration = Duration::from_secs(3);
/// When a keeper may route the lanes, and when the prover slows down: before the request of that number.
const MANDATE_AT: u64 = 5;
const SLOW_AT: u64 = 11;
/// What requests of a lane say besides.
const DEADLINE: &str = "90s";
const WINDOW: &str = "14s";
const PRICE: &str = "0.02";
/// Of the tip for a move, in wei; and seconds between two.
const TIP: u128 = 100_000_000_000_000;
const COOLDOWN: u32 = 10;

/// A standing order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Whose.
    pub requester: String,
    /// In a word.
    pub wish: String,
    /// Its terms.
    pub terms: Said,
}

/// All of them.
///
/// # Errors
/// If the file is none of lanes.
pub fn orders() -> Result<Vec<Order>> {
    #[derive(Deserialize)]
    struct File {
        lane: Vec<Order>,
    }
    let file: File = toml::from_str(include_str!("lanes.toml")).context("the lanes of the demo")?;
    Ok(file.lane)
}

impl Order {
    /// The key of its requester.
    ///
    /// # Errors
    /// If there is no such requester.
    pub fn secret<'a>(&self, cast: &'a Cast) -> Result<&'a Secret> {
        let place = REQUESTERS.iter().position(|requester| requester.name == self.requester);
        place.and_then(|place| cast.requesters.get(place)).with_context(|| format!("no requester {}", self.requester))
    }
}

/// Sets the terms of all lanes and routes them to the same instance.
///
/// # Errors
/// What the chain said no with.
pub async fn set(session: &Session, cast: &Cast, orders: &[Order]) -> Result<()> {
    let (coin, default) = (session.node.token(ZERO).await?, session.instance(DEFAULT).await?);
    let mut tasks = JoinSet::new();
    for order in orders {
        let terms = order.terms.terms(&coin, &coin, session.verifier(&order.terms.verifier)?)?;
        let (session, key) = (session.clone(), order.secret(cast)?.key.clone());
        tasks.spawn(async move {
            session.send(&key, call::set_terms(LANE, &terms)).await?;
            session.send(&key, call::route(key.address(), LANE, default, 0)).await
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

/// What happens in the act, beside what the chain tells.
#[derive(Debug)]
pub enum Cue {
    /// The order of that number makes a request.
    Made(usize, Box<Record>),
    /// Keepers may route.
    Mandate,
    /// A prover slows down.
    Slow,
}

/// Starts the act.
///
/// # Errors
/// If an order's requester is not there.
pub fn start(
    session: &Session,
    cast: &Cast,
    orders: &[Order],
    cues: &mpsc::UnboundedSender<Cue>,
) -> Result<JoinSet<Result<()>>> {
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for (number, order) in orders.iter().enumerate() {
        let (session, key, cues) = (session.clone(), order.secret(cast)?.key.clone(), cues.clone());
        tasks.spawn(async move {
            for round in 0..REQUESTS {
                // Not all in the same block.
                let stagger = EVERY.mul_f64(number as f64 / 8.0);
                sleep_until(start + EVERY * u32::try_from(round)? + stagger).await;
                if round == MANDATE_AT {
                    let until = session.node.head().await?.time + 3_600;
                    let mandate =
                        Mandate { until, cooldown: COOLDOWN, tip: TIP, anyone: true, any_mechanism: true, stake: 0 };
                    session.send(&key, call::set_mandate(LANE, &mandate)).await?;
                }
                let record = compose(&session, &spec(number, round), key.address()).await?;
                cues.send(Cue::Made(number, Box::new(record.clone()))).context("nobody listens")?;
                session.send(&key, call::open(&record.request, &record.input, &[])).await?;
            }
            Ok(())
        });
    }
    let cues = cues.clone();
    tasks.spawn(async move {
        for (round, cue) in [(MANDATE_AT, Cue::Mandate), (SLOW_AT, Cue::Slow)] {
            sleep_until(start + EVERY * u32::try_from(round)?).await;
            cues.send(cue).context("nobody listens")?;
        }
        Ok(())
    });
    Ok(tasks)
}

fn spec(number: usize, round: u64) -> Spec {
    Spec {
        lane: Some(LANE),
        max_price: Some(PRICE.to_owned()),
        bond: Some(PRICE.to_owned()),
        deadline: Some(DEADLINE.to_owned()),
        window: Some(WINDOW.to_owned()),
        rounds: Some(rounds(SIZES[0])),
        // Apart from those of the first act.
        seed: Some((1_000 * (number as u64 + 1) + round).to_string()),
        ..Spec::default()
    }
}
