//! Bids against the closed forms of THEORY.md 1.1.
#![expect(clippy::unwrap_used, reason = "a test")]

use bourse_sim::Wei;
use bourse_sim::equilibrium::{Rivalry, contest_ticket, contest_total, first_price_bid};
use bourse_sim::mechanisms::contest::Alpha;

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

/// THEORY.md 1.4: what each buys, and what they add up to.
#[test]
fn a_contest_comes_to_what_theory_says() {
    let one = 1_000_000_000_000_000_000;
    let scaled = |values: &[f64]| -> Vec<Wei> { values.iter().map(|value| (value * one as f64) as Wei).collect() };
    let tables: [(&[f64], f64, &[f64]); 3] = [
        (&[1.0, 0.8, 0.6], 0.51064, &[0.48936, 0.36170, 0.14894]),
        (&[1.0, 0.9, 0.8, 0.7], 0.62635, &[0.37365, 0.30406, 0.21707, 0.10522]),
        (&[1.0, 0.5, 0.3, 0.2], 0.33333, &[0.66667, 0.33333, 0.0, 0.0]),
    ];
    for (values, total, chances) in tables {
        let values = scaled(values);
        let sum = contest_total(&values);
        assert!((sum / one as f64 - total).abs() < 1e-5, "{sum}");
        for (i, chance) in chances.iter().enumerate() {
            let rivals = [&values[..i], &values[i + 1..]].concat();
            let bought = contest_ticket(Alpha::One, values[i], &rivals, 0, (1, one));
            let Some((ticket, profit)) = bought else {
                assert!(*chance == 0.0, "{i} of {values:?} stays away");
                continue;
            };
            assert!((ticket as f64 / sum - chance).abs() < 2e-5, "{ticket} of {sum}, {chance}");
            let want = chance * chance * values[i] as f64;
            assert!((profit as f64 - want).abs() < 1e-4 * one as f64, "{profit}, {want}");
        }
    }
}

#[test]
fn a_contest_among_equals_spends_what_theory_says() {
    let value = 1_000_000_000_000_000_000;
    let table = [
        (2, Alpha::One, 0.25, 0.25),
        (4, Alpha::One, 0.1875, 0.0625),
        (4, Alpha::Half, 0.09375, 0.15625),
        (10, Alpha::One, 0.09, 0.01),
        (10, Alpha::Half, 0.045, 0.055),
    ];
    for (n, alpha, share, left) in table {
        let rivals = vec![value; n - 1];
        let (ticket, profit) = contest_ticket(alpha, value, &rivals, 0, (1, value)).unwrap();
        assert!((ticket as f64 / value as f64 - share).abs() < 1e-6, "{n} {alpha:?}: {ticket}");
        assert!((profit as f64 / value as f64 - left).abs() < 1e-6, "{n} {alpha:?}: {profit}");
    }
    // Squares among more than two: whoever enters pays more than it wins.
    assert_eq!(contest_ticket(Alpha::Two, value, &[value; 3], 0, (1, value)), None);
    // Alone, the least is enough; where rivals have bought more than it is worth, nothing is.
    assert_eq!(contest_ticket(Alpha::One, 100, &[], 0, (7, 100)), Some((7, 93)));
    assert_eq!(contest_ticket(Alpha::One, value, &[], value, (7, value)), None);
    assert_eq!(contest_ticket(Alpha::One, 0, &[], 0, (7, value)), None);
}
