//! The market as the demo sets it up, with phases that leave time to come back after a crash.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bourse_chain::http;
use bourse_cli::blueprint::Blueprint;
use bourse_cli::demo::chain::Chain;
use bourse_cli::demo::people::{self, PROVERS, Prover};
use bourse_cli::demo::processes::Processes;
use bourse_cli::demo::setup::{self, Cast, KEEPER};
use bourse_cli::output::Output;
use bourse_cli::session::Session;
use bourse_cli::settings::{Global, Settings};
use serde_json::Value;

/// The size of every circuit, as a power of two.
pub(crate) const SIZE: u32 = 10;
pub(crate) const REQUESTERS: usize = 5;
/// The instances that they ask.
const INSTANCES: [&str; 6] = ["posted", "dutch", "steep", "sealed", "vickrey", "english"];
const PATIENCE: Duration = Duration::from_secs(5);

/// A chain with a market on it, and its processes.
pub(crate) struct World {
    pub(crate) processes: Processes,
    pub(crate) session: Session,
    pub(crate) cast: Cast,
    pub(crate) provers: Vec<Prover>,
    /// Everything on disk. It stays behind if the test fails.
    pub(crate) folder: PathBuf,
    listen: String,
    pub(crate) keeper: String,
}

impl World {
    pub(crate) async fn start() -> Self {
        let bourse = Path::new(env!("CARGO_BIN_EXE_bourse"));
        let folder = tempfile::Builder::new().prefix("chaos-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
        println!("folder {}", folder.display());
        let mut processes = Processes::new(folder.join("logs"), bourse.parent().unwrap().to_owned());
        for name in ["keeper", "prover"] {
            processes.program(name).unwrap();
        }
        let chain = Chain::start(&mut processes, &folder, free_port()).await.unwrap();
        let provers =
            PROVERS[..3].iter().map(|prover| Prover { sizes: &[SIZE], concurrency: 12, port: free_port(), ..*prover });
        let provers: Vec<_> = provers.collect();
        let cast = Cast::new(&chain, provers.len(), REQUESTERS).unwrap();
        let global = Global { rpc: Some(chain.rpc), folder: folder.clone(), ..Global::default() };
        let settings = Settings::from_global(&global).unwrap();
        let out = Output::new(true);
        let session = setup::market(&settings, out, &cast.operator.key, &[SIZE], &instances()).await.unwrap();
        let listen = format!("127.0.0.1:{}", free_port());
        let keeper = format!("http://{listen}");
        let mut world = Self { processes, session, cast, provers, folder, listen, keeper };
        world.names().into_iter().for_each(|name| world.launch(name));
        setup::purses(&world.session, &world.cast).await.unwrap();
        let Self { processes, session, cast, provers, keeper, .. } = &mut world;
        setup::ready(processes, session, provers, cast, keeper).await.unwrap();
        world
    }

    /// Who can be killed.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.provers.iter().map(|prover| prover.name).chain([KEEPER]).collect()
    }

    /// Starts one of them, on what its disk holds.
    pub(crate) fn launch(&mut self, name: &str) {
        let Self { processes, session, cast, provers, keeper, .. } = self;
        match provers.iter().position(|prover| prover.name == name) {
            Some(at) => setup::prover(processes, session, &provers[at], &cast.provers[at], keeper).unwrap(),
            None => drop(setup::keeper(processes, session, &cast.keeper, &self.listen).unwrap()),
        }
    }

    /// Starts a keeper that knows nothing, with an account of its own, where the other one served.
    pub(crate) fn launch_ignorant_keeper(&mut self) {
        let mut session = self.session.clone();
        session.settings.folder = self.folder.join("ignorant");
        setup::keeper(&mut self.processes, &session, &self.cast.you, &self.listen).unwrap();
    }

    /// The keeper's answer; nothing if it does not answer.
    pub(crate) async fn asked(&self, path: &str) -> Value {
        let text = fetch(&format!("{}{path}", self.keeper)).await;
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Intents that a prover has under way, as its metrics say.
    pub(crate) async fn pending(&self, prover: &Prover) -> Option<f64> {
        let text = fetch(&format!("http://127.0.0.1:{}/metrics", prover.port)).await?;
        let line = text.lines().find_map(|line| line.strip_prefix("prover_intents_pending"))?;
        line.trim().parse().ok()
    }

    /// The journal and the other file of a process.
    pub(crate) fn disk(&self, name: &str) -> (PathBuf, PathBuf) {
        let data = if name == KEEPER { self.folder.join(name) } else { self.folder.join("provers").join(name) };
        let store = if name == KEEPER { "keeper.sqlite" } else { "prover.sqlite" };
        (data.join("journal.sqlite"), data.join(store))
    }
}

async fn fetch(url: &str) -> Option<String> {
    http::client(url, PATIENCE).unwrap().get(url).send().await.ok()?.text().await.ok()
}

/// A port that was free a moment ago, below those that the system gives to whoever asks for any: nobody takes it while
/// the process that serves there is down.
fn free_port() -> u16 {
    loop {
        let port = rand::random_range(12_000..32_000);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Those of the demo; but a bidder that was killed must have the time to come back and reveal, and nobody gives up early.
fn instances() -> Vec<Blueprint> {
    let mut instances = people::instances().unwrap();
    instances.retain(|blueprint| blueprint.name.as_deref().is_some_and(|name| INSTANCES.contains(&name)));
    for blueprint in &mut instances {
        if let Some(posted) = &mut blueprint.posted {
            posted.patience = "3m".into();
        }
        if let Some(sealed) = &mut blueprint.sealed {
            // It ends as soon as all have revealed.
            (sealed.commit, sealed.reveal) = ("6s".into(), "45s".into());
        }
    }
    instances
}
