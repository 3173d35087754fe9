//! A reorg takes settlements back, and the keeper makes them again.
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use alloy::primitives::B256;
use bourse_keeper::text;
use bourse_sim::ask::Status;
use common::{ALICE, FULFILLED, Process, REJECTED, World, free_port, proof};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_reorg_of_five_blocks_took_back_is_settled_again() {
    let world = World::start(1).await;
    let (data, port) = (tempfile::tempdir().unwrap(), free_port());
    let keeper = Process::start(&world, data.path(), port);
    keeper.desk.ready().await;
    let requests = world.awarded(ALICE, 6, 600).await;
    // An auction ends on the branch that is dropped, too.
    let auction = world.request(world.ladder).await;
    world.open(&auction).await;
    let awarded_in = world.node.head().await.unwrap().number;
    while world.node.head().await.unwrap().number < awarded_in + 6 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let ids: Vec<_> = requests.iter().map(|request| world.domain.request_id(request)).collect();
    for (id, request) in ids.iter().zip(&requests) {
        keeper.desk.hand_in(id, &world.account(ALICE), &proof(request)).await;
    }
    let mut first = 0;
    for id in &ids {
        let fate = keeper.desk.fate(id, 20).await;
        assert_eq!(fate["status"], "settled");
        first = first.max(fate["block"].as_u64().unwrap());
    }
    let head = world.node.head().await.unwrap().number;
    assert!(head < first + 4, "too slow to be a test: settled in {first}, it is {head}");
    let before = world.hash_of(first).await;
    world.reorg(5).await;
    assert_ne!(world.hash_of(first).await, before, "no reorg");
    let end = Instant::now() + Duration::from_secs(60);
    for (id, request) in ids.iter().zip(&requests) {
        loop {
            let fate = keeper.desk.fate(id, 60).await;
            let block = fate["block"].as_u64().unwrap_or_default();
            let there = world.status(request).await == Status::Fulfilled;
            if there && block > 0 && world.fulfilled_in(id, block).await {
                break;
            }
            assert!(Instant::now() < end, "not settled again: {fate}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    let told = world.told(FULFILLED).await;
    assert!(ids.iter().all(|id| told.get(&B256::from(*id)) == Some(&1)), "{told:?}");
    assert_eq!(world.told(REJECTED).await.len(), 0);
    loop {
        let state = world.node.state(world.domain.request_id(&auction)).await.unwrap();
        if (state.status, state.rung) == (Status::Open, 1) {
            break;
        }
        assert!(Instant::now() < end, "the tick was not made again: {state:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (_, shown) = keeper.desk.get(&format!("/v1/requests/{}", text::bytes(&ids[0]))).await;
    assert_eq!(shown["status"], "fulfilled");
    let (_, metrics) = keeper.desk.get("/metrics").await;
    assert!(metrics.as_str().unwrap().contains("keeper_reverted_blocks_total"), "no reorg was noticed");
}
