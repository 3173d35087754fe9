//! Flags win over the environment, the environment over the file; what makes no sense is refused in one line; secrets are
//! not printed. Run as processes, since the environment belongs to one.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::process::{Command, Output};

/// Arguments, environment, and what the refusal has to say.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a [&'a str]);

const MARKET: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

fn keeper(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keeper"));
    command.env_clear().args(arguments).envs(environment.iter().copied()).output().unwrap()
}

fn printed(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The setting's value and where it came from.
fn setting(text: &str, name: &str) -> (String, String) {
    let line = text.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap_or_else(|| panic!("{text}"));
    let (value, source) = line.split_once('#').unwrap();
    (value.split_once('=').unwrap().1.trim().to_owned(), source.trim().to_owned())
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keeper.toml");
    let text = format!("rpc = \"http://file:1\"\nmarket = \"{MARKET}\"\nbatch_size = 1\nbatch_wait = 1\npoll = 100\n");
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let environment = [("KEEPER_BATCH_SIZE", "2"), ("KEEPER_BATCH_WAIT", "2"), ("KEEPER_CONFIG", file)];
    let text = printed(keeper(&["config", "--batch-size", "3"], &environment));
    let pair = |value: &str, source: &str| (value.to_owned(), source.to_owned());
    assert_eq!(setting(&text, "batch_size"), pair("3", "flag"));
    assert_eq!(setting(&text, "batch_wait"), pair("2", "environment"));
    assert_eq!(setting(&text, "poll"), pair("100", file));
    assert_eq!(setting(&text, "patience"), pair("300", "default"));
    // What is printed can be read back.
    let again = folder.path().join("again.toml");
    std::fs::write(&again, &text).unwrap();
    let second = printed(keeper(&["config", "--config", again.to_str().unwrap()], &[]));
    assert_eq!(setting(&second, "batch_size").0, "3");
}

#[test]
fn secrets_are_not_printed() {
    let environment = [
        ("KEEPER_RPC", "https://user:hunter2@node.example/v3/s3cret?key=s3cret"),
        ("KEEPER_MARKET", MARKET),
        ("KEEPER_PRIVATE_KEY", "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
    ];
    let text = printed(keeper(&["config"], &environment));
    for secret in ["hunter2", "s3cret", "ac0974"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("node.example") && text.contains("KEEPER_PRIVATE_KEY"), "{text}");
}

#[test]
fn what_makes_no_sense_is_refused_in_one_line_that_says_what_would() {
    let right = [("KEEPER_RPC", "http://127.0.0.1:1"), ("KEEPER_MARKET", MARKET)];
    let cases: [Case; 9] = [
        (&["run"], &[], &["rpc is not set", "http://"]),
        (&["run", "--rpc", "ftp://x"], &right[1..], &["rpc is ftp://x", "http"]),
        (&["run", "--market", "0x12"], &right[..1], &["market is 0x12", "40 hex digits"]),
        (&["run", "--batch-size", "0"], &right, &["batch_size is 0", "1 to 1000"]),
        (&["run", "--listen", "here"], &right, &["listen is here", "127.0.0.1:8787"]),
        (&["run", "--config", "/nowhere.toml"], &right, &["config is /nowhere.toml"]),
        (&["run", "--max-fee", "1"], &right, &["max_fee is 1", "min_tip"]),
        (&["run"], &[right[0], right[1], ("KEEPER_POLL", "soon")], &["poll", "soon"]),
        (&["run", "--data", "/proc/nowhere"], &right, &["KEEPER_PRIVATE_KEY is not set"]),
    ];
    for (arguments, environment, wants) in cases {
        let output = keeper(arguments, environment);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
        for want in wants {
            assert!(said.contains(want), "{arguments:?}: '{said}' does not say '{want}'");
        }
    }
}

#[test]
fn an_unknown_setting_in_the_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keeper.toml");
    std::fs::write(&file, "bach_size = 3\n").unwrap();
    let output = keeper(&["config", "--config", file.to_str().unwrap()], &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("bach_size"), "{said}");
}
