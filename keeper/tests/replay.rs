//! The keeper's state and decisions, driven by a script: on what it hears, it has to decide the same, every time.
#![expect(clippy::unwrap_used, reason = "a test")]

mod script;

use std::time::Duration;

use bourse_chain::{Block, Fault, Outcome, Revert};
use bourse_keeper::config::Goals;
use bourse_keeper::decide::Deed;
use bourse_keeper::state::{Errand, Input, Question, Word};
use bourse_sim::ZERO;
use bourse_sim::ask::{Move, Shape};
use bourse_sim::event::{Config, Event};
use bourse_sim::market::place_of;
use script::{ALICE, BOB, BOND, REQUESTER, START, STRANGE, Script, awarded, fulfilled, id, no, opened};

#[test]
fn nothing_is_decided_before_the_end_of_the_chain() {
    let mut script = Script::new();
    script.commit(1, vec![opened(1, 1, 500)]);
    script.commit(100, vec![]);
    assert_eq!(script.decide(), []);
    script.tip();
    let action = script.only();
    assert_eq!(action.deed, Deed::Tick { request: id(1), about: ZERO });
    assert!(action.reason.contains("close"), "{}", action.reason);
}

#[test]
fn an_auction_is_ticked_when_its_twin_says_so_and_not_before() {
    let mut script = Script::new();
    script.commit(1, vec![opened(1, 1, 500)]);
    for second in 2..=21 {
        script.commit(second, vec![]);
        script.tip();
        assert_eq!(script.decide(), [], "at {second}");
    }
    script.commit(22, vec![]);
    script.tip();
    assert_eq!(script.only().deed.kind(), "tick");
}

#[test]
fn what_is_under_way_is_not_decided_again_until_its_block_has_been_followed() {
    let mut script = Script::new();
    script.commit(1, vec![opened(1, 1, 500)]);
    script.commit(50, vec![]);
    script.tip();
    let action = script.only();
    script.sent(&action);
    assert_eq!(script.decide(), []);
    script.commit(51, vec![]);
    script.tip();
    assert_eq!(script.decide(), []);
    // Whether it will land is unknown: that is no reason to do it twice.
    script.hear(Input::Outcome(action.key.clone(), Outcome::Unknown));
    assert_eq!(script.decide(), []);
    let tipped = Event::Tipped { id: id(1), to: BOB, amount: 10 };
    script.commit(52, vec![tipped, Event::Closed { id: id(1), refund: 100 }]);
    assert_eq!(script.decide(), []);
    script.tip();
    script.landed(&action);
    assert_eq!(script.decide(), []);
    assert_eq!(script.state.pending().count(), 0);
}

#[test]
fn what_failed_is_tried_again_later_under_another_name() {
    let mut script = Script::new();
    script.commit(1, vec![opened(1, 1, 500)]);
    script.commit(50, vec![]);
    script.tip();
    let first = script.only();
    script.sent(&first);
    script.hear(Input::Outcome(first.key.clone(), Outcome::Failed(no("Panic"))));
    assert_eq!(script.decide(), [], "not at once");
    script.commit(60, vec![]);
    script.tip();
    let second = script.only();
    assert_ne!(first.key, second.key);
    assert_eq!(first.deed, second.deed);
    // The node was away: the same deed, the same name.
    let why = "no answer".to_owned();
    script.hear(Input::Submitted(second.clone(), Err(Fault::Retry { after: Duration::from_secs(1), why })));
    assert_eq!(script.decide(), []);
    script.commit(62, vec![]);
    script.tip();
    assert_eq!(script.only().key, second.key);
}

#[test]
fn without_funds_nothing_is_decided_for_a_while_and_it_is_said() {
    let mut script = Script::new();
    script.commit(1, vec![opened(1, 1, 500), opened(2, 1, 500)]);
    script.commit(50, vec![]);
    script.tip();
    let action = script.decide().remove(0);
    script.hear(Input::Submitted(action.clone(), Err(Fault::Halt { why: "no funds".to_owned() })));
    assert_eq!(script.state.trouble(), Some("no funds"));
    assert_eq!(script.decide(), []);
    script.commit(70, vec![]);
    script.tip();
    assert_eq!(script.decide().len(), 2);
    script.sent(&action);
    assert_eq!(script.state.trouble(), None);
}

#[test]
fn a_mechanism_that_answers_otherwise_than_its_twin_is_asked_itself() {
    let mut script = Script::new();
    script.commit(1, vec![opened(1, 1, 500)]);
    script.commit(50, vec![]);
    script.tip();
    let action = script.only();
    script.hear(Input::Submitted(action, Err(no("NothingFollows"))));
    script.commit(60, vec![]);
    script.tip();
    assert_eq!(script.decide(), []);
    let errands = script.state.errands(10);
    assert!(matches!(errands.as_slice(), [Errand::Peek(question)] if question.subject == id(1)), "{errands:?}");
}

#[test]
fn a_tick_that_comes_too_late_casts_no_doubt_on_the_twin() {
    let mut script = Script::new();
    script.commit(1, vec![opened(1, 1, 500)]);
    script.commit(50, vec![]);
    script.tip();
    let action = script.only();
    let late = Revert { name: "TooLate".to_owned(), arguments: Vec::new(), reason: None, data: Vec::new() };
    let failed = Revert { name: "MechanismFailed".to_owned(), reason: Some(Box::new(late.clone())), ..late };
    let fault = Fault::Drop { why: "it is too late".to_owned(), revert: Some(failed) };
    script.hear(Input::Submitted(action.clone(), Err(fault)));
    script.commit(60, vec![]);
    script.tip();
    assert_eq!(script.state.errands(10), []);
    assert_eq!(script.only().deed, action.deed);
}

#[test]
fn a_mechanism_without_a_twin_is_asked_once_per_state_and_wake() {
    let mut script = Script::new();
    script.commit(1, vec![opened(1, 3, 500)]);
    script.tip();
    let question = |script: &mut Script| match script.state.errands(10).as_slice() {
        [] => None,
        [Errand::Peek(question)] => Some(question.clone()),
        more => panic!("{more:?}"),
    };
    let first = question(&mut script).unwrap();
    assert_eq!(question(&mut script), None, "it is being asked");
    script.hear(Input::Peeked(first, Word::Nothing(START + 30)));
    script.commit(29, vec![]);
    script.tip();
    assert_eq!(question(&mut script), None, "not before it wants to be");
    script.commit(30, vec![]);
    script.tip();
    let second = question(&mut script).unwrap();
    script.hear(Input::Peeked(second, Word::Moves(vec![Move::close()])));
    assert_eq!(script.only().deed.kind(), "tick");
    // Another state, another question; what was said of the old one is not acted on.
    let noted = Event::BeaconFixed { id: id(1), block: 9 };
    script.commit(31, vec![noted]);
    script.tip();
    assert_eq!(script.decide(), []);
    assert!(question(&mut script).is_some());
}

#[test]
fn what_is_overdue_is_expired_and_a_forgotten_deposit_given_back() {
    let mut script = Script::new();
    script.commit(1, vec![opened(1, 2, 200), opened(2, 2, 90)]);
    let held = Event::Held { id: id(1), prover: BOB, amount: 7, tag: [0; 22] };
    script.commit(2, [vec![held], awarded(1, ALICE, 60)].concat());
    script.commit(60, vec![]);
    script.tip();
    assert_eq!(script.decide(), [], "the due time is inclusive");
    script.commit(61, vec![]);
    script.tip();
    let slash = script.only();
    assert_eq!(slash.deed, Deed::Expire { request: id(1) });
    script.sent(&slash);
    let slashed = Event::Slashed { id: id(1), prover: ALICE, burned: 500, compensation: 450, tip: 50, to: ALICE };
    script.commit(90, vec![slashed, Event::Closed { id: id(1), refund: 100 }]);
    script.tip();
    script.landed(&slash);
    assert_eq!(script.only().deed, Deed::Expire { request: id(2) }, "at the deadline nobody can be awarded any more");
    script.commit(200 + 86_400, vec![]);
    script.tip();
    let deeds: Vec<Deed> = script.decide().into_iter().map(|action| action.deed).collect();
    assert!(deeds.contains(&Deed::Reclaim { request: id(1), prover: BOB }), "{deeds:?}");
}

#[test]
fn only_what_pays_is_done_if_that_is_the_goal() {
    let mut script = Script::new();
    script.goals = Goals { min_profit: Some(0), gas_price: 1, ..Goals::default() };
    script.commit(1, vec![opened(1, 1, 500)]);
    script.commit(50, vec![]);
    script.tip();
    assert_eq!(script.decide(), [], "a tip of 10 does not pay for the gas");
    script.goals.gas_price = 0;
    assert_eq!(script.only().deed.kind(), "tick");
}

#[test]
fn after_a_reorg_everything_is_as_if_the_branch_had_never_been() {
    let tell = |detour: bool| {
        let mut script = Script::new();
        script.commit(1, vec![opened(1, 1, 500), opened(2, 2, 500)]);
        if detour {
            script.commit(2, awarded(2, BOB, 20));
            script.commit(3, vec![opened(3, 2, 500)]);
            script.commit(30, vec![]);
            script.tip();
            assert!(script.decide().iter().any(|action| action.deed == Deed::Expire { request: id(2) }));
            for _ in 0..3 {
                script.revert();
                assert_eq!(script.decide(), [], "inside a reorg");
            }
        }
        script.commit(4, awarded(2, ALICE, 100));
        script.commit(40, vec![]);
        script.tip();
        script
    };
    let (straight, around) = (tell(false), tell(true));
    assert_eq!(straight.state.market().requests(), around.state.market().requests());
    assert_eq!(straight.state.market().provers(), around.state.market().provers());
    assert_eq!(straight.decide(), around.decide());
    assert_eq!(straight.only().deed, Deed::Tick { request: id(1), about: ZERO });
}

#[test]
fn the_same_script_is_decided_the_same_and_what_no_market_does_is_refused() {
    let tell = || {
        let mut script = Script::new();
        script.commit(1, (1..=9).map(|n| opened(n, 1 + u32::from(n) % 2, 60)).collect());
        script.commit(2, awarded(1, ALICE, 30));
        script.commit(100, vec![]);
        script.tip();
        script.decide()
    };
    assert!(tell().len() == 9, "{:?}", tell());
    assert_eq!(tell(), tell());

    let mut script = Script::new();
    let block = Block {
        number: 1,
        hash: [1; 32],
        parent: [0; 32],
        time: START,
        base_fee: 0,
        events: vec![fulfilled(77)],
        transactions: vec![[0; 32]],
    };
    assert!(script.state.absorb(Input::Committed(block)).is_err());
}

#[test]
fn an_instance_without_a_twin_is_asked_about_itself_and_its_deposits() {
    let mut script = Script::new();
    let config = Config { mechanism: STRANGE, shape: Shape { shared: 1, ..Shape::default() }, ..Config::default() };
    let set = Event::InstanceSet { instance: 4, version: 1, owner: REQUESTER, open: true, config };
    let held = Event::Held { id: place_of(4), prover: ALICE, amount: BOND, tag: [1; 22] };
    script.commit(1, vec![set, held]);
    script.tip();
    let questions = |script: &mut Script| -> Vec<Question> {
        let ask = |errand| match errand {
            Errand::Peek(question) => question,
            other => panic!("{other:?}"),
        };
        script.state.errands(10).into_iter().map(ask).collect()
    };
    let asked = questions(&mut script);
    let about: Vec<_> = asked.iter().map(|question| (question.subject, question.about)).collect();
    assert_eq!(about, [(place_of(4), ZERO), (place_of(4), ALICE)]);
    let [nobody, alice] = <[Question; 2]>::try_from(asked).unwrap();
    script.hear(Input::Peeked(nobody, Word::Nothing(START + 30)));
    script.hear(Input::Peeked(alice, Word::Moves(Vec::new())));
    assert_eq!(script.only().deed, Deed::TickInstance { instance: 4, about: ALICE });
    script.commit(30, vec![]);
    script.tip();
    assert!(matches!(&questions(&mut script)[..], [question] if question.about == ZERO));
    // Whether it pays cannot be told.
    (script.goals.min_profit, script.goals.gas_price) = (Some(0), 1);
    assert_eq!(script.decide(), []);
}
