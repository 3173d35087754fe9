//! The EIP-712 type of a request that Rust signs is, letter by letter, the one that the contracts hash.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use alloy::sol_types::SolStruct;
use bourse_bindings::Market;

/// The string literal in the file that starts with `prefix`.
fn literal<'a>(source: &'a str, prefix: &str) -> &'a str {
    source.split('"').find(|part| part.starts_with(prefix)).unwrap()
}

#[test]
fn the_request_type_is_the_contracts() {
    let source = include_str!("../../contracts/types/Request.sol");
    assert_eq!(Market::Request::eip712_encode_type(), literal(source, "Request("));
}
