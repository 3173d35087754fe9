//! Decisions from the chain: nothing but the fold goes in, and the same fold gives the same.

use bourse_sim::event::Event;
use bourse_sim::lane::{List, Mandate};
use bourse_sim::qos::explain::Reason;
use bourse_sim::qos::menu::menu;
use bourse_sim::qos::select::{Limit, Pace};
use bourse_sim::qos::survey::{Barred, Unfit, mandated};
use bourse_sim::{Account, Wei};

use crate::market::{ALICE, BOB, KEEPER, NUMBER, START, THROUGHPUT, World, wish};
use crate::world::{UNIT, USUAL, account, job};

#[test]
fn wishes_move_lanes_apart_and_the_same_fold_decides_the_same() {
    let mut world = World::new();
    world.lane(ALICE, |terms| terms.wishes = vec![wish(1, 30, 300)]);
    world.lane(BOB, |terms| terms.wishes = vec![wish(0, 500, 2_500)]);
    world.route(ALICE, "sealed");
    world.route(BOB, "posted");
    let (fast, cheap) = (world.decide(ALICE), world.decide(BOB));
    assert_ne!(world.name(fast.to), "sealed", "somebody in a hurry does not wait for bids: {fast}");
    assert_ne!(fast.to, cheap.to, "{fast}\n{cheap}");
    assert_eq!(world.decide(ALICE), fast);
    assert!((fast.parts.iter().sum::<f64>() - fast.value()).abs() < 1e-12 && fast.value() > 0.0);
}

#[test]
fn limits_of_the_chain_are_limits_here() {
    let mut world = World::new();
    world.lane(ALICE, |terms| {
        terms.wishes = vec![wish(0, 500, 2_500)];
        terms.price_per_unit = 1_000;
    });
    let survey = world.survey(ALICE);
    for view in survey.views() {
        let outlook = &survey.outlooks[&view.instance];
        let above = outlook.envelope.price > 1_000 * Wei::from(job().work);
        assert_eq!(view.breaches.iter().any(|breach| breach.limit == Limit::Price), above, "{:?}", outlook.rule);
    }
    world.lane(ALICE, |terms| terms.award = 1);
    let instant = world.decide(ALICE);
    assert!(world.survey(ALICE).outlooks[&instant.to].envelope.award <= 1);
    world.lane(ALICE, |terms| terms.latency = 10);
    let survey = world.survey(ALICE);
    let hopeless = survey.decide(&Pace::default()).unwrap_err();
    assert!(hopeless.nearest.iter().any(|breach| breach.limit == Limit::Time && breach.want == 10.0), "{hopeless:?}");
}

#[test]
fn a_prover_that_slows_down_is_believed_to_be_slow() {
    let mut world = World::new();
    world.lane(ALICE, |terms| terms.wishes = vec![wish(1, 30, 300)]);
    world.route(ALICE, "posted");
    let speed = |world: &World, number: u32| {
        let survey = world.survey(ALICE);
        survey.fleet.suppliers.iter().find(|supplier| supplier.number == number).unwrap().speed
    };
    assert_eq!(speed(&world, 2), f64::from(THROUGHPUT));
    let before = world.survey(ALICE).decide(&Pace::default()).unwrap().value();
    for _ in 0..8 {
        world.serve(ALICE, 2, 150 * UNIT, (4, Some(240)));
    }
    let slow = speed(&world, 2);
    assert!(slow < 0.7 * f64::from(THROUGHPUT), "100 units a second less for each that takes 240 s: {slow}");
    assert_eq!(speed(&world, 3), f64::from(THROUGHPUT), "of the others nothing was seen");
    let survey = world.survey(ALICE);
    assert_eq!(survey.delivered.len(), 8);
    let views = survey.views();
    let posted = views.iter().find(|view| view.instance == world.instances["posted"]).unwrap();
    assert!(posted.value() < before, "{} is not less than {before}", posted.value());
}

#[test]
fn what_would_have_been_is_told_with_how_far_to_trust_it() {
    use bourse_sim::qos::counterfactual::{again, happened, under};
    let mut world = World::new();
    world.lane(ALICE, |terms| terms.wishes = vec![wish(0, 500, 2_500)]);
    world.route(ALICE, "posted");
    let key = (ALICE, NUMBER);
    assert_eq!(happened(&world.market, key), None);
    for number in 0..12 {
        let length = 80 + u64::from(number % 5);
        world.serve(ALICE, 1 + number % 3, 135 * UNIT, (2, Some(length)));
    }
    let (was, replay) = (happened(&world.market, key).unwrap(), again(&world.market, &world.names, key).unwrap());
    assert_eq!((was.requests, replay.requests, was.missed.mean), (12, 12, 0.0));
    assert!((was.price.mean / 1.35e9 - 1.0).abs() < 1e-9, "{was:?}");
    assert!((replay.price.mean / was.price.mean - 1.0).abs() < 0.05, "a posted price is no guess: {replay:?}");
    assert!((replay.time.mean / was.time.mean - 1.0).abs() < 0.25, "{replay:?} {was:?}");
    let sealed = menu(USUAL, &job()).into_iter().find(|rule| rule.name() == "sealed").unwrap();
    let other = under(&world.market, &world.names, key, sealed).unwrap();
    assert!(other.price.mean < was.price.mean && was.time.mean < other.time.mean, "cheaper, and slower: {other:?}");
    assert!(was.utility.mean < other.utility.mean && other.utility.low <= other.utility.mean, "{other:?}");
    assert_eq!(under(&world.market, &world.names, key, sealed), Some(other));
}

#[test]
fn failures_are_told_from_the_requesters_own() {
    let mut world = World::new();
    world.lane(ALICE, |terms| terms.wishes = vec![wish(5, 10_000, 0)]);
    world.route(ALICE, "posted");
    world.serve(ALICE, 1, 150 * UNIT, (4, None));
    let survey = world.survey(ALICE);
    assert_eq!((survey.delivered.len(), survey.own_faults), (1, 0));
    assert!(survey.fleet.suppliers[0].failure > 0.1, "one of one failed: {}", survey.fleet.suppliers[0].failure);
}

#[test]
fn a_mandate_is_kept_to() {
    let mut world = World::new();
    world.lane(ALICE, |_| {});
    let mandate = Mandate {
        until: START + 100,
        cooldown: 50,
        stake: 5,
        anyone: false,
        any_mechanism: false,
        ..Mandate::default()
    };
    world.tell(Event::MandateSet { requester: ALICE, lane: NUMBER, mandate });
    let barred = |world: &World, keeper: Account| {
        mandated(&world.market, &world.market.lanes()[&(ALICE, NUMBER)], &keeper, world.now)
    };
    assert_eq!(barred(&world, KEEPER), Err(Barred::Unlisted));
    let list = |list, account| Event::Listed { requester: ALICE, lane: NUMBER, list, entries: vec![(account, true)] };
    world.tell(list(List::Keepers, KEEPER));
    world.tell(list(List::Keepers, account(1)));
    assert_eq!(barred(&world, KEEPER), Err(Barred::Stake));
    assert_eq!(barred(&world, account(1)), Ok(()));
    let survey = world.survey(ALICE);
    assert!(survey.outlooks.is_empty() && survey.unfit.values().all(|why| *why == Unfit::Mandate));
    world.tell(list(List::Mechanisms, [1; 20]));
    assert_eq!(world.survey(ALICE).outlooks.len(), 1);
    let (instance, by) = (1, account(1));
    world.tell(Event::Routed { requester: ALICE, lane: NUMBER, instance, version: 1, by, tip: 0 });
    assert_eq!(barred(&world, account(1)), Err(Barred::Cooldown(START + 50)));
    world.now += 101;
    assert_eq!(barred(&world, account(1)), Err(Barred::Over(START + 100)));
}

#[test]
fn a_lane_is_left_alone_between_moves() {
    let mut world = World::new();
    world.lane(ALICE, |terms| terms.wishes = vec![wish(1, 30, 300)]);
    world.route(ALICE, "sealed");
    assert!(world.decide(ALICE).changes(), "where its requester began is no keeper's choice");
    let (instance, by) = (world.instances["sealed"], KEEPER);
    world.tell(Event::Routed { requester: ALICE, lane: NUMBER, instance, version: 1, by, tip: 0 });
    let record = world.decide(ALICE);
    assert_eq!((record.reason, record.changes()), (Reason::Cooldown, false), "{record}");
    for _ in 0..5 {
        world.serve(ALICE, 2, 150 * UNIT, (60, Some(90)));
    }
    assert!(world.decide(ALICE).changes());
}
