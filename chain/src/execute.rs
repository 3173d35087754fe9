//! Sends transactions so that each intent is done once: what is meant is written down before it is signed, what is
//! signed before it is sent, and only the chain says what happened.
//!
//! - One nonce has one meaning for ever: all transactions ever signed under it do the same thing, or nothing (a transfer of
//!   nothing to oneself, to cancel it).
//! - An answer that is lost or unclear changes nothing: the same bytes are sent again until the chain knows the nonce.
//! - An intent whose nonce was taken by a transaction from elsewhere is sent again under another nonce, once the
//!   thief is final.
//! - Two executors must not share an account. The journal is locked against a second process.

use std::path::Path;
use std::time::Duration;

use bourse_sim::{Account, Wei};

use crate::entry::{Entry, Owner, Stage};
use crate::fetch;
use crate::follow::Head;
use crate::intent::{Fault, Intent, Outcome, Pending, Submitted};
use crate::journal::{Journal, JournalError};
use crate::key::Key;
use crate::node::{Node, NodeError};
use crate::send::Sender;

/// How to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecuteConfig {
    /// Blocks, the one it is in included, after which an intent is said to have landed.
    pub confirmations: u64,
    /// Blocks after which it is no longer watched for being taken back, and a nonce taken from elsewhere is given up.
    pub finality: u64,
    /// Blocks without inclusion after which fees are raised.
    pub patience: u64,
    /// Most that is bid per unit of gas, in wei.
    pub max_fee: Wei,
    /// Least that is bid per unit of gas as a tip to the block's proposer, in wei.
    pub min_tip: Wei,
    /// Added to estimates of gas, in percent.
    pub gas_margin: u64,
    /// Most transactions under way at once; further intents wait.
    pub in_flight: usize,
}

/// The journal failed, or does not belong to this account, or the node was silent at the start. What is under way is in
/// the journal; nothing more is sent.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The node did not answer at the start.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The key could not sign.
    #[error("signing failed: {0}")]
    Signing(String),
}

/// Sends intents from one account, and keeps at it until the chain has an answer.
#[derive(Debug)]
pub struct Executor {
    sender: Sender,
    journal: Journal,
    config: ExecuteConfig,
    head: Head,
    /// The head of the last `advance` that got through; included transactions are looked at again if it is gone.
    anchor: Option<Head>,
    told_unknown: Vec<String>,
}

impl Default for ExecuteConfig {
    fn default() -> Self {
        Self {
            confirmations: 1,
            finality: 64,
            patience: 3,
            max_fee: 500_000_000_000,
            min_tip: 1_000_000,
            gas_margin: 25,
            in_flight: 16,
        }
    }
}

impl Executor {
    /// Opens the journal, or starts one, for the account of `key` on the chain of `node`. What it holds is taken up again
    /// at the next [`Executor::advance`].
    ///
    /// # Errors
    /// [`ExecuteError`].
    pub async fn open(node: Node, key: Key, journal: &Path, config: ExecuteConfig) -> Result<Self, ExecuteError> {
        let genesis = fetch::header(&node, 0).await?.hash;
        let owner = Owner { account: key.address(), chain: node.chain_id(), genesis };
        let journal = Journal::open(journal, owner).await?;
        let head = node.head().await?;
        let sender = Sender::new(node, key, config);
        Ok(Self { sender, journal, config, head, anchor: None, told_unknown: Vec::new() })
    }

    /// The account that sends.
    pub fn address(&self) -> Account {
        self.sender.account()
    }

    /// Does what is meant, once per key. Refused with a [`Fault`], and not remembered, if a simulation at the latest
    /// block says that it would fail. Dropping the call is safe: what was written is taken up by
    /// [`Executor::advance`].
    ///
    /// # Errors
    /// [`ExecuteError::Journal`].
    pub async fn submit(&mut self, intent: Intent) -> Result<Result<Submitted, Fault>, ExecuteError> {
        if let Some(entry) = self.journal.find(&intent.key).await? {
            return Ok(Ok(known(&entry)));
        }
        if intent.deadline.is_some_and(|deadline| deadline < self.head.time) {
            return Ok(Err(expired(&intent, self.head)));
        }
        if self.journal.in_flight().await? >= self.config.in_flight {
            self.journal.plan(&intent).await?;
            return Ok(Ok(Submitted::Pending));
        }
        let terms = match self.sender.prepare(&intent, self.head).await {
            Ok(terms) => terms,
            Err(fault) => return Ok(Err(fault)),
        };
        self.journal.plan(&intent).await?;
        let transaction = self.sender.send(&self.journal, &intent, &terms, self.head).await?;
        Ok(Ok(Submitted::Sent { transaction }))
    }

    /// Brings everything under way forward, as of `head`: the head that was followed. To be called at each tip. Failures of
    /// the node only delay what they concern.
    ///
    /// # Errors
    /// [`ExecuteError::Journal`].
    pub async fn advance(&mut self, head: Head) -> Result<Vec<(String, Outcome)>, ExecuteError> {
        self.head = head;
        let mut outcomes = Vec::new();
        let mut clear = true;
        let reorged = match self.reorged().await {
            Ok(reorged) => reorged,
            Err(error) => {
                tracing::warn!(%error, "asking whether the chain was reorganised");
                return Ok(outcomes);
            }
        };
        for entry in self.journal.unfinished().await? {
            let key = entry.intent.key.clone();
            match self.step(entry, reorged).await {
                Ok(Some(outcome)) => outcomes.push((key, outcome)),
                Ok(None) => {}
                Err(ExecuteError::Node(error)) => {
                    clear = false;
                    tracing::warn!(key, %error, "advancing");
                }
                Err(error) => return Err(error),
            }
        }
        if clear {
            self.anchor = Some(head);
        }
        self.journal.finish(head.number.saturating_sub(self.config.finality)).await?;
        Ok(outcomes)
    }

    /// Everything that has no outcome yet.
    ///
    /// # Errors
    /// [`ExecuteError::Journal`].
    pub async fn pending(&self) -> Result<Vec<Pending>, ExecuteError> {
        let mut pending = Vec::new();
        for entry in self.journal.unfinished().await? {
            if entry.told {
                continue;
            }
            let attempts = match entry.nonce {
                Some(nonce) => self.journal.attempts(nonce).await?,
                None => Vec::new(),
            };
            pending.push(Pending {
                key: entry.intent.key,
                nonce: entry.nonce,
                attempts: u32::try_from(attempts.len()).unwrap_or(u32::MAX),
                since: entry.since,
                cancelling: attempts.iter().any(|attempt| attempt.cancel),
                trouble: entry.trouble,
            });
        }
        Ok(pending)
    }

    /// Submits `intent` and advances by itself until there is an outcome, for at most `patience`: for programs that do one
    /// thing and do not follow the chain.
    ///
    /// # Errors
    /// [`ExecuteError::Journal`]. Everything else is an [`Outcome`].
    pub async fn complete(&mut self, intent: Intent, patience: Duration) -> Result<Outcome, ExecuteError> {
        let key = intent.key.clone();
        match self.submit(intent).await? {
            Err(fault) => return Ok(Outcome::Failed(fault)),
            Ok(Submitted::Landed { transaction, block }) => return Ok(Outcome::Landed { transaction, block }),
            Ok(Submitted::Failed { .. }) => {
                let why = format!("'{key}' was tried before and had no effect: use a new key");
                return Ok(Outcome::Failed(Fault::Drop { why, revert: None }));
            }
            Ok(Submitted::Sent { .. } | Submitted::Pending) => {}
        }
        let give_up = tokio::time::Instant::now() + patience;
        while tokio::time::Instant::now() < give_up {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let Ok(head) = self.sender.node().head().await else { continue };
            let mine = self.advance(head).await?.into_iter().find(|(of, _)| *of == key);
            match mine {
                None | Some((_, Outcome::Unknown)) => {}
                Some((_, outcome)) => return Ok(outcome),
            }
        }
        Ok(Outcome::Unknown)
    }

    /// Lets go of the journal.
    pub async fn close(self) {
        self.journal.close().await;
    }

    /// Included transactions have to be looked at again.
    async fn reorged(&self) -> Result<bool, NodeError> {
        let Some(anchor) = self.anchor else { return Ok(true) };
        let found = fetch::find(self.sender.node(), anchor.number).await?;
        Ok(found.is_none_or(|header| header.hash != anchor.hash))
    }

    /// One step of one intent.
    async fn step(&mut self, mut entry: Entry, reorged: bool) -> Result<Option<Outcome>, ExecuteError> {
        if entry.stage == Stage::Included && reorged {
            entry = self.recheck(entry).await?;
        }
        match entry.stage {
            Stage::Planned => self.start(entry).await,
            Stage::Sent => self.pursue(entry).await,
            Stage::Included => self.conclude(entry).await,
            Stage::Final => Ok(None),
        }
    }

    /// An included transaction after a reorg: still there, elsewhere, or gone.
    async fn recheck(&self, entry: Entry) -> Result<Entry, ExecuteError> {
        let (Some(nonce), Some(place)) = (entry.nonce, entry.place) else { return Ok(entry) };
        let key = &entry.intent.key;
        match self.sender.locate(&self.journal.attempts(nonce).await?).await? {
            Some(found) if found == place => return Ok(entry),
            Some(found) => self.journal.include(key, found).await?,
            None => {
                tracing::warn!(key, block = place.block, "taken back by a reorg");
                self.journal.exclude(key).await?;
            }
        }
        Ok(self.journal.find(key).await?.unwrap_or(entry))
    }

    /// An intent without a nonce: after a crash, a full queue, or a stolen nonce.
    async fn start(&mut self, entry: Entry) -> Result<Option<Outcome>, ExecuteError> {
        let intent = &entry.intent;
        if intent.deadline.is_some_and(|deadline| deadline < self.head.time) {
            self.journal.forget(&intent.key).await?;
            return Ok(Some(Outcome::Failed(expired(intent, self.head))));
        }
        if self.journal.in_flight().await? >= self.config.in_flight {
            return Ok(None);
        }
        match self.sender.prepare(intent, self.head).await {
            Ok(terms) => {
                self.sender.send(&self.journal, intent, &terms, self.head).await?;
                Ok(None)
            }
            Err(fault @ Fault::Drop { .. }) => {
                self.journal.forget(&intent.key).await?;
                Ok(Some(Outcome::Failed(fault)))
            }
            Err(fault) => {
                self.journal.trouble(&intent.key, Some(&fault.to_string())).await?;
                Ok(None)
            }
        }
    }

    /// An intent that waits for a block.
    async fn pursue(&mut self, entry: Entry) -> Result<Option<Outcome>, ExecuteError> {
        let Some(nonce) = entry.nonce else { return Ok(None) };
        let key = &entry.intent.key;
        let attempts = self.journal.attempts(nonce).await?;
        if self.sender.nonce_at(None).await? > nonce {
            let Some(place) = self.sender.locate(&attempts).await? else {
                return self.give_nonce_up(key, nonce).await;
            };
            if place.block > self.head.number {
                return Ok(None);
            }
            self.journal.include(key, place).await?;
            return match self.journal.find(key).await? {
                Some(entry) => self.conclude(entry).await,
                None => Ok(None),
            };
        }
        let late = entry.intent.deadline.is_some_and(|deadline| deadline < self.head.time);
        self.sender.insist(&self.journal, &entry.intent, &attempts, late, self.head).await?;
        if late && !self.told_unknown.contains(key) {
            self.told_unknown.push(key.clone());
            return Ok(Some(Outcome::Unknown));
        }
        Ok(None)
    }

    /// The nonce is used, and not by us: once that is final, the intent takes another.
    async fn give_nonce_up(&self, key: &str, nonce: u64) -> Result<Option<Outcome>, ExecuteError> {
        let Some(depth) = self.head.number.checked_sub(self.config.finality) else { return Ok(None) };
        if self.sender.nonce_at(Some(depth)).await? > nonce {
            tracing::error!(key, nonce, "the nonce was used by a transaction from elsewhere: is the key shared?");
            self.journal.unbind(key).await?;
        }
        Ok(None)
    }

    /// An included intent, told of when it is deep enough.
    async fn conclude(&mut self, entry: Entry) -> Result<Option<Outcome>, ExecuteError> {
        let Some(place) = entry.place else { return Ok(None) };
        let depth = (self.head.number + 1).saturating_sub(place.block);
        if entry.told || depth < self.config.confirmations.max(1) {
            return Ok(None);
        }
        let outcome = self.sender.judge(&entry.intent, place, self.head).await?;
        self.told_unknown.retain(|key| *key != entry.intent.key);
        self.journal.tell(&entry.intent.key).await?;
        Ok(Some(outcome))
    }
}

fn known(entry: &Entry) -> Submitted {
    use crate::entry::Deed;
    match entry.place {
        None => Submitted::Pending,
        Some(place) if place.deed == Deed::Landed => Submitted::Landed { transaction: place.hash, block: place.block },
        Some(place) => Submitted::Failed { transaction: place.hash, block: place.block },
    }
}

fn expired(intent: &Intent, head: Head) -> Fault {
    let deadline = intent.deadline.unwrap_or_default();
    Fault::Drop { why: format!("it is {}, and it was of use until {deadline} (unix seconds)", head.time), revert: None }
}
