//! A mechanism instance as it is said, in a file, and the parameters of the shipped mechanisms as people write and read
//! them.

use std::path::Path;

use anyhow::{Context, Result, bail};
use bourse_chain::read::Token;
use bourse_sim::Wei;
use bourse_sim::mechanisms::dutch::DutchParams;
use bourse_sim::mechanisms::english::EnglishParams;
use bourse_sim::mechanisms::posted::PostedParams;
use bourse_sim::mechanisms::sealed::{Payment, SealedParams};
use serde::{Deserialize, Serialize};

use crate::amount;

/// An instance as it is said. Exactly one of the parameter tables, or `params`, is there.
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
}

/// See `contracts/mechanisms/PostedPrice.sol`. Times like 30s or 5m.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posted {
    /// Paid for any request; `any` pays what each request names as its most.
    #[serde(default = "nothing")]
    pub base: String,
    /// Paid on top for every million units of work.
    #[serde(default = "nothing")]
    pub rate: String,
    /// How long the price stands.
    pub patience: String,
}

/// See `contracts/mechanisms/Dutch.sol`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dutch {
    /// Where the price starts, in basis points of what the request pays at most.
    pub start_bps: u16,
    /// Where it ends.
    pub end_bps: u16,
    /// How long it stays at its start; nothing unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<String>,
    /// How long it climbs.
    pub ramp: String,
    /// How long it then stays.
    pub patience: String,
}

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

    /// The name of the shipped mechanism it is for, if it is for one, and the encoded parameters.
    ///
    /// # Errors
    /// If it has no parameters, or those of several.
    pub fn encoded(&self, token: &Token, stake: &Token) -> Result<(Option<&'static str>, Vec<u8>)> {
        let params = match (&self.posted, &self.dutch, &self.sealed, &self.english, &self.params) {
            (Some(posted), None, None, None, None) => (Some("posted"), posted.encode(token)?),
            (None, Some(dutch), None, None, None) => (Some("dutch"), dutch.encode()?),
            (None, None, Some(sealed), None, None) => (Some("sealed"), sealed.encode(stake)?),
            (None, None, None, Some(english), None) => (Some("english"), english.encode(stake)?),
            (None, None, None, None, Some(params)) => (None, amount::bytes(params)?),
            _ => bail!("want exactly one of [posted], [dutch], [sealed], [english] and params"),
        };
        if params.0.is_none() && self.mechanism.is_none() {
            bail!("`mechanism` is missing: `params` say nothing without the address of their mechanism");
        }
        Ok(params)
    }
}

impl Posted {
    fn encode(&self, token: &Token) -> Result<Vec<u8>> {
        let base = if self.base == "any" { ANY } else { amount::parse(&self.base, token).context("base")? };
        let rate = amount::parse(&self.rate, token).context("rate")?;
        Ok(PostedParams { base, rate, patience: time("patience", &self.patience)? }.encode())
    }
}

impl Dutch {
    fn encode(&self) -> Result<Vec<u8>> {
        let params = DutchParams {
            start_bps: self.start_bps,
            end_bps: self.end_bps,
            delay: self.delay.as_deref().map_or(Ok(0), |delay| time("delay", delay))?,
            ramp: time("ramp", &self.ramp)?,
            patience: time("patience", &self.patience)?,
        };
        Ok(params.encode())
    }
}

impl Sealed {
    fn encode(&self, stake: &Token) -> Result<Vec<u8>> {
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

impl English {
    fn encode(&self, stake: &Token) -> Result<Vec<u8>> {
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

/// The parameters of a shipped mechanism in words; none if it is another, or they do not decode.
pub fn words(mechanism: &str, params: &[u8], token: &Token) -> Option<String> {
    Some(match mechanism {
        "posted" => {
            let p = PostedParams::decode(params).ok()?;
            let base = if p.base == ANY { "what is named".to_owned() } else { amount::show(p.base, token) };
            let rate =
                if p.rate == 0 { String::new() } else { format!(" + {} per million", amount::show(p.rate, token)) };
            format!("pays {base}{rate}, stands {} s", p.patience)
        }
        "dutch" => {
            let p = DutchParams::decode(params).ok()?;
            let delay = if p.delay == 0 { String::new() } else { format!("after {} s ", p.delay) };
            let (from, to) = (percent(p.start_bps), percent(p.end_bps));
            format!("{delay}climbs from {from} to {to} in {} s, stays {} s", p.ramp, p.patience)
        }
        "sealed" => {
            let p = SealedParams::decode(params).ok()?;
            let pays = match p.payment {
                Payment::FirstPrice => "first price",
                Payment::SecondPrice => "second price",
            };
            let many = |count: u8, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
            let (bidders, standbys) = (many(p.bidders, "bidder"), many(p.standbys, "standby"));
            format!("{pays}, commit {} s, reveal {} s, {bidders}, {standbys}", p.commit, p.reveal)
        }
        "english" => {
            let p = EnglishParams::decode(params).ok()?;
            let (start, step) = (percent(p.start_bps), percent(p.decrement_bps));
            let (lasts, most) = (p.duration, u64::from(p.duration) + u64::from(p.overtime));
            let standby = if p.standbys == 0 { "no standby" } else { "1 standby" };
            format!("bid down from {start} by {step}, {lasts} s from the first bid, {most} s at most, {standby}")
        }
        _ => return None,
    })
}

/// The base of a tariff that pays what each request names.
const ANY: Wei = (1 << 88) - 1;

fn time(name: &str, text: &str) -> Result<u32> {
    let seconds = amount::seconds(text).with_context(|| name.to_owned())?;
    u32::try_from(seconds).with_context(|| format!("{name}: {text} is too long"))
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

fn one() -> u8 {
    1
}
