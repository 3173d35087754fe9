//! What a decision promises: limits first, no change without gain, a reason that adds up, the same again for the same evidence.

use bourse_sim::ask::CAP_SEALED;
use bourse_sim::qos::evidence::{Ledger, Origin, Residual};
use bourse_sim::qos::explain::Reason;
use bourse_sim::qos::menu::menu;
use bourse_sim::qos::predict::Outlook;
use bourse_sim::qos::retune;
use bourse_sim::qos::select::{Candidate, Lane, Limit, Pace, decide, refused};
use bourse_sim::qos::terms::{Attribute, PRESETS, Terms, Wish};
use bourse_sim::qos::utility::{Delivery, Traits, contributions, grade};

use crate::world::{USUAL, job, outlooks};

fn candidates(outlooks: &[Outlook]) -> Vec<Candidate<'_>> {
    let name = |outlook: &Outlook| outlook.rule.name();
    let family = |outlook: &Outlook| outlooks.iter().position(|other| name(other) == name(outlook)).unwrap() as u32;
    let numbered = outlooks.iter().enumerate();
    numbered.map(|(i, outlook)| Candidate { instance: i as u32, family: family(outlook), outlook }).collect()
}

fn terms(name: &str) -> Terms {
    let mut terms = PRESETS.iter().find(|preset| preset.name == name).unwrap().terms(USUAL);
    terms.limits.time = job().deadline;
    terms
}

#[test]
fn grades_are_what_the_requester_says_they_are() {
    let wish = Wish { weight: 1.0, best: 10.0, worst: 30.0 };
    assert_eq!([5.0, 10.0, 20.0, 30.0, 99.0].map(|have| grade(&wish, have)), [1.0, 1.0, 0.5, 0.0, 0.0]);
    let all: f64 = PRESETS.iter().map(|preset| (preset.weights.iter().sum::<f64>() - 1.0).abs()).sum();
    assert!(all < 1e-9, "weights add up to 1");
}

#[test]
fn utility_is_the_weighted_mean_of_worths() {
    let mut terms = Terms::around(USUAL).weighing([1.0, 1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0]);
    terms.limits.time = 400;
    *terms.wishes.first_mut().unwrap() = Wish { weight: 0.25, best: 0.0, worst: 10.0 };
    let deliveries = [
        Delivery { done: true, price: 5.0, time: 30.0, winner: 1 },
        Delivery { done: false, price: 0.0, time: 50.0, winner: 0 },
    ];
    let parts = contributions(&terms, &Traits::default(), &deliveries, None);
    // Half the cost's span and no more than the best time in one of two; without a proof nothing is earned, and time runs to the end.
    assert_eq!(parts[Attribute::Cost as usize], 0.25 * 0.25);
    assert_eq!(parts[Attribute::Latency as usize], 0.25 * 0.5);
    assert_eq!(parts[Attribute::Completion as usize], 0.5 * 0.5);
    let certain = contributions(&terms, &Traits::default(), &deliveries, Some(1.0));
    assert_eq!(certain[Attribute::Completion as usize], 0.5);
    assert_eq!(certain[Attribute::Cost as usize], 0.25 * 0.5);
}

#[test]
fn different_wishes_lead_to_different_rules() {
    let outlooks = outlooks(300);
    let routed = |name: &str| {
        let terms = terms(name);
        let record = decide(&terms, &Lane::default(), &candidates(&outlooks), &Ledger::default(), &Pace::default());
        let record = record.unwrap_or_else(|refused| panic!("{name}: {refused:?}"));
        let chosen = &outlooks[record.to as usize];
        assert!(refused(&terms, chosen).is_empty(), "{name}: limits hold by the mechanism's own word");
        chosen.rule.name()
    };
    let names: std::collections::BTreeSet<_> = PRESETS.iter().map(|preset| routed(preset.name)).collect();
    assert!(names.len() >= 3, "{names:?}");
    assert!(outlooks[0].envelope.capabilities & terms("steady").limits.capabilities != 0);
}

#[test]
fn what_cannot_be_had_is_said_with_what_can() {
    let outlooks = outlooks(20);
    let all = candidates(&outlooks);
    let ask = |terms: &Terms| decide(terms, &Lane::default(), &all, &Ledger::default(), &Pace::default());
    let mut hasty = terms("cheap");
    hasty.limits.time = 100;
    let refusal = ask(&hasty).unwrap_err();
    assert!(!refusal.together);
    let nearest = refusal.nearest[0];
    assert_eq!((nearest.limit, nearest.want), (Limit::Time, 100.0));
    hasty.limits.time = nearest.have as u64;
    assert!(ask(&hasty).is_ok(), "the nearest that was named is attainable");

    let mut picky = hasty;
    (picky.limits.time, picky.limits.capabilities, picky.limits.standbys) = (10, CAP_SEALED, 9);
    assert!(ask(&picky).unwrap_err().together, "no limit alone is in the way");
}

#[test]
fn a_lane_changes_for_a_gain_only_and_not_too_often() {
    let outlooks = outlooks(300);
    let all = candidates(&outlooks);
    let terms = terms("cheap");
    let (ledger, pace) = (Ledger::default(), Pace::default());
    let best = decide(&terms, &Lane::default(), &all, &ledger, &pace).unwrap();
    assert_eq!((best.reason, best.from), (Reason::First, None));
    let next = best.runner_up.unwrap().0;
    let at = |current, since, pace: &Pace| {
        decide(&terms, &Lane { current: Some(current), since, ..Lane::default() }, &all, &ledger, pace).unwrap()
    };
    let close = Pace { least_gain: 1.0, ..pace };
    assert_eq!((at(next, 99, &close).reason, at(next, 99, &close).to), (Reason::Marginal, next));
    let eager = Pace { least_gain: 0.0, ..pace };
    assert_eq!((at(next, 2, &eager).reason, at(next, 2, &eager).to), (Reason::Cooldown, next));
    let moved = at(next, 5, &eager);
    assert_eq!((moved.reason, moved.to, moved.from), (Reason::Better, best.to, Some(next)));
    let gain: f64 = moved.gains.iter().sum();
    assert!((gain - (moved.value() - (at(next, 99, &close).value()))).abs() < 1e-12, "gains add up");
    assert!((0.5..=1.0).contains(&moved.confidence), "{}", moved.confidence);
}

#[test]
fn evidence_moves_a_lane_and_the_record_can_be_recomputed() {
    let outlooks = outlooks(200);
    let all = candidates(&outlooks);
    let terms = terms("cheap");
    let fresh = decide(&terms, &Lane::default(), &all, &Ledger::default(), &Pace::default()).unwrap();
    let chosen = all[fresh.to as usize];
    let mut ledger = Ledger::default();
    for n in 0..200 {
        let origin = Origin { requester: n, winner: n, family: chosen.family, instance: chosen.instance };
        ledger.observe(origin, &Residual { of: [Some(0.6), Some(0.6), Some(-0.1)] });
    }
    let lane = Lane { current: Some(fresh.to), since: 60, ..Lane::default() };
    let once = decide(&terms, &lane, &all, &ledger, &Pace::default()).unwrap();
    assert_ne!(once.to, fresh.to, "dearer, slower and less sure than it was thought to be");
    let again = decide(&terms, &lane, &candidates(&self::outlooks(200)), &ledger, &Pace::default()).unwrap();
    assert_eq!(once, again);
    let bits = |parts: &[f64; 8]| parts.map(f64::to_bits);
    assert_eq!(bits(&once.parts), bits(&again.parts), "bit for bit");
}

#[test]
fn one_more_instance_does_not_reorder_the_others() {
    let outlooks = outlooks(60);
    let all = candidates(&outlooks);
    let terms = terms("fast");
    let full = decide(&terms, &Lane::default(), &all, &Ledger::default(), &Pace::default()).unwrap();
    let without: Vec<_> = all.iter().copied().filter(|c| c.instance == full.to || c.instance % 2 == 0).collect();
    let less = decide(&terms, &Lane::default(), &without, &Ledger::default(), &Pace::default()).unwrap();
    assert_eq!((full.to, full.parts), (less.to, less.parts));
}

#[test]
fn retuning_takes_small_steps_one_at_a_time() {
    let rules = menu(USUAL, &job());
    for (from, to) in [(3, 6), (7, 9), (0, 2), (16, 17), (20, 23)] {
        let (mut rule, goal) = (rules[from], rules[to]);
        let mut steps = 0;
        while let Some(next) = retune::step(&rule, &goal, 0.1) {
            let (before, after) = (rule.params(), next.params());
            let changed = before.chunks(32).zip(after.chunks(32)).filter(|(a, b)| a != b).count();
            assert_eq!(changed, 1, "one parameter at a time");
            rule = next;
            steps += 1;
            assert!(steps < 1_000, "{rule:?} does not reach {goal:?}");
        }
        assert_eq!(rule, goal);
        assert!(steps > 1);
    }
    assert_eq!(retune::step(&rules[0], &rules[5], 0.1), None, "families are not stepped between");
}
