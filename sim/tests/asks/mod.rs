//! Questions of all kinds, most of them at a boundary.

mod batch;
mod committee;
mod contest;
mod english;
mod modifiers;
mod race;
mod reserved;
mod rfq;
mod scoring;
mod seat;
mod sortition;

use bourse_sim::abi::keccak;
use bourse_sim::ask::{Actor, Ask, Cause, Status, Tag};
use bourse_sim::mechanisms::dutch::{self, DutchParams};
use bourse_sim::mechanisms::posted::PostedParams;
use bourse_sim::mechanisms::sealed::{self, Payment, SealedParams};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei};

pub(crate) use batch::batch;
pub(crate) use committee::committee;
pub(crate) use contest::contest;
pub(crate) use english::english;
pub(crate) use modifiers::{gas, grace, spread};
pub(crate) use race::race;
pub(crate) use reserved::reserved;
pub(crate) use rfq::rfq;
pub(crate) use scoring::scoring;
pub(crate) use seat::seat;
pub(crate) use sortition::sortition;

/// The same throws for the same seed, on every machine and with every version of every crate.
pub(crate) struct Dice(Id);

impl Dice {
    pub(crate) fn new(seed: u8) -> Self {
        Self([seed; 32])
    }

    pub(crate) fn word(&mut self) -> Id {
        self.0 = keccak(&self.0);
        self.0
    }

    /// A number of up to `bits` bits; small ones are as likely as large ones.
    pub(crate) fn uint(&mut self, bits: u8) -> Wei {
        let word = self.word();
        let low = word[..16].iter().fold(0, |value: Wei, byte| value << 8 | Wei::from(*byte));
        low >> (128 - u32::from(word[31] % bits) - 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let word = self.word();
        word[..7].iter().fold(0, |value: u64, byte| value << 8 | u64::from(*byte)) % bound
    }

    pub(crate) fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }

    pub(crate) fn account(&mut self) -> Account {
        let mut account = Account::default();
        account.copy_from_slice(&self.word()[12..]);
        account
    }

    /// At, just before or just after one of `marks`.
    fn near(&mut self, marks: &[Time]) -> Time {
        (self.pick(marks) + 1).saturating_sub(self.below(3))
    }

    /// A price near `mark`, of at most 88 bits.
    fn price_near(&mut self, mark: Wei) -> Wei {
        let all = [0, mark.saturating_sub(1), mark, mark + 1, self.uint(88)];
        self.pick(&all).min((1 << 88) - 1)
    }

    fn request(&mut self, deadline: Time) -> Request {
        Request {
            requester: self.account(),
            token: self.account(),
            nonce: self.uint(64) as u64,
            instance: self.uint(32) as u32,
            version: self.uint(32) as u32,
            verifier: self.uint(32) as u32,
            statement: self.word(),
            input: self.word(),
            work: self.uint(64).max(1) as u64,
            max_price: self.uint(88),
            tip: self.uint(88),
            bond: self.uint(79),
            deadline,
            window: self.uint(32) as u32,
            callback: self.account(),
            callback_gas: self.uint(20) as u32,
        }
    }

    fn actor(&mut self) -> Actor {
        Actor {
            prover: self.account(),
            id: self.uint(24) as u32,
            free: self.uint(80),
            capacity: self.uint(16) as u16,
            kept: self.uint(16) as u16,
            failed: self.uint(16) as u16,
            throughput: self.uint(32) as u32,
            held: 0,
            tag: Tag::default(),
        }
    }

    /// All but what the mechanism cares about.
    fn ask(&mut self, params: Vec<u8>, opened_at: Time) -> Ask {
        let ask = Ask {
            id: self.word(),
            status: Status::Open,
            request: self.request(opened_at + 100_000_000),
            rung: self.below(4) as u8,
            opened_at,
            time: opened_at,
            block_number: self.uint(40) as u64,
            actor: self.actor(),
            params,
            ..Ask::default()
        };
        Ask { base_fee: ask.block_number ^ ask.request.nonce, ..ask }
    }
}

/// Parameters that cannot be read: too short, or with a bit set where none belongs.
fn spoil(dice: &mut Dice, params: &mut Vec<u8>) {
    if dice.one_in(2) {
        params.truncate(params.len() - 1 - dice.below(40) as usize);
    } else {
        let word = dice.below(params.len() as u64 / 32) as usize;
        params[32 * word] = 0x80;
    }
}

fn cause(dice: &mut Dice) -> Cause {
    use Cause::{Bid, Failed, Opened, Proof, Tick};
    dice.pick(&[Bid, Bid, Bid, Bid, Bid, Bid, Tick, Tick, Tick, Opened, Failed, Proof])
}

fn opened_at(dice: &mut Dice) -> Time {
    1_700_000_000 + dice.below(100_000_000)
}

pub(crate) fn posted(dice: &mut Dice, count: usize) -> Vec<Ask> {
    (0..count)
        .map(|i| {
            let p = PostedParams {
                base: if dice.one_in(6) { 0 } else { dice.uint(88) },
                rate: if dice.one_in(3) { 0 } else { dice.uint(88) },
                patience: dice.pick(&[0, 1, 2, 60, 3600, 2_592_000, 2_592_001, u32::MAX]),
            };
            let opened = opened_at(dice);
            let mut ask = dice.ask(p.encode(), opened);
            ask.cause = cause(dice);
            ask.time = dice.near(&[opened + 1, opened + Time::from(p.patience / 2), p.last(opened).max(opened + 1)]);
            ask.price = dice.price_near(p.price(&ask.request));
            if i % 20 == 0 {
                spoil(dice, &mut ask.params);
            }
            ask
        })
        .collect()
}

pub(crate) fn dutch(dice: &mut Dice, count: usize) -> Vec<Ask> {
    (0..count)
        .map(|i| {
            let p = DutchParams {
                start_bps: dice.pick(&[0, 1, 1_000, 4_999, 9_999]),
                end_bps: dice.pick(&[0, 1, 5_000, 5_000, 10_000, 10_000, 10_001]),
                delay: dice.pick(&[0, 1, 30, 2_592_000, 2_592_001]),
                ramp: dice.pick(&[0, 1, 2, 7, 600, 86_400, 2_592_000, 2_592_001]),
                patience: dice.pick(&[0, 1, 60, 2_592_000, u32::MAX]),
            };
            // A price that falls is refused by `check`, and no question about it is ever asked.
            let p = DutchParams { start_bps: p.start_bps.min(p.end_bps), ..p };
            let opened = opened_at(dice);
            let mut ask = dice.ask(p.encode(), opened);
            ask.cause = cause(dice);
            let (climbs, ends) = (opened + Time::from(p.delay), opened + Time::from(p.delay) + Time::from(p.ramp));
            let inside = climbs + dice.below(u64::from(p.ramp) + 1);
            ask.time = dice.near(&[opened + 1, climbs, inside, inside, ends, p.last(opened)]).max(opened);
            let price = dutch::price_at(&p, ask.request.max_price, opened, ask.time);
            ask.price = dice.price_near(price);
            if i % 20 == 0 {
                spoil(dice, &mut ask.params);
            }
            ask
        })
        .collect()
}

pub(crate) fn sealed(dice: &mut Dice, count: usize) -> Vec<Ask> {
    (0..count)
        .map(|i| {
            let p = sealed_params(dice);
            let opened = opened_at(dice);
            let mut ask = dice.ask(p.encode(), opened);
            ask.words = book(dice, &p, ask.request.max_price);
            let standing = ask.words.iter().take(1 + usize::from(p.standbys)).filter_map(sealed::bid).count();
            ask.holds = standing as u8;
            ask.cause = if dice.one_in(3) { Cause::Tick } else { cause(dice) };
            let (committed, revealed) = (p.commit_end(opened), p.reveal_end(opened));
            // Ticks have most to do when the reveals are over, bids before.
            let late = if ask.cause == Cause::Tick { revealed + 2 } else { committed + 2 };
            ask.time = dice.near(&[opened + 1, committed, committed + 1, revealed, revealed + 1, late, late]);
            match ask.cause {
                Cause::Bid if ask.time <= committed => commit(dice, &p, &mut ask),
                Cause::Bid => reveal(dice, &p, &mut ask),
                Cause::Tick => tick(dice, &p, &mut ask),
                _ => {}
            }
            if i % 40 == 0 {
                spoil(dice, &mut ask.params);
            }
            ask
        })
        .collect()
}

/// Sensible in all that `step` takes for granted; a tenth is out of range in what it does not.
fn sealed_params(dice: &mut Dice) -> SealedParams {
    let standbys = dice.below(7) as u8;
    let odd = dice.one_in(10);
    SealedParams {
        payment: dice.pick(&[Payment::FirstPrice, Payment::SecondPrice]),
        commit: if odd { 0 } else { dice.pick(&[1, 2, 300, 2_592_000]) },
        reveal: if odd { 2_592_001 } else { dice.pick(&[1, 2, 600, 2_592_000]) },
        reserve_bps: dice.pick(&[1, 5_000, 9_999, 10_000, 10_000]),
        deposit_bps: if odd { 10_001 } else { dice.pick(&[0, 1, 2_500, 10_000]) },
        deposit_floor: dice.pick(&[1, 1_000_000, (1 << 80) - 1]) >> if odd { 1 } else { 0 },
        standbys,
        bidders: dice.pick(&[standbys + 1, 8, 64, 64]),
    }
}

/// A list of revealed bids as an auction of any age has it.
fn book(dice: &mut Dice, p: &SealedParams, max_price: Wei) -> Vec<Id> {
    let size = 1 + usize::from(p.standbys) + usize::from(p.payment == Payment::SecondPrice);
    let count = dice.below(size as u64 + 1) as usize;
    let reserve = p.reserve(max_price);
    let mut prices: Vec<Wei> = (0..count).map(|_| dice.uint(88) % (reserve + 1)).collect();
    prices.sort_unstable();
    let mut words: Vec<Id> = prices.into_iter().map(|price| entry(dice.account(), price)).collect();
    words.resize(size, Id::default());
    if dice.one_in(6) {
        // Awarded once, or more often.
        words[0] = Id::default();
        words[0][0] = 0x80;
        let gone = 1 + dice.below(size as u64) as usize;
        words[1..gone].fill(Id::default());
    }
    words
}

fn entry(prover: Account, price: Wei) -> Id {
    let mut word = Id::default();
    word[..16].copy_from_slice(&(price << 32).to_be_bytes());
    word[12..].copy_from_slice(&prover);
    word
}

fn commit(dice: &mut Dice, p: &SealedParams, ask: &mut Ask) {
    ask.words.fill(Id::default());
    ask.holds = dice.pick(&[0, 0, p.bidders - 1, p.bidders - 1, p.bidders]);
    ask.data = dice.word()[..dice.pick(&[32, 32, 32, 32, 32, 32, 31, 0])].to_vec();
    ask.price = dice.pick(&[0, 0, 0, 0, 0, 0, 1]);
    let deposit = p.deposit(ask.request.bond);
    ask.actor.free = dice.pick(&[deposit, deposit + 1, deposit.saturating_sub(1), deposit / 2]).min((1 << 80) - 1);
    if ask.holds > 0 && dice.one_in(4) {
        ask.actor.held = deposit;
        ask.actor.tag.copy_from_slice(&dice.word()[..22]);
    }
    let end = p.reveal_end(ask.opened_at);
    let far = ask.request.deadline;
    ask.request.deadline = dice.pick(&[end, end + 1, end + 2, far, far, far, far, far]);
}

fn reveal(dice: &mut Dice, p: &SealedParams, ask: &mut Ask) {
    let salt = dice.word();
    let known: Vec<_> = ask.words.iter().filter_map(sealed::bid).collect();
    let rival = if known.is_empty() { 0 } else { dice.pick(&known).1 };
    let mark = dice.pick(&[rival, rival, p.reserve(ask.request.max_price)]);
    ask.price = dice.price_near(mark);
    ask.data = salt.to_vec();
    ask.holds += 1 + dice.below(3) as u8;
    ask.actor.held = p.deposit(ask.request.bond);
    if !known.is_empty() && dice.one_in(8) {
        ask.actor.prover = dice.pick(&known).0;
    }
    let commitment = sealed::commitment(&ask.id, &ask.actor.prover, ask.price, &salt);
    ask.actor.tag = sealed::tag(&commitment);
    match dice.below(12) {
        0 => ask.price = ask.price.saturating_sub(1),
        1 => ask.actor.prover = dice.account(),
        2 => ask.id = dice.word(),
        3 => ask.data = dice.word()[..31].to_vec(),
        _ => {}
    }
}

fn tick(dice: &mut Dice, p: &SealedParams, ask: &mut Ask) {
    use Status::{Awarded, Cancelled, Closed, Fulfilled, Open};
    ask.status = dice.pick(&[Open, Open, Open, Open, Awarded, Fulfilled, Closed, Cancelled]);
    ask.data = dice.word()[..dice.below(5) as usize].to_vec();
    if dice.one_in(2) {
        ask.words.fill(Id::default());
        ask.holds = 0;
    }
    let known: Vec<_> = ask.words.iter().take(1 + usize::from(p.standbys)).filter_map(sealed::bid).collect();
    let silent = dice.pick(&[0, 1, 1, 1, 2]);
    ask.holds += silent;
    if silent > 0 && (known.is_empty() || !dice.one_in(3)) {
        ask.actor.held = p.deposit(ask.request.bond);
    } else if !known.is_empty() {
        ask.actor.held = p.deposit(ask.request.bond);
        ask.actor.prover = dice.pick(&known).0;
    }
    if ask.status != Open {
        ask.request.deadline = dice.near(&[ask.time, ask.time + 1000]);
    }
}
