//! The key that signs. It comes from the environment or from an encrypted keystore, never from the command line, and it
//! is never printed.

use std::fmt;
use std::path::{Path, PathBuf};

use alloy::signers::local::PrivateKeySigner;
use bourse_sim::Account;

/// A key that signs transactions, requests and bids.
#[derive(Clone)]
pub struct Key(PrivateKeySigner);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The variable is not set.
    #[error("the environment variable {0} is not set; it should hold a private key of 64 hex digits")]
    Missing(String),
    /// What the variable holds is no key. What it holds is not repeated.
    #[error("the environment variable {0} does not hold a private key: it should be 64 hex digits, with or without 0x")]
    Malformed(String),
    /// A file cannot be read.
    #[error("reading {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The keystore does not open.
    #[error("the keystore {path} does not open: {why}")]
    Keystore {
        /// The file.
        path: PathBuf,
        /// A wrong password, or a file that is no keystore.
        why: String,
    },
    /// The key could not sign.
    #[error("signing failed: {0}")]
    Signing(String),
}

/// Where the password of a keystore is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Password {
    /// In this environment variable.
    Variable(String),
    /// In this file; a line end at its end does not count.
    File(PathBuf),
}

impl Key {
    /// The key in the environment variable `variable`, as hex.
    ///
    /// # Errors
    /// [`KeyError::Missing`] or [`KeyError::Malformed`].
    pub fn from_env(variable: &str) -> Result<Self, KeyError> {
        let value = std::env::var(variable).map_err(|_| KeyError::Missing(variable.to_owned()))?;
        Self::from_hex(&value).ok_or_else(|| KeyError::Malformed(variable.to_owned()))
    }

    /// The key in an encrypted keystore (Web3 secret storage), as `cast wallet` and `geth account` write it.
    ///
    /// # Errors
    /// [`KeyError::File`], [`KeyError::Missing`] for the password, or [`KeyError::Keystore`].
    pub fn from_keystore(path: &Path, password: &Password) -> Result<Self, KeyError> {
        let password = password.read()?;
        std::fs::metadata(path).map_err(|source| KeyError::File { path: path.to_owned(), source })?;
        PrivateKeySigner::decrypt_keystore(path, password.trim_end_matches(['\r', '\n']))
            .map(Self)
            .map_err(|error| KeyError::Keystore { path: path.to_owned(), why: error.to_string() })
    }

    /// The key written in `text` as 64 hex digits, with or without `0x`.
    pub fn from_hex(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.strip_prefix("0x").unwrap_or(text);
        if digits.len() != 64 {
            return None;
        }
        digits.parse().ok().map(Self)
    }

    /// A fresh random key.
    pub fn random() -> Self {
        Self(PrivateKeySigner::random())
    }

    /// The account it signs for.
    pub fn address(&self) -> Account {
        self.0.address().into_array()
    }

    pub(crate) fn signer(&self) -> &PrivateKeySigner {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0.address())
    }
}

impl Password {
    fn read(&self) -> Result<String, KeyError> {
        match self {
            Self::Variable(name) => std::env::var(name).map_err(|_| KeyError::Missing(name.clone())),
            Self::File(path) => {
                std::fs::read_to_string(path).map_err(|source| KeyError::File { path: path.clone(), source })
            }
        }
    }
}
