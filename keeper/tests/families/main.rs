//! Every family that moves instances on, or hands requests from one prover to the next, on a real chain: provers and requesters act, and
//! nobody but the keeper says that time has passed.
#![expect(clippy::unwrap_used, reason = "a test")]

mod batch;
#[path = "../common/mod.rs"]
mod common;
mod race;
mod reserved;
mod rfq;
mod seat;
mod sortition;
mod strangers;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use alloy::consensus::Transaction;
use alloy::network::TransactionResponse;
use alloy::primitives::{Address, U256};
use alloy::providers::Provider;
use alloy::providers::ext::AnvilApi;
use alloy::rpc::types::Filter;
use alloy::sol_types::SolCall;
use bourse_bindings::Market;
use bourse_chain::call;
use bourse_keeper::Keeper;
use bourse_sim::ask::Status;
use bourse_sim::market::place_of;
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei, ZERO};
use common::{Desk, ETHER, KEEPER, World, proof};

/// What every request of these tests tips.
const TIP: Wei = 1_000;

/// A market with an instance of one mechanism, and the keeper at work on it.
struct Scene {
    world: World,
    instance: u32,
    desk: Desk,
    _data: tempfile::TempDir,
    task: tokio::task::JoinHandle<()>,
}

impl Scene {
    async fn start(code: &str, params: Vec<u8>) -> Self {
        let world = World::start(1).await;
        let instance = world.host(code, params).await;
        Self::of(world, instance).await
    }

    async fn of(world: World, instance: u32) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut keeper = Keeper::open(world.config(data.path())).await.unwrap();
        let desk = Desk::new(keeper.address());
        let task = tokio::spawn(async move { keeper.drive().await.unwrap() });
        desk.ready().await;
        Self { world, instance, desk, _data: data, task }
    }

    async fn request(&self, window: u32) -> Request {
        Request { window, tip: TIP, ..self.world.request(self.instance).await }
    }

    async fn bid(&self, prover: usize, price: Wei, data: &[u8]) {
        self.world.send(prover, call::bid_instance(self.instance, price, ETHER, data)).await;
    }

    /// Waits until `prover` has its deposit on the instance back.
    async fn given_back(&self, prover: usize) {
        let place = place_of(self.instance);
        let who = self.world.account(prover);
        until("the deposit is back", async || self.world.node.ticket(place, who).await.unwrap().0 == 0).await;
    }

    /// Waits until `request` is awarded to `prover`; for how much.
    async fn awarded(&self, request: &Request, prover: usize) -> Wei {
        let (id, who) = (self.world.domain.request_id(request), self.world.account(prover));
        let node = &self.world.node;
        let held = async || {
            let state = node.state(id).await.unwrap();
            state.status == Status::Awarded && node.prover(state.prover).await.unwrap() == who
        };
        until("it is awarded", held).await;
        node.state(id).await.unwrap().price
    }

    /// Has the keeper settle a proof by `prover`.
    async fn prove(&self, request: &Request, prover: usize) {
        let id = self.world.domain.request_id(request);
        self.desk.hand_in(&id, &self.world.account(prover), &proof(request)).await;
        assert_eq!(self.desk.fate(&id, 30).await["status"], "settled");
    }

    /// The end: nobody but the keeper ticked, expired and proved, nothing that it sent failed, and the tips of these are its own.
    async fn end(self, tipped: &[&Request]) {
        let keeper = self.world.account(KEEPER);
        let moved = movers(&self.world).await;
        assert!(!moved.is_empty() && moved.iter().all(|(who, ok)| *who == keeper && *ok), "{moved:?}");
        let tips = tips(&self.world).await;
        for request in tipped {
            assert_eq!(tips.get(&self.world.domain.request_id(request)), Some(&keeper), "request {}", request.nonce);
        }
        assert!(self.world.node.balance(ZERO, keeper).await.unwrap() >= TIP * tipped.len() as Wei);
        let (_, body) = self.desk.get("/v1/decisions?limit=500").await;
        let decisions = body["decisions"].as_array().unwrap();
        assert!(!decisions.iter().any(|made| made["outcome"].to_string().contains("failed")), "{body}");
        self.task.abort();
    }
}

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !done().await {
        assert!(Instant::now() < end, "never: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Lets that many seconds pass at once, from the next block on.
async fn skip(world: &World, seconds: Time) {
    let before = world.now().await;
    world.provider.anvil_increase_time(seconds).await.unwrap();
    until("time has passed", async || world.now().await >= before + seconds).await;
}

/// Who ticked, expired and brought proofs of open stages so far, and whether the market took it.
async fn movers(world: &World) -> Vec<(Account, bool)> {
    let selectors = [
        Market::tickCall::SELECTOR,
        Market::tickInstanceCall::SELECTOR,
        Market::expireCall::SELECTOR,
        Market::reclaimCall::SELECTOR,
        Market::proveCall::SELECTOR,
    ];
    let mut movers = Vec::new();
    for number in 0..=world.provider.get_block_number().await.unwrap() {
        let block = world.provider.get_block_by_number(number.into()).full().await.unwrap().unwrap();
        for made in block.transactions.into_transactions() {
            let ours = made.to() == Some(Address::from(world.market));
            if ours && selectors.iter().any(|selector| made.input().starts_with(selector)) {
                let receipt = world.provider.get_transaction_receipt(made.tx_hash()).await.unwrap().unwrap();
                movers.push((made.from().into_array(), receipt.status()));
            }
        }
    }
    movers
}

/// Whom the tip of each request went to.
async fn tips(world: &World) -> BTreeMap<Id, Account> {
    let filter =
        Filter::new().address(Address::from(world.market)).event("Tipped(bytes32,address,uint256)").from_block(0);
    let logs = world.provider.get_logs(&filter).await.unwrap();
    let entry = |log: &alloy::rpc::types::Log| (log.topics()[1].0, Address::from_word(log.topics()[2]).into_array());
    logs.iter().map(entry).collect()
}

/// A word as data.
fn word(value: Wei) -> [u8; 32] {
    U256::from(value).to_be_bytes()
}
