//! A committee whose members leave it to the keeper to say that time has passed, by a chain told by hand.
#![expect(clippy::unwrap_used, reason = "a test")]

mod script;

use bourse_keeper::decide::Deed;
use bourse_keeper::state::{Errand, Input};
use bourse_sim::ask::Cause;
use bourse_sim::event::{Config, Event};
use bourse_sim::market::Turn;
use bourse_sim::mechanisms::Mechanism;
use bourse_sim::mechanisms::committee::{Committee, CommitteeParams};
use bourse_sim::{Account, Time, Wei, ZERO};
use script::{ALICE, BOB, BOND, REQUESTER, START, Script, id, opened};

const COMMITTEE: Account = [14; 20];

fn params() -> CommitteeParams {
    CommitteeParams {
        seats: 2,
        least: 2,
        needed: 2,
        enrolment: 10,
        shards: 20,
        aggregation: 10,
        open: 10,
        stagger: 5,
        fee_bps: 9_000,
        aggregator_bps: 1_000,
        deposit_bps: 10_000,
        deposit_floor: 1,
        bonded: 1,
    }
}

/// A request is open since second 1 under a committee of two.
fn script() -> Script {
    let mut script = Script::new();
    let params = params().encode();
    let shape = Committee.check(&params).unwrap();
    let config = Config { mechanism: COMMITTEE, shape, params, ..Config::default() };
    let set = Event::InstanceSet { instance: 4, version: 1, owner: REQUESTER, open: true, config };
    script.commit(1, vec![set, opened(1, 4, 500)]);
    script.tip();
    assert_eq!(script.state.errands(10), [Errand::Name(COMMITTEE)]);
    script.hear(Input::Named(COMMITTEE, Some("committee".to_owned())));
    script
}

fn enrol(script: &mut Script, second: Time, prover: Account) {
    let turn = Turn { cause: Cause::Bid, actor: prover, time: START + second, ..Turn::default() };
    let answer = Committee.step(&script.state.market().ask(&id(1), turn).unwrap()).unwrap();
    let held = Event::Held { id: id(1), prover, amount: answer.moves[0].amount, tag: answer.moves[0].tag };
    script.commit(second, vec![held, Event::Noted { id: id(1), words: answer.words }]);
    script.tip();
}

fn at(script: &mut Script, second: Time) {
    script.commit(second, Vec::new());
    script.tip();
}

fn stage(script: &Script) -> (String, Option<String>, Time) {
    let view = script.state.request_view(&id(1)).unwrap();
    (view.stage, view.price, view.until - START)
}

#[test]
fn a_committee_that_brings_nothing_is_closed_when_its_time_is_over() {
    let mut script = script();
    let fee = Some("90".to_owned());
    assert_eq!(stage(&script), ("0 of 2 seats taken".to_owned(), fee.clone(), 11));
    enrol(&mut script, 3, ALICE);
    enrol(&mut script, 5, BOB);
    assert_eq!(stage(&script), ("2 members prove shards".to_owned(), fee.clone(), 25));
    at(&mut script, 26);
    assert_eq!(stage(&script), ("the whole is awaited of 2 members".to_owned(), fee, 45));
    at(&mut script, 45);
    assert_eq!(script.decide(), []);
    at(&mut script, 46);
    assert_eq!(stage(&script).0, "to be closed");
    let action = script.only();
    assert_eq!(action.deed, Deed::Tick { request: id(1), about: ZERO });
    assert!(action.reason.contains("take the deposit") && action.reason.contains("close"), "{}", action.reason);
    // The tip, and a twentieth of two deposits, are worth it; without the deposits it would not be.
    script.goals.min_profit = Some(i128::try_from(10 + 2 * BOND / 20).unwrap());
    script.goals.gas_price = 0;
    assert_eq!(script.only().deed, action.deed);
    script.goals.min_profit = Some(i128::try_from(11 + 2 * BOND / 20).unwrap());
    assert_eq!(script.decide(), []);
}

#[test]
fn a_committee_that_is_too_small_is_let_go() {
    let mut script = script();
    enrol(&mut script, 3, ALICE);
    at(&mut script, 11);
    assert_eq!(script.decide(), []);
    at(&mut script, 12);
    let action = script.only();
    assert!(action.reason.contains("release") && action.reason.contains("close"), "{}", action.reason);
}

#[test]
fn deposits_that_outlive_the_request_are_settled_one_by_one() {
    let mut script = script();
    enrol(&mut script, 3, ALICE);
    enrol(&mut script, 5, BOB);
    let refund: Wei = 100;
    let tipped = Event::Tipped { id: id(1), to: REQUESTER, amount: 10 };
    script.commit(500, vec![tipped, Event::Closed { id: id(1), refund }]);
    script.tip();
    let mut about: Vec<_> = script.decide().into_iter().filter_map(|action| action.deed.slot()).collect();
    about.sort_unstable();
    assert_eq!(about, [(id(1), ALICE), (id(1), BOB)]);
}
