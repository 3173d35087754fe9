//! A whole market of real processes on a real chain, and what befalls it.

mod audit;
mod customers;
mod world;

use std::collections::BTreeMap;
use std::time::Duration;

use alloy::network::Ethereum;
use alloy::providers::RootProvider;
use alloy::providers::ext::AnvilApi;
use alloy::rpc::types::anvil::ReorgOptions;
use bourse_chain::Update;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::Instant;

pub(crate) use customers::Customers;
pub(crate) use world::World;

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
    /// Blocks that were taken back, and the market's events in them.
    pub(crate) lost: (usize, usize),
}

impl Storm {
    pub(crate) fn new(seed: u64, length: Duration) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let now = Instant::now();
        let reorg_at = now + length.mul_f64(rng.random_range(0.4..0.6));
        let kills = BTreeMap::new();
        Self { rng, kill_at: now, reorg_at: Some(reorg_at), until: now + length, down: Vec::new(), kills, lost: (0, 0) }
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
            reorg(world).await;
        }
        if now < self.until && self.kill_at <= now {
            self.strike(world, now).await;
        }
        world.processes.check().unwrap();
        self.until <= now && self.down.is_empty()
    }

    async fn strike(&mut self, world: &mut World, now: Instant) {
        self.kill_at = now + self.rng.random_range(Duration::from_secs(1)..Duration::from_secs(3));
        let names = world.names();
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
            self.lost.0 += 1;
            self.lost.1 += block.events.len();
        }
    }

    /// It was one: everybody was killed, and blocks with something in them were taken back.
    pub(crate) fn assert_fierce(&self, world: &World) {
        println!("killed {:?}; {} blocks with {} events taken back", self.kills, self.lost.0, self.lost.1);
        assert!(world.names().iter().all(|name| self.kills.contains_key(name)), "somebody was spared");
        assert!(DEPTH <= self.lost.0 as u64 && 0 < self.lost.1, "no reorg that matters");
    }
}

/// Puts other, empty blocks in the place of the last ones. What was in those is forgotten by the node, too.
async fn reorg(world: &World) {
    let provider = RootProvider::<Ethereum>::new_http(world.session.settings.rpc.parse().unwrap());
    provider.anvil_reorg(ReorgOptions { depth: DEPTH, tx_block_pairs: Vec::new() }).await.unwrap();
}
