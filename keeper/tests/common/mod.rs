//! A real chain with a real market on it, money in it, and a keeper to run against them.

#![allow(dead_code, reason = "every test uses its part")]

mod desk;
#[path = "../../../chain/tests/fixture/reorg.rs"]
mod reorg;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use alloy::node_bindings::{Anvil, AnvilInstance};
use alloy::primitives::{Address, B256, U256, hex};
use alloy::providers::ext::AnvilApi;
use alloy::providers::{Provider, RootProvider};
use alloy::rpc::types::{Filter, TransactionReceipt, TransactionRequest};
use bourse_bindings::code;
use bourse_chain::call::{self, Bid, Call, Fulfillment, Order};
use bourse_chain::{Domain, Key, Node};
use bourse_keeper::config::{Config, KeySource};
use bourse_sim::ask::Status;
use bourse_sim::event::{Declaration, Offer, Setup};
use bourse_sim::lane::LANE;
use bourse_sim::market::{ANY_MECHANISM, ANY_VERIFIER};
use bourse_sim::mechanisms::dutch::DutchParams;
use bourse_sim::mechanisms::english::EnglishParams;
use bourse_sim::mechanisms::posted::PostedParams;
use bourse_sim::mechanisms::sealed::{Payment, SealedParams};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei, ZERO};
use serde_json::Value;

#[allow(unused_imports, reason = "every test uses its part")]
pub(crate) use desk::{Desk, Process, free_port};

pub(crate) const ETHER: Wei = 1_000_000_000_000_000_000;
pub(crate) const PRICE: Wei = ETHER / 100;
pub(crate) const BOND: Wei = ETHER / 200;
/// Accounts of the node.
pub(crate) const REQUESTER: usize = 1;
pub(crate) const ALICE: usize = 2;
pub(crate) const BOB: usize = 3;
pub(crate) const CAROL: usize = 4;
pub(crate) const KEEPER: usize = 5;

/// The chain and the market.
pub(crate) struct World {
    anvil: AnvilInstance,
    pub(crate) provider: RootProvider,
    pub(crate) node: Node,
    pub(crate) domain: Domain,
    pub(crate) market: Account,
    pub(crate) verifier: u32,
    pub(crate) posted: u32,
    pub(crate) dutch: u32,
    pub(crate) sealed: u32,
    /// Nobody waits long under it; then it goes on to `posted`.
    pub(crate) ladder: u32,
    pub(crate) english: u32,
    nonce: std::cell::Cell<u64>,
    /// Instances that tests brought along.
    hosted: std::cell::Cell<u32>,
}

impl World {
    /// A block every `seconds`.
    pub(crate) async fn start(seconds: u64) -> Self {
        let pinned =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
        let path = if pinned.exists() { pinned } else { PathBuf::from("anvil") };
        let arguments = ["--gas-limit", "200000000"];
        // Shown by `RUST_LOG=info cargo test -- --nocapture`.
        let log = tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env());
        log.with_test_writer().try_init().ok();
        let anvil = Anvil::at(path).args(arguments).timeout(60_000).spawn();
        let provider = RootProvider::new_http(anvil.endpoint_url());
        let annex = deploy(&provider, code::ANNEX, &[0; 32]).await;
        let market = deploy(&provider, code::MARKET, &code::market_arguments(ZERO, annex)).await;
        let node = Node::connect(&anvil.endpoint(), market).await.unwrap();
        let domain = Domain::of(&node);
        let (nonce, hosted) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
        let (verifier, posted, dutch, sealed, ladder, english) = (1, 1, 2, 3, 4, 5);
        let world = Self {
            anvil,
            provider,
            node,
            domain,
            market,
            verifier,
            posted,
            dutch,
            sealed,
            ladder,
            english,
            nonce,
            hosted,
        };
        world.furnish().await;
        world.provider.anvil_set_interval_mining(seconds).await.unwrap();
        world
    }

    async fn furnish(&self) {
        let null = deploy(&self.provider, &artifact("NullVerifier"), &[]).await;
        self.send(0, call::register_verifier(null, 100_000)).await;
        let posted = PostedParams { base: PRICE, rate: 0, patience: 1_000 }.encode();
        let dutch = DutchParams { start_bps: 1_000, end_bps: 10_000, delay: 0, ramp: 4, patience: 2 }.encode();
        let sealed = SealedParams {
            payment: Payment::SecondPrice,
            commit: 6,
            reveal: 6,
            reserve_bps: 10_000,
            deposit_bps: 5_000,
            deposit_floor: 1,
            standbys: 1,
            bidders: 8,
        };
        self.register(code::POSTED_PRICE, posted, 0).await;
        let mechanism = self.register(code::DUTCH, dutch.clone(), 0).await;
        self.register(code::SEALED_BID, sealed.encode(), 0).await;
        self.send(0, call::register(&setup(mechanism, dutch, self.posted), true)).await;
        let english = EnglishParams {
            duration: 6,
            closing: 2,
            extension: 2,
            overtime: 4,
            patience: 60,
            decrement_bps: 1_000,
            start_bps: 10_000,
            deposit_bps: 10_000,
            deposit_floor: 1,
            standbys: 1,
        };
        self.register(code::ENGLISH, english.encode(), 0).await;
        self.fund(REQUESTER, 2_000 * ETHER).await;
        for prover in [ALICE, BOB, CAROL] {
            self.fund(prover, 100 * ETHER).await;
            self.send(prover, call::declare(&declaration())).await;
            self.send(prover, call::stake(50 * ETHER)).await;
        }
    }

    async fn register(&self, code: &str, params: Vec<u8>, fallback: u32) -> Account {
        let mechanism = deploy(&self.provider, code, &[]).await;
        self.send(0, call::register(&setup(mechanism, params, fallback), true)).await;
        mechanism
    }

    /// Puts another mechanism on the chain, and an instance of it with these parameters.
    pub(crate) async fn host(&self, code: &str, params: Vec<u8>) -> u32 {
        self.register(code, params, 0).await;
        self.hosted.set(self.hosted.get() + 1);
        self.english + self.hosted.get()
    }

    async fn fund(&self, index: usize, amount: Wei) {
        self.send(index, call::deposit(ZERO, self.account(index), amount)).await;
    }

    pub(crate) fn url(&self) -> String {
        self.anvil.endpoint()
    }

    pub(crate) fn key(&self, index: usize) -> Key {
        Key::from_hex(&self.secret(index)).unwrap()
    }

    pub(crate) fn secret(&self, index: usize) -> String {
        hex::encode(self.anvil.keys()[index].to_bytes())
    }

    pub(crate) fn account(&self, index: usize) -> Account {
        self.anvil.addresses()[index].into_array()
    }

    /// Settings of a keeper in the folder `data`, which serves wherever there is a free port.
    pub(crate) fn config(&self, data: &Path) -> Config {
        let mut config = Config::new(self.url(), self.market, KeySource::Given(self.key(KEEPER)), data);
        config.listen = ([127, 0, 0, 1], 0).into();
        config.poll = Duration::from_millis(50);
        config
    }

    /// Sends, and waits until it is done.
    pub(crate) async fn send(&self, from: usize, call: Call) -> TransactionReceipt {
        let hash = self.post(from, call).await;
        let receipt = self.receipt(hash).await;
        assert!(receipt.status(), "a transaction of account {from} failed");
        receipt
    }

    /// Sends, and does not wait.
    pub(crate) async fn post(&self, from: usize, call: Call) -> B256 {
        let request = TransactionRequest::default()
            .from(self.account(from).into())
            .to(self.market.into())
            .value(U256::from(call.value))
            .input(call.calldata.into())
            .gas_limit(100_000_000);
        self.provider.client().request::<_, B256>("eth_sendTransaction", (request,)).await.unwrap()
    }

    pub(crate) async fn receipt(&self, hash: B256) -> TransactionReceipt {
        for _ in 0..600 {
            if let Some(receipt) = self.provider.get_transaction_receipt(hash).await.unwrap() {
                return receipt;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{hash} did not get into a block");
    }

    pub(crate) async fn now(&self) -> Time {
        self.node.head().await.unwrap().time
    }

    /// Puts other, empty blocks in the place of the last `depth`.
    pub(crate) async fn reorg(&self, depth: u64) {
        reorg::take_back(&self.provider, depth).await;
    }

    /// A well-formed request, a new one at each call.
    pub(crate) async fn request(&self, instance: u32) -> Request {
        let nonce = self.nonce.get() + 1;
        self.nonce.set(nonce);
        let mut statement = Id::default();
        statement[24..].copy_from_slice(&nonce.to_be_bytes());
        Request {
            requester: self.account(REQUESTER),
            nonce,
            instance,
            verifier: self.verifier,
            statement,
            work: 1_000,
            max_price: PRICE,
            tip: 1_000,
            bond: BOND,
            deadline: self.now().await + 3_600,
            window: 600,
            ..Request::default()
        }
    }

    pub(crate) async fn open(&self, request: &Request) -> Id {
        self.send(REQUESTER, call::open(request, &[], &[])).await;
        self.domain.request_id(request)
    }

    pub(crate) fn order(&self, prover: usize, request: &Request, price: Wei, data: Vec<u8>) -> Order {
        let valid_until = request.deadline;
        let (id, prover) = (self.domain.request_id(request), self.account(prover));
        let bid = Bid { request: id, prover, price, max_bond: ETHER, valid_until, data };
        Order { request: request.clone(), bid, ..Order::default() }
    }

    pub(crate) async fn bid(&self, prover: usize, request: &Request, price: Wei, data: Vec<u8>) {
        self.send(prover, call::bid(&[self.order(prover, request, price, data)])).await;
    }

    /// `count` requests that enter by signature and are awarded to `prover`, all in one transaction.
    pub(crate) async fn awarded(&self, prover: usize, count: usize, window: u32) -> Vec<Request> {
        let key = self.key(REQUESTER);
        let mut requests = Vec::new();
        let mut orders = Vec::new();
        for _ in 0..count {
            let request = Request { window, ..self.request(self.posted).await };
            let requester_signature = self.domain.sign_request(&key, &request).unwrap();
            orders.push(Order { requester_signature, ..self.order(prover, &request, 0, Vec::new()) });
            requests.push(request);
        }
        self.send(prover, call::bid(&orders)).await;
        requests
    }

    /// A request of a lane that is awarded to `prover` as it enters, and proven `wait` seconds later.
    pub(crate) async fn serve(&self, lane: u32, prover: usize, wait: u64) {
        let request = self.request(LANE | lane).await;
        let requester_signature = self.domain.sign_request(&self.key(REQUESTER), &request).unwrap();
        let order = Order { requester_signature, ..self.order(prover, &request, 0, Vec::new()) };
        self.send(prover, call::bid(&[order])).await;
        if wait > 0 {
            self.provider.anvil_increase_time(wait).await.unwrap();
        }
        let (prover, proof) = (self.account(prover), proof(&request));
        self.send(0, call::fulfill(&[Fulfillment { request, prover, proof }])).await;
    }

    pub(crate) async fn status(&self, request: &Request) -> Status {
        self.node.state(self.domain.request_id(request)).await.unwrap().status
    }

    /// Waits until the chain says that `request` is `status`.
    pub(crate) async fn until(&self, request: &Request, status: Status, patience: u64) {
        let end = Instant::now() + Duration::from_secs(patience);
        let mut have = self.status(request).await;
        while have != status {
            assert!(Instant::now() < end, "request {} is {have:?} and not {status:?}", request.nonce);
            tokio::time::sleep(Duration::from_millis(100)).await;
            have = self.status(request).await;
        }
    }
}

impl World {
    /// How often the market said `event`, per request; the event's first topic is its id.
    pub(crate) async fn told(&self, event: &str) -> std::collections::HashMap<B256, usize> {
        let filter = Filter::new().address(Address::from(self.market)).event(event).from_block(0);
        let mut told = std::collections::HashMap::new();
        for log in self.provider.get_logs(&filter).await.unwrap() {
            *told.entry(log.topics()[1]).or_default() += 1;
        }
        told
    }

    /// The hash of block `number`.
    pub(crate) async fn hash_of(&self, number: u64) -> B256 {
        self.provider.get_block_by_number(number.into()).await.unwrap().unwrap().header.hash
    }

    /// Block `number` has the fulfilment of `id`.
    pub(crate) async fn fulfilled_in(&self, id: &Id, number: u64) -> bool {
        let filter = Filter::new().address(Address::from(self.market)).event(FULFILLED).topic1(B256::from(*id));
        let filter = filter.from_block(number).to_block(number);
        !self.provider.get_logs(&filter).await.unwrap().is_empty()
    }
}

pub(crate) const FULFILLED: &str = "Fulfilled(bytes32,address,uint256,bytes)";
pub(crate) const REJECTED: &str = "FulfillmentRejected(bytes32,bytes)";

/// What the double accepts.
pub(crate) fn proof(request: &Request) -> Vec<u8> {
    request.statement.to_vec()
}

pub(crate) fn setup(mechanism: Account, params: Vec<u8>, fallback: u32) -> Setup {
    Setup {
        mechanism,
        fallback_instance: fallback,
        fallback_version: u32::from(fallback != 0),
        params,
        ..Setup::default()
    }
}

fn declaration() -> Declaration {
    let offer = Offer { accepted: true, floor: 1, bond_limit: ETHER, throughput: 100_000 };
    let flags = ANY_MECHANISM | ANY_VERIFIER;
    Declaration { concurrency: u16::MAX, flags, offers: vec![(ZERO, offer)], ..Declaration::default() }
}

pub(crate) async fn deploy(provider: &RootProvider, code: &str, arguments: &[u8]) -> Account {
    let bytes = [hex::decode(code.trim()).unwrap(), arguments.to_vec()].concat();
    let (call, address) = call::deploy(&bytes, [7; 32]);
    let from = provider.get_accounts().await.unwrap()[0];
    let request = TransactionRequest::default()
        .from(from)
        .to(call::DEPLOYER.into())
        .input(call.calldata.into())
        .gas_limit(100_000_000);
    let sent = provider.client().request::<_, B256>("eth_sendTransaction", (request,));
    let hash = sent.await.unwrap();
    for _ in 0..600 {
        if provider.get_transaction_receipt(hash).await.unwrap().is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!provider.get_code_at(address.into()).await.unwrap().is_empty(), "nothing was deployed");
    address
}

/// The creation code of a test double, from what `forge build` left.
fn artifact(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../out/{name}.sol/{name}.json"));
    let text =
        std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} is missing: run `forge build`", path.display()));
    let artifact: Value = serde_json::from_str(&text).unwrap();
    artifact["bytecode"]["object"].as_str().unwrap().to_owned()
}
