//! What a seat answers.

use super::{NOTICE, SeatParams, Seating};
use crate::ask::{Answer, Ask, Cause, Move, Refusal, Status};
use crate::mechanisms::standing::{self, Holder, drawn, ready_at, release_each, tag, word};
use crate::mechanisms::{no_more, print_of};
use crate::{Account, Id, Time};

/// The seating, and the answer as it grows.
pub(super) struct Turn<'a> {
    p: &'a SeatParams,
    pub(super) seating: Seating,
    /// The words of other parameters, which stay as they are.
    kept: Option<Vec<Id>>,
    moves: Vec<Move>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(p: &'a SeatParams, ask: &Ask) -> Option<Self> {
        let (seating, time, print) = (Seating::read(&ask.shared)?, ask.time, print_of(&ask.params));
        let mut turn = Self { p, seating, kept: None, moves: Vec::new() };
        if seating.print != print {
            turn.anew(ask, print);
            return Some(turn);
        }
        let s = &turn.seating;
        if s.next.is_none() || s.end() <= s.effect {
            turn.vacate(time);
        }
        if turn.seating.next.is_some() && turn.seating.effect <= time {
            turn.take_over();
            turn.vacate(time);
        }
        if turn.seating.out.is_some_and(|(_, until)| until <= time) {
            turn.retire(None);
        }
        Some(turn)
    }

    pub(super) fn bid(mut self, ask: &Ask) -> Result<Answer, Refusal> {
        let most = self.p.most(&self.seating, ask.time).ok_or(Refusal::unexpected(ask.cause))?;
        no_more(ask.price, most)?;
        let stake = ask.actor.free + ask.actor.held;
        if stake < self.p.deposit {
            return Err(Refusal::InsufficientBond { have: stake, want: self.p.deposit });
        }
        let bidder = ask.actor.prover;
        let outbid = self.seating.next.replace(Holder { prover: bidder, rate: ask.price });
        if outbid.is_none() {
            self.seating.effect = ask.time + Time::from(self.p.handover);
        }
        release_each(&mut self.moves, (ask.actor.held != 0).then_some(bidder));
        self.moves.push(Move::hold(bidder, self.p.deposit, tag(ask.price)).on_instance());
        self.free(outbid.map(|outbid| outbid.prover));
        let wake = self.settles();
        Ok(self.answer(wake))
    }

    pub(super) fn leave(mut self, ask: &Ask) -> Result<Answer, Refusal> {
        if ask.data != NOTICE {
            return Err(Refusal::unexpected(ask.cause));
        }
        let holder = self.seating.holder.map_or(crate::ZERO, |holder| holder.prover);
        if ask.actor.prover != holder {
            let number = |prover| word(prover, 0);
            return Err(Refusal::Unacceptable { have: number(ask.actor.prover), want: number(holder) });
        }
        let leaves = ask.time + Time::from(self.p.notice);
        if leaves >= self.seating.end() {
            return Err(Refusal::unexpected(ask.cause));
        }
        self.seating.leaves = leaves;
        let wake = self.settles();
        Ok(self.answer(wake))
    }

    pub(super) fn settle(self, ask: &Ask) -> Result<Answer, Refusal> {
        let wake = self.settles();
        match (self.moves.is_empty(), wake) {
            (false, _) => Ok(self.answer(wake)),
            (true, 0) => Err(Refusal::unexpected(ask.cause)),
            (true, not_before) => Err(Refusal::NotYet { time: ask.time, not_before }),
        }
    }

    pub(super) fn serve(mut self, ask: &Ask) -> Result<Answer, Refusal> {
        if self.award(ask, None) {
            return Ok(self.answer(0));
        }
        let (p, s) = (self.p, &self.seating);
        let last = ask.opened_at + Time::from(p.patience);
        if p.patience == 0 || last < ask.time || !p.scope().covers(&ask.request, ask.time) {
            self.moves.push(Move::close());
            return Ok(self.answer(0));
        }
        let ready = Some(ready_at(s.full, p.burst, p.refill)).filter(|ready| s.holder.is_some() && ask.time < *ready);
        let effect = s.next.map(|_| s.effect);
        let again = [effect, ready].into_iter().flatten().fold(last + 1, Time::min);
        if ask.cause == Cause::Opened {
            Ok(self.answer(again))
        } else {
            Err(Refusal::NotYet { time: ask.time, not_before: again })
        }
    }

    pub(super) fn missed(mut self, ask: &Ask) -> Result<Answer, Refusal> {
        let (who, held) = (ask.actor.prover, ask.actor.held);
        if self.seating.sits(&who) || self.seating.out.is_some_and(|(out, _)| out == who) {
            let mut stays = false;
            if held != 0 {
                let fine = standing::fine(who, self.p.deposit, self.p.miss_bps, held);
                stays = fine.amount != 0;
                self.moves.push(fine);
            }
            if !stays {
                self.remove(&who, ask.time);
            } else if self.seating.sits(&who) {
                self.seating.misses = self.seating.misses.saturating_add(1);
                if self.seating.misses >= self.p.max_misses {
                    self.remove(&who, ask.time);
                    self.retire(Some((who, ask.time + Time::from(self.p.handover))));
                }
            }
        }
        if !self.award(ask, Some(&who)) {
            self.moves.push(Move::close());
        }
        Ok(self.answer(0))
    }

    fn award(&mut self, ask: &Ask, except: Option<&Account>) -> bool {
        let (p, s) = (self.p, &mut self.seating);
        let Some(holder) = s.holder.filter(|holder| except != Some(&holder.prover)) else { return false };
        let price = standing::price(p.base, holder.rate, ask.request.work);
        let Some(price) = price.filter(|price| *price <= ask.request.max_price) else { return false };
        if !p.scope().covers(&ask.request, ask.time) || ask.time < ready_at(s.full, p.burst, p.refill) {
            return false;
        }
        s.full = drawn(s.full, ask.time, p.refill);
        self.moves.push(Move::award(holder.prover, price));
        true
    }

    /// Nobody sits under these parameters. A request leaves those who sit under others alone; what is about the instance lets them go.
    fn anew(&mut self, ask: &Ask, print: u64) {
        let former = std::mem::replace(&mut self.seating, Seating { print, ..Seating::default() });
        if ask.status != Status::None {
            self.kept = Some(ask.shared.clone());
            return;
        }
        let sat = [former.holder, former.next].map(|holder| holder.map(|holder| holder.prover));
        let bound = sat.into_iter().chain([former.out.map(|(out, _)| out)]).flatten();
        release_each(&mut self.moves, bound);
    }

    fn vacate(&mut self, time: Time) {
        let end = self.seating.end();
        let Some(holder) = self.seating.holder.filter(|_| end <= time) else { return };
        (self.seating.holder, self.seating.leaves, self.seating.until) = (None, 0, end);
        self.retire(Some((holder.prover, end + Time::from(self.p.handover))));
    }

    fn take_over(&mut self) {
        let s = &mut self.seating;
        let at = s.effect;
        let before = s.holder.map(|before| before.prover);
        s.holder = s.next.take();
        (s.effect, s.leaves) = (0, 0);
        if before.is_none() {
            s.until = at + Time::from(self.p.term);
        }
        if before == s.holder.map(|holder| holder.prover) {
            return;
        }
        s.misses = 0;
        if let Some(before) = before {
            self.retire(Some((before, at + Time::from(self.p.handover))));
        }
    }

    fn retire(&mut self, liable: Option<(Account, Time)>) {
        let before = std::mem::replace(&mut self.seating.out, liable);
        self.free(before.map(|(before, _)| before));
    }

    fn free(&mut self, who: Option<Account>) {
        if let Some(who) = who.filter(|who| !self.seating.knows(who)) {
            self.moves.push(Move::release(who).on_instance());
        }
    }

    fn remove(&mut self, who: &Account, time: Time) {
        let s = &mut self.seating;
        if s.sits(who) {
            (s.holder, s.leaves, s.until) = (None, 0, time);
        }
        if s.next.is_some_and(|next| next.prover == *who) {
            (s.next, s.effect) = (None, 0);
        }
        s.out = s.out.filter(|(out, _)| out != who);
    }

    /// When a ticket may next be given back; 0 if there is none.
    fn settles(&self) -> Time {
        let s = &self.seating;
        let changes = [s.holder.map(|_| s.end()), s.next.map(|_| s.effect)];
        let next = changes.into_iter().flatten().min().map_or(0, |change| change + Time::from(self.p.handover));
        s.out.map_or(next, |(_, until)| until)
    }

    fn answer(self, wake: Time) -> Answer {
        Answer { moves: self.moves, words: Vec::new(), shared: self.kept.unwrap_or_else(|| self.seating.words()), wake }
    }
}
