//! What a requester says, in a file or by flags, before it is a request.

use std::path::Path;

use alloy::hex;
use anyhow::{Context, Result, bail};
use bourse_sim::abi::keccak;
use bourse_sim::{Account, Id};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request as it is said. In a file, numbers and texts are both fine; a flag overrides the field of the same name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, default)]
pub struct Spec {
    /// Mechanism instance, by number or name
    #[arg(long, value_name = "N|NAME")]
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// One of your lanes, by number, instead of an instance: the request enters where the lane leads
    #[arg(long, value_name = "N", conflicts_with_all = ["instance", "instance_version"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lane: Option<u32>,
    /// Version of the instance; the current one unless named
    #[arg(id = "instance_version", long = "instance-version", value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The most you pay for the proof, in the instance's token: 0.02, or 20 gwei
    #[arg(long, value_name = "AMOUNT")]
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub max_price: Option<String>,
    /// Paid to whoever moves an auction on [default: 0]
    #[arg(long, value_name = "AMOUNT")]
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub tip: Option<String>,
    /// Stake that a prover puts at risk [default: as much as max-price, if stakes are counted in the same token]
    #[arg(long, value_name = "AMOUNT")]
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub bond: Option<String>,
    /// When it is too late for a proof: a time from now (10m, 2h) or @unix seconds [default: 10m]
    #[arg(long, value_name = "TIME")]
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// How long one prover may take [default: 2m]
    #[arg(long, value_name = "TIME")]
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// Verifier, by number or name [default: groth16]
    #[arg(long, value_name = "N|NAME")]
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub verifier: Option<String>,
    /// Tells two otherwise equal requests apart [default: follows from the rest, so that the same is not paid twice]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<u64>,
    /// Built-in circuit pow5: how many rounds of three constraints
    #[arg(long, value_name = "N", conflicts_with_all = ["statement", "input", "input_file", "work"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds: Option<u32>,
    /// Built-in circuit pow5: where the chain starts [default: 7]
    #[arg(long, value_name = "NUMBER", requires = "rounds")]
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
    /// What is to be proven, 32 bytes in the verifier's encoding
    #[arg(long, value_name = "HEX")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// What provers need for it, in hex
    #[arg(long, value_name = "HEX", conflicts_with = "input_file")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The same, as it stands in a file
    #[arg(long, value_name = "PATH")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_file: Option<String>,
    /// Size of the work, in units of the verifier (constraints, cycles)
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<u64>,
    /// Contract told of the proof
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
    /// Gas it gets [default: 100000]
    #[arg(long, value_name = "GAS", requires = "callback")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_gas: Option<u32>,
}

/// What is to be proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// The built-in circuit.
    Pow5 {
        /// Rounds of three constraints.
        rounds: u32,
        /// Where the chain starts.
        seed: String,
    },
    /// Anything that the verifier understands.
    Raw {
        /// In the verifier's encoding.
        statement: String,
        /// What provers need, in hex.
        input: String,
        /// Size, in the verifier's units.
        work: u64,
    },
}

impl Spec {
    /// Reads a file: JSON if it is called so, else TOML.
    ///
    /// # Errors
    /// If it cannot be read, or has a field that no request has.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let json = path.extension().is_some_and(|extension| extension == "json");
        let mut spec: Self = if json { serde_json::from_str(&text)? } else { toml::from_str(&text)? };
        // A path in a file is meant from where the file is.
        if let (Some(input), Some(folder)) = (&spec.input_file, path.parent()) {
            spec.input_file = Some(folder.join(input).display().to_string());
        }
        Ok(spec)
    }

    /// This one's fields, and `other`'s where it has none.
    ///
    /// # Errors
    /// None that a well-formed spec can have.
    pub fn over(&self, other: &Self) -> Result<Self> {
        let (mut merged, above) = (serde_json::to_value(other)?, serde_json::to_value(self)?);
        if let (Value::Object(merged), Value::Object(above)) = (&mut merged, above) {
            merged.extend(above);
        }
        Ok(serde_json::from_value(merged)?)
    }

    /// The spec with the bytes of its input file instead of the name: what it means must not change under its name.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn with_input(mut self) -> Result<Self> {
        if let Some(path) = self.input_file.take() {
            let bytes = std::fs::read(&path).with_context(|| format!("reading {path}"))?;
            self.input = Some(hex::encode_prefixed(bytes));
        }
        Ok(self)
    }

    /// What is to be proven.
    ///
    /// # Errors
    /// If it says both kinds, or none.
    pub fn work(&self) -> Result<Work> {
        match (self.rounds, &self.statement) {
            (Some(_), Some(_)) => bail!("both `rounds` and `statement` are given; want one of them"),
            (Some(rounds), None) => Ok(Work::Pow5 { rounds, seed: self.seed.clone().unwrap_or_else(|| "7".into()) }),
            (None, Some(statement)) => {
                let work = self.work.context("`work` is missing: how large is it, in units of the verifier?")?;
                Ok(Work::Raw { statement: statement.clone(), input: self.input.clone().unwrap_or_default(), work })
            }
            (None, None) => {
                bail!("nothing to prove: give `rounds` for the built-in circuit, or `statement` and `work`")
            }
        }
    }

    /// What makes it the same request, said by the same account to the same market.
    ///
    /// # Errors
    /// None that a well-formed spec can have.
    pub fn fingerprint(&self, chain: u64, market: Account, requester: Account) -> Result<Id> {
        let said = serde_json::to_vec(self)?;
        Ok(keccak(&[chain.to_be_bytes().as_slice(), &market, &requester, &said].concat()))
    }
}

/// A text, or a number that is meant as one.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        other => Err(D::Error::custom(format!("{other} is neither a number nor a text"))),
    }
}
