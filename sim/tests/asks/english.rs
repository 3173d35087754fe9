//! Questions about open descending auctions.

use bourse_sim::ask::{Ask, Cause, Status};
use bourse_sim::mechanisms::english::{EnglishParams, bid, standing};
use bourse_sim::{Id, Time, Wei};

use super::{Dice, cause, entry, opened_at, spoil};

pub(crate) fn english(dice: &mut Dice, count: usize) -> Vec<Ask> {
    (0..count)
        .map(|i| {
            let p = params(dice);
            let opened = opened_at(dice);
            let mut ask = dice.ask(p.encode(), opened);
            ask.words = vec![Id::default(); 2 + usize::from(p.standbys)];
            ask.cause = if dice.one_in(4) { Cause::Tick } else { cause(dice) };
            if dice.one_in(4) {
                before(dice, &p, &mut ask);
            } else {
                during(dice, &p, &mut ask);
            }
            match ask.cause {
                Cause::Bid => stake(dice, &p, &mut ask),
                Cause::Tick => about(dice, &mut ask),
                _ => {}
            }
            ask.holds = ask.words.iter().enumerate().filter(|(i, word)| *i != 1 && bid(word).is_some()).count() as u8;
            if i % 30 == 0 {
                spoil(dice, &mut ask.params);
            }
            ask
        })
        .collect()
}

/// Sensible in all that `step` takes for granted; a tenth is out of range in what it does not.
fn params(dice: &mut Dice) -> EnglishParams {
    let odd = dice.one_in(10);
    let extension = dice.pick(&[1, 2, 60, 600]);
    EnglishParams {
        duration: if odd { 0 } else { dice.pick(&[1, 300, 2_592_000]) },
        closing: dice.pick(&[1, extension, if odd { extension + 1 } else { 1 }]),
        extension,
        overtime: dice.pick(&[extension, 3 * extension, 2_592_000]),
        patience: dice.pick(&[1, 600, 2_592_000]),
        decrement_bps: if odd { dice.pick(&[99, 5_001]) } else { dice.pick(&[100, 333, 1_000, 5_000]) },
        start_bps: dice.pick(&[1, 5_000, 9_999, 10_000, 10_000]),
        deposit_bps: dice.pick(&[0, 1, 2_500, 10_000]),
        deposit_floor: dice.pick(&[1, 1_000_000, (1 << 80) - 1]) >> if odd { 1 } else { 0 },
        standbys: dice.below(2) as u8,
    }
}

/// Nobody has bid yet.
fn before(dice: &mut Dice, p: &EnglishParams, ask: &mut Ask) {
    let longest = Time::from(p.duration) + Time::from(p.overtime) + 2;
    let far = ask.request.deadline;
    ask.request.deadline = dice.pick(&[ask.opened_at + longest + 10, far, far, far]);
    let last = p.last_first(&ask.request, ask.opened_at);
    let marks =
        if ask.cause == Cause::Tick { [last + 1, last + 2, last + 100] } else { [ask.opened_at + 1, last, last] };
    ask.time = dice.near(&marks).max(ask.opened_at);
    ask.price = dice.price_near(p.start(ask.request.max_price));
}

/// The words of an auction of any age.
fn during(dice: &mut Dice, p: &EnglishParams, ask: &mut Ask) {
    let first = ask.opened_at + dice.below(u64::from(p.patience) + 1);
    let hard_end = first + Time::from(p.duration) + Time::from(p.overtime);
    let end = hard_end - Time::from(dice.pick(&[0, p.overtime / 2, p.overtime, p.overtime]));
    ask.words[1][16..].copy_from_slice(&(Wei::from(hard_end) << 40 | Wei::from(end)).to_be_bytes());
    let start = p.start(ask.request.max_price);
    let price = if dice.one_in(8) { 0 } else { dice.uint(88) % (start + 1) };
    ask.words[0] = entry(dice.account(), price);
    if let Some(standby) = ask.words.get_mut(2).filter(|_| !dice.one_in(3)) {
        *standby = entry(dice.account(), price.saturating_mul(2).min((1 << 88) - 1));
    }
    let late = end + 1 - Time::from(p.closing);
    let answered = end - dice.below(u64::from(p.extension) + 1);
    ask.time = match ask.cause {
        Cause::Tick | Cause::Failed => dice.near(&[end + 1, end + 1, end + 100]),
        _ => dice.near(&[first + 1, late, end, answered]),
    };
    ask.price = dice.price_near(p.below(price).unwrap_or_default());
    let taken = dice.one_in(5) && !matches!(ask.cause, Cause::Bid);
    if ask.cause == Cause::Failed || taken {
        // Awarded once, or more often.
        ask.words[0] = Id::default();
        if let Some(standby) = ask.words.get_mut(2).filter(|_| dice.one_in(3)) {
            *standby = Id::default();
        }
    }
}

fn stake(dice: &mut Dice, p: &EnglishParams, ask: &mut Ask) {
    let deposit = p.deposit(ask.request.bond);
    ask.actor.free = dice.pick(&[deposit, deposit + 1, deposit.saturating_sub(1), deposit / 2]).min((1 << 80) - 1);
    let known: Vec<_> =
        ask.words.iter().enumerate().filter(|(i, _)| *i != 1).filter_map(|(_, word)| bid(word)).collect();
    if standing(&ask.words).is_some() && dice.one_in(3) {
        let (prover, price) = dice.pick(&known);
        (ask.actor.prover, ask.actor.held) = (prover, deposit);
        ask.actor.tag[6..].copy_from_slice(&price.to_be_bytes());
    }
}

fn about(dice: &mut Dice, ask: &mut Ask) {
    use Status::{Awarded, Cancelled, Closed, Fulfilled, Open};
    ask.status = dice.pick(&[Open, Open, Open, Open, Awarded, Fulfilled, Closed, Cancelled]);
    ask.data = dice.word()[..dice.below(5) as usize].to_vec();
    ask.price = 0;
    let known: Vec<_> =
        ask.words.iter().enumerate().filter(|(i, _)| *i != 1).filter_map(|(_, word)| bid(word)).collect();
    if !known.is_empty() && !dice.one_in(4) {
        ask.actor.prover = dice.pick(&known).0;
        ask.actor.held = 1;
    }
    if ask.status != Open {
        ask.request.deadline = dice.near(&[ask.time, ask.time + 1000]);
    }
}
