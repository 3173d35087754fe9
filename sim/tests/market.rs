//! The fold of events: what each does, what cannot be, and back again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bourse_sim::ask::{Cause, Shape, Status};
use bourse_sim::event::{Config, Declaration, Event, Offer};
use bourse_sim::market::{ANY_VERIFIER, BURNED, Market, RECLAIM_DELAY, Step, Turn, Violation};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei, ZERO};
use proptest::prelude::*;

const STAKE: Account = [0x57; 20];
const ALICE: Account = [0xa1; 20];
const PAUL: Account = [0xb1; 20];
const PETE: Account = [0xb2; 20];
const CALLER: Account = [0xca; 20];
const DEADLINE: Time = 10_000;
const BOND: Wei = 1_001;

fn request(nonce: u64) -> Request {
    Request {
        requester: ALICE,
        nonce,
        instance: 2,
        verifier: 1,
        work: 10,
        max_price: 500,
        tip: 7,
        bond: BOND,
        deadline: DEADLINE,
        window: 60,
        ..Request::default()
    }
}

/// Not as low as the numbers of instances, as no hash is.
fn id(nonce: u64) -> Id {
    let mut id = [0xaa; 32];
    id[24..].copy_from_slice(&nonce.to_be_bytes());
    id
}

fn opened(nonce: u64) -> Event {
    Event::Opened {
        id: id(nonce),
        requester: ALICE,
        instance: 2,
        version: 1,
        request: request(nonce),
        input: vec![1, 2, 3],
    }
}

fn config(words: u8, fallback: u32) -> Config {
    Config {
        mechanism: [0x3e; 20],
        fallback_instance: fallback,
        fallback_version: fallback.min(1),
        shape: Shape { words, shared: 1, gas: 30_000, flags: 0 },
        params: vec![words],
        ..Config::default()
    }
}

fn declared(prover: Account, number: u32) -> Event {
    let offer = Offer { accepted: true, floor: 1, bond_limit: 10 * BOND, throughput: 5 };
    let declaration = Declaration {
        concurrency: 4,
        flags: ANY_VERIFIER,
        offers: vec![(ZERO, offer)],
        mechanisms: vec![([0x3e; 20], true)],
        verifiers: Vec::new(),
    };
    Event::Declared { prover, number, declaration }
}

fn deposited(token: Account, account: Account, amount: Wei) -> Event {
    Event::Deposited { token, account, from: account, amount }
}

fn awarded(nonce: u64, prover: Account, price: Wei) -> Event {
    Event::Awarded { id: id(nonce), prover, price, due: 160, bond_bps: 5_000 }
}

fn held(nonce: u64, prover: Account, amount: Wei) -> Event {
    Event::Held { id: id(nonce), prover, amount, tag: [9; 22] }
}

fn tipped(nonce: u64, to: Account) -> Event {
    Event::Tipped { id: id(nonce), to, amount: 7 }
}

/// Two instances, the second falling back to the first, two provers with stake, a requester with money.
fn prologue() -> Vec<Event> {
    let set = |instance, words, fallback| Event::InstanceSet {
        instance,
        version: 1,
        owner: ALICE,
        open: true,
        config: config(words, fallback),
    };
    vec![
        set(1, 0, 0),
        set(2, 2, 1),
        Event::VerifierRegistered { verifier: 1, target: [1; 20], registrar: ALICE, codehash: [2; 32], gas: 30_000 },
        deposited(ZERO, ALICE, 10_000),
        deposited(STAKE, PAUL, 9_000),
        deposited(STAKE, PETE, 9_000),
        declared(PAUL, 1),
        declared(PETE, 2),
        Event::Staked { prover: PAUL, amount: 5_000 },
        Event::Staked { prover: PETE, amount: 5_000 },
    ]
}

fn fold(events: &[Event]) -> Market {
    let mut market = Market::new(STAKE);
    market.commit(&prologue(), 50).unwrap();
    for event in events {
        market.apply(event, 100).unwrap();
    }
    market
}

fn violation(events: &[Event]) -> Violation {
    let (last, before) = events.split_last().unwrap();
    fold(before).apply(last, 200).unwrap_err()
}

#[test]
fn a_proof_pays_the_prover_and_refunds_the_rest() {
    let proof = Event::Fulfilled { id: id(1), prover: PAUL, price: 300, proof: vec![4] };
    let market = fold(&[opened(1), tipped(1, [0xee; 20]), awarded(1, PAUL, 300), proof]);
    assert_eq!(market.balance(ZERO, PAUL), 300);
    assert_eq!(market.balance(ZERO, ALICE), 10_000 - 300 - 7);
    assert_eq!(market.balance(ZERO, [0xee; 20]), 7);
    let (paul, case) = (market.prover(&PAUL).unwrap(), market.request(&id(1)).unwrap());
    assert_eq!((paul.locked, paul.busy, paul.kept, paul.failed), (0, 0, 1, 0));
    assert_eq!((case.status, case.proof.as_deref()), (Status::Fulfilled, Some(&[4][..])));
    assert_eq!((market.owed(ZERO), market.owed(STAKE)), (10_000, 18_000));
    assert_eq!(market.live().count(), 0);
    assert_eq!(market.next_due(), None);
}

#[test]
fn an_award_locks_its_share_of_the_bond() {
    let market = fold(&[opened(1), tipped(1, ALICE), awarded(1, PAUL, 300)]);
    let paul = market.prover(&PAUL).unwrap();
    assert_eq!((paul.locked, paul.busy, paul.free()), (500, 1, 4_500));
    assert_eq!(market.request(&id(1)).unwrap().award.unwrap().bond, 500);
    assert_eq!(market.owed(ZERO), 10_000);
}

#[test]
fn a_failure_is_slashed_and_climbs_down_to_the_end() {
    let slashed = Event::Slashed { id: id(1), prover: PAUL, burned: 250, compensation: 225, tip: 25, to: CALLER };
    let climbed = Event::Climbed { id: id(1), rung: 1, instance: 1, version: 1 };
    let noted = Event::Noted { id: id(1), words: vec![[1; 32], [2; 32]] };
    let market = fold(&[opened(1), noted, tipped(1, ALICE), awarded(1, PAUL, 300), slashed, climbed.clone()]);
    let case = market.request(&id(1)).unwrap();
    assert_eq!((case.status, case.rung, case.instance, case.words.len()), (Status::Open, 1, 1, 0));
    assert_eq!((case.failed, case.award), (Some(PAUL), None));
    let steps: Vec<_> = case.steps.iter().map(|(_, step)| *step).collect();
    let award = Step::Awarded { prover: PAUL, price: 300 };
    assert_eq!(steps, [Step::Entered, award, Step::Failed { prover: PAUL }, Step::Climbed { rung: 1 }]);
    let paul = market.prover(&PAUL).unwrap();
    assert_eq!((paul.stake, paul.locked, paul.busy, paul.failed), (4_500, 0, 0, 1));
    assert_eq!((market.balance(STAKE, BURNED), market.balance(STAKE, ALICE)), (250, 225));
    assert_eq!(market.owed(STAKE), 18_000);

    let mut market = market;
    market.apply(&Event::Closed { id: id(1), refund: 500 }, 20_000).unwrap();
    assert_eq!(market.balance(ZERO, ALICE), 10_000);
    // The tip out of the slash is its caller's, to the wei.
    assert_eq!(market.balance(STAKE, CALLER), 25);
    let spent = Event::Withdrawn { token: STAKE, account: CALLER, to: PAUL, amount: 25 };
    market.apply(&spent, 20_001).unwrap();
    assert_eq!(market.balance(STAKE, CALLER), 0);
    assert!(matches!(market.apply(&spent, 20_002), Err(Violation::Overdrawn { want: 25, .. })));
}

#[test]
fn tickets_are_replaced_released_forfeited_and_become_bonds() {
    let events = [
        opened(1),
        held(1, PAUL, 100),
        held(1, PAUL, 300),
        held(1, PETE, 200),
        Event::Released { id: id(1), prover: PETE, amount: 200 },
        held(1, PETE, 250),
        tipped(1, ALICE),
        awarded(1, PAUL, 300),
        Event::Forfeited { id: id(1), prover: PETE, burned: 126, compensation: 112, tip: 12, to: CALLER },
    ];
    let market = fold(&events[..4]);
    let (paul, pete) = (market.prover(&PAUL).unwrap(), market.prover(&PETE).unwrap());
    assert_eq!((paul.locked, paul.busy, pete.locked, pete.busy), (300, 1, 200, 1));
    assert_eq!(market.request(&id(1)).unwrap().tickets.len(), 2);
    let market = fold(&events);
    let (paul, pete) = (market.prover(&PAUL).unwrap(), market.prover(&PETE).unwrap());
    assert_eq!((paul.locked, paul.busy), (500, 1));
    assert_eq!((pete.stake, pete.locked, pete.busy), (4_750, 0, 0));
    assert_eq!((market.balance(STAKE, CALLER), market.balance(STAKE, BURNED)), (12, 126));
    assert!(market.request(&id(1)).unwrap().tickets.is_empty());
    assert_eq!(market.owed(STAKE), 18_000);
}

#[test]
fn time_alone_finds_what_is_due() {
    let mut market = fold(&[opened(1), opened(2), held(2, PETE, 5), opened(3), tipped(3, ALICE), awarded(3, PAUL, 9)]);
    let due = |market: &Market, time| market.due(time).map(|(id, _)| id[31]).collect::<Vec<_>>();
    assert_eq!(market.next_due(), Some(161));
    assert_eq!((due(&market, 160), due(&market, 161)), (vec![], vec![3]));
    assert_eq!(due(&market, DEADLINE), [3, 1, 2]);
    market.apply(&tipped(2, ALICE), DEADLINE).unwrap();
    market.apply(&Event::Closed { id: id(2), refund: 500 }, DEADLINE).unwrap();
    assert_eq!(due(&market, DEADLINE + RECLAIM_DELAY), [3, 1, 2], "its deposit can be given back");
    market.apply(&Event::Released { id: id(2), prover: PETE, amount: 5 }, DEADLINE + RECLAIM_DELAY).unwrap();
    assert_eq!(due(&market, Time::MAX - 1), [3, 1]);
}

#[test]
fn the_question_is_what_the_market_would_ask() {
    let noted = Event::NotedInstance { instance: 2, shared: vec![[5; 32]] };
    let market = fold(&[opened(1), held(1, PAUL, 100), noted]);
    let turn = Turn { cause: Cause::Bid, actor: PAUL, price: 3, time: 120, block_number: 8, ..Turn::default() };
    let ask = market.ask(&id(1), turn).unwrap();
    assert_eq!((ask.opened_at, ask.time, ask.holds, ask.rung, ask.status), (100, 120, 1, 0, Status::Open));
    assert_eq!((ask.actor.id, ask.actor.free, ask.actor.capacity, ask.actor.held), (1, 4_900, 3, 100));
    assert_eq!((ask.actor.throughput, ask.actor.tag), (5, [9; 22]));
    assert_eq!((ask.words, ask.shared, ask.params), (vec![[0; 32]; 2], vec![[5; 32]], vec![2]));
    assert_eq!(market.ask(&id(2), Turn::default()), None);
}

#[test]
fn what_cannot_be_is_noticed() {
    let overdrawn = Request { max_price: 20_000, ..request(1) };
    let overdrawn =
        Event::Opened { id: id(1), requester: ALICE, instance: 2, version: 1, request: overdrawn, input: Vec::new() };
    assert!(matches!(violation(&[overdrawn]), Violation::Overdrawn { have: 10_000, want: 20_007, .. }));
    assert!(matches!(violation(&[opened(1), opened(1)]), Violation::KnownRequest { .. }));
    assert!(matches!(violation(&[awarded(1, PAUL, 1)]), Violation::UnknownRequest { .. }));
    let stranger = awarded(1, [9; 20], 1);
    assert!(matches!(violation(&[opened(1), tipped(1, ALICE), stranger]), Violation::UnknownProver { .. }));
    assert!(matches!(violation(&[opened(1), tipped(1, ALICE), awarded(1, PAUL, 501)]), Violation::TooMuch { .. }));
    assert!(matches!(violation(&[opened(1), awarded(1, PAUL, 1)]), Violation::WrongAmount { .. }));
    let twice = [opened(1), tipped(1, ALICE), awarded(1, PAUL, 1), awarded(1, PETE, 1)];
    assert!(matches!(violation(&twice), Violation::WrongStatus { have: Status::Awarded, .. }));
    assert!(matches!(violation(&[opened(1), held(1, PAUL, 5_001)]), Violation::TooMuch { max: 5_000, .. }));
    let late = Event::Fulfilled { id: id(1), prover: PAUL, price: 1, proof: Vec::new() };
    let late = [opened(1), tipped(1, ALICE), awarded(1, PAUL, 1), late];
    assert!(matches!(violation(&late), Violation::TooMuch { have: 200, max: 160, .. }));
    let under = [opened(1), held(1, PAUL, 1), Event::Cancelled { id: id(1), refund: 507 }];
    assert!(matches!(violation(&under), Violation::WrongAmount { have: 1, .. }));
    let free = Event::Released { id: id(1), prover: PETE, amount: 1 };
    assert!(matches!(violation(&[opened(1), free]), Violation::WrongProver { .. }));
    let skipped = Event::InstanceSet { instance: 4, version: 1, owner: ALICE, open: true, config: config(0, 0) };
    assert!(matches!(violation(&[skipped]), Violation::UnknownInstance { instance: 4, version: 1 }));
    let more = Event::Unstaking { prover: PAUL, amount: 5_001, ready_at: 9 };
    assert!(matches!(violation(&[more]), Violation::TooMuch { .. }));
}

#[test]
fn a_request_cancelled_before_it_entered_never_enters() {
    let cancelled = Event::Cancelled { id: id(1), refund: 0 };
    assert!(matches!(violation(&[cancelled, opened(1)]), Violation::KnownRequest { .. }));
    let market = fold(&[opened(1), Event::Cancelled { id: id(1), refund: 507 }]);
    assert_eq!((market.balance(ZERO, ALICE), market.owed(ZERO)), (10_000, 10_000));
}

#[test]
fn a_token_of_absurd_amounts_stops_nobody() {
    let junk: Account = [0x66; 20];
    let mut market = fold(&[deposited(junk, PETE, Wei::MAX), deposited(junk, ALICE, Wei::MAX - 5)]);
    market.apply(&deposited(junk, ALICE, 100), 1).unwrap();
    for _ in 0..3 {
        let out = Event::Withdrawn { token: junk, account: PETE, to: PETE, amount: Wei::MAX };
        market.apply(&out, 1).unwrap();
    }
    assert_eq!(market.owed(ZERO), 10_000);
}

#[test]
fn stake_leaves_after_waiting() {
    let unstaking = |amount, ready_at| Event::Unstaking { prover: PAUL, amount, ready_at };
    let mut market = fold(&[unstaking(1_000, 500), unstaking(500, 600)]);
    let paul = market.prover(&PAUL).unwrap();
    assert_eq!((paul.stake, paul.exit), (3_500, Some((1_500, 600))));
    market.apply(&Event::Unstaked { prover: PAUL, amount: 1_500 }, 700).unwrap();
    assert_eq!((market.balance(STAKE, PAUL), market.prover(&PAUL).unwrap().exit), (5_500, None));
}

/// A long life in one list, each event possible after those before it.
fn chronicle() -> Vec<Event> {
    let slashed =
        |nonce, prover| Event::Slashed { id: id(nonce), prover, burned: 250, compensation: 225, tip: 25, to: CALLER };
    let mut events = prologue();
    for nonce in 1..=4 {
        events.extend([opened(nonce), held(nonce, PETE, 10), Event::Noted { id: id(nonce), words: vec![[7; 32]; 2] }]);
    }
    events.extend([
        tipped(1, PAUL),
        awarded(1, PAUL, 100),
        Event::Released { id: id(1), prover: PETE, amount: 10 },
        Event::Fulfilled { id: id(1), prover: PAUL, price: 100, proof: vec![1] },
        tipped(2, ALICE),
        awarded(2, PETE, 200),
        slashed(2, PETE),
        Event::Climbed { id: id(2), rung: 1, instance: 1, version: 1 },
        awarded(2, PAUL, 300),
        Event::Excused { id: id(2), prover: PAUL },
        Event::Closed { id: id(2), refund: 500 },
        Event::Forfeited { id: id(3), prover: PETE, burned: 6, compensation: 4, tip: 0, to: CALLER },
        Event::Cancelled { id: id(3), refund: 507 },
        Event::BeaconFixed { id: id(4), block: 77 },
        Event::NotedInstance { instance: 1, shared: vec![[8; 32]] },
        Event::Unstaking { prover: PAUL, amount: 100, ready_at: 9_000 },
        Event::Unstaked { prover: PAUL, amount: 100 },
        Event::VerifierFrozen { verifier: 1 },
        Event::InstanceRetired { instance: 2 },
        Event::Cancelled { id: id(9), refund: 0 },
        Event::Withdrawn { token: ZERO, account: PAUL, to: PAUL, amount: 50 },
    ]);
    events
}

fn picture(market: &Market) -> String {
    let due: Vec<_> = market.due(Time::MAX - 1).map(|(id, case)| (*id, case.due())).collect();
    let live: Vec<_> = market.live().map(|(id, _)| *id).collect();
    let accounts = [ALICE, PAUL, PETE, BURNED, CALLER];
    let money: Vec<_> = accounts.map(|who| (market.balance(ZERO, who), market.balance(STAKE, who))).into();
    let owed = (market.owed(ZERO), market.owed(STAKE));
    let (provers, requests) = (market.provers(), market.requests());
    let ended: Vec<_> = market.ended().map(|(id, _)| *id).collect();
    let of_alice: Vec<_> = market.requests_of(ALICE).map(|(id, _)| *id).collect();
    assert_eq!(ended.len() + live.len(), requests.len());
    format!(
        "{ended:?}{of_alice:?}{provers:?}{requests:?}{:?}{:?}{due:?}{live:?}{money:?}{owed:?}",
        market.instances(),
        market.verifiers()
    )
}

#[test]
fn blocks_are_taken_back_one_by_one_to_the_beginning() {
    let mut market = Market::new(STAKE);
    let mut pictures = Vec::new();
    let events = chronicle();
    for block in events.chunks(3) {
        pictures.push(picture(&market));
        market.commit(block, 100).unwrap();
    }
    while let Some(before) = pictures.pop() {
        market.revert().unwrap();
        assert_eq!(picture(&market), before);
    }
    assert_eq!(market.revert(), Err(Violation::NoCheckpoint));
}

#[test]
fn only_so_many_blocks_are_kept() {
    let mut market = Market::new(STAKE).keeping(2);
    for event in prologue() {
        market.commit(&[event], 100).unwrap();
    }
    market.revert().unwrap();
    market.revert().unwrap();
    assert_eq!(market.revert(), Err(Violation::NoCheckpoint));
    assert_eq!(market.prover(&PETE).unwrap().stake, 0);
}

proptest! {
    /// Whatever happens to a request, the market owes what was paid in, and nothing locked is lost.
    #[test]
    fn money_is_kept(price in 0..=500_u128, deposit in 1..=2_000_u128, end in 0..4, seated: bool) {
        let mut market = fold(&[opened(1)]);
        if seated {
            market.apply(&held(1, PAUL, deposit), 100).unwrap();
        }
        market.apply(&tipped(1, ALICE), 100).unwrap();
        market.apply(&awarded(1, PAUL, price), 100).unwrap();
        let last = match end {
            0 => vec![Event::Fulfilled { id: id(1), prover: PAUL, price, proof: Vec::new() }],
            1 => vec![
                Event::Slashed { id: id(1), prover: PAUL, burned: 250, compensation: 225, tip: 25, to: CALLER },
                Event::Closed { id: id(1), refund: 500 },
            ],
            2 => vec![Event::Excused { id: id(1), prover: PAUL }, Event::Closed { id: id(1), refund: 500 }],
            _ => Vec::new(),
        };
        for event in last {
            market.apply(&event, 150).unwrap();
        }
        prop_assert_eq!((market.owed(ZERO), market.owed(STAKE)), (10_000, 18_000));
        let paul = market.prover(&PAUL).unwrap();
        prop_assert!(paul.locked <= paul.stake);
        prop_assert_eq!(paul.busy == 0, end < 3);
    }
}
