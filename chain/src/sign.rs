//! EIP-712: ids of requests, digests of bids, and signatures over both.

use alloy::primitives::{B256, Uint};
use alloy::signers::SignerSync;
use alloy::sol_types::{Eip712Domain, SolStruct, eip712_domain};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time};

use crate::call::Bid;
use crate::convert;
use crate::key::{Key, KeyError};
use crate::node::Node;

/// A bid as it is signed: what is sent does not repeat the request that it is brought with.
mod signed {
    alloy::sol! {
        struct Bid {
            bytes32 request;
            uint40 reopenedAt;
            address prover;
            uint88 price;
            uint80 maxBond;
            uint40 validUntil;
            bytes data;
        }
    }
}

/// The domain that signatures for one market on one chain belong to.
#[derive(Clone, Debug, PartialEq)]
pub struct Domain(Eip712Domain);

impl Domain {
    /// The domain of the market at `market` on chain `chain_id`.
    pub fn new(chain_id: u64, market: Account) -> Self {
        let contract = alloy::primitives::Address::from(market);
        Self(eip712_domain! { name: "Bourse", version: "1", chain_id: chain_id, verifying_contract: contract, })
    }

    /// The domain of the market that `node` is asked about.
    pub fn of(node: &Node) -> Self {
        Self::new(node.chain_id(), node.market())
    }

    /// The id of `request`: what its requester signs, and the key of everything about it.
    pub fn request_id(&self, request: &Request) -> Id {
        convert::request_out(request).eip712_signing_hash(&self.0).0
    }

    /// What the prover of `bid` signs. `reopened_at` is 0 in the first opening of the request; after a failure, or on a lower rung,
    /// since when it is open (`State.time`): a word is good for one opening.
    pub fn bid_digest(&self, bid: &Bid, reopened_at: Time) -> Id {
        let sent = convert::bid_out(bid);
        let word = signed::Bid {
            request: bid.request.into(),
            reopenedAt: Uint::saturating_from(reopened_at),
            prover: sent.prover,
            price: sent.price,
            maxBond: sent.maxBond,
            validUntil: sent.validUntil,
            data: sent.data,
        };
        word.eip712_signing_hash(&self.0).0
    }

    /// The signature with which anyone may enter `request`: 65 bytes.
    ///
    /// # Errors
    /// [`KeyError::Signing`] if the key cannot sign.
    pub fn sign_request(&self, key: &Key, request: &Request) -> Result<Vec<u8>, KeyError> {
        sign(key, self.request_id(request))
    }

    /// The signature with which anyone may bring `bid`: 65 bytes. For `reopened_at` see [`Domain::bid_digest`].
    ///
    /// # Errors
    /// [`KeyError::Signing`] if the key cannot sign.
    pub fn sign_bid(&self, key: &Key, bid: &Bid, reopened_at: Time) -> Result<Vec<u8>, KeyError> {
        sign(key, self.bid_digest(bid, reopened_at))
    }
}

/// The signature of 32 bytes as a personal message (EIP-191): `r`, `s`, `v` of 27 or 28.
///
/// # Errors
/// [`KeyError::Signing`] if the key cannot sign.
pub fn sign_personal(key: &Key, statement: &Id) -> Result<[u8; 65], KeyError> {
    let signature = key.signer().sign_message_sync(statement);
    signature.map(|signature| signature.as_bytes()).map_err(|error| KeyError::Signing(error.to_string()))
}

fn sign(key: &Key, digest: Id) -> Result<Vec<u8>, KeyError> {
    let signature = key.signer().sign_hash_sync(&B256::from(digest));
    signature.map(|signature| signature.as_bytes().to_vec()).map_err(|error| KeyError::Signing(error.to_string()))
}
