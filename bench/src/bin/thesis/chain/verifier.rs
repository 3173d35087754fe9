//! A verifier that costs what a Groth16 proof costs to verify, and binds proofs to their authors as ours does: it stands in for the proofs, which
//! would take a thousand requests an hour to make.

use alloy::hex;
use alloy::primitives::keccak256;
use bourse_sim::request::Request;
use bourse_sim::{Account, Id};

/// What the verification of one proof of the built-in circuit uses, in gas.
pub(crate) const GAS: u32 = 217_900;
/// Of one turn of the loop below.
const TURN: u32 = 26;

/// `verify(statement, author, proof)` as code: the proof has to be `keccak256(statement ‖ author)`; then so much gas is used up.
///
/// ```text
/// mem[0..64] = calldata[4..68];  if calldata[132..164] != keccak256(mem[0..64]) revert
/// n = GAS / TURN;  do { n -= 1 } while (n != 0)
/// return VERIFIED
/// ```
pub(crate) fn code() -> Vec<u8> {
    let turns = (GAS / TURN) as u16;
    let mut runtime = hex!("604060045f3760405f20608435146014575f5ffd5b61").to_vec();
    runtime.extend(turns.to_be_bytes());
    runtime.extend(hex!("5b600190038060185763"));
    runtime.extend(verified());
    runtime.extend(hex!("60e01b5f5260205ff3"));
    let size = runtime.len() as u8;
    // Copies what follows and returns it.
    let mut creation = vec![0x60, size, 0x60, 0x09, 0x5f, 0x39, 0x60, size, 0x5f, 0xf3];
    creation[3] = creation.len() as u8;
    creation.extend(runtime);
    creation
}

/// What an `IVerifier` answers: its own selector.
fn verified() -> [u8; 4] {
    let hash = keccak256("verify(bytes32,bytes32,bytes)");
    [hash[0], hash[1], hash[2], hash[3]]
}

/// The proof of a request by its prover.
pub(crate) fn proof(id: &Id, request: &Request, prover: &Account) -> Vec<u8> {
    let author = keccak256([&id[..], &[0; 12], &prover[..]].concat());
    keccak256([&request.statement[..], &author[..]].concat()).to_vec()
}
