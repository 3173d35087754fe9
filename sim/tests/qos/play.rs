//! Requests played through the twins: the market would allow all of it, and prices come out as theory says.

use bourse_sim::ask::Status;
use bourse_sim::event::{Config, Declaration, Event, Offer};
use bourse_sim::market::{ANY_MECHANISM, ANY_VERIFIER, Market, Turn};
use bourse_sim::mechanisms::by_name;
use bourse_sim::mechanisms::posted::PostedParams;
use bourse_sim::mechanisms::sealed::{Payment, SealedParams};
use bourse_sim::mechanisms::sortition::SortitionParams;
use bourse_sim::qos::chance::Chance;
use bourse_sim::qos::measure::facts;
use bourse_sim::qos::menu::menu;
use bourse_sim::qos::play::{Rule, Venue};
use bourse_sim::qos::stage::{NUMBER, START};
use bourse_sim::qos::supply::{Fleet, Job};
use bourse_sim::{Wei, ZERO};

use crate::world::{UNIT, USUAL, contender, fleet, job, names, outlooks, uniform};

/// A market in which what a stage tells can have happened.
fn market(rule: &Rule, fleet: &Fleet, requester: [u8; 20]) -> Market {
    let mut market = Market::new(ZERO);
    let shape = by_name(rule.name()).unwrap().check(&rule.params()).unwrap();
    let config = Config { mechanism: [0x3e; 20], shape, params: rule.params(), ..Config::default() };
    let deposited = |account, amount| Event::Deposited { token: ZERO, account, from: account, amount };
    let mut events = vec![
        Event::VerifierRegistered { verifier: 1, target: [1; 20], registrar: requester, codehash: [2; 32], gas: 1 },
        Event::InstanceSet { instance: NUMBER, version: 1, owner: requester, open: true, config },
        deposited(requester, job().max_price),
    ];
    for supplier in &fleet.suppliers {
        let (prover, number) = (supplier.account, supplier.number);
        let offer = Offer { accepted: true, bond_limit: Wei::MAX, ..Offer::default() };
        let flags = ANY_MECHANISM | ANY_VERIFIER;
        let declaration = Declaration { concurrency: 8, flags, offers: vec![(ZERO, offer)], ..Declaration::default() };
        events.push(deposited(prover, supplier.stake));
        events.push(Event::Declared { prover, number, declaration });
        events.push(Event::Staked { prover, amount: supplier.stake });
    }
    events.iter().for_each(|event| market.apply(event, START - 1).unwrap());
    market
}

#[test]
fn the_market_would_allow_all_of_it() {
    let (mut fleet, job) = (fleet(), job());
    fleet.suppliers.iter_mut().for_each(|supplier| supplier.failure = 0.25);
    for rule in menu(USUAL, &job) {
        let venue = Venue::new(rule, &fleet, &job).unwrap();
        for future in 0..40 {
            let stage = venue.record(&job, &fleet.future(&job, 1, future), future).unwrap();
            let log = stage.log.as_ref().unwrap();
            let Event::Opened { requester, .. } = &log[0].1 else { panic!("it opens first") };
            let mut market = market(&rule, &fleet, *requester);
            for (time, event) in log {
                market.apply(event, *time).unwrap_or_else(|violation| panic!("{rule:?}: {event:?}: {violation}"));
            }
            let case = market.request(&stage.id()).unwrap();
            assert_eq!((case.status, case.spent), (stage.case.status, stage.case.spent), "{rule:?}");
            assert_eq!(facts(case), facts(&stage.case), "{rule:?}");
            assert!(market.ask(&stage.id(), Turn::default()).is_some());
        }
    }
}

#[test]
fn every_rule_delivers_something() {
    let outlooks = outlooks(150);
    assert_eq!(names(&outlooks.iter().map(|outlook| outlook.rule).collect::<Vec<_>>()).len(), 9);
    for outlook in &outlooks {
        let rule = outlook.rule;
        let rate = outlook.envelope.price as f64 * 1e6 / outlook.work as f64;
        for delivery in outlook.deliveries.iter().filter(|delivery| delivery.done) {
            assert!(delivery.price <= rate, "{rule:?}: {} is above the worst price {rate}", delivery.price);
            assert!(delivery.time <= job().deadline as f64, "{rule:?}");
        }
    }
    let best = |name: &str| outlooks.iter().filter(|o| o.rule.name() == name).map(|o| o.done).fold(0.0, f64::max);
    for name in ["posted", "dutch", "sealed", "scoring", "race", "sortition", "rfq", "reserved", "committee"] {
        assert!(best(name) > 0.6, "{name} never does better than {}", best(name));
    }
}

/// Mean and standard deviation of what is paid, in units, when `bidders` with costs anywhere from 0 to 1 compete.
fn auction(payment: Payment, bidders: u32, rounds: u64) -> (f64, f64) {
    let fleet = uniform();
    let job = Job { work: 1_000_000, max_price: UNIT, bond: 1, window: 100, deadline: 1_000, usage: 1.0 };
    let rule = Rule::Sealed(SealedParams {
        payment,
        commit: 10,
        reveal: 5,
        reserve_bps: 10_000,
        deposit_bps: 0,
        deposit_floor: 1,
        standbys: 0,
        bidders: 24,
    });
    let venue = Venue::new(rule, &fleet, &job).unwrap();
    let (mut sum, mut squares) = (0.0, 0.0);
    for round in 0..rounds {
        let mut chance = Chance::new(&[8, round]);
        let crowd: Vec<_> =
            (1..=bidders).map(|number| contender(number, (chance.uniform() * UNIT as f64) as Wei)).collect();
        let paid = facts(&venue.play(&job, &crowd, round).unwrap()).unwrap().paid as f64 / UNIT as f64;
        (sum, squares) = (sum + paid, squares + paid * paid);
    }
    let mean = sum / rounds as f64;
    (mean, (squares / rounds as f64 - mean * mean).sqrt())
}

#[test]
fn prices_are_those_of_theory() {
    // THEORY.md T1: the same mean, and Vickrey spreads wider.
    for (bidders, mean, vickrey, first) in [(3, 0.5, 0.2236, 0.1291), (5, 0.3333, 0.1782, 0.1127)] {
        for (payment, sd) in [(Payment::SecondPrice, vickrey), (Payment::FirstPrice, first)] {
            let (have, spread) = auction(payment, bidders, 4_000);
            assert!((have - mean).abs() < 4.0 * sd / 4_000_f64.sqrt(), "{payment:?} of {bidders}: {have}, not {mean}");
            assert!((spread / sd - 1.0).abs() < 0.06, "{payment:?} of {bidders}: sd {spread}, not {sd}");
        }
    }
}

#[test]
fn a_posted_price_is_taken_as_often_as_theory_says() {
    // THEORY.md 1.2: n = 3 at p* = .37 fills three times in four.
    let (fleet, rate) = (uniform(), 370_000_000);
    let job = Job { work: 1_000_000, max_price: UNIT, bond: 1, window: 100, deadline: 1_000, usage: 1.0 };
    let venue = Venue::new(Rule::Posted(PostedParams { base: 0, rate, patience: 10 }), &fleet, &job).unwrap();
    let filled = (0..4_000).filter(|round| {
        let mut chance = Chance::new(&[9, *round]);
        let crowd: Vec<_> = (1..=3).map(|number| contender(number, (chance.uniform() * UNIT as f64) as Wei)).collect();
        venue.play(&job, &crowd, *round).unwrap().status == Status::Fulfilled
    });
    let share = filled.count() as f64 / 4_000.0;
    assert!((share - 0.75).abs() < 4.0 * (0.75_f64 * 0.25 / 4_000.0).sqrt(), "{share}");
}

#[test]
fn backups_complete_as_theory_says() {
    // THEORY.md 1.6: with a failure rate f, K attempts complete with probability 1 - f^K.
    let (fleet, failure) = (uniform(), 0.3);
    let job = Job { work: 1_000_000, max_price: UNIT, bond: 1, window: 20, deadline: 1_000, usage: 1.0 };
    let pool = Fleet { suppliers: fleet.suppliers[..8].to_vec(), ..Fleet::default() };
    for backups in [0_u8, 1, 2] {
        let rule = Rule::Sortition(SortitionParams {
            base: 0,
            rate: UNIT,
            min_deposit: 1,
            max_deposit: 1_000,
            notice: 60,
            distance: 1,
            lead: 2,
            stagger: 10,
            stages: 3,
            patience: 10,
            backups,
        });
        let venue = Venue::new(rule, &pool, &job).unwrap();
        let done = (0..3_000).filter(|round| {
            let mut chance = Chance::new(&[10, *round]);
            let crowd: Vec<_> = (1..=8)
                .map(|number| bourse_sim::qos::supply::Contender {
                    fails: chance.happens(failure),
                    ..contender(number, 1)
                })
                .collect();
            venue.play(&job, &crowd, *round).unwrap().status == Status::Fulfilled
        });
        let (have, want) = (done.count() as f64 / 3_000.0, 1.0 - failure.powi(1 + i32::from(backups)));
        assert!(
            (have - want).abs() < 4.0 * (want * (1.0 - want) / 3_000.0).sqrt(),
            "{backups} backups: {have}, not {want}"
        );
    }
}
