//! Tickets of a draw and the running hash of them; the twin of `contracts/libraries/Tickets.sol`.

use crate::abi::keccak;
use crate::ask::Refusal;
use crate::{Account, Id, Wei};

/// The power of its size that a ticket counts with in a draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alpha {
    /// Its size: the only rule under which it makes no difference whether a prover comes as one or as many.
    #[default]
    One,
    /// Its square root.
    Half,
    /// Its square.
    Two,
}

impl Alpha {
    pub(super) fn read(number: u8) -> Result<Self, Refusal> {
        [Self::One, Self::Half, Self::Two].get(usize::from(number)).copied().ok_or(Refusal::Malformed)
    }

    /// The power itself.
    pub fn value(self) -> f64 {
        match self {
            Self::One => 1.0,
            Self::Half => 0.5,
            Self::Two => 2.0,
        }
    }
}

/// One ticket in the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The how manyth prover to enter it belongs to, from 0.
    pub place: u8,
    /// In the stake token; at most 80 bits.
    pub ticket: Wei,
    /// Whose.
    pub prover: Account,
}

impl Entry {
    /// A word of the list.
    pub fn encode(&self) -> Id {
        let mut word = Id::default();
        word[1] = self.place;
        word[2..12].copy_from_slice(&self.ticket.to_be_bytes()[6..]);
        word[12..].copy_from_slice(&self.prover);
        word
    }

    /// The inverse of [`Entry::encode`]; none if its place is none.
    pub fn decode(word: &Id) -> Option<Self> {
        let ticket = word[2..12].iter().fold(0, |ticket: Wei, byte| ticket << 8 | Wei::from(*byte));
        let prover = word[12..].try_into().ok()?;
        (word[0] == 0).then_some(Self { place: word[1], ticket, prover })
    }
}

/// The running hash after one more entry.
pub fn extend(book: &Id, entry: &Id) -> Id {
    keccak(&[*book, *entry].concat())
}

/// What a ticket counts with, in units that make the root of one wei a whole number.
pub fn weight(alpha: Alpha, ticket: Wei) -> Wide {
    match alpha {
        Alpha::One => Wide { high: 0, low: ticket },
        Alpha::Half => Wide { high: 0, low: (ticket << 48).isqrt() },
        Alpha::Two => Wide::square(ticket),
    }
}

/// The place that `seed` draws, each with a chance in proportion to the weight of its ticket; none without any weight.
pub fn draw(standing: &[Entry], alpha: Alpha, seed: &Id) -> Option<usize> {
    let weights: Vec<Wide> = standing.iter().map(|entry| weight(alpha, entry.ticket)).collect();
    let sum = weights.iter().fold(Wide::default(), |sum, weight| sum.plus(*weight));
    if sum == Wide::default() {
        return None;
    }
    let mut left = sum.remainder_of(seed);
    for (place, weight) in weights.into_iter().enumerate() {
        if left < weight {
            return Some(place);
        }
        left = left.minus(weight);
    }
    None
}

/// A number of up to 255 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wide {
    high: u128,
    low: u128,
}

impl Wide {
    /// Of a number of up to 80 bits.
    fn square(root: Wei) -> Self {
        let (high, low) = (root >> 40, root & ((1 << 40) - 1));
        let middle = 2 * high * low;
        let shifted = |value: u128, bits: u32| Self { high: value >> (128 - bits), low: value << bits };
        shifted(high * high, 80).plus(shifted(middle, 40)).plus(Self { high: 0, low: low * low })
    }

    fn plus(self, other: Self) -> Self {
        let (low, carry) = self.low.overflowing_add(other.low);
        Self { high: self.high + other.high + u128::from(carry), low }
    }

    fn minus(self, other: Self) -> Self {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        Self { high: self.high - other.high - u128::from(borrow), low }
    }

    /// What is left of `number` when it is divided by this.
    fn remainder_of(self, number: &Id) -> Self {
        let bits = number.iter().flat_map(|byte| (0..8).rev().map(move |bit| u128::from(byte >> bit & 1)));
        bits.fold(Self::default(), |rest, bit| {
            let twice = rest.plus(rest).plus(Self { high: 0, low: bit });
            if self <= twice { twice.minus(self) } else { twice }
        })
    }

    /// Roughly.
    pub fn value(self) -> f64 {
        self.high as f64 * 2.0_f64.powi(128) + self.low as f64
    }
}
