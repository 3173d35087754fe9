//! One request under one mechanism: what the market does with a mechanism's moves, without the market. A stage keeps the same
//! [`Case`] that the fold of events keeps, so that what happened on it is measured like what happened on the chain; and it can tell the
//! events that the market would have emitted, which the fold must accept (a test does so).

use std::borrow::Cow;

use super::supply::{Contender, Job};
use crate::abi::keccak;
use crate::ask::{Actor, Ask, Cause, INSTANCE, Move, MoveKind, ON_FAILED, Refusal, Shape, Status};
use crate::event::Event;
use crate::market::{Award, Case, Step, Ticket};
use crate::mechanisms::{Mechanism, no_more};
use crate::request::Request;
use crate::{Account, BPS, Id, Time, Wei};

/// When every scene begins. Far from 0, so that nothing is mistaken for "not yet"; blocks come every second.
pub const START: Time = 1_000_000;
const REQUESTER: Account = [0xa1; 20];
/// The instance that a scene plays on.
pub const NUMBER: u32 = 1;

/// What somebody did, for it to be done again on a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A prover's bid.
    Bid {
        /// Whose.
        prover: Account,
        /// What it asks, and what the rule wants to know besides.
        price: Wei,
        /// See `price`.
        data: Vec<u8>,
    },
    /// Somebody says that time has passed.
    Tick {
        /// What the rule has to be brought.
        data: Vec<u8>,
    },
    /// The prover that was awarded brings its proof.
    Fulfil(Account),
    /// Somebody says that an award was missed, or the deadline has passed.
    Expire,
}

/// A request on its way through a mechanism.
pub struct Stage<'a> {
    mechanism: &'a dyn Mechanism,
    shape: Shape,
    /// The question that was asked last: most of it stays for the next.
    ask: Ask,
    /// The request as the market's fold would have it.
    pub case: Case,
    /// Deposits on the instance, by account.
    pub seats: Cow<'a, [(Account, Ticket)]>,
    /// The block that was hashed last.
    hash: Option<(u64, Id)>,
    /// Unix seconds, and the number of the block.
    pub now: Time,
    /// What the market would have told, if it is kept.
    pub log: Option<Vec<(Time, Event)>>,
    /// What was done, and when, if it is kept.
    pub acts: Option<Vec<(Time, Act)>>,
}

impl<'a> Stage<'a> {
    /// A request for `job` that enters now, under parameters of which the mechanism's check says `shape`.
    pub fn enter(
        mechanism: &'a dyn Mechanism,
        (params, shape): (&[u8], Shape),
        shared: &[Id],
        job: &Job,
        id: Id,
    ) -> Self {
        let request = Request {
            requester: REQUESTER,
            instance: NUMBER,
            version: 1,
            verifier: 1,
            work: job.work,
            max_price: job.max_price,
            bond: job.bond,
            deadline: START + job.deadline,
            window: job.window,
            ..Request::default()
        };
        let words = vec![Id::default(); shape.words.into()];
        let case = entered(request.clone(), words);
        let mut shared = shared.to_vec();
        shared.resize(shape.shared.into(), Id::default());
        let ask = Ask { id, request, params: params.to_vec(), shared, ..Ask::default() };
        Self { mechanism, shape, ask, case, seats: Cow::default(), hash: None, now: START, log: None, acts: None }
    }

    /// Keeps what the market would tell, from the entry on.
    #[must_use]
    pub fn recorded(mut self) -> Self {
        let opened = Event::Opened {
            id: self.ask.id,
            requester: REQUESTER,
            instance: self.ask.request.instance,
            version: 1,
            request: self.ask.request.clone(),
            input: Vec::new(),
        };
        self.log = Some(vec![(self.now, opened)]);
        self
    }

    /// The request's id.
    pub fn id(&self) -> Id {
        self.ask.id
    }

    /// The instance's words.
    pub fn shared(&self) -> &[Id] {
        &self.ask.shared
    }

    /// Whether the request can still be awarded or proven.
    pub fn open(&self) -> bool {
        self.case.status == Status::Open && self.now < self.case.request.deadline
    }

    /// The hash of the block that a draw fixed, if it is there.
    pub fn beacon(&mut self) -> Option<Id> {
        let block = self.case.beacon.filter(|block| *block < self.now)?;
        if self.hash.is_none_or(|(of, _)| of != block) {
            self.hash = Some((block, keccak(&[&self.ask.id[..], &block.to_be_bytes()].concat())));
        }
        self.hash.map(|(_, hash)| hash)
    }

    /// A bid by `who` at `time`.
    ///
    /// # Errors
    /// What the mechanism says no with.
    pub fn bid(&mut self, who: &Contender, price: Wei, data: Vec<u8>) -> Result<(), Refusal> {
        self.keep(|| Act::Bid { prover: who.account, price, data: data.clone() });
        self.consult(Cause::Bid, Some(who), price, data)
    }

    /// A tick at this moment, with what the mechanism needs for it.
    ///
    /// # Errors
    /// What the mechanism says no with.
    pub fn tick(&mut self, about: Option<&Contender>) -> Result<(), Refusal> {
        self.question(Cause::Tick, about, 0, Vec::new());
        let data = self.mechanism.brief(&self.ask, &self.case.book);
        self.keep(|| Act::Tick { data: data.clone() });
        self.consult(Cause::Tick, about, 0, data)
    }

    /// The opening, for mechanisms that want to be asked then.
    ///
    /// # Errors
    /// What the mechanism says no with.
    pub fn opening(&mut self) -> Result<(), Refusal> {
        self.consult(Cause::Opened, None, 0, Vec::new())
    }

    /// A proof in an open stage.
    ///
    /// # Errors
    /// What the mechanism says no with.
    pub fn prove(&mut self, who: &Contender) -> Result<(), Refusal> {
        self.question(Cause::Proof, Some(who), 0, vec![0x5a; 32]);
        let answer = self.mechanism.step(&self.ask)?;
        self.case.provers.push(who.account);
        self.case.steps.push((self.now, Step::Proven { prover: who.account }));
        self.tell(Event::Proven { id: self.ask.id, prover: who.account, proof: vec![0x5a] });
        self.adopt(answer.words, answer.shared);
        answer.moves.iter().try_for_each(|step| self.obey(step))
    }

    /// The award's proof, in time.
    pub fn fulfil(&mut self) {
        let Some(award) = self.case.award else { return };
        self.keep(|| Act::Fulfil(award.prover));
        self.case.spent += award.price;
        self.end(Status::Fulfilled, Step::Fulfilled { prover: award.prover });
        let (id, prover, price) = (self.ask.id, award.prover, award.price);
        self.tell(Event::Fulfilled { id, prover, price, proof: vec![0x5a] });
    }

    /// The award has failed: its prover is slashed, and the mechanism asked for a standby if it wants to be.
    ///
    /// # Errors
    /// What the mechanism says no with.
    pub fn expire(&mut self, who: &Contender) -> Result<(), Refusal> {
        let Some(award) = self.case.award.take() else { return Ok(()) };
        self.keep(|| Act::Expire);
        self.case.failed = Some(award.prover);
        self.case.status = Status::Open;
        self.case.time = self.now;
        self.case.steps.push((self.now, Step::Failed { prover: award.prover }));
        let (id, prover, burned) = (self.ask.id, award.prover, award.bond);
        self.tell(Event::Slashed { id, prover, burned, compensation: 0, tip: 0, to: REQUESTER });
        if self.shape.flags & ON_FAILED != 0 && self.open() {
            self.consult(Cause::Failed, Some(who), 0, Vec::new())?;
        }
        // Without a successor, or a deposit that still stands, there is no rung below.
        if self.case.status == Status::Open && (!self.open() || self.case.tickets.is_empty()) {
            self.closed();
        }
        Ok(())
    }

    /// Time is up.
    pub fn close(&mut self) {
        if self.case.is_live() {
            self.keep(|| Act::Expire);
            for (prover, ticket) in std::mem::take(&mut self.case.tickets) {
                self.tell(Event::Released { id: self.ask.id, prover, amount: ticket.amount });
            }
            self.closed();
        }
    }

    /// What a prover has deposited on the instance.
    pub fn seat(&self, account: &Account) -> Option<Ticket> {
        self.seats.binary_search_by_key(account, |(prover, _)| *prover).ok().map(|place| self.seats[place].1)
    }

    fn question(&mut self, cause: Cause, who: Option<&Contender>, price: Wei, data: Vec<u8>) {
        let beacon = self.beacon().unwrap_or_default();
        let actor = who.map_or_else(Actor::default, |who| {
            let ticket = self.case.tickets.get(&who.account).copied().or_else(|| self.seat(&who.account));
            let ticket = ticket.unwrap_or_default();
            Actor {
                prover: who.account,
                id: who.number,
                free: who.stake.saturating_sub(ticket.amount),
                capacity: u16::from(who.free),
                held: ticket.amount,
                tag: ticket.tag,
                ..Actor::default()
            }
        });
        let ask = &mut self.ask;
        (ask.cause, ask.actor, ask.price, ask.data, ask.beacon) = (cause, actor, price, data, beacon);
        (ask.status, ask.opened_at) = (self.case.status, self.case.time);
        (ask.time, ask.block_number) = (self.now, self.now);
        ask.holds = u8::try_from(self.case.tickets.len()).unwrap_or(u8::MAX);
        ask.words.clone_from(&self.case.words);
    }

    fn sit(&mut self, prover: Account, ticket: Option<Ticket>) {
        let place = self.seats.binary_search_by_key(&prover, |(other, _)| *other);
        let seats = self.seats.to_mut();
        match (place, ticket) {
            (Ok(place), Some(ticket)) => seats[place].1 = ticket,
            (Err(place), Some(ticket)) => seats.insert(place, (prover, ticket)),
            (Ok(place), None) => drop(seats.remove(place)),
            (Err(_), None) => {}
        }
    }

    fn consult(&mut self, cause: Cause, who: Option<&Contender>, price: Wei, data: Vec<u8>) -> Result<(), Refusal> {
        self.question(cause, who, price, data);
        let answer = self.mechanism.step(&self.ask)?;
        self.adopt(answer.words, answer.shared);
        answer.moves.iter().try_for_each(|step| self.obey(step))
    }

    fn adopt(&mut self, words: Vec<Id>, shared: Vec<Id>) {
        if self.shape.words != 0 && words != self.case.words {
            self.case.words = words;
            self.tell(Event::Noted { id: self.ask.id, words: self.case.words.clone() });
        }
        if self.shape.shared != 0 {
            self.ask.shared = shared;
        }
    }

    fn obey(&mut self, step: &Move) -> Result<(), Refusal> {
        let (id, prover) = (self.ask.id, step.prover);
        let seated = step.subject == INSTANCE;
        match step.kind {
            MoveKind::Hold if seated => self.sit(prover, Some(Ticket { amount: step.amount, tag: step.tag })),
            MoveKind::Release | MoveKind::Forfeit if seated => self.sit(prover, None),
            MoveKind::Hold => {
                let ticket = Ticket { amount: step.amount, tag: step.tag };
                self.case.tickets.insert(prover, ticket);
                self.case.book.push((prover, ticket));
                self.tell(Event::Held { id, prover, amount: ticket.amount, tag: ticket.tag });
            }
            MoveKind::Release | MoveKind::Forfeit => {
                let amount = self.case.tickets.remove(&prover).ok_or(Refusal::Malformed)?.amount;
                self.tell(if step.kind == MoveKind::Release {
                    Event::Released { id, prover, amount }
                } else {
                    Event::Forfeited { id, prover, burned: amount, compensation: 0, tip: 0, to: REQUESTER }
                });
            }
            MoveKind::Award => self.award(step)?,
            MoveKind::Reward => {
                let left = self.case.request.max_price - self.case.spent;
                self.case.spent += step.amount;
                no_more(step.amount, left)?;
                self.tell(Event::Rewarded { id, prover, amount: step.amount });
            }
            MoveKind::Draw => {
                let block = self.now + step.amount as u64;
                self.case.beacon = Some(block);
                self.tell(Event::BeaconFixed { id, block });
            }
            MoveKind::Close => self.closed(),
        }
        Ok(())
    }

    fn award(&mut self, step: &Move) -> Result<(), Refusal> {
        let request = &self.case.request;
        no_more(step.amount, request.max_price - self.case.spent)?;
        let promised = if step.due == 0 { self.now + Time::from(request.window) } else { step.due };
        let due = promised.min(request.deadline);
        let bond_bps = if step.bps == 0 { BPS as u16 } else { step.bps };
        let (prover, price) = (step.prover, step.amount);
        self.case.tickets.remove(&prover);
        let bond = self.case.bond_at(bond_bps);
        self.case.award = Some(Award { prover, price, due, bond_bps, bond });
        self.case.status = Status::Awarded;
        self.case.time = due;
        self.case.steps.push((self.now, Step::Awarded { prover, price }));
        self.tell(Event::Awarded { id: self.ask.id, prover, price, due, bond_bps });
        Ok(())
    }

    fn closed(&mut self) {
        match self.case.provers.first().copied() {
            Some(prover) => self.end(Status::Fulfilled, Step::Fulfilled { prover }),
            None => self.end(Status::Closed, Step::Closed),
        }
        let refund = self.case.request.max_price - self.case.spent;
        self.tell(Event::Closed { id: self.ask.id, refund });
    }

    fn end(&mut self, status: Status, step: Step) {
        self.case.status = status;
        self.case.steps.push((self.now, step));
    }

    fn keep(&mut self, act: impl FnOnce() -> Act) {
        let now = self.now;
        if let Some(acts) = &mut self.acts {
            acts.push((now, act()));
        }
    }

    fn tell(&mut self, event: Event) {
        let now = self.now;
        if let Some(log) = &mut self.log {
            log.push((now, event));
        }
    }
}

fn entered(request: Request, words: Vec<Id>) -> Case {
    Case {
        request: request.into(),
        input: Default::default(),
        status: Status::Open,
        rung: 0,
        instance: NUMBER,
        version: 1,
        entered: (NUMBER, 1),
        time: START,
        award: None,
        failed: None,
        tip: 0,
        spent: 0,
        provers: Vec::new(),
        words,
        tickets: Default::default(),
        book: Vec::new(),
        beacon: None,
        proof: None,
        steps: vec![(START, Step::Entered)],
    }
}
