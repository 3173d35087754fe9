//! Questions to the chain that the loop does not wait for: each ends in something to absorb.

use std::time::Duration;

use bourse_chain::call::{self, Call};
use bourse_chain::{Fault, Node, NodeError, Revert};
use bourse_sim::request::Request;
use bourse_sim::{Account, Time};

use crate::proof::ProofKey;
use crate::state::{COME_BACK, Input, Question, Word};

/// Asks a mechanism for its name. A name that is no answer to anything (the node failed) is asked for again.
pub(crate) async fn name(node: Node, mechanism: Account) -> Input {
    match node.mechanism_name(mechanism).await {
        Ok(name) => Input::Named(mechanism, name),
        Err(error) => {
            tracing::warn!(%error, "asking a mechanism for its name");
            Input::Unnamed(mechanism)
        }
    }
}

/// Asks what a tick would lead to at `now`, the head's time.
pub(crate) async fn peek(node: Node, request: Request, question: Question, now: Time) -> Input {
    let answer =
        node.peek(&request, question.about, &question.data).await.map(|answer| match answer.moves.as_slice() {
            [] => Word::Nothing(answer.wake),
            _ => Word::Moves(answer.moves),
        });
    Input::Peeked(question, word(answer, now))
}

/// Asks whether a tick of an instance, sent by `from`, would lead to anything at `now`.
pub(crate) async fn peek_instance(node: Node, from: Account, instance: u32, question: Question, now: Time) -> Input {
    let tick = call::tick_instance(instance, &[], question.about, &question.data);
    let answer = node.simulate(from, &tick).await.map(|_| Word::Moves(Vec::new()));
    Input::Peeked(question, word(answer, now))
}

/// What a no means.
fn word(answer: Result<Word, NodeError>, now: Time) -> Word {
    answer.unwrap_or_else(|error| match error {
        NodeError::Reverted(revert) => match revert.fault(now) {
            Fault::Retry { after, .. } => Word::Nothing(now + after.as_secs()),
            _ => Word::Nothing(now + COME_BACK),
        },
        _ => Word::Nothing(now + 1),
    })
}

/// Asks whether `settlement`, sent by `from`, would settle the proof that `key` names.
pub(crate) async fn check(node: Node, from: Account, settlement: Call, key: ProofKey) -> Input {
    let result = match node.simulate(from, &settlement).await {
        Ok(_) => Ok(()),
        Err(NodeError::Reverted(revert)) => Err(judge(revert)),
        Err(error) => Err(later(error.to_string())),
    };
    Input::Checked(key, result)
}

/// Whether a proof that would not settle now may do so later.
fn judge(revert: Revert) -> Fault {
    match revert.name.as_str() {
        // The node may be behind, or ahead, or on another branch than what was followed: the fold has the last word.
        "WrongStatus" | "WrongProver" | "DeadlinePassed" | "GasTooLow" | "MechanismFailed" => later(revert.to_string()),
        _ => Fault::Drop { why: revert.to_string(), revert: Some(revert) },
    }
}

fn later(why: String) -> Fault {
    Fault::Retry { after: Duration::from_secs(1), why }
}
