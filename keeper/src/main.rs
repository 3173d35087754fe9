//! The keeper's command line: parse, log, run.

use std::io::IsTerminal;
use std::process::ExitCode;

use bourse_keeper::config::Args;
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Keeps a market moving: ticks its auctions, settles proofs handed in over HTTP, expires what is overdue.
#[derive(Parser)]
#[command(name = "keeper", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run until SIGINT or SIGTERM
    Run(Box<Args>),
    /// Print the effective settings, with secrets blotted
    Config(Box<Args>),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run(&args).await,
        Command::Config(args) => args.print().map(|text| print!("{text}")).map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keeper: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> anyhow::Result<()> {
    let config = args.resolve()?;
    let filter = EnvFilter::try_new(&config.log)
        .map_err(|error| anyhow::anyhow!("log is '{}'; it should be a filter such as info: {error}", config.log))?;
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    if config.log_json {
        log.json().init()
    } else {
        log.init()
    }
    bourse_keeper::run(config, bourse_keeper::asked_to_stop()).await
}
