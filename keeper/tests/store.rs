//! What is on the disk stays there, and says what it should.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use bourse_chain::Head;
use bourse_keeper::proof::{Fate, Proof, Status};
use bourse_keeper::store::{Accepted, Decision, Identity, Store, StoreError};

fn proof(request: u8, bytes: &[u8]) -> Proof {
    Proof::new([request; 32], [2; 20], bytes.to_vec(), 1_000, 7)
}

async fn reopened(store: Store, path: &Path) -> Store {
    store.close().await;
    Store::open(path).await.unwrap()
}

#[tokio::test]
async fn a_proof_that_was_accepted_is_there_after_a_restart_with_its_batch() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("keeper.sqlite");
    let store = Store::open(&path).await.unwrap();
    let (first, second) = (proof(1, b"one"), proof(2, b"two"));
    assert_eq!(store.accept(&first, 8).await.unwrap(), Accepted::New);
    assert_eq!(store.accept(&first, 8).await.unwrap(), Accepted::Known);
    assert_eq!(store.accept(&second, 8).await.unwrap(), Accepted::New);
    store.assign(Some("batch"), &[second.key]).await.unwrap();
    let store = reopened(store, &path).await;
    let kept = store.accepted().await.unwrap();
    assert_eq!(kept, [(first.clone(), None), (second.clone(), Some("batch".to_owned()))]);
    store.assign(None, &[second.key]).await.unwrap();
    assert_eq!(store.accepted().await.unwrap()[1].1, None);
}

#[tokio::test]
async fn the_fate_of_a_request_is_that_of_its_best_proof() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("keeper.sqlite");
    let store = Store::open(&path).await.unwrap();
    let (bad, good) = (proof(1, b"bad"), proof(1, b"good"));
    assert_eq!(store.fate(&[1; 32], None).await.unwrap(), None);
    store.accept(&bad, 8).await.unwrap();
    store.conclude(&[(bad.key, Fate::rejected("wrong"))]).await.unwrap();
    assert_eq!(store.fate(&[1; 32], None).await.unwrap(), Some(Fate::rejected("wrong")));
    store.accept(&good, 8).await.unwrap();
    assert_eq!(store.fate(&[1; 32], None).await.unwrap(), Some(Fate::accepted()));
    store.conclude(&[(good.key, Fate::settled([5; 32], 12))]).await.unwrap();
    let store = reopened(store, &path).await;
    assert_eq!(store.fate(&[1; 32], None).await.unwrap(), Some(Fate::settled([5; 32], 12)));
    assert_eq!(store.settled_since(12).await.unwrap(), std::slice::from_ref(&good));
    assert_eq!(store.settled_since(13).await.unwrap(), []);
    // A reorg takes it back.
    store.conclude(&[(good.key, Fate::accepted())]).await.unwrap();
    assert_eq!(store.fate(&[1; 32], None).await.unwrap().unwrap().status, Status::Accepted);
    // What was rejected may be right under another award.
    assert_eq!(store.accept(&bad, 8).await.unwrap(), Accepted::New);
}

#[tokio::test]
async fn only_so_many_wait_for_one_award() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(&data.path().join("keeper.sqlite")).await.unwrap();
    for n in 0..3 {
        assert_eq!(store.accept(&proof(1, &[n]), 3).await.unwrap(), Accepted::New);
    }
    assert_eq!(store.accept(&proof(1, &[9]), 3).await.unwrap(), Accepted::Crowded(3));
    assert_eq!(store.accept(&proof(1, &[1]), 3).await.unwrap(), Accepted::Known);
    assert_eq!(store.accept(&proof(2, &[9]), 3).await.unwrap(), Accepted::New);
}

#[tokio::test]
async fn a_store_belongs_to_one_market_on_one_chain() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(&data.path().join("keeper.sqlite")).await.unwrap();
    let mine = Identity { chain_id: 31_337, market: [1; 20], genesis: [2; 32], code: [3; 32] };
    store.claim(mine).await.unwrap();
    store.claim(mine).await.unwrap();
    let others =
        [Identity { chain_id: 1, ..mine }, Identity { market: [9; 20], ..mine }, Identity { genesis: [9; 32], ..mine }];
    for other in others {
        let error = store.claim(other).await.unwrap_err();
        assert!(matches!(&error, StoreError::Foreign { .. }), "{error}");
        assert!(error.to_string().contains("chain 31337"), "{error}");
    }
}

#[tokio::test]
async fn decisions_have_their_outcomes_and_the_newest_comes_first() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(&data.path().join("keeper.sqlite")).await.unwrap();
    let decision = |key: &str, block| Decision {
        time: 100,
        block,
        key: key.to_owned(),
        action: "tick".to_owned(),
        subject: Some([1; 32]),
        reason: "its time is over".to_owned(),
        outcome: "sent".to_owned(),
    };
    let head = |number| Head { number, hash: [7; 32], time: 100, ..Head::default() };
    store.record(head(5), &[decision("a", 5), decision("b", 5)]).await.unwrap();
    store.record(head(6), &[decision("a", 6)]).await.unwrap();
    store.result("a", "landed in block 7").await.unwrap();
    let outcomes: Vec<_> = store.decisions(9).await.unwrap().into_iter().map(|d| (d.key, d.block, d.outcome)).collect();
    let want = [("a", 6, "landed in block 7"), ("b", 5, "sent"), ("a", 5, "sent")];
    assert_eq!(outcomes, want.map(|(key, block, outcome)| (key.to_owned(), block, outcome.to_owned())));
    assert_eq!(store.head().await.unwrap(), Some(head(6)));
    // A reorg: the chain is shorter now.
    store.record(head(4), &[]).await.unwrap();
    assert_eq!(store.head().await.unwrap(), Some(head(4)));
}
