//! Questions about committees: whole lives, from enrolment to the proof or the end, with quorums that sign well and badly.

use bourse_sim::ask::{Ask, Cause, MoveKind, Status};
use bourse_sim::mechanisms::Mechanism;
use bourse_sim::mechanisms::committee::{Committee, CommitteeParams, Crew, Said, Stage, personal};
use bourse_sim::{Account, Id, Time, ZERO};
use k256::ecdsa::SigningKey;

use super::{Dice, opened_at, spoil};

/// Somebody with a key, as members are.
#[derive(Clone)]
struct Person {
    account: Account,
    key: SigningKey,
}

/// A life in progress.
struct Life {
    p: CommitteeParams,
    ask: Ask,
    people: Vec<Person>,
    /// Questions since it ended.
    after: usize,
    ended: bool,
}

pub(crate) fn committee(dice: &mut Dice, count: usize) -> Vec<Ask> {
    let mut asks = Vec::new();
    while asks.len() < count {
        let mut life = Life::new(dice);
        while life.after < 2 {
            let mut ask = life.next(dice);
            life.take(dice, &ask);
            match dice.below(50) {
                0 => spoil(dice, &mut ask.params),
                1 => crowd(dice, life.p, &mut ask),
                _ => {}
            }
            asks.push(ask);
        }
    }
    asks.truncate(count);
    asks
}

impl Life {
    fn new(dice: &mut Dice) -> Self {
        let p = params(dice);
        let opened = opened_at(dice);
        let mut ask = dice.ask(p.encode(), opened);
        let (far, tight) = (ask.request.deadline, opened + p.work() + 2 + u64::from(p.enrolment) / 2);
        ask.request.deadline = dice.pick(&[far, far, far, far, far, tight, opened + p.work()]);
        ask.words = vec![Id::default(); usize::from(Crew::size(p.seats))];
        let people = (0..14).map(|_| person(dice)).collect();
        Self { p, ask, people, after: 0, ended: false }
    }

    /// What the market does with the answer; ends are undone, so that more can happen to the same members.
    fn take(&mut self, dice: &mut Dice, ask: &Ask) {
        self.after += usize::from(self.ended);
        let Ok(answer) = Committee.step(ask) else { return };
        let closes = answer.moves.iter().any(|m| m.kind == MoveKind::Close);
        if ask.status == Status::Open && (!closes || dice.one_in(4)) {
            self.ask.words = answer.words;
            self.ended |= closes;
        }
    }

    fn next(&self, dice: &mut Dice) -> Ask {
        let mut ask = self.ask.clone();
        let mut stage = self.p.stage(&ask.request, &ask.words, ask.opened_at, ask.time).unwrap_or_default();
        let enough = stage.crew.count() >= usize::from(self.p.least);
        let full = stage.crew.full != 0;
        ask.holds = stage.crew.held().count() as u8;
        if self.ended || dice.one_in(40) {
            self.leave(dice, &stage, &mut ask);
        } else if dice.one_in(50) {
            ask.cause = dice.pick(&[Cause::Opened, Cause::Failed]);
        } else if !full && (!enough || dice.one_in(2)) {
            self.enrol(dice, &stage, &mut ask);
        } else {
            stage.begun = true;
            self.work(dice, &stage, &mut ask);
        }
        ask
    }

    fn enrol(&self, dice: &mut Dice, stage: &Stage, ask: &mut Ask) {
        ask.time = dice.near(&[ask.opened_at + 1, ask.opened_at + 1, ask.opened_at + 1, stage.enrolled]);
        let chances = if stage.enrolled <= ask.opened_at { 4 } else { 24 };
        match dice.below(chances) {
            0 => tick(ask, dice.near(&[stage.enrolled + 1, stage.last + 1])),
            1 => self.prove(dice, stage, ask),
            2 => self.say(dice, stage, ask, Said::Withheld),
            _ => self.bid(dice, stage, ask),
        }
    }

    fn work(&self, dice: &mut Dice, stage: &Stage, ask: &mut Ask) {
        match dice.below(16) {
            0..5 => self.prove(dice, stage, ask),
            5..9 => self.say(dice, stage, ask, Said::Late),
            9..11 => self.say(dice, stage, ask, Said::Withheld),
            11..15 if stage.crew.seat_of(&ZERO).is_some() || dice.one_in(6) => {
                self.bid(dice, stage, ask);
                ask.time = dice.near(&[stage.start, stage.shards + 1, stage.members]);
            }
            15 => tick(ask, dice.near(&[stage.last + 1, stage.last + 1, stage.last + 100])),
            _ => self.prove(dice, stage, ask),
        }
    }

    fn bid(&self, dice: &mut Dice, stage: &Stage, ask: &mut Ask) {
        ask.cause = Cause::Bid;
        let (seats, taken) = (self.p.seats.into(), stage.crew.count());
        let members = if stage.crew.full == 0 && ask.time <= stage.enrolled { seats } else { taken };
        let most = self.p.seat_pay(ask.request.max_price, members);
        ask.price = dice.pick(&[0, most, most, most, most, most, most / 2, most + 1]).min((1 << 88) - 1);
        let deposit = self.p.deposit(ask.request.bond);
        ask.actor.free =
            dice.pick(&[deposit, deposit, deposit, deposit, deposit, deposit + 1, deposit - 1]).min((1 << 80) - 1);
        let known = |person: &Person| stage.crew.seat_of(&person.account).is_some();
        let fresh: Vec<_> = self.people.iter().filter(|person| !known(person)).cloned().collect();
        let from = if dice.one_in(10) { &self.people } else { &fresh };
        let bidder = dice.pick(from).account;
        ask.actor.prover = bidder;
        if stage.crew.seat_of(&bidder).is_some() {
            ask.actor.held = deposit;
        }
    }

    fn prove(&self, dice: &mut Dice, stage: &Stage, ask: &mut Ask) {
        ask.cause = Cause::Proof;
        let members: Vec<_> = stage.crew.held().map(|(_, member)| member).collect();
        ask.actor.prover = dice.account();
        if !members.is_empty() && !dice.one_in(4) {
            ask.actor.prover = dice.pick(&members);
        }
        let turn = self.p.turn(stage, stage.crew.seat_of(&ask.actor.prover));
        if stage.begun {
            ask.time = dice.near(&[turn, turn, turn, stage.members, stage.last]);
        }
        ask.data = dice.word().to_vec();
        let (held, flagged) = (stage.crew.held_bits(), stage.crew.flagged);
        if dice.one_in(4) || held == 0 {
            return;
        }
        let spare = stage.crew.most_late(self.p.needed.into()).saturating_sub(flagged.count_ones() as usize);
        let mut late = if spare > 0 && dice.one_in(2) { 1 << dice.below(stage.crew.count() as u64) } else { 0 };
        late &= held;
        if dice.one_in(10) {
            late = dice.below(1 << 16) as u16;
        }
        let weights = weights(dice, stage.crew.count(), held & !late);
        let said: Vec<u8> = late.to_be_bytes().into_iter().chain(weights).collect();
        let signed = self.sign(dice, &stage.crew, ask, Said::Split, &said);
        ask.data.extend(signed);
    }

    fn say(&self, dice: &mut Dice, stage: &Stage, ask: &mut Ask, kind: Said) {
        ask.cause = Cause::Tick;
        let mut late = 0;
        match kind {
            Said::Late => {
                let count = stage.crew.count().max(1) as u64;
                late = 1 << dice.below(count);
                if dice.one_in(4) {
                    late |= 1 << dice.below(count);
                }
                ask.time = dice.near(&[stage.shards + 2, stage.shards + 2, stage.members]);
            }
            _ if stage.begun => ask.time = dice.near(&[stage.start + 1, stage.shards]),
            _ => {}
        }
        if dice.one_in(8) {
            late ^= 2;
        }
        ask.data = vec![if dice.one_in(20) { 3 } else { kind as u8 }];
        let signed = self.sign(dice, &stage.crew, ask, kind, &u16::to_be_bytes(late));
        ask.data.extend(signed);
        if dice.one_in(12) {
            ask.data.truncate(dice.below(9) as usize + 1);
        }
    }

    /// Who signed, what is said, and signatures: of a quorum, of one less, or of all; some of them bad.
    fn sign(&self, dice: &mut Dice, crew: &Crew, ask: &Ask, kind: Said, said: &[u8]) -> Vec<u8> {
        let mut held: Vec<_> = crew.held().collect();
        let size = (crew.quorum() + dice.pick(&[0, 0, 0, 1, 2])).saturating_sub(dice.pick(&[0, 0, 0, 0, 0, 1]));
        while held.len() > size {
            held.remove(dice.below(held.len() as u64) as usize);
        }
        let mut signers = held.iter().fold(0_u16, |bits, (seat, _)| bits | 1 << seat);
        let bad = if dice.one_in(3) { dice.below(10) } else { 100 };
        let (mut id, mut rung) = (ask.id, ask.rung);
        match bad {
            0 => id = dice.word(),
            1 => rung ^= 1,
            _ => {}
        }
        let digest = personal(&crew.statement(&id, rung, kind, said));
        let mut signatures: Vec<[u8; 65]> = held.iter().map(|(_, member)| self.signature(member, &digest)).collect();
        if let Some(first) = signatures.first_mut() {
            match bad {
                2 => first[64] = dice.pick(&[0, 1, 26, 29]),
                3 => flip(first),
                4 => first[..32].fill(0),
                5 => first[32..64].fill(0xff),
                6 => first[7] ^= 1,
                _ => {}
            }
        }
        match bad {
            7 if signatures.len() > 1 => signatures[1] = signatures[0],
            8 => signers |= 1 << 15,
            9 => drop(signatures.pop()),
            _ => {}
        }
        signers.to_be_bytes().into_iter().chain(said.iter().copied()).chain(signatures.concat()).collect()
    }

    fn signature(&self, member: &Account, digest: &Id) -> [u8; 65] {
        let mut bytes = [0; 65];
        if let Some(person) = self.people.iter().find(|person| person.account == *member)
            && let Ok((scalars, recovery)) = person.key.sign_prehash_recoverable(digest)
        {
            bytes[..64].copy_from_slice(&scalars.to_bytes());
            bytes[64] = 27 + recovery.to_byte();
        }
        bytes
    }

    fn leave(&self, dice: &mut Dice, stage: &Stage, ask: &mut Ask) {
        tick(ask, dice.near(&[stage.last + 1, stage.last + 2, stage.enrolled + 1]));
        ask.status = dice.pick(&[Status::Closed, Status::Closed, Status::Fulfilled, Status::Cancelled]);
        let known: Vec<_> = stage.crew.held().collect();
        if !known.is_empty() {
            let (seat, member) = dice.pick(&known);
            (ask.actor.prover, ask.actor.held) = (member, 1);
            ask.actor.tag[21] = seat as u8;
        }
    }
}

fn tick(ask: &mut Ask, time: Time) {
    (ask.cause, ask.time) = (Cause::Tick, time);
}

/// Sensible in all that `step` takes for granted; a tenth is out of range in what it does not.
fn params(dice: &mut Dice) -> CommitteeParams {
    let odd = dice.one_in(10);
    let seats = dice.pick(&[2, 3, 4, 5, 7, 10, 12]);
    let least = dice.pick(&[2, 2, 3, 4, seats]).min(seats);
    CommitteeParams {
        seats,
        least,
        needed: dice.pick(&[1, 1, 2, least]).min(least),
        enrolment: if odd { dice.pick(&[0, 2_592_001]) } else { dice.pick(&[1, 60, 2_592_000]) },
        shards: dice.pick(&[1, 300, 2_592_000]),
        aggregation: dice.pick(&[1, 300, 86_400]),
        open: dice.pick(&[60, 300]),
        stagger: if odd { 301 } else { dice.pick(&[1, 20, 60]) },
        fee_bps: dice.pick(&[1, 5_000, 10_000, 10_000]),
        aggregator_bps: if odd { 5_001 } else { dice.pick(&[1, 1_000, 5_000]) },
        deposit_bps: dice.pick(&[0, 1, 2_500, 10_000]),
        deposit_floor: dice.pick(&[1, 1_000_000]),
        bonded: u8::from(!dice.one_in(3)),
    }
}

/// More of some than there can be, which `check` refuses; a market would not ask.
fn crowd(dice: &mut Dice, p: CommitteeParams, ask: &mut Ask) {
    let p = dice.pick(&[
        CommitteeParams { seats: 13, ..p },
        CommitteeParams { seats: 1, ..p },
        CommitteeParams { least: p.seats + 1, ..p },
        CommitteeParams { least: 1, ..p },
        CommitteeParams { needed: p.least + 1, ..p },
        CommitteeParams { needed: 0, ..p },
    ]);
    (ask.cause, ask.params) = (Cause::Opened, p.encode());
    ask.words = vec![Id::default(); usize::from(Crew::size(p.seats))];
}

fn person(dice: &mut Dice) -> Person {
    loop {
        if let Ok(key) = SigningKey::from_slice(&dice.word()) {
            let point = key.verifying_key().to_encoded_point(false);
            let mut account = ZERO;
            account.copy_from_slice(&bourse_sim::abi::keccak(&point.as_bytes()[1..])[12..]);
            return Person { account, key };
        }
    }
}

/// Fair to who works, mostly.
fn weights(dice: &mut Dice, count: usize, works: u16) -> Vec<u8> {
    let workers = u64::from(works.count_ones()).max(1);
    let least = 5_000_u64.div_ceil(count as u64);
    let mut left = 10_000_u64.saturating_sub(workers * least);
    let mut weights = vec![0; count];
    for (seat, weight) in weights.iter_mut().enumerate().filter(|(seat, _)| works >> seat & 1 == 1) {
        let is_last = works >> (seat + 1) == 0;
        let more = if is_last { left } else { dice.below(left + 1) / 2 };
        left -= more;
        *weight = least + more;
    }
    if dice.one_in(8) {
        weights[0] = dice.pick(&[0, 1, least - 1, weights[0] + 1]);
    }
    weights.into_iter().flat_map(|weight| (weight as u16).to_be_bytes()).collect()
}

/// The other signature that is as good to the precompile: `s` becomes the group's order less `s`, and the parity flips.
fn flip(signature: &mut [u8; 65]) {
    let order = hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").unwrap_or_default();
    let mut borrow = 0_i16;
    for i in (0..32).rev() {
        let digit = i16::from(order[i]) - i16::from(signature[32 + i]) - borrow;
        borrow = i16::from(digit < 0);
        signature[32 + i] = digit.rem_euclid(256) as u8;
    }
    signature[64] = 55 - signature[64];
}
