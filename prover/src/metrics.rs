//! What an operator can see: counters and gauges for Prometheus, health and readiness, over HTTP. The loop owns the numbers and
//! publishes snapshots.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use anyhow::Context;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    routing::get,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// A snapshot of what is served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// In Prometheus' text format.
    pub metrics: String,
    /// Why the prover is not ready to work; none if it is.
    pub unready: Option<String>,
}

/// Numbers by name, with `# HELP` texts.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    values: BTreeMap<(&'static str, String), f64>,
}

/// Name, type and meaning of every number.
const KNOWN: &[(&str, &str, &str)] = &[
    ("prover_head", "gauge", "Number of the block that was followed last."),
    ("prover_head_time_seconds", "gauge", "Its time, unix seconds."),
    ("prover_tip", "gauge", "1 if that is the newest block the node knows."),
    ("prover_stake", "gauge", "Stake in the market, in the smallest unit of the stake token."),
    ("prover_stake_free", "gauge", "The part of it that backs nothing."),
    ("prover_jobs", "gauge", "Jobs by stage."),
    ("prover_requests_open", "gauge", "Open requests that a backend serves."),
    ("prover_passed", "gauge", "Open requests not bid on, by reason."),
    ("prover_instances_passed", "gauge", "Instances not bid on, by reason."),
    ("prover_unprovable_total", "counter", "Requests whose input turned out not to fit them, or no backend."),
    ("prover_bids_total", "counter", "Bids sent, by kind."),
    ("prover_quotes_total", "counter", "Inquiries answered, by outcome."),
    ("prover_quotes", "gauge", "Quotes that stand."),
    ("prover_words_total", "counter", "Words of other members of committees, by topic and outcome."),
    ("prover_ended_total", "counter", "Jobs ended, by how."),
    ("prover_deliveries_total", "counter", "Proofs handed on, by way."),
    ("prover_proofs_total", "counter", "Proofs made, or not, by outcome."),
    ("prover_proving_seconds_total", "counter", "Time spent on proofs that were made."),
    ("prover_earned_total", "counter", "Prices of settled jobs, in the smallest unit of their tokens."),
    ("prover_intents_pending", "gauge", "Transactions under way."),
];

impl Metrics {
    /// Sets a number. `label` is as in `stage="awarded"`, or empty.
    pub fn set(&mut self, name: &'static str, label: impl Into<String>, value: f64) {
        self.values.insert((name, label.into()), value);
    }

    /// Adds to a number.
    pub fn add(&mut self, name: &'static str, label: impl Into<String>, value: f64) {
        *self.values.entry((name, label.into())).or_default() += value;
    }

    /// Forgets a number under all its labels.
    pub fn clear(&mut self, name: &'static str) {
        self.values.retain(|(of, _), _| *of != name);
    }

    /// A number, 0 if it was never set.
    pub fn get(&self, name: &'static str, label: &str) -> f64 {
        self.values.get(&(name, label.to_owned())).copied().unwrap_or_default()
    }

    /// In Prometheus' text format.
    pub fn render(&self) -> String {
        let mut text = String::new();
        for (name, kind, help) in KNOWN {
            let values = self.values.range((*name, String::new())..).take_while(|((of, _), _)| of == name);
            for (i, ((_, label), value)) in values.enumerate() {
                if i == 0 {
                    text += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
                }
                let label = if label.is_empty() { String::new() } else { format!("{{{label}}}") };
                text += &format!("{name}{label} {value}\n");
            }
        }
        text
    }
}

/// Serves `/metrics`, `/healthz`, `/readyz` and what `more` does until the sender of pages is gone.
///
/// # Errors
/// If the address cannot be listened at.
pub async fn serve(
    address: SocketAddr,
    pages: watch::Receiver<Page>,
    more: Router,
) -> anyhow::Result<(SocketAddr, JoinHandle<()>)> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("listening at {address}"))?;
    let address = listener.local_addr()?;
    let mut closing = pages.clone();
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(pages)
        .merge(more);
    let closed = async move { while closing.changed().await.is_ok() {} };
    let task = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(closed).await {
            tracing::error!(%error, "serving metrics");
        }
    });
    Ok((address, task))
}

/// Waits for the server to end, but not for a client that never does.
pub async fn close(server: JoinHandle<()>) {
    if tokio::time::timeout(Duration::from_secs(2), server).await.is_err() {
        tracing::warn!("a client of /metrics kept its connection open");
    }
}

async fn metrics(State(pages): State<watch::Receiver<Page>>) -> ([(header::HeaderName, &'static str); 1], String) {
    let text = pages.borrow().metrics.clone();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}

async fn ready(State(pages): State<watch::Receiver<Page>>) -> (StatusCode, String) {
    match &pages.borrow().unready {
        None => (StatusCode::OK, "ready\n".to_owned()),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rendered_under_their_names() {
        let mut metrics = Metrics::default();
        metrics.set("prover_head", "", 7.0);
        metrics.add("prover_bids_total", "kind=\"take\"", 1.0);
        metrics.add("prover_bids_total", "kind=\"take\"", 1.0);
        metrics.add("prover_bids_total", "kind=\"commit\"", 1.0);
        let text = metrics.render();
        assert!(text.contains("# TYPE prover_bids_total counter\n"), "{text}");
        assert!(text.contains("prover_bids_total{kind=\"take\"} 2\n"), "{text}");
        assert!(text.starts_with("# HELP prover_head "), "{text}");
        assert_eq!(text.matches("# TYPE").count(), 2);
    }
}
