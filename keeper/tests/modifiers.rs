//! Ticks under rules with modifiers around them: what they do depends on the base fee of the head, and on what is inside.
#![expect(clippy::unwrap_used, reason = "a test")]

mod script;

use bourse_keeper::decide::Deed;
use bourse_keeper::state::{Errand, Input};
use bourse_sim::ZERO;
use bourse_sim::event::{Config, Event};
use bourse_sim::mechanisms::Mechanism;
use bourse_sim::mechanisms::english::EnglishParams;
use bourse_sim::mechanisms::gas::GasParams;
use bourse_sim::mechanisms::modifier::{GAS, Inner};
use bourse_sim::{Account, Id, Wei};
use script::{ALICE, BOND, REQUESTER, Script, id, opened};

const WRAPPER: Account = [14; 20];

fn english() -> Vec<u8> {
    let [duration, closing, extension, overtime, patience] = [10, 5, 5, 90, 60];
    let times = EnglishParams { duration, closing, extension, overtime, patience, ..EnglishParams::default() };
    let [decrement_bps, start_bps, deposit_bps] = [2_000, 10_000, 10_000];
    EnglishParams { decrement_bps, start_bps, deposit_bps, deposit_floor: 1, standbys: 0, ..times }.encode()
}

/// Two units of gas are paid for, up to 30 for them.
fn around(name: &str, inner: &[u8]) -> Vec<u8> {
    let inner_rule = Inner { name: name.to_owned(), ..Inner::default() };
    GasParams { inner: inner_rule, ceiling: 30, units: 2, rate: 1_000_000_000_000_000_000, payments: 0 }.encode(inner)
}

fn instance(number: u32, params: Vec<u8>) -> Event {
    let shape = GAS.check(&params).unwrap_or_default();
    let config = Config { mechanism: WRAPPER, shape, params, ..Config::default() };
    Event::InstanceSet { instance: number, version: 1, owner: REQUESTER, open: true, config }
}

/// The word of a best bid, and that of an auction that ends at the second `end`.
fn standing(price: Wei, end: u64) -> Vec<Id> {
    let (mut best, mut clock) = (Id::default(), Id::default());
    best[..16].copy_from_slice(&(price << 32).to_be_bytes());
    best[12..].copy_from_slice(&ALICE);
    let end = Wei::from(script::START + end);
    clock[16..].copy_from_slice(&(end << 40 | end).to_be_bytes());
    vec![best, clock]
}

#[test]
fn an_award_is_raised_by_what_gas_costs_at_the_head() {
    let mut script = Script::new();
    let noted = Event::Noted { id: id(1), words: standing(40, 10) };
    let held = Event::Held { id: id(1), prover: ALICE, amount: BOND, tag: Default::default() };
    script.commit(0, vec![instance(4, around("english", &english())), opened(1, 4, 1_000), held, noted]);
    script.tip();
    assert_eq!(script.state.errands(1), [Errand::Name(WRAPPER)]);
    script.hear(Input::Named(WRAPPER, Some("gas".to_owned())));
    for (base_fee, price) in [(0, 40), (7, 54), (1_000, 70)] {
        script.base_fee = base_fee;
        script.commit(20, Vec::new());
        script.tip();
        let action = script.only();
        assert_eq!(action.deed, Deed::Tick { request: id(1), about: ZERO });
        assert!(action.reason.contains(&format!("for {price}")), "{}", action.reason);
    }
    let view = script.state.request_view(&id(1)).unwrap();
    assert_eq!(view.mechanism.as_deref(), Some("gas(english)"));
}

#[test]
fn the_chain_is_asked_where_the_inner_rule_has_no_twin() {
    let mut script = Script::new();
    script.commit(0, vec![instance(4, around("strange", &[1, 2, 3])), opened(1, 4, 1_000)]);
    script.tip();
    script.state.errands(1);
    script.hear(Input::Named(WRAPPER, Some("gas".to_owned())));
    let errands = script.state.errands(5);
    assert!(matches!(errands.as_slice(), [Errand::Peek(question)] if question.subject == id(1)), "{errands:?}");
}
