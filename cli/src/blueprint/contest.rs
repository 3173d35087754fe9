//! A contest by all-pay tickets, as people write and read its parameters.

use anyhow::{Context, Result, ensure};
use bourse_chain::read::Token;
use bourse_sim::mechanisms::contest::{Alpha, ContestParams, MAX_ENTRANTS};
use serde::{Deserialize, Serialize};

use super::{all, many, percent, time};
use crate::amount;

/// See `contracts/mechanisms/Contest.sol`. The stake token is the market's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contest {
    /// How long tickets are sold.
    pub entry: String,
    /// How long the draw may take after that.
    pub settling: String,
    /// What is paid before the winner's ticket is taken off, in basis points of what the request pays at most.
    #[serde(default = "all")]
    pub fee_bps: u16,
    /// The least ticket, in the stake token.
    pub min_ticket: String,
    /// The greatest.
    pub max_ticket: String,
    /// What chances are in proportion to.
    #[serde(default)]
    pub alpha: Power,
    /// Most provers that enter.
    #[serde(default = "most")]
    pub entrants: u8,
    /// How many blocks after the tick that fixes it the block lies that draws.
    #[serde(default = "five")]
    pub distance: u8,
}

/// The power of its size that a ticket counts with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Power {
    /// Its size: splitting a ticket makes no difference.
    #[default]
    #[serde(rename = "1")]
    One,
    /// Its root: splitting a ticket pays.
    #[serde(rename = "1/2")]
    Half,
    /// Its square: splitting a ticket costs.
    #[serde(rename = "2")]
    Two,
}

impl Contest {
    pub(super) fn encode(&self, token: &Token, stake: &Token) -> Result<Vec<u8>> {
        ensure!(
            token.address == stake.address,
            "a contest is paid in the token that stakes are in, {}: the winner pays its ticket by being paid that much less",
            stake.symbol
        );
        let params = ContestParams {
            stake_token: stake.address,
            entry: time("entry", &self.entry)?,
            settling: time("settling", &self.settling)?,
            fee_bps: self.fee_bps,
            min_ticket: amount::parse(&self.min_ticket, stake).context("min_ticket")?,
            max_ticket: amount::parse(&self.max_ticket, stake).context("max_ticket")?,
            alpha: match self.alpha {
                Power::One => Alpha::One,
                Power::Half => Alpha::Half,
                Power::Two => Alpha::Two,
            },
            entrants: self.entrants,
            distance: self.distance,
        };
        Ok(params.encode())
    }
}

/// Its parameters in words; none if they do not decode.
pub(super) fn words(params: &[u8], token: &Token) -> Option<String> {
    let p = ContestParams::decode(params).ok()?;
    let chances = match p.alpha {
        Alpha::One => "in proportion to its ticket",
        Alpha::Half => "in proportion to the root of its ticket",
        Alpha::Two => "in proportion to the square of its ticket",
    };
    let (least, most) = (amount::show(p.min_ticket, token), amount::show(p.max_ticket, token));
    let (fee, entrants) = (percent(p.fee_bps), many(p.entrants, "entrant"));
    Some(format!(
        "one of up to {entrants} is drawn {chances} and paid {fee} less that; tickets of {least} to {most} for {} s, all pay",
        p.entry
    ))
}

fn most() -> u8 {
    MAX_ENTRANTS
}

fn five() -> u8 {
    5
}
