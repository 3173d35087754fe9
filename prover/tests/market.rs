//! The program in a real market on a real chain: it wins under each mechanism, proves, and is paid.
#![expect(clippy::unwrap_used, reason = "tests")]

mod fixture;

use std::time::Duration;

use bourse_sim::ask::Status;
use fixture::{CHEAP, DEAR, MAX_PRICE, POSTED, World, cost};

const STAKE: u128 = 100_000_000_000_000_000;

#[tokio::test]
async fn it_wins_proves_and_is_paid_under_each_mechanism() {
    let mut world = World::new().await;
    let prover = world.start(1, "");
    let task = world.task(7);
    let posted = world.open(world.posted, &task).await;
    let dutch = world.open(world.dutch, &task).await;
    let first_price = world.open(world.first_price, &task).await;
    let vickrey = world.open(world.vickrey, &task).await;
    let mut wrong = world.task(8);
    wrong.statement = task.statement;
    let unprovable = world.open(world.posted, &wrong).await;

    let mut paid = Vec::new();
    for id in [posted, dutch, first_price, vickrey] {
        paid.push(world.fulfilled(id).await.price);
    }
    let cost = cost(&task);
    assert_eq!(paid[0], POSTED);
    // Alone, with rivals believed to cost at most twice as much: a first-price bid is twice the cost.
    let step = MAX_PRICE / 50;
    assert!(2 * cost <= paid[1] && paid[1] <= 2 * cost + 3 * step, "the Dutch clock showed {}, cost {cost}", paid[1]);
    assert_eq!(paid[2], 2 * cost);
    assert_eq!(paid[3], MAX_PRICE, "the only bidder is paid the reserve");
    assert_eq!(world.balance(prover.account).await, paid.iter().sum::<u128>());

    let ledger = world.node.ledger(prover.account).await.unwrap();
    assert_eq!((ledger.stake, ledger.locked, ledger.busy), (STAKE, 0, 0));
    assert_eq!((ledger.kept, ledger.failed), (4, 0));
    assert_eq!(page(&prover, "/readyz").await, "ready\n");
    let metrics = page_with(&prover, "/metrics", "prover_ended_total{how=\"settled\"} 4").await;
    let of = |line: &str| assert!(metrics.lines().any(|have| have == line), "no '{line}' in\n{metrics}");
    of("prover_deliveries_total{way=\"chain\"} 4");
    of("prover_bids_total{kind=\"commit\"} 2");
    of("prover_unprovable_total 1");

    let state = world.state(unprovable).await;
    assert_eq!((state.status, state.holds), (Status::Open, 0), "what cannot be proven is not bid on");
    let log = prover.stop();
    assert!(log.contains("not bid on: it cannot be proven"), "{log}");
}

/// What the program serves once `line` is in it: it may be a block behind the chain.
async fn page_with(prover: &fixture::Program, path: &str, line: &str) -> String {
    for _ in 0..100 {
        let text = page(prover, path).await;
        if text.lines().any(|have| have == line) {
            return text;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("no '{line}' in\n{}", page(prover, path).await);
}

/// What the program serves.
async fn page(prover: &fixture::Program, path: &str) -> String {
    let url = prover.url(path);
    let client = bourse_chain::http::client(&url, Duration::from_secs(10)).unwrap();
    client.get(url).send().await.unwrap().text().await.unwrap()
}

/// `check` says what `run` would do, and what would keep it from working.
#[tokio::test]
async fn check_tells_what_would_be_declared() {
    let world = World::new().await;
    let before = world.check(1, "").unwrap();
    assert!(before.contains("backend   pow5 for verifier 1"), "{before}");
    assert!(before.contains("100000000000000000 would be staked"), "{before}");
    assert!(before.contains("to send"), "{before}");
    let prover = world.start(1, "");
    while world.node.ledger(prover.account).await.unwrap().stake == 0 {
        world.pass(1).await;
    }
    let after = world.check(1, "").unwrap();
    assert!(after.contains("declared  as it should be: nothing would be sent"), "{after}");
    let unknown = world.check(1, "[[backends]]\nverifier = 9\npow5 = { folder = \"keys\", rounds = [1] }").unwrap_err();
    assert!(unknown.contains("there is no verifier 9 in this market"), "{unknown}");
    let mistaken = world.check(1, "[supply.mechanisms]").unwrap_err();
    assert!(mistaken.contains("supply"), "{mistaken}");
}

/// A start that finds everything as it should be sends nothing.
#[tokio::test]
async fn a_second_start_declares_nothing() {
    let mut world = World::new().await;
    let mut prover = world.start(1, "");
    let task = world.task(7);
    let first = world.open(world.posted, &task).await;
    world.fulfilled(first).await;
    world.restart(1, &mut prover);
    let second = world.open(world.posted, &task).await;
    world.fulfilled(second).await;
    let log = prover.stop();
    for step in ["declare", "deposit", "stake"] {
        let sent = log.matches(&format!("step=\"{step}\"")).count();
        assert_eq!(sent, 1, "{step} was sent {sent} times:\n{log}");
    }
}

/// Of two provers the cheaper one wins; the other gets its deposit back, by its own tick if by nobody else's.
#[tokio::test]
async fn the_loser_of_a_sealed_auction_gets_its_deposit_back() {
    let mut world = World::new().await;
    let cheap = world.start(1, "");
    let mut dear = world.start(2, "[bidding]\nmargin_bps = 0");
    dear.replace(CHEAP, DEAR);
    world.restart(2, &mut dear);
    let task = world.task(7);
    let id = world.open(world.vickrey, &task).await;
    world.until("two deposits", id, |state| state.holds == 2).await;
    let state = world.fulfilled(id).await;
    assert_eq!(state.price, 2 * cost(&task), "the winner is paid what the loser asked");
    world.until("no deposits", id, |state| state.holds == 0).await;
    for prover in [&cheap, &dear] {
        let ledger = world.node.ledger(prover.account).await.unwrap();
        assert_eq!((ledger.stake, ledger.locked, ledger.busy), (STAKE, 0, 0));
    }
    assert_eq!(world.balance(cheap.account).await, state.price);
}

/// Two provers bid each other down as far as the dearer one goes; then they stop, and nothing is held any longer.
#[tokio::test]
async fn open_bids_go_down_to_the_second_lowest_cost() {
    let mut world = World::new().await;
    let cheap = world.start(1, "");
    let mut dear = world.start(2, "[bidding]\nmargin_bps = 0");
    dear.replace(CHEAP, DEAR);
    world.restart(2, &mut dear);
    while world.node.ledger(dear.account).await.unwrap().stake == 0 {
        world.pass(1).await;
    }
    let task = world.task(7);
    let id = world.open(world.english, &task).await;
    let state = world.fulfilled(id).await;
    let second = 2 * cost(&task);
    assert!(state.price * 8 / 10 <= second && second * 8 / 10 <= state.price + 1, "{} of {second}", state.price);
    world.until("no deposits", id, |state| state.holds == 0).await;
    for prover in [&cheap, &dear] {
        let ledger = world.node.ledger(prover.account).await.unwrap();
        assert_eq!((ledger.stake, ledger.locked, ledger.busy), (STAKE, 0, 0));
    }
    assert_eq!(world.balance(cheap.account).await, state.price);
    let bids = [&cheap, &dear].map(|prover| prover.log().matches("kind=\"lower\"").count());
    assert!(bids.iter().all(|bids| 2 <= *bids && *bids <= 12), "bids of each: {bids:?}");
}

/// Two provers race with nobody chosen: both prove and commit, the older commitment is paid, and nothing is held any longer.
#[tokio::test]
async fn a_race_pays_the_older_commitment() {
    let mut world = World::new().await;
    let provers = [world.start(1, ""), world.start(2, "")];
    for prover in &provers {
        while world.node.ledger(prover.account).await.unwrap().stake == 0 {
            world.pass(1).await;
        }
    }
    let task = world.task(9);
    let id = world.open(world.race, &task).await;
    let state = world.fulfilled(id).await;
    assert_eq!(state.price, MAX_PRICE, "all of the bounty");
    world.until("no deposits", id, |state| state.holds == 0).await;
    let mut paid = 0;
    for prover in &provers {
        let ledger = world.node.ledger(prover.account).await.unwrap();
        assert_eq!((ledger.stake, ledger.locked, ledger.busy), (STAKE, 0, 0));
        paid += world.balance(prover.account).await;
    }
    assert_eq!(paid, MAX_PRICE);
}

/// Two provers take the seats of a committee: the first brings the whole, both are paid, and nothing is held any longer.
#[tokio::test]
async fn a_committee_is_paid_for_what_its_first_seat_brings() {
    let mut world = World::new().await;
    let provers = [world.start(1, ""), world.start(2, "")];
    let task = world.task(10);
    let id = world.open(world.committee, &task).await;
    let state = world.fulfilled(id).await;
    assert_eq!((state.price, state.holds), (MAX_PRICE, 0), "all of the fee");
    let mut paid = Vec::new();
    for prover in &provers {
        let ledger = world.node.ledger(prover.account).await.unwrap();
        assert_eq!((ledger.stake, ledger.locked, ledger.busy), (STAKE, 0, 0));
        paid.push(world.balance(prover.account).await);
    }
    paid.sort_unstable();
    assert_eq!(paid, [MAX_PRICE / 4, MAX_PRICE * 3 / 4], "a share, and a share with the part of who brings the whole");
}
