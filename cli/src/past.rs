//! The market's whole past, to be looked at as of any block: what decisions are explained and checked by.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use bourse_chain::{Block, Head, Update};
use bourse_sim::Account;
use bourse_sim::event::{Config, Event};
use bourse_sim::market::Market;

use crate::session::Session;

/// All blocks with events.
#[derive(Debug)]
pub struct Past {
    /// Oldest first.
    pub blocks: Vec<Block>,
    /// Where the chain stands.
    pub head: Head,
    /// What mechanisms of instances call themselves, by their addresses.
    pub names: BTreeMap<Account, String>,
    stake_token: Account,
}

impl Past {
    /// Reads it from the chain.
    ///
    /// # Errors
    /// If the chain cannot be read.
    pub async fn read(session: &Session) -> Result<Self> {
        let (mut blocks, mut follower) = (Vec::<Block>::new(), session.history());
        let head = loop {
            match follower.next().await? {
                Update::Committed(block) if block.events.is_empty() => {}
                Update::Committed(block) => blocks.push(block),
                Update::Reverted(block) => blocks.retain(|known| known.number < block.number),
                Update::Tip(head) => break head,
            }
        };
        let mut names = BTreeMap::new();
        for event in blocks.iter().flat_map(|block| &block.events) {
            if let Event::InstanceSet { config, .. } = event
                && !names.contains_key(&config.mechanism)
                && let Some(name) = session.node.mechanism_name(config.mechanism).await?
            {
                names.insert(config.mechanism, name);
            }
        }
        let stake_token = session.node.stake_token().await?;
        Ok(Self { blocks, head, names, stake_token })
    }

    /// Forgets what came after block `number`: the present is then that of the last block before with something in it.
    ///
    /// # Errors
    /// If there is none.
    pub fn back_to(&mut self, number: u64) -> Result<()> {
        let first = self.blocks.first().context("nothing has happened in this market yet")?.number;
        ensure!(first <= number, "nothing had happened by block {number}, want {first} or later");
        self.blocks.retain(|block| block.number <= number);
        let last = self.blocks.last().context("the first block stays")?;
        self.head = Head { number: last.number, hash: last.hash, time: last.time, base_fee: last.base_fee };
        Ok(())
    }

    /// The market as it was after block `number`.
    ///
    /// # Errors
    /// If the chain is none of this market.
    pub fn as_of(&self, number: u64) -> Result<Market> {
        let mut market = Market::new(self.stake_token);
        let past = self.blocks.iter().take_while(|block| block.number <= number);
        for (block, event) in past.flat_map(|block| block.events.iter().map(move |event| (block, event))) {
            market.apply(event, block.time).with_context(|| format!("block {}", block.number))?;
        }
        Ok(market)
    }

    /// The market as it is.
    ///
    /// # Errors
    /// As [`Past::as_of`].
    pub fn present(&self) -> Result<Market> {
        self.as_of(self.head.number)
    }

    /// The versions of an instance, oldest first.
    pub fn versions(&self, number: u32) -> Vec<Version<'_>> {
        let all = self.blocks.iter().flat_map(|block| block.events.iter().map(move |event| (block, event)));
        all.filter_map(|(block, event)| match event {
            Event::InstanceSet { instance, version, owner, config, .. } if *instance == number => {
                Some(Version { block: block.number, version: *version, owner: *owner, config })
            }
            _ => None,
        })
        .collect()
    }

    /// How often a lane was routed, oldest first.
    pub fn moves(&self, (requester, lane): (Account, u32)) -> Vec<Move> {
        let all = self.blocks.iter().flat_map(|block| block.events.iter().map(move |event| (block, event)));
        all.filter_map(|(block, event)| match event {
            Event::Routed { requester: of, lane: number, instance, version, by, .. }
                if (*of, *number) == (requester, lane) =>
            {
                Some(Move { block: block.number, time: block.time, to: (*instance, *version), by: *by })
            }
            _ => None,
        })
        .collect()
    }
}

/// An instance was registered or retuned.
#[derive(Clone, Copy, Debug)]
pub struct Version<'a> {
    /// In this block.
    pub block: u64,
    /// 1 if it was registered.
    pub version: u32,
    /// By whom.
    pub owner: Account,
    /// As what.
    pub config: &'a Config,
}

/// A lane was routed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// In this block.
    pub block: u64,
    /// At that time, unix seconds.
    pub time: u64,
    /// To this instance and version; 0 and 0 for nowhere.
    pub to: (u32, u32),
    /// By whom.
    pub by: Account,
}
