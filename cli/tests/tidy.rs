//! The architecture as tests: who may import whom, one place for each danger, pairs of twins, and sizes. ARCHITECTURE.md
//! says the same in words; change both together.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no .{extension} files under {folder}");
    found
}

/// The lines of a source that are code: no comments, no tests at the end of the file.
fn code(source: &str) -> impl Iterator<Item = &str> {
    source
        .lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .map(str::trim)
        .filter(|line| !line.starts_with("//") && !line.starts_with('*') && !line.starts_with("/*"))
}

fn stem(path: &str) -> String {
    Path::new(path).file_stem().unwrap().to_str().unwrap().to_owned()
}

/// What a Solidity file imports of ours, as paths from the root.
fn imports(path: &str, source: &str) -> Vec<String> {
    source
        .split("from \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|import| import.starts_with('.'))
        .map(|import| {
            let mut folders: Vec<&str> = Path::new(path).parent().unwrap().to_str().unwrap().split('/').collect();
            for part in import.split('/') {
                match part {
                    "." => {}
                    ".." => drop(folders.pop()),
                    name => folders.push(name),
                }
            }
            folders.join("/")
        })
        .collect()
}

#[test]
fn contracts_import_downwards() {
    let parts = ["Escrow", "Registry", "Supply"];
    for (path, source) in files("contracts", "sol") {
        for import in imports(&path, &source) {
            let folder = |file: &str| file.split('/').nth(1).unwrap().to_owned();
            let (from, to) = (folder(&path), folder(&import));
            let allowed: &[&str] = match from.as_str() {
                "types" | "interfaces" => &["types", "interfaces"],
                "libraries" => &["types", "interfaces", "libraries"],
                "mechanisms" => &["types", "interfaces", "libraries"],
                "verifiers" => &["types", "interfaces", "libraries", "verifiers"],
                core if parts.contains(&stem(core).as_str()) => &["types", "interfaces", "libraries"],
                _ => &["types", "interfaces", "libraries", "core"],
            };
            let to = if to.ends_with(".sol") { "core".to_owned() } else { to };
            assert!(allowed.contains(&to.as_str()), "{path} imports {import}: {from} may import {allowed:?} only");
        }
    }
}

#[test]
fn crates_depend_downwards() {
    let allowed: [(&str, &[&str]); 6] = [
        ("bindings", &[]),
        ("sim", &[]),
        ("chain", &["bindings", "sim"]),
        ("keeper", &["chain", "sim"]),
        ("prover", &["chain", "sim"]),
        ("cli", &["bindings", "chain", "keeper", "prover", "sim"]),
    ];
    for (name, allowed) in allowed {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
        let (_, rest) = manifest.split_once("[dependencies]").unwrap();
        let dependencies = rest.split("\n[").next().unwrap();
        for dependency in dependencies.lines().filter_map(|line| line.strip_prefix("bourse-")) {
            let dependency = dependency.split(['.', ' ', '=']).next().unwrap();
            assert!(allowed.contains(&dependency), "{name} depends on {dependency}: it may on {allowed:?} only");
        }
    }
}

/// Each danger has one file (or folder) in which its word may stand.
#[test]
fn each_danger_has_its_place() {
    let solidity: [(&str, &[&str]); 4] = [
        ("safeTransfer", &["contracts/Escrow.sol"]),
        ("staticcall(", &["contracts/libraries/"]),
        (".call(", &["contracts/libraries/"]),
        ("delegatecall", &["contracts/libraries/Delegate.sol"]),
    ];
    for (path, source) in files("contracts", "sol") {
        for (word, places) in solidity {
            let allowed = places.iter().any(|place| path.starts_with(place));
            assert!(
                allowed || !code(&source).any(|line| line.contains(word)),
                "{path} has `{word}`: only in {places:?}"
            );
        }
    }
    let rust: [(&str, &[&str]); 5] = [
        ("get_logs", &["chain/src/"]),
        ("send_raw_transaction", &["chain/src/"]),
        ("TcpListener", &["keeper/src/api.rs", "keeper/src/open.rs", "prover/src/metrics.rs", "cli/src/demo/"]),
        ("SystemTime", &["cli/src/", "keeper/src/lib.rs", "prover/src/lib.rs"]),
        ("std::process::exit", &["cli/src/main.rs", "keeper/src/main.rs", "prover/src/main.rs"]),
    ];
    for folder in ["sim/src", "chain/src", "keeper/src", "prover/src", "cli/src"] {
        for (path, source) in files(folder, "rs") {
            for (word, places) in rust {
                let allowed = places.iter().any(|place| path.starts_with(place));
                assert!(
                    allowed || !code(&source).any(|line| line.contains(word)),
                    "{path} has `{word}`: only in {places:?}"
                );
            }
        }
    }
}

#[test]
fn sim_is_pure() {
    let banned = ["async ", "tokio", "alloy", "SystemTime", "Instant", "std::fs", "std::net", "std::env", "rand::"];
    for (path, source) in files("sim/src", "rs") {
        for word in banned {
            assert!(!code(&source).any(|line| line.contains(word)), "{path} has `{word}`, which a pure crate has not");
        }
    }
}

/// A mechanism is a contract, a twin, and the vectors they share.
#[test]
fn mechanisms_have_twins() {
    let names = |folder, extension| -> BTreeSet<String> {
        files(folder, extension).iter().map(|(path, _)| stem(path).to_lowercase()).collect()
    };
    let contracts = names("contracts/mechanisms", "sol");
    let twins: BTreeSet<_> = fs::read_dir(root().join("sim/src/mechanisms"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().trim_end_matches(".rs").replace('_', ""))
        .collect();
    for contract in &contracts {
        let paired = twins.iter().filter(|twin| contract.starts_with(twin.as_str())).count();
        assert_eq!(paired, 1, "{contract} has {paired} twins in sim/src/mechanisms, of {twins:?}");
    }
    assert_eq!(contracts.len(), names("sim/vectors", "json").len(), "one file of vectors for each of {contracts:?}");
}

#[test]
fn sources_fit_in_a_head() {
    let solidity = ["contracts", "script", "test"].map(|folder| files(folder, "sol"));
    let rust = ["bindings", "sim", "chain", "keeper", "prover", "cli"].map(|folder| files(folder, "rs"));
    let long: Vec<_> = solidity
        .iter()
        .chain(&rust)
        .flatten()
        .map(|(path, source)| (path, source.lines().count()))
        .filter(|(_, lines)| 400 < *lines)
        .collect();
    assert!(long.is_empty(), "over 400 lines, each hides a thing that wants its own name: {long:?}");
}

#[test]
fn nothing_is_left_for_later() {
    let marks = ["TO".to_owned() + "DO", "FIX".to_owned() + "ME", "unimpl".to_owned() + "emented!"];
    for (folder, extension) in [
        ("contracts", "sol"),
        ("test", "sol"),
        ("sim", "rs"),
        ("chain", "rs"),
        ("keeper", "rs"),
        ("prover", "rs"),
        ("cli", "rs"),
    ] {
        for (path, source) in files(folder, extension) {
            for mark in &marks {
                assert!(!source.contains(mark.as_str()), "{path} has `{mark}`");
            }
        }
    }
}

/// The gas that the README tells is what the snapshots say.
#[test]
fn the_readme_tells_the_gas_that_was_measured() {
    let measured: String = files("snapshots", "json").into_iter().map(|(_, text)| text).collect();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, costs) = readme.split_once("## What it costs").unwrap();
    let table =
        costs.lines().skip_while(|line| !line.starts_with("|---")).skip(1).take_while(|line| line.starts_with('|'));
    let told: Vec<String> = table
        .filter_map(|row| row.split('|').nth(2))
        .flat_map(|cell| cell.split([' ', ';']).map(|word| word.replace(',', "")))
        .filter(|word| 5 <= word.len() && word.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    assert!(10 < told.len(), "have {} numbers in the table", told.len());
    for gas in told {
        assert!(measured.contains(&format!("\"{gas}\"")), "README.md says {gas} gas, no snapshot does");
    }
}
