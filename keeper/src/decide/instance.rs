//! Instances that time has moved on themselves: seats that change hands, books to be cleared, deposits to go back.

use bourse_sim::ask::{INSTANCE, Move, MoveKind};
use bourse_sim::market::Instance;
use bourse_sim::{Account, Wei, ZERO};

use super::{Action, Deed, Gain, act_in, bounty, describe, tip};
use crate::config::Goals;
use crate::state::State;

/// Gas that a tick of an instance usually takes, and each move of its answer, for reckoning.
const TICK_GAS: u64 = 150_000;
const MOVE_GAS: u64 = 50_000;

/// Instances whose mechanism has a move to make, about nobody in particular or else about single deposits.
pub(super) fn tick(state: &State, goals: &Goals) -> Vec<Action> {
    state.tickable().flat_map(|(number, instance, _)| of_instance(state, goals, number, instance)).collect()
}

fn of_instance(state: &State, goals: &Goals, number: u32, instance: &Instance) -> Vec<Action> {
    let of = |about: Account| {
        let moves = state.instance_verdict(number, instance, about)?;
        let gas = TICK_GAS + MOVE_GAS * moves.len() as u64;
        let gain = Gain { native: tips(state, number, about, &moves) + bounty(state, taken(instance, &moves)), gas };
        let what = if moves.is_empty() { "move, it does not tell how".to_owned() } else { describe(&moves) };
        let reason = format!("instance {number}: the mechanism is to {what}");
        act_in(
            state,
            goals,
            state.instance_epoch(instance),
            Deed::TickInstance { instance: number, about },
            gain,
            reason,
        )
    };
    match of(ZERO) {
        Some(action) => vec![action],
        None => instance.seats.keys().filter_map(|prover| of(*prover)).collect(),
    }
}

/// The tips of the requests that moves award or end.
fn tips(state: &State, number: u32, about: Account, moves: &[Move]) -> Wei {
    let Some(session) = state.session(number, about) else { return 0 };
    let ends = moves.iter().filter(|step| matches!(step.kind, MoveKind::Award | MoveKind::Close));
    let subjects = ends.filter_map(|step| session.requests.get(usize::from(step.subject.checked_sub(1)?)));
    subjects.filter_map(|id| state.market().request(id)).map(tip).sum()
}

/// What moves take of deposits on the instance.
fn taken(instance: &Instance, moves: &[Move]) -> Wei {
    let forfeits = moves.iter().filter(|step| step.kind == MoveKind::Forfeit && step.subject == INSTANCE);
    let amounts = forfeits.filter_map(|step| {
        let held = instance.seats.get(&step.prover)?.amount;
        Some(if step.amount == 0 { held } else { held.min(step.amount) })
    });
    amounts.sum()
}
