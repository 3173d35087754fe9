//! The other members, by where their nodes listen.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context;
use bourse_chain::http::{self, StatusCode};
use bourse_sim::Account;
use serde_json::Value;

use super::{
    Word,
    hall::{MAX_WORD, PATH},
};
use crate::config::CommitteeSettings;

/// How long another member may take for one answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// All whose nodes are known.
#[derive(Clone, Debug, Default)]
pub struct Peers(BTreeMap<Account, Peer>);

/// One member's node. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Peer {
    client: http::Client,
    url: String,
}

impl Peers {
    /// Those that the settings name, without `me`: one table does for all members.
    ///
    /// # Errors
    /// The first URL that is none of HTTP.
    pub fn new(settings: &CommitteeSettings, me: Account) -> anyhow::Result<Self> {
        let others = settings.peers.iter().filter(|(member, _)| member.into_array() != me);
        let peer = |url: &str| -> Result<Peer, String> {
            let client = http::client(url, PATIENCE)?;
            Ok(Peer { client, url: format!("{}{PATH}", url.trim_end_matches('/')) })
        };
        let named = others.map(|(member, url)| {
            let peer = peer(url).map_err(anyhow::Error::msg).with_context(|| format!("the node of member {member}"));
            Ok((member.into_array(), peer?))
        });
        named.collect::<anyhow::Result<_>>().map(Self)
    }

    /// The node of `member`.
    pub fn get(&self, member: &Account) -> Option<&Peer> {
        self.0.get(member)
    }
}

impl Peer {
    /// Says a word, and hears the other member's.
    ///
    /// # Errors
    /// Why there is none: its refusal, or what came instead of an answer.
    pub async fn say(&self, word: &Word) -> Result<Word, String> {
        let silent = |error: http::Error| error.without_url().to_string();
        let mut response = self.client.post(&self.url).json(word).send().await.map_err(silent)?;
        let mut answer = Vec::new();
        while let Some(part) = response.chunk().await.map_err(silent)? {
            answer.extend_from_slice(&part);
            if MAX_WORD < answer.len() {
                return Err(format!("it answered more than {MAX_WORD} bytes"));
            }
        }
        let status = response.status();
        if status == StatusCode::OK {
            return serde_json::from_slice(&answer).map_err(|error| format!("it answered no word: {error}"));
        }
        let refusal: Value = serde_json::from_slice(&answer).unwrap_or_default();
        Err(refusal["error"].as_str().map_or_else(|| format!("status {status}"), ToOwned::to_owned))
    }
}
