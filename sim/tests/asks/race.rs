//! Questions about proof races: whole races, with what their answers lead to.

use bourse_sim::ask::{Actor, Answer, Ask, Cause, MoveKind, Status, Tag};
use bourse_sim::mechanisms::Mechanism;
use bourse_sim::mechanisms::race::{Race, RaceParams, commitment};
use bourse_sim::{Id, Time};

use super::{Dice, opened_at, spoil};

pub(crate) fn race(dice: &mut Dice, count: usize) -> Vec<Ask> {
    let mut asks = Vec::new();
    while asks.len() < count {
        let mut course = Course::new(dice);
        for _ in 0..12 {
            let mut ask = course.ask(dice);
            course.follow(&ask);
            if dice.one_in(40) {
                spoil(dice, &mut ask.params);
            }
            asks.push(ask);
            if course.ask.status != Status::Open && course.tickets().count() == 0 {
                break;
            }
        }
    }
    asks.truncate(count);
    asks
}

/// One race, with the little of a market that it needs.
struct Course {
    p: RaceParams,
    ask: Ask,
    crowd: Vec<(Actor, Id)>,
}

impl Course {
    fn new(dice: &mut Dice) -> Self {
        let p = params(dice);
        let opened = opened_at(dice);
        let mut ask = dice.ask(p.encode(), opened);
        let near = opened + 2 * Time::from(p.window) + dice.below(100);
        ask.request.deadline = if dice.one_in(5) { near } else { ask.request.deadline };
        ask.words = vec![Id::default(); if p.commits() { 1 + usize::from(p.winners) } else { 1 }];
        let crowd = (0..5).map(|_| (dice.actor(), dice.word())).collect();
        Self { p, ask, crowd }
    }

    fn ask(&mut self, dice: &mut Dice) -> Ask {
        self.pass(dice);
        let entered = self.tickets().count();
        let over = self.ask.status != Status::Open;
        let cause = match dice.below(20) {
            0 if dice.one_in(2) => dice.pick(&[Cause::Opened, Cause::Failed]),
            0..=2 => Cause::Tick,
            _ if over || self.ask.time > self.mark() && dice.one_in(2) => Cause::Tick,
            4..=15 if self.p.deposit != 0 && entered < 2 => Cause::Bid,
            4..=7 if self.p.deposit != 0 && entered < 4 => Cause::Bid,
            4 => Cause::Bid,
            _ => Cause::Proof,
        };
        let (actor, proof) = if cause == Cause::Bid { dice.pick(&self.crowd) } else { self.someone(dice) };
        let mut ask = Ask { cause, actor, holds: entered as u8, ..self.ask.clone() };
        match cause {
            Cause::Bid => self.bid(dice, &mut ask, &proof),
            Cause::Proof => {
                ask.data = if dice.one_in(12) { dice.word() } else { proof }.to_vec();
                ask.data.extend(&dice.word()[..dice.pick(&[0, 0, 32])]);
                ask.actor.id = if dice.one_in(16) { 0 } else { ask.actor.id };
            }
            Cause::Tick if dice.one_in(3) && !over => ask.actor = Actor::default(),
            _ => {}
        }
        ask
    }

    /// Time passes, sometimes to where something ends.
    fn pass(&mut self, dice: &mut Dice) {
        self.ask.block_number += dice.below(3);
        self.ask.time += dice.below(4);
        if !dice.one_in(11) {
            return;
        }
        let mark = self.mark();
        self.ask.time = dice.near(&[mark, mark + 1]).max(self.ask.time);
    }

    /// The last second at which a proof is taken, as things are.
    fn mark(&self) -> Time {
        let last = self.p.last_first(&self.ask.request, self.ask.opened_at);
        self.p.standing(&self.ask.words).map_or(last, |standing| standing.end)
    }

    /// Mostly one that has entered, where it is needed.
    fn someone(&self, dice: &mut Dice) -> (Actor, Id) {
        let entered: Vec<_> = self.crowd.iter().filter(|(actor, _)| actor.held != 0).copied().collect();
        if entered.is_empty() || dice.one_in(5) { dice.pick(&self.crowd) } else { dice.pick(&entered) }
    }

    fn bid(&self, dice: &mut Dice, ask: &mut Ask, proof: &Id) {
        if self.p.commits() {
            ask.data = commitment(&ask.id, &ask.actor.prover, proof).to_vec();
        }
        if dice.one_in(12) {
            ask.data = dice.word()[..dice.below(33) as usize].to_vec();
        }
        ask.price = if dice.one_in(12) { 1 } else { 0 };
        ask.holds = if dice.one_in(12) { dice.pick(&[254, 255]) } else { ask.holds };
        let free = self.p.deposit.saturating_sub(ask.actor.held);
        ask.actor.free =
            if dice.one_in(8) { free.saturating_sub(1) } else { dice.pick(&[free, free + 1]).min((1 << 80) - 1) };
    }

    fn tickets(&self) -> impl Iterator<Item = &Actor> {
        self.crowd.iter().map(|(actor, _)| actor).filter(|actor| actor.held != 0)
    }

    /// Does what the market does with the answer.
    fn follow(&mut self, ask: &Ask) {
        let Ok(Answer { moves, words, .. }) = Race.step(ask) else { return };
        self.ask.words = words;
        for m in moves {
            let ticket = self.crowd.iter_mut().map(|(actor, _)| actor).find(|actor| actor.prover == m.prover);
            match (m.kind, ticket) {
                (MoveKind::Hold, Some(actor)) => (actor.held, actor.tag) = (m.amount, m.tag),
                (MoveKind::Release | MoveKind::Forfeit, Some(actor)) => {
                    (actor.held, actor.tag) = (0, Tag::default());
                }
                (MoveKind::Close, _) => {
                    let won = self.p.standing(&self.ask.words).is_some();
                    self.ask.status = if won { Status::Fulfilled } else { Status::Closed };
                }
                _ => {}
            }
        }
    }
}

/// Sensible in all that `step` takes for granted; a tenth is out of range in what it does not.
fn params(dice: &mut Dice) -> RaceParams {
    let odd = dice.one_in(10);
    let commit_blocks = dice.pick(&[0, 0, 1, 1, if odd { 7_201 } else { 3 }]);
    let most = if commit_blocks == 0 { 8 } else { 7 };
    let winners = dice.pick(&[1, 2, 2, 3, most]);
    let window = dice.pick(&[1, 10, 60, if odd { 2_592_001 } else { 600 }]);
    let decay_bps = dice.pick(&[if odd { 999 } else { 1_000 }, 5_000, 10_000]);
    RaceParams {
        patience: if odd { 0 } else { dice.pick(&[1, 100, 600, 600, 2_592_000]) },
        window: if winners == 1 && commit_blocks == 0 { 0 } else { window },
        commit_blocks,
        bounty_bps: dice.pick(&[1, 5_000, 10_000, if odd { 10_001 } else { 10_000 }]),
        decay_bps: if winners == 1 { 0 } else { decay_bps },
        winners,
        deposit: if commit_blocks == 0 && dice.one_in(3) { 0 } else { dice.pick(&[1, 1_000_000, (1 << 80) - 1]) },
    }
}
