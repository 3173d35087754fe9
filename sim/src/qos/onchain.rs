//! Lanes of the chain in the units of the brain: whole numbers there, shares of 1 and prices per million units of work here.

use super::supply::Job;
use super::terms::{ATTRIBUTES, Attribute, Limits, Terms, Usual, Wish};
use crate::lane;
use crate::{Bps, Time, Wei};

/// Units of work that prices are of.
pub const PER: f64 = 1e6;

impl From<&lane::Terms> for Terms {
    /// What was set with `setTerms`. A lane that wishes for nothing weighs all attributes alike, around a tenth of what it would pay at most
    /// and a tenth of how long it would wait.
    fn from(said: &lane::Terms) -> Self {
        let price = said.price_per_unit as f64 * PER;
        let usual = Usual { price: price / 10.0, time: f64::from(said.latency) / 10.0 };
        let weighed: u32 = said.wishes.iter().map(|wish| u32::from(wish.weight)).sum();
        let mut terms = Self::around(usual);
        if weighed > 0 {
            terms.wishes = Default::default();
        }
        for wish in said.wishes.iter().filter(|_| weighed > 0) {
            let Some(attribute) = ATTRIBUTES.get(usize::from(wish.attribute)) else { continue };
            terms.wishes[usize::from(wish.attribute)] = Wish {
                weight: f64::from(wish.weight) / f64::from(weighed),
                best: measure(*attribute, wish.best),
                worst: measure(*attribute, wish.worst),
            };
        }
        terms.limits = Limits {
            price,
            time: said.latency.into(),
            award: if said.award == 0 { Time::MAX } else { said.award.into() },
            bond: share(said.bond_bps),
            standbys: said.standbys,
            capabilities: said.capabilities,
            completion: share(said.completion),
            share: if said.share == 0 { 1.0 } else { share(said.share) },
        };
        terms
    }
}

impl Terms {
    /// As `setTerms` takes them, for requests that are like `job`. Limits are rounded to the narrower side, so that what the chain lets through is within
    /// them.
    pub fn stated(&self, job: &Job) -> lane::Terms {
        let limits = &self.limits;
        let whole = |value: f64| if value < u32::MAX.into() { value as u32 } else { u32::MAX };
        let wish = |(attribute, wish): (usize, &Wish)| lane::Wish {
            attribute: attribute as u8,
            weight: (wish.weight * 10_000.0).round() as Bps,
            best: counted(ATTRIBUTES[attribute], wish.best),
            worst: counted(ATTRIBUTES[attribute], wish.worst),
        };
        lane::Terms {
            work: job.work,
            bond: job.bond,
            window: job.window,
            price_per_unit: (limits.price / PER) as Wei,
            latency: whole(limits.time as f64),
            award: if limits.award == Time::MAX { 0 } else { whole(limits.award as f64) },
            bond_bps: (limits.bond * 10_000.0).ceil() as Bps,
            standbys: limits.standbys,
            capabilities: limits.capabilities,
            completion: (limits.completion * 10_000.0).ceil() as Bps,
            share: (limits.share * 10_000.0) as Bps,
            wishes: self.wishes.iter().enumerate().filter(|(_, wish)| wish.weight > 0.0).map(wish).collect(),
            ..lane::Terms::default()
        }
    }
}

/// The inverse of [`measure`], to the nearest.
fn counted(attribute: Attribute, value: f64) -> Wei {
    let unit = match attribute {
        Attribute::Cost => 1.0 / PER,
        Attribute::SteadyPrice | Attribute::SteadyTime | Attribute::Completion => 10_000.0,
        Attribute::Latency | Attribute::Tail | Attribute::Neutrality | Attribute::Privacy => 1.0,
    };
    (value * unit).round() as Wei
}

/// A value of an attribute, as [`Wish`] has it, from how the chain has it.
fn measure(attribute: Attribute, value: Wei) -> f64 {
    match attribute {
        Attribute::Cost => value as f64 * PER,
        Attribute::SteadyPrice | Attribute::SteadyTime | Attribute::Completion => value as f64 / 10_000.0,
        Attribute::Latency | Attribute::Tail | Attribute::Neutrality | Attribute::Privacy => value as f64,
    }
}

fn share(bps: Bps) -> f64 {
    f64::from(bps) / 10_000.0
}
