//! When a prover bids in a sortition, and what it deposits in the pool, against the twin, without a chain.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bidders;

use std::time::Duration;

use bidders::takes;
use bourse_prover::bid::{
    Bidder, Decision, Opening, Policy, Reason, Rule,
    capacity::{Load, Schedule},
    decide,
    sortition::{Lot, enrol},
};
use bourse_sim::{
    Id, Time, Wei,
    ask::{Actor, Ask, Cause, MoveKind, Status},
    mechanisms::{
        Mechanism,
        sortition::{Drawing, Enrolment, Sortition, SortitionParams, places},
    },
    request::Request,
};
use proptest::prelude::*;

const OPENED: Time = 1_000;
const BLOCK: u64 = 50;
const PAYS: Wei = 1_000;
const BEACON: Id = [7; 32];

fn params() -> SortitionParams {
    SortitionParams {
        base: PAYS,
        min_deposit: 100,
        max_deposit: 10_000,
        notice: 3_600,
        distance: 4,
        lead: 20,
        stagger: 30,
        stages: 3,
        patience: 60,
        backups: 1,
        ..SortitionParams::default()
    }
}

fn request() -> Request {
    Request { max_price: 2 * PAYS, bond: 10, deadline: OPENED + 2_000, window: 300, work: 1, ..Request::default() }
}

fn bidder(number: u8, cost: Wei, schedule: &Schedule) -> Bidder<'_> {
    let plain = bidders::bidder(number, cost, 30, schedule);
    Bidder { policy: Policy { margin_bps: 1_000, ..plain.policy }, ..plain }
}

fn lot(weight: Wei) -> Lot {
    Lot { weight, enrolment: Enrolment { block: BLOCK - 1, leaves: 0 }, beacon: Some(BEACON) }
}

/// A request, moved by the twin.
struct Room {
    request: Request,
    words: Vec<Id>,
    now: Time,
}

impl Room {
    fn new() -> Self {
        let mut room = Self { request: request(), words: vec![Id::default(); 4], now: OPENED };
        room.words = Sortition.step(&room.ask(Cause::Opened)).unwrap().words;
        room
    }

    fn ask(&self, cause: Cause) -> Ask {
        let mut pool = Id::default();
        pool[16..].copy_from_slice(&10_000_u128.to_be_bytes());
        Ask {
            cause,
            id: [1; 32],
            status: Status::Open,
            request: self.request.clone(),
            opened_at: OPENED,
            time: self.now,
            block_number: BLOCK,
            beacon: BEACON,
            params: params().encode(),
            words: self.words.clone(),
            shared: vec![pool],
            ..Ask::default()
        }
    }

    fn decide(&self, bidder: &Bidder<'_>, lot: Lot) -> Result<Decision, Reason> {
        let rule = Rule::Sortition(params(), lot);
        let (request, words) = (&self.request, self.words.as_slice());
        decide(&Opening { id: [1; 32], request, rule, opened_at: OPENED, holds: 0, words }, bidder, self.now)
    }

    /// Has the twin take a bid, if it does.
    fn bid(&mut self, bidder: &Bidder<'_>, lot: Lot, price: Wei) -> bool {
        let actor = Actor { prover: bidder.account, free: bidder.stake, held: lot.weight, ..Actor::default() };
        let ask = Ask { actor: Actor { tag: lot.enrolment.tag(), ..actor }, price, ..self.ask(Cause::Bid) };
        let Ok(answer) = Sortition.step(&ask) else { return false };
        assert_eq!(answer.moves[0].kind, MoveKind::Hold);
        self.words = answer.words;
        true
    }
}

proptest! {
    /// What is waited for is the first second in which the twin takes the bid, and nothing is waited for in vain.
    #[test]
    fn it_bids_in_the_second_in_which_its_turn_comes(number: u8, weight in 100..10_000_u128) {
        let schedule = Schedule::default();
        let bidder = bidder(number, 100, &schedule);
        let mut room = Room::new();
        if let Decision::Wait(turn) = room.decide(&bidder, lot(weight)).unwrap() {
            room.now = turn - 1;
            prop_assert!(!room.bid(&bidder, lot(weight), 0));
            prop_assert_eq!(room.decide(&bidder, lot(weight)), Ok(Decision::Wait(turn)));
            room.now = turn;
        }
        let terms = takes(room.decide(&bidder, lot(weight)));
        prop_assert_eq!((terms.price, terms.profit, terms.max_bond), (110, 900, 10));
        prop_assert!(room.bid(&bidder, lot(weight), terms.price));
        prop_assert_eq!(places(&room.words)[0].0, bidder.account);
    }

    /// A deposit never brings more than the machine can prove.
    #[test]
    fn a_deposit_is_bearable(total in 0..1_000_000_u128, every in 1..100_u64, length in 1..200_u64, stake in 0..20_000_u128) {
        let schedule = Schedule::default();
        let bidder = Bidder { stake, length: Duration::from_secs(length), ..bidder(1, 100, &schedule) };
        if let Ok(deposit) = enrol(&params(), &request(), every, total, &bidder) {
            prop_assert!((100..=10_000).contains(&deposit) && deposit + 10 <= stake);
            prop_assert!(deposit * u128::from(length) <= (total + deposit) * u128::from(every));
        }
    }
}

#[test]
fn it_lets_its_turn_pass_where_it_cannot_prove_in_time_or_is_paid_too_little() {
    let schedule = Schedule::default();
    let room = Room::new();
    let dear = room.decide(&bidder(1, 910, &schedule), lot(1_000));
    assert_eq!(dear, Err(Reason::Price { have: PAYS, want: 1_001 }));
    let slow = Bidder { length: Duration::from_secs(301), ..bidder(1, 100, &schedule) };
    assert!(matches!(room.decide(&slow, lot(1_000)), Err(Reason::Late(_))));
    let load = Load { release: 0, length: Duration::from_secs(470), due: OPENED + 480 };
    let mut busy = Schedule::default();
    busy.running.push(load);
    assert!(matches!(room.decide(&bidder(1, 100, &busy), lot(1_000)), Err(Reason::Late(_))));
}

#[test]
fn it_is_drawn_only_where_it_was_enrolled_before() {
    let schedule = Schedule::default();
    let (room, bidder) = (Room::new(), bidder(1, 100, &schedule));
    assert_eq!(room.decide(&bidder, Lot::default()), Err(Reason::Pool));
    let late = Lot { enrolment: Enrolment { block: BLOCK, leaves: 0 }, ..lot(1_000) };
    assert_eq!(room.decide(&bidder, late), Err(Reason::Pool));
    let leaves = Lot { enrolment: Enrolment { block: 1, leaves: 9_000 }, ..lot(1_000) };
    assert_eq!(room.decide(&bidder, leaves), Err(Reason::Pool));
}

#[test]
fn it_waits_for_the_draw_and_not_after_the_award() {
    let schedule = Schedule::default();
    let (mut room, bidder) = (Room::new(), bidder(1, 100, &schedule));
    let undrawn = Lot { beacon: None, ..lot(1_000) };
    assert_eq!(room.decide(&bidder, undrawn), Ok(Decision::Wait(OPENED + 1)));
    let over = Drawing { over: true, ..Drawing::read(&room.words).unwrap() };
    room.words[0] = over.word();
    room.now += 1;
    assert!(matches!(room.decide(&bidder, lot(1_000)), Err(Reason::TooLate { .. })));
}

#[test]
fn it_does_not_bid_for_places_that_lower_keys_have() {
    let schedule = Schedule::default();
    let mut room = Room::new();
    room.now = OPENED + 20 + 60;
    let mut all: Vec<_> = (1..=3)
        .map(|number| (params().key(&BEACON, &[1; 32], &[number; 20], 1_000), bidder(number, 100, &schedule)))
        .collect();
    all.sort_by_key(|(key, _)| *key);
    for (_, bidder) in &all[..2] {
        assert!(room.bid(bidder, lot(1_000), 0));
    }
    assert_eq!(room.decide(&all[2].1, lot(1_000)), Err(Reason::Crowded(2)));
}

#[test]
fn it_enrols_where_the_tariff_covers_cost_and_margin() {
    let schedule = Schedule::default();
    let with = |cost, every, stake| {
        enrol(&params(), &request(), every, 10_000, &Bidder { stake, ..bidder(1, cost, &schedule) })
    };
    assert_eq!(with(100, 100, 5_010), Ok(5_000));
    assert_eq!(with(100, 100, 50_000), Ok(10_000));
    // A fifth of all requests keeps it busy: 2,500 of 12,500.
    assert_eq!(with(100, 4, 50_000), Ok(2_500));
    assert_eq!(with(910, 100, 5_010), Err(Reason::Price { have: PAYS, want: 1_001 }));
    assert_eq!(with(100, 100, 109), Err(Reason::Stake { have: 99, want: 100 }));
}
