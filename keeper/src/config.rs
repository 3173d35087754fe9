//! What was said, by flags, environment and file, and what is meant by it.

mod args;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bourse_chain::{ExecuteConfig, Key, KeyError, Password};
use bourse_sim::{Account, Time, Wei};

pub use args::{Args, ConfigError};

/// What is meant: complete, checked, in the types it is used in.
#[derive(Clone, Debug)]
pub struct Config {
    /// The node's JSON-RPC endpoint.
    pub rpc: String,
    /// The market's address.
    pub market: Account,
    /// The chain that it has to be on, if said.
    pub chain_id: Option<u64>,
    /// The first block that is followed.
    pub from_block: u64,
    /// What signs.
    pub key: KeySource,
    /// Where the store and the journal are kept.
    pub data: PathBuf,
    /// Where HTTP is served.
    pub listen: SocketAddr,
    /// Time between two looks at the head.
    pub poll: Duration,
    /// What is decided by.
    pub goals: Goals,
    /// Lanes that let it are routed.
    pub routes: bool,
    /// Largest proof accepted, in bytes.
    pub max_proof: usize,
    /// How transactions are sent.
    pub execute: ExecuteConfig,
    /// What is logged.
    pub log: String,
    /// As JSON.
    pub log_json: bool,
}

/// Where the key is.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// In the environment.
    Variable(String),
    /// In an encrypted file.
    Keystore(PathBuf, Password),
    /// At hand: for programs that run a keeper inside themselves.
    Given(Key),
}

/// What decisions are made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goals {
    /// Least profit of a tick or an expiry, in wei; all are made if none is named.
    pub min_profit: Option<i128>,
    /// What a unit of gas is reckoned at, in wei.
    pub gas_price: Wei,
    /// Most proofs in a transaction.
    pub batch_size: usize,
    /// Most gas reckoned for a transaction of settlements.
    pub batch_gas: u64,
    /// Longest that a verified proof waits for company.
    pub batch_wait: Duration,
    /// Seconds after which an action is of no use if it has not landed.
    pub patience: Time,
    /// Instances are registered for lanes, and its own are retuned.
    pub registers: bool,
}

impl Default for Goals {
    fn default() -> Self {
        Self {
            min_profit: None,
            gas_price: 1_000_000_000,
            batch_size: 64,
            batch_gas: 15_000_000,
            batch_wait: Duration::from_millis(250),
            patience: 300,
            registers: true,
        }
    }
}

impl Config {
    /// The usual settings for the market at `market`, asked about at `rpc`.
    pub fn new(rpc: impl Into<String>, market: Account, key: KeySource, data: impl Into<PathBuf>) -> Self {
        Self {
            rpc: rpc.into(),
            market,
            chain_id: None,
            from_block: 0,
            key,
            data: data.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8787)),
            poll: Duration::from_millis(500),
            goals: Goals::default(),
            routes: true,
            max_proof: 128 * 1024,
            execute: ExecuteConfig { in_flight: 64, ..ExecuteConfig::default() },
            log: "info".to_owned(),
            log_json: false,
        }
    }
}

impl KeySource {
    /// The key itself.
    ///
    /// # Errors
    /// [`KeyError`] if it is not where it should be.
    pub fn key(&self) -> Result<Key, KeyError> {
        match self {
            Self::Variable(name) => Key::from_env(name),
            Self::Keystore(path, password) => Key::from_keystore(path, password),
            Self::Given(key) => Ok(key.clone()),
        }
    }
}
