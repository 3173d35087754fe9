//! Proofs for open stages: requests that take proofs without having been awarded.

use bourse_sim::Time;
use bourse_sim::ask::{Cause, ON_PROOF, Status};
use bourse_sim::event::Config;
use bourse_sim::market::{Case, Turn};

use super::State;
use crate::proof::ProofKey;

impl State {
    /// Until when (unix seconds, inclusive) a proof can be brought in an open stage, if its mechanism would pay its author for it now, or why
    /// it would not. None if the request is not in an open stage.
    ///
    /// Where proofs do not bind their author, that takes a commitment of the author to this very proof: it stands on the chain by the time that
    /// the proof is kept here, so that nobody who learns of the proof from here comes before its author.
    pub fn admits(&self, key: &ProofKey) -> Option<Result<Time, String>> {
        let case = self.market.request(&key.request).filter(|case| case.status == Status::Open)?;
        let config = self.config(case).filter(|config| config.shape.flags & ON_PROOF != 0)?;
        Some(self.judge(case, config, key).map(|()| case.request.deadline.saturating_sub(1)))
    }

    fn judge(&self, case: &Case, config: &Config, key: &ProofKey) -> Result<(), String> {
        let now = self.head();
        if case.request.deadline <= now.time {
            return Err(format!("it is {}, and its deadline was {} (unix seconds)", now.time, case.request.deadline));
        }
        let twin = self.twin(config).ok_or("its mechanism is not known here: bring the proof yourself")?;
        if self.market.prover(&key.prover).is_none() {
            return Err("its author is not declared as a prover".to_owned());
        }
        let block_number = now.number + 1;
        let turn = Turn { cause: Cause::Proof, data: key.digest.to_vec(), block_number, ..self.turn(key.prover) };
        let ask = self.market.ask(&key.request, turn).ok_or("its rules are not known")?;
        twin.step(&ask).map(drop).map_err(|refusal| refusal.to_string())
    }

    /// Whether a proof can be settled now, if it is valid: its author has the award, or none is needed.
    pub(super) fn expects(&self, key: &ProofKey) -> bool {
        let award = self.market.request(&key.request).filter(|case| case.status == Status::Awarded);
        let award = award.and_then(|case| case.award).is_some_and(|award| award.prover == key.prover);
        award || matches!(self.admits(key), Some(Ok(_)))
    }
}
