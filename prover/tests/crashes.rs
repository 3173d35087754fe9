//! The program is killed at the worst moments. It loses no bond, no deposit and no proof.
#![expect(clippy::unwrap_used, reason = "tests")]

mod fixture;

use std::{path::Path, sync::Arc, time::Duration};

use axum::{Json, Router, http::StatusCode, routing};
use bourse_sim::ask::Status;
use fixture::{PHASE, Program, World};
use serde_json::{Value, json};
use tokio::sync::Mutex;

const STAKE: u128 = 100_000_000_000_000_000;

async fn nothing_was_lost(world: &World, prover: &Program) {
    let ledger = world.node.ledger(prover.account).await.unwrap();
    assert_eq!((ledger.stake, ledger.locked, ledger.busy), (STAKE, 0, 0));
    assert_eq!((ledger.kept, ledger.failed), (1, 0));
}

/// A backend that notes every start, and proves after a while or when it is let.
fn slow(world: &World, script: &str) -> String {
    format!(
        r#"
        [[backends]]
        verifier = {}
        [backends.command]
        name = "slow"
        timeout_seconds = 120.0
        seconds = 1.0
        [backends.command.prove]
        program = "sh"
        args = ["-c", '''{script}''']
        "#,
        world.anything
    )
}

/// Waits until the file has so many lines.
async fn lines(path: &Path, count: usize) {
    for _ in 0..600 {
        if std::fs::read_to_string(path).is_ok_and(|text| count <= text.lines().count()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{} never had {count} lines", path.display());
}

#[tokio::test]
async fn killed_between_commitment_and_reveal() {
    let mut world = World::new().await;
    let mut prover = world.start(1, "");
    let id = world.open(world.first_price, &world.task(7)).await;
    world.until("a deposit", id, |state| state.holds == 1).await;
    prover.kill();
    world.pass(PHASE.into()).await;
    world.restart(1, &mut prover);
    world.fulfilled(id).await;
    nothing_was_lost(&world, &prover).await;
}

#[tokio::test]
async fn killed_between_award_and_proof() {
    let mut world = World::new().await;
    let folder = world.folder.path().to_owned();
    let (starts, gate) = (folder.join("starts"), folder.join("gate"));
    let script = format!(
        r#"echo start >> {}; while [ ! -e {} ]; do sleep 0.1; done; echo "{{\"proof\": \"0xc0ffee\"}}""#,
        starts.display(),
        gate.display()
    );
    let mut prover = world.start(1, &slow(&world, &script));
    let id = world.open_anything(world.posted).await;
    world.until("an award", id, |state| state.status == Status::Awarded).await;
    lines(&starts, 1).await;
    prover.kill();
    std::fs::write(&gate, "").unwrap();
    world.restart(1, &mut prover);
    world.fulfilled(id).await;
    nothing_was_lost(&world, &prover).await;
}

/// The award is found on the chain, even if nothing is known of it here.
#[tokio::test]
async fn killed_with_all_of_its_data() {
    let mut world = World::new().await;
    let gate = world.folder.path().join("gate");
    let script =
        format!(r#"while [ ! -e {} ]; do sleep 0.1; done; echo "{{\"proof\": \"0xc0ffee\"}}""#, gate.display());
    let mut prover = world.start(1, &slow(&world, &script));
    let id = world.open_anything(world.posted).await;
    world.until("an award", id, |state| state.status == Status::Awarded).await;
    prover.kill();
    std::fs::remove_dir_all(prover.folder.join("data")).unwrap();
    std::fs::write(&gate, "").unwrap();
    world.restart(1, &mut prover);
    world.fulfilled(id).await;
    nothing_was_lost(&world, &prover).await;
}

/// What a keeper was given.
type Given = Arc<Mutex<Vec<Value>>>;

/// A keeper that accepts everything and settles nothing.
async fn idle_keeper() -> (String, Given) {
    let given = Given::default();
    let accept = {
        let given = Arc::clone(&given);
        move |Json(proof): Json<Value>| async move {
            let id = proof["id"].clone();
            given.lock().await.push(proof);
            (StatusCode::ACCEPTED, Json(json!({"id": id, "status": "accepted"})))
        }
    };
    let router = Router::new()
        .route("/v1/proofs", routing::post(accept))
        .route("/v1/proofs/{id}", routing::get(|| async { Json(json!({"status": "accepted"})) }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, given)
}

#[tokio::test]
async fn killed_between_proof_and_delivery() {
    let mut world = World::new().await;
    let starts = world.folder.path().join("starts");
    let script = format!(r#"echo start >> {}; echo "{{\"proof\": \"0xc0ffee\"}}""#, starts.display());
    let (keeper, given) = idle_keeper().await;
    let patient = format!("[delivery]\nkeeper = \"{keeper}\"\nblocks = 1000\n{}", slow(&world, &script));
    let mut prover = world.start(1, &patient);
    let id = world.open_anything(world.posted).await;
    for _ in 0..600 {
        if !given.lock().await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(given.lock().await[0]["proof"], "0xc0ffee");
    assert_eq!(world.state(id).await.status, Status::Awarded, "the keeper does nothing with it");
    prover.kill();
    let path = prover.folder.join("prover.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, settings.replace("blocks = 1000", "blocks = 2")).unwrap();
    world.restart(1, &mut prover);
    world.fulfilled(id).await;
    nothing_was_lost(&world, &prover).await;
    assert_eq!(std::fs::read_to_string(&starts).unwrap().lines().count(), 1, "it was not proven again");
    assert!(2 <= given.lock().await.len(), "the keeper was given it again, and a chance");
}

#[tokio::test]
async fn a_keeper_that_is_down_is_passed_by() {
    let mut world = World::new().await;
    let down = "[delivery]\nkeeper = \"http://127.0.0.1:1\"\nblocks = 1000";
    let prover = world.start(1, down);
    let id = world.open(world.posted, &world.task(7)).await;
    world.fulfilled(id).await;
    nothing_was_lost(&world, &prover).await;
    let log = prover.stop();
    assert!(log.contains("the keeper is silent: delivering it myself"), "{log}");
}
