//! The jobs of this prover, from the wish to bid to the end. A job's stage is this prover's own part of the story; where
//! the request stands is the chain's, and wins.
//!
//! ```text
//! wanted ─→ committed ─→ awarded ─→ proving ─→ proved ─→ delivered ─→ settled
//!    └──────────┴─→ lost    └──────────┴──────────┴───────────┴─→ failed
//! ```
//!
//! Where nobody is awarded, a job is `racing` from the decision to prove to the end of the race: settled, or lost.

use std::{collections::BTreeMap, fmt, str::FromStr};

use bourse_sim::{Id, Time, Wei};

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// A bid is on its way, or about to be.
    Wanted,
    /// A deposit stands on a bid.
    Committed,
    /// Being proven without an award, or proven so and not over yet.
    Racing,
    /// Won: the bond is at risk.
    Awarded,
    /// Its proof is being made.
    Proving,
    /// Its proof is stored.
    Proved,
    /// Its proof is with a keeper, or in a transaction.
    Delivered,
    /// Paid.
    Settled,
    /// Won and not delivered in time.
    Failed,
    /// Not won.
    Lost,
}

/// One request that this prover bids on or works for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The request.
    pub id: Id,
    /// How far it is.
    pub stage: Stage,
    /// What was bid, and once it is won, what is paid.
    pub price: Wei,
    /// Until when a proof is in time; unix seconds. Before it is won, until when it would be if it was awarded as expected and that was
    /// promised with the bid, else 0.
    pub due: Time,
    /// The proof, in the verifier's encoding.
    pub proof: Option<Vec<u8>>,
    /// Why it is where it is, for people.
    pub note: String,
}

/// How a request stands towards this prover, by the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can be awarded; `ticket` says whether this prover's deposit stands on it.
    Open {
        /// See above.
        ticket: bool,
    },
    /// Awarded to this prover.
    Ours {
        /// What is paid.
        price: Wei,
        /// Until when a proof is in time (inclusive); unix seconds.
        due: Time,
    },
    /// It takes proofs until `due` (unix seconds) without an award.
    Raced {
        /// See [`Standing::Open`].
        ticket: bool,
        /// See above.
        due: Time,
    },
    /// Fulfilled by this prover.
    Paid,
    /// Over, and proven by this prover without an award, for which it was paid `price`.
    Ranked {
        /// See above; 0 if others were better.
        price: Wei,
    },
    /// Awarded to another, or over.
    Gone,
}

impl Stage {
    const ALL: [Self; 10] = [
        Self::Wanted,
        Self::Committed,
        Self::Racing,
        Self::Awarded,
        Self::Proving,
        Self::Proved,
        Self::Delivered,
        Self::Settled,
        Self::Failed,
        Self::Lost,
    ];

    /// One word, as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Committed => "committed",
            Self::Racing => "racing",
            Self::Awarded => "awarded",
            Self::Proving => "proving",
            Self::Proved => "proved",
            Self::Delivered => "delivered",
            Self::Settled => "settled",
            Self::Failed => "failed",
            Self::Lost => "lost",
        }
    }

    /// Nothing follows, unless the chain takes blocks back.
    pub fn is_final(self) -> bool {
        Self::Settled <= self
    }

    fn is_won(self) -> bool {
        Self::Awarded <= self && self < Self::Settled
    }
}

impl FromStr for Stage {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text).ok_or(())
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Job {
    /// A job that is wanted at `price`.
    pub fn wanted(id: Id, price: Wei) -> Self {
        Self { id, stage: Stage::Wanted, price, due: 0, proof: None, note: String::new() }
    }

    /// The job as it is now that the chain says `standing`; none if nothing changes.
    pub fn follow(&self, standing: Standing) -> Option<Self> {
        let next = match standing {
            Standing::Ours { price, due } => {
                let job = match &self.proof {
                    _ if self.stage.is_won() => self.clone(),
                    Some(_) => self.at(Stage::Proved, "won, and proven before"),
                    None => self.at(Stage::Awarded, "won"),
                };
                Self { price, due, ..job }
            }
            Standing::Paid => self.at(Stage::Settled, "paid"),
            Standing::Ranked { price: 0 } => self.at(Stage::Lost, "others were better"),
            Standing::Ranked { price } => Self { price, ..self.at(Stage::Settled, "paid") },
            Standing::Raced { due, .. } if self.stage == Stage::Racing => Self { due, ..self.clone() },
            Standing::Raced { ticket: true, due } if self.stage < Stage::Racing => {
                Self { due, ..self.at(Stage::Racing, "entered") }
            }
            Standing::Open { ticket: true } if !self.stage.is_won() && self.stage != Stage::Racing => {
                self.at(Stage::Committed, "a deposit stands")
            }
            Standing::Open { .. } | Standing::Gone if self.stage == Stage::Racing => {
                self.at(Stage::Lost, "others were faster, or nobody was in time")
            }
            Standing::Open { .. } | Standing::Raced { .. } | Standing::Gone if self.stage.is_won() => {
                self.at(Stage::Failed, "the award ended without a proof")
            }
            Standing::Open { .. } if self.stage == Stage::Committed => self.at(Stage::Lost, "outbid"),
            Standing::Gone if !self.stage.is_final() => self.at(Stage::Lost, "awarded to another, or over"),
            Standing::Open { .. } | Standing::Raced { .. } | Standing::Gone => self.clone(),
        };
        let same = (next.stage, next.price, next.due) == (self.stage, self.price, self.due);
        (!same).then_some(next)
    }

    /// The job in another stage.
    pub fn at(&self, stage: Stage, note: impl Into<String>) -> Self {
        Self { stage, note: note.into(), ..self.clone() }
    }
}

/// All jobs that are not at their end, and those whose end is young.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    jobs: BTreeMap<Id, Job>,
    /// The block in which a job's end was seen.
    ended: BTreeMap<Id, u64>,
}

/// Blocks for which an end may still be taken back.
const FINALITY: u64 = 64;

impl Jobs {
    /// What a store holds after a start: nothing is being proven any more. A proof is kept as long as its job's end can be
    /// taken back.
    pub fn resume(stored: Vec<Job>) -> Self {
        let open = stored.into_iter().filter(|job| !job.stage.is_final() || job.proof.is_some());
        let idle = |job: Job| match job.stage {
            Stage::Proving => job.at(Stage::Awarded, "interrupted while proving"),
            // To whom it was delivered is not known any more; to deliver again does no harm.
            Stage::Delivered => job.at(Stage::Proved, "interrupted while delivering"),
            _ => job,
        };
        Self { jobs: open.map(|job| (job.id, idle(job))).collect(), ended: BTreeMap::new() }
    }

    /// A job.
    pub fn get(&self, id: &Id) -> Option<&Job> {
        self.jobs.get(id)
    }

    /// The job of a request that is bid on at `price`. A proof made for an award that a reorg took back is as good for the next.
    pub fn wanted(&self, id: Id, price: Wei) -> Job {
        Job { proof: self.get(&id).and_then(|job| job.proof.clone()), ..Job::wanted(id, price) }
    }

    /// Takes a job as it is now; the caller has stored it.
    pub fn put(&mut self, job: Job, block: u64) {
        if job.stage.is_final() {
            self.ended.entry(job.id).or_insert(block);
        } else {
            self.ended.remove(&job.id);
        }
        self.jobs.insert(job.id, job);
    }

    /// Lets go of jobs whose end is final at this block, and returns them.
    pub fn forget(&mut self, block: u64) -> Vec<Job> {
        // When what ended before the last start did so is not known any more.
        for job in self.jobs.values().filter(|job| job.stage.is_final()) {
            self.ended.entry(job.id).or_insert(block);
        }
        let old = self.ended.iter().filter(|(_, ended)| **ended + FINALITY <= block);
        let old: Vec<Id> = old.map(|(id, _)| *id).collect();
        self.ended.retain(|id, _| !old.contains(id));
        old.iter().filter_map(|id| self.jobs.remove(id)).collect()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    /// Those in one stage, what is due first coming first.
    pub fn by_due(&self, stage: Stage) -> Vec<&Job> {
        let mut jobs: Vec<_> = self.jobs.values().filter(|job| job.stage == stage).collect();
        jobs.sort_by_key(|job| job.due);
        jobs
    }

    /// What changes now that the chain stands as it does. `awards` are all that stand for this prover, those included that
    /// it has never heard of.
    pub fn reconcile(
        &self,
        standing: impl Fn(&Id) -> Option<Standing>,
        awards: impl Iterator<Item = (Id, Standing)>,
    ) -> Vec<Job> {
        let known = self.jobs.values().filter_map(|job| job.follow(standing(&job.id)?));
        let unknown = awards.filter(|(id, _)| !self.jobs.contains_key(id));
        known.chain(unknown.filter_map(|(id, standing)| Job::wanted(id, 0).follow(standing))).collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const OURS: Standing = Standing::Ours { price: 9, due: 70 };

    fn job(stage: Stage) -> Job {
        Job { stage, due: 70, ..Job::wanted([1; 32], 9) }
    }

    fn stage(from: Stage, standing: Standing) -> Stage {
        job(from).follow(standing).map_or(from, |job| job.stage)
    }

    #[test]
    fn stages_are_stored_by_name() {
        for stage in Stage::ALL {
            assert_eq!(stage.as_str().parse(), Ok(stage));
        }
        assert_eq!("won".parse::<Stage>(), Err(()));
    }

    #[test]
    fn the_chain_decides_what_is_won_and_lost() {
        for from in [Stage::Wanted, Stage::Committed] {
            assert_eq!(stage(from, OURS), Stage::Awarded);
            assert_eq!(stage(from, Standing::Gone), Stage::Lost);
            assert_eq!(stage(from, Standing::Open { ticket: true }), Stage::Committed);
        }
        assert_eq!(stage(Stage::Wanted, Standing::Open { ticket: false }), Stage::Wanted);
        assert_eq!(stage(Stage::Committed, Standing::Open { ticket: false }), Stage::Lost);
        for from in [Stage::Awarded, Stage::Proving, Stage::Proved, Stage::Delivered] {
            assert_eq!(stage(from, OURS), from, "what this prover did itself stands");
            assert_eq!(stage(from, Standing::Paid), Stage::Settled);
            assert_eq!(stage(from, Standing::Gone), Stage::Failed);
            assert_eq!(stage(from, Standing::Open { ticket: true }), Stage::Failed);
        }
        assert_eq!(stage(Stage::Failed, Standing::Gone), Stage::Failed);
        assert_eq!(stage(Stage::Lost, OURS), Stage::Awarded, "a standby's turn comes late");
    }

    #[test]
    fn a_race_is_run_without_an_award() {
        let open = |ticket| Standing::Raced { ticket, due: 80 };
        assert_eq!(stage(Stage::Wanted, open(false)), Stage::Wanted);
        assert_eq!(stage(Stage::Wanted, open(true)), Stage::Racing, "entered");
        assert_eq!(job(Stage::Racing).follow(open(false)).unwrap().due, 80);
        assert_eq!(stage(Stage::Racing, Standing::Ranked { price: 3 }), Stage::Settled);
        assert_eq!(stage(Stage::Racing, Standing::Ranked { price: 0 }), Stage::Lost);
        assert_eq!(stage(Stage::Racing, Standing::Gone), Stage::Lost);
        assert_eq!(stage(Stage::Proving, open(false)), Stage::Failed, "an award on the rung before");
    }

    #[test]
    fn a_reorg_brings_a_settled_job_back_with_its_proof() {
        let settled = Job { proof: Some(vec![1]), ..job(Stage::Settled) };
        assert_eq!(settled.follow(OURS).unwrap().stage, Stage::Proved);
        assert_eq!(job(Stage::Settled).follow(OURS).unwrap().stage, Stage::Awarded);
    }

    #[test]
    fn awards_never_heard_of_become_jobs() {
        let jobs = Jobs::resume(Vec::new());
        let found = jobs.reconcile(|_| None, [([2; 32], OURS)].into_iter());
        assert_eq!(found, [Job { stage: Stage::Awarded, due: 70, note: "won".into(), ..Job::wanted([2; 32], 9) }]);
    }

    #[test]
    fn a_start_takes_up_what_was_interrupted() {
        let proved = Job { proof: Some(vec![1]), ..job(Stage::Delivered) };
        let proving = Job { id: [2; 32], ..job(Stage::Proving) };
        let settled = Job { id: [3; 32], ..job(Stage::Settled) };
        let fresh = Job { id: [4; 32], proof: Some(vec![1]), ..job(Stage::Settled) };
        let mut jobs = Jobs::resume(vec![proved, proving, settled, fresh]);
        assert_eq!(jobs.get(&[1; 32]).unwrap().stage, Stage::Proved);
        assert_eq!(jobs.get(&[2; 32]).unwrap().stage, Stage::Awarded);
        assert_eq!(jobs.get(&[3; 32]), None);
        let taken_back = jobs.reconcile(|id| (*id == [4; 32]).then_some(OURS), std::iter::empty());
        assert_eq!((taken_back[0].stage, taken_back[0].proof.as_deref()), (Stage::Proved, Some(&[1][..])));
        assert!(jobs.forget(10).is_empty());
        assert_eq!(jobs.forget(10 + FINALITY).len(), 1, "no reorg takes it back any more");
    }

    #[test]
    fn a_new_bid_keeps_the_proof_of_an_award_that_was_taken_back() {
        let proved = Job { proof: Some(vec![1]), ..job(Stage::Proved) };
        let failed = proved.follow(Standing::Open { ticket: false }).unwrap();
        assert_eq!(failed.stage, Stage::Failed);
        let mut jobs = Jobs::default();
        jobs.put(failed, 10);
        let wanted = jobs.wanted([1; 32], 8);
        assert_eq!((wanted.stage, wanted.price, wanted.due), (Stage::Wanted, 8, 0));
        assert_eq!(wanted.follow(OURS).unwrap().stage, Stage::Proved);
    }

    #[test]
    fn ended_jobs_stay_until_their_end_is_final() {
        let mut jobs = Jobs::default();
        jobs.put(job(Stage::Settled), 10);
        assert!(jobs.forget(10 + FINALITY - 1).is_empty());
        jobs.put(job(Stage::Proved), 20);
        assert!(jobs.forget(1_000).is_empty(), "its end was taken back");
        jobs.put(job(Stage::Settled), 1_000);
        assert_eq!(jobs.forget(1_000 + FINALITY).len(), 1);
        assert_eq!(jobs.iter().count(), 0);
    }
}
