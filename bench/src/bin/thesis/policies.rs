//! Ways to choose a mechanism.

use bourse_sim::qos::chance::Chance;
use bourse_sim::qos::predict::traits;
use bourse_sim::qos::utility::{Delivery, contributions};

use crate::keeper::Keeper;
use crate::world::{Era, World, Worth, best};

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

fn picked(era: &Era, pick: impl FnMut(usize) -> usize) -> Picks {
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

/// The keeper's first choice, with a wrong model and nothing learned.
pub(crate) fn keeper_static(world: &World, era: &Era) -> Picks {
    let mut keeper = Keeper::new(world);
    picked(era, |requester| keeper.place(requester, 0))
}
