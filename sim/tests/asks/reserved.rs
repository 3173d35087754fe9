//! Questions about reserved capacity: whole lives of contracts, event by event.

use bourse_sim::ask::{Answer, Ask, Cause, INSTANCE, MoveKind, Status};
use bourse_sim::mechanisms::Mechanism;
use bourse_sim::mechanisms::reserved::{Contract, NOTICE, Reserved, ReservedParams};
use bourse_sim::mechanisms::standing::{price, ready_at};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei};

use super::{Dice, spoil};

pub(crate) fn reserved(dice: &mut Dice, count: usize) -> Vec<Ask> {
    let mut asks = Vec::new();
    while asks.len() < count {
        let mut life = Life::new(dice);
        for _ in 0..24 {
            asks.push(life.next(dice));
        }
    }
    asks.truncate(count);
    // Under parameters that nobody has agreed to.
    for ask in asks.iter_mut().skip(7).step_by(20) {
        let p = ReservedParams::decode(&ask.params).unwrap_or_default();
        ask.params = ReservedParams { base: p.base + 1, ..p }.encode();
    }
    for ask in asks.iter_mut().step_by(30) {
        spoil(dice, &mut ask.params);
    }
    asks
}

struct Life {
    p: ReservedParams,
    provers: Vec<Account>,
    held: Vec<Wei>,
    shared: Vec<Id>,
    /// The request that waits, and since when.
    waits: Option<(Request, Time)>,
    time: Time,
}

impl Life {
    fn new(dice: &mut Dice) -> Self {
        let provers: Vec<_> = (0..4).map(|_| dice.account()).collect();
        let held = vec![0; provers.len()];
        let time = 1_700_000_000 + dice.below(100_000_000);
        Self { p: params(dice), provers, held, shared: vec![Id::default(); 8], waits: None, time }
    }

    fn terms(&self) -> Contract {
        Contract::at(&self.p, &self.shared, self.time).unwrap_or_default()
    }

    fn next(&mut self, dice: &mut Dice) -> Ask {
        self.pass(dice);
        let who = dice.below(self.provers.len() as u64) as usize;
        let s = self.terms();
        let empty = s.holders[0].is_none() && s.bids[0].is_none();
        let ask = match dice.below(if empty { 14 } else { 24 }) {
            0..=4 if s.out[0].is_some() && dice.one_in(3) => self.missed(dice),
            0..=9 => self.bid(dice, who),
            10 => self.odd(dice, who),
            11..=13 => self.instance(dice, who, Cause::Tick),
            14 => self.leave(dice, who),
            15..=18 => self.missed(dice),
            _ if self.waits.is_some() => self.again(dice),
            _ => self.opened(dice),
        };
        if let Ok(answer) = Reserved.step(&ask) {
            self.follow(&ask, answer);
        }
        ask
    }

    /// To a time at which something may change.
    fn pass(&mut self, dice: &mut Dice) {
        let s = self.terms();
        let mut marks = vec![self.time, self.time, self.time, self.time + 1 + dice.below(u64::from(self.p.offering))];
        marks.extend(s.bids[0].map(|_| s.effect));
        for i in 0..2 {
            if s.holders[i].is_some() {
                marks.push(s.end_of(i));
                marks.push(ready_at(s.clocks[i].full, self.p.burst, self.p.refill));
                marks.push(s.clocks[i].since + Time::from(self.p.period));
            }
            marks.extend(s.out[i].map(|(_, until)| until));
        }
        if s.bids[0].is_none() {
            marks.push(s.last_end().saturating_sub(self.p.offering.into()));
        }
        marks.extend(self.waits.as_ref().map(|(_, opened)| opened + Time::from(self.p.patience) + 1));
        if dice.one_in(30) {
            marks = vec![self.time + Time::from(self.p.term) * 3];
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
        let most = self.p.most(&self.terms(), &self.provers[who]).unwrap_or_default().0;
        let low = if dice.one_in(8) { 0 } else { most };
        ask.price = dice.pick(&[most, most, most, most.saturating_sub(most / 50), most + 1, low]);
        ask.price = ask.price.min((1 << 88) - 1);
        let lacks = self.p.deposit.saturating_sub(ask.actor.held);
        ask.actor.free = dice.pick(&[lacks, lacks + 1, lacks.saturating_sub(1), lacks]).min((1 << 80) - 1);
        ask
    }

    fn leave(&self, dice: &mut Dice, who: usize) -> Ask {
        let holders: Vec<_> = self.terms().holders.into_iter().flatten().collect();
        let holder = if holders.is_empty() { None } else { Some(dice.pick(&holders)) };
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
        let window = p.window(request.work) as u32;
        request.window = dice.pick(&[window, window + 100]);
        let holders: Vec<_> = self.terms().holders.into_iter().flatten().collect();
        let rate = if holders.is_empty() { p.ceiling } else { dice.pick(&holders).rate };
        let fair = price(p.base, rate, request.work).unwrap_or_default();
        request.max_price =
            dice.pick(&[fair, fair, fair, fair + 1, fair * 2, fair.saturating_sub(1)]).min((1 << 87) - 1);
        match dice.below(20) {
            0 => request.work = p.max_work.saturating_add(1),
            1 => request.bond = p.max_bond + 1,
            2 => request.window = window - 1,
            3 => request.deadline = self.time + Time::from(window) - 1,
            4 => request.deadline = self.time + Time::from(window),
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
        let s = self.terms();
        let holders = s.holders.iter().flatten().map(|holder| holder.prover);
        let known: Vec<_> = holders.chain(s.out.iter().flatten().map(|(out, _)| *out)).collect();
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
fn params(dice: &mut Dice) -> ReservedParams {
    let odd = dice.one_in(10);
    let offering = dice.pick(&[1, 60, 3_600, 86_400]);
    let some = 1 + Wei::from(dice.below(1 << 50)) * 1_000;
    ReservedParams {
        base: dice.pick(&[0, 1, 1_000_000, some]),
        ceiling: dice.pick(&[if odd { 0 } else { 1 }, 1_000, some, some]),
        decrement_bps: if odd { dice.pick(&[99, 5_001]) } else { dice.pick(&[100, 500, 500, 5_000]) },
        offering,
        term: offering + dice.pick(&[1, 86_400, 2_400_000]),
        notice: offering + dice.pick(&[0, 1, 3_600]),
        deposit: dice.pick(&[1, 1_001, 1 << 70]),
        credit_bps: dice.pick(&[1, 1_000, 3_333, 10_000]),
        max_misses: dice.pick(&[if odd { 0 } else { 1 }, 2, 3]),
        period: dice.pick(&[1, 3_600, 86_400]),
        terminal: dice.below(2) as u8,
        holders: dice.pick(&[1, 2, 2]),
        patience: dice.pick(&[0, 1, 600, 600]),
        burst: dice.pick(&[1, 5, 20]),
        refill: dice.pick(&[1, 60, 3_600]),
        max_work: dice.pick(&[1, 1_000_000, 1 << 30]),
        max_bond: dice.pick(&[0, 1_000, 1 << 70]),
        latency: dice.pick(&[1, 60, 3_600]),
        pace: dice.pick(&[0, 1, if odd { 60_000 } else { 60 }]),
    }
}
