//! A race whose winners leave it to the keeper to say that it is over, by a chain told by hand.
#![expect(clippy::unwrap_used, reason = "a test")]

mod script;

use bourse_keeper::decide::Deed;
use bourse_keeper::state::{Errand, Input};
use bourse_sim::ask::{Cause, MoveKind};
use bourse_sim::event::{Config, Event};
use bourse_sim::market::Turn;
use bourse_sim::mechanisms::Mechanism;
use bourse_sim::mechanisms::race::{Race, RaceParams, commitment};
use bourse_sim::{Account, Time, ZERO};
use script::{ALICE, BOB, BOND, REQUESTER, START, Script, id, opened};

const RACE: Account = [14; 20];

fn params() -> RaceParams {
    RaceParams {
        patience: 60,
        window: 20,
        commit_blocks: 2,
        bounty_bps: 9_000,
        decay_bps: 5_000,
        winners: 2,
        deposit: BOND,
    }
}

/// A request is open since second 1 under a race with commitments.
fn script() -> Script {
    let mut script = Script::new();
    let params = params().encode();
    let shape = Race.check(&params).unwrap();
    let config = Config { mechanism: RACE, shape, params, ..Config::default() };
    let set = Event::InstanceSet { instance: 4, version: 1, owner: REQUESTER, open: true, config };
    script.commit(1, vec![set, opened(1, 4, 500)]);
    script.tip();
    assert_eq!(script.state.errands(10), [Errand::Name(RACE)]);
    script.hear(Input::Named(RACE, Some("race".to_owned())));
    script
}

/// What a prover does at `second`, in block 10 + `second`, and the events of it.
fn turn(script: &mut Script, second: Time, prover: Account, cause: Cause) {
    let hash = [prover[0]; 32];
    let data = if cause == Cause::Bid { commitment(&id(1), &prover, &hash) } else { hash };
    let turn = Turn {
        cause,
        actor: prover,
        time: START + second,
        block_number: 10 + second,
        data: data.to_vec(),
        ..Turn::default()
    };
    let answer = Race.step(&script.state.market().ask(&id(1), turn).unwrap()).unwrap();
    let mut events = Vec::new();
    if cause == Cause::Proof {
        events.push(Event::Proven { id: id(1), prover, proof: vec![1] });
    }
    events.extend(answer.moves.iter().map(|m| match m.kind {
        MoveKind::Hold => Event::Held { id: id(1), prover, amount: m.amount, tag: m.tag },
        MoveKind::Release => Event::Released { id: id(1), prover, amount: BOND },
        other => panic!("{other:?}"),
    }));
    events.push(Event::Noted { id: id(1), words: answer.words });
    script.commit(second, events);
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
fn winners_are_paid_when_the_window_is_over() {
    let mut script = script();
    assert_eq!(stage(&script), ("racing".to_owned(), Some("60".to_owned()), 61));
    turn(&mut script, 3, ALICE, Cause::Bid);
    turn(&mut script, 4, BOB, Cause::Bid);
    turn(&mut script, 6, ALICE, Cause::Proof);
    assert_eq!(stage(&script), ("racing, 1 ranked".to_owned(), Some("60".to_owned()), 26));
    at(&mut script, 26);
    assert_eq!(script.decide(), []);
    at(&mut script, 27);
    assert_eq!(stage(&script).0, "to be paid and closed");
    let action = script.only();
    assert_eq!(action.deed, Deed::Tick { request: id(1), about: ZERO });
    assert!(action.reason.contains("pay 60") && action.reason.contains("close"), "{}", action.reason);

    let paid = Event::Rewarded { id: id(1), prover: ALICE, amount: 60 };
    let tipped = Event::Tipped { id: id(1), to: REQUESTER, amount: 10 };
    script.commit(28, vec![paid, tipped, Event::Closed { id: id(1), refund: 40 }]);
    script.tip();
    let left = script.only();
    assert_eq!(left.deed, Deed::Tick { request: id(1), about: BOB });
    assert!(left.reason.contains("release"), "{}", left.reason);
}

#[test]
fn a_race_that_nobody_wins_costs_those_who_said_they_had_a_proof() {
    let mut script = script();
    turn(&mut script, 3, ALICE, Cause::Bid);
    turn(&mut script, 4, BOB, Cause::Bid);
    at(&mut script, 61);
    assert_eq!(script.decide(), []);
    at(&mut script, 62);
    let mut actions = script.decide();
    actions.sort_by_key(|action| action.deed.slot());
    let about: Vec<_> = actions.iter().filter_map(|action| action.deed.slot()).collect();
    assert_eq!(about, [(id(1), ALICE), (id(1), BOB)]);
    assert!(actions.iter().all(|action| action.reason.contains("take the deposit")), "{actions:?}");
}

#[test]
fn a_race_that_nobody_enters_is_closed() {
    let mut script = script();
    at(&mut script, 61);
    assert_eq!(script.decide(), []);
    at(&mut script, 62);
    assert_eq!(script.only().deed, Deed::Tick { request: id(1), about: ZERO });
}
