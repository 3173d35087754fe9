//! A seat, its holders and its requests.

use bourse_bindings::code;
use bourse_sim::Wei;
use bourse_sim::ask::Status;
use bourse_sim::mechanisms::seat::SeatParams;

use super::common::{ALICE, BOB, BOND, PRICE};
use super::{Scene, skip};

/// A request of 1,000 units costs a thousandth of the rate.
pub(crate) const CEILING: Wei = PRICE * 1_000;
pub(crate) const HANDOVER: u64 = 12;
const DEPOSIT: Wei = BOND;
/// Seconds for a proof that nobody makes.
const SHORT: u32 = 20;

pub(crate) fn params() -> SeatParams {
    SeatParams {
        base: 0,
        ceiling: CEILING,
        decrement_bps: 500,
        handover: HANDOVER as u32,
        term: 6_000,
        notice: 20,
        deposit: DEPOSIT,
        miss_bps: 1_000,
        max_misses: 2,
        patience: 60,
        burst: 2,
        refill: 30,
        max_work: 1_000,
        max_bond: BOND,
        min_window: SHORT,
    }
}

/// A request waits for an incumbent and is awarded when there is one. Who asks less takes over, and is served with requests as they open; it
/// misses two, pays for both, and is evicted. Both have what is left of their deposits back when they are liable no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_seat_changes_hands_and_deposits_go_back() {
    let scene = Scene::start(code::SEAT, params().encode()).await;
    let early = scene.request(600).await;
    scene.world.open(&early).await;
    scene.bid(ALICE, CEILING / 2, &[]).await;
    skip(&scene.world, HANDOVER).await;
    assert_eq!(scene.awarded(&early, ALICE).await, PRICE / 2);

    scene.bid(BOB, CEILING / 4, &[]).await;
    skip(&scene.world, HANDOVER).await;
    let (first, second) = (scene.request(SHORT).await, scene.request(SHORT).await);
    scene.world.open(&first).await;
    scene.world.open(&second).await;
    assert_eq!(scene.awarded(&first, BOB).await, PRICE / 4);
    assert_eq!(scene.awarded(&second, BOB).await, PRICE / 4);
    scene.prove(&early, ALICE).await;
    skip(&scene.world, SHORT.into()).await;
    scene.world.until(&first, Status::Closed, 30).await;
    scene.world.until(&second, Status::Closed, 30).await;
    scene.given_back(ALICE).await;
    skip(&scene.world, HANDOVER).await;
    scene.given_back(BOB).await;

    let stake = async |prover| scene.world.node.ledger(scene.world.account(prover)).await.unwrap();
    let (alice, bob) = (stake(ALICE).await, stake(BOB).await);
    assert_eq!((alice.locked, alice.stake), (0, 10_000 * BOND));
    assert_eq!((bob.locked, bob.stake), (0, 9_998 * BOND - 2 * DEPOSIT / 10), "two bonds and two misses");
    scene.end(&[&early]).await;
}
