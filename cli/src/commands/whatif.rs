//! `bourse whatif`: what a lane's requests would have got under another instance, or under parameters that no instance has yet.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use bourse_chain::read::Token;
use bourse_sim::event::Config;
use bourse_sim::market::Market;
use bourse_sim::qos::counterfactual::{Band, Course, again, happened, under};
use bourse_sim::qos::onchain::PER;
use bourse_sim::qos::play::Rule;
use bourse_sim::qos::survey::{rule_of, usual};
use serde_json::{Value, json};

use crate::amount;
use crate::blueprint::Blueprint;
use crate::commands::instances::setup;
use crate::commands::lanes::Which;
use crate::past::Past;
use crate::session::Session;

/// `bourse whatif`
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The lane.
    #[command(flatten)]
    pub which: Which,
    /// Under this instance, by number or name
    #[arg(long, value_name = "N|NAME", required_unless_present = "file")]
    pub instance: Option<String>,
    /// Under the instance that this file would make with `bourse instances new`
    #[arg(long, value_name = "FILE", conflicts_with = "instance")]
    pub file: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// If there is no such lane or instance, nothing is known of its mechanism, or nothing has happened that could be replayed.
pub async fn run(session: &Session, options: &Options) -> Result<()> {
    let key = options.which.key(session)?;
    let past = Past::read(session).await?;
    let market = past.present()?;
    let lane = market.lanes().get(&key).with_context(|| options.which.unknown(key.0))?;
    let (what, config) = alternative(session, options, &market).await?;
    let rule = rule(session, &past, &config, lane).await?;
    let nothing = || format!("no request of lane {} has ended yet: there is nothing to replay", key.1);
    let was = happened(&market, key).with_context(nothing)?;
    let would =
        under(&market, &past.names, key, rule).context("the mechanism refuses these parameters for such requests")?;
    let replay = again(&market, &past.names, key);
    let token = session.node.token(lane.terms.token).await?;
    let shown = json!({
        "requester": amount::address(key.0),
        "lane": key.1,
        "under": what,
        "happened": course_json(&was),
        "replayed": replay.as_ref().map(course_json),
        "would": course_json(&would),
    });
    session.out.result(&shown, || {
        let row = |name: &str, course: &Course| {
            let rate = |rate: f64| amount::rough((rate * lane.terms.work as f64 / PER) as u128, &token);
            vec![
                name.to_owned(),
                course.requests.to_string(),
                band(&course.price, rate),
                band(&course.time, |seconds| format!("{seconds:.0} s")),
                band(&course.missed, |share| format!("{:.0} %", 100.0 * share)),
                band(&course.utility, |utility| format!("{utility:.3}")),
            ]
        };
        let mut rows = vec![row("happened", &was)];
        rows.extend(replay.as_ref().map(|replay| row("the same, replayed", replay)));
        rows.push(row(&format!("under {what}"), &would));
        let head = ["", "requests", "price", "time", "missed", "utility"];
        let trust = replay.as_ref().map_or(String::new(), |replay| format!("\n{}", trust(&was, replay)));
        format!("{}{trust}", session.out.table(&head, rows))
    })
}

async fn alternative(session: &Session, options: &Options, market: &Market) -> Result<(String, Config)> {
    if let Some(name) = &options.instance {
        let number = session.instance(name).await?;
        let found = market.instances().get(&number).and_then(|entry| entry.config(entry.version()));
        let config = found.with_context(|| format!("there is no instance {number}: `bourse instances` lists them"))?;
        return Ok((format!("instance {number}"), config.as_ref().clone()));
    }
    let file = options.file.as_deref().context("under what? say --instance or --file")?;
    let setup = setup(session, &Blueprint::read(file)?).await?;
    let config = Config { mechanism: setup.mechanism, token: setup.token, params: setup.params, ..Config::default() };
    Ok((file.display().to_string(), config))
}

async fn rule(session: &Session, past: &Past, config: &Config, lane: &bourse_sim::market::Lane) -> Result<Rule> {
    let mut names = past.names.clone();
    if let Some(name) = session.node.mechanism_name(config.mechanism).await? {
        names.insert(config.mechanism, name);
    }
    match rule_of(&names, config, &usual(lane)) {
        Some(rule) => Ok(rule),
        None => bail!(
            "nothing is known here of how provers act under the mechanism at {}{}",
            amount::address(config.mechanism),
            names.get(&config.mechanism).map_or(String::new(), |name| format!(", which calls itself {name}")),
        ),
    }
}

/// How far the replay of what happened is from what happened.
fn trust(was: &Course, replay: &Course) -> String {
    let off = |have: f64, said: f64| if have == 0.0 { 0.0 } else { 100.0 * (said / have - 1.0) };
    format!(
        "the replay of what happened is off by {:+.0} % in price, {:+.0} % in time, {:+.0} points in misses, {:+.3} in utility: trust the rest as far",
        off(was.price.mean, replay.price.mean),
        off(was.time.mean, replay.time.mean),
        100.0 * (replay.missed.mean - was.missed.mean),
        replay.utility.mean - was.utility.mean,
    )
}

fn band(band: &Band, show: impl Fn(f64) -> String) -> String {
    match (show(band.low), show(band.mean), show(band.high)) {
        (low, mean, high) if low == high => mean,
        (low, mean, high) => format!("{mean} ({low} to {high})"),
    }
}

/// In a line; prices for a request of `work` units.
pub(super) fn words(course: &Course, token: &Token, work: u64) -> String {
    let price = amount::rough((course.price.mean * work as f64 / PER) as u128, token);
    format!(
        "{} requests, {price} and {:.0} s on average, {:.0} % missed, utility {:.3}",
        course.requests,
        course.time.mean,
        100.0 * course.missed.mean,
        course.utility.mean
    )
}

/// Prices are in the smallest unit of the token for a million units of work, times in seconds, misses and utilities shares of 1.
pub(super) fn course_json(course: &Course) -> Value {
    let band = |band: &Band| json!({ "mean": band.mean, "low": band.low, "high": band.high });
    json!({
        "requests": course.requests,
        "price": band(&course.price),
        "seconds": band(&course.time),
        "missed": band(&course.missed),
        "utility": band(&course.utility),
    })
}
