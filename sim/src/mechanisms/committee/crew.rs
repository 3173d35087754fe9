//! Who sits in a committee, and what they sign; the twin of `contracts/libraries/{Crew,Quorum}.sol`.

use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};

use crate::abi::{Encoder, keccak};
use crate::ask::Ask;
use crate::{Account, BPS, Id, Time, Wei, ZERO};

/// What fits into eight words.
pub const MAX_SEATS: u8 = 12;
const HEAD: usize = 16;
const SEAT: usize = 20;
const SIGNATURE: usize = 65;

/// What a quorum of members can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Who did not deliver a shard.
    Late = 1,
    /// That the requester does not give the input.
    Withheld = 2,
    /// Who is paid how much.
    Split = 3,
}

/// The words of a committee.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crew {
    /// When the last seat was taken; unix seconds, 0 before.
    pub full: Time,
    /// Who holds the seats that were given out, in order; 0 for nobody any more.
    pub seats: Vec<Account>,
    /// Seats that were declared late, a bit each.
    pub flagged: u16,
}

impl Crew {
    /// Words for that many seats.
    pub fn size(seats: u8) -> u8 {
        let bytes = HEAD + SEAT * usize::from(seats);
        u8::try_from(bytes.div_ceil(32)).unwrap_or(u8::MAX)
    }

    /// What the words say; none if they are no committee's.
    pub fn read(words: &[Id]) -> Option<Self> {
        let (head, rest) = words.as_flattened().split_at_checked(HEAD)?;
        let number = |bytes: &[u8]| bytes.iter().fold(0, |value: Time, byte| value << 8 | Time::from(*byte));
        let seats = rest.get(..SEAT * usize::from(head[10]))?;
        Some(Self {
            full: number(&head[11..]),
            seats: seats.as_chunks().0.to_vec(),
            flagged: u16::from_be_bytes([head[8], head[9]]),
        })
    }

    /// The words again, as many as `words`.
    pub fn write(&self, words: usize) -> Vec<Id> {
        let mut bytes = vec![0; 8];
        bytes.extend_from_slice(&self.flagged.to_be_bytes());
        bytes.push(self.count() as u8);
        bytes.extend_from_slice(&self.full.to_be_bytes()[3..]);
        bytes.extend_from_slice(self.seats.as_flattened());
        bytes.resize(32 * words, 0);
        bytes.as_chunks().0.to_vec()
    }

    /// Seats that were given out.
    pub fn count(&self) -> usize {
        self.seats.len()
    }

    /// The first seat of `member`.
    pub fn seat_of(&self, member: &Account) -> Option<usize> {
        self.seats.iter().position(|seat| seat == member)
    }

    /// Who holds a seat, with its number.
    pub fn held(&self) -> impl Iterator<Item = (usize, Account)> {
        self.seats.iter().copied().enumerate().filter(|(_, member)| *member != ZERO)
    }

    /// The same as bits.
    pub fn held_bits(&self) -> u16 {
        self.held().fold(0, |bits, (seat, _)| bits | 1 << seat)
    }

    /// Signatures that make a quorum.
    pub fn quorum(&self) -> usize {
        self.count() - self.faults()
    }

    /// The most seats that can be declared late if the shards of `needed` are enough.
    pub fn most_late(&self, needed: usize) -> usize {
        self.faults().min(self.count().saturating_sub(needed))
    }

    /// What a member signs, as a personal message (EIP-191): the twin of `Committee.statement`.
    pub fn statement(&self, id: &Id, rung: u8, kind: Said, said: &[u8]) -> Id {
        let mut domain = Id::default();
        domain[..16].copy_from_slice(b"bourse committee");
        let words = Encoder::new(6)
            .word(&domain)
            .word(id)
            .uint(rung.into())
            .uint(kind as Wei)
            .word(&keccak(self.seats.as_flattened()))
            .word(&keccak(said));
        keccak(&words.finish())
    }

    /// What each seat is paid of `rest` by the split in the data of a proof, if there is one and it counts.
    pub fn split(&self, ask: &Ask, needed: usize, rest: Wei) -> Option<Vec<Wei>> {
        let (count, data) = (self.count(), ask.data.get(32..)?);
        let size = 2 + 2 * count;
        let said = data.get(2..2 + size)?;
        if data.len() != 2 + size + self.signature_bytes(data) {
            return None;
        }
        let late = bits(said);
        let held = self.held_bits();
        if late & !held != 0 || (self.flagged | late).count_ones() as usize > self.most_late(needed) {
            return None;
        }
        let weights: Vec<Wei> = said[2..].chunks(2).map(|weight| bits(weight).into()).collect();
        let fair = |(seat, weight): (usize, &Wei)| match (held & !late) >> seat & 1 {
            1 => 2 * weight * count as Wei >= BPS,
            _ => *weight == 0,
        };
        if !weights.iter().enumerate().all(fair) || weights.iter().sum::<Wei>() != BPS {
            return None;
        }
        let pay = weights.iter().map(|weight| rest * weight / BPS).collect();
        (self.signed(ask, Said::Split, data, size) >= self.quorum()).then_some(pay)
    }

    /// Valid signatures of the `size` bytes that are said, behind the two that say who signed.
    pub(super) fn signed(&self, ask: &Ask, kind: Said, data: &[u8], size: usize) -> usize {
        let (said, signatures) = data[2..].split_at(size);
        let statement = self.statement(&ask.id, ask.rung, kind, said);
        let digest = personal(&statement);
        let signers = (0..self.count()).filter(|seat| self.signers(data) >> seat & 1 == 1);
        signers
            .zip(signatures.as_chunks().0)
            .filter(|(seat, signature)| recover(&digest, signature) == Some(self.seats[*seat]))
            .count()
    }

    pub(super) fn signature_bytes(&self, data: &[u8]) -> usize {
        SIGNATURE * self.signers(data).count_ones() as usize
    }

    fn signers(&self, data: &[u8]) -> u16 {
        let seats = 1_u16.checked_shl(self.count() as u32).map_or(u16::MAX, |bit| bit - 1);
        bits(data) & seats
    }

    fn faults(&self) -> usize {
        self.count().saturating_sub(1) / 3
    }
}

/// Two bytes as a number.
pub(super) fn bits(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}

/// What is hashed to sign 32 bytes as a personal message.
pub fn personal(statement: &Id) -> Id {
    keccak(&[b"\x19Ethereum Signed Message:\n32".as_slice(), statement].concat())
}

/// Who signed; the twin of the precompile `ecrecover` for signatures with a low `s`, the only ones that count.
pub fn recover(digest: &Id, signature: &[u8; 65]) -> Option<Account> {
    let (scalars, v) = signature.split_at(64);
    let scalars = Signature::from_slice(scalars).ok().filter(|scalars| scalars.normalize_s().is_none())?;
    let id = RecoveryId::from_byte(v[0].checked_sub(27).filter(|odd| *odd < 2)?)?;
    let key = VerifyingKey::recover_from_prehash(digest, &scalars, id).ok()?;
    let point = key.to_encoded_point(false);
    let mut account = ZERO;
    account.copy_from_slice(&keccak(&point.as_bytes()[1..])[12..]);
    Some(account)
}
