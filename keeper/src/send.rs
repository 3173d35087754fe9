//! What was decided, as transactions.

use bourse_chain::call::{self, Fulfillment};
use bourse_chain::{Call, Intent, Submitted};
use bourse_sim::ask::Status;

use crate::Keeper;
use crate::decide::{Action, Deed};
use crate::proof::ProofKey;
use crate::state::Input;
use crate::store::Decision;

impl Keeper {
    /// Sends, and writes down what and why.
    pub(crate) async fn execute(&mut self, actions: Vec<Action>) -> anyhow::Result<()> {
        let head = self.state.head();
        let mut decisions = Vec::with_capacity(actions.len());
        for action in actions {
            if let Deed::Settle { proofs } = &action.deed {
                self.store.assign(Some(&action.key), proofs).await?;
            }
            let Some(intent) = self.intent(&action) else { continue };
            let result = self.executor.submit(intent).await?;
            let outcome = match &result {
                Ok(Submitted::Sent { .. } | Submitted::Pending) => "sent".to_owned(),
                Ok(Submitted::Landed { block, .. }) => format!("landed in block {block}"),
                Ok(Submitted::Failed { block, .. }) => format!("failed in block {block}"),
                Err(fault) => format!("failed: {fault}"),
            };
            let kind = action.deed.kind();
            self.metrics.action(kind, if outcome == "sent" { "sent" } else { "refused" });
            tracing::info!(kind, key = action.key, reason = action.reason, outcome, "decided");
            decisions.push(Decision {
                time: head.time,
                block: head.number,
                key: action.key.clone(),
                action: kind.to_owned(),
                subject: action.deed.subject(),
                reason: action.reason.clone(),
                outcome,
            });
            self.learn(Input::Submitted(action, result)).await?;
        }
        self.store.record(head, &decisions).await?;
        Ok(())
    }

    /// What to submit for an action; none if what it is about is not known (any more).
    fn intent(&self, action: &Action) -> Option<Intent> {
        let request = |id| self.state.market().request(id).map(|case| case.request.as_ref());
        let call: Call = match &action.deed {
            Deed::Tick { request: id, about } => call::tick(request(id)?, *about, &self.state.brief(id, *about)),
            Deed::TickInstance { instance, about } => {
                let session = self.state.session(*instance, *about)?;
                let requests = session.requests.iter().map(|id| request(id).cloned()).collect::<Option<Vec<_>>>()?;
                call::tick_instance(*instance, &requests, *about, &session.data)
            }
            Deed::Expire { request: id } => call::expire(request(id)?),
            Deed::Reclaim { request: id, prover } => call::reclaim(request(id)?, *prover),
            Deed::Route { requester, lane, instance, version } => call::route(*requester, *lane, *instance, *version),
            Deed::Register { setup, .. } => call::register(setup, true),
            Deed::Retune { instance, setup } => call::retune(*instance, setup),
            Deed::Settle { proofs } => self.settlement(proofs)?,
        };
        Some(call.intent(action.key.clone(), self.config.market).until(action.until))
    }

    /// Brings proofs for their authors: all that have been awarded, or one for an open stage.
    pub(crate) fn settlement(&self, proofs: &[ProofKey]) -> Option<Call> {
        let item = |key: &ProofKey| {
            let (case, proof) = (self.state.market().request(&key.request)?, self.state.proof(key)?.bytes.to_vec());
            Some((case, Fulfillment { request: case.request.as_ref().clone(), prover: key.prover, proof }))
        };
        let items = proofs.iter().map(item).collect::<Option<Vec<_>>>()?;
        if let [(case, item)] = items.as_slice()
            && case.status == Status::Open
        {
            return Some(call::prove(&item.request, item.prover, &item.proof, &[]));
        }
        let items: Vec<_> = items.into_iter().map(|(_, item)| item).collect();
        Some(call::fulfill(&items))
    }
}
