//! How a finished proof gets to the chain: through a keeper as long as that is safe, and by this prover itself when it is
//! not. To deliver twice does no harm; not to deliver costs the bond.

use std::time::Duration;

use alloy::primitives::{Address, B256, hex};
use bourse_chain::Head;
use bourse_chain::http::{self, StatusCode};
use bourse_sim::{Account, Id, Time};
use serde::{Deserialize, Serialize};

use crate::config::DeliverySettings;

/// How long a keeper may take for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Refusals that may end: it is a block behind, or busy.
const PASSING: [StatusCode; 4] =
    [StatusCode::NOT_FOUND, StatusCode::CONFLICT, StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];

/// What the keeper has said about a proof.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Word {
    /// It was not asked yet.
    #[default]
    None,
    /// It has the proof and has not settled it.
    Accepted,
    /// It says that it is done; the chain has not said so.
    Settled,
    /// It cannot take it yet: it has not seen the award, or has too much to do.
    Later(String),
    /// It will not settle it.
    Refused(String),
    /// It does not answer, or not in a way that can be understood.
    Silent(String),
}

/// A proof on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// What the keeper said last.
    pub word: Word,
    /// The block at which it was first asked.
    pub since: Option<u64>,
    /// The block at which it was last asked.
    pub asked_at: Option<u64>,
    /// A question is out.
    pub asking: bool,
}

/// What to do next about a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Give the proof to the keeper.
    HandIn,
    /// Ask the keeper what became of it.
    Ask,
    /// Send it to the chain.
    Fulfill,
    /// Nothing for now.
    Wait,
}

impl Delivery {
    /// The next step at `head`, for a proof that is due at `due` (unix seconds).
    pub fn step(&self, settings: &DeliverySettings, due: Time, head: &Head) -> Step {
        let near = due <= head.time.saturating_add(settings.reserve_seconds);
        let waited = self.since.map_or(0, |block| head.number.saturating_sub(block));
        if settings.keeper.is_empty() || near || settings.blocks <= waited {
            return Step::Fulfill;
        }
        match &self.word {
            Word::Refused(_) | Word::Silent(_) => Step::Fulfill,
            _ if self.asking => Step::Wait,
            Word::None => Step::HandIn,
            _ if Some(head.number) <= self.asked_at => Step::Wait,
            Word::Later(_) => Step::HandIn,
            Word::Accepted | Word::Settled => Step::Ask,
        }
    }

    /// A question goes out at this block.
    pub fn ask(&mut self, block: u64) {
        self.asking = true;
        self.since.get_or_insert(block);
        self.asked_at = Some(block);
    }

    /// The keeper answered, or did not.
    pub fn hear(&mut self, word: Word) {
        self.asking = false;
        self.word = word;
    }
}

/// A keeper's HTTP API. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Keeper {
    client: http::Client,
    url: String,
}

#[derive(Serialize)]
struct Proof {
    id: B256,
    prover: Address,
    proof: String,
}

#[derive(Deserialize)]
struct Answer {
    status: Option<String>,
    reason: Option<String>,
    error: Option<String>,
}

impl Keeper {
    /// The keeper at `url`.
    ///
    /// # Errors
    /// If `url` is none of HTTP.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        let client = http::client(url, PATIENCE).map_err(anyhow::Error::msg)?;
        Ok(Self { client, url: format!("{}/v1/proofs", url.trim_end_matches('/')) })
    }

    /// Gives it a proof. May be repeated.
    pub async fn hand_in(&self, id: Id, prover: Account, proof: &[u8]) -> Word {
        let proof = Proof { id: id.into(), prover: prover.into(), proof: hex::encode_prefixed(proof) };
        answer(self.client.post(&self.url).json(&proof).send().await).await
    }

    /// Asks what became of a proof.
    pub async fn ask(&self, id: Id) -> Word {
        answer(self.client.get(format!("{}/{}", self.url, B256::from(id))).send().await).await
    }
}

async fn answer(response: Result<http::Response, http::Error>) -> Word {
    let silent = |error: http::Error| Word::Silent(error.without_url().to_string());
    let response = match response {
        Ok(response) => response,
        Err(error) => return silent(error),
    };
    let status = response.status();
    let answer: Answer = match response.json().await {
        Ok(answer) => answer,
        Err(_) => return Word::Silent(format!("status {status} without an answer that can be read")),
    };
    if !status.is_success() {
        let why = answer.error.unwrap_or_else(|| status.to_string());
        return if PASSING.contains(&status) { Word::Later(why) } else { Word::Refused(why) };
    }
    match answer.status.as_deref() {
        Some("accepted") if status.is_success() => Word::Accepted,
        Some("settled") if status.is_success() => Word::Settled,
        Some("rejected") if status.is_success() => {
            Word::Refused(answer.reason.unwrap_or_else(|| "rejected".to_owned()))
        }
        other => Word::Silent(format!("status {status}, '{}'", other.unwrap_or("nothing"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUE: Time = 1_000;

    fn settings() -> DeliverySettings {
        DeliverySettings { keeper: "http://keeper".into(), blocks: 4, reserve_seconds: 30 }
    }

    fn head(number: u64, time: Time) -> Head {
        Head { number, time, ..Head::default() }
    }

    #[test]
    fn a_keeper_that_works_is_asked_once_a_block() {
        let mut delivery = Delivery::default();
        assert_eq!(delivery.step(&settings(), DUE, &head(10, 900)), Step::HandIn);
        delivery.ask(10);
        assert_eq!(delivery.step(&settings(), DUE, &head(10, 900)), Step::Wait);
        delivery.hear(Word::Accepted);
        assert_eq!(delivery.step(&settings(), DUE, &head(10, 900)), Step::Wait);
        assert_eq!(delivery.step(&settings(), DUE, &head(11, 901)), Step::Ask);
    }

    #[test]
    fn a_keeper_that_does_not_settle_is_not_waited_for() {
        let mut delivery = Delivery::default();
        delivery.ask(10);
        delivery.hear(Word::Accepted);
        delivery.ask(12);
        delivery.hear(Word::Settled);
        assert_eq!(delivery.step(&settings(), DUE, &head(13, 903)), Step::Ask);
        assert_eq!(delivery.step(&settings(), DUE, &head(14, 904)), Step::Fulfill, "four blocks after it was asked");
    }

    #[test]
    fn a_keeper_that_is_behind_is_given_it_again_for_a_while() {
        let mut delivery = Delivery::default();
        delivery.ask(10);
        delivery.hear(Word::Later("the request is not awarded".into()));
        assert_eq!(delivery.step(&settings(), DUE, &head(10, 900)), Step::Wait);
        assert_eq!(delivery.step(&settings(), DUE, &head(11, 901)), Step::HandIn);
        delivery.ask(13);
        delivery.hear(Word::Later("the request is not awarded".into()));
        assert_eq!(delivery.step(&settings(), DUE, &head(14, 904)), Step::Fulfill);
    }

    #[test]
    fn the_due_time_is_never_missed_for_a_keeper() {
        for word in [Word::None, Word::Accepted, Word::Settled] {
            let delivery = Delivery { word, asking: true, ..Delivery::default() };
            assert_eq!(delivery.step(&settings(), DUE, &head(10, 969)), Step::Wait);
            assert_eq!(delivery.step(&settings(), DUE, &head(10, 970)), Step::Fulfill);
        }
    }

    #[test]
    fn a_keeper_that_refuses_or_is_down_is_passed_by() {
        for word in [Word::Refused("no".into()), Word::Silent("down".into())] {
            let delivery = Delivery { word, ..Delivery::default() };
            assert_eq!(delivery.step(&settings(), DUE, &head(10, 0)), Step::Fulfill);
        }
        let alone = DeliverySettings { keeper: String::new(), ..settings() };
        assert_eq!(Delivery::default().step(&alone, DUE, &head(10, 0)), Step::Fulfill);
    }
}
