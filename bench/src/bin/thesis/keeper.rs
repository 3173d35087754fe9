//! The keeper: starts with a wrong model, and learns from what is delivered.

use anyhow::Result;
use bourse_sim::qos::chance::Chance;
use bourse_sim::qos::evidence::Ledger;
use bourse_sim::qos::predict::origin;
use bourse_sim::qos::select::{Candidate, Lane, Pace, decide, refused};
use bourse_sim::qos::utility::Delivery;

use crate::policies::Outcome;
use crate::world::{REQUESTS, World};

/// Requests between two decisions about a lane.
const EVERY: u32 = 5;
/// More than there are instances for a kind of request.
const PLACES: usize = 64;

/// What it thinks of every requester's lane, and what it has learned from that requester's own requests: on a chain, others can be made up.
pub(crate) struct Keeper<'a> {
    world: &'a World,
    lanes: Vec<Lane>,
    ledgers: Vec<Ledger>,
    /// Changes of route.
    moves: usize,
}

impl<'a> Keeper<'a> {
    /// One that has seen nothing.
    pub(crate) fn new(world: &'a World) -> Self {
        let lane = |number| Lane { requester: number as u32, ..Lane::default() };
        let lanes: Vec<_> = (0..world.requesters.len()).map(lane).collect();
        let ledgers = lanes.iter().map(|_| Ledger::default()).collect();
        Self { world, lanes, ledgers, moves: 0 }
    }

    /// The instance, by its place, that a requester's next request goes to; it is number `request` of its requests.
    pub(crate) fn place(&mut self, number: usize, request: u32) -> usize {
        let lane = self.lanes[number];
        if lane.current.is_none() || request.is_multiple_of(EVERY) || lane.urgent {
            let to = self.route(number);
            let moved = lane.current.is_some_and(|from| from != to);
            self.moves += usize::from(moved);
            let since = if moved { 0 } else { lane.since };
            self.lanes[number] = Lane { current: Some(to), urgent: false, since, ..lane };
        }
        let lane = &mut self.lanes[number];
        lane.since += 1;
        lane.current.map_or(0, place)
    }

    /// Takes in what a requester was delivered.
    pub(crate) fn observe(&mut self, number: usize, delivery: &Delivery) {
        let current = self.lanes[number].current.unwrap_or_default();
        let (kind, instance) = (self.world.requesters[number].kind, place(current));
        let family = self.world.families[instance];
        let residual = self.world.belief[kind][instance].residual(delivery);
        self.lanes[number].urgent |=
            self.ledgers[number].observe(origin(number as u32, family, current, delivery), &residual);
    }

    /// Where it would lead a lane; what it says cannot be had goes where the limits hold by the mechanism's word and most is completed.
    fn route(&self, number: usize) -> u32 {
        let (own, lane) = (&self.world.requesters[number], &self.lanes[number]);
        let candidates = self.candidates(own.kind);
        match decide(&own.terms, lane, &candidates, &self.ledgers[number], &Pace::default()) {
            Ok(record) => record.to,
            Err(_) => lane.current.unwrap_or_else(|| {
                let allowed = candidates.iter().filter(|candidate| refused(&own.terms, candidate.outlook).is_empty());
                let surest = allowed.max_by(|a, b| a.outlook.done.total_cmp(&b.outlook.done));
                surest.map_or(0, |candidate| candidate.instance)
            }),
        }
    }

    fn candidates(&self, kind: usize) -> Vec<Candidate<'_>> {
        let numbered = self.world.belief[kind].iter().enumerate();
        numbered
            .map(|(instance, outlook)| Candidate {
                instance: (kind * PLACES + instance) as u32,
                family: self.world.families[instance],
                outlook,
            })
            .collect()
    }
}

/// Each kind of request has its own instances, with parameters in proportion.
fn place(number: u32) -> usize {
    number as usize % PLACES
}

/// What a keeper did.
pub(crate) struct Learning {
    /// By request and requester: what the route of that time was worth.
    pub(crate) course: Vec<Outcome>,
    /// Changes of route, per requester.
    pub(crate) switches: f64,
    /// Deliveries that broke the most that may be paid, or came after the latest time.
    pub(crate) broken: usize,
}

/// The keeper from a cold start. With two eras, the second begins halfway.
pub(crate) fn learn(world: &World, drifts: bool) -> Result<Learning> {
    let mut keeper = Keeper::new(world);
    let count = world.requesters.len();
    let mut learning = Learning { course: Vec::new(), switches: 0.0, broken: 0 };
    for request in 0..REQUESTS {
        let era = &world.eras[usize::from(drifts && request >= REQUESTS / 2)];
        let mut outcome = Vec::new();
        for number in 0..count {
            let instance = keeper.place(number, request);
            outcome.push(era.worth[number][instance]);

            let own = &world.requesters[number];
            let path = [7, world.seed, request.into(), number as u64];
            let delivery = era.deliver(own.kind, instance, Chance::new(&path).bits())?;
            let limits = &own.terms.limits;
            let broke =
                delivery.done && (limits.price * (1.0 + 1e-9) < delivery.price || (limits.time as f64) < delivery.time);
            learning.broken += usize::from(broke);
            keeper.observe(number, &delivery);
        }
        learning.course.push(outcome);
    }
    learning.switches = keeper.moves as f64 / count as f64;
    Ok(learning)
}
