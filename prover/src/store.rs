//! What must survive a crash: salts of sealed bids, proofs, and what is meant to become of each job. Where a request stands
//! is not in here: the chain knows.
//!
//! Every write is on disk when it returns.

use std::{path::Path, str::FromStr};

use alloy::primitives::{Address, hex};
use bourse_chain::Node;
use bourse_sim::{
    Account, Id, Wei,
    mechanisms::{
        scoring::{self, Offer},
        sealed,
    },
};
use sqlx::{
    Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};

use crate::{
    bid::Pledge,
    jobs::{Job, Stage},
};

/// Why the store cannot be used. The program ends: without it, deposits and work would be at risk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error("the store failed: {0}")]
    Database(#[from] sqlx::Error),
    /// It belongs to something else.
    #[error("the store {path} belongs to {have}, this is {want}: give each prover a data folder of its own")]
    Foreign {
        /// The file.
        path: String,
        /// Whose it is.
        have: String,
        /// Who opened it.
        want: String,
    },
    /// It holds what this program never writes.
    #[error("the store holds {what} '{have}', which makes no sense: is it the file of a newer version?")]
    Corrupt {
        /// The column.
        what: &'static str,
        /// Its value.
        have: String,
    },
}

/// A sealed bid that was or may have been committed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// The price.
    pub price: Wei,
    /// What keeps it secret until it is revealed, and is needed to reveal it.
    pub salt: Id,
    /// What is promised beside the price, where that is part of a bid.
    pub pledge: Option<Pledge>,
}

impl Commitment {
    /// What the chain sees of it before it is revealed.
    pub fn seal(&self, id: &Id, prover: &Account) -> Id {
        match self.offer() {
            Some(offer) => scoring::commitment(id, prover, &offer, &self.salt),
            None => sealed::commitment(id, prover, self.price, &self.salt),
        }
    }

    /// The data that reveals it, beside the price.
    pub fn opening(&self) -> Vec<u8> {
        match self.offer() {
            Some(offer) => scoring::reveal_data(&offer, &self.salt),
            None => self.salt.to_vec(),
        }
    }

    fn offer(&self) -> Option<Offer> {
        self.pledge.map(|Pledge { promised, share }| Offer { price: self.price, promised, share })
    }

    /// From what [`Commitment::opening`] gave.
    fn read(price: Wei, opening: Vec<u8>) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt { what: "salt", have: hex::encode(&opening) };
        let (salt, rest) = opening.split_first_chunk().ok_or_else(corrupt)?;
        let pledge = match rest {
            [] => None,
            [a, b, c, d, high, low] => Some(Pledge {
                promised: u32::from_be_bytes([*a, *b, *c, *d]),
                share: u16::from_be_bytes([*high, *low]),
            }),
            _ => return Err(corrupt()),
        };
        Ok(Self { price, salt: *salt, pledge })
    }
}

/// The store of one prover on one market.
#[derive(Clone, Debug)]
pub struct Store(SqlitePool);

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS owner (name TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS jobs (
    id BLOB PRIMARY KEY,
    stage TEXT NOT NULL,
    price TEXT NOT NULL,
    due INTEGER NOT NULL,
    proof BLOB,
    note TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS commitments (
    id BLOB NOT NULL,
    rung INTEGER NOT NULL,
    price TEXT NOT NULL,
    salt BLOB NOT NULL,
    PRIMARY KEY (id, rung)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS splits (
    id BLOB NOT NULL,
    rung INTEGER NOT NULL,
    said BLOB NOT NULL,
    PRIMARY KEY (id, rung)
) STRICT, WITHOUT ROWID;
";

impl Store {
    /// Opens or makes the store at `path`, for `prover` on the market of `node`.
    ///
    /// # Errors
    /// [`StoreError::Foreign`] if it is another prover's or market's.
    pub async fn open(path: &Path, node: &Node, prover: Account) -> Result<Self, StoreError> {
        let (market, prover) = (Address::from(node.market()), Address::from(prover));
        Self::open_as(path, &format!("prover {prover} on market {market} of chain {}", node.chain_id())).await
    }

    async fn open_as(path: &Path, owner: &str) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        // One writer, and the loop is it.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        sqlx::raw_sql(SCHEMA).execute(&pool).await?;
        let have: Option<String> = sqlx::query_scalar("SELECT name FROM owner").fetch_optional(&pool).await?;
        match have {
            None => {
                sqlx::query("INSERT INTO owner VALUES (?)").bind(owner).execute(&pool).await?;
            }
            Some(have) if have != owner => {
                let path = path.display().to_string();
                return Err(StoreError::Foreign { path, have, want: owner.to_owned() });
            }
            Some(_) => {}
        }
        Ok(Self(pool))
    }

    /// All jobs that were not at their end, and those that were.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        let rows = sqlx::query("SELECT id, stage, price, due, proof, note FROM jobs").fetch_all(&self.0).await?;
        rows.iter().map(read_job).collect()
    }

    /// Writes a job down, with its proof if it has one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put(&self, job: &Job) -> Result<(), StoreError> {
        let sql = "INSERT INTO jobs VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO UPDATE SET \
                   stage = ?2, price = ?3, due = ?4, proof = ?5, note = ?6";
        sqlx::query(sql)
            .bind(job.id.as_slice())
            .bind(job.stage.as_str())
            .bind(job.price.to_string())
            .bind(i64::try_from(job.due).unwrap_or(i64::MAX))
            .bind(job.proof.as_deref())
            .bind(&job.note)
            .execute(&self.0)
            .await?;
        Ok(())
    }

    /// The commitment for a request in a rung, which is `fresh` if there was none. What is returned is on disk.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn commit(&self, id: &Id, rung: u8, fresh: &Commitment) -> Result<Commitment, StoreError> {
        sqlx::query("INSERT INTO commitments VALUES (?, ?, ?, ?) ON CONFLICT (id, rung) DO NOTHING")
            .bind(id.as_slice())
            .bind(i64::from(rung))
            .bind(fresh.price.to_string())
            .bind(fresh.opening())
            .execute(&self.0)
            .await?;
        Ok(self.commitment(id, rung).await?.unwrap_or_else(|| fresh.clone()))
    }

    /// The commitment for a request in a rung, if there is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn commitment(&self, id: &Id, rung: u8) -> Result<Option<Commitment>, StoreError> {
        let sql = "SELECT price, salt FROM commitments WHERE id = ? AND rung = ?";
        let row = sqlx::query(sql).bind(id.as_slice()).bind(i64::from(rung)).fetch_optional(&self.0).await?;
        let Some(row) = row else { return Ok(None) };
        Commitment::read(number(row.try_get("price")?)?, row.try_get("salt")?).map(Some)
    }

    /// The split of a committee's pay that this prover signs for a request in a rung, which is `fresh` if there was none. What is
    /// returned is on disk.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn agree(&self, id: &Id, rung: u8, fresh: &[u8]) -> Result<Vec<u8>, StoreError> {
        sqlx::query("INSERT INTO splits VALUES (?, ?, ?) ON CONFLICT (id, rung) DO NOTHING")
            .bind(id.as_slice())
            .bind(i64::from(rung))
            .bind(fresh)
            .execute(&self.0)
            .await?;
        Ok(self.agreed(id, rung).await?.unwrap_or_else(|| fresh.to_vec()))
    }

    /// The split that this prover has signed for a request in a rung, if there is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn agreed(&self, id: &Id, rung: u8) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT said FROM splits WHERE id = ? AND rung = ?";
        Ok(sqlx::query_scalar(sql).bind(id.as_slice()).bind(i64::from(rung)).fetch_optional(&self.0).await?)
    }

    /// Waits until nothing is written any more.
    pub async fn close(&self) {
        self.0.close().await;
    }
}

fn read_job(row: &SqliteRow) -> Result<Job, StoreError> {
    let stage: &str = row.try_get("stage")?;
    let corrupt = || StoreError::Corrupt { what: "stage", have: stage.to_owned() };
    Ok(Job {
        id: word("id", row.try_get("id")?)?,
        stage: Stage::from_str(stage).map_err(|_| corrupt())?,
        price: number(row.try_get("price")?)?,
        due: row.try_get::<i64, _>("due")?.try_into().unwrap_or(0),
        proof: row.try_get("proof")?,
        note: row.try_get("note")?,
    })
}

fn number(text: &str) -> Result<Wei, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt { what: "price", have: text.to_owned() })
}

fn word(what: &'static str, bytes: &[u8]) -> Result<Id, StoreError> {
    bytes.try_into().map_err(|_| StoreError::Corrupt { what, have: hex::encode(bytes) })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prover.sqlite");
        let job = Job {
            id: [7; 32],
            stage: Stage::Proved,
            price: Wei::from(u64::MAX) * 3,
            due: 1_800_000_000,
            proof: Some(vec![1, 2, 3]),
            note: "done".into(),
        };
        {
            let store = Store::open_as(&path, "a").await.unwrap();
            store.put(&Job { stage: Stage::Awarded, proof: None, ..job.clone() }).await.unwrap();
            store.put(&job).await.unwrap();
            store.close().await;
        }
        let store = Store::open_as(&path, "a").await.unwrap();
        assert_eq!(store.jobs().await.unwrap(), [job]);
    }

    #[tokio::test]
    async fn no_second_split_is_signed_for_a_request() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prover.sqlite");
        let store = Store::open_as(&path, "a").await.unwrap();
        assert_eq!(store.agreed(&[3; 32], 0).await.unwrap(), None);
        assert_eq!(store.agree(&[3; 32], 0, &[1]).await.unwrap(), [1]);
        store.close().await;
        let store = Store::open_as(&path, "a").await.unwrap();
        assert_eq!(store.agree(&[3; 32], 0, &[2]).await.unwrap(), [1], "not after a restart either");
        assert_eq!(store.agree(&[3; 32], 1, &[2]).await.unwrap(), [2], "another rung is another committee");
    }

    #[tokio::test]
    async fn the_first_commitment_stands() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_as(&folder.path().join("prover.sqlite"), "a").await.unwrap();
        let first = Commitment { price: 5, salt: [1; 32], pledge: None };
        let second = Commitment { price: 6, salt: [2; 32], pledge: Some(Pledge { promised: 70_000, share: 10_000 }) };
        assert_eq!(store.commitment(&[3; 32], 0).await.unwrap(), None);
        assert_eq!(store.commit(&[3; 32], 0, &first).await.unwrap(), first);
        assert_eq!(store.commit(&[3; 32], 0, &second).await.unwrap(), first, "a salt once used is never replaced");
        assert_eq!(store.commit(&[3; 32], 1, &second).await.unwrap(), second, "another rung is another auction");
        assert_eq!(store.commitment(&[3; 32], 1).await.unwrap(), Some(second));
        assert_eq!(store.commitment(&[3; 32], 0).await.unwrap(), Some(first));
    }

    #[tokio::test]
    async fn another_provers_store_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prover.sqlite");
        Store::open_as(&path, "a").await.unwrap().close().await;
        let error = Store::open_as(&path, "b").await.unwrap_err().to_string();
        assert!(error.contains("belongs to a, this is b"), "{error}");
    }
}
