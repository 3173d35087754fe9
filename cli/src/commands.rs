//! One file per command.

pub mod account;
pub mod act;
pub mod audit;
pub mod bid;
pub mod check;
pub mod instances;
pub mod lanes;
pub mod provers;
pub mod request;
pub mod status;
pub mod watch;
pub mod whatif;
pub mod why;

use anyhow::Result;

use crate::deploy;
use crate::deployment::Deployment;
use crate::output::Output;
use crate::settings::Settings;

/// Prints the effective settings.
///
/// # Errors
/// If nobody takes the output.
pub fn config(settings: &Settings, out: Output) -> Result<()> {
    let shown = settings.shown();
    out.result(&shown, || toml::to_string(&shown).unwrap_or_default().trim_end().to_owned())
}

/// Deploys, and writes down where.
///
/// # Errors
/// As [`deploy::deploy`].
pub async fn deploy(settings: &Settings, out: Output, options: deploy::Options) -> Result<()> {
    let key = settings.key()?;
    let deployment = deploy::deploy(settings, out, &key, options).await?;
    let path = deployment.write(&settings.folder)?;
    out.result(&deployment, || deployed(out, &deployment, &path.display().to_string()))
}

fn deployed(out: Output, deployment: &Deployment, path: &str) -> String {
    let mechanisms = deployment.mechanisms.iter().map(|(name, at)| vec![format!("mechanism {name}"), at.clone()]);
    let verifiers = deployment.verifiers.iter();
    let verifiers = verifiers.map(|(name, of)| vec![format!("verifier {} {name}", of.number), of.address.clone()]);
    let market = [vec!["market".to_owned(), deployment.market.clone()]];
    let table = out.table(&["what", "where"], market.into_iter().chain(mechanisms).chain(verifiers));
    format!("{table}\nwritten to {path}; next: `bourse instances new FILE`")
}
