//! A chain, a folder, and the program as people run it in it; and a prover without a mind of its own.

#![allow(dead_code, reason = "every test uses its part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use alloy::node_bindings::{Anvil, AnvilInstance};
use alloy::primitives::{Address, B256};
use bourse_chain::call::{Bid, Fulfillment, Order};
use bourse_chain::{ExecuteConfig, Executor, Key, Node, Outcome, call};
use bourse_cli::record::Record;
use bourse_prover::backend::circuit::{CircuitBackend, Settings};
use bourse_prover::backend::{Backend, Job, Slots, author};
use bourse_sim::event::{Declaration, Offer};
use bourse_sim::{Wei, ZERO};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const ROUNDS: u32 = 20;
pub(crate) const ETHER: Wei = 1_000_000_000_000_000_000;

/// A chain, a folder, and the program in it.
pub(crate) struct World {
    pub(crate) anvil: AnvilInstance,
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let pinned =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
        let path = if pinned.exists() { pinned } else { PathBuf::from("anvil") };
        let anvil = Anvil::at(path).block_time(1).timeout(60_000).spawn();
        Self { anvil, folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn key(&self, account: usize) -> String {
        format!("0x{:x}", B256::from_slice(&self.anvil.keys()[account].to_bytes()))
    }

    pub(crate) fn command(&self, account: usize, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bourse"));
        command
            .current_dir(self.folder.path())
            .env("BOURSE_PRIVATE_KEY", self.key(account))
            .env("BOURSE_RPC", self.anvil.endpoint())
            .args(arguments);
        command
    }

    pub(crate) fn said(&self, account: usize, arguments: &[&str]) -> Output {
        self.command(account, arguments).output().unwrap()
    }

    /// The answer as JSON.
    pub(crate) fn json(&self, account: usize, arguments: &[&str]) -> Value {
        let output = self.said(account, &[arguments, &["--json"]].concat());
        let (out, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{arguments:?}: {error}{out}");
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {out}"))
    }

    /// What is said when it does not work.
    pub(crate) fn refusal(&self, account: usize, arguments: &[&str]) -> String {
        let output = self.said(account, arguments);
        assert!(!output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub(crate) async fn node(&self) -> Node {
        let deployment = self.deployment();
        let market = bourse_cli::amount::account(deployment["market"].as_str().unwrap()).unwrap();
        Node::connect(&self.anvil.endpoint(), market).await.unwrap()
    }

    pub(crate) fn deployment(&self) -> Value {
        let text = std::fs::read_to_string(self.folder.path().join(".bourse/deployment.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

/// A prover with everything but a mind of its own.
pub(crate) struct Prover {
    pub(crate) node: Node,
    executor: Executor,
    pub(crate) key: Key,
    backend: CircuitBackend,
}

impl Prover {
    pub(crate) async fn new(world: &World, account: usize) -> Self {
        let (node, key) = (world.node().await, Key::from_hex(&world.key(account)).unwrap());
        let journal = world.folder.path().join("prover.sqlite");
        let executor = Executor::open(node.clone(), key.clone(), &journal, ExecuteConfig::default()).await.unwrap();
        let settings =
            Settings { folder: world.folder.path().join(".bourse/keys"), provided: None, rounds: vec![ROUNDS] };
        let backend = CircuitBackend::open(settings, Slots::new(1)).await.unwrap();
        let mut prover = Self { node, executor, key, backend };
        let offer = Offer { accepted: true, floor: 1, bond_limit: ETHER, throughput: 0 };
        let declaration =
            Declaration { concurrency: 1, flags: 3, offers: vec![(ZERO, offer)], ..Declaration::default() };
        prover.act(call::declare(&declaration)).await;
        prover.act(call::deposit(ZERO, prover.key.address(), ETHER)).await;
        prover.act(call::stake(ETHER)).await;
        prover
    }

    pub(crate) async fn act(&mut self, call: bourse_chain::Call) {
        let intent = call.intent(format!("{}", rand::random::<u64>()), self.node.market());
        let outcome = self.executor.complete(intent, Duration::from_secs(30)).await.unwrap();
        assert!(matches!(outcome, Outcome::Landed { .. }), "{outcome:?}");
    }

    pub(crate) async fn serve(&mut self, record: &Record) {
        let request = record.request.clone();
        let prover = self.key.address();
        let bid = Bid {
            request: record.id,
            prover,
            price: 0,
            max_bond: ETHER,
            valid_until: request.deadline,
            data: Vec::new(),
        };
        let order = Order { request: request.clone(), bid, ..Order::default() };
        self.act(call::bid(&[order])).await;
        let proof = self.prove(record).await;
        self.act(call::fulfill(&[Fulfillment { request, prover, proof }])).await;
    }

    pub(crate) async fn prove(&self, record: &Record) -> Vec<u8> {
        let id = B256::from(record.id);
        let job = Job {
            id,
            author: author(id, Address::from(self.key.address())),
            statement: B256::from(record.request.statement),
            input: record.input.clone(),
            work: record.request.work,
        };
        self.backend.prove(&job).await.unwrap().0
    }
}

pub(crate) fn record(world: &World, answer: &Value) -> Record {
    Record::read(&world.folder.path().join(answer["file"].as_str().unwrap())).unwrap()
}

pub(crate) fn number(value: &Value) -> Wei {
    value.as_str().unwrap().parse().unwrap()
}
