//! Whether work can be taken on beside what is promised already.

use std::time::Duration;

use bourse_sim::Time;

/// One piece of proving that has to be done, or would have to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// When it can begin at the earliest; unix seconds of the chain.
    pub release: Time,
    /// How long it takes from there.
    pub length: Duration,
    /// When it has to be delivered; unix seconds of the chain.
    pub due: Time,
}

/// What this machine has promised to prove.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Proofs made at once; at least one is assumed.
    pub parallel: usize,
    /// Seconds kept between the end of proving and the due time, for delivery and for estimates that are wrong.
    pub reserve: u64,
    /// Being proven now: it is not interrupted. `length` is what is left.
    pub running: Vec<Load>,
    /// To be proven, in any order.
    pub waiting: Vec<Load>,
}

/// A proof that would be late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late {
    /// When it would be ready, with the reserve; unix seconds.
    pub ready: Time,
    /// When it is due; unix seconds.
    pub due: Time,
    /// It is the new load itself, not one that was promised before.
    pub own: bool,
}

impl Schedule {
    /// Whether `new` can be taken on at `now` (unix seconds of the chain) so that it and everything promised before is in time,
    /// if what is due first is proven first.
    ///
    /// What is late already stays late and keeps nothing else from being taken on.
    ///
    /// # Errors
    /// The first proof that would be late.
    pub fn admit(&self, new: Load, now: Time) -> Result<(), Late> {
        self.admit_all(&[new], now)
    }

    /// The same of several at once.
    ///
    /// # Errors
    /// As [`Schedule::admit`].
    pub fn admit_all(&self, new: &[Load], now: Time) -> Result<(), Late> {
        let before = self.finishes(&self.waiting, now);
        let all = [self.waiting.as_slice(), new].concat();
        for (i, ready) in self.finishes(&all, now).into_iter().enumerate() {
            let (due, own) = (all[i].due, before.len() <= i);
            let was_late = before.get(i).is_some_and(|ready| due < *ready);
            if due < ready && !was_late {
                return Err(Late { ready, due, own });
            }
        }
        Ok(())
    }

    /// When `new` would be ready beside everything promised before, reserve included; unix seconds.
    pub fn ready(&self, new: Load, now: Time) -> Time {
        let mut all = self.waiting.clone();
        all.push(new);
        self.finishes(&all, now).pop().unwrap_or(now)
    }

    /// When each of `waiting` would be ready, reserve included: whenever a slot is free, it takes what is due first of what
    /// can begin.
    fn finishes(&self, waiting: &[Load], now: Time) -> Vec<Time> {
        let release = |i: &usize| waiting[*i].release.saturating_sub(now).saturating_mul(1_000);
        let mut slots = self.slots();
        let mut left: Vec<usize> = (0..waiting.len()).collect();
        let mut ready = vec![0; waiting.len()];
        while let (Some(slot), Some(first)) = (slots.iter_mut().min(), left.iter().map(release).min()) {
            let begin = first.max(*slot);
            let can_begin = left.iter().enumerate().filter(|(_, i)| release(i) <= begin);
            let Some((place, &i)) = can_begin.min_by_key(|(_, i)| waiting[**i].due) else { break };
            left.swap_remove(place);
            *slot = begin.saturating_add(millis(waiting[i].length));
            ready[i] = now.saturating_add(slot.div_ceil(1_000)).saturating_add(self.reserve);
        }
        ready
    }

    /// When each slot is free, in milliseconds from now.
    fn slots(&self) -> Vec<u64> {
        let mut slots = vec![0_u64; self.parallel.max(1)];
        for load in &self.running {
            if let Some(slot) = slots.iter_mut().min() {
                *slot = slot.saturating_add(millis(load.length));
            }
        }
        slots
    }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = 1_000;

    fn load(length: u64, due: Time) -> Load {
        Load { release: NOW, length: Duration::from_secs(length), due: NOW + due }
    }

    fn schedule(parallel: usize, waiting: Vec<Load>) -> Schedule {
        Schedule { parallel, reserve: 0, running: Vec::new(), waiting }
    }

    #[test]
    fn an_idle_machine_takes_what_it_can_finish() {
        let idle = Schedule { reserve: 5, ..schedule(1, Vec::new()) };
        assert_eq!(idle.admit(load(10, 15), NOW), Ok(()));
        assert_eq!(idle.admit(load(10, 14), NOW), Err(Late { ready: NOW + 15, due: NOW + 14, own: true }));
    }

    #[test]
    fn a_new_load_may_not_make_a_promised_one_late() {
        let busy = schedule(1, vec![load(10, 12)]);
        assert_eq!(busy.admit(load(5, 15), NOW), Ok(()), "it goes behind");
        let hurry = busy.admit(load(5, 8), NOW);
        assert_eq!(hurry, Err(Late { ready: NOW + 15, due: NOW + 12, own: false }), "it would go in front");
        assert_eq!(schedule(2, busy.waiting).admit(load(5, 8), NOW), Ok(()), "beside it there is room");
    }

    #[test]
    fn running_work_is_not_interrupted() {
        let busy = Schedule { running: vec![load(20, 100)], ..schedule(1, Vec::new()) };
        assert!(busy.admit(load(1, 10), NOW).is_err());
        assert_eq!(busy.admit(load(1, 21), NOW), Ok(()));
    }

    #[test]
    fn work_that_begins_later_leaves_room_before_it() {
        let later = Load { release: NOW + 50, ..load(10, 60) };
        assert!(schedule(1, vec![later]).admit(load(49, 60), NOW).is_ok());
    }

    #[test]
    fn what_is_late_anyway_blocks_nothing() {
        let lost = schedule(1, vec![load(10, 1)]);
        assert_eq!(lost.admit(load(5, 30), NOW), Ok(()));
    }

    #[test]
    fn hostile_numbers_do_not_overflow() {
        let endless = Load { release: Time::MAX, length: Duration::MAX, due: Time::MAX };
        let all = Schedule { parallel: 0, reserve: u64::MAX, running: vec![endless; 3], waiting: vec![endless; 3] };
        assert_eq!(all.admit(load(1, 1), NOW).map_err(|late| late.ready), Err(Time::MAX));
    }
}
