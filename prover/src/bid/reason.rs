use std::{fmt, time::Duration};

use bourse_sim::{Time, Wei, ask::Refusal};

use super::capacity::Late;

/// Why there is no bid. All may change but what the request itself says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages name the fields")]
pub enum Reason {
    #[error("no offer is declared for the token it is paid in")]
    Token,
    #[error("its bond of {have} is above the limit of {limit}")]
    Bond { have: Wei, limit: Wei },
    #[error("its bond or deposit of {want} needs more than the free stake of {have}")]
    Stake { have: Wei, want: Wei },
    #[error("all seats are taken")]
    Seats,
    #[error("{work} units of work in {time} s are beyond the declared {throughput} per second")]
    Throughput { work: u64, time: u64, throughput: u32 },
    #[error("it pays {have} at most, less than the {want} asked")]
    Price { have: Wei, want: Wei },
    #[error("too late: it is {now}, this was possible until {last}")]
    TooLate { now: Time, last: Time },
    #[error("{}", late(.0))]
    Late(Late),
    #[error("all {0} places for bidders are taken")]
    Crowded(u8),
    #[error("it is not in the pool, or came after the request")]
    Pool,
    #[error("mechanism '{0}' is none that this prover knows how to bid under")]
    UnknownMechanism(String),
    #[error("a modifier of its rule refuses: {0}")]
    Modifier(Refusal),
    #[error("its parameters are not those of its mechanism: {0}")]
    Params(Refusal),
    #[error("it is paid in another token than stakes are in, or says that those are in another")]
    StakeToken,
    #[error("no ticket is worth its price")]
    NoTicket,
    #[error("its input was not looked at yet, or cannot be proven")]
    Unchecked,
    #[error("who proves it follows from what is bid on its instance, not on itself")]
    Standing,
    #[error("a deposit of {want} is more than the {have} that may still stand on instances (standing.stake)")]
    Allowance { have: Wei, want: Wei },
    #[error("anyone could bind this prover to work that cannot be proven: it is not among standing.instances")]
    Strangers,
    #[error("it admits requests to verifiers that no backend here proves for")]
    Verifiers,
    #[error("proofs of {} s could be asked for every {every} s", .length.as_secs_f64())]
    Pace { length: Duration, every: Time },
    #[error("how much work its requests are is not known: standing.work is 0")]
    Work,
}

impl Reason {
    /// In a word, for metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Token | Self::StakeToken => "token",
            Self::Bond { .. } => "bond",
            Self::Stake { .. } | Self::Allowance { .. } => "stake",
            Self::Seats => "seats",
            Self::Throughput { .. } => "throughput",
            Self::Price { .. } | Self::NoTicket => "price",
            Self::TooLate { .. } => "too_late",
            Self::Late(_) | Self::Pace { .. } => "capacity",
            Self::Crowded(_) => "crowded",
            Self::Pool => "pool",
            Self::UnknownMechanism(_) | Self::Params(_) => "mechanism",
            Self::Modifier(_) => "modifier",
            Self::Unchecked => "unchecked",
            Self::Standing => "standing",
            Self::Strangers => "strangers",
            Self::Verifiers => "verifier",
            Self::Work => "work",
        }
    }
}

fn late(late: &Late) -> impl fmt::Display + use<> {
    let Late { ready, due, own } = *late;
    let what = if own { "its proof" } else { "with it, a proof promised before" };
    format!("{what} would be ready at {ready} and is due at {due}")
}
