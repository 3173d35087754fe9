//! A whole market of real processes on a real chain, and what befalls it.

mod audit;
mod customers;
mod world;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use alloy::network::Ethereum;
use alloy::primitives::B256;
use alloy::providers::{Provider, RootProvider};
use bourse_chain::Update;
use bourse_sim::event::Event;
use bourse_sim::{Account, Id};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::Instant;

pub(crate) use customers::Customers;
pub(crate) use world::World;

use crate::reorg::take_back;

/// Blocks that the reorg takes back.
const DEPTH: u64 = 5;

/// Kills, at moments that follow from a seed, and a reorg. Whoever was killed comes back on its disk.
pub(crate) struct Storm {
    rng: StdRng,
    kill_at: Instant,
    reorg_at: Option<Instant>,
    until: Instant,
    /// Who is down, and when it comes back.
    down: Vec<(Instant, &'static str)>,
    kills: BTreeMap<&'static str, usize>,
    /// Blocks that were taken back.
    blocks: usize,
    /// The market's events in those that were seen before.
    events: usize,
    /// The proofs among them, by request and prover.
    pub(crate) proofs: BTreeMap<(Id, Account), Vec<u8>>,
}

impl Storm {
    pub(crate) fn new(seed: u64, length: Duration) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let now = Instant::now();
        let reorg_at = now + length.mul_f64(rng.random_range(0.4..0.6));
        let kills = BTreeMap::new();
        Self {
            rng,
            kill_at: now,
            reorg_at: Some(reorg_at),
            until: now + length,
            down: Vec::new(),
            kills,
            blocks: 0,
            events: 0,
            proofs: BTreeMap::new(),
        }
    }

    /// Does what is due. It is over when it has had its time and everybody is back.
    pub(crate) async fn blow(&mut self, world: &mut World) -> bool {
        let now = Instant::now();
        let (back, down) = self.down.drain(..).partition(|(at, _)| *at <= now);
        self.down = down;
        let back: Vec<(Instant, &str)> = back;
        back.into_iter().for_each(|(_, name)| world.launch(name));
        if self.reorg_at.is_some_and(|at| at <= now) {
            self.reorg_at = None;
            self.blocks = reorg(world).await;
        }
        if now < self.until && self.kill_at <= now {
            self.strike(world, now).await;
        }
        world.processes.check().unwrap();
        self.until <= now && self.down.is_empty()
    }

    async fn strike(&mut self, world: &mut World, now: Instant) {
        self.kill_at = now + self.rng.random_range(Duration::from_secs(1)..Duration::from_secs(3));
        // Everybody once, then whoever it hits.
        let (all, kills) = (world.names(), &self.kills);
        let spared: Vec<_> = all.iter().copied().filter(|name| !kills.contains_key(name)).collect();
        let names = if spared.is_empty() { all } else { spared };
        let victim = names[self.rng.random_range(0..names.len())];
        let back = now + self.rng.random_range(Duration::ZERO..Duration::from_secs(2));
        if world.processes.runs(victim) {
            world.processes.kill(victim).await.unwrap();
            self.down.push((back, victim));
            *self.kills.entry(victim).or_default() += 1;
        }
    }

    /// Something happened on the chain.
    pub(crate) fn hear(&mut self, update: &Update) {
        if let Update::Reverted(block) = update {
            self.events += block.events.len();
            for event in &block.events {
                if let Event::Fulfilled { id, prover, proof, .. } = event {
                    self.proofs.insert((*id, *prover), proof.clone());
                }
            }
        }
    }

    /// It was one: everybody was killed, and blocks with something in them were taken back.
    pub(crate) fn assert_fierce(&self, world: &World) {
        let Self { kills, blocks, events, .. } = self;
        println!("killed {kills:?}; {blocks} blocks with {events} events taken back");
        assert!(world.names().iter().all(|name| kills.contains_key(name)), "somebody was spared");
        // One more block may have come between the look and the reorg.
        assert!(DEPTH as usize <= blocks + 1 && 0 < *events, "no reorg that matters");
    }
}

/// Puts other, empty blocks in the place of the last ones; how many of those seen before are gone. What was in them is
/// forgotten by the node, too.
async fn reorg(world: &World) -> usize {
    let provider = RootProvider::<Ethereum>::new_http(world.session.settings.rpc.parse().unwrap());
    let head = provider.get_block_number().await.unwrap();
    let blocks = head - DEPTH + 1..=head;
    let before = hashes(&provider, blocks.clone()).await;
    take_back(&provider, DEPTH).await;
    hashes(&provider, blocks).await.iter().zip(&before).filter(|(now, then)| now != then).count()
}

async fn hashes(provider: &RootProvider<Ethereum>, blocks: RangeInclusive<u64>) -> Vec<Option<B256>> {
    let mut hashes = Vec::new();
    for number in blocks {
        let block = provider.get_block_by_number(number.into()).await.unwrap();
        hashes.push(block.map(|block| block.header.hash));
    }
    hashes
}
