//! Decisions from the chain: nothing but the fold goes in, and the same fold gives the same.

use std::collections::BTreeMap;

use bourse_sim::event::{Config, Declaration, Event, Offer};
use bourse_sim::lane::{LANE, List, Mandate, Terms, Wish};
use bourse_sim::market::Market;
use bourse_sim::mechanisms::by_name;
use bourse_sim::qos::explain::{Reason, Record};
use bourse_sim::qos::menu::menu;
use bourse_sim::qos::select::{Limit, Pace};
use bourse_sim::qos::survey::{Barred, Survey, Unfit, mandated, survey};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei, ZERO};

use crate::world::{UNIT, USUAL, account, job};

const ALICE: Account = [0xa1; 20];
const BOB: Account = [0xa2; 20];
const KEEPER: Account = [0xee; 20];
const NUMBER: u32 = 3;
const START: Time = 1_000_000;
const THROUGHPUT: u32 = 1_200_000;

/// A market with an instance of the first rule of each family in the menu, and six provers.
struct World {
    market: Market,
    names: BTreeMap<Account, String>,
    instances: BTreeMap<String, u32>,
    now: Time,
    requests: u64,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            market: Market::new(ZERO),
            names: BTreeMap::new(),
            instances: BTreeMap::new(),
            now: START,
            requests: 0,
        };
        for requester in [ALICE, BOB] {
            world.tell(Event::Deposited { token: ZERO, account: requester, from: requester, amount: 1_000_000 * UNIT });
        }
        for number in 1..=6 {
            let (prover, floor) = (account(number), 500 + 100 * Wei::from(number));
            let offer = Offer { accepted: true, floor, bond_limit: 1_000 * UNIT, throughput: THROUGHPUT };
            let declaration =
                Declaration { concurrency: 8, flags: 3, offers: vec![(ZERO, offer)], ..Declaration::default() };
            world.tell(Event::Declared { prover, number, declaration });
            world.tell(Event::Deposited { token: ZERO, account: prover, from: prover, amount: 10_000 * UNIT });
            world.tell(Event::Staked { prover, amount: 10_000 * UNIT });
        }
        for rule in menu(USUAL, &job()) {
            let known = u32::try_from(world.instances.len()).unwrap() + 1;
            if world.instances.contains_key(rule.name()) {
                continue;
            }
            let (mechanism, params) = ([u8::try_from(known).unwrap(); 20], rule.params());
            let shape = by_name(rule.name()).unwrap().check(&params).unwrap();
            let config = Config { mechanism, shape, params, ..Config::default() };
            world.tell(Event::InstanceSet { instance: known, version: 1, owner: BOB, open: true, config });
            world.names.insert(mechanism, rule.name().to_owned());
            world.instances.insert(rule.name().to_owned(), known);
        }
        world
    }

    fn tell(&mut self, event: Event) {
        self.market.apply(&event, self.now).unwrap();
    }

    fn lane(&mut self, requester: Account, change: impl FnOnce(&mut Terms)) {
        let job = job();
        let mut terms = Terms {
            verifier: 1,
            work: job.work,
            bond: job.bond,
            window: job.window,
            price_per_unit: job.max_price / Wei::from(job.work),
            latency: u32::try_from(job.deadline).unwrap(),
            ..Terms::default()
        };
        change(&mut terms);
        self.tell(Event::TermsSet { requester, lane: NUMBER, terms });
        let mandate = Mandate { until: START + 10_000_000, anyone: true, any_mechanism: true, ..Mandate::default() };
        self.tell(Event::MandateSet { requester, lane: NUMBER, mandate });
    }

    fn route(&mut self, requester: Account, name: &str) {
        let (instance, by) = (self.instances[name], requester);
        self.tell(Event::Routed { requester, lane: NUMBER, instance, version: 1, by, tip: 0 });
    }

    fn survey(&self, requester: Account) -> Survey {
        survey(&self.market, &self.names, (requester, NUMBER), self.now).unwrap()
    }

    fn decide(&self, requester: Account) -> Record {
        self.survey(requester).decide(&Pace::default()).unwrap()
    }

    fn name(&self, instance: u32) -> &str {
        self.instances.iter().find(|(_, number)| **number == instance).map(|(name, _)| name.as_str()).unwrap()
    }

    /// A request of the lane where it leads, awarded to `winner` at `price` after `wait` and proven after `took`, or never.
    fn serve(&mut self, requester: Account, winner: u32, price: Wei, (wait, took): (Time, Option<Time>)) {
        let (job, prover) = (job(), account(winner));
        let (instance, version) = self.market.lanes()[&(requester, NUMBER)].route.unwrap();
        self.requests += 1;
        let mut id = Id::default();
        id[..8].copy_from_slice(&(self.requests + 1).to_be_bytes());
        let request = Request {
            requester,
            nonce: self.requests,
            instance: LANE | NUMBER,
            verifier: 1,
            work: job.work,
            max_price: job.max_price,
            bond: job.bond,
            deadline: self.now + job.deadline,
            window: job.window,
            ..Request::default()
        };
        self.tell(Event::Opened { id, requester, instance, version, request, input: Vec::new() });
        self.now += wait;
        let due = self.now + Time::from(job.window);
        self.tell(Event::Awarded { id, prover, price, due, bond_bps: 10_000 });
        match took {
            Some(took) => {
                self.now += took;
                self.tell(Event::Fulfilled { id, prover, price, proof: vec![1] });
            }
            None => {
                self.now = due + 1;
                let burned = job.bond;
                self.tell(Event::Slashed { id, prover, burned, compensation: 0, tip: 0, to: ZERO });
                self.now = self.now.max(START + job.deadline);
                self.tell(Event::Closed { id, refund: job.max_price });
            }
        }
        self.now += 10;
    }
}

fn wish(attribute: u8, best: Wei, worst: Wei) -> Wish {
    Wish { attribute, weight: 10_000, best, worst }
}

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
    let other = under(&world.market, key, sealed).unwrap();
    assert!(other.price.mean < was.price.mean && was.time.mean < other.time.mean, "cheaper, and slower: {other:?}");
    assert!(was.utility.mean < other.utility.mean && other.utility.low <= other.utility.mean, "{other:?}");
    assert_eq!(under(&world.market, key, sealed), Some(other));
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
