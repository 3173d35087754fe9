//! What the prover bids, against THEORY.md 1.1 and against the twins, without a chain.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use bourse_prover::bid::{
    Bidder, Decision, Opening, Policy, Reason, Rule, Terms,
    capacity::{Load, Schedule},
    cost::Tariff,
    decide,
};
use bourse_sim::{
    Time, Wei,
    ask::{Actor, Ask, Cause, MoveKind, Status},
    event::Offer,
    mechanisms::{
        Mechanism,
        dutch::{Dutch, DutchParams, price_at},
        posted::{PostedParams, PostedPrice},
        sealed::{Payment, SealedBid, SealedParams, commitment},
    },
    request::Request,
};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};

/// What stands for 1 in the theory, where costs lie between 0 and 1.
const ONE: Wei = 1_000_000_000_000;
const OPENED: Time = 1_000;
const ME: [u8; 20] = [7; 20];

fn request() -> Request {
    Request { max_price: ONE, bond: 10, deadline: OPENED + 1_000, window: 300, work: 1, ..Request::default() }
}

fn offer() -> Offer {
    Offer { accepted: true, floor: 0, bond_limit: 100, throughput: 0 }
}

/// A prover with this cost among `rivals`, all of whose costs lie between 0 and [`ONE`].
fn bidder(cost: Wei, rivals: u32, schedule: &Schedule) -> Bidder<'_> {
    let rival_highest_bps = u32::try_from((ONE * 10_000).checked_div(cost).unwrap_or(10_000)).unwrap_or(u32::MAX);
    Bidder {
        account: ME,
        offer: offer(),
        tariff: Some(Tariff { fixed: cost, ..Tariff::default() }),
        policy: Policy { margin_bps: 0, rival_lowest_bps: 0, rival_highest_bps, patience: 60 },
        rivals,
        stake: 1_000,
        seats: 3,
        gas_price: 0,
        length: Duration::from_secs(20),
        schedule,
    }
}

fn posted(base: Wei) -> Rule {
    Rule::Posted(PostedParams { base, rate: 0, patience: 100 })
}

/// From nothing to all in a million seconds: fine enough to read a price off the clock.
fn dutch() -> Rule {
    Rule::Dutch(DutchParams { start_bps: 0, end_bps: 10_000, delay: 0, ramp: 1_000_000, patience: 10 })
}

fn sealed(payment: Payment) -> Rule {
    Rule::Sealed(SealedParams {
        payment,
        commit: 60,
        reveal: 60,
        reserve_bps: 10_000,
        deposit_bps: 5_000,
        deposit_floor: 1,
        standbys: 1,
        bidders: 8,
    })
}

fn opening(request: &Request, rule: Rule) -> Opening<'_> {
    Opening { id: [1; 32], request, rule, opened_at: OPENED, holds: 0, words: &[] }
}

fn terms(decision: Result<Decision, Reason>) -> Terms {
    match decision.unwrap() {
        Decision::Take(terms) | Decision::Commit(terms) | Decision::Lower(terms) => terms,
        other => panic!("{other:?}"),
    }
}

/// The price at which a prover with this cost is content under `rule`, in units of [`ONE`].
fn price(cost: Wei, bidders: u32, rule: Rule) -> f64 {
    let idle = Schedule::default();
    let request = Request { deadline: OPENED + 10_000_000, ..request() };
    let bidder = bidder(cost, bidders - 1, &idle);
    let opening = opening(&request, rule);
    let wei = match (rule, decide(&opening, &bidder, OPENED)) {
        (Rule::Dutch(params), Ok(Decision::Wait(until))) => price_at(&params, ONE, OPENED, until),
        (_, decision) => terms(decision).price,
    };
    wei as f64 / ONE as f64
}

#[test]
fn one_bid_is_the_closed_form() {
    for (bidders, cost, want) in [(2, 0.2, 0.6), (3, 0.4, 0.6), (5, 0.2, 0.36), (10, 0.1, 0.19), (1, 0.3, 1.0)] {
        let cost_wei = (cost * ONE as f64) as Wei;
        for rule in [sealed(Payment::FirstPrice), dutch()] {
            let bid = price(cost_wei, bidders, rule);
            assert!((bid - want).abs() < 1e-5, "{bidders} bidders, cost {cost}, {rule:?}: {bid}, want {want}");
        }
        assert!((price(cost_wei, bidders, sealed(Payment::SecondPrice)) - cost).abs() < 1e-9);
    }
}

/// THEORY.md T1: mean price and its spread, by number of bidders.
#[test]
fn auctions_among_these_provers_give_table_t1() {
    let table = [
        (2, 0.6667, 0.2357, 0.1179),
        (3, 0.5, 0.2236, 0.1291),
        (5, 0.3333, 0.1782, 0.1127),
        (10, 0.1818, 0.1113, 0.0747),
    ];
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(51);
    for (bidders, mean, vickrey_spread, spread) in table {
        let (mut first, mut second, mut clock) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..20_000 {
            // Costs of nothing have no multiples, in which beliefs are stated.
            let mut costs: Vec<Wei> = (0..bidders).map(|_| random.random_range(ONE / 10_000..ONE)).collect();
            costs.sort_unstable();
            first.push(price(costs[0], bidders, sealed(Payment::FirstPrice)));
            clock.push(price(costs[0], bidders, dutch()));
            second.push(price(costs[1], bidders, sealed(Payment::SecondPrice)));
        }
        for (name, prices, spread) in
            [("first", first, spread), ("dutch", clock, spread), ("vickrey", second, vickrey_spread)]
        {
            let (have, sd) = moments(&prices);
            assert!((have - mean).abs() < 0.006, "{name}, {bidders} bidders: mean {have}, want {mean}");
            assert!((sd - spread).abs() < 0.004, "{name}, {bidders} bidders: spread {sd}, want {spread}");
        }
    }
}

fn moments(prices: &[f64]) -> (f64, f64) {
    let n = prices.len() as f64;
    let mean = prices.iter().sum::<f64>() / n;
    (mean, (prices.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / n).sqrt())
}

#[test]
fn a_posted_price_is_taken_if_it_covers_cost_margin_and_floor() {
    let (idle, request) = (Schedule::default(), request());
    let with = |margin_bps, floor, base| {
        let mut bidder = bidder(1_000, 5, &idle);
        bidder.policy.margin_bps = margin_bps;
        bidder.offer.floor = floor;
        decide(&opening(&request, posted(base)), &bidder, OPENED)
    };
    assert_eq!(terms(with(0, 0, 1_000)).price, 1_000);
    assert_eq!(with(0, 0, 999), Err(Reason::Price { have: 999, want: 1_000 }));
    assert_eq!(with(1_000, 0, 1_099), Err(Reason::Price { have: 1_099, want: 1_100 }));
    assert_eq!(terms(with(1_000, 0, 2_000)).profit, 1_000);
    assert_eq!(with(0, 1_500, 1_499), Err(Reason::Price { have: 1_499, want: 1_500 }));
}

#[test]
fn under_a_dutch_clock_it_waits_for_its_price_and_then_takes_it() {
    let idle = Schedule::default();
    let request = Request { max_price: 10_000, ..request() };
    let params = DutchParams { start_bps: 0, end_bps: 10_000, delay: 10, ramp: 100, patience: 50 };
    let bidder = Bidder {
        policy: Policy { rival_highest_bps: 20_000, ..bidder(1_000, 1, &idle).policy },
        ..bidder(1_000, 1, &idle)
    };
    // Costs between 0 and 2,000 and one rival: 1,000 + 1,000 / 2, which the clock shows after 10 + 15 seconds.
    let at = |now| decide(&opening(&request, Rule::Dutch(params)), &bidder, now);
    assert_eq!(at(OPENED), Ok(Decision::Wait(OPENED + 25)));
    assert_eq!(at(OPENED + 24), Ok(Decision::Wait(OPENED + 25)));
    let taken = terms(at(OPENED + 25));
    assert_eq!((taken.price, taken.profit), (1_500, 500));
    assert_eq!(terms(at(OPENED + 40)).profit, 2_000, "late, it is paid what the clock shows");
    assert_eq!(at(OPENED + 161), Err(Reason::TooLate { now: OPENED + 161, last: OPENED + 160 }));
    let dear = Bidder { tariff: Some(Tariff { fixed: 10_001, ..Tariff::default() }), ..bidder.clone() };
    let refused = decide(&opening(&request, Rule::Dutch(params)), &dear, OPENED);
    assert_eq!(refused, Err(Reason::Price { have: 10_000, want: 10_001 }));
}

#[test]
fn a_sealed_bid_is_made_only_while_it_can_be_and_be_honoured() {
    let (idle, request) = (Schedule::default(), request());
    let bidder = bidder(1_000, 1, &idle);
    let rule = sealed(Payment::SecondPrice);
    let at = |request: &Request, now| decide(&opening(request, rule), &bidder, now);
    assert!(matches!(at(&request, OPENED + 60), Ok(Decision::Commit(_))));
    assert_eq!(at(&request, OPENED + 61), Err(Reason::TooLate { now: OPENED + 61, last: OPENED + 60 }));
    // Reveals end after 120 seconds; the award may come 30 later, the proof takes 20.
    let short = |seconds| Request { deadline: OPENED + seconds, ..request.clone() };
    assert!(matches!(at(&short(120 + 1 + 30), OPENED), Err(Reason::TooLate { .. })));
    assert!(matches!(at(&short(120 + 1 + 30 + 19), OPENED), Err(Reason::Late(late)) if late.own));
    assert!(matches!(at(&short(120 + 1 + 30 + 20), OPENED), Ok(Decision::Commit(_))));
    let crowded = Opening { holds: 8, ..opening(&request, rule) };
    assert_eq!(decide(&crowded, &bidder, OPENED), Err(Reason::Crowded(8)));
}

#[test]
fn a_sealed_bid_never_asks_less_than_the_floor() {
    let (idle, request) = (Schedule::default(), request());
    for payment in [Payment::FirstPrice, Payment::SecondPrice] {
        let mut bidder = bidder(1_000, 30, &idle);
        bidder.offer.floor = ONE / 2;
        assert_eq!(terms(decide(&opening(&request, sealed(payment)), &bidder, OPENED)).price, ONE / 2);
        bidder.offer.floor = ONE + 1;
        let refused = decide(&opening(&request, sealed(payment)), &bidder, OPENED);
        assert_eq!(refused, Err(Reason::Price { have: ONE, want: ONE + 1 }), "its award would cost the deposit");
    }
}

#[test]
fn capacity_and_stake_are_not_promised_twice() {
    let (idle, request) = (Schedule::default(), request());
    let able = bidder(1_000, 1, &idle);
    let refused = |bidder: &Bidder<'_>| decide(&opening(&request, posted(ONE)), bidder, OPENED).unwrap_err();
    assert_eq!(refused(&Bidder { seats: 0, ..able.clone() }), Reason::Seats);
    assert_eq!(refused(&Bidder { stake: 9, ..able.clone() }), Reason::Stake { have: 9, want: 10 });
    assert_eq!(refused(&Bidder { tariff: None, ..able.clone() }), Reason::Token);
    let tight = Offer { bond_limit: 9, ..offer() };
    assert_eq!(refused(&Bidder { offer: tight, ..able.clone() }), Reason::Bond { have: 10, limit: 9 });
    let none = Offer { accepted: false, ..offer() };
    assert_eq!(refused(&Bidder { offer: none, ..able.clone() }), Reason::Token);

    let promised = Load { release: OPENED, length: Duration::from_secs(290), due: OPENED + 295 };
    let busy = Schedule { parallel: 1, waiting: vec![promised], ..Schedule::default() };
    let late = refused(&Bidder { schedule: &busy, ..able.clone() });
    assert!(matches!(late, Reason::Late(_)), "{late}");
    let two = Schedule { parallel: 2, ..busy };
    assert!(decide(&opening(&request, posted(ONE)), &Bidder { schedule: &two, ..able }, OPENED).is_ok());
}

#[test]
fn the_declared_speed_is_kept_to() {
    let idle = Schedule::default();
    let request = Request { work: 3_001, ..request() };
    let mut bidder = bidder(1_000, 1, &idle);
    bidder.offer.throughput = 10;
    let refused = decide(&opening(&request, posted(ONE)), &bidder, OPENED);
    assert_eq!(refused, Err(Reason::Throughput { work: 3_001, time: 300, throughput: 10 }));
    bidder.offer.throughput = 11;
    assert!(decide(&opening(&request, posted(ONE)), &bidder, OPENED).is_ok());
}

#[test]
fn the_last_second_counts() {
    let (idle, request) = (Schedule::default(), request());
    let bidder = bidder(1_000, 1, &idle);
    let at = |now| decide(&opening(&request, posted(ONE)), &bidder, now);
    let last = terms(at(OPENED + 100));
    assert_eq!(last.valid_until, OPENED + 100, "a bid that cannot be taken any more is void");
    assert_eq!(at(OPENED + 101), Err(Reason::TooLate { now: OPENED + 101, last: OPENED + 100 }));
    assert_eq!(terms(at(OPENED)).valid_until, OPENED + 60);
    let over = at(OPENED + 1_000);
    assert_eq!(over, Err(Reason::TooLate { now: OPENED + 1_000, last: OPENED + 999 }));
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let bps = 0..=10_000_u16;
    let posted = (any::<u64>(), any::<u64>(), 1..2_592_000_u32).prop_map(|(base, rate, patience)| {
        Rule::Posted(PostedParams { base: base.max(1).into(), rate: rate.into(), patience })
    });
    let dutch = (0..10_000_u16, 1..=10_000_u16, 0..1_000_u32, 1..1_000_u32, 1..1_000_u32).prop_filter_map(
        "climbs",
        |(start_bps, end_bps, delay, ramp, patience)| {
            (start_bps < end_bps).then_some(Rule::Dutch(DutchParams { start_bps, end_bps, delay, ramp, patience }))
        },
    );
    let sealed = (any::<bool>(), 1..1_000_u32, 1..1_000_u32, 1..=10_000_u16, bps, 1..1_000_u64, 1..64_u8).prop_map(
        |(second, commit, reveal, reserve_bps, deposit_bps, floor, bidders)| {
            let payment = if second { Payment::SecondPrice } else { Payment::FirstPrice };
            let deposit_floor = floor.into();
            Rule::Sealed(SealedParams {
                payment,
                commit,
                reveal,
                reserve_bps,
                deposit_bps,
                deposit_floor,
                standbys: 0,
                bidders,
            })
        },
    );
    prop_oneof![posted, dutch, sealed]
}

fn any_request() -> impl Strategy<Value = Request> {
    let times = (prop_oneof![Just(Time::MAX), 0..10_000_u64], prop_oneof![Just(u32::MAX), 1..2_000_u32]);
    let sizes = (prop_oneof![Just(u64::MAX), 1..100_000_u64], prop_oneof![0..=(1_u128 << 88) - 1, 0..100_000_u128]);
    (times, sizes, 0..2_000_u128).prop_map(|((deadline, window), (work, max_price), bond)| Request {
        deadline,
        window,
        work,
        max_price,
        bond,
        ..Request::default()
    })
}

/// Asks the twin about the bid that was decided on.
fn ask_twin(opening: &Opening<'_>, bidder: &Bidder<'_>, terms: &Terms, commits: bool, now: Time) -> (MoveKind, Wei) {
    let actor = Actor { prover: ME, free: bidder.stake, capacity: bidder.seats, ..Actor::default() };
    let sealed = commitment(&opening.id, &ME, terms.price, &[9; 32]);
    let ask = |params, words| Ask {
        cause: Cause::Bid,
        id: opening.id,
        status: Status::Open,
        request: opening.request.clone(),
        holds: opening.holds,
        opened_at: opening.opened_at,
        time: now.max(opening.opened_at),
        actor,
        price: if commits { 0 } else { terms.price },
        data: if commits { sealed.to_vec() } else { Vec::new() },
        params,
        words,
        ..Ask::default()
    };
    let answer = match opening.rule {
        Rule::Posted(params) => PostedPrice.step(&ask(params.encode(), Vec::new())),
        Rule::Dutch(params) => Dutch.step(&ask(params.encode(), Vec::new())),
        Rule::Sealed(params) => {
            let words = usize::from(SealedBid.check(&params.encode()).unwrap().words);
            SealedBid.step(&ask(params.encode(), vec![[0; 32]; words]))
        }
        _ => unreachable!("what is decided under it is tested in a file of its own"),
    };
    let answer = answer.unwrap();
    (answer.moves[0].kind, answer.moves[0].amount)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Whatever a request says, deciding does not panic, and a bid that is made is one that the mechanism takes, within the
    /// limits declared.
    #[test]
    fn every_bid_is_one_that_the_mechanism_takes(
        request in any_request(),
        rule in any_rule(),
        cost in prop_oneof![0..1_000_u128, Just(Wei::MAX)],
        floor in prop_oneof![0..3_u128, Just((1_u128 << 88) - 1)],
        (rivals, margin_bps, holds) in (prop_oneof![0..5_u32, Just(u32::MAX)], prop_oneof![0..500_u32, Just(u32::MAX)], 0..70_u8),
        elapsed in 0..2_500_u64,
    ) {
        let idle = Schedule::default();
        let policy = Policy { margin_bps, rival_lowest_bps: 5_000, rival_highest_bps: 20_000, patience: 60 };
        let offer = Offer { accepted: true, floor, bond_limit: 1_500, throughput: 7 };
        let bidder = Bidder {
            account: ME,
            offer,
            tariff: Some(Tariff { fixed: cost, rate: 3, gas: 7, native_price: 11 }),
            policy,
            rivals,
            stake: 1_200,
            seats: 1,
            gas_price: 5,
            length: Duration::from_secs(3),
            schedule: &idle,
        };
        let opening = Opening { holds, ..opening(&request, rule) };
        let now = OPENED + elapsed;
        let (terms, commits) = match decide(&opening, &bidder, now) {
            Ok(Decision::Take(terms)) => (terms, false),
            Ok(Decision::Commit(terms) | Decision::Lower(terms)) => (terms, true),
            Ok(Decision::Wait(until)) => {
                prop_assert!(now < until);
                return Ok(());
            }
            Ok(Decision::Race(_) | Decision::Enter(_) | Decision::Buy(..)) => {
                unreachable!("no rule here is a race or a contest")
            }
            Err(reason) => {
                prop_assert!(!reason.to_string().is_empty());
                return Ok(());
            }
        };
        let (kind, amount) = ask_twin(&opening, &bidder, &terms, commits, now);
        prop_assert!(terms.max_bond <= 1_200 && terms.max_bond <= offer.bond_limit);
        prop_assert!(now <= terms.valid_until && terms.valid_until < request.deadline);
        prop_assert!(floor * Wei::from(request.work) <= terms.price && terms.price <= request.max_price);
        if commits {
            prop_assert_eq!(kind, MoveKind::Hold);
            prop_assert!(amount <= terms.max_bond);
        } else {
            prop_assert_eq!(kind, MoveKind::Award);
            prop_assert!(terms.price <= amount && amount <= request.max_price);
            prop_assert!(cost <= amount);
            prop_assert!(u128::from(terms.load.due - terms.load.release) * 7 >= u128::from(request.work));
        }
    }
}
