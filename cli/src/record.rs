//! Requests this folder knows: written down before they are sent, so that the same file finds its request again.

use std::path::{Path, PathBuf};

use alloy::hex;
use anyhow::{Context, Result, bail};
use bourse_chain::wire;
use bourse_sim::request::Request;
use bourse_sim::{Account, Id};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{amount, disk};

/// A request as it was made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub id: Id,
    /// What it was made from; see [`crate::spec::Spec::fingerprint`].
    pub fingerprint: Id,
    /// A block before it entered.
    pub block: u64,
    /// The chain and the market it is for.
    pub chain: u64,
    /// See `chain`.
    pub market: Account,
    /// The request.
    pub request: Request,
    /// What provers need.
    pub input: Vec<u8>,
    /// The requester's signature, if it was signed and not sent.
    pub signature: Vec<u8>,
    /// The rounds of the built-in circuit, if that is what is proven.
    pub rounds: Option<u32>,
}

/// On disk.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    id: String,
    fingerprint: String,
    block: u64,
    chain: u64,
    market: String,
    request: Value,
    input: String,
    signature: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    rounds: Option<u32>,
}

impl Record {
    /// Where it is written.
    pub fn path(&self, folder: &Path) -> PathBuf {
        folder.join("requests").join(format!("{}.json", hex::encode(self.id)))
    }

    /// Writes it into `folder`.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(&self, folder: &Path) -> Result<PathBuf> {
        let path = self.path(folder);
        disk::write(&path, &serde_json::to_vec_pretty(&self.written())?)?;
        Ok(path)
    }

    /// All that `folder` knows.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn all(folder: &Path) -> Result<Vec<Self>> {
        let folder = folder.join("requests");
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let entries = std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
        let mut all = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                all.push(Self::read(&path)?);
            }
        }
        Ok(all)
    }

    /// Reads one file.
    ///
    /// # Errors
    /// If it is none that was written here.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let written = || -> Result<Self> { Self::from_written(serde_json::from_str(&text)?) };
        written().with_context(|| format!("{} is no request", path.display()))
    }

    /// The one whose id is or starts with `prefix`.
    ///
    /// # Errors
    /// If there is more than one.
    pub fn find(folder: &Path, prefix: &str) -> Result<Option<Self>> {
        let prefix = prefix.trim().trim_start_matches("0x").trim_end_matches('…').to_ascii_lowercase();
        let mut found = Self::all(folder)?.into_iter().filter(|record| hex::encode(record.id).starts_with(&prefix));
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => bail!("several requests start with 0x{prefix}: give more of the id"),
            (found, _) => Ok(found),
        }
    }

    fn written(&self) -> Written {
        Written {
            id: amount::hex(&self.id),
            fingerprint: amount::hex(&self.fingerprint),
            block: self.block,
            chain: self.chain,
            market: amount::address(self.market),
            request: wire::request_json(&self.request),
            input: amount::hex(&self.input),
            signature: amount::hex(&self.signature),
            rounds: self.rounds,
        }
    }

    fn from_written(written: Written) -> Result<Self> {
        Ok(Self {
            id: amount::word(&written.id)?,
            fingerprint: amount::word(&written.fingerprint)?,
            block: written.block,
            chain: written.chain,
            market: amount::account(&written.market)?,
            request: wire::read_request(&written.request)?,
            input: amount::bytes(&written.input)?,
            signature: amount::bytes(&written.signature)?,
            rounds: written.rounds,
        })
    }
}
