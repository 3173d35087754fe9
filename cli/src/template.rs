//! Files to start from: an instance of each shipped mechanism, with every parameter and what it may be. Those of modifiers are around a
//! Dutch auction.

use anyhow::Result;
use clap::ValueEnum;
use serde_json::json;

use crate::output::Output;

/// A shipped mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shipped {
    /// A posted price
    Posted,
    /// A reverse Dutch auction
    Dutch,
    /// A sealed-bid auction, first or second price
    Sealed,
    /// An open auction, bid down with a soft close
    English,
    /// A request for quotes, brought with the request
    Rfq,
    /// A proof race, paid by rank
    Race,
    /// A scoring auction: price, time and bond in one score
    Scoring,
    /// A committee that shares the work
    Committee,
    /// A contest by all-pay tickets, one of which is drawn
    Contest,
    /// A seat that serves every request, until outbid
    Seat,
    /// Capacity reserved by contract
    Reserved,
    /// A draw by stake, with backups
    Sortition,
    /// A batch double auction at one price
    Batch,
    /// Gas pass-through, around any of them
    Gas,
    /// More time for awards in congested blocks, around any of them
    Grace,
    /// Nobody wins too often, around any of them
    Spread,
}

impl Shipped {
    /// The file that describes an instance of it, for `bourse instances new FILE`.
    pub fn template(self) -> &'static str {
        match self {
            Self::Posted => include_str!("templates/posted.toml"),
            Self::Dutch => include_str!("templates/dutch.toml"),
            Self::Sealed => include_str!("templates/sealed.toml"),
            Self::English => include_str!("templates/english.toml"),
            Self::Rfq => include_str!("templates/rfq.toml"),
            Self::Race => include_str!("templates/race.toml"),
            Self::Scoring => include_str!("templates/scoring.toml"),
            Self::Committee => include_str!("templates/committee.toml"),
            Self::Contest => include_str!("templates/contest.toml"),
            Self::Seat => include_str!("templates/seat.toml"),
            Self::Reserved => include_str!("templates/reserved.toml"),
            Self::Sortition => include_str!("templates/sortition.toml"),
            Self::Batch => include_str!("templates/batch.toml"),
            Self::Gas => include_str!("templates/gas.toml"),
            Self::Grace => include_str!("templates/grace.toml"),
            Self::Spread => include_str!("templates/spread.toml"),
        }
    }

    /// Prints the file.
    ///
    /// # Errors
    /// If nobody takes the output.
    pub fn print(self, out: Output) -> Result<()> {
        let text = self.template().trim_end();
        out.result(&json!({ "template": text }), || text.to_owned())
    }
}
