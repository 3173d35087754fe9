//! Settings and the subcommands that show them, with the program itself.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use bourse_prover::{
    Config,
    bid::{Reason, Rule},
};

const MARKET: &str = "0x5FbDB2315678afecb367f032d93F642f64180aa3";

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("example.toml")
}

/// Runs `prover config` in a folder of its own.
fn config(file: Option<&str>, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    if let Some(text) = file {
        std::fs::write(folder.path().join("prover.toml"), text).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_prover"));
    command.current_dir(folder.path()).env_clear().envs(environment.iter().copied());
    command.arg("config").args(arguments).output().unwrap()
}

fn shown(file: &str, environment: &[(&str, &str)], arguments: &[&str]) -> toml::Table {
    let output = config(Some(file), environment, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().parse().unwrap()
}

fn refused(file: &str) -> String {
    let output = config(Some(file), &[], &[]);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_example_is_complete_and_valid() {
    let output = config(Some(&std::fs::read_to_string(example()).unwrap()), &[], &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let config: Config = toml::from_str(&String::from_utf8(output.stdout).unwrap()).unwrap();
    assert_eq!(config.supply.stake.0, 1_000_000_000_000_000_000);
    assert_eq!(config.offers[0].floor.0, 1_000_000_000);
    let known = bourse_sim::mechanisms::ALL.map(|mechanism| mechanism.name());
    assert!(known.iter().all(|name| config.supply.mechanisms.contains_key(*name)));
    for mechanism in bourse_sim::mechanisms::ALL {
        let read = Rule::read(mechanism.name(), &[]);
        assert!(!matches!(read, Err(Reason::UnknownMechanism(_))), "{} is not known", mechanism.name());
    }
}

#[test]
fn flags_come_before_the_environment_and_that_before_the_file() {
    let file =
        format!("market = \"{MARKET}\"\nlisten = \"127.0.0.1:1\"\n[delivery]\nblocks = 11\nreserve_seconds = 12");
    let only_file = shown(&file, &[], &[]);
    assert_eq!(only_file["listen"].as_str(), Some("127.0.0.1:1"));
    assert_eq!(only_file["delivery"]["blocks"].as_integer(), Some(11));

    let environment =
        [("PROVER_LISTEN", "127.0.0.1:2"), ("PROVER_DELIVERY__BLOCKS", "22"), ("PROVER_SUPPLY__STAKE", "3 gwei")];
    let both = shown(&file, &environment, &[]);
    assert_eq!(both["listen"].as_str(), Some("127.0.0.1:2"));
    assert_eq!(both["delivery"]["blocks"].as_integer(), Some(22));
    assert_eq!(both["delivery"]["reserve_seconds"].as_integer(), Some(12), "what is not named stays");
    assert_eq!(both["supply"]["stake"].as_str(), Some("3000000000"));

    let all = shown(&file, &environment, &["--listen", "127.0.0.1:3", "--set", "delivery.blocks=33"]);
    assert_eq!(all["listen"].as_str(), Some("127.0.0.1:3"));
    assert_eq!(all["delivery"]["blocks"].as_integer(), Some(33));
}

#[test]
fn members_of_committees_have_places_that_can_be_reached() {
    let member = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
    let with = |url: &str| format!("market = \"{MARKET}\"\n[committee]\npeers = {{ \"{member}\" = \"{url}\" }}");
    let peers = &shown(&with("https://prover.example/node"), &[], &[])["committee"]["peers"];
    assert_eq!(peers[&member.to_lowercase()].as_str(), Some("https://prover.example/…"), "paths may be secret");
    for url in
        ["", "10.0.0.2:9465", "ftp://10.0.0.2", "http://", "http:///x", "http://a b", "http://a?b", "http://u:p@a"]
    {
        let why = refused(&with(url));
        assert!(why.contains(&format!("'{url}'")) && why.contains("right would be http://10.0.0.2:9465"), "{why}");
    }
    let zero = with("http://10.0.0.2").replace(member, &format!("0x{}", "0".repeat(40)));
    assert!(refused(&zero).contains("the zero address"));
    assert!(refused(&format!("listen = \"\"\n{}", with("http://10.0.0.2"))).contains("listen is empty"));
}

#[test]
fn secrets_are_not_shown() {
    let file = format!(
        "market = \"{MARKET}\"\nnode = \"https://user:geheim@node.example:8545/v2/geheim?k=geheim\"\n[[backends]]\nverifier = 1\n\
         [backends.command]\nname = \"x\"\ntimeout_seconds = 1.0\nprove = {{ program = \"p\", args = [\"--token\", \"geheim\"] }}"
    );
    let environment = [("PROVER_PRIVATE_KEY", "geheim"), ("PROVER_KEYSTORE_PASSWORD", "geheim")];
    let output = config(Some(&file), &environment, &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && !text.contains("geheim"), "{text}");
    assert!(text.contains("https://node.example:8545/…"), "{text}");
}

#[test]
fn what_is_wrong_is_said_with_what_would_be_right() {
    let market = format!("market = \"{MARKET}\"\n");
    let cases = [
        (String::new(), "market"),
        (format!("{market}marget = 1"), "marget"),
        (format!("{market}[supply]\nstake = \"5 eth\""), "0.1 ether"),
        (format!("{market}[supply.mechanisms]\nlottery = []"), "posted, dutch, sealed"),
        (format!("{market}[[backends]]\nverifier = 1"), "exactly one|right is one"),
        (format!("{market}listen = \"9465\""), "127.0.0.1:9465"),
        (format!("{market}[proving]\nparallel = 0"), "1 or more"),
        (format!("{market}[bidding]\nrival_lowest_bps = 20000"), "at most 10000"),
        (format!("{market}[standing]\nutilisation_bps = 0"), "right is 1 to 10000"),
    ];
    for (file, want) in cases {
        let error = refused(&file);
        assert!(want.split('|').any(|want| error.contains(want)), "{file}: {error}");
    }
    let missing = config(None, &[], &["--config", "nowhere.toml"]);
    assert!(String::from_utf8(missing.stderr).unwrap().contains("there is no file nowhere.toml"));
}

#[test]
fn without_a_key_it_says_where_keys_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_prover"))
        .current_dir(folder.path())
        .env_clear()
        .args(["run", "--market", MARKET, "--listen", ""])
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains("PROVER_PRIVATE_KEY"), "{error}");
}
