//! Contests end on a real chain with the keeper as the only one who ticks: it has the block fixed, brings the list of tickets, and has
//! tickets that were never drawn from given back.
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::Duration;

use bourse_bindings::code;
use bourse_chain::call;
use bourse_sim::abi::Encoder;
use bourse_sim::ask::Status;
use bourse_sim::mechanisms::contest::{Alpha, ContestParams};
use bourse_sim::request::Request;
use bourse_sim::{Wei, ZERO};
use common::{ALICE, BOB, CAROL, PRICE, Process, World, deploy, free_port, setup};

const LEAST: Wei = PRICE / 100;

/// An instance whose tickets are sold for eight seconds.
async fn contest(world: &World) -> u32 {
    let params = ContestParams {
        stake_token: ZERO,
        entry: 8,
        settling: 60,
        fee_bps: 10_000,
        min_ticket: LEAST,
        max_ticket: PRICE,
        alpha: Alpha::One,
        entrants: 40,
        distance: 2,
    };
    let mechanism = deploy(&world.provider, code::CONTEST, &[]).await;
    world.send(0, call::register(&setup(mechanism, params.encode(), 0), true)).await;
    let mut number = 1;
    while world.node.instance(number + 1).await.unwrap().version != 0 {
        number += 1;
    }
    number
}

async fn enter(world: &World, prover: usize, request: &Request, ticket: Wei) {
    world.bid(prover, request, 0, Encoder::new(1).uint(ticket).finish()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contests_are_drawn_awarded_and_closed() {
    let world = World::start(1).await;
    let instance = contest(&world).await;
    let (data, port) = (tempfile::tempdir().unwrap(), free_port());
    let mut keeper = Process::behind(&world.url(), &world, data.path(), port);
    keeper.desk.ready().await;

    let full = Request { window: 600, ..world.request(instance).await };
    let id = world.open(&full).await;
    enter(&world, ALICE, &full, 3 * LEAST).await;
    enter(&world, BOB, &full, 2 * LEAST).await;
    // Made larger: the list has both entries.
    enter(&world, ALICE, &full, 4 * LEAST).await;
    enter(&world, CAROL, &full, LEAST).await;
    let lone = Request { window: 600, ..world.request(instance).await };
    let lone_id = world.open(&lone).await;
    enter(&world, BOB, &lone, 2 * LEAST).await;
    let nobody = world.request(instance).await;
    world.open(&nobody).await;

    world.until(&full, Status::Awarded, 60).await;
    let state = world.node.state(id).await.unwrap();
    assert_eq!(state.holds, 0, "all others have paid");
    assert!([4, 2, 1].iter().any(|ticket| state.price == PRICE - ticket * LEAST), "{}", state.price);
    world.until(&lone, Status::Awarded, 60).await;
    assert_eq!(world.node.state(lone_id).await.unwrap().price, PRICE - 2 * LEAST);
    world.until(&nobody, Status::Closed, 60).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (_, body) = keeper.desk.get("/v1/decisions?limit=500").await;
    let failed = body["decisions"].as_array().unwrap().iter().filter(|d| d["outcome"].to_string().contains("failed"));
    assert_eq!(failed.count(), 0, "{body}");
    assert_eq!(keeper.terminate().0, Some(0));
}
