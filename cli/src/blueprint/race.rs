//! A proof race, as people write and read its parameters.

use anyhow::{Context, Result};
use bourse_chain::read::Token;
use bourse_sim::mechanisms::race::RaceParams;
use serde::{Deserialize, Serialize};

use super::{all, many, nothing, one, percent, time};
use crate::amount;

/// See `contracts/mechanisms/Race.sol`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Race {
    /// How long the request waits for its first proof.
    pub patience: String,
    /// How long others are taken after it; not at all unless said, which is right if one wins and no commitments are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// How many blocks before its proof a prover commits to it; 0 only if all verifiers bind proofs to their author.
    pub commit_blocks: u16,
    /// What all winners get at most, in basis points of what the request pays at most.
    #[serde(default = "all")]
    pub bounty_bps: u16,
    /// What each rank gets, in basis points of what the one before it gets; half unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decay_bps: Option<u16>,
    /// How many are paid.
    #[serde(default = "one")]
    pub winners: u8,
    /// What it costs to enter, in the stake token.
    #[serde(default = "nothing")]
    pub deposit: String,
}

impl Race {
    pub(super) fn encode(&self, stake: &Token) -> Result<Vec<u8>> {
        let half = if self.winners == 1 { 0 } else { 5_000 };
        let params = RaceParams {
            patience: time("patience", &self.patience)?,
            window: self.window.as_deref().map_or(Ok(0), |window| time("window", window))?,
            commit_blocks: self.commit_blocks,
            bounty_bps: self.bounty_bps,
            decay_bps: self.decay_bps.unwrap_or(half),
            winners: self.winners,
            deposit: amount::parse(&self.deposit, stake).context("deposit")?,
        };
        Ok(params.encode())
    }
}

/// Its parameters in words; none if they do not decode.
pub(super) fn words(params: &[u8]) -> Option<String> {
    let p = RaceParams::decode(params).ok()?;
    let bounty = percent(p.bounty_bps);
    let paid = if p.winners == 1 {
        format!("the first proof is paid {bounty}")
    } else {
        format!("{} share {bounty}, each rank {} of the one before", many(p.winners, "winner"), percent(p.decay_bps))
    };
    let window = if p.window == 0 { String::new() } else { format!(", others {} s more", p.window) };
    let commits =
        if p.commits() { format!(", committed to {} before", many(p.commit_blocks, "block")) } else { String::new() };
    Some(format!("{paid}, within {} s{window}{commits}", p.patience))
}
