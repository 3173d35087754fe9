//! The disk: proofs handed in and what became of them, decisions and their reasons, the last heads. The market is not
//! here: it is folded from the chain at every start.

mod rows;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bourse_chain::Head;
use bourse_sim::{Account, Id, Time};
use serde_json::Value;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Row, query};

use crate::proof::{Fate, Proof, ProofKey, Status};
use crate::state::{LaneKey, Verdict};
use crate::{text, verdict};
use rows::{array, decision, fate, proof, signed, unsigned};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");
/// Heads and decisions kept.
const HEADS: i64 = 256;
const DECISIONS: i64 = 10_000;

/// The disk failed. A keeper without it might lose what was entrusted to it, and stops.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened.
    #[error("opening {path}: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: sqlx::Error,
    },
    /// The file is of another version, or damaged.
    #[error("bringing the store up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The file was kept for another market.
    #[error(
        "the store is about {have}, not about {want}: use another data folder, or remove this one if that chain is gone"
    )]
    Foreign {
        /// What it was kept for.
        have: String,
        /// What it was opened for.
        want: String,
    },
    /// Reading or writing failed.
    #[error("the store failed: {0}")]
    Failed(#[from] sqlx::Error),
}

/// The market that the store is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The chain.
    pub chain_id: u64,
    /// The market's address.
    pub market: Account,
    /// The hash of the chain's first block: local chains share their ids.
    pub genesis: Id,
    /// The hash of the market's code.
    pub code: Id,
}

/// Something that was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The head's time, unix seconds.
    pub time: Time,
    /// The head's number.
    pub block: u64,
    /// The intent's key.
    pub key: String,
    /// `tick`, `ticket`, `instance`, `expire`, `reclaim`, `route`, `register`,
    /// `retune` or `settle`.
    pub action: String,
    /// The request, or the place of the instance or lane, that it is about; none if about several.
    pub subject: Option<Id>,
    /// Why, in a sentence.
    pub reason: String,
    /// `decided`, `sent`, `landed …` or why it failed.
    pub outcome: String,
}

/// What came of handing a proof in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is kept.
    New,
    /// It was kept already.
    Known,
    /// That many others for the same award wait to be looked at.
    Crowded(i64),
}

/// The disk.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Opens the store, or starts one.
    ///
    /// # Errors
    /// [`StoreError::Open`] or [`StoreError::Migrate`].
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let opened = pool.connect_with(options).await;
        let pool = opened.map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
        MIGRATIONS.run(&pool).await?;
        Ok(Self { pool })
    }

    /// Lets go of the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Ties a new store to `identity`, and makes sure that an old one is.
    ///
    /// # Errors
    /// [`StoreError::Foreign`] if it is about another market.
    pub async fn claim(&self, identity: Identity) -> Result<(), StoreError> {
        let row = query("SELECT chain_id, market, genesis, code FROM identity").fetch_optional(&self.pool).await?;
        let Some(row) = row else {
            query("INSERT INTO identity (chain_id, market, genesis, code) VALUES (?, ?, ?, ?)")
                .bind(signed(identity.chain_id))
                .bind(identity.market.as_slice())
                .bind(identity.genesis.as_slice())
                .bind(identity.code.as_slice())
                .execute(&self.pool)
                .await?;
            return Ok(());
        };
        let have = Identity {
            chain_id: unsigned(&row, "chain_id")?,
            market: array(&row, "market")?,
            genesis: array(&row, "genesis")?,
            code: array(&row, "code")?,
        };
        if have == identity {
            return Ok(());
        }
        Err(StoreError::Foreign { have: have.to_string(), want: identity.to_string() })
    }

    /// Keeps a proof. When this returns [`Accepted::New`], it is on the disk. A proof that was rejected before is looked
    /// at again, as its award may be another one now.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn accept(&self, proof: &Proof, limit: i64) -> Result<Accepted, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let known = query("SELECT status FROM proofs WHERE request = ? AND prover = ? AND digest = ?")
            .bind(proof.key.request.as_slice())
            .bind(proof.key.prover.as_slice())
            .bind(proof.key.digest.as_slice())
            .fetch_optional(&mut *transaction)
            .await?;
        if let Some(row) = known
            && row.try_get::<String, _>("status")? != Status::Rejected.name()
        {
            return Ok(Accepted::Known);
        }
        let waiting = "SELECT COUNT(*) AS waiting FROM proofs WHERE request = ? AND prover = ? AND status = 'accepted'";
        let waiting = query(waiting).bind(proof.key.request.as_slice()).bind(proof.key.prover.as_slice());
        let waiting: i64 = waiting.fetch_one(&mut *transaction).await?.try_get("waiting")?;
        if limit <= waiting {
            return Ok(Accepted::Crowded(waiting));
        }
        let insert = "INSERT OR REPLACE INTO proofs (request, prover, digest, proof, due, received_block, status)
            VALUES (?, ?, ?, ?, ?, ?, 'accepted')";
        query(insert)
            .bind(proof.key.request.as_slice())
            .bind(proof.key.prover.as_slice())
            .bind(proof.key.digest.as_slice())
            .bind(proof.bytes.as_ref())
            .bind(signed(proof.due))
            .bind(signed(proof.received))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Accepted::New)
    }

    /// The proofs that are neither settled nor rejected, with the batch each is in.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn accepted(&self) -> Result<Vec<(Proof, Option<String>)>, StoreError> {
        let select = "SELECT * FROM proofs WHERE status = 'accepted' ORDER BY due, rowid";
        let rows = query(select).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((proof(row)?, row.try_get("batch")?))).collect()
    }

    /// The settled proofs of blocks from `block` on, which a reorg may take back.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn settled_since(&self, block: u64) -> Result<Vec<Proof>, StoreError> {
        let select = "SELECT * FROM proofs WHERE status = 'settled' AND settled_block >= ?";
        query(select).bind(signed(block)).fetch_all(&self.pool).await?.iter().map(proof).collect()
    }

    /// Puts proofs into a batch, before it is sent; or takes them out of theirs.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn assign(&self, batch: Option<&str>, keys: &[ProofKey]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for key in keys {
            query("UPDATE proofs SET batch = ? WHERE request = ? AND prover = ? AND digest = ?")
                .bind(batch)
                .bind(key.request.as_slice())
                .bind(key.prover.as_slice())
                .bind(key.digest.as_slice())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Writes down what became of proofs. [`Status::Accepted`] is the fate of one whose settlement was taken back.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn conclude(&self, fates: &[(ProofKey, Fate)]) -> Result<(), StoreError> {
        if fates.is_empty() {
            return Ok(());
        }
        let mut transaction = self.pool.begin().await?;
        for (key, fate) in fates {
            let update = "UPDATE proofs SET status = ?1, reason = ?2, transaction_hash = ?3, settled_block = ?4,
                batch = CASE WHEN ?1 = 'rejected' THEN NULL ELSE batch END
                WHERE request = ?5 AND prover = ?6 AND digest = ?7";
            query(update)
                .bind(fate.status.name())
                .bind(fate.reason.as_deref())
                .bind(fate.transaction.as_ref().map(|hash| hash.as_slice()))
                .bind(fate.block.map(signed))
                .bind(key.request.as_slice())
                .bind(key.prover.as_slice())
                .bind(key.digest.as_slice())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// What became of the proofs for a request, or of one prover's: of the settled one, else of one that is waiting, else of the last.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn fate(&self, request: &Id, prover: Option<&Account>) -> Result<Option<Fate>, StoreError> {
        let select = "SELECT status, reason, transaction_hash, settled_block FROM proofs
            WHERE request = ?1 AND (?2 IS NULL OR prover = ?2)
            ORDER BY status = 'settled' DESC, status = 'accepted' DESC, rowid DESC LIMIT 1";
        let prover = prover.map(|prover| prover.as_slice());
        let row = query(select).bind(request.as_slice()).bind(prover).fetch_optional(&self.pool).await?;
        row.as_ref().map(fate).transpose()
    }

    /// Writes decisions and the head they were made on down.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn record(&self, head: Head, decisions: &[Decision]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        query("INSERT OR REPLACE INTO heads (number, hash, time) VALUES (?, ?, ?)")
            .bind(signed(head.number))
            .bind(head.hash.as_slice())
            .bind(signed(head.time))
            .execute(&mut *transaction)
            .await?;
        query("DELETE FROM heads WHERE number <= ? OR number > ?")
            .bind(signed(head.number) - HEADS)
            .bind(signed(head.number))
            .execute(&mut *transaction)
            .await?;
        // What no reorg can take back needs its bytes no longer.
        query("UPDATE proofs SET proof = x'' WHERE status = 'settled' AND settled_block BETWEEN ? AND ?")
            .bind(signed(head.number) - 2 * HEADS)
            .bind(signed(head.number) - HEADS)
            .execute(&mut *transaction)
            .await?;
        for decision in decisions {
            let insert = "INSERT INTO decisions (time, block, key, action, request, reason, outcome)
                VALUES (?, ?, ?, ?, ?, ?, ?)";
            query(insert)
                .bind(signed(decision.time))
                .bind(signed(decision.block))
                .bind(&decision.key)
                .bind(&decision.action)
                .bind(decision.subject.as_ref().map(|id| id.as_slice()))
                .bind(&decision.reason)
                .bind(&decision.outcome)
                .execute(&mut *transaction)
                .await?;
        }
        if !decisions.is_empty() {
            query("DELETE FROM decisions WHERE number <= (SELECT MAX(number) FROM decisions) - ?")
                .bind(DECISIONS)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Writes down what is thought of a lane.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn think(&self, key: &LaneKey, verdict: &Verdict) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        query("INSERT INTO verdicts (time, block, requester, lane, verdict) VALUES (?, ?, ?, ?, ?)")
            .bind(signed(verdict.time))
            .bind(signed(verdict.block))
            .bind(key.0.as_slice())
            .bind(key.1)
            .bind(verdict::json(key, verdict).to_string())
            .execute(&mut *transaction)
            .await?;
        query("DELETE FROM verdicts WHERE number <= (SELECT MAX(number) FROM verdicts) - ?")
            .bind(DECISIONS)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// What was thought of a lane, newest first, as [`verdict::json`] has it.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn verdicts(&self, key: &LaneKey, limit: u32) -> Result<Vec<Value>, StoreError> {
        let select = "SELECT verdict FROM verdicts WHERE requester = ? AND lane = ? ORDER BY number DESC LIMIT ?";
        let rows = query(select).bind(key.0.as_slice()).bind(key.1).bind(limit).fetch_all(&self.pool).await?;
        let read = |row: &SqliteRow| {
            serde_json::from_str(&row.try_get::<String, _>("verdict")?).map_err(|_| rows::damaged("verdict"))
        };
        rows.iter().map(read).collect()
    }

    /// What became of the last decision under `key`.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn result(&self, key: &str, outcome: &str) -> Result<(), StoreError> {
        let update =
            "UPDATE decisions SET outcome = ? WHERE number = (SELECT MAX(number) FROM decisions WHERE key = ?)";
        query(update).bind(outcome).bind(key).execute(&self.pool).await?;
        Ok(())
    }

    /// The last decisions, newest first.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn decisions(&self, limit: u32) -> Result<Vec<Decision>, StoreError> {
        let select = "SELECT * FROM decisions ORDER BY number DESC LIMIT ?";
        query(select).bind(limit).fetch_all(&self.pool).await?.iter().map(decision).collect()
    }

    /// The last head that was decided on.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn head(&self) -> Result<Option<Head>, StoreError> {
        let row = query("SELECT * FROM heads ORDER BY number DESC LIMIT 1").fetch_optional(&self.pool).await?;
        let head = |row: &SqliteRow| {
            let (number, hash, time) = (unsigned(row, "number")?, array(row, "hash")?, unsigned(row, "time")?);
            Ok(Head { number, hash, time, ..Head::default() })
        };
        row.as_ref().map(head).transpose()
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (market, genesis, code) =
            (text::account(&self.market), text::bytes(&self.genesis), text::bytes(&self.code));
        write!(f, "the market {market} (code {code}) on chain {} (genesis {genesis})", self.chain_id)
    }
}
