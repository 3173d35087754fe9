//! What provers have on record, and what that is to lanes that they might serve.

use bourse_sim::Wei;
use bourse_sim::event::Event;
use bourse_sim::lane::Wish;
use bourse_sim::qos::supply::Job;

use crate::market::{ALICE, BOB, Deal, World, wish};
use crate::world::{UNIT, account, job};

/// What a usual request costs here, by the middle one's floor.
const USUAL: Wei = 90 * UNIT;

/// ALICE's lane, which wants proofs above all, and has no time for a second award.
fn world() -> World {
    let mut world = World::new();
    world.lane(ALICE, |terms| {
        terms.latency = 330;
        terms.wishes =
            vec![Wish { weight: 8_000, ..wish(5, 10_000, 5_000) }, Wish { weight: 2_000, ..wish(0, 500, 2_500) }];
    });
    world
}

/// BOB's request for a job like ALICE's, paid so much of what is usual, for that verifier.
fn deal(world: &World, share: f64, verifier: u32) -> (Deal, Wei) {
    let price = (USUAL as f64 * share) as Wei;
    let instance = world.instances["posted"];
    let deal =
        Deal { requester: BOB, named: instance, at: (instance, 1), verifier, job: Job { max_price: price, ..job() } };
    (deal, price)
}

fn miss(world: &mut World, winner: u32, share: f64, verifier: u32) {
    let (deal, price) = deal(world, share, verifier);
    world.trade(&deal, winner, price, (4, None));
}

/// Kept, and recorded if the prover pays for that.
fn keep(world: &mut World, winner: u32, share: f64, recorded: bool) {
    let (deal, price) = deal(world, share, 1);
    let id = world.trade(&deal, winner, price, (4, Some(84)));
    if recorded {
        world.tell(Event::Recorded { id, prover: account(winner), fee: price.div_ceil(100) });
    }
}

fn failure(world: &World, number: u32) -> f64 {
    let survey = world.survey(ALICE);
    survey.fleet.suppliers.iter().find(|supplier| supplier.number == number).unwrap().failure
}

fn near(have: f64, want: f64) {
    assert!((have - want).abs() < 0.002, "{have} is not {want}");
}

#[test]
fn a_record_counts_by_value_and_no_more_than_a_declaration() {
    let mut world = world();
    near(failure(&world, 1), 0.02);
    miss(&mut world, 1, 0.5, 1);
    for _ in 0..80 {
        keep(&mut world, 1, 0.001, false);
    }
    // (3 x .02 + .5) / (3 + .5): the history has long forgotten it.
    near(failure(&world, 1), 0.16);
    miss(&mut world, 1, 2.0, 2);
    near(failure(&world, 1), 0.16);
    for _ in 0..2 {
        keep(&mut world, 1, 1.0, true);
    }
    // (3 x .02 + .5) / (3 + .5 + 2).
    near(failure(&world, 1), 0.102);
    for _ in 0..20 {
        keep(&mut world, 1, 1.0, true);
    }
    // A 45th of all that is on record, as three awards.
    near(failure(&world, 1), (0.06 + 3.0 / 45.0) / 6.0);
}

#[test]
fn wash_trades_do_not_whiten_a_large_miss() {
    let mut world = world();
    miss(&mut world, 1, 2.0, 1);
    miss(&mut world, 1, 2.0, 1);
    let before = failure(&world, 1);
    for number in 0..200 {
        keep(&mut world, 1, 0.002, number % 2 == 0);
    }
    // (3 x .02 + 3 x .95) / (3 + 3): a tenth of what was missed costs a hundred records.
    assert!(failure(&world, 1) > 0.45, "{} after {before}", failure(&world, 1));
    near(failure(&world, 2), 0.02);
}

#[test]
fn what_the_lane_saw_kept_needs_no_record() {
    let mut world = world();
    world.route(ALICE, "posted");
    miss(&mut world, 1, 2.0, 1);
    miss(&mut world, 2, 2.0, 1);
    let alike = (failure(&world, 1), failure(&world, 2));
    assert_eq!(alike.0, alike.1);
    for _ in 0..20 {
        world.serve(ALICE, 1, USUAL, (4, Some(80)));
    }
    assert!(
        failure(&world, 1) < 0.07 && alike.1 == failure(&world, 2),
        "{} {}",
        failure(&world, 1),
        failure(&world, 2)
    );
}

/// Where ALICE's lane is led, and how often prover 1 would win there, if it has missed large awards for `verifier` long ago.
fn led(verifier: u32) -> (String, usize) {
    let mut world = world();
    for _ in 0..3 {
        miss(&mut world, 1, 2.0, verifier);
    }
    for _ in 0..120 {
        keep(&mut world, 1, 0.002, false);
    }
    let record = world.decide(ALICE);
    let deliveries = &world.survey(ALICE).outlooks[&record.to].deliveries;
    (world.name(record.to).to_owned(), deliveries.iter().filter(|delivery| delivery.winner == 1).count())
}

#[test]
fn a_lane_is_led_away_from_a_prover_with_a_bad_record_for_its_verifier() {
    let ((trusting, often), (wary, seldom)) = (led(2), led(1));
    assert_ne!(trusting, wary);
    assert!(often > 50 && seldom < 32, "{often} of 64 in {trusting}, {seldom} in {wary}");
}
