//! What tickets the prover buys in contests, against the twin, without a chain.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bidders;

use std::time::Duration;

use bourse_prover::bid::{
    Bidder, Decision, Opening, Policy, Reason, Rule, Terms,
    capacity::{Load, Schedule},
    decide,
};
use bourse_sim::{
    Id, Time, Wei,
    abi::Encoder,
    ask::{Actor, Ask, Cause, MoveKind, Status},
    event::Offer,
    mechanisms::{
        Mechanism,
        contest::{Alpha, Contest, ContestParams, List},
    },
    request::Request,
};
use proptest::prelude::*;

const ONE: Wei = 1_000_000_000_000;
const OPENED: Time = 1_000;

fn params() -> ContestParams {
    ContestParams {
        stake_token: [0; 20],
        entry: 60,
        settling: 60,
        fee_bps: 10_000,
        min_ticket: 10,
        max_ticket: ONE,
        alpha: Alpha::One,
        entrants: 8,
        distance: 3,
    }
}

fn request() -> Request {
    Request { max_price: ONE, bond: 10, deadline: OPENED + 2_000, window: 300, work: 1, ..Request::default() }
}

fn bidder(number: u8, cost: Wei, schedule: &Schedule) -> Bidder<'_> {
    let plain = bidders::bidder(number, cost, 60, schedule);
    // All rivals are believed to cost what it costs itself.
    let policy = Policy { rival_lowest_bps: 10_000, ..plain.policy };
    Bidder { offer: Offer { bond_limit: ONE, ..plain.offer }, stake: ONE, policy, ..plain }
}

/// A contest, moved by the twin.
struct Round {
    params: ContestParams,
    request: Request,
    words: Vec<Id>,
    now: Time,
}

impl Round {
    fn new(params: ContestParams, request: Request) -> Self {
        Self { params, request, words: vec![Id::default(); 2], now: OPENED }
    }

    fn decide(&self, bidder: &Bidder<'_>) -> Result<Decision, Reason> {
        let rule = Rule::Contest(self.params);
        let (request, words) = (&self.request, self.words.as_slice());
        decide(&Opening { id: [1; 32], request, rule, opened_at: OPENED, holds: 0, words }, bidder, self.now)
    }

    /// What the twin says to a ticket: what is held.
    fn enter(&mut self, bidder: &Bidder<'_>, terms: &Terms, ticket: Wei) -> Wei {
        let ask = Ask {
            cause: Cause::Bid,
            status: Status::Open,
            request: self.request.clone(),
            opened_at: OPENED,
            time: self.now,
            actor: Actor { prover: bidder.account, free: bidder.stake, ..Actor::default() },
            price: terms.price,
            data: Encoder::new(1).uint(ticket).finish(),
            params: self.params.encode(),
            words: self.words.clone(),
            ..Ask::default()
        };
        let answer = Contest.step(&ask).unwrap();
        self.words = answer.words;
        assert_eq!(answer.moves[0].kind, MoveKind::Hold);
        answer.moves[0].amount
    }

    fn buy(&mut self, bidder: &Bidder<'_>) -> Wei {
        let Decision::Buy(terms, ticket) = self.decide(bidder).unwrap() else { panic!("no ticket") };
        assert_eq!(self.enter(bidder, &terms, ticket), ticket);
        ticket
    }
}

#[test]
fn equals_buy_what_theory_says() {
    let idle = Schedule::default();
    for (n, share) in [(2_u8, 0.25), (4, 0.1875)] {
        let mut round = Round::new(params(), request());
        for i in 1..=n {
            let ticket = round.buy(&Bidder { rivals: u32::from(n) - 1, ..bidder(i, ONE / 2, &idle) });
            assert!((ticket as f64 / (ONE as f64 / 2.0) - share).abs() < 1e-6, "{ticket}");
        }
        assert_eq!(List::read(&round.words).count, n);
    }
    let alone = Bidder { rivals: 0, ..bidder(1, ONE / 2, &idle) };
    assert_eq!(Round::new(params(), request()).buy(&alone), 10, "alone, the least is enough");
}

#[test]
fn who_would_lose_stays_away() {
    let idle = Schedule::default();
    let round = Round::new(params(), request());
    let dear = Policy { rival_lowest_bps: 1_000, rival_highest_bps: 2_000, ..bidder(1, 0, &idle).policy };
    let weak = Bidder { policy: dear, rivals: 5, ..bidder(1, ONE * 9 / 10, &idle) };
    assert_eq!(round.decide(&weak), Err(Reason::NoTicket), "rivals are worth more than it will spend");
    let beyond = bidder(1, ONE + 1, &idle);
    assert_eq!(round.decide(&beyond), Err(Reason::Price { have: ONE, want: ONE + 1 }));
    // Tickets that are there already are believed.
    let mut crowded = Round::new(params(), request());
    let rich = Bidder { stake: ONE, ..bidder(2, 0, &idle) };
    let terms = Terms {
        price: 0,
        profit: 0,
        max_bond: ONE,
        valid_until: 0,
        load: Load { release: 0, length: Duration::ZERO, due: 0 },
    };
    crowded.enter(&rich, &terms, ONE / 2);
    assert_eq!(crowded.decide(&bidder(1, ONE / 2, &idle)), Err(Reason::NoTicket));
}

#[test]
fn it_enters_only_what_it_can_honour() {
    let idle = Schedule::default();
    let me = bidder(1, ONE / 2, &idle);
    let mut round = Round::new(params(), request());
    round.now = OPENED + 61;
    assert_eq!(round.decide(&me), Err(Reason::TooLate { now: OPENED + 61, last: OPENED + 60 }));
    let foreign = Round::new(ContestParams { stake_token: [9; 20], ..params() }, request());
    assert_eq!(foreign.decide(&me), Err(Reason::StakeToken), "its ticket would be in one token, its pay in another");
    let full = Round { params: ContestParams { entrants: 0, ..params() }, ..Round::new(params(), request()) };
    assert_eq!(full.decide(&me), Err(Reason::Crowded(0)));
    // The award may come 60 seconds after the entry, and the proof takes 20.
    let tight = Round::new(params(), Request { deadline: OPENED + 60 + 61 + 19, ..request() });
    assert!(matches!(tight.decide(&me), Err(Reason::Late(late)) if late.own));
    let just = Round::new(params(), Request { deadline: OPENED + 60 + 61 + 20, ..request() });
    assert!(matches!(just.decide(&me), Ok(Decision::Buy(..))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever a request says, a ticket that is bought is one that the mechanism takes, within the limits declared, worth more than it
    /// costs, and its award is not below the floor.
    #[test]
    fn every_ticket_is_one_that_the_mechanism_takes(
        (entry, settling, fee_bps) in (1..500_u32, 1..500_u32, 1..=10_000_u16),
        (min_ticket, more, alpha) in (1..1_000_u128, 0..1_u128 << 60, 0..3_usize),
        (deadline, max_price, bond) in (0..5_000_u64, 0..1_u128 << 60, 0..2_000_u128),
        (cost, margin_bps, floor, rivals) in (0..1_u128 << 58, 0..500_u32, 0..1_000_u128, 0..9_u32),
        elapsed in 0..600_u64,
    ) {
        let idle = Schedule::default();
        let alpha = [Alpha::One, Alpha::Half, Alpha::Two][alpha];
        let params = ContestParams { entry, settling, fee_bps, min_ticket, max_ticket: min_ticket + more, alpha, ..params() };
        let mut round = Round::new(params, Request { deadline, max_price, bond, ..request() });
        let offer = Offer { floor, bond_limit: 1 << 55, ..bidder(1, 0, &idle).offer };
        let policy = Policy { margin_bps, ..bidder(1, 0, &idle).policy };
        let me = Bidder { offer, policy, rivals, stake: 1 << 54, ..bidder(1, cost, &idle) };
        round.now += elapsed;
        if let Ok(decision) = round.decide(&me) {
            let Decision::Buy(terms, ticket) = decision else { panic!("{decision:?}") };
            prop_assert_eq!(round.enter(&me, &terms, ticket), ticket);
            prop_assert!(ticket <= terms.max_bond && terms.max_bond <= 1 << 54 && bond <= terms.max_bond);
            prop_assert!(floor <= terms.price && cost <= terms.price + ticket);
            prop_assert!(round.now <= terms.valid_until && terms.valid_until < deadline);
        }
    }
}
