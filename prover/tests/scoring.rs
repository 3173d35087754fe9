//! What the prover bids in scoring auctions, against the twin, without a chain.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bidders;

use std::time::Duration;

use bourse_prover::bid::{
    Bidder, Decision, Opening, Policy, Reason, Rule, Terms,
    capacity::{Load, Schedule},
    decide,
    scoring::pledged,
};
use bourse_sim::{
    Account, Id, Time, Wei,
    ask::{Actor, Answer, Ask, Cause, MoveKind, Status, Tag},
    event::Offer,
    mechanisms::{
        Mechanism,
        scoring::{self, Payment, Scoring, ScoringParams, Weights, bids, commitment, reveal_data, tag},
    },
    request::Request,
};
use proptest::prelude::*;

const ONE: Wei = 1_000_000_000_000;
const OPENED: Time = 1_000;
const ME: Account = [1; 20];
const SALT: Id = [9; 32];

fn params(payment: Payment) -> ScoringParams {
    ScoringParams {
        payment,
        commit: 60,
        reveal: 60,
        weights: Weights {
            base_bps: 5_000,
            time_bps: 4_000,
            bond_bps: 0,
            penalty_bps: 10_000,
            stake_worth: 1_000_000_000_000_000_000,
            least_bond_bps: 1_000,
        },
        deposit_bps: 5_000,
        deposit_floor: 1,
        standbys: 1,
        bidders: 8,
    }
}

fn request() -> Request {
    Request { max_price: 2 * ONE, bond: ONE, deadline: OPENED + 2_000, window: 400, work: 1, ..Request::default() }
}

fn bidder(cost: Wei, schedule: &Schedule) -> Bidder<'_> {
    let plain = bidders::bidder(ME[0], cost, 60, schedule);
    let policy = Policy { rival_highest_bps: 20_000, ..plain.policy };
    let (offer, length) = (Offer { bond_limit: ONE, ..plain.offer }, Duration::from_secs(80));
    Bidder { account: ME, offer, policy, stake: ONE, length, ..plain }
}

fn at(params: ScoringParams, request: &Request, bidder: &Bidder<'_>, now: Time) -> Result<Terms, Reason> {
    let opening =
        Opening { id: [7; 32], request, rule: Rule::Scoring(params), opened_at: OPENED, holds: 0, words: &[] };
    match decide(&opening, bidder, now)? {
        Decision::Commit(terms) => Ok(terms),
        other => panic!("{other:?}"),
    }
}

fn offer(params: ScoringParams, request: &Request, terms: &Terms) -> scoring::Offer {
    let pledge = pledged(&params, request, &terms.load);
    scoring::Offer { price: terms.price, promised: pledge.promised, share: pledge.share }
}

fn promised(terms: &Terms) -> Time {
    terms.load.due - terms.load.release
}

#[test]
fn it_promises_what_it_can_keep_and_asks_its_cost_or_the_equilibrium_below_what_that_is_worth() {
    let idle = Schedule::default();
    let me = bidder(ONE / 2, &idle);
    let truthful = at(params(Payment::SecondScore), &request(), &me, OPENED).unwrap();
    // 80 seconds of proving, a quarter of that, and one.
    assert_eq!(
        offer(params(Payment::SecondScore), &request(), &truthful),
        scoring::Offer { price: ONE / 2, promised: 101, share: 5_980 }
    );
    assert_eq!((truthful.load.release, truthful.load.due), (OPENED + 121, OPENED + 121 + 101));
    // Worth 1.598; costs are believed to be between 0 and 1, and there is one rival.
    let shading = at(params(Payment::FirstScore), &request(), &me, OPENED).unwrap();
    assert!(shading.price.abs_diff(ONE * 3 / 4) <= 1 && shading.profit.abs_diff(ONE / 4) <= 1, "{shading:?}");
    let counts = Weights { bond_bps: 1_000, ..params(Payment::FirstScore).weights };
    let counts = ScoringParams { weights: counts, ..params(Payment::FirstScore) };
    let all = at(counts, &request(), &me, OPENED).unwrap();
    assert_eq!(offer(counts, &request(), &all).share, 10_000, "what counts is offered");
    let dear = bidder(2 * ONE, &idle);
    let refused = at(params(Payment::SecondScore), &request(), &dear, OPENED);
    assert_eq!(refused, Err(Reason::Price { have: 1_598_000_000_000, want: 2 * ONE }));
}

#[test]
fn a_busy_machine_promises_less_and_a_machine_too_busy_nothing() {
    let busy = |length, due| Schedule {
        parallel: 1,
        reserve: 10,
        running: Vec::new(),
        waiting: vec![Load { release: OPENED, length: Duration::from_secs(length), due: OPENED + due }],
    };
    let with = |schedule: &Schedule| at(params(Payment::SecondScore), &request(), &bidder(1, schedule), OPENED);
    let free = with(&busy(100, 300)).unwrap();
    assert_eq!(promised(&free), 111, "what is done before the award is in nobody's way");
    let later = with(&busy(200, 300)).unwrap();
    assert_eq!(promised(&later), 79 + 111, "it waits until the machine is free");
    assert!(matches!(with(&busy(500, 520)), Err(Reason::Late(late)) if late.own));
    let tight = busy(200, 2_000);
    assert!(promised(&with(&tight).unwrap()) >= 111);
}

#[test]
fn a_promise_is_no_shorter_than_the_bond_and_the_declared_speed_allow() {
    let idle = Schedule::default();
    let of = |request: &Request, bidder: &Bidder<'_>| at(params(Payment::SecondScore), request, bidder, OPENED);
    let second = params(Payment::SecondScore);
    let poor = Request { bond: ONE / 5, ..request() };
    // 0.8 for 400 seconds: a bond of 0.2 is worth 100 of them.
    let terms = of(&poor, &bidder(1, &idle)).unwrap();
    assert_eq!(offer(second, &poor, &terms), scoring::Offer { price: 1, promised: 300, share: 10_000 });
    let none = Request { bond: 0, ..request() };
    assert_eq!(promised(&of(&none, &bidder(1, &idle)).unwrap()), 400);
    let slow = Bidder { offer: Offer { throughput: 10, ..bidder(1, &idle).offer }, ..bidder(1, &idle) };
    let long = |work| Request { work, ..request() };
    assert_eq!(promised(&of(&long(2_001), &slow).unwrap()), 201, "else its award would be refused");
    assert!(matches!(of(&long(4_001), &slow), Err(Reason::Late(late)) if late.own));
}

#[test]
fn it_bids_only_while_it_can_and_within_its_limits() {
    let idle = Schedule::default();
    let me = bidder(1, &idle);
    let p = params(Payment::SecondScore);
    assert_eq!(at(p, &request(), &me, OPENED + 60).unwrap().valid_until, OPENED + 60);
    let late = at(p, &request(), &me, OPENED + 61);
    assert_eq!(late, Err(Reason::TooLate { now: OPENED + 61, last: OPENED + 60 }));
    let short = |seconds| at(p, &Request { deadline: OPENED + seconds, ..request() }, &me, OPENED);
    assert!(matches!(short(121), Err(Reason::TooLate { .. })));
    assert!(matches!(short(121 + 100), Err(Reason::Late(late)) if late.own), "its promise would not be asked for");
    assert!(short(121 + 101).is_ok());
    let dear = ScoringParams { deposit_floor: 2 * ONE, ..p };
    assert_eq!(at(dear, &request(), &me, OPENED), Err(Reason::Bond { have: 2 * ONE, limit: ONE }));
    let rich = Bidder { offer: Offer { bond_limit: 3 * ONE, ..me.offer }, ..me };
    assert_eq!(at(dear, &request(), &rich, OPENED), Err(Reason::Stake { have: ONE, want: 2 * ONE }));
}

fn any_params() -> impl Strategy<Value = ScoringParams> {
    let worths = prop_oneof![Just(1_000_000_000_000_000_000), 1..1_u128 << 112];
    let weights = (0..=4_000_u16, 0..=4_000_u16, 0..=2_000_u16, 10_000..=60_000_u16, worths, 1..=10_000_u16).prop_map(
        |(base_bps, time_bps, bond_bps, penalty_bps, stake_worth, least_bond_bps)| Weights {
            base_bps: base_bps + 1,
            time_bps,
            bond_bps,
            penalty_bps,
            stake_worth,
            least_bond_bps,
        },
    );
    (any::<bool>(), 1..1_000_u32, 1..1_000_u32, weights, 0..=10_000_u16, 1..2_000_u64, 1..64_u8).prop_map(
        |(second, commit, reveal, weights, deposit_bps, floor, bidders)| ScoringParams {
            payment: if second { Payment::SecondScore } else { Payment::FirstScore },
            commit,
            reveal,
            weights,
            deposit_bps,
            deposit_floor: floor.into(),
            standbys: 0,
            bidders,
        },
    )
}

/// What the twin says to a bid.
fn ask(p: &ScoringParams, request: &Request, time: Time, price: Wei, data: Vec<u8>, ticket: (Wei, Tag)) -> Answer {
    let words = Scoring.check(&p.encode()).unwrap().words;
    let ask = Ask {
        cause: Cause::Bid,
        id: [7; 32],
        status: Status::Open,
        request: request.clone(),
        holds: u8::from(ticket.0 != 0),
        opened_at: OPENED,
        time,
        actor: Actor { prover: ME, free: 1_200, held: ticket.0, tag: ticket.1, ..Actor::default() },
        price,
        data,
        params: p.encode(),
        words: vec![Id::default(); words.into()],
        ..Ask::default()
    };
    Scoring.step(&ask).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Whatever a request says, a bid that is made is one that the mechanism takes and ranks, within the limits declared, never
    /// below cost, and with a promise that the proof is expected to keep.
    #[test]
    fn every_bid_is_one_that_the_mechanism_takes_and_ranks(
        p in any_params(),
        (deadline, window) in (0..10_000_u64, prop_oneof![Just(u32::MAX), 0..2_000_u32]),
        (work, max_price, bond) in (1..1_000_u64, prop_oneof![0..=(1_u128 << 88) - 1, 0..100_000_u128], 0..2_000_u128),
        (cost, margin_bps, floor, length) in (0..1_000_u128, 0..500_u32, 0..3_u128, 0..200_u64),
        elapsed in 0..1_500_u64,
    ) {
        let idle = Schedule::default();
        let request = Request { deadline, window, work, max_price, bond, ..Request::default() };
        let offered = Offer { accepted: true, floor, bond_limit: 1_500, throughput: 7 };
        let policy = Policy { margin_bps, ..bidder(1, &idle).policy };
        let length = Duration::from_secs(length);
        let me = Bidder { offer: offered, policy, stake: 1_200, length, ..bidder(cost, &idle) };
        let now = OPENED + elapsed;
        let terms = match at(p, &request, &me, now) {
            Ok(terms) => terms,
            Err(reason) => {
                prop_assert!(!reason.to_string().is_empty());
                return Ok(());
            }
        };
        prop_assert!(terms.max_bond <= 1_200);
        prop_assert!(now <= terms.valid_until && terms.valid_until < deadline);
        prop_assert!(cost <= terms.price && floor * Wei::from(work) <= terms.price && terms.price <= max_price);
        let offer = offer(p, &request, &terms);
        prop_assert!(length.as_secs() < offer.promised.into() && work <= 7 * u64::from(offer.promised));
        prop_assert!(p.reveal_end(OPENED) + 1 + Time::from(offer.promised) <= deadline);

        let sealed = commitment(&[7; 32], &ME, &offer, &SALT);
        let hold = ask(&p, &request, now, 0, sealed.to_vec(), (0, Tag::default())).moves[0];
        prop_assert!(hold.kind == MoveKind::Hold && hold.amount <= terms.max_bond);
        let ticket = (hold.amount, tag(&sealed));
        let revealed = ask(&p, &request, p.commit_end(OPENED) + 1, offer.price, reveal_data(&offer, &SALT), ticket);
        let ranked: Vec<_> = bids(&revealed.words).collect();
        prop_assert!(ranked.len() == 1 && ranked[0].prover == ME && ranked[0].offer == offer);
        prop_assert!(revealed.moves.is_empty());
    }
}
