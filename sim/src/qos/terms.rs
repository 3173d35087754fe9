//! What a requester wants of a lane: limits that hold whatever happens, and wishes that are weighed against each other.
//!
//! Amounts are in the smallest unit of the lane's token per million units of work, times in seconds from request to accepted proof.

use std::fmt;

use crate::Time;
use crate::ask::{CAP_FIXED_PRICE, CAP_OPEN_ENTRY, CAP_SINGLE_RECIPIENT};

/// What can be wished for. Each is the mean of a function of one request's facts into [0, 1] (THEORY.md 2.1), so that it adds up, can
/// be estimated from few requests and checked by anybody; neutrality is one of an instance, privacy of its rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// What is paid for a million units of work.
    Cost,
    /// Seconds from request to accepted proof.
    Latency,
    /// Whether those are no more than `worst`.
    Tail,
    /// How near the price is to the one that was predicted; nothing is left of it at a distance of `worst` times that.
    SteadyPrice,
    /// The same of the time.
    SteadyTime,
    /// Whether there is a proof at all.
    Completion,
    /// How many provers share the work, up to `best` of them, and how little the largest has.
    Neutrality,
    /// Whether the input is of use to one prover only.
    Privacy,
}

/// All attributes, in the order in which their contributions are added.
pub const ATTRIBUTES: [Attribute; 8] = [
    Attribute::Cost,
    Attribute::Latency,
    Attribute::Tail,
    Attribute::SteadyPrice,
    Attribute::SteadyTime,
    Attribute::Completion,
    Attribute::Neutrality,
    Attribute::Privacy,
];

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cost => "cost",
            Self::Latency => "latency",
            Self::Tail => "tail",
            Self::SteadyPrice => "steady-price",
            Self::SteadyTime => "steady-time",
            Self::Completion => "completion",
            Self::Neutrality => "neutrality",
            Self::Privacy => "privacy",
        })
    }
}

/// How much the step from `worst` (nothing gained) to `best` (nothing more to gain) is worth. The requester says what is best and worst;
/// it never depends on what happens to be on offer, or one more mechanism could reorder the others.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wish {
    /// At least 0; all weights of a lane add up to 1.
    pub weight: f64,
    /// In the attribute's own unit.
    pub best: f64,
    /// See `best`.
    pub worst: f64,
}

/// What must hold. All but the last two are held by the contracts, against the worst case that a mechanism states; those can only be
/// estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The most that is paid.
    pub price: f64,
    /// The latest that a proof comes.
    pub time: Time,
    /// The latest that a prover is found.
    pub award: Time,
    /// The least bond behind an award, as a share of what the request names.
    pub bond: f64,
    /// The fewest provers that stand by.
    pub standbys: u8,
    /// Capability bits that the mechanism has to have.
    pub capabilities: u32,
    /// The least probability of a proof.
    pub completion: f64,
    /// The most of the work that goes to one prover, as a share.
    pub share: f64,
}

impl Default for Limits {
    fn default() -> Self {
        let (price, time, award) = (f64::INFINITY, Time::MAX, Time::MAX);
        Self { price, time, award, bond: 0.0, standbys: 0, capabilities: 0, completion: 0.0, share: 1.0 }
    }
}

/// The terms of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Terms {
    /// What must hold.
    pub limits: Limits,
    /// What is weighed, in the order of [`ATTRIBUTES`].
    pub wishes: [Wish; 8],
}

/// What a kind of work usually costs and takes: what named terms are relative to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// Per million units of work.
    pub price: f64,
    /// Seconds.
    pub time: f64,
}

impl Terms {
    /// The wish for an attribute.
    pub fn wish(&self, attribute: Attribute) -> &Wish {
        &self.wishes[attribute as usize]
    }

    /// The same wishes with these weights, scaled to add up to 1; equal ones if all are 0.
    #[must_use]
    pub fn weighing(mut self, weights: [f64; 8]) -> Self {
        let sum: f64 = weights.iter().sum();
        for (wish, weight) in self.wishes.iter_mut().zip(weights) {
            wish.weight = if sum > 0.0 { weight / sum } else { 1.0 / 8.0 };
        }
        self
    }

    /// What is reasonable to wish for where work is usually like that: half the usual price is as good as free, three times as bad as
    /// no proof; and so on.
    pub fn around(usual: Usual) -> Self {
        let anchors = [
            (0.5 * usual.price, 3.0 * usual.price),
            (0.3 * usual.time, 4.0 * usual.time),
            (0.0, 3.0 * usual.time),
            (0.0, 0.5),
            (0.0, 1.0),
            (1.0, 0.0),
            (8.0, 1.0),
            (1.0, 0.0),
        ];
        let wishes = anchors.map(|(best, worst)| Wish { weight: 1.0 / 8.0, best, worst });
        Self { limits: Limits::default(), wishes }
    }
}

/// Named terms, which are nothing but terms: to be read, changed and stored like any.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    /// What it is called.
    pub name: &'static str,
    /// In the order of [`ATTRIBUTES`].
    pub weights: [f64; 8],
    /// Capabilities, least probability of a proof, largest share.
    pub limits: (u32, f64, f64),
}

/// The named terms.
pub const PRESETS: [Preset; 5] = [
    Preset { name: "fast", weights: [0.15, 0.45, 0.25, 0.0, 0.05, 0.10, 0.0, 0.0], limits: (0, 0.0, 1.0) },
    Preset { name: "cheap", weights: [0.75, 0.10, 0.0, 0.05, 0.0, 0.10, 0.0, 0.0], limits: (0, 0.0, 1.0) },
    Preset {
        name: "steady",
        weights: [0.15, 0.10, 0.10, 0.35, 0.20, 0.10, 0.0, 0.0],
        limits: (CAP_FIXED_PRICE, 0.0, 1.0),
    },
    Preset { name: "guaranteed", weights: [0.15, 0.15, 0.25, 0.05, 0.05, 0.35, 0.0, 0.0], limits: (0, 0.99, 1.0) },
    Preset {
        name: "neutral",
        weights: [0.15, 0.15, 0.10, 0.0, 0.0, 0.15, 0.45, 0.0],
        limits: (CAP_OPEN_ENTRY, 0.0, 0.35),
    },
];

impl Preset {
    /// The terms of this name for work that is usually like that.
    pub fn terms(&self, usual: Usual) -> Terms {
        let mut terms = Terms::around(usual).weighing(self.weights);
        (terms.limits.capabilities, terms.limits.completion, terms.limits.share) = self.limits;
        terms
    }
}

/// For inputs that are nobody else's business.
pub const PRIVATE: u32 = CAP_SINGLE_RECIPIENT;
