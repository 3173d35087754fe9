//! What a contract said no with: a sentence for people, and what to do next for programs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use alloy::dyn_abi::{DynSolValue, ErrorExt};
use alloy::json_abi::{Error as AbiError, JsonAbi};
use alloy::primitives::{Selector, hex};
use alloy::sol_types::{Panic, Revert as ErrorString, SolError};
use bourse_bindings::{Errors, MARKET_ABI};
use bourse_sim::Time;

use crate::intent::Fault;
use crate::sentences::SENTENCES;

/// A contract's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revert {
    /// The error's name, such as `NotYet`; `Error` and `Panic` for those of the language; empty if it is unknown.
    pub name: String,
    /// The error's fields, in order: name and value. Integers are decimal, bytes hex.
    pub arguments: Vec<(String, String)>,
    /// The error inside, where this one only passes on what somebody else said.
    pub reason: Option<Box<Revert>>,
    /// As it came.
    pub data: Vec<u8>,
}

/// Every error that the market, its parts, mechanisms and tokens are known to revert with.
static KNOWN: LazyLock<BTreeMap<Selector, AbiError>> = LazyLock::new(|| {
    // The text is part of this program, and a test reads it.
    let market: JsonAbi = serde_json::from_str(MARKET_ABI).expect("the market's ABI is JSON");
    let others = Errors::abi::errors();
    market.errors.into_values().chain(others.into_values()).flatten().map(|error| (error.selector(), error)).collect()
});

/// What waiting for an unknown time starts with.
const A_BLOCK: Duration = Duration::from_secs(12);

impl Revert {
    /// Reads revert data. Never fails: what is unknown is shown as bytes.
    pub fn decode(data: &[u8]) -> Self {
        Self::known(data).unwrap_or_else(|| Self {
            name: String::new(),
            arguments: Vec::new(),
            reason: None,
            data: data.to_vec(),
        })
    }

    /// The value of the field `name`, if there is one.
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.arguments.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The error at the bottom: what the innermost callee said.
    pub fn root(&self) -> &Self {
        self.reason.as_ref().map_or(self, |reason| reason.root())
    }

    /// What to do next, at chain time `now`.
    pub fn fault(self, now: Time) -> Fault {
        let root = self.root();
        let not_before = match root.name.as_str() {
            "NotYet" | "TooEarly" => root.number("notBefore"),
            "NotDue" => root.number("due"),
            "NothingFollows" => root.number("wake").filter(|wake| *wake != 0),
            "GasTooLow" | "ReentrancyGuardReentrantCall" => Some(now),
            "AtCapacity" => Some(now.saturating_add(A_BLOCK.as_secs())),
            _ => None,
        };
        match not_before {
            Some(time) => {
                let after = Duration::from_secs(time.saturating_sub(now).max(1));
                Fault::Retry { after, why: self.to_string() }
            }
            None => Fault::Drop { why: self.to_string(), revert: Some(self) },
        }
    }

    fn known(data: &[u8]) -> Option<Self> {
        let selector = Selector::from_slice(data.get(..4)?);
        let builtin = |name: &str, field: &str, value: String| Self {
            name: name.to_owned(),
            arguments: vec![(field.to_owned(), value)],
            reason: None,
            data: data.to_vec(),
        };
        if selector == ErrorString::SELECTOR {
            return ErrorString::abi_decode(data).ok().map(|error| builtin("Error", "message", error.reason));
        }
        if selector == Panic::SELECTOR {
            return Panic::abi_decode(data).ok().map(|panic| builtin("Panic", "code", panic.code.to_string()));
        }
        let error = KNOWN.get(&selector)?;
        let values = error.decode_error(data).ok()?.body;
        let names = error.inputs.iter().map(|input| input.name.clone());
        let reason = error.inputs.iter().position(|input| input.name == "reason" && input.ty == "bytes");
        let reason = reason.and_then(|at| values.get(at)?.as_bytes()).filter(|reason| !reason.is_empty());
        Some(Self {
            name: error.name.clone(),
            reason: reason.map(|reason| Box::new(Self::decode(reason))),
            arguments: names.zip(values.iter().map(show)).collect(),
            data: data.to_vec(),
        })
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.argument(name)?.parse().ok()
    }

    /// A field, as a sentence shows it.
    fn shown(&self, field: &str) -> Option<String> {
        if field == "reason" {
            let silent = || "it did not say why".to_owned();
            return Some(self.reason.as_ref().map_or_else(silent, |reason| reason.to_string()));
        }
        if self.name == "WrongStatus" && field != "id" {
            let names = ["unknown", "open", "awarded", "fulfilled", "closed", "cancelled"];
            return names.get(usize::try_from(self.number(field)?).ok()?).map(|name| (*name).to_owned());
        }
        if self.name == "MoveRefused" && field == "kind" {
            let names = ["hold", "release", "forfeit", "award", "close", "draw", "reward"];
            return names.get(usize::try_from(self.number(field)?).ok()?).map(|name| (*name).to_owned());
        }
        if field == "token" && self.argument(field)?.trim_start_matches("0x").chars().all(|digit| digit == '0') {
            return Some("the native coin".to_owned());
        }
        self.argument(field).map(ToOwned::to_owned)
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            return match self.data.as_slice() {
                [] => f.write_str("the contract refused without saying why"),
                data => write!(f, "the contract refused with an error that is not known here: {}", short(data)),
            };
        }
        let Some(sentence) = sentence(&self.name, |field| self.argument(field).is_some()) else {
            let fields: Vec<_> = self.arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            return write!(f, "{}({})", self.name, fields.join(", "));
        };
        for (i, part) in sentence.split(['{', '}']).enumerate() {
            match i % 2 {
                0 => f.write_str(part)?,
                _ => f.write_str(&self.shown(part).unwrap_or_else(|| format!("{{{part}}}")))?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Revert {}

/// The sentence of the error `name`, if it `has` the fields.
fn sentence(name: &str, has: impl Fn(&str) -> bool) -> Option<&'static str> {
    let fits = |sentence: &str| sentence.split(['{', '}']).skip(1).step_by(2).all(&has);
    SENTENCES.iter().find(|(of, sentence)| *of == name && fits(sentence)).map(|(_, sentence)| *sentence)
}

fn show(value: &DynSolValue) -> String {
    match value {
        DynSolValue::Uint(value, _) => value.to_string(),
        DynSolValue::Int(value, _) => value.to_string(),
        DynSolValue::Address(value) => value.to_string(),
        DynSolValue::Bool(value) => value.to_string(),
        DynSolValue::String(value) => value.clone(),
        DynSolValue::FixedBytes(word, size) => hex::encode_prefixed(word.get(..*size).unwrap_or_default()),
        DynSolValue::Bytes(value) => short(value),
        other => format!("{other:?}"),
    }
}

/// Bytes in hex, without the end of long ones.
fn short(data: &[u8]) -> String {
    match data.get(..68) {
        Some(head) if data.len() > 68 => format!("{}… ({} bytes)", hex::encode_prefixed(head), data.len()),
        _ => hex::encode_prefixed(data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_error_has_a_sentence_that_names_only_its_fields() {
        for error in KNOWN.values() {
            let fields = |field: &str| error.inputs.iter().any(|input| input.name == field);
            assert!(sentence(&error.name, fields).is_some(), "{} has no sentence of its fields", error.signature());
        }
        assert!(KNOWN.len() > 80, "{} errors", KNOWN.len());
    }

    #[test]
    fn every_sentence_is_of_a_known_error() {
        for (name, _) in SENTENCES {
            let known = KNOWN.values().any(|error| error.name == *name) || ["Error", "Panic"].contains(name);
            assert!(known, "{name} is no error");
        }
    }
}
