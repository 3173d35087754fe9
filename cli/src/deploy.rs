//! Puts a market on a chain: the market, the shipped mechanisms and the Groth16 verifier. Through the deterministic
//! deployer, so that the addresses follow from the code, and deploying twice does nothing the second time.

use std::collections::BTreeMap;

use alloy::hex;
use alloy::primitives::{Address, B256, address, keccak256};
use anyhow::{Context, Result, bail, ensure};
use bourse_bindings::code;
use bourse_chain::{Call, Intent, Key, Node, NodeError, call};
use bourse_prover::backend::circuit::Keys;
use bourse_sim::{Account, ZERO};

use crate::deployment::{Deployment, Verifier};
use crate::output::Output;
use crate::session::Session;
use crate::settings::Settings;
use crate::{amount, send, view};

/// The deterministic deployer, at the same address on nearly every chain.
const DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");
/// Gas that one call of the Groth16 verifier may take: enough for about 40 public inputs.
pub const VERIFIER_GAS: u32 = 500_000;
const MARKET: &str = "market";
const ANNEX: &str = "annex";
/// What the Groth16 verifier is called in requests.
pub const GROTH16: &str = "groth16";

/// What to deploy with.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Options {
    /// What stakes, bonds and deposits are counted in; the native coin unless named
    #[arg(long, value_name = "ADDRESS", value_parser = amount::account)]
    pub stake_token: Option<Account>,
    /// Another market with the same code needs another salt
    #[arg(long, value_name = "HEX", value_parser = amount::word)]
    pub salt: Option<[u8; 32]>,
    /// Gas that one call of the Groth16 verifier may take
    #[arg(long, value_name = "GAS", default_value_t = VERIFIER_GAS)]
    pub verifier_gas: u32,
}

struct Contract {
    name: &'static str,
    creation: Vec<u8>,
    address: Account,
}

/// Deploys what is not there yet, and says what is where.
///
/// # Errors
/// If the node does not answer, or a deployment fails.
pub async fn deploy(settings: &Settings, out: Output, key: &Key, options: Options) -> Result<Deployment> {
    let node = bare(settings, ZERO).await?;
    let deployer = DEPLOYER.into_array();
    if !view::has_code(&node, deployer).await? {
        bail!(
            "chain {} has no deterministic deployer at {DEPLOYER}: put it there first, as \
             https://github.com/Arachnid/deterministic-deployment-proxy says",
            node.chain_id()
        );
    }
    let block = node.head().await?.number;
    let contracts = contracts(options)?;
    let missing = missing(&node, &contracts).await?;
    if !missing.is_empty() {
        let names: Vec<_> = missing.iter().map(|contract| contract.name).collect();
        out.say(format!("deploying {} to chain {}", names.join(", "), node.chain_id()))?;
        let salt = options.salt.unwrap_or_default();
        let intents = missing.iter().map(|contract| contract.intent(deployer, salt)).collect();
        send::land(&node, key, &settings.folder, intents).await?;
        for contract in &missing {
            let there = view::has_code(&node, contract.address).await?;
            ensure!(there, "the deployer did not create {}; does the chain take code of this size?", contract.name);
        }
    }
    // A market that was there before has events before.
    let first = if missing.iter().any(|contract| contract.name == MARKET) { block } else { 0 };
    let mut deployment = listed(settings, &node, &contracts, options, first)?;
    register(settings, &mut deployment, key, options.verifier_gas).await?;
    Ok(deployment)
}

/// Registers the verification keys of the built-in circuit where they are missing, and says how many were.
///
/// # Errors
/// If a key cannot be made, or the verifier refuses it.
pub async fn register_keys(session: &Session, key: &Key, verifier: Account, rounds: &[u32]) -> Result<usize> {
    let mut intents = Vec::new();
    for rounds in rounds.iter().copied() {
        let keys = Keys::new(session.settings.folder.join("keys"), None);
        let setup = tokio::task::spawn_blocking(move || keys.load(rounds)).await??;
        let hash = setup.key().hash();
        if !view::is_key_registered(&session.settings.rpc, verifier, hash).await? {
            let call = Call { calldata: setup.key().registration(), ..Call::default() };
            intents.push(call.intent(format!("key/{hash}"), verifier));
        }
    }
    let count = intents.len();
    if count != 0 {
        session.send_all(key, intents).await?;
    }
    Ok(count)
}

async fn bare(settings: &Settings, market: Account) -> Result<Node> {
    Node::connect_bare(&settings.rpc, market).await.map_err(|error| match error {
        NodeError::Unreachable(why) => anyhow::anyhow!("no node at {}: {why}; name one with --rpc", settings.rpc),
        other => other.into(),
    })
}

fn contracts(options: Options) -> Result<Vec<Contract>> {
    let stake_token = options.stake_token.unwrap_or(ZERO);
    let annex = contract(ANNEX, code::ANNEX, &code::market_arguments(ZERO, stake_token)[32..], options)?;
    let market = contract(MARKET, code::MARKET, &code::market_arguments(stake_token, annex.address), options)?;
    let plain = [
        ("posted", code::POSTED_PRICE),
        ("dutch", code::DUTCH),
        ("sealed", code::SEALED_BID),
        ("english", code::ENGLISH),
        ("race", code::RACE),
        ("scoring", code::SCORING),
        ("rfq", code::RFQ),
        ("committee", code::COMMITTEE),
        ("contest", code::CONTEST),
        ("seat", code::SEAT),
        ("reserved", code::RESERVED),
        ("sortition", code::SORTITION),
        ("batch", code::BATCH),
        ("gas", code::GAS_PASS_THROUGH),
        ("grace", code::GRACE),
        ("spread", code::SPREAD),
        (GROTH16, code::GROTH16_VERIFIER),
    ];
    let plain = plain.into_iter().map(|(name, code)| contract(name, code, &[], options));
    [Ok(annex), Ok(market)].into_iter().chain(plain).collect()
}

fn contract(name: &'static str, code: &str, arguments: &[u8], options: Options) -> Result<Contract> {
    let mut creation = hex::decode(code.trim()).with_context(|| format!("the creation code of {name}"))?;
    creation.extend_from_slice(arguments);
    let salt = B256::from(options.salt.unwrap_or_default());
    let address = DEPLOYER.create2(salt, keccak256(&creation)).into_array();
    Ok(Contract { name, creation, address })
}

impl Contract {
    fn intent(&self, deployer: Account, salt: [u8; 32]) -> Intent {
        let calldata = [salt.as_slice(), &self.creation].concat();
        Call { calldata, ..Call::default() }.intent(format!("create/{}", self.name), deployer)
    }
}

async fn missing<'a>(node: &Node, contracts: &'a [Contract]) -> Result<Vec<&'a Contract>> {
    let mut missing = Vec::new();
    for contract in contracts {
        if !view::has_code(node, contract.address).await? {
            missing.push(contract);
        }
    }
    Ok(missing)
}

fn listed(
    settings: &Settings,
    node: &Node,
    contracts: &[Contract],
    options: Options,
    block: u64,
) -> Result<Deployment> {
    let known: BTreeMap<_, _> = contracts.iter().map(|of| (of.name.to_owned(), amount::address(of.address))).collect();
    let market = known.get(MARKET).context("a market")?.clone();
    let groth16 = known.get(GROTH16).context("a verifier")?.clone();
    // Deployed before: what is known of it, such as its first block and the names of its instances, stays.
    let before = settings.deployment.clone().filter(|old| old.market == market && old.chain_id == node.chain_id());
    let before = before.unwrap_or(Deployment { block, ..Deployment::default() });
    Ok(Deployment {
        rpc: settings.rpc.clone(),
        chain_id: node.chain_id(),
        stake_token: amount::address(options.stake_token.unwrap_or(ZERO)),
        mechanisms: known.into_iter().filter(|(name, _)| ![ANNEX, MARKET, GROTH16].contains(&name.as_str())).collect(),
        verifiers: BTreeMap::from([(GROTH16.to_owned(), Verifier { number: 0, address: groth16 })]),
        market,
        ..before
    })
}

/// Finds the number of the Groth16 verifier in the market, or gives it one.
async fn register(settings: &Settings, deployment: &mut Deployment, key: &Key, gas: u32) -> Result<()> {
    let market = deployment.market()?;
    let node = Node::connect(&settings.rpc, market).await?;
    let verifier = deployment.verifiers.get_mut(GROTH16).context("a verifier")?;
    let target = amount::account(&verifier.address)?;
    if let Some(number) = number_of(&node, target).await? {
        verifier.number = number;
        return Ok(());
    }
    let intent = call::register_verifier(target, gas).intent("verifier", market);
    send::land(&node, key, &settings.folder, vec![intent]).await?;
    let registered = number_of(&node, target).await?;
    verifier.number = registered.context("the verifier was registered, but the market does not know it")?;
    Ok(())
}

async fn number_of(node: &Node, target: Account) -> Result<Option<u32>> {
    for number in 1.. {
        let entry = match node.verifier(number).await {
            Ok(entry) => entry,
            Err(NodeError::Reverted(revert)) if revert.name == "UnknownVerifier" => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if entry.target == ZERO {
            return Ok(None);
        }
        if entry.target == target && !entry.frozen {
            return Ok(Some(number));
        }
    }
    Ok(None)
}
