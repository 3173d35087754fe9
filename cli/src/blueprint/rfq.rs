//! A request for quotes, as people write and read its parameters.

use anyhow::{Context, Result};
use bourse_chain::read::Token;
use bourse_sim::mechanisms::rfq::RfqParams;
use serde::{Deserialize, Serialize};

use super::{all, many, percent, time};
use crate::amount;

/// See `contracts/mechanisms/Rfq.sol`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rfq {
    /// How long a quote is only held, and can be overridden; not at all unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusivity: Option<String>,
    /// How far an override has to go below the best quote, in basis points of it.
    #[serde(default = "hundred")]
    pub override_bps: u16,
    /// How long a request without a quote waits for one; not at all unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<String>,
    /// The most that the first quote for it may ask, in basis points of what the request pays at most.
    #[serde(default = "all")]
    pub start_bps: u16,
    /// The deposit behind a quote that is held, in basis points of the request's bond.
    #[serde(default = "all")]
    pub deposit_bps: u16,
    /// The least it is, in the stake token.
    pub deposit_floor: String,
    /// How many quotes are kept to take over.
    #[serde(default)]
    pub standbys: u8,
}

impl Rfq {
    pub(super) fn encode(&self, stake: &Token) -> Result<Vec<u8>> {
        let or_none = |name, text: &Option<String>| text.as_deref().map_or(Ok(0), |text| time(name, text));
        let params = RfqParams {
            exclusivity: or_none("exclusivity", &self.exclusivity)?,
            override_bps: self.override_bps,
            patience: or_none("patience", &self.patience)?,
            start_bps: self.start_bps,
            deposit_bps: self.deposit_bps,
            deposit_floor: amount::parse(&self.deposit_floor, stake).context("deposit_floor")?,
            standbys: self.standbys,
        };
        Ok(params.encode())
    }
}

/// Its parameters in words; none if they do not decode.
pub(super) fn words(params: &[u8]) -> Option<String> {
    let p = RfqParams::decode(params).ok()?;
    let held = if p.exclusivity == 0 {
        "a quote is awarded at once".to_owned()
    } else {
        format!("a quote can be overridden by {} for {} s", percent(p.override_bps), p.exclusivity)
    };
    let waits = if p.patience == 0 {
        String::new()
    } else {
        format!(", without one waits {} s for {}", p.patience, percent(p.start_bps))
    };
    Some(format!("{held}{waits}, {}", many(p.standbys, "standby")))
}

fn hundred() -> u16 {
    100
}
