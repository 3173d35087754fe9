//! Races whose winners leave it to the keeper to bring their proofs.

use bourse_bindings::code;
use bourse_sim::Wei;
use bourse_sim::ask::Status;
use bourse_sim::mechanisms::race::{RaceParams, commitment};
use bourse_sim::request::Request;

use super::common::{ALICE, BOB, BOND, PRICE, proof};
use super::{Scene, ZERO};

fn params() -> RaceParams {
    RaceParams {
        patience: 600,
        window: 60,
        commit_blocks: 2,
        bounty_bps: 9_000,
        decay_bps: 0,
        winners: 1,
        deposit: BOND,
    }
}

async fn commit(scene: &Scene, request: &Request, prover: usize) {
    let (id, who) = (scene.world.domain.request_id(request), scene.world.account(prover));
    let hash = bourse_sim::abi::keccak(&proof(request));
    scene.world.bid(prover, request, 0, commitment(&id, &who, &hash).to_vec()).await;
}

/// The keeper takes no proof that its author has not committed to. Of two commitments to the same proof, which does not bind its author, the
/// older wins, though the keeper was handed the copy first; and it brings each for who handed it in.
#[tokio::test(flavor = "multi_thread")]
async fn proofs_are_brought_for_who_committed_to_them() {
    let scene = Scene::start(code::RACE, params().encode()).await;
    let request = scene.request(600).await;
    let id = scene.world.open(&request).await;
    let (alice, bob) = (scene.world.account(ALICE), scene.world.account(BOB));
    let (status, refusal) = scene.desk.try_hand_in(&id, &alice, &proof(&request)).await.unwrap();
    assert!((400..500).contains(&status), "{status}: {refusal}");
    commit(&scene, &request, ALICE).await;
    let (status, refusal) = scene.desk.try_hand_in(&id, &bob, &proof(&request)).await.unwrap();
    assert!((400..500).contains(&status), "{status}: {refusal}");
    commit(&scene, &request, BOB).await;
    let earned = async |who| scene.world.node.balance(ZERO, who).await.unwrap();
    let before: [Wei; 2] = [earned(alice).await, earned(bob).await];

    scene.desk.hand_in(&id, &bob, &proof(&request)).await;
    super::until("the copy is on the chain", async || scene.world.node.state(id).await.unwrap().holds == 1).await;
    scene.desk.hand_in(&id, &alice, &proof(&request)).await;
    scene.world.until(&request, Status::Fulfilled, 30).await;
    assert_eq!(earned(alice).await - before[0], PRICE * 9 / 10);
    assert_eq!(earned(bob).await, before[1]);
    for prover in [alice, bob] {
        let path =
            format!("/v1/proofs/{}?prover={}", bourse_keeper::text::bytes(&id), bourse_keeper::text::account(&prover));
        super::until("its fate is known", async || scene.desk.get(&path).await.1["status"] == "settled").await;
    }
    scene.end(&[&request]).await;
}
