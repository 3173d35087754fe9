//! One owner with many accounts, some of which ask for proofs and one of which makes them, against somebody else's lane.

use bourse_sim::event::Event;
use bourse_sim::lane::Wish;
use bourse_sim::qos::explain::Record;
use bourse_sim::qos::history::{MEMORY, past};
use bourse_sim::qos::select::Pace;
use bourse_sim::{Account, Time, Wei, ZERO};

use crate::market::{ALICE, BOB, Deal, THROUGHPUT, World, wish};
use crate::world::{UNIT, account, job};

/// The prover that takes part in it, and how many ask.
const PAL: u32 = 6;
const SYBILS: u8 = 40;
/// Seconds that a proof takes by the provers' word.
const USUAL: Time = 84;

/// ALICE's lane where it has been led, and some of its own requests.
fn world() -> World {
    let mut world = World::new();
    world.lane(ALICE, |terms| {
        terms.wishes = vec![Wish { weight: 6_000, ..wish(1, 30, 300) }, Wish { weight: 4_000, ..wish(0, 500, 2_500) }];
    });
    world.keep(ALICE);
    for number in 0..8 {
        world.serve(ALICE, 1 + number % 3, 90 * UNIT, (4, Some(USUAL)));
    }
    world.keep(ALICE);
    world
}

fn sybil(number: u8) -> Account {
    let mut account = [0xdd; 20];
    account[19] = number;
    account
}

/// What the owner does on an instance, once by each account.
#[derive(Clone, Copy, Debug)]
enum Play {
    /// Buys from itself.
    Buy { price: Wei, wait: Time, took: Time },
    /// Asks, and takes care that nobody serves it.
    Ignore,
}

fn attack(world: &mut World, instance: u32, play: Play) {
    for number in 0..SYBILS {
        let requester = sybil(number);
        world.tell(Event::Deposited { token: ZERO, account: requester, from: requester, amount: 1_000 * UNIT });
        let deal = Deal { requester, named: instance, at: (instance, 1), verifier: 1, job: job() };
        match play {
            Play::Buy { price, wait, took } => drop(world.trade(&deal, PAL, price, (wait, Some(took)))),
            Play::Ignore => {
                let id = world.open(&deal);
                world.now += job().deadline;
                world.tell(Event::Closed { id, refund: job().max_price });
            }
        }
    }
}

#[test]
fn nobody_elses_requests_move_a_lane() {
    let before = world().decide(ALICE);
    let lure = Play::Buy { price: 1, wait: 0, took: USUAL };
    let repel = Play::Buy { price: job().max_price, wait: 150, took: USUAL };
    for instance in world().instances.into_values() {
        for play in [lure, repel, Play::Ignore] {
            let mut world = world();
            attack(&mut world, instance, play);
            let after = world.decide(ALICE);
            let same = |record: &Record| (record.from, record.to, record.reason);
            assert_eq!(same(&after), same(&before), "{play:?} on {}: {after}\n{before}", world.name(instance));
            let moved = (after.value() - before.value()).abs();
            assert!(moved < Pace::default().least_gain, "{play:?} on {}: {after}\n{before}", world.name(instance));
        }
    }
}

#[test]
fn nobody_pushes_a_lanes_own_past_out_of_what_is_looked_back_on() {
    let mut world = world();
    world.serve(ALICE, 1, 90 * UNIT, (4, Some(USUAL)));
    let before = world.survey(ALICE);
    while world.market.requests().len() <= MEMORY + 100 {
        let instance = world.instances["posted"];
        attack(&mut world, instance, Play::Ignore);
    }
    assert_eq!(past(&world.market, ALICE).len(), MEMORY + 9);
    assert_eq!(past(&world.market, BOB).len(), MEMORY);
    let survey = world.survey(ALICE);
    assert_eq!((survey.delivered.len(), survey.lane.since), (9, 1));
    assert_eq!((&survey.lane, &survey.ledger), (&before.lane, &before.ledger));
    assert_eq!(survey.decide(&Pace::default()), before.decide(&Pace::default()));
}

#[test]
fn what_a_prover_makes_up_about_itself_it_could_as_well_declare() {
    let scores = |world: &World| world.survey(ALICE).views().into_iter().map(|view| view.score).collect::<Vec<_>>();
    let (plain, mut said, mut made_up) = (world(), world(), world());
    said.declare(PAL, 500 + 100 * Wei::from(PAL), 3 * THROUGHPUT);
    attack(&mut made_up, plain.instances["posted"], Play::Buy { price: 110 * UNIT, wait: 4, took: USUAL / 3 });
    let (plain, said, made_up) = (scores(&plain), scores(&said), scores(&made_up));
    for ((plain, said), made_up) in plain.into_iter().zip(said).zip(made_up) {
        let most = (said - plain).abs() + Pace::default().least_gain;
        assert!((made_up - plain).abs() < most, "{made_up}, not from {plain} to {said}");
    }
}

#[test]
fn provers_that_nobody_else_was_served_by_slow_down_nobody() {
    let mut world = world();
    let unseen = |world: &World| world.survey(ALICE).fleet.suppliers[3].speed;
    for winner in [5, PAL] {
        for (number, took) in (0..30).map(|number| (number, if number < 20 { USUAL } else { 3 * USUAL - 10 })) {
            let requester = sybil(number);
            world.tell(Event::Deposited { token: ZERO, account: requester, from: requester, amount: 1_000 * UNIT });
            let instance = world.instances["posted"];
            let deal = Deal { requester, named: instance, at: (instance, 1), verifier: 1, job: job() };
            world.trade(&deal, winner, 110 * UNIT, (4, Some(took)));
        }
    }
    let survey = world.survey(ALICE);
    assert!([5, PAL].iter().all(|winner| survey.changed[&account(*winner)].worse));
    assert_eq!(unseen(&world), f64::from(THROUGHPUT));
}
