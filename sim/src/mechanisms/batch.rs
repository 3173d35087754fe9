//! Batch double auction at one price; the twin of `contracts/mechanisms/Batch.sol`, which has the rules.

pub mod book;
pub mod replay;

use super::{LONGEST, Mechanism, Session, no_later, no_more, no_sooner, only, print_of, within};
use crate::abi::{Decoder, Encoder};
use crate::ask::{
    Answer, Ask, BINDING, CAP_OPEN_ENTRY, CAP_SINGLE_RECIPIENT, CAP_TRUTHFUL, Cause, Envelope, Move, ON_OPEN, Refusal,
    Shape, Status, Tag,
};
use crate::market::Diary;
use crate::request::Request;
use crate::{Id, Time, Wei};
use book::{Book, Match, Offer, Order, WORDS};

const MOST: u8 = 64;
const MAX_CARRY: u8 = 8;
const STEP_GAS: u32 = 60_000;
const ENTRY_GAS: u32 = 8_000;

/// See `contracts/mechanisms/Batch.sol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchParams {
    /// Seconds of a batch.
    pub interval: u32,
    /// Seconds after its end in which it can be cleared.
    pub grace: u32,
    /// The least window of an order, in seconds.
    pub window: u32,
    /// Units of work that a price is for.
    pub lot: u64,
    /// The least that an order has to be able to pay for a lot, in the instance's token.
    pub floor: Wei,
    /// The most that an offer may ask for a lot.
    pub ceiling: Wei,
    /// The most work of an order.
    pub work: u64,
    /// The deposit behind an offer, and the most bond of an order, in the stake token.
    pub bond: Wei,
    /// The most orders of a batch.
    pub orders: u8,
    /// The most offers of a batch.
    pub offers: u8,
    /// How often an order that found no offer is put into the next batch.
    pub carry: u8,
}

impl BatchParams {
    /// As the contract takes them.
    pub fn encode(&self) -> Vec<u8> {
        Encoder::new(11)
            .uint(self.interval.into())
            .uint(self.grace.into())
            .uint(self.window.into())
            .uint(self.lot.into())
            .uint(self.floor)
            .uint(self.ceiling)
            .uint(self.work.into())
            .uint(self.bond)
            .uint(self.orders.into())
            .uint(self.offers.into())
            .uint(self.carry.into())
            .finish()
    }

    /// The inverse of [`BatchParams::encode`].
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(params: &[u8]) -> Result<Self, Refusal> {
        let mut from = Decoder::new(params);
        Ok(Self {
            interval: from.u32()?,
            grace: from.u32()?,
            window: from.u32()?,
            lot: from.fit(40)?,
            floor: from.uint(88)?,
            ceiling: from.uint(88)?,
            work: from.u64()?,
            bond: from.uint(80)?,
            orders: from.u8()?,
            offers: from.u8()?,
            carry: from.u8()?,
        })
    }

    /// The number of the batch that is collected at `time`.
    pub fn batch(&self, time: Time) -> u64 {
        time / Time::from(self.interval.max(1))
    }

    /// The first second after a batch.
    pub fn end(&self, batch: u64) -> Time {
        (batch + 1) * Time::from(self.interval)
    }

    /// From when on a batch cannot be cleared any longer.
    pub fn void(&self, batch: u64) -> Time {
        self.end(batch) + Time::from(self.grace)
    }

    /// The last second at which an order enters a batch that is, at the latest, cleared a window before the deadline.
    pub fn last_entry(&self, deadline: Time) -> Time {
        let cleared = deadline.saturating_sub(Time::from(self.grace) + Time::from(self.window));
        (self.batch(cleared) * Time::from(self.interval)).saturating_sub(1)
    }

    /// What an order of `work` (at least 1) pays at most for a lot; rounded down.
    pub fn value(&self, max_price: Wei, work: u64) -> Wei {
        (max_price * Wei::from(self.lot) / Wei::from(work.max(1))).min(self.ceiling)
    }

    /// What `work` costs at `price` for a lot, which is at most the value of such an order; rounded up.
    pub fn price(&self, price: Wei, work: u64) -> Wei {
        (price * Wei::from(work)).div_ceil(self.lot.max(1).into())
    }

    /// The request as an order.
    pub fn order(&self, id: Id, request: &Request) -> Order {
        let value = self.value(request.max_price, request.work);
        Order { id, value, work: request.work, deadline: request.deadline, carried: 0 }
    }

    /// The order as it enters the next batch, `batch`, if it may.
    pub fn carried(&self, order: &Order, batch: u64) -> Option<Order> {
        let stays = order.carried < self.carry && batch * Time::from(self.interval) <= self.last_entry(order.deadline);
        stays.then(|| Order { carried: order.carried + 1, ..*order })
    }

    /// Puts orders that found no offer into the next batch, as long as that has room; as they are there.
    fn carry(&self, orders: &[Order], found: &Match, next: &mut Book) -> Vec<Order> {
        let mut all = Vec::new();
        for (_, order) in orders.iter().enumerate().filter(|(i, _)| !found.orders.contains(i)) {
            if let Some(order) = self.carried(order, next.batch).filter(|_| next.orders < self.orders) {
                next.order(&order);
                all.push(order);
            }
        }
        all
    }

    /// What about a request is more than it may be, and that.
    fn misfit(&self, request: &Request, count: Wei) -> Result<(), Refusal> {
        no_more(request.work.into(), self.work.into())?;
        no_more(request.bond, self.bond)?;
        no_more(self.window.into(), request.window.into())?;
        no_more(self.floor, self.value(request.max_price, request.work))?;
        no_more(count, self.orders.into())
    }
}

/// The mechanism.
pub struct Batch;

impl Mechanism for Batch {
    fn name(&self) -> &'static str {
        "batch"
    }

    fn check(&self, params: &[u8]) -> Result<Shape, Refusal> {
        let p = BatchParams::decode(params)?;
        within("interval", p.interval, 1_u32, LONGEST / 2)?;
        within("grace", p.grace, 1_u32, p.interval)?;
        within("window", p.window, 1_u32, LONGEST)?;
        within("lot", p.lot, 1_u32, (1_u64 << 40) - 1)?;
        within("ceiling", p.ceiling, 1_u32, (1 << 88) - 1_u128)?;
        within("floor", p.floor, 1_u32, p.ceiling)?;
        within("work", p.work, 1_u32, u64::MAX)?;
        within("bond", p.bond, 1_u32, (1 << 80) - 1_u128)?;
        within("orders", p.orders, 2_u32, MOST)?;
        within("offers", p.offers, 2_u32, MOST)?;
        within("carry", p.carry, 0_u32, MAX_CARRY)?;
        let gas = STEP_GAS + (u32::from(p.orders) + u32::from(p.offers)) * ENTRY_GAS;
        Ok(Shape { words: 0, shared: WORDS as u8, gas, flags: ON_OPEN | BINDING })
    }

    fn envelope(&self, params: &[u8], request: &Request) -> Result<Envelope, Refusal> {
        let p = BatchParams::decode(params)?;
        let work = request.work.max(1);
        Ok(Envelope {
            price: p.price(p.value(request.max_price, work), work),
            award: (Time::from(p.carry) + 1) * Time::from(p.interval) + Time::from(p.grace),
            proof: request.window.into(),
            bond: request.bond,
            standbys: 0,
            capabilities: CAP_OPEN_ENTRY | CAP_SINGLE_RECIPIENT | CAP_TRUTHFUL,
        })
    }

    fn step(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let p = BatchParams::decode(&ask.params)?;
        if ask.shared.len() != WORDS {
            return Err(Refusal::unexpected(ask.cause));
        }
        match (ask.cause, ask.status) {
            (Cause::Opened, _) => enter(&p, ask),
            (Cause::Bid, Status::None) => offer(&p, ask),
            (Cause::Tick, Status::Open) => leave(&p, ask),
            (Cause::Tick, Status::None) if ask.actor.prover == crate::ZERO => clear(&p, ask),
            (Cause::Tick, Status::None) => release(ask),
            (other, _) => Err(Refusal::unexpected(other)),
        }
    }

    fn session(&self, ask: &Ask, diary: &Diary<'_>) -> Session {
        session(ask, diary).unwrap_or_default()
    }
}

/// What a tick brings that clears the last batch; none if it has been, or never can be.
fn session(ask: &Ask, diary: &Diary<'_>) -> Option<Session> {
    let p = BatchParams::decode(&ask.params).ok().filter(|_| ask.shared.len() == WORDS)?;
    let (print, last) = (print_of(&ask.params), p.batch(ask.time).checked_sub(1)?);
    let book = Some(Book::load(&ask.shared, last)).filter(|book| book.offers != 0 && !book.cleared)?;
    let in_time = ask.actor.prover == crate::ZERO && ask.time < p.void(last) && book::print(&ask.shared) == print;
    let (data, entries, found) = in_time.then(|| replay::cleared(&p, print, &book, diary))??;
    let requests = found.orders.iter().map(|i| entries.orders[*i].id).collect();
    Some(Session { requests, data })
}

fn enter(p: &BatchParams, ask: &Ask) -> Result<Answer, Refusal> {
    let mut shared = ask.shared.clone();
    let print = print_of(&ask.params);
    if book::print(&shared) == 0 {
        book::restart(&mut shared, print);
    }
    let batch = p.batch(ask.time);
    let mut book = Book::load(&shared, batch);
    let fits = || {
        if book::print(&shared) != print {
            return Err(Refusal::unexpected(ask.cause));
        }
        no_later(ask.time, p.last_entry(ask.request.deadline))?;
        p.misfit(&ask.request, Wei::from(book.orders) + 1)
    };
    if let Err(refusal) = fits() {
        return if ask.rung == 0 { Err(refusal) } else { Ok(Answer { shared, ..only(Move::close()) }) };
    }
    book.order(&p.order(ask.id, &ask.request));
    book.store(&mut shared);
    Ok(Answer { shared, wake: p.void(batch), ..Answer::default() })
}

fn offer(p: &BatchParams, ask: &Ask) -> Result<Answer, Refusal> {
    let mut shared = current(ask);
    let batch = p.batch(ask.time);
    let mut book = Book::load(&shared, batch);
    no_more(ask.price, p.ceiling)?;
    let feasible = Wei::from(ask.actor.throughput) * Wei::from(p.window);
    if feasible != 0 {
        no_more(p.work.into(), feasible)?;
    }
    if ask.actor.held != 0 {
        no_sooner(ask.time, until(&ask.actor.tag))?;
    }
    no_more(Wei::from(book.offers) + 1, p.offers.into())?;
    let stake = ask.actor.free + ask.actor.held;
    if stake < p.bond {
        return Err(Refusal::InsufficientBond { have: stake, want: p.bond });
    }
    book.offer(&Offer { prover: ask.actor.prover, ask: ask.price });
    book.store(&mut shared);
    let hold = Move::hold(ask.actor.prover, p.bond, tag(p.void(batch), ask.price)).on_instance();
    // The ticket of a void batch ends, and with it any wish to leave: a new one stays until this batch is over.
    let stale = (ask.actor.held != 0).then(|| Move::release(ask.actor.prover).on_instance());
    let moves = stale.into_iter().chain([hold]).collect();
    Ok(Answer { moves, shared, wake: p.end(batch), ..Answer::default() })
}

fn release(ask: &Ask) -> Result<Answer, Refusal> {
    if ask.actor.held == 0 {
        return Err(Refusal::unexpected(ask.cause));
    }
    no_sooner(ask.time, until(&ask.actor.tag))?;
    Ok(Answer { shared: ask.shared.clone(), ..only(Move::release(ask.actor.prover).on_instance()) })
}

fn leave(p: &BatchParams, ask: &Ask) -> Result<Answer, Refusal> {
    let batch = p.batch(ask.opened_at);
    let book = Book::load(&ask.shared, batch);
    let known = book::print(&ask.shared) == print_of(&ask.params) && book.orders != 0;
    let last = match (known, book.cleared) {
        // Nothing is carried out of a batch that nobody cleared.
        (true, false) => p.void(batch),
        (true, true) if p.carry == 0 => 0,
        _ => p.void(batch + u64::from(p.carry)),
    };
    no_sooner(ask.time, last)?;
    Ok(Answer { shared: ask.shared.clone(), ..only(Move::close()) })
}

fn clear(p: &BatchParams, ask: &Ask) -> Result<Answer, Refusal> {
    let mut shared = current(ask);
    let now = p.batch(ask.time);
    let mut book = Book::load(&shared, now.saturating_sub(1));
    if book.offers == 0 || book.cleared {
        return Err(Refusal::NotYet { time: ask.time, not_before: p.end(now) });
    }
    no_later(ask.time, p.void(book.batch) - 1)?;
    let found = book.find(&ask.data)?;
    let (orders, offers) = book.read(&ask.data)?;
    let moves = trade(p, &orders, &offers, &found);
    let mut next = Book::load(&shared, now);
    p.carry(&orders, &found, &mut next);
    book.cleared = true;
    book.store(&mut shared);
    next.store(&mut shared);
    Ok(Answer { moves, shared, wake: p.end(now), ..Answer::default() })
}

fn trade(p: &BatchParams, orders: &[Order], offers: &[Offer], found: &Match) -> Vec<Move> {
    let mut winners = found.orders.iter().zip(1..);
    let each = |(i, offer): (usize, &Offer)| match found.offers.contains(&i).then(|| winners.next()).flatten() {
        Some((order, number)) => {
            let Order { id, work, .. } = orders[*order];
            let mut tag = Tag::default();
            tag.copy_from_slice(&id[10..]);
            Move { subject: number, tag, ..Move::award(offer.prover, p.price(found.price, work)) }
        }
        None => Move::release(offer.prover).on_instance(),
    };
    offers.iter().enumerate().map(each).collect()
}

/// The shared words, under the parameters of now: only those are ever asked about the instance itself.
fn current(ask: &Ask) -> Vec<Id> {
    let mut shared = ask.shared.clone();
    let print = print_of(&ask.params);
    if book::print(&shared) != print {
        book::restart(&mut shared, print);
    }
    shared
}

/// Until when an offer stands, of its ticket.
pub fn until(tag: &Tag) -> Time {
    tag[6..11].iter().fold(0, |time, byte| time << 8 | Time::from(*byte))
}

/// What an offer asks for a lot, of its ticket.
pub fn asked(tag: &Tag) -> Wei {
    tag[11..].iter().fold(0, |ask, byte| ask << 8 | Wei::from(*byte))
}

fn tag(until: Time, ask: Wei) -> Tag {
    let mut tag = Tag::default();
    tag[6..].copy_from_slice(&(Wei::from(until) << 88 | ask).to_be_bytes());
    tag
}
