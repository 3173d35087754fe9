//! A market of the chain as the fold has it, and lanes on it.

use std::collections::BTreeMap;

use bourse_sim::event::{Config, Declaration, Event, Offer};
use bourse_sim::lane::{LANE, Mandate, Terms, Wish};
use bourse_sim::market::Market;
use bourse_sim::mechanisms::by_name;
use bourse_sim::qos::explain::Record;
use bourse_sim::qos::menu::menu;
use bourse_sim::qos::select::Pace;
use bourse_sim::qos::supply::Job;
use bourse_sim::qos::survey::{Survey, survey, usual};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei, ZERO};

use crate::world::{UNIT, USUAL, account, job};

pub(crate) const ALICE: Account = [0xa1; 20];
pub(crate) const BOB: Account = [0xa2; 20];
pub(crate) const KEEPER: Account = [0xee; 20];
pub(crate) const NUMBER: u32 = 3;
pub(crate) const START: Time = 1_000_000;
pub(crate) const THROUGHPUT: u32 = 1_200_000;

/// A market with an instance of the first rule of each family in the menu, and six provers.
pub(crate) struct World {
    pub(crate) market: Market,
    pub(crate) names: BTreeMap<Account, String>,
    pub(crate) instances: BTreeMap<String, u32>,
    pub(crate) now: Time,
    pub(crate) requests: u64,
}

impl World {
    pub(crate) fn new() -> Self {
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
            world.declare(number, 500 + 100 * Wei::from(number), THROUGHPUT);
            let prover = account(number);
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

    pub(crate) fn tell(&mut self, event: Event) {
        self.market.apply(&event, self.now).unwrap();
    }

    pub(crate) fn declare(&mut self, number: u32, floor: Wei, throughput: u32) {
        let offer = Offer { accepted: true, floor, bond_limit: 1_000 * UNIT, throughput };
        let declaration =
            Declaration { concurrency: 8, flags: 3, offers: vec![(ZERO, offer)], ..Declaration::default() };
        self.tell(Event::Declared { prover: account(number), number, declaration });
    }

    pub(crate) fn lane(&mut self, requester: Account, change: impl FnOnce(&mut Terms)) {
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

    pub(crate) fn route(&mut self, requester: Account, name: &str) {
        let (instance, by) = (self.instances[name], requester);
        self.tell(Event::Routed { requester, lane: NUMBER, instance, version: 1, by, tip: 0 });
    }

    /// Does what is decided, as a keeper would.
    pub(crate) fn keep(&mut self, requester: Account) -> Record {
        let record = self.decide(requester);
        if record.changes() {
            let Record { to: instance, version, .. } = record;
            self.tell(Event::Routed { requester, lane: NUMBER, instance, version, by: KEEPER, tip: 0 });
        }
        record
    }

    pub(crate) fn survey(&self, requester: Account) -> Survey {
        survey(&self.market, &self.names, (requester, NUMBER), self.now).unwrap()
    }

    pub(crate) fn decide(&self, requester: Account) -> Record {
        self.survey(requester).decide(&Pace::default()).unwrap()
    }

    pub(crate) fn name(&self, instance: u32) -> &str {
        self.instances.iter().find(|(_, number)| **number == instance).map(|(name, _)| name.as_str()).unwrap()
    }

    /// A request of the lane where it leads, awarded to `winner` at `price` after `wait` and proven after `took`, or never.
    pub(crate) fn serve(&mut self, requester: Account, winner: u32, price: Wei, times: (Time, Option<Time>)) {
        let lane = &self.market.lanes()[&(requester, NUMBER)];
        let deal = Deal { requester, named: LANE | NUMBER, at: lane.route.unwrap(), verifier: 1, job: usual(lane) };
        self.trade(&deal, winner, price, times);
    }

    /// Somebody asks for something.
    pub(crate) fn open(&mut self, deal: &Deal) -> Id {
        let Deal { requester, named, at: (instance, version), verifier, job } = *deal;
        self.requests += 1;
        let mut id = Id::default();
        id[..8].copy_from_slice(&(self.requests + 1).to_be_bytes());
        let request = Request {
            requester,
            nonce: self.requests,
            instance: named,
            verifier,
            work: job.work,
            max_price: job.max_price,
            bond: job.bond,
            deadline: self.now + job.deadline,
            window: job.window,
            ..Request::default()
        };
        self.tell(Event::Opened { id, requester, instance, version, request, input: Vec::new() });
        id
    }

    /// Somebody asks for something, and `winner` is awarded it at `price` after `wait` and proves it after `took`, or never.
    pub(crate) fn trade(&mut self, deal: &Deal, winner: u32, price: Wei, (wait, took): (Time, Option<Time>)) -> Id {
        let (id, prover, job) = (self.open(deal), account(winner), deal.job);
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
        id
    }
}

/// What somebody asks for, by the instance that it names and under the version that it enters.
pub(crate) struct Deal {
    pub(crate) requester: Account,
    pub(crate) named: u32,
    pub(crate) at: (u32, u32),
    pub(crate) verifier: u32,
    pub(crate) job: Job,
}

pub(crate) fn wish(attribute: u8, best: Wei, worst: Wei) -> Wish {
    Wish { attribute, weight: 10_000, best, worst }
}
