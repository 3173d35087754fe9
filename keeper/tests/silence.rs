//! A node that does not answer is waited for: the keeper says so, goes on by itself when it is back, and loses nothing.
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use bourse_sim::ask::Status;
use common::{ALICE, FULFILLED, Process, World, free_port, proof};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A wire to the node that can be cut.
async fn wire(node: String) -> (String, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (cut, mut is_cut) = watch::channel(false);
    tokio::spawn(async move {
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            if *is_cut.borrow_and_update() {
                continue;
            }
            let (node, mut cut) = (node.clone(), is_cut.clone());
            tokio::spawn(async move {
                let mut far =
                    TcpStream::connect(node.trim_start_matches("http://").trim_end_matches('/')).await.unwrap();
                tokio::select! {
                    // Either end may close first; that is no concern of the wire's.
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                    _ = cut.wait_for(|cut| *cut) => {}
                }
            });
        }
    });
    (url, cut)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_node_is_waited_for() {
    let world = World::start(1).await;
    let (data, port) = (tempfile::tempdir().unwrap(), free_port());
    let (url, cut) = wire(world.url()).await;
    let mut keeper = Process::behind(&url, &world, data.path(), port);
    keeper.desk.ready().await;
    let awarded = world.awarded(ALICE, 4, 600).await;
    let auction = world.request(world.ladder).await;
    world.open(&auction).await;
    tokio::time::sleep(Duration::from_secs(2)).await;

    cut.send_replace(true);
    // Accepted on what is known; settled when the node is back.
    let ids: Vec<_> = awarded.iter().map(|request| world.domain.request_id(request)).collect();
    for (id, request) in ids.iter().zip(&awarded) {
        keeper.desk.hand_in(id, &world.account(ALICE), &proof(request)).await;
    }
    let end = Instant::now() + Duration::from_secs(40);
    loop {
        let (status, body) = keeper.desk.get("/readyz").await;
        if status == 503 {
            assert!(body["error"].is_string(), "{body}");
            break;
        }
        assert!(Instant::now() < end, "ready without a node");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(keeper.desk.get("/healthz").await.0, 200);
    assert_eq!(world.told(FULFILLED).await.len(), 0);

    cut.send_replace(false);
    for request in &awarded {
        world.until(request, Status::Fulfilled, 60).await;
    }
    let end = Instant::now() + Duration::from_secs(40);
    while world.node.state(world.domain.request_id(&auction)).await.unwrap().rung == 0 {
        assert!(Instant::now() < end, "the auction was forgotten");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    keeper.desk.ready().await;
    for id in &ids {
        assert_eq!(keeper.desk.fate(id, 20).await["status"], "settled");
    }
    assert_eq!(keeper.terminate().0, Some(0));
}
