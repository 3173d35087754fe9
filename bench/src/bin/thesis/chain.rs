//! The same population, smaller, on a chain: real contracts and transactions, only the proofs replaced by a verifier of equal cost. What the
//! simulation foretold and what the chain delivered, side by side.
//!
//! Who bids what and when is what the simulation plays; every act of the play is done again as a transaction, in a block of the same second. Left
//! out are rules whose timing is in blocks (sortition, race) or whose provers sit before a request comes (reserved, committee): the same five families
//! are on offer to all policies.

mod market;
mod score;
mod verifier;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use bourse_chain::{Key, call};
use bourse_sim::Account;
use bourse_sim::lane::{LANE, Mandate};
use bourse_sim::qos::chance::Chance;
use bourse_sim::qos::play::Rule;
use bourse_sim::qos::predict::{Outlook, traits};
use bourse_sim::qos::select::refused;
use bourse_sim::qos::utility::{Delivery, contributions};
use bourse_sim::request::Request;
use serde_json::{Value, json};

use crate::keeper::Keeper;
use crate::policies::{self, Picks};
use crate::population::{self, Mix, PROVERS};
use crate::stats::mean;
use crate::world::{Era, Setting, World};
use market::KEEPER;
use score::Score;

const SEEDS: u64 = 3;
const FAMILIES: [&str; 5] = ["posted", "dutch", "sealed", "scoring", "rfq"];
/// How many requesters, and how many requests each makes under each policy.
const REQUESTERS: u64 = 16;
const REQUESTS: u32 = 10;

/// How a policy says where a lane leads, for each request.
enum Policy {
    /// Once and for all.
    Fixed(fn(&World, &Era) -> Picks),
    /// One family after the other.
    InTurn,
    /// By a keeper that learns from what the chain delivers.
    Keeper,
}

const POLICIES: [(&str, Policy); 6] = [
    ("oracle", Policy::Fixed(policies::oracle)),
    ("keeper", Policy::Keeper),
    ("best single, tuned (SBS)", Policy::Fixed(policies::single)),
    ("user's pick, noise .2", Policy::Fixed(policies::users)),
    ("round robin", Policy::InTurn),
    ("random family", Policy::Fixed(policies::random)),
];

/// Places among them.
const ORACLE: usize = 0;
const SINGLE: usize = 2;

/// Keys for the provers of the simulation, by their accounts.
fn keys() -> Result<BTreeMap<Account, Key>> {
    (1..=PROVERS).map(|number| market::key(number).map(|key| (key.address(), key))).collect()
}

/// A smaller world, whose provers have these keys.
fn setting(keys: &BTreeMap<Account, Key>, requesters: u64) -> Setting {
    Setting { requesters, families: &FAMILIES, provers: keys.keys().copied().collect() }
}

fn requester(number: usize) -> Account {
    let mut account = [0xa0; 20];
    account[19] = number as u8;
    account
}

/// What a policy came to.
#[derive(Default)]
struct Course {
    /// By requester.
    deliveries: Vec<Vec<Delivery>>,
    /// Rules that the deliveries came by, as their capabilities in common.
    capabilities: Vec<u32>,
    foretold: Vec<Vec<f64>>,
    requests: usize,
    /// Routes that the market refused.
    refused: usize,
    /// Requesters that were refused at least once.
    barred: Vec<bool>,
    /// Deliveries that broke a limit of their lane.
    violations: usize,
    /// Requests of which the chain delivered, to the wei and the second, what the play did.
    agree: usize,
    /// Foretold and delivered: price as a share of the most, seconds as a share of the latest, completion.
    means: [[Vec<f64>; 3]; 2],
}

struct Bench<'a> {
    world: &'a World,
    setting: &'a Setting,
    chain: market::World,
    /// Those that are registered, by kind and place.
    instances: BTreeMap<(usize, usize), u32>,
}

impl Bench<'_> {
    fn era(&self) -> &Era {
        &self.world.eras[0]
    }

    fn rule(&self, kind: usize, place: usize) -> Rule {
        self.setting.rules(kind).0[place]
    }

    async fn instance(&mut self, kind: usize, place: usize) -> Result<u32> {
        if let Some(known) = self.instances.get(&(kind, place)) {
            return Ok(*known);
        }
        let rule = self.rule(kind, place);
        let number = self.chain.register(&rule).await?;
        self.instances.insert((kind, place), number);
        Ok(number)
    }

    /// All requests of all requesters under a policy, each on its lane of this number.
    async fn run(&mut self, policy: &Policy, lane: u32) -> Result<Course> {
        let (world, count) = (self.world, self.world.requesters.len());
        let fixed = if let Policy::Fixed(picks) = policy { picks(world, self.era()) } else { Picks::new() };
        let families = policies::defaults(world);
        let mut course = Course::default();
        course.deliveries.resize(count, Vec::new());
        course.foretold.resize(count, Vec::new());
        course.capabilities.resize(count, u32::MAX);
        course.barred.resize(count, false);
        let mut keeper = Keeper::new(world);
        for number in 0..count {
            self.found(number, lane).await?;
        }
        for request in 0..REQUESTS {
            for number in 0..count {
                let place = match policy {
                    Policy::Fixed(_) => *fixed.get(number).context("a pick for each requester")?,
                    Policy::InTurn => families[request as usize % families.len()],
                    Policy::Keeper => keeper.place(number, request),
                };
                let Some(delivery) = self.ask((number, request), lane, place, policy, &mut course).await? else {
                    continue;
                };
                if let Policy::Keeper = policy {
                    keeper.observe(number, &delivery);
                }
            }
        }
        Ok(course)
    }

    /// A lane with the requester's terms, which anybody may route.
    async fn found(&mut self, number: usize, lane: u32) -> Result<()> {
        let own = &self.world.requesters[number];
        let (_, job) = population::kind(own.kind);
        let terms = bourse_sim::lane::Terms { verifier: 1, ..own.terms.stated(&job) };
        self.chain.done(requester(number), call::set_terms(lane, &terms)).await?;
        let mandate = Mandate { until: u64::from(u32::MAX), anyone: true, any_mechanism: true, ..Mandate::default() };
        self.chain.done(requester(number), call::set_mandate(lane, &mandate)).await
    }

    /// Has `by` lead a lane to an instance, if it does not lead there; false if the market refuses.
    async fn led(&mut self, by: Account, lane: (Account, u32), instance: u32) -> Result<bool> {
        let route = self.chain.fold.lanes().get(&lane).and_then(|lane| lane.route);
        if route.is_some_and(|(at, _)| at == instance) {
            return Ok(true);
        }
        let (owner, number) = lane;
        self.chain.tried(by, call::route(owner, number, instance, 0)).await
    }

    /// One request; none if the market refuses to route it there.
    async fn ask(
        &mut self,
        (number, request): (usize, u32),
        lane: u32,
        place: usize,
        policy: &Policy,
        course: &mut Course,
    ) -> Result<Option<Delivery>> {
        let (world, owner) = (self.world, requester(number));
        let own = &world.requesters[number];
        let (_, job) = population::kind(own.kind);
        let instance = self.instance(own.kind, place).await?;
        course.requests += 1;
        // A keeper routes by its mandate, everybody else for itself.
        let by = if let Policy::Keeper = policy { KEEPER } else { owner };
        if !self.led(by, (owner, lane), instance).await? {
            course.refuse(number);
            return Ok(None);
        }
        let blank = Request {
            instance: LANE | lane,
            work: job.work,
            max_price: job.max_price,
            bond: job.bond,
            deadline: bourse_sim::qos::stage::START + job.deadline,
            window: job.window,
            ..Request::default()
        };
        let entry = self.chain.request(owner, blank);
        let path = [8, world.seed, request.into(), number as u64];
        let era = &world.eras[0];
        let stage = era.act(own.kind, place, Chance::new(&path).bits(), entry.0)?;
        let played = era.delivered(place, &stage.case)?;
        let quoted = self.rule(own.kind, place).name() == "rfq";
        let mut acts = stage.acts.context("what was done")?;
        // Past the deadline, whoever says that an award was missed ends its request too.
        acts.dedup();
        let entered = self.chain.replay(&entry, quoted, &acts).await.with_context(|| {
            format!("requester {number}, request {request}, {:?}, job {job:?}: {acts:?}", self.rule(own.kind, place))
        })?;
        if !entered {
            course.refuse(number);
            return Ok(None);
        }
        let case = self.chain.case(&entry.0).await?;
        let delivered = era.delivered(place, case)?;
        let late = delivered.done && own.terms.limits.time < (delivered.time as u64);
        let dear = delivered.done && job.max_price < case.spent;
        let outlook = &era.truth[own.kind][place];
        let broken = !refused(&own.terms, outlook).is_empty();
        course.violations += usize::from(late || dear || broken);
        course.agree += usize::from(same(&played, &delivered));
        course.note(number, own, outlook, &delivered, era.worth[number][place].utility);
        Ok(Some(delivered))
    }
}

/// The chain delivered to the wei and the second what was played.
fn same(played: &Delivery, delivered: &Delivery) -> bool {
    let what = |delivery: &Delivery| (delivery.price, delivery.time, delivery.winner);
    played.done == delivered.done && (!played.done || what(played) == what(delivered))
}

impl Course {
    fn refuse(&mut self, number: usize) {
        self.refused += 1;
        self.barred[number] = true;
    }

    fn note(
        &mut self,
        number: usize,
        own: &population::Requester,
        outlook: &Outlook,
        delivered: &Delivery,
        utility: f64,
    ) {
        self.deliveries[number].push(*delivered);
        self.capabilities[number] &= outlook.envelope.capabilities;
        self.foretold[number].push(utility);
        let limits = &own.terms.limits;
        let expected = [outlook.traits.price, outlook.traits.time, outlook.done];
        let have = [delivered.price, delivered.time, f64::from(u8::from(delivered.done))];
        for (i, values) in [expected, have].into_iter().enumerate() {
            if delivered.done {
                self.means[i][0].push(values[0] / limits.price);
                self.means[i][1].push(values[1] / limits.time as f64);
            }
            self.means[i][2].push(values[2]);
        }
    }

    /// What each requester got, and what the simulation foretells of the same instances; none for whom the market refused. What only hundreds of requests
    /// could tell (completion, shares) is in no limit here.
    fn values(&self, world: &World) -> Vec<Option<[f64; 2]>> {
        let of = |number: usize| {
            let deliveries = &self.deliveries[number];
            let traits = traits(deliveries, self.capabilities[number]);
            let parts = contributions(&world.requesters[number].terms, &traits, deliveries, None);
            (!self.barred[number]).then(|| [mean(&self.foretold[number]), parts.iter().sum()])
        };
        (0..self.deliveries.len()).map(of).collect()
    }
}

/// Runs it; the JSON, and the table.
pub(crate) async fn measure() -> Result<(Value, String)> {
    let keys = keys()?;
    let scores = run(&setting(&keys, REQUESTERS), &keys, SEEDS).await?;
    let head = "| policy | value foretold | on the chain | gap closed, foretold | on the chain | satisfied | soft gap | price, of the most | time, of the latest \
        | completed | refused by the market | violations | as played |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
    let table = scores.iter().fold(head.to_owned(), |table, score| table + &score.row());
    let policies: Value = scores.iter().map(|score| (score.name.to_owned(), score.json())).collect();
    let json = json!({
        "command": "cargo run --release -p bourse-bench --bin thesis -- chain",
        "seeds": (1..=SEEDS).collect::<Vec<_>>(),
        "requesters_per_world": REQUESTERS,
        "requests_per_requester": REQUESTS,
        "families": FAMILIES,
        "gas_of_the_verifier": verifier::GAS,
        "policies": policies,
    });
    Ok((json, table))
}

/// Every policy in worlds of these seeds, each on a chain of its own.
async fn run(setting: &Setting, keys: &BTreeMap<Account, Key>, seeds: u64) -> Result<Vec<Score>> {
    let mut scores: Vec<_> = POLICIES.iter().map(|(name, _)| Score::of(name)).collect();
    for seed in 1..=seeds {
        let world = World::of(setting, seed, Mix::Diverse, 1)?;
        let mut chain = market::World::start(keys).await?;
        for number in 0..world.requesters.len() {
            chain.endow(requester(number)).await?;
        }
        let mut bench = Bench { world: &world, setting, chain, instances: BTreeMap::new() };
        let mut courses = Vec::new();
        for (lane, (name, policy)) in POLICIES.iter().enumerate() {
            let course = bench.run(policy, lane as u32).await.with_context(|| (*name).to_owned())?;
            eprintln!("world {seed}, {name}: {} requests on the chain", course.requests);
            courses.push(course);
        }
        for (score, course) in scores.iter_mut().zip(&courses) {
            score.add(&world, course, &courses[ORACLE], &courses[SINGLE]);
        }
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_chain_delivers_to_the_wei_and_the_second_what_was_played() -> Result<()> {
        let keys = keys()?;
        for score in run(&setting(&keys, 3), &keys, 1).await? {
            let [requests, refused, violations, agree] = score.counts;
            assert!(requests > refused, "{}: all {requests} were refused", score.name);
            assert_eq!(agree, requests - refused, "{}", score.name);
            assert_eq!(violations, 0, "{}", score.name);
        }
        Ok(())
    }
}
