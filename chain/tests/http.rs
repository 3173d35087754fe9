//! Endpoints in the world are spoken to over TLS.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Read;
use std::net::TcpListener;
use std::time::Duration;

use bourse_chain::{Node, NodeError, http};

/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 22;

#[tokio::test]
async fn an_https_endpoint_is_greeted_with_a_handshake() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let greeted = std::thread::spawn(move || {
        let mut first = [0];
        listener.accept().unwrap().0.read_exact(&mut first).unwrap();
        first[0]
    });
    let refused = Node::connect(&url, [1; 20]).await;
    assert!(matches!(refused, Err(NodeError::Unreachable(_))), "{refused:?}");
    assert_eq!(greeted.join().unwrap(), HANDSHAKE);
}

#[test]
fn what_is_no_http_is_refused_in_words() {
    let error = http::client("ws://127.0.0.1:8545", Duration::from_secs(1)).unwrap_err();
    assert_eq!(error, "its scheme is ws, want http or https");
    assert!(http::client("127.0.0.1:8545", Duration::from_secs(1)).is_err());
}
