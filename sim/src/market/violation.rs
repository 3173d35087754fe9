//! What no market does.

use std::fmt;

use crate::ask::Status;
use crate::{Account, Id, Wei};

/// An event that cannot follow from the events before it: this model and the contract disagree. Nothing decided on such a
/// model can be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are what the message says")]
pub enum Violation {
    /// An account spent what it does not have.
    Overdrawn { token: Account, account: Account, have: Wei, want: Wei },
    /// A request that never entered.
    UnknownRequest { id: Id },
    /// A request entered twice.
    KnownRequest { id: Id },
    /// Something that a request in this state does not do.
    WrongStatus { id: Id, have: Status, event: &'static str },
    /// An instance, or a version of it, that was never registered, or was registered out of turn.
    UnknownInstance { instance: u32, version: u32 },
    /// A verifier that was never registered, or was registered out of turn.
    UnknownVerifier { verifier: u32 },
    /// A lane without terms.
    UnknownLane { requester: Account, lane: u32 },
    /// An account that never declared itself a prover.
    UnknownProver { prover: Account },
    /// A prover that the request was not awarded to, or that has no deposit on it.
    WrongProver { id: Id, prover: Account },
    /// A prover without a deposit on the instance.
    NoSeat { instance: u32, prover: Account },
    /// A number that has to be another.
    WrongAmount { what: &'static str, have: Wei, want: Wei },
    /// A number above what bounds it.
    TooMuch { what: &'static str, have: Wei, max: Wei },
    /// An undo without a checkpoint.
    NoCheckpoint,
}

impl std::error::Error for Violation {}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overdrawn { token, account, have, want } => {
                write!(f, "{} has {have} of token {} and spent {want}", Hex(account), Hex(token))
            }
            Self::UnknownRequest { id } => write!(f, "request {} never entered", Hex(id)),
            Self::KnownRequest { id } => write!(f, "request {} entered twice", Hex(id)),
            Self::WrongStatus { id, have, event } => {
                write!(f, "{event} of request {}, which is {have:?}", Hex(id))
            }
            Self::UnknownInstance { instance, version } => {
                write!(f, "version {version} of instance {instance} is unknown, or out of turn")
            }
            Self::UnknownVerifier { verifier } => write!(f, "verifier {verifier} is unknown, or out of turn"),
            Self::UnknownLane { requester, lane } => write!(f, "lane {lane} of {} has no terms", Hex(requester)),
            Self::UnknownProver { prover } => write!(f, "{} never declared itself a prover", Hex(prover)),
            Self::WrongProver { id, prover } => {
                write!(f, "{} has no such part in request {}", Hex(prover), Hex(id))
            }
            Self::NoSeat { instance, prover } => write!(f, "{} has no deposit on instance {instance}", Hex(prover)),
            Self::WrongAmount { what, have, want } => write!(f, "{what} is {have}, it has to be {want}"),
            Self::TooMuch { what, have, max } => write!(f, "{what} is {have}, it is at most {max}"),
            Self::NoCheckpoint => write!(f, "nothing is kept to go back to"),
        }
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
