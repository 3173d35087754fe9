//! The market as a fold of its events: what the contracts know, and what they no longer store. The programs that decide
//! have no other model, and the simulator folds the same events into it.
//!
//! Every event is checked against the events before it: a [`Violation`] means that this model and the contract disagree.

mod apply;
mod case;
mod diary;
mod kept;
mod lanes;
mod money;
mod record;
mod registry;
mod supply;
mod violation;

use std::collections::BTreeMap;

pub use case::{Award, Case, RECLAIM_DELAY, Step, Ticket};
pub use diary::{Diary, Entry};
pub use lanes::{Lane, lane_at, place_of_lane};
pub use money::BURNED;
pub use record::Record;
pub use registry::{Instance, Verifier, instance_of, place_of};
pub use supply::{ANY_MECHANISM, ANY_VERIFIER, DRAINING, DRILLS, Prover};
pub use violation::Violation;

use crate::ask::{Actor, Ask, Cause};
use crate::event::Event;
use crate::mechanisms::{Mechanism, Session};
use crate::request::Request;
use crate::{Account, Id, Time, Wei, ZERO};
use case::Cases;
use diary::Diaries;
use lanes::Lanes;
use money::Money;
use registry::Registry;
use supply::Supply;

/// Checkpoints kept when no other number is chosen.
const HISTORY: usize = 128;

/// The market: the sum of its events.
#[derive(Clone, Debug)]
pub struct Market {
    stake_token: Account,
    history: usize,
    checkpoints: usize,
    money: Money,
    supply: Supply,
    registry: Registry,
    lanes: Lanes,
    cases: Cases,
    diaries: Diaries,
}

/// What a mechanism would be asked about, beside the request itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Why it is asked.
    pub cause: Cause,
    /// The prover it is about, or [`ZERO`].
    pub actor: Account,
    /// Of a bid; otherwise 0.
    pub price: Wei,
    /// Of the bid or tick.
    pub data: Vec<u8>,
    /// Unix seconds.
    pub time: Time,
    /// The number of the block, and its base fee in wei per unit of gas.
    pub block_number: u64,
    /// See `block_number`.
    pub base_fee: u64,
    /// The hash of the block that a draw fixed, once it is known; otherwise 0.
    pub beacon: Id,
}

impl Market {
    /// A market without events yet, whose stakes are counted in `stake_token`.
    pub fn new(stake_token: Account) -> Self {
        Self {
            stake_token,
            history: HISTORY,
            checkpoints: 0,
            money: Money::default(),
            supply: Supply::default(),
            registry: Registry::default(),
            lanes: Lanes::default(),
            cases: Cases::default(),
            diaries: Diaries::default(),
        }
    }

    /// Keeps the last `blocks` checkpoints instead of 128.
    pub fn keeping(self, blocks: usize) -> Self {
        Self { history: blocks, ..self }
    }

    /// From here on changes can be undone by [`Market::revert`]. To be called before the events of each block; without it
    /// nothing is remembered, and the fold is faster.
    pub fn checkpoint(&mut self) {
        self.checkpoints = (self.checkpoints + 1).min(self.history);
        self.money.checkpoint(self.history);
        self.supply.checkpoint(self.history);
        self.registry.checkpoint(self.history);
        self.lanes.checkpoint(self.history);
        self.cases.checkpoint(self.history);
        self.diaries.checkpoint(self.history);
    }

    /// Undoes everything since the last checkpoint, and the checkpoint.
    ///
    /// # Errors
    /// [`Violation::NoCheckpoint`] if none is left.
    pub fn revert(&mut self) -> Result<(), Violation> {
        self.checkpoints = self.checkpoints.checked_sub(1).ok_or(Violation::NoCheckpoint)?;
        self.money.revert();
        self.supply.revert();
        self.registry.revert();
        self.lanes.revert();
        self.cases.revert();
        self.diaries.revert();
        Ok(())
    }

    /// A block: a checkpoint, then its events, which happened at `time`.
    ///
    /// # Errors
    /// The first [`Violation`]. The model is of no use then.
    pub fn commit(&mut self, events: &[Event], time: Time) -> Result<(), Violation> {
        self.checkpoint();
        events.iter().try_for_each(|event| self.apply(event, time))
    }

    /// What stakes, bonds and deposits are counted in.
    pub fn stake_token(&self) -> Account {
        self.stake_token
    }

    /// What `account` may withdraw or lock, in `token`.
    pub fn balance(&self, token: Account, account: Account) -> Wei {
        self.money.balance(token, account)
    }

    /// Everything that the market owes in `token`: balances, escrows of live requests, stakes and stakes on their way out.
    pub fn owed(&self, token: Account) -> Wei {
        let escrows = self.live().filter(|(_, case)| case.request.token == token);
        let escrows = escrows.map(|(_, case)| case.request.max_price - case.spent + case.tip);
        let mut owed = self.money.total(token) + escrows.sum::<Wei>();
        if token == self.stake_token {
            let provers = self.supply.provers().values();
            owed += provers.map(|prover| prover.stake + prover.exit.map_or(0, |(amount, _)| amount)).sum::<Wei>();
        }
        owed
    }

    /// All lanes, by requester and number.
    pub fn lanes(&self) -> &BTreeMap<(Account, u32), Lane> {
        self.lanes.all()
    }

    /// A prover, if it ever declared itself one.
    pub fn prover(&self, prover: &Account) -> Option<&Prover> {
        self.supply.provers().get(prover)
    }

    /// The prover with number `number`.
    pub fn prover_at(&self, number: u32) -> Option<Account> {
        self.supply.by_number(number)
    }

    /// All provers, by address.
    pub fn provers(&self) -> &BTreeMap<Account, Prover> {
        self.supply.provers()
    }

    /// All instances, by number.
    pub fn instances(&self) -> &BTreeMap<u32, Instance> {
        self.registry.instances()
    }

    /// All verifiers, by number.
    pub fn verifiers(&self) -> &BTreeMap<u32, Verifier> {
        self.registry.verifiers()
    }

    /// A request, if it entered.
    pub fn request(&self, id: &Id) -> Option<&Case> {
        self.cases.all().get(id)
    }

    /// All requests that ever entered, by id.
    pub fn requests(&self) -> &BTreeMap<Id, Case> {
        self.cases.all()
    }

    /// The requests that are open or awarded, by id.
    pub fn live(&self) -> impl Iterator<Item = (&Id, &Case)> {
        self.cases.live()
    }

    /// The requests that have ended, in the order in which they did; what ended in the same second is in the order of its ids. Costs what it yields.
    pub fn ended(&self) -> impl DoubleEndedIterator<Item = (&Id, &Case)> {
        self.cases.ended()
    }

    /// The requests of one requester, in the order in which they entered; as with [`Market::ended`].
    pub fn requests_of(&self, requester: Account) -> impl DoubleEndedIterator<Item = (&Id, &Case)> {
        self.cases.of(requester)
    }

    /// The requests for which time alone allows something at `time` (see [`Case::due`]), the longest overdue first. Costs
    /// what it yields.
    pub fn due(&self, time: Time) -> impl Iterator<Item = (&Id, &Case)> {
        self.cases.due(time)
    }

    /// When the first request is due.
    pub fn next_due(&self) -> Option<Time> {
        self.cases.next_due()
    }

    /// The question that the market would ask the mechanism of request `id`; the twin of `_ask` in
    /// `contracts/Consultation.sol`. None if the request or its instance is unknown.
    pub fn ask(&self, id: &Id, turn: Turn) -> Option<Ask> {
        let case = self.request(id)?;
        let config = self.registry.config(case.instance, case.version).ok()?;
        let shared =
            self.instances().get(&case.instance).map(|instance| instance.shared.as_slice()).unwrap_or_default();
        Some(Ask {
            cause: turn.cause,
            id: *id,
            status: case.status,
            request: case.request.as_ref().clone(),
            holds: u8::try_from(case.tickets.len()).unwrap_or(u8::MAX),
            rung: case.rung,
            opened_at: case.time,
            time: turn.time,
            block_number: turn.block_number,
            base_fee: turn.base_fee,
            beacon: turn.beacon,
            actor: self.actor_of(case, turn.actor),
            price: turn.price,
            data: turn.data,
            params: config.params.clone(),
            words: case.words.clone(),
            shared: shared.iter().take(config.shape.shared.into()).copied().collect(),
        })
    }

    /// The question of a tick, with the data that `twin`, the request's mechanism, has to be brought for it.
    pub fn ticking(&self, twin: &dyn Mechanism, id: &Id, turn: Turn) -> Option<Ask> {
        let book = &self.request(id)?.book;
        let ask = self.ask(id, Turn { cause: Cause::Tick, ..turn })?;
        Some(Ask { data: twin.brief(&ask, book), ..ask })
    }

    /// The question that the market would ask about an instance itself; the twin of `_itself` in `contracts/Instances.sol`. None if
    /// there is no such instance.
    pub fn ask_instance(&self, number: u32, turn: Turn) -> Option<Ask> {
        let instance = self.instances().get(&number)?;
        let config = instance.config(instance.version())?;
        let request = Request {
            requester: instance.owner,
            token: config.token,
            instance: number,
            version: instance.version(),
            ..Request::default()
        };
        let ticket = instance.seats.get(&turn.actor).copied().unwrap_or_default();
        Some(Ask {
            cause: turn.cause,
            id: place_of(number),
            actor: self.actor(turn.actor, config.token, ticket),
            request,
            time: turn.time,
            block_number: turn.block_number,
            base_fee: turn.base_fee,
            price: turn.price,
            data: turn.data,
            params: config.params.clone(),
            words: vec![Id::default(); config.shape.words.into()],
            shared: instance.shared.iter().take(config.shape.shared.into()).copied().collect(),
            ..Ask::default()
        })
    }

    /// A tick of an instance itself as its mechanism would be asked, with what it has to bring.
    pub fn session(&self, mechanism: &dyn Mechanism, number: u32, turn: Turn) -> Option<(Ask, Vec<Id>)> {
        let ask = self.ask_instance(number, Turn { cause: Cause::Tick, ..turn })?;
        let Session { requests, data } = mechanism.session(&ask, &self.diaries.of(number, self.cases.all()));
        Some((Ask { data, ..ask }, requests))
    }

    fn actor_of(&self, case: &Case, prover: Account) -> Actor {
        let seats = self.instances().get(&case.instance).map(|instance| &instance.seats);
        let ticket = case.tickets.get(&prover).or_else(|| seats?.get(&prover)).copied().unwrap_or_default();
        self.actor(prover, case.request.token, ticket)
    }

    fn actor(&self, prover: Account, token: Account, ticket: Ticket) -> Actor {
        if prover == ZERO {
            return Actor::default();
        }
        let actor = Actor { prover, held: ticket.amount, tag: ticket.tag, ..Actor::default() };
        let Some(entry) = self.prover(&prover) else { return actor };
        let offer = entry.offers.get(&token).copied().unwrap_or_default();
        Actor {
            id: entry.number,
            free: entry.free(),
            capacity: entry.capacity(),
            kept: entry.kept,
            failed: entry.failed,
            throughput: offer.throughput,
            ..actor
        }
    }

    /// How many requests there are of each status, in the order None, Open, Awarded, Fulfilled, Closed, Cancelled.
    pub fn census(&self) -> [usize; 6] {
        let mut census = [0; 6];
        for case in self.requests().values() {
            census[case.status as usize] += 1;
        }
        census
    }
}
