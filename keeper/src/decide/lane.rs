//! Lanes that would be better off elsewhere, or with an instance that is not there yet.

use bourse_sim::Wei;
use bourse_sim::abi::keccak;
use bourse_sim::event::Setup;
use bourse_sim::market::Lane;
use bourse_sim::qos::fresh::{Proposal, is_there};

use super::{Action, Deed, Gain, act_in};
use crate::config::Goals;
use crate::state::{LaneKey, State, Verdict};

/// Gas that a route usually takes, with the envelopes of a ladder, for reckoning.
const ROUTE_GAS: u64 = 250_000;
/// The same of a registration: most of it is the configuration, which becomes code.
const REGISTER_GAS: u64 = 400_000;

/// Lanes whose requester lets this keeper route them, and that it would route elsewhere; to an instance that is to be registered first, if
/// that is better than all that is there.
pub(super) fn route(state: &State, goals: &Goals) -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    for (key, lane, verdict) in state.verdicts() {
        let fresh = verdict.fresh.as_ref().filter(|_| goals.registers && state.may_register(lane));
        let action = match fresh {
            // Lanes that are alike want the same, and one of it is enough.
            Some(fresh) if is_coming(state, &actions, &fresh.setup) => None,
            // Thought of before it was there.
            Some(fresh) if is_there(state.market(), &fresh.setup, lane.terms.verifier) => None,
            Some(fresh) => register(state, goals, *key, lane, fresh),
            None => one(state, goals, *key, lane, verdict),
        };
        actions.extend(action);
    }
    actions
}

/// It is to be registered already, for this lane or another.
fn is_coming(state: &State, decided: &[Action], setup: &Setup) -> bool {
    let under_way = state.pending().map(|(_, pending)| &pending.action);
    under_way.chain(decided).any(|action| matches!(&action.deed, Deed::Register { setup: other, .. } if other == setup))
}

/// What a keeper is paid for a move, in the native coin.
fn paid(state: &State, (requester, _): LaneKey, lane: &Lane) -> Wei {
    let (token, tip) = (lane.terms.token, lane.mandate.tip);
    let paid = token == bourse_sim::ZERO && tip <= state.market().balance(token, requester);
    if paid { tip } else { 0 }
}

fn one(state: &State, goals: &Goals, key: LaneKey, lane: &Lane, verdict: &Verdict) -> Option<Action> {
    let record = verdict.outcome.as_ref().ok()?;
    let to = (record.to, record.version);
    if lane.route == Some(to) || !record.changes() || !state.may_route(lane) {
        return None;
    }
    let (requester, number) = key;
    let gain = Gain { native: paid(state, key, lane), gas: ROUTE_GAS };
    let (from, version) = lane.route.unwrap_or_default();
    let epoch = format!("{from}.{version}-{}.{}-{}", to.0, to.1, lane.moved_at);
    let deed = Deed::Route { requester, lane: number, instance: to.0, version: to.1 };
    act_in(state, goals, epoch, deed, gain, record.to_string())
}

/// The move that follows pays for the registration.
fn register(state: &State, goals: &Goals, key: LaneKey, lane: &Lane, fresh: &Proposal) -> Option<Action> {
    let gain = Gain { native: paid(state, key, lane), gas: REGISTER_GAS + ROUTE_GAS };
    let last = state.market().instances().last_key_value().map_or(0, |(number, _)| *number);
    let epoch = format!("{last}-{}", hex::encode(&keccak(&fresh.setup.params)[..8]));
    let deed = Deed::Register { requester: key.0, lane: key.1, setup: fresh.setup.clone() };
    act_in(state, goals, epoch, deed, gain, fresh.to_string())
}
