//! Who asks and who proves: eight archetypes of requesters (THEORY.md 2.3) and everything between them, three classes of provers.

use bourse_sim::Time;
use bourse_sim::ask::{CAP_FIXED_PRICE, CAP_OPEN_ENTRY, CAP_SINGLE_RECIPIENT};
use bourse_sim::qos::chance::Chance;
use bourse_sim::qos::supply::{Conduct, Fleet, Job, Supplier};
use bourse_sim::qos::terms::{Attribute, Limits, Terms, Usual};

/// What a million units of work cost the middle prover, and what it does in a second.
const PRICE: f64 = 1e9;
const SPEED: f64 = 1e6;
/// Seconds of the middle prover's work.
const SIZES: [f64; 3] = [30.0, 200.0, 1_500.0];
/// The most that is paid, in costs of the middle prover.
const BUDGETS: [f64; 2] = [1.6, 2.6];
/// The deadline, in times of the middle prover.
const SLACKS: [f64; 3] = [2.5, 5.0, 12.0];
/// Kinds of requests: all combinations.
pub(crate) const KINDS: usize = SIZES.len() * BUDGETS.len() * SLACKS.len();

/// Provers of each class: industrial, middling, at home.
const CLASSES: [u32; 3] = [4, 8, 12];
/// Provers of a world.
pub(crate) const PROVERS: u32 = CLASSES[0] + CLASSES[1] + CLASSES[2];

/// A kind of request: what work like this usually costs and takes, and the request itself.
pub(crate) fn kind(number: usize) -> (Usual, Job) {
    let time = SIZES[number % 3];
    let (budget, slack) = (BUDGETS[number / 3 % 2], number / 6);
    let work = time * SPEED;
    let max_price = budget * PRICE * time;
    let deadline = SLACKS[slack] * time;
    let job = Job {
        work: work as u64,
        max_price: max_price as u128,
        bond: (0.2 * max_price) as u128,
        window: (0.6 * deadline) as u32,
        deadline: deadline as Time,
        // Who is in a hurry has a steady stream of work.
        usage: if slack == 2 { 0.3 } else { 0.65 },
    };
    (Usual { price: PRICE, time }, job)
}

struct Archetype {
    name: &'static str,
    /// In the order of the attributes.
    weights: [f64; 8],
    capabilities: u32,
    completion: f64,
    share: f64,
    bond: f64,
    standbys: u8,
    slacks: &'static [usize],
}

const fn archetype(name: &'static str, weights: [f64; 8], slacks: &'static [usize]) -> Archetype {
    Archetype { name, weights, capabilities: 0, completion: 0.0, share: 1.0, bond: 0.0, standbys: 0, slacks }
}

const ARCHETYPES: [Archetype; 8] = [
    Archetype { completion: 0.9, ..archetype("rollup", [0.35, 0.15, 0.15, 0.1, 0.05, 0.2, 0.0, 0.0], &[1, 2]) },
    Archetype {
        capabilities: CAP_OPEN_ENTRY,
        share: 0.25,
        ..archetype("neutral L2", [0.15, 0.1, 0.1, 0.0, 0.0, 0.2, 0.45, 0.0], &[1, 2])
    },
    Archetype {
        completion: 0.95,
        bond: 0.5,
        standbys: 1,
        ..archetype("bridge", [0.1, 0.35, 0.25, 0.0, 0.1, 0.2, 0.0, 0.0], &[0, 1])
    },
    archetype("coprocessor", [0.5, 0.25, 0.1, 0.15, 0.0, 0.0, 0.0, 0.0], &[1, 2]),
    Archetype {
        capabilities: CAP_SINGLE_RECIPIENT,
        ..archetype("private", [0.25, 0.2, 0.0, 0.0, 0.0, 0.25, 0.0, 0.3], &[1, 2])
    },
    archetype("consumer", [0.55, 0.3, 0.0, 0.0, 0.0, 0.15, 0.0, 0.0], &[0, 1, 2]),
    Archetype {
        capabilities: CAP_FIXED_PRICE,
        ..archetype("scheduled", [0.2, 0.0, 0.15, 0.4, 0.0, 0.25, 0.0, 0.0], &[2])
    },
    archetype("intents", [0.1, 0.5, 0.2, 0.0, 0.05, 0.15, 0.0, 0.0], &[0]),
];

/// Their names.
pub(crate) fn archetypes() -> Vec<&'static str> {
    ARCHETYPES.iter().map(|archetype| archetype.name).collect()
}

/// A requester.
#[derive(Clone, Copy)]
pub(crate) struct Requester {
    /// The archetype that it has its limits of.
    pub(crate) archetype: usize,
    /// The kind of its requests.
    pub(crate) kind: usize,
    /// What it wants.
    pub(crate) terms: Terms,
}

/// How requesters differ.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mix {
    /// As they do.
    Diverse,
    /// As they do, but with no limits besides price and time.
    Lenient,
    /// Not at all.
    Same,
}

/// Requester number `number` of a world.
pub(crate) fn requester(world: u64, number: u64, mix: Mix) -> Requester {
    let number = if mix == Mix::Same { 0 } else { number };
    let archetype = (number % 8) as usize;
    let mut chance = Chance::new(&[1, world, number]);
    let own = &ARCHETYPES[archetype];
    // Every second one is on the way from its archetype to another.
    let (other, way) = if number.is_multiple_of(16) || chance.happens(0.5) {
        (own, 0.0)
    } else {
        (&ARCHETYPES[chance.index(8)], chance.between(0.0, 0.5))
    };
    let mut weights = [0.0; 8];
    for (i, weight) in weights.iter_mut().enumerate() {
        let mean = (1.0 - way) * own.weights[i] + way * other.weights[i];
        // The spread of a Dirichlet distribution with 30 pseudo-counts.
        *weight = mean * chance.factor((1.0 / (30.0 * mean).max(1.0)).sqrt());
    }
    let slack = own.slacks[chance.index(own.slacks.len())];
    let kind = chance.index(3) + 3 * chance.index(2) + 6 * slack;
    let (usual, job) = self::kind(kind);
    let mut terms = Terms::around(usual).weighing(weights);
    let deadline = job.deadline as f64;
    let rate = job.max_price as f64 * 1e6 / job.work as f64;
    for (attribute, worst) in [(Attribute::Cost, rate), (Attribute::Latency, deadline)] {
        let wish = &mut terms.wishes[attribute as usize];
        (wish.best, wish.worst) = (wish.best * chance.factor(0.2), worst);
    }
    terms.wishes[Attribute::Tail as usize].worst = deadline * chance.between(0.4, 0.8);
    let limits = Limits { price: rate, time: job.deadline, ..Limits::default() };
    terms.limits = match mix {
        Mix::Lenient => limits,
        _ => {
            let Archetype { capabilities, completion, share, bond, standbys, .. } = *own;
            Limits { capabilities, completion, share, bond, standbys, ..limits }
        }
    };
    Requester { archetype, kind, terms }
}

/// The fleet of a world: 4 industrial provers, 8 middling ones in three clouds, 12 at home.
pub(crate) fn fleet(world: u64) -> Fleet {
    struct Class {
        count: u32,
        cost: (f64, f64),
        speed: (f64, f64),
        jitter: f64,
        failure: f64,
        reaction: f64,
        busy: f64,
        stake: u128,
    }
    let unit = 1_000_000_000_000_u128;
    let classes = [
        Class {
            count: CLASSES[0],
            cost: (0.55, 0.8),
            speed: (2.5, 4.0),
            jitter: 0.05,
            failure: 0.01,
            reaction: 0.5,
            busy: 0.75,
            stake: 40 * unit,
        },
        Class {
            count: CLASSES[1],
            cost: (0.8, 1.2),
            speed: (0.8, 1.5),
            jitter: 0.12,
            failure: 0.03,
            reaction: 1.5,
            busy: 0.55,
            stake: 8 * unit,
        },
        Class {
            count: CLASSES[2],
            cost: (0.9, 1.7),
            speed: (0.35, 0.8),
            jitter: 0.25,
            failure: 0.08,
            reaction: 4.0,
            busy: 0.35,
            stake: 2 * unit,
        },
    ];
    let mut suppliers = Vec::new();
    for class in classes {
        for place in 0..class.count {
            let number = suppliers.len() as u32 + 1;
            let mut chance = Chance::new(&[2, world, number.into()]);
            let mut account = [0xb1; 20];
            account[16..].copy_from_slice(&number.to_be_bytes());
            suppliers.push(Supplier {
                account,
                number,
                cost: PRICE * chance.between(class.cost.0, class.cost.1),
                speed: SPEED * chance.between(class.speed.0, class.speed.1),
                jitter: class.jitter,
                failure: class.failure * chance.factor(0.3),
                reaction: class.reaction,
                busy: (class.busy + chance.between(-0.1, 0.1)).clamp(0.0, 0.95),
                stake: class.stake,
                site: if class.count == CLASSES[1] { place % 3 } else { 10 + number },
            });
        }
    }
    Fleet { suppliers, conduct: Conduct { noise: 0.05, outage: 0.005, ..Conduct::default() } }
}

/// The same fleet as provers of a family really behave: more or less greedy, more or less quick to answer than anybody foretells.
pub(crate) fn conducted(fleet: &Fleet, world: u64, family: u32) -> Fleet {
    let mut chance = Chance::new(&[3, world, family.into()]);
    let (asks, delays) = (chance.factor(0.1), chance.factor(0.3));
    Fleet { conduct: Conduct { asks, delays, ..fleet.conduct }, ..fleet.clone() }
}

/// The same fleet as a keeper believes it to be: costs off by 15 %, speeds by 20 %, failures by a factor e^0.6, load by .08; nothing known of
/// outages or of how families differ.
pub(crate) fn believed(fleet: &Fleet, world: u64) -> Fleet {
    let off = |supplier: &Supplier| {
        let mut chance = Chance::new(&[4, world, supplier.number.into()]);
        Supplier {
            cost: supplier.cost * chance.factor(0.15),
            speed: supplier.speed * chance.factor(0.2),
            failure: (supplier.failure * chance.factor(0.6)).min(0.5),
            busy: (supplier.busy + 0.08 * chance.normal()).clamp(0.0, 0.95),
            ..*supplier
        }
    };
    let suppliers = fleet.suppliers.iter().map(off).collect();
    Fleet { suppliers, conduct: Conduct { noise: 0.05, ..Conduct::default() } }
}

/// The industrial provers have grown slow, dear and unreliable.
pub(crate) fn degraded(fleet: &Fleet) -> Fleet {
    let mut fleet = fleet.clone();
    for supplier in fleet.suppliers.iter_mut().take(CLASSES[0] as usize) {
        supplier.speed /= 2.0;
        supplier.cost *= 1.3;
        supplier.failure += 0.12;
    }
    fleet
}
