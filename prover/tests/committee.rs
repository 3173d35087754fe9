//! Whether a seat in a committee is worth it, against the twin, without a chain.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bidders;

use std::time::Duration;

use bidders::takes;
use bourse_prover::bid::{
    Bidder, Decision, Opening, Policy, Reason, Rule, Terms,
    capacity::{Load, Schedule},
    committee, decide,
};
use bourse_sim::{
    Id, Time, Wei, ZERO,
    ask::{Actor, Ask, Cause, MoveKind, Status},
    event::Offer,
    mechanisms::{
        Mechanism,
        committee::{Committee, CommitteeParams, Crew, Stage},
    },
    request::Request,
};
use proptest::prelude::*;

const ONE: Wei = 1_000_000_000_000;
const OPENED: Time = 1_000;

fn params() -> CommitteeParams {
    CommitteeParams {
        seats: 3,
        least: 2,
        needed: 2,
        enrolment: 60,
        shards: 100,
        aggregation: 50,
        open: 50,
        stagger: 10,
        fee_bps: 10_000,
        aggregator_bps: 4_000,
        deposit_bps: 10_000,
        deposit_floor: 1,
        bonded: 1,
    }
}

fn request() -> Request {
    Request { max_price: ONE, bond: 10, deadline: OPENED + 2_000, window: 300, work: 1, ..Request::default() }
}

fn bidder(number: u8, cost: Wei, schedule: &Schedule) -> Bidder<'_> {
    bidders::bidder(number, cost, 30, schedule)
}

/// A committee, moved by the twin.
struct Room {
    params: CommitteeParams,
    request: Request,
    words: Vec<Id>,
    now: Time,
}

impl Room {
    fn new(params: CommitteeParams) -> Self {
        let words = vec![Id::default(); Crew::size(params.seats).into()];
        Self { params, request: request(), words, now: OPENED }
    }

    fn decide(&self, bidder: &Bidder<'_>) -> Result<Decision, Reason> {
        let (request, words) = (&self.request, self.words.as_slice());
        let rule = Rule::Committee(self.params);
        decide(&Opening { id: [1; 32], request, rule, opened_at: OPENED, holds: 0, words }, bidder, self.now)
    }

    fn stage(&self) -> Stage {
        self.params.stage(&self.request, &self.words, OPENED, self.now).unwrap()
    }

    /// Decides, and has the twin take it.
    fn enrol(&mut self, bidder: &Bidder<'_>) -> Terms {
        let terms = takes(self.decide(bidder));
        let ask = Ask {
            cause: Cause::Bid,
            status: Status::Open,
            request: self.request.clone(),
            opened_at: OPENED,
            time: self.now,
            actor: Actor { prover: bidder.account, free: bidder.stake, ..Actor::default() },
            price: terms.price,
            params: self.params.encode(),
            words: self.words.clone(),
            ..Ask::default()
        };
        let answer = Committee.step(&ask).unwrap();
        assert_eq!((answer.moves[0].kind, answer.moves[0].amount), (MoveKind::Hold, terms.max_bond));
        self.words = answer.words;
        terms
    }

    /// Seat 1 has been declared late.
    fn vacate(&mut self) {
        let mut crew = self.stage().crew;
        (crew.seats[1], crew.flagged) = (ZERO, 2);
        self.words = crew.write(self.words.len());
    }
}

#[test]
fn it_takes_a_seat_if_share_and_part_cover_all_of_the_work() {
    let idle = Schedule::default();
    let mut room = Room::new(params());
    // A fifth each, and two for the whole.
    let worth = ONE / 5 + ONE * 2 / 5;
    let terms = room.enrol(&bidder(1, ONE / 2, &idle));
    assert_eq!((terms.price, terms.profit, terms.max_bond), (ONE / 10, ONE / 10, 10));
    assert_eq!(terms.load, Load { release: OPENED, length: Duration::from_secs(20), due: OPENED + 200 });
    assert_eq!(terms.valid_until, OPENED + 30);
    assert_eq!(room.enrol(&bidder(2, ONE / 3, &idle)).price, 0, "the part alone covers it");
    assert_eq!(room.decide(&bidder(3, worth + 1, &idle)), Err(Reason::Price { have: worth, want: worth + 1 }));
    room.enrol(&bidder(3, worth, &idle));
    assert_eq!(room.decide(&bidder(4, 1, &idle)), Err(Reason::Crowded(3)));
}

#[test]
fn it_comes_in_time_or_not_at_all() {
    let idle = Schedule::default();
    let mut room = Room::new(params());
    let me = bidder(1, 1, &idle);
    room.now = OPENED + 61;
    assert_eq!(room.decide(&me), Err(Reason::TooLate { now: OPENED + 61, last: OPENED + 60 }));
    room.now = OPENED + 60;
    assert_eq!(takes(room.decide(&me)).valid_until, OPENED + 60);
    let slow = Bidder { length: Duration::from_secs(201), ..me };
    assert!(matches!(room.decide(&slow), Err(Reason::Late(_))), "others may fill it at once");
}

#[test]
fn it_takes_over_the_seat_of_who_is_late() {
    let idle = Schedule::default();
    let mut room = Room::new(params());
    for number in 1..=3 {
        room.enrol(&bidder(number, 1, &idle));
    }
    room.now = OPENED + 110;
    room.vacate();
    let terms = room.enrol(&bidder(4, 1, &idle));
    assert_eq!(terms.load.due, OPENED + 200);
    assert_eq!(room.stage().crew.seats[1], [4; 20]);
    room.vacate();
    room.now = OPENED + 151;
    assert_eq!(room.decide(&bidder(5, 1, &idle)), Err(Reason::TooLate { now: OPENED + 151, last: OPENED + 150 }));
}

#[test]
fn it_puts_at_risk_no_more_than_it_said() {
    let idle = Schedule::default();
    let room = Room::new(CommitteeParams { deposit_floor: 50, ..params() });
    let careful = Bidder { offer: Offer { bond_limit: 49, ..bidder(1, 1, &idle).offer }, ..bidder(1, 1, &idle) };
    assert_eq!(room.decide(&careful), Err(Reason::Bond { have: 50, limit: 49 }));
    let poor = Bidder { stake: 49, ..bidder(1, 1, &idle) };
    assert_eq!(room.decide(&poor), Err(Reason::Stake { have: 49, want: 50 }));
}

#[test]
fn it_brings_the_whole_when_its_turn_comes() {
    let idle = Schedule::default();
    let mut room = Room::new(params());
    let turn = |room: &Room, number: u8| committee::turn(&params(), &room.stage(), &[number; 20], room.now);
    room.enrol(&bidder(1, 1, &idle));
    room.enrol(&bidder(2, 1, &idle));
    assert_eq!(turn(&room, 1), Some((false, OPENED + 260)), "the work has not begun");
    assert_eq!(turn(&room, 3), None);
    room.now = OPENED + 61;
    assert_eq!(turn(&room, 1), Some((true, OPENED + 260)));
    room.now = OPENED + 169;
    assert_eq!(turn(&room, 2), Some((false, OPENED + 260)));
    room.now = OPENED + 170;
    assert_eq!(turn(&room, 2), Some((true, OPENED + 260)));
    assert_eq!(committee::pay(&params(), &room.stage(), ONE, false), ONE * 3 / 10);
    assert_eq!(committee::pay(&params(), &room.stage(), ONE, true), ONE * 7 / 10);
}

proptest! {
    /// Whatever the terms: the twin takes the bid, and bringing the whole for it pays.
    #[test]
    fn no_seat_is_taken_at_a_loss(
        seats in 2_u8..=12,
        fee in 1_u16..=10_000,
        part in 1_u16..=5_000,
        cost in 0..ONE,
        margin in 0_u32..5_000,
        at in 0_u64..200,
    ) {
        let idle = Schedule::default();
        let params =
            CommitteeParams { seats, least: 2, needed: 1, fee_bps: fee, aggregator_bps: part, ..params() };
        let mut room = Room { now: OPENED + at, ..Room::new(params) };
        let me = bidder(1, cost, &idle);
        let me = Bidder { policy: Policy { margin_bps: margin, ..me.policy }, ..me };
        if let Ok(Decision::Lower(terms)) = room.decide(&me) {
            prop_assert_eq!(room.enrol(&me), terms);
            // The fewest that are paid alike are all seats.
            let worth = params.seat_pay(ONE, seats.into()) + params.fee(ONE) - params.rest(ONE);
            prop_assert!(cost + cost * Wei::from(margin) / 10_000 <= worth);
        }
    }
}
