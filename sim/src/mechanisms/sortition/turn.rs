//! What a sortition answers.

use super::{BEACON, DRAWING, Drawing, Enrolment, PLACES, SortitionParams, high, low};
use crate::ask::{Answer, Ask, Move, Refusal, Status, Tag};
use crate::mechanisms::standing::{entry, word};
use crate::mechanisms::{no_later, no_more, no_sooner};
use crate::{Account, Id, Time, Wei};

/// A question, and the answer as it grows.
pub(super) struct Turn<'a> {
    p: &'a SortitionParams,
    ask: &'a Ask,
    drawing: Option<Drawing>,
    answer: Answer,
}

impl<'a> Turn<'a> {
    pub(super) fn new(p: &'a SortitionParams, ask: &'a Ask) -> Self {
        let answer = Answer { words: ask.words.clone(), shared: ask.shared.clone(), ..Answer::default() };
        Self { p, ask, drawing: Drawing::read(&ask.words), answer }
    }

    /// Whether the request has not opened for the mechanism.
    pub(super) fn fresh(&self) -> bool {
        self.drawing.is_none()
    }

    /* THE POOL */

    pub(super) fn enrol(mut self) -> Result<Answer, Refusal> {
        let (p, ask) = (self.p, self.ask);
        let (held, data) = (ask.actor.held, &ask.data);
        let data: Id = data.as_slice().try_into().map_err(|_| Refusal::unexpected(ask.cause))?;
        let counted = held != 0 && leaves(&ask.actor.tag) == 0;
        let mut deposit = low(&data);
        let mut enrolment = Enrolment { block: ask.block_number, leaves: 0 };
        if data == Id::default() {
            if !counted {
                return Err(Refusal::unexpected(ask.cause));
            }
            deposit = held;
            enrolment.leaves = ask.time + Time::from(p.notice);
            self.withdraw(held);
        } else {
            if high(&data) != 0 {
                return Err(Refusal::Unacceptable { have: data, want: pooled(0, p.max_deposit) });
            }
            no_more(deposit, p.max_deposit)?;
            covers(deposit, held.max(p.min_deposit))?;
            covers(ask.actor.free + held, deposit)?;
            if counted {
                self.withdraw(held);
            }
            let pool = &self.answer.shared[0];
            self.answer.shared[0] = pooled(high(pool) + 1, low(pool) + deposit);
        }
        self.answer.moves = vec![Move::hold(ask.actor.prover, deposit, enrolment.tag()).on_instance()];
        self.answer.wake = enrolment.leaves;
        Ok(self.answer)
    }

    pub(super) fn quit(mut self) -> Result<Answer, Refusal> {
        let (actor, leaves) = (&self.ask.actor, leaves(&self.ask.actor.tag));
        if actor.held == 0 || leaves == 0 {
            return Err(Refusal::unexpected(self.ask.cause));
        }
        no_sooner(self.ask.time, leaves)?;
        self.answer.moves = vec![Move::release(actor.prover).on_instance()];
        Ok(self.answer)
    }

    fn withdraw(&mut self, weight: Wei) {
        let pool = &self.answer.shared[0];
        self.answer.shared[0] = pooled(high(pool).saturating_sub(1), low(pool).saturating_sub(weight));
    }

    /* A REQUEST */

    pub(super) fn open(mut self) -> Answer {
        let (ask, total) = (self.ask, low(&self.ask.shared[0]));
        let last = (ask.opened_at + self.p.longest() - 1).min(ask.request.deadline.saturating_sub(2));
        self.draw(Drawing { total, opened: ask.block_number, last, ..Drawing::default() });
        if total == 0 {
            self.answer.wake = ask.time;
        }
        self.answer
    }

    pub(super) fn claim(mut self) -> Result<Answer, Refusal> {
        let (p, ask) = (self.p, self.ask);
        let mut d = self.drawing.unwrap_or_default();
        if d.over || d.total == 0 {
            return Err(Refusal::unexpected(ask.cause));
        }
        no_later(ask.time, d.last)?;
        if self.answer.words[BEACON] == Id::default() {
            self.answer.words[BEACON] = ask.beacon;
        }
        let beacon = self.answer.words[BEACON];
        if beacon == Id::default() {
            return Err(Refusal::NotYet { time: ask.time, not_before: ask.time + 1 });
        }
        let enrolment = Enrolment::read(&ask.actor.tag);
        if ask.actor.held == 0 || !enrolment.counts() {
            return Err(Refusal::unexpected(ask.cause));
        }
        no_more(enrolment.block.into(), d.opened.saturating_sub(1).into())?;
        no_more(ask.price, p.price(&ask.request))?;

        let prover = ask.actor.prover;
        let key = p.key(&beacon, &ask.id, &prover, ask.actor.held);
        match p.turn(key, d.total) {
            0 => {}
            opens => no_sooner(ask.time, ask.opened_at + opens)?,
        }
        let out = self.place(prover, key)?;
        let deposit = p.claim(ask.request.bond);
        covers(ask.actor.free, deposit)?;
        if self.answer.words.last().is_some_and(|last| *last != Id::default()) {
            let stage_end = ask.opened_at + p.stage_end(ask.time.saturating_sub(ask.opened_at));
            d.last = d.last.min(stage_end - 1);
        }
        self.answer.words[DRAWING] = d.word();
        self.answer.moves.push(Move::hold(prover, deposit, Tag::default()));
        self.answer.moves.extend(out.map(Move::release));
        self.answer.wake = d.last + 1;
        Ok(self.answer)
    }

    pub(super) fn settle(mut self) -> Result<Answer, Refusal> {
        let (ask, d) = (self.ask, self.drawing.unwrap_or_default());
        if d.over || d.total == 0 || d.last < ask.time {
            let mut answer = self.next();
            if answer.moves.is_empty() {
                answer.moves.push(Move::close());
            }
            return Ok(answer);
        }
        let seen = self.answer.words[BEACON] != Id::default() || ask.beacon != Id::default();
        if seen || ask.block_number <= d.drawn {
            return Err(Refusal::NotYet { time: ask.time, not_before: d.last + 1 });
        }
        self.draw(d);
        Ok(self.answer)
    }

    /// Awards the lowest of those that are left; no move if nobody is.
    pub(super) fn next(mut self) -> Answer {
        let Some((prover, _)) = entry(&self.answer.words[PLACES]) else { return self.answer };
        self.remove(PLACES);
        let d = Drawing { over: true, ..self.drawing.unwrap_or_default() };
        self.answer.words[DRAWING] = d.word();
        self.answer.moves = vec![Move::award(prover, self.p.price(&self.ask.request))];
        self.answer
    }

    pub(super) fn leave(mut self) -> Result<Answer, Refusal> {
        if self.ask.status == Status::Awarded {
            no_sooner(self.ask.time, self.ask.request.deadline)?;
        }
        let prover = self.ask.actor.prover;
        let holds = |word: &Id| entry(word).is_some_and(|(who, _)| who == prover);
        if let Some(at) = self.answer.words.iter().skip(PLACES).position(holds) {
            self.remove(PLACES + at);
        }
        self.answer.moves = vec![Move::release(prover)];
        Ok(self.answer)
    }

    /* PARTS */

    fn draw(&mut self, mut drawing: Drawing) {
        drawing.drawn = self.ask.block_number + u64::from(self.p.distance);
        self.answer.words[DRAWING] = drawing.word();
        self.answer.moves = vec![Move::draw(self.p.distance)];
        self.answer.wake = drawing.last + 1;
    }

    /// Puts a claim where its key belongs, and says whose place was the last one, if it is no longer.
    fn place(&mut self, prover: Account, key: u128) -> Result<Option<Account>, Refusal> {
        let places = &mut self.answer.words[PLACES..];
        let full = places.last().and_then(entry);
        if let Some((_, highest)) = full.filter(|(_, highest)| *highest <= key) {
            return Err(Refusal::unacceptable(key, highest));
        }
        let at = places.iter().position(|place| entry(place).is_none_or(|(_, other)| key < other)).unwrap_or_default();
        places[at..].rotate_right(1);
        places[at] = word(prover, key);
        Ok(full.map(|(out, _)| out))
    }

    fn remove(&mut self, at: usize) {
        self.answer.words.remove(at);
        self.answer.words.push(Id::default());
    }
}

fn leaves(tag: &Tag) -> Time {
    Enrolment::read(tag).leaves
}

fn pooled(count: u128, total: Wei) -> Id {
    let mut word = Id::default();
    word[..16].copy_from_slice(&count.to_be_bytes());
    word[16..].copy_from_slice(&total.to_be_bytes());
    word
}

fn covers(have: Wei, want: Wei) -> Result<(), Refusal> {
    if have < want { Err(Refusal::InsufficientBond { have, want }) } else { Ok(()) }
}
