//! Settings: flags before environment (`PROVER_…`, nested with `__`) before file before defaults.

mod settings;

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::primitives::Address;
use anyhow::{Context, ensure};
use bourse_chain::{Key, Password};
use bourse_sim::mechanisms;
use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Deserialize, Serialize};

pub use settings::{
    BackendSettings, BiddingSettings, CommitteeSettings, DeliverySettings, OfferSettings, ProvingSettings,
    QuotingSettings, StandingSettings, SupplySettings,
};

use crate::bid::Policy;

/// The file that is read if none is named.
const DEFAULT_FILE: &str = "prover.toml";
/// Where the private key and the keystore's password may come from; never part of [`Config`].
pub const KEY_VARIABLE: &str = "PROVER_PRIVATE_KEY";
/// See [`KEY_VARIABLE`].
pub const PASSWORD_VARIABLE: &str = "PROVER_KEYSTORE_PASSWORD";

/// All settings. Relative paths are relative to where the program was started.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The node's JSON-RPC endpoint.
    pub node: String,
    /// The market's address.
    pub market: Address,
    /// The block that the market was deployed in; earlier ones are not looked at.
    pub start_block: u64,
    /// Milliseconds between two looks at the chain's head.
    pub poll_ms: u64,
    /// Where jobs and the journal of transactions are kept. Not shared between provers.
    pub data: PathBuf,
    /// Where `/metrics`, `/healthz`, `/readyz`, `/v1/quote` and `/v1/committee` are served; empty for nowhere.
    pub listen: String,
    /// An encrypted keystore, if the key is not in `PROVER_PRIVATE_KEY`. Its password is in `password_file` or in
    /// `PROVER_KEYSTORE_PASSWORD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keystore: Option<PathBuf>,
    /// See `keystore`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// What to log: a level, or a filter such as `info,bourse_prover=debug`.
    pub log: String,
    /// One JSON object per line instead of text.
    pub log_json: bool,
    /// What this prover declares.
    pub supply: SupplySettings,
    /// What it asks of work, by token.
    pub offers: Vec<OfferSettings>,
    /// How it bids.
    pub bidding: BiddingSettings,
    /// How it bids on instances themselves.
    #[serde(default)]
    pub standing: StandingSettings,
    /// How it quotes.
    #[serde(default)]
    pub quoting: QuotingSettings,
    /// How it sits in committees.
    #[serde(default)]
    pub committee: CommitteeSettings,
    /// How it proves.
    pub proving: ProvingSettings,
    /// How it delivers.
    pub delivery: DeliverySettings,
    /// What it can prove.
    pub backends: Vec<BackendSettings>,
}

/// What flags set.
#[derive(Clone, Debug, Default, clap::Args, Serialize)]
pub struct Flags {
    /// The file with settings (TOML) [default: prover.toml, if there is one].
    #[arg(long, short, env = "PROVER_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// The node's JSON-RPC endpoint.
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The market's address.
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market: Option<Address>,
    /// The block that the market was deployed in.
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_block: Option<u64>,
    /// Where jobs and the journal are kept.
    #[arg(long, value_name = "FOLDER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// Where metrics, health and quotes are served.
    #[arg(long, value_name = "ADDRESS:PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// An encrypted keystore.
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keystore: Option<PathBuf>,
    /// A file with the keystore's password.
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// What to log.
    #[arg(long, value_name = "FILTER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Any other setting, as in the file: `--set delivery.keeper=http://127.0.0.1:8080`.
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    #[serde(skip)]
    pub set: Vec<(String, String)>,
}

/// The settings that have defaults.
#[derive(Serialize)]
struct Defaults {
    node: &'static str,
    start_block: u64,
    poll_ms: u64,
    data: &'static str,
    listen: &'static str,
    log: &'static str,
    log_json: bool,
    supply: SupplySettings,
    offers: Vec<OfferSettings>,
    bidding: BiddingSettings,
    standing: StandingSettings,
    quoting: QuotingSettings,
    committee: CommitteeSettings,
    proving: ProvingSettings,
    delivery: DeliverySettings,
    backends: Vec<BackendSettings>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            node: "http://127.0.0.1:8545",
            start_block: 0,
            poll_ms: 500,
            data: "prover-data",
            listen: "127.0.0.1:9465",
            log: "info",
            log_json: false,
            supply: SupplySettings::default(),
            offers: Vec::new(),
            bidding: BiddingSettings::default(),
            standing: StandingSettings::default(),
            quoting: QuotingSettings::default(),
            committee: CommitteeSettings::default(),
            proving: ProvingSettings::default(),
            delivery: DeliverySettings::default(),
            backends: Vec::new(),
        }
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(key, _)| !key.is_empty());
    let (key, value) = parts.ok_or_else(|| format!("'{text}' sets nothing; right would be delivery.blocks=6"))?;
    Ok((key.to_owned(), value.to_owned()))
}

impl Config {
    /// The effective settings.
    ///
    /// # Errors
    /// What is missing or wrong, where it comes from, and what would be right.
    pub fn load(flags: &Flags) -> anyhow::Result<Self> {
        let mut figment = Figment::from(Serialized::defaults(Defaults::default()));
        match &flags.config {
            Some(path) => {
                ensure!(path.is_file(), "there is no file {}; name one that exists with --config", path.display());
                figment = figment.merge(Toml::file_exact(path));
            }
            None if Path::new(DEFAULT_FILE).is_file() => figment = figment.merge(Toml::file_exact(DEFAULT_FILE)),
            None => {}
        }
        let secrets = ["private_key", "keystore_password", "config"];
        figment =
            figment.merge(Env::prefixed("PROVER_").ignore(&secrets).split("__")).merge(Serialized::defaults(flags));
        for (key, value) in &flags.set {
            let value: figment::value::Value = value.parse().unwrap_or_else(|never| match never {});
            figment = figment.merge(Serialized::global(key, value));
        }
        let config: Self = figment.extract().context("the settings do not fit together")?;
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.market.is_zero(),
            "market is the zero address; right is the address that the market was deployed to"
        );
        ensure!(self.poll_ms != 0, "poll_ms is 0; right is 1 or more, for example 500");
        ensure!(self.proving.parallel != 0, "proving.parallel is 0; right is 1 or more");
        self.address()?;
        for name in self.supply.mechanisms.keys() {
            let known: Vec<_> = mechanisms::ALL.iter().map(|mechanism| mechanism.name()).collect();
            ensure!(
                known.contains(&name.as_str()),
                "supply.mechanisms names '{name}'; right are names of mechanisms: {}",
                known.join(", ")
            );
        }
        let mut tokens = BTreeSet::new();
        for offer in &self.offers {
            ensure!(tokens.insert(offer.token), "there are two offers for token {}; right is one", offer.token);
            offer.validate()?;
        }
        let (lowest, highest) = (self.bidding.rival_lowest_bps, self.bidding.rival_highest_bps);
        ensure!(
            lowest <= 10_000 && (10_000..=1_000_000).contains(&highest),
            "bidding.rival_lowest_bps is {lowest} and rival_highest_bps {highest}; right are at most 10000 and 10000 to 1000000"
        );
        let share = self.standing.utilisation_bps;
        ensure!((1..=10_000).contains(&share), "standing.utilisation_bps is {share}; right is 1 to 10000");
        self.committee.validate(&self.listen)?;
        self.backends.iter().try_for_each(BackendSettings::validate)
    }

    /// Where to serve metrics, health and quotes.
    ///
    /// # Errors
    /// If it is neither empty nor an address with a port.
    pub fn address(&self) -> anyhow::Result<Option<SocketAddr>> {
        if self.listen.is_empty() {
            return Ok(None);
        }
        let parsed = self.listen.parse().ok();
        parsed.map(Some).with_context(|| {
            format!("listen is '{}'; right would be 127.0.0.1:9465, or nothing to serve nowhere", self.listen)
        })
    }

    /// The key that signs.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn key(&self) -> anyhow::Result<Key> {
        let Some(path) = &self.keystore else {
            return Key::from_env(KEY_VARIABLE)
                .context("a prover needs a key: in PROVER_PRIVATE_KEY, or in a keystore (keystore = \"file\")");
        };
        let password = match &self.password_file {
            Some(file) => Password::File(file.clone()),
            None => Password::Variable(PASSWORD_VARIABLE.to_owned()),
        };
        Ok(Key::from_keystore(path, &password)?)
    }

    /// As TOML, with what may be secret in it (paths and credentials of URLs, arguments of programs) blotted out.
    ///
    /// # Errors
    /// If it cannot be written as TOML.
    pub fn redacted(&self) -> anyhow::Result<String> {
        let mut shown = self.clone();
        shown.node = redact(&shown.node);
        shown.delivery.keeper = redact(&shown.delivery.keeper);
        shown.committee.peers.values_mut().for_each(|url| *url = redact(url));
        for backend in &mut shown.backends {
            let Some(command) = &mut backend.command else { continue };
            let programs = [Some(&mut command.prove), command.check.as_mut(), command.verify.as_mut()];
            programs.into_iter().flatten().flat_map(|program| &mut program.args).for_each(|arg| *arg = "…".to_owned());
        }
        Ok(toml::to_string(&shown)?)
    }

    /// How to bid.
    pub fn policy(&self) -> Policy {
        Policy {
            margin_bps: self.bidding.margin_bps,
            rival_lowest_bps: self.bidding.rival_lowest_bps,
            rival_highest_bps: self.bidding.rival_highest_bps,
            patience: self.bidding.patience_seconds,
        }
    }

    /// Time between two looks at the chain's head.
    pub fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms)
    }
}

/// Scheme, host and port.
fn redact(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let cut = if host.len() < authority.len() || 1 < tail.len() { "/…" } else { "" };
    format!("{scheme}://{host}{cut}")
}
