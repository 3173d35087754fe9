//! Requests of all kinds live and end on a real chain, with the keeper as the only one who moves them on.
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use bourse_keeper::Keeper;
use bourse_keeper::text;
use bourse_sim::ask::Status;
use bourse_sim::mechanisms::sealed::commitment;
use bourse_sim::request::Request;
use common::{ALICE, BOB, BOND, CAROL, Desk, KEEPER, PRICE, World, proof};
use serde_json::Value;
use tokio::sync::oneshot;

/// A keeper in this process; it stops as it would on a signal.
struct Running {
    desk: Desk,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
    _data: tempfile::TempDir,
}

async fn keep(world: &World) -> Running {
    let data = tempfile::tempdir().unwrap();
    let mut keeper = Keeper::open(world.config(data.path())).await.unwrap();
    let desk = Desk::new(keeper.address());
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        tokio::select! {
            result = keeper.drive() => panic!("the keeper ended: {result:?}"),
            _ = stopped => keeper.close().await,
        }
    });
    desk.ready().await;
    Running { desk, stop, task, _data: data }
}

impl Running {
    async fn stop(self) {
        self.stop.send(()).unwrap();
        tokio::time::timeout(std::time::Duration::from_secs(10), self.task).await.unwrap().unwrap();
    }

    async fn decisions(&self) -> Vec<Value> {
        let (status, body) = self.desk.get("/v1/decisions?limit=500").await;
        assert_eq!(status, 200);
        body["decisions"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_auction_is_awarded_its_deposits_settled_and_its_failure_passed_on() {
    let world = World::start(1).await;
    let keeper = keep(&world).await;
    let request = Request { window: 8, ..world.request(world.sealed).await };
    let id = world.open(&request).await;
    let salt = [3; 32];
    let commit = async |prover: usize, price| {
        let data = commitment(&id, &world.account(prover), price, &salt).to_vec();
        world.bid(prover, &request, 0, data).await;
    };
    tokio::join!(commit(ALICE, PRICE / 4), commit(BOB, PRICE / 2), commit(CAROL, PRICE / 3));
    let opened = world.node.state(id).await.unwrap().time;
    while world.now().await <= opened + 6 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    // Carol stays silent.
    tokio::join!(
        world.bid(ALICE, &request, PRICE / 4, salt.to_vec()),
        world.bid(BOB, &request, PRICE / 2, salt.to_vec())
    );
    world.until(&request, Status::Awarded, 30).await;
    let award = world.node.state(id).await.unwrap();
    assert_eq!(world.node.prover(award.prover).await.unwrap(), world.account(ALICE));
    assert_eq!(award.price, PRICE / 2, "the second price");
    assert_eq!(world.node.balance(bourse_sim::ZERO, world.account(KEEPER)).await.unwrap(), request.tip);

    // Carol's deposit goes. Alice does not prove: her bond goes too, and Bob takes over.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(40);
    loop {
        let state = world.node.state(id).await.unwrap();
        let holder = world.node.prover(state.prover).await.unwrap();
        if state.status == Status::Awarded && holder == world.account(BOB) {
            break;
        }
        assert!(std::time::Instant::now() < end, "not passed on: {state:?}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert_eq!(world.node.ledger(world.account(ALICE)).await.unwrap().failed, 1);
    let carol = world.node.ledger(world.account(CAROL)).await.unwrap();
    assert_eq!((carol.locked, carol.stake), (0, 50 * common::ETHER - BOND / 2));
    keeper.desk.hand_in(&id, &world.account(BOB), &proof(&request)).await;
    assert_eq!(keeper.desk.fate(&id, 20).await["status"], "settled");
    assert_eq!(world.status(&request).await, Status::Fulfilled);

    let kinds: Vec<String> =
        keeper.decisions().await.iter().map(|decision| decision["action"].as_str().unwrap().to_owned()).collect();
    for kind in ["tick", "ticket", "expire", "settle"] {
        assert!(kinds.iter().any(|have| have == kind), "no {kind} in {kinds:?}");
    }
    keeper.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_auction_is_awarded_when_it_ends_and_its_standby_let_go() {
    let world = World::start(1).await;
    let keeper = keep(&world).await;
    let request = world.request(world.english).await;
    let id = world.open(&request).await;
    world.bid(ALICE, &request, PRICE, Vec::new()).await;
    world.bid(BOB, &request, PRICE / 2, Vec::new()).await;
    world.until(&request, Status::Awarded, 30).await;
    let award = world.node.state(id).await.unwrap();
    assert_eq!(world.node.prover(award.prover).await.unwrap(), world.account(BOB));
    assert_eq!(award.price, PRICE / 2, "its own price");
    keeper.desk.hand_in(&id, &world.account(BOB), &proof(&request)).await;
    assert_eq!(keeper.desk.fate(&id, 20).await["status"], "settled");
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while world.node.ledger(world.account(ALICE)).await.unwrap().locked != 0 {
        assert!(std::time::Instant::now() < end, "the standby's deposit is still held");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    keeper.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_nobody_takes_climbs_its_ladder_and_one_past_its_deadline_is_refunded() {
    let world = World::start(1).await;
    let keeper = keep(&world).await;
    let climber = world.request(world.ladder).await;
    let late = Request { deadline: world.now().await + 8, ..world.request(world.posted).await };
    let (id, _) = (world.open(&climber).await, world.open(&late).await);
    world.until(&late, Status::Closed, 30).await;
    let mut state = world.node.state(id).await.unwrap();
    for _ in 0..100 {
        if state.rung != 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        state = world.node.state(id).await.unwrap();
    }
    assert_eq!((state.status, state.rung, state.instance), (Status::Open, 1, world.posted));
    world.bid(ALICE, &climber, 0, Vec::new()).await;
    keeper.desk.hand_in(&id, &world.account(ALICE), &proof(&climber)).await;
    assert_eq!(keeper.desk.fate(&id, 20).await["status"], "settled");

    // The snapshot is made at the end of the block.
    let path = format!("/v1/requests/{}", text::bytes(&id));
    let mut shown = keeper.desk.get(&path).await.1;
    for _ in 0..50 {
        if shown["status"] == "fulfilled" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        shown = keeper.desk.get(&path).await.1;
    }
    assert_eq!((shown["status"].as_str(), shown["rung"].as_u64()), (Some("fulfilled"), Some(1)), "{shown}");
    // Of the request that it closed; the other's tip went back when a bid was awarded.
    assert_eq!(world.node.balance(bourse_sim::ZERO, world.account(KEEPER)).await.unwrap(), late.tip);
    keeper.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_are_settled_together_and_a_poisoned_one_is_left_out_with_its_reason() {
    let world = World::start(2).await;
    let keeper = keep(&world).await;
    let requests = world.awarded(ALICE, 8, 600).await;
    let alice = world.account(ALICE);
    let ids: Vec<_> = requests.iter().map(|request| world.domain.request_id(request)).collect();
    for (i, request) in requests.iter().enumerate() {
        let proof = if i == 3 { vec![9; 32] } else { proof(request) };
        keeper.desk.hand_in(&ids[i], &alice, &proof).await;
    }
    let mut transactions = Vec::new();
    for (i, id) in ids.iter().enumerate() {
        let fate = keeper.desk.fate(id, 20).await;
        if i == 3 {
            assert_eq!(fate["status"], "rejected", "{fate}");
            let reason = fate["reason"].as_str().unwrap();
            assert!(reason.contains("refuses the proof"), "{reason}");
            continue;
        }
        assert_eq!(fate["status"], "settled", "{fate}");
        transactions.push(fate["tx"].as_str().unwrap().to_owned());
    }
    let count = transactions.len();
    transactions.sort();
    transactions.dedup();
    assert!(transactions.len() <= 3, "{count} proofs in {} transactions", transactions.len());
    // The poisoned one was never sent.
    let provider = &world.provider;
    for hash in &transactions {
        let receipt = alloy::providers::Provider::get_transaction_receipt(provider, hash.parse().unwrap());
        let logs = receipt.await.unwrap().unwrap();
        let rejected = alloy::primitives::keccak256("FulfillmentRejected(bytes32,bytes)");
        assert!(logs.logs().iter().all(|log| log.topic0() != Some(&rejected)), "a batch had an item that failed");
    }

    // A good proof after a bad one, and the same again: accepted, and settled once.
    keeper.desk.hand_in(&ids[3], &alice, &proof(&requests[3])).await;
    let fate = keeper.desk.fate(&ids[3], 20).await;
    assert_eq!(fate["status"], "settled", "{fate}");
    let again = keeper.desk.try_hand_in(&ids[3], &alice, &proof(&requests[3])).await.unwrap();
    assert_eq!((again.0, &again.1["status"]), (202, &Value::from("settled")));
    keeper.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_proof_is_said_with_what_would_be_right() {
    let world = World::start(1).await;
    let keeper = keep(&world).await;
    let [awarded, short]: [Request; 2] =
        [world.awarded(ALICE, 1, 600).await, world.awarded(ALICE, 1, 3).await].concat().try_into().unwrap();
    let (id, alice, bob) = (world.domain.request_id(&awarded), world.account(ALICE), world.account(BOB));
    let open = world.request(world.posted).await;
    let opened = world.open(&open).await;
    let slept = tokio::time::sleep(std::time::Duration::from_secs(5));
    slept.await;

    let refused = async |id, prover, bytes: &[u8]| keeper.desk.try_hand_in(id, prover, bytes).await.unwrap();
    let cases = [
        (refused(&[9; 32], &alice, &[1]).await, 404, "unknown request"),
        (refused(&opened, &alice, &[1]).await, 409, "the request is not awarded"),
        (refused(&id, &bob, &[1]).await, 409, "the request is awarded to another prover"),
        (refused(&id, &alice, &vec![0; 200_000]).await, 413, "the proof is too large"),
    ];
    for ((status, body), want, error) in cases {
        assert_eq!((status, body["error"].as_str()), (want, Some(error)), "{body}");
        assert!(body.get("have").is_some() && body.get("want").is_some(), "{body}");
    }
    // Expired by now, and passed on or closed.
    let (status, body) = refused(&world.domain.request_id(&short), &alice, &proof(&short)).await;
    assert!([409, 410].contains(&status), "{status} {body}");

    let malformed = [
        ("{", "the body is not understood"),
        (r#"{"id":"0x12","prover":"0x12","proof":"0x"}"#, "id is no id"),
        (r#"{"id":"ID","prover":"0x12","proof":"0x"}"#, "prover is no address"),
        (r#"{"id":"ID","prover":"0x00000000000000000000000000000000000000aa","proof":"0x1"}"#, "proof is not hex"),
    ];
    for (body, error) in malformed {
        let body = body.replace("ID", &text::bytes(&id));
        let url = keeper.desk.url("/v1/proofs");
        let answer = keeper.desk.http.post(url).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400);
        let said: Value = answer.json().await.unwrap();
        assert_eq!(said["error"].as_str(), Some(error), "{said}");
    }
    assert_eq!(keeper.desk.get("/v1/requests/0x12").await.0, 400);
    assert_eq!(keeper.desk.get("/v1/requests?status=lost").await.0, 400);
    assert_eq!(keeper.desk.get("/nowhere").await.0, 404);
    keeper.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_shows_is_what_there_is() {
    let world = World::start(1).await;
    let keeper = keep(&world).await;
    let request = world.awarded(BOB, 1, 600).await.remove(0);
    let id = world.domain.request_id(&request);
    keeper.desk.hand_in(&id, &world.account(BOB), &proof(&request)).await;
    assert_eq!(keeper.desk.fate(&id, 20).await["status"], "settled");
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let get = async |path: &str| {
        let (status, body) = keeper.desk.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    };
    let requests = get("/v1/requests").await;
    assert_eq!(requests["requests"][0]["id"].as_str(), Some(&*text::bytes(&id)));
    let instances = get("/v1/instances").await;
    let names: Vec<_> = instances["instances"].as_array().unwrap().iter().map(|i| i["name"].clone()).collect();
    assert_eq!(names, ["posted", "dutch", "sealed", "dutch", "english"]);
    let provers = get("/v1/provers").await;
    assert_eq!(provers["provers"].as_array().unwrap().len(), 3);
    assert_eq!(provers["provers"][1]["kept"], 1, "{provers}");
    let status = get("/v1/status").await;
    assert_eq!((&status["at_tip"], &status["trouble"]), (&Value::Bool(true), &Value::Null));
    assert_eq!(get("/healthz").await, Value::String("ok\n".to_owned()));
    assert!(get("/").await.as_str().unwrap().contains("Bourse keeper"));
    let metrics = get("/metrics").await;
    let metrics = metrics.as_str().unwrap();
    let lines = [
        "keeper_proofs_total{status=\"settled\"} 1",
        "keeper_proofs_total{status=\"accepted\"} 1",
        "keeper_actions_total{kind=\"settle\",outcome=\"landed\"} 1",
        "keeper_settle_latency_blocks_count 1",
        "keeper_proofs_waiting 0",
    ];
    for line in lines {
        assert!(metrics.contains(line), "no {line} in {metrics}");
    }
    keeper.stop().await;
}
