//! The journeys of a requester and of an operator, with the program as people run it, on a real chain, with a real proof.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../chain/tests/fixture/reorg.rs"]
mod reorg;
mod world;

use std::process::Command;
use std::time::Duration;

use alloy::network::Ethereum;
use alloy::providers::RootProvider;
use alloy::providers::ext::AnvilApi;
use bourse_cli::record::Record;
use bourse_sim::ask::Status;
use bourse_sim::market::place_of;
use serde_json::Value;
use world::{ETHER, Prover, ROUNDS, World, number, record};

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
            reorg::take_back(&provider, 3).await;
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
