//! HTTP clients: one way to make them, for nodes and keepers.

use std::time::Duration;

use reqwest::Url;
pub use reqwest::{Client, Error, Response, StatusCode};

/// A client for the server at `url`, over TLS where that says `https`, that waits at most `patience` for an answer. Certificates
/// are judged as the operating system judges them; a machine that has none can still speak plain HTTP.
///
/// # Errors
/// What is wrong with `url`, or with the certificates of this machine.
pub fn client(url: &str, patience: Duration) -> Result<Client, String> {
    let parsed = Url::parse(url).map_err(|error| error.to_string())?;
    let builder = Client::builder().timeout(patience);
    let builder = match parsed.scheme() {
        "https" => builder,
        "http" => builder.tls_certs_only([]),
        other => return Err(format!("its scheme is {other}, want http or https")),
    };
    builder.build().map_err(|error| format!("{error:?}"))
}
