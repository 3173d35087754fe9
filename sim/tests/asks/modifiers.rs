//! Questions to modifiers: those to several families, and to other modifiers, with a layer around them. Where the inner contract is, and
//! its code, is left open: who compares with the contracts fills it in.

use bourse_sim::ask::{Ask, Cause, Status};
use bourse_sim::mechanisms::by_name;
use bourse_sim::mechanisms::gas::GasParams;
use bourse_sim::mechanisms::grace::GraceParams;
use bourse_sim::mechanisms::modifier::{Inner, Modifier};
use bourse_sim::mechanisms::spread::SpreadParams;
use bourse_sim::{Id, Wei};

use super::{Dice, dutch, race, rfq, scoring, sealed, seat};

/// A question, and the name of the rule that it is for.
type Named = (&'static str, Ask);
type Wrap = fn(&mut Dice, Named) -> Named;

const PRICES: Wei = 1 << 88;

pub(crate) fn gas(dice: &mut Dice, count: usize) -> Vec<Ask> {
    wrapped(dice, count, around_gas, &[around_grace, around_spread])
}

pub(crate) fn grace(dice: &mut Dice, count: usize) -> Vec<Ask> {
    wrapped(dice, count, around_grace, &[around_gas, around_spread])
}

pub(crate) fn spread(dice: &mut Dice, count: usize) -> Vec<Ask> {
    wrapped(dice, count, around_spread, &[around_gas, around_grace])
}

/// Of eight questions one is to a pile of three, one to a pile of two, and six are to one family each.
fn wrapped(dice: &mut Dice, count: usize, outer: Wrap, between: &[Wrap; 2]) -> Vec<Ask> {
    type Family = (&'static str, fn(&mut Dice, usize) -> Vec<Ask>);
    let families: [Family; 8] = [
        ("dutch", dutch),
        ("sealed", sealed),
        ("scoring", scoring),
        ("race", race),
        ("rfq", rfq),
        ("seat", seat),
        ("dutch", dutch),
        ("race", race),
    ];
    let mut all = Vec::new();
    for (i, (name, family)) in families.into_iter().enumerate() {
        for ask in telling(name, family(dice, count), count / 8) {
            let mut inner = (name, Ask { base_fee: dice.pick(&[0, 1, 30_000_000_000, ask.base_fee]), ..ask });
            if i == 6 {
                inner = between.iter().fold(inner, |inner, wrap| wrap(dice, inner));
            } else if i == 7 {
                inner = between[dice.below(2) as usize](dice, inner);
            }
            all.push(outer(dice, inner).1);
        }
    }
    all
}

/// Mostly questions to which there is an answer: a no passes through a modifier as it is.
fn telling(name: &str, asks: Vec<Ask>, count: usize) -> Vec<Ask> {
    let twin = by_name(name).unwrap();
    let (yes, no): (Vec<_>, Vec<_>) = asks.into_iter().partition(|ask| twin.step(ask).is_ok());
    let nos = count.saturating_sub(yes.len()).max(count / 4);
    no.into_iter().take(nos).chain(yes).take(count).collect()
}

fn inner(name: &str) -> Inner {
    Inner { name: name.to_owned(), ..Inner::default() }
}

fn around_gas(dice: &mut Dice, (name, mut ask): Named) -> Named {
    let coin = 1_000_000_000_000_000_000;
    let proves = name == "race" || ask.params.windows(4).any(|part| part == b"race");
    let odd = dice.one_in(20);
    let p = GasParams {
        inner: inner(name),
        ceiling: if odd { 0 } else { dice.uint(70).max(1) },
        units: dice.pick(&[1, 150_000, 150_000, u32::MAX]),
        rate: dice.pick(&[1, coin, coin, 3_000 * coin + 7, 3_000_000_000, PRICES - 1]),
        payments: if proves != dice.one_in(20) { dice.pick(&[1, 2, 3]) } else { 0 },
    };
    ask.request.max_price = match dice.below(10) {
        0 => p.reserve().saturating_sub(1),
        1 => p.reserve(),
        _ if ask.status == Status::None => ask.request.max_price,
        _ => (ask.request.max_price + p.reserve()).min(PRICES - 1),
    };
    if p.payments != 0 {
        let mut raised = Id::default();
        raised[31] = dice.below(4) as u8;
        ask.words.push(raised);
    }
    ask.params = p.encode(&ask.params);
    ("gas", ask)
}

fn around_grace(dice: &mut Dice, (name, mut ask): Named) -> Named {
    let p = GraceParams {
        inner: inner(name),
        threshold: dice.pick(&[ask.base_fee, ask.base_fee, ask.base_fee.saturating_add(1), u64::MAX]),
        grace: dice.pick(&[0, 1, 60, 60, 3_600, 3_600, 2_592_000, 2_592_001]),
    };
    if !dice.one_in(12) {
        ask.request.deadline += u64::from(p.grace);
    }
    ask.params = p.encode(&ask.params);
    ("grace", ask)
}

fn around_spread(dice: &mut Dice, (name, mut ask): Named) -> Named {
    let (window, odd) = (dice.pick(&[1, 3, 4, 5, 8, 8, 9]), dice.one_in(10));
    let p = SpreadParams {
        inner: inner(name),
        window,
        most: 1 + dice.below(u64::from(window) + u64::from(odd)) as u8,
        patience: dice.pick(&[0, 0, 0, 1, 60, 2_592_000, 2_592_001]),
    };
    if ask.cause == Cause::Bid && dice.one_in(6) {
        (ask.actor.held, ask.holds) = (dice.pick(&[0, 1]), dice.pick(&[0, 1, ask.holds]));
    }
    let often = dice.pick(&[1, 2, 4]);
    for _ in 0..p.words().1 {
        let mut word = dice.word();
        for tag in word.chunks_mut(8).filter(|_| dice.one_in(often)) {
            tag.copy_from_slice(&ask.actor.prover[12..]);
        }
        ask.shared.push(word);
    }
    ask.params = p.encode(&ask.params);
    ("spread", ask)
}
