//! Provers that are no longer what they were, and what becomes of the lanes that they served.

use bourse_sim::lane::{Terms, Wish};
use bourse_sim::qos::drift::{Sight, Watch};
use bourse_sim::qos::explain::{Reason, Record};
use bourse_sim::{Time, Wei};

use crate::market::{ALICE, THROUGHPUT, World, wish};
use crate::world::{UNIT, account};

/// Work that takes 20 seconds by the provers' word.
const WORK: u64 = 24_000_000;
const USUAL: Time = 20;
const SLOW: Time = 5 * USUAL;

/// Somebody who would rather not wait, but pays attention to the price.
fn brisk(terms: &mut Terms) {
    terms.work = WORK;
    terms.wishes = vec![Wish { weight: 6_000, ..wish(1, 30, 150) }, Wish { weight: 4_000, ..wish(0, 500, 2_500) }];
}

fn speeds(world: &World) -> Vec<f64> {
    world.survey(ALICE).fleet.suppliers.iter().map(|supplier| supplier.speed / f64::from(THROUGHPUT)).collect()
}

/// How a lane that these provers have served for long is moved when they take five times as long.
fn moved(provers: &[u32]) -> Record {
    let mut world = World::new();
    world.lane(ALICE, brisk);
    assert_eq!(world.keep(ALICE).reason, Reason::First);
    let who = |number: usize| provers[number % provers.len()];
    // What is foretold is what is paid, where the lane leads.
    let price = |world: &World| {
        let survey = world.survey(ALICE);
        let rate = survey.outlooks[&survey.lane.current.unwrap()].traits.price;
        (rate * WORK as f64 / 1e6) as Wei
    };
    for number in 0..60 {
        world.serve(ALICE, who(number), price(&world), (4, Some(USUAL)));
        let record = world.keep(ALICE);
        assert!(number < 45 || !record.changes(), "after {number} as usual: {record}");
    }
    let began = world.decide(ALICE).to;
    let mut late = 0;
    let moved = loop {
        world.serve(ALICE, who(late), price(&world), (4, Some(SLOW)));
        late += 1;
        let record = world.keep(ALICE);
        if record.changes() {
            break record;
        }
        assert!(late < 16, "still there after {late} late proofs: {record}");
    };
    assert!(late > 2, "one late proof is no drift: {moved}");
    assert_ne!(world.name(moved.to), world.name(began), "{moved}");
    let mut further = 0;
    for number in 0..20 {
        world.serve(ALICE, 3 + number % 4, price(&world), (4, Some(USUAL)));
        further += u32::from(world.keep(ALICE).changes());
    }
    assert!(further <= 1, "it goes to and fro: {further} more moves");
    moved
}

#[test]
fn a_lane_leaves_when_its_prover_takes_five_times_as_long() {
    let record = moved(&[1]);
    assert_eq!(record.reason, Reason::Slower, "{record}");
    assert!(record.to_string().contains("its provers have slowed down"), "{record}");
}

#[test]
fn a_lane_leaves_when_all_its_provers_take_five_times_as_long() {
    for provers in [&[1, 2][..], &[1, 2, 3, 4, 5, 6]] {
        let record = moved(provers);
        assert!([Reason::Slower, Reason::Alarm, Reason::Limit].contains(&record.reason), "{record}");
    }
}

#[test]
fn what_was_seen_before_a_change_no_longer_counts() {
    let mut world = World::new();
    world.lane(ALICE, brisk);
    world.route(ALICE, "posted");
    for _ in 0..40 {
        world.serve(ALICE, 1, 30 * UNIT, (4, Some(USUAL)));
    }
    assert!((speeds(&world)[0] - 1.0).abs() < 0.01);
    for _ in 0..6 {
        world.serve(ALICE, 1, 30 * UNIT, (4, Some(SLOW)));
    }
    assert!(speeds(&world)[0] < 0.25, "a fifth of what it was: {:?}", speeds(&world));
    let survey = world.survey(ALICE);
    assert!(survey.changed[&account(1)].worse && survey.lane.slower);
    assert_eq!(speeds(&world)[1..], [1.0; 5], "of the others nothing was seen");
    for _ in 0..6 {
        world.serve(ALICE, 1, 30 * UNIT, (4, Some(USUAL)));
    }
    assert!(speeds(&world)[0] > 0.7, "it has come back: {:?}", speeds(&world));
    assert!(!world.survey(ALICE).changed[&account(1)].worse);
}

#[test]
fn what_has_befallen_many_is_expected_of_the_rest() {
    let mut world = World::new();
    world.lane(ALICE, brisk);
    world.route(ALICE, "posted");
    for number in 0..40 {
        world.serve(ALICE, 1 + number % 3, 30 * UNIT, (4, Some(USUAL)));
    }
    for number in 0..18 {
        world.serve(ALICE, 1 + number % 3, 30 * UNIT, (4, Some(SLOW)));
    }
    let unseen = speeds(&world)[5];
    assert!(speeds(&world)[0] < unseen && unseen < 0.5, "{:?}", speeds(&world));
}

#[test]
fn a_prover_that_begins_to_fail_is_found_out() {
    let mut world = World::new();
    world.lane(ALICE, brisk);
    world.route(ALICE, "posted");
    for _ in 0..40 {
        world.serve(ALICE, 1, 30 * UNIT, (4, Some(USUAL)));
    }
    for _ in 0..5 {
        world.serve(ALICE, 1, 30 * UNIT, (4, None));
    }
    let survey = world.survey(ALICE);
    assert!(survey.changed[&account(1)].worse && survey.fleet.suppliers[0].failure > 0.5);
}

#[test]
fn the_usual_ups_and_downs_are_no_change() {
    use bourse_sim::qos::chance::Chance;
    for prover in 0..20 {
        let (mut watch, mut chance) = (Watch::default(), Chance::new(&[prover]));
        for award in 0..500 {
            let log_speed = Some(chance.normal() * 0.15);
            assert_eq!(
                watch.look(&Sight { log_speed, believed: (0.0, 0.02) }),
                None,
                "award {award} of prover {prover}"
            );
        }
    }
}
