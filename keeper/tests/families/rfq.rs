//! Quotes, overrides and standbys.

use bourse_bindings::code;
use bourse_sim::ask::Status;
use bourse_sim::mechanisms::rfq::RfqParams;

use super::common::{ALICE, BOB, BOND, PRICE};
use super::{Scene, skip, until};

const EXCLUSIVITY: u64 = 12;
const PATIENCE: u64 = 20;

fn params() -> RfqParams {
    RfqParams {
        exclusivity: EXCLUSIVITY as u32,
        override_bps: 500,
        patience: PATIENCE as u32,
        start_bps: 8_000,
        deposit_bps: 5_000,
        deposit_floor: 1,
        standbys: 1,
    }
}

/// The best of two quotes is awarded when its time to be overridden is over; it fails, and the other takes over. Where the best one
/// proves, the other has its deposit back. A request that nobody quotes for is closed.
#[tokio::test(flavor = "multi_thread")]
async fn the_best_quote_is_awarded_and_the_next_takes_over() {
    let scene = Scene::start(code::RFQ, params().encode()).await;
    let (failed, kept, alone) = (scene.request(10).await, scene.request(600).await, scene.request(600).await);
    for request in [&failed, &kept, &alone] {
        scene.world.open(request).await;
    }
    for request in [&failed, &kept] {
        scene.world.bid(ALICE, request, PRICE / 2, Vec::new()).await;
        scene.world.bid(BOB, request, PRICE / 4, Vec::new()).await;
    }
    skip(&scene.world, EXCLUSIVITY).await;
    assert_eq!(scene.awarded(&failed, BOB).await, PRICE / 4);
    assert_eq!(scene.awarded(&kept, BOB).await, PRICE / 4);
    scene.prove(&kept, BOB).await;
    skip(&scene.world, PATIENCE).await;
    scene.world.until(&alone, Status::Closed, 30).await;
    assert_eq!(scene.awarded(&failed, ALICE).await, PRICE / 2);
    scene.world.until(&failed, Status::Closed, 30).await;
    let stake = async |prover| scene.world.node.ledger(scene.world.account(prover)).await.unwrap();
    until("nothing is held", async || stake(ALICE).await.locked + stake(BOB).await.locked == 0).await;
    assert_eq!((stake(ALICE).await.stake, stake(BOB).await.stake), (9_999 * BOND, 9_999 * BOND), "each failed once");
    scene.end(&[&failed, &kept, &alone]).await;
}
