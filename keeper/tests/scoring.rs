//! Scoring auctions on a real chain, with the keeper as the only one who moves them on.
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use bourse_bindings::code;
use bourse_keeper::Keeper;
use bourse_sim::ask::Status;
use bourse_sim::mechanisms::scoring::{Offer, Payment, ScoringParams, Weights, commitment, reveal_data};
use bourse_sim::request::Request;
use common::{ALICE, BOB, BOND, CAROL, Desk, ETHER, PRICE, World, proof};

fn params() -> ScoringParams {
    ScoringParams {
        payment: Payment::SecondScore,
        commit: 6,
        reveal: 6,
        weights: Weights {
            base_bps: 5_000,
            time_bps: 4_000,
            bond_bps: 1_000,
            penalty_bps: 10_000,
            stake_worth: ETHER,
            least_bond_bps: 1_000,
        },
        deposit_bps: 5_000,
        deposit_floor: 1,
        standbys: 1,
        bidders: 8,
    }
}

/// The best is awarded for as long as it promised; it is late, and the standby takes over with its own promise. Who was
/// silent pays. Nobody but the keeper says that time has passed.
#[tokio::test(flavor = "multi_thread")]
async fn the_best_score_is_awarded_and_a_broken_promise_passed_on() {
    let world = World::start(1).await;
    let scoring = world.host(code::SCORING, params().encode()).await;
    let data = tempfile::tempdir().unwrap();
    let mut keeper = Keeper::open(world.config(data.path())).await.unwrap();
    let desk = Desk::new(keeper.address());
    let task = tokio::spawn(async move { keeper.drive().await });
    desk.ready().await;

    let request = Request { window: 100, ..world.request(scoring).await };
    let id = world.open(&request).await;
    let salt = [3; 32];
    let alice = Offer { price: PRICE / 4, promised: 4, share: 10_000 };
    let bob = Offer { price: PRICE / 4, promised: 60, share: 5_000 };
    let commit = async |prover: usize, offer: &Offer| {
        let sealed = commitment(&id, &world.account(prover), offer, &salt);
        world.bid(prover, &request, 0, sealed.to_vec()).await;
    };
    tokio::join!(commit(ALICE, &alice), commit(BOB, &bob), commit(CAROL, &bob));
    let shown = world_view(&desk, &id).await;
    assert_eq!(
        (shown["mechanism"].as_str(), shown["stage"].as_str()),
        (Some("scoring"), Some("sealed bids, 3 so far"))
    );
    let opened = world.node.state(id).await.unwrap().time;
    while world.now().await <= opened + 6 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Carol stays silent.
    tokio::join!(
        world.bid(ALICE, &request, alice.price, reveal_data(&alice, &salt)),
        world.bid(BOB, &request, bob.price, reveal_data(&bob, &salt))
    );
    world.until(&request, Status::Awarded, 30).await;
    let award = world.node.state(id).await.unwrap();
    assert_eq!(world.node.prover(award.prover).await.unwrap(), world.account(ALICE));
    let weights = params().weights;
    let worth = |offer: &Offer| weights.value(&request, offer.promised, offer.share);
    assert_eq!(award.price, worth(&alice) - (worth(&bob) - bob.price), "as good as Bob");
    assert_eq!(award.bond_bps, 10_000);

    let end = Instant::now() + Duration::from_secs(40);
    loop {
        let state = world.node.state(id).await.unwrap();
        if state.status == Status::Awarded && state.bond_bps == 5_000 {
            assert_eq!(world.node.prover(state.prover).await.unwrap(), world.account(BOB));
            assert!(state.time <= world.now().await + 60, "its own promise");
            break;
        }
        assert!(Instant::now() < end, "not passed on: {state:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(world.node.ledger(world.account(ALICE)).await.unwrap().stake, 50 * ETHER - BOND);
    desk.hand_in(&id, &world.account(BOB), &proof(&request)).await;
    assert_eq!(desk.fate(&id, 20).await["status"], "settled");
    let carol = world.node.ledger(world.account(CAROL)).await.unwrap();
    assert_eq!((carol.locked, carol.stake), (0, 50 * ETHER - BOND / 2));
    task.abort();
}

async fn world_view(desk: &Desk, id: &bourse_sim::Id) -> serde_json::Value {
    let path = format!("/v1/requests/{}", alloy::primitives::B256::from(*id));
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let (status, shown) = desk.get(&path).await;
        if status == 200 && shown["holds"] == 3 {
            return shown;
        }
        assert!(Instant::now() < end, "not shown: {shown}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
