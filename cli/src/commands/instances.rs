//! `bourse instances`: the mechanism instances of the market.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use bourse_chain::Key;
use bourse_chain::call;
use bourse_chain::read::{Instance, Token};
use bourse_sim::event::{Config, Setup};
use bourse_sim::mechanisms::modifier::{Inner, full_name};
use bourse_sim::{Account, ZERO};
use clap::Subcommand;
use serde_json::{Value, json};

use crate::blueprint::{self, Blueprint};
use crate::deployment::Deployment;
use crate::explain::{Example, Explanation};
use crate::session::Session;
use crate::template::Shipped;
use crate::{amount, words};

/// `bourse instances`
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// What to do; list them unless named
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What can be done with instances.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Register an instance that a file describes
    New(New),
    /// End an instance for new requests, for ever
    Retire {
        /// Its number or name
        instance: String,
    },
}

/// `bourse instances new`
#[derive(Clone, Debug, clap::Args)]
pub struct New {
    /// The file (TOML or JSON)
    #[arg(required_unless_present = "mechanism")]
    pub file: Option<PathBuf>,
    /// Print a file to start from
    #[arg(long, conflicts_with_all = ["file", "explain"])]
    pub mechanism: Option<Shipped>,
    /// Say what its parameters imply for a request, and send nothing
    #[arg(long)]
    pub explain: bool,
    /// That request.
    #[command(flatten, next_help_heading = "Example to explain by")]
    pub example: Example,
}

impl Options {
    /// The mechanism whose template is asked for; that needs no market.
    pub fn template(&self) -> Option<Shipped> {
        match &self.command {
            Some(Command::New(new)) => new.mechanism,
            _ => None,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// What the market says no with.
pub async fn run(session: &Session, options: Options) -> Result<()> {
    match options.command {
        None => list(session).await,
        Some(Command::New(new)) => create(session, &new).await,
        Some(Command::Retire { instance }) => {
            let number = session.instance(&instance).await?;
            session.send(&session.settings.key()?, call::retire(number)).await?;
            session.out.result(&json!({ "retired": number }), || format!("retired instance {number}"))
        }
    }
}

async fn create(session: &Session, new: &New) -> Result<()> {
    let blueprint = Blueprint::read(new.file.as_deref().context("which file describes the instance?")?)?;
    if new.explain {
        let explained = Explanation::of(session, setup(session, &blueprint).await?, &new.example).await?;
        return session.out.result(&explained.json(), || session.out.table(&["what", "how much"], explained.rows()));
    }
    let numbers = register(session, &session.settings.key()?, std::slice::from_ref(&blueprint)).await?;
    let number = *numbers.first().context("one instance has one number")?;
    if let Some(name) = &blueprint.name {
        name_it(session, name, number)?;
    }
    let done = json!({ "instance": number, "name": blueprint.name });
    session.out.result(&done, || format!("registered instance {number}"))
}

/// Registers instances, none of which falls back on another of them, and says which numbers they got.
///
/// # Errors
/// If a blueprint does not make sense, or the market refuses it.
pub async fn register(session: &Session, key: &Key, blueprints: &[Blueprint]) -> Result<Vec<u32>> {
    let (mut setups, mut intents) = (Vec::new(), Vec::new());
    for (i, blueprint) in blueprints.iter().enumerate() {
        let setup = setup(session, blueprint).await?;
        intents.push(call::register(&setup, blueprint.open).intent(i.to_string(), session.node.market()));
        setups.push(setup);
    }
    let first = u32::try_from(session.instances().await?.len())? + 1;
    session.send_all(key, intents).await?;
    // Others register too: ours are the newest that are as we said.
    let mut found = vec![None; setups.len()];
    for (number, instance) in session.instances().await? {
        if first <= number && instance.owner == key.address() {
            let config = session.node.config(number, instance.version).await?;
            for (found, setup) in found.iter_mut().zip(&setups) {
                if config.params == setup.params && config.mechanism == setup.mechanism {
                    *found = Some(number);
                }
            }
        }
    }
    let found: Option<_> = found.into_iter().collect();
    found.context("the instances were registered, but the market does not show them")
}

/// What a blueprint means.
///
/// # Errors
/// Which field is wrong, or what is not there.
pub async fn setup(session: &Session, blueprint: &Blueprint) -> Result<Setup> {
    let token = session.token(blueprint.token.as_deref()).await?;
    let stake = session.node.token(session.node.stake_token().await?).await?;
    let (shipped, params) = blueprint.encoded(&token, &stake)?;
    let mechanism = match (&blueprint.mechanism, shipped) {
        (Some(address), _) => amount::account(address)?,
        (None, shipped) => deployed(session, shipped)?,
    };
    let (mechanism, params) = wrapped(session, blueprint, mechanism, params, &token).await?;
    let (fallback_instance, fallback_version) = match &blueprint.fallback {
        None => (0, 0),
        Some(name) => {
            let number = session.instance(name).await?;
            (number, session.node.instance(number).await?.version)
        }
    };
    let verifiers = blueprint.verifiers.iter().map(|name| session.verifier(name)).collect::<Result<_>>()?;
    Ok(Setup { mechanism, token: token.address, fallback_instance, fallback_version, verifiers, params })
}

/// The modifiers that the blueprint puts around a rule, if it names any: the outermost, and its parameters.
async fn wrapped(
    session: &Session,
    blueprint: &Blueprint,
    mut mechanism: Account,
    mut params: Vec<u8>,
    token: &Token,
) -> Result<(Account, Vec<u8>)> {
    for modifier in blueprint.around()?.into_iter().rev() {
        let at = amount::address(mechanism);
        let name = session.node.mechanism_name(mechanism).await?;
        let name = name.with_context(|| format!("the contract at {at} has no name: it is no mechanism"))?;
        let inner = Inner { mechanism, code_hash: session.node.code_hash(mechanism).await?, name };
        params = blueprint.wrap(modifier, inner, &params, token)?;
        mechanism = deployed(session, Some(modifier))?;
    }
    Ok((mechanism, params))
}

/// Where a shipped mechanism is.
fn deployed(session: &Session, shipped: Option<&str>) -> Result<Account> {
    let known = session.settings.deployment.as_ref().and_then(|known| known.mechanisms.get(shipped?));
    amount::account(known.context("`mechanism` is missing: its address is not in deployment.json")?)
}

/// Keeps the name in deployment.json: names are local.
fn name_it(session: &Session, name: &str, number: u32) -> Result<()> {
    ensure!(name.parse::<u32>().is_err(), "the instance is {number}, but '{name}' is no name: it reads as a number");
    if session.settings.deployment.is_none() {
        return session.out.say(format!("there is no deployment.json for this market to keep the name '{name}' in"));
    }
    Deployment::update(&session.settings.folder, |known| {
        known.instances.insert(name.to_owned(), number);
    })
}

async fn list(session: &Session) -> Result<()> {
    let (mut shown, mut rows) = (Vec::new(), Vec::new());
    for (number, instance) in session.instances().await? {
        let config = session.node.config(number, instance.version).await?;
        let (row, json) = line(session, number, instance, &config).await?;
        rows.push(row);
        shown.push(json);
    }
    let head = ["no", "name", "mechanism", "rule", "token", "then", "verifiers", "for", "version"];
    session.out.result(&shown, || {
        let none = "no instances yet: `bourse instances new FILE` registers one".to_owned();
        if rows.is_empty() { none } else { session.out.table(&head, rows) }
    })
}

async fn line(session: &Session, number: u32, instance: Instance, config: &Config) -> Result<(Vec<String>, Value)> {
    let known = session.settings.deployment.as_ref();
    let mechanism = match session.mechanism_name(config.mechanism) {
        Some(name) => name.to_owned(),
        None => {
            let named = session.node.mechanism_name(config.mechanism).await?;
            format!("{} at {}", named.unwrap_or_default(), amount::short(&config.mechanism))
        }
    };
    let token = session.node.token(config.token).await?;
    let rule = blueprint::words(&mechanism, &config.params, &token);
    let mechanism = full_name(&mechanism, &config.params);
    let verifiers: Vec<_> = config.verifiers.iter().map(u32::to_string).collect();
    let dash = || "–".to_owned();
    let name = known.and_then(|known| known.instance_name(number));
    let row = vec![
        number.to_string(),
        name.map_or_else(dash, ToOwned::to_owned),
        mechanism.clone(),
        rule.clone().unwrap_or_else(|| amount::short(&config.params)),
        if config.token == ZERO { token.symbol } else { format!("{} {}", token.symbol, amount::short(&config.token)) },
        if config.fallback_instance == 0 { dash() } else { config.fallback_instance.to_string() },
        if verifiers.is_empty() { "any".to_owned() } else { verifiers.join(", ") },
        match (instance.retired, instance.open) {
            (true, _) => "retired".to_owned(),
            (_, true) => "all".to_owned(),
            (_, false) => amount::short(&instance.owner),
        },
        instance.version.to_string(),
    ];
    let mut json = words::config_json(config);
    if let Value::Object(fields) = &mut json {
        fields.insert("instance".into(), number.into());
        fields.insert("version".into(), instance.version.into());
        fields.insert("name".into(), name.into());
        fields.insert("mechanismName".into(), mechanism.into());
        fields.insert("rule".into(), rule.into());
        fields.insert("owner".into(), amount::address(instance.owner).into());
        fields.insert("open".into(), instance.open.into());
        fields.insert("retired".into(), instance.retired.into());
    }
    Ok((row, json))
}
