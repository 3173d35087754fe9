//! The executor on a chain, and on a wire, that do not do as they are told.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::path::PathBuf;

use alloy::primitives::{B256, U256};
use alloy::providers::Provider;
use alloy::providers::ext::AnvilApi;
use bourse_chain::{ExecuteConfig, Executor, Fault, Intent, Outcome, Submitted};
use bourse_sim::{Account, Wei, ZERO};
use fixture::Chain;
use fixture::wire::{Fault as Strike, Wire};

const BOB: Account = [0xb0; 20];
const SEND: &str = "eth_sendRawTransaction";

fn config() -> ExecuteConfig {
    ExecuteConfig { finality: 3, patience: 2, ..ExecuteConfig::default() }
}

fn pay(key: &str, value: Wei) -> Intent {
    Intent { key: key.to_owned(), to: BOB, value, ..Intent::default() }
}

/// A chain, a wire to it, and where the journal is.
struct Bench {
    chain: Chain,
    wire: Wire,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn on(chain: Chain) -> Self {
        let wire = Wire::to(chain.url()).await;
        Self { chain, wire, folder: tempfile::tempdir().unwrap() }
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.sqlite")
    }

    async fn executor(&self) -> Executor {
        self.executor_with(config()).await
    }

    async fn executor_with(&self, config: ExecuteConfig) -> Executor {
        let node = bourse_chain::Node::connect_bare(&self.wire.url(), ZERO).await.unwrap();
        Executor::open(node, self.chain.key(1), &self.journal(), config).await.unwrap()
    }

    /// Advances at the head that the chain has now.
    async fn advance(&self, executor: &mut Executor) -> Vec<(String, Outcome)> {
        let head = self.chain.node(ZERO).await.head().await.unwrap();
        executor.advance(head).await.unwrap()
    }

    /// Mines a block and advances, until something is said.
    async fn settle(&self, executor: &mut Executor) -> Vec<(String, Outcome)> {
        for _ in 0..20 {
            self.chain.mine(1).await;
            let outcomes = self.advance(executor).await;
            if !outcomes.is_empty() {
                return outcomes;
            }
        }
        panic!("nothing came of {:?}", executor.pending().await.unwrap());
    }

    async fn paid(&self) -> Wei {
        self.chain.balance(BOB).await
    }

    async fn nonce(&self) -> u64 {
        self.chain.nonce(self.chain.key(1).address()).await
    }

    /// The transactions of the account that wait in the node's pool, by nonce.
    async fn pool(&self) -> Vec<(u64, B256, u128)> {
        let pool: serde_json::Value = self.chain.provider.client().request_noparams("txpool_content").await.unwrap();
        let account = alloy::primitives::Address::from(self.chain.key(1).address());
        let mine = pool["pending"].as_object().unwrap().iter();
        let mine = mine.filter(|(of, _)| of.parse() == Ok(account)).flat_map(|(_, by_nonce)| by_nonce.as_object());
        let mut found: Vec<_> = mine
            .flatten()
            .map(|(nonce, transaction)| {
                let fee: U256 = transaction["maxFeePerGas"].as_str().unwrap().parse().unwrap();
                (nonce.parse().unwrap(), transaction["hash"].as_str().unwrap().parse().unwrap(), fee.to())
            })
            .collect();
        found.sort_unstable();
        found
    }
}

fn landed(outcomes: &[(String, Outcome)], key: &str) -> bool {
    matches!(outcomes, [(of, Outcome::Landed { .. })] if of == key)
}

#[tokio::test]
async fn does_the_same_deed_once() {
    let bench = Bench::on(Chain::instant()).await;
    let mut executor = bench.executor().await;
    let first = executor.submit(pay("pay", 5)).await.unwrap().unwrap();
    assert!(matches!(first, Submitted::Sent { .. }), "{first:?}");
    assert_eq!(executor.submit(pay("pay", 5)).await.unwrap().unwrap(), Submitted::Pending);
    let outcomes = bench.settle(&mut executor).await;
    assert!(landed(&outcomes, "pay"), "{outcomes:?}");
    let again = executor.submit(pay("pay", 5)).await.unwrap().unwrap();
    assert!(matches!(again, Submitted::Landed { .. }), "{again:?}");
    assert!(executor.pending().await.unwrap().is_empty());
    assert_eq!((bench.paid().await, bench.nonce().await), (5, 1));
}

#[tokio::test]
async fn a_lost_answer_is_not_a_lost_transaction() {
    let bench = Bench::on(Chain::manual()).await;
    let mut executor = bench.executor().await;
    for (key, fault) in [("after", Strike::TimeoutAfter), ("error", Strike::Error), ("late", Strike::Delay)] {
        bench.wire.strike(SEND, fault);
        executor.submit(pay(key, 5)).await.unwrap().unwrap();
        let outcomes = bench.settle(&mut executor).await;
        assert!(landed(&outcomes, key), "{key}: {outcomes:?}");
    }
    assert_eq!(bench.wire.struck().len(), 3);
    assert_eq!((bench.paid().await, bench.nonce().await), (15, 3));
}

#[tokio::test]
async fn a_crash_between_writing_and_sending_loses_nothing() {
    let bench = Bench::on(Chain::instant()).await;
    let mut executor = bench.executor().await;
    bench.wire.strike(SEND, Strike::Drop);
    executor.submit(pay("signed", 5)).await.unwrap().unwrap();
    assert_eq!(bench.nonce().await, 0);
    executor.close().await;

    // A queue of length 0 leaves the intent as a crash right after writing it down would.
    let mut executor = bench.executor_with(ExecuteConfig { in_flight: 0, ..config() }).await;
    assert_eq!(executor.submit(pay("meant", 7)).await.unwrap().unwrap(), Submitted::Pending);
    executor.close().await;

    let mut executor = bench.executor().await;
    assert_eq!(executor.pending().await.unwrap().len(), 2);
    assert_eq!(executor.submit(pay("signed", 5)).await.unwrap().unwrap(), Submitted::Pending);
    let mut outcomes = bench.settle(&mut executor).await;
    while outcomes.len() < 2 {
        outcomes.extend(bench.settle(&mut executor).await);
    }
    assert_eq!((bench.paid().await, bench.nonce().await), (12, 2));
    executor.close().await;

    let mut executor = bench.executor().await;
    assert!(matches!(executor.submit(pay("signed", 5)).await.unwrap().unwrap(), Submitted::Landed { .. }));
    assert!(bench.advance(&mut executor).await.is_empty());
    assert_eq!(bench.paid().await, 12);
}

#[tokio::test]
async fn a_dropped_transaction_is_sent_again_as_it_was() {
    let bench = Bench::on(Chain::manual()).await;
    let mut executor = bench.executor().await;
    executor.submit(pay("pay", 5)).await.unwrap().unwrap();
    let before = bench.pool().await;
    bench.chain.provider.anvil_drop_transaction(before[0].1).await.unwrap();
    assert!(bench.pool().await.is_empty());
    assert!(bench.advance(&mut executor).await.is_empty());
    assert_eq!(bench.pool().await, before);
    assert!(landed(&bench.settle(&mut executor).await, "pay"));
    assert_eq!(bench.paid().await, 5);
}

#[tokio::test]
async fn fees_follow_a_spike_by_at_least_an_eighth_and_never_above_the_cap() {
    let bench = Bench::on(Chain::manual()).await;
    let cap = 400_000_000_000;
    let mut executor = bench.executor_with(ExecuteConfig { max_fee: cap, ..config() }).await;
    executor.submit(pay("pay", 5)).await.unwrap().unwrap();
    let first = bench.pool().await[0].2;

    let spike = first * 3;
    for _ in 0..2 {
        bench.chain.provider.anvil_set_next_block_base_fee_per_gas(spike).await.unwrap();
        bench.chain.mine(1).await;
    }
    assert_eq!(bench.nonce().await, 0);
    assert!(bench.advance(&mut executor).await.is_empty());
    let raised = bench.pool().await;
    assert_eq!(raised.len(), 1);
    assert!(raised[0].2 >= first + first.div_ceil(8) && raised[0].2 > spike, "{} after {first}", raised[0].2);
    assert_eq!(executor.pending().await.unwrap()[0].attempts, 2);

    for _ in 0..2 {
        bench.chain.provider.anvil_set_next_block_base_fee_per_gas(cap + 1).await.unwrap();
        bench.chain.mine(1).await;
    }
    assert!(bench.advance(&mut executor).await.is_empty());
    let pending = executor.pending().await.unwrap();
    assert!(bench.pool().await[0].2 <= cap);
    bench.chain.provider.anvil_set_next_block_base_fee_per_gas(1_000_000_000).await.unwrap();
    assert!(landed(&bench.settle(&mut executor).await, "pay"), "{pending:?}");
    assert_eq!((bench.paid().await, bench.nonce().await), (5, 1));
}

#[tokio::test]
async fn a_stolen_nonce_is_replaced_when_the_theft_is_final() {
    let bench = Bench::on(Chain::manual()).await;
    let mut executor = bench.executor().await;
    executor.submit(pay("pay", 5)).await.unwrap().unwrap();
    let ours = bench.pool().await[0].1;
    bench.chain.provider.anvil_drop_transaction(ours).await.unwrap();
    bench.chain.send(1, [0xee; 20], Vec::new(), 1).await;
    bench.chain.mine(1).await;
    assert_eq!(bench.nonce().await, 1);

    assert!(bench.advance(&mut executor).await.is_empty());
    assert_eq!(executor.pending().await.unwrap()[0].nonce, Some(0), "given up too early");
    let outcomes = bench.settle(&mut executor).await;
    assert!(landed(&outcomes, "pay"), "{outcomes:?}");
    assert_eq!((bench.paid().await, bench.nonce().await), (5, 2));
}

#[tokio::test]
async fn an_inclusion_taken_back_by_a_reorg_is_made_again() {
    let bench = Bench::on(Chain::manual()).await;
    bench.chain.mine(3).await;
    let mut executor = bench.executor().await;
    executor.submit(pay("pay", 5)).await.unwrap().unwrap();
    assert!(landed(&bench.settle(&mut executor).await, "pay"));
    bench.chain.reorg(2).await;
    bench.chain.provider.anvil_drop_all_transactions().await.unwrap();
    assert_eq!(bench.paid().await, 0);

    assert!(bench.advance(&mut executor).await.is_empty());
    assert_eq!(executor.pending().await.unwrap().len(), 1);
    let outcomes = bench.settle(&mut executor).await;
    assert!(landed(&outcomes, "pay"), "{outcomes:?}");
    assert_eq!((bench.paid().await, bench.nonce().await), (5, 1));
}

#[tokio::test]
async fn what_is_late_is_cancelled_under_its_own_nonce() {
    let bench = Bench::on(Chain::manual()).await;
    let mut executor = bench.executor().await;
    let head = bench.chain.node(ZERO).await.head().await.unwrap();
    executor.submit(pay("pay", 5).until(head.time + 30)).await.unwrap().unwrap();
    let fee = bench.pool().await[0].2;
    bench.chain.provider.anvil_set_next_block_base_fee_per_gas(fee + 1).await.unwrap();
    bench.chain.provider.anvil_increase_time(60).await.unwrap();
    bench.chain.mine(1).await;

    let outcomes = bench.advance(&mut executor).await;
    assert_eq!(outcomes, [("pay".to_owned(), Outcome::Unknown)]);
    assert!(executor.pending().await.unwrap()[0].cancelling);
    let outcomes = bench.settle(&mut executor).await;
    assert!(matches!(&outcomes[..], [(_, Outcome::Failed(Fault::Drop { .. }))]), "{outcomes:?}");
    let again = executor.submit(pay("pay", 5)).await.unwrap().unwrap();
    assert!(matches!(again, Submitted::Failed { .. }), "{again:?}");
    assert_eq!((bench.paid().await, bench.nonce().await), (0, 1));
}

#[tokio::test]
async fn several_at_once_take_consecutive_nonces() {
    let bench = Bench::on(Chain::manual()).await;
    let mut executor = bench.executor_with(ExecuteConfig { in_flight: 4, ..config() }).await;
    for i in 0..6 {
        executor.submit(pay(&format!("pay/{i}"), 1)).await.unwrap().unwrap();
    }
    let nonces: Vec<_> = bench.pool().await.iter().map(|(nonce, ..)| *nonce).collect();
    assert_eq!(nonces, [0, 1, 2, 3]);
    let mut outcomes = Vec::new();
    while outcomes.len() < 6 {
        outcomes.extend(bench.settle(&mut executor).await);
    }
    assert_eq!((bench.paid().await, bench.nonce().await), (6, 6));
}

#[tokio::test]
async fn what_would_fail_is_refused_before_it_is_sent() {
    let bench = Bench::on(Chain::instant()).await;
    let market = bench.chain.market().await;
    let mut executor = bench.executor().await;
    let refused = executor.submit(bourse_chain::call::finish_unstake().intent("finish", market)).await.unwrap();
    let Err(Fault::Drop { why, revert: Some(revert) }) = refused else { panic!("{refused:?}") };
    assert_eq!(revert.name, "NoUnstake");
    assert!(why.ends_with("has not asked for any stake back"), "{why}");
    assert!(executor.pending().await.unwrap().is_empty());

    let rich = executor.submit(pay("rich", 100_000 * 10_u128.pow(18))).await.unwrap();
    assert!(matches!(rich, Err(Fault::Halt { .. })), "{rich:?}");
    assert_eq!(bench.nonce().await, 0);
}

#[tokio::test]
async fn a_revert_in_the_block_is_told_with_its_reason() {
    let bench = Bench::on(Chain::manual()).await;
    let mut executor = bench.executor().await;
    executor.submit(pay("pay", 5)).await.unwrap().unwrap();
    // NoRecipient(), from whatever is called.
    let code =
        [&[0x63][..], &alloy::primitives::keccak256("NoRecipient()")[..4], &[0x5f, 0x52, 0x60, 4, 0x60, 28, 0xfd]];
    bench.chain.provider.anvil_set_code(BOB.into(), code.concat().into()).await.unwrap();
    let outcomes = bench.settle(&mut executor).await;
    let [(_, Outcome::Failed(Fault::Drop { revert: Some(revert), .. }))] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    assert_eq!(revert.name, "NoRecipient");
    assert_eq!(bench.paid().await, 0);
}

#[tokio::test]
async fn a_journal_belongs_to_one_account_on_one_chain_and_one_process() {
    let bench = Bench::on(Chain::instant()).await;
    let executor = bench.executor().await;
    let node = bench.chain.node(ZERO).await;
    let second = Executor::open(node.clone(), bench.chain.key(1), &bench.journal(), config()).await;
    assert!(second.unwrap_err().to_string().contains("one process at a time"));
    executor.close().await;
    let other = Executor::open(node, bench.chain.key(2), &bench.journal(), config()).await;
    assert!(other.unwrap_err().to_string().contains("belongs to"));
    let elsewhere = Chain::instant();
    let node = elsewhere.node(ZERO).await;
    let moved = Executor::open(node, bench.chain.key(1), &bench.journal(), config()).await;
    assert!(moved.unwrap_err().to_string().contains("belongs to"));
}
