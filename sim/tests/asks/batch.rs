//! Questions about batch double auctions: instances that live through many batches, with refusals along the way.

use std::collections::BTreeMap;

use bourse_sim::ask::{Ask, Cause, MoveKind, Status, Tag};
use bourse_sim::mechanisms::Mechanism;
use bourse_sim::mechanisms::batch::book::{Book, Offer, Order, print};
use bourse_sim::mechanisms::batch::{Batch, BatchParams, until};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei, ZERO};

use super::{Dice, spoil};

/// An instance, and what a keeper knows about it.
struct Instance {
    p: BatchParams,
    shared: Vec<Id>,
    now: Time,
    orders: BTreeMap<u64, Vec<Order>>,
    offers: BTreeMap<u64, Vec<Offer>>,
    seats: BTreeMap<Account, Tag>,
    /// Since when requests are open.
    opened: Vec<Time>,
}

pub(crate) fn batch(dice: &mut Dice, count: usize) -> Vec<Ask> {
    let mut asks = Vec::with_capacity(count);
    while asks.len() < count {
        let mut instance = Instance::new(dice);
        for _ in 0..60 {
            let ask = instance.next(dice);
            instance.take(&ask);
            asks.push(ask);
        }
    }
    for ask in asks.iter_mut().step_by(37) {
        spoil(dice, &mut ask.params);
    }
    asks.truncate(count);
    asks
}

impl Instance {
    fn new(dice: &mut Dice) -> Self {
        let now = 1_700_000_000 + dice.below(100_000_000);
        Self {
            p: params(dice),
            shared: vec![Id::default(); 5],
            now,
            orders: BTreeMap::new(),
            offers: BTreeMap::new(),
            seats: BTreeMap::new(),
            opened: vec![now],
        }
    }

    fn next(&mut self, dice: &mut Dice) -> Ask {
        let batch = self.p.batch(self.now);
        let waiting = batch.checked_sub(1).filter(|last| self.offers.contains_key(last));
        if waiting.is_some() && !dice.one_in(4) {
            return self.clear(dice);
        }
        let book = Book::load(&self.shared, batch);
        let full = book.orders >= self.p.orders || book.offers >= self.p.offers;
        if dice.one_in(if full { 1 } else { 10 }) {
            let (end, void) = (self.p.end(batch), self.p.void(batch));
            let then = dice.pick(&[end, end, end, end, end + 1, end - 1, void - 1, void, self.p.void(batch + 1)]);
            self.now = self.now.max(then);
        }
        match dice.below(24) {
            0..=8 => self.order(dice),
            9..=18 => self.offer(dice),
            19 => self.clear(dice),
            20 | 21 => self.leave(dice),
            22 => self.release(dice),
            _ => self.odd(dice),
        }
    }

    /// What the market does with the answer.
    fn take(&mut self, ask: &Ask) {
        let Ok(answer) = Batch.step(ask) else { return };
        let batch = self.p.batch(ask.time);
        if print(&self.shared) != print(&answer.shared) {
            self.orders.clear();
            self.offers.clear();
        }
        self.shared.clone_from(&answer.shared);
        match (ask.cause, ask.status) {
            (Cause::Opened, _) if answer.moves.is_empty() => {
                self.orders.entry(batch).or_default().push(self.p.order(ask.id, &ask.request));
                self.opened.push(ask.time);
            }
            (Cause::Tick, Status::None) if ask.actor.prover == ZERO => self.cleared(ask, batch),
            _ => {}
        }
        for step in answer.moves {
            if step.kind == MoveKind::Hold {
                self.offers.entry(batch).or_default().push(Offer { prover: step.prover, ask: ask.price });
                self.seats.insert(step.prover, step.tag);
            } else {
                self.seats.remove(&step.prover);
            }
        }
    }

    fn cleared(&mut self, ask: &Ask, batch: u64) {
        let before = Book { cleared: false, ..Book::load(&self.shared, batch - 1) };
        let found = before.find(&ask.data).unwrap();
        let orders = self.orders.remove(&(batch - 1)).unwrap_or_default();
        self.offers.remove(&(batch - 1));
        let next = self.orders.entry(batch).or_default();
        for (_, order) in orders.iter().enumerate().filter(|(i, _)| !found.orders.contains(i)) {
            if let Some(order) = self.p.carried(order, batch).filter(|_| next.len() < usize::from(self.p.orders)) {
                next.push(order);
            }
        }
    }

    fn about(&self, dice: &mut Dice, cause: Cause) -> Ask {
        let mut ask = dice.ask(self.p.encode(), 0);
        let Request { requester, token, instance, version, .. } = ask.request;
        ask.request = Request { requester, token, instance, version, ..Request::default() };
        ask.id = Id::default();
        ask.id[28..].copy_from_slice(&instance.to_be_bytes());
        Ask { cause, status: Status::None, time: self.now, rung: 0, shared: self.shared.clone(), ..ask }
    }

    fn order(&self, dice: &mut Dice) -> Ask {
        let p = &self.p;
        let mut ask = dice.ask(p.encode(), self.now);
        (ask.cause, ask.shared) = (Cause::Opened, self.shared.clone());
        ask.actor = bourse_sim::ask::Actor::default();
        ask.rung = u8::from(dice.one_in(5));
        let request = &mut ask.request;
        request.work = dice.pick(&[1, p.work / 2, p.work - 1, p.work]).max(1);
        request.bond = dice.pick(&[0, p.bond / 2, p.bond]);
        request.window = p.window + dice.below(3) as u32;
        let spread = p.ceiling - p.floor;
        let value = p.floor + spread / 4 + evenly(dice) % (spread + 2 - spread / 4);
        let tie = if dice.one_in(5) { p.floor } else { value };
        request.max_price = p.price(tie, request.work);
        let fits = p.end(p.batch(self.now)) + Time::from(p.grace) + Time::from(p.window);
        request.deadline = dice.pick(&[fits, fits + Time::from(p.interval), fits + 100 * Time::from(p.interval)]);
        match dice.below(30) {
            0 => request.work = p.work.saturating_add(1),
            1 => request.bond = p.bond + 1,
            2 => request.window = p.window - 1,
            3 => request.max_price = 0,
            4 => request.deadline = fits - 1,
            5 => request.deadline = 0,
            6 => ask.params = BatchParams { carry: p.carry ^ 1, ..*p }.encode(),
            _ => {}
        }
        ask
    }

    fn offer(&self, dice: &mut Dice) -> Ask {
        let p = &self.p;
        let mut ask = self.about(dice, Cause::Bid);
        let spread = p.ceiling - p.floor;
        ask.price = p.floor + evenly(dice) % (spread + 1 - spread / 4);
        if dice.one_in(5) {
            ask.price = p.floor;
        }
        let enough = (p.work.div_ceil(p.window.into())).min(u64::from(u32::MAX)) as u32;
        ask.actor.throughput = dice.pick(&[0, 0, enough, enough]);
        ask.actor.free = p.bond;
        match dice.below(20) {
            0 => ask.price = p.ceiling + 1,
            1 => ask.actor.throughput = (enough / 2).max(1),
            2 | 6 | 7 => ask.actor.free -= 1,
            3 | 4 if !self.seats.is_empty() => {
                let seats: Vec<_> = self.seats.iter().collect();
                let (prover, tag) = dice.pick(&seats);
                (ask.actor.prover, ask.actor.tag, ask.actor.held, ask.actor.free) = (*prover, *tag, p.bond, 0);
            }
            5 if dice.one_in(3) => ask.params = BatchParams { carry: p.carry ^ 1, ..*p }.encode(),
            _ => {}
        }
        ask
    }

    fn clear(&self, dice: &mut Dice) -> Ask {
        let last = self.p.batch(self.now) - 1;
        let (mut orders, mut offers) = (self.orders.get(&last), self.offers.get(&last));
        let book = Book::load(&self.shared, last);
        let none = (Vec::new(), Vec::new());
        let (some, others) = (orders.get_or_insert(&none.0), offers.get_or_insert(&none.1));
        let mut data = book.data(some, others);
        let (m, n) = (some.len(), others.len());
        let length = data.len();
        match dice.below(18) {
            // Somebody is left out.
            0 if m > 0 => data = book.data(&some[1..], others),
            1 if n > 0 => data[64 * m + 31] ^= 1,
            2 if m > 1 => data[..128].rotate_left(64),
            // Another order of ranks, one of them twice, or one that nobody has.
            3 if n > 1 => data.swap(length - 1, length - 2),
            4 if m > 1 => data.swap(length - n - 1, length - n - 2),
            5 if n > 1 => data[length - 1] = data[length - 2],
            6 if n > 0 => data[length - 1] = n as u8,
            7 => data.push(0),
            _ => {}
        }
        let mut ask = self.about(dice, Cause::Tick);
        ask.actor = bourse_sim::ask::Actor::default();
        ask.data = data;
        ask
    }

    fn leave(&self, dice: &mut Dice) -> Ask {
        let opened = dice.pick(&self.opened);
        let mut ask = dice.ask(self.p.encode(), opened);
        (ask.cause, ask.shared) = (Cause::Tick, self.shared.clone());
        let last = self.p.void(self.p.batch(opened) + u64::from(self.p.carry));
        ask.time = if dice.one_in(2) { self.now } else { dice.near(&[last]) };
        ask.status = dice.pick(&[Status::Open, Status::Open, Status::Open, Status::Open, Status::Awarded]);
        ask
    }

    fn release(&self, dice: &mut Dice) -> Ask {
        let mut ask = self.about(dice, Cause::Tick);
        let seats: Vec<_> = self.seats.iter().collect();
        if !seats.is_empty() {
            let (prover, tag) = dice.pick(&seats);
            (ask.actor.prover, ask.actor.tag, ask.actor.held) = (*prover, *tag, self.p.bond);
            ask.time = dice.near(&[until(tag), until(tag) + 5]);
        }
        ask
    }

    fn odd(&self, dice: &mut Dice) -> Ask {
        let mut ask = dice.ask(self.p.encode(), self.now);
        ask.cause = dice.pick(&[Cause::Bid, Cause::Failed, Cause::Proof]);
        ask.shared.clone_from(&self.shared);
        ask
    }
}

/// Of 88 bits, each as likely as any other.
fn evenly(dice: &mut Dice) -> Wei {
    dice.word()[..11].iter().fold(0, |value, byte| value << 8 | Wei::from(*byte))
}

/// Sensible in all that `step` takes for granted.
fn params(dice: &mut Dice) -> BatchParams {
    let interval = dice.pick(&[60, 600, 3_600, 1_296_000]);
    let floor = dice.pick(&[1, 1_000, 1_000_000_000]);
    let odd = dice.one_in(6);
    BatchParams {
        interval,
        grace: if odd { interval + 1 } else { dice.pick(&[interval / 2, interval / 2, interval, interval, 1]) },
        window: dice.pick(&[1, 60, 2_592_000]),
        lot: dice.pick(&[1, 3, 1_000, 1 << 39]),
        floor,
        ceiling: dice.pick(&[floor + 5, floor + 1_000, 3 * floor + 100, 3 * floor + 100]),
        work: dice.pick(&[1, 7, 1_000_000, 1_000_000_000]),
        bond: dice.pick(&[1, 1_000_000, (1 << 80) - 2]),
        orders: dice.pick(&[2, 4, 6, 6]),
        offers: dice.pick(&[2, 4, 6, 6]),
        carry: dice.pick(&[0, 0, 1, 3]),
    }
}
