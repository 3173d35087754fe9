//! What the prover bids in open descending auctions, against the twin, without a chain.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bidders;

use std::time::Duration;

use bourse_prover::bid::{
    Bidder, Decision, Opening, Policy, Reason, Rule, Terms,
    capacity::{Load, Schedule},
    decide,
};
use bourse_sim::{
    Account, Id, Time, Wei,
    ask::{Actor, Answer, Ask, Cause, MoveKind, Status},
    event::Offer,
    mechanisms::{
        Mechanism,
        english::{English, EnglishParams, standing},
    },
    request::Request,
};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};

const ONE: Wei = 1_000_000_000_000;
const OPENED: Time = 1_000;
const STEP: u16 = 500;

fn params() -> EnglishParams {
    EnglishParams {
        duration: 60,
        closing: 10,
        extension: 10,
        overtime: 600,
        patience: 120,
        decrement_bps: STEP,
        start_bps: 10_000,
        deposit_bps: 10_000,
        deposit_floor: 1,
        standbys: 1,
    }
}

fn request() -> Request {
    Request { max_price: ONE, bond: 10, deadline: OPENED + 2_000, window: 300, work: 1, ..Request::default() }
}

fn bidder(number: u8, cost: Wei, schedule: &Schedule) -> Bidder<'_> {
    bidders::bidder(number, cost, 60, schedule)
}

/// An auction, moved by the twin.
struct Auction {
    params: EnglishParams,
    request: Request,
    words: Vec<Id>,
    now: Time,
}

impl Auction {
    fn new(params: EnglishParams, request: Request) -> Self {
        Self { params, request, words: vec![Id::default(); 2 + usize::from(params.standbys)], now: OPENED }
    }

    fn decide(&self, bidder: &Bidder<'_>) -> Result<Decision, Reason> {
        let rule = Rule::English(self.params);
        let (request, words) = (&self.request, self.words.as_slice());
        decide(&Opening { id: [1; 32], request, rule, opened_at: OPENED, holds: 0, words }, bidder, self.now)
    }

    /// What the twin says to a bid.
    fn ask(&self, bidder: &Bidder<'_>, terms: &Terms) -> Answer {
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
        English.step(&ask).unwrap()
    }

    fn bid(&mut self, bidder: &Bidder<'_>) -> Terms {
        let terms = lower(self.decide(bidder));
        self.words = self.ask(bidder, &terms).words;
        terms
    }

    fn best(&self) -> Option<(Account, Wei)> {
        standing(&self.words)?.best
    }
}

fn lower(decision: Result<Decision, Reason>) -> Terms {
    match decision.unwrap() {
        Decision::Lower(terms) => terms,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_goes_down_in_steps_as_far_as_cost_and_margin_and_waits_while_it_is_best() {
    let idle = Schedule::default();
    let mut auction = Auction::new(params(), request());
    let (me, rival) = (bidder(1, ONE / 2, &idle), bidder(2, ONE / 4, &idle));
    let first = auction.bid(&me);
    assert_eq!((first.price, first.profit), (ONE, ONE / 2), "nobody is paid less than it takes");
    assert_eq!(auction.decide(&me), Ok(Decision::Wait(OPENED + 61)), "it does not go below itself");
    assert_eq!(auction.bid(&rival).price, ONE * 95 / 100);
    assert_eq!(auction.decide(&rival), Ok(Decision::Wait(OPENED + 61)));
    let mut last = ONE;
    while let Ok(Decision::Lower(terms)) = auction.decide(&me) {
        assert!(ONE / 2 <= terms.price && terms.price < last);
        last = auction.bid(&me).price;
        auction.bid(&rival);
    }
    let (best, price) = auction.best().unwrap();
    assert_eq!(best, rival.account);
    let most = price * 95 / 100;
    assert_eq!(auction.decide(&me), Err(Reason::Price { have: most, want: ONE / 2 }));
    let careful = Bidder { policy: Policy { margin_bps: 25_000, ..rival.policy }, account: [3; 20], ..rival.clone() };
    assert_eq!(auction.decide(&careful), Err(Reason::Price { have: most, want: ONE * 7 / 8 }));
    let proud = Bidder { offer: Offer { floor: ONE / 2, ..rival.offer }, account: [4; 20], ..rival };
    assert_eq!(auction.decide(&proud), Err(Reason::Price { have: most, want: ONE / 2 }), "its award would be refused");
}

#[test]
fn the_clock_is_kept_to() {
    let idle = Schedule::default();
    let (me, rival) = (bidder(1, 1_000, &idle), bidder(2, 1_000, &idle));
    let mut auction = Auction::new(params(), request());
    auction.now = OPENED + 121;
    assert_eq!(auction.decide(&me), Err(Reason::TooLate { now: OPENED + 121, last: OPENED + 120 }));
    auction.now = OPENED + 120;
    assert_eq!(auction.bid(&me).valid_until, OPENED + 120, "a first bid that cannot be taken any more is void");
    let end = OPENED + 180;
    auction.now = end;
    let late = auction.bid(&rival);
    assert_eq!((late.valid_until, late.load.release), (end, end + 1));
    assert_eq!(standing(&auction.words).unwrap().end, end + 10);
    auction.now = end + 11;
    assert_eq!(auction.decide(&me), Err(Reason::TooLate { now: end + 11, last: end + 10 }));
}

#[test]
fn it_bids_only_what_it_can_honour_at_the_latest_end() {
    let idle = Schedule::default();
    let me = bidder(1, 1_000, &idle);
    let with = |deadline| Auction::new(params(), Request { deadline: OPENED + deadline, ..request() }).decide(&me);
    // 60 seconds and 600 of overtime; the award may come 30 later, the proof takes 20.
    assert!(matches!(with(660 + 1 + 30), Err(Reason::TooLate { .. })));
    assert!(matches!(with(660 + 1 + 30 + 19), Err(Reason::Late(late)) if late.own));
    assert!(matches!(with(660 + 1 + 30 + 20), Ok(Decision::Lower(_))));
    let auction = Auction::new(EnglishParams { deposit_floor: 50, ..params() }, request());
    let terms = lower(auction.decide(&me));
    assert_eq!(terms.max_bond, 50, "the deposit is more than the bond");
    let refused = |bidder: &Bidder<'_>| auction.decide(bidder).unwrap_err();
    let tight = Offer { bond_limit: 49, ..me.offer };
    assert_eq!(refused(&Bidder { offer: tight, ..me.clone() }), Reason::Bond { have: 50, limit: 49 });
    assert_eq!(refused(&Bidder { stake: 49, ..me.clone() }), Reason::Stake { have: 49, want: 50 });
    assert_eq!(refused(&Bidder { seats: 0, ..me.clone() }), Reason::Seats);
    let promised = Load { release: OPENED, length: Duration::from_secs(400), due: OPENED + 405 };
    let busy = Schedule { parallel: 1, waiting: vec![promised], ..Schedule::default() };
    assert!(matches!(refused(&Bidder { schedule: &busy, ..me.clone() }), Reason::Late(_)));
}

/// THEORY.md 1.1: among these provers the price is the second-lowest cost, within one step below or above, and whoever wins
/// has a cost no more than a step above the lowest.
#[test]
fn an_auction_among_these_provers_ends_at_the_second_lowest_cost() {
    let idle = Schedule::default();
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    for _ in 0..500 {
        let count = random.random_range(2..6_u8);
        let bidders: Vec<_> = (1..=count).map(|i| bidder(i, random.random_range(ONE / 20..ONE), &idle)).collect();
        let mut auction = Auction::new(params(), request());
        let mut at = 0;
        let mut passed = 0;
        while passed < bidders.len() {
            let me = &bidders[at % bidders.len()];
            at += random.random_range(1..bidders.len());
            match auction.decide(me) {
                Ok(Decision::Lower(_)) => {
                    auction.bid(me);
                }
                _ => {
                    passed = bidders.iter().filter(|b| !matches!(auction.decide(b), Ok(Decision::Lower(_)))).count();
                }
            }
        }
        let mut costs: Vec<_> = bidders.iter().map(|b| b.tariff.unwrap().fixed).collect();
        costs.sort_unstable();
        let (winner, price) = auction.best().unwrap();
        let own = bidders.iter().find(|b| b.account == winner).unwrap().tariff.unwrap().fixed;
        let step = |wei: Wei| wei * Wei::from(10_000 - STEP) / 10_000;
        assert!(own <= price && step(own) <= costs[0] + 1, "won at a cost of {own} of {costs:?}");
        assert!(step(price) <= costs[1] && step(costs[1]) <= price + 1, "{price}, of {costs:?}");
    }
}

fn any_params() -> impl Strategy<Value = EnglishParams> {
    let times = (1..1_000_u32, 1..100_u32, 0..1_000_u32, 1..1_000_u32);
    let shares = (100..=5_000_u16, 1..=10_000_u16, 0..=10_000_u16, 1..2_000_u64, 0..=1_u8);
    (times, shares).prop_map(
        |((duration, extension, more, patience), (decrement_bps, start_bps, deposit_bps, floor, standbys))| {
            EnglishParams {
                duration,
                closing: extension,
                extension,
                overtime: extension + more,
                patience,
                decrement_bps,
                start_bps,
                deposit_bps,
                deposit_floor: floor.into(),
                standbys,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// Whatever a request says and whatever was bid before, a bid that is made is one that the mechanism takes, within the
    /// limits declared, and never below cost.
    #[test]
    fn every_bid_is_one_that_the_mechanism_takes(
        params in any_params(),
        (deadline, window) in (0..10_000_u64, prop_oneof![Just(u32::MAX), 1..2_000_u32]),
        (work, max_price, bond) in (1..1_000_u64, prop_oneof![0..=(1_u128 << 88) - 1, 0..100_000_u128], 0..2_000_u128),
        (cost, margin_bps, floor) in (0..1_000_u128, 0..500_u32, 0..3_u128),
        (elapsed, before) in (0..2_500_u64, 0..3_usize),
    ) {
        let idle = Schedule::default();
        let request = Request { deadline, window, work, max_price, bond, ..Request::default() };
        let mut auction = Auction::new(params, request);
        let offer = Offer { accepted: true, floor, bond_limit: 1_500, throughput: 7 };
        let policy = Policy { margin_bps, ..bidder(1, 0, &idle).policy };
        let me = Bidder { offer, policy, stake: 1_200, ..bidder(1, cost, &idle) };
        for rival in [2, 3].into_iter().take(before) {
            let rival = Bidder { offer: Offer { bond_limit: Wei::MAX, ..offer }, stake: 5_000, ..bidder(rival, 0, &idle) };
            if let Ok(Decision::Lower(_)) = auction.decide(&rival) {
                auction.bid(&rival);
            }
        }
        auction.now += elapsed;
        let terms = match auction.decide(&me) {
            Ok(Decision::Lower(terms)) => terms,
            Ok(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
            Err(reason) => {
                prop_assert!(!reason.to_string().is_empty());
                return Ok(());
            }
        };
        let answer = auction.ask(&me, &terms);
        let hold = answer.moves[0];
        prop_assert!(hold.kind == MoveKind::Hold && hold.amount <= terms.max_bond);
        prop_assert!(terms.max_bond <= 1_200 && terms.max_bond <= offer.bond_limit);
        prop_assert!(auction.now <= terms.valid_until && terms.valid_until < deadline);
        prop_assert!(cost <= terms.price && floor * Wei::from(work) <= terms.price && terms.price <= max_price);
    }
}
