//! Capacity that two holders have reserved.

use bourse_bindings::code;
use bourse_sim::Wei;
use bourse_sim::ask::Status;
use bourse_sim::mechanisms::reserved::{NOTICE, ReservedParams};

use super::common::{ALICE, BOB, BOND, PRICE};
use super::{Scene, skip};

/// A request of 1,000 units costs a thousandth of the rate.
const CEILING: Wei = PRICE * 1_000;
const OFFERING: u64 = 12;
const TERM: u64 = 3_000;
const LEAVES: u64 = 20;
const LATENCY: u64 = 20;
const REFILL: u64 = 30;

fn params() -> ReservedParams {
    ReservedParams {
        base: 0,
        ceiling: CEILING,
        decrement_bps: 500,
        offering: OFFERING as u32,
        term: TERM as u32,
        notice: LEAVES as u32,
        deposit: BOND,
        credit_bps: 1_000,
        max_misses: 2,
        period: 1_000,
        terminal: 0,
        holders: 2,
        patience: 120,
        burst: 1,
        refill: REFILL as u32,
        max_work: 1_000,
        max_bond: BOND,
        latency: LATENCY as u32,
        pace: 0,
    }
}

/// A request waits for the contract, one for a bucket to refill. The first holder misses one and pays a credit; the second one gives notice.
/// Both have their collateral back when they are liable no more.
#[tokio::test(flavor = "multi_thread")]
async fn capacity_is_reserved_refilled_credited_and_left() {
    let scene = Scene::start(code::RESERVED, params().encode()).await;
    let early = scene.request(600).await;
    scene.world.open(&early).await;
    scene.bid(ALICE, CEILING / 2, &[]).await;
    scene.bid(BOB, CEILING / 4, &[]).await;
    skip(&scene.world, OFFERING).await;
    assert_eq!(scene.awarded(&early, BOB).await, PRICE / 4);

    let second = scene.request(600).await;
    scene.world.open(&second).await;
    assert_eq!(scene.awarded(&second, ALICE).await, PRICE / 2, "the first has none left");
    let third = scene.request(600).await;
    scene.world.open(&third).await;
    assert_eq!(scene.world.status(&third).await, Status::Open, "nor has the second");
    scene.prove(&second, ALICE).await;
    // Bob's is full first; by then he has missed the first.
    skip(&scene.world, LATENCY).await;
    scene.world.until(&early, Status::Closed, 30).await;
    skip(&scene.world, REFILL - LATENCY).await;
    assert_eq!(scene.awarded(&third, BOB).await, PRICE / 4);
    scene.prove(&third, BOB).await;

    scene.bid(ALICE, 0, &NOTICE).await;
    skip(&scene.world, LEAVES + params().tail()).await;
    // That is longer than the term.
    skip(&scene.world, TERM).await;
    scene.given_back(ALICE).await;
    scene.given_back(BOB).await;
    let stake = async |prover| scene.world.node.ledger(scene.world.account(prover)).await.unwrap();
    let (alice, bob) = (stake(ALICE).await, stake(BOB).await);
    assert_eq!((alice.locked, alice.stake), (0, 10_000 * BOND));
    assert_eq!((bob.locked, bob.stake), (0, 9_999 * BOND - BOND / 10), "a bond and a credit");
    scene.end(&[&early, &third]).await;
}
