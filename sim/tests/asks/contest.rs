//! Questions of whole contests, from the first ticket to the draw, and what goes wrong in them.

use std::collections::BTreeMap;

use bourse_sim::ask::{Ask, Cause, MoveKind, Status};
use bourse_sim::market::Ticket;
use bourse_sim::mechanisms::Mechanism as _;
use bourse_sim::mechanisms::contest::{Alpha, Contest, ContestParams, List};
use bourse_sim::{Account, Id, Time, Wei, ZERO};

use super::{Dice, opened_at, spoil};

pub(crate) fn contest(dice: &mut Dice, count: usize) -> Vec<Ask> {
    let mut asks = Vec::new();
    while asks.len() < count {
        let mut round = Round::new(dice);
        round.enter(dice);
        round.draw(dice);
        round.afterwards(dice);
        // Tickets are many and alike.
        let enters = |ask: &Ask| ask.cause == Cause::Bid && Contest.step(ask).is_ok();
        asks.extend(round.asks.into_iter().filter(|ask| !enters(ask) || dice.one_in(3)));
    }
    asks.truncate(count);
    for i in (0..count).step_by(40) {
        let ask = &mut asks[i];
        spoil(dice, &mut ask.params);
    }
    asks
}

/// Sensible in all that `step` takes for granted; a tenth is out of range in what it does not.
fn params(dice: &mut Dice, stake_token: Account) -> ContestParams {
    let odd = dice.one_in(10);
    let min_ticket = dice.uint(70).max(1);
    ContestParams {
        stake_token,
        entry: if odd { 2_592_001 } else { dice.pick(&[1, 2, 300, 2_592_000]) },
        settling: if odd { 0 } else { dice.pick(&[1, 60, 600, 2_592_000]) },
        fee_bps: if dice.one_in(12) { 1 } else { dice.pick(&[5_000, 9_999, 10_000]) },
        min_ticket,
        max_ticket: dice.pick(&[min_ticket, min_ticket.saturating_mul(20), (1 << 80) - 1]).min((1 << 80) - 1),
        alpha: dice.pick(&[Alpha::One, Alpha::Half, Alpha::Two]),
        entrants: if odd { 41 } else { dice.pick(&[1, 2, 3, 3, 40]) },
        distance: if odd { 65 } else { dice.pick(&[1, 2, 64]) },
    }
}

/// One contest, with the little of a market that it needs.
struct Round {
    p: ContestParams,
    now: Ask,
    tickets: BTreeMap<Account, Ticket>,
    book: Vec<(Account, Ticket)>,
    asks: Vec<Ask>,
}

impl Round {
    fn new(dice: &mut Dice) -> Self {
        let opened = opened_at(dice);
        let mut now = dice.ask(Vec::new(), opened);
        let p = params(dice, now.request.token);
        now.params = p.encode();
        now.words = vec![Id::default(); 2];
        let odd = if dice.one_in(8) { now.request.max_price } else { p.min_ticket * 9 + 3 };
        now.request.max_price = dice.pick(&[(1 << 88) - 1, odd, odd]);
        let needed = Time::from(p.settling) + 2;
        let far = now.request.deadline;
        now.request.deadline =
            dice.pick(&[opened + needed, opened + needed + 1, opened + needed + Time::from(p.entry), far, far, far]);
        now.block_number = now.block_number.max(1);
        Self { p, now, tickets: BTreeMap::new(), book: Vec::new(), asks: Vec::new() }
    }

    fn last(&self) -> Time {
        self.p.last_entry(&self.now.request, self.now.opened_at)
    }

    fn enter(&mut self, dice: &mut Dice) {
        let last = self.last();
        if !dice.one_in(3) {
            let odd = dice.pick(&[Cause::Opened, Cause::Proof, Cause::Failed]);
            self.ask(Ask { cause: odd, ..self.now.clone() });
        }
        for _ in 0..dice.pick(&[0, 1, 3, 3, 3, 4, 4, 4, 5, 5, 6, 50]) {
            let known: Vec<Account> = self.tickets.keys().copied().collect();
            let prover = if known.is_empty() || !dice.one_in(4) { dice.account() } else { dice.pick(&known) };
            let held = self.tickets.get(&prover).copied().unwrap_or_default();
            let fee = self.p.fee(self.now.request.max_price);
            let most = fee.min(self.p.max_ticket);
            let least = if held.amount == 0 { self.p.min_ticket } else { held.amount + 1 };
            let between = least + dice.uint(80) % (most.saturating_sub(least) + 1);
            let edge = dice.pick(&[least, most, least - 1, most + 1]);
            let ticket = if dice.one_in(5) { edge } else { least.midpoint(least.midpoint(between)) };
            let rest = fee.saturating_sub(ticket);
            let mut ask = self.about(prover);
            (ask.cause, ask.data) = (Cause::Bid, word(ticket).to_vec());
            ask.time = dice.pick(&[ask.opened_at, last, last]).max(ask.opened_at);
            ask.price = dice.pick(&[0, 0, rest, rest]);
            ask.request.bond = ask.request.bond.min(ticket);
            let want = ticket.max(ask.request.bond);
            ask.actor.free = want.saturating_sub(held.amount).min((1 << 80) - 1);
            self.spoil(dice, &mut ask, rest);
            self.ask(ask);
        }
    }

    /// One of many bids is one that is refused, for a reason of its own.
    fn spoil(&self, dice: &mut Dice, ask: &mut Ask, rest: Wei) {
        match dice.below(34) {
            0 => ask.price = rest + 1,
            1 => ask.data.truncate(31),
            2 => ask.data[0] = 1,
            3 => ask.request.token = dice.account(),
            4 | 10 | 11 => ask.time = self.last() + 1,
            5..=8 => ask.actor.free = ask.actor.free.saturating_sub(1),
            9 => ask.actor.tag[20] = 3,
            _ => {}
        }
    }

    /// Ticks before and after the draw, with the list and without.
    fn draw(&mut self, dice: &mut Dice) {
        let after = self.last() + 1;
        self.tick(after - 1, Id::default(), Vec::new());
        let someone = Ask { time: after, status: Status::Open, cause: Cause::Tick, ..self.about(dice.account()) };
        self.ask(someone);
        for _ in 0..dice.pick(&[1, 2, 2, 3]) {
            self.tick(after, Id::default(), Vec::new());
            self.tick(after, Id::default(), Vec::new());
            // Too old to be known by the time of the next tick.
            self.now.block_number = self.now.block_number.max(List::read(&self.now.words).drawn_by.min(1 << 50)) + 1;
        }
        let beacon = dice.word();
        for _ in 0..2 {
            let mut data = self.brief(after);
            match dice.below(6) {
                0 => data.truncate(data.len().saturating_sub(32)),
                1 => data.extend_from_slice(&dice.word()),
                2 if dice.one_in(6) => data.resize(161 * 32, 7),
                3 if 64 <= data.len() => data.rotate_left(32),
                4 => data.extend_from_slice(&[1; 7]),
                _ => {}
            }
            self.tick(after, beacon, data);
        }
        let data = self.brief(after);
        self.tick(after, beacon, data);
        if dice.one_in(2) {
            self.tick(after, beacon, Vec::new());
        }
    }

    fn brief(&self, time: Time) -> Vec<u8> {
        let actor = Default::default();
        Contest.brief(&Ask { cause: Cause::Tick, time, actor, ..self.now.clone() }, &self.book)
    }

    fn tick(&mut self, time: Time, beacon: Id, data: Vec<u8>) {
        let time = time.max(self.now.opened_at);
        let actor = Default::default();
        self.ask(Ask { cause: Cause::Tick, time, beacon, data, actor, ..self.now.clone() });
    }

    /// Tickets that outlive the request.
    fn afterwards(&mut self, dice: &mut Dice) {
        let prover = self.book.first().map_or_else(|| dice.account(), |(prover, _)| *prover);
        let status = dice.pick(&[Status::Closed, Status::Cancelled, Status::Fulfilled, Status::Awarded]);
        let time = self.now.request.deadline;
        self.asks.push(Ask { cause: Cause::Tick, status, time, ..self.about(prover) });
    }

    fn about(&self, prover: Account) -> Ask {
        let held = self.tickets.get(&prover).copied().unwrap_or_default();
        let mut ask = Ask { holds: self.tickets.len() as u8, ..self.now.clone() };
        (ask.actor.prover, ask.actor.held, ask.actor.tag) = (prover, held.amount, held.tag);
        ask
    }

    /// Asks, and does what the answer says.
    fn ask(&mut self, ask: Ask) {
        if let Ok(answer) = Contest.step(&ask) {
            self.now.words = answer.words;
            for m in answer.moves {
                match m.kind {
                    MoveKind::Hold => {
                        let ticket = Ticket { amount: m.amount, tag: m.tag };
                        self.tickets.insert(m.prover, ticket);
                        self.book.push((m.prover, ticket));
                    }
                    MoveKind::Award | MoveKind::Forfeit | MoveKind::Release => {
                        assert!(m.prover != ZERO && self.tickets.remove(&m.prover).is_some());
                    }
                    _ => {}
                }
            }
        }
        self.asks.push(ask);
    }
}

fn word(value: Wei) -> Id {
    let mut word = Id::default();
    word[16..].copy_from_slice(&value.to_be_bytes());
    word
}
