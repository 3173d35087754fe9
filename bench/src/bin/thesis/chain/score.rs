//! How policies did on the chain, beside what was foretold.

use serde_json::{Value, json};

use super::Course;
use crate::stats::{Interval, mean, round};
use crate::world::World;

/// A policy in several worlds.
#[derive(Default)]
pub(super) struct Score {
    pub(super) name: &'static str,
    /// By world: foretold, and on the chain.
    value: [Vec<f64>; 2],
    gap_closed: [Vec<f64>; 2],
    satisfied: Vec<f64>,
    soft_gap: Vec<f64>,
    /// Requests, those that the market refused, those that broke a limit, those that went as played.
    pub(super) counts: [usize; 4],
    /// Foretold and delivered, by request: price as a share of the most, seconds as a share of the latest, completion.
    means: [[Vec<f64>; 3]; 2],
}

impl Score {
    /// That of a policy of which nothing is known yet.
    pub(super) fn of(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    pub(super) fn add(&mut self, world: &World, course: &Course, oracle: &Course, single: &Course) {
        let [own, best, worst] = [course, oracle, single].map(|course| course.values(world));
        let value = |all: &[Option<[f64; 2]>], which: usize| {
            mean(&all.iter().map(|pair| pair.map_or(0.0, |pair| pair[which])).collect::<Vec<_>>())
        };
        for which in [0, 1] {
            let [own, best, worst] = [&own, &best, &worst].map(|all| value(all, which));
            self.value[which].push(own);
            self.gap_closed[which].push((own - worst) / (best - worst));
        }
        self.satisfied.push(own.iter().flatten().count() as f64 / own.len() as f64);
        let short = best.iter().zip(&own).filter_map(|(best, own)| Some(best.as_ref()?[1] - own.as_ref()?[1]));
        self.soft_gap.push(mean(&short.collect::<Vec<_>>()));
        let counts = [course.requests, course.refused, course.violations, course.agree];
        for (sum, count) in self.counts.iter_mut().zip(counts) {
            *sum += count;
        }
        for (all, one) in self.means.iter_mut().flatten().zip(course.means.iter().flatten()) {
            all.extend(one);
        }
    }

    pub(super) fn row(&self) -> String {
        let cell = |values: &[f64]| Interval::of(values).cell();
        let pair = |i: usize| format!("{:.3} / {:.3}", mean(&self.means[0][i]), mean(&self.means[1][i]));
        let [requests, refused, violations, agree] = self.counts;
        let made = requests - refused;
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {refused} of {requests} | {violations} of {made} | {agree} of {made} |\n",
            self.name,
            cell(&self.value[0]),
            cell(&self.value[1]),
            cell(&self.gap_closed[0]),
            cell(&self.gap_closed[1]),
            cell(&self.satisfied),
            cell(&self.soft_gap),
            pair(0),
            pair(1),
            pair(2),
        )
    }

    pub(super) fn json(&self) -> Value {
        let of = |values: &[f64]| Interval::of(values).json();
        let both = |values: &[Vec<f64>; 2]| json!({ "foretold": of(&values[0]), "chain": of(&values[1]) });
        let pair =
            |i: usize| json!({ "foretold": round(mean(&self.means[0][i])), "chain": round(mean(&self.means[1][i])) });
        let [requests, refused, violations, agree] = self.counts;
        json!({
            "hard_violations_on_chain": violations,
            "requests": requests,
            "refused_by_the_market": refused,
            "as_played": agree,
            "value": both(&self.value),
            "gap_closed": both(&self.gap_closed),
            "satisfied_share": of(&self.satisfied),
            "soft_gap": of(&self.soft_gap),
            "price_of_the_most": pair(0),
            "time_of_the_latest": pair(1),
            "completed": pair(2),
        })
    }
}
