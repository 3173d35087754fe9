//! A posted price, as people write and read its parameters.

use anyhow::{Context, Result};
use bourse_chain::read::Token;
use bourse_sim::Wei;
use bourse_sim::mechanisms::posted::PostedParams;
use serde::{Deserialize, Serialize};

use super::{nothing, time};
use crate::amount;

/// The base of a tariff that pays what each request names.
pub(super) const ANY: Wei = (1 << 88) - 1;

/// See `contracts/mechanisms/PostedPrice.sol`. Times like 30s or 5m.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posted {
    /// Paid for any request; `any` pays what each request names as its most.
    #[serde(default = "nothing")]
    pub base: String,
    /// Paid on top for every million units of work.
    #[serde(default = "nothing")]
    pub rate: String,
    /// How long the price stands.
    pub patience: String,
}

impl Posted {
    pub(super) fn encode(&self, token: &Token) -> Result<Vec<u8>> {
        let base = if self.base == "any" { ANY } else { amount::parse(&self.base, token).context("base")? };
        let rate = amount::parse(&self.rate, token).context("rate")?;
        Ok(PostedParams { base, rate, patience: time("patience", &self.patience)? }.encode())
    }
}

/// Its parameters in words; none if they do not decode.
pub(super) fn words(params: &[u8], token: &Token) -> Option<String> {
    let p = PostedParams::decode(params).ok()?;
    let base = if p.base == ANY { "what is named".to_owned() } else { amount::show(p.base, token) };
    let rate = if p.rate == 0 { String::new() } else { format!(" + {} per million", amount::show(p.rate, token)) };
    Some(format!("pays {base}{rate}, stands {} s", p.patience))
}
