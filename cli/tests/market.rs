//! The journeys of a requester and of an operator, with the program as people run it, on a real chain, with a real proof.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use alloy::network::Ethereum;
use alloy::node_bindings::{Anvil, AnvilInstance};
use alloy::primitives::{Address, B256};
use alloy::providers::RootProvider;
use alloy::providers::ext::AnvilApi;
use alloy::rpc::types::anvil::ReorgOptions;
use bourse_chain::call::{Bid, Fulfillment, Order};
use bourse_chain::{ExecuteConfig, Executor, Key, Node, Outcome, call};
use bourse_cli::record::Record;
use bourse_prover::backend::circuit::{CircuitBackend, Settings};
use bourse_prover::backend::{Backend, Job, Slots, author};
use bourse_sim::ask::Status;
use bourse_sim::event::{Declaration, Offer};
use bourse_sim::market::place_of;
use bourse_sim::{Wei, ZERO};
use serde_json::Value;
use tempfile::TempDir;

const ROUNDS: u32 = 20;
const ETHER: Wei = 1_000_000_000_000_000_000;

/// A chain, a folder, and the program in it.
struct World {
    anvil: AnvilInstance,
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let pinned =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
        let path = if pinned.exists() { pinned } else { PathBuf::from("anvil") };
        let anvil = Anvil::at(path).block_time(1).timeout(60_000).spawn();
        Self { anvil, folder: tempfile::tempdir().unwrap() }
    }

    fn key(&self, account: usize) -> String {
        format!("0x{:x}", B256::from_slice(&self.anvil.keys()[account].to_bytes()))
    }

    fn command(&self, account: usize, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bourse"));
        command
            .current_dir(self.folder.path())
            .env("BOURSE_PRIVATE_KEY", self.key(account))
            .env("BOURSE_RPC", self.anvil.endpoint())
            .args(arguments);
        command
    }

    fn said(&self, account: usize, arguments: &[&str]) -> Output {
        self.command(account, arguments).output().unwrap()
    }

    /// The answer as JSON.
    fn json(&self, account: usize, arguments: &[&str]) -> Value {
        let output = self.said(account, &[arguments, &["--json"]].concat());
        let (out, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{arguments:?}: {error}{out}");
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {out}"))
    }

    /// What is said when it does not work.
    fn refusal(&self, account: usize, arguments: &[&str]) -> String {
        let output = self.said(account, arguments);
        assert!(!output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    async fn node(&self) -> Node {
        let deployment = self.deployment();
        let market = bourse_cli::amount::account(deployment["market"].as_str().unwrap()).unwrap();
        Node::connect(&self.anvil.endpoint(), market).await.unwrap()
    }

    fn deployment(&self) -> Value {
        let text = std::fs::read_to_string(self.folder.path().join(".bourse/deployment.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

/// A prover with everything but a mind of its own.
struct Prover {
    node: Node,
    executor: Executor,
    key: Key,
    backend: CircuitBackend,
}

impl Prover {
    async fn new(world: &World, account: usize) -> Self {
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

    async fn act(&mut self, call: bourse_chain::Call) {
        let intent = call.intent(format!("{}", rand::random::<u64>()), self.node.market());
        let outcome = self.executor.complete(intent, Duration::from_secs(30)).await.unwrap();
        assert!(matches!(outcome, Outcome::Landed { .. }), "{outcome:?}");
    }

    async fn serve(&mut self, record: &Record) {
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

    async fn prove(&self, record: &Record) -> Vec<u8> {
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

fn record(world: &World, answer: &Value) -> Record {
    Record::read(&world.folder.path().join(answer["file"].as_str().unwrap())).unwrap()
}

fn number(value: &Value) -> Wei {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_made_once_proven_and_paid() {
    let world = World::new();
    let deployed = world.json(0, &["deploy"]);
    assert_eq!(world.json(0, &["deploy"]), deployed, "deploying again changes nothing");
    world.write("any.toml", "name = \"any\"\n[posted]\nbase = \"any\"\npatience = \"10m\"\n");
    assert_eq!(world.json(0, &["instances", "new", "any.toml"])["instance"], 1);
    let listed = world.json(0, &["instances"]);
    assert_eq!((&listed[0]["name"], &listed[0]["mechanismName"]), (&"any".into(), &"posted".into()));

    let text = format!("instance = \"any\"\nmax_price = \"0.02\"\nrounds = {ROUNDS}\nseed = 5\ndeadline = \"5m\"\n");
    world.write("request.toml", &text);
    let first = world.json(1, &["request", "request.toml", "--detach"]);
    let balance = |account| number(&world.json(account, &["account"])["market"]);
    assert_eq!(balance(1), 0, "what was missing was deposited, and is locked");
    let wallet = number(&world.json(1, &["account"])["wallet"]);
    let second = world.json(1, &["request", "request.toml", "--detach"]);
    assert_eq!(first["id"], second["id"]);
    std::fs::remove_dir_all(world.folder.path().join(".bourse/requests")).unwrap();
    let third = world.json(1, &["request", "request.toml", "--detach"]);
    assert_eq!(first["id"], third["id"], "the chain remembers what the disk has lost");
    assert_eq!(number(&world.json(1, &["account"])["wallet"]), wallet, "nothing was paid twice");

    let mut prover = Prover::new(&world, 2).await;
    prover.serve(&record(&world, &third)).await;
    let receipt = world.json(1, &["request", "request.toml", "--proof", "out.proof"]);
    assert_eq!((&receipt["status"], &receipt["id"]), (&"fulfilled".into(), &first["id"]));
    assert_eq!(number(&receipt["price"]), 20_000_000_000_000_000);
    let output = receipt["output"].as_str().unwrap();
    let want = bourse_prover::backend::circuit::output(ROUNDS, "5".parse().unwrap()).unwrap();
    assert!(output.starts_with(&want.to_string()), "{output} is not {want}");
    assert!(world.folder.path().join("out.proof").metadata().unwrap().len() > 300);

    assert_eq!(world.json(0, &["status", first["id"].as_str().unwrap()])["status"], "fulfilled");
    assert_eq!(world.json(0, &["provers"])[0]["kept"], 1);
    let watched = world.said(0, &["watch", "--from", "0", "--once", "--json"]);
    let events = String::from_utf8(watched.stdout).unwrap();
    let names: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for name in ["VerifierRegistered", "InstanceSet", "Opened", "Awarded", "Fulfilled"] {
        assert_eq!(names.iter().filter(|event| event["event"] == name).count(), 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prover_without_a_node_bids_proves_and_leaves() {
    let world = World::new();
    world.json(0, &["deploy"]);
    let ask = ["request", "--max-price", "0.02", "--rounds", "20", "--window", "5m", "--detach", "--instance"];
    world.write("any.toml", "name = \"any\"\n[posted]\nbase = \"any\"\npatience = \"10m\"\n");
    world.write(
        "race.toml",
        "name = \"race\"\n[race]\npatience = \"10m\"\ncommit_blocks = 0\nwinners = 1\ndeposit = \"0\"\n",
    );
    let seat = "[seat]\nceiling = \"5\"\nhandover = \"1s\"\nterm = \"1d\"\ndeposit = \"0.1\"\nrefill = \"10s\"\n";
    let scope = "max_work = 2000\nmax_bond = \"0.05\"\nmin_window = \"10s\"\n";
    world.write("seat.toml", &format!("name = \"seat\"\nopen = false\n{seat}{scope}"));
    for file in ["any.toml", "race.toml", "seat.toml"] {
        world.json(0, &["instances", "new", file]);
    }
    let prover = Prover::new(&world, 2).await;
    for (instance, bids) in [("any", true), ("race", false)] {
        let asked = world.json(1, &[&ask[..], &[instance]].concat());
        let id = asked["id"].as_str().unwrap();
        if bids {
            world.json(2, &["bid", id, "--price", "0.001"]);
            assert_eq!(world.json(1, &["status", id])["status"], "awarded");
        }
        let proof = prover.prove(&record(&world, &asked)).await;
        std::fs::write(world.folder.path().join("made.proof"), &proof).unwrap();
        world.json(2, &["prove", id, "made.proof"]);
        assert_eq!(world.json(1, &["status", id])["status"], "fulfilled", "{instance}");
    }

    let bid = ["bid", "--instance", "seat", "--price", "4", "--bond"];
    let refusal = world.refusal(2, &[&bid[..], &["0.05"]].concat());
    assert!(refusal.contains("deposit is 100000000000000000, at most 50000000000000000"), "{refusal}");
    let stood = world.json(2, &[&bid[..], &["0.1"]].concat());
    assert_eq!(number(&stood["deposit"]), ETHER / 10);
    std::thread::sleep(Duration::from_secs(2));
    world.json(2, &["bid", "--instance", "seat", "--notice"]);
    let refusal = world.refusal(2, &["bid", "--instance", "any", "--notice"]);
    assert!(refusal.contains("posted knows no notice"), "{refusal}");
    assert_eq!(world.json(2, &["leave", "seat"])["left"], false);
    let refusal = world.refusal(2, &["leave", "seat"]);
    assert!(refusal.contains("this is possible from"), "{refusal}");
    // Anyone says that it is liable no more.
    std::thread::sleep(Duration::from_secs(3));
    world.json(1, &["tick", "--instance", "seat"]);
    let place = place_of(u32::try_from(stood["instance"].as_u64().unwrap()).unwrap());
    assert_eq!(prover.node.ticket(place, prover.key.address()).await.unwrap().0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_request_enters_by_anybody_and_is_taken_back_by_its_owner() {
    let world = World::new();
    world.json(0, &["deploy"]);
    world.write("any.toml", "name = \"any\"\n[posted]\nbase = \"any\"\npatience = \"10m\"\n");
    world.json(0, &["instances", "new", "any.toml"]);
    let ask = ["request", "--instance", "any", "--max-price", "0.5", "--statement"];
    let statement = format!("0x{}", "07".repeat(32));
    let ask = [&ask[..], &[&statement, "--work", "9", "--input", "0x616263", "--sign"]].concat();
    let signed = world.json(1, &ask);
    let id = signed["id"].as_str().unwrap();
    assert_eq!(world.json(0, &["status", id])["status"], "none");
    world.json(3, &["enter", signed["file"].as_str().unwrap()]);
    assert_eq!(world.json(0, &["status", &id[..10]])["status"], "open");

    let refusal = world.refusal(3, &["cancel", id]);
    assert!(refusal.contains("only the requester"), "{refusal}");
    world.json(1, &["cancel", id]);
    let refusal = world.refusal(1, &["cancel", id]);
    assert!(refusal.contains("is cancelled, it would have to be open"), "{refusal}");

    let account = world.json(1, &["account", "withdraw", "all"]);
    assert_eq!(number(&account["market"]), 0);
    let refusal = world.refusal(1, &["account", "withdraw", "3"]);
    assert!(refusal.contains("0 ETH is free in the market, want at least 3 ETH"), "{refusal}");
    world.json(0, &["instances", "retire", "any"]);
    let refusal = world.refusal(1, &["request", "--instance", "any", "--max-price", "1", "--rounds", "20"]);
    assert!(refusal.contains("instance 1 is retired"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_a_reorg_took_back_is_sent_again() {
    let world = World::new();
    world.json(0, &["deploy"]);
    world.write("any.toml", "name = \"any\"\n[posted]\nbase = \"any\"\npatience = \"10m\"\n");
    world.json(0, &["instances", "new", "any.toml"]);
    let provider = RootProvider::<Ethereum>::new_http(world.anvil.endpoint_url());
    // The reorg is to take back the request alone.
    provider.anvil_mine(Some(8), None).await.unwrap();
    let (folder, said) = (world.folder.path().join(".bourse"), world.folder.path().join("said"));
    let statement = format!("0x{}", "07".repeat(32));
    let ask = ["request", "--instance", "any", "--max-price", "0.5", "--work", "9", "--statement", &statement];
    let mut asking = world.command(1, &ask).stdout(std::fs::File::create(&said).unwrap()).spawn().unwrap();
    let node = world.node().await;
    let end = tokio::time::Instant::now() + Duration::from_secs(60);
    let mut reorged = false;
    loop {
        assert!(tokio::time::Instant::now() < end, "{}", std::fs::read_to_string(&said).unwrap());
        assert_eq!(asking.try_wait().unwrap(), None, "it has ended");
        tokio::time::sleep(Duration::from_millis(100)).await;
        let Some(record) = Record::all(&folder).unwrap().pop() else { continue };
        let told = |words| std::fs::read_to_string(&said).unwrap().contains(words);
        let open = node.state(record.id).await.unwrap().status == Status::Open;
        if open && !reorged && told("open") {
            let options = ReorgOptions { depth: 3, tx_block_pairs: Vec::new() };
            provider.anvil_reorg(options).await.unwrap();
            reorged = true;
        } else if open && reorged && told("sending it again") {
            break;
        }
    }
    asking.kill().unwrap();
    asking.wait().unwrap();
}

#[test]
fn without_a_node_or_a_key_it_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bourse"));
        let output = command.current_dir(folder.path()).env_remove("BOURSE_PRIVATE_KEY").args(arguments).output();
        String::from_utf8(output.unwrap().stderr).unwrap()
    };
    assert!(run(&["provers"]).contains("no market known"), "{}", run(&["provers"]));
    let nowhere = ["--rpc", "http://127.0.0.1:1", "--market", "0x0000000000000000000000000000000000000001"];
    let said = run(&[&nowhere[..], &["provers"]].concat());
    assert!(said.contains("no node at http://127.0.0.1:1"), "{said}");
    assert!(run(&["deploy"]).contains("set BOURSE_PRIVATE_KEY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_leads_where_its_requester_and_its_keepers_say() {
    let world = World::new();
    world.json(0, &["deploy"]);
    world.write("any.toml", "name = \"any\"\n[posted]\nbase = \"any\"\npatience = \"5m\"\n");
    world.write(
        "climb.toml",
        "name = \"climb\"\n[dutch]\nstart_bps = 5000\nend_bps = 10000\nramp = \"1m\"\npatience = \"1m\"\n",
    );
    for file in ["any.toml", "climb.toml"] {
        world.json(0, &["instances", "new", file]);
    }
    let limits = "work = 60\nmax_price = \"0.02\"\nlatency = \"10m\"\nbond = \"0.02\"\ncapabilities = [\"instant\"]\n";
    let wishes = "[wishes]\nlatency = { weight = 10000, best = \"10s\", worst = \"10m\" }\n";
    let mandate = "[mandate]\nlasts = \"1d\"\ncooldown = \"1s\"\ntip = \"0.001\"\nmechanisms = [\"dutch\"]\n";
    world.write("lane.toml", &format!("{limits}{wishes}{mandate}"));
    let set = world.json(1, &["lanes", "set", "3", "lane.toml"]);
    assert_eq!(set["terms"]["capabilities"][0], "instant");
    let ask = ["request", "--lane", "3", "--rounds", "20", "--deadline", "9m", "--detach", "--max-price"];
    assert!(world.refusal(1, &[&ask[..], &["0.02"]].concat()).contains("lane 3 leads nowhere"));

    world.json(1, &["lanes", "route", "3", "any"]);
    let asked = world.json(1, &[&ask[..], &["0.02"]].concat());
    let mut prover = Prover::new(&world, 2).await;
    prover.serve(&record(&world, &asked)).await;
    let status = world.json(1, &["status", asked["id"].as_str().unwrap()]);
    assert_eq!(status["status"], "fulfilled");
    assert!(world.refusal(1, &[&ask[..], &["0.03"]].concat()).contains("limit on pricePerUnit would be broken"));

    let of = format!("{:?}", world.anvil.addresses()[1]);
    let keep = |instance| ["lanes", "route", "3", instance, "--of", &of];
    world.json(1, &["account", "deposit", "0.01"]);
    assert!(world.refusal(3, &keep("any")).contains("may not route this lane to the mechanism"));
    world.json(3, &keep("climb"));
    assert_eq!(number(&world.json(3, &["account"])["market"]), ETHER / 1_000, "the keeper is tipped");
    let lanes = world.json(0, &["lanes"]);
    assert_eq!((&lanes[0]["lane"], &lanes[0]["route"]["instance"]), (&3.into(), &2.into()));
    assert_eq!(lanes[0]["terms"]["wishes"][0]["attribute"], "latency");
    world.json(1, &["lanes", "revoke", "3"]);
    assert!(world.refusal(3, &keep("climb")).contains("the mandate to route this lane held until 0"));

    world.write("strict.toml", &format!("{}{wishes}", limits.replace("instant", "sealed")));
    world.json(1, &["lanes", "set", "3", "strict.toml"]);
    assert_eq!(world.json(0, &["lanes"])[0]["route"], Value::Null, "a route that breaks new terms ends");
    assert!(world.refusal(1, &["lanes", "route", "3", "any"]).contains("limit on capabilities would be broken"));
}
