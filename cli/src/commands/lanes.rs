//! `bourse lanes`: standing orders, what they insist on, and where they lead.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use bourse_chain::call;
use bourse_sim::lane::{LANE, List, Mandate};
use bourse_sim::market::{Lane, Market};
use bourse_sim::{Account, Time};
use clap::Subcommand;
use serde_json::{Value, json};

use super::check;
use crate::lane::{self, Said};
use crate::preset::New;
use crate::session::Session;
use crate::{Outcome, amount, track};

/// `bourse lanes`
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// What to do; list them unless named
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What can be done with lanes.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Print a file to start from, with named terms
    New(New),
    /// Say whether what a file wishes for can be had, and if not, what comes nearest; sends nothing
    Check {
        /// The file (TOML or JSON)
        file: PathBuf,
    },
    /// Set the terms of one of your lanes, and the mandate to route it, from a file
    Set {
        /// Its number
        lane: u32,
        /// The file (TOML or JSON)
        file: PathBuf,
        /// Even if no instance can hold its limits now
        #[arg(long)]
        anyway: bool,
    },
    /// Route a lane to an instance: new requests of it enter there
    Route {
        /// Its number
        lane: u32,
        /// Mechanism instance, by number or name
        instance: String,
        /// Whose lane it is, if you keep it for someone [default: you]
        #[arg(long, value_name = "ADDRESS", value_parser = amount::account)]
        of: Option<Account>,
    },
    /// Let nobody else route one of your lanes any more
    Revoke {
        /// Its number
        lane: u32,
    },
}

/// A lane, to be looked at.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Which {
    /// Its number
    pub lane: u32,
    /// Whose it is [default: yours]
    #[arg(long, value_name = "ADDRESS", value_parser = amount::account)]
    pub of: Option<Account>,
}

impl Which {
    /// Whose it is, and its number.
    ///
    /// # Errors
    /// If nobody is named and there is no key.
    pub fn key(&self, session: &Session) -> Result<(Account, u32)> {
        let own = || session.settings.key().context("whose lane? say --of ADDRESS").map(|key| key.address());
        Ok((self.of.map_or_else(own, Ok)?, self.lane))
    }

    /// What to say if there is none.
    pub fn unknown(&self, requester: Account) -> String {
        format!("{} has no lane {}: `bourse lanes` lists all", amount::address(requester), self.lane)
    }
}

/// Runs the command.
///
/// # Errors
/// What the market says no with.
pub async fn run(session: &Session, options: Options) -> Result<Outcome> {
    match options.command {
        None => list(session).await?,
        Some(Command::New(new)) => {
            let text = new.file(session).await?;
            session.out.result(&json!({ "template": text }), || text.trim_end().to_owned())?;
        }
        Some(Command::Check { file }) => return check::run(session, &Said::read(&file)?).await,
        Some(Command::Set { lane, file, anyway }) => set(session, lane, &Said::read(&file)?, anyway).await?,
        Some(Command::Route { lane, instance, of }) => route(session, lane, &instance, of).await?,
        Some(Command::Revoke { lane }) => {
            session.send(&session.settings.key()?, call::set_mandate(lane, &Mandate::default())).await?;
            session.out.result(&json!({ "lane": lane, "mandate": null }), || format!("lane {lane} is yours alone"))?;
        }
    }
    Ok(Outcome::Done)
}

/// The number in a request's `instance` that names a lane.
///
/// # Errors
/// If no lane has that number.
pub fn named(lane: u32) -> Result<u32> {
    ensure!(lane < LANE, "lanes are numbered 0 to {}, not {lane}", LANE - 1);
    Ok(lane | LANE)
}

async fn set(session: &Session, lane: u32, said: &Said, anyway: bool) -> Result<()> {
    named(lane)?;
    let key = session.settings.key()?;
    let (market, head) = track::market(session).await?;
    let (token, stake) = (session.token(said.token.as_deref()).await?, session.node.token(market.stake_token()).await?);
    let terms = said.terms(&token, &stake, session.verifier(&said.verifier)?)?;
    if !anyway {
        let feasible = check::require_feasible(session, key.address(), &terms, &token).await;
        feasible
            .context("nothing was sent, as no instance can hold these limits; `--anyway` sets them all the same")?;
    }
    let known = market.lanes().get(&(key.address(), lane));
    let list = |list, named: Vec<Account>| call::list(lane, list, &changed(known, list, &named));
    let mut calls = vec![call::set_terms(lane, &terms)];
    calls.push(list(List::Provers, accounts(&said.provers)?));
    if let Some(said) = &said.mandate {
        let mechanisms = said.mechanisms.iter().map(|name| session.mechanism(name)).collect::<Result<Vec<_>>>()?;
        calls.push(list(List::Keepers, accounts(&said.keepers)?));
        calls.push(list(List::Mechanisms, mechanisms));
        calls.push(call::set_mandate(lane, &said.mandate(&token, &stake, head.time)?));
    }
    // One after the other: lists are of a lane that has terms, and nobody may act on a mandate before its lists are there.
    for call in calls {
        session.send(&key, call).await?;
    }
    let done = json!({ "lane": lane, "terms": terms_json(&terms) });
    session.out.result(&done, || format!("set the terms of lane {lane}; next: `bourse lanes route {lane} INSTANCE`"))
}

async fn route(session: &Session, lane: u32, name: &str, of: Option<Account>) -> Result<()> {
    let key = session.settings.key()?;
    let instance = session.instance(name).await?;
    let requester = of.unwrap_or(key.address());
    if let Err(refused) = session.send(&key, call::route(requester, lane, instance, 0)).await {
        let instead = check::in_the_way(session, (requester, lane), instance).await;
        return Err(match instead {
            Ok(Some(instead)) => refused.context(instead),
            // That the chain cannot be read is no reason to hide why it said no.
            Ok(None) | Err(_) => refused,
        });
    }
    let version = session.node.instance(instance).await?.version;
    let done = json!({ "lane": lane, "instance": instance, "version": version });
    session.out.result(&done, || format!("requests of lane {lane} enter instance {instance} from now on"))
}

async fn list(session: &Session) -> Result<()> {
    let (market, head) = track::market(session).await?;
    let mut rows = Vec::new();
    for ((requester, number), lane) in market.lanes() {
        rows.push(line(session, &market, (*requester, *number), lane, head.time).await?);
    }
    let shown: Vec<_> =
        market.lanes().iter().map(|((requester, number), lane)| shown(*requester, *number, lane)).collect();
    let head = ["of", "lane", "leads to", "at most", "within", "has to be", "keepers"];
    session.out.result(&shown, || match rows.is_empty() {
        true => "no lanes yet: `bourse lanes set NUMBER FILE` makes one".to_owned(),
        false => session.out.table(&head, rows),
    })
}

async fn line(
    session: &Session,
    market: &Market,
    (requester, number): (Account, u32),
    lane: &Lane,
    now: Time,
) -> Result<Vec<String>> {
    let known = session.settings.deployment.as_ref();
    let name = known.and_then(|known| known.account_name(requester)).map(str::to_owned);
    let token = session.node.token(lane.terms.token).await?;
    let price = lane.terms.price_per_unit.saturating_mul(lane.terms.work.into());
    let current = |instance: u32| market.instances().get(&instance).map_or(0, bourse_sim::market::Instance::version);
    let leads = lane.route.map_or("nowhere".to_owned(), |(instance, version)| match current(instance) == version {
        true => format!("instance {instance}"),
        false => format!("instance {instance} as of version {version}"),
    });
    let keepers = match &lane.mandate {
        mandate if mandate.until < now => "nobody".to_owned(),
        mandate if mandate.anyone => format!("anyone, until {}", amount::clock(mandate.until)),
        mandate => format!("listed, until {}", amount::clock(mandate.until)),
    };
    Ok(vec![
        name.unwrap_or_else(|| amount::address(requester)),
        number.to_string(),
        leads,
        format!("{} for {} units", amount::rough(price, &token), lane.terms.work),
        format!("{} s", lane.terms.latency),
        lane::capabilities(lane.terms.capabilities).join(", "),
        keepers,
    ])
}

fn shown(requester: Account, number: u32, lane: &Lane) -> Value {
    let route = lane.route.map(|(instance, version)| json!({ "instance": instance, "version": version }));
    json!({
        "requester": amount::address(requester),
        "lane": number,
        "route": route,
        "terms": terms_json(&lane.terms),
        "mandate": mandate_json(&lane.mandate),
    })
}

/// Terms with all their fields.
pub fn terms_json(terms: &bourse_sim::lane::Terms) -> Value {
    let wishes = terms.wishes.iter().map(|wish| {
        json!({
            "attribute": lane::attribute(wish.attribute),
            "weight": wish.weight,
            "best": wish.best.to_string(),
            "worst": wish.worst.to_string(),
        })
    });
    json!({
        "token": amount::address(terms.token),
        "verifier": terms.verifier,
        "work": terms.work,
        "bond": terms.bond.to_string(),
        "window": terms.window,
        "pricePerUnit": terms.price_per_unit.to_string(),
        "latency": terms.latency,
        "award": terms.award,
        "bondBps": terms.bond_bps,
        "kept": terms.kept,
        "reliability": terms.reliability,
        "standbys": terms.standbys,
        "capabilities": lane::capabilities(terms.capabilities),
        "closed": terms.closed,
        "completion": terms.completion,
        "share": terms.share,
        "wishes": wishes.collect::<Vec<_>>(),
    })
}

/// A mandate with all its fields.
pub fn mandate_json(mandate: &Mandate) -> Value {
    json!({
        "until": mandate.until,
        "cooldown": mandate.cooldown,
        "stake": mandate.stake.to_string(),
        "tip": mandate.tip.to_string(),
        "anyone": mandate.anyone,
        "anyMechanism": mandate.any_mechanism,
    })
}

fn accounts(names: &[String]) -> Result<Vec<Account>> {
    names.iter().map(|name| amount::account(name)).collect::<Result<_>>().context("in a list")
}

/// Those named, and struck off who was listed before and is not any more.
fn changed(known: Option<&Lane>, list: List, named: &[Account]) -> Vec<(Account, bool)> {
    let before = known.into_iter().flat_map(|lane| lane.listed(list));
    let gone = before.filter(|account| !named.contains(account)).map(|account| (*account, false));
    named.iter().map(|account| (*account, true)).chain(gone).collect()
}
