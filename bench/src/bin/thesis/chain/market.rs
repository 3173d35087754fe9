//! A market on a chain whose time is ours: the real contracts on anvil, blocks when we say so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy::eips::BlockId;
use alloy::hex;
use alloy::node_bindings::{Anvil, AnvilInstance};
use alloy::primitives::{Address, B256, TxKind, U256, keccak256};
use alloy::providers::{Provider, RootProvider};
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use anyhow::{Context, Result, bail, ensure};
use bourse_bindings::code;
use bourse_chain::call::{self, Bid, Call, Fulfillment, Order};
use bourse_chain::{Domain, FollowConfig, Follower, Key, Node, Start, Update};
use bourse_sim::event::{Declaration, Offer, Setup};
use bourse_sim::market::{ANY_MECHANISM, ANY_VERIFIER, Case, Market};
use bourse_sim::qos::play::Rule;
use bourse_sim::qos::stage::{Act, START};
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Time, Wei, ZERO};

use super::verifier;

/// Who deploys, ticks and keeps.
pub(crate) const KEEPER: Account = [0xee; 20];
/// More than anybody needs: what is played is not who runs out of stake.
const STAKE: Wei = 1 << 79;
const GAS: u64 = 20_000_000;
/// Seconds between two requests.
const PAUSE: Time = 60;

/// The chain, the market on it, and its fold.
pub(crate) struct World {
    _anvil: AnvilInstance,
    provider: RootProvider,
    follower: Follower,
    pub(crate) domain: Domain,
    market: Account,
    /// What the chain said so far.
    pub(crate) fold: Market,
    mechanisms: BTreeMap<&'static str, Account>,
    keys: BTreeMap<Account, Key>,
    instances: u32,
    nonce: u64,
    /// Of the last block.
    now: Time,
}

/// The key of a prover of the experiment; everybody can know it.
pub(crate) fn key(number: u32) -> Result<Key> {
    Key::from_hex(&hex::encode(keccak256(format!("prover {number}")))).context("a key")
}

impl World {
    /// A market without requests, with these provers.
    pub(crate) async fn start(provers: &BTreeMap<Account, Key>) -> Result<Self> {
        let pinned =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
        let program = if pinned.exists() { pinned } else { PathBuf::from("anvil") };
        let arguments = ["--no-mining", "--order", "fifo", "--auto-impersonate", "--gas-limit", "1000000000"];
        let anvil = Anvil::at(program).args(arguments).timeout(60_000).try_spawn().context("anvil")?;
        let provider: RootProvider = RootProvider::new_http(anvil.endpoint_url());
        let head = provider.get_block(BlockId::latest()).await?.context("a block")?;
        let mut now = head.header.timestamp;
        rich(&provider, KEEPER).await?;
        let annex = create(&provider, code::ANNEX, &[0; 32], &mut now).await?;
        let market = create(&provider, code::MARKET, &code::market_arguments(ZERO, annex), &mut now).await?;
        let stand_in = create(&provider, &hex::encode(verifier::code()), &[], &mut now).await?;
        let node = Node::connect(&anvil.endpoint(), market).await?;
        let poll = Duration::from_millis(2);
        let follower = Follower::new(node.clone(), FollowConfig { poll, ..FollowConfig::from_start(Start::Block(0)) });
        let domain = Domain::of(&node);
        let mut world = Self {
            _anvil: anvil,
            provider,
            follower,
            domain,
            market,
            fold: Market::new(ZERO),
            mechanisms: BTreeMap::new(),
            keys: provers.clone(),
            instances: 0,
            nonce: 0,
            now,
        };
        for (name, code) in [
            ("posted", code::POSTED_PRICE),
            ("dutch", code::DUTCH),
            ("sealed", code::SEALED_BID),
            ("scoring", code::SCORING),
            ("rfq", code::RFQ),
        ] {
            let at = create(&world.provider, code, &[], &mut world.now).await?;
            world.mechanisms.insert(name, at);
        }
        world.done(KEEPER, call::register_verifier(stand_in, 2 * verifier::GAS)).await?;
        for account in provers.keys() {
            rich(&world.provider, *account).await?;
            world.done(*account, call::deposit(ZERO, *account, STAKE)).await?;
            world.done(*account, call::declare(&declaration())).await?;
            world.done(*account, call::stake(STAKE)).await?;
        }
        Ok(world)
    }

    /// Gives `account` money outside of the market and in it.
    pub(crate) async fn endow(&mut self, account: Account) -> Result<()> {
        rich(&self.provider, account).await?;
        self.done(account, call::deposit(ZERO, account, STAKE)).await
    }

    /// A new instance, under the rule that is given; its number.
    pub(crate) async fn register(&mut self, rule: &Rule) -> Result<u32> {
        let mechanism =
            *self.mechanisms.get(rule.name()).with_context(|| format!("no contract for {}", rule.name()))?;
        let setup = Setup { mechanism, params: rule.params(), ..Setup::default() };
        self.done(KEEPER, call::register(&setup, true)).await?;
        self.instances += 1;
        Ok(self.instances)
    }

    /// Does what must not fail, in a block of its own.
    pub(crate) async fn done(&mut self, from: Account, call: Call) -> Result<()> {
        let done = self.tried(from, call).await?;
        ensure!(done, "a transaction of {} failed", hex::encode(from));
        Ok(())
    }

    /// Does what may be refused, in a block of its own; whether it was not.
    pub(crate) async fn tried(&mut self, from: Account, call: Call) -> Result<bool> {
        let receipts = self.mine(self.now + 1, vec![(from, call)]).await?;
        Ok(receipts.iter().all(TransactionReceipt::status))
    }

    /// A block of these transactions, in this order, at this time.
    async fn mine(&mut self, time: Time, calls: Vec<(Account, Call)>) -> Result<Vec<TransactionReceipt>> {
        let mut hashes = Vec::new();
        for (from, call) in calls {
            let transaction = TransactionRequest::default()
                .from(from.into())
                .to(self.market.into())
                .value(U256::from(call.value))
                .input(call.calldata.into())
                .gas_limit(GAS);
            hashes.push(post(&self.provider, transaction).await?);
        }
        seal(&self.provider, time).await?;
        self.now = time;
        let mut receipts = Vec::new();
        for hash in hashes {
            receipts.push(self.provider.get_transaction_receipt(hash).await?.context("a receipt")?);
        }
        Ok(receipts)
    }

    /// A request of `requester`, which nobody has entered yet, and when it is to enter.
    pub(crate) fn request(&mut self, requester: Account, blank: Request) -> (Id, Request, Time) {
        self.nonce += 1;
        let start = self.now + PAUSE;
        let statement = keccak256(self.nonce.to_be_bytes()).0;
        let request = Request {
            requester,
            nonce: self.nonce,
            verifier: 1,
            statement,
            deadline: start + blank.deadline - START,
            ..blank
        };
        (self.domain.request_id(&request), request, start)
    }

    /// Has a request enter at `start`, and does again what was done about it in the play. Returns whether the market took the entry.
    pub(crate) async fn replay(
        &mut self,
        (id, request, start): &(Id, Request, Time),
        quoted: bool,
        acts: &[(Time, Act)],
    ) -> Result<bool> {
        let mut blocks: BTreeMap<Time, Vec<(Account, Call)>> = BTreeMap::new();
        let entry = blocks.entry(*start).or_default();
        if quoted {
            let orders = acts.iter().filter_map(|(_, act)| self.quote(id, request, act)).collect::<Result<Vec<_>>>()?;
            let entered = if orders.is_empty() { call::open(request, &[], &[]) } else { call::bid(&orders) };
            entry.push((request.requester, entered));
        } else {
            entry.push((request.requester, call::open(request, &[], &[])));
        }
        for (time, act) in acts {
            let block = blocks.entry(start + time - START).or_default();
            match act {
                Act::Bid { .. } if quoted => {}
                Act::Bid { prover, price, data } => {
                    let order = Order {
                        request: request.clone(),
                        bid: bid(*id, *prover, *price, data, request.deadline),
                        ..Order::default()
                    };
                    block.push((*prover, call::bid(&[order])));
                }
                Act::Tick { .. } if quoted => {}
                Act::Tick { data } => block.push((KEEPER, call::tick(request, ZERO, data))),
                Act::Fulfil(prover) => {
                    let proof = verifier::proof(id, request, prover);
                    let items = [Fulfillment { request: request.clone(), prover: *prover, proof }];
                    block.push((KEEPER, call::fulfill(&items)));
                }
                Act::Expire => block.push((KEEPER, call::expire(request))),
            }
        }
        let mut entered = true;
        for (time, calls) in blocks.into_iter().filter(|(_, calls)| !calls.is_empty()) {
            let receipts = self.mine(time, calls).await?;
            if time == *start {
                entered = receipts.first().is_some_and(TransactionReceipt::status);
                if !entered {
                    return Ok(false);
                }
            }
            let failed = receipts.iter().filter(|receipt| !receipt.status()).count();
            ensure!(
                failed == 0,
                "{failed} of what was done in the play was refused on the chain, at {} s",
                time - start
            );
        }
        Ok(entered)
    }

    fn quote(&self, id: &Id, request: &Request, act: &Act) -> Option<Result<Order>> {
        let Act::Bid { prover, price, data } = act else { return None };
        let bid = bid(*id, *prover, *price, data, request.deadline);
        let key = self.keys.get(prover)?;
        let signed = self.domain.sign_bid(key, &bid, 0).map_err(Into::into);
        Some(signed.map(|prover_signature| Order {
            request: request.clone(),
            bid,
            prover_signature,
            ..Order::default()
        }))
    }

    /// Takes in what the chain said since, and shows what became of a request.
    pub(crate) async fn case(&mut self, id: &Id) -> Result<&Case> {
        loop {
            match self.follower.next().await? {
                Update::Committed(block) => self.fold.commit(&block.events, block.time)?,
                Update::Reverted(_) => bail!("this chain has no reorganisations"),
                Update::Tip(_) => break,
            }
        }
        self.fold.request(id).context("the request")
    }
}

fn bid(request: Id, prover: Account, price: Wei, data: &[u8], valid_until: Time) -> Bid {
    Bid { request, prover, price, max_bond: STAKE, valid_until, data: data.to_vec() }
}

fn declaration() -> Declaration {
    let offer = Offer { accepted: true, bond_limit: STAKE, ..Offer::default() };
    Declaration {
        concurrency: u16::MAX,
        flags: ANY_MECHANISM | ANY_VERIFIER,
        offers: vec![(ZERO, offer)],
        ..Declaration::default()
    }
}

async fn rich(provider: &RootProvider, account: Account) -> Result<()> {
    let money = U256::from(1) << 100;
    Ok(provider.client().request::<_, ()>("anvil_setBalance", (Address::from(account), money)).await?)
}

async fn post(provider: &RootProvider, transaction: TransactionRequest) -> Result<B256> {
    Ok(provider.client().request("eth_sendTransaction", (transaction,)).await?)
}

async fn seal(provider: &RootProvider, time: Time) -> Result<()> {
    provider.client().request::<_, serde_json::Value>("evm_mine", (time,)).await?;
    Ok(())
}

async fn create(provider: &RootProvider, code: &str, arguments: &[u8], now: &mut Time) -> Result<Account> {
    let bytes = [hex::decode(code.trim())?, arguments.to_vec()].concat();
    let transaction = TransactionRequest {
        to: Some(TxKind::Create),
        ..TransactionRequest::default().from(KEEPER.into()).input(bytes.into()).gas_limit(GAS)
    };
    let hash = post(provider, transaction).await?;
    *now += 1;
    seal(provider, *now).await?;
    let receipt = provider.get_transaction_receipt(hash).await?.context("a receipt")?;
    ensure!(receipt.status(), "a contract could not be deployed");
    Ok(receipt.contract_address.context("a contract")?.into_array())
}
