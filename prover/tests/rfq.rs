//! What the prover bids on requests for quotes, against the twin, without a chain.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bidders;

use bourse_prover::bid::{
    Bidder, Decision, Opening, Reason, Rule, Terms, capacity::Schedule, cost::Tariff, decide, rfq::offer,
};
use bourse_sim::{
    Id, Time, Wei,
    ask::{Actor, Answer, Ask, Cause, MoveKind, Refusal, Status},
    mechanisms::{
        Mechanism,
        rfq::{Rfq, RfqParams, quote},
    },
    request::Request,
};

const ONE: Wei = 1_000_000_000_000;
const OPENED: Time = 1_000;

fn params() -> RfqParams {
    RfqParams {
        exclusivity: 60,
        override_bps: 100,
        patience: 300,
        start_bps: 8_000,
        deposit_bps: 10_000,
        deposit_floor: 1,
        standbys: 1,
    }
}

fn request() -> Request {
    Request { max_price: ONE, bond: 10, deadline: OPENED + 2_000, window: 300, work: 1, ..Request::default() }
}

fn bidder(number: u8, cost: Wei, schedule: &Schedule) -> Bidder<'_> {
    bidders::bidder(number, cost, 500, schedule)
}

fn ask(words: &[Id], now: Time, bidder: &Bidder<'_>, cause: Cause, price: Wei) -> Result<Answer, Refusal> {
    Rfq.step(&Ask {
        cause,
        status: Status::Open,
        request: request(),
        opened_at: OPENED,
        time: now,
        actor: Actor { prover: bidder.account, free: bidder.stake, ..Actor::default() },
        price,
        params: params().encode(),
        words: words.to_vec(),
        ..Ask::default()
    })
}

fn choose(words: &[Id], now: Time, bidder: &Bidder<'_>) -> Result<Decision, Reason> {
    let request = request();
    let rule = Rule::Rfq(params());
    decide(&Opening { id: [1; 32], request: &request, rule, opened_at: OPENED, holds: 0, words }, bidder, now)
}

fn unquoted(bidder: &Bidder<'_>) -> Vec<Id> {
    ask(&[Id::default(); 2], OPENED, bidder, Cause::Opened, 0).unwrap().words
}

fn terms(decision: Decision) -> Terms {
    match decision {
        Decision::Take(terms) | Decision::Lower(terms) => terms,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_quote_can_be_honoured_whenever_it_is_brought() {
    let idle = Schedule::default();
    let until = OPENED + 30;
    let ask =
        |params: RfqParams, request: Request, bidder: &Bidder<'_>| offer(&params, &request, bidder, OPENED, until);
    let me = bidder(1, ONE / 4, &idle);
    let terms = ask(params(), request(), &me).unwrap();
    assert_eq!((terms.valid_until, terms.max_bond), (until, 10));
    assert!(ONE / 4 <= terms.price && terms.price <= ONE, "{}", terms.price);
    assert_eq!(terms.load.release, OPENED + 60, "it is only held until then");
    // Brought at the last moment, it is settled a minute later, and the deadline is then too near for the proof.
    let short = Request { deadline: until + 60 + 20, ..request() };
    assert!(matches!(ask(params(), short, &me), Err(Reason::TooLate { .. } | Reason::Late(_))));
    let dear = Bidder { tariff: Some(Tariff { fixed: ONE + 1, ..Tariff::default() }), ..me.clone() };
    assert_eq!(ask(params(), request(), &dear), Err(Reason::Price { have: ONE, want: ONE + 1 }));
    let full = Bidder { seats: 0, ..me.clone() };
    assert_eq!(ask(params(), request(), &full), Err(Reason::Seats));
    let held = RfqParams { deposit_floor: 90, ..params() };
    let poor = Bidder { stake: 89, ..me.clone() };
    assert_eq!(ask(held, request(), &poor), Err(Reason::Stake { have: 89, want: 90 }));
    assert!(ask(RfqParams { exclusivity: 0, ..held }, request(), &poor).is_ok(), "nothing is held then");
}

#[test]
fn an_override_goes_a_step_below_and_not_below_cost() {
    let free = Schedule { parallel: 1, ..Schedule::default() };
    let rival = bidder(2, 0, &free);
    let words = ask(&[Id::default(); 2], OPENED, &rival, Cause::Bid, ONE / 2).unwrap().words;
    let me = bidder(1, ONE / 4, &free);
    let decision = choose(&words, OPENED + 10, &me).unwrap();
    assert!(matches!(decision, Decision::Lower(_)), "{decision:?}");
    let terms = terms(decision);
    assert_eq!(terms.price, ONE / 2 * 99 / 100);
    assert_eq!(terms.profit, terms.price - ONE / 4);
    assert_eq!(terms.valid_until, OPENED + 59, "void before it would mean something else");
    let words = ask(&words, OPENED + 10, &me, Cause::Bid, terms.price).unwrap().words;
    assert_eq!(quote(&words[0]).unwrap().0, me.account);
    assert_eq!(choose(&words, OPENED + 11, &me), Ok(Decision::Wait(OPENED + 60)));

    let dear = bidder(3, ONE / 2, &free);
    assert!(matches!(choose(&words, OPENED + 11, &dear), Err(Reason::Price { .. })));
}

#[test]
fn an_unquoted_request_is_bid_on_up_to_its_start_and_taken_later() {
    let free = Schedule { parallel: 1, ..Schedule::default() };
    let me = bidder(1, ONE / 4, &free);
    let words = unquoted(&me);
    assert!(matches!(choose(&words, OPENED + 1, &me), Ok(Decision::Lower(_))));
    let decision = choose(&words, OPENED + 60, &me).unwrap();
    assert!(matches!(decision, Decision::Take(_)), "{decision:?}");
    let terms = terms(decision);
    assert!(ONE / 4 <= terms.price && terms.price <= params().start(ONE), "{terms:?}");
    let answer = ask(&words, OPENED + 60, &me, Cause::Bid, terms.price).unwrap();
    assert_eq!(answer.moves[0].kind, MoveKind::Award);
    assert_eq!(choose(&words, OPENED + 301, &me), Err(Reason::TooLate { now: OPENED + 301, last: OPENED + 300 }));
    let dear = bidder(3, ONE, &free);
    assert!(matches!(choose(&words, OPENED + 1, &dear), Err(Reason::Price { .. })));
}

#[test]
fn what_a_requester_did_not_bring_is_not_bid_on() {
    let free = Schedule { parallel: 1, ..Schedule::default() };
    let me = bidder(1, ONE / 4, &free);
    assert!(matches!(choose(&[Id::default(); 2], OPENED, &me), Err(Reason::TooLate { .. })));
    assert!(matches!(choose(&[], OPENED, &me), Err(Reason::TooLate { .. })));
}

#[test]
fn a_quote_that_is_held_needs_its_stake() {
    let free = Schedule { parallel: 1, ..Schedule::default() };
    let me = Bidder { stake: 9, ..bidder(1, ONE / 4, &free) };
    let words = unquoted(&me);
    assert_eq!(choose(&words, OPENED + 1, &me), Err(Reason::Stake { have: 9, want: 10 }));
}
