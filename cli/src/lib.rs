//! `bourse`: what a requester, a prover operator and a newcomer type.
//!
//! `main` parses and calls [`run`]; each command is a file under `commands/`. The request's way through this crate:
//! [`spec`] (what was said) → [`terms`] (what it means) → [`record`] (written down) → sent → [`track`] (followed into a
//! [`journey`]) → [`stages`] (told) → [`receipt`] (kept).

pub mod amount;
pub mod args;
pub mod blueprint;
pub mod commands;
pub mod demo;
pub mod deploy;
pub mod deployment;
pub mod disk;
pub mod drill;
pub mod explain;
pub mod journey;
pub mod lane;
pub mod output;
pub mod past;
pub mod preset;
pub mod quotes;
pub mod receipt;
pub mod record;
pub mod send;
pub mod session;
pub mod settings;
pub mod spec;
pub mod stages;
pub mod template;
pub mod terms;
pub mod track;
pub mod view;
pub mod words;

use anyhow::Result;

use args::{Args, Command};
use output::Output;
use session::Session;
use settings::Settings;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As was asked for.
    Done,
    /// In order, but without what was asked for: a request ended without a proof, a demo with a check that failed.
    Short,
}

/// Does what `args` say.
///
/// # Errors
/// Why it could not be done, in words.
pub async fn run(args: Args) -> Result<Outcome> {
    let out = Output::new(args.global.json);
    if let Command::Demo(options) = args.command {
        return demo::run(&args.global, out, options).await;
    }
    if let Command::Instances(options) = &args.command
        && let Some(mechanism) = options.template()
    {
        mechanism.print(out)?;
        return Ok(Outcome::Done);
    }
    let settings = Settings::from_global(&args.global)?;
    match args.command {
        Command::Config => commands::config(&settings, out)?,
        Command::Deploy(options) => commands::deploy(&settings, out, options).await?,
        command => return on_market(Session::open(settings, out).await?, command).await,
    }
    Ok(Outcome::Done)
}

async fn on_market(session: Session, command: Command) -> Result<Outcome> {
    match command {
        Command::Request(options) => return commands::request::run(&session, &options).await,
        Command::Enter { file } => commands::act::enter(&session, &file).await?,
        Command::Status { id } => commands::status::run(&session, &id).await?,
        Command::Watch(options) => commands::watch::run(&session, &options).await?,
        Command::Instances(options) => commands::instances::run(&session, options).await?,
        Command::Lanes(options) => return commands::lanes::run(&session, options).await,
        Command::Why(options) => commands::why::run(&session, &options).await?,
        Command::Audit(which) => return commands::audit::run(&session, &which).await,
        Command::Whatif(options) => commands::whatif::run(&session, &options).await?,
        Command::Provers(options) => commands::provers::run(&session, &options).await?,
        Command::Account(options) => commands::account::run(&session, options).await?,
        Command::Cancel { id } => commands::act::cancel(&session, &id).await?,
        Command::Tick(options) => commands::act::tick(&session, &options).await?,
        Command::Bid(bid) => commands::bid::bid(&session, &bid).await?,
        Command::Leave { instance } => commands::bid::leave(&session, &instance).await?,
        Command::Prove(options) => commands::act::prove(&session, &options).await?,
        Command::Record { ids } => commands::act::record(&session, &ids).await?,
        Command::Expire { id } => commands::act::expire(&session, &id).await?,
        Command::Demo(_) | Command::Deploy(_) | Command::Config => {}
    }
    Ok(Outcome::Done)
}
