//! HTTP: takes proofs in, shows the state. The only file that speaks it. Everything but a proof handed in is read only.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bourse_sim::market::{instance_of, lane_at};
use bourse_sim::{Account, Id};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};

use crate::metrics::Metrics;
use crate::proof::{Fate, Proof, ProofKey, Status};
use crate::store::{Accepted, Decision, Store, StoreError};
use crate::text;
use crate::view::{RequestView, View};

/// Proofs for one award that may wait to be looked at.
const CROWD: i64 = 8;
/// How long the loop may take to look a request up.
const PATIENCE: Duration = Duration::from_secs(3);
/// Decisions shown at most.
const DECISIONS: u32 = 500;

/// What the API tells the loop.
#[derive(Debug)]
pub enum Message {
    /// A proof is on the disk.
    Proof(Proof),
    /// Until when would this proof be taken, or why not, if its request is in an open stage?
    Admit(ProofKey, oneshot::Sender<Option<Result<u64, String>>>),
    /// What is known of a request that is not in the snapshot?
    Find(Id, oneshot::Sender<Option<RequestView>>),
}

/// What the API works with.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The latest snapshot.
    pub view: watch::Receiver<Arc<View>>,
    /// The disk.
    pub store: Store,
    /// The loop.
    pub inbox: mpsc::Sender<Message>,
    /// Shown at `/metrics`.
    pub metrics: Metrics,
    /// The largest proof, in bytes.
    pub max_proof: usize,
}

/// Serves until `stop` says so, then finishes what is being answered.
///
/// # Errors
/// If the listener fails.
pub async fn serve(listener: TcpListener, desk: Desk, mut stop: watch::Receiver<bool>) -> std::io::Result<()> {
    let stopped = async move {
        // An error means that whoever could say so is gone.
        stop.wait_for(|stop| *stop).await.ok();
    };
    axum::serve(listener, router(desk)).with_graceful_shutdown(stopped).await
}

fn router(desk: Desk) -> Router {
    // Two hex digits a byte, and the other fields.
    let limit = DefaultBodyLimit::max(2 * desk.max_proof + 1024);
    Router::new()
        .route("/", get(console))
        .route("/v1/proofs", axum::routing::post(hand_in).layer(limit))
        .route("/v1/proofs/{id}", get(proof))
        .route("/v1/requests", get(requests))
        .route("/v1/requests/{id}", get(request))
        .route("/v1/instances", get(instances))
        .route("/v1/provers", get(provers))
        .route("/v1/decisions", get(decisions))
        .route("/v1/lanes", get(lanes))
        .route("/v1/lanes/{requester}/{lane}", get(lane))
        .route("/v1/status", get(status))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .fallback(async || Refusal::new(StatusCode::NOT_FOUND, "no such page", "", "a path that / links to"))
        .with_state(desk)
}

/// A no, with what was there and what would be right.
#[derive(Debug)]
struct Refusal(StatusCode, Value);

impl Refusal {
    fn new(status: StatusCode, error: &str, have: impl Into<Value>, want: impl Into<Value>) -> Self {
        Self(status, json!({ "error": error, "have": have.into(), "want": want.into() }))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "answering from the store");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the store failed", error.to_string(), "a disk that works")
    }
}

type Answer = Result<Response, Refusal>;

#[derive(Deserialize)]
struct HandedIn {
    id: String,
    prover: String,
    proof: String,
}

async fn hand_in(State(desk): State<Desk>, body: Result<Bytes, BytesRejection>) -> Answer {
    let limit = format!("at most {} bytes of proof", desk.max_proof);
    let body = body.map_err(|error| {
        let large = error.status() == StatusCode::PAYLOAD_TOO_LARGE;
        let what = if large { "the proof is too large" } else { "the body cannot be read" };
        Refusal::new(error.status(), what, error.body_text(), limit)
    })?;
    let (id, prover, bytes) = parse(&body, desk.max_proof)?;
    let view = desk.view.borrow().clone();
    let known = desk.store.fate(&id, Some(&prover)).await?;
    let due = match due(&desk, &view, ProofKey::of(id, prover, &bytes)).await {
        Ok(due) => due,
        // Told again of what is settled: the same answer.
        Err(_) if known.as_ref().is_some_and(|fate| fate.status != Status::Rejected) => {
            return Ok(accepted(&id, known.as_ref()));
        }
        Err(refusal) => return Err(refusal),
    };
    let proof = Proof::new(id, prover, bytes, due, view.head.number);
    match desk.store.accept(&proof, CROWD).await? {
        Accepted::Known => Ok(accepted(&id, desk.store.fate(&id, Some(&prover)).await?.as_ref())),
        Accepted::Crowded(waiting) => {
            let want = format!("fewer than {CROWD}; try again in a second");
            Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too many proofs wait for this award", waiting, want))
        }
        Accepted::New => {
            desk.metrics.proof(Status::Accepted.name());
            // If the loop is gone, the proof is on the disk and the next start finds it.
            desk.inbox.send(Message::Proof(proof)).await.ok();
            Ok(accepted(&id, None))
        }
    }
}

fn accepted(id: &Id, fate: Option<&Fate>) -> Response {
    let status = fate.map_or(Status::Accepted, |fate| fate.status);
    (StatusCode::ACCEPTED, Json(json!({ "id": text::bytes(id), "status": status.name() }))).into_response()
}

fn parse(body: &[u8], max_proof: usize) -> Result<(Id, Account, Vec<u8>), Refusal> {
    let bad = |error: &str, have: &str, want: &str| {
        let have: String = have.chars().take(120).collect();
        Refusal::new(StatusCode::BAD_REQUEST, error, have, want)
    };
    let form = r#"{"id":"0x…","prover":"0x…","proof":"0x…"}"#;
    let said: HandedIn =
        serde_json::from_slice(body).map_err(|error| bad("the body is not understood", &error.to_string(), form))?;
    let id = text::id_in(&said.id).ok_or_else(|| bad("id is no id", &said.id, "0x and 64 hex digits"))?;
    let prover = text::account_in(&said.prover)
        .ok_or_else(|| bad("prover is no address", &said.prover, "0x and 40 hex digits"))?;
    let proof = text::bytes_in(&said.proof)
        .ok_or_else(|| bad("proof is not hex", &said.proof, "0x and pairs of hex digits"))?;
    if proof.len() > max_proof {
        let want = format!("at most {max_proof} bytes");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the proof is too large", proof.len(), want));
    }
    Ok((id, prover, proof))
}

/// Until when a proof can be settled: an award to its author be fulfilled, or an open stage take it.
async fn due(desk: &Desk, view: &View, key: ProofKey) -> Result<u64, Refusal> {
    let (id, prover) = (key.request, key.prover);
    if !view.at_tip {
        let want = "a keeper that has caught up; try again in a second";
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "catching up", view.head.number, want));
    }
    let Some(found) = find(desk, view, id).await? else {
        return Err(unknown(&id));
    };
    if found.status == "open"
        && let Some(admitted) = asked(desk, |answer| Message::Admit(key, answer)).await?
    {
        let want = "a proof that the open stage takes from its author now";
        return admitted.map_err(|why| Refusal::new(StatusCode::CONFLICT, "the proof is not taken", why, want));
    }
    let want = text::account(&prover);
    if found.status != "awarded" {
        return Err(Refusal::new(StatusCode::CONFLICT, "the request is not awarded", found.status, "awarded"));
    }
    if found.prover.as_ref() != Some(&want) {
        return Err(Refusal::new(StatusCode::CONFLICT, "the request is awarded to another prover", want, found.prover));
    }
    let due = found.due.unwrap_or_default();
    if due < view.head.time {
        let want = format!("{due} or earlier (unix seconds)");
        return Err(Refusal::new(StatusCode::GONE, "the proof is too late", view.head.time, want));
    }
    Ok(due)
}

async fn find(desk: &Desk, view: &View, id: Id) -> Result<Option<RequestView>, Refusal> {
    if let Some(found) = view.requests.get(&id) {
        return Ok(Some(found.clone()));
    }
    asked(desk, |answer| Message::Find(id, answer)).await
}

/// What the loop answers.
async fn asked<T>(desk: &Desk, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Result<T, Refusal> {
    let (answer, answered) = oneshot::channel();
    let busy = || Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the keeper is busy", "", "another try in a second");
    desk.inbox.send(message(answer)).await.map_err(|_| busy())?;
    tokio::time::timeout(PATIENCE, answered).await.map_err(|_| busy())?.map_err(|_| busy())
}

fn unknown(id: &Id) -> Refusal {
    let want = "the id of a request that has entered this market";
    Refusal::new(StatusCode::NOT_FOUND, "unknown request", text::bytes(id), want)
}

fn id_of(path: &str) -> Result<Id, Refusal> {
    let bad = || Refusal::new(StatusCode::BAD_REQUEST, "not an id", path, "0x and 64 hex digits");
    text::id_in(path).ok_or_else(bad)
}

/// What became of the best proof for a request; `?prover=` of that prover's, where several bring theirs.
async fn proof(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Answer {
    let id = id_of(&id)?;
    let bad =
        |said: &String| Refusal::new(StatusCode::BAD_REQUEST, "not an address", said.clone(), "0x and 40 hex digits");
    let prover = query.get("prover").map(|said| text::account_in(said).ok_or_else(|| bad(said))).transpose()?;
    let Some(fate) = desk.store.fate(&id, prover.as_ref()).await? else {
        let want = "the id of a request that a proof was handed in for";
        return Err(Refusal::new(StatusCode::NOT_FOUND, "no proof", text::bytes(&id), want));
    };
    let tx = fate.transaction.map(|hash| text::bytes(&hash));
    let body = json!({
        "id": text::bytes(&id), "status": fate.status.name(), "tx": tx, "block": fate.block, "reason": fate.reason,
    });
    Ok(Json(body).into_response())
}

/// Live requests, and the last that ended; `?status=open` shows one kind, `?live` only those that can still move.
async fn requests(State(desk): State<Desk>, Query(filter): Query<HashMap<String, String>>) -> Answer {
    let view = desk.view.borrow().clone();
    let live = filter.contains_key("live");
    let status = filter.get("status");
    let known = ["open", "awarded", "fulfilled", "closed", "cancelled"];
    if let Some(status) = status.filter(|status| !known.contains(&status.as_str())) {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "no such status", status.clone(), json!(known)));
    }
    let mut shown: Vec<&RequestView> = view
        .requests
        .values()
        .filter(|request| status.is_none_or(|status| request.status == status))
        .filter(|request| !live || matches!(request.status, "open" | "awarded"))
        .collect();
    shown.sort_by_key(|request| (request.until, request.id));
    Ok(Json(json!({ "head": view.head.number, "time": view.head.time, "requests": shown })).into_response())
}

async fn request(State(desk): State<Desk>, Path(id): Path<String>) -> Answer {
    let id = id_of(&id)?;
    let view = desk.view.borrow().clone();
    let found = find(&desk, &view, id).await?;
    found.map(|request| Json(request).into_response()).ok_or_else(|| unknown(&id))
}

async fn instances(State(desk): State<Desk>) -> Response {
    Json(json!({ "instances": desk.view.borrow().instances })).into_response()
}

async fn provers(State(desk): State<Desk>) -> Response {
    Json(json!({ "provers": desk.view.borrow().provers })).into_response()
}

/// What is thought of the lanes that this keeper may route.
async fn lanes(State(desk): State<Desk>) -> Response {
    Json(json!({ "lanes": desk.view.borrow().lanes })).into_response()
}

/// What was thought of one lane, newest first; `?limit=` shows fewer or more.
async fn lane(
    State(desk): State<Desk>,
    Path((requester, lane)): Path<(String, u32)>,
    Query(query): Query<HashMap<String, String>>,
) -> Answer {
    let bad = || Refusal::new(StatusCode::BAD_REQUEST, "not an address", requester.clone(), "0x and 40 hex digits");
    let account = text::account_in(&requester).ok_or_else(bad)?;
    let verdicts = desk.store.verdicts(&(account, lane), limit(&query)?).await?;
    Ok(Json(json!({ "verdicts": verdicts })).into_response())
}

fn limit(query: &HashMap<String, String>) -> Result<u32, Refusal> {
    let said = query.get("limit").map_or("50", String::as_str);
    let limit = said.parse().ok().filter(|limit| (1..=DECISIONS).contains(limit));
    let bad = || Refusal::new(StatusCode::BAD_REQUEST, "limit is out of range", said, format!("1 to {DECISIONS}"));
    limit.ok_or_else(bad)
}

/// The last decisions with their reasons, newest first; `?limit=` shows fewer or more.
async fn decisions(State(desk): State<Desk>, Query(query): Query<HashMap<String, String>>) -> Answer {
    let decisions = desk.store.decisions(limit(&query)?).await?;
    let shown: Vec<Value> = decisions.iter().map(show).collect();
    Ok(Json(json!({ "decisions": shown })).into_response())
}

fn show(decision: &Decision) -> Value {
    let instance = decision.subject.as_ref().and_then(instance_of);
    let lane = decision.subject.as_ref().and_then(lane_at);
    let request = decision.subject.filter(|_| instance.is_none() && lane.is_none()).map(|id| text::bytes(&id));
    let lane = lane.map(|(requester, lane)| json!({ "requester": text::account(&requester), "lane": lane }));
    json!({
        "time": decision.time, "block": decision.block, "key": decision.key, "action": decision.action, "request": request,
        "instance": instance, "lane": lane, "reason": decision.reason, "outcome": decision.outcome,
    })
}

async fn status(State(desk): State<Desk>) -> Response {
    let view = desk.view.borrow().clone();
    let body = json!({
        "head": { "number": view.head.number, "hash": text::bytes(&view.head.hash), "time": view.head.time },
        "at_tip": view.at_tip,
        "lag": view.lag,
        "pending": view.pending,
        "proofs_waiting": view.waiting,
        "trouble": view.trouble,
        "chain_id": view.chain_id,
        "market": text::account(&view.market),
        "signer": text::account(&view.signer),
    });
    Json(body).into_response()
}

/// Ready: at the tip, and able to send.
async fn ready(State(desk): State<Desk>) -> Answer {
    let view = desk.view.borrow().clone();
    if let Some(trouble) = &view.trouble {
        let want = "a keeper that can send transactions";
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "in trouble", trouble.clone(), want));
    }
    if !view.at_tip {
        let have = format!("at block {}", view.head.number);
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "catching up", have, "at the newest block"));
    }
    Ok("ready\n".into_response())
}

async fn metrics(State(desk): State<Desk>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], desk.metrics.render()).into_response()
}

async fn console() -> Response {
    // Nothing but what the page itself contains, and this server.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_SECURITY_POLICY, policy), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, Html(crate::console::PAGE)).into_response()
}
