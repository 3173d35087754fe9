use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::Semaphore;

use super::Fault;

/// How many proofs this machine makes at once, over all backends that share the slots. Clones share.
#[derive(Clone, Debug)]
pub struct Slots(Arc<Semaphore>);

/// Tells running work that nobody waits for it any more.
#[derive(Clone, Debug)]
pub(super) struct Abandoned(Arc<AtomicBool>);

impl Abandoned {
    /// To be asked between the steps of long work.
    pub(super) fn check(&self) -> Result<(), Fault> {
        if self.0.load(Ordering::Relaxed) {
            Err(Fault::Failed("nobody waits for this proof any more".into()))
        } else {
            Ok(())
        }
    }
}

/// Sets the flag when the future that waits is dropped.
struct Waiting(Abandoned);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

impl Slots {
    /// At least one.
    pub fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS))))
    }

    /// Runs `work` on a blocking thread once a slot is free. If the caller stops waiting, work that has not begun never
    /// does, and work that runs keeps its slot until it ends. A panic in `work` is a fault, not a crash.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Abandoned) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(|e| Fault::Failed(e.to_string()))?;
        let abandoned = Abandoned(Arc::new(AtomicBool::new(false)));
        let _waiting = Waiting(abandoned.clone());
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            abandoned.check()?;
            work(&abandoned)
        });
        task.await.unwrap_or_else(|e| Err(Fault::Failed(format!("proving broke down: {e}"))))
    }

    /// Slots that are free now.
    pub fn free(&self) -> usize {
        self.0.available_permits()
    }
}

impl Default for Slots {
    /// One proof at a time: a single one already uses all cores.
    fn default() -> Self {
        Self::new(1)
    }
}

/// Runs `work` and says how long it took.
pub(super) fn timed<T>(work: impl FnOnce() -> Result<T, Fault>) -> Result<(T, Duration), Fault> {
    let start = std::time::Instant::now();
    let value = work()?;
    Ok((value, start.elapsed()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::{sync::mpsc, time::Duration};

    use super::*;

    #[tokio::test]
    async fn a_slot_is_kept_until_abandoned_work_ends() {
        let slots = Slots::new(1);
        let (release, gate) = mpsc::channel::<()>();
        let (started, begun) = tokio::sync::oneshot::channel();
        let first = tokio::spawn({
            let slots = slots.clone();
            async move {
                slots
                    .run(move |_| {
                        started.send(()).unwrap();
                        gate.recv().unwrap();
                        Ok(())
                    })
                    .await
            }
        });
        begun.await.unwrap();
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        assert_eq!(slots.free(), 0, "the thread still works");

        let second = slots.run(|_| Ok(7));
        let mut second = std::pin::pin!(second);
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut second).await.is_err(), "no slot yet");
        release.send(()).unwrap();
        assert_eq!(second.await, Ok(7));
    }

    #[tokio::test]
    async fn a_panic_is_a_fault() {
        let slots = Slots::new(1);
        let fault = slots.run::<()>(|_| panic!("boom")).await.unwrap_err();
        assert!(fault.is_transient() && fault.to_string().contains("boom"), "{fault}");
        assert_eq!(slots.free(), 1);
    }

    #[tokio::test]
    async fn abandoned_work_is_told() {
        let (flag, seen) = mpsc::channel();
        let (release, gate) = mpsc::channel::<()>();
        let task = tokio::spawn(async move {
            Slots::new(1)
                .run(move |abandoned| {
                    flag.send(abandoned.check()).unwrap();
                    gate.recv().unwrap();
                    flag.send(abandoned.check()).unwrap();
                    Ok(())
                })
                .await
        });
        let seen = tokio::task::spawn_blocking(move || {
            let first = seen.recv().unwrap();
            (first, seen)
        });
        let (first, seen) = seen.await.unwrap();
        assert_eq!(first, Ok(()));
        task.abort();
        assert!(task.await.is_err());
        release.send(()).unwrap();
        assert!(tokio::task::spawn_blocking(move || seen.recv().unwrap()).await.unwrap().is_err());
    }
}
