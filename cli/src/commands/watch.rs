//! `bourse watch`: the market's events, in words, as they happen.

use std::collections::BTreeMap;

use anyhow::Result;
use bourse_chain::read::Token;
use bourse_chain::{Block, Start, Update};
use bourse_sim::event::Event;
use bourse_sim::{Account, Id};
use serde_json::{Value, json};

use crate::amount;
use crate::deployment::Deployment;
use crate::session::Session;
use crate::words::{self, Words};

/// `bourse watch`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    /// From this block on; from now on unless named
    #[arg(long, value_name = "BLOCK")]
    pub from: Option<u64>,
    /// Stop at the chain's end instead of waiting for more
    #[arg(long)]
    pub once: bool,
}

/// What things are called, so that events read well.
#[derive(Clone, Debug)]
pub struct Guide {
    stake: Token,
    price: Token,
    instances: BTreeMap<u32, String>,
    known: Option<Deployment>,
    me: Option<Account>,
}

/// Tells what happens, for ever.
///
/// # Errors
/// If the chain cannot be followed.
pub async fn run(session: &Session, options: &Options) -> Result<()> {
    let guide = Guide::read(session, bourse_sim::ZERO).await?;
    let head = session.node.head().await?;
    let mut follower = session.follow(options.from.map_or(Start::After(head), Start::Block));
    session.out.say(format!("block {} of chain {}; end with Ctrl-C", head.number, session.node.chain_id()))?;
    loop {
        let update = tokio::select! {
            update = follower.next() => update?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        match update {
            Update::Committed(block) => {
                for (event, transaction) in block.events.iter().zip(&block.transactions) {
                    let (line, json) = guide.line(&block, event, transaction);
                    session.out.item(&json, || line)?;
                }
            }
            Update::Reverted(block) => {
                let json = json!({ "reverted": block.number, "events": block.events.len() });
                let said = || format!("block {} was taken back, with {} events", block.number, block.events.len());
                session.out.item(&json, said)?;
            }
            Update::Tip(_) if options.once => return Ok(()),
            Update::Tip(_) => {}
        }
    }
}

impl Guide {
    /// What is known of the market; prices are written in `token`.
    ///
    /// # Errors
    /// If the node does not answer.
    pub async fn read(session: &Session, token: Account) -> Result<Self> {
        let node = &session.node;
        let stake = node.token(node.stake_token().await?).await?;
        let price = node.token(token).await?;
        let known = session.settings.deployment.as_ref();
        let mut instances = BTreeMap::new();
        for (number, instance) in session.instances().await? {
            if let Some(name) = known.and_then(|known| known.instance_name(number)) {
                instances.insert(number, name.to_owned());
                continue;
            }
            let mechanism = node.config(number, instance.version).await?.mechanism;
            let named = session.mechanism_name(mechanism).map(ToOwned::to_owned);
            let named = match named {
                None => node.mechanism_name(mechanism).await?,
                known => known,
            };
            instances.extend(named.map(|name| (number, name)));
        }
        let me = session.settings.key().ok().map(|key| key.address());
        Ok(Self { stake, price, instances, known: known.cloned(), me })
    }

    /// One event, in words and as JSON.
    pub fn line(&self, block: &Block, event: &Event, transaction: &Id) -> (String, Value) {
        let name = |account: Account| self.account_name(account);
        let instance = |number: u32| self.instances.get(&number).cloned();
        let words = Words { stake: &self.stake, price: &self.price, name: &name, instance: &instance };
        let mut json = words::json(event);
        if let Value::Object(fields) = &mut json {
            fields.insert("block".into(), block.number.into());
            fields.insert("time".into(), block.time.into());
            fields.insert("transaction".into(), amount::hex(transaction).into());
        }
        (format!("{} #{:<5} {}", amount::clock(block.time), block.number, words.of(event)), json)
    }

    /// What an instance is called, with its number.
    pub fn instance(&self, number: u32) -> String {
        match self.instances.get(&number) {
            Some(name) => format!("instance {number} ({name})"),
            None => format!("instance {number}"),
        }
    }

    /// What an account is called.
    pub fn account(&self, account: Account) -> String {
        self.account_name(account).unwrap_or_else(|| amount::short(&account))
    }

    /// What stakes are counted in.
    pub fn stake(&self) -> &Token {
        &self.stake
    }

    /// What prices are written in.
    pub fn price(&self) -> &Token {
        &self.price
    }

    fn account_name(&self, account: Account) -> Option<String> {
        if self.me == Some(account) {
            return Some("you".to_owned());
        }
        self.known.as_ref()?.account_name(account).map(ToOwned::to_owned)
    }
}
