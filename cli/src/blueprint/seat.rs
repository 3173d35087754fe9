//! A perpetual seat, as people write and read its parameters.

use anyhow::{Context, Result};
use bourse_chain::read::Token;
use bourse_sim::mechanisms::seat::SeatParams;
use serde::{Deserialize, Serialize};

use super::{many, nothing, percent, step, tenth, time};
use crate::amount;

/// See `contracts/mechanisms/Seat.sol`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seat {
    /// Paid for any request.
    #[serde(default = "nothing")]
    pub base: String,
    /// The highest rate: paid on top for every million units of work.
    pub ceiling: String,
    /// How far a bid has to go below the rate that it is to replace, in basis points of that.
    #[serde(default = "step")]
    pub decrement_bps: u16,
    /// From the first bid to the change.
    pub handover: String,
    /// After this the seat is sold again, from the ceiling.
    pub term: String,
    /// From notice to the incumbent's end; as long as `handover` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// The incumbent's collateral, in the stake token.
    pub deposit: String,
    /// The share of it that each miss costs, in basis points.
    #[serde(default = "tenth")]
    pub miss_bps: u16,
    /// The miss that ends the seat.
    #[serde(default = "three")]
    pub max_misses: u8,
    /// How long a request waits for an incumbent; not at all unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<String>,
    /// How many requests the incumbent has to take at once.
    #[serde(default = "few")]
    pub burst: u16,
    /// After which it has to take one more.
    pub refill: String,
    /// The most work of a request that it has to take.
    pub max_work: u64,
    /// Its largest bond, in the stake token.
    pub max_bond: String,
    /// The least time that it is given for a proof.
    pub min_window: String,
}

impl Seat {
    pub(super) fn encode(&self, token: &Token, stake: &Token) -> Result<Vec<u8>> {
        let handover = time("handover", &self.handover)?;
        let notice = self.notice.as_deref().map_or(Ok(handover), |notice| time("notice", notice))?;
        let params = SeatParams {
            base: amount::parse(&self.base, token).context("base")?,
            ceiling: amount::parse(&self.ceiling, token).context("ceiling")?,
            decrement_bps: self.decrement_bps,
            handover,
            term: time("term", &self.term)?,
            notice,
            deposit: amount::parse(&self.deposit, stake).context("deposit")?,
            miss_bps: self.miss_bps,
            max_misses: self.max_misses,
            patience: self.patience.as_deref().map_or(Ok(0), |patience| time("patience", patience))?,
            burst: self.burst,
            refill: time("refill", &self.refill)?,
            max_work: self.max_work,
            max_bond: amount::parse(&self.max_bond, stake).context("max_bond")?,
            min_window: time("min_window", &self.min_window)?,
        };
        Ok(params.encode())
    }
}

pub(super) fn three() -> u8 {
    3
}

pub(super) fn few() -> u16 {
    8
}

/// Its parameters in words; none if they do not decode.
pub(super) fn words(params: &[u8], token: &Token) -> Option<String> {
    let p = SeatParams::decode(params).ok()?;
    let (base, ceiling, step) = (amount::show(p.base, token), amount::show(p.ceiling, token), percent(p.decrement_bps));
    let burst = many(p.burst, "request");
    let misses = if p.max_misses == 1 { "1 miss".to_owned() } else { format!("{} misses", p.max_misses) };
    Some(format!(
        "one prover at {base} and up to {ceiling} per million units, outbid by {step}, up to {burst} at once, out by {misses}"
    ))
}
