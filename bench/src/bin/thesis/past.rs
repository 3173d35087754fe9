//! How long it takes to decide about a lane, by how much has happened on the chain before.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use bourse_sim::event::{Config, Declaration, Event, Offer};
use bourse_sim::lane::{LANE, Mandate, Terms, Wish};
use bourse_sim::market::Market;
use bourse_sim::mechanisms::by_name;
use bourse_sim::qos::chance::Chance;
use bourse_sim::qos::menu::menu;
use bourse_sim::qos::select::Pace;
use bourse_sim::qos::supply::Job;
use bourse_sim::qos::survey::survey;
use bourse_sim::qos::terms::Usual;
use bourse_sim::qos::tune::tune;
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei, ZERO};
use serde_json::{Value, json};

use crate::speed::{quantiles, since};
use crate::stats::round;

const PASTS: [u64; 2] = [10_000, 100_000];
const PROVERS: u32 = 24;
const UNIT: Wei = 1_000_000_000;
const USUAL: Usual = Usual { price: 1e9, time: 100.0 };
const JOB: Job =
    Job { work: 100_000_000, max_price: 250 * UNIT, bond: 20 * UNIT, window: 250, deadline: 400, usage: 1.0 };
const LANE_NUMBER: u32 = 1;
/// One requester makes every second request, the others one in so many.
const OTHERS: u64 = 50;
const TIMES: usize = 9;

/// A chain on which much has happened.
struct Chain {
    market: Market,
    names: BTreeMap<Account, String>,
    now: Time,
}

fn account(kind: u8, number: u32) -> Account {
    let mut account = [kind; 20];
    account[16..].copy_from_slice(&number.to_be_bytes());
    account
}

impl Chain {
    /// With an instance of the first rule of each family in the menu, and so many requests that have ended.
    fn new(past: u64) -> Result<Self> {
        let mut chain = Self { market: Market::new(ZERO), names: BTreeMap::new(), now: 1_000_000 };
        for number in 1..=PROVERS {
            let offer = Offer {
                accepted: true,
                floor: 500 + 30 * Wei::from(number),
                bond_limit: 1_000 * UNIT,
                throughput: 1_200_000,
            };
            let declaration =
                Declaration { concurrency: 8, flags: 3, offers: vec![(ZERO, offer)], ..Declaration::default() };
            let prover = account(2, number);
            chain.tell(Event::Declared { prover, number, declaration })?;
            chain.endow(prover)?;
            chain.tell(Event::Staked { prover, amount: 10_000 * UNIT })?;
        }
        let mut instances = 0;
        for rule in menu(USUAL, &JOB) {
            if chain.names.values().any(|known| known == rule.name()) {
                continue;
            }
            instances += 1;
            let (mechanism, params) = (account(3, instances), rule.params());
            let shape = by_name(rule.name()).context("a rule of the menu has a mechanism")?.check(&params);
            let shape = shape.map_err(|refusal| anyhow!("{refusal}"))?;
            let config = Config { mechanism, shape, params, ..Config::default() };
            let owner = account(4, 0);
            chain.tell(Event::InstanceSet { instance: instances, version: 1, owner, open: true, config })?;
            chain.names.insert(mechanism, rule.name().to_owned());
        }
        (0..=OTHERS).try_for_each(|number| chain.lane(number as u32))?;
        (0..past).try_for_each(|number| chain.serve(number, instances))?;
        Ok(chain)
    }

    fn tell(&mut self, event: Event) -> Result<()> {
        self.market.apply(&event, self.now).map_err(|violation| anyhow!("{violation}"))
    }

    fn endow(&mut self, account: Account) -> Result<()> {
        self.tell(Event::Deposited { token: ZERO, account, from: account, amount: 100_000_000 * UNIT })
    }

    fn lane(&mut self, number: u32) -> Result<()> {
        let requester = account(1, number);
        self.endow(requester)?;
        let terms = Terms {
            verifier: 1,
            work: JOB.work,
            bond: JOB.bond,
            window: JOB.window,
            price_per_unit: JOB.max_price / Wei::from(JOB.work),
            latency: u32::try_from(JOB.deadline)?,
            wishes: vec![Wish { attribute: 1, weight: 10_000, best: 30, worst: 300 }],
            ..Terms::default()
        };
        self.tell(Event::TermsSet { requester, lane: LANE_NUMBER, terms })?;
        let mandate = Mandate { until: Time::MAX, anyone: true, any_mechanism: true, ..Mandate::default() };
        self.tell(Event::MandateSet { requester, lane: LANE_NUMBER, mandate })?;
        let by = account(5, 0);
        self.tell(Event::Routed { requester, lane: LANE_NUMBER, instance: 1, version: 1, by, tip: 0 })
    }

    /// One more request that is served; sizes are within a factor of about two.
    fn serve(&mut self, number: u64, instances: u32) -> Result<()> {
        let mut chance = Chance::new(&[12, number]);
        let whose = if number.is_multiple_of(2) { 0 } else { 1 + number / 2 % OTHERS };
        let (requester, prover) =
            (account(1, whose as u32), account(2, 1 + (chance.bits() % u64::from(PROVERS)) as u32));
        let (instance, size) = (1 + (chance.bits() % u64::from(instances)) as u32, chance.factor(0.3));
        let mut id = Id::default();
        id[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        id[8..16].copy_from_slice(&number.to_be_bytes());
        let request = Request {
            requester,
            nonce: number,
            instance: LANE | LANE_NUMBER,
            verifier: 1,
            work: (JOB.work as f64 * size) as u64,
            max_price: (JOB.max_price as f64 * size) as Wei,
            bond: JOB.bond,
            deadline: self.now + JOB.deadline,
            window: JOB.window,
            ..Request::default()
        };
        let price = request.max_price / 2;
        self.tell(Event::Opened { id, requester, instance, version: 1, request, input: Vec::new() })?;
        self.now += 4;
        let due = self.now + Time::from(JOB.window);
        self.tell(Event::Awarded { id, prover, price, due, bond_bps: 10_000 })?;
        self.now += (85.0 * size * chance.factor(0.1)).min(200.0) as Time;
        self.tell(Event::Fulfilled { id, prover, price, proof: Vec::new() })
    }

    /// Milliseconds that decisions take about the lane of requester `number`.
    fn decisions(&self, number: u32) -> Result<Value> {
        let pace = Pace::default();
        let mut times = Vec::new();
        for _ in 0..TIMES {
            let start = Instant::now();
            let key = (account(1, number), LANE_NUMBER);
            let survey = survey(&self.market, &self.names, key, self.now).context("there is such a lane")?;
            black_box(survey.propose(&survey.decide(&pace), &pace));
            times.push(since(start));
        }
        Ok(quantiles(times))
    }
}

/// By how many requests there were: of a lane with half of them, of one with a hundredth, and of one that is retuned.
pub(crate) fn measure() -> Result<Value> {
    let mut all = Vec::new();
    for past in PASTS {
        let chain = Chain::new(past)?;
        let start = Instant::now();
        black_box(tune(&chain.market, &chain.names, 1, chain.now, &Pace::default()));
        let tuning = since(start);
        all.push(json!({
            "past": past,
            "lane_with_half": chain.decisions(0)?,
            "lane_with_a_hundredth": chain.decisions(1)?,
            "tuning_ms": round(tuning),
        }));
    }
    Ok(Value::Array(all))
}
