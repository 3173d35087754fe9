//! Bids against the closed forms of THEORY.md 1.1.
#![expect(clippy::unwrap_used, reason = "a test")]

use bourse_sim::Wei;
use bourse_sim::equilibrium::{Rivalry, first_price_bid};

const ONE: Wei = 1_000_000_000_000_000_000;

fn rivalry(bidders: u32, ceiling: Wei) -> Rivalry {
    Rivalry { bidders, lowest: 0, highest: ONE, ceiling }
}

fn unit(amount: Wei) -> f64 {
    amount as f64 / ONE as f64
}

#[test]
fn without_a_ceiling_the_markup_is_a_share_of_what_is_above() {
    for bidders in [1, 2, 3, 5, 8, 20] {
        for cost in [0, ONE / 10, ONE / 2, ONE * 9 / 10] {
            let bid = first_price_bid(&rivalry(bidders, ONE), cost).unwrap();
            let want = unit(cost) + (1.0 - unit(cost)) / f64::from(bidders);
            assert!((unit(bid) - want).abs() < 1e-12, "{bidders} bidders, cost {cost}: {bid}, not {want}");
        }
    }
}

#[test]
fn a_bid_is_between_cost_and_ceiling() {
    let thin = rivalry(2, ONE / 2);
    assert_eq!(first_price_bid(&thin, ONE / 2), Some(ONE / 2));
    assert_eq!(first_price_bid(&thin, ONE / 2 + 1), None);
    assert_eq!(first_price_bid(&rivalry(1, ONE / 2), ONE / 10), Some(ONE / 2));
    assert_eq!(first_price_bid(&rivalry(2, 3 * ONE), 2 * ONE), Some(2 * ONE));
    let point = Rivalry { bidders: 3, lowest: ONE, highest: ONE, ceiling: 2 * ONE };
    assert_eq!(first_price_bid(&point, ONE), Some(ONE));
}

#[test]
fn scale_and_offset_of_costs_carry_over_to_bids() {
    let shifted = Rivalry { bidders: 4, lowest: 3 * ONE, highest: 7 * ONE, ceiling: 6 * ONE };
    let bid = first_price_bid(&shifted, 4 * ONE).unwrap();
    let plain = first_price_bid(&rivalry(4, ONE * 3 / 4), ONE / 4).unwrap();
    assert!((unit(bid) - 3.0 - 4.0 * unit(plain)).abs() < 1e-12);
}

/// Against rivals that bid so, nobody gains by bidding as if its cost were another.
#[test]
fn no_deviation_pays() {
    for (bidders, ceiling) in [(2, ONE), (3, ONE / 2), (5, ONE * 8 / 10), (10, ONE)] {
        let rivals = rivalry(bidders, ceiling);
        let profit = |cost: Wei, pretended: Wei| {
            let bid = first_price_bid(&rivals, pretended).unwrap();
            (unit(bid) - unit(cost)) * (1.0 - unit(pretended)).powi(bidders as i32 - 1)
        };
        for cost in (0..10).map(|tenth| ceiling * tenth / 10) {
            let honest = profit(cost, cost);
            for pretended in (0..=200).map(|step| ceiling * step / 200).filter(|pretended| *pretended < ONE) {
                assert!(profit(cost, pretended) <= honest + 1e-9, "{bidders}: {cost} gains by {pretended}");
            }
        }
    }
}
