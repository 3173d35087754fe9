//! The programs of the demo: started with their output in files, and ended with it, whatever happens.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Running programs. When it is dropped, they are killed.
#[derive(Debug)]
pub struct Processes {
    logs: PathBuf,
    programs: PathBuf,
    /// In the order of their start: they end in the opposite one.
    running: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    name: String,
    child: Child,
}

/// How long a program may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);

impl Processes {
    /// None yet; their output will go to files in `logs`. The project's own programs are in the folder `programs`.
    pub fn new(logs: PathBuf, programs: PathBuf) -> Self {
        Self { logs, programs, running: Vec::new() }
    }

    /// The project's own program of that name.
    ///
    /// # Errors
    /// If it is not there.
    pub fn program(&self, name: &str) -> Result<PathBuf> {
        let path = self.programs.join(name);
        if !path.is_file() {
            bail!("{} is missing: `cargo build --workspace --bins` makes it", path.display());
        }
        Ok(path)
    }

    /// Starts a program. It gets a process group of its own, so that Ctrl-C reaches this one first and it ends them in order.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(&mut self, name: &str, mut command: Command) -> Result<()> {
        let log = self.log(name);
        let open = || -> std::io::Result<_> {
            std::fs::create_dir_all(&self.logs)?;
            let file = std::fs::OpenOptions::new().create(true).append(true).open(&log)?;
            Ok((file.try_clone()?, file))
        };
        let (out, err) = open().with_context(|| format!("opening {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(out).stderr(err).kill_on_drop(true).process_group(0);
        let child = command.spawn().with_context(|| format!("starting {name}"))?;
        self.running.push(Running { name: name.to_owned(), child });
        Ok(())
    }

    /// Kills a program as a failing machine would: at once, without a word.
    ///
    /// # Errors
    /// If no program of that name runs.
    pub async fn kill(&mut self, name: &str) -> Result<()> {
        let at = self.running.iter().position(|running| running.name == name);
        let mut running = self.running.remove(at.with_context(|| format!("{name} does not run"))?);
        running.child.kill().await.with_context(|| format!("killing {name}"))
    }

    /// Lets a program run (`true`) or keeps it from running, as a machine would that others have taken over.
    ///
    /// # Errors
    /// If no program of that name runs.
    pub fn let_run(&self, name: &str, run: bool) -> Result<()> {
        let running = self.running.iter().find(|running| running.name == name);
        let id = running.with_context(|| format!("{name} does not run"))?.child.id();
        let id = id.and_then(|id| i32::try_from(id).ok()).with_context(|| format!("{name} has ended"))?;
        let signal = if run { Signal::SIGCONT } else { Signal::SIGSTOP };
        kill(Pid::from_raw(id), signal).with_context(|| format!("sending {signal} to {name}"))
    }

    /// Whether a program of that name runs.
    pub fn runs(&self, name: &str) -> bool {
        self.running.iter().any(|running| running.name == name)
    }

    /// Makes sure that all still run.
    ///
    /// # Errors
    /// Which one ended, and the end of what it said.
    pub fn check(&mut self) -> Result<()> {
        for running in &mut self.running {
            if let Some(status) = running.child.try_wait()? {
                let log = self.logs.join(format!("{}.log", running.name));
                bail!("{} ended by itself ({status}):\n{}", running.name, tail(&log));
            }
        }
        Ok(())
    }

    /// Asks all to end, the last one first, and kills those that do not.
    pub async fn stop(&mut self) {
        let chain = self.running.iter().position(|running| running.name == super::chain::NAME);
        // Everybody speaks to the chain to the last: it goes when they are gone.
        let chain = chain.map(|at| self.running.remove(at));
        for running in self.running.iter().rev() {
            running.ask_to_end();
        }
        for mut running in self.running.drain(..).rev().chain(chain) {
            running.ask_to_end();
            if timeout(GRACE, running.child.wait()).await.is_err() {
                let killed: std::io::Result<()> = running.child.kill().await;
                if let Err(error) = killed {
                    eprintln!("{} did not end and could not be killed: {error}", running.name);
                }
            }
        }
    }

    /// Where a program's output goes.
    pub fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
    }
}

impl Running {
    fn ask_to_end(&self) {
        // Without a number it has ended already.
        let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()) else { return };
        // One that was kept from running would not hear of it.
        let asked = kill(Pid::from_raw(id), Signal::SIGTERM).and_then(|()| kill(Pid::from_raw(id), Signal::SIGCONT));
        if let Err(error) = asked {
            eprintln!("{} could not be asked to end: {error}", self.name);
        }
    }
}

/// The folder of this program.
///
/// # Errors
/// If the system does not say.
pub fn here() -> Result<PathBuf> {
    let mut here = std::env::current_exe().context("where this program is")?;
    here.pop();
    Ok(here)
}

/// The last lines of a file.
fn tail(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines.get(lines.len().saturating_sub(12)..).unwrap_or_default().join("\n")
}
