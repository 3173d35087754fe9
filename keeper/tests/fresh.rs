//! Instances that a keeper registers for a lane, and retunes, on a real chain.
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use alloy::providers::ext::AnvilApi;
use bourse_chain::call;
use bourse_keeper::Keeper;
use bourse_sim::lane::{Mandate, Terms, Wish};
use bourse_sim::mechanisms::posted::PostedParams;
use bourse_sim::qos::tune::REST;
use common::{ALICE, BOB, BOND, Desk, KEEPER, PRICE, REQUESTER, World, setup};
use serde_json::Value;

const NUMBER: u32 = 1;
const TWIN: u32 = 2;
const LATER: u32 = 3;

/// Somebody who wants it cheap.
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
    for lane in [NUMBER, TWIN, LATER] {
        world.send(REQUESTER, call::set_terms(lane, &terms(600, 603))).await;
    }
    // Both are thought about at once, and one instance is enough for them.
    for lane in [NUMBER, TWIN] {
        world.send(REQUESTER, call::set_mandate(lane, &mandate)).await;
    }
    let data = tempfile::tempdir().unwrap();
    let mut keeper = Keeper::open(world.config(data.path())).await.unwrap();
    let desk = Desk::new(keeper.address());
    let task = tokio::spawn(async move { keeper.drive().await.unwrap() });
    desk.ready().await;
    let leads = async |lane| world.node.lane(requester, lane).await.unwrap().0.0;
    until("the lanes have a route", async || leads(NUMBER).await * leads(TWIN).await != 0).await;
    let fresh = leads(NUMBER).await;
    assert_eq!(fresh, leads(TWIN).await);
    let instance = world.node.instance(fresh).await.unwrap();
    assert!(fresh > world.english && instance.owner == world.account(KEEPER), "{fresh} {instance:?}");
    let registered = made(&desk, "register").await;
    assert_eq!(registered.len(), 1, "{registered:?}");
    assert!(registered[0]["reason"].as_str().unwrap().contains("fresh"), "{registered:?}");

    world.send(REQUESTER, call::set_mandate(LATER, &mandate)).await;
    until("the other lane has a route", async || leads(LATER).await != 0).await;
    assert_eq!((leads(LATER).await, made(&desk, "register").await.len()), (fresh, 1), "it is there already");

    // Another start decides the same, and has nothing to do.
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
    let mut keeper = Keeper::open(world.config(data.path())).await.unwrap();
    let desk = Desk::new(keeper.address());
    let task = tokio::spawn(async move { keeper.drive().await.unwrap() });
    desk.ready().await;
    let block = world.node.head().await.unwrap().number;
    until("some blocks pass", async || world.node.head().await.unwrap().number > block + 3).await;
    assert_eq!(made(&desk, "register").await.len(), 1);
    task.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_of_its_own_is_retuned_and_no_lane_is_moved_by_that() {
    let world = World::start(1).await;
    // The work is paid half of all that there is, and costs next to nothing.
    let mechanism = world.node.config(world.posted, 1).await.unwrap().mechanism;
    let rate = PRICE / 2_000 * 1_000_000;
    let dear = PostedParams { base: 0, rate, patience: 600 };
    world.send(KEEPER, call::register(&setup(mechanism, dear.encode(), 0), true)).await;
    let (own, requester) = (world.english + 1, world.account(REQUESTER));
    world.send(REQUESTER, call::set_terms(NUMBER, &terms(600, 3_600))).await;
    world.send(REQUESTER, call::route(requester, NUMBER, own, 1)).await;
    let data = tempfile::tempdir().unwrap();
    let mut keeper = Keeper::open(world.config(data.path())).await.unwrap();
    let desk = Desk::new(keeper.address());
    let task = tokio::spawn(async move { keeper.drive().await.unwrap() });
    desk.ready().await;
    for turn in 0..6 {
        world.serve(NUMBER, [ALICE, BOB][turn % 2], 0).await;
    }
    assert!(made(&desk, "retune").await.is_empty(), "a version rests for an hour");
    world.provider.anvil_increase_time(REST).await.unwrap();
    world.provider.anvil_mine(Some(1), None).await.unwrap();
    world.serve(NUMBER, ALICE, 0).await;
    let version = async || world.node.instance(own).await.unwrap().version;
    until("it is retuned", async || version().await == 2).await;
    let params = async |version| PostedParams::decode(&world.node.config(own, version).await.unwrap().params).unwrap();
    let (before, after) = (params(1).await, params(2).await);
    assert_eq!((before, after.base, after.patience), (dear, 0, 600));
    assert_eq!(after.rate, rate - rate / 10, "a tenth, and nothing else");
    let block = world.node.head().await.unwrap().number;
    until("some blocks pass", async || world.node.head().await.unwrap().number > block + 3).await;
    let retuned = made(&desk, "retune").await;
    assert_eq!((retuned.len(), version().await), (1, 2), "it rests again: {retuned:?}");
    assert!(retuned[0]["reason"].as_str().unwrap().contains("for 1 lanes on it"), "{retuned:?}");
    assert_eq!(world.node.lane(requester, NUMBER).await.unwrap().0, (own, 1));
    task.abort();
}
