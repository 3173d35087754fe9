//! Creation code of everything that is deployed, as hex without `0x`. Constructor arguments follow it: the annex takes one
//! word, the stake token, the market that and where the annex is; the others take none.

/// The market.
pub const MARKET: &str = include_str!("../code/Market.hex");
/// The part of the market's code that it runs from elsewhere.
pub const ANNEX: &str = include_str!("../code/Annex.hex");
/// The mechanism "posted".
pub const POSTED_PRICE: &str = include_str!("../code/PostedPrice.hex");
/// The mechanism "dutch".
pub const DUTCH: &str = include_str!("../code/Dutch.hex");
/// The mechanism "sealed".
pub const SEALED_BID: &str = include_str!("../code/SealedBid.hex");
/// The mechanism "english".
pub const ENGLISH: &str = include_str!("../code/English.hex");
/// The mechanism "rfq".
pub const RFQ: &str = include_str!("../code/Rfq.hex");
/// The mechanism "race".
pub const RACE: &str = include_str!("../code/Race.hex");
/// The mechanism "scoring".
pub const SCORING: &str = include_str!("../code/Scoring.hex");
/// The mechanism "committee".
pub const COMMITTEE: &str = include_str!("../code/Committee.hex");
/// The mechanism "contest".
pub const CONTEST: &str = include_str!("../code/Contest.hex");
/// The mechanism "seat".
pub const SEAT: &str = include_str!("../code/Seat.hex");
/// The mechanism "reserved".
pub const RESERVED: &str = include_str!("../code/Reserved.hex");
/// The mechanism "sortition".
pub const SORTITION: &str = include_str!("../code/Sortition.hex");
/// The mechanism "batch".
pub const BATCH: &str = include_str!("../code/Batch.hex");
/// The modifier "gas".
pub const GAS_PASS_THROUGH: &str = include_str!("../code/GasPassThrough.hex");
/// The modifier "grace".
pub const GRACE: &str = include_str!("../code/Grace.hex");
/// The modifier "spread".
pub const SPREAD: &str = include_str!("../code/Spread.hex");
/// Groth16 over BN254 for any key.
pub const GROTH16_VERIFIER: &str = include_str!("../code/Groth16Verifier.hex");

/// What follows the creation code of the market: the token that stakes are counted in, and where its annex is.
pub fn market_arguments(stake_token: [u8; 20], annex: [u8; 20]) -> [u8; 64] {
    let mut words = [0; 64];
    words[12..32].copy_from_slice(&stake_token);
    words[44..].copy_from_slice(&annex);
    words
}
