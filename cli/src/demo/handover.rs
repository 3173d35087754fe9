//! What the demo leaves to whoever plays on: files with addresses, and commands to try.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bourse_prover::backend::circuit::Keys;

use super::chain::{self, Secret};
use super::people::{SIZES, rounds};
use crate::deploy::GROTH16;
use crate::deployment::Deployment;
use crate::session::Session;
use crate::{amount, disk};

/// The journey with nothing but cast; its code blocks are run as they stand.
const CAST: &str = include_str!("../../../docs/cast.md");
/// What the request in that journey starts the circuit with.
const SEED: u64 = 42;

/// What was left.
#[derive(Clone, Debug)]
pub(super) struct Handover {
    /// Variables for a shell.
    pub(super) env: PathBuf,
    /// The journey with nothing but cast, as a script.
    pub(super) cast: PathBuf,
    /// A request to send, or to change and send.
    pub(super) request: PathBuf,
}

/// Writes the files.
///
/// # Errors
/// If the disk refuses.
pub(super) async fn write(
    session: &Session,
    deployment: &Deployment,
    you: &Secret,
    provers: &[String],
) -> Result<Handover> {
    let folder = &session.settings.folder;
    deployment.write(folder)?;
    let handover =
        Handover { env: folder.join("env.sh"), cast: folder.join("cast.sh"), request: folder.join("request.toml") };
    disk::write(&handover.env, env(session, deployment, you, provers).await?.as_bytes())?;
    disk::write(&handover.cast, cast(&std::path::absolute(&handover.env)?).as_bytes())?;
    disk::write(&handover.request, request().as_bytes())?;
    Ok(handover)
}

/// Variables for cast and bourse: what a shell cannot work out by itself.
async fn env(session: &Session, deployment: &Deployment, you: &Secret, provers: &[String]) -> Result<String> {
    let size = rounds(*SIZES.first().context("a size")?);
    let keys = Keys::new(session.settings.folder.join("keys"), None);
    let task = tokio::task::spawn_blocking(move || {
        bourse_prover::backend::circuit::task(keys.load(size)?.key(), size, alloy::primitives::U256::from(SEED))
    });
    let task = task.await??;
    let instance = deployment.instances.get("posted").context("an instance called posted")?;
    let verifier = deployment.verifier(GROTH16)?;
    let lines = [
        ("ETH_RPC_URL", deployment.rpc.clone()),
        ("BOURSE_FOLDER", quoted(&std::path::absolute(&session.settings.folder)?)),
        ("MARKET", deployment.market.clone()),
        ("BOURSE_PRIVATE_KEY", you.hex.clone()),
        ("YOU", amount::address(you.key.address())),
        ("INSTANCE", instance.to_string()),
        ("VERIFIER", verifier.to_string()),
        ("STATEMENT", task.statement.to_string()),
        ("INPUT", amount::hex(&task.input)),
        ("WORK", task.work.to_string()),
        ("PROVERS", provers.join(",")),
    ];
    let exports: String = lines.into_iter().map(|(name, value)| format!("export {name}={value}\n")).collect();
    let path = format!("export PATH={}:$PATH\n", tools().join(":"));
    Ok(format!("# The demo market. The key is one that everybody knows: for this local chain only.\n{exports}{path}"))
}

/// The code blocks of the page, one after the other.
fn cast(env: &Path) -> String {
    let mut script = format!("#!/usr/bin/env bash\n# From docs/cast.md.\nset -euo pipefail\n. {}\n", quoted(env));
    let mut inside = false;
    for line in CAST.lines() {
        match line.trim_end() {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => {
                script.push_str(line);
                script.push('\n');
            }
            _ => {}
        }
    }
    script
}

fn request() -> String {
    let size = rounds(SIZES[1]);
    format!(
        "# bourse request {{this file}}\ninstance = \"sealed\"     # or any other of `bourse instances`\nmax_price = \"0.02\"\nbond = \"0.02\"\ndeadline = \"5m\"\nwindow = \"30s\"\nrounds = {size}\nseed = 42\n"
    )
}

/// What to try next.
pub(super) fn next(handover: &Handover, deployment: &Deployment, you: &Secret) -> String {
    let (market, rpc, keeper) = (&deployment.market, &deployment.rpc, deployment.keeper.as_deref().unwrap_or("–"));
    let you = amount::address(you.key.address());
    let (env, cast, request) = (handover.env.display(), handover.cast.display(), handover.request.display());
    format!(
        r#"The market goes on until Ctrl-C. In another terminal, in this folder:

  source {env}
  bourse request {request}          # a proof of your own; the same again finds it and pays nothing
  bourse request --instance posted --rounds {small} --seed 5 --max-price 0.01
  bourse watch                              # what happens, in words
  bourse instances                          # also: provers, account, status ID

With nothing but cast (docs/cast.md; the whole journey is in {cast}):

  cast call --rpc-url {rpc} {market} "balanceOf(address,address)(uint256)" {zero} {you}
  cast send --rpc-url {rpc} --private-key $BOURSE_PRIVATE_KEY {market} "deposit(address,address,uint256)" {zero} {you} 1000000000000000000 --value 1ether
  cast call --rpc-url {rpc} {market} "balanceOf(address,address)(uint256)" {zero} {you}
  bash {cast}

The keeper's page: {keeper}/"#,
        small = rounds(SIZES[0]),
        zero = amount::address(bourse_sim::ZERO),
    )
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// Folders of `bourse` and of the pinned `cast`.
fn tools() -> Vec<String> {
    let bourse = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.to_owned()));
    let cast = chain::pinned("cast").and_then(|cast| Some(cast.parent()?.to_owned()));
    bourse.into_iter().chain(cast).map(|folder| quoted(&folder)).collect()
}
