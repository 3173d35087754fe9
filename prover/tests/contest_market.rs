//! The prover in a contest on a real chain.
#![expect(clippy::unwrap_used, reason = "tests")]

mod fixture;

use bourse_bindings::code;
use bourse_sim::{
    Wei, ZERO,
    market::BURNED,
    mechanisms::contest::{Alpha, ContestParams},
};
use fixture::{CHEAP, MAX_PRICE, World};

const STAKE: Wei = 100_000_000_000_000_000;

/// Two provers buy tickets. Without a keeper they have one of them drawn, which proves and is paid; the other has lost its ticket, and no more.
#[tokio::test]
async fn tickets_are_bought_drawn_and_served() {
    let mut world = World::new().await;
    let params = ContestParams {
        stake_token: ZERO,
        entry: 10,
        settling: 60,
        fee_bps: 10_000,
        min_ticket: 1_000_000_000_000,
        max_ticket: MAX_PRICE,
        alpha: Alpha::One,
        entrants: 4,
        distance: 2,
    };
    let contest = world.host("contest", code::CONTEST, params.encode()).await;
    let provers = [world.start(1, ""), world.start(2, "")];
    provers[1].replace(CHEAP, "rate = \"5 ether\"");
    let [cheap, mut dear] = provers;
    world.restart(2, &mut dear);
    for prover in [&cheap, &dear] {
        world.until_ledger("a stake", prover, |ledger| ledger.stake == STAKE).await;
    }
    let task = world.task(17);
    let id = world.open(contest, &task).await;
    world.until("two tickets", id, |state| state.holds == 2).await;
    let winner = world.winner(id).await;
    let state = world.fulfilled(id).await;
    world.until("no deposits", id, |state| state.holds == 0).await;
    let kept = [&cheap, &dear].map(|prover| usize::from(prover.account == winner));
    for (prover, kept) in [&cheap, &dear].into_iter().zip(kept) {
        let ledger = world.node.ledger(prover.account).await.unwrap();
        let have = (ledger.locked, ledger.busy, usize::from(ledger.kept), ledger.failed);
        assert_eq!(have, (0, 0, kept, 0));
    }
    // Half of the loser's ticket; a twentieth of it goes to whoever settled.
    let burned = world.balance(BURNED).await;
    assert!(0 < burned && 2 * burned < MAX_PRICE, "{burned}");
    let tip = world.balance(winner).await.checked_sub(state.price).unwrap();
    assert!(tip == 0 || tip.abs_diff(burned / 10) <= 1, "{tip} of {burned}");
}
