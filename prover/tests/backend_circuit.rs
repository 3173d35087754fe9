//! The built-in circuit, proven and refused.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use alloy::primitives::{Address, B256, U256, uint};
use bourse_prover::backend::{
    Backend, Fault, Job, MAX_INPUT, Slots, author,
    circuit::{self, CircuitBackend, Keys, Settings, rounds_for, task, work},
    groth16::Refusal,
};
use proptest::prelude::*;

const ROUNDS: u32 = 83;
/// The order of the scalar field.
const R: U256 = uint!(21888242871839275222246405745257275088548364400416034343698204186575808495617_U256);

async fn backend(folder: &std::path::Path, rounds: Vec<u32>) -> CircuitBackend {
    let settings = Settings { folder: folder.into(), provided: None, rounds };
    CircuitBackend::open(settings, Slots::new(1)).await.unwrap()
}

fn job(backend: &CircuitBackend, rounds: u32, seed: u64) -> Job {
    let task = task(backend.key(rounds).unwrap(), rounds, U256::from(seed)).unwrap();
    let id = B256::repeat_byte(3);
    let author = author(id, Address::repeat_byte(9));
    Job { id, author, statement: task.statement, input: task.input, work: task.work }
}

fn word(proof: &[u8], index: usize) -> U256 {
    U256::from_be_slice(&proof[32 * index..32 * index + 32])
}

#[tokio::test]
async fn proves_binds_its_author_and_tells_the_output() {
    let folder = tempfile::tempdir().unwrap();
    let backend = backend(folder.path(), vec![ROUNDS]).await;
    let job = job(&backend, ROUNDS, 7);
    backend.check(&job).await.unwrap();
    let proof = backend.prove(&job).await.unwrap().0;

    let key = backend.key(ROUNDS).unwrap();
    key.verify(job.statement, job.author, &proof).unwrap();
    assert_eq!(word(&proof, 11), U256::from(7), "the pinned seed");
    assert_eq!(word(&proof, 12), circuit::output(ROUNDS, U256::from(7)).unwrap(), "the free output");

    let thief = author(job.id, Address::repeat_byte(8));
    assert_eq!(key.verify(job.statement, thief, &proof), Err(Refusal::Invalid));
    let other = B256::repeat_byte(1);
    let have = job.statement;
    assert_eq!(key.verify(other, job.author, &proof), Err(Refusal::WrongStatement { have, want: other }));
    assert_ne!(proof, backend.prove(&job).await.unwrap().0, "proofs are randomised");
}

#[tokio::test]
async fn refuses_what_it_cannot_prove_before_anyone_bids() {
    let folder = tempfile::tempdir().unwrap();
    let backend = backend(folder.path(), vec![ROUNDS]).await;
    let good = job(&backend, ROUNDS, 7);
    let with = |text: &str| Job { input: text.as_bytes().to_vec(), ..good.clone() };
    let mismatch = async |job: Job| matches!(backend.check(&job).await, Err(Fault::Mismatch { .. }));
    let unsupported = async |job: Job| matches!(backend.check(&job).await, Err(Fault::Unsupported { .. }));

    backend.check(&with(r#"{"circuit":"pow5","rounds":83,"seed":"0x7"}"#)).await.unwrap();
    backend.check(&Job { work: u64::MAX, ..good.clone() }).await.unwrap();
    assert!(mismatch(Job { work: good.work - 1, ..good.clone() }).await, "more work than it says");
    assert!(mismatch(Job { statement: B256::ZERO, ..good.clone() }).await);
    assert!(mismatch(with(r#"{"circuit":"pow5","rounds":83,"seed":"8"}"#)).await, "another seed");
    for seed in [R.to_string(), (R + U256::from(7)).to_string(), "-7".into(), "".into(), "7".repeat(200)] {
        assert!(mismatch(with(&format!(r#"{{"circuit":"pow5","rounds":83,"seed":"{seed}"}}"#))).await, "{seed}");
    }
    assert!(unsupported(with(r#"{"circuit":"pow5","rounds":84,"seed":"7"}"#)).await, "a size that is not served");
    assert!(unsupported(with(r#"{"circuit":"sha","rounds":83,"seed":"7"}"#)).await);
    assert!(unsupported(with(r#"{"circuit":"pow5","rounds":83,"seed":"7","more":1}"#)).await);
    assert!(unsupported(with("")).await);
    assert!(unsupported(Job { input: vec![b' '; MAX_INPUT + 1], ..good.clone() }).await);

    let fault = backend.check(&Job { work: 1, ..good.clone() }).await.unwrap_err();
    assert_eq!(fault.to_string(), "the request does not fit its own work: it has 1, right would be at least 250");
    assert_eq!(backend.prove(&Job { work: 1, ..good }).await.unwrap_err(), fault, "proving checks again");
}

#[tokio::test]
async fn keys_come_from_the_cache_and_a_damaged_one_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::new(folder.path().into(), None);
    let hash = keys.load(5).unwrap().key().hash();
    let path = folder.path().join("pow5-5.key");
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(keys.load(5).unwrap().key().hash(), hash);

    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    for junk in [damaged, vec![], bytes[..bytes.len() - 1].to_vec()] {
        std::fs::write(&path, junk).unwrap();
        assert_eq!(keys.load(5).unwrap().key().hash(), hash);
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "the setup is deterministic");
    }
    assert_ne!(keys.load(6).unwrap().key().hash(), hash);
    assert!(keys.load(0).is_err());
}

#[tokio::test]
async fn provided_keys_are_used_if_they_fit() {
    let (cache, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let hash = Keys::new(cache.path().into(), None).load(5).unwrap().key().hash();
    // A cached key is a provided one behind its head of 40 bytes.
    let bytes = std::fs::read(cache.path().join("pow5-5.key")).unwrap()[40..].to_vec();
    std::fs::write(own.path().join("pow5-5.key"), &bytes).unwrap();
    std::fs::write(own.path().join("pow5-6.key"), &bytes).unwrap();
    let nowhere = own.path().join("unused");
    let keys = Keys::new(nowhere.clone(), Some(own.path().into()));
    assert_eq!(keys.load(5).unwrap().key().hash(), hash);
    assert!(!nowhere.exists(), "nothing was made");
    let fault = keys.load(6).err().unwrap().to_string();
    assert!(fault.contains("pow5-6.key") && fault.contains("for 6 rounds"), "{fault}");
    std::fs::write(own.path().join("pow5-5.key"), b"junk").unwrap();
    assert!(keys.load(5).is_err(), "a provided key is never silently replaced");
}

#[tokio::test]
async fn estimates_follow_what_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let sizes = [rounds_for(6), rounds_for(11)];
    let backend = backend(folder.path(), sizes.to_vec()).await;
    let (small, large) = (backend.estimate(work(sizes[0])), backend.estimate(work(sizes[1])));
    assert!(Duration::ZERO < small && small < large, "{small:?} {large:?}");
    assert!(large < Duration::from_secs(60), "{large:?}");
}

#[test]
fn sizes_fill_their_domains() {
    for log in [3, 8, 10, 12, 14, 16, 20] {
        let rounds = rounds_for(log);
        assert!(work(rounds) + 4 <= 1 << log && work(rounds + 1) + 4 > 1 << log, "{log}: {rounds}");
    }
    assert_eq!((rounds_for(0), rounds_for(63), rounds_for(64)), (1, circuit::MAX_ROUNDS, circuit::MAX_ROUNDS));
}

/// Prints what TOOLCHAIN.md and the report quote: `cargo test -p bourse-prover --test backend_circuit -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "measures for seconds"]
async fn measure_proving() {
    let folder = tempfile::tempdir().unwrap();
    for log in [10, 12, 14] {
        let start = std::time::Instant::now();
        let backend = backend(folder.path(), vec![rounds_for(log)]).await;
        let setup = start.elapsed();
        let job = job(&backend, rounds_for(log), 7);
        let mut took: Vec<_> = Vec::new();
        for _ in 0..5 {
            let start = std::time::Instant::now();
            backend.prove(&job).await.unwrap();
            took.push(start.elapsed());
        }
        took.sort();
        println!("2^{log}: {} constraints, setup with calibration {setup:?}, prove median {:?}", job.work, took[2]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn hostile_bytes_never_panic(input in prop::collection::vec(any::<u8>(), 0..300), text in ".{0,200}", work in any::<u64>()) {
        let shared = shared();
        let json = format!(r#"{{"circuit":"pow5","rounds":83,"seed":{text:?}}}"#);
        for input in [input.clone(), text.into_bytes(), json.into_bytes()] {
            let job = Job { id: B256::ZERO, author: B256::ZERO, statement: B256::ZERO, input, work };
            prop_assert!(shared.0.block_on(shared.1.check(&job)).is_err());
        }
        prop_assert!(shared.1.key(ROUNDS).unwrap().verify(B256::ZERO, B256::ZERO, &input).is_err());
    }

    #[test]
    fn any_changed_byte_is_refused(at in 0..32 * 13_usize, to in any::<u8>()) {
        let shared = shared();
        let mut proof = shared.3.clone();
        proof[at] = to;
        let verdict = shared.1.key(ROUNDS).unwrap().verify(shared.2.statement, shared.2.author, &proof);
        prop_assert_eq!(verdict.is_ok(), proof == shared.3);
    }
}

type Shared = (tokio::runtime::Runtime, CircuitBackend, Job, Vec<u8>);

fn shared() -> &'static Shared {
    static SHARED: std::sync::OnceLock<Shared> = std::sync::OnceLock::new();
    SHARED.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let backend = runtime.block_on(backend(folder.path(), vec![ROUNDS]));
        let job = job(&backend, ROUNDS, 7);
        let proof = runtime.block_on(backend.prove(&job)).unwrap().0;
        (runtime, backend, job, proof)
    })
}
