//! What a program that acts on its own wants to know before it does: which chain and which code it is facing, what a
//! mechanism calls itself, and what a call would do.

use alloy::primitives::{Address, Bytes, U256, keccak256};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionRequest;
use bourse_bindings::IMechanism;
use bourse_sim::{Account, Id};

use crate::call::Call;
use crate::fetch;
use crate::node::{Node, NodeError};

impl Node {
    /// The hash of the chain's first block, which tells local chains of one id apart.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn genesis(&self) -> Result<Id, NodeError> {
        Ok(fetch::header(self, 0).await?.hash)
    }

    /// The hash of the code at `account`.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn code_hash(&self, account: Account) -> Result<Id, NodeError> {
        let code = self.provider().get_code_at(Address::from(account)).await?;
        Ok(keccak256(&code).0)
    }

    /// What the mechanism at `mechanism` calls itself; none if the contract there does not say.
    ///
    /// # Errors
    /// [`NodeError`] if the node gave no answer.
    pub async fn mechanism_name(&self, mechanism: Account) -> Result<Option<String>, NodeError> {
        match IMechanism::new(mechanism.into(), self.provider()).name().call().await {
            Ok(name) => Ok(Some(name)),
            Err(alloy::contract::Error::TransportError(error)) => match NodeError::from(error) {
                NodeError::Reverted(_) => Ok(None),
                error => Err(error),
            },
            // It answered, but not with a string.
            Err(_) => Ok(None),
        }
    }

    /// What `call` to the market by `from` would return at the latest block, without doing it.
    ///
    /// # Errors
    /// [`NodeError::Reverted`] says why it would fail.
    pub async fn simulate(&self, from: Account, call: &Call) -> Result<Vec<u8>, NodeError> {
        let request = TransactionRequest::default()
            .from(from.into())
            .to(self.market_address())
            .value(U256::from(call.value))
            .input(Bytes::copy_from_slice(&call.calldata).into());
        Ok(self.provider().call(request).await?.to_vec())
    }
}
