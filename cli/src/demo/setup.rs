//! From an empty chain to a market with instances, a keeper, provers and requesters with money.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Error, Result, bail, ensure};
use bourse_chain::{Key, call, http};
use bourse_prover::backend::circuit;
use bourse_sim::{Wei, ZERO};
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::chain::{Chain, Secret};
use super::people::{PROVERS, Prover, REQUESTERS, SIZES, rounds};
use super::processes::Processes;
use crate::blueprint::Blueprint;
use crate::commands::instances::register;
use crate::deploy::{self, GROTH16};
use crate::deployment::Deployment;
use crate::output::Output;
use crate::session::Session;
use crate::settings::Settings;
use crate::{amount, disk};

/// What the keeper is called.
pub const KEEPER: &str = "keeper";
/// What each requester brings into the market, in wei.
pub const PURSE: Wei = 1_000_000_000_000_000_000;
/// What each prover stakes, in ether.
const STAKE: &str = "2 ether";
/// The same, in wei.
pub const STAKE_WEI: Wei = 2_000_000_000_000_000_000;
/// How long keeper and provers may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// The accounts of the local chain, by role.
#[derive(Clone, Debug)]
pub struct Cast {
    /// Deploys, owns the instances, and brings what others only sign.
    pub operator: Secret,
    /// The keeper's.
    pub keeper: Secret,
    /// One each.
    pub provers: Vec<Secret>,
    /// One each.
    pub requesters: Vec<Secret>,
    /// For whoever wants to play.
    pub you: Secret,
}

impl Cast {
    /// Gives each its account, so many provers and requesters.
    ///
    /// # Errors
    /// If the chain has too few.
    pub fn new(chain: &Chain, provers: usize, requesters: usize) -> Result<Self> {
        let mut keys = chain.keys.iter().cloned();
        let mut next = || keys.next().context("the chain has too few accounts");
        Ok(Self {
            operator: next()?,
            keeper: next()?,
            provers: (0..provers).map(|_| next()).collect::<Result<_>>()?,
            requesters: (0..requesters).map(|_| next()).collect::<Result<_>>()?,
            you: next()?,
        })
    }
}

impl Cast {
    /// Everybody of the demo by name, but for whoever plays.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &Secret)> {
        let provers = PROVERS.iter().map(|prover| prover.name).zip(&self.provers);
        let requesters = REQUESTERS.iter().map(|requester| requester.name).zip(&self.requesters);
        let others = [("operator", &self.operator), (KEEPER, &self.keeper)];
        provers.chain(requesters).chain(others)
    }
}

/// Deploys contracts, the keys of circuits of these sizes (powers of two), and instances.
///
/// # Errors
/// What the chain said no with.
pub async fn market(
    settings: &Settings,
    out: Output,
    operator: &Key,
    sizes: &[u32],
    instances: &[Blueprint],
) -> Result<Session> {
    let deployed = deploy::deploy(settings, Output::new(true), operator, options()).await?;
    let mut deployment = Deployment { demo: true, ..deployed };
    let known = |deployment: &Deployment| {
        let mut settings = settings.clone();
        settings.market = deployment.market().ok();
        settings.deployment = Some(deployment.clone());
        settings
    };
    let mut session = Session::open(known(&deployment), out).await?;
    let verifier = deployment.verifiers.get(GROTH16).context("a verifier")?;
    let sizes: Vec<u32> = sizes.iter().copied().map(rounds).collect();
    deploy::register_keys(&session, operator, amount::account(&verifier.address)?, &sizes).await?;
    // Together, but for those that fall back on others: the chain makes a block a second.
    let mut waiting = instances.to_vec();
    while !waiting.is_empty() {
        let stands = |blueprint: &Blueprint| {
            blueprint.fallback.as_ref().is_none_or(|name| deployment.instances.contains_key(name))
        };
        let (next, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(stands);
        ensure!(!next.is_empty(), "{} instances fall back on each other", rest.len());
        let numbers = register(&session, operator, &next).await?;
        let names = next.into_iter().zip(numbers).filter_map(|(blueprint, number)| Some((blueprint.name?, number)));
        deployment.instances.extend(names);
        session.settings = known(&deployment);
        waiting = rest;
    }
    Ok(session)
}

fn options() -> deploy::Options {
    deploy::Options { verifier_gas: deploy::VERIFIER_GAS, ..deploy::Options::default() }
}

/// Puts money into the requesters' balances.
///
/// # Errors
/// What the chain said no with.
pub async fn purses(session: &Session, cast: &Cast) -> Result<()> {
    let mut tasks = JoinSet::new();
    for secret in cast.requesters.clone() {
        let session = session.clone();
        tasks.spawn(async move { session.send(&secret.key, call::deposit(ZERO, secret.key.address(), PURSE)).await });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

/// Starts the keeper, to serve at `listen`, and says under which address.
///
/// # Errors
/// If it cannot be started.
pub fn keeper(processes: &mut Processes, session: &Session, secret: &Secret, listen: &str) -> Result<String> {
    let settings = &session.settings;
    let mut command = Command::new(processes.program(KEEPER)?);
    command.env("KEEPER_PRIVATE_KEY", &secret.hex);
    command.args(["run", "--rpc", &settings.rpc, "--market", &amount::address(session.node.market())]);
    command.args(["--listen", listen, "--poll", "150"]).arg("--data").arg(settings.folder.join(KEEPER));
    command.args(["--from-block", &first_block(session).to_string()]);
    // What the demo tells is about the instances of its file, by their names.
    command.args(["--registers", "false"]);
    processes.start(KEEPER, command)?;
    Ok(format!("http://{listen}"))
}

/// Starts one prover, with a settings file that is there to be looked at.
///
/// # Errors
/// If it cannot be started.
pub fn prover(
    processes: &mut Processes,
    session: &Session,
    prover: &Prover,
    secret: &Secret,
    keeper: &str,
) -> Result<()> {
    let file = settings_path(&session.settings.folder, prover);
    if !file.exists() {
        disk::write(&file, settings_file(session, prover, keeper)?.as_bytes())?;
    }
    let mut command = Command::new(processes.program("prover")?);
    command.env("PROVER_PRIVATE_KEY", &secret.hex).env("RAYON_NUM_THREADS", prover.threads);
    command.args(["run", "--config"]).arg(&file);
    processes.start(prover.name, command)
}

fn settings_path(folder: &Path, prover: &Prover) -> PathBuf {
    folder.join("provers").join(format!("{}.toml", prover.name))
}

fn settings_file(session: &Session, prover: &Prover, keeper: &str) -> Result<String> {
    let deployment = session.settings.deployment.as_ref().context("a deployment")?;
    let folder = &session.settings.folder;
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let path = |path: PathBuf| quoted(&path.display().to_string());
    let mechanisms: String =
        deployment.mechanisms.iter().map(|(name, at)| format!("{name} = [{}]\n", quoted(at))).collect();
    let listen = if prover.port == 0 { String::new() } else { format!("127.0.0.1:{}", prover.port) };
    // Who asks in the demo means no harm: every instance may bind its provers unseen.
    let trusted: BTreeSet<_> = deployment.instances.values().collect();
    let trusted: Vec<_> = trusted.into_iter().map(u32::to_string).collect();
    let sizes: Vec<_> = prover.sizes.iter().map(|size| rounds(*size).to_string()).collect();
    Ok(format!(
        r#"node = {node}
market = {market}
start_block = {start}
poll_ms = 150
data = {data}
listen = {listen}

[supply]
concurrency = {concurrency}
stake = "{STAKE}"
drills = true

[supply.mechanisms]
{mechanisms}
[[offers]]
token = "0x0000000000000000000000000000000000000000"
floor = "{floor}"
bond_limit = "1 ether"
throughput = {throughput}
rate = "{rate}"

[standing]
stake = "{standing}"
instances = [{trusted}]
work = {usual}
every_seconds = 10

[proving]
parallel = 1
reserve_seconds = 4

[delivery]
keeper = {keeper}
blocks = 4
reserve_seconds = 5

[[backends]]
verifier = {verifier}

[backends.pow5]
folder = {keys}
rounds = [{sizes}]
"#,
        node = quoted(&session.settings.rpc),
        market = quoted(&deployment.market),
        start = deployment.block,
        data = path(folder.join("provers").join(prover.name)),
        listen = quoted(&listen),
        concurrency = prover.concurrency,
        rate = prover.rate,
        floor = prover.floor,
        throughput = prover.throughput,
        standing = prover.standing,
        trusted = trusted.join(", "),
        usual = circuit::work(rounds(SIZES[0])),
        keeper = quoted(keeper),
        verifier = deployment.verifier(GROTH16)?,
        keys = path(folder.join("keys")),
        sizes = sizes.join(", "),
    ))
}

/// Waits until the keeper is ready and all provers have declared and staked.
///
/// # Errors
/// If one of them ends, or is not ready in time.
pub async fn ready(
    processes: &mut Processes,
    session: &Session,
    provers: &[Prover],
    cast: &Cast,
    keeper: &str,
) -> Result<()> {
    let started = Instant::now();
    while !is_ready(session, provers, cast, keeper).await? {
        processes.check()?;
        if PATIENCE < started.elapsed() {
            bail!(
                "keeper or provers are not ready after {} s; see {}",
                PATIENCE.as_secs(),
                processes.log(KEEPER).display()
            );
        }
        sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

async fn is_ready(session: &Session, provers: &[Prover], cast: &Cast, keeper: &str) -> Result<bool> {
    ensure!(
        cast.provers.len() == provers.len(),
        "{} provers have accounts, want {}",
        cast.provers.len(),
        provers.len()
    );
    let client = http::client(keeper, PATIENCE).map_err(Error::msg)?;
    let answer = client.get(format!("{keeper}/readyz")).send().await;
    if !answer.is_ok_and(|answer| answer.status().is_success()) {
        return Ok(false);
    }
    for (prover, secret) in provers.iter().zip(&cast.provers) {
        let ledger = session.node.ledger(secret.key.address()).await?;
        if ledger.concurrency != prover.concurrency || ledger.stake < STAKE_WEI {
            return Ok(false);
        }
    }
    Ok(true)
}

fn first_block(session: &Session) -> u64 {
    session.settings.deployment.as_ref().map_or(0, |deployment| deployment.block)
}
