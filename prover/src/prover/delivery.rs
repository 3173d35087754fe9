//! Hands finished proofs on, until the chain says that they are paid.

use alloy::primitives::B256;
use bourse_chain::{
    Fault,
    call::{self, Fulfillment},
};
use bourse_sim::Id;

use super::{Deed, Prover};
use crate::{
    deliver::{Delivery, Step, Word},
    jobs::{Job, Stage},
};

/// Blocks after which a fulfilment that was refused is tried again.
const REST: u64 = 1;

impl Prover {
    /// The next step of every proof that is not paid yet, what is due first coming first.
    pub(super) async fn deliver(&mut self) -> anyhow::Result<()> {
        let Some(head) = self.state.tip() else { return Ok(()) };
        let (jobs, due) = (&self.jobs, head.time);
        self.deliveries.retain(|id, _| jobs.get(id).is_some_and(|job| !job.stage.is_final()));
        let stages = [Stage::Proved, Stage::Delivered];
        let open = stages.into_iter().flat_map(|stage| self.jobs.by_due(stage)).filter(|job| due <= job.due);
        let mut open: Vec<Job> = open.cloned().collect();
        open.sort_by_key(|job| job.due);
        for job in open {
            let delivery = self.deliveries.entry(job.id).or_default();
            match delivery.step(&self.config.delivery, job.due, &head) {
                Step::Wait => {}
                Step::Fulfill => self.fulfill(job, head.number).await?,
                step => {
                    delivery.ask(head.number);
                    self.call_keeper(&job, step == Step::HandIn);
                }
            }
        }
        Ok(())
    }

    fn call_keeper(&mut self, job: &Job, hand_in: bool) {
        let (Some(keeper), Some(proof)) = (self.keeper.clone(), job.proof.clone()) else { return };
        let (id, me) = (job.id, self.state.me());
        self.delivering.spawn(async move {
            let word = if hand_in { keeper.hand_in(id, me, &proof).await } else { keeper.ask(id).await };
            (id, word)
        });
    }

    /// The keeper answered, or did not.
    pub(super) async fn heard(&mut self, id: Id, word: Word) -> anyhow::Result<()> {
        let Some(head) = self.state.head() else { return Ok(()) };
        let request = B256::from(id);
        match &word {
            Word::Refused(why) => tracing::warn!(%request, why, "the keeper will not settle it: delivering it myself"),
            Word::Silent(why) => tracing::warn!(%request, why, "the keeper is silent: delivering it myself"),
            word => tracing::debug!(%request, ?word, "the keeper"),
        }
        let delivery = self.deliveries.entry(id).or_insert_with(Delivery::default);
        let first = delivery.accepted_at.is_none();
        delivery.hear(word.clone(), head.number);
        let accepted = word == Word::Accepted && first;
        if let Some(job) = self.jobs.get(&id).filter(|job| accepted && job.stage == Stage::Proved).cloned() {
            self.metrics.add("prover_deliveries_total", "way=\"keeper\"", 1.0);
            self.put(job.at(Stage::Delivered, "with the keeper"), head.number).await?;
        }
        Ok(())
    }

    /// Delivers a proof in a transaction of this prover's own.
    async fn fulfill(&mut self, job: Job, block: u64) -> anyhow::Result<()> {
        let Some(case) = self.state.market().request(&job.id) else { return Ok(()) };
        let proof = job.proof.clone().unwrap_or_default();
        let item = Fulfillment { request: case.request.as_ref().clone(), prover: self.state.me(), proof };
        let key = format!("fulfill/{}", B256::from(job.id));
        let intent = call::fulfill(&[item]).intent(key, self.node.market()).until(job.due);
        match self.submit(intent, REST).await? {
            Deed::Sent(_) if job.note != ON_CHAIN => {
                self.metrics.add("prover_deliveries_total", "way=\"chain\"", 1.0);
                self.put(job.at(Stage::Delivered, ON_CHAIN), block).await
            }
            Deed::Put(Some(Fault::Drop { revert: Some(revert), .. })) if revert.name == "ProofRefused" => {
                self.set_back(job, &revert.to_string(), false).await
            }
            _ => Ok(()),
        }
    }
}

const ON_CHAIN: &str = "in a transaction of this prover's own";
