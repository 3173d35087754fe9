//! `bourse audit`: makes every decision that keepers took about a lane again, from chain data alone, and reports what differs.

use anyhow::{Context, Result};
use bourse_sim::Account;
use bourse_sim::event::Setup;
use bourse_sim::qos::explain::Record;
use bourse_sim::qos::select::{Infeasible, Pace};
use bourse_sim::qos::survey::{Barred, mandated, survey};
use bourse_sim::qos::tune::tune;
use serde_json::{Value, json};

use crate::commands::lanes::Which;
use crate::past::{Move, Past, Version};
use crate::session::Session;
use crate::{Outcome, amount};

/// Blocks before a move in which its decision is looked for: it was sent when it was decided, and landed later.
const BACK: usize = 16;

/// What a move looks like when it is decided again.
enum Finding {
    /// The same, as of that block.
    Same(u64, Box<Record>),
    /// Another, as of the block before the move.
    Other(Box<Record>),
    /// None at all.
    Nowhere(Infeasible),
}

/// Runs the command; [`Outcome::Short`] if a move differs.
///
/// # Errors
/// If there is no such lane, or the chain cannot be read.
pub async fn run(session: &Session, which: &Which) -> Result<Outcome> {
    let key = which.key(session)?;
    let past = Past::read(session).await?;
    past.present()?.lanes().get(&key).with_context(|| which.unknown(key.0))?;
    let moves: Vec<Move> = past.moves(key).into_iter().filter(|made| made.by != key.0 && made.to.0 != 0).collect();
    let mut rows = Vec::new();
    for made in &moves {
        rows.push((made, decide_again(&past, key, made)?));
    }
    let differ = rows.iter().filter(|(_, finding)| !matches!(finding, Finding::Same(..))).count();
    let settings = settings(&past, key, &moves)?;
    let shown: Vec<Value> = rows.iter().map(|(made, finding)| row_json(made, finding)).collect();
    let set: Vec<Value> = settings.iter().map(Setting::json).collect();
    session.out.result(&json!({ "moves": shown, "instances": set, "differ": differ }), || {
        let mut lines: Vec<_> = rows.iter().map(|(made, finding)| line(made, finding)).collect();
        lines.extend(settings.iter().map(Setting::line));
        let sum = match (moves.len(), differ) {
            (0, _) => format!("no keeper has moved lane {}", key.1),
            (all, 0) => format!("all {all} moves are what the chain's data lead to"),
            (all, _) => format!("{differ} of {all} moves are not what the chain's data lead to"),
        };
        [lines, vec![sum]].concat().join("\n")
    })?;
    Ok(if differ == 0 { Outcome::Done } else { Outcome::Short })
}

/// What a keeper made of an instance of its own, to which it led the lane.
struct Setting {
    instance: u32,
    version: u32,
    block: u64,
    by: Account,
    /// As of which block the data lead to it, and why; none if those of this lane do not, as it may be for another lane, or by hand.
    found: Option<(u64, String)>,
}

impl Setting {
    fn line(&self) -> String {
        let Self { instance, version, block, by, found } = self;
        let head = format!("block {block}: {} made instance {instance} v{version}", amount::address(*by));
        match found {
            Some((as_of, why)) => format!("✓ {head}, as of block {as_of}: {why}"),
            None => format!("· {head}; not from the data of this lane"),
        }
    }

    fn json(&self) -> Value {
        json!({
            "block": self.block, "by": amount::address(self.by), "instance": self.instance, "version": self.version,
            "same": self.found.is_some(), "as_of": self.found.as_ref().map(|(block, _)| block),
        })
    }
}

/// The instances that the keepers of a lane registered and retuned before they led it there, decided again.
fn settings(past: &Past, key: (Account, u32), moves: &[Move]) -> Result<Vec<Setting>> {
    let mut own: Vec<(u32, Account)> = moves.iter().map(|made| (made.to.0, made.by)).collect();
    own.sort_unstable();
    own.dedup();
    let mut all = Vec::new();
    for (instance, by) in own {
        for Version { block, version, .. } in past.versions(instance).into_iter().filter(|set| set.owner == by) {
            let found = set_again(past, key, (instance, version), block)?;
            all.push(Setting { instance, version, block, by, found });
        }
    }
    Ok(all)
}

/// The latest block before in which the data led to that version, and why.
fn set_again(
    past: &Past,
    key: (Account, u32),
    (instance, version): (u32, u32),
    block: u64,
) -> Result<Option<(u64, String)>> {
    let pace = Pace::default();
    let is =
        |setup: &Setup| past.versions(instance).iter().any(|set| set.version == version && *setup == set.config.into());
    for block in past.blocks.iter().rev().filter(|before| before.number < block).take(BACK) {
        let market = past.as_of(block.number)?;
        let found = if version == 1 {
            let survey = survey(&market, &past.names, key, block.time);
            let proposal = survey.and_then(|survey| survey.propose(&survey.decide(&pace), &pace));
            proposal.filter(|proposal| is(&proposal.setup)).map(|proposal| proposal.to_string())
        } else {
            let tuning = tune(&market, &past.names, instance, block.time, &pace);
            tuning.filter(|tuning| is(&tuning.setup)).map(|tuning| tuning.to_string())
        };
        if let Some(why) = found {
            return Ok(Some((block.number, why)));
        }
    }
    Ok(None)
}

/// The decision as of each of the blocks before the move, the latest first, until one is the same.
fn decide_again(past: &Past, key: (Account, u32), made: &Move) -> Result<Finding> {
    let before = past.blocks.iter().rev().filter(|block| block.number < made.block).take(BACK);
    let mut other = None;
    for block in before {
        let market = past.as_of(block.number)?;
        // What was thought before there was the mandate is not what it was used for.
        // A keeper may think while it waits for the cooldown to be over.
        let allowed = |lane| matches!(mandated(&market, lane, &made.by, block.time), Ok(()) | Err(Barred::Cooldown(_)));
        if !market.lanes().get(&key).is_some_and(allowed) {
            break;
        }
        let Some(survey) = survey(&market, &past.names, key, block.time) else { break };
        match survey.decide(&Pace::default()) {
            Ok(record) if (record.to, record.version) == made.to => {
                return Ok(Finding::Same(block.number, Box::new(record)));
            }
            Ok(record) => drop(other.get_or_insert(Finding::Other(Box::new(record)))),
            Err(infeasible) => drop(other.get_or_insert(Finding::Nowhere(infeasible))),
        }
    }
    Ok(other.unwrap_or_else(|| Finding::Nowhere(Infeasible::default())))
}

fn line(made: &Move, finding: &Finding) -> String {
    let (instance, version) = made.to;
    let head = format!("block {}: {} to instance {instance} v{version}", made.block, amount::address(made.by));
    match finding {
        Finding::Same(block, record) => format!("✓ {head}, as of block {block}: {record}"),
        Finding::Other(record) => format!("✗ {head}; the data lead elsewhere: {record}"),
        Finding::Nowhere(infeasible) => format!("✗ {head}; the data lead nowhere: {infeasible}"),
    }
}

fn row_json(made: &Move, finding: &Finding) -> Value {
    let (same, as_of, want) = match finding {
        Finding::Same(block, record) => (true, Some(*block), Some(record.to)),
        Finding::Other(record) => (false, None, Some(record.to)),
        Finding::Nowhere(_) => (false, None, None),
    };
    json!({
        "block": made.block, "by": amount::address(made.by), "have": made.to.0, "want": want, "same": same, "as_of": as_of,
    })
}
