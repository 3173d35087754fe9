//! Any program as a backend: SP1, RISC Zero, bb, gnark, a script, a client of a proving service.
//!
//! The program gets one JSON object on its standard input, which is then closed:
//!
//! ```json
//! {"id": "0x…", "author": "0x…", "statement": "0x…", "input": "0x…", "work": 1021}
//! ```
//!
//! and writes one to its standard output, with the proof as the request's verifier wants it:
//!
//! ```json
//! {"proof": "0x…"}
//! ```
//!
//! It ends with exit code 0, or the last of what it wrote to standard error becomes the fault. Two more programs are
//! optional and get the same object (the verifier with `"proof"` in it): one that checks a job before anybody bids, one
//! that verifies the proof. Both answer `{"ok": true}` or `{"ok": false, "why": "…"}`.
//!
//! Where the published input only says where the rest is, programs fetch that themselves. One that finds it kept back answers
//! `{"withheld": "why"}` instead: nobody bids on such a request, and members of a committee that hear so from their programs again
//! and again have its work ended at nobody's cost.
//!
//! Without a verifying program this backend cannot keep the promise of verified proofs: whoever delivers should then
//! ask the chain first.

use std::{path::PathBuf, process::Stdio, time::Duration};

use alloy::primitives::{B256, Bytes};
use async_trait::async_trait;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    sync::Semaphore,
    time::Instant,
};

use super::{Backend, Fault, Job, Pace, Proof, require_size};

/// The most bytes that an answer may have.
pub const MAX_ANSWER: usize = 4 << 20;
/// How much of the end of standard error goes into a fault.
const COMPLAINT: usize = 2048;

/// A program and its arguments. No shell is involved.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// A path, or a name to be looked up in `PATH`.
    pub program: PathBuf,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
}

/// How to prove, check and verify, and what is known of the speed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What logs and errors call this backend.
    pub name: String,
    /// Makes the proof.
    pub prove: Program,
    /// Says whether a job can be proven. Without it every job that is small enough is taken.
    #[serde(default)]
    pub check: Option<Program>,
    /// Says whether a proof is valid.
    #[serde(default)]
    pub verify: Option<Program>,
    /// The most seconds a program may take.
    pub timeout_seconds: f64,
    /// A guess, corrected by every proof: seconds for a proof of no work, and for one more unit.
    #[serde(default)]
    pub seconds: f64,
    /// See `seconds`.
    #[serde(default)]
    pub seconds_per_unit: f64,
    /// Proofs at once.
    #[serde(default = "one")]
    pub concurrency: usize,
}

fn one() -> usize {
    1
}

/// Proves by running programs.
pub struct CommandBackend {
    settings: Settings,
    timeout: Duration,
    slots: Semaphore,
    pace: Pace,
}

#[derive(Serialize)]
struct Question<'a> {
    id: B256,
    author: B256,
    statement: B256,
    input: Bytes,
    work: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<&'a Bytes>,
}

#[derive(Deserialize)]
struct Proven {
    proof: Bytes,
}

#[derive(Deserialize)]
struct Withheld {
    withheld: String,
}

#[derive(Deserialize)]
struct Verdict {
    ok: bool,
    #[serde(default)]
    why: String,
}

impl CommandBackend {
    /// # Errors
    ///
    /// If a number in the settings makes no sense.
    pub fn new(settings: Settings) -> Result<Self, Fault> {
        let seconds = |name: &str, value: f64| {
            Duration::try_from_secs_f64(value)
                .map_err(|e| Fault::Failed(format!("{name} = {value} of backend {}: {e}", settings.name)))
        };
        let timeout = seconds("timeout_seconds", settings.timeout_seconds)?;
        if timeout.is_zero() {
            return Err(Fault::Failed(format!("timeout_seconds of backend {} is 0, it must be above", settings.name)));
        }
        let fixed = seconds("seconds", settings.seconds)?;
        let pace = Pace::new(fixed, seconds("seconds_per_unit", settings.seconds_per_unit)?);
        let slots = Semaphore::new(settings.concurrency.clamp(1, Semaphore::MAX_PERMITS));
        Ok(Self { settings, timeout, slots, pace })
    }

    /// Runs a program on a job within the time limit. Whatever it started dies with it if it does not end by itself or
    /// nobody waits any more.
    async fn ask<T: DeserializeOwned>(
        &self,
        program: &Program,
        job: &Job,
        proof: Option<&Bytes>,
        want: &str,
    ) -> Result<T, Fault> {
        let Job { id, author, statement, work, .. } = *job;
        let question = Question { id, author, statement, input: job.input.clone().into(), work, proof };
        let question = serde_json::to_vec(&question).map_err(|e| Fault::Failed(e.to_string()))?;
        let answer = tokio::time::timeout(self.timeout, run(program, &question));
        let answer = answer.await.map_err(|_| Fault::TimedOut { limit: self.timeout })??;
        serde_json::from_slice(&answer).map_err(|e| {
            if let Ok(Withheld { withheld: why }) = serde_json::from_slice(&answer) {
                return Fault::Withheld { why };
            }
            let start = String::from_utf8_lossy(answer.get(..COMPLAINT.min(answer.len())).unwrap_or_default());
            let program = program.program.display();
            Fault::Failed(format!("{program} answered {start:?}, want {want} ({e})"))
        })
    }

    async fn verify(&self, job: &Job, proof: &Bytes) -> Result<(), Fault> {
        let Some(program) = &self.settings.verify else { return Ok(()) };
        let verdict: Verdict =
            self.ask(program, job, Some(proof), r#"{"ok": true} or {"ok": false, "why": "…"}"#).await?;
        if verdict.ok { Ok(()) } else { Err(Fault::Invalid(verdict.why)) }
    }
}

#[async_trait]
impl Backend for CommandBackend {
    fn name(&self) -> &str {
        &self.settings.name
    }

    async fn check(&self, job: &Job) -> Result<(), Fault> {
        require_size(&job.input)?;
        let Some(program) = &self.settings.check else { return Ok(()) };
        let verdict: Verdict = self.ask(program, job, None, r#"{"ok": true} or {"ok": false, "why": "…"}"#).await?;
        if verdict.ok { Ok(()) } else { Err(Fault::unsupported("check", verdict.why, "jobs that pass it")) }
    }

    fn estimate(&self, work: u64) -> Duration {
        self.pace.estimate(work)
    }

    async fn prove(&self, job: &Job) -> Result<Proof, Fault> {
        require_size(&job.input)?;
        let _slot = self.slots.acquire().await.map_err(|e| Fault::Failed(e.to_string()))?;
        let start = Instant::now();
        let Proven { proof } = self.ask(&self.settings.prove, job, None, r#"{"proof": "0x…"}"#).await?;
        if proof.is_empty() {
            return Err(Fault::Invalid("the program answered an empty proof, want at least one byte".into()));
        }
        self.verify(job, &proof).await?;
        self.pace.observe(job.work, start.elapsed());
        Ok(Proof(proof.into()))
    }
}

/// Kills the program and its descendants unless it has been waited for.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // After the wait the number may belong to somebody else; `id` is then none.
        let Some(group) = self.0.id().and_then(|id| i32::try_from(id).ok()) else { return };
        if let Err(e) = killpg(Pid::from_raw(group), Signal::SIGKILL) {
            tracing::debug!(group, error = %e, "a proving program was already gone");
        }
    }
}

async fn run(program: &Program, question: &[u8]) -> Result<Vec<u8>, Fault> {
    let name = program.program.display();
    let mut command = Command::new(&program.program);
    command.args(&program.args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.process_group(0).kill_on_drop(true).spawn();
    let mut group = Group(child.map_err(|e| Fault::Failed(format!("{name} does not start: {e}")))?);
    let (stdin, stdout, stderr) = (group.0.stdin.take(), group.0.stdout.take(), group.0.stderr.take());

    let write = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read its question is judged by its answer.
            if let Err(e) = stdin.write_all(question).await {
                tracing::debug!(error = %e, "a proving program did not read its question");
            }
        }
    };
    let ((), answer, complaint) = tokio::join!(write, read_start(stdout), read_end(stderr));
    let broken = |e| Fault::Failed(format!("{name}: {e}"));
    let (answer, complaint) = (answer.map_err(broken)?, complaint.map_err(broken)?);
    if answer.len() > MAX_ANSWER {
        return Err(Fault::Failed(format!("{name} answered more than {MAX_ANSWER} bytes")));
    }
    let status = group.0.wait().await.map_err(broken)?;
    if status.success() {
        return Ok(answer);
    }
    Err(Fault::Failed(format!("{name} ended with {status}, want exit code 0: {}", complaint.trim())))
}

/// Reads to the end or until the limit is passed by one byte.
async fn read_start(from: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(MAX_ANSWER as u64 + 1).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// Reads to the end and keeps the last part.
async fn read_end(from: Option<impl AsyncRead + Unpin>) -> std::io::Result<String> {
    let mut kept = Vec::new();
    let mut part = [0; 4096];
    if let Some(mut from) = from {
        loop {
            let read = from.read(&mut part).await?;
            if read == 0 {
                break;
            }
            kept.extend_from_slice(part.get(..read).unwrap_or_default());
            kept.drain(..kept.len().saturating_sub(COMPLAINT));
        }
    }
    Ok(String::from_utf8_lossy(&kept).into_owned())
}
