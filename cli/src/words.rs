//! The market's events in words, and as JSON.

mod lanes;

use alloy::hex;
use bourse_chain::read::Token;
use bourse_chain::{Revert, wire};
use bourse_sim::event::{Config, Event};
use bourse_sim::{Account, Bps, Id, Time, Wei};
use serde_json::{Value, json};

use crate::amount::{self, address, clock, short};

/// What turns numbers into words: how amounts are written and what things are called.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// What stakes are counted in.
    pub stake: &'a Token,
    /// What prices are written in: exact for this token, in its smallest unit for others.
    pub price: &'a Token,
    /// The name of an account, if it has one.
    pub name: &'a dyn Fn(Account) -> Option<String>,
    /// The name of an instance, if it has one.
    pub instance: &'a dyn Fn(u32) -> Option<String>,
}

/// Short names for the shapes below.
type Fields = Vec<(&'static str, Value)>;

impl Words<'_> {
    /// One sentence.
    pub fn of(&self, event: &Event) -> String {
        match event {
            Event::Opened { .. }
            | Event::Awarded { .. }
            | Event::Held { .. }
            | Event::Released { .. }
            | Event::Climbed { .. }
            | Event::Noted { .. }
            | Event::BeaconFixed { .. } => self.of_search(event),
            Event::Forfeited { .. }
            | Event::Docked { .. }
            | Event::Proven { .. }
            | Event::Slashed { .. }
            | Event::Excused { .. }
            | Event::Recorded { .. }
            | Event::Drilled { .. }
            | Event::Tipped { .. }
            | Event::Rewarded { .. }
            | Event::Fulfilled { .. }
            | Event::FulfillmentRejected { .. }
            | Event::CallbackFailed { .. }
            | Event::Closed { .. }
            | Event::Cancelled { .. } => self.of_end(event),
            _ => self.of_standing(event),
        }
    }

    /// How requests find provers.
    fn of_search(&self, event: &Event) -> String {
        match event {
            Event::Opened { id, requester, instance, request, .. } => format!(
                "{} opened by {} on {}: {} units of work, up to {}, until {}",
                short(id),
                self.who(*requester),
                self.which(*instance),
                request.work,
                self.price(request.token, request.max_price),
                clock(request.deadline),
            ),
            Event::Awarded { id, prover, price, due, .. } => {
                format!("{} awarded to {} for {}, due {}", short(id), self.who(*prover), self.paid(*price), clock(*due))
            }
            Event::Held { id, prover, amount, .. } => {
                format!("{} bid on by {}, deposit {}", short(id), self.who(*prover), self.staked(*amount))
            }
            Event::Released { id, prover, amount } => {
                format!("{}: {} got its deposit of {} back", short(id), self.who(*prover), self.staked(*amount))
            }
            Event::Climbed { id, instance, .. } => format!("{} moved on to {}", short(id), self.which(*instance)),
            Event::Noted { id, .. } => format!("{}: the mechanism took a note", short(id)),
            Event::BeaconFixed { id, block } => format!("{} will be drawn by block {block}", short(id)),
            _ => String::new(),
        }
    }

    /// How requests end, and what failing costs.
    fn of_end(&self, event: &Event) -> String {
        match event {
            Event::Forfeited { id, prover, burned, compensation, .. } => format!(
                "{}: {} forfeited its deposit: {} burned, {} to the requester",
                short(id),
                self.who(*prover),
                self.staked(*burned),
                self.staked(*compensation)
            ),
            Event::Docked { instance, prover, burned, compensation, .. } => format!(
                "{}: {} lost of its deposit there: {} burned, {} to who was let down",
                self.which(*instance),
                self.who(*prover),
                self.staked(*burned),
                self.staked(*compensation)
            ),
            Event::Slashed { id, prover, burned, compensation, .. } => format!(
                "{}: {} did not prove and was slashed: {} burned, {} to the requester",
                short(id),
                self.who(*prover),
                self.staked(*burned),
                self.staked(*compensation)
            ),
            Event::Excused { id, prover } => format!("{}: {} was excused", short(id), self.who(*prover)),
            Event::Drilled { id, prover } => format!("{}: a drill of {}", short(id), self.who(*prover)),
            Event::Recorded { id, prover, fee } => {
                format!("{}: {} had it recorded for {}", short(id), self.who(*prover), self.paid(*fee))
            }
            Event::Tipped { id, to, amount } => {
                format!("{} tipped {} with {}", short(id), self.who(*to), self.paid(*amount))
            }
            Event::Proven { id, prover, proof } => {
                format!("{} proven by {} in an open stage ({} bytes)", short(id), self.who(*prover), proof.len())
            }
            Event::Rewarded { id, prover, amount } => {
                format!("{} rewarded {} with {}", short(id), self.who(*prover), self.paid(*amount))
            }
            Event::Fulfilled { id, prover, price, proof } => format!(
                "{} proven by {} for {} ({} bytes)",
                short(id),
                self.who(*prover),
                self.paid(*price),
                proof.len()
            ),
            Event::FulfillmentRejected { id, reason } => {
                format!("{}: a proof was left out: {}", short(id), Revert::decode(reason))
            }
            Event::CallbackFailed { id } => format!("{}: its callback failed", short(id)),
            Event::Closed { id, refund } => {
                format!("{} closed, {} back", short(id), self.paid(*refund))
            }
            Event::Cancelled { id, refund } => format!("{} taken back, with {}", short(id), self.paid(*refund)),
            _ => String::new(),
        }
    }

    /// Money, instances, verifiers, provers.
    fn of_standing(&self, event: &Event) -> String {
        match event {
            Event::Deposited { token, account, amount, .. } => {
                format!("{} deposited {}", self.who(*account), self.price(*token, *amount))
            }
            Event::Withdrawn { token, account, to, amount } => {
                format!("{} withdrew {} to {}", self.who(*account), self.price(*token, *amount), self.who(*to))
            }
            Event::InstanceSet { instance, version, owner, .. } => {
                format!("{} has version {version}, by {}", self.which(*instance), self.who(*owner))
            }
            Event::InstanceRetired { instance } => format!("{} is retired", self.which(*instance)),
            Event::VerifierRegistered { verifier, target, .. } => {
                format!("verifier {verifier} is {}", address(*target))
            }
            Event::VerifierFrozen { verifier } => format!("verifier {verifier} is frozen"),
            Event::Declared { prover, number, declaration } => {
                let at_once = declaration.concurrency;
                format!("prover {number} is {}, up to {at_once} awards at once", self.who(*prover))
            }
            Event::Staked { prover, amount } => format!("{} staked {}", self.who(*prover), self.staked(*amount)),
            Event::Unstaking { prover, amount, ready_at } => {
                format!("{} takes {} out of stake, ready at {ready_at}", self.who(*prover), self.staked(*amount))
            }
            Event::Unstaked { prover, amount } => {
                format!("{} has {} unstaked", self.who(*prover), self.staked(*amount))
            }
            Event::Leaving { instance, prover, ready_at } => {
                format!("{} wants to leave {}, and can at {ready_at}", self.who(*prover), self.which(*instance))
            }
            Event::NotedInstance { instance, .. } => format!("{}: its mechanism took a note", self.which(*instance)),
            _ => lanes::sentence(self, event),
        }
    }

    fn who(&self, account: Account) -> String {
        (self.name)(account).unwrap_or_else(|| short(&account))
    }

    fn which(&self, instance: u32) -> String {
        match (self.instance)(instance) {
            Some(name) => format!("instance {instance} ({name})"),
            None => format!("instance {instance}"),
        }
    }

    fn staked(&self, amount: Wei) -> String {
        amount::show(amount, self.stake)
    }

    fn paid(&self, amount: Wei) -> String {
        amount::show(amount, self.price)
    }

    fn price(&self, token: Account, amount: Wei) -> String {
        [self.price, self.stake]
            .into_iter()
            .find(|known| known.address == token)
            .map_or_else(|| format!("{amount} of {}", short(&token)), |known| amount::show(amount, known))
    }
}

/// The event with all its fields. Amounts are decimal strings, as JSON's numbers are too short for them.
pub fn json(event: &Event) -> Value {
    let (name, fields) = request_fields(event)
        .or_else(|| standing_fields(event))
        .or_else(|| lanes::fields(event))
        .unwrap_or(("Unknown", Vec::new()));
    let mut object = serde_json::Map::new();
    object.insert("event".into(), name.into());
    object.extend(fields.into_iter().map(|(key, value)| (key.to_owned(), value)));
    object.into()
}

fn request_fields(event: &Event) -> Option<(&'static str, Fields)> {
    Some(match event {
        Event::Opened { id, requester, instance, version, request, input } => {
            let fields = vec![
                ("requester", of(*requester)),
                ("instance", json!(instance)),
                ("version", json!(version)),
                ("request", wire::request_json(request)),
                ("input", raw(input)),
            ];
            ("Opened", with(id, fields))
        }
        Event::Awarded { id, prover, price, due, bond_bps } => (
            "Awarded",
            with(id, vec![("prover", of(*prover)), wei("price", *price), unix("due", *due), bps(*bond_bps)]),
        ),
        Event::Held { id, prover, amount, .. } => {
            ("Held", with(id, vec![("prover", of(*prover)), wei("amount", *amount)]))
        }
        Event::Released { id, prover, amount } => {
            ("Released", with(id, vec![("prover", of(*prover)), wei("amount", *amount)]))
        }
        Event::Forfeited { id, prover, burned, compensation, tip, to } => {
            ("Forfeited", with(id, loss(*prover, *burned, *compensation, (*tip, *to))))
        }
        Event::Docked { id, instance, prover, burned, compensation, tip, to } => {
            let mut fields = loss(*prover, *burned, *compensation, (*tip, *to));
            fields.push(("instance", json!(instance)));
            ("Docked", with(id, fields))
        }
        Event::Slashed { id, prover, burned, compensation, tip, to } => {
            ("Slashed", with(id, loss(*prover, *burned, *compensation, (*tip, *to))))
        }
        Event::Excused { id, prover } => ("Excused", with(id, vec![("prover", of(*prover))])),
        Event::Drilled { id, prover } => ("Drilled", with(id, vec![("prover", of(*prover))])),
        Event::Recorded { id, prover, fee } => ("Recorded", with(id, vec![("prover", of(*prover)), wei("fee", *fee)])),
        Event::Climbed { id, rung, instance, version } => {
            let fields = vec![("rung", json!(rung)), ("instance", json!(instance)), ("version", json!(version))];
            ("Climbed", with(id, fields))
        }
        Event::Noted { id, words } => ("Noted", with(id, vec![("words", many(words))])),
        Event::BeaconFixed { id, block } => ("BeaconFixed", with(id, vec![("block", json!(block))])),
        Event::Tipped { id, to, amount } => ("Tipped", with(id, vec![("to", of(*to)), wei("amount", *amount)])),
        Event::Proven { id, prover, proof } => {
            ("Proven", with(id, vec![("prover", of(*prover)), ("proof", raw(proof))]))
        }
        Event::Rewarded { id, prover, amount } => {
            ("Rewarded", with(id, vec![("prover", of(*prover)), wei("amount", *amount)]))
        }
        Event::Fulfilled { id, prover, price, proof } => {
            ("Fulfilled", with(id, vec![("prover", of(*prover)), wei("price", *price), ("proof", raw(proof))]))
        }
        Event::FulfillmentRejected { id, reason } => {
            ("FulfillmentRejected", with(id, vec![("reason", json!(Revert::decode(reason).to_string()))]))
        }
        Event::CallbackFailed { id } => ("CallbackFailed", with(id, vec![])),
        Event::Closed { id, refund } => ("Closed", with(id, vec![wei("refund", *refund)])),
        Event::Cancelled { id, refund } => ("Cancelled", with(id, vec![wei("refund", *refund)])),
        _ => return None,
    })
}

fn standing_fields(event: &Event) -> Option<(&'static str, Fields)> {
    Some(match event {
        Event::Deposited { token, account, from, amount } => {
            let fields =
                vec![("token", of(*token)), ("account", of(*account)), ("from", of(*from)), wei("amount", *amount)];
            ("Deposited", fields)
        }
        Event::Withdrawn { token, account, to, amount } => (
            "Withdrawn",
            vec![("token", of(*token)), ("account", of(*account)), ("to", of(*to)), wei("amount", *amount)],
        ),
        Event::InstanceSet { instance, version, owner, open, config } => {
            let mut fields = vec![("instance", json!(instance)), ("version", json!(version)), ("owner", of(*owner))];
            fields.extend([("open", json!(open)), ("config", config_json(config))]);
            ("InstanceSet", fields)
        }
        Event::InstanceRetired { instance } => ("InstanceRetired", vec![("instance", json!(instance))]),
        Event::VerifierRegistered { verifier, target, registrar, gas, .. } => {
            let mut fields = vec![("verifier", json!(verifier)), ("target", of(*target))];
            fields.extend([("registrar", of(*registrar)), ("gas", json!(gas))]);
            ("VerifierRegistered", fields)
        }
        Event::VerifierFrozen { verifier } => ("VerifierFrozen", vec![("verifier", json!(verifier))]),
        Event::Declared { prover, number, declaration } => {
            let mut fields = vec![("prover", of(*prover)), ("number", json!(number))];
            fields.extend([("concurrency", json!(declaration.concurrency)), ("flags", json!(declaration.flags))]);
            ("Declared", fields)
        }
        Event::Staked { prover, amount } => ("Staked", vec![("prover", of(*prover)), wei("amount", *amount)]),
        Event::Unstaking { prover, amount, ready_at } => {
            ("Unstaking", vec![("prover", of(*prover)), wei("amount", *amount), unix("readyAt", *ready_at)])
        }
        Event::Unstaked { prover, amount } => ("Unstaked", vec![("prover", of(*prover)), wei("amount", *amount)]),
        Event::Leaving { instance, prover, ready_at } => {
            ("Leaving", vec![("instance", json!(instance)), ("prover", of(*prover)), unix("readyAt", *ready_at)])
        }
        Event::NotedInstance { instance, shared } => {
            ("NotedInstance", vec![("instance", json!(instance)), ("shared", many(shared))])
        }
        _ => return None,
    })
}

/// The configuration of an instance, parameters as bytes.
pub fn config_json(config: &Config) -> Value {
    json!({
        "mechanism": address(config.mechanism),
        "token": address(config.token),
        "fallbackInstance": config.fallback_instance,
        "fallbackVersion": config.fallback_version,
        "verifiers": config.verifiers,
        "params": hex::encode_prefixed(&config.params),
    })
}

fn with(id: &Id, fields: Fields) -> Fields {
    let mut all = vec![("id", raw(id))];
    all.extend(fields);
    all
}

fn loss(prover: Account, burned: Wei, compensation: Wei, (tip, to): (Wei, Account)) -> Fields {
    let mut fields = vec![("prover", of(prover)), wei("burned", burned), wei("compensation", compensation)];
    fields.extend([wei("tip", tip), ("to", of(to))]);
    fields
}

fn of(account: Account) -> Value {
    address(account).into()
}

fn raw(bytes: &[u8]) -> Value {
    hex::encode_prefixed(bytes).into()
}

fn many(words: &[Id]) -> Value {
    words.iter().map(|word| raw(word)).collect()
}

fn wei(name: &'static str, amount: Wei) -> (&'static str, Value) {
    (name, amount.to_string().into())
}

fn unix(name: &'static str, time: Time) -> (&'static str, Value) {
    (name, time.into())
}

fn bps(value: Bps) -> (&'static str, Value) {
    ("bondBps", value.into())
}
