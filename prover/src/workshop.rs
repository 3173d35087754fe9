//! The backends of this prover, by the verifiers they prove for.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context;

use crate::{
    backend::{Backend, Fault, Job, Slots, circom::CircomBackend, circuit::CircuitBackend, command::CommandBackend},
    config::BackendSettings,
};

/// All that this prover can prove.
#[derive(Clone, Default)]
pub struct Workshop(BTreeMap<u32, Vec<Arc<dyn Backend>>>);

impl Workshop {
    /// Opens all backends: loads their keys and measures how fast they are. At most `parallel` proofs are made at once.
    ///
    /// # Errors
    /// The first backend that cannot be opened, and why.
    pub async fn open(settings: &[BackendSettings], parallel: usize) -> anyhow::Result<Self> {
        let slots = Slots::new(parallel);
        let mut workshop = Self::default();
        for settings in settings {
            let opened = open(settings, slots.clone()).await;
            workshop.add(
                settings.verifier,
                opened.with_context(|| format!("the backend for verifier {}", settings.verifier))?,
            );
        }
        Ok(workshop)
    }

    /// Adds a backend that proves for `verifier`.
    pub fn add(&mut self, verifier: u32, backend: Arc<dyn Backend>) {
        self.0.entry(verifier).or_default().push(backend);
    }

    /// The verifiers that can be proven for.
    pub fn verifiers(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.keys().copied()
    }

    /// Whether anything here proves for `verifier`.
    pub fn serves(&self, verifier: u32) -> bool {
        self.0.contains_key(&verifier)
    }

    /// The backends with their verifiers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &dyn Backend)> {
        self.0.iter().flat_map(|(verifier, backends)| backends.iter().map(|backend| (*verifier, &**backend)))
    }

    /// How long a proof for `verifier` takes at most, whichever backend makes it.
    pub fn estimate(&self, verifier: u32, work: u64) -> Duration {
        let backends = self.0.get(&verifier).into_iter().flatten();
        backends.map(|backend| backend.estimate(work)).max().unwrap_or_default()
    }

    /// The first backend for `verifier` that can prove `job`.
    ///
    /// # Errors
    /// Why none can: what the last of them said, or one that could if it had the input, or the first that found a fault in the
    /// request itself.
    pub async fn find(&self, verifier: u32, job: &Job) -> Result<Arc<dyn Backend>, Fault> {
        let mut last = Fault::Unsupported {
            what: "verifier",
            have: verifier.to_string(),
            want: self.verifiers().map(|verifier| verifier.to_string()).collect::<Vec<_>>().join(", "),
        };
        for backend in self.0.get(&verifier).into_iter().flatten() {
            match backend.check(job).await {
                Ok(()) => return Ok(Arc::clone(backend)),
                Err(fault @ Fault::Mismatch { .. }) => return Err(fault),
                Err(_) if matches!(last, Fault::Withheld { .. }) => {}
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }
}

async fn open(settings: &BackendSettings, slots: Slots) -> Result<Arc<dyn Backend>, Fault> {
    Ok(match (&settings.pow5, &settings.circom, &settings.command) {
        (Some(pow5), _, _) => Arc::new(CircuitBackend::open(pow5.clone(), slots).await?),
        (_, Some(circom), _) => Arc::new(CircomBackend::open(circom.clone(), slots).await?),
        (_, _, Some(command)) => Arc::new(CommandBackend::new(command.clone())?),
        _ => return Err(Fault::Failed("no kind is given".to_owned())),
    })
}
