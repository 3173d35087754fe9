//! The follower on a chain that grows, jumps back and disappears.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::time::Duration;

use alloy::providers::ext::AnvilApi;
use bourse_chain::{Block, FollowConfig, FollowError, Follower, Head, Node, Start, Update};
use bourse_sim::event::Event;
use bourse_sim::market::Market;
use bourse_sim::{Account, ZERO};
use fixture::wire::{Fault, Wire};
use fixture::{Chain, until_tip};

const ALICE: Account = [0xa1; 20];

fn config(start: Start) -> FollowConfig {
    FollowConfig { poll: Duration::from_millis(20), range: 100, ..FollowConfig::from_start(start) }
}

/// Folds updates as a program would, and checks that they are a chain.
fn fold(market: &mut Market, blocks: &mut Vec<Block>, updates: &[Update]) {
    for update in updates {
        match update {
            Update::Committed(block) => {
                if let Some(last) = blocks.last() {
                    assert_eq!((block.number, block.parent), (last.number + 1, last.hash));
                }
                market.commit(&block.events, block.time).unwrap();
                blocks.push(block.clone());
            }
            Update::Reverted(block) => {
                assert_eq!(blocks.pop().as_ref(), Some(block));
                market.revert().unwrap();
            }
            Update::Tip(head) => {
                assert_eq!(blocks.last().map(Block::head), Some(*head));
                assert_ne!(head.base_fee, 0, "the chain has a fee market");
            }
        }
    }
}

#[tokio::test]
async fn catches_up_over_many_blocks_without_missing_an_event() {
    let chain = Chain::instant();
    let address = chain.market().await;
    for round in 1..=12_u64 {
        chain.mine(round * 7).await;
        chain.deposit(address, ALICE, u128::from(round)).await;
        if round % 4 == 0 {
            chain.deposit(address, ALICE, 1_000).await;
        }
    }
    chain.mine(40).await;

    let mut follower = Follower::new(chain.node(address).await, config(Start::Block(1)));
    let (mut market, mut blocks) = (Market::new(ZERO), Vec::new());
    fold(&mut market, &mut blocks, &until_tip(&mut follower).await);

    let amounts: Vec<_> = blocks.iter().flat_map(|block| &block.events).collect();
    assert_eq!(amounts.len(), 15);
    assert_eq!(market.balance(ZERO, ALICE), 78 + 3_000);
    assert_eq!(blocks.len() as u64, follower.head().unwrap().number);
    let of = blocks.iter().find(|block| !block.events.is_empty()).unwrap();
    assert!(matches!(of.events[0], Event::Deposited { token: ZERO, account: ALICE, amount: 1, .. }));
    assert_eq!(of.transactions.len(), 1);
}

#[tokio::test]
async fn follows_a_reorg_of_five_blocks() {
    let chain = Chain::instant();
    let address = chain.market().await;
    chain.deposit(address, ALICE, 100).await;
    chain.mine(3).await;
    let mut follower = Follower::new(chain.node(address).await, config(Start::Block(1)));
    let (mut market, mut blocks) = (Market::new(ZERO), Vec::new());
    for amount in [1, 2, 4, 8, 16] {
        chain.deposit(address, ALICE, amount).await;
    }
    fold(&mut market, &mut blocks, &until_tip(&mut follower).await);
    assert_eq!(market.balance(ZERO, ALICE), 131);

    chain.reorg(5).await;
    chain.deposit(address, ALICE, 1_000).await;
    let updates = until_tip(&mut follower).await;
    let reverted = updates.iter().filter(|update| matches!(update, Update::Reverted(_))).count();
    assert_eq!(reverted, 5);
    fold(&mut market, &mut blocks, &updates);
    let node = chain.node(address).await;
    assert_eq!(market.balance(ZERO, ALICE), node.balance(ZERO, ALICE).await.unwrap());
    assert_eq!(market.balance(ZERO, ALICE), 1_100);
}

#[tokio::test]
async fn waits_out_a_rollback_and_follows_the_other_branch() {
    let chain = Chain::instant();
    let address = chain.market().await;
    chain.mine(5).await;
    for amount in [1, 2, 4] {
        chain.deposit(address, ALICE, amount).await;
    }
    let mut follower = Follower::new(chain.node(address).await, config(Start::Block(1)));
    let (mut market, mut blocks) = (Market::new(ZERO), Vec::new());
    fold(&mut market, &mut blocks, &until_tip(&mut follower).await);

    // A node that is behind looks the same: nothing is believed of it yet.
    chain.provider.anvil_rollback(Some(2)).await.unwrap();
    let silence = tokio::time::timeout(Duration::from_millis(500), follower.next()).await;
    assert!(silence.is_err(), "{silence:?}");

    chain.deposit(address, ALICE, 64).await;
    fold(&mut market, &mut blocks, &until_tip(&mut follower).await);
    assert_eq!(market.balance(ZERO, ALICE), 65);
    assert_eq!(blocks.len() as u64, chain.node(address).await.head().await.unwrap().number);
}

#[tokio::test]
async fn gives_up_on_a_reorg_deeper_than_its_history() {
    let chain = Chain::instant();
    let address = chain.market().await;
    chain.mine(150).await;
    let shallow = FollowConfig { history: 64, ..config(Start::Block(1)) };
    let mut follower = Follower::new(chain.node(address).await, shallow);
    until_tip(&mut follower).await;
    chain.reorg(70).await;
    chain.mine(1).await;
    let error = loop {
        match tokio::time::timeout(Duration::from_secs(30), follower.next()).await.unwrap() {
            Ok(update) => assert!(matches!(update, Update::Reverted(_)), "{update:?}"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, FollowError::ReorgTooDeep { history: 64, .. }), "{error}");
}

#[tokio::test]
async fn goes_on_from_where_it_was_and_notices_another_chain() {
    let chain = Chain::instant();
    let address = chain.market().await;
    chain.deposit(address, ALICE, 1).await;
    let seen = chain.node(address).await.head().await.unwrap();
    chain.deposit(address, ALICE, 2).await;

    let mut follower = Follower::new(chain.node(address).await, config(Start::After(seen)));
    let updates = until_tip(&mut follower).await;
    assert_eq!(updates.len(), 2, "{updates:?}");
    assert!(matches!(&updates[0], Update::Committed(block) if block.number == seen.number + 1));

    let other = Head { hash: [9; 32], ..seen };
    let mut lost = Follower::new(chain.node(address).await, config(Start::After(other)));
    assert!(matches!(lost.next().await, Err(FollowError::LostStart { .. })));
}

#[tokio::test]
async fn is_not_confused_by_a_wire_that_fails() {
    let chain = Chain::instant();
    let address = chain.market().await;
    for amount in 1..=30 {
        chain.mine(9).await;
        chain.deposit(address, ALICE, amount).await;
    }
    let wire = Wire::to(chain.url()).await;
    let node = Node::connect(&wire.url(), address).await.unwrap();
    for (method, fault) in [
        ("eth_getBlockByNumber", Fault::Drop),
        ("eth_getLogs", Fault::Error),
        ("eth_getLogs", Fault::TimeoutAfter),
        ("eth_getBlockByNumber", Fault::Delay),
        ("eth_getLogs", Fault::Drop),
        ("eth_getBlockByNumber", Fault::Error),
    ] {
        wire.strike(method, fault);
    }
    let mut follower = Follower::new(node, config(Start::Block(1)));
    let (mut market, mut blocks) = (Market::new(ZERO), Vec::new());
    fold(&mut market, &mut blocks, &until_tip(&mut follower).await);
    assert_eq!(wire.struck().len(), 6);
    assert_eq!(market.balance(ZERO, ALICE), 465);
    assert_eq!(follower.failures(), 0);
}

#[tokio::test]
async fn what_is_told_twice_happened_once() {
    let chain = Chain::instant();
    let address = chain.market().await;
    for amount in [1, 2, 4] {
        chain.deposit(address, ALICE, amount).await;
    }
    let wire = Wire::to(chain.url()).await;
    let node = Node::connect(&wire.url(), address).await.unwrap();
    wire.strike("eth_getLogs", Fault::Repeat);
    let mut follower = Follower::new(node, config(Start::Block(1)));
    let (mut market, mut blocks) = (Market::new(ZERO), Vec::new());
    fold(&mut market, &mut blocks, &until_tip(&mut follower).await);
    assert_eq!(wire.struck().len(), 1);
    assert_eq!(market.balance(ZERO, ALICE), 7);
}
