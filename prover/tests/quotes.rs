//! Quotes of real provers: asked for over HTTP, and brought along to a real market.
#![expect(clippy::unwrap_used, reason = "tests")]

mod fixture;

use std::time::Duration;

use bourse_bindings::code;
use bourse_chain::{
    Domain, http,
    wire::{Inquiry, QUOTE_PATH, Quote},
};
use bourse_sim::{ask::Status, mechanisms::rfq::RfqParams};
use fixture::{CHEAP, DEAR, MAX_PRICE, Program, World, cost};
use serde_json::Value;

const STAKE: u128 = 100_000_000_000_000_000;

fn params() -> Vec<u8> {
    RfqParams { override_bps: 100, start_bps: 10_000, deposit_floor: 1, ..RfqParams::default() }.encode()
}

async fn post(prover: &Program, body: String) -> (u16, Value) {
    let url = prover.url(QUOTE_PATH);
    let client = http::client(&url, Duration::from_secs(10)).unwrap();
    let answer = client.post(url).body(body).send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

async fn quote(prover: &Program, inquiry: &Inquiry) -> Quote {
    let (status, json) = post(prover, inquiry.json().to_string()).await;
    assert_eq!(status, 200, "{json}");
    Quote::read(&json).unwrap()
}

async fn refusal(prover: &Program, inquiry: &Inquiry) -> (u16, String) {
    let (status, json) = post(prover, inquiry.json().to_string()).await;
    assert!(!json["have"].is_null() && !json["want"].is_null(), "{json}");
    (status, json["error"].as_str().unwrap().to_owned())
}

/// One transaction leads from request to award: the requester opens with the cheaper of two quotes.
#[tokio::test]
async fn a_quote_is_signed_brought_and_served() {
    let mut world = World::new().await;
    let rfq = world.host("rfq", code::RFQ, params()).await;
    let cheap = world.start(1, "");
    let mut dear = world.start(2, "");
    dear.replace(CHEAP, DEAR);
    world.restart(2, &mut dear);
    for prover in [&cheap, &dear] {
        world.until_ledger("a stake", prover, |ledger| ledger.stake == STAKE).await;
    }
    world.pass(2).await;
    let task = world.task(15);
    let inquiry = world.inquiry(rfq, &task).await;
    let quotes = [quote(&cheap, &inquiry).await, quote(&dear, &inquiry).await];
    let now = world.node.head().await.unwrap().time;
    for (quote, prover) in quotes.iter().zip([&cheap, &dear]) {
        assert_eq!(quote.check(&Domain::of(&world.node), &inquiry.request, now), Ok(()));
        assert_eq!(quote.bid.prover, prover.account);
        assert!(quote.bid.valid_until <= now + 32, "half a minute");
    }
    let [low, high] = quotes.each_ref().map(|quote| quote.bid.price);
    assert!(cost(&task) * 11 / 10 <= low && low < high && high <= MAX_PRICE, "{low} {high}");
    assert_eq!(quote(&cheap, &inquiry).await, quotes[0], "one quote is one promise");

    let [best, _] = quotes;
    let id = world.bring(inquiry, best).await;
    assert_eq!(world.state(id).await.price, low, "in the transaction that opens it");
    assert_eq!(world.winner(id).await, cheap.account);
    world.fulfilled(id).await;
    assert_eq!(world.balance(cheap.account).await, low);
    let ledger = world.node.ledger(cheap.account).await.unwrap();
    assert_eq!((ledger.stake, ledger.locked, ledger.kept, ledger.failed), (STAKE, 0, 1, 0));
}

/// A quote that stands takes the place of an award, until it is void; what cannot be served is refused with what would be right.
#[tokio::test]
async fn what_cannot_be_served_is_refused() {
    let mut world = World::new().await;
    let rfq = world.host("rfq", code::RFQ, params()).await;
    let mut prover = world.start(1, "[quoting]\nseconds = 6");
    prover.replace("concurrency = 8", "concurrency = 1");
    world.restart(1, &mut prover);
    world.until_ledger("a stake", &prover, |ledger| ledger.stake == STAKE && ledger.concurrency == 1).await;
    world.pass(2).await;
    let task = world.task(16);
    let [first, second] = [world.inquiry(rfq, &task).await, world.inquiry(rfq, &task).await];
    let early = quote(&prover, &first).await;
    assert_eq!(refusal(&prover, &second).await, (422, "all seats are taken".to_owned()));
    world.pass(9).await;
    let fresh = quote(&prover, &second).await;
    let now = world.node.head().await.unwrap().time;
    assert!(early.check(&Domain::of(&world.node), &first.request, now).is_err(), "void");
    let id = world.bring(second.clone(), fresh).await;
    world.fulfilled(id).await;
    world.pass(2).await;
    let (status, why) = refusal(&prover, &second).await;
    assert_eq!((status, why.as_str()), (422, "quotes are for requests that have not entered"));

    let posted = world.inquiry(world.posted, &task).await;
    assert_eq!(refusal(&prover, &posted).await, (422, "quotes are for another rule".to_owned()));
    let mut wrong = world.inquiry(rfq, &task).await;
    wrong.input.push(0);
    assert_eq!(refusal(&prover, &wrong).await.1, "the input is not that of the request, by its hash");
    let mut poor = world.inquiry(rfq, &task).await;
    poor.request.max_price = cost(&task);
    let (_, why) = refusal(&prover, &poor).await;
    assert!(why.contains(&format!("it pays {} at most", cost(&task))), "{why}");
    let mut elsewhere = world.inquiry(rfq, &task).await;
    elsewhere.request.verifier = world.anything;
    assert!(refusal(&prover, &elsewhere).await.1.starts_with("it cannot be proven here"));
    let mut closed = world.inquiry(rfq, &task).await;
    closed.request.version = 9;
    assert_eq!(refusal(&prover, &closed).await.1, "it could not enter");
    let (status, json) = post(&prover, "{}".to_owned()).await;
    assert_eq!((status, json["error"].as_str()), (400, Some("`request` is missing; want a request")));
    assert_eq!(world.state(id).await.status, Status::Fulfilled);
    let log = prover.stop();
    assert!(log.contains("the quote was not taken"), "{log}");
}

/// Who fills a node's quotes needs the money for each, and an account for every few of them.
#[tokio::test]
async fn no_requester_takes_all_quotes_and_none_without_money() {
    let mut world = World::new().await;
    let rfq = world.host("rfq", code::RFQ, params()).await;
    let prover = world.start(1, "[quoting]\nmost_each = 1");
    world.until_ledger("a stake", &prover, |ledger| ledger.stake == STAKE).await;
    world.pass(2).await;
    let task = world.task(15);
    let [first, second] = [world.inquiry(rfq, &task).await, world.inquiry(rfq, &task).await];
    let mut stranger = first.clone();
    stranger.request.requester = [9; 20];
    let want = "the requester has too little in the market for what this request would lock";
    assert_eq!(refusal(&prover, &stranger).await, (429, want.to_owned()));
    quote(&prover, &first).await;
    let want = "as many quotes stand for this requester as may";
    assert_eq!(refusal(&prover, &second).await, (429, want.to_owned()));
}

/// A quote that is held is overridden by a prover that nobody asked, if its work costs less; the other one stands by, and is let go.
#[tokio::test]
async fn a_quote_that_is_held_is_overridden() {
    let mut world = World::new().await;
    let params = RfqParams {
        exclusivity: 12,
        override_bps: 5_000,
        start_bps: 10_000,
        deposit_floor: 1,
        standbys: 1,
        ..RfqParams::default()
    };
    let rfq = world.host("rfq", code::RFQ, params.encode()).await;
    let mut dear = world.start(2, "");
    dear.replace(CHEAP, DEAR);
    world.restart(2, &mut dear);
    world.until_ledger("a stake", &dear, |ledger| ledger.stake == STAKE).await;
    world.pass(2).await;
    let task = world.task(18);
    let inquiry = world.inquiry(rfq, &task).await;
    let held = quote(&dear, &inquiry).await;
    let price = held.bid.price;
    let cheap = world.start(1, "");
    world.until_ledger("a stake", &cheap, |ledger| ledger.stake == STAKE).await;
    let id = world.bring(inquiry, held).await;
    assert_eq!(world.winner(id).await, cheap.account);
    assert_eq!(world.fulfilled(id).await.price, price / 2);
    world.until("no deposits", id, |state| state.holds == 0).await;
    let ledger = world.node.ledger(dear.account).await.unwrap();
    assert_eq!((ledger.stake, ledger.locked, ledger.busy), (STAKE, 0, 0));
}
