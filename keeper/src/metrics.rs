//! What is measured, in the format of Prometheus. Not global: several keepers may run in one process.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bourse_sim::Wei;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// Blocks from a proof handed in to its settlement landed.
const LATENCY: &str = "keeper_settle_latency_blocks";
/// Seconds that the loop spent on one tip.
const TURN: &str = "keeper_turn_seconds";

/// The keeper's measurements. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// All at zero.
    ///
    /// # Errors
    /// [`BuildError`] if the exporter refuses its own settings.
    pub fn new() -> Result<Self, BuildError> {
        let blocks = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 8.0, 16.0, 32.0, 64.0];
        let seconds = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(LATENCY.to_owned()), &blocks)?
            .set_buckets_for_metric(Matcher::Full(TURN.to_owned()), &seconds)?
            .build_recorder();
        let handle = recorder.handle();
        let metrics = Self { recorder: Arc::new(recorder), handle };
        with_local_recorder(&*metrics.recorder, || {
            describe_gauge!("keeper_head", "Number of the last block followed");
            describe_gauge!("keeper_lag_seconds", "Seconds between that block's time and now");
            describe_gauge!("keeper_pending", "Actions under way");
            describe_gauge!("keeper_proofs_waiting", "Proofs handed in that are neither settled nor rejected");
            describe_gauge!("keeper_requests_live", "Requests that are open, awarded or have deposits standing");
            describe_gauge!("keeper_balance_wei", "What the signer has for gas");
            describe_counter!("keeper_events_total", "Events of the market absorbed");
            describe_counter!("keeper_reverted_blocks_total", "Blocks taken back by reorgs");
            describe_counter!("keeper_actions_total", "Actions by kind and what became of them");
            describe_counter!("keeper_proofs_total", "Proofs by what became of them");
            describe_histogram!(LATENCY, "Blocks from a proof handed in to its settlement landed");
            describe_histogram!(TURN, "Seconds spent on deciding and sending at one tip");
        });
        Ok(metrics)
    }

    /// All of them, as text.
    pub fn render(&self) -> String {
        self.handle.run_upkeep();
        self.handle.render()
    }

    /// Something stands at `value`.
    pub fn set(&self, name: &'static str, value: f64) {
        with_local_recorder(&*self.recorder, || gauge!(name).set(value));
    }

    /// The signer has `balance`.
    pub fn balance(&self, balance: Wei) {
        self.set("keeper_balance_wei", balance as f64);
    }

    /// A block with `events` was followed.
    pub fn committed(&self, events: usize) {
        with_local_recorder(&*self.recorder, || counter!("keeper_events_total").increment(events as u64));
    }

    /// A block was taken back.
    pub fn reverted(&self) {
        with_local_recorder(&*self.recorder, || counter!("keeper_reverted_blocks_total").increment(1));
    }

    /// An action of `kind` came to `outcome`.
    pub fn action(&self, kind: &'static str, outcome: &str) {
        with_local_recorder(&*self.recorder, || {
            counter!("keeper_actions_total", "kind" => kind, "outcome" => outcome.to_owned()).increment(1);
        });
    }

    /// A proof was accepted, settled or rejected.
    pub fn proof(&self, status: &'static str) {
        with_local_recorder(&*self.recorder, || counter!("keeper_proofs_total", "status" => status).increment(1));
    }

    /// A proof was settled so many blocks after it was handed in.
    pub fn settled_after(&self, blocks: u64) {
        with_local_recorder(&*self.recorder, || histogram!(LATENCY).record(blocks as f64));
    }

    /// A turn of the loop took `time`.
    pub fn turn(&self, time: Duration) {
        with_local_recorder(&*self.recorder, || histogram!(TURN).record(time.as_secs_f64()));
    }
}
