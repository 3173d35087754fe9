//! A reverse Dutch auction, as people write and read its parameters.

use anyhow::Result;
use bourse_sim::mechanisms::dutch::DutchParams;
use serde::{Deserialize, Serialize};

use super::{percent, time};

/// See `contracts/mechanisms/Dutch.sol`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dutch {
    /// Where the price starts, in basis points of what the request pays at most.
    pub start_bps: u16,
    /// Where it ends.
    pub end_bps: u16,
    /// How long it stays at its start; nothing unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<String>,
    /// How long it climbs.
    pub ramp: String,
    /// How long it then stays.
    pub patience: String,
}

impl Dutch {
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let params = DutchParams {
            start_bps: self.start_bps,
            end_bps: self.end_bps,
            delay: self.delay.as_deref().map_or(Ok(0), |delay| time("delay", delay))?,
            ramp: time("ramp", &self.ramp)?,
            patience: time("patience", &self.patience)?,
        };
        Ok(params.encode())
    }
}

/// Its parameters in words; none if they do not decode.
pub(super) fn words(params: &[u8]) -> Option<String> {
    let p = DutchParams::decode(params).ok()?;
    let delay = if p.delay == 0 { String::new() } else { format!("after {} s ", p.delay) };
    let (from, to) = (percent(p.start_bps), percent(p.end_bps));
    Some(format!("{delay}climbs from {from} to {to} in {} s, stays {} s", p.ramp, p.patience))
}
