//! Reserved capacity, as people write and read its parameters.

use anyhow::{Context, Result};
use bourse_chain::read::Token;
use bourse_sim::mechanisms::reserved::ReservedParams;
use serde::{Deserialize, Serialize};

use super::seat::{few, three};
use super::{many, nothing, one, percent, step, tenth, time};
use crate::amount;

/// See `contracts/mechanisms/Reserved.sol`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reserved {
    /// Paid for any request.
    #[serde(default = "nothing")]
    pub base: String,
    /// The highest rate: paid on top for every million units of work.
    pub ceiling: String,
    /// How far a bid has to go below the one that it replaces, in basis points of that.
    #[serde(default = "step")]
    pub decrement_bps: u16,
    /// From the first bid to the start of the contract.
    pub offering: String,
    /// How long it lasts.
    pub term: String,
    /// From a holder's notice to its end; as long as `offering` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// A holder's collateral, in the stake token.
    pub deposit: String,
    /// The share of it that each miss costs, in basis points.
    #[serde(default = "tenth")]
    pub credit_bps: u16,
    /// So many misses within `period` end the holder's contract.
    #[serde(default = "three")]
    pub max_misses: u8,
    /// A day unless said.
    #[serde(default = "day")]
    pub period: String,
    /// Whether a holder whose contract ends by misses loses all that is left of its collateral.
    #[serde(default)]
    pub terminal: bool,
    /// 1 or 2.
    #[serde(default = "one")]
    pub holders: u8,
    /// How long a request waits that came too fast; not at all unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<String>,
    /// How many requests each holder has to take at once.
    #[serde(default = "few")]
    pub burst: u16,
    /// After which it has to take one more.
    pub refill: String,
    /// The most work of a request that it has to take.
    pub max_work: u64,
    /// Its largest bond, in the stake token.
    pub max_bond: String,
    /// In which a proof is due.
    pub latency: String,
    /// And so much more for every million units of work; nothing unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pace: Option<String>,
}

impl Reserved {
    pub(super) fn encode(&self, token: &Token, stake: &Token) -> Result<Vec<u8>> {
        let offering = time("offering", &self.offering)?;
        let notice = self.notice.as_deref().map_or(Ok(offering), |notice| time("notice", notice))?;
        let params = ReservedParams {
            base: amount::parse(&self.base, token).context("base")?,
            ceiling: amount::parse(&self.ceiling, token).context("ceiling")?,
            decrement_bps: self.decrement_bps,
            offering,
            term: time("term", &self.term)?,
            notice,
            deposit: amount::parse(&self.deposit, stake).context("deposit")?,
            credit_bps: self.credit_bps,
            max_misses: self.max_misses,
            period: time("period", &self.period)?,
            terminal: self.terminal.into(),
            holders: self.holders,
            patience: self.patience.as_deref().map_or(Ok(0), |patience| time("patience", patience))?,
            burst: self.burst,
            refill: time("refill", &self.refill)?,
            max_work: self.max_work,
            max_bond: amount::parse(&self.max_bond, stake).context("max_bond")?,
            latency: time("latency", &self.latency)?,
            pace: self.pace.as_deref().map_or(Ok(0), |pace| time("pace", pace))?,
        };
        Ok(params.encode())
    }
}

fn day() -> String {
    "1d".to_owned()
}

/// Its parameters in words; none if they do not decode.
pub(super) fn words(params: &[u8], token: &Token) -> Option<String> {
    let p = ReservedParams::decode(params).ok()?;
    let (base, ceiling, credit) = (amount::show(p.base, token), amount::show(p.ceiling, token), percent(p.credit_bps));
    let (holders, burst, latency) = (many(p.holders, "holder"), many(p.burst, "request"), p.latency);
    Some(format!(
        "{holders} at {base} and up to {ceiling} per million units for {} s, {burst} at once, due in {latency} s, {credit} a miss",
        p.term
    ))
}
