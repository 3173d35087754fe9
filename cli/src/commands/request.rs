//! `bourse request`: asks for a proof and waits for it. The same words again find the request they made.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bourse_chain::{Key, call, http};
use bourse_sim::ask::Status;
use bourse_sim::{Id, Time};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use crate::commands::account;
use crate::commands::watch::Guide;
use crate::deploy::{GROTH16, register_keys};
use crate::drill::Drill;
use crate::receipt::{self, Receipt};
use crate::record::Record;
use crate::session::Session;
use crate::spec::Spec;
use crate::stages::{Names, Stages, waiting};
use crate::terms::{self, Terms};
use crate::track::{self, Track};
use crate::{Outcome, amount, quotes};

/// `bourse request`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    /// What to ask for (TOML or JSON); flags go before what is in it
    pub file: Option<PathBuf>,
    /// See there.
    #[command(flatten)]
    pub spec: Spec,
    /// Return as soon as it has entered
    #[arg(long)]
    pub detach: bool,
    /// Sign it and do not send it: whoever has the file can enter it
    #[arg(long, conflicts_with = "detach")]
    pub sign: bool,
    /// Ask these provers for quotes (comma-separated addresses of their HTTP), and open with the cheapest, in one transaction
    #[arg(long, value_name = "URL", value_delimiter = ',', conflicts_with = "sign")]
    pub quote: Vec<String>,
    /// See there.
    #[command(flatten)]
    pub drill: Drill,
    /// Ask once more for what was asked for before
    #[arg(long)]
    pub again: bool,
    /// Where the proof goes [default: proofs/ID.proof in the folder]
    #[arg(long, value_name = "PATH")]
    pub proof: Option<PathBuf>,
    /// Where the receipt goes [default: receipts/ID.json in the folder]
    #[arg(long, value_name = "PATH")]
    pub receipt: Option<PathBuf>,
}

/// Between two looks at the keeper, and at the clock.
const BEAT: Duration = Duration::from_millis(500);

/// Runs the command.
///
/// # Errors
/// What is missing or refused, in words.
pub async fn run(session: &Session, options: &Options) -> Result<Outcome> {
    let key = session.settings.key()?;
    let said = options.file.as_deref().map_or_else(|| Ok(Spec::default()), Spec::read)?;
    let spec = options.spec.over(&said)?.with_input()?;
    let fingerprint = spec.fingerprint(session.node.chain_id(), session.node.market(), key.address())?;
    let known = if options.again { None } else { known(session, &key, &fingerprint).await? };
    let (record, quotes) = match known {
        Some((record, true)) => (record, Value::Null),
        Some((record, false)) => {
            session.out.say("written down before, but it never entered: sending it now")?;
            enter(session, &key, record, options).await?
        }
        None => {
            let record = compose(session, &key, &spec, fingerprint, options.again).await?;
            enter(session, &key, record, options).await?
        }
    };
    if options.detach || options.sign {
        let file = record.path(&session.settings.folder);
        let done = json!({ "id": amount::hex(&record.id), "file": file, "signed": options.sign, "quotes": quotes });
        let next = if options.sign { format!("bourse enter {}", file.display()) } else { status_command(&record) };
        session.out.result(&done, || format!("next: {next}"))?;
        return Ok(Outcome::Done);
    }
    finish(session, &key, options, &record).await
}

/// The request that the same words made before, and whether it has entered.
async fn known(session: &Session, key: &Key, fingerprint: &Id) -> Result<Option<(Record, bool)>> {
    let (chain, market) = (session.node.chain_id(), session.node.market());
    let mut records = Record::all(&session.settings.folder)?;
    records.retain(|record| (record.fingerprint, record.chain, record.market) == (*fingerprint, chain, market));
    let newest = records.into_iter().max_by_key(|record| record.block);
    if let Some(record) = newest {
        let status = session.node.state(record.id).await?.status;
        if status != Status::None {
            say_known(session, &record, status)?;
            return Ok(Some((record, true)));
        }
        let now = session.node.head().await?.time;
        if now < record.request.deadline {
            return Ok(Some((record, false)));
        }
    }
    let Some(record) = track::same(session, key.address(), fingerprint).await? else { return Ok(None) };
    record.write(&session.settings.folder)?;
    say_known(session, &record, session.node.state(record.id).await?.status)?;
    Ok(Some((record, true)))
}

fn say_known(session: &Session, record: &Record, status: Status) -> Result<()> {
    let word = if matches!(status, Status::Open | Status::Awarded) { "under way" } else { "ended" };
    let id = amount::hex(&record.id);
    session
        .out
        .say(format!("request    {id}: asked for before, {word}; nothing is paid twice (--again asks once more)"))
}

/// Makes the request and writes it down.
async fn compose(session: &Session, key: &Key, spec: &Spec, fingerprint: Id, again: bool) -> Result<Record> {
    let head = session.node.head().await?;
    let terms = Terms::of(session, spec, key.address(), head.time).await?;
    let mut request = terms.request;
    if spec.nonce.is_none() {
        request.nonce = if again { rand::random() } else { terms::nonce(&fingerprint) };
    }
    let id = session.domain.request_id(&request);
    if let Some(rounds) = terms.pow5 {
        register_key(session, key, request.verifier, rounds).await?;
    }
    let have = session.node.balance(request.token, key.address()).await?;
    let want = request.escrow();
    if have < want {
        let (short, token) = (want - have, &terms.token);
        session.out.say(format!(
            "deposit    {}: {} are in the market, {} will be locked",
            amount::show(short, token),
            amount::show(have, token),
            amount::show(want, token)
        ))?;
        account::deposit(session, key, token, key.address(), short).await?;
    }
    let record = Record {
        id,
        fingerprint,
        block: head.number,
        chain: session.node.chain_id(),
        market: session.node.market(),
        request,
        input: terms.input,
        signature: Vec::new(),
        rounds: terms.pow5,
    };
    record.write(&session.settings.folder)?;
    Ok(record)
}

/// The verification key of the circuit has to be known to the verifier, once and by anyone.
async fn register_key(session: &Session, key: &Key, verifier: u32, rounds: u32) -> Result<()> {
    let known = session.settings.deployment.as_ref().and_then(|known| known.verifiers.get(GROTH16));
    let Some(groth16) = known.filter(|known| known.number == verifier) else { return Ok(()) };
    if register_keys(session, key, amount::account(&groth16.address)?, &[rounds]).await? != 0 {
        session.out.say(format!(
            "key        registered for {rounds} rounds; nobody asked for so many before: who serves them?"
        ))?;
    }
    Ok(())
}

/// Sends the request, with a quote if some are to be asked for, or signs it. Returns what came of asking.
async fn enter(session: &Session, key: &Key, mut record: Record, options: &Options) -> Result<(Record, Value)> {
    session.out.say(format!("request    {}", amount::hex(&record.id)))?;
    if options.sign {
        record.signature = session.domain.sign_request(key, &record.request)?;
        record.write(&session.settings.folder)?;
        return Ok((record, Value::Null));
    }
    let (call, quotes) = if let Some(prover) = options.drill.prover {
        let shown = options.drill.proof(&session.settings.folder, &record).await?;
        (call::drill(&record.request, prover, &record.input, &shown), Value::Null)
    } else if options.quote.is_empty() {
        (call::open(&record.request, &record.input, &record.signature), Value::Null)
    } else {
        let chosen = quotes::choose(session, key, &record, &options.quote).await?;
        (chosen.call, chosen.json)
    };
    let sent = session.send(key, call).await;
    if let Err(error) = sent {
        // Somebody else may have entered it, if it was signed before: then all is well.
        if session.node.state(record.id).await?.status == Status::None {
            return Err(error);
        }
    }
    Ok((record, quotes))
}

/// Has a request enter again that was taken back, with what was deposited for it.
async fn restore(session: &Session, key: &Key, record: &Record) -> Result<()> {
    session.restore(key).await?;
    // Somebody else may have sent it, or an earlier command.
    if session.node.state(record.id).await?.status == Status::None {
        enter(session, key, record.clone(), &Options::default()).await?;
    }
    Ok(())
}

/// Waits for the end, and keeps what came of it.
async fn finish(session: &Session, key: &Key, options: &Options, record: &Record) -> Result<Outcome> {
    let guide = Guide::read(session, record.request.token).await?;
    let track = wait(session, key, record, &guide).await?;
    let receipt = Receipt::of(record, &track.journey).context("the request has ended")?;
    let (folder, name) = (&session.settings.folder, alloy::hex::encode(record.id));
    let proof = options.proof.clone().unwrap_or_else(|| folder.join("proofs").join(format!("{name}.proof")));
    let path = options.receipt.clone().unwrap_or_else(|| folder.join("receipts").join(format!("{name}.json")));
    let output = match record.rounds {
        None => None,
        Some(rounds) => {
            let (folder, record, journey) = (folder.clone(), record.clone(), track.journey.clone());
            let read = move || receipt::output(&folder, &record, rounds, &journey);
            tokio::task::spawn_blocking(read).await?.context("the market took a proof that does not verify here")?
        }
    };
    let receipt = Receipt { output, ..receipt }.write(&track.journey, proof, &path)?;
    session.out.result(&receipt, || format!("{}\nreceipt    {}", receipt.words(guide.price()), path.display()))?;
    Ok(if receipt.proof.is_some() { Outcome::Done } else { Outcome::Short })
}

/// Follows the request to its end, and tells its stages. A request that a reorganisation took back is sent again.
async fn wait(session: &Session, key: &Key, record: &Record, guide: &Guide) -> Result<Track> {
    let mut track = Track::new(session, record.id, record.block);
    let bar = session.out.is_live().then(spinner);
    let (instance, account) = (|number| guide.instance(number), |account| guide.account(account));
    let names = Names { token: guide.price(), stake: guide.stake(), instance: &instance, account: &account };
    let mut stages = Stages::default();
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let say = |line: String| match &bar {
        Some(bar) => bar.suspend(|| session.out.say(format!("✓ {line}"))),
        None => session.out.say(line),
    };
    while track.journey.end.is_none() {
        tokio::select! {
            moved = track.next() => {
                moved?;
                if track.is_taken_back() {
                    say("taken back by a reorganisation of the chain: sending it again".to_owned())?;
                    restore(session, key, record).await?;
                }
                for line in stages.news(&track.journey, &names) {
                    say(line)?;
                }
            }
            _ = beat.tick() => {
                if track.journey.award().is_some() && is_proven(session, &record.id).await
                    && let Some(line) = stages.proven(&track.journey, track.head.time)
                {
                    say(line)?;
                }
            }
            _ = tokio::signal::ctrl_c() => {
                if let Some(bar) = &bar { bar.finish_and_clear(); }
                bail!("no longer watched, but it goes on: {}", status_command(record));
            }
        }
        if let Some(bar) = &bar {
            bar.set_message(waiting(&track.journey, now(&track), &names));
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(track)
}

/// Whether the keeper has a proof for it. Without a keeper that answers, the chain will tell.
async fn is_proven(session: &Session, id: &Id) -> bool {
    let Some(keeper) = session.settings.deployment.as_ref().and_then(|known| known.keeper.as_ref()) else {
        return false;
    };
    let url = format!("{}/v1/proofs/{}", keeper.trim_end_matches('/'), amount::hex(id));
    let Ok(client) = http::client(&url, BEAT) else { return false };
    let Ok(answer) = client.get(url).send().await else { return false };
    let Ok(text) = answer.text().await else { return false };
    let status = serde_json::from_str::<Value>(&text).ok();
    let status = status.as_ref().and_then(|value| value.get("status")?.as_str());
    matches!(status, Some("accepted" | "settled"))
}

/// The chain's time, which is that of its last block, or the clock where that is ahead.
fn now(track: &Track) -> Time {
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    clock.map_or(0, |clock| clock.as_secs()).max(track.head.time)
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn status_command(record: &Record) -> String {
    format!("bourse status {}", amount::hex(&record.id).get(..12).unwrap_or_default())
}
