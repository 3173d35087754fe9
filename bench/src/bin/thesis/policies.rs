//! Ways to choose a mechanism.

use anyhow::Result;
use bourse_sim::qos::chance::Chance;
use bourse_sim::qos::evidence::Ledger;
use bourse_sim::qos::predict::{origin, traits};
use bourse_sim::qos::select::{Candidate, Lane, Pace, decide, refused};
use bourse_sim::qos::utility::{Delivery, contributions};

use crate::world::{Era, REQUESTS, World, Worth, best};

/// Requests between two decisions of a keeper about a lane.
pub(crate) const EVERY: u32 = 5;
/// More than there are instances for a kind of request.
const PLACES: usize = 64;

/// What a requester gets under a policy.
pub(crate) type Outcome = Vec<Worth>;

/// The instances that a newcomer would find: each family as its page recommends it.
pub(crate) fn defaults(world: &World) -> Vec<usize> {
    (0..world.families.len()).filter(|instance| world.families[*instance] == *instance as u32).collect()
}

/// An instance for each requester, by its place.
pub(crate) type Picks = Vec<usize>;

/// What that gives them.
pub(crate) fn outcome(era: &Era, picks: &Picks) -> Outcome {
    picks.iter().enumerate().map(|(requester, pick)| era.worth[requester][*pick]).collect()
}

fn picked(era: &Era, pick: impl Fn(usize) -> usize) -> Picks {
    (0..era.worth.len()).map(pick).collect()
}

pub(crate) fn oracle(_: &World, era: &Era) -> Picks {
    picked(era, |requester| era.oracle(requester))
}

/// The single instance that is best for all, tuned.
pub(crate) fn single(world: &World, era: &Era) -> Picks {
    let total = |instance: usize| era.known.iter().map(|row| row[instance].value()).sum::<f64>();
    let all = 0..world.families.len();
    let best = all.max_by(|a, b| total(*a).total_cmp(&total(*b)).then(b.cmp(a))).unwrap_or_default();
    picked(era, |_| best)
}

/// The single family that is best for all, tuned for each.
pub(crate) fn single_family(world: &World, era: &Era) -> Picks {
    let tuned = |family: usize, requester: usize| {
        best(&era.known[requester], |instance| world.families[instance] as usize == family)
    };
    let total = |family: usize| {
        (0..era.known.len()).map(|requester| era.known[requester][tuned(family, requester)].value()).sum::<f64>()
    };
    let best =
        defaults(world).into_iter().max_by(|a, b| total(*a).total_cmp(&total(*b)).then(b.cmp(a))).unwrap_or_default();
    picked(era, |requester| tuned(best, requester))
}

/// Users who judge families as they come by how good they are for them, but for an error with a standard deviation of .2.
pub(crate) fn users(world: &World, era: &Era) -> Picks {
    let families = defaults(world);
    picked(era, |requester| {
        let mut chance = Chance::new(&[5, world.seed, requester as u64]);
        let seen = families
            .iter()
            .map(|instance| (era.known[requester][*instance].value() + 0.2 * chance.normal(), *instance));
        seen.max_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |(_, instance)| instance)
    })
}

/// Any family as it comes.
pub(crate) fn random(world: &World, era: &Era) -> Picks {
    let families = defaults(world);
    picked(era, |requester| families[Chance::new(&[6, world.seed, requester as u64]).index(families.len())])
}

/// One request goes to one family, the next to the next; where one delivers nothing, the next is tried while there is time.
pub(crate) fn round_robin(world: &World, era: &Era) -> Outcome {
    let families = defaults(world);
    let served = |requester: usize| {
        let own = &world.requesters[requester];
        let row = &era.truth[own.kind];
        let deadline = own.terms.limits.time as f64;
        let mut deliveries = Vec::new();
        for number in 0..300 {
            let mut total = Delivery::default();
            for try_ in 0..families.len() {
                let next = row[families[(number + try_) % families.len()]].deliveries[number];
                total = Delivery { time: total.time + next.time, ..next };
                if next.done || deadline <= total.time {
                    break;
                }
            }
            total.done &= total.time <= deadline;
            deliveries.push(total);
        }
        let words =
            families.iter().map(|instance| row[*instance].envelope.capabilities).fold(u32::MAX, |all, one| all & one);
        let traits = traits(&deliveries, words);
        let done = deliveries.iter().filter(|delivery| delivery.done).count() as f64 / deliveries.len() as f64;
        let allowed = families.iter().all(|instance| era.worth[requester][*instance].allowed);
        let limits = &own.terms.limits;
        let satisfied = allowed && limits.completion - 0.015 <= done && traits.top <= limits.share + 0.05;
        let utility = contributions(&own.terms, &traits, &deliveries, None).iter().sum();
        Worth { satisfied, allowed, utility }
    };
    (0..era.worth.len()).map(served).collect()
}

/// Each kind of request has its own instances, with parameters in proportion.
fn number(kind: usize, instance: usize) -> u32 {
    (kind * PLACES + instance) as u32
}

pub(crate) fn place(number: u32) -> usize {
    number as usize % PLACES
}

fn candidates(world: &World, kind: usize) -> Vec<Candidate<'_>> {
    let numbered = world.belief[kind].iter().enumerate();
    numbered
        .map(|(instance, outlook)| Candidate {
            instance: number(kind, instance),
            family: world.families[instance],
            outlook,
        })
        .collect()
}

/// Where the keeper routes a lane; what it says cannot be had goes where the limits hold by the mechanism's word and most is completed.
pub(crate) fn route(world: &World, requester: usize, lane: &Lane, ledger: &Ledger) -> u32 {
    let own = &world.requesters[requester];
    let candidates = candidates(world, own.kind);
    match decide(&own.terms, lane, &candidates, ledger, &Pace::default()) {
        Ok(record) => record.to,
        Err(_) => lane.current.unwrap_or_else(|| {
            let allowed = candidates.iter().filter(|candidate| refused(&own.terms, candidate.outlook).is_empty());
            let surest = allowed.max_by(|a, b| a.outlook.done.total_cmp(&b.outlook.done));
            surest.map_or(0, |candidate| candidate.instance)
        }),
    }
}

/// The keeper's first choice, with a wrong model and nothing learned.
pub(crate) fn keeper_static(world: &World, era: &Era) -> Picks {
    picked(era, |requester| {
        let lane = Lane { requester: requester as u32, ..Lane::default() };
        place(route(world, requester, &lane, &Ledger::default()))
    })
}

/// What a keeper did.
pub(crate) struct Learning {
    /// By request and requester: what the route of that time was worth.
    pub(crate) course: Vec<Outcome>,
    /// Changes of route, per requester.
    pub(crate) switches: f64,
    /// Deliveries that broke the most that may be paid, or came after the latest time.
    pub(crate) broken: usize,
    /// How often a family was found to have changed.
    pub(crate) alarms: usize,
}

/// The keeper from a cold start. With two eras, the second begins halfway.
pub(crate) fn keeper(world: &World, drifts: bool) -> Result<Learning> {
    let mut ledger = Ledger::default();
    let count = world.requesters.len();
    let mut lanes: Vec<_> = (0..count).map(|number| Lane { requester: number as u32, ..Lane::default() }).collect();
    let mut learning = Learning { course: Vec::new(), switches: 0.0, broken: 0, alarms: 0 };
    for request in 0..REQUESTS {
        let era = &world.eras[usize::from(drifts && request >= REQUESTS / 2)];
        let mut outcome = Vec::new();
        for number in 0..count {
            let lane = lanes[number];
            if lane.current.is_none() || request % EVERY == 0 || lane.urgent {
                let to = route(world, number, &lane, &ledger);
                let moved = lane.current.is_some_and(|from| from != to);
                learning.switches += f64::from(u8::from(moved)) / count as f64;
                let since = if moved { 0 } else { lane.since };
                lanes[number] = Lane { current: Some(to), urgent: false, since, ..lane };
            }
            let current = lanes[number].current.unwrap_or_default();
            let instance = place(current);
            lanes[number].since += 1;
            outcome.push(era.worth[number][instance]);

            let own = &world.requesters[number];
            let path = [7, world.seed, request.into(), number as u64];
            let delivery = era.deliver(own.kind, instance, Chance::new(&path).bits())?;
            let limits = &own.terms.limits;
            let broke =
                delivery.done && (limits.price * (1.0 + 1e-9) < delivery.price || (limits.time as f64) < delivery.time);
            learning.broken += usize::from(broke);
            let family = world.families[instance];
            let residual = world.belief[own.kind][instance].residual(&delivery);
            if ledger.observe(origin(number as u32, family, current, &delivery), &residual) {
                learning.alarms += 1;
                let on = |lane: &Lane| lane.current.is_some_and(|at| world.families[place(at)] == family);
                lanes.iter_mut().filter(|lane| on(lane)).for_each(|lane| lane.urgent = true);
            }
        }
        learning.course.push(outcome);
    }
    Ok(learning)
}
