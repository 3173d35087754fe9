//! What parameters imply is said before anything is sent, by the mechanism itself, whoever wrote it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use alloy::node_bindings::{Anvil, AnvilInstance};
use alloy::primitives::B256;
use bourse_chain::read::Token;
use bourse_cli::blueprint::Blueprint;
use bourse_cli::template::Shipped;
use bourse_sim::ZERO;
use bourse_sim::mechanisms::by_name;
use bourse_sim::mechanisms::modifier::Inner;
use clap::ValueEnum;
use serde_json::Value;
use tempfile::TempDir;

/// A chain with a market on it.
struct World {
    anvil: AnvilInstance,
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let pinned =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
        let path = if pinned.exists() { pinned } else { PathBuf::from("anvil") };
        let anvil = Anvil::at(path).timeout(60_000).spawn();
        let world = Self { anvil, folder: tempfile::tempdir().unwrap() };
        let key = format!("0x{:x}", B256::from_slice(&world.anvil.keys()[0].to_bytes()));
        let deployed = world.command(&["deploy"]).env("BOURSE_PRIVATE_KEY", key).output().unwrap();
        assert!(deployed.status.success(), "{}", String::from_utf8_lossy(&deployed.stderr));
        world
    }

    /// Without a key: nothing can be sent.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bourse"));
        command.current_dir(self.folder.path()).env("BOURSE_RPC", self.anvil.endpoint()).args(arguments);
        command.env_remove("BOURSE_PRIVATE_KEY");
        command
    }

    fn explain(&self, text: &str, flags: &[&str]) -> Output {
        std::fs::write(self.folder.path().join("i.toml"), text).unwrap();
        self.command(&[&["instances", "new", "i.toml", "--explain"], flags].concat()).output().unwrap()
    }

    fn json(&self, text: &str, flags: &[&str]) -> Value {
        let said = self.explain(text, &[flags, &["--json"]].concat());
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        serde_json::from_slice(&said.stdout).unwrap()
    }

    fn refusal(&self, text: &str) -> String {
        let said = self.explain(text, &[]);
        assert!(!said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
        String::from_utf8(said.stderr).unwrap()
    }
}

#[test]
fn every_template_is_an_instance() {
    let coin = Token { address: ZERO, symbol: "ETH".into(), decimals: 18 };
    for shipped in Shipped::value_variants() {
        let name = shipped.to_possible_value().unwrap();
        let program = Command::new(env!("CARGO_BIN_EXE_bourse"))
            .args(["instances", "new", "--rpc", "http://127.0.0.1:1", "--mechanism", name.get_name()])
            .output()
            .unwrap();
        assert!(program.status.success(), "{}", String::from_utf8_lossy(&program.stderr));
        assert_eq!(program.stdout, shipped.template().as_bytes());
        let blueprint: Blueprint = toml::from_str(shipped.template()).unwrap();
        let (mechanism, mut params) = blueprint.encoded(&coin, &coin).unwrap();
        let mut mechanism = mechanism.unwrap();
        for modifier in blueprint.around().unwrap().into_iter().rev() {
            let inner = Inner { name: mechanism.to_owned(), ..Inner::default() };
            params = blueprint.wrap(modifier, inner, &params, &coin).unwrap();
            mechanism = modifier;
        }
        assert_eq!(mechanism, name.get_name());
        by_name(mechanism).unwrap().check(&params).unwrap();
    }
}

/// What each template implies for a request of at most 0.02 ETH, 1,000 units of work, a bond of 0.01 ETH and a window of 600 s: worst
/// price, latest award, what losers and no-shows pay.
const IMPLIED: [[&str; 5]; 16] = [
    ["posted", "0.02 ETH", "60 s", "is not chosen: pays nothing; bids", "wins and does not prove: loses 0.01 ETH"],
    ["dutch", "0.02 ETH", "90 s", "is not chosen: pays nothing; bids", "wins and does not prove: loses 0.01 ETH"],
    [
        "sealed",
        "0.02 ETH",
        "121 s",
        "nothing, its deposit of 0.001 ETH comes",
        "wins and does not prove: loses 0.01 ETH",
    ],
    [
        "english",
        "0.02 ETH",
        "621 s",
        "nothing, its deposit of 0.01 ETH comes",
        "wins and does not prove: loses 0.01 ETH",
    ],
    ["rfq", "0.02 ETH", "300 s", "is not chosen: pays nothing; bids", "wins and does not prove: loses 0.01 ETH"],
    ["race", "0.02 ETH", "601 s", "is beaten: pays nothing, its deposit of 0.0001 ETH", "in time: loses 0.0001 ETH"],
    [
        "scoring",
        "0.02 ETH",
        "121 s",
        "nothing, its deposit of 0.001 ETH comes",
        "wins and does not prove: loses 0.005 ETH",
    ],
    [
        "committee",
        "0.02 ETH",
        "61 s",
        "is late with its shard: pays nothing",
        "none of them brings the proof: loses 0.01 ETH",
    ],
    [
        "contest",
        "0.0199 ETH",
        "181 s",
        "not drawn: loses 0.0001 ETH: 0.00005 ETH burned",
        "does not prove: loses 0.01 ETH",
    ],
    [
        "seat",
        "0.00015 ETH",
        "0 s",
        "outbid: pays nothing, its deposit of 0.1 ETH",
        "sits and does not prove: loses 0.02 ETH",
    ],
    [
        "reserved",
        "0.00015 ETH",
        "0 s",
        "outbid: pays nothing, its deposit of 0.1 ETH",
        "does not prove: loses 0.02 ETH",
    ],
    [
        "sortition",
        "0.002 ETH",
        "200 s",
        "its deposit of 0.1 ETH stays its own",
        "wins and does not prove: loses 0.01 ETH",
    ],
    [
        "batch",
        "0.02 ETH",
        "180 s",
        "finds no order: pays nothing, its deposit of 0.01 ETH",
        "not prove: loses 0.01 ETH",
    ],
    ["gas", "0.02 ETH", "90 s", "is not chosen: pays nothing; bids", "wins and does not prove: loses 0.01 ETH"],
    ["grace", "0.02 ETH", "90 s", "is not chosen: pays nothing; bids", "wins and does not prove: loses 0.01 ETH"],
    ["spread", "0.02 ETH", "90 s", "is not chosen: pays nothing; bids", "wins and does not prove: loses 0.01 ETH"],
];

#[test]
fn every_template_says_the_worst_price_the_latest_award_and_who_loses_what() {
    let world = World::new();
    assert_eq!(IMPLIED.len(), Shipped::value_variants().len());
    for [name, price, award, loser, no_show] in IMPLIED {
        let template = Shipped::from_str(name, false).unwrap().template();
        let example = ["--max-price", "0.02", "--bond", "0.01", "--work", "1000", "--window", "10m"];
        let said = world.explain(template, &example);
        assert!(said.status.success(), "{name}: {}", String::from_utf8_lossy(&said.stderr));
        let said = String::from_utf8(said.stdout).unwrap();
        let row = |head: &str| said.lines().find(|line| line.trim_start().starts_with(head)).unwrap_or_default();
        assert!(row("worst price").ends_with(&format!(" {price}")), "{name}, want {price}:\n{said}");
        assert!(row("latest award").contains(&format!(" {award} after it opens")), "{name}, want {award}:\n{said}");
        assert!(row("loser").contains(loser), "{name}, want {loser}:\n{said}");
        assert!(row("no-show").contains(no_show), "{name}, want {no_show}:\n{said}");
    }
}

#[test]
fn each_mechanism_says_what_its_parameters_imply() {
    let world = World::new();
    let tariff = "[posted]\nbase = \"0.001\"\nrate = \"0.002\"\npatience = \"1m\"\n";
    let posted = world.json(tariff, &["--max-price", "0.01", "--work", "2000000", "--window", "30s"]);
    assert_eq!(posted["mechanismName"], "posted");
    assert_eq!(posted["price"], "5000000000000000");
    assert_eq!((&posted["award"], &posted["proof"], &posted["deadline"]), (&60.into(), &30.into(), &90.into()));
    assert_eq!((&posted["bond"], &posted["deposit"]), (&"10000000000000000".into(), &"0".into()));
    assert_eq!(posted["noShow"]["burned"], "5000000000000000");
    assert_eq!(posted["noShow"]["requester"], "4500000000000000");
    assert_eq!(posted["noShow"]["caller"], "500000000000000");
    assert!(posted["capabilities"].to_string().contains("fixed"), "{posted}");

    let sealed = "[sealed]\npayment = \"second\"\ncommit = \"30s\"\nreveal = \"1m\"\ndeposit_bps = 2500\n";
    let sealed = format!("{sealed}deposit_floor = \"0.0001\"\nstandbys = 2\nbidders = 8\n");
    let vickrey = world.json(&sealed, &["--max-price", "0.02", "--bond", "0.04"]);
    assert_eq!((&vickrey["deposit"], &vickrey["standbys"]), (&"10000000000000000".into(), &2.into()));
    assert_eq!(vickrey["award"], 91);
    assert!(vickrey["capabilities"].to_string().contains("one's cost"), "{vickrey}");
    let said = world.explain(&sealed, &["--max-price", "0.02", "--bond", "0.04"]);
    let said = String::from_utf8(said.stdout).unwrap();
    for line in ["91 s after it opens", "its deposit of 0.01 ETH comes back", "loses 0.04 ETH: 0.02 ETH burned"] {
        assert!(said.contains(line), "no '{line}' in {said}");
    }

    // The same by an address and bytes, as for a mechanism that nobody here knows.
    let deployment: Value =
        serde_json::from_slice(&std::fs::read(world.folder.path().join(".bourse/deployment.json")).unwrap()).unwrap();
    let at = &deployment["mechanisms"]["sealed"];
    let foreign = format!("mechanism = {at}\nparams = {}\n", vickrey["params"]);
    assert_eq!(world.json(&foreign, &["--max-price", "0.02", "--bond", "0.04"]), vickrey);

    // Nothing was sent: there is nothing to list.
    let listed = world.command(&["instances", "--json"]).output().unwrap();
    assert_eq!(String::from_utf8(listed.stdout).unwrap().trim(), "[]");

    let refusal = world.refusal("[dutch]\nstart_bps = 5000\nend_bps = 4000\nramp = \"1m\"\npatience = \"1m\"\n");
    assert!(
        refusal.contains("refuses these parameters: the parameter startBps is 5000, it may be 0 to 3999"),
        "{refusal}"
    );
    let refusal = world.refusal(&format!("mechanism = {at}\nparams = \"0x1234\"\n"));
    assert!(refusal.contains("they are not in its encoding"), "{refusal}");
    let refusal = world.refusal("mechanism = \"0x0000000000000000000000000000000000000011\"\nparams = \"0x\"\n");
    assert!(refusal.contains("there is no contract at 0x0000000000000000000000000000000000000011"), "{refusal}");
    let market = &deployment["market"];
    let refusal = world.refusal(&format!("mechanism = {market}\nparams = \"0x\"\n"));
    assert!(refusal.contains("it is no mechanism"), "{refusal}");
}
