//! Batches of requests and provers at one price.

use bourse_bindings::code;
use bourse_chain::call;
use bourse_sim::Wei;
use bourse_sim::ask::Status;
use bourse_sim::mechanisms::batch::BatchParams;
use bourse_sim::request::Request;

use super::common::{ALICE, BOB, BOND, CAROL, ETHER, PRICE, World};
use super::{Scene, skip};

const INTERVAL: u64 = 30;

fn params() -> BatchParams {
    BatchParams {
        interval: INTERVAL as u32,
        grace: INTERVAL as u32,
        window: 60,
        lot: 1_000,
        floor: 1,
        ceiling: PRICE,
        work: 1_000,
        bond: BOND,
        orders: 8,
        offers: 8,
        carry: 1,
    }
}

/// To the beginning of a batch.
async fn next(world: &World) {
    skip(world, INTERVAL - world.now().await % INTERVAL).await;
}

/// An offer that nobody cleared is given back. Of three orders and three offers two meet at the price of the third; the order that is left
/// is carried into a batch that nobody offers in, and closed. In a batch that has more offers than orders, all that do not trade are given back.
#[tokio::test(flavor = "multi_thread")]
async fn batches_are_cleared_at_one_price_and_leftovers_settled() {
    let world = World::start(1).await;
    let instance = world.host(code::BATCH, params().encode()).await;
    next(&world).await;
    world.send(ALICE, call::bid_instance(instance, PRICE / 2, ETHER, &[])).await;
    skip(&world, 2 * INTERVAL).await;
    let scene = Scene::of(world, instance).await;
    scene.given_back(ALICE).await;

    next(&scene.world).await;
    let mut orders = Vec::new();
    for tenths in [10, 8, 6] {
        let order = Request { max_price: PRICE * tenths / 10, ..scene.request(600).await };
        scene.world.open(&order).await;
        orders.push(order);
    }
    let offer = async |prover, tenths: Wei| scene.bid(prover, PRICE * tenths / 10, &[]).await;
    tokio::join!(offer(ALICE, 2), offer(BOB, 4), offer(CAROL, 5));
    next(&scene.world).await;
    for order in &orders[..2] {
        scene.world.until(order, Status::Awarded, 30).await;
        let state = scene.world.node.state(scene.world.domain.request_id(order)).await.unwrap();
        assert_eq!(state.price, PRICE / 2, "what the third asks");
    }
    for prover in [ALICE, BOB, CAROL] {
        scene.given_back(prover).await;
    }
    assert_eq!(scene.world.status(&orders[2]).await, Status::Open, "carried");
    next(&scene.world).await;
    skip(&scene.world, INTERVAL).await;
    scene.world.until(&orders[2], Status::Closed, 30).await;

    next(&scene.world).await;
    let late = Request { window: 600, ..scene.request(600).await };
    scene.world.open(&late).await;
    tokio::join!(offer(ALICE, 5), offer(BOB, 4));
    next(&scene.world).await;
    for prover in [ALICE, BOB] {
        scene.given_back(prover).await;
    }
    skip(&scene.world, 2 * INTERVAL).await;
    scene.world.until(&late, Status::Closed, 30).await;
    let [first, second, third] = &orders[..] else { unreachable!() };
    scene.end(&[first, second, third, &late]).await;
}
