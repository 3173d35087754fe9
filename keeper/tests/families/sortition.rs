//! Lots among enrolled provers.

use bourse_bindings::code;
use bourse_chain::call;
use bourse_sim::Account;
use bourse_sim::ask::Status;
use bourse_sim::mechanisms::sortition::{self, SortitionParams};
use bourse_sim::request::Request;

use super::common::{ALICE, BOB, BOND, CAROL, PRICE};
use super::{Scene, skip, until, word};

const NOTICE: u64 = 30;
const LAST_STAGE: u64 = 14;
const PATIENCE: u64 = 20;

fn params() -> SortitionParams {
    SortitionParams {
        base: PRICE / 2,
        rate: 0,
        min_deposit: BOND,
        max_deposit: 10 * BOND,
        notice: NOTICE as u32,
        distance: 2,
        lead: 6,
        stagger: 4,
        stages: 3,
        patience: PATIENCE as u32,
        backups: 1,
    }
}

/// All three claim a place, and two find one; in their order.
async fn drawn(scene: &Scene, request: &Request) -> [Account; 2] {
    let world = &scene.world;
    let id = world.open(request).await;
    skip(world, LAST_STAGE).await;
    for prover in [ALICE, BOB, CAROL] {
        // Who is not among the first two is refused, or makes room.
        let sent = world.post(prover, call::bid(&[world.order(prover, request, 0, Vec::new())])).await;
        world.receipt(sent).await;
    }
    let words = world.node.words(id).await.unwrap();
    let places = sortition::places(&words[..4]);
    [places[0].0, places[1].0]
}

/// The first lot is awarded when all had their turn; it fails, and the backup takes over. Where it proves, the backup has its claim back. Who
/// gives notice has its deposit back. A request that nobody claims is closed.
#[tokio::test(flavor = "multi_thread")]
async fn lots_are_awarded_backed_up_and_given_back() {
    let scene = Scene::start(code::SORTITION, params().encode()).await;
    for prover in [ALICE, BOB, CAROL] {
        scene.bid(prover, 0, &word(BOND)).await;
    }
    let index = |who: Account| [ALICE, BOB, CAROL].into_iter().find(|i| scene.world.account(*i) == who).unwrap();
    let failed = scene.request(15).await;
    let [first, backup] = drawn(&scene, &failed).await.map(index);
    skip(&scene.world, PATIENCE).await;
    assert_eq!(scene.awarded(&failed, first).await, PRICE / 2);
    skip(&scene.world, 15).await;
    scene.awarded(&failed, backup).await;
    scene.prove(&failed, backup).await;

    let kept = scene.request(600).await;
    let [first, backup] = drawn(&scene, &kept).await.map(index);
    skip(&scene.world, PATIENCE).await;
    scene.awarded(&kept, first).await;
    scene.prove(&kept, first).await;
    let locked = async |prover| scene.world.node.ledger(scene.world.account(prover)).await.unwrap().locked;
    until("only the pool holds stake", async || locked(backup).await == BOND).await;

    for prover in [ALICE, BOB, CAROL] {
        scene.bid(prover, 0, &word(0)).await;
    }
    let alone = scene.request(600).await;
    scene.world.open(&alone).await;
    scene.world.until(&alone, Status::Closed, 30).await;
    skip(&scene.world, NOTICE).await;
    for prover in [ALICE, BOB, CAROL] {
        scene.given_back(prover).await;
        assert_eq!(locked(prover).await, 0);
    }
    scene.end(&[&failed, &kept, &alone]).await;
}
