//! What has been learned of mechanisms beyond what the twins foretell (THEORY.md 3.2): how far prices, times and completion were from the
//! prediction, added up for all, for a family and for an instance, each shrunk towards the one above.
//!
//! Whose deliveries those are is the caller's choice: whoever has many accounts can make up as many as it likes. A residual is clipped, and in a family one
//! pair of requester and prover counts no more than [`PAIR_CAP`] times: what is learned of a mechanism is not what one prover is like.

use std::collections::BTreeMap;

/// What is learned about, in the order of all arrays here: price and time in logarithms, completion as a probability.
pub const METRICS: usize = 3;
/// The place of time among them.
pub const TIME: usize = 1;
/// Standard deviations of a residual, about.
const SPREAD: [f64; METRICS] = [0.25, 0.35, 0.25];
const CLIP: [f64; METRICS] = [1.0, 1.5, 1.0];
/// How unsure the twins are before anything was seen.
const DOUBT: [f64; METRICS] = [0.25, 0.35, 0.02];
/// Observations that the level above is worth. Whether a request comes to a proof says little at a time, and twins are seldom wrong about it.
const GLOBAL: [f64; METRICS] = [32.0, 32.0, 200.0];
const FAMILY: [f64; METRICS] = [6.0, 6.0, 100.0];
const INSTANCE: [f64; METRICS] = [10.0, 10.0, 100.0];
/// CUSUM: what is not counted as drift, and what is an alarm, in standard deviations. ARL without drift about 19,000 (THEORY.md 1.11).
pub const SLACK: f64 = 0.5;
/// See [`SLACK`].
pub const ALARM: f64 = 8.0;
/// What is left of a family's evidence after an alarm.
const KEPT: f64 = 0.15;
/// How often a pair of requester and prover counts.
pub const PAIR_CAP: f64 = 25.0;

/// What happened less what was foretold; price and time only where there was a proof.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Residual {
    /// Logarithms of price and time, and completion.
    pub of: [Option<f64>; METRICS],
}

/// Whose request it was, who won, where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Any number that tells requesters apart, and provers, families and instances.
    pub requester: u32,
    /// See `requester`.
    pub winner: u32,
    /// See `requester`.
    pub family: u32,
    /// See `requester`.
    pub instance: u32,
}

/// Sums of residuals.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    count: [f64; METRICS],
    sum: [f64; METRICS],
}

/// A one-sided cumulative sum in each direction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cusum {
    up: f64,
    down: f64,
}

/// All that was learned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    all: Sums,
    families: BTreeMap<u32, Sums>,
    instances: BTreeMap<u32, (u32, Sums)>,
    pairs: BTreeMap<(u32, u32, u32), f64>,
    alarms: BTreeMap<u32, [Cusum; METRICS]>,
    own: BTreeMap<(u32, u32), (f64, f64)>,
}

/// By how much to correct a prediction, and how unsure that is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Correction {
    /// To be added to the logarithms of price and time, and to the probability of a proof.
    pub mean: [f64; METRICS],
    /// Standard deviations.
    pub sd: [f64; METRICS],
}

impl Sums {
    fn add(&mut self, residual: &Residual, weight: f64) {
        for (metric, value) in residual.of.iter().enumerate() {
            if let Some(value) = value {
                self.count[metric] += weight;
                self.sum[metric] += weight * value.clamp(-CLIP[metric], CLIP[metric]);
            }
        }
    }

    fn fade(&mut self, kept: f64) {
        self.count = self.count.map(|count| kept * count);
        self.sum = self.sum.map(|sum| kept * sum);
    }

    fn shrunk(&self, metric: usize, towards: f64, strength: f64) -> f64 {
        (self.sum[metric] + strength * towards) / (self.count[metric] + strength)
    }
}

impl Cusum {
    /// Takes in a deviation, in standard deviations; true if that is an alarm, after which it starts again.
    pub fn watch(&mut self, deviation: f64, slack: f64, alarm: f64) -> bool {
        self.up = (self.up + deviation - slack).max(0.0);
        self.down = (self.down - deviation - slack).max(0.0);
        let alarmed = self.up > alarm || self.down > alarm;
        if alarmed {
            *self = Self::default();
        }
        alarmed
    }

    /// The same without its downward side.
    #[must_use]
    pub fn upper(self) -> Self {
        Self { down: 0.0, ..self }
    }
}

impl Ledger {
    /// Takes in one delivery. True if its family has changed: what was known of it is then largely forgotten.
    pub fn observe(&mut self, origin: Origin, residual: &Residual) -> bool {
        let pair = self.pairs.entry((origin.family, origin.requester, origin.winner)).or_default();
        let weight = (PAIR_CAP - *pair).clamp(0.0, 1.0);
        *pair += weight;
        if let Some(done) = residual.of[2] {
            let own = self.own.entry((origin.requester, origin.instance)).or_default();
            *own = (own.0 + 1.0, own.1 + done);
        }
        if weight == 0.0 {
            return false;
        }
        let expected = self.correction(origin.family, origin.instance).mean;
        let watches = self.alarms.entry(origin.family).or_default();
        let mut alarmed = false;
        for (metric, value) in residual.of.iter().enumerate() {
            if let Some(value) = value {
                let deviation = ((value - expected[metric]) / SPREAD[metric]).clamp(-3.0, 3.0);
                alarmed |= watches[metric].watch(deviation, SLACK, ALARM);
            }
        }
        if alarmed {
            self.forget(origin);
        }
        self.all.add(residual, weight);
        self.families.entry(origin.family).or_default().add(residual, weight);
        let (family, sums) = self.instances.entry(origin.instance).or_default();
        *family = origin.family;
        sums.add(residual, weight);
        alarmed
    }

    /// What is known of an instance of a family. One never seen is its family, a family never seen is everybody.
    pub fn correction(&self, family: u32, instance: u32) -> Correction {
        let of_family = self.families.get(&family).copied().unwrap_or_default();
        let of_instance = self.instances.get(&instance).map(|(_, sums)| *sums).unwrap_or_default();
        let mut correction = Correction::default();
        for (metric, doubt) in DOUBT.iter().enumerate() {
            let all = self.all.shrunk(metric, 0.0, GLOBAL[metric]);
            let family = of_family.shrunk(metric, all, FAMILY[metric]);
            correction.mean[metric] = of_instance.shrunk(metric, family, INSTANCE[metric]);
            let (seen, near) = (of_instance.count[metric], of_family.count[metric]);
            let (own, wide) = (INSTANCE[metric], FAMILY[metric]);
            let left = 0.5 * own / (seen + own) * (0.4 + 0.6 * wide / (near + wide));
            correction.sd[metric] = doubt * libm::sqrt(left);
        }
        correction
    }

    /// How many deliveries of a requester under an instance were seen, and the sum of their completion residuals.
    pub fn own(&self, requester: u32, instance: u32) -> (f64, f64) {
        self.own.get(&(requester, instance)).copied().unwrap_or_default()
    }

    /// How many observations a family and an instance have, as they count for prices.
    pub fn seen(&self, family: u32, instance: u32) -> (f64, f64) {
        let family = self.families.get(&family).map_or(0.0, |sums| sums.count[2]);
        (family, self.instances.get(&instance).map_or(0.0, |(_, sums)| sums.count[2]))
    }

    fn forget(&mut self, origin: Origin) {
        let Origin { requester, winner, family, .. } = origin;
        if let Some(sums) = self.families.get_mut(&family) {
            sums.fade(KEPT);
        }
        for (_, sums) in self.instances.values_mut().filter(|(of, _)| *of == family) {
            sums.fade(KEPT);
        }
        // What is forgotten makes room for what can be learned, but not from whoever raised the alarm.
        let fades = |pair: &(u32, u32, u32)| pair.0 == family && *pair != (family, requester, winner);
        for (_, times) in self.pairs.iter_mut().filter(|(pair, _)| fades(pair)) {
            *times *= KEPT;
        }
    }
}

/// The mean of what is left when `share` of the values is cut at each end; 0 of nothing.
pub fn trimmed_mean(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let cut = ((share * sorted.len() as f64) as usize).min(sorted.len().saturating_sub(1) / 2);
    let middle = &sorted[cut..sorted.len() - cut];
    if middle.is_empty() { 0.0 } else { middle.iter().sum::<f64>() / middle.len() as f64 }
}
