//! Creation code of everything that is deployed, as hex without `0x`. Constructor arguments follow it: the market takes one
//! word, its stake token; the others take none.

/// The market.
pub const MARKET: &str = include_str!("../code/Market.hex");
/// The mechanism "posted".
pub const POSTED_PRICE: &str = include_str!("../code/PostedPrice.hex");
/// The mechanism "dutch".
pub const DUTCH: &str = include_str!("../code/Dutch.hex");
/// The mechanism "sealed".
pub const SEALED_BID: &str = include_str!("../code/SealedBid.hex");
/// The mechanism "english".
pub const ENGLISH: &str = include_str!("../code/English.hex");
/// The mechanism "race".
pub const RACE: &str = include_str!("../code/Race.hex");
/// The mechanism "committee".
pub const COMMITTEE: &str = include_str!("../code/Committee.hex");
/// Groth16 over BN254 for any key.
pub const GROTH16_VERIFIER: &str = include_str!("../code/Groth16Verifier.hex");
