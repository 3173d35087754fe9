//! One transaction at a time: what it would cost, what it would do, how it is signed and handed to the node, and where it
//! ended up.

use std::time::Duration;

use alloy::consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy::eips::eip2718::Encodable2718;
use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{Address, B256, Bytes, TxKind, U64, U256, hex};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionRequest;
use alloy::signers::SignerSync;
use alloy::transports::RpcError;
use bourse_sim::{Account, Id, Wei};
use serde::Deserialize;

use crate::entry::{Attempt, Deed, Place};
use crate::execute::{ExecuteConfig, ExecuteError};
use crate::follow::Head;
use crate::intent::{Fault, Intent, Outcome};
use crate::journal::Journal;
use crate::key::Key;
use crate::node::{Node, NodeError};

/// Gas of a transfer of nothing to oneself, with room for an account that delegates its code.
const CANCEL_GAS: u64 = 60_000;
/// What is waited after a failure that says nothing about when it ends.
const A_BLOCK: Duration = Duration::from_secs(12);
const A_MOMENT: Duration = Duration::from_secs(1);

/// Bids for a unit of gas, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fees {
    pub(crate) max_fee: Wei,
    pub(crate) tip: Wei,
}

/// All that a first transaction needs to be signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    gas: u64,
    fees: Fees,
    /// The least nonce that the chain has not used.
    nonce: u64,
}

/// Signs for one account and speaks to one node.
#[derive(Debug)]
pub(crate) struct Sender {
    node: Node,
    key: Key,
    config: ExecuteConfig,
}

/// A receipt, as far as it matters.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    block_number: U64,
    block_hash: B256,
    status: U64,
}

impl Sender {
    pub(crate) fn new(node: Node, key: Key, config: ExecuteConfig) -> Self {
        Self { node, key, config }
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn account(&self) -> Account {
        self.key.address()
    }

    /// Simulates `intent` on top of what is pending, and finds what it costs.
    pub(crate) async fn prepare(&self, intent: &Intent, head: Head) -> Result<Terms, Fault> {
        let estimate = self.node.provider().estimate_gas(self.request(intent)).await;
        let estimate = estimate.map_err(|error| fault(NodeError::from(error), head))?;
        let gas = estimate.saturating_mul(100 + self.config.gas_margin) / 100;
        let gas = gas.max(intent.gas_floor);
        let fees = self.prices().await.map_err(|error| fault(error, head))?;
        let cap = self.config.max_fee;
        let fees = fees.ok_or_else(|| Fault::Retry {
            after: A_BLOCK,
            why: format!("gas costs more than the {cap} wei per unit that may be bid"),
        })?;
        let account = Address::from(self.account());
        let balance = self.node.provider().get_balance(account).await.map_err(|error| fault(error.into(), head))?;
        let need = U256::from(intent.value) + U256::from(gas) * U256::from(fees.max_fee);
        if balance < need {
            let why = format!("{account} has {balance} wei and needs up to {need} for value and gas: send it some");
            return Err(Fault::Halt { why });
        }
        let nonce = self.nonce_at(None).await.map_err(|error| fault(error, head))?;
        Ok(Terms { gas, fees, nonce })
    }

    /// Signs, writes down, and only then sends. Whether the node took it is for later steps to see.
    pub(crate) async fn send(
        &self,
        journal: &Journal,
        intent: &Intent,
        terms: &Terms,
        head: Head,
    ) -> Result<Id, ExecuteError> {
        let nonce = terms.nonce.max(journal.next_nonce().await?);
        let attempt = self.sign(intent, nonce, terms.gas, terms.fees, head)?;
        journal.bind(&intent.key, &attempt).await?;
        self.broadcast(journal, &intent.key, &attempt).await?;
        Ok(attempt.hash)
    }

    /// Keeps a transaction moving: the same bytes again, higher fees when it waits too long, and nothing in its place when
    /// it is `late`.
    pub(crate) async fn insist(
        &self,
        journal: &Journal,
        intent: &Intent,
        attempts: &[Attempt],
        late: bool,
        head: Head,
    ) -> Result<(), ExecuteError> {
        let Some(last) = attempts.last() else { return Ok(()) };
        let cancelling = attempts.iter().any(|attempt| attempt.cancel);
        let waits = head.number >= last.block.saturating_add(self.config.patience);
        if !waits && (cancelling || !late) {
            return self.broadcast(journal, &intent.key, last).await;
        }
        let market = self.prices().await?.unwrap_or(Fees { max_fee: 0, tip: 0 });
        let raised = Fees { max_fee: raise(last.max_fee).max(market.max_fee), tip: raise(last.tip).max(market.tip) };
        if raised.max_fee > self.config.max_fee || raised.tip > raised.max_fee {
            let cap = self.config.max_fee;
            self.broadcast(journal, &intent.key, last).await?;
            let why = format!("it bids {} wei per unit of gas and may not bid above {cap}", last.max_fee);
            return Ok(journal.trouble(&intent.key, Some(&why)).await?);
        }
        let attempt = if late || cancelling {
            let nothing = Intent { to: self.account(), ..Intent::default() };
            Attempt { cancel: true, ..self.sign(&nothing, last.nonce, CANCEL_GAS, raised, head)? }
        } else {
            self.sign(intent, last.nonce, last.gas, raised, head)?
        };
        tracing::info!(
            key = intent.key,
            nonce = last.nonce,
            cancel = attempt.cancel,
            max_fee = raised.max_fee,
            "replacing"
        );
        journal.add(&intent.key, &attempt).await?;
        self.broadcast(journal, &intent.key, &attempt).await
    }

    /// Where one of `attempts` is, if the chain has one.
    pub(crate) async fn locate(&self, attempts: &[Attempt]) -> Result<Option<Place>, NodeError> {
        for attempt in attempts.iter().rev() {
            let hash = B256::from(attempt.hash);
            let receipt: Option<Receipt> =
                self.node.provider().client().request("eth_getTransactionReceipt", (hash,)).await?;
            let Some(receipt) = receipt else { continue };
            let deed = match receipt.status.to::<u64>() {
                _ if attempt.cancel => Deed::Cancelled,
                1 => Deed::Landed,
                _ => Deed::Reverted,
            };
            let (block, block_hash) = (receipt.block_number.to(), receipt.block_hash.0);
            return Ok(Some(Place { hash: attempt.hash, block, block_hash, deed }));
        }
        Ok(None)
    }

    /// What an included transaction means to the caller.
    pub(crate) async fn judge(&self, intent: &Intent, place: Place, head: Head) -> Result<Outcome, NodeError> {
        Ok(match place.deed {
            Deed::Landed => Outcome::Landed { transaction: place.hash, block: place.block },
            Deed::Cancelled => {
                let why = "it did not get into a block before its deadline and was cancelled".to_owned();
                Outcome::Failed(Fault::Drop { why, revert: None })
            }
            Deed::Reverted => Outcome::Failed(self.post_mortem(intent, place, head).await?),
        })
    }

    /// How many nonces the account has used, after block `number` or now.
    pub(crate) async fn nonce_at(&self, number: Option<u64>) -> Result<u64, NodeError> {
        let block = number.map_or(BlockNumberOrTag::Latest, BlockNumberOrTag::Number);
        let count = self.node.provider().get_transaction_count(self.account().into());
        Ok(count.block_id(BlockId::Number(block)).await?)
    }

    /// Why a transaction reverted, by doing it again where it did; the state may not be quite the same.
    async fn post_mortem(&self, intent: &Intent, place: Place, head: Head) -> Result<Fault, NodeError> {
        let before = BlockId::Number(BlockNumberOrTag::Number(place.block.saturating_sub(1)));
        match self.node.provider().call(self.request(intent)).block(before).await.map_err(NodeError::from) {
            Err(NodeError::Reverted(revert)) => Ok(revert.fault(head.time)),
            Err(error @ NodeError::Unreachable(_)) => Err(error),
            _ => {
                let why = "it reverted in its block, and would not have by itself: too little gas, or another \
                           transaction came before it";
                Ok(Fault::Drop { why: why.to_owned(), revert: None })
            }
        }
    }

    fn request(&self, intent: &Intent) -> TransactionRequest {
        TransactionRequest::default()
            .from(self.account().into())
            .to(intent.to.into())
            .value(U256::from(intent.value))
            .input(Bytes::copy_from_slice(&intent.calldata).into())
    }

    /// What to bid now: room for the base fee to double. None if even the present base fee is above the cap.
    async fn prices(&self) -> Result<Option<Fees>, NodeError> {
        let provider = self.node.provider();
        let history = provider.get_fee_history(1, BlockNumberOrTag::Latest, &[]).await?;
        let base = history.next_block_base_fee().unwrap_or_default();
        // Not every node has an opinion on tips.
        let tip = provider.get_max_priority_fee_per_gas().await.unwrap_or_default().max(self.config.min_tip);
        let cap = self.config.max_fee;
        let max_fee = base.saturating_mul(2).saturating_add(tip).min(cap);
        Ok((base.saturating_add(self.config.min_tip) <= cap).then_some(Fees { max_fee, tip: tip.min(max_fee) }))
    }

    fn sign(&self, intent: &Intent, nonce: u64, gas: u64, fees: Fees, head: Head) -> Result<Attempt, ExecuteError> {
        let transaction = TxEip1559 {
            chain_id: self.node.chain_id(),
            nonce,
            gas_limit: gas,
            max_fee_per_gas: fees.max_fee,
            max_priority_fee_per_gas: fees.tip,
            to: TxKind::Call(intent.to.into()),
            value: U256::from(intent.value),
            access_list: Default::default(),
            input: Bytes::copy_from_slice(&intent.calldata),
        };
        let signature = self.key.signer().sign_hash_sync(&transaction.signature_hash());
        let signature = signature.map_err(|error| ExecuteError::Signing(error.to_string()))?;
        let envelope = TxEnvelope::from(transaction.into_signed(signature));
        Ok(Attempt {
            hash: envelope.tx_hash().0,
            nonce,
            raw: envelope.encoded_2718(),
            gas,
            max_fee: fees.max_fee,
            tip: fees.tip,
            cancel: false,
            block: head.number,
        })
    }

    /// Hands signed bytes to the node. Nothing it says decides anything; what it has against them is noted.
    async fn broadcast(&self, journal: &Journal, key: &str, attempt: &Attempt) -> Result<(), ExecuteError> {
        let raw = hex::encode_prefixed(&attempt.raw);
        let sent: Result<B256, _> = self.node.provider().client().request("eth_sendRawTransaction", (raw,)).await;
        let trouble = match sent {
            Ok(_) => None,
            Err(RpcError::ErrorResp(payload)) => trouble(&payload.message),
            Err(error) => {
                tracing::warn!(key, %error, "sending; will be sent again");
                return Ok(());
            }
        };
        Ok(journal.trouble(key, trouble.as_deref()).await?)
    }
}

/// At least an eighth more, as nodes want it of a replacement.
fn raise(fee: Wei) -> Wei {
    fee.saturating_add(fee.div_ceil(8)).max(1)
}

/// What the node has against a transaction, unless it only says that it has it, or that its nonce is used.
fn trouble(message: &str) -> Option<String> {
    let lower = message.to_lowercase();
    let harmless = ["already known", "already imported", "known transaction", "already exists", "nonce too low"];
    let harmless = harmless.iter().any(|phrase| lower.contains(phrase));
    (!harmless).then(|| message.to_owned())
}

/// What to do about an answer to a simulation.
fn fault(error: NodeError, head: Head) -> Fault {
    match error {
        NodeError::Reverted(revert) => revert.fault(head.time),
        NodeError::Refused { message, .. } if message.to_lowercase().contains("insufficient funds") => {
            Fault::Halt { why: message }
        }
        NodeError::Refused { message, .. } => Fault::Retry { after: A_BLOCK, why: message },
        NodeError::Unreachable(why) => Fault::Retry { after: A_MOMENT, why },
        other => Fault::Halt { why: other.to_string() },
    }
}
