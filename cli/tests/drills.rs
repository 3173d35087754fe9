//! A requester drills a prover, and the prover has it recorded, with the programs as people run them, on a real chain.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "world/nodes.rs"]
mod nodes;

use bourse_cli::amount;
use bourse_cli::blueprint::{Blueprint, Posted};
use bourse_cli::deploy::GROTH16;
use serde_json::Value;

use nodes::{Nodes, text};

fn counter() -> Blueprint {
    let posted = Posted { base: "0.01".into(), rate: "0".into(), patience: "1min".into() };
    let verifiers = vec![GROTH16.to_owned()];
    Blueprint { name: Some("counter".into()), open: true, verifiers, posted: Some(posted), ..Blueprint::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_is_proven_by_whom_it_is_meant_for_and_goes_on_its_record() {
    let nodes = Nodes::start(counter(), &["0.5 ether"]).await;
    let (requester, prover) = (nodes.requester(), &nodes.cast.provers[0]);
    let address = amount::address(prover.key.address());
    let ask = ["request", "--instance", "counter", "--rounds", "339", "--max-price", "0.02"];
    let drill = [&ask[..], &["--bond", "0.001", "--drill", &address]].concat();
    let done = nodes.json(requester, &drill);
    assert_eq!(done["prover"].as_str(), Some(address.as_str()), "{done}");
    assert!(done["proof"].is_string(), "{done}");
    let id = done["id"].as_str().unwrap();

    let record = |told: Value| told[0]["record"].clone();
    assert_eq!(record(nodes.json(requester, &["provers"]))["kept"], 0);
    assert_eq!(nodes.json(&prover.hex, &["record", id])["recorded"], 1);
    let record = record(nodes.json(requester, &["provers"]));
    assert_eq!((record["kept"].as_u64(), record["paid"].as_str()), (Some(1), Some("20000000000000000")), "{record}");
    let again = nodes.run(&prover.hex, &["record", id]);
    assert!(!again.status.success() && text(&again.stderr).contains("recorded already"), "{}", text(&again.stderr));

    // Whoever did not say that it can be drilled is not.
    let to_nobody = [&ask[..], &["--again", "--drill", "0x00000000000000000000000000000000000000aa"]].concat();
    let refused = nodes.run(requester, &to_nobody);
    assert!(!refused.status.success() && text(&refused.stderr).contains("drill"), "{}", text(&refused.stderr));
    nodes.stop().await;
}
