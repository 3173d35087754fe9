//! Who orders a drill shows that the work can be proven: a proof of its own.

use std::path::{Path, PathBuf};

use alloy::primitives::{Address, B256};
use anyhow::{Context, Result};
use bourse_prover::backend::circuit::{CircuitBackend, Settings};
use bourse_prover::backend::{Backend, Job, Slots, author};
use bourse_sim::Account;

use crate::record::Record;

/// `bourse request`, the part about drills.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Drill {
    /// Open it as a drill of this prover, which declared that it can be drilled: it is awarded at once, at `max_price`
    #[arg(long = "drill", value_name = "ADDRESS", value_parser = crate::amount::account, conflicts_with_all = ["sign", "quote"])]
    pub prover: Option<Account>,
    /// Your own proof of it, which a drill needs [default: made here, of the built-in circuit]
    #[arg(long, value_name = "PATH", requires = "prover")]
    pub shown: Option<PathBuf>,
}

impl Drill {
    /// The requester's own proof.
    ///
    /// # Errors
    /// If it cannot be read, or is not one of the built-in circuit and not given.
    pub async fn proof(&self, folder: &Path, record: &Record) -> Result<Vec<u8>> {
        if let Some(path) = &self.shown {
            return std::fs::read(path).with_context(|| format!("reading {}", path.display()));
        }
        let rounds = record.rounds.context("a drill needs a proof of yours: give it with --shown")?;
        let settings = Settings { folder: folder.join("keys"), provided: None, rounds: vec![rounds] };
        let backend = CircuitBackend::open(settings, Slots::new(1)).await?;
        let (id, request) = (B256::from(record.id), &record.request);
        let job = Job {
            id,
            author: author(id, Address::from(request.requester)),
            statement: B256::from(request.statement),
            input: record.input.clone(),
            work: request.work,
        };
        Ok(backend.prove(&job).await?.0)
    }
}
