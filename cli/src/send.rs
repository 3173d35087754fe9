//! Transactions of a command: sent once, waited for until they have landed.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alloy::hex;
use anyhow::{Context, Result, anyhow, bail};
use bourse_chain::{ExecuteConfig, Executor, Fault, Intent, Key, Node, Outcome, Submitted};
use bourse_sim::Id;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::disk;

/// Where a transaction landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Landed {
    /// The transaction.
    pub transaction: Id,
    /// Its block.
    pub block: u64,
}

/// How long is waited for a transaction before its fate is called unknown.
const PATIENCE: Duration = Duration::from_secs(180);
/// Between two looks at the chain.
const POLL: Duration = Duration::from_millis(150);

/// Blocks for which a command remembers what it sent, in case they are taken back.
const FINALITY: u64 = 8;

/// What one command sends, remembered as long as it runs. What a command does is safe to repeat after a look at the chain,
/// so nothing has to outlive it.
#[derive(Clone, Debug)]
pub struct Outbox {
    /// A journal per account.
    journals: Arc<TempDir>,
}

/// As [`Outbox::land`], of a command that sends once.
///
/// # Errors
/// See there.
pub async fn land(node: &Node, key: &Key, folder: &Path, intents: Vec<Intent>) -> Result<Vec<Landed>> {
    Outbox::new()?.land(node, key, folder, intents).await
}

impl Outbox {
    /// Nothing sent yet.
    ///
    /// # Errors
    /// If there is no room for a journal.
    pub fn new() -> Result<Self> {
        let journals = tempfile::tempdir().context("a folder for the journal")?;
        Ok(Self { journals: Arc::new(journals) })
    }

    /// Sends all `intents` from one account and waits until all have landed. What one of them needs of another has to be
    /// sent by an earlier call.
    ///
    /// # Errors
    /// What a contract or the node said no with, in words; or that the fate of one is unknown after three minutes.
    pub async fn land(&self, node: &Node, key: &Key, folder: &Path, intents: Vec<Intent>) -> Result<Vec<Landed>> {
        let _lock = lock(folder, key).await?;
        // What is sent twice on purpose is meant twice.
        let call: u64 = rand::random();
        let named = |intent: Intent| Intent { key: format!("{call:016x}/{}", intent.key), ..intent };
        let intents: Vec<Intent> = intents.into_iter().map(named).collect();
        let mut executor = self.open(node, key).await?;
        let landed = Sending::new(node).run(&mut executor, &intents).await;
        executor.close().await;
        landed
    }

    /// Sends again, as it was, what a reorganisation took back of what was sent from this account, and waits until it has
    /// landed.
    ///
    /// # Errors
    /// As [`Outbox::land`].
    pub async fn restore(&self, node: &Node, key: &Key, folder: &Path) -> Result<()> {
        let _lock = lock(folder, key).await?;
        let mut executor = self.open(node, key).await?;
        let restored = Sending::new(node).restore(&mut executor).await;
        executor.close().await;
        restored
    }

    async fn open(&self, node: &Node, key: &Key) -> Result<Executor> {
        let journal = self.journals.path().join(format!("{}.sqlite", hex::encode(key.address())));
        let config = ExecuteConfig { finality: FINALITY, ..ExecuteConfig::default() };
        Ok(Executor::open(node.clone(), key.clone(), &journal, config).await?)
    }
}

struct Sending<'a> {
    node: &'a Node,
    started: Instant,
    landed: BTreeMap<String, Landed>,
    /// The newest block the executor was told of.
    seen: Option<Id>,
}

impl<'a> Sending<'a> {
    fn new(node: &'a Node) -> Self {
        Self { node, started: Instant::now(), landed: BTreeMap::new(), seen: None }
    }

    async fn restore(mut self, executor: &mut Executor) -> Result<()> {
        self.advance(executor).await?;
        while !executor.pending().await?.is_empty() {
            self.wait(executor).await?;
        }
        Ok(())
    }

    async fn wait(&mut self, executor: &mut Executor) -> Result<()> {
        if PATIENCE < self.started.elapsed() {
            bail!("{}", unknown(executor).await);
        }
        sleep(POLL).await;
        self.advance(executor).await
    }

    async fn run(mut self, executor: &mut Executor, intents: &[Intent]) -> Result<Vec<Landed>> {
        self.advance(executor).await?;
        for intent in intents {
            self.submit(executor, intent).await?;
        }
        while !intents.iter().all(|intent| self.landed.contains_key(&intent.key)) {
            self.wait(executor).await?;
        }
        Ok(intents.iter().filter_map(|intent| self.landed.get(&intent.key).copied()).collect())
    }

    async fn submit(&mut self, executor: &mut Executor, intent: &Intent) -> Result<()> {
        loop {
            match executor.submit(intent.clone()).await? {
                Ok(Submitted::Landed { transaction, block }) => {
                    self.landed.insert(intent.key.clone(), Landed { transaction, block });
                    return Ok(());
                }
                Ok(Submitted::Failed { .. }) => bail!("the transaction was cancelled or had no effect: try again"),
                Ok(_) | Err(Fault::Unknown { .. }) => return Ok(()),
                Err(Fault::Retry { after, .. }) if self.started.elapsed() + after < PATIENCE => sleep(after).await,
                Err(fault) => return Err(plain(fault)),
            }
            self.advance(executor).await?;
        }
    }

    /// Tells the executor of a new block, and learns what became of what was sent.
    async fn advance(&mut self, executor: &mut Executor) -> Result<()> {
        let head = match self.node.head().await {
            Ok(head) => head,
            Err(error) if error.is_passing() && self.started.elapsed() < PATIENCE => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if self.seen.replace(head.hash) == Some(head.hash) {
            return Ok(());
        }
        for (key, outcome) in executor.advance(head).await? {
            match outcome {
                Outcome::Landed { transaction, block } => drop(self.landed.insert(key, Landed { transaction, block })),
                Outcome::Failed(fault) => return Err(plain(fault)),
                Outcome::Unknown => {}
            }
        }
        Ok(())
    }
}

/// The reason alone: a person decides whether to try again.
fn plain(fault: Fault) -> anyhow::Error {
    match fault {
        Fault::Retry { why, .. } | Fault::Drop { why, .. } | Fault::Halt { why } => anyhow!(why),
        Fault::Unknown { .. } => anyhow!(fault),
    }
}

async fn unknown(executor: &Executor) -> String {
    let waited = format!("not in a block after {} s", PATIENCE.as_secs());
    let trouble = executor.pending().await.into_iter().flatten().find_map(|pending| pending.trouble);
    let said = trouble.map(|trouble| format!(", and the node says: {trouble}")).unwrap_or_default();
    format!("{waited}{said}; it may still land, so look with `bourse status` or `bourse account` before trying again")
}

/// Two programs that send from one account would take each other's nonces.
async fn lock(folder: &Path, key: &Key) -> Result<File> {
    let path = folder.join("locks").join(hex::encode(key.address()));
    let shown = path.display().to_string();
    tokio::task::spawn_blocking(move || disk::lock(&path)).await?.with_context(|| format!("locking {shown}"))
}
