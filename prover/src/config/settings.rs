use std::collections::BTreeMap;

use alloy::primitives::Address;
use anyhow::{bail, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    amount::Amount,
    backend::{circom, circuit, command},
    bid::cost::Tariff,
};

/// See `contracts/interfaces/ISupply.sol`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SupplySettings {
    /// The most awards served at once.
    pub concurrency: u16,
    /// Stake to have in the market. More is left alone; less is made up for from the wallet.
    pub stake: Amount,
    /// Takes awards from every mechanism; bids only under those named all the same.
    pub any_mechanism: bool,
    /// Takes work for every verifier; bids only for those with a backend all the same.
    pub any_verifier: bool,
    /// Takes no new work.
    pub draining: bool,
    /// Can be drilled: is awarded work that it did not bid on, at what it offers, by anyone who shows that the work can be proven.
    pub drills: bool,
    /// The mechanisms bid under: by name ([`bourse_sim::mechanisms::ALL`]) the addresses of contracts that follow that rule.
    pub mechanisms: BTreeMap<String, Vec<Address>>,
}

/// What one token pays, declared and meant.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OfferSettings {
    /// The token; the zero address is the native coin.
    pub token: Address,
    /// Declared: least price per unit of work.
    #[serde(default)]
    pub floor: Amount,
    /// Declared: the most stake one award may put at risk.
    pub bond_limit: Amount,
    /// Declared: units of work per second; 0 promises nothing.
    #[serde(default)]
    pub throughput: u32,
    /// What any request costs.
    #[serde(default)]
    pub fixed: Amount,
    /// What a million units of work cost on top.
    pub rate: Amount,
    /// Gas that a request takes from bid to payment.
    #[serde(default = "default_gas")]
    pub gas: u64,
    /// What 10^18 of the native coin are worth in this token. If absent: as much for the native coin, nothing for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native_price: Option<Amount>,
}

/// See [`Policy`].
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct BiddingSettings {
    /// Least profit, in basis points of cost.
    pub margin_bps: u32,
    /// What rivals' costs are believed to lie between, in basis points of one's own.
    pub rival_lowest_bps: u32,
    /// See `rival_lowest_bps`.
    pub rival_highest_bps: u32,
    /// What a unit of gas is reckoned at.
    pub gas_price: Amount,
    /// Seconds after which a bid that has not landed is void.
    pub patience_seconds: u64,
}

/// Bids on instances themselves: seats, contracts, places in batches and pools.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct StandingSettings {
    /// The most stake that deposits on instances hold together; 0 to leave where one stands. If absent, none is made, and those made by hand
    /// are left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stake: Option<Amount>,
    /// Instances that are bid on although anyone can ask there, which binds this prover before it has looked at the request.
    pub instances: Vec<u32>,
    /// Units of work of a usual request; 0 for the largest that an instance admits. Needed for sortition.
    pub work: u64,
    /// Seconds between two requests of an instance.
    pub every_seconds: u64,
    /// The share of reserved capacity that is expected to be asked for, in basis points.
    pub utilisation_bps: u32,
}

/// Quotes: bids that this prover signs for whoever asks at `/v1/quote`, to be brought when a request is opened under RFQ.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuotingSettings {
    /// Seconds for which a quote stands, and keeps stake, a place and time free; 0 for no quotes.
    pub seconds: u64,
    /// The most of them that stand at once.
    pub most: usize,
    /// The most of these that stand for one requester.
    pub most_each: usize,
    /// The most inquiries that are looked at in a minute.
    pub per_minute: u32,
}

/// Seats in committees: with whom this prover signs what members say together.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CommitteeSettings {
    /// Where the nodes of other members listen, by their addresses. One table does for all: this prover's own line in it is passed over.
    pub peers: BTreeMap<Address, String>,
    /// Seconds that a proof of this prover waits for a quorum to sign the split; 0 to have all paid alike.
    pub wait_seconds: u64,
}

/// How much is proven at once.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProvingSettings {
    /// Proofs made at once. One proof uses all cores already.
    pub parallel: usize,
    /// Seconds kept between the expected end of proving and the due time.
    pub reserve_seconds: u64,
    /// Times a proof that failed is tried again.
    pub retries: u32,
}

/// Through whom proofs are delivered.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliverySettings {
    /// A keeper's HTTP address; empty to deliver on-chain always.
    pub keeper: String,
    /// Blocks after which a keeper that has not settled is no longer waited for.
    pub blocks: u64,
    /// Seconds before the due time at which it is not waited for either.
    pub reserve_seconds: u64,
}

/// A backend and the verifier it proves for: exactly one kind.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BackendSettings {
    /// The verifier's number in the market's registry.
    pub verifier: u32,
    /// The built-in circuit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pow5: Option<circuit::Settings>,
    /// Artifacts made with circom and snarkjs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circom: Option<circom::Settings>,
    /// Any program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<command::Settings>,
}

impl Default for SupplySettings {
    fn default() -> Self {
        Self {
            concurrency: 1,
            stake: Amount::default(),
            any_mechanism: false,
            any_verifier: false,
            draining: false,
            drills: false,
            mechanisms: BTreeMap::new(),
        }
    }
}

impl Default for BiddingSettings {
    fn default() -> Self {
        Self {
            margin_bps: 1_000,
            rival_lowest_bps: 5_000,
            rival_highest_bps: 20_000,
            gas_price: Amount(1_000_000_000),
            patience_seconds: 60,
        }
    }
}

impl Default for StandingSettings {
    fn default() -> Self {
        Self { stake: None, instances: Vec::new(), work: 0, every_seconds: 60, utilisation_bps: 5_000 }
    }
}

impl Default for QuotingSettings {
    fn default() -> Self {
        Self { seconds: 30, most: 4, most_each: 2, per_minute: 120 }
    }
}

impl Default for CommitteeSettings {
    fn default() -> Self {
        Self { peers: BTreeMap::new(), wait_seconds: 15 }
    }
}

impl Default for ProvingSettings {
    fn default() -> Self {
        Self { parallel: 1, reserve_seconds: 15, retries: 3 }
    }
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self { keeper: String::new(), blocks: 4, reserve_seconds: 30 }
    }
}

fn default_gas() -> u64 {
    250_000
}

impl OfferSettings {
    /// What work costs in this token.
    pub fn tariff(&self) -> Tariff {
        let worth = if self.token.is_zero() { 1_000_000_000_000_000_000 } else { 0 };
        let native_price = self.native_price.map_or(worth, |price| price.0);
        Tariff { fixed: self.fixed.0, rate: self.rate.0, gas: self.gas, native_price }
    }

    pub(super) fn validate(&self) -> anyhow::Result<()> {
        let token = self.token;
        for (name, have, bits) in [("floor", self.floor.0, 88), ("bond_limit", self.bond_limit.0, 80)] {
            ensure!(have >> bits == 0, "{name} for token {token} is {have}; right is less than 2^{bits}");
        }
        Ok(())
    }
}

impl CommitteeSettings {
    pub(super) fn validate(&self, listen: &str) -> anyhow::Result<()> {
        ensure!(
            self.peers.is_empty() || !listen.is_empty(),
            "committee.peers names {} members, and listen is empty; right is an address at which they reach this prover",
            self.peers.len()
        );
        for (member, url) in &self.peers {
            ensure!(!member.is_zero(), "committee.peers names the zero address; right are addresses of provers");
            let plain = !url.contains(['?', '#', '@']) && !url.chars().any(char::is_whitespace);
            let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
            ensure!(
                plain && host.is_some_and(|host| !host.starts_with('/') && !host.is_empty()),
                "committee.peers has '{url}' for member {member}; right would be http://10.0.0.2:9465"
            );
        }
        Ok(())
    }
}

impl BackendSettings {
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        let kinds = [self.pow5.is_some(), self.circom.is_some(), self.command.is_some()];
        match kinds.iter().filter(|present| **present).count() {
            1 => Ok(()),
            have => bail!(
                "the backend for verifier {} has {have} kinds; right is one: pow5 = {{…}}, circom = {{…}} or command = {{…}}",
                self.verifier
            ),
        }
    }
}
