//! Modifiers around an instance's rule, as people write and read their parameters. See `contracts/mechanisms/` for what they mean.

use anyhow::{Context, Result, bail, ensure};
use bourse_chain::read::Token;
use bourse_sim::mechanisms::gas::{self, GasParams};
use bourse_sim::mechanisms::grace::{self, GraceParams};
use bourse_sim::mechanisms::modifier::Inner;
use bourse_sim::mechanisms::spread::{self, SpreadParams};
use bourse_sim::{Wei, ZERO};
use serde::{Deserialize, Serialize};

use super::{Blueprint, many, time};
use crate::amount;

/// As they go around each other unless the file says otherwise, the outermost first.
pub const MODIFIERS: [&str; 3] = ["gas", "grace", "spread"];

/// Gas pass-through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gas {
    /// The most that one payment is raised by.
    pub ceiling: String,
    /// Units of gas that are paid for.
    pub units: u32,
    /// What one native coin is worth, in the instance's token; needed where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// Payments of one request that are raised at most, where proofs are paid for without an award.
    #[serde(default)]
    pub payments: u8,
}

/// Congestion grace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grace {
    /// Base fee from which on the chain counts as congested: `50 gwei`.
    pub threshold: String,
    /// How much longer an award made then may take.
    pub grace: String,
}

/// Anti-concentration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// How many of the last awards count.
    pub window: u8,
    /// How many of them one prover may have.
    pub most: u8,
    /// How long after opening nobody is refused any more; never unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<String>,
}

impl Blueprint {
    /// The modifiers around its rule, the outermost first.
    ///
    /// # Errors
    /// If `modifiers` names others than those whose tables are there, each once.
    pub fn around(&self) -> Result<Vec<&'static str>> {
        let there = [self.gas.is_some(), self.grace.is_some(), self.spread.is_some()];
        let tables: Vec<_> =
            MODIFIERS.into_iter().zip(there).filter(|(_, there)| *there).map(|(name, _)| name).collect();
        if self.modifiers.is_empty() {
            return Ok(tables);
        }
        let order: Vec<_> =
            self.modifiers.iter().filter_map(|name| tables.iter().find(|table| *table == name)).collect();
        let mut unique = order.clone();
        unique.sort_unstable();
        unique.dedup();
        let whole = order.len() == self.modifiers.len() && unique.len() == tables.len();
        ensure!(whole, "modifiers are {:?}; want each of the tables {tables:?} once", self.modifiers);
        Ok(order.into_iter().copied().collect())
    }

    /// The parameters of the modifier called `name`, around `inner` with these parameters.
    ///
    /// # Errors
    /// If it has no table, or one that makes no sense.
    pub fn wrap(&self, name: &str, inner: Inner, params: &[u8], token: &Token) -> Result<Vec<u8>> {
        match (name, &self.gas, &self.grace, &self.spread) {
            ("gas", Some(table), ..) => Ok(table.read(inner, token)?.encode(params)),
            ("grace", _, Some(table), _) => Ok(table.read(inner)?.encode(params)),
            ("spread", .., Some(table)) => Ok(table.read(inner)?.encode(params)),
            _ => bail!("[{name}] is missing"),
        }
    }
}

impl Gas {
    fn read(&self, inner: Inner, token: &Token) -> Result<GasParams> {
        let rate = match &self.rate {
            Some(rate) => amount::parse(rate, token).context("rate")?,
            None => {
                let native = token.address == ZERO;
                ensure!(native, "[gas] rate is missing: what is one native coin worth in {}?", token.symbol);
                COIN
            }
        };
        let ceiling = amount::parse(&self.ceiling, token).context("ceiling")?;
        Ok(GasParams { inner, ceiling, units: self.units, rate, payments: self.payments })
    }
}

impl Grace {
    fn read(&self, inner: Inner) -> Result<GraceParams> {
        let threshold = amount::parse(&self.threshold, &coin()).context("threshold")?;
        let threshold = u64::try_from(threshold).context("threshold: no base fee is so high")?;
        Ok(GraceParams { inner, threshold, grace: time("grace", &self.grace)? })
    }
}

impl Spread {
    fn read(&self, inner: Inner) -> Result<SpreadParams> {
        let patience = self.patience.as_deref().map_or(Ok(0), |patience| time("patience", patience))?;
        Ok(SpreadParams { inner, window: self.window, most: self.most, patience })
    }
}

/// A modifier's own parameters in words, with the name of the inner rule and the parameters of that; none if it is no modifier.
pub(super) fn words<'a>(modifier: &str, params: &'a [u8], token: &Token) -> Option<(String, String, &'a [u8])> {
    let (said, inner, size) = match modifier {
        "gas" => {
            let p = GasParams::decode(params).ok()?;
            let each = if p.payments == 0 { String::new() } else { format!(", for {}", many(p.payments, "payment")) };
            (format!("pays {} gas, up to {}{each}", p.units, amount::show(p.ceiling, token)), p.inner.name, gas::SIZE)
        }
        "grace" => {
            let p = GraceParams::decode(params).ok()?;
            let from = amount::bare(p.threshold.into(), 9);
            (format!("{} s more from {from} gwei on", p.grace), p.inner.name, grace::SIZE)
        }
        "spread" => {
            let p = SpreadParams::decode(params).ok()?;
            let until = if p.patience == 0 { String::new() } else { format!(", for {} s", p.patience) };
            (format!("at most {} of the last {} each{until}", p.most, p.window), p.inner.name, spread::SIZE)
        }
        _ => return None,
    };
    Some((said, inner, params.get(size..)?))
}

const COIN: Wei = 1_000_000_000_000_000_000;

fn coin() -> Token {
    Token { address: ZERO, symbol: "ETH".to_owned(), decimals: 18 }
}
