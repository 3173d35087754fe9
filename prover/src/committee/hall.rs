//! Where members of a committee hear each other. Words are read here; what can be said to them, the loop knows.

use std::time::Duration;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    routing::post,
};
use tokio::sync::{mpsc, oneshot};

use super::Word;
use crate::door::{Meter, Refusal};

/// Where members take each other's words, below their address.
pub const PATH: &str = "/v1/committee";
/// Words that may wait for the loop.
pub const WAITING: usize = 64;
/// Words that are looked at in a minute.
const PER_MINUTE: u32 = 600;
/// How long the loop may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// The most bytes that a word has, written in JSON.
pub(super) const MAX_WORD: usize = 4_096;

/// A member's word, which wants an answer.
#[derive(Debug)]
pub struct Speech {
    /// What it says.
    pub word: Word,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Result<Word, Refusal>>,
}

/// Who takes words.
#[derive(Clone, Debug)]
pub struct Hall {
    inbox: mpsc::Sender<Speech>,
    meter: Meter,
}

impl Hall {
    /// Passes to `inbox` what can be read.
    pub fn new(inbox: mpsc::Sender<Speech>) -> Self {
        Self { inbox, meter: Meter::new(PER_MINUTE) }
    }

    /// What is said, answered.
    ///
    /// # Errors
    /// Why this member does not say the same.
    pub async fn say(&self, body: &[u8]) -> Result<Word, Refusal> {
        self.meter.count()?;
        let want = "{\"request\": …, \"rung\": …, \"topic\": …, \"said\": …, \"seat\": …, \"signature\": …}";
        let word = serde_json::from_slice(body);
        let word = word.map_err(|error| Refusal::malformed(error.to_string(), body, want))?;
        let (reply, answer) = oneshot::channel();
        let busy = || Refusal::busy("the prover is busy", WAITING, "another try in a few seconds");
        self.inbox.try_send(Speech { word, reply }).map_err(|_| busy())?;
        tokio::time::timeout(PATIENCE, answer).await.ok().and_then(Result::ok).unwrap_or_else(|| Err(busy()))
    }
}

/// Serves members.
pub fn router(hall: Hall) -> Router {
    Router::new().route(PATH, post(hear)).layer(DefaultBodyLimit::max(MAX_WORD)).with_state(hall)
}

async fn hear(State(hall): State<Hall>, body: Bytes) -> Result<Json<Word>, Refusal> {
    hall.say(&body).await.map(Json)
}
