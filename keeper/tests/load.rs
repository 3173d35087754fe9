//! From a proof handed in to its settlement landed: at most two blocks, for 95 of 100, at a hundred a block.
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::Duration;

use bourse_sim::Id;
use common::{ALICE, FULFILLED, Process, REJECTED, World, free_port, proof};
use tokio::task::JoinSet;

const BLOCK: Duration = Duration::from_secs(2);
const PER_BLOCK: usize = 100;
const BLOCKS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_proofs_a_block_are_settled_within_two() {
    let world = World::start(BLOCK.as_secs()).await;
    let (data, port) = (tempfile::tempdir().unwrap(), free_port());
    let keeper = Process::start(&world, data.path(), port);
    keeper.desk.ready().await;
    let mut requests = Vec::new();
    for _ in 0..BLOCKS {
        requests.extend(world.awarded(ALICE, PER_BLOCK, 600).await);
    }
    tokio::time::sleep(BLOCK).await;

    // Handed in evenly, each with the number of the head at that moment.
    let alice = world.account(ALICE);
    let mut handed: JoinSet<(Id, u64)> = JoinSet::new();
    let mut pace = tokio::time::interval(BLOCK / u32::try_from(PER_BLOCK).unwrap());
    for request in &requests {
        pace.tick().await;
        let (desk, node, id) = (keeper.desk.clone(), world.node.clone(), world.domain.request_id(request));
        let proof = proof(request);
        handed.spawn(async move {
            let head = node.head().await.unwrap().number;
            desk.hand_in(&id, &alice, &proof).await;
            (id, head)
        });
    }
    let mut blocks = Vec::new();
    while let Some(result) = handed.join_next().await {
        let (id, head) = result.unwrap();
        let fate = keeper.desk.fate(&id, 60).await;
        assert_eq!(fate["status"], "settled", "{fate}");
        blocks.push(fate["block"].as_u64().unwrap() - head);
    }
    blocks.sort_unstable();
    let at = |percent: usize| blocks[(blocks.len() - 1) * percent / 100];
    println!(
        "{} proofs, {PER_BLOCK} a block of {BLOCK:?}: settled after p50 {} p95 {} p99 {} max {} blocks",
        blocks.len(),
        at(50),
        at(95),
        at(99),
        at(100)
    );
    assert_eq!(world.told(FULFILLED).await.len(), requests.len());
    assert_eq!(world.told(REJECTED).await.len(), 0);
    assert!(at(95) <= 2, "p95 is {} blocks", at(95));
}
