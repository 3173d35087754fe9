//! Means over worlds and how sure they are.

use serde_json::{Value, json};

/// A mean over worlds and half of its 95 % interval.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Interval {
    pub(crate) mean: f64,
    pub(crate) half: f64,
}

impl Interval {
    /// Of one value for each world. What is not a number is left out.
    pub(crate) fn of(values: &[f64]) -> Self {
        let values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let mean = mean(&values);
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let count = values.len() as f64;
        let half = if count < 2.0 { 0.0 } else { 1.96 * (squares / (count - 1.0) / count).sqrt() };
        Self { mean, half }
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "mean": round(self.mean), "ci95": round(self.half) })
    }

    pub(crate) fn cell(&self) -> String {
        format!("{:.3} ± {:.3}", self.mean, self.half)
    }
}

/// 0 of nothing.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

pub(crate) fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
