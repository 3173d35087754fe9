//! What the keeper knows: the market as the fold of its events, the proofs entrusted to it, and what it has set going.
//! [`State::absorb`] is the one way it learns.

mod actions;
mod instances;
mod lanes;
mod proofs;
mod rules;
mod show;
mod stages;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use bourse_chain::{Block, Fault, Head, Outcome, Submitted};
use bourse_sim::event::Event;
use bourse_sim::market::{Case, Market, Violation};
use bourse_sim::{Account, Id, Time};

use crate::decide::{Action, Slot};
use crate::proof::{Fate, Proof, ProofKey};

pub use lanes::{LaneKey, Verdict};
pub use proofs::{Entrusted, Stage};
pub use rules::{COME_BACK, Peek, Question, Rule, Word};

/// Blocks that can be taken back; as many as the follower keeps.
pub const HISTORY: usize = 128;
/// Requests that ended, shown for a while.
const ENDED: usize = 500;

/// Something to learn from.
#[derive(Debug)]
pub enum Input {
    /// The next block.
    Committed(Block),
    /// The last block was taken back.
    Reverted(Block),
    /// The chain goes no further.
    Tip(Head),
    /// A proof was handed in and is on the disk.
    Proof(Proof),
    /// A proof was found on the disk; in this batch, if it had been decided to send it.
    Kept(Proof, Option<String>),
    /// The intents with these keys are under way, from before this start.
    Underway(Vec<String>),
    /// The chain was asked whether a proof would settle its award.
    Checked(ProofKey, Result<(), Fault>),
    /// A mechanism's contract was asked for its name; none if it has none.
    Named(Account, Option<String>),
    /// A mechanism's contract could not be asked.
    Unnamed(Account),
    /// The chain was asked what a tick would do.
    Peeked(Question, Word),
    /// An action was submitted.
    Submitted(Action, Result<Submitted, Fault>),
    /// The outcome of the intent with this key.
    Outcome(String, Outcome),
}

/// Something to ask the chain about, beside following it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// What a mechanism calls itself.
    Name(Account),
    /// What a tick would do.
    Peek(Question),
    /// Whether a proof would settle its award.
    Check(ProofKey),
}

/// An action under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What is done.
    pub action: Action,
    /// The head's number when it was decided.
    pub since: u64,
}

/// Something that failed lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strike {
    /// How often in a row.
    pub count: u32,
    /// Not to be tried again before; unix seconds.
    pub until: Time,
}

/// What has to be written down or counted as a consequence of what was absorbed.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// What became of a proof.
    Fate(Proof, Fate),
    /// These proofs are in no batch any more.
    Unbatched(Vec<ProofKey>),
    /// What became of an action.
    Result(Action, String),
    /// Something new is thought of a lane.
    Verdict(LaneKey, Box<Verdict>),
}

/// The state.
#[derive(Debug)]
pub struct State {
    /// What every intent's key begins with: the chain and the market.
    prefix: String,
    market: Market,
    blocks: VecDeque<Head>,
    head: Head,
    at_tip: bool,
    /// Requests that ended with deposits standing.
    lingering: BTreeSet<Id>,
    ended: VecDeque<Id>,
    proofs: BTreeMap<ProofKey, Entrusted>,
    /// The proofs that were taken lately, by request and author, with transaction and block: one may still be on its way to here.
    settlements: HashMap<Slot, (ProofKey, Id, u64)>,
    /// Why items of batches were left out, by transaction and request.
    left_out: HashMap<(Id, Id), (u64, Vec<u8>)>,
    rules: HashMap<Account, Rule>,
    peeks: HashMap<(Id, Account), Peek>,
    pending: HashMap<String, Pending>,
    slots: HashMap<Slot, String>,
    strikes: HashMap<Slot, Strike>,
    trouble: Option<(String, Time)>,
    thoughts: lanes::Thoughts,
    notes: Vec<Note>,
}

impl State {
    /// Nothing known yet of the market at `market` on chain `chain_id`, whose stakes are counted in `stake_token`.
    pub fn new(chain_id: u64, market: &Account, stake_token: Account) -> Self {
        Self {
            prefix: format!("{chain_id}/{}", hex::encode(market)),
            market: Market::new(stake_token).keeping(HISTORY),
            blocks: VecDeque::new(),
            head: Head::default(),
            at_tip: false,
            lingering: BTreeSet::new(),
            ended: VecDeque::new(),
            proofs: BTreeMap::new(),
            settlements: HashMap::new(),
            left_out: HashMap::new(),
            rules: HashMap::new(),
            peeks: HashMap::new(),
            pending: HashMap::new(),
            slots: HashMap::new(),
            strikes: HashMap::new(),
            trouble: None,
            thoughts: lanes::Thoughts::default(),
            notes: Vec::new(),
        }
    }

    /// Learns. Nothing is decided here; what has to be written down is left in [`State::notes`].
    ///
    /// # Errors
    /// [`Violation`] if the market did what its model cannot: nothing decided on it could be trusted then.
    pub fn absorb(&mut self, input: Input) -> Result<(), Violation> {
        match input {
            Input::Committed(block) => self.commit(&block)?,
            Input::Reverted(block) => self.revert(&block)?,
            Input::Tip(head) => self.arrive(head),
            Input::Proof(proof) => self.entrust(proof, None),
            Input::Kept(proof, batch) => self.entrust(proof, batch),
            Input::Underway(keys) => self.take_up(&keys),
            Input::Checked(key, result) => self.checked(&key, result),
            Input::Named(mechanism, name) => self.name(mechanism, name.as_deref()),
            Input::Unnamed(mechanism) => self.unname(&mechanism),
            Input::Peeked(question, word) => self.peeked(question, word),
            Input::Submitted(action, result) => self.submitted(action, result),
            Input::Outcome(key, outcome) => self.conclude(&key, outcome),
        }
        Ok(())
    }

    /// The market.
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// The last block followed.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The last block followed is the newest. Only then is there anything to decide on.
    pub fn at_tip(&self) -> bool {
        self.at_tip
    }

    /// What every intent's key begins with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Requests that ended with deposits standing.
    pub fn lingering(&self) -> impl Iterator<Item = (&Id, &Case)> {
        self.lingering.iter().filter_map(|id| self.market.requests().get_key_value(id))
    }

    /// What keeps the keeper from sending, if anything does.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_ref().map(|(why, _)| why.as_str())
    }

    /// Nothing is to be sent now: somebody has to intervene first, and may have not yet.
    pub fn is_halted(&self) -> bool {
        self.trouble.as_ref().is_some_and(|(_, until)| self.head.time < *until)
    }

    /// How often the last tries for `slot` failed, if another may be made now.
    pub fn tries(&self, slot: &Slot) -> Option<u32> {
        if self.slots.contains_key(slot) {
            return None;
        }
        let strike = self.strikes.get(slot).copied().unwrap_or_default();
        (strike.until <= self.head.time).then_some(strike.count)
    }

    /// Actions under way.
    pub fn pending(&self) -> impl Iterator<Item = (&String, &Pending)> {
        self.pending.iter()
    }

    /// Takes what is to be written down.
    pub fn notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// Takes up to `limit` things that the chain has to be asked about now.
    pub fn errands(&mut self, limit: usize) -> Vec<Errand> {
        let mut errands = self.names(limit);
        if !self.at_tip {
            return errands;
        }
        errands.extend(self.checks(limit.saturating_sub(errands.len())));
        errands.extend(self.questions(limit.saturating_sub(errands.len())));
        errands
    }

    fn commit(&mut self, block: &Block) -> Result<(), Violation> {
        self.market.commit(&block.events, block.time)?;
        self.at_tip = false;
        self.head = block.head();
        self.blocks.push_back(self.head);
        if self.blocks.len() > HISTORY {
            self.blocks.pop_front();
        }
        for (event, transaction) in block.events.iter().zip(&block.transactions) {
            self.heed(event, *transaction, block.number);
        }
        self.settle_ends(block);
        self.stir(&block.events);
        Ok(())
    }

    fn revert(&mut self, block: &Block) -> Result<(), Violation> {
        self.market.revert()?;
        self.at_tip = false;
        self.blocks.pop_back();
        self.head = self.blocks.back().copied().unwrap_or_default();
        self.unsettle(block.number);
        self.settle_ends(block);
        self.stir(&block.events);
        Ok(())
    }

    /// What concerns the keeper's own affairs.
    fn heed(&mut self, event: &Event, transaction: Id, block: u64) {
        match event {
            Event::Fulfilled { id, prover, proof, .. } | Event::Proven { id, prover, proof } => {
                self.taken(ProofKey::of(*id, *prover, proof), transaction, block);
            }
            Event::FulfillmentRejected { id, reason } => {
                self.left_out.insert((transaction, *id), (block, reason.clone()));
            }
            _ => {}
        }
        let ended = match event {
            Event::Fulfilled { id, .. } | Event::Closed { id, .. } | Event::Cancelled { id, .. } => *id,
            _ => return,
        };
        self.ended.push_back(ended);
        if self.ended.len() > ENDED {
            self.ended.pop_front();
        }
    }

    /// Which of the requests that `block` touched have ended with deposits standing.
    fn settle_ends(&mut self, block: &Block) {
        for id in block.events.iter().filter_map(request_of) {
            let case = self.market.request(&id);
            let live = case.is_some_and(Case::is_live);
            if !live {
                self.peeks.retain(|(of, _), _| *of != id);
            }
            match case {
                Some(case) if !live && !case.tickets.is_empty() => drop(self.lingering.insert(id)),
                _ => drop(self.lingering.remove(&id)),
            }
        }
    }

    fn arrive(&mut self, head: Head) {
        self.head = head;
        self.at_tip = true;
        self.review();
        let horizon = head.number.saturating_sub(HISTORY as u64);
        self.left_out.retain(|_, (block, _)| *block > horizon);
        self.settlements.retain(|_, (_, _, block)| *block > horizon);
        let market = &self.market;
        // Instances and lanes have no end; what failed long ago there is as if it had not.
        let forgotten = |strike: &Strike| strike.until + COME_BACK < head.time;
        self.strikes.retain(|(id, _), strike| match market.request(id) {
            Some(case) => case.due().is_some(),
            None => !forgotten(strike),
        });
        self.think();
    }
}

/// The request that an event is about.
fn request_of(event: &Event) -> Option<Id> {
    use Event as E;
    match event {
        E::Opened { id, .. } | E::Awarded { id, .. } | E::Held { id, .. } | E::Released { id, .. } => Some(*id),
        E::Forfeited { id, .. } | E::Slashed { id, .. } | E::Excused { id, .. } | E::Climbed { id, .. } => Some(*id),
        E::Noted { id, .. } | E::BeaconFixed { id, .. } | E::Tipped { id, .. } | E::Rewarded { id, .. } => Some(*id),
        E::Docked { id, .. } | E::Proven { id, .. } => Some(*id),
        E::Fulfilled { id, .. } | E::Closed { id, .. } | E::Cancelled { id, .. } => Some(*id),
        _ => None,
    }
}
