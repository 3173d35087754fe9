//! The prover node: declares what it can prove, bids on what is worth it, proves, and delivers. One loop around the fold of
//! the market's events; see [`prover`] for the loop, [`bid`] for the prices, [`jobs`] for what survives a crash.

mod amount;
pub mod backend;
pub mod bid;
pub mod check;
pub mod committee;
pub mod config;
pub mod deliver;
pub mod door;
pub mod jobs;
pub mod metrics;
pub mod prover;
pub mod quote;
pub mod state;
pub mod store;
pub mod supply;
pub mod workshop;

use std::{future::Future, time::Duration};

use anyhow::{Context, ensure};
use bourse_chain::{Domain, ExecuteConfig, Executor, FollowConfig, Follower, Node, Start};
use tokio::sync::{mpsc, watch};

pub use amount::{Amount, NotAnAmount};
pub use config::Config;

use crate::{
    committee::{Hall, Speech},
    metrics::Page,
    prover::{Parts, Prover},
    quote::Desk,
    store::Store,
    workshop::Workshop,
};

/// Time between two attempts to reach the node at start.
const RECONNECT: Duration = Duration::from_secs(2);

/// Works until `shutdown` ends, or something happens that makes going on unsafe.
///
/// # Errors
/// What is wrong with settings, key, backends, node or disk; or what contradicts this program's model of the market.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
    let mut shutdown = std::pin::pin!(shutdown);
    let (pages, shown) = watch::channel(unready("opening the backends"));
    let (desks, desk) = watch::channel(None);
    let (hall, speeches) = mpsc::channel(committee::WAITING);
    let doors = quote::router(desk).merge(committee::router(Hall::new(hall)));
    let server = match config.address()? {
        Some(address) => Some(metrics::serve(address, shown, doors).await?),
        None => None,
    };
    if let Some((address, _)) = &server {
        tracing::info!(%address, "metrics, health, quotes and committees");
    }
    let opened = tokio::select! {
        opened = open(config, pages, desks, speeches) => Some(opened?),
        () = &mut shutdown => None,
    };
    let ended = match opened {
        Some((mut prover, follower)) => {
            let ended = prover.work(follower, shutdown).await;
            prover.close().await;
            ended
        }
        None => Ok(()),
    };
    if let Some((_, server)) = server {
        metrics::close(server).await;
    }
    ended
}

/// Everything that has to be there before the loop can begin.
async fn open(
    config: Config,
    pages: watch::Sender<Page>,
    desks: watch::Sender<Option<Desk>>,
    speeches: mpsc::Receiver<Speech>,
) -> anyhow::Result<(Prover, Follower)> {
    let key = config.key()?;
    let data = &config.data;
    std::fs::create_dir_all(data).with_context(|| format!("making the data folder {}", data.display()))?;
    let workshop = Workshop::open(&config.backends, config.proving.parallel).await?;
    pages.send_replace(unready("connecting to the node"));
    let node = connect(&config).await?;
    require_names(&config, &node).await?;
    let stake_token = node.stake_token().await?;
    let store = Store::open(&data.join("prover.sqlite"), &node, key.address()).await?;
    let journal = data.join("journal.sqlite");
    let executor = Executor::open(node.clone(), key.clone(), &journal, ExecuteConfig::default()).await?;
    let from = FollowConfig::from_start(Start::Block(config.start_block));
    let follower = Follower::new(node.clone(), FollowConfig { poll: config.poll(), ..from });
    let me = alloy::primitives::Address::from(executor.address());
    tracing::info!(prover = %me, market = %config.market, chain = node.chain_id(), "ready to follow");
    pages.send_replace(unready("catching up with the chain"));
    let (inbox, questions) = mpsc::channel(quote::WAITING);
    desks.send_replace(Some(Desk::new(&config.quoting, workshop.clone(), Domain::of(&node), key.address(), inbox)));
    let parts =
        Parts { config, node, follower, executor, key, questions, speeches, store, workshop, stake_token, pages };
    Prover::resume(parts).await
}

/// Connects to the node, and waits for it if it is not there yet.
async fn connect(config: &Config) -> anyhow::Result<Node> {
    loop {
        match Node::connect(&config.node, config.market.into_array()).await {
            Ok(node) => return Ok(node),
            Err(error) if error.is_passing() => {
                tracing::warn!(%error, "connecting to the node; trying again");
                tokio::time::sleep(RECONNECT).await;
            }
            Err(error) => return Err(error).context("connecting to the node"),
        }
    }
}

/// Makes sure that the mechanisms are what the settings take them for: who bids by another rule than the one that holds loses.
///
/// # Errors
/// The first contract that calls itself something else.
async fn require_names(config: &Config, node: &Node) -> anyhow::Result<()> {
    for (name, address) in config.supply.mechanisms.iter().flat_map(|(name, at)| at.iter().map(move |at| (name, at))) {
        let have = node.mechanism_name(address.into_array()).await?;
        let have = have.as_deref().unwrap_or("nothing");
        ensure!(have == name, "supply.mechanisms has {address} under '{name}', and the contract calls itself '{have}'");
    }
    Ok(())
}

fn unready(why: &str) -> Page {
    Page { metrics: String::new(), unready: Some(why.to_owned()) }
}
