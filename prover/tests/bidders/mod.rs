//! Provers as bids see them, and what they decide.

#![allow(dead_code, reason = "every test uses its part")]

use std::time::Duration;

use bourse_prover::bid::{Bidder, Decision, Policy, Reason, Terms, capacity::Schedule, cost::Tariff};
use bourse_sim::{Wei, event::Offer};

/// What may be at risk in one award.
const BOND_LIMIT: Wei = 100;

/// A prover with stake, places and time for a proof of 20 s, whose work costs `cost`, and which waits `patience` seconds for a bid to land.
pub(crate) fn bidder(number: u8, cost: Wei, patience: u64, schedule: &Schedule) -> Bidder<'_> {
    Bidder {
        account: [number; 20],
        offer: Offer { accepted: true, floor: 0, bond_limit: BOND_LIMIT, throughput: 0 },
        tariff: Some(Tariff { fixed: cost, ..Tariff::default() }),
        policy: Policy { margin_bps: 0, rival_lowest_bps: 0, rival_highest_bps: 10_000, patience },
        rivals: 1,
        stake: 10 * BOND_LIMIT,
        seats: 3,
        gas_price: 0,
        length: Duration::from_secs(20),
        schedule,
    }
}

/// The terms of a bid with a deposit.
pub(crate) fn takes(decision: Result<Decision, Reason>) -> Terms {
    match decision.unwrap() {
        Decision::Lower(terms) => terms,
        other => panic!("{other:?}"),
    }
}
