//! Blocks and logs from the node, checked: a segment is a chain by parent hashes, and no log of it is missing as far
//! as the headers' blooms can tell.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use alloy::primitives::{B256, Bloom, BloomInput, U64};
use alloy::providers::Provider;
use alloy::rpc::client::BatchRequest;
use alloy::rpc::types::{Filter, Log};
use bourse_sim::Id;
use bourse_sim::event::Event;
use serde::Deserialize;

use crate::decode;
use crate::follow::{Block, FollowError, Head, Stop};
use crate::node::{Node, NodeError};

/// Blocks that follow each other, oldest first.
pub(crate) type Segment = Vec<Block>;

/// What is needed of a header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) number: u64,
    pub(crate) hash: Id,
    pub(crate) parent: Id,
    pub(crate) time: u64,
    pub(crate) base_fee: u64,
    bloom: Bloom,
}

/// The same, as the node writes it. Other fields differ between chains and are left alone.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    number: U64,
    hash: B256,
    parent_hash: B256,
    timestamp: U64,
    base_fee_per_gas: Option<U64>,
    logs_bloom: Bloom,
}

/// The newest header.
pub(crate) async fn latest(node: &Node) -> Result<Header, NodeError> {
    ask(node, "latest".to_owned()).await?.ok_or_else(|| NodeError::Unreachable("it has no latest block".to_owned()))
}

/// The header of block `number`.
pub(crate) async fn header(node: &Node, number: u64) -> Result<Header, NodeError> {
    find(node, number).await?.ok_or_else(|| missing(number))
}

/// The header of block `number`, if the node has it.
pub(crate) async fn find(node: &Node, number: u64) -> Result<Option<Header>, NodeError> {
    ask(node, format!("{number:#x}")).await
}

/// The one block of `header`, with its logs asked for by hash.
pub(crate) async fn block(node: &Node, header: Header) -> Result<Segment, Stop> {
    let logs = logs_of(node, header).await?;
    Ok(vec![assemble(node, header, logs)?])
}

/// The blocks `from` to `to`, both included.
pub(crate) async fn segment(node: &Node, from: u64, to: u64) -> Result<Segment, Stop> {
    if from == to {
        return block(node, header(node, from).await?).await;
    }
    let headers = headers(node, from, to).await?;
    let filter = Filter::new().address(node.market_address()).from_block(from).to_block(to);
    let mut by_block: BTreeMap<u64, Vec<Log>> = BTreeMap::new();
    for log in node.provider().get_logs(&filter).await? {
        let number = log.block_number.ok_or_else(|| unreachable("a log has no block"))?;
        by_block.entry(number).or_default().push(log);
    }
    let mut segment = Vec::with_capacity(headers.len());
    for header in headers {
        let mut logs = by_block.remove(&header.number).unwrap_or_default();
        // A bloom has no false negatives: where it names the market, an answer without logs is asked for again.
        if logs.is_empty() && header.names(node) {
            logs = logs_of(node, header).await?;
        }
        segment.push(assemble(node, header, logs)?);
    }
    match by_block.pop_first() {
        Some((number, _)) => Err(Stop::Node(unreachable(&format!("a log of block {number}, which was not asked for")))),
        None => Ok(segment),
    }
}

/// For people and for RPC.
pub(crate) fn hex(id: &Id) -> String {
    B256::from(*id).to_string()
}

/// Something between 0 and 1, different each time, to keep many clients from asking in step.
pub(crate) fn jitter() -> f64 {
    (RandomState::new().hash_one(0u8) >> 11) as f64 / (1u64 << 53) as f64
}

impl Header {
    /// Its place on the chain.
    pub(crate) fn head(&self) -> Head {
        Head { number: self.number, hash: self.hash, time: self.time, base_fee: self.base_fee }
    }

    /// The block with its events.
    pub(crate) fn with(self, events: Vec<Event>, transactions: Vec<Id>) -> Block {
        let Self { number, hash, parent, time, base_fee, .. } = self;
        Block { number, hash, parent, time, base_fee, events, transactions }
    }

    /// The market may have emitted something in it.
    fn names(&self, node: &Node) -> bool {
        self.bloom.contains_input(BloomInput::Raw(node.market_address().as_slice()))
    }
}

impl From<Wire> for Header {
    fn from(wire: Wire) -> Self {
        Self {
            number: wire.number.to(),
            hash: wire.hash.0,
            parent: wire.parent_hash.0,
            time: wire.timestamp.to(),
            base_fee: wire.base_fee_per_gas.unwrap_or_default().to(),
            bloom: wire.logs_bloom,
        }
    }
}

async fn ask(node: &Node, block: String) -> Result<Option<Header>, NodeError> {
    let wire: Option<Wire> = node.provider().client().request("eth_getBlockByNumber", (block, false)).await?;
    Ok(wire.map(Header::from))
}

/// Headers that are a chain by their parent hashes, in one request.
async fn headers(node: &Node, from: u64, to: u64) -> Result<Vec<Header>, NodeError> {
    let client = node.provider().client();
    let mut batch = BatchRequest::new(client);
    let mut answers = Vec::new();
    for number in from..=to {
        let params = (format!("{number:#x}"), false);
        answers.push((number, batch.add_call::<_, Option<Wire>>("eth_getBlockByNumber", &params)?));
    }
    batch.send().await?;
    let mut headers: Vec<Header> = Vec::with_capacity(answers.len());
    for (number, answer) in answers {
        let header = Header::from(answer.await?.ok_or_else(|| missing(number))?);
        if headers.last().is_some_and(|last| last.hash != header.parent) || header.number != number {
            return Err(unreachable(&format!("block {number} changed while it was read")));
        }
        headers.push(header);
    }
    Ok(headers)
}

async fn logs_of(node: &Node, header: Header) -> Result<Vec<Log>, NodeError> {
    let filter = Filter::new().address(node.market_address()).at_block_hash(B256::from(header.hash));
    Ok(node.provider().get_logs(&filter).await?)
}

/// The block of `header` with the events that `logs` are.
fn assemble(node: &Node, header: Header, mut logs: Vec<Log>) -> Result<Block, Stop> {
    logs.sort_by_key(|log| log.log_index);
    // Who puts an answer together from pieces may say the same twice.
    logs.dedup();
    let mut last = None;
    let mut events = Vec::with_capacity(logs.len());
    let mut transactions = Vec::with_capacity(logs.len());
    for log in logs {
        let transaction = log.transaction_hash.ok_or_else(|| unreachable("a log has no transaction"))?;
        let strange =
            log.block_hash != Some(B256::from(header.hash)) || log.removed || log.address() != node.market_address();
        if strange || log.log_index <= last {
            return Err(Stop::Node(unreachable(&format!("block {} changed while it was read", header.number))));
        }
        last = log.log_index;
        let event = decode::event(&log.inner)
            .map_err(|why| Stop::Chain(FollowError::UnknownEvent { block: header.number, why }))?;
        events.push(event);
        transactions.push(transaction.0);
    }
    Ok(header.with(events, transactions))
}

fn missing(number: u64) -> NodeError {
    unreachable(&format!("it has no block {number}"))
}

fn unreachable(why: &str) -> NodeError {
    NodeError::Unreachable(why.to_owned())
}
