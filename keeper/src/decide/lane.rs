//! Lanes that would be better off elsewhere.

use bourse_sim::market::Lane;

use super::{Action, Deed, Gain, act_in};
use crate::config::Goals;
use crate::state::{LaneKey, State, Verdict};

/// Gas that a route usually takes, with the envelopes of a ladder, for reckoning.
const ROUTE_GAS: u64 = 250_000;

/// Lanes whose requester lets this keeper route them, and that it would route elsewhere.
pub(super) fn route(state: &State, goals: &Goals) -> Vec<Action> {
    let of = |(key, lane, verdict): (&LaneKey, &Lane, &Verdict)| one(state, goals, *key, lane, verdict);
    state.verdicts().filter_map(of).collect()
}

fn one(state: &State, goals: &Goals, key: LaneKey, lane: &Lane, verdict: &Verdict) -> Option<Action> {
    let record = verdict.outcome.as_ref().ok()?;
    let to = (record.to, verdict.version);
    if lane.route == Some(to) || !record.changes() || !state.may_route(lane) {
        return None;
    }
    let (requester, number) = key;
    let (token, tip) = (lane.terms.token, lane.mandate.tip);
    let paid = token == bourse_sim::ZERO && tip <= state.market().balance(token, requester);
    let gain = Gain { native: if paid { tip } else { 0 }, gas: ROUTE_GAS };
    let (from, version) = lane.route.unwrap_or_default();
    let epoch = format!("{from}.{version}-{}.{}-{}", to.0, to.1, lane.moved_at);
    let deed = Deed::Route { requester, lane: number, instance: to.0, version: to.1 };
    act_in(state, goals, epoch, deed, gain, record.to_string())
}
