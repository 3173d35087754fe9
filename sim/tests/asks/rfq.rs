//! Questions about requests for quotes, as whole lives ask them.

use bourse_sim::ask::{Ask, Cause, MoveKind, Status};
use bourse_sim::mechanisms::Mechanism;
use bourse_sim::mechanisms::rfq::{Rfq, RfqParams, STANDBY, quote};
use bourse_sim::{Account, Id, Time, Wei};

use super::{Dice, opened_at, spoil};

pub(crate) fn rfq(dice: &mut Dice, count: usize) -> Vec<Ask> {
    let mut asks = Vec::new();
    while asks.len() < count {
        let opened = opened_at(dice);
        live(dice, opened, &mut asks);
    }
    asks.truncate(count);
    for ask in asks.iter_mut().skip(7).step_by(25) {
        spoil(dice, &mut ask.params);
    }
    asks
}

/// Sensible in all that `step` takes for granted; a tenth is out of range in what it does not.
fn params(dice: &mut Dice) -> RfqParams {
    let odd = dice.one_in(10);
    let exclusivity = dice.pick(&[0, 1, 60, 600]);
    RfqParams {
        exclusivity,
        override_bps: if odd { dice.pick(&[9, 5_001]) } else { dice.pick(&[10, 100, 500, 5_000]) },
        patience: if odd { 2_592_001 } else { dice.pick(&[0, 0, exclusivity, exclusivity + 60, 2_592_000]) },
        start_bps: dice.pick(&[1, 5_000, 9_999, 10_000]),
        deposit_bps: dice.pick(&[0, 1, 2_500, 10_000]),
        deposit_floor: dice.pick(&[1, 1_000_000]) >> if odd { 1 } else { 0 },
        standbys: dice.pick(&[0, 1, 1, 2, 4]),
    }
}

/// One request from its opening to its end, with what is refused on the way.
fn live(dice: &mut Dice, opened: Time, asks: &mut Vec<Ask>) {
    let p = params(dice);
    let provers: Vec<Account> = (0..6).map(|_| dice.account()).collect();
    let mut life = dice.ask(p.encode(), opened);
    life.rung = if dice.one_in(6) { 1 } else { 0 };
    let near = opened + Time::from(p.exclusivity) + dice.below(3);
    life.request.deadline = if dice.one_in(6) { near.max(opened + 1) } else { life.request.deadline };
    life.words = vec![Id::default(); p.words()];
    let mut tickets: Vec<(Account, Wei)> = Vec::new();
    let came = dice.one_in(3);
    for turn in 0..10 + dice.below(6) {
        let mut ask = life.clone();
        ask.cause = cause(dice, life.status, came && turn == 0);
        ask.actor.prover = dice.pick(&provers);
        if ask.cause == Cause::Tick && !tickets.is_empty() && !dice.one_in(5) {
            ask.actor.prover = dice.pick(&tickets).0;
        }
        match ask.cause {
            Cause::Bid => bid(dice, &p, &mut ask),
            Cause::Opened => {}
            _ => ask.time = late(dice, &p, &ask),
        }
        let held = tickets.iter().find(|(prover, _)| *prover == ask.actor.prover).map(|(_, held)| *held);
        ask.actor.held = held.unwrap_or_default();
        if held.is_some() {
            ask.actor.tag[21] = 1;
        }
        ask.holds = tickets.len() as u8;
        asks.push(ask.clone());
        let Ok(answer) = Rfq.step(&ask) else { continue };
        (life.words, life.time) = (answer.words, ask.time);
        for done in answer.moves {
            tickets.retain(|(prover, _)| *prover != done.prover);
            match done.kind {
                MoveKind::Hold => tickets.push((done.prover, done.amount)),
                MoveKind::Award => life.status = Status::Awarded,
                MoveKind::Close => return,
                _ => {}
            }
        }
    }
}

fn cause(dice: &mut Dice, status: Status, enters: bool) -> Cause {
    use Cause::{Bid, Failed, Opened, Proof, Tick};
    if enters {
        return Opened;
    }
    match status {
        Status::Open => dice.pick(&[Bid, Bid, Bid, Bid, Bid, Bid, Bid, Tick, Tick, Proof]),
        _ => dice.pick(&[Failed, Tick, Tick]),
    }
}

fn bid(dice: &mut Dice, p: &RfqParams, ask: &mut Ask) {
    let end = p.end(ask.opened_at);
    let last = ask.opened_at + Time::from(p.patience);
    ask.time = dice.near(&[ask.time, ask.time, ask.time, ask.time + 5, end, last]).max(ask.time);
    if dice.one_in(3) {
        ask.time = ask.opened_at.max(ask.time);
    }
    if ask.time <= ask.opened_at + 1 && !dice.one_in(4) {
        ask.time = ask.opened_at;
    }
    let known: Vec<Wei> = ask.words.iter().filter_map(quote).map(|(_, price)| price).collect();
    let best = ask.words.first().and_then(quote).map(|(_, best)| best);
    let most = best.map_or(ask.request.max_price, |best| p.below(best).unwrap_or_default());
    if best.is_none() && dice.one_in(2) {
        ask.data = vec![STANDBY];
    }
    if dice.one_in(12) {
        ask.data = dice.word()[..dice.pick(&[1, 2, 32])].to_vec();
    }
    let marks = [most, most, p.start(ask.request.max_price), known.first().copied().unwrap_or(most)];
    let mark = dice.pick(&marks);
    ask.price = dice.price_near(mark);
    if dice.one_in(2) {
        ask.price = most - most / 8;
    }
    let deposit = p.deposit(ask.request.bond);
    ask.actor.free =
        dice.pick(&[deposit, deposit, deposit, deposit, deposit + 1, deposit.saturating_sub(1)]).min((1 << 80) - 1);
}

fn late(dice: &mut Dice, p: &RfqParams, ask: &Ask) -> Time {
    let (opened, patience) = (ask.opened_at, Time::from(p.patience));
    let marks = match ask.status {
        Status::Open => [opened + 1, p.end(opened), opened + patience + 1, ask.time],
        _ => [ask.time + 1, ask.request.deadline, ask.request.deadline, ask.time],
    };
    dice.near(&marks).max(ask.time)
}
