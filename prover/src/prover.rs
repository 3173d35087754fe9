//! The loop: follow, take in, decide, do. One owner of everything; what takes long runs beside it and reports back.

mod auction;
mod committee;
mod delivery;
mod enlist;
mod proving;
mod quoting;
mod race;
mod report;
mod standing;
mod tickets;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use bourse_chain::{Domain, Executor, Fault, Follower, Intent, Key, Node, Outcome, Submitted};
use bourse_sim::{Account, Id, Wei};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

use crate::{
    backend::{self, Backend},
    bid::{capacity::Load, standing::Reserve},
    committee::{Peers, Speech},
    config::Config,
    deliver::{Delivery, Keeper, Word},
    jobs::{Job, Jobs, Stage},
    metrics::{Metrics, Page},
    quote::Question,
    state::State,
    store::Store,
    supply::Target,
    workshop::Workshop,
};
use committee::Table;
use proving::{Proven, Running};

/// How often the loop looks at the clock when the chain is silent.
const PULSE: Duration = Duration::from_millis(500);

/// What a prover is made of, opened and ready.
pub struct Parts {
    /// The effective settings.
    pub config: Config,
    /// The node.
    pub node: Node,
    /// Follows from the market's first block.
    pub follower: Follower,
    /// Sends for the prover's account.
    pub executor: Executor,
    /// Signs its quotes.
    pub key: Key,
    /// Who asks for them.
    pub questions: mpsc::Receiver<Question>,
    /// What members of its committees say.
    pub speeches: mpsc::Receiver<Speech>,
    /// What survives.
    pub store: Store,
    /// What proves.
    pub workshop: Workshop,
    /// What is counted in for stakes.
    pub stake_token: Account,
    /// Where snapshots for people go.
    pub pages: watch::Sender<Page>,
}

/// A prover at work.
pub struct Prover {
    config: Config,
    node: Node,
    executor: Executor,
    key: Key,
    domain: Domain,
    questions: mpsc::Receiver<Question>,
    table: Table,
    store: Store,
    workshop: Workshop,
    keeper: Option<Keeper>,
    pages: watch::Sender<Page>,
    target: Target,
    state: State,
    jobs: Jobs,
    metrics: Metrics,
    /// When the newest block was seen.
    seen: Instant,
    /// Whether each open request can be proven, as far as that is known.
    checks: BTreeMap<Id, Check>,
    checking: JoinSet<(Id, Fit)>,
    /// Bids that have been sent and not yet followed.
    underway: BTreeMap<Id, Underway>,
    /// Quotes that stand for requests that have not entered.
    quotes: BTreeMap<Id, quoting::Standing>,
    /// Deeds of which an earlier attempt had no effect, by how often that was; see [`Prover::submit`].
    attempts: BTreeMap<String, u32>,
    /// The block from which a deed may be tried again.
    rest: BTreeMap<String, u64>,
    proving: JoinSet<Proven>,
    running: BTreeMap<Id, Running>,
    /// Proofs that went wrong: how often, and when the next try may begin.
    setbacks: BTreeMap<Id, (u32, Instant)>,
    deliveries: BTreeMap<Id, Delivery>,
    delivering: JoinSet<(Id, Word)>,
    /// Deeds of supply that are under way.
    enlisting: BTreeSet<String>,
    /// Deeds about instances themselves that are under way, by their keys.
    standing: BTreeMap<String, standing::Underway>,
    /// What is kept free for what stands on instances.
    kept: Reserve,
    /// What somebody has to look at; told by `/readyz`.
    trouble: Option<String>,
}

/// Whether a request can be proven.
enum Check {
    /// Being found out.
    Running,
    /// It can.
    Fit(Arc<dyn Backend>),
    /// It cannot.
    Unfit,
    /// It could not be found out; to be tried again from this block on.
    Later(u64),
}

/// The backend that can prove a request, or why none can.
type Fit = Result<Arc<dyn Backend>, backend::Fault>;

/// A bid that has been sent and not yet followed.
#[derive(Clone, Debug)]
struct Underway {
    key: String,
    stake: Wei,
    load: Load,
}

/// What became of a deed that was to be done.
enum Deed {
    /// It is on its way, under this key.
    Sent(String),
    /// It was done before.
    Done,
    /// Not now: it would fail, or failed not long ago.
    Put(Option<Fault>),
}

impl Prover {
    /// Takes up what the store holds.
    ///
    /// # Errors
    /// If the store fails, or no HTTP client can be made.
    pub async fn resume(parts: Parts) -> anyhow::Result<(Self, Follower)> {
        let Parts { config, node, follower, executor, key, questions, speeches, store, workshop, stake_token, pages } =
            parts;
        let keeper = &config.delivery.keeper;
        let keeper = if keeper.is_empty() { None } else { Some(Keeper::new(keeper)?) };
        let table = Table::new(Peers::new(&config.committee, executor.address())?, speeches);
        let names = config.supply.mechanisms.iter();
        let names = names.flat_map(|(name, at)| at.iter().map(|at| (at.into_array(), name.clone()))).collect();
        let jobs = Jobs::resume(store.jobs().await?);
        let pending: Vec<_> = executor.pending().await?.into_iter().map(|pending| pending.key).collect();
        let enlisting = pending.iter().filter(|key| key.starts_with(enlist::PREFIX)).cloned().collect();
        let standing = pending.iter().filter_map(|key| standing::Underway::resumed(key)).collect();
        let prover = Self {
            target: Target::new(&config, workshop.verifiers()),
            state: State::new(executor.address(), stake_token, names),
            config,
            domain: Domain::of(&node),
            node,
            executor,
            key,
            questions,
            table,
            store,
            workshop,
            keeper,
            pages,
            jobs,
            metrics: Metrics::default(),
            seen: Instant::now(),
            checks: BTreeMap::new(),
            checking: JoinSet::new(),
            underway: BTreeMap::new(),
            quotes: BTreeMap::new(),
            attempts: BTreeMap::new(),
            rest: BTreeMap::new(),
            proving: JoinSet::new(),
            running: BTreeMap::new(),
            setbacks: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            delivering: JoinSet::new(),
            enlisting,
            standing,
            kept: Reserve::default(),
            trouble: None,
        };
        Ok((prover, follower))
    }

    /// Works until `shutdown` ends. Nothing is lost by stopping at any moment.
    ///
    /// # Errors
    /// What this program cannot go on under: a store that fails, a chain that contradicts the model.
    pub async fn work(&mut self, mut follower: Follower, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
        let mut shutdown = std::pin::pin!(shutdown);
        let mut pulse = tokio::time::interval(PULSE);
        pulse.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => return Ok(()),
                Some(done) = self.proving.join_next() => {
                    self.proven(done).await?;
                }
                Some(heard) = self.delivering.join_next() => {
                    if let Ok((id, word)) = heard { self.heard(id, word).await?; }
                }
                Some(checked) = self.checking.join_next() => {
                    if let Ok((id, fit)) = checked { self.checked(id, fit); }
                }
                Some(question) = self.questions.recv() => {
                    self.answer(question).await?;
                }
                event = self.table.next() => {
                    self.at_table(event).await?;
                }
                update = follower.next() => {
                    let update = update.context("following the chain")?;
                    self.state.absorb(&update).context("the chain contradicts this program's model of the market")?;
                    if self.state.tip().is_some() { self.arrive().await?; }
                }
                _ = pulse.tick() => {}
            }
            if self.state.tip().is_some() {
                self.act().await?;
            }
        }
    }

    /// At a new head: what was sent, and what the chain says of it.
    async fn arrive(&mut self) -> anyhow::Result<()> {
        let Some(head) = self.state.tip() else { return Ok(()) };
        self.seen = Instant::now();
        self.trouble = None;
        for (key, outcome) in self.executor.advance(head).await? {
            self.conclude(&key, outcome);
        }
        self.reconcile().await
    }

    /// Takes the jobs along to where the chain says they are.
    async fn reconcile(&mut self) -> anyhow::Result<()> {
        let Some(head) = self.state.tip() else { return Ok(()) };
        for job in self.jobs.reconcile(|id| self.state.standing(id), self.state.awards()) {
            self.ended(&job);
            if job.stage == Stage::Awarded {
                self.underway.remove(&job.id);
            }
            self.put(job, head.number).await?;
        }
        for job in self.jobs.forget(head.number) {
            self.store.put(&Job { proof: None, ..job }).await?;
        }
        self.void_quotes(head).await?;
        let market = self.state.market();
        let live = |id: &Id| market.request(id).is_some_and(|case| case.is_live());
        self.checks.retain(|id, _| live(id));
        self.underway.retain(|id, _| live(id));
        self.rest.retain(|_, block| head.number < *block);
        Ok(())
    }

    /// Everything that there is to do at this moment.
    async fn act(&mut self) -> anyhow::Result<()> {
        self.convene().await?;
        self.prove().await?;
        self.deliver().await?;
        self.bring().await?;
        self.tend_tickets().await?;
        self.enlist().await?;
        self.stand().await?;
        self.bid().await?;
        self.report().await
    }

    /// Stores a job and takes it over.
    async fn put(&mut self, job: Job, block: u64) -> anyhow::Result<()> {
        let was = self.jobs.get(&job.id).map(|job| job.stage);
        if was != Some(job.stage) {
            let (id, stage) = (alloy::primitives::B256::from(job.id), job.stage);
            tracing::info!(%id, %stage, price = job.price, due = job.due, note = job.note, "job");
        }
        self.store.put(&job).await?;
        self.jobs.put(job, block);
        Ok(())
    }

    /// Does `intent`, whose key names the deed, once: the number of attempts that had no effect is added to the key. A deed
    /// that is refused rests for some blocks.
    async fn submit(&mut self, mut intent: Intent, rest: u64) -> anyhow::Result<Deed> {
        let name = std::mem::take(&mut intent.key);
        let block = self.state.head().map_or(0, |head| head.number);
        if self.rest.get(&name).is_some_and(|until| block < *until) {
            return Ok(Deed::Put(None));
        }
        loop {
            let attempt = self.attempts.get(&name).copied().unwrap_or_default();
            let key = format!("{name}/{attempt}");
            match self.executor.submit(Intent { key: key.clone(), ..intent.clone() }).await? {
                Ok(Submitted::Failed { .. }) => drop(self.attempts.insert(name.clone(), attempt + 1)),
                Ok(Submitted::Landed { .. }) => return Ok(Deed::Done),
                Ok(Submitted::Sent { .. } | Submitted::Pending) => return Ok(Deed::Sent(key)),
                Err(fault) => {
                    if let Fault::Halt { why } = &fault {
                        tracing::error!(key, why, "somebody's attention is needed");
                        self.trouble = Some(why.clone());
                    } else {
                        tracing::debug!(key, %fault, "not now");
                    }
                    self.rest.insert(name, block + rest);
                    return Ok(Deed::Put(Some(fault)));
                }
            }
        }
    }

    /// What became of something that was sent. What it did is believed when its event is followed.
    fn conclude(&mut self, key: &str, outcome: Outcome) {
        match &outcome {
            Outcome::Landed { block, .. } => tracing::debug!(key, block, "landed"),
            Outcome::Failed(fault) => tracing::warn!(key, %fault, "had no effect"),
            Outcome::Unknown => {
                tracing::warn!(key, "not in a block in time; cancelling");
                return;
            }
        }
        self.enlisting.remove(key);
        self.dealt(key, matches!(outcome, Outcome::Failed(_)));
        self.underway.retain(|_, underway| underway.key != key);
    }

    /// Seconds since the newest block was seen.
    fn waited(&self) -> u64 {
        self.seen.elapsed().as_secs()
    }

    /// Lets go of everything. Proofs that are being made are given up; their jobs are taken up at the next start.
    pub async fn close(mut self) {
        self.proving.abort_all();
        self.delivering.abort_all();
        self.checking.abort_all();
        self.table.close();
        self.executor.close().await;
        self.store.close().await;
    }
}
