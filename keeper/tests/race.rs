//! A race whose winners leave it to the keeper to say that it is over, by a chain told by hand.
#![expect(clippy::unwrap_used, reason = "a test")]

mod script;

use bourse_keeper::decide::Deed;
use bourse_keeper::proof::{Proof, ProofKey, Status as Fated};
use bourse_keeper::state::{Errand, Input};
use bourse_sim::ask::{Cause, MoveKind};
use bourse_sim::event::{Config, Event};
use bourse_sim::market::Turn;
use bourse_sim::mechanisms::Mechanism;
use bourse_sim::mechanisms::race::{Race, RaceParams, commitment};
use bourse_sim::{Account, Id, Time, ZERO};
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

/// A prover commits to a proof with this hash, in block `second`.
fn commit(script: &mut Script, second: Time, prover: Account, hash: &Id) {
    let (data, block_number) = (commitment(&id(1), &prover, hash).to_vec(), script.chain.len() as u64);
    let turn = Turn { cause: Cause::Bid, actor: prover, time: START + second, block_number, data, ..Turn::default() };
    let answer = Race.step(&script.state.market().ask(&id(1), turn).unwrap()).unwrap();
    let held = Event::Held { id: id(1), prover, amount: answer.moves[0].amount, tag: answer.moves[0].tag };
    script.commit(second, vec![held]);
    script.tip();
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
fn a_proof_that_its_author_has_committed_to_is_brought_for_it() {
    let mut script = script();
    let bytes = vec![7; 40];
    let key = ProofKey::of(id(1), ALICE, &bytes);
    let refused = |script: &Script, key: &ProofKey| script.state.admits(key).unwrap().unwrap_err();
    assert!(!refused(&script, &key).is_empty(), "no commitment");
    commit(&mut script, 3, ALICE, &key.digest);
    assert!(!refused(&script, &key).is_empty(), "one block is not two");
    at(&mut script, 4);
    assert_eq!(script.state.admits(&key), Some(Ok(START + 499)));
    for stranger in [ProofKey::of(id(1), ALICE, &[8]), ProofKey::of(id(1), BOB, &bytes)] {
        assert!(!refused(&script, &stranger).is_empty(), "{stranger:?}");
    }

    let proof = Proof::new(id(1), ALICE, bytes.clone(), START + 499, script.state.head().number);
    script.hear(Input::Proof(proof));
    assert_eq!(script.state.errands(1), [Errand::Check(key)]);
    script.hear(Input::Checked(key, Ok(())));
    let action = script.only();
    assert_eq!(action.deed, Deed::Settle { proofs: vec![key] });
    script.sent(&action);
    script.commit(5, vec![Event::Proven { id: id(1), prover: ALICE, proof: bytes }]);
    script.tip();
    script.landed(&action);
    let fates = script.fates();
    assert_eq!((fates.len(), fates[0].0, fates[0].1.status), (1, key, Fated::Settled));
    assert_eq!(script.state.waiting(), 0);
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
