//! What a contract for reserved capacity answers.

use super::{ALL, Clock, Contract, NOTICE, ReservedParams};
use crate::ask::{Answer, Ask, Cause, Move, Refusal, Status};
use crate::mechanisms::standing::{self, Holder, drawn, ready_at, release_each, tag, word};
use crate::mechanisms::{no_more, no_sooner, print_of};
use crate::{Account, Id, Time, ZERO};

/// The contract, and the answer as it grows.
pub(super) struct Turn<'a> {
    p: &'a ReservedParams,
    pub(super) contract: Contract,
    /// The words of other parameters, which stay as they are.
    kept: Option<Vec<Id>>,
    moves: Vec<Move>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(p: &'a ReservedParams, ask: &Ask) -> Option<Self> {
        let (contract, time, print) = (Contract::read(&ask.shared)?, ask.time, print_of(&ask.params));
        let mut turn = Self { p, contract, kept: None, moves: Vec::new() };
        if contract.print != print {
            turn.anew(ask, print);
            return Some(turn);
        }
        turn.expire(time);
        let c = &mut turn.contract;
        if c.bids[0].is_some() && c.effect <= time {
            (c.holders, c.until) = (std::mem::take(&mut c.bids), c.effect + Time::from(p.term));
            c.effect = 0;
            turn.expire(time);
        }
        for i in 0..2 {
            if turn.contract.out[i].is_some_and(|(_, until)| until <= time) {
                turn.retire(i, None);
            }
        }
        Some(turn)
    }

    pub(super) fn bid(mut self, ask: &Ask) -> Result<Answer, Refusal> {
        let (p, c) = (self.p, &mut self.contract);
        if c.bids[0].is_none() {
            no_sooner(ask.time, c.last_end().saturating_sub(p.offering.into()))?;
            c.effect = ask.time + Time::from(p.offering);
        }
        let bidder = ask.actor.prover;
        let (most, place) = p.most(c, &bidder).ok_or(Refusal::unexpected(ask.cause))?;
        no_more(ask.price, most)?;
        let stake = ask.actor.free + ask.actor.held;
        if stake < p.deposit {
            return Err(Refusal::InsufficientBond { have: stake, want: p.deposit });
        }
        let outbid = c.bids[place].replace(Holder { prover: bidder, rate: ask.price });
        let rate = |bid: Option<Holder>| bid.map_or(0, |bid| bid.rate);
        if place == 1 && ask.price < rate(c.bids[0]) {
            c.bids.swap(0, 1);
        }
        release_each(&mut self.moves, (ask.actor.held != 0).then_some(bidder));
        self.moves.push(Move::hold(bidder, p.deposit, tag(ask.price)).on_instance());
        self.free(outbid.map(|outbid| outbid.prover));
        let wake = self.settles();
        Ok(self.answer(wake))
    }

    pub(super) fn leave(mut self, ask: &Ask) -> Result<Answer, Refusal> {
        if ask.data != NOTICE {
            return Err(Refusal::unexpected(ask.cause));
        }
        let who = ask.actor.prover;
        let Some(i) = self.contract.place(&who) else {
            let first = self.contract.holders[0].map_or(ZERO, |holder| holder.prover);
            return Err(Refusal::Unacceptable { have: word(who, 0), want: word(first, 0) });
        };
        let leaves = ask.time + Time::from(self.p.notice);
        if self.contract.clocks[i].leaves != 0 || self.contract.until <= leaves {
            return Err(Refusal::unexpected(ask.cause));
        }
        self.contract.clocks[i].leaves = leaves;
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
        let (p, c) = (self.p, &self.contract);
        let last = ask.opened_at + Time::from(p.patience);
        if p.patience == 0 || last < ask.time || !p.scope(ask.request.work).covers(&ask.request, ask.time) {
            self.moves.push(Move::close());
            return Ok(self.answer(0));
        }
        let held = c.holders.iter().zip(&c.clocks).filter(|(holder, _)| holder.is_some());
        let ready = held.map(|(_, clock)| ready_at(clock.full, p.burst, p.refill)).filter(|ready| ask.time < *ready);
        let effect = c.bids[0].map(|_| c.effect);
        let again = ready.chain(effect).fold(last + 1, Time::min);
        if ask.cause == Cause::Opened {
            Ok(self.answer(again))
        } else {
            Err(Refusal::NotYet { time: ask.time, not_before: again })
        }
    }

    pub(super) fn missed(mut self, ask: &Ask) -> Result<Answer, Refusal> {
        let (who, held, p) = (ask.actor.prover, ask.actor.held, self.p);
        if self.contract.liable(&who) {
            let place = self.contract.place(&who);
            let ends = place.is_some_and(|i| self.count(i, ask.time));
            let bps = if ends && p.terminal == 1 { ALL } else { p.credit_bps };
            let fine = standing::fine(who, p.deposit, bps, held);
            if held != 0 {
                self.moves.push(fine);
            }
            if held == 0 || fine.amount == 0 {
                self.contract.remove(&who);
            } else if let Some(i) = place.filter(|_| ends) {
                self.contract.remove(&who);
                self.retire(i, Some((who, ask.time + p.tail())));
            }
        }
        if !self.award(ask, Some(&who)) {
            self.moves.push(Move::close());
        }
        Ok(self.answer(0))
    }

    /// Counts a miss, and says whether it is the last one.
    fn count(&mut self, i: usize, time: Time) -> bool {
        let clock = &mut self.contract.clocks[i];
        if clock.misses == 0 || clock.since + Time::from(self.p.period) <= time {
            (clock.since, clock.misses) = (time, 0);
        }
        clock.misses = clock.misses.saturating_add(1);
        clock.misses >= self.p.max_misses
    }

    fn award(&mut self, ask: &Ask, except: Option<&Account>) -> bool {
        let (p, c) = (self.p, &mut self.contract);
        let scope = p.scope(ask.request.work);
        if !scope.covers(&ask.request, ask.time) {
            return false;
        }
        for (holder, clock) in c.holders.iter().zip(&mut c.clocks) {
            let Some(holder) = holder.filter(|holder| except != Some(&holder.prover)) else { continue };
            let price = standing::price(p.base, holder.rate, ask.request.work);
            let Some(price) = price.filter(|price| *price <= ask.request.max_price) else { continue };
            if ask.time < ready_at(clock.full, p.burst, p.refill) {
                continue;
            }
            clock.full = drawn(clock.full, ask.time, p.refill);
            self.moves.push(Move { due: ask.time + scope.min_window, ..Move::award(holder.prover, price) });
            return true;
        }
        false
    }

    /// Nobody holds a contract under these parameters. A request leaves those who hold one under others alone; what is about the
    /// instance lets them go.
    fn anew(&mut self, ask: &Ask, print: u64) {
        let former = std::mem::replace(&mut self.contract, Contract { print, ..Contract::default() });
        if ask.status != Status::None {
            self.kept = Some(ask.shared.clone());
            return;
        }
        let bound = former.holders.into_iter().chain(former.bids).flatten().map(|holder| holder.prover);
        release_each(&mut self.moves, bound.chain(former.out.into_iter().flatten().map(|(out, _)| out)));
    }

    fn expire(&mut self, time: Time) {
        for i in 0..2 {
            let end = self.contract.end_of(i);
            let Some(holder) = self.contract.holders[i].filter(|_| end <= time) else { continue };
            (self.contract.holders[i], self.contract.clocks[i]) = (None, Clock::default());
            self.retire(i, Some((holder.prover, end + self.p.tail())));
        }
    }

    fn retire(&mut self, i: usize, liable: Option<(Account, Time)>) {
        let before = std::mem::replace(&mut self.contract.out[i], liable);
        self.free(before.map(|(before, _)| before));
    }

    fn free(&mut self, who: Option<Account>) {
        if let Some(who) = who.filter(|who| !self.contract.knows(who)) {
            self.moves.push(Move::release(who).on_instance());
        }
    }

    /// When a ticket may next be given back; 0 if there is none.
    fn settles(&self) -> Time {
        let (c, tail) = (&self.contract, self.p.tail());
        let out = |i: usize| c.out[i].map(|(_, until)| until);
        let ends = |i: usize| c.holders[i].map(|_| c.end_of(i) + tail);
        let next = (0..2).filter_map(|i| out(i).or(ends(i))).min();
        let later = c.bids[0].map(|_| c.effect + Time::from(self.p.term) + tail);
        next.or(later).unwrap_or_default()
    }

    fn answer(self, wake: Time) -> Answer {
        Answer {
            moves: self.moves,
            words: Vec::new(),
            shared: self.kept.unwrap_or_else(|| self.contract.words()),
            wake,
        }
    }
}
