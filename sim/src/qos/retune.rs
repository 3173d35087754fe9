//! Small steps from one setting of a rule to another: one parameter at a time, by no more than a share of itself, never through a setting
//! that the mechanism refuses.

use super::play::Rule;
use crate::Wei;

/// Bytes of a parameter.
pub const WORD: usize = 32;

/// The next setting on the way from `rule` to `goal`, if both are of one family: the parameter that is furthest off, relative to itself,
/// moved by at most `share` of itself (but at least by 1). None when it is there, or when every step would be refused.
pub fn step(rule: &Rule, goal: &Rule, share: f64) -> Option<Rule> {
    let (have, want) = (rule.params(), goal.params());
    if rule.name() != goal.name() || have.len() != want.len() {
        return None;
    }
    let mut apart: Vec<(f64, usize)> = (0..have.len() / WORD)
        .map(|word| (distance(number(&have, word), number(&want, word)), word))
        .filter(|(distance, _)| *distance > 0.0)
        .collect();
    apart.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    apart.into_iter().find_map(|(_, word)| {
        let (from, to) = (number(&have, word), number(&want, word));
        let most = ((from as f64 * share) as Wei).max(1);
        let next = if from < to { from + most.min(to - from) } else { from - most.min(from - to) };
        let mut params = have.clone();
        params[word * WORD + WORD / 2..(word + 1) * WORD].copy_from_slice(&next.to_be_bytes());
        let moved = Rule::read(rule.name(), &params)?;
        moved.mechanism().ok()?.check(&params).ok().map(|_| moved)
    })
}

/// Parameters are words of numbers, and none is above 128 bits.
fn number(params: &[u8], word: usize) -> Wei {
    params[word * WORD + WORD / 2..(word + 1) * WORD].iter().fold(0, |value, byte| value << 8 | Wei::from(*byte))
}

fn distance(have: Wei, want: Wei) -> f64 {
    have.abs_diff(want) as f64 / have.max(1) as f64
}
