//! Lanes that a keeper routes by itself, on a real chain: where wishes lead, what a mandate allows, and what cannot be had.
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use bourse_chain::call;
use bourse_keeper::Keeper;
use bourse_keeper::text;
use bourse_sim::lane::{Mandate, Terms, Wish};
use bourse_sim::{Wei, ZERO};
use common::{BOND, Desk, KEEPER, PRICE, REQUESTER, World};
use serde_json::Value;

const FAST: u32 = 1;
const CHEAP: u32 = 2;
const HOPELESS: u32 = 3;
const TIP: Wei = 1_000;
const COST: u8 = 0;
const LATENCY: u8 = 1;

fn terms(attribute: u8, best: Wei, worst: Wei) -> Terms {
    Terms {
        verifier: 1,
        work: 1_000,
        bond: BOND,
        window: 600,
        price_per_unit: PRICE / 1_000,
        latency: 3_600,
        wishes: vec![Wish { attribute, weight: 10_000, best, worst }],
        ..Terms::default()
    }
}

async fn mandate(world: &World) -> Mandate {
    let until = world.now().await + 1_000_000;
    Mandate { until, cooldown: 1, tip: TIP, anyone: true, any_mechanism: true, ..Mandate::default() }
}

async fn at(world: &World, lane: u32) -> u32 {
    world.node.lane(world.account(REQUESTER), lane).await.unwrap().0.0
}

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(40);
    while !done().await {
        assert!(Instant::now() < end, "never: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn routes(desk: &Desk) -> Vec<Value> {
    let (_, body) = desk.get("/v1/decisions?limit=500").await;
    let all = body["decisions"].as_array().unwrap().clone();
    all.into_iter().filter(|made| made["action"] == "route").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn wishes_lead_lanes_apart_within_the_mandate() {
    let world = World::start(1).await;
    let set = [
        (FAST, terms(LATENCY, 1, 30)),
        (CHEAP, terms(COST, 0, PRICE / 1_000)),
        (HOPELESS, Terms { latency: 5, window: 4, ..terms(COST, 0, PRICE / 1_000) }),
    ];
    for (lane, terms) in &set {
        world.send(REQUESTER, call::set_terms(*lane, terms)).await;
    }
    for lane in [FAST, CHEAP] {
        world.send(REQUESTER, call::route(world.account(REQUESTER), lane, world.posted, 0)).await;
    }
    let data = tempfile::tempdir().unwrap();
    let mut keeper = Keeper::open(world.config(data.path())).await.unwrap();
    let desk = Desk::new(keeper.address());
    let task = tokio::spawn(async move { keeper.drive().await.unwrap() });
    desk.ready().await;
    let (_, lanes) = desk.get("/v1/lanes").await;
    assert_eq!(lanes["lanes"].as_array().unwrap().len(), 0, "nobody has let it: {lanes}");

    let mandate = mandate(&world).await;
    for (lane, _) in &set {
        world.send(REQUESTER, call::set_mandate(*lane, &mandate)).await;
    }
    until("the cheap lane is moved from the posted price", async || at(&world, CHEAP).await != world.posted).await;
    until("the lanes are thought about", async || {
        desk.get("/v1/lanes").await.1["lanes"].as_array().unwrap().len() == 3
    })
    .await;
    let (fast, cheap) = (at(&world, FAST).await, at(&world, CHEAP).await);
    assert_ne!(fast, world.sealed, "somebody in a hurry does not wait for two phases");
    assert_ne!((fast, at(&world, HOPELESS).await), (cheap, 1), "apart, and the hopeless one nowhere");
    assert_eq!(at(&world, HOPELESS).await, 0);
    let keeper = world.account(KEEPER);
    let moves = routes(&desk).await;
    assert_eq!(world.node.balance(ZERO, keeper).await.unwrap(), TIP * moves.len() as Wei, "{moves:?}");

    // What it thinks is told with its parts, which add up.
    let requester = text::account(&world.account(REQUESTER));
    let (status, told) = desk.get(&format!("/v1/lanes/{requester}/{CHEAP}")).await;
    let verdict = &told["verdicts"][0];
    assert_eq!(status, 200, "{told}");
    let parts: f64 = verdict["parts"].as_object().unwrap().values().map(|part| part.as_f64().unwrap()).sum();
    assert!((parts - verdict["utility"].as_f64().unwrap()).abs() < 1e-9, "{verdict}");
    let (_, told) = desk.get(&format!("/v1/lanes/{requester}/{HOPELESS}")).await;
    assert_eq!(told["verdicts"][0]["infeasible"][0]["limit"], "time", "{told}");

    // A mandate that is taken back is taken back at once.
    world.send(REQUESTER, call::set_mandate(CHEAP, &Mandate::default())).await;
    world.send(REQUESTER, call::route(world.account(REQUESTER), CHEAP, world.posted, 0)).await;
    let block = world.node.head().await.unwrap().number;
    until("some blocks pass", async || world.node.head().await.unwrap().number > block + 3).await;
    assert_eq!(at(&world, CHEAP).await, world.posted);
    assert_eq!(routes(&desk).await.len(), moves.len());
    task.abort();
    let again = task.await;
    assert!(again.is_err_and(|error| error.is_cancelled()));

    // Another start on the same disk decides the same, and has nothing to do.
    let mut keeper = Keeper::open(world.config(data.path())).await.unwrap();
    let desk = Desk::new(keeper.address());
    let task = tokio::spawn(async move { keeper.drive().await.unwrap() });
    desk.ready().await;
    let block = world.node.head().await.unwrap().number;
    until("some blocks pass", async || world.node.head().await.unwrap().number > block + 2).await;
    assert_eq!(routes(&desk).await.len(), moves.len());
    task.abort();
}
