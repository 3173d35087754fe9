//! A chain with a market and prover nodes, with the programs as people run them.

#![allow(dead_code, reason = "every test uses its part")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use bourse_cli::blueprint::Blueprint;
use bourse_cli::demo::chain::{Chain, free_port};
use bourse_cli::demo::people::{PROVERS, Prover};
use bourse_cli::demo::processes::Processes;
use bourse_cli::demo::setup::{self, Cast};
use bourse_cli::session::Session;
use bourse_cli::settings::{Global, Settings};
use serde_json::Value;
use tempfile::TempDir;

/// The size of the circuit, as a power of two.
pub(crate) const SIZE: u32 = 10;

pub(crate) struct Nodes {
    pub(crate) folder: TempDir,
    pub(crate) processes: Processes,
    pub(crate) chain: Chain,
    pub(crate) cast: Cast,
    pub(crate) session: Session,
    pub(crate) provers: Vec<Prover>,
}

impl Nodes {
    /// With one requester, an instance, and a prover for each of `rates`, staked and listening.
    pub(crate) async fn start(instance: Blueprint, rates: &[&'static str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programs = Path::new(env!("CARGO_BIN_EXE_bourse")).parent().unwrap().to_owned();
        let mut processes = Processes::new(folder.path().join("logs"), programs);
        let chain = Chain::start(&mut processes, folder.path(), port()).await.unwrap();
        let cast = Cast::new(&chain, rates.len(), 1).unwrap();
        let global = Global { rpc: Some(chain.rpc.clone()), folder: folder.path().to_owned(), ..Global::default() };
        let settings = Settings::from_global(&global).unwrap();
        let out = bourse_cli::output::Output::new(true);
        let session = setup::market(&settings, out, &cast.operator.key, &[SIZE], &[instance]).await.unwrap();
        session.settings.deployment.as_ref().unwrap().write(folder.path()).unwrap();
        let mut provers = Vec::new();
        for ((prover, rate), secret) in PROVERS.into_iter().zip(rates).zip(&cast.provers) {
            let prover = Prover { sizes: &[SIZE], rate, port: port(), ..prover };
            setup::prover(&mut processes, &session, &prover, secret, "").unwrap();
            while session.node.ledger(secret.key.address()).await.unwrap().stake == 0 {
                processes.check().unwrap();
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            provers.push(prover);
        }
        Self { folder, processes, chain, cast, session, provers }
    }

    /// `bourse`, with the key that is given in hex.
    pub(crate) fn run(&self, key: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bourse"));
        command.env("BOURSE_PRIVATE_KEY", key).args(["--rpc", &self.chain.rpc, "--folder"]);
        command.arg(self.folder.path()).args(arguments).output().unwrap()
    }

    /// What it answers as JSON.
    pub(crate) fn json(&self, key: &str, arguments: &[&str]) -> Value {
        let told = self.run(key, &[arguments, &["--json"]].concat());
        assert!(told.status.success(), "{}", text(&told.stderr));
        serde_json::from_slice(&told.stdout).unwrap()
    }

    pub(crate) async fn stop(mut self) {
        self.processes.stop().await;
    }

    /// Of its one requester.
    pub(crate) fn requester(&self) -> &str {
        &self.cast.requesters[0].hex
    }
}

pub(crate) fn port() -> u16 {
    free_port(0).unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
