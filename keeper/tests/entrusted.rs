//! Proofs entrusted to the keeper, by the same script: each is settled, or said to be of no use and why.
#![expect(clippy::unwrap_used, reason = "a test")]

mod script;

use bourse_keeper::decide::{Action, Deed, settle};
use bourse_keeper::proof::{Fate, Proof, ProofKey, Status as Fated};
use bourse_keeper::state::{Errand, Input};
use bourse_sim::Time;
use bourse_sim::event::Event;
use script::{ALICE, START, Script, awarded, fulfilled, id, no, opened};

#[test]
fn proofs_that_are_due_first_are_settled_first_and_a_batch_has_its_limits() {
    let mut script = Script::new();
    let entries: Vec<Event> = (1..=5).map(|n| opened(n, 2, 900)).collect();
    let awards: Vec<Event> = (1..=5).flat_map(|n| awarded(n, ALICE, 100 * (10 - Time::from(n)))).collect();
    script.commit(1, [entries, awards].concat());
    script.tip();
    let keys: Vec<ProofKey> = (1..=5).map(|n| script.verified(id(n), 100 * (10 - Time::from(n)))).collect();
    script.goals.batch_size = 3;
    let batches = |script: &Script| -> Vec<Vec<ProofKey>> {
        let proofs = |action: Action| match action.deed {
            Deed::Settle { proofs } => proofs,
            other => panic!("{other:?}"),
        };
        settle(&script.state, &script.goals).into_iter().map(proofs).collect()
    };
    assert_eq!(batches(&script), [vec![keys[4], keys[3], keys[2]], vec![keys[1], keys[0]]]);
    script.goals.batch_gas = 2 * 160_000 + 50_000;
    assert_eq!(batches(&script), [vec![keys[4], keys[3]], vec![keys[2], keys[1]], vec![keys[0]]]);
}

#[test]
fn a_proof_goes_its_way_and_a_reorg_takes_it_back() {
    let mut script = Script::new();
    script.commit(1, vec![opened(1, 2, 900)]);
    script.commit(2, awarded(1, ALICE, 500));
    script.tip();
    let key = script.verified(id(1), 500);
    let action = script.only();
    assert_eq!(action.deed, Deed::Settle { proofs: vec![key] });
    assert_eq!(action.until, START + 500);
    script.sent(&action);
    assert_eq!(script.decide(), []);
    script.commit(10, vec![fulfilled(1)]);
    script.tip();
    script.landed(&action);
    let fates = script.fates();
    assert_eq!((fates[0].1.status, fates[0].1.block), (Fated::Settled, Some(3)));
    assert_eq!(script.state.waiting(), 0);

    script.revert();
    assert_eq!(script.decide(), []);
    assert_eq!(script.fates(), [(key, Fate::accepted())]);
    script.commit(11, vec![]);
    script.tip();
    assert_eq!(script.state.errands(5), [Errand::Check(key)]);
    script.hear(Input::Checked(key, Ok(())));
    assert_eq!(script.only().deed, Deed::Settle { proofs: vec![key] });
}

#[test]
fn a_poisoned_proof_is_dropped_and_the_others_go_on() {
    let mut script = Script::new();
    script.commit(1, vec![opened(1, 2, 900), opened(2, 2, 900)]);
    script.commit(2, [awarded(1, ALICE, 500), awarded(2, ALICE, 500)].concat());
    script.tip();
    let good = script.verified(id(1), 500);
    let bad = Proof::new(id(2), ALICE, vec![0], START + 500, 2);
    script.hear(Input::Proof(bad.clone()));
    assert_eq!(script.state.errands(9), [Errand::Check(bad.key)]);
    script.hear(Input::Checked(bad.key, Err(no("ProofRefused"))));
    assert_eq!(script.fates(), [(bad.key, Fate::rejected("the verifier says no"))]);
    assert_eq!(script.only().deed, Deed::Settle { proofs: vec![good] });
    // The prover finds its mistake.
    script.verified(id(2), 500);
    assert!(matches!(script.only().deed, Deed::Settle { proofs } if proofs.len() == 2));
}

#[test]
fn a_proof_left_out_of_its_batch_is_looked_at_again_or_dropped() {
    let mut script = Script::new();
    script.commit(1, vec![opened(1, 2, 900), opened(2, 2, 900)]);
    script.commit(2, [awarded(1, ALICE, 500), awarded(2, ALICE, 500)].concat());
    script.tip();
    let (first, second) = (script.verified(id(1), 500), script.verified(id(2), 500));
    let action = script.only();
    script.sent(&action);
    // ProofRefused(bytes32,uint32,bytes), with an empty reason.
    let refused =
        [&bourse_sim::abi::selector("ProofRefused(bytes32,uint32,bytes)")[..], &id(2), &word(1), &word(96), &word(0)];
    script.commit(10, vec![fulfilled(1), Event::FulfillmentRejected { id: id(2), reason: refused.concat() }]);
    script.tip();
    script.landed(&action);
    let fates = script.fates();
    assert_eq!(
        fates.iter().map(|(key, fate)| (*key, fate.status)).collect::<Vec<_>>(),
        [(first, Fated::Settled), (second, Fated::Rejected)]
    );
    assert_eq!(script.decide(), []);
}

fn word(n: u8) -> [u8; 32] {
    let mut word = [0; 32];
    word[31] = n;
    word
}

#[test]
fn what_is_too_late_or_has_no_award_any_more_is_rejected_with_a_reason() {
    let mut script = Script::new();
    script.commit(1, vec![opened(1, 2, 900)]);
    script.commit(2, awarded(1, ALICE, 50));
    script.tip();
    script.verified(id(1), 50);
    script.commit(51, vec![]);
    script.tip();
    let fates = script.fates();
    assert!(fates[0].1.reason.as_ref().unwrap().contains("too late"), "{fates:?}");
    assert!(!script.decide().iter().any(|action| action.deed.kind() == "settle"));
}

#[test]
fn somebody_elses_settlement_counts_as_well() {
    let mut script = Script::new();
    script.commit(1, vec![opened(1, 2, 900)]);
    script.commit(2, awarded(1, ALICE, 500));
    script.tip();
    let other = Proof::new(id(1), ALICE, vec![4], START + 500, 2);
    script.hear(Input::Proof(other.clone()));
    script.state.errands(1);
    script.hear(Input::Checked(other.key, Ok(())));
    let same = script.verified(id(1), 500);
    // Of two valid proofs for one award, one is sent.
    assert!(matches!(script.only().deed, Deed::Settle { proofs } if proofs.len() == 1));
    script.commit(5, vec![fulfilled(1)]);
    script.tip();
    let fates: Vec<_> = script.fates().into_iter().map(|(key, fate)| (key, fate.status)).collect();
    assert!(fates.contains(&(same, Fated::Settled)) && fates.contains(&(other.key, Fated::Rejected)), "{fates:?}");
}

#[test]
fn a_proof_that_was_settled_while_it_was_handed_in_is_settled() {
    let mut script = Script::new();
    script.commit(1, vec![opened(1, 2, 900)]);
    script.commit(2, awarded(1, ALICE, 500));
    script.commit(5, vec![fulfilled(1)]);
    let same = Proof::new(id(1), ALICE, id(1).to_vec(), START + 500, 2);
    let other = Proof::new(id(1), ALICE, vec![4], START + 500, 2);
    script.hear(Input::Proof(same.clone()));
    script.hear(Input::Proof(other.clone()));
    script.tip();
    let fates = script.fates();
    let status = |key| fates.iter().find(|(of, _)| *of == key).map(|(_, fate)| (fate.status, fate.block));
    assert_eq!(status(same.key), Some((Fated::Settled, Some(3))));
    assert_eq!(status(other.key), Some((Fated::Rejected, None)));
    script.revert();
    assert!(script.fates().contains(&(same.key, Fate::accepted())), "its settlement was taken back");
}

#[test]
fn a_batch_from_before_a_crash_is_waited_for_if_it_was_sent_and_made_anew_if_not() {
    for sent in [true, false] {
        let mut script = Script::new();
        let proof = Proof::new(id(1), ALICE, id(1).to_vec(), START + 500, 2);
        script.hear(Input::Kept(proof.clone(), Some("1/07/settle".to_owned())));
        script.commit(1, vec![opened(1, 2, 900)]);
        script.commit(2, awarded(1, ALICE, 500));
        script.tip();
        assert_eq!(script.state.errands(9), [], "nothing before it is known what was sent");
        let underway = if sent { vec!["1/07/settle".to_owned()] } else { Vec::new() };
        script.hear(Input::Underway(underway));
        let errands = script.state.errands(9);
        assert_eq!(errands, if sent { vec![] } else { vec![Errand::Check(proof.key)] });
        assert_eq!(script.state.pending().count(), usize::from(sent));
    }
}
