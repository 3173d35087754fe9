//! Whether it pays to race, against the twin, without a chain.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bidders;

use std::time::Duration;

use bourse_prover::bid::{
    Bidder, Decision, Opening, Reason, Rule, Terms,
    capacity::{Load, Schedule},
    decide, race,
};
use bourse_sim::{
    Id, Time, Wei,
    ask::{Actor, Ask, Cause, Status},
    event::Offer,
    mechanisms::{
        Mechanism,
        race::{Race, RaceParams, commitment},
    },
    request::Request,
};
use proptest::prelude::*;

const ONE: Wei = 1_000_000_000_000;
const OPENED: Time = 1_000;

fn params() -> RaceParams {
    RaceParams {
        patience: 120,
        window: 60,
        commit_blocks: 0,
        bounty_bps: 10_000,
        decay_bps: 5_000,
        winners: 3,
        deposit: 0,
    }
}

fn request() -> Request {
    Request { max_price: ONE, bond: 10, deadline: OPENED + 2_000, window: 300, work: 1, ..Request::default() }
}

fn bidder(cost: Wei, rivals: u32, schedule: &Schedule) -> Bidder<'_> {
    Bidder { rivals, ..bidders::bidder(1, cost, 60, schedule) }
}

/// A race, moved by the twin.
struct Course {
    params: RaceParams,
    request: Request,
    words: Vec<Id>,
    now: Time,
}

impl Course {
    fn new(params: RaceParams) -> Self {
        let words = Race.check(&params.encode()).unwrap().words;
        Self { params, request: request(), words: vec![Id::default(); words.into()], now: OPENED }
    }

    fn decide(&self, bidder: &Bidder<'_>) -> Result<Decision, Reason> {
        let (request, words) = (&self.request, self.words.as_slice());
        let rule = Rule::Race(self.params);
        decide(&Opening { id: [1; 32], request, rule, opened_at: OPENED, holds: 0, words }, bidder, self.now)
    }

    /// Prover `number` proves; it committed in block 10 if it had to.
    fn prove(&mut self, number: u8) {
        let (prover, proof) = ([number; 20], [number; 32]);
        let tag = bourse_sim::mechanisms::race::tag(&commitment(&[1; 32], &prover, &proof), 10);
        let held = self.params.deposit;
        let ask = Ask {
            cause: Cause::Proof,
            id: [1; 32],
            status: Status::Open,
            request: self.request.clone(),
            holds: 2,
            opened_at: OPENED,
            time: self.now,
            block_number: 100,
            actor: Actor { prover, id: number.into(), held, tag, ..Actor::default() },
            data: proof.to_vec(),
            params: self.params.encode(),
            words: self.words.clone(),
            ..Ask::default()
        };
        self.words = Race.step(&ask).unwrap().words;
    }
}

fn races(decision: Result<Decision, Reason>) -> Terms {
    match decision.unwrap() {
        Decision::Race(terms) => terms,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_races_if_an_equal_chance_of_every_rank_covers_the_cost() {
    let idle = Schedule::default();
    let course = Course::new(params());
    let terms = races(course.decide(&bidder(ONE / 8, 4, &idle)));
    assert_eq!((terms.price, terms.profit, terms.max_bond), (ONE / 5 - 1, ONE / 5 - 1 - ONE / 8, 0));
    assert_eq!(terms.load, Load { release: OPENED, length: Duration::from_secs(20), due: OPENED + 120 });
    assert_eq!(course.decide(&bidder(ONE / 4, 4, &idle)), Err(Reason::Price { have: ONE / 5 - 1, want: ONE / 4 }));
    let alone = races(course.decide(&bidder(ONE / 2, 0, &idle)));
    assert_eq!(alone.price, ONE * 4 / 7, "the ranks behind it are nobody's");
    let none = Bidder { stake: 0, seats: 0, ..bidder(ONE / 8, 4, &idle) };
    assert_eq!(races(course.decide(&none)).price, terms.price, "it takes no stake and no seat");
}

#[test]
fn after_a_proof_what_is_left_is_raced_for() {
    let idle = Schedule::default();
    let mut course = Course::new(params());
    course.prove(9);
    let terms = races(course.decide(&bidder(1, 2, &idle)));
    assert_eq!(terms.price, (ONE * 2 / 7 + ONE / 7) / 2);
    assert_eq!(terms.load.due, OPENED + 60);
    course.now = OPENED + 41;
    let late = course.decide(&bidder(1, 2, &idle));
    assert!(matches!(late, Err(Reason::Late(_))), "{late:?}");
    course.now = OPENED + 61;
    assert_eq!(course.decide(&bidder(1, 2, &idle)), Err(Reason::TooLate { now: OPENED + 61, last: OPENED + 60 }));
}

#[test]
fn an_entry_comes_before_the_work_and_a_commitment_after_it() {
    let idle = Schedule::default();
    let entry = Course::new(RaceParams { deposit: 50, ..params() });
    let decision = entry.decide(&bidder(1, 1, &idle)).unwrap();
    assert!(matches!(decision, Decision::Enter(Terms { max_bond: 50, .. })), "{decision:?}");
    let poor = Bidder { stake: 49, ..bidder(1, 1, &idle) };
    assert_eq!(entry.decide(&poor), Err(Reason::Stake { have: 49, want: 50 }));
    let shy = Bidder { offer: Offer { bond_limit: 49, ..poor.offer }, ..bidder(1, 1, &idle) };
    assert_eq!(entry.decide(&shy), Err(Reason::Bond { have: 50, limit: 49 }));
    let busy = Bidder { seats: 0, ..bidder(1, 1, &idle) };
    assert_eq!(entry.decide(&busy), Err(Reason::Seats));

    let mut course = Course::new(RaceParams { deposit: 50, commit_blocks: 2, ..params() });
    assert_eq!(races(course.decide(&bidder(1, 1, &idle))).max_bond, 50);
    course.prove(9);
    course.now += 1;
    let late = course.decide(&bidder(1, 1, &idle));
    assert_eq!(late, Err(Reason::TooLate { now: OPENED + 1, last: OPENED }), "a commitment would not count");
}

#[test]
fn it_races_only_for_what_can_be_ready_in_time_beside_what_is_promised() {
    let promised = Load { release: 0, length: Duration::from_secs(110), due: OPENED + 111 };
    let busy = Schedule { parallel: 1, reserve: 0, running: Vec::new(), waiting: vec![promised] };
    let course = Course::new(params());
    let late = course.decide(&bidder(1, 1, &busy));
    assert!(matches!(late, Err(Reason::Late(_))), "{late:?}");
}

proptest! {
    /// All racers together expect no more than the bounty, so that some stay away when there are too many.
    #[test]
    fn nobody_is_promised_what_is_not_there(
        winners in 2..=8_u8, decay_bps in 1_000..=10_000_u16, rivals in 0..100_u32, max in 0..1_u128 << 88,
    ) {
        let params = RaceParams { winners, decay_bps, ..params() };
        let each = race::expected(&params, max, None, rivals);
        prop_assert!(each * (Wei::from(rivals) + 1) <= max);
        prop_assert!(race::expected(&params, max, None, rivals + 1) <= each);
    }
}
