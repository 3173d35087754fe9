//! A keeper as others see it: a process, and an HTTP interface.

use std::path::Path;
use std::time::{Duration, Instant};

use bourse_chain::http;
use bourse_keeper::text;
use bourse_sim::{Account, Id};
use serde_json::{Value, json};

use super::{KEEPER, World};

/// A keeper as a process of its own, which can be killed.
pub(crate) struct Process {
    child: std::process::Child,
    pub(crate) desk: Desk,
}

impl Process {
    pub(crate) fn start(world: &World, data: &Path, port: u16) -> Self {
        Self::behind(&world.url(), world, data, port)
    }

    /// Which reaches the node at `url`.
    pub(crate) fn behind(url: &str, world: &World, data: &Path, port: u16) -> Self {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(data.join("keeper.log")).unwrap();
        let child = std::process::Command::new(env!("CARGO_BIN_EXE_keeper"))
            .args(["run", "--rpc", url, "--market", &text::account(&world.market), "--poll", "50"])
            .args(["--data", data.to_str().unwrap(), "--listen", &format!("127.0.0.1:{port}")])
            .env("KEEPER_PRIVATE_KEY", world.secret(KEEPER))
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, desk: Desk::new(([127, 0, 0, 1], port).into()) }
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// As `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As an operator stops it; its exit code, and how long it took.
    pub(crate) fn terminate(&mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        let process = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
        (self.child.wait().unwrap().code(), began.elapsed())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// How long a keeper may take for one answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A keeper's HTTP interface.
#[derive(Clone)]
pub(crate) struct Desk {
    base: String,
    pub(crate) http: http::Client,
}

impl Desk {
    pub(crate) fn new(address: std::net::SocketAddr) -> Self {
        let base = format!("http://{address}");
        Self { http: http::client(&base, PATIENCE).unwrap(), base }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Status and body; none if there was no answer.
    pub(crate) async fn try_get(&self, path: &str) -> Option<(u16, Value)> {
        let answer = self.http.get(self.url(path)).send().await.ok()?;
        let status = answer.status().as_u16();
        let text = answer.text().await.ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.try_get(path).await.unwrap()
    }

    /// Status and body; none if there was no answer.
    pub(crate) async fn try_hand_in(&self, id: &Id, prover: &Account, proof: &[u8]) -> Option<(u16, Value)> {
        let body = json!({ "id": text::bytes(id), "prover": text::account(prover), "proof": text::bytes(proof) });
        let answer = self.http.post(self.url("/v1/proofs")).json(&body).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.ok()?))
    }

    /// Hands in until it is accepted: the keeper may not have followed the award yet.
    pub(crate) async fn hand_in(&self, id: &Id, prover: &Account, proof: &[u8]) {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let answer = self.try_hand_in(id, prover, proof).await;
            match answer {
                Some((202, _)) => return,
                _ => assert!(Instant::now() < end, "not accepted: {answer:?}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn ready(&self) {
        let end = Instant::now() + Duration::from_secs(60);
        while !matches!(self.try_get("/readyz").await, Some((200, _))) {
            assert!(Instant::now() < end, "the keeper does not get ready");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The fate of the proof for `id`, once it is not `accepted` any more.
    pub(crate) async fn fate(&self, id: &Id, patience: u64) -> Value {
        let end = Instant::now() + Duration::from_secs(patience);
        loop {
            let (_, fate) = self.get(&format!("/v1/proofs/{}", text::bytes(id))).await;
            if fate["status"] != "accepted" {
                return fate;
            }
            assert!(Instant::now() < end, "still accepted: {fate}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
