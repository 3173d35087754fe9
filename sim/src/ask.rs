//! Questions to a mechanism and its answers; the twin of `contracts/types/Ask.sol`, which documents the fields, and of
//! the errors in `contracts/interfaces/IMechanism.sol`.

mod encoding;

use std::fmt;

use crate::request::Request;
use crate::{Account, Id, Time, Wei};

/// A mechanism's note about a bidder, kept with its ticket.
pub type Tag = [u8; 22];

/// Why a mechanism is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub enum Cause {
    #[default]
    Opened,
    Bid,
    Tick,
    Failed,
    Proof,
}

/// Where a request is in its life; the twin of `Status` in `contracts/types/State.sol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub enum Status {
    #[default]
    None,
    Open,
    Awarded,
    Fulfilled,
    Closed,
    Cancelled,
}

/// The prover that an event is about. All zero if none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Actor {
    pub prover: Account,
    pub id: u32,
    pub free: Wei,
    pub capacity: u16,
    pub kept: u16,
    pub failed: u16,
    pub throughput: u32,
    pub held: Wei,
    pub tag: Tag,
}

/// A question: everything the answer may depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Ask {
    pub cause: Cause,
    pub id: Id,
    pub status: Status,
    pub request: Request,
    pub holds: u8,
    pub rung: u8,
    pub opened_at: Time,
    pub time: Time,
    pub block_number: u64,
    pub base_fee: u64,
    pub beacon: Id,
    pub actor: Actor,
    pub price: Wei,
    pub data: Vec<u8>,
    pub params: Vec<u8>,
    pub words: Vec<Id>,
    pub shared: Vec<Id>,
}

/// What a mechanism can have the market do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub enum MoveKind {
    #[default]
    Hold,
    Release,
    Forfeit,
    Award,
    Close,
    Draw,
    Reward,
}

/// One move. Fields that its kind does not name are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Move {
    pub kind: MoveKind,
    pub subject: u16,
    pub prover: Account,
    pub amount: Wei,
    pub due: Time,
    pub bps: u16,
    pub tag: Tag,
}

impl Move {
    /// To the actor of a bid or a ticket holder, in the request's own window and at its whole bond.
    pub fn award(prover: Account, price: Wei) -> Self {
        Self { kind: MoveKind::Award, prover, amount: price, ..Self::default() }
    }

    /// Holds the actor's `deposit`, in the stake token.
    pub fn hold(prover: Account, deposit: Wei, tag: Tag) -> Self {
        Self { kind: MoveKind::Hold, prover, amount: deposit, tag, ..Self::default() }
    }

    /// Gives a ticket back.
    pub fn release(prover: Account) -> Self {
        Self { kind: MoveKind::Release, prover, ..Self::default() }
    }

    /// Takes a ticket.
    pub fn forfeit(prover: Account) -> Self {
        Self { kind: MoveKind::Forfeit, prover, ..Self::default() }
    }

    /// Pays for an accepted proof.
    pub fn reward(prover: Account, amount: Wei) -> Self {
        Self { kind: MoveKind::Reward, prover, amount, ..Self::default() }
    }

    /// Fixes the block, `distance` blocks from now, whose hash is the request's beacon.
    pub fn draw(distance: u8) -> Self {
        Self { kind: MoveKind::Draw, amount: distance.into(), ..Self::default() }
    }

    /// The same move about a ticket on the instance.
    #[must_use]
    pub fn on_instance(self) -> Self {
        Self { subject: INSTANCE, ..self }
    }

    /// Gives up in this rung.
    pub fn close() -> Self {
        Self { kind: MoveKind::Close, ..Self::default() }
    }
}

/// A mechanism's yes. Its no is a [`Refusal`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Answer {
    pub moves: Vec<Move>,
    pub words: Vec<Id>,
    pub shared: Vec<Id>,
    pub wake: Time,
}

/// What a mechanism needs of the market under given parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Shape {
    pub words: u8,
    pub shared: u8,
    pub gas: u32,
    pub flags: u8,
}

/// Wants to be asked when a request opens without a bid.
pub const ON_OPEN: u8 = 1;
/// Wants to be asked for a standby when the awarded prover failed.
pub const ON_FAILED: u8 = 2;
/// Accepts proofs while no award stands.
pub const ON_PROOF: u8 = 4;
/// Fixes beacons.
pub const DRAWS: u8 = 8;
/// A ticket on the instance stays when its holder is awarded.
pub const SEATS: u8 = 16;
/// A requester cannot take a request back while it is open under this instance.
pub const BINDING: u8 = 32;

/// The subject of a move that is about a ticket on the instance.
pub const INSTANCE: u16 = u16::MAX;

/// The worst that can happen to a request under given parameters, if any prover serves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub struct Envelope {
    pub price: Wei,
    pub award: Time,
    pub proof: Time,
    pub bond: Wei,
    pub standbys: u8,
    pub capabilities: u32,
}

/// Losing bids, and the winner's until the award, are not visible to rivals while they can still bid.
pub const CAP_SEALED: u32 = 1;
/// The price is known when the request opens.
pub const CAP_FIXED_PRICE: u32 = 2;
/// Any prover that meets the terms can be awarded; nobody is invited or ranked by identity.
pub const CAP_OPEN_ENTRY: u32 = 4;
/// One transaction of one prover leads from request to award.
pub const CAP_INSTANT: u32 = 8;
/// The input is of use to one prover only.
pub const CAP_SINGLE_RECIPIENT: u32 = 16;
/// Bidding one's cost is a dominant strategy.
pub const CAP_TRUTHFUL: u32 = 32;

/// A mechanism's no: the twin of the errors in `contracts/interfaces/IMechanism.sol`. Times are unix seconds, bounds
/// are inclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in its Solidity twin")]
pub enum Refusal {
    InvalidParam {
        name: String,
        have: Wei,
        min: Wei,
        max: Wei,
    },
    NotYet {
        time: Time,
        not_before: Time,
    },
    TooLate {
        time: Time,
        not_after: Time,
    },
    /// Prices, or whatever else the mechanism compares, as numbers of 256 bits.
    Unacceptable {
        have: Id,
        want: Id,
    },
    InsufficientBond {
        have: Wei,
        want: Wei,
    },
    Concentrated {
        have: Wei,
        want: Wei,
    },
    Unexpected {
        cause: u8,
    },
    /// Parameters, words or other parts of the question do not have the form that the mechanism expects. It reverts
    /// without an error then.
    Malformed,
}

impl Refusal {
    /// [`Refusal::Unacceptable`] of two amounts.
    pub fn unacceptable(have: Wei, want: Wei) -> Self {
        Self::Unacceptable { have: number(have), want: number(want) }
    }

    /// [`Refusal::Unexpected`].
    pub fn unexpected(cause: Cause) -> Self {
        Self::Unexpected { cause: cause as u8 }
    }
}

fn number(value: Wei) -> Id {
    let mut word = Id::default();
    word[16..].copy_from_slice(&value.to_be_bytes());
    word
}

/// Decimal where it fits, for people; else hexadecimal.
struct Number<'a>(&'a Id);

impl fmt::Display for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (high, low) = self.0.split_at(16);
        if high.iter().all(|byte| *byte == 0) {
            return write!(f, "{}", low.iter().fold(0, |value: u128, byte| value << 8 | u128::from(*byte)));
        }
        write!(f, "0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidParam { name, have, min, max } => {
                write!(f, "parameter {name} is {have}, has to be {min} to {max}")
            }
            Self::NotYet { time, not_before } => write!(f, "not yet: it is {time}, possible from {not_before}"),
            Self::TooLate { time, not_after } => write!(f, "too late: it is {time}, was possible until {not_after}"),
            Self::Unacceptable { have, want } => {
                write!(f, "unacceptable: have {}, want {}", Number(have), Number(want))
            }
            Self::InsufficientBond { have, want } => write!(f, "stake of {have} does not cover {want}"),
            Self::Concentrated { have, want } => write!(f, "won {have} of the awards that count, may have won {want}"),
            Self::Unexpected { cause } => write!(f, "the mechanism has no use for cause {cause} now"),
            Self::Malformed => write!(f, "the parameters or words do not have the mechanism's form"),
        }
    }
}

impl std::error::Error for Refusal {}
