//! Hands finished proofs on, until the chain says that they are paid.

use alloy::primitives::B256;
use bourse_chain::{
    Call, Fault, NodeError,
    call::{self, Fulfillment},
};
use bourse_sim::Id;

use super::{Deed, Prover};
use crate::{
    deliver::{Step, Word},
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

    /// Gives the keeper a proof that the verifier takes, or asks it about one.
    fn call_keeper(&mut self, job: &Job, hand_in: bool) {
        let (Some(keeper), Some(call)) = (self.keeper.clone(), self.fulfillment(job)) else { return };
        let (id, me, node, proof) = (job.id, self.state.me(), self.node.clone(), job.proof.clone().unwrap_or_default());
        self.delivering.spawn(async move {
            if !hand_in {
                return (id, keeper.ask(id).await);
            }
            // Not every backend can verify what it makes; the chain can.
            match node.simulate(me, &call).await {
                Err(NodeError::Reverted(revert)) if revert.name == REFUSED => (id, Word::Refused(revert.to_string())),
                _ => (id, keeper.hand_in(id, me, &proof).await),
            }
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
        let accepted = word == Word::Accepted;
        self.deliveries.entry(id).or_default().hear(word);
        if let Some(job) = self.jobs.get(&id).filter(|job| accepted && job.stage == Stage::Proved).cloned() {
            self.metrics.add("prover_deliveries_total", "way=\"keeper\"", 1.0);
            self.put(job.at(Stage::Delivered, "with the keeper"), head.number).await?;
        }
        Ok(())
    }

    /// Delivers a proof in a transaction of this prover's own.
    async fn fulfill(&mut self, job: Job, block: u64) -> anyhow::Result<()> {
        let Some(call) = self.fulfillment(&job) else { return Ok(()) };
        let intent = call.intent(format!("fulfill/{}", B256::from(job.id)), self.node.market()).until(job.due);
        match self.submit(intent, REST).await? {
            Deed::Sent(_) if job.note != ON_CHAIN => {
                self.metrics.add("prover_deliveries_total", "way=\"chain\"", 1.0);
                self.put(job.at(Stage::Delivered, ON_CHAIN), block).await
            }
            Deed::Put(Some(Fault::Drop { revert: Some(revert), .. })) if revert.name == REFUSED => {
                self.set_back(job, &revert.to_string(), false).await
            }
            _ => Ok(()),
        }
    }

    fn fulfillment(&self, job: &Job) -> Option<Call> {
        let request = self.state.market().request(&job.id)?.request.as_ref().clone();
        Some(call::fulfill(&[Fulfillment { request, prover: self.state.me(), proof: job.proof.clone()? }]))
    }
}

/// The market's error for a proof that its verifier does not take.
pub(super) const REFUSED: &str = "ProofRefused";
const ON_CHAIN: &str = "in a transaction of this prover's own";
