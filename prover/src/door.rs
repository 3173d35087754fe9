//! How whoever asks over HTTP is turned away: with what was there and what would be right, and when too many come.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

/// A no, with what was there and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    error: String,
    have: Value,
    want: Value,
}

/// How many come in a minute. Clones share.
#[derive(Clone, Debug)]
pub struct Meter {
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

    /// It cannot be read.
    pub fn malformed(error: impl Into<String>, body: &[u8], want: &str) -> Self {
        let have: String = String::from_utf8_lossy(body).chars().take(80).collect();
        Self::with(StatusCode::BAD_REQUEST, error, have, want)
    }

    /// Nobody is there to answer yet.
    pub fn starting() -> Self {
        Self::with(StatusCode::SERVICE_UNAVAILABLE, "not ready", "starting", "see /readyz")
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

impl Meter {
    /// Lets `per_minute` in.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, minute: Arc::new(Mutex::new((Instant::now(), 0))) }
    }

    /// Counts one.
    ///
    /// # Errors
    /// That it is one too many.
    pub fn count(&self) -> Result<(), Refusal> {
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
