//! Programs as backends: what they are asked, what they may answer, and that they die when they should.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{path::Path, time::Duration};

use alloy::primitives::{B256, hex};
use bourse_prover::backend::{
    Backend, Fault, Job, MAX_INPUT,
    command::{CommandBackend, Program, Settings},
};

fn sh(script: &str) -> Program {
    Program { program: "sh".into(), args: vec!["-c".into(), script.into()] }
}

fn settings(prove: &str) -> Settings {
    Settings {
        name: "script".into(),
        prove: sh(prove),
        check: None,
        verify: None,
        timeout_seconds: 20.0,
        seconds: 1.0,
        seconds_per_unit: 0.5,
        concurrency: 1,
    }
}

fn backend(prove: &str) -> CommandBackend {
    CommandBackend::new(settings(prove)).unwrap()
}

fn job() -> Job {
    let (id, author, statement) = (B256::repeat_byte(1), B256::repeat_byte(2), B256::repeat_byte(3));
    Job { id, author, statement, input: b"{}\"\n\xff".to_vec(), work: 1021 }
}

async fn failure(prove: &str) -> String {
    match backend(prove).prove(&job()).await {
        Err(Fault::Failed(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_program_sees_the_job_and_answers_a_proof() {
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("question");
    let backend = backend(&format!("cat > {}; echo '{{\"proof\": \"0x1234\"}}'", seen.display()));
    assert_eq!(backend.estimate(4), Duration::from_secs(3));
    assert_eq!(backend.prove(&job()).await.unwrap().0, hex!("1234"));
    assert!(backend.estimate(1000) < Duration::from_secs(501), "learned that it is quicker");

    let question: serde_json::Value = serde_json::from_slice(&std::fs::read(seen).unwrap()).unwrap();
    let want = serde_json::json!({
        "id": B256::repeat_byte(1), "author": B256::repeat_byte(2), "statement": B256::repeat_byte(3),
        "input": "0x7b7d220aff", "work": 1021,
    });
    assert_eq!(question, want);
}

#[tokio::test]
async fn checks_and_verifies_with_programs() {
    let refusing = |why: &str| Some(sh(&format!("echo '{{\"ok\": false, \"why\": \"{why}\"}}'")));
    let with = |check, verify| {
        let prove = "echo '{\"proof\": \"0x12\"}'";
        CommandBackend::new(Settings { check, verify, ..settings(prove) }).unwrap()
    };
    let yes = || Some(sh("echo '{\"ok\": true}'"));
    with(yes(), yes()).check(&job()).await.unwrap();
    assert_eq!(with(yes(), yes()).prove(&job()).await.unwrap().0, [0x12]);
    let only_if_asked_about_the_proof = Some(sh("grep -q '\"proof\":\"0x12\"' && echo '{\"ok\": true}'"));
    with(None, only_if_asked_about_the_proof).prove(&job()).await.unwrap();

    let fault = with(refusing("too long"), None).check(&job()).await.unwrap_err();
    assert!(matches!(&fault, Fault::Unsupported { .. }) && fault.to_string().contains("too long"), "{fault}");
    let fault = with(None, refusing("bad pairing")).prove(&job()).await.unwrap_err();
    assert_eq!(fault, Fault::Invalid("bad pairing".into()));
}

#[tokio::test]
async fn programs_say_that_the_input_is_withheld() {
    let says = "echo '{\"withheld\": \"404 at the given place\"}'";
    let withheld = Fault::Withheld { why: "404 at the given place".into() };
    assert_eq!(backend(says).prove(&job()).await.unwrap_err(), withheld);
    let checks = CommandBackend::new(Settings { check: Some(sh(says)), ..settings("") }).unwrap();
    assert_eq!(checks.check(&job()).await.unwrap_err(), withheld);
    assert!(withheld.is_transient(), "it may be there later");
}

#[tokio::test]
async fn faults_say_what_came_and_what_was_wanted() {
    let fault = failure("echo oops >&2; exit 3").await;
    assert!(fault.contains("exit status: 3") && fault.contains("want exit code 0: oops"), "{fault}");
    let fault = failure("echo 'hello'").await;
    assert!(fault.contains("answered \"hello\\n\"") && fault.contains(r#"want {"proof": "0x…"}"#), "{fault}");
    for answer in
        ["", "{}", "{\"proof\": 1}", "{\"proof\": \"0x1\"}", "{\"proof\": \"zz\"}", "{\"proof\":\"0x12\"} more"]
    {
        let fault = failure(&format!("printf '%s' '{answer}'")).await;
        assert!(fault.contains("want"), "{answer}: {fault}");
    }
    let fault = backend("echo '{\"proof\": \"0x\"}'").prove(&job()).await.unwrap_err();
    assert!(matches!(fault, Fault::Invalid(_)), "{fault}");

    let missing = Program { program: "/nowhere/prove".into(), args: vec![] };
    let backend = CommandBackend::new(Settings { prove: missing, ..settings("") }).unwrap();
    let fault = backend.prove(&job()).await.unwrap_err().to_string();
    assert!(fault.contains("/nowhere/prove does not start"), "{fault}");
    for timeout_seconds in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(CommandBackend::new(Settings { timeout_seconds, ..settings("") }).is_err(), "{timeout_seconds}");
    }
}

#[tokio::test]
async fn sizes_are_limited() {
    let fault = failure("yes 0123456789").await;
    assert!(fault.contains("answered more than"), "{fault}");
    let fault = failure("yes 0123456789 | head -c 9000000 >&2; echo last words >&2; exit 1").await;
    assert!(fault.ends_with("last words") && fault.len() < 3000, "{} bytes", fault.len());
    let fault = backend("exit 0").check(&Job { input: vec![0; MAX_INPUT + 1], ..job() }).await.unwrap_err();
    assert!(matches!(fault, Fault::Unsupported { .. }), "{fault}");
    // More than a pipe holds, both ways, read by nobody: neither side waits for the other.
    let big = Job { input: vec![7; 500_000], ..job() };
    let proof = backend("head -c 1000000 /dev/zero | tr '\\0' ' '; echo '{\"proof\": \"0x12\"}'").prove(&big).await;
    assert_eq!(proof.unwrap().0, [0x12]);
}

/// A script whose child would write a file after a second.
fn slow(folder: &Path) -> String {
    let (begun, done) = (folder.join("begun"), folder.join("done"));
    format!("(touch {}; sleep 1; touch {}) & wait", begun.display(), done.display())
}

async fn nothing_survives(folder: &Path) {
    assert!(folder.join("begun").exists());
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!folder.join("done").exists(), "the program's child outlived it");
}

#[tokio::test]
async fn a_program_and_its_children_die_at_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let backend = CommandBackend::new(Settings { timeout_seconds: 0.5, ..settings(&slow(folder.path())) }).unwrap();
    let fault = backend.prove(&job()).await.unwrap_err();
    assert_eq!(fault, Fault::TimedOut { limit: Duration::from_millis(500) });
    assert!(fault.is_transient());
    nothing_survives(folder.path()).await;
}

#[tokio::test]
async fn a_program_and_its_children_die_when_nobody_waits() {
    let folder = tempfile::tempdir().unwrap();
    let backend = backend(&slow(folder.path()));
    let wait = tokio::time::timeout(Duration::from_millis(500), async { backend.prove(&job()).await });
    assert!(wait.await.is_err());
    nothing_survives(folder.path()).await;
}
