//! What is said about policies, world by world.

use bourse_sim::qos::play::Rule;
use serde_json::{Value, json};

use crate::policies::Outcome;
use crate::population::archetypes;
use crate::stats::{Interval, mean};
use crate::world::{World, best, rules};

/// A difference in utility that somebody would notice.
const NOTICED: f64 = 0.01;

/// How a policy did, a number for each world.
#[derive(Default)]
pub(crate) struct Score {
    utility: Vec<f64>,
    value: Vec<f64>,
    satisfied: Vec<f64>,
    gap_closed: Vec<f64>,
    soft_gap: Vec<f64>,
    violations: Vec<f64>,
    better: Vec<f64>,
    worse: Vec<f64>,
}

pub(crate) fn value(outcome: &Outcome) -> f64 {
    mean(&outcome.iter().map(|worth| worth.value()).collect::<Vec<_>>())
}

impl Score {
    /// Adds a world.
    pub(crate) fn add(&mut self, outcome: &Outcome, oracle: &Outcome, single: &Outcome) {
        let share = |wanted: &dyn Fn(usize) -> bool| {
            (0..outcome.len()).filter(|number| wanted(*number)).count() as f64 / outcome.len().max(1) as f64
        };
        self.utility.push(mean(&outcome.iter().map(|worth| worth.utility).collect::<Vec<_>>()));
        self.value.push(value(outcome));
        self.satisfied.push(share(&|number| outcome[number].satisfied));
        let gap = value(oracle) - value(single);
        self.gap_closed.push(if gap == 0.0 { f64::NAN } else { (value(outcome) - value(single)) / gap });
        let both = oracle.iter().zip(outcome).filter(|(a, b)| a.satisfied && b.satisfied);
        self.soft_gap.push(mean(&both.map(|(a, b)| a.utility - b.utility).collect::<Vec<_>>()));
        self.violations.push(share(&|number| !outcome[number].allowed));
        let gain = |number: usize| outcome[number].value() - single[number].value();
        self.better.push(share(&|number| gain(number) > NOTICED));
        self.worse.push(share(&|number| gain(number) < -NOTICED));
    }

    pub(crate) fn gap_closed(&self) -> Interval {
        Interval::of(&self.gap_closed)
    }

    fn columns(&self) -> [(&'static str, &[f64]); 8] {
        [
            ("value", &self.value),
            ("mean_utility", &self.utility),
            ("satisfied_share", &self.satisfied),
            ("gap_closed", &self.gap_closed),
            ("soft_gap", &self.soft_gap),
            ("hard_violations", &self.violations),
            ("better_off", &self.better),
            ("worse_off", &self.worse),
        ]
    }

    pub(crate) fn json(&self) -> Value {
        self.columns().into_iter().map(|(name, values)| (name.to_owned(), Interval::of(values).json())).collect()
    }

    pub(crate) fn row(&self, name: &str) -> String {
        let cells = self.columns().map(|(_, values)| Interval::of(values).cell());
        format!("| {name} | {} |\n", cells.join(" | "))
    }
}

/// The heading of what [`Score::row`] makes.
pub(crate) const HEADING: &str = "| policy | value | utility | satisfied | gap closed | soft gap | hard violations | better off | worse off |\n\
|---|---|---|---|---|---|---|---|---|\n";

/// What the best instance of each family is worth to each archetype: families, and a row for each archetype.
pub(crate) fn families(worlds: &[World]) -> (Vec<&'static str>, Vec<Vec<f64>>) {
    let rules = rules(0).0;
    let firsts: Vec<usize> = worlds.first().map_or(Vec::new(), |world| {
        (0..rules.len()).filter(|instance| world.families[*instance] as usize == *instance).collect()
    });
    let names = firsts.iter().map(|first| Rule::name(&rules[*first])).collect();
    let cells = (0..archetypes().len()).map(|archetype| {
        let of = |family: usize| {
            let mut values = Vec::new();
            for world in worlds {
                let era = &world.eras[0];
                for number in (0..world.requesters.len()).filter(|n| world.requesters[*n].archetype == archetype) {
                    let instance = best(&era.known[number], |instance| world.families[instance] as usize == family);
                    values.push(era.worth[number][instance].value());
                }
            }
            mean(&values)
        };
        firsts.iter().map(|family| of(*family)).collect()
    });
    (names, cells.collect())
}

/// How far a keeper's routes were from the oracle's, by request; the oracle may change.
pub(crate) fn regret(course: &[Outcome], oracle: impl Fn(usize) -> f64) -> Vec<f64> {
    let of = |(request, outcome): (usize, &Outcome)| 1.0 - value(outcome) / oracle(request);
    course.iter().enumerate().map(of).collect()
}

pub(crate) fn curve(values: &[f64]) -> Value {
    json!(values.iter().map(|value| crate::stats::round(*value)).collect::<Vec<_>>())
}
