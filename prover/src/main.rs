//! The prover node's command line.

use std::{io::IsTerminal, time::Duration};

use anyhow::Context;
use bourse_prover::{
    Config, check,
    config::{Flags, KEY_VARIABLE, PASSWORD_VARIABLE},
};
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Proves for the Bourse market: declares supply, bids, proves, delivers.
#[derive(Parser)]
#[command(name = "prover", version, about, after_help = keys())]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Work until interrupted.
    Run(Flags),
    /// Print the effective settings, without secrets.
    Config(Flags),
    /// Open the backends, ask the node, and print what would be declared and staked.
    Check(Flags),
}

fn keys() -> String {
    format!(
        "Every setting can be given by flag (or --set key=value), environment (PROVER_KEY, PROVER_SECTION__KEY) or file, in \
         this order.\nThe key comes from {KEY_VARIABLE}, or from a keystore whose password is in a file or in \
         {PASSWORD_VARIABLE}."
    )
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(start(Arguments::parse()));
    // A proof that is being made cannot be stopped; it is taken up at the next start.
    runtime.shutdown_timeout(Duration::from_millis(500));
    ended
}

async fn start(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Config(flags) => print!("{}", Config::load(&flags)?.redacted()?),
        Command::Check(flags) => print!("{}", check::check(&Config::load(&flags)?).await?),
        Command::Run(flags) => {
            let config = Config::load(&flags)?;
            log(&config)?;
            bourse_prover::run(config, interrupted()).await?;
        }
    }
    Ok(())
}

fn log(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log)
        .with_context(|| format!("log is '{}'; right would be info, or info,bourse_prover=debug", config.log))?;
    let colours = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    if config.log_json {
        builder.json().init()
    } else {
        builder.init()
    }
    Ok(())
}

/// Ends at SIGINT or SIGTERM.
async fn interrupted() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
    tracing::info!("stopping");
}
