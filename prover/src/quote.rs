//! Where requesters ask for quotes: `POST /v1/quote`, in the words of [`bourse_chain::wire`]. An inquiry is looked at here, whether it can be
//! proven too; what it costs, and whether there is room for it, the loop says.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use bourse_chain::{
    Domain,
    wire::{Inquiry, QUOTE_PATH, Quote},
};
use bourse_sim::{Account, Id, abi::keccak, request::Request};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    backend::{Job, MAX_INPUT, author},
    config::QuotingSettings,
    workshop::Workshop,
};

/// Inquiries that may wait for the loop.
pub const WAITING: usize = 16;
/// How long the loop may take.
const PATIENCE: Duration = Duration::from_secs(3);
const MINUTE: Duration = Duration::from_secs(60);
/// What a request has beside its input, written in JSON.
const FRAME: usize = 4_096;

/// An inquiry that can be proven.
#[derive(Debug)]
pub struct Question {
    /// The request's id.
    pub id: Id,
    /// The request.
    pub request: Request,
    /// How long its proof takes.
    pub length: Duration,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Result<Quote, Refusal>>,
}

/// A no, with what was there and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    error: String,
    have: Value,
    want: Value,
}

/// Who looks at inquiries.
#[derive(Clone)]
pub struct Desk {
    workshop: Workshop,
    domain: Domain,
    prover: Account,
    inbox: mpsc::Sender<Question>,
    per_minute: u32,
    /// When this minute began, and how many came in it.
    minute: Arc<Mutex<(Instant, u32)>>,
}

impl Refusal {
    /// It cannot be served as it is.
    pub fn new(error: impl Into<String>, have: impl Into<Value>, want: impl Into<Value>) -> Self {
        Self::with(StatusCode::UNPROCESSABLE_ENTITY, error, have, want)
    }

    /// It might be later.
    pub fn busy(error: impl Into<String>, have: impl Into<Value>, want: impl Into<Value>) -> Self {
        Self::with(StatusCode::TOO_MANY_REQUESTS, error, have, want)
    }

    fn with(status: StatusCode, error: impl Into<String>, have: impl Into<Value>, want: impl Into<Value>) -> Self {
        Self { status, error: error.into(), have: have.into(), want: want.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, error, have, want } = self;
        (status, Json(json!({ "error": error, "have": have, "want": want }))).into_response()
    }
}

impl Desk {
    /// Takes inquiries for `prover`, and passes to `inbox` what can be proven.
    pub fn new(
        settings: &QuotingSettings,
        workshop: Workshop,
        domain: Domain,
        prover: Account,
        inbox: mpsc::Sender<Question>,
    ) -> Self {
        let minute = Arc::new(Mutex::new((Instant::now(), 0)));
        Self { workshop, domain, prover, inbox, per_minute: settings.per_minute, minute }
    }

    /// What is asked, answered.
    ///
    /// # Errors
    /// Why there is no quote.
    pub async fn ask(&self, body: &[u8]) -> Result<Quote, Refusal> {
        self.count()?;
        let malformed = |error: String| {
            Refusal::with(
                StatusCode::BAD_REQUEST,
                error,
                String::from_utf8_lossy(body).chars().take(80).collect::<String>(),
                "{\"request\": …, \"input\": \"0x…\"}",
            )
        };
        let json: Value = serde_json::from_slice(body).map_err(|error| malformed(error.to_string()))?;
        let Inquiry { request, input } = Inquiry::read(&json).map_err(|error| malformed(error.to_string()))?;
        let hash = if input.is_empty() { Id::default() } else { keccak(&input) };
        if hash != request.input {
            let [have, want] = [hash, request.input].map(hex::encode);
            return Err(Refusal::new("the input is not that of the request, by its hash", have, want));
        }
        let id = self.domain.request_id(&request);
        let job = Job {
            id: id.into(),
            author: author(id.into(), self.prover.into()),
            statement: request.statement.into(),
            input,
            work: request.work,
        };
        let backend = self.workshop.find(request.verifier, &job).await.map_err(|fault| {
            let served: Vec<u32> = self.workshop.verifiers().collect();
            Refusal::new(format!("it cannot be proven here: {fault}"), request.verifier, served)
        })?;
        let (reply, answer) = oneshot::channel();
        let length = backend.estimate(request.work);
        let busy = || Refusal::busy("the prover is busy", WAITING, "another try in a few seconds");
        self.inbox.try_send(Question { id, request, length, reply }).map_err(|_| busy())?;
        tokio::time::timeout(PATIENCE, answer).await.ok().and_then(Result::ok).unwrap_or_else(|| Err(busy()))
    }

    fn count(&self) -> Result<(), Refusal> {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        if MINUTE <= minute.0.elapsed() {
            *minute = (Instant::now(), 0);
        }
        minute.1 = minute.1.saturating_add(1);
        if minute.1 <= self.per_minute {
            return Ok(());
        }
        Err(Refusal::busy("too many inquiries in this minute", minute.1, self.per_minute))
    }
}

/// Serves inquiries once there is a desk.
pub fn router(desk: watch::Receiver<Option<Desk>>) -> Router {
    // Two hex digits a byte.
    let limit = DefaultBodyLimit::max(2 * MAX_INPUT + FRAME);
    Router::new().route(QUOTE_PATH, post(inquire)).layer(limit).with_state(desk)
}

async fn inquire(State(desk): State<watch::Receiver<Option<Desk>>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let Some(desk) = desk.borrow().clone() else {
        return Err(Refusal::with(StatusCode::SERVICE_UNAVAILABLE, "not ready", "starting", "see /readyz"));
    };
    desk.ask(&body).await.map(|quote| Json(quote.json()))
}
