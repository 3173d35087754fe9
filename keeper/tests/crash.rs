//! A keeper that is killed at any moment loses no proof and settles none twice; one that is asked to stop does so.
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use alloy::primitives::B256;
use bourse_sim::ask::Status;
use common::{ALICE, FULFILLED, Process, REJECTED, World, free_port, proof};

const ROUNDS: u64 = 10;
const PROOFS: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_keeper_loses_no_proof_and_settles_none_twice() {
    let world = World::start(1).await;
    let (data, port) = (tempfile::tempdir().unwrap(), free_port());
    let mut keeper = Process::start(&world, data.path(), port);
    keeper.desk.ready().await;
    let alice = world.account(ALICE);
    let seed = RandomState::new().hash_one(0u8);
    println!("seed {seed:#x}");
    let mut requests = Vec::new();
    for round in 0..ROUNDS {
        let awarded = world.awarded(ALICE, PROOFS, 600).await;
        let desk = keeper.desk.clone();
        let domain = world.domain.clone();
        let load = awarded.clone();
        // Handed in until accepted, whatever happens to the keeper meanwhile; once accepted, never again.
        let prover = tokio::spawn(async move {
            for request in load {
                desk.hand_in(&domain.request_id(&request), &alice, &proof(&request)).await;
            }
        });
        let moment = (seed >> (round * 5)) % 32;
        tokio::time::sleep(Duration::from_millis(moment * 60)).await;
        keeper.kill();
        keeper = Process::start(&world, data.path(), port);
        prover.await.unwrap();
        requests.extend(awarded);
    }
    for request in &requests {
        world.until(request, Status::Fulfilled, 60).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let told = world.told(FULFILLED).await;
    for request in &requests {
        let id = world.domain.request_id(request);
        assert_eq!(told.get(&B256::from(id)), Some(&1), "request {}", request.nonce);
        assert_eq!(keeper.desk.fate(&id, 10).await["status"], "settled");
    }
    assert_eq!(world.told(REJECTED).await.len(), 0, "something was sent twice");
    let (code, took) = keeper.terminate();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_from_an_empty_disk_ends_in_the_same_state_and_another_chain_is_refused() {
    let world = World::start(1).await;
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let port = free_port();
    let mut keeper = Process::start(&world, first.path(), port);
    keeper.desk.ready().await;
    for request in world.awarded(ALICE, 5, 600).await {
        let id = world.domain.request_id(&request);
        keeper.desk.hand_in(&id, &world.account(ALICE), &proof(&request)).await;
        assert_eq!(keeper.desk.fate(&id, 20).await["status"], "settled");
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (_, before) = keeper.desk.get("/v1/requests").await;
    let (_, provers) = keeper.desk.get("/v1/provers").await;
    assert_eq!(keeper.terminate().0, Some(0));
    keeper = Process::start(&world, second.path(), port);
    keeper.desk.ready().await;
    // The mechanisms are asked for their names meanwhile.
    let mut after = keeper.desk.get("/v1/requests").await.1;
    for _ in 0..50 {
        if after["requests"] == before["requests"] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        after = keeper.desk.get("/v1/requests").await.1;
    }
    assert_eq!(after["requests"], before["requests"]);
    assert_eq!(keeper.desk.get("/v1/provers").await.1, provers);
    assert_eq!(keeper.terminate().0, Some(0));

    // The same addresses and number, but not the same chain.
    let other = World::start(1).await;
    let mut keeper = Process::start(&other, first.path(), port);
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if let Some(status) = keeper.ended() {
            assert_eq!(status.code(), Some(1));
            let log = std::fs::read_to_string(first.path().join("keeper.log")).unwrap();
            assert!(log.lines().last().unwrap().contains("belongs to"), "{log}");
            return;
        }
    }
    panic!("it runs on another chain with this disk");
}
