//! The keeper: keeps a market moving without anybody's attention. One loop follows the chain, folds what happened into its
//! state, decides, and sends:
//!
//! ```text
//! chain ─blocks→ Follower ─Update→ State::absorb → decide ─Action→ Executor ─tx→ chain
//!                                       └──→ view → api, console, metrics (read only)
//! ```
//!
//! It ticks auctions, settles proofs handed in over HTTP, and expires what is overdue. What it holds on disk and nowhere else
//! are the proofs handed in and the journal of what it sent; everything else is folded from the chain at every start.

pub mod api;
pub mod config;
pub mod console;
pub mod decide;
mod errand;
pub mod metrics;
mod open;
pub mod proof;
mod send;
pub mod state;
pub mod store;
pub mod text;
pub mod verdict;
pub mod view;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};
use bourse_chain::{Executor, FollowError, Head, Node, Update};
use bourse_sim::market::{Violation, instance_of};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use api::Message;
use config::Config;
use metrics::Metrics;
use proof::Status;
use state::{Errand, Input, Note, State};
use store::Store;
use view::View;

/// Questions to the chain under way at once.
const ERRANDS: usize = 24;
/// How long answers to HTTP requests may take after the loop has ended.
const GRACE: Duration = Duration::from_secs(5);
/// Without a tip for so long, the snapshot is not of the present.
const STALE: Duration = Duration::from_secs(5);

/// A keeper, ready to run.
#[derive(Debug)]
pub struct Keeper {
    config: Config,
    node: Node,
    executor: Executor,
    state: State,
    store: Store,
    metrics: Metrics,
    updates: mpsc::Receiver<Result<Update, FollowError>>,
    follower: JoinHandle<()>,
    inbox: mpsc::Receiver<Message>,
    errands: JoinSet<Input>,
    pulse: JoinSet<Result<bourse_sim::Wei, String>>,
    view: watch::Sender<Arc<View>>,
    address: SocketAddr,
    server: JoinHandle<std::io::Result<()>>,
    stop: watch::Sender<bool>,
    /// When verified proofs are sent, if no tip comes before.
    batch_at: Option<Instant>,
    tipped: Option<Instant>,
    /// Failures of the node in a row, and the last.
    silence: (u32, String),
}

/// Runs a keeper until `shutdown`, which it follows within ten seconds.
///
/// # Errors
/// If the settings, the chain or the disk make it impossible to go on. Failures of the node do not.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
    tokio::pin!(shutdown);
    let mut keeper = tokio::select! {
        keeper = Keeper::open(config) => keeper?,
        () = &mut shutdown => return Ok(()),
    };
    tracing::info!(address = %keeper.address(), "serving");
    let result = tokio::select! {
        result = keeper.drive() => result,
        () = &mut shutdown => Ok(()),
    };
    keeper.close().await;
    tracing::info!("stopped");
    result
}

/// Ends when the process is asked to: SIGINT or SIGTERM.
pub async fn asked_to_stop() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

impl Keeper {
    /// Where HTTP is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The loop. May be dropped at any time: what was entrusted or sent is on the disk.
    ///
    /// # Errors
    /// If the disk fails, or the market is not what its model says.
    pub async fn drive(&mut self) -> anyhow::Result<()> {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let batch_at = self.batch_at;
            let batch = async move {
                match batch_at {
                    Some(instant) => tokio::time::sleep_until(instant).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                update = self.updates.recv() => self.follow(update.context("the follower ended")?).await?,
                Some(message) = self.inbox.recv() => self.heed(message).await?,
                Some(input) = self.errands.join_next() => self.learn(input.context("asking the chain")?).await?,
                Some(pulse) = self.pulse.join_next() => self.feel(pulse.context("asking the chain")?),
                () = batch => self.settle().await?,
                _ = second.tick() => self.refresh(),
                served = &mut self.server => return Err(anyhow!("the HTTP server ended: {served:?}")),
            }
            self.send_errands();
        }
    }

    /// Stops taking work, finishes what is being answered, and lets go of the disk.
    pub async fn close(mut self) {
        self.stop.send_replace(true);
        self.follower.abort();
        self.errands.shutdown().await;
        self.pulse.shutdown().await;
        self.inbox.close();
        if tokio::time::timeout(GRACE, &mut self.server).await.is_err() {
            self.server.abort();
        }
        self.executor.close().await;
        self.store.close().await;
    }

    async fn follow(&mut self, update: Result<Update, FollowError>) -> anyhow::Result<()> {
        match update {
            Ok(Update::Committed(block)) => {
                self.metrics.committed(block.events.len());
                self.learn(Input::Committed(block)).await
            }
            Ok(Update::Reverted(block)) => {
                tracing::warn!(block = block.number, "taken back by a reorg");
                self.metrics.reverted();
                self.learn(Input::Reverted(block)).await
            }
            Ok(Update::Tip(head)) => self.turn(head).await,
            Err(error @ FollowError::ReorgTooDeep { .. }) => {
                tracing::error!(%error, "starting over");
                self.start_over().await
            }
            Err(error) => Err(error).context("following the chain"),
        }
    }

    /// One turn at the end of the chain: hear what became of what was sent, decide, send.
    async fn turn(&mut self, head: Head) -> anyhow::Result<()> {
        let began = Instant::now();
        self.learn(Input::Tip(head)).await?;
        if self.tipped.is_none() {
            let pending = self.executor.pending().await?;
            self.learn(Input::Underway(pending.into_iter().map(|pending| pending.key).collect())).await?;
        }
        for (key, outcome) in self.executor.advance(head).await? {
            self.learn(Input::Outcome(key, outcome)).await?;
        }
        self.tipped = Some(Instant::now());
        self.refresh();
        self.batch_at = None;
        let actions = decide::decide(&self.state, &self.config.goals);
        self.execute(actions).await?;
        self.metrics.turn(began.elapsed());
        Ok(())
    }

    /// Sends verified proofs without waiting for the next tip.
    async fn settle(&mut self) -> anyhow::Result<()> {
        self.batch_at = None;
        let actions = decide::settle(&self.state, &self.config.goals);
        self.execute(actions).await
    }

    async fn heed(&mut self, message: Message) -> anyhow::Result<()> {
        match message {
            Message::Proof(proof) => self.learn(Input::Proof(proof)).await,
            Message::Admit(key, answer) => {
                answer.send(self.state.admits(&key)).ok();
                Ok(())
            }
            Message::Find(id, answer) => {
                // Whoever asked may have gone.
                answer.send(self.state.request_view(&id)).ok();
                Ok(())
            }
        }
    }

    /// Absorbs `input` and writes down what follows from it.
    async fn learn(&mut self, input: Input) -> anyhow::Result<()> {
        let (checked, named) = (matches!(input, Input::Checked(..)), matches!(input, Input::Named(..)));
        self.state.absorb(input).map_err(|violation: Violation| {
            anyhow!("the market did what its model cannot, so nothing can be decided: {violation}")
        })?;
        let mut fates = Vec::new();
        for note in self.state.notes() {
            match note {
                Note::Fate(proof, fate) => {
                    self.count(&proof, &fate);
                    fates.push((proof.key, fate));
                }
                Note::Unbatched(proofs) => self.store.assign(None, &proofs).await?,
                Note::Result(action, outcome) => {
                    let word = outcome.split([' ', ':']).next().unwrap_or_default().to_owned();
                    self.metrics.action(action.deed.kind(), &word);
                    tracing::info!(key = action.key, outcome, "ended");
                    self.store.result(&action.key, &outcome).await?;
                }
                Note::Verdict(key, verdict) => {
                    let lane = verdict::words(&key, &verdict);
                    tracing::info!(block = verdict.block, "{lane}");
                    self.store.think(&key, &verdict).await?;
                }
            }
        }
        self.store.conclude(&fates).await?;
        if checked && self.state.at_tip() {
            self.gather().await?;
        }
        if named {
            self.refresh();
        }
        Ok(())
    }

    /// A proof was verified: it goes as soon as a batch is full, or after a while.
    async fn gather(&mut self) -> anyhow::Result<()> {
        match self.state.verified().count() {
            0 => {}
            full if full >= self.config.goals.batch_size => Box::pin(self.settle()).await?,
            _ => {
                let wait = self.config.goals.batch_wait;
                self.batch_at.get_or_insert_with(|| Instant::now() + wait);
            }
        }
        Ok(())
    }

    fn count(&self, proof: &proof::Proof, fate: &proof::Fate) {
        // What is told while catching up happened, and was counted, before.
        if self.tipped.is_none() {
            return;
        }
        self.metrics.proof(fate.status.name());
        match (fate.status, fate.block) {
            (Status::Settled, Some(block)) => {
                let blocks = block.saturating_sub(proof.received);
                self.metrics.settled_after(blocks);
                tracing::info!(request = text::bytes(&proof.key.request), block, blocks, "proof settled");
            }
            (status, _) => {
                let (request, reason) = (text::bytes(&proof.key.request), fate.reason.as_deref());
                tracing::info!(request, status = status.name(), reason, "proof");
            }
        }
    }

    fn send_errands(&mut self) {
        let room = ERRANDS.saturating_sub(self.errands.len());
        if room == 0 {
            return;
        }
        let (head, from) = (self.state.head(), self.executor.address());
        for errand in self.state.errands(room) {
            let node = self.node.clone();
            let request = |id| self.state.market().request(id).map(|case| case.request.as_ref().clone());
            match errand {
                Errand::Name(mechanism) => drop(self.errands.spawn(errand::name(node, mechanism))),
                Errand::Peek(question) if let Some(instance) = instance_of(&question.subject) => {
                    self.errands.spawn(errand::peek_instance(node, from, instance, question, head.time));
                }
                Errand::Peek(question) => {
                    let Some(request) = request(&question.subject) else { continue };
                    self.errands.spawn(errand::peek(node, request, question, head.time));
                }
                Errand::Check(key) => {
                    let Some(settlement) = self.settlement(&[key]) else { continue };
                    self.errands.spawn(errand::check(node, from, settlement, key));
                }
            }
        }
    }

    /// How the node and the signer are.
    fn feel(&mut self, pulse: Result<bourse_sim::Wei, String>) {
        match pulse {
            Ok(balance) => {
                self.silence.0 = 0;
                self.metrics.balance(balance);
            }
            Err(error) => self.silence = (self.silence.0 + 1, error),
        }
    }

    /// Publishes a snapshot.
    fn refresh(&mut self) {
        let head = self.state.head();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let lag = i64::try_from(now.as_secs()).unwrap_or(i64::MAX) - i64::try_from(head.time).unwrap_or(i64::MAX);
        let fresh = self.tipped.is_some_and(|tipped| self.state.at_tip() || tipped.elapsed() < STALE);
        let trouble = (self.silence.0 > 1).then(|| format!("the node does not answer: {}", self.silence.1));
        let view = self.state.view(View {
            at_tip: fresh,
            lag,
            chain_id: self.node.chain_id(),
            market: self.config.market,
            signer: self.executor.address(),
            trouble,
            ..View::default()
        });
        self.metrics.set("keeper_head", head.number as f64);
        self.metrics.set("keeper_lag_seconds", lag as f64);
        self.metrics.set("keeper_pending", view.pending.len() as f64);
        self.metrics.set("keeper_proofs_waiting", view.waiting as f64);
        self.metrics.set("keeper_requests_live", self.state.market().live().count() as f64);
        self.view.send_replace(Arc::new(view));
        if self.pulse.is_empty() {
            let (node, signer) = (self.node.clone(), self.executor.address());
            self.pulse.spawn(async move {
                tokio::time::sleep(STALE).await;
                node.wallet(bourse_sim::ZERO, signer).await.map_err(|error| error.to_string())
            });
        }
    }
}
