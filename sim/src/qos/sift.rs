//! Which of many rules are worth a closer look, for a lane whose kind of request nobody has played yet: all are played over a few futures,
//! the better ones over more, the best over all (successive halving). They meet the same futures, so that luck favours none; and whom the
//! mechanism's own word rules out is not played at all.

use super::evidence::Ledger;
use super::play::{Rule, Venue};
use super::predict::{Futures, Outlook};
use super::select::{Candidate, Lane, View, refused, view};
use super::supply::{Fleet, Job};
use super::terms::Terms;
use crate::ask::Refusal;

/// How many futures have been played after a round, and how many rules go on from there.
const ROUNDS: [(u32, usize); 3] = [(12, 8), (32, 3), (96, usize::MAX)];

/// An instance that could be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its number.
    pub instance: u32,
    /// A number for its family.
    pub family: u32,
    /// Its rule.
    pub rule: Rule,
}

/// An instance that was worth a closer look, and what it would deliver.
#[derive(Clone, Debug, PartialEq)]
pub struct Finalist {
    /// The instance.
    pub choice: Choice,
    /// Over all futures.
    pub outlook: Outlook,
}

impl Finalist {
    /// As [`decide`](super::select::decide) wants it.
    pub fn candidate(&self) -> Candidate<'_> {
        let Choice { instance, family, .. } = self.choice;
        Candidate { instance, family, outlook: &self.outlook }
    }
}

/// The best of the `choices` for a lane that sends requests like `job` among these provers, the best first; and where the lane is now,
/// which is always among them. If the mechanisms' own word rules out all of them, they are played as if it ruled out none: what comes
/// nearest is to be told.
///
/// # Errors
/// If a rule's parameters do not pass its mechanism's check.
pub fn sift(
    (terms, lane, ledger): (&Terms, &Lane, &Ledger),
    choices: &[Choice],
    (fleet, job, seed): (&Fleet, &Job, u64),
) -> Result<Vec<Finalist>, Refusal> {
    let unplayed =
        |choice: &Choice| Outlook::unplayed(choice.rule, job).map(|outlook| Finalist { choice: *choice, outlook });
    let all = choices.iter().map(unplayed).collect::<Result<Vec<_>, _>>()?;
    let open = |one: &Finalist| Some(one.choice.instance) == lane.current || refused(terms, &one.outlook).is_empty();
    let hopeless = !all.iter().any(|one| refused(terms, &one.outlook).is_empty());
    let entered = all.into_iter().filter(|one| hopeless || open(one));
    let settled = entered.map(|one| Venue::new(one.choice.rule, fleet, job).map(|venue| (one, venue)));
    let mut field: Vec<_> = settled.collect::<Result<_, _>>()?;
    let mut futures = Futures::new(fleet, job, seed, 0);
    for (count, kept) in ROUNDS {
        futures.extend(fleet, job, count);
        field.iter_mut().try_for_each(|(one, venue)| one.outlook.extend(venue, job, &futures))?;
        let seen = field.into_iter().map(|(one, venue)| {
            let view = view(terms, &one.candidate(), ledger, lane.requester);
            (view, one, venue)
        });
        let mut seen: Vec<_> = seen.collect();
        seen.sort_by(|(a, ..), (b, ..)| a.order(b));
        let stays = |(place, (view, ..)): &(usize, (View, Finalist, Venue))| {
            *place < kept || Some(view.instance) == lane.current
        };
        field = seen.into_iter().enumerate().filter(stays).map(|(_, (_, one, venue))| (one, venue)).collect();
    }
    Ok(field.into_iter().map(|(one, _)| one).collect())
}
