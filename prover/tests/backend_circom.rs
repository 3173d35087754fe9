//! A circuit that circom compiled and snarkjs set up (`tests/circom/make.sh`), proven and refused.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, path::PathBuf};

use alloy::primitives::{Address, B256, U256};
use bourse_prover::backend::{
    Backend, Fault, Job, Slots, author,
    circom::{Author, CircomBackend, Settings, task},
    groth16::{Pinned, Refusal},
};
use serde_json::{Value, json};

fn settings() -> Settings {
    let file = |name: &str| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/circom").join(name);
    Settings {
        name: "product".into(),
        r1cs: file("product.r1cs"),
        wasm: file("product.wasm"),
        zkey: file("product.zkey"),
        author: Some(Author { signal: "author".into(), position: 2 }),
    }
}

async fn backend() -> CircomBackend {
    CircomBackend::open(settings(), Slots::new(1)).await.unwrap()
}

fn inputs(value: Value) -> BTreeMap<String, Value> {
    serde_json::from_value(value).unwrap()
}

fn job(backend: &CircomBackend, signals: Value, first: usize, values: &[u64]) -> Job {
    let pinned = Pinned { first, values: values.iter().copied().map(U256::from).collect() };
    let (statement, input) = task(backend.key(), "product", inputs(signals), pinned).unwrap();
    let id = B256::repeat_byte(3);
    Job { id, author: author(id, Address::repeat_byte(9)), statement, input, work: backend.constraints() }
}

#[tokio::test]
async fn proves_with_the_output_free_or_pinned() {
    let backend = backend().await;
    assert!(backend.estimate(1).is_zero(), "nothing measured yet");
    backend.calibrate(inputs(json!({"a": 1, "b": 1}))).await.unwrap();
    assert!(!backend.estimate(1).is_zero());

    for (first, pinned) in [(1, [3].as_slice()), (0, &[33]), (0, &[33, 3]), (0, &[])] {
        let job = job(&backend, json!({"a": "3", "b": ["0xb"]}), first, pinned);
        backend.check(&job).await.unwrap();
        let proof = backend.prove(&job).await.unwrap().0;
        backend.key().verify(job.statement, job.author, &proof).unwrap();
        let words: Vec<_> = proof.chunks(32).map(U256::from_be_slice).collect();
        assert_eq!(words[11..], [U256::from(33), U256::from(3)], "output and input, without the author");
        let thief = author(job.id, Address::repeat_byte(8));
        assert_eq!(backend.key().verify(job.statement, thief, &proof), Err(Refusal::Invalid));
    }
}

#[tokio::test]
async fn refuses_what_it_cannot_prove_before_anyone_bids() {
    let backend = backend().await;
    let good = job(&backend, json!({"a": "3", "b": "11"}), 1, &[3]);
    let mismatch = async |job: Job| match backend.check(&job).await {
        Err(Fault::Mismatch { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(mismatch(job(&backend, json!({"a": "4", "b": "11"}), 1, &[3])).await, "pinned signals");
    assert_eq!(mismatch(job(&backend, json!({"a": "3", "b": "11"}), 0, &[34])).await, "pinned signals");
    assert_eq!(mismatch(job(&backend, json!({"a": "3", "b": "11"}), 2, &[3])).await, "pinned signals");
    assert_eq!(mismatch(job(&backend, json!({"a": "3", "b": "11"}), usize::MAX, &[3])).await, "pinned signals");
    assert_eq!(mismatch(job(&backend, json!({"a": "3"}), 1, &[3])).await, "inputs", "a signal is missing");
    assert_eq!(mismatch(job(&backend, json!({"a": "3", "b": "11", "author": "1"}), 1, &[3])).await, "inputs");
    for bad in [json!("-1"), json!("x"), json!(1.5), json!(null), json!({"c": 1}), json!("9".repeat(78))] {
        assert_eq!(mismatch(job(&backend, json!({"a": "3", "b": bad}), 1, &[3])).await, "inputs", "{bad}");
    }
    let wrong = [
        json!({"a": "3", "b": "11", "c": "1"}),
        json!({"a": "3", "b": ["11", "12"]}),
        json!({}),
        json!({"a": "3", "c": "11"}),
        json!({"a": ["3", "11"]}),
    ];
    for signals in wrong {
        let fault = backend.check(&job(&backend, signals.clone(), 1, &[3])).await;
        assert!(matches!(fault, Err(Fault::Mismatch { .. })), "{signals}: {fault:?}");
    }
    assert_eq!(mismatch(Job { work: 0, ..good.clone() }).await, "work");
    assert_eq!(mismatch(Job { statement: B256::ZERO, ..good.clone() }).await, "statement");
    for input in [b"{}".to_vec(), vec![], br#"{"circuit":"other","inputs":{}}"#.to_vec(), vec![b'['; 5000]] {
        let fault = backend.check(&Job { input, ..good.clone() }).await;
        assert!(matches!(fault, Err(Fault::Unsupported { .. })), "{fault:?}");
    }
    let many = json!({"a": vec![1; 70_000], "b": 1});
    let fault = backend.check(&job(&backend, many, 1, &[3])).await;
    assert!(matches!(fault, Err(Fault::Unsupported { .. })), "{fault:?}");
}

#[tokio::test]
async fn earlier_inputs_do_not_leak_into_later_witnesses() {
    let backend = backend().await;
    backend.check(&job(&backend, json!({"a": "3", "b": "11"}), 0, &[33])).await.unwrap();
    assert!(backend.check(&job(&backend, json!({"a": "3"}), 0, &[33])).await.is_err());
}

#[tokio::test]
async fn artifacts_must_belong_together() {
    let open = async |settings| CircomBackend::open(settings, Slots::new(1)).await.err().unwrap().to_string();
    let zkey = settings().zkey.with_file_name("unfinished.zkey");
    let fault = open(Settings { zkey, ..settings() }).await;
    assert!(fault.contains("unfinished.zkey") && fault.contains("never finished"), "{fault}");
    let fault = open(Settings { zkey: settings().r1cs, ..settings() }).await;
    assert!(!fault.is_empty());
    let fault = open(Settings { wasm: settings().r1cs, ..settings() }).await;
    assert!(fault.contains("product.r1cs"), "{fault}");
    for position in [0, 4] {
        let author = Some(Author { signal: "author".into(), position });
        let fault = open(Settings { author, ..settings() }).await;
        assert!(fault.contains("author"), "{fault}");
    }
    // The signal exists, but another one stands at this position.
    let author = Some(Author { signal: "author".into(), position: 3 });
    let wrong = CircomBackend::open(Settings { author, ..settings() }, Slots::new(1)).await.unwrap();
    let job = job(&wrong, json!({"a": "3", "b": "11"}), 0, &[33]);
    let fault = wrong.check(&job).await.unwrap_err().to_string();
    assert!(fault.contains("not the author"), "{fault}");
}
