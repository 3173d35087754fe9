use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How long work takes on this machine: a fixed part and one per unit, learned from what was measured.
#[derive(Debug, Default)]
pub struct Pace {
    fixed_nanos: AtomicU64,
    /// Billionths of a nanosecond would be too fine, nanoseconds too coarse for cycles.
    unit_picos: AtomicU64,
}

/// The weight of one new measurement is one in this many.
const MEMORY: u64 = 4;

impl Pace {
    /// A fixed part and a part per unit of work, known or guessed.
    pub fn new(fixed: Duration, per_unit: Duration) -> Self {
        let pace = Self::default();
        pace.set(nanos(fixed), nanos(per_unit).saturating_mul(1000));
        pace
    }

    /// Takes over the line through the measurements of the smallest and the largest work; with one size only, all of
    /// it is per unit.
    pub fn calibrate(&self, measured: &[(u64, Duration)]) {
        let Some(&(small, quick)) = measured.iter().min_by_key(|m| m.0) else { return };
        let Some(&(large, slow)) = measured.iter().max_by_key(|m| m.0) else { return };
        if small == large {
            return self.set(0, per_unit(nanos(slow), large));
        }
        let unit = per_unit(nanos(slow).saturating_sub(nanos(quick)), large - small);
        self.set(nanos(quick).saturating_sub(share(unit, small)), unit);
    }

    /// Moves the part per unit towards what this work took.
    pub fn observe(&self, work: u64, took: Duration) {
        let fixed = self.fixed_nanos.load(Ordering::Relaxed);
        let seen = per_unit(nanos(took).saturating_sub(fixed), work);
        let old = self.unit_picos.load(Ordering::Relaxed);
        let new = if old == 0 { seen } else { (old / MEMORY).saturating_mul(MEMORY - 1).saturating_add(seen / MEMORY) };
        self.unit_picos.store(new, Ordering::Relaxed);
    }

    /// How long this much work takes.
    pub fn estimate(&self, work: u64) -> Duration {
        let fixed = self.fixed_nanos.load(Ordering::Relaxed);
        Duration::from_nanos(fixed.saturating_add(share(self.unit_picos.load(Ordering::Relaxed), work)))
    }

    fn set(&self, fixed_nanos: u64, unit_picos: u64) {
        self.fixed_nanos.store(fixed_nanos, Ordering::Relaxed);
        self.unit_picos.store(unit_picos, Ordering::Relaxed);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn per_unit(nanos: u64, work: u64) -> u64 {
    u64::try_from(u128::from(nanos) * 1000 / u128::from(work.max(1))).unwrap_or(u64::MAX)
}

fn share(unit_picos: u64, work: u64) -> u64 {
    u64::try_from(u128::from(unit_picos) * u128::from(work) / 1000).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sizes_make_a_line() {
        let pace = Pace::default();
        pace.calibrate(&[(1000, Duration::from_millis(100)), (5000, Duration::from_millis(300))]);
        assert_eq!(pace.estimate(0), Duration::from_millis(50));
        assert_eq!(pace.estimate(3000), Duration::from_millis(200));
    }

    #[test]
    fn measurements_move_the_estimate_and_never_overflow() {
        let pace = Pace::new(Duration::ZERO, Duration::from_nanos(1000));
        for _ in 0..40 {
            pace.observe(1000, Duration::from_millis(4));
        }
        let now = pace.estimate(1000);
        assert!(Duration::from_micros(3900) < now && now <= Duration::from_millis(4), "{now:?}");
        pace.observe(0, Duration::MAX);
        pace.calibrate(&[(0, Duration::MAX), (u64::MAX, Duration::ZERO)]);
        assert!(pace.estimate(u64::MAX) <= Duration::from_nanos(u64::MAX));
    }
}
