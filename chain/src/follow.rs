//! The chain as a sequence of blocks that may be taken back. Polls by number and checks parent hashes, so that a gap
//! cannot happen and a reorg cannot be missed, whatever the node does.

use std::collections::VecDeque;
use std::time::Duration;

use bourse_sim::Id;
use bourse_sim::event::Event;

use crate::fetch::{self, Header, Segment};
use crate::node::{Node, NodeError};

/// Where the chain stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The block's number.
    pub number: u64,
    /// The block's hash.
    pub hash: Id,
    /// The block's time, unix seconds.
    pub time: u64,
    /// Its base fee, in wei per unit of gas; 0 where the chain has none.
    pub base_fee: u64,
}

/// A block with what the market did in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The block's number.
    pub number: u64,
    /// The block's hash.
    pub hash: Id,
    /// The hash of the block before it.
    pub parent: Id,
    /// The block's time, unix seconds.
    pub time: u64,
    /// Its base fee, in wei per unit of gas; 0 where the chain has none.
    pub base_fee: u64,
    /// The market's events, in the order of their logs.
    pub events: Vec<Event>,
    /// The transaction of each event.
    pub transactions: Vec<Id>,
}

/// What happened to the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// The next block. Its parent is the block committed before it.
    Committed(Block),
    /// The last committed block is no longer part of the chain. Several in a row go back one by one.
    Reverted(Block),
    /// Nothing newer is known. Only now is there a present to decide on.
    Tip(Head),
}

/// Where to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At this block, which comes first. Usually the one the market was deployed in.
    Block(u64),
    /// After this block, which has been dealt with already. It has to be on the chain still.
    After(Head),
}

/// How to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowConfig {
    /// Where to start.
    pub start: Start,
    /// Blocks kept to be taken back; a deeper reorg is an error. At least 64.
    pub history: usize,
    /// Most blocks asked for at once while catching up.
    pub range: u64,
    /// Time between two looks at the head.
    pub poll: Duration,
}

/// Why the chain cannot be followed further. Failures of the node are not among them: those are waited through.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FollowError {
    /// The chain dropped more blocks than are kept.
    #[error("the chain dropped block {number} and those after it, more than the {history} blocks kept: start over")]
    ReorgTooDeep {
        /// The oldest block kept.
        number: u64,
        /// How many blocks are kept.
        history: usize,
    },
    /// The block to go on from is not on the chain.
    #[error("block {number} is {have} on this chain, not {want}: another chain, or a reorg while away; start over")]
    LostStart {
        /// The block's number.
        number: u64,
        /// Its hash on the chain.
        have: String,
        /// The hash it was expected to have.
        want: String,
    },
    /// The contract at the market's address says something that these bindings do not know.
    #[error("block {block}: the contract emitted something that is no event of this market: {why}")]
    UnknownEvent {
        /// The block's number.
        block: u64,
        /// What is wrong with it.
        why: String,
    },
}

impl FollowConfig {
    /// From `start`, with a history of 128 blocks, ranges of 500 and a look every half second.
    pub fn from_start(start: Start) -> Self {
        Self { start, history: 128, range: 500, poll: Duration::from_millis(500) }
    }
}

/// Follows the chain, one update after the other.
#[derive(Debug)]
pub struct Follower {
    node: Node,
    config: FollowConfig,
    /// What a caller has been or will be told of, oldest first.
    history: VecDeque<Block>,
    /// Told next.
    queue: VecDeque<Update>,
    /// The head of the last `Tip`.
    tip: Option<Head>,
    range: u64,
    failures: u32,
}

/// The least history that is any use.
const MIN_HISTORY: usize = 64;
/// The longest wait after failures of the node.
const MAX_WAIT: Duration = Duration::from_secs(15);

impl Follower {
    /// A follower that has seen nothing yet. Speaks to the node only in [`Follower::next`].
    pub fn new(node: Node, config: FollowConfig) -> Self {
        let config = FollowConfig { history: config.history.max(MIN_HISTORY), range: config.range.max(1), ..config };
        let range = config.range;
        Self { node, config, history: VecDeque::new(), queue: VecDeque::new(), tip: None, range, failures: 0 }
    }

    /// The next update. Waits for the chain to move and through failures of the node, for ever if need be. May be
    /// dropped and called again without losing anything.
    ///
    /// # Errors
    /// See [`FollowError`]; after one, every further call ends the same.
    pub async fn next(&mut self) -> Result<Update, FollowError> {
        loop {
            if let Some(update) = self.queue.pop_front() {
                return Ok(update);
            }
            match self.poll().await {
                Ok(true) => self.failures = 0,
                Ok(false) => {
                    self.failures = 0;
                    tokio::time::sleep(self.config.poll).await;
                }
                Err(Stop::Node(error)) => {
                    self.failures = self.failures.saturating_add(1);
                    // A provider that refuses a range may grant a smaller one.
                    self.range = (self.range / 2).max(1);
                    tracing::warn!(%error, failures = self.failures, "following");
                    tokio::time::sleep(self.wait()).await;
                }
                Err(Stop::Chain(error)) => return Err(error),
            }
        }
    }

    /// The last block told of or about to be told of.
    pub fn head(&self) -> Option<Head> {
        self.history.back().map(Block::head)
    }

    /// Failures of the node since its last answer.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// One look at the node; whether it led to updates. Awaits first and changes itself last, so that it can be dropped
    /// at any await.
    async fn poll(&mut self) -> Result<bool, Stop> {
        let latest = fetch::latest(&self.node).await?;
        let Some(head) = self.history.back() else {
            return self.begin(latest).await;
        };
        if latest.number > head.number {
            return self.forward(latest).await;
        }
        // The node is at or below where we are. If it is only behind, it is waited for; a branch shows by its hash.
        let kept = self.history.iter().rev().find(|block| block.number == latest.number);
        if kept.is_some_and(|block| block.hash != latest.hash) {
            return self.back().map(|()| true);
        }
        if latest.number < head.number {
            tracing::warn!(node = latest.number, ours = head.number, "the node is behind");
            return Ok(false);
        }
        Ok(self.tell_tip(latest))
    }

    /// The first look: finds the block to start from.
    async fn begin(&mut self, latest: Header) -> Result<bool, Stop> {
        match self.config.start {
            Start::Block(number) if latest.number < number => Ok(false),
            Start::Block(number) => {
                let to = latest.number.min(number.saturating_add(self.range - 1));
                let segment = fetch::segment(&self.node, number, to).await?;
                self.extend(segment, latest);
                Ok(true)
            }
            Start::After(head) if latest.number < head.number => Ok(false),
            Start::After(head) => {
                let found = fetch::header(&self.node, head.number).await?;
                if found.hash != head.hash {
                    return Err(Stop::Chain(FollowError::LostStart {
                        number: head.number,
                        have: fetch::hex(&found.hash),
                        want: fetch::hex(&head.hash),
                    }));
                }
                self.history.push_back(found.with(Vec::new(), Vec::new()));
                Ok(true)
            }
        }
    }

    /// Goes on towards `latest`, or back if our head is not below it.
    async fn forward(&mut self, latest: Header) -> Result<bool, Stop> {
        let Some(head) = self.history.back() else { return Ok(false) };
        let (from, ours) = (head.number + 1, head.hash);
        let segment = if latest.number == from {
            if latest.parent != ours {
                return self.back().map(|()| true);
            }
            fetch::block(&self.node, latest).await?
        } else {
            let to = latest.number.min(head.number.saturating_add(self.range));
            fetch::segment(&self.node, from, to).await?
        };
        if segment.first().is_some_and(|block| block.parent != ours) {
            return self.back().map(|()| true);
        }
        self.extend(segment, latest);
        Ok(true)
    }

    fn extend(&mut self, segment: Segment, latest: Header) {
        self.range = (self.range * 2).min(self.config.range);
        for block in segment {
            self.history.push_back(block.clone());
            self.queue.push_back(Update::Committed(block));
        }
        while self.history.len() > self.config.history {
            self.history.pop_front();
        }
        if self.history.back().is_some_and(|block| block.hash == latest.hash) {
            self.tell_tip(latest);
        }
    }

    /// Takes the last block back.
    fn back(&mut self) -> Result<(), Stop> {
        let oldest = self.history.front().map_or(0, |block| block.number);
        if self.history.len() <= 1 && self.config.start != Start::Block(oldest) {
            let history = self.config.history;
            return Err(Stop::Chain(FollowError::ReorgTooDeep { number: oldest, history }));
        }
        if let Some(block) = self.history.pop_back() {
            self.tip = None;
            self.queue.push_back(Update::Reverted(block));
        }
        Ok(())
    }

    /// Says that `latest` is the present, once.
    fn tell_tip(&mut self, latest: Header) -> bool {
        let head = latest.head();
        if self.tip == Some(head) {
            return false;
        }
        self.tip = Some(head);
        self.queue.push_back(Update::Tip(head));
        true
    }

    fn wait(&self) -> Duration {
        let longest = self.config.poll.saturating_mul(1 << self.failures.min(6)).min(MAX_WAIT);
        longest.mul_f64(0.5 + 0.5 * fetch::jitter())
    }
}

impl Block {
    /// Its place on the chain.
    pub fn head(&self) -> Head {
        Head { number: self.number, hash: self.hash, time: self.time, base_fee: self.base_fee }
    }
}

/// Why a poll ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The node failed; it is asked again.
    Node(NodeError),
    /// The chain is not what it was taken for.
    Chain(FollowError),
}

impl<E: Into<NodeError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Node(error.into())
    }
}
