//! `prover check`: whether the settings can work, before anything is at stake.

use std::{fmt::Write, time::Duration};

use alloy::primitives::Address;
use anyhow::{Context, bail};
use bourse_chain::{FollowConfig, Follower, Node, Start, Update};
use bourse_sim::{Account, event::Declaration};

use crate::{config::Config, state::State, supply::Target, workshop::Workshop};

/// How long to follow the chain before giving up on reaching its head.
const PATIENCE: Duration = Duration::from_secs(120);

/// Opens the backends, asks the node, and says what would be declared and staked.
///
/// # Errors
/// The first thing that would keep `run` from working.
pub async fn check(config: &Config) -> anyhow::Result<String> {
    let mut text = String::new();
    let workshop = Workshop::open(&config.backends, config.proving.parallel).await?;
    for (verifier, backend) in workshop.iter() {
        let second = |work| backend.estimate(work).as_secs_f64();
        let name = backend.name();
        writeln!(
            text,
            "backend   {name} for verifier {verifier}: {:.2} s for 1,000 units, {:.2} s for 10,000",
            second(1_000),
            second(10_000)
        )?;
    }
    if workshop.verifiers().next().is_none() {
        writeln!(text, "backend   none: this prover would bid on nothing; right is at least one [[backends]]")?;
    }
    let target = Target::new(config, workshop.verifiers());
    describe(&mut text, "target", &target.declaration)?;
    let node = Node::connect(&config.node, config.market.into_array()).await.context("connecting to the node")?;
    crate::require_names(config, &node).await?;
    let me = config.key()?.address();
    let state = follow(config, node.clone(), me).await?;
    compare(&mut text, &target, &state, &node, me).await?;
    for verifier in workshop.verifiers() {
        if !state.market().verifiers().contains_key(&verifier) {
            bail!(
                "{text}\nthere is no verifier {verifier} in this market; there are {:?}",
                state.market().verifiers().keys()
            );
        }
    }
    Ok(text)
}

async fn follow(config: &Config, node: Node, me: Account) -> anyhow::Result<State> {
    let mut state = State::new(me, node.stake_token().await?, Default::default());
    let mut follower = Follower::new(node, FollowConfig::from_start(Start::Block(config.start_block)));
    let reached = tokio::time::timeout(PATIENCE, async {
        loop {
            let update = follower.next().await?;
            state.absorb(&update)?;
            if let Update::Tip(_) = update {
                return anyhow::Ok(());
            }
        }
    });
    reached
        .await
        .with_context(|| format!("the head of the chain was not reached within {} s", PATIENCE.as_secs()))??;
    Ok(state)
}

async fn compare(text: &mut String, target: &Target, state: &State, node: &Node, me: Account) -> anyhow::Result<()> {
    let token = state.market().stake_token();
    let wallet = node.wallet(token, me).await?;
    let stake = state.prover().map_or(0, |prover| prover.stake);
    let missing = target.stake.saturating_sub(stake);
    let short = missing.saturating_sub(state.balance());
    writeln!(text, "account   {}", Address::from(me))?;
    writeln!(
        text,
        "stake     {stake} of {}; {missing} would be staked, {short} of it from the wallet, which has {wallet}",
        target.stake
    )?;
    match target.difference(state.declared().as_ref()) {
        None => writeln!(text, "declared  as it should be: nothing would be sent")?,
        Some(difference) => describe(text, "to send", &difference)?,
    }
    if wallet < short {
        bail!("{text}\nthe wallet has {wallet} of the stake token {}, right is {short} or more", Address::from(token));
    }
    Ok(())
}

fn describe(text: &mut String, title: &str, declaration: &Declaration) -> std::fmt::Result {
    let Declaration { concurrency, flags, offers, mechanisms, verifiers } = declaration;
    writeln!(text, "{title:<9} at most {concurrency} awards at once, flags {flags}")?;
    for (token, offer) in offers {
        let token = Address::from(*token);
        let (floor, bond, speed) = (offer.floor, offer.bond_limit, offer.throughput);
        let verb = if offer.accepted { "accepts" } else { "no longer accepts" };
        writeln!(
            text,
            "          {verb} token {token}: at least {floor} per unit, bonds up to {bond}, {speed} units per second"
        )?;
    }
    for (mechanism, accepted) in mechanisms {
        writeln!(text, "          {} mechanism {}", verb(*accepted), Address::from(*mechanism))?;
    }
    for (verifier, accepted) in verifiers {
        writeln!(text, "          {} verifier {verifier}", verb(*accepted))?;
    }
    Ok(())
}

fn verb(accepted: bool) -> &'static str {
    if accepted { "accepts" } else { "no longer accepts" }
}
