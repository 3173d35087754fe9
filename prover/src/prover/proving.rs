//! Proofs: made in order of their due times, a few at once, and stored before anything else happens to them.

use std::time::{Duration, Instant};

use alloy::primitives::B256;
use bourse_sim::Id;
use tokio::task::{AbortHandle, JoinError};

use super::{Check, Prover, auction::piece};
use crate::{
    backend::{Fault, Proof},
    jobs::{Job, Stage},
};

/// What came of an attempt to prove.
pub(super) struct Proven {
    id: Id,
    took: Duration,
    result: Result<Proof, Fault>,
}

/// A proof that is being made.
pub(super) struct Running {
    started: Instant,
    length: Duration,
    task: AbortHandle,
}

/// The longest pause between two attempts.
const PAUSE: Duration = Duration::from_secs(30);

impl Running {
    /// What is probably left of it; an estimate that was too low is not believed to end at once.
    pub(super) fn left(&self) -> Duration {
        self.length.saturating_sub(self.started.elapsed()).max(self.length / 10)
    }
}

impl Prover {
    /// Begins the next proofs, and gives those up that are of no use any more.
    pub(super) async fn prove(&mut self) -> anyhow::Result<()> {
        let Some(head) = self.state.tip() else { return Ok(()) };
        let jobs = &self.jobs;
        let wanted = |id: &Id| jobs.get(id).is_some_and(|job| is_wanted(job) && head.time <= job.due);
        self.running.retain(|id, running| {
            let keep = wanted(id);
            if !keep {
                running.task.abort();
            }
            keep
        });
        while self.running.len() < self.config.proving.parallel {
            let ready = |job: &&&Job| {
                let setback = self.setbacks.get(&job.id);
                let rested = setback.is_none_or(|(_, until)| *until <= Instant::now());
                head.time <= job.due && rested && !self.table.lacks_input(&job.id)
            };
            // What is promised comes before what is a chance.
            let mut waiting = self.jobs.by_due(Stage::Awarded);
            let raced = self.jobs.by_due(Stage::Racing).into_iter();
            waiting.extend(raced.filter(|job| job.proof.is_none() && !self.running.contains_key(&job.id)));
            let next = waiting.iter().find(ready).map(|job| (**job).clone());
            let Some(job) = next else { break };
            self.begin(job, head.number).await?;
        }
        Ok(())
    }

    async fn begin(&mut self, job: Job, block: u64) -> anyhow::Result<()> {
        let Some(case) = self.state.market().request(&job.id) else { return Ok(()) };
        let (verifier, work) = (case.request.verifier, piece(job.id, case, self.state.me()));
        let (id, length, workshop) = (job.id, self.length(&job.id), self.workshop.clone());
        if job.stage != Stage::Racing {
            self.put(job.at(Stage::Proving, "being proven"), block).await?;
        }
        let task = self.proving.spawn(async move {
            let begun = Instant::now();
            let result = match workshop.find(verifier, &work).await {
                Ok(backend) => backend.prove(&work).await,
                Err(fault) => Err(fault),
            };
            Proven { id, took: begun.elapsed(), result }
        });
        self.running.insert(id, Running { started: Instant::now(), length, task });
        Ok(())
    }

    /// An attempt has ended.
    pub(super) async fn proven(&mut self, done: Result<Proven, JoinError>) -> anyhow::Result<()> {
        let Proven { id, took, result } = match done {
            Ok(proven) => proven,
            Err(error) => {
                // Given up by us, or a backend that broke down.
                let broken = self.running.iter().find(|(_, running)| running.task.id() == error.id());
                let Some((&id, running)) = broken else { return Ok(()) };
                Proven { id, took: running.started.elapsed(), result: Err(Fault::Failed(error.to_string())) }
            }
        };
        self.running.remove(&id);
        let Some(job) = self.jobs.get(&id).filter(|job| is_wanted(job)).cloned() else { return Ok(()) };
        let block = self.state.head().map_or(0, |head| head.number);
        match result {
            Ok(proof) => {
                self.metrics.add("prover_proofs_total", "outcome=\"made\"", 1.0);
                self.metrics.add("prover_proving_seconds_total", "", took.as_secs_f64());
                self.setbacks.remove(&id);
                let note = format!("proven in {:.1} s", took.as_secs_f64());
                let stage = if job.stage == Stage::Racing { Stage::Racing } else { Stage::Proved };
                self.put(Job { proof: Some(proof.0), ..job.at(stage, note) }, block).await
            }
            Err(fault) => {
                self.metrics.add("prover_proofs_total", "outcome=\"failed\"", 1.0);
                if self.table.found_withheld(&id, &fault) {
                    return self.put(job.at(Stage::Racing, fault.to_string()), block).await;
                }
                let hopeless = matches!(fault, Fault::Mismatch { .. } | Fault::Unsupported { .. });
                self.set_back(job, &fault.to_string(), hopeless).await
            }
        }
    }

    /// Puts a job whose proof went wrong back, to be tried again a little later, if there is hope.
    pub(super) async fn set_back(&mut self, job: Job, why: &str, hopeless: bool) -> anyhow::Result<()> {
        let block = self.state.head().map_or(0, |head| head.number);
        let (times, _) = self.setbacks.get(&job.id).copied().unwrap_or((0, Instant::now()));
        let hopeless = hopeless || self.config.proving.retries <= times;
        let pause = Duration::from_secs(1 << times.min(16)).min(PAUSE);
        // A day is longer than any start lasts for a job that is due before.
        let pause = if hopeless { Duration::from_secs(24 * 60 * 60) } else { pause };
        self.setbacks.insert(job.id, (times + 1, Instant::now() + pause));
        let id = B256::from(job.id);
        if hopeless {
            tracing::error!(%id, why, "no proof can be made; a bond will be lost unless somebody steps in and restarts");
        } else {
            tracing::warn!(%id, why, again_in = ?pause, "no proof yet");
        }
        let stage = if job.stage == Stage::Racing { Stage::Racing } else { Stage::Awarded };
        self.put(Job { proof: None, ..job.at(stage, why) }, block).await
    }

    /// How long the proof of a request takes.
    pub(super) fn length(&self, id: &Id) -> Duration {
        let Some(case) = self.state.market().request(id) else { return Duration::ZERO };
        match self.checks.get(id) {
            Some(Check::Fit(backend)) => backend.estimate(case.request.work),
            _ => self.workshop.estimate(case.request.verifier, case.request.work),
        }
    }
}

/// Its proof is being made, or would be.
fn is_wanted(job: &Job) -> bool {
    job.stage == Stage::Proving || job.stage == Stage::Racing && job.proof.is_none()
}
