//! What is deployed where: `deployment.json` in the folder, written by `bourse deploy` and read by everything else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bourse_sim::Account;
use serde::{Deserialize, Serialize};

use crate::{amount, disk};

/// A market and what came with it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// An endpoint of its chain.
    pub rpc: String,
    /// The chain.
    pub chain_id: u64,
    /// The market's address.
    pub market: String,
    /// What stakes are counted in; the zero address is the native coin.
    pub stake_token: String,
    /// A block at or before the market's first event: where to start reading.
    pub block: u64,
    /// Mechanisms by name.
    pub mechanisms: BTreeMap<String, String>,
    /// Verifiers by name.
    pub verifiers: BTreeMap<String, Verifier>,
    /// Instances by name: names are local, numbers are what the market knows.
    #[serde(default)]
    pub instances: BTreeMap<String, u32>,
    /// Accounts by name: names are local, too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accounts: BTreeMap<String, String>,
    /// A keeper's address for people and provers, if one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeper: Option<String>,
    /// Made by `bourse demo`, which may replace it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
}

/// A verifier contract and its number in the market's registry.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct Verifier {
    /// The number that requests name.
    pub number: u32,
    /// The contract.
    pub address: String,
}

impl Deployment {
    /// Where it is written.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join("deployment.json")
    }

    /// The one in `folder`, if there is one.
    ///
    /// # Errors
    /// If there is one that cannot be read.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = Self::path(folder);
        if !path.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let known = serde_json::from_str(&text).with_context(|| format!("{} is no deployment", path.display()))?;
        Ok(Some(known))
    }

    /// Writes it into `folder`.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(&self, folder: &Path) -> Result<PathBuf> {
        let path = Self::path(folder);
        disk::write(&path, serde_json::to_string_pretty(self)?.as_bytes())?;
        Ok(path)
    }

    /// Changes the one in `folder`, whoever else changes it at the same time.
    ///
    /// # Errors
    /// If there is none, or the disk refuses.
    pub fn update(folder: &Path, change: impl FnOnce(&mut Self)) -> Result<()> {
        let path = folder.join("locks").join("deployment");
        let _lock = disk::lock(&path).with_context(|| format!("locking {}", path.display()))?;
        let mut known = Self::read(folder)?.context("there is no deployment.json any more")?;
        change(&mut known);
        known.write(folder)?;
        Ok(())
    }

    /// The market's address.
    ///
    /// # Errors
    /// If what was written is none.
    pub fn market(&self) -> Result<Account> {
        amount::account(&self.market).context("the market in deployment.json")
    }

    /// The local name of an instance.
    pub fn instance_name(&self, number: u32) -> Option<&str> {
        self.instances.iter().find(|(_, of)| **of == number).map(|(name, _)| name.as_str())
    }

    /// The local name of an account.
    pub fn account_name(&self, account: Account) -> Option<&str> {
        name_of(&self.accounts, account)
    }

    /// The number of the verifier called `name`.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn verifier(&self, name: &str) -> Result<u32> {
        let Some(verifier) = self.verifiers.get(name) else {
            bail!("no verifier '{name}' in deployment.json; have {}", list(self.verifiers.keys()));
        };
        Ok(verifier.number)
    }

    /// The name of the mechanism at `address`.
    pub fn mechanism_name(&self, address: Account) -> Option<&str> {
        name_of(&self.mechanisms, address)
    }
}

fn name_of(names: &BTreeMap<String, String>, account: Account) -> Option<&str> {
    let is = |text: &String| amount::account(text).is_ok_and(|known| known == account);
    names.iter().find(|(_, text)| is(text)).map(|(name, _)| name.as_str())
}

/// Names for a message.
pub fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<_> = names.map(String::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
