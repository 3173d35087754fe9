//! The prover on a real chain, where it bids on instances themselves: nobody tells it to, and it serves what they award to it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod fixture;

use bourse_bindings::code;
use bourse_sim::{
    Wei,
    ask::Status,
    market::DRAINING,
    mechanisms::{batch::BatchParams, reserved::ReservedParams, seat::SeatParams, sortition::SortitionParams},
};
use fixture::{BOND, CHEAP, DEAR, World, cost};

const ETHER: Wei = 1_000_000_000_000_000_000;
const STAKE: Wei = ETHER / 10;
const DEPOSIT: Wei = ETHER / 100;
/// May stand on instances.
const STANDING: &str = "[standing]\nstake = \"0.05 ether\"\nwork = 249";

fn seat() -> SeatParams {
    let [handover, term, notice, refill, min_window] = [12, 600, 12, 5, 60];
    SeatParams {
        base: 0,
        ceiling: 8 * ETHER,
        decrement_bps: 2_000,
        handover,
        term,
        notice,
        deposit: DEPOSIT,
        miss_bps: 1_000,
        max_misses: 3,
        patience: 0,
        burst: 2,
        refill,
        max_work: 1_000,
        max_bond: BOND,
        min_window,
    }
}

/// Two provers bid a seat down until the dearer one stops. The cheaper one sits: it is awarded what it never bid on, proves it, and is
/// paid its rate. Told to leave, it gives notice, and gets its deposit back; the other one sits then.
#[tokio::test]
async fn a_seat_goes_to_whoever_can_do_it_for_less() {
    let mut world = World::new().await;
    let seat = world.host_own("seat", code::SEAT, seat().encode()).await;
    let mut cheap = world.start(1, STANDING);
    let mut dear = world.start(2, STANDING);
    dear.replace(CHEAP, "rate = \"5 ether\"");
    world.restart(2, &mut dear);
    let stands = |of| world.until_ledger("a deposit", of, |ledger| ledger.locked == DEPOSIT);
    stands(&cheap).await;
    // Each may have bid first.
    world.pass(14).await;
    assert_eq!(stands(&cheap).await.busy, 1);
    world.until_ledger("none of who was outbid", &dear, |ledger| ledger.locked == 0).await;

    let task = world.task(11);
    let id = world.open(seat, &task).await;
    assert_eq!(world.winner(id).await, cheap.account, "in the transaction that opens it");
    let state = world.fulfilled(id).await;
    let rates = [6_400_000_000_000, 5_120_000_000_000].map(|rate: Wei| rate * Wei::from(task.work));
    assert!(rates.contains(&state.price), "{} is not of {rates:?}", state.price);
    assert_eq!(world.balance(cheap.account).await, state.price);

    cheap.replace("stake = \"0.05 ether\"", "stake = \"0\"");
    world.restart(1, &mut cheap);
    let ledger = world.until_ledger("its deposit back", &cheap, |ledger| ledger.locked == 0).await;
    assert_eq!((ledger.stake, ledger.busy, ledger.kept, ledger.failed), (STAKE, 0, 1, 0));
    let id = world.open(seat, &task).await;
    assert_eq!(world.winner(id).await, dear.account);
    assert_eq!(world.fulfilled(id).await.status, Status::Fulfilled);
}

/// A contract is worth twice its cost where half of it is expected to be asked for. What is awarded under it is due when it says, and is
/// proven in time; what would take its capacity away is left alone.
#[tokio::test]
async fn a_contract_is_held_and_served() {
    let mut world = World::new().await;
    let params = ReservedParams {
        ceiling: 10 * ETHER,
        decrement_bps: 500,
        offering: 8,
        term: 600,
        notice: 8,
        deposit: DEPOSIT,
        credit_bps: 1_000,
        max_misses: 3,
        period: 600,
        holders: 1,
        burst: 3,
        refill: 5,
        max_work: 1_000,
        max_bond: BOND,
        latency: 60,
        ..ReservedParams::default()
    };
    let contract = world.host_own("reserved", code::RESERVED, params.encode()).await;
    let prover = world.start(1, STANDING);
    // A place for the deposit, and one for each request of the bucket, but none for anything else.
    prover.replace("concurrency = 8", "concurrency = 4");
    let mut prover = prover;
    world.restart(1, &mut prover);
    world.until_ledger("a deposit", &prover, |ledger| ledger.locked == DEPOSIT).await;
    world.pass(9).await;
    let task = world.task(12);
    let spot = world.open(world.posted, &task).await;
    let id = world.open(contract, &task).await;
    assert_eq!(world.winner(id).await, prover.account, "in the transaction that opens it");
    let state = world.fulfilled(id).await;
    assert_eq!(state.price, 10_000_000_000_000 * Wei::from(task.work));
    assert_eq!(world.balance(prover.account).await, state.price);
    assert_eq!(world.state(spot).await.status, Status::Open, "no place was left for it");
    let log = prover.stop();
    assert_eq!(log.matches("kind=\"stand\"").count(), 1, "{log}");
}

/// It enrols in the pool by itself, is drawn, bids when its turn comes, and is paid the tariff. Told to take no more work, it gives notice
/// first: who is draining cannot.
#[tokio::test]
async fn it_enrols_where_the_tariff_pays_and_is_drawn() {
    let mut world = World::new().await;
    let params = SortitionParams {
        base: 5 * ETHER / 1_000,
        min_deposit: DEPOSIT,
        max_deposit: 4 * DEPOSIT,
        notice: 10,
        distance: 2,
        lead: 4,
        stagger: 4,
        stages: 3,
        patience: 20,
        backups: 0,
        ..SortitionParams::default()
    };
    let pool = world.host_own("sortition", code::SORTITION, params.encode()).await;
    let mut prover = world.start(1, STANDING);
    world.until_ledger("an enrolment", &prover, |ledger| ledger.locked == 4 * DEPOSIT).await;
    world.pass(1).await;
    let task = world.task(13);
    let id = world.open(pool, &task).await;
    let state = world.fulfilled(id).await;
    assert_eq!(state.price, params.base);
    assert_eq!(world.balance(prover.account).await, params.base);

    prover.replace("concurrency = 8", "concurrency = 8\n            draining = true");
    world.restart(1, &mut prover);
    let ledger = world.until_ledger("the end of its service", &prover, |ledger| ledger.flags & DRAINING != 0).await;
    let have = (ledger.stake, ledger.locked, ledger.busy, ledger.kept, ledger.failed);
    assert_eq!(have, (STAKE, 0, 0, 1, 0), "its deposit is back");
}

/// Two provers offer a lot at their costs for two orders: one pair trades, at what the dearer one asks, and no keeper is needed to clear.
#[tokio::test]
async fn a_batch_trades_at_the_price_that_the_winner_did_not_set() {
    const INTERVAL: u64 = 20;
    let mut world = World::new().await;
    let params = BatchParams {
        interval: INTERVAL as u32,
        grace: INTERVAL as u32,
        window: 60,
        lot: 1_000,
        floor: 1,
        ceiling: ETHER,
        work: 1_000,
        bond: BOND,
        orders: 8,
        offers: 8,
        carry: 0,
    };
    let batch = world.host_own("batch", code::BATCH, params.encode()).await;
    let cheap = world.start(1, STANDING);
    let mut dear = world.start(2, STANDING);
    dear.replace(CHEAP, DEAR);
    world.restart(2, &mut dear);
    for prover in [&cheap, &dear] {
        world.until_ledger("a stake", prover, |ledger| ledger.stake == STAKE).await;
    }
    while world.node.head().await.unwrap().time % INTERVAL != 0 {
        world.pass(1).await;
    }
    let task = world.task(14);
    let orders = [world.open(batch, &task).await, world.open(batch, &task).await];
    for prover in [&cheap, &dear] {
        world.until_ledger("an offer", prover, |ledger| ledger.locked == BOND).await;
    }
    world.until_ledger("its deposit back", &dear, |ledger| ledger.locked == 0).await;
    let open = [world.state(orders[0]).await, world.state(orders[1]).await].map(|state| state.status == Status::Open);
    assert_ne!(open[0], open[1], "the last pair does not trade");
    let id = orders[usize::from(open[0])];
    assert_eq!(world.winner(id).await, cheap.account);
    assert_eq!(world.fulfilled(id).await.price, 2 * cost(&task));
    let ledger = world.until_ledger("its bond back", &cheap, |ledger| ledger.locked == 0).await;
    assert_eq!((ledger.stake, ledger.kept, ledger.failed), (STAKE, 1, 0));
}
