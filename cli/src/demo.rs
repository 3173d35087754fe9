//! x
use anyhow::Result;
use crate::{Outcome, output::Output, settings::Global};
/// x
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {}
/// x
pub async fn run(_g: &Global, _out: Output, _o: Options) -> Result<Outcome> { Ok(Outcome::Done) }
