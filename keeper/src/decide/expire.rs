//! What time alone ends: overdue awards, requests past their deadline, forgotten deposits.

use bourse_sim::Id;
use bourse_sim::ask::Status;
use bourse_sim::market::Case;

use super::{Action, Deed, Gain, act, bounty, tip};
use crate::config::Goals;
use crate::state::State;
use crate::text;

/// Gas that these usually take, for reckoning.
const EXPIRE_GAS: u64 = 150_000;
const RECLAIM_GAS: u64 = 80_000;

/// What is due.
pub(super) fn expire(state: &State, goals: &Goals) -> Vec<Action> {
    let due = state.market().due(state.head().time);
    due.flat_map(
        |(id, case)| if case.is_live() { vec![end(state, goals, id, case)] } else { reclaim(state, goals, id, case) },
    )
    .flatten()
    .collect()
}

fn end(state: &State, goals: &Goals, id: &Id, case: &Case) -> Option<Action> {
    let now = state.head().time;
    let (native, reason) = match case.award.filter(|_| case.status == Status::Awarded) {
        Some(award) => {
            let prover = text::account(&award.prover);
            (bounty(state, award.bond), format!("{prover} did not prove by {}, it is {now}", award.due))
        }
        None => (tip(case), format!("nobody was awarded by the deadline {}, it is {now}", case.request.deadline)),
    };
    act(state, goals, case, Deed::Expire { request: *id }, Gain { native, gas: EXPIRE_GAS }, reason)
}

fn reclaim(state: &State, goals: &Goals, id: &Id, case: &Case) -> Vec<Option<Action>> {
    let of = |prover| {
        let reason = "the request ended a day ago and its mechanism keeps the deposit".to_owned();
        let deed = Deed::Reclaim { request: *id, prover };
        act(state, goals, case, deed, Gain { native: 0, gas: RECLAIM_GAS }, reason)
    };
    case.tickets.keys().copied().map(of).collect()
}
