//! One endpoint, and the market it is asked about.

use std::time::Duration;

use alloy::primitives::Address;
use alloy::providers::{Provider, RootProvider};
use alloy::rpc::client::RpcClient;
use alloy::transports::{RpcError, TransportError};
use bourse_sim::Account;

use crate::error::Revert;
use crate::http;

/// How long an endpoint may take for one answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// An Ethereum node's JSON-RPC endpoint, and the market that everything is about. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Node {
    provider: RootProvider,
    market: Address,
    chain_id: u64,
}

/// Why the node gave no answer, or which answer it gave instead.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NodeError {
    /// The endpoint's address is no URL.
    #[error("'{url}' is no URL of a node: {why}; it should look like http://127.0.0.1:8545")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// No answer, or none that can be understood. Asking again may help.
    #[error("the node did not answer: {0}")]
    Unreachable(String),
    /// The node answered with an error of its own.
    #[error("the node refused: {message} (code {code})")]
    Refused {
        /// The JSON-RPC code.
        code: i64,
        /// What it said.
        message: String,
    },
    /// The contract called said no.
    #[error("{0}")]
    Reverted(Revert),
    /// There is no contract at the market's address.
    #[error("no contract at {address} on chain {chain_id}: is it the market's address, and the right node?")]
    NoMarket {
        /// Where the market was expected.
        address: String,
        /// The chain that the node is on.
        chain_id: u64,
    },
    /// The token does not answer like an ERC-20.
    #[error("{token} does not answer as an ERC-20 token: {why}")]
    NotAToken {
        /// What was asked.
        token: String,
        /// How it failed.
        why: String,
    },
}

impl Node {
    /// Connects to the node at `url` and asks which chain it is on.
    ///
    /// # Errors
    /// [`NodeError::Url`], [`NodeError::Unreachable`], or [`NodeError::NoMarket`] if nothing is deployed at `market`.
    pub async fn connect(url: &str, market: Account) -> Result<Self, NodeError> {
        let node = Self::connect_bare(url, market).await?;
        let code = node.provider.get_code_at(node.market).await.map_err(NodeError::from)?;
        if code.is_empty() {
            return Err(NodeError::NoMarket { address: node.market.to_string(), chain_id: node.chain_id });
        }
        Ok(node)
    }

    /// As [`Node::connect`], without looking whether there is a contract: to deploy one, or to send plain transfers.
    ///
    /// # Errors
    /// [`NodeError::Url`] or [`NodeError::Unreachable`].
    pub async fn connect_bare(url: &str, market: Account) -> Result<Self, NodeError> {
        let bad = |why: String| NodeError::Url { url: url.to_owned(), why };
        let parsed = reqwest::Url::parse(url).map_err(|error| bad(error.to_string()))?;
        let http = http::client(url, PATIENCE).map_err(bad)?;
        let provider = RootProvider::new(RpcClient::new_http_with_client(http, parsed));
        let chain_id = provider.get_chain_id().await.map_err(NodeError::from)?;
        Ok(Self { provider, market: Address::from(market), chain_id })
    }

    /// The id of the chain.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The market's address.
    pub fn market(&self) -> Account {
        self.market.into_array()
    }

    pub(crate) fn provider(&self) -> &RootProvider {
        &self.provider
    }

    pub(crate) fn market_address(&self) -> Address {
        self.market
    }
}

impl NodeError {
    /// Asking the same again may get another answer.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Refused { .. })
    }
}

impl From<TransportError> for NodeError {
    fn from(error: TransportError) -> Self {
        match &error {
            RpcError::ErrorResp(payload) => match revert_data(payload) {
                Some(data) => Self::Reverted(Revert::decode(&data)),
                None => Self::Refused { code: payload.code, message: payload.message.to_string() },
            },
            _ => Self::Unreachable(error.to_string()),
        }
    }
}

impl From<alloy::contract::Error> for NodeError {
    fn from(error: alloy::contract::Error) -> Self {
        match error {
            alloy::contract::Error::TransportError(error) => error.into(),
            other => Self::Unreachable(other.to_string()),
        }
    }
}

/// The data that a contract reverted with, if that is what the error is about. A revert without data counts.
pub(crate) fn revert_data(payload: &alloy::rpc::json_rpc::ErrorPayload) -> Option<Vec<u8>> {
    if let Some(data) = payload.as_revert_data() {
        return Some(data.to_vec());
    }
    let reverted = payload.code == 3 || payload.message.to_lowercase().contains("execution reverted");
    reverted.then(Vec::new)
}
