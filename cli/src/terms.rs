//! From what a requester says to the request it means.

use anyhow::{Context, Result, ensure};
use bourse_chain::read::Token;
use bourse_prover::backend::circuit::{self, Keys};
use bourse_sim::abi::keccak;
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei, ZERO};

use crate::amount;
use crate::commands::lanes::named;
use crate::session::Session;
use crate::spec::{Spec, Work};

/// What is meant: everything but the nonce, which tells repetitions apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The request, its nonce still as the spec says, or 0.
    pub request: Request,
    /// What provers need.
    pub input: Vec<u8>,
    /// The token that is paid in.
    pub token: Token,
    /// The verification key that has to be known to the verifier, and where that is.
    pub pow5: Option<u32>,
}

/// When nothing is said.
const DEADLINE: &str = "10m";
const WINDOW: &str = "2m";
const CALLBACK_GAS: u32 = 100_000;

impl Terms {
    /// What `spec` means when `requester` says it at `now`, unix seconds of the chain.
    ///
    /// # Errors
    /// Which field is missing or wrong, and what would be right.
    pub async fn of(session: &Session, spec: &Spec, requester: Account, now: Time) -> Result<Self> {
        let (instance, version, token) = place(session, spec, requester).await?;
        let token = session.node.token(token).await?;
        let (work, pow5) = work(session, spec).await?;
        let max_price = spec.max_price.as_deref().context("`max_price` is missing: what is it worth to you?")?;
        let max_price = amount::parse(max_price, &token)?;
        let callback = spec.callback.as_deref().map(amount::account).transpose()?;
        let request = Request {
            requester,
            token: token.address,
            nonce: spec.nonce.unwrap_or(0),
            instance,
            version,
            verifier: session.verifier(spec.verifier.as_deref().unwrap_or(crate::deploy::GROTH16))?,
            statement: work.statement.0,
            input: if work.input.is_empty() { [0; 32] } else { keccak(&work.input) },
            work: work.work,
            max_price,
            tip: spec.tip.as_deref().map_or(Ok(0), |tip| amount::parse(tip, &token))?,
            bond: bond(session, spec, &token, max_price).await?,
            deadline: deadline(spec.deadline.as_deref().unwrap_or(DEADLINE), now)?,
            window: window(spec.window.as_deref().unwrap_or(WINDOW))?,
            callback: callback.unwrap_or(ZERO),
            callback_gas: callback.map_or(0, |_| spec.callback_gas.unwrap_or(CALLBACK_GAS)),
        };
        Ok(Self { request, input: work.input, token, pow5 })
    }
}

/// A nonce that follows from what was said, so that saying the same again means the same request.
pub fn nonce(fingerprint: &Id) -> u64 {
    fingerprint.iter().take(8).fold(0, |value, byte| value << 8 | u64::from(*byte))
}

async fn work(session: &Session, spec: &Spec) -> Result<(circuit::Task, Option<u32>)> {
    match spec.work()? {
        Work::Pow5 { rounds, seed } => {
            let keys = Keys::new(session.settings.folder.join("keys"), None);
            let task = move || -> Result<circuit::Task> {
                let start = seed.parse().with_context(|| format!("the seed '{seed}' is no number"))?;
                Ok(circuit::task(keys.load(rounds)?.key(), rounds, start)?)
            };
            Ok((tokio::task::spawn_blocking(task).await??, Some(rounds)))
        }
        Work::Raw { statement, input, work } => {
            let statement = amount::word(&statement)?.into();
            Ok((circuit::Task { statement, input: amount::bytes(&input)?, work }, None))
        }
    }
}

/// Where a request is to enter, as it will name it: an instance and its version, or a lane; and the token it is paid in.
async fn place(session: &Session, spec: &Spec, requester: Account) -> Result<(u32, u32, Account)> {
    if let Some(lane) = spec.lane {
        let (route, terms) = session.node.lane(requester, lane).await?;
        ensure!(route.0 != 0, "lane {lane} leads nowhere yet: `bourse lanes route {lane} INSTANCE`");
        return Ok((named(lane)?, 0, terms.token));
    }
    let name = spec.instance.as_deref().context("`instance` is missing: `bourse instances` lists them")?;
    let instance = session.instance(name).await?;
    let current = session.node.instance(instance).await?;
    ensure!(current.version != 0, "there is no instance {instance}: `bourse instances` lists them");
    ensure!(!current.retired, "instance {instance} is retired and takes no new requests: choose another");
    let version = spec.version.unwrap_or(0);
    let config = session.node.config(instance, if version == 0 { current.version } else { version }).await?;
    Ok((instance, version, config.token))
}

async fn bond(session: &Session, spec: &Spec, token: &Token, max_price: Wei) -> Result<Wei> {
    let stake = session.node.stake_token().await?;
    if let Some(bond) = &spec.bond {
        return amount::parse(bond, &session.node.token(stake).await?);
    }
    ensure!(stake == token.address, "`bond` is missing: stakes are counted in another token than prices");
    Ok(max_price)
}

fn deadline(text: &str, now: Time) -> Result<Time> {
    let Some(at) = text.strip_prefix('@') else {
        return Ok(now + amount::seconds(text)?);
    };
    let at: Time = at.parse().with_context(|| format!("'{text}' is no time; want @ and unix seconds, or 10m"))?;
    ensure!(now < at, "the deadline {at} has passed: it is {now} on the chain");
    Ok(at)
}

fn window(text: &str) -> Result<u32> {
    u32::try_from(amount::seconds(text)?).with_context(|| format!("a window of {text} is too long"))
}
