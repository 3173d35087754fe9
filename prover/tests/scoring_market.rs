//! The prover in a scoring auction on a real chain.
#![expect(clippy::unwrap_used, reason = "tests")]

mod fixture;

use bourse_bindings::code;
use bourse_sim::{
    Wei,
    mechanisms::scoring::{Payment, ScoringParams, Weights},
};
use fixture::{CHEAP, DEAR, MAX_PRICE, PHASE, World, cost};

const STAKE: Wei = 100_000_000_000_000_000;

fn params() -> ScoringParams {
    ScoringParams {
        payment: Payment::SecondScore,
        commit: PHASE,
        reveal: PHASE,
        weights: Weights {
            base_bps: 5_000,
            time_bps: 4_000,
            bond_bps: 0,
            penalty_bps: 10_000,
            // The bond of 0.001 is worth more than all the time that can be saved.
            stake_worth: 10_000_000_000_000_000_000,
            least_bond_bps: 1_000,
        },
        deposit_bps: 5_000,
        deposit_floor: 1,
        standbys: 1,
        bidders: 8,
    }
}

/// Of two provers that promise the same, the cheaper one wins at the price at which the other would be as good. Its promise is
/// the time it is held to, and it keeps it; the other gets its deposit back.
#[tokio::test]
async fn what_is_promised_is_what_is_enforced_and_kept() {
    let mut world = World::new().await;
    let scoring = world.host("scoring", code::SCORING, params().encode()).await;
    let cheap = world.start(1, "");
    let mut dear = world.start(2, "[bidding]\nmargin_bps = 0");
    dear.replace(CHEAP, DEAR);
    world.restart(2, &mut dear);
    while world.node.ledger(dear.account).await.unwrap().stake == 0 {
        world.pass(1).await;
    }
    let task = world.task(7);
    let id = world.open(scoring, &task).await;
    world.until("two deposits", id, |state| state.holds == 2).await;
    let awarded = world.until("an award", id, |state| state.price != 0).await;
    assert!(0 < awarded.bond_bps && awarded.bond_bps < 10_000, "a part of the bond: {}", awarded.bond_bps);
    let state = world.fulfilled(id).await;
    // What the proof of either is expected to take is measured; a second is worth as much as this.
    let second = MAX_PRICE * 4 / 10 / 120;
    assert!(state.price.abs_diff(2 * cost(&task)) <= 5 * second, "{} of {}", state.price, 2 * cost(&task));
    world.until("no deposits", id, |state| state.holds == 0).await;
    for prover in [&cheap, &dear] {
        let ledger = world.node.ledger(prover.account).await.unwrap();
        assert_eq!((ledger.stake, ledger.locked, ledger.busy), (STAKE, 0, 0));
    }
    assert_eq!(world.balance(cheap.account).await, state.price);
}
