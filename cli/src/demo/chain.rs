//! A chain of one's own: anvil, with blocks of one second and accounts that have money.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bourse_chain::{Key, Node};
use serde::Deserialize;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::processes::Processes;

/// What its process and its log are called.
pub const NAME: &str = "anvil";
/// Seconds between blocks.
const BLOCK_TIME: &str = "1";
const ACCOUNTS: &str = "24";
/// Where nodes serve unless told otherwise.
pub const PORT: u16 = 8545;

/// A running chain.
#[derive(Debug)]
pub struct Chain {
    /// Its endpoint.
    pub rpc: String,
    /// Accounts with money.
    pub keys: Vec<Secret>,
}

/// A key of the local chain, and as it is written. Everybody knows it: it is for play.
#[derive(Clone, Debug)]
pub struct Secret {
    /// The key.
    pub key: Key,
    /// As hex.
    pub hex: String,
}

/// What anvil writes about itself.
#[derive(Deserialize)]
struct Accounts {
    private_keys: Vec<String>,
}

impl Chain {
    /// Starts it on a port of this machine, and waits until it answers.
    ///
    /// # Errors
    /// If anvil is not installed, or does not answer within 20 s.
    pub async fn start(processes: &mut Processes, folder: &Path, port: u16) -> Result<Self> {
        let accounts = folder.join("anvil.json");
        let mut command = Command::new(program()?);
        command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--accounts", ACCOUNTS]);
        command.args(["--block-time", BLOCK_TIME, "--config-out"]).arg(&accounts);
        processes.start(NAME, command)?;
        let rpc = format!("http://127.0.0.1:{port}");
        let started = Instant::now();
        while Node::connect_bare(&rpc, bourse_sim::ZERO).await.is_err() || !accounts.exists() {
            processes.check()?;
            if Duration::from_secs(20) < started.elapsed() {
                bail!("anvil does not answer at {rpc}; see {}", processes.log(NAME).display());
            }
            sleep(Duration::from_millis(100)).await;
        }
        let text = std::fs::read_to_string(&accounts).with_context(|| format!("reading {}", accounts.display()))?;
        let accounts: Accounts = serde_json::from_str(&text).context("the accounts that anvil wrote")?;
        let key = |hex: String| Some(Secret { key: Key::from_hex(&hex)?, hex });
        Ok(Self { rpc, keys: accounts.private_keys.into_iter().filter_map(key).collect() })
    }
}

/// The native anvil that the project pins, else the one on the path.
fn program() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = || std::env::split_paths(&path).map(|folder| folder.join(NAME)).find(|path| path.is_file());
    pinned(NAME).or_else(on_path).context("no anvil: neither in node_modules nor on the PATH; `npm ci` installs it")
}

/// The native program of this name among those that the project pins. The npm launchers are no use: what they start
/// outlives them.
pub fn pinned(name: &str) -> Option<PathBuf> {
    let platform = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("macos", "aarch64") => "darwin-arm64",
        ("macos", _) => "darwin-amd64",
        (_, "aarch64") => "linux-arm64",
        _ => "linux-amd64",
    };
    let place = format!("node_modules/@foundry-rs/{name}-{platform}/bin/{name}");
    let starts = [std::env::current_dir().ok(), std::env::current_exe().ok()];
    let found = |start: &PathBuf| start.ancestors().map(|folder| folder.join(&place)).find(|path| path.is_file());
    starts.iter().flatten().find_map(found)
}

/// `usual` if nobody listens there, else any free port of this machine.
///
/// # Errors
/// If there is none.
pub fn free_port(usual: u16) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", usual)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)));
    Ok(listener.context("a free port")?.local_addr()?.port())
}
