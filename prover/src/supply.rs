//! What this prover declares and stakes, and how it gets there from what the chain says.

use bourse_chain::{Call, call};
use bourse_sim::{
    Account, Wei, ZERO,
    event::{Declaration, Offer},
};

use crate::config::Config;
pub use bourse_sim::market::{ANY_MECHANISM, ANY_VERIFIER, DRAINING, DRILLS};

/// What the configuration asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What is declared.
    pub declaration: Declaration,
    /// Stake to have, in the stake token.
    pub stake: Wei,
}

/// What the chain says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Present {
    /// All that stands of what was declared; none if nothing ever was.
    pub declared: Option<Declaration>,
    /// Stake in the market.
    pub stake: Wei,
    /// Free balance of the stake token in the market.
    pub balance: Wei,
    /// What the market may collect of the stake token from the wallet; without meaning for the native coin.
    pub allowance: Wei,
}

/// One step towards the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is, for people and as part of the intent's key.
    pub name: &'static str,
    /// To whom: the market, or the stake token.
    pub to: Account,
    /// The call.
    pub call: Call,
}

impl Target {
    /// What `config` asks for, with backends for `verifiers`.
    pub fn new(config: &Config, verifiers: impl Iterator<Item = u32>) -> Self {
        let supply = &config.supply;
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let offer = |offer: &crate::config::OfferSettings| Offer {
            accepted: true,
            floor: offer.floor.0,
            bond_limit: offer.bond_limit.0,
            throughput: offer.throughput,
        };
        let mut mechanisms: Vec<_> = supply.mechanisms.values().flatten().map(|m| (m.into_array(), true)).collect();
        mechanisms.sort_unstable();
        mechanisms.dedup();
        let declaration = Declaration {
            concurrency: supply.concurrency,
            flags: flag(supply.any_mechanism, ANY_MECHANISM)
                | flag(supply.any_verifier, ANY_VERIFIER)
                | flag(supply.draining, DRAINING)
                | flag(supply.drills, DRILLS),
            offers: config.offers.iter().map(|o| (o.token.into_array(), offer(o))).collect(),
            mechanisms,
            verifiers: verifiers.map(|verifier| (verifier, true)).collect(),
        };
        Self { declaration, stake: supply.stake.0 }
    }

    /// The declaration that has to be sent: what is asked for, and the end of what is declared and no longer asked for. None if
    /// nothing differs.
    pub fn difference(&self, declared: Option<&Declaration>) -> Option<Declaration> {
        let want = &self.declaration;
        let Some(have) = declared else { return Some(want.clone()) };
        let difference = Declaration {
            concurrency: want.concurrency,
            flags: want.flags,
            offers: changes(&have.offers, &want.offers, &Offer::default()),
            mechanisms: changes(&have.mechanisms, &want.mechanisms, &false),
            verifiers: changes(&have.verifiers, &want.verifiers, &false),
        };
        let same = (have.concurrency, have.flags) == (want.concurrency, want.flags)
            && difference.offers.is_empty()
            && difference.mechanisms.is_empty()
            && difference.verifiers.is_empty();
        (!same).then_some(difference)
    }

    /// The next step from `present`, for `prover` on `market`; none if the target is reached. Each can be made only when the
    /// one before it has been followed.
    pub fn step(&self, present: &Present, prover: Account, market: Account, stake_token: Account) -> Option<Step> {
        let step = |name, call| Some(Step { name, to: market, call });
        if let Some(declaration) = self.difference(present.declared.as_ref()) {
            return step("declare", call::declare(&declaration));
        }
        let missing = self.stake.saturating_sub(present.stake);
        if missing == 0 {
            return None;
        }
        let short = missing.saturating_sub(present.balance);
        if short == 0 {
            return step("stake", call::stake(missing));
        }
        if stake_token != ZERO && present.allowance < short {
            return Some(Step { name: "approve", to: stake_token, call: call::approve(market, short) });
        }
        step("deposit", call::deposit(stake_token, prover, short))
    }
}

/// Entries of `want` that `have` lacks or has otherwise, and `none` for those that it should lack.
fn changes<K: PartialEq + Copy, V: PartialEq + Clone>(have: &[(K, V)], want: &[(K, V)], none: &V) -> Vec<(K, V)> {
    let find = |list: &[(K, V)], key: &K| list.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    let new = want.iter().filter(|(key, value)| find(have, key).as_ref() != Some(value)).cloned();
    let gone = have.iter().filter(|(key, value)| value != none && find(want, key).is_none());
    new.chain(gone.map(|(key, _)| (*key, none.clone()))).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const ME: Account = [1; 20];
    const MARKET: Account = [2; 20];
    const TOKEN: Account = [3; 20];

    fn target() -> Target {
        let offer = Offer { accepted: true, floor: 5, bond_limit: 100, throughput: 0 };
        let declaration = Declaration {
            concurrency: 4,
            flags: 0,
            offers: vec![(ZERO, offer)],
            mechanisms: vec![([9; 20], true)],
            verifiers: vec![(1, true)],
        };
        Target { declaration, stake: 1_000 }
    }

    fn steps(present: &Present, token: Account) -> Option<(&'static str, Account, Wei)> {
        target().step(present, ME, MARKET, token).map(|step| (step.name, step.to, step.call.value))
    }

    #[test]
    fn from_nothing_it_declares_deposits_and_stakes() {
        let nothing = Present::default();
        assert_eq!(steps(&nothing, ZERO), Some(("declare", MARKET, 0)));
        let declared = Present { declared: Some(target().declaration), ..nothing };
        assert_eq!(steps(&declared, ZERO), Some(("deposit", MARKET, 1_000)));
        let partly = Present { stake: 300, balance: 200, ..declared.clone() };
        assert_eq!(steps(&partly, ZERO), Some(("deposit", MARKET, 500)));
        let deposited = Present { balance: 1_000, ..declared.clone() };
        assert_eq!(steps(&deposited, ZERO), Some(("stake", MARKET, 0)));
        let staked = Present { stake: 1_000, ..declared.clone() };
        assert_eq!(steps(&staked, ZERO), None);
        assert_eq!(steps(&Present { stake: 5_000, ..declared }, ZERO), None, "more is left alone");
    }

    #[test]
    fn a_token_is_approved_first() {
        let declared = Present { declared: Some(target().declaration), ..Present::default() };
        assert_eq!(steps(&declared, TOKEN), Some(("approve", TOKEN, 0)));
        assert_eq!(steps(&Present { allowance: 1_000, ..declared }, TOKEN), Some(("deposit", MARKET, 0)));
    }

    #[test]
    fn only_what_differs_is_declared() {
        let target = target();
        assert_eq!(target.difference(Some(&target.declaration)), None);
        let cleared = Declaration { verifiers: vec![(7, false), (1, true)], ..target.declaration.clone() };
        assert_eq!(target.difference(Some(&cleared)), None, "an end once declared is no difference");
        let old = Declaration {
            concurrency: 1,
            verifiers: vec![(1, true), (2, true)],
            mechanisms: Vec::new(),
            ..target.declaration.clone()
        };
        let difference = target.difference(Some(&old)).unwrap();
        assert_eq!(difference.offers, []);
        assert_eq!(difference.mechanisms, [([9; 20], true)]);
        assert_eq!(difference.verifiers, [(2, false)]);
        assert_eq!(difference.concurrency, 4);
    }
}
