//! Auctions and deposits that time has moved on.

use bourse_sim::ask::{Move, MoveKind, Status};
use bourse_sim::market::Case;
use bourse_sim::{Account, Id, Wei, ZERO};

use super::{Action, Deed, Gain, act, bounty, describe, tip};
use crate::config::Goals;
use crate::state::State;

/// Gas that a tick and one about a ticket usually take, for reckoning.
const TICK_GAS: u64 = 140_000;
const TICKET_GAS: u64 = 100_000;

/// Open requests whose mechanism has a move to make: an auction to award, one that nobody came to.
pub(super) fn tick(state: &State, goals: &Goals) -> Vec<Action> {
    let open = state.market().live().filter(|(_, case)| can_move(state, case));
    open.filter_map(|(id, case)| {
        let moves = state.verdict(id, case, ZERO).filter(|moves| !moves.is_empty())?;
        let pays = moves.iter().any(|step| matches!(step.kind, MoveKind::Award | MoveKind::Close));
        let tip = if pays { tip(case) } else { 0 };
        let more = TICKET_GAS / 4 * moves.len().saturating_sub(1) as u64;
        let gain = Gain { native: tip + bounty(state, taken(case, &moves)), gas: TICK_GAS + more };
        let reason = format!("the mechanism is to {}", describe(&moves));
        act(state, goals, case, Deed::Tick { request: *id, about: ZERO }, gain, reason)
    })
    .collect()
}

/// Deposits that the mechanism would take or give back: of bidders that stayed silent, and of standbys that are not needed
/// any more.
pub(super) fn tickets(state: &State, goals: &Goals) -> Vec<Action> {
    let live = state.market().live().filter(|(_, case)| case.status != Status::Open || can_move(state, case));
    let cases = live.chain(state.lingering()).filter(|(_, case)| !case.tickets.is_empty());
    cases.flat_map(|(id, case)| of_case(state, goals, id, case)).collect()
}

fn of_case(state: &State, goals: &Goals, id: &Id, case: &Case) -> Vec<Action> {
    // An open request that moves on anyway may settle its tickets by that.
    if case.status == Status::Open && state.verdict(id, case, ZERO).is_some_and(|moves| !moves.is_empty()) {
        return Vec::new();
    }
    let of = |prover: &Account| {
        let moves = state.verdict(id, case, *prover).filter(|moves| !moves.is_empty())?;
        let gain = Gain { native: bounty(state, taken(case, &moves)), gas: TICKET_GAS };
        let reason = format!("its time is over: {}", describe(&moves));
        act(state, goals, case, Deed::Tick { request: *id, about: *prover }, gain, reason)
    };
    case.tickets.keys().filter_map(of).collect()
}

/// The deposits that moves take.
fn taken(case: &Case, moves: &[Move]) -> Wei {
    let taken = moves.iter().filter(|step| step.kind == MoveKind::Forfeit);
    taken.filter_map(|step| case.tickets.get(&step.prover)).map(|ticket| ticket.amount).sum()
}

/// The market takes ticks on an open request before its deadline only.
fn can_move(state: &State, case: &Case) -> bool {
    case.status == Status::Open && state.head().time < case.request.deadline
}
