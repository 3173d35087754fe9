//! Questions about sortitions: pools and requests of one instance, event by event.

use bourse_sim::ask::{Answer, Ask, Cause, INSTANCE, MoveKind, Status, Tag};
use bourse_sim::mechanisms::Mechanism;
use bourse_sim::mechanisms::sortition::{Drawing, Enrolment, Sortition, SortitionParams, beacon, places};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei};

use super::{Dice, spoil};

pub(crate) fn sortition(dice: &mut Dice, count: usize) -> Vec<Ask> {
    let mut asks = Vec::new();
    while asks.len() < count {
        let mut life = Life::new(dice);
        for _ in 0..40 {
            asks.push(life.next(dice));
        }
    }
    asks.truncate(count);
    for ask in asks.iter_mut().step_by(30) {
        spoil(dice, &mut ask.params);
    }
    asks
}

/// What the market keeps of a prover.
#[derive(Clone, Default)]
struct Member {
    prover: Account,
    weight: Wei,
    tag: Tag,
    claim: Wei,
}

/// A request, if there is one that has not ended.
struct Asked {
    id: Id,
    request: Request,
    opened_at: Time,
    status: Status,
    words: Vec<Id>,
    beacon: Id,
    winner: Option<usize>,
}

struct Life {
    p: SortitionParams,
    members: Vec<Member>,
    shared: Vec<Id>,
    asked: Option<Asked>,
    time: Time,
    block: u64,
}

impl Life {
    fn new(dice: &mut Dice) -> Self {
        let p = params(dice);
        let members = (0..5).map(|_| Member { prover: dice.account(), ..Member::default() }).collect();
        let (time, block) = (1_700_000_000 + dice.below(100_000_000), 1 + dice.below(1 << 30));
        let mut life = Self { p, members, shared: vec![Id::default()], asked: None, time, block };
        // Some pools are full before anything is asked.
        let first = if dice.one_in(5) { 0 } else { dice.pick(&[2, 4, 5]) };
        for who in 0..first {
            let mut ask = life.instance(dice, who, Cause::Bid);
            ask.data = number(life.p.min_deposit + dice.uint(70) % (life.p.max_deposit - life.p.min_deposit + 1));
            ask.actor.free = life.p.max_deposit;
            life.follow(&ask);
        }
        life
    }

    fn next(&mut self, dice: &mut Dice) -> Ask {
        self.pass(dice);
        let who = dice.below(self.members.len() as u64) as usize;
        let open = self.asked.as_ref().is_some_and(|asked| asked.status == Status::Open);
        let ask = match dice.below(20) {
            0 => self.enrol(dice, who),
            1 => self.notice(dice, who),
            2 => self.instance(dice, who, Cause::Tick),
            3 => self.odd(dice, who),
            _ if self.asked.is_none() => self.opened(dice),
            4..=8 if open => self.about(dice, Cause::Tick, None),
            _ if open => self.claim(dice, who),
            4..=12 => self.failed(dice),
            _ => self.leave(dice, who),
        };
        self.follow(&ask);
        ask
    }

    /// To a time and a block at which something may change.
    fn pass(&mut self, dice: &mut Dice) {
        self.block += dice.pick(&[0, 1, 1, 2]);
        let p = &self.p;
        let mut marks = vec![self.time; 6];
        if let Some(asked) = &mut self.asked {
            if let Some(d) = Drawing::read(&asked.words) {
                if self.block <= d.drawn && !dice.one_in(4) {
                    self.block = d.drawn + 1;
                }
                if d.drawn < self.block && asked.beacon == Id::default() && !dice.one_in(3) {
                    asked.beacon = dice.word();
                }
                let stage = Time::from(p.lead) + dice.below(u64::from(p.stages).max(1)) * Time::from(p.stagger);
                marks.push(asked.opened_at + stage);
                if dice.one_in(8) {
                    marks = vec![d.last, d.last + 1];
                }
            }
            if asked.status != Status::Open {
                marks.push(asked.request.deadline);
            }
        }
        if dice.one_in(10) {
            marks.extend(self.members.iter().map(|member| Enrolment::read(&member.tag).leaves));
        }
        self.time = dice.near(&marks).max(self.time);
    }

    fn ask(&self, dice: &mut Dice, cause: Cause, who: Option<usize>) -> Ask {
        let mut ask = dice.ask(self.p.encode(), self.time);
        (ask.cause, ask.shared, ask.block_number) = (cause, self.shared.clone(), self.block);
        ask.words = vec![Id::default(); 3 + usize::from(self.p.backups)];
        match who {
            Some(who) => ask.actor.prover = self.members[who].prover,
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
        (ask.actor.held, ask.actor.tag) = (self.members[who].weight, self.members[who].tag);
        ask
    }

    fn enrol(&self, dice: &mut Dice, who: usize) -> Ask {
        let mut ask = self.instance(dice, who, Cause::Bid);
        let (min, max, held) = (self.p.min_deposit, self.p.max_deposit, ask.actor.held);
        let low = held.max(min);
        let deposit = dice.pick(&[low, low, low - 1, max, max + 1, low + (max - low) / 2]);
        ask.data = number(deposit);
        let lacks = deposit.saturating_sub(held);
        ask.actor.free = dice.pick(&[lacks, lacks + 1, lacks, lacks.saturating_sub(1)]).min((1 << 80) - 1);
        match dice.below(10) {
            0 => ask.data = dice.word().to_vec(),
            1 => drop(ask.data.pop()),
            _ => {}
        }
        ask
    }

    fn notice(&self, dice: &mut Dice, who: usize) -> Ask {
        let mut ask = self.instance(dice, who, Cause::Bid);
        ask.data = number(0);
        ask
    }

    fn opened(&mut self, dice: &mut Dice) -> Ask {
        let cause = dice.pick(&[Cause::Opened, Cause::Opened, Cause::Bid, Cause::Tick]);
        let mut ask = self.ask(dice, cause, None);
        if cause == Cause::Bid {
            ask.actor = dice.actor();
        }
        ask.request.work = 1 + dice.below(1 << 40);
        let fair = self.p.price(&Request { max_price: (1 << 88) - 1, ..ask.request.clone() });
        ask.request.max_price = dice.pick(&[fair, fair, fair + 1, fair / 2]).min((1 << 88) - 1);
        ask.request.bond = dice.pick(&[0, 1_000, 1 << 60]);
        if dice.one_in(6) {
            ask.request.deadline = dice.near(&[self.time + self.p.longest(), self.time + 2]);
        }
        ask
    }

    fn about(&self, dice: &mut Dice, cause: Cause, who: Option<usize>) -> Ask {
        let mut ask = self.ask(dice, cause, who);
        if let Some(asked) = &self.asked {
            (ask.id, ask.request, ask.opened_at) = (asked.id, asked.request.clone(), asked.opened_at);
            (ask.status, ask.words, ask.beacon) = (asked.status, asked.words.clone(), asked.beacon);
        }
        ask.holds = self.members.iter().filter(|member| member.claim != 0).count() as u8;
        if let Some(who) = who {
            let member = &self.members[who];
            (ask.actor.held, ask.actor.tag) = (member.claim, Tag::default());
            if member.claim == 0 {
                (ask.actor.held, ask.actor.tag) = (member.weight, member.tag);
            }
        }
        ask
    }

    fn claim(&mut self, dice: &mut Dice, mut who: usize) -> Ask {
        if !dice.one_in(8) {
            who = self.eager(dice).unwrap_or(who);
        }
        let mut ask = self.about(dice, Cause::Bid, Some(who));
        let price = self.p.price(&ask.request);
        ask.price = dice.pick(&[0, 0, price, price, price, price, price, price + 1]).min((1 << 88) - 1);
        let claim = self.p.claim(ask.request.bond);
        ask.actor.free = dice.pick(&[claim, claim, claim, claim + 1, claim, claim - 1]);
        let drawn = Drawing::read(&ask.words).zip(beacon(&ask.words).or(Some(ask.beacon)));
        if let Some((d, seed)) = drawn.filter(|_| dice.one_in(4)) {
            // When its turn comes, or just not.
            let key = self.p.key(&seed, &ask.id, &ask.actor.prover, ask.actor.held.max(1));
            let turn = ask.opened_at + self.p.turn(key, d.total);
            ask.time = dice.near(&[turn, turn]).max(self.time);
            self.time = ask.time;
        }
        ask
    }

    /// One of those that have not bid: while there are places to take, one with a high key; else one that may push another out.
    fn eager(&self, dice: &mut Dice) -> Option<usize> {
        let asked = self.asked.as_ref()?;
        let seed = beacon(&asked.words).unwrap_or(asked.beacon);
        let key = |who: &usize| {
            let member = &self.members[*who];
            self.p.key(&seed, &asked.id, &member.prover, member.weight.max(1))
        };
        let enlisted = |who: &usize| self.members[*who].weight != 0 && self.members[*who].claim == 0;
        let mut left: Vec<_> = (0..self.members.len()).filter(enlisted).collect();
        left.sort_by_key(key);
        let full = places(&asked.words).len() > self.p.backups.into();
        match dice.below(3) {
            0 if !left.is_empty() => Some(dice.pick(&left)),
            _ if full => left.first().copied(),
            _ => left.last().copied(),
        }
    }

    fn failed(&self, dice: &mut Dice) -> Ask {
        let who = self.asked.as_ref().and_then(|asked| asked.winner);
        let mut ask = self.about(dice, Cause::Failed, who);
        ask.status = Status::Open;
        ask
    }

    fn leave(&mut self, dice: &mut Dice, who: usize) -> Ask {
        let left: Vec<_> = (0..self.members.len()).filter(|at| self.members[*at].claim != 0).collect();
        let who = if left.is_empty() { who } else { dice.pick(&left) };
        if left.is_empty() || dice.one_in(3) {
            let over = [Status::Awarded, Status::Fulfilled, Status::Closed];
            if let Some(asked) = &mut self.asked {
                asked.status = dice.pick(&over);
            }
        }
        let ask = self.about(dice, Cause::Tick, Some(who));
        if left.is_empty() && dice.one_in(2) {
            self.asked = None;
        }
        ask
    }

    /// What nobody should ask.
    fn odd(&self, dice: &mut Dice, who: usize) -> Ask {
        let cause = dice.pick(&[Cause::Bid, Cause::Proof, Cause::Failed, Cause::Opened]);
        let mut ask = self.about(dice, cause, Some(who));
        if dice.one_in(2) {
            ask.status = dice.pick(&[Status::Awarded, Status::Fulfilled, Status::None]);
        }
        ask
    }

    fn follow(&mut self, ask: &Ask) {
        let Ok(answer) = Sortition.step(ask) else { return };
        self.shared.clone_from(&answer.shared);
        if ask.status != Status::None && self.asked.is_none() {
            let (id, request, opened_at, status) = (ask.id, ask.request.clone(), ask.opened_at, ask.status);
            let (words, beacon) = (answer.words.clone(), Id::default());
            self.asked = Some(Asked { id, request, opened_at, status, words, beacon, winner: None });
        }
        for m in &answer.moves {
            let Some(who) = self.members.iter().position(|member| member.prover == m.prover) else { continue };
            let member = &mut self.members[who];
            match (m.kind, m.subject) {
                (MoveKind::Hold, INSTANCE) => (member.weight, member.tag) = (m.amount, m.tag),
                (_, INSTANCE) => (member.weight, member.tag) = (0, Tag::default()),
                (MoveKind::Hold, _) => member.claim = m.amount,
                _ => member.claim = 0,
            }
        }
        self.note(ask, &answer);
    }

    fn note(&mut self, ask: &Ask, answer: &Answer) {
        let Some(asked) = self.asked.as_mut().filter(|asked| asked.id == ask.id) else { return };
        asked.words.clone_from(&answer.words);
        let kinds = |kind| answer.moves.iter().find(|m| m.kind == kind);
        if let Some(award) = kinds(MoveKind::Award) {
            asked.status = Status::Awarded;
            asked.winner = self.members.iter().position(|member| member.prover == award.prover);
        }
        if kinds(MoveKind::Draw).is_some() {
            asked.beacon = Id::default();
        }
        let failed = ask.cause == Cause::Failed && answer.moves.is_empty();
        if kinds(MoveKind::Close).is_some() || failed && places(&answer.words).is_empty() {
            self.asked = None;
        }
    }
}

fn number(value: Wei) -> Vec<u8> {
    let mut word = vec![0; 32];
    word[16..].copy_from_slice(&value.to_be_bytes());
    word
}

/// Sensible in all that `step` takes for granted; a tenth is out of range in what it does not.
fn params(dice: &mut Dice) -> SortitionParams {
    let odd = dice.one_in(10);
    let min_deposit = dice.pick(&[1, 1_000, 1 << 60, (1 << 80) - 1]);
    let spread = dice.pick(&[1, 10, 1_000, 1_000_000]);
    SortitionParams {
        base: dice.pick(&[if odd { 0 } else { 1 }, 1_000_000, 1 << 80]),
        rate: dice.pick(&[0, 1_000, 1 << 60]),
        min_deposit,
        max_deposit: (min_deposit * spread).min((1 << 80) - 1),
        notice: dice.pick(&[1, 3_600, if odd { 2_592_001 } else { 2_592_000 }]),
        distance: dice.pick(&[1, 4, if odd { 0 } else { 64 }]),
        lead: dice.pick(&[1, 60, if odd { 0 } else { 600 }]),
        stagger: dice.pick(&[1, 60, 600]),
        stages: dice.pick(&[if odd { 0 } else { 1 }, 1, 1, 3, 5, 32]),
        patience: dice.pick(&[1, 60, 3_600]),
        backups: dice.pick(&[0, 0, 0, 1, 1, 2, 5]),
    }
}
