//! A sortition by stake, as people write and read its parameters.

use anyhow::{Context, Result};
use bourse_chain::read::Token;
use bourse_sim::mechanisms::sortition::SortitionParams;
use serde::{Deserialize, Serialize};

use super::posted::ANY;
use super::{many, nothing, time};
use crate::amount;

/// See `contracts/mechanisms/Sortition.sol`. Times like 30s or 5m.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sortition {
    /// Paid for any request; `any` pays what each request names as its most.
    #[serde(default = "nothing")]
    pub base: String,
    /// Paid on top for every million units of work.
    #[serde(default = "nothing")]
    pub rate: String,
    /// The least that a prover deposits, in the stake token.
    pub min_deposit: String,
    /// The most.
    pub max_deposit: String,
    /// How long a deposit stays after notice.
    pub notice: String,
    /// How many blocks after the opening of a request its lots are drawn.
    #[serde(default = "four")]
    pub distance: u8,
    /// What those blocks take, or more.
    pub lead: String,
    /// How long each stage lasts but the last.
    pub stagger: String,
    /// How many stages there are.
    #[serde(default = "three")]
    pub stages: u8,
    /// How long the last one lasts.
    pub patience: String,
    /// Who stands ready to take over.
    #[serde(default)]
    pub backups: u8,
}

fn four() -> u8 {
    4
}

fn three() -> u8 {
    3
}

impl Sortition {
    pub(super) fn encode(&self, token: &Token, stake: &Token) -> Result<Vec<u8>> {
        let params = SortitionParams {
            base: if self.base == "any" { ANY } else { amount::parse(&self.base, token).context("base")? },
            rate: amount::parse(&self.rate, token).context("rate")?,
            min_deposit: amount::parse(&self.min_deposit, stake).context("min_deposit")?,
            max_deposit: amount::parse(&self.max_deposit, stake).context("max_deposit")?,
            notice: time("notice", &self.notice)?,
            distance: self.distance,
            lead: time("lead", &self.lead)?,
            stagger: time("stagger", &self.stagger)?,
            stages: self.stages,
            patience: time("patience", &self.patience)?,
            backups: self.backups,
        };
        Ok(params.encode())
    }
}

/// Its parameters in words; none if they do not decode.
pub(super) fn words(params: &[u8], token: &Token) -> Option<String> {
    let p = SortitionParams::decode(params).ok()?;
    let base = if p.base == ANY { "what is named".to_owned() } else { amount::show(p.base, token) };
    let rate = if p.rate == 0 { String::new() } else { format!(" + {} per million", amount::show(p.rate, token)) };
    let (stages, backups) = (many(p.stages, "stage"), many(p.backups, "backup"));
    let longest = p.longest();
    Some(format!("pays {base}{rate} to whom a draw by stake names, {stages} within {longest} s, {backups}"))
}
