//! Logs of the market, as events.

use alloy::primitives::{Address, Log, U256, Uint};
use alloy::sol_types::SolEventInterface;
use bourse_bindings::Market::{self as abi, MarketEvents as Abi, Opened};
use bourse_sim::Account;
use bourse_sim::event::Event;
use bourse_sim::lane::List;

use crate::convert::{config_in, declaration_in, ids, mandate_in, tag_in, terms_in, wei};
use crate::packed;

/// The event that a log of the market is; an error says what is wrong with it.
pub(crate) fn event(log: &Log) -> Result<Event, String> {
    let decoded = Abi::decode_log(log).map_err(|error| match log.topics().first() {
        Some(topic) => format!("topic {topic}: {error}"),
        None => "a log without topics".to_owned(),
    })?;
    if let Abi::Opened(opened) = &decoded.data {
        return entry(opened).ok_or_else(|| format!("the entry of request {} ends within a field", opened.id));
    }
    let event = standing(&decoded.data)
        .or_else(|| lane(&decoded.data))
        .or_else(|| auction(&decoded.data))
        .or_else(|| ending(&decoded.data));
    event.ok_or_else(|| format!("{:?} is not handled", decoded.data))
}

/// Money, instances, verifiers, supply: what outlives requests.
fn standing(event: &Abi) -> Option<Event> {
    Some(match event {
        Abi::Deposited(e) => Event::Deposited {
            token: account(e.token),
            account: account(e.account),
            from: account(e.from),
            amount: wei(e.amount),
        },
        Abi::Withdrawn(e) => Event::Withdrawn {
            token: account(e.token),
            account: account(e.account),
            to: account(e.to),
            amount: wei(e.amount),
        },
        Abi::InstanceSet(e) => Event::InstanceSet {
            instance: e.instance,
            version: e.version,
            owner: account(e.owner),
            open: e.open,
            config: config_in(e.config.clone()),
        },
        Abi::InstanceRetired(e) => Event::InstanceRetired { instance: e.instance },
        Abi::VerifierRegistered(e) => Event::VerifierRegistered {
            verifier: e.verifier,
            target: account(e.target),
            registrar: account(e.registrar),
            codehash: e.codehash.0,
            gas: e.gas,
        },
        Abi::VerifierFrozen(e) => Event::VerifierFrozen { verifier: e.verifier },
        Abi::Declared(e) => Event::Declared {
            prover: account(e.prover),
            number: e.id.to(),
            declaration: declaration_in(e.declaration.clone()),
        },
        Abi::Staked(e) => Event::Staked { prover: account(e.prover), amount: wei(e.amount) },
        Abi::Unstaking(e) => {
            Event::Unstaking { prover: account(e.prover), amount: wei(e.amount), ready_at: time(e.readyAt) }
        }
        Abi::Leaving(e) => {
            Event::Leaving { instance: e.instance, prover: account(e.prover), ready_at: time(e.readyAt) }
        }
        Abi::Unstaked(e) => Event::Unstaked { prover: account(e.prover), amount: wei(e.amount) },
        _ => return None,
    })
}

/// What requesters state and where they are routed.
fn lane(event: &Abi) -> Option<Event> {
    let listed = |requester, lane, list, entries: &[abi::Listing]| Event::Listed {
        requester: account(requester),
        lane,
        list,
        entries: entries.iter().map(|entry| (account(entry.account), entry.listed)).collect(),
    };
    Some(match event {
        Abi::TermsSet(e) => {
            Event::TermsSet { requester: account(e.requester), lane: e.lane, terms: terms_in(&e.terms) }
        }
        Abi::MandateSet(e) => {
            Event::MandateSet { requester: account(e.requester), lane: e.lane, mandate: mandate_in(&e.mandate) }
        }
        Abi::KeepersListed(e) => listed(e.requester, e.lane, List::Keepers, &e.keepers),
        Abi::MechanismsListed(e) => listed(e.requester, e.lane, List::Mechanisms, &e.mechanisms),
        Abi::ProversListed(e) => listed(e.requester, e.lane, List::Provers, &e.provers),
        Abi::Routed(e) => Event::Routed {
            requester: account(e.requester),
            lane: e.lane,
            instance: e.instance,
            version: e.version,
            by: account(e.by),
            tip: wei(e.tip),
        },
        _ => return None,
    })
}

fn entry(opened: &Opened) -> Option<Event> {
    let requester = account(opened.requester);
    let (version, instance, request, input) = packed::opened(requester, &opened.entry)?;
    Some(Event::Opened { id: opened.id.0, requester, instance, version, request, input })
}

/// From a request's entry to its award.
fn auction(event: &Abi) -> Option<Event> {
    Some(match event {
        Abi::Awarded(e) => Event::Awarded {
            id: e.id.0,
            prover: account(e.prover),
            price: field(e.state, 88, 88).to(),
            due: field(e.state, 48, 40).to(),
            bond_bps: field(e.state, 176, 16).to(),
        },
        Abi::Held(e) => {
            Event::Held { id: e.id.0, prover: account(e.prover), amount: e.amount.to(), tag: tag_in(e.tag) }
        }
        Abi::Released(e) => Event::Released { id: e.id.0, prover: account(e.prover), amount: e.amount.to() },
        Abi::Forfeited(e) => Event::Forfeited {
            id: e.id.0,
            prover: account(e.prover),
            burned: wei(e.burned),
            compensation: wei(e.compensation),
            tip: wei(e.tip),
            to: account(e.to),
        },
        Abi::Docked(e) => Event::Docked {
            id: e.id.0,
            instance: e.instance,
            prover: account(e.prover),
            burned: wei(e.burned),
            compensation: wei(e.compensation),
            tip: wei(e.tip),
            to: account(e.to),
        },
        Abi::Climbed(e) => Event::Climbed { id: e.id.0, rung: e.rung, instance: e.instance, version: e.version },
        Abi::Noted(e) => Event::Noted { id: e.id.0, words: ids(&e.words) },
        Abi::NotedInstance(e) => Event::NotedInstance { instance: e.instance, shared: ids(&e.shared) },
        Abi::BeaconFixed(e) => Event::BeaconFixed { id: e.id.0, block: e.blockNumber },
        _ => return None,
    })
}

/// From the award to the end.
fn ending(event: &Abi) -> Option<Event> {
    Some(match event {
        Abi::Slashed(e) => Event::Slashed {
            id: e.id.0,
            prover: account(e.prover),
            burned: wei(e.burned),
            compensation: wei(e.compensation),
            tip: wei(e.tip),
            to: account(e.to),
        },
        Abi::Excused(e) => Event::Excused { id: e.id.0, prover: account(e.prover) },
        Abi::Tipped(e) => Event::Tipped { id: e.id.0, to: account(e.to), amount: wei(e.amount) },
        Abi::Proven(e) => Event::Proven { id: e.id.0, prover: account(e.prover), proof: e.proof.to_vec() },
        Abi::Rewarded(e) => Event::Rewarded { id: e.id.0, prover: account(e.prover), amount: wei(e.amount) },
        Abi::Fulfilled(e) => {
            Event::Fulfilled { id: e.id.0, prover: account(e.prover), price: wei(e.price), proof: e.proof.to_vec() }
        }
        Abi::FulfillmentRejected(e) => Event::FulfillmentRejected { id: e.id.0, reason: e.reason.to_vec() },
        Abi::CallbackFailed(e) => Event::CallbackFailed { id: e.id.0 },
        Abi::Closed(e) => Event::Closed { id: e.id.0, refund: wei(e.refund) },
        Abi::Recorded(e) => Event::Recorded { id: e.id.0, prover: account(e.prover), fee: wei(e.fee) },
        Abi::Drilled(e) => Event::Drilled { id: e.id.0, prover: account(e.prover) },
        Abi::Cancelled(e) => Event::Cancelled { id: e.id.0, refund: wei(e.refund) },
        _ => return None,
    })
}

/// `bits` bits of a slot of `contracts/types/State.sol`, from bit `from` on.
fn field(slot: U256, from: usize, bits: usize) -> U256 {
    (slot >> from) & ((U256::ONE << bits) - U256::ONE)
}

fn account(address: Address) -> Account {
    address.into_array()
}

fn time(seconds: Uint<40, 1>) -> u64 {
    seconds.to()
}
