//! Settings as they are said: flags, environment, file.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use bourse_chain::Password;
use bourse_sim::Wei;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Config, KeySource};
use crate::text;

/// The variable that holds the private key. There is no flag for it: command lines are visible to others.
const KEY: &str = "KEEPER_PRIVATE_KEY";
/// The variable that holds the keystore's password, unless a file does.
const PASSWORD: &str = "KEEPER_KEYSTORE_PASSWORD";

/// What is said. A flag wins over the environment (`KEEPER_` and the flag's name in capitals), which wins over the file.
#[derive(clap::Args, Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// A TOML file with any of the settings below, named as the flags with `_` for `-`
    #[arg(long, value_name = "FILE", env = "KEEPER_CONFIG")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// The node's JSON-RPC endpoint; required
    #[arg(long, value_name = "URL")]
    pub rpc: Option<String>,
    /// The market's address; required
    #[arg(long, value_name = "ADDRESS")]
    pub market: Option<String>,
    /// Refuse to run on another chain
    #[arg(long, value_name = "ID")]
    pub chain_id: Option<u64>,
    /// The block that the market was deployed in, or an earlier one [default: 0]
    #[arg(long, value_name = "BLOCK")]
    pub from_block: Option<u64>,
    /// An encrypted keystore, instead of a key in KEEPER_PRIVATE_KEY
    #[arg(long, value_name = "FILE")]
    pub keystore: Option<PathBuf>,
    /// Its password, instead of one in KEEPER_KEYSTORE_PASSWORD
    #[arg(long, value_name = "FILE")]
    pub keystore_password_file: Option<PathBuf>,
    /// Where the proofs handed in and the journal are kept [default: keeper-data]
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Where HTTP is served; port 0 takes any free one [default: 127.0.0.1:8787]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Time between two looks at the head, in milliseconds [default: 500]
    #[arg(long, value_name = "MS")]
    pub poll: Option<u64>,
    /// Most proofs settled in one transaction [default: 64]
    #[arg(long, value_name = "COUNT")]
    pub batch_size: Option<u64>,
    /// Most gas reckoned for one transaction of settlements [default: 15000000]
    #[arg(long, value_name = "GAS")]
    pub batch_gas: Option<u64>,
    /// Longest that a verified proof waits for others to share its transaction, in milliseconds [default: 250]
    #[arg(long, value_name = "MS")]
    pub batch_wait: Option<u64>,
    /// Largest proof accepted over HTTP, in bytes [default: 131072]
    #[arg(long, value_name = "BYTES")]
    pub max_proof: Option<u64>,
    /// Tick and expire only what earns at least this much native coin after gas, in wei [default: do all]
    #[arg(long, value_name = "WEI", allow_hyphen_values = true)]
    pub min_profit: Option<i64>,
    /// What a unit of gas is reckoned at for --min-profit, in wei [default: 1000000000]
    #[arg(long, value_name = "WEI")]
    pub gas_price: Option<u64>,
    /// Seconds after which an action that has not landed is cancelled and thought over [default: 300]
    #[arg(long, value_name = "SECONDS")]
    pub patience: Option<u64>,
    /// Route the lanes that let this keeper [default: true]
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub routes: Option<bool>,
    /// Register instances that those lanes would be better off with, at most three a day for each, and retune them [default: true]
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub registers: Option<bool>,
    /// Most bid per unit of gas, in wei [default: 500000000000]
    #[arg(long, value_name = "WEI")]
    pub max_fee: Option<u64>,
    /// Least tip to a block's proposer per unit of gas, in wei [default: 1000000]
    #[arg(long, value_name = "WEI")]
    pub min_tip: Option<u64>,
    /// Blocks, its own included, after which a transaction counts as landed [default: 1]
    #[arg(long, value_name = "BLOCKS")]
    pub confirmations: Option<u64>,
    /// Most transactions under way at once [default: 64]
    #[arg(long, value_name = "COUNT")]
    pub in_flight: Option<u64>,
    /// What is logged, such as `info` or `bourse_keeper=debug,warn` [default: info]
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// Log one JSON object a line [default: false]
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub log_json: Option<bool>,
}

/// Settings that make no sense. The text is one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl Args {
    /// What is meant.
    ///
    /// # Errors
    /// [`ConfigError`] names the setting, what it is and what it should be.
    pub fn resolve(&self) -> Result<Config, ConfigError> {
        let said = self.said()?;
        let rpc = required("rpc", said.rpc.as_deref(), "the URL of a node, such as http://127.0.0.1:8545")?;
        if !rpc.starts_with("http://") && !rpc.starts_with("https://") {
            return refuse("rpc", redacted(rpc), "a URL that starts with http:// or https://");
        }
        let market = required("market", said.market.as_deref(), "the market's address")?;
        let Some(account) = text::account_in(market) else {
            return refuse("market", market, "an address: 0x and 40 hex digits");
        };
        let config = Config::new(rpc, account, said.key()?, "keeper-data");
        said.fill(config)
    }

    /// The effective settings as TOML, each with where it came from. Secrets are left out or blotted.
    ///
    /// # Errors
    /// As [`Args::resolve`].
    pub fn print(&self) -> Result<String, ConfigError> {
        let config = self.resolve()?;
        let sources = self.sources()?;
        let source = |name: &str| match sources.find_metadata(name) {
            None => "default".to_owned(),
            Some(metadata) if metadata.name.contains("environment") => "environment".to_owned(),
            Some(metadata) => match metadata.source.as_ref().and_then(|source| source.file_path()) {
                Some(path) => path.display().to_string(),
                None => "flag".to_owned(),
            },
        };
        let lines = settings(&config).into_iter().map(|(name, value)| {
            let setting = format!("{name} = {value}");
            format!("{setting:<58} # {}\n", source(name))
        });
        let key = match &config.key {
            KeySource::Variable(name) => match std::env::var_os(name) {
                Some(_) => format!("# the key is in the environment variable {name}"),
                None => format!("# the key should be in the environment variable {name}, which is not set"),
            },
            KeySource::Keystore(path, _) => format!("# the key is in the keystore {}", path.display()),
            KeySource::Given(_) => "# the key is given".to_owned(),
        };
        Ok(lines.collect::<String>() + &key + "\n")
    }

    /// What is said in all places, and where.
    fn sources(&self) -> Result<Figment, ConfigError> {
        let mut figment = Figment::new();
        if let Some(path) = &self.config {
            if !path.is_file() {
                return refuse("config", path.display(), "a TOML file that exists");
            }
            figment = figment.merge(Toml::file_exact(path));
        }
        let flags = serde_json::to_value(self).map_err(|error| ConfigError(error.to_string()))?;
        let Value::Object(mut flags) = flags else { return Ok(figment) };
        let names: Vec<String> = flags.keys().cloned().collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        flags.retain(|_, value| !value.is_null());
        Ok(figment.merge(Env::prefixed("KEEPER_").only(&names)).merge(Serialized::defaults(flags)))
    }

    fn said(&self) -> Result<Self, ConfigError> {
        self.sources()?.extract().map_err(|error| {
            let problems: Vec<String> = error.into_iter().map(|problem| explain(&problem)).collect();
            ConfigError(problems.join("; "))
        })
    }

    fn key(&self) -> Result<KeySource, ConfigError> {
        match (&self.keystore, &self.keystore_password_file) {
            (None, Some(_)) => refuse("keystore", "not set", "set when keystore_password_file is"),
            (None, None) => Ok(KeySource::Variable(KEY.to_owned())),
            (Some(path), Some(file)) => Ok(KeySource::Keystore(path.clone(), Password::File(file.clone()))),
            (Some(path), None) => Ok(KeySource::Keystore(path.clone(), Password::Variable(PASSWORD.to_owned()))),
        }
    }

    /// `config` with what was said in it.
    fn fill(self, mut config: Config) -> Result<Config, ConfigError> {
        if let Some(listen) = &self.listen {
            let Ok(address) = listen.parse() else {
                return refuse("listen", listen, "an IP address and a port, such as 127.0.0.1:8787");
            };
            config.listen = address;
        }
        config.chain_id = self.chain_id;
        config.from_block = self.from_block.unwrap_or(config.from_block);
        config.data = self.data.unwrap_or(config.data);
        config.log = self.log.unwrap_or(config.log);
        config.log_json = self.log_json.unwrap_or(config.log_json);
        config.routes = self.routes.unwrap_or(config.routes);
        config.goals.registers = self.registers.unwrap_or(config.goals.registers);
        config.poll = milliseconds("poll", self.poll, config.poll, 10)?;
        config.max_proof = count("max_proof", self.max_proof, config.max_proof, 16 << 20)?;

        let goals = &mut config.goals;
        goals.batch_size = count("batch_size", self.batch_size, goals.batch_size, 1_000)?;
        goals.batch_gas = within("batch_gas", self.batch_gas.unwrap_or(goals.batch_gas), 500_000, 1 << 40)?;
        goals.batch_wait = milliseconds("batch_wait", self.batch_wait, goals.batch_wait, 0)?;
        goals.min_profit = self.min_profit.map(i128::from);
        goals.gas_price = self.gas_price.map_or(goals.gas_price, Wei::from);
        goals.patience = within("patience", self.patience.unwrap_or(goals.patience), 10, 86_400)?;

        let execute = &mut config.execute;
        execute.max_fee = self.max_fee.map_or(execute.max_fee, Wei::from);
        execute.min_tip = self.min_tip.map_or(execute.min_tip, Wei::from);
        if execute.max_fee < execute.min_tip {
            return refuse("max_fee", execute.max_fee, format!("at least min_tip, which is {}", execute.min_tip));
        }
        execute.confirmations = within("confirmations", self.confirmations.unwrap_or(execute.confirmations), 1, 64)?;
        execute.in_flight = count("in_flight", self.in_flight, execute.in_flight, 1_000)?;
        Ok(config)
    }
}

/// The effective settings, as TOML values.
fn settings(config: &Config) -> Vec<(&'static str, String)> {
    let quoted = |text: &dyn fmt::Display| toml::Value::String(text.to_string()).to_string();
    let (goals, execute) = (&config.goals, &config.execute);
    let mut settings = vec![
        ("rpc", quoted(&redacted(&config.rpc))),
        ("market", quoted(&text::account(&config.market))),
        ("from_block", config.from_block.to_string()),
        ("data", quoted(&config.data.display())),
        ("listen", quoted(&config.listen)),
        ("poll", config.poll.as_millis().to_string()),
        ("batch_size", goals.batch_size.to_string()),
        ("batch_gas", goals.batch_gas.to_string()),
        ("batch_wait", goals.batch_wait.as_millis().to_string()),
        ("max_proof", config.max_proof.to_string()),
        ("gas_price", goals.gas_price.to_string()),
        ("patience", goals.patience.to_string()),
        ("routes", config.routes.to_string()),
        ("registers", config.goals.registers.to_string()),
        ("max_fee", execute.max_fee.to_string()),
        ("min_tip", execute.min_tip.to_string()),
        ("confirmations", execute.confirmations.to_string()),
        ("in_flight", execute.in_flight.to_string()),
        ("log", quoted(&config.log)),
        ("log_json", config.log_json.to_string()),
    ];
    settings.extend(config.chain_id.map(|id| ("chain_id", id.to_string())));
    settings.extend(goals.min_profit.map(|profit| ("min_profit", profit.to_string())));
    if let KeySource::Keystore(path, password) = &config.key {
        settings.push(("keystore", quoted(&path.display())));
        if let Password::File(file) = password {
            settings.push(("keystore_password_file", quoted(&file.display())));
        }
    }
    settings
}

/// A setting that is not what it should be, and where it was said.
fn explain(problem: &figment::Error) -> String {
    let name = problem.path.join(".").to_lowercase();
    let place = problem.metadata.as_ref().map_or("", |metadata| metadata.name.as_ref());
    let place = if place.contains("environment") { "in the environment" } else { place };
    format!("{name}: {} ({place})", problem.kind).replace('\n', " ")
}

/// A URL without what providers hide keys in: user, path, query.
fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "…".to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let user = if host.len() == authority.len() { "" } else { "…@" };
    let path = if path.len() <= 1 { path } else { "/…" };
    format!("{scheme}://{user}{host}{path}")
}

fn required<'a>(name: &str, value: Option<&'a str>, want: &str) -> Result<&'a str, ConfigError> {
    let variable = name.to_uppercase();
    value.ok_or_else(|| {
        ConfigError(format!("{name} is not set; it should be {want} (flag --{name}, KEEPER_{variable}, or the file)"))
    })
}

fn count(name: &str, said: Option<u64>, usual: usize, max: u64) -> Result<usize, ConfigError> {
    let Some(said) = said else { return Ok(usual) };
    usize::try_from(within(name, said, 1, max)?).map_err(|error| ConfigError(format!("{name}: {error}")))
}

fn milliseconds(name: &str, said: Option<u64>, usual: Duration, min: u64) -> Result<Duration, ConfigError> {
    said.map_or(Ok(usual), |said| within(name, said, min, 60_000).map(Duration::from_millis))
}

fn within(name: &str, have: u64, min: u64, max: u64) -> Result<u64, ConfigError> {
    if (min..=max).contains(&have) { Ok(have) } else { refuse(name, have, format!("{min} to {max}")) }
}

fn refuse<T>(name: &str, have: impl fmt::Display, want: impl fmt::Display) -> Result<T, ConfigError> {
    Err(ConfigError(format!("{name} is {have}; it should be {want}")))
}
