//! A sealed auction, as people write and read its parameters.

use anyhow::{Context, Result, bail};
use bourse_chain::read::Token;
use bourse_sim::mechanisms::sealed::{Payment, SealedParams};
use serde::{Deserialize, Serialize};

use super::{all, many, time};
use crate::amount;

/// See `contracts/mechanisms/SealedBid.sol`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// What the winner is paid: `first` (its bid) or `second` (the next one).
    pub payment: String,
    /// How long bids are committed to.
    pub commit: String,
    /// How long they are revealed.
    pub reveal: String,
    /// The most that is paid, in basis points of what the request pays at most.
    #[serde(default = "all")]
    pub reserve_bps: u16,
    /// A bidder's deposit, in basis points of the request's bond.
    #[serde(default)]
    pub deposit_bps: u16,
    /// The least it is, in the stake token.
    pub deposit_floor: String,
    /// Bidders that stand ready behind the winner.
    #[serde(default)]
    pub standbys: u8,
    /// Bidders admitted.
    pub bidders: u8,
}

impl Sealed {
    pub(super) fn encode(&self, stake: &Token) -> Result<Vec<u8>> {
        let payment = match self.payment.as_str() {
            "first" => Payment::FirstPrice,
            "second" => Payment::SecondPrice,
            other => bail!("payment is '{other}'; want first or second"),
        };
        let params = SealedParams {
            payment,
            commit: time("commit", &self.commit)?,
            reveal: time("reveal", &self.reveal)?,
            reserve_bps: self.reserve_bps,
            deposit_bps: self.deposit_bps,
            deposit_floor: amount::parse(&self.deposit_floor, stake).context("deposit_floor")?,
            standbys: self.standbys,
            bidders: self.bidders,
        };
        Ok(params.encode())
    }
}

/// Its parameters in words; none if they do not decode.
pub(super) fn words(params: &[u8]) -> Option<String> {
    let p = SealedParams::decode(params).ok()?;
    let pays = match p.payment {
        Payment::FirstPrice => "first price",
        Payment::SecondPrice => "second price",
    };
    let (bidders, standbys) = (many(p.bidders, "bidder"), many(p.standbys, "standby"));
    Some(format!("{pays}, commit {} s, reveal {} s, {bidders}, {standbys}", p.commit, p.reveal))
}
