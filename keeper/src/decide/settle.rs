//! Proofs that others entrusted: many in one transaction, those that are due first before others.

use bourse_sim::abi::keccak;
use bourse_sim::ask::Status;
use bourse_sim::market::Case;

use super::{Action, Deed};
use crate::config::Goals;
use crate::proof::ProofKey;
use crate::state::{Entrusted, State};

/// Gas of a settlement beside its verifier and its callback, and of the transaction itself.
const ITEM_GAS: u64 = 60_000;
const BATCH_GAS: u64 = 50_000;

/// The batches to send now. A proof costs its sender nothing, whatever the goals say of profit: a keeper that took it in has
/// promised to settle it.
pub fn settle(state: &State, goals: &Goals) -> Vec<Action> {
    if !state.at_tip() || state.is_halted() {
        return Vec::new();
    }
    let mut ready: Vec<(&ProofKey, &Entrusted)> = state.verified().collect();
    ready.sort_by_key(|(key, entry)| (entry.proof.due, **key));
    // Of several valid proofs for one award, one will do.
    let mut seen = std::collections::HashSet::new();
    ready.retain(|(key, _)| seen.insert((key.request, key.prover)));

    let staged = |key: &ProofKey| state.market().request(&key.request).is_some_and(|case| case.status == Status::Open);
    let (staged, ready): (Vec<_>, Vec<_>) = ready.into_iter().partition(|(key, _)| staged(key));
    let mut batches: Vec<Vec<(&ProofKey, &Entrusted)>> = Vec::new();
    let mut gas = 0;
    for item in ready {
        let need = reckon(state, item.0);
        match batches.last_mut() {
            Some(batch) if batch.len() < goals.batch_size && gas + need <= goals.batch_gas => {
                gas += need;
                batch.push(item);
            }
            _ => {
                gas = BATCH_GAS + need;
                batches.push(vec![item]);
            }
        }
    }
    // In an open stage the mechanism is asked about each.
    batches.extend(staged.into_iter().map(|item| vec![item]));
    batches.into_iter().map(|batch| action(state, &batch)).collect()
}

fn action(state: &State, batch: &[(&ProofKey, &Entrusted)]) -> Action {
    let proofs: Vec<ProofKey> = batch.iter().map(|(key, _)| **key).collect();
    let until = batch.iter().map(|(_, entry)| entry.proof.due).max().unwrap_or_default();
    let first = batch.iter().map(|(_, entry)| entry.proof.due).min().unwrap_or_default();
    let mut epoch = Vec::new();
    for (key, entry) in batch {
        epoch.extend_from_slice(&key.request);
        epoch.extend_from_slice(&key.prover);
        epoch.extend_from_slice(&key.digest);
        epoch.extend_from_slice(&entry.tries.to_be_bytes());
    }
    let key =
        format!("{}/{}/settle/{}", state.prefix(), hex::encode(proofs[0].request), hex::encode(&keccak(&epoch)[..8]));
    let reason = match proofs.len() {
        1 => format!("a proof is ready, due at {first}"),
        many => format!("{many} proofs are ready, the first due at {first}"),
    };
    Action { key, deed: Deed::Settle { proofs }, reason, until }
}

/// Gas that one settlement may take.
fn reckon(state: &State, key: &ProofKey) -> u64 {
    let market = state.market();
    let gas = |case: &Case| {
        let verifier = market.verifiers().get(&case.request.verifier).map_or(0, |verifier| verifier.gas);
        u64::from(verifier) + u64::from(case.request.callback_gas)
    };
    ITEM_GAS + market.request(&key.request).map_or(0, gas)
}
