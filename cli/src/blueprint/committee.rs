//! A committee, as people write and read its parameters.

use anyhow::{Context, Result};
use bourse_chain::read::Token;
use bourse_sim::mechanisms::committee::CommitteeParams;
use serde::{Deserialize, Serialize};

use super::{all, percent, tenth, time};
use crate::amount;

/// See `contracts/mechanisms/Committee.sol`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Committee {
    /// Seats, one shard each.
    pub seats: u8,
    /// Members with whom the work starts if enrolment ends before all seats are taken; all seats unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least: Option<u8>,
    /// Members whose shards are enough; as many as `least` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed: Option<u8>,
    /// How long seats are given out.
    pub enrolment: String,
    /// From the start until a shard is late.
    pub shards: String,
    /// From there until any member may bring the whole.
    pub aggregation: String,
    /// From there until nobody may any more.
    pub open: String,
    /// How much later each seat may bring it than the one before, and anybody than the members.
    pub stagger: String,
    /// What is paid in all, in basis points of what the request pays at most.
    #[serde(default = "all")]
    pub fee_bps: u16,
    /// What of it who brings the whole is paid for that, in basis points.
    #[serde(default = "tenth")]
    pub aggregator_bps: u16,
    /// A member's deposit, in basis points of the request's bond.
    #[serde(default = "all")]
    pub deposit_bps: u16,
    /// The least it is, in the stake token.
    pub deposit_floor: String,
    /// Whether members lose their deposits if no proof comes.
    #[serde(default)]
    pub bonded: bool,
}

impl Committee {
    pub(super) fn encode(&self, stake: &Token) -> Result<Vec<u8>> {
        let least = self.least.unwrap_or(self.seats);
        let params = CommitteeParams {
            seats: self.seats,
            least,
            needed: self.needed.unwrap_or(least),
            enrolment: time("enrolment", &self.enrolment)?,
            shards: time("shards", &self.shards)?,
            aggregation: time("aggregation", &self.aggregation)?,
            open: time("open", &self.open)?,
            stagger: time("stagger", &self.stagger)?,
            fee_bps: self.fee_bps,
            aggregator_bps: self.aggregator_bps,
            deposit_bps: self.deposit_bps,
            deposit_floor: amount::parse(&self.deposit_floor, stake).context("deposit_floor")?,
            bonded: self.bonded.into(),
        };
        Ok(params.encode())
    }
}

/// Its parameters in words; none if they do not decode.
pub(super) fn words(params: &[u8]) -> Option<String> {
    let p = CommitteeParams::decode(params).ok()?;
    let (fee, bringer) = (percent(p.fee_bps), percent(p.aggregator_bps));
    let bonds = if p.bonded == 0 { "no bonds" } else { "all bonded" };
    let (seats, least, work) = (p.seats, p.least, p.work());
    Some(format!(
        "{least} to {seats} members prove together within {work} s, paid {fee}, {bringer} of it to who brings it, {bonds}"
    ))
}
