//! Where the market is and who is asking: flag, else environment, else settings file, else what `bourse deploy` or
//! `bourse demo` left behind.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bourse_chain::{Key, Password};
use bourse_sim::Account;
use serde::{Deserialize, Serialize};

use crate::amount;
use crate::deployment::Deployment;

/// The variable that may hold the private key.
pub const KEY: &str = "BOURSE_PRIVATE_KEY";
/// The variable that may hold the password of the keystore.
pub const PASSWORD: &str = "BOURSE_PASSWORD";
/// Where nodes listen if nobody says otherwise.
const LOCAL: &str = "http://127.0.0.1:8545";

/// What every command takes.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Global {
    /// JSON-RPC endpoint of a node
    #[arg(long, global = true, env = "BOURSE_RPC", value_name = "URL", help_heading = "Connection")]
    pub rpc: Option<String>,
    /// Address of the market
    #[arg(long, global = true, env = "BOURSE_MARKET", value_name = "ADDRESS", help_heading = "Connection")]
    pub market: Option<String>,
    /// Where deployment, requests, receipts and proofs are kept
    #[arg(
        long,
        global = true,
        env = "BOURSE_FOLDER",
        value_name = "PATH",
        default_value = ".bourse",
        help_heading = "Connection"
    )]
    pub folder: PathBuf,
    /// Settings file (TOML: rpc, market, keystore, password_file) [default: bourse.toml in the folder, if there is one]
    #[arg(long, global = true, env = "BOURSE_CONFIG", value_name = "PATH", help_heading = "Connection")]
    pub config: Option<PathBuf>,
    /// Encrypted keystore of the account that signs; without one, the key comes from BOURSE_PRIVATE_KEY
    #[arg(long, global = true, env = "BOURSE_KEYSTORE", value_name = "PATH", help_heading = "Connection")]
    pub keystore: Option<PathBuf>,
    /// File with the keystore's password; without one, it comes from BOURSE_PASSWORD
    #[arg(long, global = true, env = "BOURSE_PASSWORD_FILE", value_name = "PATH", help_heading = "Connection")]
    pub password_file: Option<PathBuf>,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    pub json: bool,
}

/// What a settings file may say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    rpc: Option<String>,
    market: Option<String>,
    keystore: Option<PathBuf>,
    password_file: Option<PathBuf>,
}

/// What holds after flags, environment and files have been heard.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The endpoint.
    pub rpc: String,
    /// The market, if it is known.
    pub market: Option<Account>,
    /// The folder of this program's files.
    pub folder: PathBuf,
    /// What is known of the deployment. Only there if it is the one of `market`.
    pub deployment: Option<Deployment>,
    keystore: Option<PathBuf>,
    password_file: Option<PathBuf>,
}

/// The effective settings, without secrets.
#[derive(Debug, Serialize)]
pub struct Shown {
    rpc: String,
    market: Option<String>,
    folder: PathBuf,
    deployment: Option<PathBuf>,
    keystore: Option<PathBuf>,
    password: Option<String>,
    private_key: Option<&'static str>,
}

impl Settings {
    /// # Errors
    /// If a file cannot be read, or the market's address is none.
    pub fn from_global(global: &Global) -> Result<Self> {
        let said = Said::read(global)?;
        let mut deployment = Deployment::read(&global.folder)?;
        let market = global.market.clone().or(said.market).map(|text| amount::account(&text)).transpose()?;
        if let (Some(market), Some(known)) = (market, &deployment)
            && known.market()? != market
        {
            deployment = None;
        }
        let market = match (market, &deployment) {
            (None, Some(deployment)) => Some(deployment.market()?),
            (market, _) => market,
        };
        let known = deployment.as_ref().map(|deployment| deployment.rpc.clone());
        Ok(Self {
            rpc: global.rpc.clone().or(said.rpc).or(known).unwrap_or_else(|| LOCAL.to_owned()),
            market,
            folder: global.folder.clone(),
            deployment,
            keystore: global.keystore.clone().or(said.keystore),
            password_file: global.password_file.clone().or(said.password_file),
        })
    }

    /// The key that signs.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn key(&self) -> Result<Key> {
        let Some(keystore) = &self.keystore else {
            return Key::from_env(KEY).context("no key to sign with: set BOURSE_PRIVATE_KEY, or name a --keystore");
        };
        let password = match &self.password_file {
            Some(file) => Password::File(file.clone()),
            None => Password::Variable(PASSWORD.to_owned()),
        };
        Ok(Key::from_keystore(keystore, &password)?)
    }

    /// The market.
    ///
    /// # Errors
    /// If nobody said where it is.
    pub fn market(&self) -> Result<Account> {
        let Some(market) = self.market else {
            bail!(
                "no market known: name one with --market or BOURSE_MARKET, or `bourse deploy` one, which writes {}",
                Deployment::path(&self.folder).display()
            );
        };
        Ok(market)
    }

    /// What to print of them.
    pub fn shown(&self) -> Shown {
        let password = self.keystore.as_ref().map(|_| match &self.password_file {
            Some(file) => format!("in {}", file.display()),
            None => format!("in {PASSWORD}"),
        });
        Shown {
            rpc: redacted(&self.rpc),
            market: self.market.map(amount::address),
            folder: self.folder.clone(),
            deployment: self.deployment.as_ref().map(|_| Deployment::path(&self.folder)),
            keystore: self.keystore.clone(),
            password,
            private_key: std::env::var_os(KEY).map(|_| "set, not shown"),
        }
    }
}

impl Said {
    fn read(global: &Global) -> Result<Self> {
        let usual = global.folder.join("bourse.toml");
        let path: &Path = match &global.config {
            Some(path) => path,
            None if usual.exists() => &usual,
            None => return Ok(Self::default()),
        };
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is no settings file", path.display()))
    }
}

/// Endpoints often carry a password or an access token: only scheme and host are shown.
fn redacted(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let (credentials, host) = host.rsplit_once('@').map_or(("", host), |(_, host)| ("…@", host));
    let path = if rest.len() > host.len() + credentials.len() && rest.contains(['/', '?']) { "/…" } else { "" };
    format!("{scheme}://{credentials}{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_endpoints_are_not_shown() {
        assert_eq!(redacted("http://127.0.0.1:8545"), "http://127.0.0.1:8545");
        assert_eq!(redacted("https://node.example/v2/abcdef"), "https://node.example/…");
        assert_eq!(redacted("https://me:secret@node.example"), "https://…@node.example");
        assert_eq!(redacted("https://node.example?key=abc"), "https://node.example/…");
    }
}
