//! A lane whose provers slow down, on a real chain: proofs really come late, and the keeper leads the lane elsewhere.
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use bourse_bindings::code;
use bourse_chain::call;
use bourse_keeper::Keeper;
use bourse_keeper::text;
use bourse_sim::lane::{List, Mandate, Terms, Wish};
use bourse_sim::mechanisms::posted::PostedParams;
use bourse_sim::mechanisms::race::RaceParams;
use common::{ALICE, BOB, BOND, Desk, PRICE, REQUESTER, World};

const NUMBER: u32 = 1;
/// Seconds.
const LATE: u64 = 150;

fn terms() -> Terms {
    let wish = |attribute, weight, best, worst| Wish { attribute, weight, best, worst };
    Terms {
        verifier: 1,
        work: 1_000,
        bond: BOND,
        window: 600,
        price_per_unit: PRICE / 1_000,
        latency: 3_600,
        wishes: vec![wish(0, 3_000, 0, PRICE / 1_000), wish(1, 7_000, 5, 60)],
        ..Terms::default()
    }
}

/// Two instances: one is cheap, and gives the work to who answers first; the other pays all that there is to who proves first.
async fn furnish(world: &World) -> (u32, u32) {
    let cheap = PostedParams { base: PRICE / 4, rate: 0, patience: 600 };
    let dear = RaceParams {
        patience: 3_000,
        window: 0,
        commit_blocks: 0,
        bounty_bps: 10_000,
        decay_bps: 0,
        winners: 1,
        deposit: 0,
    };
    let (posted, race) =
        (world.host(code::POSTED_PRICE, cheap.encode()).await, world.host(code::RACE, dear.encode()).await);
    world.send(REQUESTER, call::set_terms(NUMBER, &terms())).await;
    let until = world.now().await + 1_000_000;
    let mandate = Mandate { until, cooldown: 1, anyone: true, ..Mandate::default() };
    world.send(REQUESTER, call::set_mandate(NUMBER, &mandate)).await;
    let mut listed = Vec::new();
    for instance in [posted, race] {
        listed.push((world.node.config(instance, 1).await.unwrap().mechanism, true));
    }
    world.send(REQUESTER, call::list(NUMBER, List::Mechanisms, &listed)).await;
    (posted, race)
}

async fn leads_to(world: &World, instance: u32) -> bool {
    world.node.lane(world.account(REQUESTER), NUMBER).await.unwrap().0.0 == instance
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_is_moved_when_its_provers_slow_down() {
    let world = World::start(1).await;
    let (posted, race) = furnish(&world).await;
    let data = tempfile::tempdir().unwrap();
    let mut config = world.config(data.path());
    config.goals.registers = false;
    let mut keeper = Keeper::open(config).await.unwrap();
    let desk = Desk::new(keeper.address());
    let task = tokio::spawn(async move { keeper.drive().await.unwrap() });
    desk.ready().await;
    let arrives = async |instance, patience| {
        let end = Instant::now() + Duration::from_secs(patience);
        while !leads_to(&world, instance).await && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        leads_to(&world, instance).await
    };
    assert!(arrives(posted, 30).await, "it begins where it is cheap");
    for turn in 0..8 {
        world.serve(NUMBER, [ALICE, BOB][turn % 2], 0).await;
    }
    assert!(leads_to(&world, posted).await, "nothing has changed");
    let mut late = 0;
    while !arrives(race, 3).await {
        assert!(late < 16, "still there after {late} late proofs");
        world.serve(NUMBER, [ALICE, BOB][late % 2], LATE).await;
        late += 1;
    }
    assert!(late >= 4, "{late} are no drift yet");
    let path = format!("/v1/lanes/{}/{NUMBER}", text::account(&world.account(REQUESTER)));
    let (_, told) = desk.get(&path).await;
    let reasons: Vec<_> =
        told["verdicts"].as_array().unwrap().iter().map(|verdict| verdict["reason"].clone()).collect();
    assert!(reasons.contains(&"its provers have slowed down".into()), "{told}");
    task.abort();
}
