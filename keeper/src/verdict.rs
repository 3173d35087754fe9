//! What is thought of a lane, in words and as JSON.

use bourse_sim::qos::explain::Record;
use bourse_sim::qos::fresh::Proposal;
use bourse_sim::qos::select::{Breach, Infeasible};
use bourse_sim::qos::terms::ATTRIBUTES;
use serde_json::{Map, Value, json};

use crate::state::{LaneKey, Verdict};
use crate::text;

/// A line.
pub fn words((requester, lane): &LaneKey, verdict: &Verdict) -> String {
    let lane = format!("lane {lane} of {}", text::account(requester));
    let there = match &verdict.outcome {
        Ok(record) => format!("{lane}: {record}"),
        Err(infeasible) => format!("{lane} can lead nowhere: {infeasible}"),
    };
    match &verdict.fresh {
        Some(fresh) => format!("{there}; {fresh}"),
        None => there,
    }
}

/// All of it; utilities are shares of 1, a breach's amounts are in its limit's unit.
pub fn json((requester, lane): &LaneKey, verdict: &Verdict) -> Value {
    let mut said = match &verdict.outcome {
        Ok(record) => record_json(record),
        Err(infeasible) => infeasible_json(infeasible),
    };
    if let Value::Object(fields) = &mut said {
        fields.insert("requester".into(), text::account(requester).into());
        fields.insert("lane".into(), (*lane).into());
        fields.insert("block".into(), verdict.block.into());
        fields.insert("time".into(), verdict.time.into());
        fields.insert("fresh".into(), verdict.fresh.as_ref().map(fresh_json).into());
        fields.insert("words".into(), words(&(*requester, *lane), verdict).into());
    }
    said
}

/// A decision.
pub fn record_json(record: &Record) -> Value {
    let runner_up = record.runner_up.map(|(instance, score)| json!({ "instance": instance, "score": score }));
    let binding = record.binding.as_ref().map(|(instance, breach)| {
        let mut said = breach_json(breach);
        said.insert("instance".into(), (*instance).into());
        said
    });
    json!({
        "from": record.from,
        "instance": record.to,
        "version": record.version,
        "reason": record.reason.to_string(),
        "utility": record.value(),
        "parts": parts(&record.parts),
        "gains": parts(&record.gains),
        "safe": record.safe,
        "runner_up": runner_up,
        "binding": binding,
        "confidence": record.confidence,
        "seen": { "family": record.seen.0, "instance": record.seen.1 },
    })
}

/// An instance that should be registered.
pub fn fresh_json(fresh: &Proposal) -> Value {
    json!({
        "mechanism": fresh.mechanism,
        "address": text::account(&fresh.setup.mechanism),
        "params": text::bytes(&fresh.setup.params),
        "utility": fresh.value(),
        "parts": parts(&fresh.parts),
        "gain": fresh.gain,
    })
}

/// Why there is none.
pub fn infeasible_json(infeasible: &Infeasible) -> Value {
    let nearest: Vec<_> = infeasible.nearest.iter().map(breach_json).collect();
    json!({ "infeasible": nearest, "together": infeasible.together })
}

fn breach_json(breach: &Breach) -> Map<String, Value> {
    let fields =
        [("limit", Value::from(breach.limit.to_string())), ("have", breach.have.into()), ("want", breach.want.into())];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn parts(parts: &[f64; 8]) -> Value {
    let named = ATTRIBUTES.iter().zip(parts).filter(|(_, part)| **part != 0.0);
    named.map(|(attribute, part)| (attribute.to_string(), json!(part))).collect::<Map<_, _>>().into()
}
