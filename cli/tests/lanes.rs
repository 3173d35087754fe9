//! Lanes, as a requester and a keeper type them: on a real chain, with a real proof.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;

use serde_json::Value;
use world::{ETHER, Prover, World, number, record};

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_leads_where_its_requester_and_its_keepers_say() {
    let world = World::new();
    world.json(0, &["deploy"]);
    world.write("any.toml", "name = \"any\"\n[posted]\nbase = \"any\"\npatience = \"5m\"\n");
    world.write(
        "climb.toml",
        "name = \"climb\"\n[dutch]\nstart_bps = 5000\nend_bps = 10000\nramp = \"1m\"\npatience = \"1m\"\n",
    );
    for file in ["any.toml", "climb.toml"] {
        world.json(0, &["instances", "new", file]);
    }
    let limits = "work = 60\nmax_price = \"0.02\"\nlatency = \"10m\"\nbond = \"0.02\"\ncapabilities = [\"instant\"]\n";
    let wishes = "[wishes]\nlatency = { weight = 10000, best = \"10s\", worst = \"10m\" }\n";
    let mandate = "[mandate]\nlasts = \"1d\"\ncooldown = \"1s\"\ntip = \"0.001\"\nmechanisms = [\"dutch\"]\n";
    world.write("lane.toml", &format!("{limits}{wishes}{mandate}"));
    let set = world.json(1, &["lanes", "set", "3", "lane.toml"]);
    assert_eq!(set["terms"]["capabilities"][0], "instant");
    let ask = ["request", "--lane", "3", "--rounds", "20", "--deadline", "9m", "--detach", "--max-price"];
    assert!(world.refusal(1, &[&ask[..], &["0.02"]].concat()).contains("lane 3 leads nowhere"));

    // What cannot be had is said with what could; named terms are a file like any.
    world.write("dear.toml", &format!("{}{wishes}", limits.replace("10m", "1m")));
    let told = world.said(1, &["lanes", "check", "dear.toml"]);
    let out = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.status.code(), Some(3), "{out}");
    assert!(out.contains("cannot be had") && out.contains("instead of 60s"), "{out}");
    let refused = world.refusal(1, &["lanes", "set", "3", "dear.toml"]);
    assert!(refused.contains("nothing was sent") && refused.contains("instead of 60s"), "{refused}");
    assert!(world.refusal(1, &["lanes", "new", "--preset", "fast", "--work", "60"]).contains("say --price and --time"));
    let flags = ["--work", "60", "--price", "0.005", "--time", "1m"];
    for preset in ["fast", "cheap", "guaranteed", "neutral"] {
        let new = world.json(1, &[&["lanes", "new", "--preset", preset], &flags[..]].concat());
        world.write("named.toml", new["template"].as_str().unwrap());
        let told = world.said(1, &["lanes", "check", "named.toml", "--json"]);
        let checked: Value = serde_json::from_slice(&told.stdout).unwrap();
        let weights =
            checked["terms"]["wishes"].as_array().unwrap().iter().map(|wish| wish["weight"].as_u64().unwrap());
        assert_eq!((weights.sum::<u64>(), &checked["terms"]["latency"]), (10_000, &600.into()), "{preset}: {checked}");
    }

    world.json(1, &["lanes", "route", "3", "any"]);
    let asked = world.json(1, &[&ask[..], &["0.02"]].concat());
    let mut prover = Prover::new(&world, 2).await;
    prover.serve(&record(&world, &asked)).await;
    let status = world.json(1, &["status", asked["id"].as_str().unwrap()]);
    assert_eq!(status["status"], "fulfilled");
    assert!(world.refusal(1, &[&ask[..], &["0.03"]].concat()).contains("limit on pricePerUnit would be broken"));

    let of = format!("{:?}", world.anvil.addresses()[1]);
    let keep = |instance| ["lanes", "route", "3", instance, "--of", &of];
    world.json(1, &["account", "deposit", "0.01"]);
    assert!(world.refusal(3, &keep("any")).contains("may not route this lane to the mechanism"));
    world.json(3, &keep("climb"));
    assert_eq!(number(&world.json(3, &["account"])["market"]), ETHER / 1_000, "the keeper is tipped");
    let lanes = world.json(0, &["lanes"]);
    assert_eq!((&lanes[0]["lane"], &lanes[0]["route"]["instance"]), (&3.into(), &2.into()));
    assert_eq!(lanes[0]["terms"]["wishes"][0]["attribute"], "latency");
    world.write("narrow.toml", &format!("{limits}{wishes}{}", mandate.replace("dutch", "posted")));
    world.json(1, &["lanes", "set", "3", "narrow.toml"]);
    assert!(world.refusal(3, &keep("climb")).contains("may not route this lane to the mechanism"), "it is struck off");
    world.json(1, &["lanes", "revoke", "3"]);
    assert!(world.refusal(3, &keep("climb")).contains("the mandate to route this lane held until 0"));

    examine(&world, &format!("{limits}{wishes}{}", mandate.replace("[\"dutch\"]", "[\"dutch\", \"posted\"]")));
    world.write("strict.toml", &format!("{}{wishes}", limits.replace("instant", "sealed")));
    world.json(1, &["lanes", "set", "3", "strict.toml", "--anyway"]);
    assert_eq!(world.json(0, &["lanes"])[0]["route"], Value::Null, "a route that breaks new terms ends");
    let refused = world.refusal(1, &["lanes", "route", "3", "any"]);
    assert!(refused.contains("limit on capabilities would be broken"), "{refused}");
    assert!(refused.contains("could hold them with capabilities without sealed"), "{refused}");
}

/// Why the lane leads where it does, whether keepers did as they should, and what would have been.
fn examine(world: &World, file: &str) {
    world.write("lane.toml", file);
    world.json(1, &["lanes", "set", "3", "lane.toml"]);
    let of = format!("{:?}", world.anvil.addresses()[1]);
    let why = world.json(3, &["why", "3", "--of", &of]);
    assert_eq!((&why["route"]["instance"], &why["delivered"]["requests"]), (&2.into(), &1.into()), "{why}");
    assert_eq!(why["instances"].as_array().unwrap().len(), 2, "{why}");
    let decision = &why["decision"];
    let parts: f64 = decision["parts"].as_object().unwrap().values().map(|part| part.as_f64().unwrap()).sum();
    assert!((parts - decision["utility"].as_f64().unwrap()).abs() < 1e-9, "{why}");
    let told = String::from_utf8(world.said(3, &["why", "3", "--of", &of]).stdout).unwrap();
    assert!(told.contains("leads to instance 2 (dutch)") && told.contains("latency (of 1.00)"), "{told}");
    assert!(world.refusal(1, &["why", "4"]).contains("has no lane 4"));
    let before = world.json(3, &["why", "3", "--of", &of, "--block", &why["routed"]["block"].to_string()]);
    assert_eq!((&before["routed"], &before["delivered"]["requests"]), (&why["routed"], &1.into()), "{before}");
    assert!(world.refusal(3, &["why", "3", "--of", &of, "--block", "0"]).contains("nothing had happened by block 0"));
    // What provers declared and delivered is what is usual.
    let file = world.json(1, &["lanes", "new", "--preset", "cheap", "--work", "60"]);
    assert!(file["template"].as_str().unwrap().contains("for 60 units of work"), "{file}");

    // Where a keeper has just moved it, the data say to leave it: a second move cannot be decided again, whatever the first was.
    world.json(3, &["lanes", "route", "3", "any", "--of", &of]);
    let told = world.said(0, &["audit", "3", "--of", &of]);
    let out = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.status.code(), Some(3), "{out}");
    assert!(out.contains("✗") && out.contains("changed too recently"), "{out}");
    assert!(out.contains("are not what the chain's data lead to"), "{out}");

    let whatif = world.json(1, &["whatif", "3", "--instance", "climb"]);
    assert_eq!((&whatif["happened"]["requests"], &whatif["would"]["requests"]), (&1.into(), &1.into()), "{whatif}");
    let price = |of: &str| whatif[of]["price"]["mean"].as_f64().unwrap();
    assert!((price("replayed") / price("happened") - 1.0).abs() < 0.01, "a posted price is no guess: {whatif}");
    let template = world.json(1, &["instances", "new", "--mechanism", "sealed"]);
    world.write("other.toml", template["template"].as_str().unwrap());
    assert_eq!(world.json(1, &["whatif", "3", "--file", "other.toml"])["under"], "other.toml");
    let told = String::from_utf8(world.said(1, &["whatif", "3", "--file", "other.toml"]).stdout).unwrap();
    assert!(told.contains("the replay of what happened is off by"), "{told}");
}
