//! Bytes as people and JSON write them.

use bourse_sim::abi::keccak;
use bourse_sim::{Account, Id};

/// `0x` and hex digits.
pub fn bytes(data: &[u8]) -> String {
    format!("0x{}", hex::encode(data))
}

/// An address with the capitals that are its checksum (EIP-55).
pub fn account(account: &Account) -> String {
    let digits = hex::encode(account);
    let hash = keccak(digits.as_bytes());
    let capital = |i: usize| hash[i / 2] >> (4 * (1 - i % 2)) & 15 > 7;
    let digits = digits.chars().enumerate();
    "0x".chars().chain(digits.map(|(i, digit)| if capital(i) { digit.to_ascii_uppercase() } else { digit })).collect()
}

/// The bytes that `text` writes in hex, after `0x`.
pub fn bytes_in(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x")?).ok()
}

/// The id that `text` writes.
pub fn id_in(text: &str) -> Option<Id> {
    bytes_in(text)?.try_into().ok()
}

/// The address that `text` writes. If it has letters of both cases, they have to be its checksum.
pub fn account_in(text: &str) -> Option<Account> {
    let found = bytes_in(text)?.try_into().ok()?;
    let digits = text.get(2..)?;
    let plain = digits == digits.to_lowercase() || digits == digits.to_uppercase();
    (plain || account(&found) == text).then_some(found)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test")]

    use super::*;

    #[test]
    fn an_address_has_its_checksum() {
        let text = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        assert_eq!(account(&account_in(text).unwrap()), text);
        assert_eq!(account_in(&text.to_lowercase()), account_in(text));
        assert_eq!(account_in("0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), None);
    }

    #[test]
    fn what_is_no_hex_is_nothing() {
        for text in ["", "0x", "12", "0x1g", "0x123"] {
            assert_eq!(id_in(text), None, "{text}");
            assert_eq!(account_in(text), None, "{text}");
        }
    }
}
