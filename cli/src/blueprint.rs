//! A mechanism instance as it is said, in a file, and the parameters of the shipped mechanisms as people write and read
//! them.

use std::path::Path;

use anyhow::{Context, Result, bail};
use bourse_chain::read::Token;
use serde::{Deserialize, Serialize};

use crate::amount;

mod batch;
mod committee;
mod contest;
mod dutch;
mod english;
mod modifiers;
mod posted;
mod race;
mod reserved;
mod rfq;
mod scoring;
mod sealed;
mod seat;
mod sortition;

pub use batch::Batch;
pub use committee::Committee;
pub use contest::Contest;
pub use dutch::Dutch;
pub use english::English;
pub use modifiers::{Gas, Grace, MODIFIERS, Spread};
pub use posted::Posted;
pub use race::Race;
pub use reserved::Reserved;
pub use rfq::Rfq;
pub use scoring::Scoring;
pub use sealed::Sealed;
pub use seat::Seat;
pub use sortition::Sortition;

/// The name of a shipped mechanism, or none, and encoded parameters.
pub type Encoded = (Option<&'static str>, Vec<u8>);

/// An instance as it is said. Exactly one of the parameter tables, or `params`, is there, and any modifiers around it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blueprint {
    /// What it is called here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address of the mechanism, where it is none of the shipped ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mechanism: Option<String>,
    /// The token it is paid in; the native coin unless named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Open to everyone's requests, or only to its owner's.
    #[serde(default = "yes")]
    pub open: bool,
    /// The instance where unserved requests go, by number or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// Verifiers that requests may name, by number or name; all unless named.
    #[serde(default)]
    pub verifiers: Vec<String>,
    /// Parameters of any mechanism, encoded, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<String>,
    /// Parameters of a posted price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub posted: Option<Posted>,
    /// Parameters of a Dutch auction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dutch: Option<Dutch>,
    /// Parameters of a sealed auction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Sealed>,
    /// Parameters of an open descending auction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub english: Option<English>,
    /// Parameters of a request for quotes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rfq: Option<Rfq>,
    /// Parameters of a proof race.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub race: Option<Race>,
    /// Parameters of a scoring auction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scoring: Option<Scoring>,
    /// Parameters of a committee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committee: Option<Committee>,
    /// Parameters of a contest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contest: Option<Contest>,
    /// Parameters of a perpetual seat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seat: Option<Seat>,
    /// Parameters of reserved capacity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved: Option<Reserved>,
    /// Parameters of a sortition by stake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sortition: Option<Sortition>,
    /// Parameters of a batch double auction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
    /// In which order modifiers go around it, the outermost first; unless named, gas around grace around spread.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<String>,
    /// Gas is paid for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gas: Option<Gas>,
    /// There is more time for awards in congested blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace: Option<Grace>,
    /// Nobody wins too often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
}

impl Blueprint {
    /// Reads a file: JSON if it is called so, else TOML.
    ///
    /// # Errors
    /// If it cannot be read, or has a field that no instance has.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let json = path.extension().is_some_and(|extension| extension == "json");
        Ok(if json { serde_json::from_str(&text)? } else { toml::from_str(&text)? })
    }

    /// The name of the shipped mechanism it is for, if it is for one, and the encoded parameters; without modifiers.
    ///
    /// # Errors
    /// If it has no parameters, or those of several.
    pub fn encoded(&self, token: &Token, stake: &Token) -> Result<Encoded> {
        let tables: [Option<Result<Encoded>>; 14] = [
            self.posted.as_ref().map(|table| Ok((Some("posted"), table.encode(token)?))),
            self.dutch.as_ref().map(|table| Ok((Some("dutch"), table.encode()?))),
            self.sealed.as_ref().map(|table| Ok((Some("sealed"), table.encode(stake)?))),
            self.english.as_ref().map(|table| Ok((Some("english"), table.encode(stake)?))),
            self.rfq.as_ref().map(|table| Ok((Some("rfq"), table.encode(stake)?))),
            self.race.as_ref().map(|table| Ok((Some("race"), table.encode(stake)?))),
            self.scoring.as_ref().map(|table| Ok((Some("scoring"), table.encode(token, stake)?))),
            self.committee.as_ref().map(|table| Ok((Some("committee"), table.encode(stake)?))),
            self.contest.as_ref().map(|table| Ok((Some("contest"), table.encode(token, stake)?))),
            self.seat.as_ref().map(|table| Ok((Some("seat"), table.encode(token, stake)?))),
            self.reserved.as_ref().map(|table| Ok((Some("reserved"), table.encode(token, stake)?))),
            self.sortition.as_ref().map(|table| Ok((Some("sortition"), table.encode(token, stake)?))),
            self.batch.as_ref().map(|table| Ok((Some("batch"), table.encode(token, stake)?))),
            self.params.as_ref().map(|params| Ok((None, amount::bytes(params)?))),
        ];
        let mut said = tables.into_iter().flatten();
        let (Some(params), None) = (said.next(), said.next()) else {
            bail!("want exactly one of {} and params", TABLES.map(|name| format!("[{name}]")).join(", "));
        };
        let params = params?;
        if params.0.is_none() && self.mechanism.is_none() {
            bail!("`mechanism` is missing: `params` say nothing without the address of their mechanism");
        }
        Ok(params)
    }
}

/// The parameters of a shipped mechanism in words; none if it is another, or they do not decode.
pub fn words(mechanism: &str, params: &[u8], token: &Token) -> Option<String> {
    if let Some((own, inner, params)) = modifiers::words(mechanism, params, token) {
        return Some(format!("{own}; {}", words(&inner, params, token).unwrap_or(inner)));
    }
    match mechanism {
        "posted" => posted::words(params, token),
        "dutch" => dutch::words(params),
        "sealed" => sealed::words(params),
        "english" => english::words(params),
        "race" => race::words(params),
        "scoring" => scoring::words(params),
        "rfq" => rfq::words(params),
        "committee" => committee::words(params),
        "contest" => contest::words(params, token),
        "seat" => seat::words(params, token),
        "reserved" => reserved::words(params, token),
        "sortition" => sortition::words(params, token),
        "batch" => batch::words(params, token),
        _ => None,
    }
}

/// The tables that a blueprint can have, as their mechanisms are named.
const TABLES: [&str; 13] = [
    "posted",
    "dutch",
    "sealed",
    "english",
    "race",
    "rfq",
    "committee",
    "contest",
    "scoring",
    "seat",
    "reserved",
    "sortition",
    "batch",
];

fn time(name: &str, text: &str) -> Result<u32> {
    let seconds = amount::seconds(text).with_context(|| name.to_owned())?;
    u32::try_from(seconds).with_context(|| format!("{name}: {text} is too long"))
}

fn many(count: impl Into<u64>, word: &str) -> String {
    let count = count.into();
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn percent(bps: u16) -> String {
    format!("{} %", f64::from(bps) / 100.0)
}

fn yes() -> bool {
    true
}

fn nothing() -> String {
    "0".to_owned()
}

fn all() -> u16 {
    10_000
}

fn step() -> u16 {
    500
}

fn tenth() -> u16 {
    1_000
}

fn one() -> u8 {
    1
}
