//! What was meant and what was signed, on disk before it is on the wire. The only file that writes to disk.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Row, Sqlite, query, query_scalar};

use crate::entry::{Attempt, Entry, Owner, Place, array, attempt, entry, signed, unsigned};
use crate::intent::Intent;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The journal cannot be used. Nothing may be sent without it.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be opened, or another process has it open.
    #[error("opening the journal {path}: {source}; it can be open in one process at a time")]
    Open {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: sqlx::Error,
    },
    /// The file is of another version, or damaged.
    #[error("bringing the journal {path} up to date: {source}")]
    Migrate {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: sqlx::migrate::MigrateError,
    },
    /// The journal was kept for another account or chain.
    #[error(
        "the journal {path} belongs to {have}, not to {want}: use another file, or remove it if that chain is gone"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Account and chain it was kept for.
        have: String,
        /// Account and chain it was opened for.
        want: String,
    },
    /// Reading or writing failed.
    #[error("the journal failed: {0}")]
    Failed(#[from] sqlx::Error),
    /// What is written is not what this program writes.
    #[error("the journal has a row that makes no sense: {0}")]
    Damaged(String),
}

/// The journal of one account on one chain.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    pool: SqlitePool,
}

pub(crate) type Result<T> = std::result::Result<T, JournalError>;

impl Journal {
    /// Opens the journal, or starts one.
    pub(crate) async fn open(path: &Path, owner: Owner) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .locking_mode(SqliteLockingMode::Exclusive)
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let opened = pool.connect_with(options).await;
        let pool = opened.map_err(|source| JournalError::Open { path: path.to_owned(), source })?;
        let migrated = MIGRATIONS.run(&pool).await;
        migrated.map_err(|source| JournalError::Migrate { path: path.to_owned(), source })?;
        let journal = Self { pool };
        journal.claim(path, owner).await?;
        Ok(journal)
    }

    /// Lets go of the file.
    pub(crate) async fn close(self) {
        self.pool.close().await;
    }

    /// Writes an intent down.
    pub(crate) async fn plan(&self, intent: &Intent) -> Result<()> {
        let insert = "INSERT INTO intents (key, target, calldata, value, deadline, gas_floor, stage)
            VALUES (?, ?, ?, ?, ?, ?, 'planned')";
        query(insert)
            .bind(&intent.key)
            .bind(intent.to.as_slice())
            .bind(intent.calldata.as_slice())
            .bind(intent.value.to_string())
            .bind(intent.deadline.map(signed))
            .bind(signed(intent.gas_floor))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Gives an intent its nonce and first transaction, in one step.
    pub(crate) async fn bind(&self, key: &str, attempt: &Attempt) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        query("UPDATE intents SET stage = 'sent', nonce = ?, since = ?, trouble = NULL WHERE key = ?")
            .bind(signed(attempt.nonce))
            .bind(signed(attempt.block))
            .bind(key)
            .execute(&mut *transaction)
            .await?;
        insert(key, attempt).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Adds a transaction under the nonce that an intent has.
    pub(crate) async fn add(&self, key: &str, attempt: &Attempt) -> Result<()> {
        insert(key, attempt).execute(&self.pool).await?;
        Ok(())
    }

    /// An intent is in a block.
    pub(crate) async fn include(&self, key: &str, place: Place) -> Result<()> {
        let update = "UPDATE intents SET stage = 'included', hash = ?, block = ?, block_hash = ?, result = ?, told = 0,
            trouble = NULL WHERE key = ?";
        query(update)
            .bind(place.hash.as_slice())
            .bind(signed(place.block))
            .bind(place.block_hash.as_slice())
            .bind(place.deed.name())
            .bind(key)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The caller has been told.
    pub(crate) async fn tell(&self, key: &str) -> Result<()> {
        query("UPDATE intents SET told = 1 WHERE key = ?").bind(key).execute(&self.pool).await?;
        Ok(())
    }

    /// The block of an included intent is gone.
    pub(crate) async fn exclude(&self, key: &str) -> Result<()> {
        let update = "UPDATE intents SET stage = 'sent', hash = NULL, block = NULL, block_hash = NULL, result = NULL,
            told = 0 WHERE key = ?";
        query(update).bind(key).execute(&self.pool).await?;
        Ok(())
    }

    /// Included intents up to `block` that the caller knows of stay.
    pub(crate) async fn finish(&self, block: u64) -> Result<()> {
        query("UPDATE intents SET stage = 'final' WHERE stage = 'included' AND told = 1 AND block <= ?")
            .bind(signed(block))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// An intent lost its nonce to somebody else and needs another.
    pub(crate) async fn unbind(&self, key: &str) -> Result<()> {
        query("UPDATE intents SET stage = 'planned', nonce = NULL WHERE key = ?").bind(key).execute(&self.pool).await?;
        Ok(())
    }

    /// Forgets an intent under which nothing can land any more.
    pub(crate) async fn forget(&self, key: &str) -> Result<()> {
        query("DELETE FROM intents WHERE key = ? AND stage = 'planned'").bind(key).execute(&self.pool).await?;
        Ok(())
    }

    /// What stands in the way of an intent.
    pub(crate) async fn trouble(&self, key: &str, trouble: Option<&str>) -> Result<()> {
        query("UPDATE intents SET trouble = ? WHERE key = ?").bind(trouble).bind(key).execute(&self.pool).await?;
        Ok(())
    }

    /// The intent under `key`.
    pub(crate) async fn find(&self, key: &str) -> Result<Option<Entry>> {
        let row = query("SELECT * FROM intents WHERE key = ?").bind(key).fetch_optional(&self.pool).await?;
        row.as_ref().map(entry).transpose()
    }

    /// Everything that is not final: with nonces first, in their order.
    pub(crate) async fn unfinished(&self) -> Result<Vec<Entry>> {
        let select = "SELECT * FROM intents WHERE stage <> 'final' ORDER BY nonce IS NULL, nonce, rowid";
        query(select).fetch_all(&self.pool).await?.iter().map(entry).collect()
    }

    /// How many intents wait for a block.
    pub(crate) async fn in_flight(&self) -> Result<usize> {
        let count: i64 =
            query_scalar("SELECT COUNT(*) FROM intents WHERE stage = 'sent'").fetch_one(&self.pool).await?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// The transactions of an intent under its present nonce, oldest first.
    pub(crate) async fn attempts(&self, nonce: u64) -> Result<Vec<Attempt>> {
        let select = "SELECT * FROM attempts WHERE nonce = ? ORDER BY rowid";
        query(select).bind(signed(nonce)).fetch_all(&self.pool).await?.iter().map(attempt).collect()
    }

    /// The least nonce that never had a meaning.
    pub(crate) async fn next_nonce(&self) -> Result<u64> {
        let last: Option<i64> = query_scalar("SELECT MAX(nonce) FROM attempts").fetch_one(&self.pool).await?;
        last.map_or(Ok(0), |nonce| Ok(unsigned(nonce)? + 1))
    }

    /// Makes the journal the owner's, if it is nobody's; refuses it if it is somebody else's.
    async fn claim(&self, path: &Path, owner: Owner) -> Result<()> {
        let row = query("SELECT account, chain, genesis FROM owner").fetch_optional(&self.pool).await?;
        let Some(row) = row else {
            query("INSERT INTO owner (account, chain, genesis) VALUES (?, ?, ?)")
                .bind(owner.account.as_slice())
                .bind(signed(owner.chain))
                .bind(owner.genesis.as_slice())
                .execute(&self.pool)
                .await?;
            return Ok(());
        };
        let found = Owner {
            account: array(row.try_get("account")?)?,
            chain: unsigned(row.try_get("chain")?)?,
            genesis: array(row.try_get("genesis")?)?,
        };
        if found != owner {
            let (path, have, want) = (path.to_owned(), found.to_string(), owner.to_string());
            return Err(JournalError::Foreign { path, have, want });
        }
        Ok(())
    }
}

type Insert<'q> = sqlx::query::Query<'q, Sqlite, <Sqlite as sqlx::Database>::Arguments>;

fn insert<'q>(key: &'q str, attempt: &'q Attempt) -> Insert<'q> {
    let insert = "INSERT INTO attempts (hash, key, nonce, raw, gas, max_fee, tip, cancel, block)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    query(insert)
        .bind(attempt.hash.as_slice())
        .bind(key)
        .bind(signed(attempt.nonce))
        .bind(attempt.raw.as_slice())
        .bind(signed(attempt.gas))
        .bind(attempt.max_fee.to_string())
        .bind(attempt.tip.to_string())
        .bind(attempt.cancel)
        .bind(signed(attempt.block))
}
