//! Where requesters ask for quotes: `POST /v1/quote`, in the words of [`bourse_chain::wire`]. An inquiry is looked at here, whether it can be
//! proven too; what it costs, and whether there is room for it, the loop says.

use std::time::Duration;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    routing::post,
};
use bourse_chain::{
    Domain,
    wire::{Inquiry, QUOTE_PATH, Quote},
};
use bourse_sim::{Account, Id, abi::keccak, request::Request};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    backend::{Job, MAX_INPUT, author},
    config::QuotingSettings,
    door::{Meter, Refusal},
    workshop::Workshop,
};

/// Inquiries that may wait for the loop.
pub const WAITING: usize = 16;
/// How long the loop may take.
const PATIENCE: Duration = Duration::from_secs(3);
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

/// Who looks at inquiries.
#[derive(Clone)]
pub struct Desk {
    workshop: Workshop,
    domain: Domain,
    prover: Account,
    inbox: mpsc::Sender<Question>,
    meter: Meter,
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
        Self { workshop, domain, prover, inbox, meter: Meter::new(settings.per_minute) }
    }

    /// What is asked, answered.
    ///
    /// # Errors
    /// Why there is no quote.
    pub async fn ask(&self, body: &[u8]) -> Result<Quote, Refusal> {
        self.meter.count()?;
        let malformed = |error: String| Refusal::malformed(error, body, "{\"request\": …, \"input\": \"0x…\"}");
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
}

/// Serves inquiries once there is a desk.
pub fn router(desk: watch::Receiver<Option<Desk>>) -> Router {
    // Two hex digits a byte.
    let limit = DefaultBodyLimit::max(2 * MAX_INPUT + FRAME);
    Router::new().route(QUOTE_PATH, post(inquire)).layer(limit).with_state(desk)
}

async fn inquire(State(desk): State<watch::Receiver<Option<Desk>>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let Some(desk) = desk.borrow().clone() else {
        return Err(Refusal::starting());
    };
    desk.ask(&body).await.map(|quote| Json(quote.json()))
}
