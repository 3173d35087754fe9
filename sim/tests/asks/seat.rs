//! Questions about perpetual seats: whole lives of them, event by event.

use bourse_sim::ask::{Answer, Ask, Cause, INSTANCE, MoveKind, Status};
use bourse_sim::mechanisms::Mechanism;
use bourse_sim::mechanisms::seat::{NOTICE, Seat, SeatParams, Seating};
use bourse_sim::mechanisms::standing::{price, ready_at};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei};

use super::{Dice, spoil};

pub(crate) fn seat(dice: &mut Dice, count: usize) -> Vec<Ask> {
    let mut asks = Vec::new();
    while asks.len() < count {
        let mut life = Life::new(dice);
        for _ in 0..24 {
            asks.push(life.next(dice));
        }
    }
    asks.truncate(count);
    // Under parameters that nobody has agreed to.
    for ask in asks.iter_mut().skip(11).step_by(20) {
        let p = SeatParams::decode(&ask.params).unwrap_or_default();
        ask.params = SeatParams { base: p.base + 1, ..p }.encode();
    }
    for ask in asks.iter_mut().step_by(30) {
        spoil(dice, &mut ask.params);
    }
    asks
}

struct Life {
    p: SeatParams,
    provers: Vec<Account>,
    held: Vec<Wei>,
    shared: Vec<Id>,
    /// The request that waits, and since when.
    waits: Option<(Request, Time)>,
    time: Time,
}

impl Life {
    fn new(dice: &mut Dice) -> Self {
        let provers: Vec<_> = (0..3).map(|_| dice.account()).collect();
        let held = vec![0; provers.len()];
        let time = 1_700_000_000 + dice.below(100_000_000);
        Self { p: params(dice), provers, held, shared: vec![Id::default(); 4], waits: None, time }
    }

    fn seating(&self) -> Seating {
        Seating::at(&self.p, &self.shared, self.time).unwrap_or_default()
    }

    fn next(&mut self, dice: &mut Dice) -> Ask {
        self.pass(dice);
        let who = dice.below(self.provers.len() as u64) as usize;
        let s = self.seating();
        let empty = s.holder.is_none() && s.next.is_none();
        let ask = match dice.below(if empty { 14 } else { 24 }) {
            0..=4 if s.out.is_some() => self.missed(dice),
            0..=9 => self.bid(dice, who),
            10 => self.odd(dice, who),
            11..=13 => self.instance(dice, who, Cause::Tick),
            14 => self.leave(dice, who),
            15..=18 => self.missed(dice),
            _ if self.waits.is_some() => self.again(dice),
            _ => self.opened(dice),
        };
        if let Ok(answer) = Seat.step(&ask) {
            self.follow(&ask, answer);
        }
        ask
    }

    /// To a time at which something may change.
    fn pass(&mut self, dice: &mut Dice) {
        let s = self.seating();
        let mut marks = vec![self.time, self.time, self.time, self.time + 1 + dice.below(u64::from(self.p.handover))];
        marks.extend(s.next.map(|_| s.effect));
        if s.holder.is_some() {
            marks.extend([s.end(), s.end().saturating_sub(self.p.handover.into())]);
            marks.push(ready_at(s.full, self.p.burst, self.p.refill));
        }
        marks.extend(s.out.map(|(_, until)| until));
        marks.extend(self.waits.as_ref().map(|(_, opened)| opened + Time::from(self.p.patience) + 1));
        if dice.one_in(30) {
            marks = vec![s.end() + Time::from(self.p.term) * 2];
        }
        self.time = dice.near(&marks).max(self.time);
    }

    fn ask(&self, dice: &mut Dice, cause: Cause, who: Option<usize>) -> Ask {
        let mut ask = dice.ask(self.p.encode(), self.time);
        (ask.cause, ask.shared) = (cause, self.shared.clone());
        match who {
            Some(who) => (ask.actor.prover, ask.actor.held) = (self.provers[who], self.held[who]),
            None => ask.actor = Default::default(),
        }
        ask
    }

    fn instance(&self, dice: &mut Dice, who: usize, cause: Cause) -> Ask {
        let mut ask = self.ask(dice, cause, Some(who));
        (ask.status, ask.opened_at, ask.rung) = (Status::None, 0, 0);
        ask.request = Request { requester: dice.account(), instance: 7, version: 1, ..Request::default() };
        ask.id = Id::default();
        ask.id[31] = 7;
        ask
    }

    fn bid(&self, dice: &mut Dice, who: usize) -> Ask {
        let mut ask = self.instance(dice, who, Cause::Bid);
        ask.actor.held = self.held[who];
        let most = self.p.most(&self.seating(), self.time).unwrap_or_default();
        let low = if dice.one_in(8) { 0 } else { most };
        ask.price = dice.pick(&[most, most, most, most.saturating_sub(most / 50), most + 1, low]);
        ask.price = ask.price.min((1 << 88) - 1);
        let lacks = self.p.deposit.saturating_sub(ask.actor.held);
        ask.actor.free = dice.pick(&[lacks, lacks + 1, lacks.saturating_sub(1), lacks]).min((1 << 80) - 1);
        ask
    }

    fn leave(&self, dice: &mut Dice, who: usize) -> Ask {
        let holder = self.seating().holder;
        let who = self.provers.iter().position(|p| holder.is_some_and(|h| h.prover == *p)).unwrap_or(who);
        let who = if dice.one_in(4) { dice.below(self.provers.len() as u64) as usize } else { who };
        let mut ask = self.instance(dice, who, Cause::Bid);
        ask.data = dice.pick(&[NOTICE.to_vec(), NOTICE.to_vec(), NOTICE.to_vec(), vec![2], vec![1, 0]]);
        ask
    }

    /// What the incumbent has to take, or just not.
    fn request(&self, dice: &mut Dice, mut request: Request) -> Request {
        let p = &self.p;
        request.work = 1 + dice.below(p.max_work);
        request.bond = dice.pick(&[0, p.max_bond / 2, p.max_bond]);
        request.window = dice.pick(&[p.min_window, p.min_window + 100]);
        let rate = self.seating().holder.map_or(p.ceiling, |holder| holder.rate);
        let fair = price(p.base, rate, request.work).unwrap_or_default();
        request.max_price =
            dice.pick(&[fair, fair, fair, fair + 1, fair * 2, fair.saturating_sub(1)]).min((1 << 87) - 1);
        match dice.below(20) {
            0 => request.work = p.max_work.saturating_add(1),
            1 => request.bond = p.max_bond + 1,
            2 => request.window = p.min_window - 1,
            3 => request.deadline = self.time + Time::from(p.min_window) - 1,
            4 => request.deadline = self.time + Time::from(p.min_window),
            _ => {}
        }
        request
    }

    fn opened(&self, dice: &mut Dice) -> Ask {
        let mut ask = self.ask(dice, Cause::Opened, None);
        ask.request = self.request(dice, ask.request.clone());
        ask
    }

    fn again(&self, dice: &mut Dice) -> Ask {
        let mut ask = self.ask(dice, Cause::Tick, None);
        if let Some((request, opened)) = &self.waits {
            (ask.request, ask.opened_at) = (request.clone(), *opened);
        }
        ask
    }

    fn missed(&self, dice: &mut Dice) -> Ask {
        let s = self.seating();
        let out = s.out.map(|(out, _)| out);
        let known: Vec<_> = s.holder.iter().map(|h| h.prover).chain(out).chain(out).chain(out).collect();
        let mut who = dice.below(self.provers.len() as u64) as usize;
        if let Some(at) = known.first().and_then(|_| {
            let one = dice.pick(&known);
            self.provers.iter().position(|p| *p == one)
        }) {
            who = at;
        }
        let mut ask = self.ask(dice, Cause::Failed, Some(who));
        ask.request = self.request(dice, ask.request.clone());
        ask.request.max_price *= dice.pick(&[1, 2]);
        ask
    }

    /// What nobody should ask.
    fn odd(&self, dice: &mut Dice, who: usize) -> Ask {
        let cause = dice.pick(&[Cause::Bid, Cause::Proof, Cause::Tick, Cause::Opened]);
        let mut ask = self.ask(dice, cause, Some(who));
        let over = [Status::Awarded, Status::Fulfilled, Status::Closed, Status::Cancelled];
        match cause {
            Cause::Tick => ask.status = dice.pick(&over),
            Cause::Opened => ask.status = Status::None,
            _ => {}
        }
        ask
    }

    fn follow(&mut self, ask: &Ask, answer: Answer) {
        self.shared = answer.shared;
        if ask.status == Status::Open {
            let ends = answer.moves.iter().any(|m| matches!(m.kind, MoveKind::Award | MoveKind::Close));
            self.waits = (!ends).then(|| (ask.request.clone(), ask.opened_at));
        }
        for m in answer.moves.iter().filter(|m| m.subject == INSTANCE) {
            let Some(who) = self.provers.iter().position(|p| *p == m.prover) else { continue };
            self.held[who] = match m.kind {
                MoveKind::Hold => m.amount,
                MoveKind::Forfeit if m.amount != 0 => self.held[who].saturating_sub(m.amount),
                _ => 0,
            };
        }
    }
}

/// Sensible in all that `step` takes for granted; a tenth is out of range in what it does not.
fn params(dice: &mut Dice) -> SeatParams {
    let odd = dice.one_in(10);
    let handover = dice.pick(&[1, 60, 3_600, 86_400]);
    let some = 1 + Wei::from(dice.below(1 << 50)) * 1_000;
    SeatParams {
        base: dice.pick(&[0, 1, 1_000_000, some]),
        ceiling: dice.pick(&[if odd { 0 } else { 1 }, 1_000, some, some]),
        decrement_bps: if odd { dice.pick(&[99, 5_001]) } else { dice.pick(&[100, 500, 500, 5_000]) },
        handover,
        term: handover + dice.pick(&[1, 86_400, 2_400_000]),
        notice: handover + dice.pick(&[0, 1, 3_600]),
        deposit: dice.pick(&[1, 1_001, 1 << 70]),
        miss_bps: dice.pick(&[1, 1_000, 3_333, 10_000]),
        max_misses: dice.pick(&[if odd { 0 } else { 1 }, 2, 3]),
        patience: dice.pick(&[0, 1, 600, 600]),
        burst: dice.pick(&[1, 5, 20]),
        refill: dice.pick(&[1, 60, 3_600]),
        max_work: dice.pick(&[1, 1_000_000, 1 << 40]),
        max_bond: dice.pick(&[0, 1_000, 1 << 70]),
        min_window: dice.pick(&[1, 60, 3_600]),
    }
}
