//! Shared vectors: what the twins answer, for `test/mechanisms/Vectors.t.sol` to hold against the contracts. Written
//! with `BOURSE_WRITE_VECTORS=1`; otherwise the files have to be what the twins say now.
#![expect(clippy::unwrap_used, reason = "a test")]

mod asks;

use asks::Dice;
use bourse_sim::ask::{Answer, Ask, Move, MoveKind, Refusal};
use bourse_sim::mechanisms::{Mechanism, by_name};
use serde_json::{Value, json};

fn prefixed(bytes: Vec<u8>) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// Encoded results, and which of them are answers rather than errors.
fn results<T>(results: impl Iterator<Item = Result<T, Refusal>>, encode: impl Fn(&T) -> Vec<u8>) -> Value {
    let (ok, bytes): (Vec<bool>, Vec<String>) = results
        .map(|result| match result {
            Ok(answer) => (true, prefixed(encode(&answer))),
            Err(refusal) => (false, prefixed(refusal.encode())),
        })
        .unzip();
    json!({ "ok": ok, "bytes": bytes })
}

fn vectors(mechanism: &dyn Mechanism, asks: &[Ask]) -> Value {
    json!({
        "name": mechanism.name(),
        "asks": asks.iter().map(|ask| prefixed(ask.encode())).collect::<Vec<_>>(),
        "check": results(asks.iter().map(|ask| mechanism.check(&ask.params)), |shape| shape.encode()),
        "envelope": results(
            asks.iter().map(|ask| mechanism.envelope(&ask.params, &ask.request)), |envelope| envelope.encode()),
        "step": results(asks.iter().map(|ask| mechanism.step(ask)), Answer::encode),
    })
}

/// Every kind of answer and refusal occurs often enough to mean something.
fn assert_varied(mechanism: &dyn Mechanism, asks: &[Ask], refusals: &[&str], answers: &[&str]) {
    assert!(asks.len() >= 200);
    for wanted in refusals {
        let found =
            asks.iter().filter_map(|ask| mechanism.step(ask).err()).filter(|refusal| is(refusal, wanted)).count();
        assert!(found >= 5, "{}: only {found} times {wanted}", mechanism.name());
    }
    for wanted in answers {
        let moves =
            |ask| mechanism.step(ask).map(|answer| answer.moves.iter().map(|m| format!("{:?}", m.kind)).collect());
        let found =
            asks.iter().filter_map(|ask| moves(ask).ok()).filter(|kinds: &Vec<_>| kinds.join("+") == *wanted).count();
        assert!(found >= 5, "{}: only {found} times {wanted:?}", mechanism.name());
    }
}

fn is(refusal: &Refusal, name: &str) -> bool {
    format!("{refusal:?}").starts_with(name)
}

fn check_file(name: &str, asks: Vec<Ask>, refusals: &[&str], answers: &[&str]) {
    let mechanism = by_name(name).unwrap();
    assert_varied(mechanism, &asks, refusals, answers);
    for ask in &asks {
        assert_eq!(Ask::decode(&ask.encode()).as_ref(), Ok(ask));
        match mechanism.step(ask) {
            Ok(answer) => assert_eq!(Answer::decode(&answer.encode()), Ok(answer)),
            Err(refusal) => assert_eq!(Refusal::decode(&refusal.encode()), Ok(refusal)),
        }
    }
    let text = serde_json::to_string_pretty(&vectors(mechanism, &asks)).unwrap() + "\n";
    let path = format!("{}/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("BOURSE_WRITE_VECTORS").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let have = std::fs::read_to_string(&path).unwrap();
    assert!(have == text, "{path} is stale: run this test with BOURSE_WRITE_VECTORS=1 and look at the difference");
}

#[test]
fn posted() {
    let asks = asks::posted(&mut Dice::new(1), 210);
    check_file("posted", asks, &["TooLate", "NotYet", "Unacceptable", "Unexpected", "Malformed"], &["Award", "Close"]);
}

#[test]
fn dutch() {
    let asks = asks::dutch(&mut Dice::new(2), 220);
    check_file("dutch", asks, &["TooLate", "NotYet", "Unacceptable", "Unexpected", "Malformed"], &["Award", "Close"]);
}

#[test]
fn sealed() {
    let asks = asks::sealed(&mut Dice::new(3), 360);
    let refusals = ["TooLate", "NotYet", "Unacceptable", "InsufficientBond", "Unexpected", "Malformed"];
    let answers = ["Hold", "", "Release", "Forfeit", "Award", "Close", "Forfeit+Award", "Forfeit+Close"];
    check_file("sealed", asks, &refusals, &answers);
}

#[test]
fn english() {
    let asks = asks::english(&mut Dice::new(4), 200);
    let refusals = ["TooLate", "NotYet", "Unacceptable", "InsufficientBond", "Unexpected", "Malformed"];
    check_file("english", asks, &refusals, &["Hold", "Hold+Release", "Release", "Award", "Close", ""]);
}

#[test]
fn rfq() {
    let asks = asks::rfq(&mut Dice::new(12), 600);
    let refusals = ["TooLate", "NotYet", "Unacceptable", "InsufficientBond", "Unexpected", "Malformed"];
    check_file("rfq", asks, &refusals, &["Hold", "Hold+Release", "Release", "Award", "Close", ""]);
}

#[test]
fn race() {
    let asks = asks::race(&mut Dice::new(6), 500);
    let refusals = ["TooLate", "NotYet", "Unacceptable", "InsufficientBond", "Unexpected", "Malformed"];
    let alone = ["Reward", "Reward+Close", "Reward+Release", "Reward+Release+Close", "Close"];
    let committed = ["Release", "Release+Reward+Close", "Release+Reward+Reward+Close", "Reward+Close"];
    let answers = [&alone[..], &committed, &["Hold", "Forfeit", "Forfeit+Close", ""]].concat();
    check_file("race", asks, &refusals, &answers);
}

#[test]
fn seat() {
    let asks = asks::seat(&mut Dice::new(42), 480);
    let refusals = ["NotYet", "Unacceptable", "InsufficientBond", "Unexpected", "Malformed"];
    let answers =
        ["Hold", "Hold+Release", "Release", "", "Award", "Close", "Forfeit+Award", "Forfeit+Close", "Release+Hold"];
    check_file("seat", asks, &refusals, &answers);
}

#[test]
fn scoring() {
    let asks = asks::scoring(&mut Dice::new(16), 400);
    let refusals = ["TooLate", "NotYet", "Unacceptable", "InsufficientBond", "Unexpected", "Malformed"];
    let answers =
        ["Hold", "", "Release", "Forfeit", "Award", "Close", "Forfeit+Award", "Forfeit+Close", "Release+Close"];
    check_file("scoring", asks, &refusals, &answers);
}

#[test]
fn committee() {
    let asks = asks::committee(&mut Dice::new(5), 560);
    let refusals = ["TooLate", "NotYet", "Unacceptable", "InsufficientBond", "Unexpected", "Malformed"];
    let answers = ["Hold", "Release", "Forfeit", "Close"];
    check_file("committee", asks, &refusals, &answers);
}

#[test]
fn reserved() {
    let asks = asks::reserved(&mut Dice::new(44), 480);
    let refusals = ["NotYet", "Unacceptable", "InsufficientBond", "Unexpected", "Malformed"];
    let answers =
        ["Hold", "Hold+Release", "Release", "", "Award", "Close", "Forfeit+Award", "Forfeit+Close", "Release+Hold"];
    check_file("reserved", asks, &refusals, &answers);
}

#[test]
fn batch() {
    let asks = asks::batch(&mut Dice::new(13), 480);
    let refusals = ["TooLate", "NotYet", "Unacceptable", "InsufficientBond", "Unexpected", "Malformed"];
    let moves = |ask| by_name("batch").unwrap().step(ask).map(|answer| answer.moves).unwrap_or_default();
    let trades = |ask| moves(ask).iter().filter(|m| m.kind == MoveKind::Award).count();
    let traded = |least| asks.iter().filter(|ask| trades(ask) >= least).count();
    assert!(traded(1) >= 5 && traded(2) >= 3, "{} with trades, {} with several", traded(1), traded(2));
    check_file("batch", asks, &refusals, &["Hold", "", "Release", "Close"]);
}

#[test]
fn contest() {
    let asks = asks::contest(&mut Dice::new(9), 640);
    let refusals = ["TooLate", "NotYet", "Unacceptable", "InsufficientBond", "Unexpected", "Malformed"];
    let answers = ["Hold", "Draw", "Award", "Award+Forfeit", "Close", "Release"];
    check_file("contest", asks, &refusals, &answers);
}

#[test]
fn sortition() {
    let asks = asks::sortition(&mut Dice::new(10), 800);
    let refusals = ["TooLate", "NotYet", "Unacceptable", "InsufficientBond", "Unexpected", "Malformed"];
    check_file("sortition", asks, &refusals, &["Hold", "Hold+Release", "Release", "Draw", "Award", "Close", ""]);
}

/// How many questions lead to a move that is `wanted`.
fn leading(name: &str, asks: &[Ask], wanted: impl Fn(&Move) -> bool) -> usize {
    let moves = |ask| by_name(name).unwrap().step(ask).map(|answer| answer.moves).unwrap_or_default();
    asks.iter().filter(|ask| moves(ask).iter().any(&wanted)).count()
}

/// Questions to a modifier that is around several families.
fn check_modifier(name: &str, asks: Vec<Ask>) {
    let of = |kind| leading(name, &asks, |step| step.kind == kind);
    let (awards, rewards) = (of(MoveKind::Award), of(MoveKind::Reward));
    assert!(awards >= 50 && rewards >= 10, "{name}: {awards} with awards, {rewards} with rewards");
    let refusals = ["TooLate", "NotYet", "Unacceptable", "InsufficientBond", "Unexpected", "Malformed"];
    check_file(name, asks, &refusals, &["Award", "Hold", "Release", "Close"]);
}

#[test]
fn gas() {
    check_modifier("gas", asks::gas(&mut Dice::new(61), 720));
}

#[test]
fn grace() {
    let asks = asks::grace(&mut Dice::new(62), 720);
    let given = leading("grace", &asks, |step| step.kind == MoveKind::Award && step.due != 0);
    assert!(given >= 20, "only {given} awards with grace");
    check_modifier("grace", asks);
}

#[test]
fn spread() {
    check_modifier("spread", asks::spread(&mut Dice::new(63), 720));
}
