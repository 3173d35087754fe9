//! What people see.

use super::Prover;
use crate::{
    jobs::{Job, Stage},
    metrics::Page,
};

impl Prover {
    /// Counts a job that reaches its end.
    pub(super) fn ended(&mut self, job: &Job) {
        if !job.stage.is_final() {
            return;
        }
        self.metrics.add("prover_ended_total", format!("how=\"{}\"", job.stage), 1.0);
        if job.stage == Stage::Settled {
            self.metrics.add("prover_earned_total", "", job.price as f64);
        }
    }

    /// Publishes a snapshot.
    pub(super) async fn report(&mut self) -> anyhow::Result<()> {
        let Some(head) = self.state.head() else { return Ok(()) };
        let pending = self.executor.pending().await?.len();
        let metrics = &mut self.metrics;
        metrics.set("prover_head", "", head.number as f64);
        metrics.set("prover_head_time_seconds", "", head.time as f64);
        metrics.set("prover_tip", "", f64::from(u8::from(self.state.tip().is_some())));
        metrics.set("prover_intents_pending", "", pending as f64);
        if let Some(prover) = self.state.prover() {
            metrics.set("prover_stake", "", prover.stake as f64);
            metrics.set("prover_stake_free", "", prover.free() as f64);
        }
        let open = self.state.open().filter(|(_, case)| self.workshop.serves(case.request.verifier)).count();
        metrics.set("prover_requests_open", "", open as f64);
        metrics.clear("prover_jobs");
        for job in self.jobs.iter().filter(|job| !job.stage.is_final()) {
            metrics.add("prover_jobs", format!("stage=\"{}\"", job.stage), 1.0);
        }
        let page = Page { metrics: metrics.render(), unready: self.unready() };
        self.pages.send_if_modified(|old| {
            let new = *old != page;
            *old = page;
            new
        });
        Ok(())
    }

    fn unready(&self) -> Option<String> {
        if self.state.tip().is_none() {
            return Some("catching up with the chain".to_owned());
        }
        if self.target.difference(self.state.declared().as_ref()).is_some() {
            return Some(self.trouble.clone().unwrap_or_else(|| "its supply is not declared yet".to_owned()));
        }
        self.trouble.clone()
    }
}
