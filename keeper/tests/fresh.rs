//! Instances that a keeper registers for a lane, on a real chain.
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use bourse_chain::call;
use bourse_keeper::Keeper;
use bourse_sim::lane::{Mandate, Terms, Wish};
use bourse_sim::qos::fresh::A_DAY;
use common::{BOND, Desk, KEEPER, PRICE, REQUESTER, World};
use serde_json::Value;

const NUMBER: u32 = 1;
const OTHER: u32 = 2;

/// Work that is only ever paid what the first instance asks, all that there is; and has to be proven within `window`.
fn terms(window: u32, latency: u32) -> Terms {
    Terms {
        verifier: 1,
        work: 1_000,
        bond: BOND,
        window,
        price_per_unit: PRICE / 1_000,
        latency,
        wishes: vec![Wish { attribute: 0, weight: 10_000, best: 0, worst: PRICE / 1_000 }],
        ..Terms::default()
    }
}

async fn made(desk: &Desk, action: &str) -> Vec<Value> {
    let (_, body) = desk.get("/v1/decisions?limit=500").await;
    body["decisions"].as_array().unwrap().iter().filter(|made| made["action"] == action).cloned().collect()
}

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(40);
    while !done().await {
        assert!(Instant::now() < end, "never: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_a_lane_lacks_is_registered_and_routed_to() {
    let world = World::start(1).await;
    let requester = world.account(REQUESTER);
    let ends = world.now().await + 1_000_000;
    let mandate = Mandate { until: ends, cooldown: 1, anyone: true, any_mechanism: true, ..Mandate::default() };
    // Of two seconds that are left to find a prover, all that is there takes more.
    for (lane, terms) in [(NUMBER, terms(600, 603)), (OTHER, terms(600, 603))] {
        world.send(REQUESTER, call::set_terms(lane, &terms)).await;
    }
    let data = tempfile::tempdir().unwrap();
    let mut keeper = Keeper::open(world.config(data.path())).await.unwrap();
    let desk = Desk::new(keeper.address());
    let task = tokio::spawn(async move { keeper.drive().await.unwrap() });
    desk.ready().await;
    world.send(REQUESTER, call::set_mandate(NUMBER, &mandate)).await;
    let leads = async |lane| world.node.lane(requester, lane).await.unwrap().0.0;
    until("the lane has a route", async || leads(NUMBER).await != 0).await;
    let fresh = leads(NUMBER).await;
    let instance = world.node.instance(fresh).await.unwrap();
    assert!(fresh > world.english && instance.owner == world.account(KEEPER), "{fresh} {instance:?}");
    let registered = made(&desk, "register").await;
    assert!((1..=A_DAY).contains(&registered.len()), "{registered:?}");
    assert!(registered[0]["reason"].as_str().unwrap().contains("fresh"), "{registered:?}");

    // A lane that is alike has no need of another.
    world.send(REQUESTER, call::set_mandate(OTHER, &mandate)).await;
    until("the other lane has a route", async || leads(OTHER).await != 0).await;
    assert_eq!((leads(OTHER).await, made(&desk, "register").await.len()), (leads(NUMBER).await, registered.len()));

    // Another start decides the same, and has nothing to do.
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
    let mut keeper = Keeper::open(world.config(data.path())).await.unwrap();
    let desk = Desk::new(keeper.address());
    let task = tokio::spawn(async move { keeper.drive().await.unwrap() });
    desk.ready().await;
    let block = world.node.head().await.unwrap().number;
    until("some blocks pass", async || world.node.head().await.unwrap().number > block + 3).await;
    assert_eq!(made(&desk, "register").await.len(), registered.len());
    task.abort();
}
