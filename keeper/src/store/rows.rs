//! Between rows and what they say.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Decision, StoreError};
use crate::proof::{Fate, Proof, ProofKey, Status};

pub(super) fn proof(row: &SqliteRow) -> Result<Proof, StoreError> {
    let key =
        ProofKey { request: array(row, "request")?, prover: array(row, "prover")?, digest: array(row, "digest")? };
    let bytes: Vec<u8> = row.try_get("proof")?;
    Ok(Proof { key, bytes: bytes.into(), due: unsigned(row, "due")?, received: unsigned(row, "received_block")? })
}

pub(super) fn fate(row: &SqliteRow) -> Result<Fate, StoreError> {
    let status: String = row.try_get("status")?;
    let block: Option<i64> = row.try_get("settled_block")?;
    let hash: Option<Vec<u8>> = row.try_get("transaction_hash")?;
    Ok(Fate {
        status: Status::named(&status).ok_or_else(|| damaged("status"))?,
        reason: row.try_get("reason")?,
        transaction: hash.map(|hash| hash.try_into().map_err(|_| damaged("transaction_hash"))).transpose()?,
        block: block.and_then(|block| block.try_into().ok()),
    })
}

pub(super) fn decision(row: &SqliteRow) -> Result<Decision, StoreError> {
    let subject: Option<Vec<u8>> = row.try_get("request")?;
    Ok(Decision {
        time: unsigned(row, "time")?,
        block: unsigned(row, "block")?,
        key: row.try_get("key")?,
        action: row.try_get("action")?,
        subject: subject.map(|id| id.try_into().map_err(|_| damaged("request"))).transpose()?,
        reason: row.try_get("reason")?,
        outcome: row.try_get("outcome")?,
    })
}

pub(super) fn array<const N: usize>(row: &SqliteRow, column: &str) -> Result<[u8; N], StoreError> {
    let bytes: Vec<u8> = row.try_get(column)?;
    bytes.try_into().map_err(|_| damaged(column))
}

pub(super) fn unsigned(row: &SqliteRow, column: &str) -> Result<u64, StoreError> {
    u64::try_from(row.try_get::<i64, _>(column)?).map_err(|_| damaged(column))
}

/// SQLite counts to 2^63; what is above (no time or block is) is kept as that.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn damaged(column: &str) -> StoreError {
    StoreError::Failed(sqlx::Error::ColumnDecode { index: column.to_owned(), source: "not what was written".into() })
}
