//! The command line of the market: parse, log, run.

use std::process::ExitCode;

use bourse_cli::{Outcome, args::Args, run};
use clap::Parser;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_env("BOURSE_LOG").unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(args).await {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Short) => ExitCode::from(3),
        Err(error) => {
            eprintln!("bourse: {error:#}");
            ExitCode::FAILURE
        }
    }
}
