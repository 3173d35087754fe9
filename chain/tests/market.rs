//! A market lived through on a chain, by the calls, signatures and views of this crate; the fold of its events knows what
//! the contract knows.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::time::Duration;

use alloy::primitives::{Address, U256, hex};
use alloy::providers::ext::AnvilApi;
use alloy::sol_types::SolCall;
use bourse_bindings::{IVerifier, Market as Contract, code};
use bourse_chain::call::{self, Bid, Fulfillment, Order};
use bourse_chain::{
    Call, Domain, ExecuteConfig, Executor, Fault, FollowConfig, Follower, Key, Node, NodeError, Outcome, Start, Update,
};
use bourse_sim::ask::{Cause, Refusal, Status};
use bourse_sim::event::{Declaration, Offer, Setup};
use bourse_sim::market::{ANY_MECHANISM, ANY_VERIFIER, BURNED, Market, Turn};
use bourse_sim::mechanisms::by_name;
use bourse_sim::mechanisms::posted::PostedParams;
use bourse_sim::request::Request;
use bourse_sim::{Account, Id, Wei, ZERO};
use fixture::{Chain, until_tip};

const ETHER: Wei = 1_000_000_000_000_000_000;
const PRICE: Wei = ETHER / 10;

/// Somebody who sends transactions.
struct Party {
    key: Key,
    executor: Executor,
    market: Account,
    sent: u32,
    _folder: tempfile::TempDir,
}

impl Party {
    async fn new(chain: &Chain, index: usize, market: Account) -> Self {
        let (folder, key) = (tempfile::tempdir().unwrap(), chain.key(index));
        let path = folder.path().join("journal.sqlite");
        let node = chain.node(market).await;
        let executor = Executor::open(node, key.clone(), &path, ExecuteConfig::default()).await.unwrap();
        Self { key, executor, market, sent: 0, _folder: folder }
    }

    fn address(&self) -> Account {
        self.key.address()
    }

    async fn attempt(&mut self, call: Call) -> Outcome {
        self.sent += 1;
        // Estimates cannot see the gas that the market keeps in reserve.
        let intent = call.intent(format!("call/{}", self.sent), self.market).gas_at_least(2_000_000);
        self.executor.complete(intent, Duration::from_secs(30)).await.unwrap()
    }

    async fn does(&mut self, call: Call) {
        let outcome = self.attempt(call).await;
        assert!(matches!(outcome, Outcome::Landed { .. }), "{outcome:?}");
    }

    async fn refused(&mut self, call: Call) -> bourse_chain::Revert {
        match self.attempt(call).await {
            Outcome::Failed(Fault::Drop { revert: Some(revert), .. }) => revert,
            other => panic!("{other:?}"),
        }
    }
}

/// A market with two instances of a posted price, the second falling back to the first, and a verifier that believes
/// everything.
struct Fair {
    chain: Chain,
    node: Node,
    domain: Domain,
    requester: Party,
    prover: Party,
    keeper: Party,
}

impl Fair {
    async fn open() -> Self {
        let chain = Chain::instant();
        let market = chain.market().await;
        let posted = chain.deploy(code::POSTED_PRICE, &[]).await;
        let mut believer = hex::decode("6d630000000060e01b5f5260205ff35f52600e6012f3").unwrap();
        believer[2..6].copy_from_slice(&IVerifier::verifyCall::SELECTOR);
        let verifier = chain.deploy(&hex::encode(believer), &[]).await;

        let node = Node::connect(&chain.url(), market).await.unwrap();
        let requester = Party::new(&chain, 1, market).await;
        let prover = Party::new(&chain, 2, market).await;
        let mut keeper = Party::new(&chain, 3, market).await;
        keeper.does(call::register_verifier(verifier, 100_000)).await;
        let params = PostedParams { base: PRICE, rate: 0, patience: 1_000 }.encode();
        let setup = Setup { mechanism: posted, params, verifiers: vec![1], ..Setup::default() };
        keeper.does(call::register(&setup, true)).await;
        let above = Setup { fallback_instance: 1, fallback_version: 1, verifiers: Vec::new(), ..setup.clone() };
        keeper.does(call::register(&above, true)).await;
        keeper.does(call::retune(1, &setup)).await;
        Self { domain: Domain::of(&node), chain, node, requester, prover, keeper }
    }

    async fn supply(&mut self) {
        let offer = Offer { accepted: true, floor: 1, bond_limit: ETHER, throughput: 0 };
        let declaration = Declaration {
            concurrency: 3,
            flags: ANY_MECHANISM | ANY_VERIFIER,
            offers: vec![(ZERO, offer)],
            ..Declaration::default()
        };
        let (prover, requester) = (self.prover.address(), self.requester.address());
        self.requester.does(call::deposit(ZERO, requester, 5 * ETHER)).await;
        self.prover.does(call::deposit(ZERO, prover, 3 * ETHER)).await;
        self.prover.does(call::declare(&declaration)).await;
        self.prover.does(call::stake(2 * ETHER)).await;
    }

    async fn request(&self, nonce: u64, instance: u32) -> Request {
        let head = self.node.head().await.unwrap();
        Request {
            requester: self.requester.address(),
            nonce,
            instance,
            verifier: 1,
            statement: [3; 32],
            work: 1_000,
            max_price: 2 * PRICE,
            tip: 1_000,
            bond: ETHER / 2 + 1,
            deadline: head.time + 600,
            window: 60,
            ..Request::default()
        }
    }

    fn bid(&self, request: &Request) -> Bid {
        Bid {
            request: self.domain.request_id(request),
            prover: self.prover.address(),
            price: PRICE,
            max_bond: ETHER,
            valid_until: request.deadline,
            data: Vec::new(),
        }
    }

    async fn pass(&self, seconds: u64) {
        self.chain.provider.anvil_increase_time(seconds).await.unwrap();
        self.chain.mine(1).await;
    }

    /// The fold of everything that happened.
    async fn fold(&self) -> Market {
        let mut follower = Follower::new(self.node.clone(), FollowConfig::from_start(Start::Block(1)));
        let mut market = Market::new(self.node.stake_token().await.unwrap());
        for update in until_tip(&mut follower).await {
            if let Update::Committed(block) = update {
                market.commit(&block.events, block.time).unwrap();
            }
        }
        market
    }

    /// What the contract says is what the fold says.
    async fn compare(&self, market: &Market) {
        for account in [self.requester.address(), self.prover.address(), self.keeper.address(), BURNED] {
            assert_eq!(market.balance(ZERO, account), self.node.balance(ZERO, account).await.unwrap());
        }
        let (prover, ledger) = (self.prover.address(), self.node.ledger(self.prover.address()).await.unwrap());
        let folded = market.prover(&prover).unwrap();
        assert_eq!((folded.stake, folded.locked, folded.number), (ledger.stake, ledger.locked, ledger.id));
        assert_eq!((folded.busy, folded.kept, folded.failed), (ledger.busy, ledger.kept, ledger.failed));
        assert_eq!((folded.concurrency, folded.flags), (ledger.concurrency, ledger.flags));
        assert_eq!(folded.exit.unwrap_or_default(), self.node.exit(prover).await.unwrap());
        assert_eq!(folded.offers[&ZERO], self.node.offer(prover, ZERO).await.unwrap());
        for (id, case) in market.requests() {
            let state = self.node.state(*id).await.unwrap();
            assert_eq!((case.status, case.rung, case.time), (state.status, state.rung, state.time));
            assert_eq!((case.instance, case.version), (state.instance, state.version));
            assert_eq!(case.tickets.len(), usize::from(state.holds));
            assert_eq!(*id, self.domain.request_id(&case.request));
            let last = case.award.map(|award| award.prover).or(case.failed);
            let number = last.map_or(0, |prover| market.prover(&prover).unwrap().number);
            assert_eq!(number, state.prover);
        }
        for (number, instance) in market.instances() {
            let found = self.node.instance(*number).await.unwrap();
            assert_eq!((instance.owner, instance.version()), (found.owner, found.version));
            let config = self.node.config(*number, found.version).await.unwrap();
            assert_eq!(**instance.config(found.version).unwrap(), config);
        }
        let verifier = self.node.verifier(1).await.unwrap();
        assert_eq!((market.verifiers()[&1].target, market.verifiers()[&1].gas), (verifier.target, verifier.gas));
        let held = self.node.wallet(ZERO, self.node.market()).await.unwrap();
        assert_eq!(market.owed(ZERO), held, "the market holds what it owes");
    }

    /// A request that is proven, one that fails its way down the ladder, and one that is taken back.
    async fn live(&mut self) -> [Id; 3] {
        let proven = self.request(1, 1).await;
        self.requester.does(call::open(&proven, &[], &[])).await;
        let order = Order { request: proven.clone(), bid: self.bid(&proven), ..Order::default() };
        self.prover.does(call::bid(&[order])).await;
        let prover = self.prover.address();
        let item = Fulfillment { request: proven.clone(), prover, proof: b"believe me".to_vec() };
        self.keeper.does(call::fulfill(&[item])).await;

        // Neither the requester nor the prover sends anything.
        let failed = self.request(2, 2).await;
        let bid = self.bid(&failed);
        let order = Order {
            requester_signature: self.domain.sign_request(&self.requester.key, &failed).unwrap(),
            prover_signature: self.domain.sign_bid(&self.prover.key, &bid, 0).unwrap(),
            request: failed.clone(),
            bid,
            ..Order::default()
        };
        self.keeper.does(call::bid(&[order])).await;
        self.pass(61).await;
        self.keeper.does(call::expire(&failed)).await;
        self.pass(600).await;
        self.keeper.does(call::expire(&failed)).await;

        let withdrawn = self.request(3, 1).await;
        self.requester.does(call::open(&withdrawn, &[], &[])).await;
        self.requester.does(call::cancel(&withdrawn)).await;
        [proven, failed, withdrawn].map(|request| self.domain.request_id(&request))
    }
}

#[tokio::test]
async fn the_fold_knows_what_the_contract_knows() {
    let mut fair = Fair::open().await;
    fair.supply().await;
    let ids = fair.live().await;
    fair.prover.does(call::unstake(ETHER / 4)).await;
    fair.prover.does(call::withdraw(ZERO, [0xcc; 20], PRICE)).await;
    fair.keeper.does(call::retire(1)).await;

    let market = fair.fold().await;
    fair.compare(&market).await;
    assert_eq!(
        ids.map(|id| market.request(&id).unwrap().status),
        [Status::Fulfilled, Status::Closed, Status::Cancelled]
    );
    assert_eq!(market.request(&ids[0]).unwrap().proof.as_deref(), Some(&b"believe me"[..]));
    assert_eq!(market.request(&ids[1]).unwrap().rung, 1);
    assert!(market.instances()[&1].retired);
    assert_eq!(fair.node.wallet(ZERO, [0xcc; 20]).await.unwrap(), PRICE);
    // A tip out of a slash is its caller's.
    let bond = ETHER / 2 + 1;
    let tip = bond / 20;
    assert_eq!(market.balance(ZERO, BURNED), bond - tip - bond * 4_500 / 10_000);
    let keeper = fair.keeper.address();
    assert_eq!((market.balance(ZERO, keeper), fair.node.balance(ZERO, keeper).await.unwrap()), (tip, tip));
    fair.keeper.does(call::withdraw(ZERO, keeper, tip)).await;
    fair.compare(&fair.fold().await).await;
}

#[tokio::test]
async fn the_twin_answers_as_the_chain_and_errors_read_well() {
    let mut fair = Fair::open().await;
    fair.supply().await;
    let request = fair.request(1, 1).await;
    fair.requester.does(call::open(&request, &[], &[])).await;
    let id = fair.domain.request_id(&request);
    let market = fair.fold().await;
    let head = fair.node.head().await.unwrap();

    let turn = Turn { cause: Cause::Tick, time: head.time, block_number: head.number, ..Turn::default() };
    let twin = by_name("posted").unwrap().step(&market.ask(&id, turn).unwrap());
    let Err(Refusal::NotYet { not_before, .. }) = twin else { panic!("{twin:?}") };
    let chain = fair.node.peek(&request, ZERO, &[]).await;
    let Err(NodeError::Reverted(revert)) = chain else { panic!("{chain:?}") };
    assert_eq!(revert.name, "MechanismFailed");
    assert_eq!(revert.root().name, "NotYet");
    assert_eq!(revert.root().argument("notBefore"), Some(not_before.to_string().as_str()));
    assert!(revert.to_string().contains("too early"), "{revert}");
    assert!(matches!(revert.fault(head.time), Fault::Retry { after, .. } if after > Duration::from_secs(900)));

    let outcome = fair.keeper.attempt(call::expire(&request)).await;
    assert!(matches!(outcome, Outcome::Failed(Fault::Retry { .. })), "{outcome:?}");
    let poor = fair.keeper.refused(call::withdraw(ZERO, [1; 20], 7)).await;
    let account = Address::from(fair.keeper.address());
    let want = format!("{account} has 0 of the native coin in the market and needs 7: deposit first");
    assert_eq!(poor.to_string(), want);
    let twice = fair.requester.refused(call::open(&request, &[], &[])).await;
    assert!(twice.to_string().ends_with("is open, it would have to be unknown"), "{twice}");
    let dear = Request { max_price: 100 * ETHER, nonce: 9, ..request };
    assert_eq!(fair.requester.refused(call::open(&dear, &[], &[])).await.name, "InsufficientBalance");
}

#[tokio::test]
async fn the_contract_hashes_requests_as_this_crate_does() {
    let fair = Fair::open().await;
    let request = fair.request(42, 2).await;
    let contract = Contract::new(fair.node.market().into(), &fair.chain.provider);
    let abi = Contract::Request {
        requester: request.requester.into(),
        nonce: 42,
        instance: 2,
        verifier: 1,
        statement: request.statement.into(),
        work: request.work,
        maxPrice: U256::from(request.max_price).to(),
        tip: U256::from(request.tip).to(),
        bond: U256::from(request.bond).to(),
        deadline: U256::from(request.deadline).to(),
        window: request.window,
        ..Default::default()
    };
    assert_eq!(contract.idOf(abi).call().await.unwrap().0, fair.domain.request_id(&request));
    let nowhere = Node::connect(&fair.chain.url(), [5; 20]).await;
    assert!(nowhere.unwrap_err().to_string().contains("no contract at"));
}
