//! What keepers do with lanes, decided again by anybody: on a real chain, with a real keeper.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;

use std::time::{Duration, Instant};

use bourse_chain::Key;
use bourse_keeper::Keeper;
use bourse_keeper::config::{Config, KeySource};
use serde_json::Value;
use world::{Prover, World};

const KEEPER: usize = 3;

fn lane(world: &World) -> Value {
    world.json(0, &["lanes"])[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_keeper_registers_for_a_lane_is_decided_again() {
    let world = World::new();
    world.json(0, &["deploy"]);
    world.write("dear.toml", "name = \"dear\"\n[posted]\nbase = \"any\"\npatience = \"5m\"\n");
    world.json(0, &["instances", "new", "dear.toml"]);
    Prover::new(&world, 2).await;
    let limits = "work = 60\nmax_price = \"0.02\"\nlatency = \"10m\"\nbond = \"0.02\"\n";
    let wishes = "[wishes]\ncost = { weight = 10000, best = \"0\", worst = \"0.02\" }\n";
    world.write("lane.toml", &format!("{limits}{wishes}[mandate]\nlasts = \"1d\"\ncooldown = \"1s\"\ntip = \"0\"\n"));
    world.json(1, &["lanes", "set", "3", "lane.toml"]);
    world.json(1, &["lanes", "route", "3", "dear"]);
    let why = world.json(1, &["why", "3"]);
    assert_eq!(why["fresh"]["mechanism"], "posted", "{why}");
    let told = String::from_utf8(world.said(1, &["why", "3"]).stdout).unwrap();
    assert!(told.contains("to be registered: a fresh posted instance"), "{told}");

    let (data, node) = (tempfile::tempdir().unwrap(), world.node().await);
    let key = KeySource::Given(Key::from_hex(&world.key(KEEPER)).unwrap());
    let mut config = Config::new(world.anvil.endpoint(), node.market(), key, data.path());
    config.listen = ([127, 0, 0, 1], 0).into();
    let mut keeper = Keeper::open(config).await.unwrap();
    let task = tokio::spawn(async move { keeper.drive().await.unwrap() });
    let end = Instant::now() + Duration::from_secs(60);
    while lane(&world)["route"]["instance"] == 1 {
        assert!(Instant::now() < end && !task.is_finished(), "it is not moved: {}", lane(&world));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    task.abort();

    let of = format!("{:?}", world.anvil.addresses()[1]);
    let audit = world.json(0, &["audit", "3", "--of", &of]);
    assert_eq!((&audit["differ"], &audit["moves"][0]["same"]), (&0.into(), &true.into()), "{audit}");
    let registered = &audit["instances"][0];
    assert_eq!((&registered["version"], &registered["same"]), (&1.into(), &true.into()), "{audit}");
    assert_eq!(registered["instance"], audit["moves"][0]["have"], "{audit}");
    let told = String::from_utf8(world.said(0, &["audit", "3", "--of", &of]).stdout).unwrap();
    assert!(told.contains("made instance 2 v1, as of block") && told.contains("over the best that is there"), "{told}");
}
