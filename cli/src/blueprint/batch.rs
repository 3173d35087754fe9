//! A batch double auction, as people write and read its parameters.

use anyhow::{Context, Result};
use bourse_chain::read::Token;
use bourse_sim::mechanisms::batch::BatchParams;
use serde::{Deserialize, Serialize};

use super::{many, time};
use crate::amount;

/// See `contracts/mechanisms/Batch.sol`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// How long a batch is collected.
    pub interval: String,
    /// How long after its end it can be cleared; as long as `interval` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace: Option<String>,
    /// The least window of an order.
    pub window: String,
    /// Units of work that a price is for.
    #[serde(default = "million")]
    pub lot: u64,
    /// The least that an order has to be able to pay for a lot.
    pub floor: String,
    /// The most that an offer may ask for a lot.
    pub ceiling: String,
    /// The most work of an order, in units.
    pub work: u64,
    /// The deposit behind an offer and the most bond of an order, in the stake token.
    pub bond: String,
    /// The most orders of a batch.
    #[serde(default = "most")]
    pub orders: u8,
    /// The most offers of a batch.
    #[serde(default = "most")]
    pub offers: u8,
    /// How often an order that found no offer goes into the next batch.
    #[serde(default)]
    pub carry: u8,
}

impl Batch {
    pub(super) fn encode(&self, token: &Token, stake: &Token) -> Result<Vec<u8>> {
        let interval = time("interval", &self.interval)?;
        let params = BatchParams {
            interval,
            grace: self.grace.as_deref().map_or(Ok(interval), |grace| time("grace", grace))?,
            window: time("window", &self.window)?,
            lot: self.lot,
            floor: amount::parse(&self.floor, token).context("floor")?,
            ceiling: amount::parse(&self.ceiling, token).context("ceiling")?,
            work: self.work,
            bond: amount::parse(&self.bond, stake).context("bond")?,
            orders: self.orders,
            offers: self.offers,
            carry: self.carry,
        };
        Ok(params.encode())
    }
}

/// Its parameters in words; none if they do not decode.
pub(super) fn words(params: &[u8], token: &Token) -> Option<String> {
    let p = BatchParams::decode(params).ok()?;
    let (floor, ceiling) = (amount::rough(p.floor, token), amount::rough(p.ceiling, token));
    let size = format!("{} and {}", many(p.orders, "order"), many(p.offers, "offer"));
    let carried = if p.carry == 0 { String::new() } else { format!(", carried {}", many(p.carry, "time")) };
    Some(format!(
        "one price every {} s, {floor} to {ceiling} for {} of work, {size} at most{carried}",
        p.interval, p.lot
    ))
}

fn million() -> u64 {
    1_000_000
}

fn most() -> u8 {
    32
}
