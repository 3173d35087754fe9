//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::{account, act, bid, instances, lanes, provers, request, watch, whatif, why};
use crate::demo;
use crate::deploy;
use crate::settings::Global;

/// A market of mechanisms for zero-knowledge proofs: ask for proofs, watch auctions, look after your money.
///
/// Keys come from BOURSE_PRIVATE_KEY or an encrypted keystore, never from the command line.
#[derive(Debug, Parser)]
#[command(name = "bourse", version, propagate_version = true)]
pub struct Args {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a whole market on a local chain: contracts, keeper, provers, requesters
    Demo(demo::Options),
    /// Deploy the market, the shipped mechanisms and the Groth16 verifier
    Deploy(deploy::Options),
    /// Ask for a proof, from a file or by flags, and wait for it
    Request(Box<request::Options>),
    /// Enter a request that its requester has signed (`bourse request --sign`); anyone may
    Enter {
        /// The file
        file: PathBuf,
    },
    /// Where a request stands
    Status {
        /// Its id, or the start of it
        id: String,
    },
    /// Tell what happens in the market, as it happens
    Watch(watch::Options),
    /// List mechanism instances, register new ones, retire them
    Instances(instances::Options),
    /// List lanes, give yours terms, route them
    Lanes(lanes::Options),
    /// Why a lane leads where it does, and what it would get elsewhere
    Why(why::Options),
    /// Make every decision that keepers took about a lane again, and report what differs
    Audit(lanes::Which),
    /// What a lane's requests would have got under another instance or other parameters
    Whatif(whatif::Options),
    /// List provers
    Provers(provers::Options),
    /// Show an account, deposit, withdraw
    Account(account::Options),
    /// Take an open request back
    Cancel {
        /// Its id, or the start of it
        id: String,
    },
    /// Say that time has passed, for a request or for an instance, to its mechanism
    Tick(act::Tick),
    /// End what is overdue about a request: slash its prover, or refund it
    Expire {
        /// Its id, or the start of it
        id: String,
    },
    /// Bid as a prover, on a request or on an instance
    Bid(bid::Bid),
    /// Take your deposit on an instance back, whatever its mechanism says: 31 days after having said so
    Leave {
        /// Its number or name
        instance: String,
    },
    /// Bring a proof, of an award or in an open stage
    Prove(act::Prove),
    /// Have awards that you kept put into your record, for a hundredth of what each paid
    Record {
        /// The requests' ids, or the starts of them
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Print the effective settings, without secrets
    Config,
}
