//! Lanes of the chain in the units of the brain: whole numbers there, shares of 1 and prices per million units of work here.

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
