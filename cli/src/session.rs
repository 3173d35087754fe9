//! One command's connection: the market, who asks, and how to answer.

use anyhow::{Context, Result, bail, ensure};
use bourse_chain::read::Token;
use bourse_chain::{Call, Domain, FollowConfig, Follower, Intent, Key, Node, NodeError, Start};
use bourse_sim::{Account, ZERO};

use crate::amount;
use crate::deployment;
use crate::output::Output;
use crate::send::{Landed, Outbox};
use crate::settings::Settings;

/// A connection to one market.
#[derive(Clone, Debug)]
pub struct Session {
    /// Where it is and who asks.
    pub settings: Settings,
    /// The node.
    pub node: Node,
    /// The market's signing domain.
    pub domain: Domain,
    /// How to answer.
    pub out: Output,
    outbox: Outbox,
}

impl Session {
    /// # Errors
    /// If no market is known, the node does not answer, or there is no market.
    pub async fn open(settings: Settings, out: Output) -> Result<Self> {
        let market = settings.market()?;
        let node = Node::connect(&settings.rpc, market).await.map_err(|error| match error {
            NodeError::Unreachable(why) => {
                anyhow::anyhow!("no node at {}: {why}; start one, or name another with --rpc", settings.rpc)
            }
            other => other.into(),
        })?;
        if let Some(known) = &settings.deployment {
            let (have, want) = (node.chain_id(), known.chain_id);
            ensure!(have == want, "the node is on chain {have}, the deployment on {want}: name the right --rpc");
        }
        let domain = Domain::of(&node);
        Ok(Self { settings, node, domain, out, outbox: Outbox::new()? })
    }

    /// Sends one call to the market and waits for it.
    ///
    /// # Errors
    /// As [`Outbox::land`].
    pub async fn send(&self, key: &Key, call: Call) -> Result<Landed> {
        self.send_to(key, self.node.market(), call).await
    }

    /// Sends one call to any contract and waits for it.
    ///
    /// # Errors
    /// As [`Outbox::land`].
    pub async fn send_to(&self, key: &Key, to: Account, call: Call) -> Result<Landed> {
        let landed = self.send_all(key, vec![call.intent("only", to)]).await?;
        landed.first().copied().context("nothing was sent")
    }

    /// Sends several independent calls and waits for all.
    ///
    /// # Errors
    /// As [`Outbox::land`].
    pub async fn send_all(&self, key: &Key, intents: Vec<Intent>) -> Result<Vec<Landed>> {
        self.outbox.land(&self.node, key, &self.settings.folder, intents).await
    }

    /// Sends again what a reorganisation took back of what was sent through this session, and waits for it.
    ///
    /// # Errors
    /// As [`Outbox::restore`].
    pub async fn restore(&self, key: &Key) -> Result<()> {
        self.outbox.restore(&self.node, key, &self.settings.folder).await
    }

    /// The number of the instance called `name`: a number, a local name, or the name of a mechanism that only one
    /// open instance has.
    ///
    /// # Errors
    /// If there is none, or more than one.
    pub async fn instance(&self, name: &str) -> Result<u32> {
        if let Ok(number) = name.parse() {
            ensure!(number != 0, "instances are numbered from 1, not 0");
            return Ok(number);
        }
        let known = self.settings.deployment.as_ref();
        if let Some(number) = known.and_then(|known| known.instances.get(name)) {
            return Ok(*number);
        }
        let names = known.map(|known| deployment::list(known.instances.keys())).unwrap_or_default();
        let mut found = Vec::new();
        for (number, instance) in self.instances().await? {
            let config = self.node.config(number, instance.version).await?;
            if instance.open && !instance.retired && self.mechanism_name(config.mechanism) == Some(name) {
                found.push(number);
            }
        }
        match found.as_slice() {
            [number] => Ok(*number),
            [] => bail!("no instance '{name}'; known by name: {names}; `bourse instances` lists all"),
            _ => bail!("'{name}' is the mechanism of instances {found:?}: name one by its number"),
        }
    }

    /// All instances, retired ones included.
    ///
    /// # Errors
    /// If the node does not answer.
    pub async fn instances(&self) -> Result<Vec<(u32, bourse_chain::read::Instance)>> {
        let mut all = Vec::new();
        for number in 1.. {
            let instance = self.node.instance(number).await?;
            if instance.version == 0 {
                break;
            }
            all.push((number, instance));
        }
        Ok(all)
    }

    /// The name of the mechanism at an address, as far as it is known here.
    pub fn mechanism_name(&self, address: Account) -> Option<&str> {
        self.settings.deployment.as_ref()?.mechanism_name(address)
    }

    /// The number of the verifier called `name`: a number, or a local name.
    ///
    /// # Errors
    /// If there is none.
    pub fn verifier(&self, name: &str) -> Result<u32> {
        match (name.parse(), &self.settings.deployment) {
            (Ok(number), _) => Ok(number),
            (Err(_), Some(known)) => known.verifier(name),
            (Err(_), None) => {
                bail!("verifier '{name}' is known by its number only, as there is no deployment.json for this market")
            }
        }
    }

    /// The mechanism called `name`: an address, or the name of a shipped one.
    ///
    /// # Errors
    /// If it is neither.
    pub fn mechanism(&self, name: &str) -> Result<Account> {
        let known = self.settings.deployment.as_ref().and_then(|known| known.mechanisms.get(name));
        amount::account(known.map_or(name, String::as_str))
            .with_context(|| format!("no mechanism '{name}' is known here"))
    }

    /// A token, named by its address; none is the native coin.
    ///
    /// # Errors
    /// If it is no token.
    pub async fn token(&self, address: Option<&str>) -> Result<Token> {
        let address = address.map(amount::account).transpose()?.unwrap_or(ZERO);
        Ok(self.node.token(address).await?)
    }

    /// The market's chain from where the market began.
    pub fn history(&self) -> Follower {
        self.follow(Start::Block(self.settings.deployment.as_ref().map_or(0, |known| known.block)))
    }

    /// The market's chain from `start`.
    pub fn follow(&self, start: Start) -> Follower {
        let config = FollowConfig { range: 2_000, poll: POLL, ..FollowConfig::from_start(start) };
        Follower::new(self.node.clone(), config)
    }
}

/// Between two looks at the chain while a person waits.
const POLL: std::time::Duration = std::time::Duration::from_millis(200);
