//! How a keeper starts: everything it depends on is looked at before it does anything.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use bourse_chain::{Executor, FollowConfig, FollowError, Follower, Node, Start, Update};
use bourse_sim::Account;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::Keeper;
use crate::api::{self, Desk};
use crate::config::Config;
use crate::metrics::Metrics;
use crate::state::{HISTORY, Input, State};
use crate::store::{Identity, Store};
use crate::view::View;

/// The longest wait for a node that does not answer at start.
const MAX_WAIT: Duration = Duration::from_secs(15);

type Updates = mpsc::Receiver<Result<Update, FollowError>>;

impl Keeper {
    /// Connects, checks that chain and market are the right ones, takes up what the disk holds, and serves HTTP. Waits for a
    /// node that does not answer yet.
    ///
    /// # Errors
    /// If the key, the chain, the market or the disk is not what it should be.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let key = config.key.key()?;
        std::fs::create_dir_all(&config.data)
            .with_context(|| format!("making the folder {}", config.data.display()))?;
        // Two keepers on one folder would settle each other's proofs: the journal is locked against that, and comes first.
        let node = connect(&config).await?;
        let identity = identify(&config, &node).await?;
        let executor = Executor::open(node.clone(), key, &config.data.join("journal.sqlite"), config.execute).await?;
        let store = Store::open(&config.data.join("keeper.sqlite")).await?;
        store.claim(identity).await?;
        let state = recall(&store, fresh(&config, &node, executor.address()).await?).await?;
        let metrics = Metrics::new()?;
        let listener = TcpListener::bind(config.listen).await;
        let listener = listener.with_context(|| format!("serving on {}: is the port free?", config.listen))?;
        let address = listener.local_addr()?;
        let (view, viewed) = watch::channel(Arc::new(View { market: config.market, ..View::default() }));
        let (outbox, inbox) = mpsc::channel(1024);
        let (stop, stopped) = watch::channel(false);
        let desk = Desk {
            view: viewed,
            store: store.clone(),
            inbox: outbox,
            metrics: metrics.clone(),
            max_proof: config.max_proof,
        };
        let server = tokio::spawn(api::serve(listener, desk, stopped));
        let (follower, updates) = follow(&config, node.clone());
        Ok(Self {
            config,
            node,
            executor,
            state,
            store,
            metrics,
            updates,
            follower,
            inbox,
            errands: JoinSet::new(),
            pulse: JoinSet::new(),
            view,
            address,
            server,
            stop,
            batch_at: None,
            tipped: None,
            silence: (0, String::new()),
        })
    }

    /// Forgets the fold and makes it anew: the chain dropped more than can be taken back. Nothing entrusted is forgotten.
    pub(crate) async fn start_over(&mut self) -> anyhow::Result<()> {
        self.follower.abort();
        self.errands.shutdown().await;
        self.state = recall(&self.store, fresh(&self.config, &self.node, self.executor.address()).await?).await?;
        self.tipped = None;
        self.batch_at = None;
        (self.follower, self.updates) = follow(&self.config, self.node.clone());
        Ok(())
    }
}

/// Follows in a task of its own: a look at the node takes as long as it takes, whatever else happens meanwhile.
fn follow(config: &Config, node: Node) -> (JoinHandle<()>, Updates) {
    let start = FollowConfig::from_start(Start::Block(config.from_block));
    let mut follower = Follower::new(node, FollowConfig { poll: config.poll, history: HISTORY, ..start });
    let (sender, updates) = mpsc::channel(64);
    let task = tokio::spawn(async move {
        loop {
            let update = follower.next().await;
            let over = update.is_err();
            if sender.send(update).await.is_err() || over {
                return;
            }
        }
    });
    (task, updates)
}

async fn connect(config: &Config) -> anyhow::Result<Node> {
    let mut wait = Duration::from_millis(500);
    loop {
        match Node::connect(&config.rpc, config.market).await {
            Ok(node) => return Ok(node),
            Err(error) if error.is_passing() => {
                tracing::warn!(%error, "waiting for the node");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(MAX_WAIT);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn identify(config: &Config, node: &Node) -> anyhow::Result<Identity> {
    let chain_id = node.chain_id();
    if let Some(want) = config.chain_id.filter(|want| *want != chain_id) {
        bail!("the node is on chain {chain_id}; chain_id says it should be on {want}");
    }
    let (genesis, code) = (node.genesis().await?, node.code_hash(config.market).await?);
    Ok(Identity { chain_id, market: config.market, genesis, code })
}

async fn fresh(config: &Config, node: &Node, keeper: Account) -> anyhow::Result<State> {
    let stake_token: Account =
        node.stake_token().await.context("asking the contract for its stake token; it should be a Bourse market")?;
    let state = State::new(node.chain_id(), &config.market, stake_token);
    Ok(if config.routes { state.routing_as(keeper) } else { state })
}

/// `state` with the proofs that the disk holds: those that wait, and those whose settlement a reorg could take back.
async fn recall(store: &Store, mut state: State) -> anyhow::Result<State> {
    let horizon = store.head().await?.map_or(0, |head| head.number.saturating_sub(HISTORY as u64));
    for proof in store.settled_since(horizon).await? {
        state.absorb(Input::Kept(proof, None))?;
    }
    for (proof, batch) in store.accepted().await? {
        state.absorb(Input::Kept(proof, batch))?;
    }
    Ok(state)
}
