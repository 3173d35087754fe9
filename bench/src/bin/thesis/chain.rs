//! The same population, smaller, on a chain: real contracts and transactions, only the proofs replaced by a verifier of equal cost. What the
//! simulation foretold and what the chain delivered, side by side.
//!
//! Who bids what and when is what the simulation plays; every act of the play is done again as a transaction, in a block of the same second. Left
//! out are rules whose timing is in blocks (sortition, race) or whose provers sit before a request comes (reserved, committee): the same five families
//! are on offer to all policies.

mod market;
mod verifier;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use bourse_chain::call;
use bourse_sim::Account;
use bourse_sim::lane::{LANE, Mandate};
use bourse_sim::qos::chance::Chance;
use bourse_sim::qos::evidence::Ledger;
use bourse_sim::qos::play::Rule;
use bourse_sim::qos::predict::{Outlook, origin, traits};
use bourse_sim::qos::select::Lane;
use bourse_sim::qos::supply::Fleet;
use bourse_sim::qos::utility::{Delivery, contributions};
use bourse_sim::request::Request;
use serde_json::{Value, json};

use crate::policies::{self, EVERY, Picks};
use crate::population::{self, Mix};
use crate::stats::{mean, round};
use crate::world::{Era, Setting, World};
use market::KEEPER;

const SEED: u64 = 1;
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

/// The fleet of the simulation, with keys to sign with.
fn fleet(seed: u64) -> Fleet {
    let mut fleet = population::fleet(seed);
    let mut accounts: Vec<Account> =
        (1..=fleet.suppliers.len() as u32).filter_map(|n| Some(market::key(n).ok()?.address())).collect();
    accounts.sort_unstable();
    for (supplier, account) in fleet.suppliers.iter_mut().zip(accounts) {
        supplier.account = account;
    }
    fleet
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
        let mut ledger = Ledger::default();
        let mut minds: Vec<_> = (0..count).map(|n| Lane { requester: n as u32, ..Lane::default() }).collect();
        for number in 0..count {
            self.found(number, lane).await?;
        }
        for request in 0..REQUESTS {
            for number in 0..count {
                let place = match policy {
                    Policy::Fixed(_) => fixed[number],
                    Policy::InTurn => families[request as usize % families.len()],
                    Policy::Keeper => self.think(number, request, &mut minds[number], &ledger),
                };
                let Some(delivery) = self.ask((number, request), lane, place, policy, &mut course).await? else {
                    continue;
                };
                if let Policy::Keeper = policy {
                    let (kind, family) = (world.requesters[number].kind, world.families[place]);
                    let residual = world.belief[kind][place].residual(&delivery);
                    let current = minds[number].current.unwrap_or_default();
                    if ledger.observe(origin(number as u32, family, current, &delivery), &residual) {
                        let on = |mind: &&mut Lane| {
                            mind.current.is_some_and(|at| world.families[policies::place(at)] == family)
                        };
                        minds.iter_mut().filter(on).for_each(|mind| mind.urgent = true);
                    }
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

    /// Where the keeper would route it.
    fn think(&self, number: usize, request: u32, mind: &mut Lane, ledger: &Ledger) -> usize {
        if mind.current.is_none() || request.is_multiple_of(EVERY) || mind.urgent {
            let to = policies::route(self.world, number, mind, ledger);
            let since = if mind.current == Some(to) { mind.since } else { 0 };
            *mind = Lane { current: Some(to), urgent: false, since, ..*mind };
        }
        mind.since += 1;
        mind.current.map_or(0, policies::place)
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
        let led = self.chain.fold.lanes().get(&(owner, lane)).and_then(|lane| lane.route);
        if led.is_none_or(|(at, _)| at != instance) {
            // A keeper routes by its mandate, everybody else for itself.
            let by = if let Policy::Keeper = policy { KEEPER } else { owner };
            if !self.chain.tried(by, call::route(owner, lane, instance, 0)).await? {
                course.refused += 1;
                course.barred[number] = true;
                return Ok(None);
            }
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
            course.refused += 1;
            course.barred[number] = true;
            return Ok(None);
        }
        let case = self.chain.case(&entry.0).await?;
        let delivered = era.delivered(place, case)?;
        let late = delivered.done && own.terms.limits.time < (delivered.time as u64);
        let dear = delivered.done && job.max_price < case.spent;
        let outlook = &era.truth[own.kind][place];
        let broken = !bourse_sim::qos::select::refused(&own.terms, outlook).is_empty();
        course.violations += usize::from(late || dear || broken);
        course.agree += usize::from(
            played.done == delivered.done
                && (!played.done
                    || (played.price, played.time, played.winner)
                        == (delivered.price, delivered.time, delivered.winner)),
        );
        course.note(number, own, outlook, &delivered, era.worth[number][place].utility);
        Ok(Some(delivered))
    }
}

impl Course {
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

    /// What requesters got on average, and what the simulation foretells of the same instances; 0 for whom the market refused.
    fn values(&self, world: &World) -> [f64; 2] {
        let of = |number: usize| {
            let deliveries = &self.deliveries[number];
            if self.barred[number] || deliveries.is_empty() {
                return [0.0, 0.0];
            }
            let traits = traits(deliveries, self.capabilities[number]);
            let parts = contributions(&world.requesters[number].terms, &traits, deliveries, None);
            [mean(&self.foretold[number]), parts.iter().sum()]
        };
        let all: Vec<_> = (0..self.deliveries.len()).map(of).collect();
        [0, 1].map(|which| mean(&all.iter().map(|pair| pair[which]).collect::<Vec<_>>()))
    }
}

/// Runs it; the JSON, and the table.
pub(crate) async fn measure() -> Result<(Value, String)> {
    let setting = Setting { requesters: REQUESTERS, families: &FAMILIES, fleet };
    run(&setting, POLICIES.len()).await
}

async fn run(setting: &Setting, policies: usize) -> Result<(Value, String)> {
    let world = World::of(setting, SEED, Mix::Diverse, 1)?;
    let keys: BTreeMap<_, _> = (1..=fleet(SEED).suppliers.len() as u32)
        .filter_map(|n| market::key(n).ok())
        .map(|key| (key.address(), key))
        .collect();
    let provers: Vec<_> = keys.into_iter().collect();
    let mut chain = market::World::start(&provers).await?;
    for number in 0..world.requesters.len() {
        chain.endow(requester(number)).await?;
    }
    let mut bench = Bench { world: &world, setting, chain, instances: BTreeMap::new() };
    let mut courses = Vec::new();
    for (lane, (name, policy)) in POLICIES.iter().take(policies).enumerate() {
        let course = bench.run(policy, lane as u32).await.with_context(|| (*name).to_owned())?;
        eprintln!("{name}: {} requests on the chain, {} agree with the play", course.requests, course.agree);
        courses.push((*name, course));
    }
    Ok(report(&world, &courses))
}

fn report(world: &World, courses: &[(&'static str, Course)]) -> (Value, String) {
    let value = |name: &str| courses.iter().find(|(other, _)| *other == name).map(|(_, course)| course.values(world));
    let (oracle, single) = (value("oracle"), value("best single, tuned (SBS)"));
    let mut table = "| policy | value foretold | on the chain | gap closed | price, of the most | time, of the latest | completed | refused by the market | \
         violations | as played |\n|---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    let mut json = serde_json::Map::new();
    for (name, course) in courses {
        let [foretold, delivered] = course.values(world);
        let closed = oracle.zip(single).map(|(oracle, single)| (delivered - single[1]) / (oracle[1] - single[1]));
        let [expected, have] = &course.means;
        let pair = |i: usize| format!("{:.3} / {:.3}", mean(&expected[i]), mean(&have[i]));
        let made = course.requests - course.refused;
        table += &format!(
            "| {name} | {foretold:.3} | {delivered:.3} | {} | {} | {} | {} | {} of {} | {} of {made} | {} of {made} |\n",
            closed.map_or("–".to_owned(), |closed| format!("{closed:.3}")),
            pair(0),
            pair(1),
            pair(2),
            course.refused,
            course.requests,
            course.violations,
            course.agree,
        );
        let both = |i: usize| json!({ "foretold": round(mean(&expected[i])), "chain": round(mean(&have[i])) });
        json.insert(
            (*name).to_owned(),
            json!({
                "hard_violations_on_chain": course.violations,
                "requests": course.requests,
                "refused_by_the_market": course.refused,
                "as_played": course.agree,
                "value": { "foretold": round(foretold), "chain": round(delivered) },
                "gap_closed": closed.map(round),
                "price_of_the_most": both(0),
                "time_of_the_latest": both(1),
                "completed": both(2),
            }),
        );
    }
    let head = json!({
        "command": "cargo run --release -p bourse-bench --bin thesis -- chain",
        "seed": SEED,
        "requesters": world.requesters.len(),
        "requests_per_requester": REQUESTS,
        "families": FAMILIES,
        "gas_of_the_verifier": verifier::GAS,
        "policies": json,
    });
    (head, table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_chain_delivers_to_the_wei_and_the_second_what_was_played() -> Result<()> {
        let setting = Setting { requesters: 3, families: &FAMILIES, fleet };
        let (told, _) = run(&setting, 3).await?;
        for (name, policy) in told["policies"].as_object().context("policies")? {
            let number = |field: &str| policy[field].as_u64().unwrap_or(u64::MAX);
            assert_eq!(number("as_played"), number("requests") - number("refused_by_the_market"), "{name}: {policy}");
            assert_eq!(number("hard_violations_on_chain"), 0, "{name}: {policy}");
            assert!(number("requests") > number("refused_by_the_market"), "{name}: {policy}");
        }
        Ok(())
    }
}
