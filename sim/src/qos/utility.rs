//! What deliveries are worth to a requester (THEORY.md 2.1): the weighted mean of functions of each into [0, 1]; and before that, whether
//! its limits hold. The two are never mixed: a limit that is broken has no price.

use super::terms::{ATTRIBUTES, Attribute, Terms, Wish};

/// One delivery, as it happened or as it may.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Delivery {
    /// There was a proof.
    pub done: bool,
    /// Paid for a million units of work.
    pub price: f64,
    /// Seconds until the proof, or until the request ended without.
    pub time: f64,
    /// Who proved, as any number that tells provers apart.
    pub winner: u32,
}

/// What is the same for all deliveries of an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traits {
    /// The price and the time that were predicted, in the units of [`Delivery`].
    pub price: f64,
    /// See `price`.
    pub time: f64,
    /// How many equal provers would share the work as unevenly: 1 / HHI.
    pub provers: f64,
    /// The share of the one that has most.
    pub top: f64,
    /// The input is of use to one prover only.
    pub private: bool,
}

/// How far `have` is on the way from the worst to the best of a wish, from 0 to 1.
pub fn grade(wish: &Wish, have: f64) -> f64 {
    let span = wish.best - wish.worst;
    if span == 0.0 {
        return f64::from(u8::from(have >= wish.best));
    }
    ((have - wish.worst) / span).clamp(0.0, 1.0)
}

/// What one delivery is worth in one attribute, from 0 to 1. `expiry` is the time that counts if there was no proof.
pub fn worth(wish: &Wish, attribute: Attribute, traits: &Traits, delivery: &Delivery, expiry: f64) -> f64 {
    let near = |have: f64, said: f64| {
        let room = wish.worst * said;
        if room > 0.0 { 1.0 - ((have - said).abs() / room).min(1.0) } else { f64::from(u8::from(have == said)) }
    };
    match attribute {
        Attribute::Neutrality => 0.5 * grade(wish, traits.provers) + 0.5 * (1.0 - traits.top),
        Attribute::Privacy => f64::from(u8::from(traits.private)),
        _ if !delivery.done => match attribute {
            Attribute::Latency => grade(wish, expiry),
            _ => 0.0,
        },
        Attribute::Cost => grade(wish, delivery.price),
        Attribute::Latency => grade(wish, delivery.time.min(expiry)),
        Attribute::Tail => f64::from(u8::from(delivery.time <= wish.worst)),
        Attribute::SteadyPrice => near(delivery.price, traits.price),
        Attribute::SteadyTime => near(delivery.time, traits.time),
        Attribute::Completion => 1.0,
    }
}

/// The mean worth of deliveries in every attribute, each weighed; their sum is the utility. `done` is the probability of a proof, if it is
/// another than the share of deliveries that have one: those with and those without keep their means, only their shares change.
pub fn contributions(terms: &Terms, traits: &Traits, deliveries: &[Delivery], done: Option<f64>) -> [f64; 8] {
    let count = deliveries.len();
    let made = deliveries.iter().filter(|delivery| delivery.done).count();
    if count == 0 {
        return [0.0; 8];
    }
    let done = done.unwrap_or(made as f64 / count as f64).clamp(0.0, 1.0);
    let expiry = terms.limits.time as f64;
    ATTRIBUTES.map(|attribute| {
        let wish = terms.wish(attribute);
        if wish.weight == 0.0 {
            return 0.0;
        }
        let (mut with, mut without) = (0.0, 0.0);
        for delivery in deliveries {
            let worth = worth(wish, attribute, traits, delivery, expiry);
            *(if delivery.done { &mut with } else { &mut without }) += worth;
        }
        let with = if made > 0 { with / made as f64 } else { 0.0 };
        let without = if made < count {
            without / (count - made) as f64
        } else {
            let missed = Delivery { time: expiry, ..Delivery::default() };
            worth(wish, attribute, traits, &missed, expiry)
        };
        wish.weight * (done * with + (1.0 - done) * without)
    })
}

/// What is estimated without bias from so many wins each: 1 / HHI (THEORY.md 1.11), and the largest share. One of one if nobody won twice
/// or there are fewer than two wins.
pub fn concentration(wins: &[u32]) -> (f64, f64) {
    let total: f64 = wins.iter().map(|wins| f64::from(*wins)).sum();
    if total < 2.0 {
        return (1.0, 1.0);
    }
    let pairs: f64 = wins.iter().map(|wins| f64::from(*wins) * (f64::from(*wins) - 1.0)).sum();
    let top = wins.iter().max().map_or(0.0, |most| f64::from(*most)) / total;
    let index = pairs / (total * (total - 1.0));
    // With no repetition at all the estimate is 0: no more can be told apart than were seen.
    (1.0 / index.max(1.0 / total), top)
}
