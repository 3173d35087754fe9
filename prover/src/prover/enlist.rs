//! Brings what is declared and staked to what the settings ask for.

use bourse_chain::{Fault, Intent};
use bourse_sim::event::Config;

use super::Prover;
use crate::supply::{DRAINING, Present};

/// What the keys of these deeds begin with.
pub(super) const PREFIX: &str = "supply/";
/// Blocks after which a step that was refused is tried again.
const REST: u64 = 5;

impl Prover {
    /// Makes the next step, if the one before it has been followed.
    pub(super) async fn enlist(&mut self) -> anyhow::Result<()> {
        let Some(head) = self.state.tip() else { return Ok(()) };
        if !self.enlisting.is_empty() || self.rest.contains_key(PREFIX) {
            return Ok(());
        }
        let mut present = Present {
            declared: self.state.declared(),
            stake: self.state.prover().map_or(0, |prover| prover.stake),
            balance: self.state.balance(),
            allowance: 0,
        };
        let (me, market, token) = (self.state.me(), self.node.market(), self.state.market().stake_token());
        let Some(mut step) = self.target.step(&present, me, market, token) else { return Ok(()) };
        if !self.state.stakes_native() && matches!(step.name, "approve" | "deposit") {
            match self.node.allowance(token, me, market).await {
                Ok(allowance) => present.allowance = allowance,
                Err(error) => {
                    tracing::warn!(%error, "asking for the allowance of the stake token");
                    return Ok(());
                }
            }
            let Some(next) = self.target.step(&present, me, market, token) else { return Ok(()) };
            step = next;
        }
        if step.name == "declare" && (self.restricts() && !self.state.tickets().is_empty() || self.unseats()) {
            // What is no longer accepted cannot be revealed either.
            return Ok(());
        }
        let key = format!("{PREFIX}{}/{}", step.name, head.number);
        tracing::info!(step = step.name, "supply");
        match self.executor.submit(Intent { key: key.clone(), ..step.call.intent("", step.to) }).await? {
            Ok(_) => drop(self.enlisting.insert(key)),
            Err(fault) => {
                tracing::error!(step = step.name, %fault, "supply");
                if let Fault::Halt { why } | Fault::Drop { why, .. } = fault {
                    self.trouble = Some(format!("{} of the supply: {why}", step.name));
                }
                self.rest.insert(PREFIX.to_owned(), head.number + REST);
            }
        }
        Ok(())
    }

    /// The declaration that is to be sent takes back what a deposit on an instance promises: with that, not even notice could be given.
    fn unseats(&self) -> bool {
        let Some(difference) = self.target.difference(self.state.declared().as_ref()) else { return false };
        let breaks = |config: &Config| {
            difference.flags & DRAINING != 0
                || difference.mechanisms.contains(&(config.mechanism, false))
                || config.verifiers.iter().any(|verifier| difference.verifiers.contains(&(*verifier, false)))
        };
        let instances = self.state.market().instances();
        let mut seats = self.state.seats().filter_map(|(number, _)| instances.get(&number));
        seats.any(|instance| instance.config(instance.version()).is_some_and(|config| breaks(config)))
    }

    /// The declaration that is to be sent takes something back.
    fn restricts(&self) -> bool {
        let Some(difference) = self.target.difference(self.state.declared().as_ref()) else { return false };
        difference.flags & DRAINING != 0
            || difference.mechanisms.iter().any(|(_, accepted)| !accepted)
            || difference.verifiers.iter().any(|(_, accepted)| !accepted)
            || self.state.prover().is_some_and(|prover| prover.flags & !difference.flags & !DRAINING != 0)
    }
}
