//! Questions of whole scoring auctions, from the first commitment to the last deposit, and what goes wrong in them.

use std::collections::BTreeMap;

use bourse_sim::ask::{Ask, Cause, MoveKind, Status, Tag};
use bourse_sim::mechanisms::Mechanism as _;
use bourse_sim::mechanisms::scoring::{
    Offer, Payment, Scoring, ScoringParams, Weights, commitment, reveal_data, revealed,
};
use bourse_sim::{Account, Id, Time, Wei};

use super::{Dice, opened_at, spoil};

pub(crate) fn scoring(dice: &mut Dice, count: usize) -> Vec<Ask> {
    let mut asks = Vec::new();
    while asks.len() < count {
        let mut round = Round::new(dice);
        round.commits(dice);
        round.reveals(dice);
        round.settle(dice);
        round.afterwards(dice);
        // Commitments are many and alike.
        let commits =
            |ask: &Ask| Scoring.step(ask).is_ok_and(|said| said.moves.iter().any(|m| m.kind == MoveKind::Hold));
        asks.extend(round.asks.into_iter().filter(|ask| !commits(ask) || dice.one_in(6)));
    }
    asks.truncate(count);
    for i in (0..count).step_by(40) {
        let ask = &mut asks[i];
        spoil(dice, &mut ask.params);
    }
    asks
}

/// Sensible in all that `step` takes for granted; a tenth is out of range in what it does not.
fn params(dice: &mut Dice) -> ScoringParams {
    let payment = dice.pick(&[Payment::FirstScore, Payment::SecondScore]);
    let standbys = dice.below(if payment == Payment::FirstScore { 4 } else { 3 }) as u8;
    let odd = dice.one_in(10);
    let (base_bps, time_bps, bond_bps) =
        dice.pick(&[(5_000, 4_000, 1_000), (10_000, 0, 0), (0, 10_000, 0), (3_333, 3_333, 3_333), (1, 9_998, 1)]);
    ScoringParams {
        payment,
        commit: if odd { 2_592_001 } else { dice.pick(&[1, 2, 300, 2_592_000]) },
        reveal: if odd { 0 } else { dice.pick(&[1, 2, 600, 2_592_000]) },
        weights: Weights {
            base_bps,
            time_bps: if odd { time_bps + 9_000 } else { time_bps },
            bond_bps,
            penalty_bps: if odd { 9_999 } else { dice.pick(&[10_000, 20_000, 65_535]) },
            stake_worth: dice.pick(&[1_000_000_000_000_000_000, 1_000_000_000_000_000_000, (1 << 112) - 1, 1]),
            least_bond_bps: dice.pick(&[1, 1_000, 10_000]),
        },
        deposit_bps: if odd { 10_001 } else { dice.pick(&[0, 1, 2_500, 10_000]) },
        deposit_floor: dice.pick(&[1, 1_000_000, (1 << 80) - 1]) >> if odd { 1 } else { 0 },
        standbys,
        bidders: dice.pick(&[standbys + 1, 4, 8, 64]),
    }
}

/// One auction, with the little of a market that it needs.
struct Round {
    p: ScoringParams,
    now: Ask,
    tickets: BTreeMap<Account, (Wei, Tag)>,
    offers: Vec<(Account, Offer, Id)>,
    winner: Account,
    asks: Vec<Ask>,
}

impl Round {
    fn new(dice: &mut Dice) -> Self {
        let p = params(dice);
        let opened = opened_at(dice);
        let mut now = dice.ask(p.encode(), opened);
        let words = 2 * (1 + usize::from(p.standbys)) + usize::from(p.payment == Payment::SecondScore);
        now.words = vec![Id::default(); words];
        if !dice.one_in(6) {
            // A bond that is worth about the price.
            now.request.bond = now.request.max_price.min(1 << 77) * dice.pick(&[1, 3]);
        }
        now.request.window = dice.pick(&[1, 600, 86_400, u32::MAX, now.request.window]);
        let end = p.reveal_end(opened);
        let (far, window) = (now.request.deadline, Time::from(now.request.window));
        // Where many a promise no longer fits, or nothing does.
        let tight = dice.pick(&[end + 1, end + 2, end + 2 + window]);
        let cut = end + 3 + window / 2;
        now.request.deadline = dice.pick(&[tight, cut, cut, far + window, far + window, far]);
        Self { p, now, tickets: BTreeMap::new(), offers: Vec::new(), winner: Account::default(), asks: Vec::new() }
    }

    fn commits(&mut self, dice: &mut Dice) {
        let end = self.p.commit_end(self.now.opened_at);
        if dice.one_in(3) {
            self.tick(dice, &[self.now.opened_at + 1, end, end + 1]);
        }
        if dice.one_in(4) {
            let odd = dice.pick(&[Cause::Opened, Cause::Proof]);
            self.ask(Ask { cause: odd, ..self.now.clone() });
        }
        for _ in 0..dice.pick(&[1, 2, 3, 3, 4, 4, 5, 9]) {
            let prover = if dice.one_in(8) { self.someone(dice) } else { dice.account() };
            let (offer, salt) = (self.offer(dice), dice.word());
            let data = commitment(&self.now.id, &prover, &offer, &salt);
            let deposit = self.p.deposit(self.now.request.bond);
            let mut ask = self.about(prover);
            (ask.cause, ask.data, ask.price) = (Cause::Bid, data.to_vec(), 0);
            ask.time = dice.pick(&[ask.opened_at, end.min(ask.opened_at + 1), end]);
            ask.actor.free = deposit.min((1 << 80) - 1);
            match dice.below(14) {
                0 => ask.price = 1,
                1 => ask.data.truncate(31),
                2 | 3 => (ask.actor.free, ask.actor.held) = (deposit.saturating_sub(1), 0),
                _ => {}
            }
            if self.ask(ask) {
                self.offers.retain(|(bidder, ..)| *bidder != prover);
                self.offers.push((prover, offer, salt));
            }
        }
    }

    fn offer(&self, dice: &mut Dice) -> Offer {
        let (request, w) = (&self.now.request, &self.p.weights);
        let odd = if dice.one_in(4) { 10_001 } else { 9_999 };
        let share = dice.pick(&[w.least_bond_bps, 5_000, 10_000, 10_000, odd]);
        let least = w.least_promise(request, share).unwrap_or(1);
        let window = request.window;
        let odd = if dice.one_in(6) { [0, least - 1, window.saturating_add(1)] } else { [1, least, window] };
        let promised = dice.pick(&[odd[0], odd[1], odd[2], least, least.midpoint(window), window]);
        let value = w.value(request, promised.clamp(1, window.max(1)), share.min(10_000));
        let price = dice.pick(&[0, value / 3, value / 2, value, value.saturating_sub(1), value + 1, value - value / 4]);
        Offer { price: price.min((1 << 88) - 1), promised, share }
    }

    fn reveals(&mut self, dice: &mut Dice) {
        let (from, end) = (self.p.commit_end(self.now.opened_at) + 1, self.p.reveal_end(self.now.opened_at));
        for i in 0..self.offers.len() {
            let (prover, offer, salt) = self.offers[i];
            let mut ask = self.about(prover);
            (ask.cause, ask.price, ask.data) = (Cause::Bid, offer.price, reveal_data(&offer, &salt));
            let late = if dice.one_in(6) { end + 1 } else { end };
            ask.time = dice.pick(&[from, from, end, late]);
            if dice.one_in(5) {
                self.wrong(dice, ask.clone());
            }
            if dice.one_in(6) {
                continue;
            }
            let again = ask.clone();
            if self.ask(ask) && dice.one_in(4) {
                let actor = self.about(prover).actor;
                self.ask(Ask { words: self.now.words.clone(), actor, ..again });
            }
        }
        if dice.one_in(3) {
            self.tick(dice, &[from - 1, from, end]);
        }
    }

    /// A reveal that does not open the commitment.
    fn wrong(&mut self, dice: &mut Dice, mut ask: Ask) {
        match dice.below(6) {
            0 => ask.price ^= 1,
            1 => ask.data[37] ^= 1,
            2 => ask.data[35] ^= 1,
            3 => ask.data[0] ^= 1,
            4 => ask.id = dice.word(),
            _ => ask.data.truncate(dice.pick(&[0, 32, 37])),
        }
        self.ask(ask);
    }

    /// Ticks until nothing is left to do while it is open.
    fn settle(&mut self, dice: &mut Dice) {
        let end = self.p.reveal_end(self.now.opened_at);
        let deadline = self.now.request.deadline;
        let short = deadline.saturating_sub(Time::from(self.now.request.window) / 2);
        for _ in 0..4 {
            if self.now.status == Status::Open {
                self.tick(dice, &[end + 1, end + 1, end + 1, short.max(end + 1), deadline.max(end + 2) - 1]);
            }
        }
    }

    /// Awards fail or are kept, and deposits come back.
    fn afterwards(&mut self, dice: &mut Dice) {
        while self.now.status == Status::Awarded && !dice.one_in(3) {
            if dice.one_in(3) {
                self.tick(dice, &[self.now.time, self.now.request.deadline - 1]);
            }
            let later = self.now.time + dice.pick(&[1, Time::from(self.now.request.window) / 2 + 1]);
            (self.now.status, self.now.opened_at, self.now.time) = (Status::Open, later, later);
            let mut ask = self.about(self.winner);
            ask.cause = Cause::Failed;
            self.ask(ask);
        }
        if self.now.status == Status::Open && !dice.one_in(3) {
            // Who bids in an auction that was settled.
            let mut ask = self.about(dice.account());
            (ask.cause, ask.data, ask.actor.free) = (Cause::Bid, dice.word().to_vec(), (1 << 80) - 1);
            self.ask(ask);
        }
        if self.now.status == Status::Awarded {
            self.now.status = dice.pick(&[Status::Fulfilled, Status::Awarded]);
        } else if self.now.status == Status::Open && dice.one_in(2) {
            self.now.status = Status::Closed;
        }
        for prover in self.tickets.keys().copied().collect::<Vec<_>>() {
            let mut ask = self.about(prover);
            ask.time = dice.near(&[ask.time + 1, ask.request.deadline.max(ask.time + 1)]);
            ask.cause = Cause::Tick;
            self.ask(ask);
        }
    }

    fn tick(&mut self, dice: &mut Dice, times: &[Time]) {
        let mut ask = if dice.one_in(5) { self.now.clone() } else { self.about(self.someone(dice)) };
        (ask.cause, ask.time) = (Cause::Tick, dice.pick(times).max(ask.opened_at));
        ask.data = dice.word()[..dice.below(5) as usize].to_vec();
        self.ask(ask);
    }

    fn someone(&self, dice: &mut Dice) -> Account {
        let silent = |prover: &&Account| !revealed(&self.now.words, prover);
        let mut all: Vec<_> = self.tickets.keys().filter(silent).copied().collect();
        if all.is_empty() || dice.one_in(4) {
            all = self.tickets.keys().copied().collect();
        }
        if all.is_empty() { dice.account() } else { dice.pick(&all) }
    }

    fn about(&self, prover: Account) -> Ask {
        let mut ask = self.now.clone();
        ask.actor.prover = prover;
        (ask.actor.held, ask.actor.tag) = self.tickets.get(&prover).copied().unwrap_or_default();
        ask
    }

    /// Keeps the question, and does what the answer says.
    fn ask(&mut self, mut ask: Ask) -> bool {
        ask.holds = self.tickets.len() as u8;
        let answer = Scoring.step(&ask);
        self.now.time = ask.time;
        self.asks.push(ask);
        let Ok(answer) = answer else { return false };
        self.now.words = answer.words;
        for m in answer.moves {
            match m.kind {
                MoveKind::Hold => drop(self.tickets.insert(m.prover, (m.amount, m.tag))),
                MoveKind::Close => self.now.status = Status::Closed,
                MoveKind::Award => {
                    (self.now.status, self.winner) = (Status::Awarded, m.prover);
                    self.tickets.remove(&m.prover);
                }
                _ => drop(self.tickets.remove(&m.prover)),
            }
        }
        true
    }
}
