//! `bourse demo`: a whole market on a local chain, with real contracts, a real keeper, real provers and real proofs.

pub mod board;
pub mod books;
pub mod chain;
pub mod errands;
pub mod families;
mod handover;
pub mod lanes;
pub mod people;
mod picture;
pub mod processes;
pub mod setup;
pub mod story;

use std::path::Path;
use std::pin::{Pin, pin};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bourse_chain::{Follower, Update};
use bourse_sim::{ZERO, mechanisms::modifier::full_name};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use crate::deployment::Deployment;
use crate::output::Output;
use crate::session::Session;
use crate::settings::{Global, Settings};
use crate::{Outcome, amount};
use board::Board;
use books::Books;
use chain::Chain;
use lanes::Cue;
use people::{DOOMED, PROVERS, Prover, REQUESTERS, SIZES, instances};
use picture::Picture;
use processes::Processes;
use setup::Cast;
use story::Story;

/// `bourse demo`
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Options {
    /// End when all requests have ended, with success only if every check holds
    #[arg(long, env = "DEMO_EXIT", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub exit: bool,
    /// Make no requests: leave the market to you at once
    #[arg(long, conflicts_with = "exit")]
    pub bare: bool,
}

/// How long the requests may take together.
const PATIENCE: Duration = Duration::from_secs(110);
/// Where keepers serve HTTP unless told otherwise.
const KEEPER_PORT: u16 = 8787;
/// Between two looks at the programs, and two drawings.
const BEAT: Duration = Duration::from_millis(100);

/// Runs the demo and ends everything that it started.
///
/// # Errors
/// What could not be set up.
pub async fn run(global: &Global, out: Output, options: Options) -> Result<Outcome> {
    let folder = &global.folder;
    clear(folder)?;
    let mut processes = Processes::new(folder.join("logs"), processes::here()?);
    let mut ended = pin!(interrupted());
    let shown = tokio::select! {
        shown = show(global, out, options, &mut processes) => shown,
        name = &mut ended => name.and_then(|name| bail!("ended by {name}")),
    };
    // Once the market is left to its user, an interruption is the way to end it.
    let ended = match shown {
        Ok(holds) if !options.exit => watch(&mut processes, ended).await.map(|()| holds),
        shown => shown,
    };
    processes.stop().await;
    Ok(if ended? { Outcome::Done } else { Outcome::Short })
}

/// Sets all up, has it trade, and hands it over; whether every check holds.
async fn show(global: &Global, out: Output, options: Options, processes: &mut Processes) -> Result<bool> {
    let started = Instant::now();
    out.say("starting a chain, deploying the market, making keys …")?;
    let chain = Chain::start(processes, &global.folder, chain::free_port(chain::PORT)?).await?;
    let cast = Cast::new(&chain, PROVERS.len(), REQUESTERS.len())?;
    let settings = Settings::from_global(&Global { rpc: Some(chain.rpc.clone()), market: None, ..global.clone() })?;
    let session = setup::market(&settings, out, &cast.operator.key, &SIZES, &instances()?).await?;
    let market = amount::address(session.node.market());
    out.say(format!("market     {market} on {}, after {} s", chain.rpc, started.elapsed().as_secs()))?;
    let (provers, requesters) = (PROVERS.len(), REQUESTERS.len());
    out.say(format!("starting a keeper and {provers} provers, and giving {requesters} requesters money …"))?;
    let listen = format!("127.0.0.1:{}", chain::free_port(KEEPER_PORT)?);
    let keeper = setup::keeper(processes, &session, &cast.keeper, &listen)?;
    let provers = placed()?;
    for (prover, secret) in provers.iter().zip(&cast.provers) {
        setup::prover(processes, &session, prover, secret, &keeper)?;
    }
    setup::purses(&session, &cast).await?;
    setup::ready(processes, &session, &provers, &cast, &keeper).await?;
    out.say(format!("ready      after {} s; the keeper's page: {keeper}/\n", started.elapsed().as_secs()))?;
    let deployment = session.settings.deployment.clone().context("a deployment")?;
    let accounts = cast.named().map(|(name, secret)| (name.to_owned(), amount::address(secret.key.address())));
    let deployment = Deployment { keeper: Some(keeper.clone()), accounts: accounts.collect(), ..deployment };
    let urls: Vec<String> = provers.iter().filter_map(Prover::url).collect();
    let handover = handover::write(&session, &deployment, &cast.you, &urls).await?;

    let mut holds = true;
    if !options.bare {
        let mut stage = Stage::new(&session, &cast).await?;
        trade(&mut stage, processes, (&keeper, &provers)).await?;
        let story = stand(&mut stage, processes).await?;
        holds = report(&stage, &story, &keeper, started).await?;
    }
    if !options.exit {
        out.say(handover::next(&handover, &deployment, &cast.you))?;
    }
    Ok(holds)
}

/// The market as both acts see it.
struct Stage<'a> {
    session: &'a Session,
    cast: &'a Cast,
    board: Board,
    picture: Picture,
    follower: Follower,
}

impl<'a> Stage<'a> {
    async fn new(session: &'a Session, cast: &'a Cast) -> Result<Self> {
        let coin = session.node.token(ZERO).await?;
        let (mut board, picture) = (named(session, cast).await?, Picture::new(session.out, coin));
        let mut follower = session.history();
        while let Update::Committed(block) = follower.next().await? {
            board.absorb(&block);
        }
        Ok(Self { session, cast, board, picture, follower })
    }

    fn absorb(&mut self, update: Update) -> Result<()> {
        match update {
            Update::Committed(block) => {
                self.board.absorb(&block);
                self.picture.tell(&self.board, &block)?;
            }
            Update::Reverted(block) => bail!("the chain took block {} back; it is not supposed to", block.number),
            Update::Tip(_) => {}
        }
        Ok(())
    }
}

/// The first act: has the requesters make their requests, and watches until all have ended. One prover is killed while it proves, and
/// comes back once it has been slashed.
async fn trade(stage: &mut Stage<'_>, processes: &mut Processes, (keeper, provers): (&str, &[Prover])) -> Result<()> {
    let (made, mut making) = mpsc::unbounded_channel();
    let urls = provers.iter().filter_map(Prover::url).collect();
    let mut errands = errands::start(stage.session, stage.cast, urls, &made);
    let mut beat = beats();
    let (started, mut killed) = (Instant::now(), false);
    stage.picture.start(&stage.board);
    while !stage.board.is_over() && started.elapsed() < PATIENCE {
        tokio::select! {
            update = stage.follower.next() => stage.absorb(update?)?,
            Some((number, record)) = making.recv() => stage.board.made(number, record),
            Some(done) = errands.join_next() => done??,
            _ = beat.tick() => processes.check()?,
        }
        if !killed && stage.board.doom_has_come() {
            processes.kill(DOOMED).await?;
            killed = true;
            stage.picture.say(&format!("          {DOOMED} is killed while it proves (kill -9)"))?;
        }
        if killed && !processes.runs(DOOMED) && stage.board.doom_is_paid() {
            let doomed = provers.iter().zip(&stage.cast.provers).find(|(prover, _)| prover.name == DOOMED);
            let (prover, secret) = doomed.context("a prover that was killed")?;
            setup::prover(processes, stage.session, prover, secret, keeper)?;
            stage.picture.say(&format!("          {DOOMED} is started again"))?;
        }
        stage.picture.draw(&stage.board);
    }
    stage.picture.end();
    Ok(())
}

/// The second act: lanes. See [`lanes`].
async fn stand(stage: &mut Stage<'_>, processes: &mut Processes) -> Result<Story> {
    let orders = lanes::orders()?;
    let say = |line: String| stage.session.out.say(line);
    say(format!("\n{} standing orders, all led to {} by hand", orders.len(), lanes::DEFAULT))?;
    lanes::set(stage.session, stage.cast, &orders).await?;
    let (cues, mut cue) = mpsc::unbounded_channel();
    let mut tasks = lanes::start(stage.session, stage.cast, &orders, &cues)?;
    let mut story = Story::new(orders);
    let (mut beat, mut beats, started) = (beats(), 0_u32, Instant::now());
    while !story.is_over(&stage.board) && started.elapsed() < PATIENCE {
        tokio::select! {
            update = stage.follower.next() => stage.absorb(update?)?,
            Some(cue) = cue.recv() => {
                match cue {
                    Cue::Mandate => say("          the lanes are left to the keeper".to_owned())?,
                    Cue::Slow => say(format!("          {} gets a tenth of its time from now on", lanes::SLOW))?,
                    Cue::Made(..) => {}
                }
                story.heed(cue, stage.board.time);
            }
            Some(done) = tasks.join_next() => done??,
            _ = beat.tick() => {
                processes.check()?;
                beats += 1;
                if story.is_slow() {
                    processes.let_run(lanes::SLOW, beats.is_multiple_of(10))?;
                }
            }
        }
    }
    processes.let_run(lanes::SLOW, true)?;
    Ok(story)
}

fn beats() -> Interval {
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}

/// The provers, each at a port that is free.
fn placed() -> Result<Vec<Prover>> {
    let place = |prover: &Prover| match prover.port {
        0 => Ok(*prover),
        port => Ok(Prover { port: chain::free_port(port)?, ..*prover }),
    };
    PROVERS.iter().map(place).collect()
}

/// A board that knows everybody's name, and the families of all instances.
async fn named(session: &Session, cast: &Cast) -> Result<Board> {
    let mut board = Board::default();
    for (name, secret) in cast.named() {
        board.names.insert(secret.key.address(), name.to_owned());
        board.accounts.insert(secret.key.address());
    }
    let known = session.settings.deployment.iter().flat_map(|deployment| &deployment.instances);
    board.instances = known.map(|(name, number)| (*number, name.clone())).collect();
    for (number, instance) in session.instances().await? {
        let config = session.node.config(number, instance.version).await?;
        let family = session.mechanism_name(config.mechanism).context("an instance of a shipped mechanism")?;
        board.families.insert(number, full_name(family, &config.params));
    }
    Ok(board)
}

/// Prints the tables and the checks; whether all hold.
async fn report(stage: &Stage<'_>, story: &Story, keeper: &str, started: Instant) -> Result<bool> {
    let (session, board) = (stage.session, &stage.board);
    let (node, out) = (&session.node, session.out);
    let coin = node.token(ZERO).await?;
    let legs = story.legs(session, stage.cast, keeper).await?;
    let books = Books::read(node, board).await?;
    let mut checks = books::checks(node, board, &books).await?;
    checks.extend(story.checks(&legs));
    let holds = checks.iter().all(|(_, holds)| *holds);
    let mut told = books::json(board, &books, &checks);
    told["lanes"] = story.json(board, &legs);
    out.result(&told, || {
        let marks: Vec<_> =
            checks.iter().map(|(what, holds)| format!("{} {what}", if *holds { "✓" } else { "✗" })).collect();
        let (table, lanes) = (books::table(out, board, &books, &coin), story.table(out, board, &coin, &legs));
        format!("\n{table}\n\n{lanes}\n\n{}\n\n{} s in all\n", marks.join("\n"), started.elapsed().as_secs())
    })?;
    Ok(holds)
}

/// Leaves everything running, for as long as it runs and nobody ends it.
async fn watch(
    processes: &mut Processes,
    mut ended: Pin<&mut impl Future<Output = Result<&'static str>>>,
) -> Result<()> {
    let mut beat = interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = beat.tick() => processes.check()?,
            name = &mut ended => return name.map(drop),
        }
    }
}

/// Waits for a signal that ends programs, and says which.
async fn interrupted() -> Result<&'static str> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => "Ctrl-C",
        _ = terminate.recv() => "SIGTERM",
        _ = hang_up.recv() => "SIGHUP",
    })
}

/// Removes what an earlier demo left, but not its keys. What belongs to a market elsewhere is moved aside.
fn clear(folder: &Path) -> Result<()> {
    if let Some(known) = Deployment::read(folder)?.filter(|known| !known.demo) {
        let aside = folder.join(format!("deployment-{}-{}.json", known.chain_id, known.market));
        std::fs::rename(Deployment::path(folder), &aside).with_context(|| format!("moving to {}", aside.display()))?;
    }
    for name in
        ["logs", "keeper", "provers", "locks", "anvil.json", "deployment.json", "env.sh", "cast.sh", "request.toml"]
    {
        let path = folder.join(name);
        let removed = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        if let Err(error) = removed
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error).with_context(|| format!("removing {}", path.display()));
        }
    }
    Ok(())
}
