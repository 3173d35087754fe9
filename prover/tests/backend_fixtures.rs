//! The proofs that the Solidity tests verify: `test/fixtures/groth16.json`. Made again and compared here; written with
//! `BOURSE_REGENERATE=1 cargo test -p bourse-prover --test backend_fixtures`.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, path::PathBuf};

use alloy::{
    primitives::{B256, Bytes, U256, keccak256},
    sol_types::SolValue,
};
use bourse_prover::backend::{
    Backend, Job, Setup, Slots,
    circom::{self, Author, CircomBackend},
    circuit::{self, Keys},
    groth16::{Key, Pinned, author_input, field},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

const ROUNDS: u32 = 83;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Fixtures {
    /// Three public inputs, the author first.
    pow5: Proofs,
    /// circom's order: the output, the author, an input.
    circom: Proofs,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proofs {
    key: B256,
    /// `abi.encode` of the struct in Groth16.sol.
    verifying_key: Bytes,
    statements: Vec<B256>,
    authors: Vec<B256>,
    proofs: Vec<Bytes>,
}

impl Proofs {
    fn new(key: &Key) -> Self {
        let verifying_key = key.exported().abi_encode().into();
        Self { key: key.hash(), verifying_key, statements: vec![], authors: vec![], proofs: vec![] }
    }

    fn push(&mut self, statement: B256, author: B256, proof: Vec<u8>) {
        self.statements.push(statement);
        self.authors.push(author);
        self.proofs.push(proof.into());
    }

    fn verify(&self, key: &Key) {
        assert_eq!(self.key, key.hash());
        assert!(self.proofs.len() >= 3 && self.proofs.len() == self.statements.len());
        for ((statement, author), proof) in self.statements.iter().zip(&self.authors).zip(&self.proofs) {
            key.verify(*statement, *author, proof).unwrap();
        }
    }
}

/// Seeds at the ends of the field, authors at the ends of their range. The same at every run.
fn pow5(setup: &Setup) -> Proofs {
    let mut made = Proofs::new(setup.key());
    let last = -ark_bn254::Fr::from(1);
    let seeds = [U256::from(7), U256::ZERO, bourse_prover::backend::groth16::scalar(&last), U256::from(1)];
    let authors = [keccak256("author"), B256::ZERO, B256::repeat_byte(0xff), B256::with_last_byte(8)];
    for (i, (seed, author)) in seeds.into_iter().zip(authors).enumerate() {
        let task = circuit::task(setup.key(), ROUNDS, seed).unwrap();
        let job = Job { id: B256::ZERO, author, statement: task.statement, input: task.input, work: task.work };
        let entropy = keccak256(format!("fixture {i}")).0;
        let proof = circuit::prove(setup, ROUNDS, field(seed).unwrap(), &job, entropy).unwrap();
        made.push(job.statement, author, proof.0);
    }
    made
}

async fn circom(backend: &CircomBackend) -> Proofs {
    let mut made = Proofs::new(backend.key());
    for (b, first, pinned) in [(11_u64, 1, vec![3_u64]), (0, 0, vec![]), (5, 0, vec![15, 3])] {
        let pinned = Pinned { first, values: pinned.into_iter().map(U256::from).collect() };
        let inputs: BTreeMap<_, _> = [("a".to_owned(), json!("3")), ("b".to_owned(), json!(b))].into();
        let (statement, input) = circom::task(backend.key(), "product", inputs, pinned).unwrap();
        let author = keccak256(b.to_be_bytes());
        let job = Job { id: B256::ZERO, author, statement, input, work: backend.constraints() };
        made.push(statement, author, backend.prove(&job).await.unwrap().0);
    }
    made
}

async fn product() -> CircomBackend {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/circom");
    let settings = circom::Settings {
        name: "product".into(),
        r1cs: folder.join("product.r1cs"),
        wasm: folder.join("product.wasm"),
        zkey: folder.join("product.zkey"),
        author: Some(Author { signal: "author".into(), position: 2 }),
    };
    CircomBackend::open(settings, Slots::default()).await.unwrap()
}

#[tokio::test]
async fn fixtures_are_what_the_backends_make() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Keys::new(folder.path().into(), None).load(ROUNDS).unwrap();
    let backend = product().await;
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../test/fixtures/groth16.json");
    if std::env::var_os("BOURSE_REGENERATE").is_some() {
        let fixtures = Fixtures { pow5: pow5(&setup), circom: circom(&backend).await };
        std::fs::write(&path, serde_json::to_string_pretty(&fixtures).unwrap() + "\n").unwrap();
    }
    let committed: Fixtures = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(committed.pow5, pow5(&setup), "regenerate: BOURSE_REGENERATE=1");
    // Proofs of this backend are randomised, so these are only verified.
    committed.pow5.verify(setup.key());
    committed.circom.verify(backend.key());
}

#[test]
fn authors_fit_the_field() {
    assert_eq!(author_input(B256::with_last_byte(7)), ark_bn254::Fr::from(0));
    assert_eq!(author_input(B256::with_last_byte(8)), ark_bn254::Fr::from(1));
    let most: U256 = U256::MAX >> 3;
    assert_eq!(bourse_prover::backend::groth16::scalar(&author_input(B256::repeat_byte(0xff))), most);
}
