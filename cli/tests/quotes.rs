//! A requester asks real provers for quotes, with the programs as people run them, on a real chain.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use bourse_cli::blueprint::{Blueprint, Rfq};
use bourse_cli::demo::chain::{Chain, free_port};
use bourse_cli::demo::people::{PROVERS, Prover};
use bourse_cli::demo::processes::Processes;
use bourse_cli::demo::setup::{self, Cast};
use bourse_cli::deploy::GROTH16;
use bourse_cli::settings::{Global, Settings};
use bourse_sim::ask::Status;
use serde_json::Value;

/// The size of the circuit, as a power of two.
const SIZE: u32 = 10;

fn quoted() -> Blueprint {
    let rfq = Rfq {
        exclusivity: None,
        override_bps: 100,
        patience: None,
        start_bps: 10_000,
        deposit_bps: 10_000,
        deposit_floor: "0.001".into(),
        standbys: 0,
    };
    let verifiers = vec![GROTH16.to_owned()];
    Blueprint { name: Some("quoted".into()), open: true, verifiers, rfq: Some(rfq), ..Blueprint::default() }
}

fn port() -> u16 {
    free_port(0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cheaper_of_two_quotes_is_taken_in_one_transaction() {
    let bourse = Path::new(env!("CARGO_BIN_EXE_bourse"));
    let folder = tempfile::tempdir().unwrap();
    let mut processes = Processes::new(folder.path().join("logs"), bourse.parent().unwrap().to_owned());
    let chain = Chain::start(&mut processes, folder.path(), port()).await.unwrap();
    let cast = Cast::new(&chain, 2, 1).unwrap();
    let global = Global { rpc: Some(chain.rpc.clone()), folder: folder.path().to_owned(), ..Global::default() };
    let settings = Settings::from_global(&global).unwrap();
    let out = bourse_cli::output::Output::new(true);
    let session = setup::market(&settings, out, &cast.operator.key, &[SIZE], &[quoted()]).await.unwrap();
    session.settings.deployment.as_ref().unwrap().write(folder.path()).unwrap();
    let provers = [(PROVERS[0], "0.5 ether"), (PROVERS[2], "1 ether")];
    let provers = provers.map(|(prover, rate)| Prover { sizes: &[SIZE], rate, port: port(), ..prover });
    for (prover, secret) in provers.iter().zip(&cast.provers) {
        setup::prover(&mut processes, &session, prover, secret, "").unwrap();
        while session.node.ledger(secret.key.address()).await.unwrap().stake == 0 {
            processes.check().unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    let run = |urls: &str, more: &[&str]| -> Output {
        let ask = ["request", "--instance", "quoted", "--rounds", "339", "--max-price", "0.02", "--quote", urls];
        let mut command = Command::new(bourse);
        command.env("BOURSE_PRIVATE_KEY", &cast.requesters[0].hex).args(["--rpc", &chain.rpc, "--folder"]);
        command.arg(folder.path()).args(ask).args(more).output().unwrap()
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let [cheap, dear] = provers.map(|prover| format!("http://127.0.0.1:{}", prover.port));
    let nobody = format!("http://127.0.0.1:{}", port());

    let none = run(&nobody, &["--detach"]);
    let said = text(&none.stderr);
    assert!(!none.status.success() && said.contains("nothing was sent") && said.contains(&nobody), "{said}");

    let told = run(&format!("{dear},{nobody},{cheap}"), &["--detach", "--json"]);
    assert!(told.status.success(), "{}", text(&told.stderr));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let (quotes, answers) = (&told["quotes"], told["quotes"]["answers"].as_array().unwrap());
    assert_eq!((quotes["taken"].as_str(), answers.len()), (Some(cheap.as_str()), 3), "{told}");
    let price = |answer: &Value| answer["quote"]["price"].as_str().unwrap().parse::<u128>().unwrap();
    assert!(price(&answers[2]) < price(&answers[0]) && answers[1]["error"].is_string(), "{told}");
    let id = bourse_cli::amount::word(told["id"].as_str().unwrap()).unwrap();
    let state = session.node.state(id).await.unwrap();
    let awarded = matches!(state.status, Status::Awarded | Status::Fulfilled);
    assert!(awarded && state.price == price(&answers[2]), "{state:?}");

    let done = run(&format!("{cheap},{dear}"), &["--again"]);
    let said = text(&done.stdout);
    assert!(done.status.success(), "{said}{}", text(&done.stderr));
    assert!(said.contains(&format!("taken      {cheap}: ")) && said.contains("is the least of 2"), "{said}");
    processes.stop().await;
}
