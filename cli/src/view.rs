//! Questions to contracts beside the market.

use alloy::primitives::B256;
use alloy::sol_types::SolCall;
use anyhow::{Context, Result};
use bourse_bindings::Groth16Verifier;
use bourse_chain::{Call, Node};
use bourse_sim::abi::keccak;
use bourse_sim::{Account, ZERO};

use crate::amount;

/// Whether there is a contract at `address`.
///
/// # Errors
/// If the node does not answer.
pub async fn has_code(node: &Node, address: Account) -> Result<bool> {
    Ok(node.code_hash(address).await? != keccak(&[]))
}

/// Whether the Groth16 verifier at `verifier` knows a key.
///
/// # Errors
/// If it is no such verifier, or the node does not answer.
pub async fn is_key_registered(rpc: &str, verifier: Account, key: B256) -> Result<bool> {
    let node = Node::connect(rpc, verifier).await?;
    let question = Groth16Verifier::isRegisteredCall { key }.abi_encode();
    let answer = node.simulate(ZERO, &Call { calldata: question, ..Call::default() }).await?;
    let known = Groth16Verifier::isRegisteredCall::abi_decode_returns(&answer);
    known.with_context(|| format!("{} is no Groth16 verifier of this market", amount::address(verifier)))
}
