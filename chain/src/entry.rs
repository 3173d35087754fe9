//! What the journal holds: intents, transactions, and how they are rows.

use alloy::primitives::{Address, B256};
use bourse_sim::{Account, Id, Wei};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::intent::Intent;
use crate::journal::{JournalError, Result};

/// Whose journal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) account: Account,
    pub(crate) chain: u64,
    /// The hash of the chain's first block: development chains share their ids.
    pub(crate) genesis: Id,
}

/// How far an intent has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Meant, without a nonce.
    Planned,
    /// Signed under a nonce.
    Sent,
    /// In a block.
    Included,
    /// In a block that stays.
    Final,
}

/// What an included transaction did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Landed,
    Reverted,
    Cancelled,
}

/// Where a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) hash: Id,
    pub(crate) block: u64,
    pub(crate) block_hash: Id,
    pub(crate) deed: Deed,
}

/// An intent and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) intent: Intent,
    pub(crate) stage: Stage,
    pub(crate) nonce: Option<u64>,
    pub(crate) since: Option<u64>,
    pub(crate) trouble: Option<String>,
    pub(crate) place: Option<Place>,
    /// The caller knows that it is included.
    pub(crate) told: bool,
}

/// A signed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) hash: Id,
    pub(crate) nonce: u64,
    pub(crate) raw: Vec<u8>,
    pub(crate) gas: u64,
    pub(crate) max_fee: Wei,
    pub(crate) tip: Wei,
    /// It does nothing, in place of the intent.
    pub(crate) cancel: bool,
    /// The head when it was signed.
    pub(crate) block: u64,
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (account, genesis) = (Address::from(self.account), B256::from(self.genesis));
        write!(f, "{account} on chain {} (first block {genesis})", self.chain)
    }
}

impl Deed {
    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Landed => "landed",
            Self::Reverted => "reverted",
            Self::Cancelled => "cancelled",
        }
    }
}

pub(crate) fn entry(row: &SqliteRow) -> Result<Entry> {
    let intent = Intent {
        key: row.try_get("key")?,
        to: array(row.try_get("target")?)?,
        calldata: row.try_get("calldata")?,
        value: number(row.try_get("value")?)?,
        deadline: row.try_get::<Option<i64>, _>("deadline")?.map(unsigned).transpose()?,
        gas_floor: unsigned(row.try_get("gas_floor")?)?,
    };
    let stage = match row.try_get("stage")? {
        "planned" => Stage::Planned,
        "sent" => Stage::Sent,
        "included" => Stage::Included,
        "final" => Stage::Final,
        other => return Err(JournalError::Damaged(format!("a stage '{other}'"))),
    };
    let place = match row.try_get::<Option<&str>, _>("result")? {
        None => None,
        Some(result) => Some(Place {
            hash: array(row.try_get("hash")?)?,
            block: unsigned(row.try_get("block")?)?,
            block_hash: array(row.try_get("block_hash")?)?,
            deed: match result {
                "landed" => Deed::Landed,
                "reverted" => Deed::Reverted,
                _ => Deed::Cancelled,
            },
        }),
    };
    Ok(Entry {
        intent,
        stage,
        nonce: row.try_get::<Option<i64>, _>("nonce")?.map(unsigned).transpose()?,
        since: row.try_get::<Option<i64>, _>("since")?.map(unsigned).transpose()?,
        trouble: row.try_get("trouble")?,
        place,
        told: row.try_get("told")?,
    })
}

pub(crate) fn attempt(row: &SqliteRow) -> Result<Attempt> {
    Ok(Attempt {
        hash: array(row.try_get("hash")?)?,
        nonce: unsigned(row.try_get("nonce")?)?,
        raw: row.try_get("raw")?,
        gas: unsigned(row.try_get("gas")?)?,
        max_fee: number(row.try_get("max_fee")?)?,
        tip: number(row.try_get("tip")?)?,
        cancel: row.try_get("cancel")?,
        block: unsigned(row.try_get("block")?)?,
    })
}

pub(crate) fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| JournalError::Damaged(format!("{} bytes instead of {N}", bytes.len())))
}

fn number(text: &str) -> Result<Wei> {
    text.parse().map_err(|_| JournalError::Damaged(format!("'{text}' instead of an amount")))
}

/// SQLite's integers have a sign; nothing counted here gets that far.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn unsigned(value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|_| JournalError::Damaged(format!("{value} instead of a count")))
}
