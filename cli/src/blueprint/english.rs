//! An open descending auction, as people write and read its parameters.

use anyhow::{Context, Result};
use bourse_chain::read::Token;
use bourse_sim::mechanisms::english::EnglishParams;
use serde::{Deserialize, Serialize};

use super::{all, one, percent, step, time};
use crate::amount;

/// See `contracts/mechanisms/English.sol`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct English {
    /// How long it lasts from its first bid.
    pub duration: String,
    /// How long is left after a late bid.
    pub extension: String,
    /// When fewer than this is left, a bid is late; as long as `extension` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closing: Option<String>,
    /// By how much late bids move the end at most; ten times `extension` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overtime: Option<String>,
    /// How long the request waits for its first bid.
    pub patience: String,
    /// How far a bid has to go below the best, in basis points of it.
    #[serde(default = "step")]
    pub decrement_bps: u16,
    /// The most that the first bid may ask, in basis points of what the request pays at most.
    #[serde(default = "all")]
    pub start_bps: u16,
    /// A bidder's deposit, in basis points of the request's bond.
    #[serde(default = "all")]
    pub deposit_bps: u16,
    /// The least it is, in the stake token.
    pub deposit_floor: String,
    /// 1 if who was outbid last stands ready behind the winner.
    #[serde(default = "one")]
    pub standbys: u8,
}

impl English {
    pub(super) fn encode(&self, stake: &Token) -> Result<Vec<u8>> {
        let extension = time("extension", &self.extension)?;
        let or = |name, text: &Option<String>, else_| text.as_deref().map_or(Ok(else_), |text| time(name, text));
        let params = EnglishParams {
            duration: time("duration", &self.duration)?,
            closing: or("closing", &self.closing, extension)?,
            extension,
            overtime: or("overtime", &self.overtime, extension.saturating_mul(10))?,
            patience: time("patience", &self.patience)?,
            decrement_bps: self.decrement_bps,
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
    let p = EnglishParams::decode(params).ok()?;
    let (start, step) = (percent(p.start_bps), percent(p.decrement_bps));
    let (lasts, most) = (p.duration, u64::from(p.duration) + u64::from(p.overtime));
    let standby = if p.standbys == 0 { "no standby" } else { "1 standby" };
    Some(format!("bid down from {start} by {step}, {lasts} s from the first bid, {most} s at most, {standby}"))
}
