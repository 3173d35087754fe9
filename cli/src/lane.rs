//! A lane as it is said, in a file: what its requests have to keep to, what is wished for, and who may route it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use bourse_chain::read::Token;
use bourse_sim::ask::{CAP_FIXED_PRICE, CAP_INSTANT, CAP_OPEN_ENTRY, CAP_SEALED, CAP_SINGLE_RECIPIENT, CAP_TRUTHFUL};
use bourse_sim::lane::{Mandate, Terms, Wish};
use bourse_sim::qos::terms::ATTRIBUTES;
use bourse_sim::{Bps, Time, Wei};
use serde::{Deserialize, Serialize};

use crate::amount;

/// What a mechanism can be required to be.
const CAPABILITIES: [(&str, u32); 6] = [
    ("sealed", CAP_SEALED),
    ("fixed-price", CAP_FIXED_PRICE),
    ("open-entry", CAP_OPEN_ENTRY),
    ("instant", CAP_INSTANT),
    ("single-recipient", CAP_SINGLE_RECIPIENT),
    ("truthful", CAP_TRUTHFUL),
];

/// A lane as it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The usual size of a request, in units of the verifier; what it may cost at most; and how long it may take at most.
    pub work: u64,
    /// See `work`.
    pub max_price: String,
    /// See `work`.
    pub latency: String,
    /// The usual bond and window of a request.
    pub bond: String,
    /// See `bond`.
    #[serde(default = "window")]
    pub window: String,
    /// The token that is paid in; the native coin unless named.
    pub token: Option<String>,
    /// Verifier, by number or name.
    #[serde(default = "groth16")]
    pub verifier: String,
    /// The longest that finding a prover may take.
    pub award: Option<String>,
    /// Least share of the bond behind an award, in basis points.
    #[serde(default)]
    pub bond_bps: Bps,
    /// Least number of awards that a bidder has kept, and least share of those that ended, in basis points.
    #[serde(default)]
    pub kept: u16,
    /// See `kept`.
    #[serde(default)]
    pub reliability: Bps,
    /// Provers that stand ready to take over.
    #[serde(default)]
    pub standbys: u8,
    /// What mechanisms have to be: see [`CAPABILITIES`].
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// The only provers that may bid, by address; anyone unless named.
    #[serde(default)]
    pub provers: Vec<String>,
    /// Least share of requests that are proven, and largest share of one prover, in basis points.
    #[serde(default)]
    pub completion: Bps,
    /// See `completion`.
    #[serde(default)]
    pub share: Bps,
    /// By attribute: see [`ATTRIBUTES`].
    #[serde(default)]
    pub wishes: BTreeMap<String, SaidWish>,
    /// Who else may route it.
    pub mandate: Option<SaidMandate>,
}

/// How much one attribute matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaidWish {
    /// In basis points of all wishes.
    pub weight: Bps,
    /// Good enough, and of no use: an amount for a usual request, a time, or basis points.
    pub best: String,
    /// See `best`.
    pub worst: String,
}

/// Who may route a lane, and how far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaidMandate {
    /// From now on.
    pub lasts: String,
    /// Between two moves.
    pub cooldown: String,
    /// Paid for a move, in the lane's token.
    #[serde(default = "nothing")]
    pub tip: String,
    /// Stake that a keeper has to have in the market.
    #[serde(default = "nothing")]
    pub stake: String,
    /// By address; anyone unless named.
    #[serde(default)]
    pub keepers: Vec<String>,
    /// By name or address; any unless named.
    #[serde(default)]
    pub mechanisms: Vec<String>,
}

fn window() -> String {
    "2m".into()
}

fn groth16() -> String {
    crate::deploy::GROTH16.into()
}

fn nothing() -> String {
    "0".into()
}

impl Said {
    /// Reads a file: JSON if it is called so, else TOML.
    ///
    /// # Errors
    /// If it cannot be read, or has a field that no lane has.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let json = path.extension().is_some_and(|extension| extension == "json");
        Ok(if json { serde_json::from_str(&text)? } else { toml::from_str(&text)? })
    }

    /// What it means, paid in `token`, with stakes in `stake`, for the verifier of that number.
    ///
    /// # Errors
    /// Which field is wrong, and what would be right.
    pub fn terms(&self, token: &Token, stake: &Token, verifier: u32) -> Result<Terms> {
        ensure!(self.work != 0, "`work` is 0, it has to be at least 1");
        let max_price = amount::parse(&self.max_price, token)?;
        ensure!(max_price != 0, "`max_price` is 0, it has to be at least the smallest amount there is");
        let wishes = self.wishes.iter().map(|(name, wish)| self.wish(name, wish, token)).collect::<Result<_>>()?;
        Ok(Terms {
            token: token.address,
            verifier,
            work: self.work,
            bond: amount::parse(&self.bond, stake)?,
            window: seconds(&self.window)?,
            price_per_unit: max_price.div_ceil(self.work.into()),
            latency: seconds(&self.latency)?,
            award: self.award.as_deref().map_or(Ok(0), seconds)?,
            bond_bps: self.bond_bps,
            kept: self.kept,
            reliability: self.reliability,
            standbys: self.standbys,
            capabilities: self
                .capabilities
                .iter()
                .try_fold(0, |bits, name| Ok::<_, anyhow::Error>(bits | bit(name)?))?,
            closed: !self.provers.is_empty(),
            completion: self.completion,
            share: self.share,
            wishes,
        })
    }

    fn wish(&self, name: &str, said: &SaidWish, token: &Token) -> Result<Wish> {
        let known = ATTRIBUTES.map(|known| known.to_string());
        let Some(attribute) = known.iter().position(|known| known == name) else {
            bail!("'{name}' is no wish; want one of {}", known.join(", "))
        };
        let value = |text: &str| match name {
            "cost" => Ok(amount::parse(text, token)? / Wei::from(self.work)),
            "latency" | "tail" if text != "0" => Ok(amount::seconds(text)?.into()),
            _ => text.parse().with_context(|| format!("'{text}' is no whole number, as the wish '{name}' has")),
        };
        let attribute = u8::try_from(attribute)?;
        Ok(Wish { attribute, weight: said.weight, best: value(&said.best)?, worst: value(&said.worst)? })
    }
}

impl SaidMandate {
    /// What it means, said at `now`, unix seconds.
    ///
    /// # Errors
    /// Which field is wrong.
    pub fn mandate(&self, token: &Token, stake: &Token, now: Time) -> Result<Mandate> {
        Ok(Mandate {
            until: now + amount::seconds(&self.lasts)?,
            cooldown: seconds(&self.cooldown)?,
            stake: amount::parse(&self.stake, stake)?,
            tip: amount::parse(&self.tip, token)?,
            anyone: self.keepers.is_empty(),
            any_mechanism: self.mechanisms.is_empty(),
        })
    }
}

/// The names of capability bits.
pub fn capabilities(bits: u32) -> Vec<&'static str> {
    CAPABILITIES.iter().filter(|(_, bit)| bits & bit != 0).map(|(name, _)| *name).collect()
}

/// The name of an attribute; none if there is none of that number.
pub fn attribute(number: u8) -> Option<String> {
    ATTRIBUTES.get(usize::from(number)).map(ToString::to_string)
}

fn bit(name: &str) -> Result<u32> {
    let found = CAPABILITIES.iter().find(|(known, _)| *known == name);
    let names = || CAPABILITIES.map(|(known, _)| known).join(", ");
    found.map(|(_, bit)| *bit).with_context(|| format!("'{name}' is no capability; want some of {}", names()))
}

fn seconds(text: &str) -> Result<u32> {
    u32::try_from(amount::seconds(text)?).with_context(|| format!("{text} is too long"))
}
