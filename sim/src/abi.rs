//! The encoding that contracts speak, as far as mechanisms need it.

use sha3::{Digest, Keccak256};

use crate::ask::{Refusal, Tag};
use crate::{Account, Id, Time, Wei};

/// The bytes are not an encoding of what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not an encoding of what was asked for")
    }
}

impl std::error::Error for Malformed {}

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Ethereum's hash.
pub fn keccak(data: &[u8]) -> Id {
    Keccak256::digest(data).into()
}

/// The first four bytes of a signature's hash.
pub fn selector(signature: &str) -> [u8; 4] {
    let hash = keccak(signature.as_bytes());
    [hash[0], hash[1], hash[2], hash[3]]
}

/// Writes a tuple: its static words first, what they point to after.
pub struct Encoder {
    head: Vec<u8>,
    tail: Vec<u8>,
    size: usize,
}

impl Encoder {
    /// For a tuple of `words` words, offsets included.
    pub fn new(words: usize) -> Self {
        Self { head: Vec::with_capacity(32 * words), tail: Vec::new(), size: 32 * words }
    }

    /// An opaque word.
    pub fn word(mut self, word: &Id) -> Self {
        self.head.extend_from_slice(word);
        self
    }

    /// A number.
    pub fn uint(mut self, value: Wei) -> Self {
        self.head.extend_from_slice(&[0; 16]);
        self.head.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// An address.
    pub fn account(mut self, account: &Account) -> Self {
        self.head.extend_from_slice(&[0; 12]);
        self.head.extend_from_slice(account);
        self
    }

    pub(crate) fn tag(mut self, tag: &Tag) -> Self {
        self.head.extend_from_slice(&[0; 10]);
        self.head.extend_from_slice(tag);
        self
    }

    pub(crate) fn behind(mut self, length: usize, content: &[u8]) -> Self {
        let offset = self.size + self.tail.len();
        self = self.uint(offset as Wei);
        self.tail.extend_from_slice(&[0; 16]);
        self.tail.extend_from_slice(&(length as Wei).to_be_bytes());
        self.tail.extend_from_slice(content);
        self.tail.resize(self.tail.len().next_multiple_of(32), 0);
        self
    }

    /// Bytes of any length.
    pub fn bytes(self, bytes: &[u8]) -> Self {
        self.behind(bytes.len(), bytes)
    }

    /// A list of words.
    pub fn words(self, words: &[Id]) -> Self {
        self.behind(words.len(), words.as_flattened())
    }

    /// The encoding of the tuple.
    pub fn finish(mut self) -> Vec<u8> {
        debug_assert_eq!(self.head.len(), self.size, "a tuple of another size was announced");
        self.head.append(&mut self.tail);
        self.head
    }
}

/// Reads a tuple, word by word.
#[derive(Clone)]
pub struct Decoder<'a> {
    tuple: &'a [u8],
    at: usize,
}

impl<'a> Decoder<'a> {
    /// From the start of the tuple.
    pub fn new(tuple: &'a [u8]) -> Self {
        Self { tuple, at: 0 }
    }

    /// An opaque word.
    ///
    /// # Errors
    /// If the bytes end before it; so do all that follow.
    pub fn word(&mut self) -> Result<Id, Malformed> {
        let word = self.tuple.get(self.at..self.at + 32).ok_or(Malformed)?;
        self.at += 32;
        word.try_into().map_err(|_| Malformed)
    }

    /// A number.
    ///
    /// # Errors
    /// If it has more than `bits` (at most 128).
    pub fn uint(&mut self, bits: u32) -> Result<Wei, Malformed> {
        let word = self.word()?;
        let (high, low) = word.split_at(16);
        let value = Wei::from_be_bytes(low.try_into().map_err(|_| Malformed)?);
        let fits = high.iter().all(|byte| *byte == 0) && (bits >= Wei::BITS || value >> bits == 0);
        if fits { Ok(value) } else { Err(Malformed) }
    }

    pub(crate) fn fit<T: TryFrom<Wei>>(&mut self, bits: u32) -> Result<T, Malformed> {
        T::try_from(self.uint(bits)?).map_err(|_| Malformed)
    }

    /// A number of at most 8 bits.
    ///
    /// # Errors
    /// If it has more, as for the numbers below.
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        self.fit(8)
    }

    /// A number of at most 16 bits.
    ///
    /// # Errors
    /// If it has more.
    pub fn u16(&mut self) -> Result<u16, Malformed> {
        self.fit(16)
    }

    /// A number of at most 32 bits.
    ///
    /// # Errors
    /// If it has more.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.fit(32)
    }

    /// A number of at most 64 bits.
    ///
    /// # Errors
    /// If it has more.
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.fit(64)
    }

    pub(crate) fn time(&mut self) -> Result<Time, Malformed> {
        self.fit(40)
    }

    /// An address.
    ///
    /// # Errors
    /// If the word is none.
    pub fn account(&mut self) -> Result<Account, Malformed> {
        self.right()
    }

    pub(crate) fn right<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let word = self.word()?;
        let (pad, value) = word.split_at(32 - N);
        if pad.iter().any(|byte| *byte != 0) {
            return Err(Malformed);
        }
        value.try_into().map_err(|_| Malformed)
    }

    pub(crate) fn pointed(&mut self) -> Result<Decoder<'a>, Malformed> {
        let offset = self.fit::<u32>(32)? as usize;
        Ok(Decoder::new(self.tuple.get(offset..).ok_or(Malformed)?))
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, Malformed> {
        let mut content = self.pointed()?;
        let length = content.u32()? as usize;
        Ok(content.tuple.get(32..32 + length).ok_or(Malformed)?.to_vec())
    }

    pub(crate) fn words(&mut self) -> Result<Vec<Id>, Malformed> {
        let mut content = self.pointed()?;
        (0..content.u32()?).map(|_| content.word()).collect()
    }
}
