//! Follows one request on the chain, through reorganisations.

use std::sync::Arc;

use anyhow::{Context, Result};
use bourse_chain::{Block, Follower, Head, Start, Update};
use bourse_sim::event::{Config, Event};
use bourse_sim::market::{Market, Turn};
use bourse_sim::mechanisms::{Mechanism, by_name};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id};

use crate::journey::{Journey, about};
use crate::record::Record;
use crate::session::Session;
use crate::{amount, terms};

/// One request as the chain has it.
#[derive(Debug)]
pub struct Track {
    /// What happened to it.
    pub journey: Journey,
    /// Where the chain stands.
    pub head: Head,
    id: Id,
    follower: Follower,
    /// Blocks that say something about it.
    blocks: Vec<Block>,
    /// It was on the chain at some time.
    entered: bool,
}

impl Track {
    /// From a block before the request entered.
    pub fn new(session: &Session, id: Id, block: u64) -> Self {
        let follower = session.follow(Start::Block(block));
        Self { journey: Journey::default(), head: Head::default(), id, follower, blocks: Vec::new(), entered: false }
    }

    /// It had entered, and a reorganisation has taken that back.
    pub fn is_taken_back(&self) -> bool {
        self.entered && self.journey.entered.is_none()
    }

    /// Waits until the chain has moved and has been read to its end. May be dropped and called again.
    ///
    /// # Errors
    /// If the chain cannot be followed.
    pub async fn next(&mut self) -> Result<()> {
        loop {
            match self.follower.next().await? {
                Update::Tip(head) => {
                    self.head = head;
                    return Ok(());
                }
                Update::Committed(block) => {
                    if block.events.iter().any(|event| about(event) == Some(&self.id)) {
                        self.journey.absorb(&self.id, &block);
                        self.blocks.push(block);
                        self.entered |= self.journey.entered.is_some();
                    }
                }
                Update::Reverted(block) => {
                    self.blocks.retain(|kept| kept.number != block.number);
                    self.journey = Journey::default();
                    self.blocks.iter().for_each(|block| self.journey.absorb(&self.id, block));
                }
            }
        }
    }
}

/// The request whose id is or starts with `text`: from this folder, or from the chain if the id is whole.
///
/// # Errors
/// If there is none.
pub async fn find(session: &Session, text: &str) -> Result<Record> {
    if let Some(record) = Record::find(&session.settings.folder, text)? {
        return Ok(record);
    }
    let id = amount::word(text).context("not the id of a request made from here; of others, the whole id is needed")?;
    let found = search(session, |entered| entered.id == id).await?;
    found.with_context(|| format!("the market has no request {}", amount::hex(&id)))
}

/// The market by its events up to now, and where the chain stands.
///
/// # Errors
/// If the chain cannot be read, or is none of this market.
pub async fn market(session: &Session) -> Result<(Market, Head)> {
    let mut market = Market::new(session.node.stake_token().await?);
    let mut follower = session.history();
    loop {
        match follower.next().await? {
            Update::Committed(block) => market.commit(&block.events, block.time)?,
            Update::Reverted(_) => market.revert()?,
            Update::Tip(head) => return Ok((market, head)),
        }
    }
}

/// What a tick about `about` has to bring, by what the market's events say; nothing if the request's mechanism is none that is known here.
///
/// # Errors
/// If the chain cannot be read, or is none of this market.
pub async fn brief(session: &Session, id: &Id, about: Account) -> Result<Vec<u8>> {
    let (market, head) = self::market(session).await?;
    let config = market.request(id).and_then(|case| market.instances().get(&case.instance)?.config(case.version));
    let Some(twin) = twin(session, config).await? else { return Ok(Vec::new()) };
    Ok(market.ticking(twin, id, ticking(head, about)).map(|ask| ask.data).unwrap_or_default())
}

/// What a tick of an instance itself about `about` has to bring: the requests, and the mechanism's own; nothing as above.
///
/// # Errors
/// If the chain cannot be read, is none of this market, or there is no such instance.
pub async fn bring(session: &Session, number: u32, about: Account) -> Result<(Vec<Request>, Vec<u8>)> {
    let (market, head) = self::market(session).await?;
    let instance = market.instances().get(&number);
    let instance = instance.with_context(|| format!("there is no instance {number}: `bourse instances` lists them"))?;
    let config = instance.config(instance.version());
    let Some(twin) = twin(session, config).await? else { return Ok(Default::default()) };
    let Some((ask, ids)) = market.session(twin, number, ticking(head, about)) else { return Ok(Default::default()) };
    let requests = ids.iter().filter_map(|id| market.request(id)).map(|case| case.request.as_ref().clone());
    Ok((requests.collect(), ask.data))
}

async fn twin(session: &Session, config: Option<&Arc<Config>>) -> Result<Option<&'static dyn Mechanism>> {
    let Some(config) = config else { return Ok(None) };
    let name = session.node.mechanism_name(config.mechanism).await?;
    Ok(name.as_deref().and_then(by_name))
}

fn ticking(head: Head, about: Account) -> Turn {
    let (time, block_number, base_fee) = (head.time, head.number, head.base_fee);
    Turn { actor: about, time, block_number, base_fee, ..Turn::default() }
}

/// The request that this account would make of the same words, if it is on the chain.
///
/// # Errors
/// If the chain cannot be read.
pub async fn same(session: &Session, requester: Account, fingerprint: &Id) -> Result<Option<Record>> {
    let nonce = terms::nonce(fingerprint);
    let same = |entered: &Record| entered.request.requester == requester && entered.request.nonce == nonce;
    Ok(search(session, same).await?.map(|record| Record { fingerprint: *fingerprint, ..record }))
}

/// The last request that entered this market and is `wanted`.
async fn search(session: &Session, wanted: impl Fn(&Record) -> bool) -> Result<Option<Record>> {
    let mut follower = session.history();
    let mut found = None;
    loop {
        let block = match follower.next().await? {
            Update::Committed(block) => block,
            Update::Reverted(_) => continue,
            Update::Tip(_) => return Ok(found),
        };
        for event in block.events {
            let Event::Opened { id, request, input, .. } = event else { continue };
            let entered = Record {
                id,
                fingerprint: Id::default(),
                block: block.number,
                chain: session.node.chain_id(),
                market: session.node.market(),
                request,
                rounds: rounds(&input),
                input,
                signature: Vec::new(),
            };
            if wanted(&entered) {
                found = Some(entered);
            }
        }
    }
}

/// The rounds of the built-in circuit, if that is what the input is for.
fn rounds(input: &[u8]) -> Option<u32> {
    let input: serde_json::Value = serde_json::from_slice(input).ok()?;
    let is_pow5 = input.get("circuit")?.as_str()? == bourse_prover::backend::circuit::NAME;
    u32::try_from(input.get("rounds")?.as_u64()?).ok().filter(|_| is_pow5)
}
