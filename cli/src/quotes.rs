//! Quotes: what provers ask for a request that has not entered, and which of them is taken.

use std::time::Duration;

use anyhow::{Result, bail};
use bourse_chain::call::{self, Order};
use bourse_chain::http::{Response, StatusCode};
use bourse_chain::wire::{Inquiry, QUOTE_PATH, Quote};
use bourse_chain::{Call, Key, http};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::amount;
use crate::record::Record;
use crate::session::Session;

/// How long a prover may take for its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two times that a prover is asked the same.
const PAUSE: Duration = Duration::from_secs(1);
/// The most bytes of an answer that are looked at.
const MOST: u64 = 16 * 1024;

/// The quote that is taken, and what all provers said.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Opens the request with it, in one transaction of its requester.
    pub call: Call,
    /// For programs.
    pub json: Value,
}

/// What came of asking one prover.
struct Answer {
    url: String,
    quote: Result<Quote, String>,
}

/// Asks the provers at `urls`, all at once, and takes the cheapest quote that the market would take now; of equals the one asked first.
///
/// # Errors
/// What each of them said, if there is none to take.
pub async fn choose(session: &Session, key: &Key, record: &Record, urls: &[String]) -> Result<Chosen> {
    let now = session.node.head().await?.time;
    let token = session.node.token(record.request.token).await?;
    let mut answers = collect(session, record, urls, now).await;
    let said = |answer: &Answer| match &answer.quote {
        Ok(Quote { bid, .. }) => {
            let (price, left) = (amount::show(bid.price, &token), bid.valid_until - now);
            format!("{}: {price} by {}, for {left} s", answer.url, amount::address(bid.prover))
        }
        Err(why) => format!("{}: none: {why}", answer.url),
    };
    let mut order: Vec<usize> = (0..answers.len()).filter(|i| answers[*i].quote.is_ok()).collect();
    order.sort_by_key(|i| answers[*i].quote.as_ref().map_or(u128::MAX, |quote| quote.bid.price));
    let mut taken = None;
    for i in order {
        let Ok(quote) = &answers[i].quote else { continue };
        let call = open_with(record, quote);
        match session.node.simulate(key.address(), &call).await {
            Ok(_) => {
                taken = Some((i, quote.clone(), call));
                break;
            }
            Err(error) => answers[i].quote = Err(format!("the market would not take it: {error}")),
        }
    }
    for answer in &answers {
        session.out.say(format!("quote      {}", said(answer)))?;
    }
    let Some((i, quote, call)) = taken else {
        let all: Vec<String> = answers.iter().map(said).collect();
        bail!("no quote can be taken, and nothing was sent:\n{}", all.join("\n"));
    };
    let valid = answers.iter().filter(|answer| answer.quote.is_ok()).count();
    let price = amount::show(quote.bid.price, &token);
    session.out.say(format!("taken      {}: {price} is the least of {valid} that can be taken", answers[i].url))?;
    let each = |answer: &Answer| match &answer.quote {
        Ok(quote) => json!({ "url": answer.url, "quote": quote.json() }),
        Err(why) => json!({ "url": answer.url, "error": why }),
    };
    let json = json!({ "taken": answers[i].url, "answers": answers.iter().map(each).collect::<Vec<_>>() });
    Ok(Chosen { call, json })
}

/// The answers, in the order of `urls`.
async fn collect(session: &Session, record: &Record, urls: &[String], now: u64) -> Vec<Answer> {
    let inquiry = Inquiry { request: record.request.clone(), input: record.input.clone() }.json();
    let mut asking = JoinSet::new();
    for (i, url) in urls.iter().cloned().enumerate() {
        let (inquiry, domain, request) = (inquiry.clone(), session.domain.clone(), record.request.clone());
        asking.spawn(async move {
            let quote = ask(&url, &inquiry).await;
            let check =
                |quote: Quote| quote.check(&domain, &request, now).map(|()| quote).map_err(|why| why.to_string());
            (i, Answer { url, quote: quote.and_then(check) })
        });
    }
    let mut answers = asking.join_all().await;
    answers.sort_by_key(|(i, _)| *i);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Asks again while it may be otherwise later: a node is a moment behind the chain that knows of a deposit.
async fn ask(url: &str, inquiry: &Value) -> Result<Quote, String> {
    let url = format!("{}{QUOTE_PATH}", url.trim_end_matches('/'));
    let client = http::client(&url, PATIENCE)?;
    let until = Instant::now() + PATIENCE;
    loop {
        let request = client.post(&url).header("content-type", "application/json").body(inquiry.to_string());
        let answer = request.send().await.map_err(|error| error.to_string())?;
        if answer.status() != StatusCode::TOO_MANY_REQUESTS || until <= Instant::now() {
            return read(answer).await;
        }
        sleep(PAUSE).await;
    }
}

async fn read(answer: Response) -> Result<Quote, String> {
    let status = answer.status();
    if answer.content_length().is_none_or(|length| MOST < length) {
        return Err(format!("its answer has {:?} bytes, want at most {MOST}", answer.content_length()));
    }
    let text = answer.text().await.map_err(|error| error.to_string())?;
    let json: Value = serde_json::from_str(&text).map_err(|error| format!("{status}, which is no JSON: {error}"))?;
    if status.is_success() {
        return Quote::read(&json).map_err(|error| error.to_string());
    }
    let part = |name: &str| json.get(name).map(Value::to_string).unwrap_or_default();
    let why = json.get("error").and_then(Value::as_str).unwrap_or(status.as_str());
    Err(format!("{why}; have {}, want {}", part("have"), part("want")))
}

fn open_with(record: &Record, quote: &Quote) -> Call {
    let order = Order {
        request: record.request.clone(),
        input: record.input.clone(),
        bid: quote.bid.clone(),
        prover_signature: quote.signature.clone(),
        ..Order::default()
    };
    call::bid(&[order])
}
