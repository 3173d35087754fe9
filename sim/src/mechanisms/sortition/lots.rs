//! Lots that are drawn by weight; the twin of `contracts/libraries/Lots.sol`, which says why.

use crate::abi::{Encoder, keccak};
use crate::{Account, Id, Wei};

const DIGITS: u32 = 40;
/// 1 / ln 2, in units of 2^-40, rounded down.
const PER_NAT: u128 = 1_586_259_972_792;
const MOST: u128 = (1 << 88) - 1;

/// The key of `prover`, at least 1, in units in which that of the largest weight, `cap`, has a mean of 2^40 / ln 2.
pub fn key(beacon: &Id, id: &Id, prover: &Account, weight: Wei, cap: Wei) -> u128 {
    weighed(lot(beacon, id, prover), weight, cap)
}

/// The key of who has the largest weight.
pub fn lot(beacon: &Id, id: &Id, prover: &Account) -> u64 {
    bits(&keccak(&Encoder::new(3).word(beacon).word(id).account(prover).finish()))
}

/// The key of who has this lot and weight.
pub fn weighed(lot: u64, weight: Wei, cap: Wei) -> u128 {
    (u128::from(lot) * cap / weight.max(1)).min(MOST)
}

/// -log2(hash / 2^256), in units of 2^-40, not less than 1.
pub fn bits(hash: &Id) -> u64 {
    let mut hash = *hash;
    if hash == Id::default() {
        hash[31] = 1;
    }
    let first = hash.iter().position(|byte| *byte != 0).unwrap_or_default();
    let mut window = [0; 16];
    let known = (32 - first).min(16);
    window[..known].copy_from_slice(&hash[first..first + known]);
    let window = u128::from_be_bytes(window);
    let zeros = window.leading_zeros();
    let mut x = window << zeros >> 64;
    let mut digits = 0;
    for _ in 0..DIGITS {
        x = (x * x) >> 63;
        let digit = x >> 64;
        x >>= digit;
        digits = digits << 1 | digit as u64;
    }
    ((8 * first as u64 + u64::from(zeros) + 1) << DIGITS) - digits
}

/// The key up to which `many` lots, at most 8, are expected out of a pool of this total weight.
pub fn reach(many: u8, cap: Wei, total: Wei) -> u128 {
    (u128::from(many) * cap * PER_NAT).checked_div(total).unwrap_or_default()
}
