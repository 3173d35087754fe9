//! A requester asks real provers for quotes, with the programs as people run them, on a real chain.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "world/nodes.rs"]
mod nodes;

use std::process::Output;

use bourse_cli::blueprint::{Blueprint, Rfq};
use bourse_cli::deploy::GROTH16;
use bourse_sim::ask::Status;
use serde_json::Value;

use nodes::{Nodes, port, text};

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

#[tokio::test(flavor = "multi_thread")]
async fn the_cheaper_of_two_quotes_is_taken_in_one_transaction() {
    let nodes = Nodes::start(quoted(), &["0.5 ether", "1 ether"]).await;
    let run = |urls: &str, more: &[&str]| -> Output {
        let ask = ["request", "--instance", "quoted", "--rounds", "339", "--max-price", "0.02", "--quote", urls];
        nodes.run(nodes.requester(), &[&ask, more].concat())
    };
    let url = |i: usize| format!("http://127.0.0.1:{}", nodes.provers[i].port);
    let (cheap, dear) = (url(0), url(1));
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
    let state = nodes.session.node.state(id).await.unwrap();
    let awarded = matches!(state.status, Status::Awarded | Status::Fulfilled);
    assert!(awarded && state.price == price(&answers[2]), "{state:?}");

    let done = run(&format!("{cheap},{dear}"), &["--again"]);
    let said = text(&done.stdout);
    assert!(done.status.success(), "{said}{}", text(&done.stderr));
    assert!(said.contains(&format!("taken      {cheap}: ")) && said.contains("is the least of 2"), "{said}");
    nodes.stop().await;
}
