//! What to do, given what is known: pure functions of the state and the goals. The only clock is the head's time, so that
//! every decision can be made again.

mod expire;
mod instance;
mod lane;
mod retune;
mod settle;
mod tick;

use bourse_sim::ask::{Move, MoveKind};
use bourse_sim::event::Setup;
use bourse_sim::market::{Case, place_of, place_of_lane};
use bourse_sim::{Account, Id, Time, Wei, ZERO};

use crate::config::Goals;
use crate::proof::ProofKey;
use crate::state::State;
use crate::text;

pub use settle::settle;

/// What an action concerns; at most one of each is under way.
pub type Slot = (Id, Account);

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Tells the mechanism of a request that time has passed, about nobody or about a ticket.
    Tick {
        /// The request.
        request: Id,
        /// Whose ticket is looked at, or [`ZERO`].
        about: Account,
    },
    /// Tells the mechanism of an instance that time has passed for the instance itself, about nobody or about a deposit on it.
    TickInstance {
        /// The instance.
        instance: u32,
        /// Whose deposit is looked at, or [`ZERO`].
        about: Account,
    },
    /// Slashes an overdue award, or closes a request past its deadline.
    Expire {
        /// The request.
        request: Id,
    },
    /// Gives a forgotten ticket back.
    Reclaim {
        /// The request.
        request: Id,
        /// Whose ticket.
        prover: Account,
    },
    /// Routes a lane in its requester's place.
    Route {
        /// Whose it is.
        requester: Account,
        /// Its number.
        lane: u32,
        /// Where to.
        instance: u32,
        /// See `instance`.
        version: u32,
    },
    /// Registers an instance that a lane would be better off with.
    Register {
        /// Whose lane it is.
        requester: Account,
        /// Its number.
        lane: u32,
        /// What is chosen.
        setup: Setup,
    },
    /// Moves the parameters of an instance of the keeper's own.
    Retune {
        /// Which.
        instance: u32,
        /// What is chosen.
        setup: Setup,
    },
    /// Settles proofs.
    Settle {
        /// Which.
        proofs: Vec<ProofKey>,
    },
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Names the deed for ever: chain, market, request, action, epoch.
    pub key: String,
    /// What is done.
    pub deed: Deed,
    /// Why, in a sentence.
    pub reason: String,
    /// Of no use after that; unix seconds.
    pub until: Time,
}

/// All that is to be done now; nothing while the chain has not been followed to its end.
pub fn decide(state: &State, goals: &Goals) -> Vec<Action> {
    if !state.at_tip() || state.is_halted() {
        return Vec::new();
    }
    // Settlements first: they are what others wait for.
    let mut actions = settle(state, goals);
    actions.extend(expire::expire(state, goals));
    actions.extend(tick::tick(state, goals));
    actions.extend(tick::tickets(state, goals));
    actions.extend(instance::tick(state, goals));
    actions.extend(lane::route(state, goals));
    actions.extend(retune::retune(state, goals));
    actions
}

impl Deed {
    /// What it concerns; none for what is kept track of by itself.
    pub fn slot(&self) -> Option<Slot> {
        match self {
            Self::Tick { request, about } => Some((*request, *about)),
            Self::TickInstance { instance, about } => Some((place_of(*instance), *about)),
            Self::Retune { instance, .. } => Some((place_of(*instance), ZERO)),
            Self::Expire { request } => Some((*request, ZERO)),
            Self::Reclaim { request, prover } => Some((*request, *prover)),
            Self::Route { requester, lane, .. } | Self::Register { requester, lane, .. } => {
                Some((place_of_lane(requester, *lane), ZERO))
            }
            Self::Settle { .. } => None,
        }
    }

    /// Its kind, as decisions and metrics name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Tick { about: ZERO, .. } => "tick",
            Self::Tick { .. } => "ticket",
            Self::TickInstance { .. } => "instance",
            Self::Expire { .. } => "expire",
            Self::Reclaim { .. } => "reclaim",
            Self::Route { .. } => "route",
            Self::Register { .. } => "register",
            Self::Retune { .. } => "retune",
            Self::Settle { .. } => "settle",
        }
    }

    /// The request, or the place of the instance or lane, that it is about, if it is about one.
    pub fn subject(&self) -> Option<Id> {
        match self {
            Self::Settle { proofs } => match proofs.as_slice() {
                [only] => Some(only.request),
                _ => None,
            },
            _ => self.slot().map(|(subject, _)| subject),
        }
    }
}

/// The action to do `deed` to a request, unless it is under way, has failed lately, or would not pay.
fn act(state: &State, goals: &Goals, case: &Case, deed: Deed, gain: Gain, reason: String) -> Option<Action> {
    let (_, about) = deed.slot()?;
    act_in(state, goals, state.epoch(case, about), deed, gain, reason)
}

/// The same in a state that is named `epoch`.
fn act_in(state: &State, goals: &Goals, epoch: String, deed: Deed, gain: Gain, reason: String) -> Option<Action> {
    let slot = deed.slot()?;
    let tries = state.tries(&slot)?;
    let pays = goals.min_profit.is_none_or(|least| gain.profit(goals.gas_price) >= least);
    if !pays {
        return None;
    }
    let (request, about) = slot;
    let about = if about == ZERO { String::new() } else { format!("/{}", hex::encode(about)) };
    let key = format!("{}/{}/{}{about}/{epoch}.{tries}", state.prefix(), hex::encode(request), deed.kind());
    let until = state.head().time + goals.patience;
    Some(Action { key, deed, reason, until })
}

/// What an action brings in and costs.
#[derive(Clone, Copy, Debug, Default)]
struct Gain {
    /// In the native coin; what is paid in tokens is not counted, as nothing here knows what they are worth.
    native: Wei,
    gas: u64,
}

impl Gain {
    fn profit(self, gas_price: Wei) -> i128 {
        let cost = gas_price.saturating_mul(self.gas.into());
        let signed = |amount: Wei| i128::try_from(amount).unwrap_or(i128::MAX);
        signed(self.native) - signed(cost)
    }
}

/// The caller's share of stake that its owner loses, in the native coin; the twin of `_confiscate`.
fn bounty(state: &State, amount: Wei) -> Wei {
    if state.market().stake_token() == ZERO { amount * 500 / bourse_sim::BPS } else { 0 }
}

/// The tip that a tick or a close still pays, in the native coin.
fn tip(case: &Case) -> Wei {
    if case.request.token == ZERO { case.tip } else { 0 }
}

/// Moves, in words.
fn describe(moves: &[Move]) -> String {
    let words = moves.iter().map(|step| {
        let prover = text::account(&step.prover);
        match step.kind {
            MoveKind::Award => format!("award to {prover} for {}", step.amount),
            MoveKind::Hold => format!("hold {} of {prover}", step.amount),
            MoveKind::Release => format!("release {prover}"),
            MoveKind::Forfeit => format!("take the deposit of {prover}"),
            MoveKind::Close => "close".to_owned(),
            MoveKind::Draw => format!("draw in {} blocks", step.amount),
            MoveKind::Reward => format!("pay {} to {prover}", step.amount),
        }
    });
    words.collect::<Vec<_>>().join(", ")
}
