//! What needs no keeper of ours, and mechanisms that are none of ours.

use bourse_bindings::code;
use bourse_chain::call;
use bourse_sim::ask::Status;
use bourse_sim::market::place_of;
use bourse_sim::request::Request;
use bourse_sim::{Account, ZERO};

use super::common::{ALICE, BOB, ETHER, PRICE, World};
use super::seat::{CEILING, HANDOVER, params};
use super::{Scene, TIP, skip, tips};

/// An account that has no part in the market.
const STRANGER: usize = 7;
const PAGE: &str = include_str!("../../../docs/cast.md");

/// Runs the block of `docs/cast.md` that has `marker`, as the stranger; `R` is `request` and `INSTANCE` its instance.
fn cast(world: &World, request: &Request, marker: &str) {
    let define = |name: &str| PAGE.lines().find(|line| line.starts_with(&format!("{name}="))).unwrap();
    let block = PAGE.split("```").find(|block| block.starts_with("bash") && block.contains(marker)).unwrap();
    let block = block.strip_prefix("bash").unwrap();
    let script = format!("set -eu\n{}\n{}\n{block}", define("NATIVE"), define("REQUEST"));
    let bin = concat!(env!("CARGO_MANIFEST_DIR"), "/../node_modules/@foundry-rs/cast-linux-amd64/bin");
    let ended = std::process::Command::new("bash")
        .args(["-c", &script])
        .env("PATH", format!("{bin}:{}", std::env::var("PATH").unwrap()))
        .env("ETH_RPC_URL", world.url())
        .env("MARKET", address(&world.market))
        .env("BOURSE_PRIVATE_KEY", world.secret(STRANGER))
        .env("INSTANCE", request.instance.to_string())
        .env("R", tuple(request))
        .output()
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

fn address(account: &Account) -> String {
    format!("0x{}", alloy::primitives::hex::encode(account))
}

fn tuple(request: &Request) -> String {
    let word = |word: &[u8]| format!("0x{}", alloy::primitives::hex::encode(word));
    let r = request;
    format!(
        "({},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{})",
        address(&r.requester),
        address(&r.token),
        r.nonce,
        r.instance,
        r.version,
        r.verifier,
        word(&r.statement),
        word(&r.input),
        r.work,
        r.max_price,
        r.tip,
        r.bond,
        r.deadline,
        r.window,
        address(&r.callback),
        r.callback_gas
    )
}

/// A stranger with nothing but cast moves a seat on, by the words of `docs/cast.md`, and earns the tip.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_moves_a_market_on_with_cast() {
    let world = World::start(1).await;
    let instance = world.host(code::SEAT, params().encode()).await;
    let request = Request { window: 600, tip: TIP, ..world.request(instance).await };
    let id = world.open(&request).await;
    world.send(ALICE, call::bid_instance(instance, CEILING / 2, ETHER, &[])).await;
    skip(&world, HANDOVER).await;
    cast(&world, &request, "\"tick(");
    assert_eq!(world.status(&request).await, Status::Awarded);
    let stranger = world.account(STRANGER);
    assert_eq!(tips(&world).await.get(&id), Some(&stranger));
    assert_eq!(world.node.balance(ZERO, stranger).await.unwrap(), TIP);

    world.send(BOB, call::bid_instance(instance, CEILING / 4, ETHER, &[])).await;
    skip(&world, 2 * HANDOVER).await;
    let held = async || world.node.ticket(place_of(instance), world.account(ALICE)).await.unwrap().0;
    assert_ne!(held().await, 0);
    cast(&world, &request, "\"tickInstance(");
    assert_eq!(held().await, 0, "who has left has its deposit back");
}

/// A seat under a name that no twin has: the keeper asks the chain when its requests and its instance can be moved on.
#[tokio::test(flavor = "multi_thread")]
async fn a_mechanism_without_a_twin_is_ticked_as_the_chain_says() {
    let (name, other) = ("73656174", "6f74746f");
    assert_eq!(code::SEAT.matches(name).count(), 1, "the name, once");
    let scene = Scene::start(&code::SEAT.replace(name, other), params().encode()).await;
    let early = scene.request(600).await;
    scene.world.open(&early).await;
    scene.bid(ALICE, CEILING / 2, &[]).await;
    skip(&scene.world, HANDOVER).await;
    assert_eq!(scene.awarded(&early, ALICE).await, PRICE / 2);
    scene.prove(&early, ALICE).await;
    scene.bid(BOB, CEILING / 4, &[]).await;
    skip(&scene.world, 2 * HANDOVER).await;
    scene.given_back(ALICE).await;
    let (_, body) = scene.desk.get("/v1/decisions?limit=500").await;
    let decisions = body["decisions"].as_array().unwrap();
    let of_instance = decisions.iter().find(|made| made["action"] == "instance").unwrap();
    assert_eq!(of_instance["instance"], scene.instance);
    assert!(of_instance["request"].is_null() && of_instance["reason"].to_string().contains("does not tell how"));
    scene.end(&[&early]).await;
}
