//! A scoring auction, as people write and read its parameters.

use anyhow::{Context, Result, bail, ensure};
use bourse_chain::read::Token;
use bourse_sim::mechanisms::scoring::{Payment, ScoringParams, Weights};
use serde::{Deserialize, Serialize};

use super::{all, many, percent, time};
use crate::amount;

/// See `contracts/mechanisms/Scoring.sol`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scoring {
    /// What the winner is paid: `first` (its own price) or `second` (the price at which it would be as good as the next).
    pub payment: String,
    /// How long bids are committed to.
    pub commit: String,
    /// How long they are revealed.
    pub reveal: String,
    /// What a proof is worth at the end of the window, in basis points of what the request pays at most.
    pub base_bps: u16,
    /// What it is worth more if the whole window is saved.
    pub time_bps: u16,
    /// What it is worth more if the whole bond is at risk.
    #[serde(default)]
    pub bond_bps: u16,
    /// The least stake at risk for what a promised time is worth, in basis points of that.
    #[serde(default = "all")]
    pub penalty_bps: u16,
    /// What one stake token is worth, in the token that is paid; 1 unless said, if the two are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stake_worth: Option<String>,
    /// The least share of the bond at risk, in basis points.
    pub least_bond_bps: u16,
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

impl Scoring {
    pub(super) fn encode(&self, token: &Token, stake: &Token) -> Result<Vec<u8>> {
        let payment = match self.payment.as_str() {
            "first" => Payment::FirstScore,
            "second" => Payment::SecondScore,
            other => bail!("payment is '{other}'; want first or second"),
        };
        let params = ScoringParams {
            payment,
            commit: time("commit", &self.commit)?,
            reveal: time("reveal", &self.reveal)?,
            weights: Weights {
                base_bps: self.base_bps,
                time_bps: self.time_bps,
                bond_bps: self.bond_bps,
                penalty_bps: self.penalty_bps,
                stake_worth: self.worth(token, stake)?,
                least_bond_bps: self.least_bond_bps,
            },
            deposit_bps: self.deposit_bps,
            deposit_floor: amount::parse(&self.deposit_floor, stake).context("deposit_floor")?,
            standbys: self.standbys,
            bidders: self.bidders,
        };
        Ok(params.encode())
    }

    /// What 10^18 units of the stake token are worth, in units of the token.
    fn worth(&self, token: &Token, stake: &Token) -> Result<u128> {
        const UNITS: u32 = 18;
        let Some(text) = &self.stake_worth else {
            ensure!(
                token.address == stake.address,
                "stake_worth is missing: stakes are in {}, prices in {}",
                stake.symbol,
                token.symbol
            );
            return Ok(10_u128.pow(UNITS));
        };
        let one = amount::parse(text, token).context("stake_worth")?;
        let decimals = u32::from(stake.decimals);
        let scaled = match UNITS.checked_sub(decimals) {
            Some(more) => 10_u128.checked_pow(more).and_then(|scale| one.checked_mul(scale)),
            None => 10_u128.checked_pow(decimals - UNITS).map(|scale| one / scale),
        };
        scaled.filter(|worth| *worth < 1 << 112).with_context(|| format!("stake_worth: {text} is too much"))
    }
}

/// Its parameters in words; none if they do not decode.
pub(super) fn words(params: &[u8]) -> Option<String> {
    let p = ScoringParams::decode(params).ok()?;
    let pays = match p.payment {
        Payment::FirstScore => "first score",
        Payment::SecondScore => "second score",
    };
    let [base, time, bond] = [p.weights.base_bps, p.weights.time_bps, p.weights.bond_bps].map(percent);
    let (bidders, standbys) = (many(p.bidders, "bidder"), many(p.standbys, "standby"));
    let worth = format!("worth {base}, in no time {time} more, at the whole bond {bond} more");
    Some(format!("{pays}: {worth}; commit {} s, reveal {} s, {bidders}, {standbys}", p.commit, p.reveal))
}
